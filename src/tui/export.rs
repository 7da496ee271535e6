//! The history, as a file: what a query lets through, newest first, as CSV, JSON or JSON lines.
//! Runs on a thread; tells how far it is and stops when it is asked to.

use crate::domain::Delivery;
use crate::history::{Anchor, History, csv_heads, csv_line};
use crate::query::HistoryQuery;
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_ending_names_the_form() {
        assert_eq!(Form::of("a.CSV"), Ok(Form::Csv));
        assert_eq!(Form::of("/x/a.jsonl"), Ok(Form::JsonLines));
        assert!(Form::of("history").is_err());
    }
}
