//! Deliveries as they are printed.

use super::output::{json, span, visible};
use super::table::table;
use crate::domain::Delivery;
use crate::history::{DeliveryDetail, csv_heads, csv_line};
use serde_json::json;

/// Longest error or detail in a table, in characters.
const LONGEST: usize = 100;

/// How deliveries are printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    /// What people look for first.
    Table,
    /// The same with ids and more columns.
    Wide,
    /// A JSON list.
    Json,
    /// Comma-separated, all columns.
    Csv,
}

impl Form {
    /// Reads the value of `-o`.
    pub(super) fn parse(text: &str) -> anyhow::Result<Self> {
        Ok(match text {
            "" | "table" => Self::Table,
            "wide" => Self::Wide,
            "json" => Self::Json,
            "csv" => Self::Csv,
            other => {
                anyhow::bail!("output '{other}' is not supported: use table, wide, json or csv")
            }
        })
    }
}

/// A list of deliveries.
pub(super) fn list(rows: &[Delivery], form: Form, now_ms: i64) -> anyhow::Result<String> {
    Ok(match form {
        Form::Json => json(&rows)?,
        Form::Csv => {
            let mut text = csv_heads();
            for row in rows {
                text.push_str(&csv_line(row));
            }
            text
        }
        Form::Table | Form::Wide if rows.is_empty() => "no deliveries\n".to_owned(),
        Form::Table | Form::Wide => {
            let wide = form == Form::Wide;
            let mut heads = vec!["AGE", "STATE", "TRIGGER", "RESOURCE", "TO", "TRIES", "CODE"];
            if wide {
                heads.extend(["ID", "CREATED", "CAUSE", "WRITTEN", "TOOK", "CONFIG"]);
            }
            heads.push("DETAIL");
            let heads = heads.into_iter().map(str::to_owned).collect();
            let lines = rows.iter().map(|row| line(row, wide, now_ms));
            table(&std::iter::once(heads).chain(lines).collect::<Vec<_>>())
        }
    })
}

fn line(row: &Delivery, wide: bool, now_ms: i64) -> Vec<String> {
    let new = &row.new;
    let mut state = row.state.word().to_owned();
    if row.possibly_repeated {
        state.push_str(" (possibly repeated)");
    }
    let mut cells = vec![
        span(now_ms.saturating_sub(new.created_ms).div_euclid(1_000)),
        state,
        new.trigger.clone(),
        format!("{}/{}", new.kind.to_lowercase(), row.resource()),
        new.destination.label(),
        row.attempts.to_string(),
        row.status.map(|code| code.to_string()).unwrap_or_default(),
    ];
    if wide {
        cells.extend([
            new.id.to_string(),
            time(new.created_ms),
            new.cause.word().to_owned(),
            row.patched_ms.map(time).unwrap_or_default(),
            row.took_ms
                .map(|took| format!("{took}ms"))
                .unwrap_or_default(),
            new.config_namespace.clone(),
        ]);
    }
    let said = if row.error.is_empty() {
        &row.detail
    } else {
        &row.error
    };
    cells.push(short(said));
    cells
        .into_iter()
        .map(|cell| visible(&cell).replace(['\n', '\t'], " "))
        .collect()
}

fn short(text: &str) -> String {
    if text.chars().count() <= LONGEST {
        return text.to_owned();
    }
    let cut: String = text.chars().take(LONGEST - 1).collect();
    format!("{cut}…")
}

fn time(at_ms: i64) -> String {
    jiff::Timestamp::from_millisecond(at_ms)
        .map(|time| time.to_string())
        .unwrap_or_default()
}

/// One delivery with everything that is known of it.
pub(super) fn detail(detail: &DeliveryDetail, form: Form) -> anyhow::Result<String> {
    let row = &detail.delivery;
    if form == Form::Json {
        return json(&json!({
            "delivery": row,
            "attempts": detail.attempts,
            "request": detail.request,
            "response": detail.response,
        }));
    }
    let new = &row.new;
    let mut fields = vec![
        ("id", new.id.to_string()),
        ("state", row.state.word().to_owned()),
        (
            "resource",
            format!("{}/{}", new.kind.to_lowercase(), row.resource()),
        ),
        ("uid", new.uid.clone()),
        ("trigger", new.trigger.clone()),
        ("condition", new.condition.clone()),
        ("once per", new.once_per.clone()),
        ("templates", new.templates.join(", ")),
        ("to", new.destination.label()),
        ("service type", new.service_type.clone()),
        ("state key", new.state_key.clone()),
        ("cause", new.cause.word().to_owned()),
        ("by", new.actor.clone()),
        ("configuration", new.config_namespace.clone()),
        ("decided", time(new.created_ms)),
        ("changed", time(row.updated_ms)),
        ("written", row.patched_ms.map(time).unwrap_or_default()),
        ("next try", row.next_ms.map(time).unwrap_or_default()),
        ("error", row.error.clone()),
        ("detail", row.detail.clone()),
    ];
    if row.possibly_repeated {
        fields.push(("note", "possibly repeated".into()));
    }
    fields.retain(|(_, value)| !value.is_empty());
    let mut text = String::new();
    for (name, value) in fields {
        text.push_str(&format!("{name:<14} {value}\n"));
    }
    for attempt in &detail.attempts {
        let code = attempt.status.map(|code| code.to_string());
        text.push_str(&format!(
            "try {:<10} {}  {} ms  {} {}\n",
            attempt.number,
            time(attempt.started_ms),
            attempt.took_ms,
            code.unwrap_or_else(|| "-".into()),
            attempt.error,
        ));
    }
    for (name, body) in [("request", &detail.request), ("response", &detail.response)] {
        if !body.is_empty() {
            text.push_str(&format!("\n{name}:\n{}\n", body.trim_end()));
        }
    }
    Ok(visible(&text).into_owned())
}
