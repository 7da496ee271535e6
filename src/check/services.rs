//! Options of services and fields of template sections: those that nobody knows, and those without
//! which nothing can be sent. The texts are those of the documentation.

use crate::catalog::Catalog;
use crate::domain::Diagnostic;
use crate::service::{Field, Reference, UnknownKey, reference};
use crate::yaml;

/// Compares services and templates with what their types take.
pub(super) fn check(catalog: &Catalog, found: &mut Vec<Diagnostic>) {
    for entry in catalog.services.values() {
        let service_type = entry.service.service_type();
        let text = catalog.texts.get(&entry.key);
        let (Some(reference), Some(Ok(root))) =
            (reference(service_type), text.map(|text| yaml::parse(text)))
        else {
            continue;
        };
        for unknown in reference.unknown_options(&root) {
            let what = format!("an option of {service_type}");
            found.push(not_known("unknown-option", &entry.key, &unknown, &what));
        }
        for field in reference.missing_options(&root) {
            lacking(&entry.key, field, found);
        }
    }
    for name in catalog.templates.keys() {
        let key = format!("template.{name}");
        let Some(Ok(root)) = catalog.texts.get(&key).map(|text| yaml::parse(text)) else {
            continue;
        };
        for entry in root.as_mapping().unwrap_or_default() {
            let Some(section) = entry.key.to_text() else {
                continue;
            };
            let section = section.to_ascii_lowercase();
            if let Some(reference) = reference(&section) {
                section_of(&key, &section, reference, &entry.value, found);
            }
        }
    }
}

/// One section of a template.
fn section_of(
    key: &str,
    section: &str,
    reference: &Reference,
    node: &yaml::Node,
    found: &mut Vec<Diagnostic>,
) {
    // That there is no such section is told when the template is read.
    if reference.fields.is_empty() || node.is_null() {
        return;
    }
    for mut unknown in reference.unknown_fields(node) {
        unknown.path = format!("{section}.{}", unknown.path);
        let what = format!("a field of {section}");
        found.push(not_known("unknown-field", key, &unknown, &what));
    }
    for field in reference.missing_fields(node) {
        let message = format!(
            "{section}.{} is not set; the service sends nothing without it",
            field.name
        );
        let finding = Diagnostic::warning("missing-field", key, message).at(node.position);
        found.push(finding.help(field.text));
    }
}

fn not_known(code: &str, key: &str, unknown: &UnknownKey, what: &str) -> Diagnostic {
    let message = format!("'{}' is not {what}; it is left out", unknown.path);
    let known = format!("known are: {}", unknown.known.join(", "));
    let help = match unknown.near {
        Some(near) => format!("did you mean '{near}'? {known}"),
        None => known,
    };
    Diagnostic::warning(code, key, message)
        .at(unknown.position)
        .help(help)
}

/// Says what a missing option is: in the finding that the service has about it already, else in
/// one of its own.
fn lacking(key: &str, field: &Field, found: &mut Vec<Diagnostic>) {
    let begin = format!("{} is not set", field.name);
    let known = found
        .iter_mut()
        .find(|finding| finding.key == key && finding.message.starts_with(&begin));
    match known {
        Some(finding) => {
            let advice = finding.help.take();
            let advice = advice.map(|advice| format!("{advice}: {}", field.text));
            finding.help = advice.or_else(|| Some(field.text.to_owned()));
        }
        None => {
            let message = format!("{begin}: every delivery will fail");
            found.push(Diagnostic::warning("missing-option", key, message).help(field.text));
        }
    }
}
