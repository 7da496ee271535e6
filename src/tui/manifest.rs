//! The ConfigMap as a manifest or a patch for a repository, with the drafts applied, and writing it to
//! a file. Nothing that only the server knows is in it.

use super::model::Texts;
use crate::check::config_map_text;
use crate::engine::CatalogView;
use std::collections::BTreeMap;
use std::fs::OpenOptions;
use std::io::{ErrorKind, Write as _};
use std::path::PathBuf;

/// Annotations that belong to the object in the cluster, not to its source.
const LEFT_OUT: [&str; 2] = [
    "kubectl.kubernetes.io/last-applied-configuration",
    "argocd.argoproj.io/tracking-id",
];

/// What the file is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// The whole ConfigMap.
    Manifest,
    /// Only the changed keys, as a strategic merge patch.
    Patch,
}

/// What is to be written where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConfigExport {
    /// The file.
    pub path: PathBuf,
    /// What it is.
    pub form: Form,
    /// Its text.
    pub text: String,
    /// Replaces a file that is there.
    pub overwrite: bool,
}

/// Why nothing was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ExportProblem {
    /// There is a file of this name.
    Exists,
    /// One sentence.
    Failed(String),
}

/// File and form as they are typed: `FILE` or `FILE patch`.
///
/// # Errors
/// One sentence: there is no name.
pub fn parse(typed: &str) -> Result<(PathBuf, Form), String> {
    let typed = typed.trim();
    let (name, form) = match typed.rsplit_once(char::is_whitespace) {
        Some((name, "patch")) => (name.trim_end(), Form::Patch),
        _ => (typed, Form::Manifest),
    };
    if name.is_empty() || name == "patch" {
        return Err("type the name of a file, then perhaps 'patch'".to_owned());
    }
    Ok((PathBuf::from(name), form))
}

/// The text of the file.
///
/// # Errors
/// One sentence: a patch needs changes.
pub fn text(view: &CatalogView, changes: &Texts, form: Form) -> Result<String, String> {
    match form {
        Form::Manifest => Ok(manifest(view, changes)),
        Form::Patch if changes.is_empty() => {
            Err("there is no draft: a patch has only what drafts change".to_owned())
        }
        Form::Patch => Ok(patch(view, changes)),
    }
}

fn manifest(view: &CatalogView, changes: &Texts) -> String {
    let mut data = (*view.data).clone();
    for (key, text) in changes {
        match text {
            Some(text) => drop(data.insert(key.clone(), text.clone())),
            None => drop(data.remove(key)),
        }
    }
    let mut metadata = String::new();
    let annotations: BTreeMap<_, _> = view.meta.annotations.iter().collect();
    let annotations = annotations
        .into_iter()
        .filter(|(name, _)| !LEFT_OUT.contains(&name.as_str()));
    section(&mut metadata, "labels", view.meta.labels.iter());
    section(&mut metadata, "annotations", annotations);
    let text = config_map_text(&view.namespace, &view.name, &data);
    match text.split_once("\ndata:") {
        Some((head, data)) => format!("{head}\n{metadata}data:{data}"),
        None => text,
    }
}

fn section<'t>(
    out: &mut String,
    name: &str,
    entries: impl Iterator<Item = (&'t String, &'t String)>,
) {
    for (place, (key, value)) in entries.enumerate() {
        if place == 0 {
            out.push_str(&format!("  {name}:\n"));
        }
        // A JSON string is a YAML scalar.
        let value = serde_json::Value::String(value.clone());
        out.push_str(&format!("    {key}: {value}\n"));
    }
}

fn patch(view: &CatalogView, changes: &Texts) -> String {
    let set = changes.iter();
    let set = set.filter_map(|(key, text)| Some((key.clone(), text.clone()?)));
    let set: BTreeMap<String, String> = set.collect();
    let mut text = config_map_text(&view.namespace, &view.name, &set);
    let removed = changes.iter().filter(|(_, text)| text.is_none());
    for (place, (key, _)) in removed.enumerate() {
        if place == 0 && set.is_empty() {
            text = text.replacen("data: {}", "data:", 1);
        }
        text.push_str(&format!("  {key}: null\n"));
    }
    text
}

