//! Findings as SARIF 2.1.0, which code hosts show beside the lines of a change.

use super::place::Finding;
use crate::domain::Severity;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::path::{Component, Path};

/// One run with all findings.
pub(super) fn sarif(findings: &[Finding]) -> Value {
    let codes: BTreeSet<&str> = findings
        .iter()
        .map(|finding| finding.code.as_str())
        .collect();
    let codes: Vec<&str> = codes.into_iter().collect();
    let rules: Vec<Value> = codes
        .iter()
        .map(|code| json!({"id": code, "name": code, "shortDescription": {"text": words(code)}}))
        .collect();
    let results: Vec<Value> = findings
        .iter()
        .map(|finding| {
            json!({
                "ruleId": finding.code,
                "ruleIndex": codes.binary_search(&finding.code.as_str()).unwrap_or_default(),
                "level": level(finding.severity),
                "message": {"text": message(finding)},
                "locations": [location(finding)],
            })
        })
        .collect();
    json!({
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [{
            "tool": {"driver": {
                "name": "kubechime",
                "version": env!("CARGO_PKG_VERSION"),
                "semanticVersion": env!("CARGO_PKG_VERSION"),
                "rules": rules,
            }},
            "columnKind": "unicodeCodePoints",
            "results": results,
        }],
    })
}

fn level(severity: Severity) -> &'static str {
    match severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Info => "note",
    }
}

fn words(code: &str) -> String {
    code.replace('-', " ")
}

fn message(finding: &Finding) -> String {
    match &finding.help {
        Some(help) => format!("{} ({help})", finding.message),
        None => finding.message.clone(),
    }
}

fn location(finding: &Finding) -> Value {
    let name = match finding.key.as_str() {
        "" => finding.config_map.clone(),
        key => format!("{}/{key}", finding.config_map),
    };
    let mut location = json!({
        "logicalLocations": [{"fullyQualifiedName": name, "kind": "object"}],
    });
    if finding.in_file {
        let mut physical = json!({"artifactLocation": {"uri": uri(&finding.file)}});
        if let (Some(line), Some(column)) = (finding.line, finding.column) {
            physical["region"] = json!({"startLine": line, "startColumn": column});
        }
        location["physicalLocation"] = physical;
    }
    location
}

/// A path as a URI reference: relative to where the program was started, unless it is absolute.
fn uri(path: &str) -> String {
    let mut uri = String::new();
    for component in Path::new(path).components() {
        let part = match component {
            Component::RootDir => {
                uri.push_str("file:///");
                continue;
            }
            Component::CurDir => continue,
            other => other.as_os_str().to_string_lossy().into_owned(),
        };
        if !uri.is_empty() && !uri.ends_with('/') {
            uri.push('/');
        }
        for byte in part.bytes() {
            if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
                uri.push(char::from(byte));
            } else {
                uri.push_str(&format!("%{byte:02X}"));
            }
        }
    }
    uri
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_become_uris() {
        assert_eq!(uri("./a b/ü.yaml"), "a%20b/%C3%BC.yaml");
        assert_eq!(uri("/tmp/x.yaml"), "file:///tmp/x.yaml");
        assert_eq!(uri("../x.yaml"), "../x.yaml");
    }
}
