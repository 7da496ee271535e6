//! Deliveries as comma-separated values.

use crate::domain::Delivery;
use jiff::Timestamp;

const HEADS: [&str; 27] = [
    "id",
    "created",
    "updated",
    "state",
    "cause",
    "group",
    "kind",
    "namespace",
    "name",
    "uid",
    "resourceVersion",
    "trigger",
    "condition",
    "oncePer",
    "templates",
    "service",
    "serviceType",
    "recipient",
    "stateKey",
    "actor",
    "attempts",
    "status",
    "tookMs",
    "written",
    "possiblyRepeated",
    "error",
    "detail",
];

/// The line of heads of [`csv_line`]s, with its line end.
pub fn csv_heads() -> String {
    format!("{}\r\n", HEADS.join(","))
}

/// A row as comma-separated values, with its line end.
pub fn csv_line(row: &Delivery) -> String {
    let new = &row.new;
    let number = |value: Option<i64>| value.map_or_else(String::new, |value| value.to_string());
    let fields: [String; 27] = [
        new.id.to_string(),
        time(new.created_ms),
        time(row.updated_ms),
        row.state.word().to_owned(),
        new.cause.word().to_owned(),
        new.group.clone(),
        new.kind.clone(),
        new.namespace.clone(),
        new.name.clone(),
        new.uid.clone(),
        new.resource_version.clone(),
        new.trigger.clone(),
        new.condition.clone(),
        new.once_per.clone(),
        new.templates.join(" "),
        new.destination.service.to_string(),
        new.service_type.clone(),
        new.destination.recipient.to_string(),
        new.state_key.clone(),
        new.actor.clone(),
        row.attempts.to_string(),
        number(row.status.map(i64::from)),
        number(row.took_ms),
        row.patched_ms.map_or_else(String::new, time),
        row.possibly_repeated.to_string(),
        row.error.clone(),
        row.detail.clone(),
    ];
    let mut line = fields.map(|field| quoted(&field)).join(",");
    line.push_str("\r\n");
    line
}

fn time(at_ms: i64) -> String {
    Timestamp::from_millisecond(at_ms).map_or_else(|_| String::new(), |at| at.to_string())
}

/// A field as RFC 4180 writes it. A text that a spreadsheet would take for a formula gets an
/// apostrophe before it: nothing that comes from a cluster is to be executed.
fn quoted(field: &str) -> String {
    let formula = field.starts_with(['=', '+', '-', '@', '\t', '\r']);
    let guarded = if formula {
        format!("'{field}")
    } else {
        field.to_owned()
    };
    if guarded.contains(['"', ',', '\n', '\r']) {
        format!("\"{}\"", guarded.replace('"', "\"\""))
    } else {
        guarded
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_quoted_and_never_formulas() {
        assert_eq!(quoted("plain"), "plain");
        assert_eq!(quoted("a,\"b\"\n"), "\"a,\"\"b\"\"\n\"");
        assert_eq!(quoted("=HYPERLINK(1)"), "'=HYPERLINK(1)");
        assert_eq!(quoted("@x,y"), "\"'@x,y\"");
    }
}
