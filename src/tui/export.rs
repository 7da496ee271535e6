//! The history, as a file: what a query lets through, newest first, as CSV, JSON or JSON lines.
//! Runs on a thread; tells how far it is and stops when it is asked to.

use super::history_query::HistoryQuery;
use crate::domain::Delivery;
use crate::history::{Anchor, History};
use jiff::Timestamp;
use std::fs::{File, OpenOptions};
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use tokio_util::sync::CancellationToken;

/// Rows that are read at a time.
const PAGE: u32 = 2_000;

/// The form of the file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// Comma-separated, with a line of heads.
    Csv,
    /// One JSON list.
    Json,
    /// One JSON object a line.
    JsonLines,
}

impl Form {
    /// The form that a file's name asks for.
    ///
    /// # Errors
    /// One sentence: the name has none of the known endings.
    pub fn of(path: &str) -> Result<Self, String> {
        let ending = Path::new(path)
            .extension()
            .and_then(|ending| ending.to_str());
        match ending.map(str::to_ascii_lowercase).as_deref() {
            Some("csv") => Ok(Self::Csv),
            Some("json") => Ok(Self::Json),
            Some("jsonl" | "ndjson") => Ok(Self::JsonLines),
            _ => Err("the name must end with .csv, .json or .jsonl".to_owned()),
        }
    }
}

/// What is to be written where.
#[derive(Clone, Debug)]
pub struct Export {
    /// The file; must not exist.
    pub path: PathBuf,
    /// Its form.
    pub form: Form,
    /// What is let through.
    pub query: HistoryQuery,
    /// Rows written so far, for who waits.
    pub written: Arc<AtomicU64>,
    /// Stops it.
    pub cancel: CancellationToken,
}

/// Writes the file; the number of rows, or what went wrong. A file that was begun and not finished
/// is removed.
///
/// # Errors
/// The file exists or can't be written, the history can't be read, or it was cancelled.
pub fn run(export: &Export, history: &History) -> Result<u64, String> {
    let name = export.path.display();
    let file = OpenOptions::new()
        .write(true)
        .create_new(true)
        .open(&export.path)
        .map_err(|error| match error.kind() {
            std::io::ErrorKind::AlreadyExists => format!("{name} exists: choose another name"),
            _ => format!("{name} can't be written: {error}"),
        })?;
    let result = write(export, history, BufWriter::new(file));
    if result.is_err() {
        // What is left is of no use; that it can't be removed changes nothing about the error.
        let _ = std::fs::remove_file(&export.path);
    }
    result
}

fn write(export: &Export, history: &History, mut out: BufWriter<File>) -> Result<u64, String> {
    let failed =
        |error: std::io::Error| format!("{} can't be written: {error}", export.path.display());
    let narrowed = export.query.narrowed();
    let mut from = Anchor::Newest;
    let mut rows = 0;
    if export.form == Form::Csv {
        out.write_all(csv_heads().as_bytes()).map_err(failed)?;
    } else if export.form == Form::Json {
        out.write_all(b"[").map_err(failed)?;
    }
    loop {
        if export.cancel.is_cancelled() {
            return Err(format!("the export was stopped after {rows} rows"));
        }
        let page = history
            .page(&narrowed, from, PAGE)
            .map_err(|error| error.to_string())?;
        let Some(last) = page.last().map(|row| row.new.id) else {
            break;
        };
        for row in page.iter().filter(|row| export.query.matches(row)) {
            let text = match export.form {
                Form::Csv => csv_line(row),
                Form::Json => format!("{}{}", if rows > 0 { ",\n" } else { "\n" }, json(row)?),
                Form::JsonLines => format!("{}\n", json(row)?),
            };
            out.write_all(text.as_bytes()).map_err(failed)?;
            rows += 1;
        }
        export.written.store(rows, Ordering::Relaxed);
        if page.len() < PAGE as usize {
            break;
        }
        from = Anchor::Before(last);
    }
    if export.form == Form::Json {
        out.write_all(b"\n]\n").map_err(failed)?;
    }
    out.flush().map_err(failed)?;
    Ok(rows)
}

fn json(row: &Delivery) -> Result<String, String> {
    serde_json::to_string(row).map_err(|error| error.to_string())
}

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

    #[test]
    fn the_ending_names_the_form() {
        assert_eq!(Form::of("a.CSV"), Ok(Form::Csv));
        assert_eq!(Form::of("/x/a.jsonl"), Ok(Form::JsonLines));
        assert!(Form::of("history").is_err());
    }
}
