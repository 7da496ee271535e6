//! The object that a command is about: from a file, from standard input or from the cluster; and what
//! it is called in conditions and templates.

use super::loading::Inputs;
use crate::cluster::{get_object, resolve_kind};
use crate::domain::{Kind, ResourceKey};
use crate::yaml;
use anyhow::Context as _;
use serde_json::Value;
use std::path::Path;
use std::sync::Arc;

/// An object to work on.
#[derive(Clone, Debug)]
pub(super) struct Subject {
    /// Its kind; for an object from a file, as far as that says.
    pub(super) kind: Arc<Kind>,
    /// Its name in conditions and templates.
    pub(super) variable: String,
    /// The object.
    pub(super) object: Value,
}

impl Inputs {
    /// The object that `text` names: an existing file with one object (`-` for standard input), or
    /// `name`, `kind/name` or `kind/namespace/name` in the cluster.
    pub(super) async fn subject(&mut self, text: &str) -> anyhow::Result<Subject> {
        if text == "-" || Path::new(text).is_file() {
            let object = self.read(text)?;
            let object = yaml::parse(&object)
                .with_context(|| format!("file '{text}' can't be read"))?
                .to_json();
            return self
                .subject_of(object)
                .with_context(|| format!("file '{text}'"));
        }
        let parts: Vec<&str> = text.split('/').collect();
        let (kind, namespace, name) = match parts.as_slice() {
            [name] => (None, None, *name),
            [kind, name] => (Some(*kind), None, *name),
            [kind, namespace, name] => (Some(*kind), Some(*namespace), *name),
            _ => anyhow::bail!(
                "'{text}' is no file and no object; name one as name, kind/name or \
                 kind/namespace/name"
            ),
        };
        let cluster = self
            .cluster()
            .await
            .with_context(|| format!("there is no file '{text}', and no cluster to ask for it"))?;
        let watched = self.settings().watches.first();
        let kind = kind
            .map(str::to_owned)
            .or_else(|| watched.map(|watch| watch.resource.clone()));
        let kind = resolve_kind(&cluster, kind.as_deref().unwrap_or("pods")).await?;
        let namespace = match namespace {
            _ if !kind.namespaced => "",
            Some(namespace) => namespace,
            None => self.object_namespace(),
        };
        let key = ResourceKey::new(Arc::clone(&kind), namespace, name);
        let object = get_object(&cluster, &key).await?;
        Ok(Subject {
            variable: self.variable(&kind),
            object: object.value().context("the object is not valid JSON")?,
            kind,
        })
    }

    /// The object that a file has.
    fn subject_of(&self, object: Value) -> anyhow::Result<Subject> {
        let text = |name: &str| object[name].as_str().unwrap_or_default().to_owned();
        let kind = text("kind");
        anyhow::ensure!(!kind.is_empty(), "it is no object: it has no kind");
        let api_version = text("apiVersion");
        let (group, version) = api_version.split_once('/').unwrap_or(("", &api_version));
        let kind = Arc::new(Kind {
            group: group.to_owned(),
            version: version.to_owned(),
            plural: plural(&kind.to_ascii_lowercase()),
            namespaced: object["metadata"]["namespace"].is_string(),
            kind,
        });
        Ok(Subject {
            variable: self.variable(&kind),
            kind,
            object,
        })
    }

    /// The name of objects of a kind in conditions and templates: that of the watch of the kind, if
    /// there is one.
    fn variable(&self, kind: &Kind) -> String {
        let name = kind.variable();
        let watched = self.settings().watches.iter().find(|watch| {
            let resource = watch.resource.split('.').next().unwrap_or_default();
            resource.eq_ignore_ascii_case(&kind.plural) || resource.eq_ignore_ascii_case(&name)
        });
        match watched {
            Some(watch) if !watch.variable.is_empty() => watch.variable.clone(),
            _ => name,
        }
    }

    /// The variables of everything that is watched.
    pub(super) fn variables(&self) -> Vec<String> {
        let watches = self.settings().watches.iter();
        watches
            .map(|watch| {
                if watch.variable.is_empty() {
                    let resource = watch.resource.split('.').next().unwrap_or_default();
                    singular(&resource.to_ascii_lowercase())
                } else {
                    watch.variable.clone()
                }
            })
            .collect()
    }
}

fn plural(singular: &str) -> String {
    if let Some(stem) = singular.strip_suffix('y')
        && !stem.ends_with(['a', 'e', 'o', 'u'])
    {
        return format!("{stem}ies");
    }
    if singular.ends_with(['s', 'x']) || singular.ends_with("ch") {
        return format!("{singular}es");
    }
    format!("{singular}s")
}

fn singular(plural: &str) -> String {
    if let Some(stem) = plural.strip_suffix("ies") {
        return format!("{stem}y");
    }
    for ending in ["sses", "xes", "ches"] {
        if let Some(stem) = plural.strip_suffix(ending) {
            return format!("{stem}{}", &ending[..ending.len() - 2]);
        }
    }
    plural.strip_suffix('s').unwrap_or(plural).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_kinds() {
        for (one, many) in [
            ("pod", "pods"),
            ("ingress", "ingresses"),
            ("networkpolicy", "networkpolicies"),
            ("gateway", "gateways"),
        ] {
            assert_eq!(plural(one), many);
            assert_eq!(singular(many), one);
        }
    }
}
