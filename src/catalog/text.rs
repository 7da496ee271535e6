//! Reading the YAML text of one key, with the findings that every kind of key shares.

use super::status::Findings;
use crate::domain::{Diagnostic, Position, Severity, nearest};
use crate::yaml::{self, Node};

/// Reads the first document. What would be ignored silently is told: further documents, and keys
/// that are written twice.
pub(super) fn read(text: &str, findings: &mut Findings) -> Result<Node, yaml::Error> {
    let document = yaml::parse_document(text)?;
    if let Some(second) = document.second {
        let message = "only the first document is read; what begins here is ignored";
        let finding = Diagnostic::warning("second-document", findings.key(), message);
        findings.push(finding.at(second));
    }
    for (key, position) in document.root.duplicate_keys() {
        if findings.is_full(Severity::Warning) {
            break;
        }
        let message = format!("'{key}' is written more than once; the last one counts");
        let finding = Diagnostic::warning("duplicate-field", findings.key(), message);
        findings.push(finding.at(position));
    }
    Ok(document.root)
}

/// The finding for a text that could not be read; `what` is the original's prefix, with its colon.
pub(super) fn unreadable(what: &str, error: &yaml::Error, findings: &mut Findings) {
    let message = format!("{what}{}", error.original());
    let mut finding = Diagnostic::error("bad-yaml", findings.key(), message).at(error.position);
    if let Some(help) = advice(error) {
        finding = finding.help(help);
    }
    findings.push(finding);
}

fn advice(error: &yaml::Error) -> Option<String> {
    let message = error.message.as_str();
    let field = error
        .path
        .rsplit('.')
        .next()
        .filter(|path| !path.is_empty());
    if message.contains("unmarshal string into") && message.contains("of type []") {
        let field = field.unwrap_or("it");
        return Some(format!(
            "{field} is a list: write [a] or one '- a' per line"
        ));
    }
    if message.contains("unmarshal object into") && message.contains("of type []") {
        return Some("it is a list: put '- ' before the first line and indent the others".into());
    }
    if message.contains("invalid map key") {
        return Some("put the text in quotes, or write it as a block with '|'".into());
    }
    if message.contains("tab") {
        return Some("indent with spaces".into());
    }
    None
}

/// Tells fields that are not known, which are ignored.
pub(super) fn unknown_fields(node: &Node, known: &[&str], findings: &mut Findings) {
    for entry in node.as_mapping().unwrap_or_default() {
        let Some(name) = entry.key.to_text() else {
            continue;
        };
        if entry.merged || known.iter().any(|field| field.eq_ignore_ascii_case(&name)) {
            continue;
        }
        if findings.is_full(Severity::Warning) {
            break;
        }
        let message = format!("the field '{name}' is not known and is ignored");
        let finding =
            Diagnostic::warning("unknown-field", findings.key(), message).at(entry.key.position);
        findings.push(match nearest(&name, known.iter().copied()) {
            Some(field) => finding.help(format!("did you mean '{field}'?")),
            None => finding,
        });
    }
}

/// A name that some text refers to, to be looked up when everything has been read.
#[derive(Clone, Debug)]
pub(super) struct Reference {
    /// The ConfigMap key whose text refers to it.
    pub(super) key: String,
    pub(super) position: Option<Position>,
    pub(super) target: Target,
    pub(super) name: String,
}

/// What a [`Reference`] must name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Target {
    Template,
    Trigger,
    Service,
}
