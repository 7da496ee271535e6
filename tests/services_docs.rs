//! The documentation of the services is that of the program: `assets/docs/services.md` is written
//! from the references, whose examples are configurations that work.
//!
//! With `KUBECHIME_WRITE_DOCS` set, the generated parts of the file are written anew.

#[path = "support/rsa_key.rs"]
mod rsa_key;

use kubechime::catalog::{BuildOptions, Catalog, ConfigSource};
use kubechime::service::{self, Field, Reference, ServiceContext, TRANSPORT};
use kubechime::yaml;
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

/// All types, as a build with all features has them.
const TYPES: [&str; 22] = [
    "alertmanager",
    "awssqs",
    "console",
    "email",
    "gcppubsub",
    "github",
    "googlechat",
    "grafana",
    "mattermost",
    "nats",
    "newrelic",
    "opsgenie",
    "pagerduty",
    "pagerdutyv2",
    "pushover",
    "rocketchat",
    "slack",
    "teams",
    "teams-workflows",
    "telegram",
    "webex",
    "webhook",
];

fn references() -> Vec<(&'static str, &'static Reference)> {
    let named = |name: &&'static str| Some((*name, service::reference(name)?));
    TYPES.iter().filter_map(named).collect()
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).to_path_buf()
}

fn read(path: &str) -> String {
    std::fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// A text of a table cell.
fn cell(text: &str) -> String {
    text.replace('|', "\\|").replace('\n', " ")
}

fn table(first: &str, fields: &[Field]) -> String {
    let mut text = format!("| {first} | value | meaning |\n| --- | --- | --- |\n");
    for field in fields {
        let mark = if field.required { " (required)" } else { "" };
        writeln!(
            text,
            "| `{}`{mark} | {} | {} |",
            cell(field.name),
            cell(field.shape),
            cell(field.text)
        )
        .expect("a string takes it");
    }
    text
}

fn section(name: &str, reference: &Reference) -> String {
    let mut text = format!(
        "### {}: `{name}`\n\n{}\n\n",
        reference.title, reference.summary
    );
    let example = match reference.recipient_example {
        "" => String::new(),
        example => format!(" For example `{example}`."),
    };
    writeln!(text, "**Recipient**: {}{example}\n", reference.recipient).expect("taken");
    if !reference.options.is_empty() {
        text += &table("option", reference.options);
        text.push('\n');
    }
    if reference.transport {
        text += "And the [transport options](#transport-options).\n\n";
    }
    if reference.fields.is_empty() {
        if name != "console" {
            text += "There is no section for it in templates: the message is sent.\n\n";
        }
    } else {
        writeln!(text, "Section `{name}` of a template:\n").expect("taken");
        text += &table("field", reference.fields);
        text.push('\n');
    }
    if !reference.example.is_empty() {
        writeln!(text, "```yaml\n{}\n```\n", reference.example.trim_end()).expect("taken");
    }
    for note in reference.notes {
        writeln!(text, "- {note}").expect("taken");
    }
    text.trim_end().to_owned() + "\n"
}

/// Puts generated text between its marks.
fn replaced(document: &str, mark: &str, text: &str) -> String {
    let begin = format!("<!-- generated: {mark} -->\n");
    let from = document.find(&begin).expect("the mark is there") + begin.len();
    let to = from
        + document[from..]
            .find("<!-- end -->")
            .expect("the end is marked");
    format!("{}{text}{}", &document[..from], &document[to..])
}

#[test]
fn the_document_is_written_from_the_references() {
    let path = "assets/docs/services.md";
    let written = read(path);
    let sections = references();
    let sections = sections.iter().map(|(name, one)| section(name, one));
    let types = sections.collect::<Vec<_>>().join("\n");
    let wanted = replaced(&written, "transport", &table("option", TRANSPORT));
    let wanted = replaced(&wanted, "types", &types);
    if std::env::var_os("KUBECHIME_WRITE_DOCS").is_some() {
        std::fs::write(root().join(path), &wanted).expect("the file can be written");
    } else {
        assert!(
            written == wanted,
            "{path} is not up to date: run this test with KUBECHIME_WRITE_DOCS=1"
        );
    }
}

#[test]
fn every_type_has_a_reference_and_the_readme_names_it() {
    let readme = read("README.md");
    assert!(readme.contains("(assets/docs/services.md)"));
    for name in service::known_types() {
        assert!(
            TYPES.contains(&name),
            "{name} is not in the list of this test"
        );
        let reference = service::reference(name).expect("has one");
        assert!(!reference.example.is_empty(), "{name}");
        for text in [reference.title, reference.summary, reference.recipient] {
            assert!(!text.trim().is_empty(), "{name}");
        }
        for field in reference.all_options().chain(reference.fields) {
            assert!(field.text.ends_with(['.', '`']), "{name}: {field:?}");
        }
    }
    for name in TYPES {
        assert!(
            readme.contains(&format!("`{name}`")),
            "{name} is not in README.md"
        );
    }
}

/// A value for each `$name` of an example, of the form that the type wants.
fn secret(name: &str) -> String {
    if name.contains("url") {
        return "https://example.webhook.office.com/workflows/c4naryc4naryc4nary".into();
    }
    if name.contains("private-key") {
        return rsa_key::pem();
    }
    "c4naryc4naryc4naryc4naryc4nary".into()
}

#[test]
fn examples_load_without_findings() {
    for (name, reference) in references() {
        if reference.example.is_empty() {
            continue;
        }
        let node = yaml::parse(reference.example).unwrap_or_else(|error| panic!("{name}: {error}"));
        let data = node.get("data").and_then(|data| data.as_mapping());
        let data: BTreeMap<String, String> = data
            .unwrap_or_else(|| panic!("{name}: no data"))
            .iter()
            .map(|entry| {
                let text = |node: &yaml::Node| node.to_text().expect("is text").into_owned();
                (text(&entry.key), text(&entry.value))
            })
            .collect();
        let services = data.iter().filter(|(key, _)| key.starts_with("service."));
        let secret = services
            .flat_map(|(_, text)| yaml::secret_names(text))
            .map(|name| (name.to_owned(), secret(name).into_bytes()))
            .collect();
        let source = ConfigSource {
            namespace: "default".into(),
            name: "cm".into(),
            data,
            found: true,
            secret,
            secret_found: true,
            ..ConfigSource::default()
        };
        let options = BuildOptions::new(ServiceContext::default(), "default");
        let catalog = Catalog::build(&source, None, &options);
        let findings: Vec<String> = catalog
            .keys
            .values()
            .flat_map(|status| status.diagnostics.iter().map(ToString::to_string))
            .collect();
        assert!(findings.is_empty(), "{name}: {findings:?}");
        let types: Vec<_> = catalog
            .services
            .values()
            .map(|entry| entry.service.service_type())
            .collect();
        assert!(types.contains(&name), "{name}: {types:?}");
        assert!(!catalog.templates.is_empty(), "{name} has no template");
        for entry in catalog.services.values() {
            let text = &catalog.texts[&entry.key];
            let options = yaml::parse(text).expect("was read");
            assert_eq!(reference.unknown_options(&options), [], "{name}");
            assert_eq!(reference.missing_options(&options).count(), 0, "{name}");
        }
        for template in catalog.templates.values() {
            let text = &catalog.texts[&format!("template.{}", template.name)];
            let root = yaml::parse(text).expect("was read");
            if let Some(section) = root.get(name) {
                assert_eq!(reference.unknown_fields(section), [], "{name}");
                assert_eq!(reference.missing_fields(section).count(), 0, "{name}");
            }
        }
    }
}