/// Writes the file.
///
/// # Errors
/// There is one of this name, or what the file system reports.
pub fn write(export: &ConfigExport) -> Result<(), ExportProblem> {
    let mut options = OpenOptions::new();
    options.write(true);
    if export.overwrite {
        options.create(true).truncate(true);
    } else {
        options.create_new(true);
    }
    let written = options
        .open(&export.path)
        .and_then(|mut file| file.write_all(export.text.as_bytes()));
    written.map_err(|error| match error.kind() {
        ErrorKind::AlreadyExists => ExportProblem::Exists,
        _ => ExportProblem::Failed(format!(
            "{} can't be written: {error}",
            export.path.display()
        )),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog::ConfigMeta;
    use std::sync::Arc;

    fn view() -> CatalogView {
        let own = |(key, value): (&str, &str)| (key.to_owned(), value.to_owned());
        CatalogView {
            catalog: Arc::default(),
            found: true,
            namespace: "default".into(),
            name: "cm".into(),
            resource_version: "7".into(),
            data: Arc::new(BTreeMap::from([("a", "1\n"), ("b", "2")].map(own))),
            secret_keys: vec![],
            meta: Arc::new(ConfigMeta {
                labels: BTreeMap::from([("app", "x: y")].map(own)),
                annotations: BTreeMap::from([(LEFT_OUT[0], "{}"), ("team", "a")].map(own)),
                ..ConfigMeta::default()
            }),
            used_by: Arc::default(),
        }
    }

    fn changes() -> Texts {
        Texts::from([
            ("a".to_owned(), Some("one\ntwo\n".to_owned())),
            ("b".to_owned(), None),
        ])
    }

    #[test]
    fn a_manifest_is_whole_and_clean() {
        let text = text(&view(), &changes(), Form::Manifest).unwrap();
        let value = crate::yaml::parse(&text).unwrap().to_json();
        let expected = serde_json::json!({
            "apiVersion": "v1", "kind": "ConfigMap",
            "metadata": {"name": "cm", "namespace": "default",
                "labels": {"app": "x: y"}, "annotations": {"team": "a"}},
            "data": {"a": "one\ntwo\n"},
        });
        assert_eq!(value, expected, "{text}");
    }

    #[test]
    fn a_patch_has_the_changed_keys_only() {
        let patched = text(&view(), &changes(), Form::Patch).unwrap();
        let value = crate::yaml::parse(&patched).unwrap().to_json();
        assert_eq!(
            value["data"],
            serde_json::json!({"a": "one\ntwo\n", "b": null})
        );
        let gone = Texts::from([("b".to_owned(), None)]);
        let patched = text(&view(), &gone, Form::Patch).unwrap();
        let value = crate::yaml::parse(&patched).unwrap().to_json();
        assert_eq!(value["data"], serde_json::json!({"b": null}), "{patched}");
        assert!(text(&view(), &Texts::new(), Form::Patch).is_err());
    }

    #[test]
    fn a_file_is_replaced_only_when_that_is_said() {
        let directory = tempfile::tempdir().unwrap();
        let mut export = ConfigExport {
            path: directory.path().join("cm.yaml"),
            form: Form::Manifest,
            text: "1".into(),
            overwrite: false,
        };
        write(&export).unwrap();
        export.text = "2".into();
        assert_eq!(write(&export), Err(ExportProblem::Exists));
        export.overwrite = true;
        write(&export).unwrap();
        assert_eq!(std::fs::read_to_string(&export.path).unwrap(), "2");
    }

    #[test]
    fn what_is_typed() {
        assert_eq!(parse(" a.yaml "), Ok(("a.yaml".into(), Form::Manifest)));
        assert_eq!(
            parse("a b.yaml patch"),
            Ok(("a b.yaml".into(), Form::Patch))
        );
        assert!(parse("").is_err() && parse("patch").is_err());
    }
}
