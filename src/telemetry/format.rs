//! Log lines in the original's form (logrus), as text and as JSON.

use crate::golang::json;
use std::collections::BTreeMap;
use std::fmt::{self, Write as _};
use tracing::field::{Field, Visit};
use tracing::{Event, Level, Subscriber};
use tracing_subscriber::fmt::format::Writer;
use tracing_subscriber::fmt::{FmtContext, FormatEvent, FormatFields};
use tracing_subscriber::registry::LookupSpan;

/// Writes events as logrus does. Fields of spans are not written: the lines carry their own.
#[derive(Clone, Copy, Debug)]
pub struct Logrus {
    /// One JSON object a line instead of `key=value` pairs.
    pub json: bool,
}

#[derive(Default)]
struct Fields {
    message: String,
    others: BTreeMap<String, String>,
}

impl Visit for Fields {
    fn record_str(&mut self, field: &Field, value: &str) {
        self.put(field, value.to_owned());
    }

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.put(field, format!("{value:?}"));
    }
}

impl Fields {
    fn put(&mut self, field: &Field, value: String) {
        if field.name() == "message" {
            self.message = value;
        } else if !field.name().starts_with("log.") {
            self.others.insert(field.name().to_owned(), value);
        }
    }
}

impl<S, N> FormatEvent<S, N> for Logrus
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    N: for<'a> FormatFields<'a> + 'static,
{
    fn format_event(
        &self,
        _: &FmtContext<'_, S, N>,
        mut writer: Writer<'_>,
        event: &Event<'_>,
    ) -> fmt::Result {
        let mut fields = Fields::default();
        event.record(&mut fields);
        let now = jiff::Timestamp::now()
            .strftime("%Y-%m-%dT%H:%M:%SZ")
            .to_string();
        let line = line(self.json, &now, level(*event.metadata().level()), &fields);
        writeln!(writer, "{line}")
    }
}

fn level(level: Level) -> &'static str {
    match level {
        Level::ERROR => "error",
        Level::WARN => "warning",
        Level::INFO => "info",
        Level::DEBUG => "debug",
        Level::TRACE => "trace",
    }
}

fn line(as_json: bool, time: &str, level: &str, fields: &Fields) -> String {
    let mut out = String::new();
    if as_json {
        let mut all: BTreeMap<&str, &str> = fields
            .others
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_str()))
            .collect();
        all.insert("level", level);
        all.insert("msg", &fields.message);
        all.insert("time", time);
        for (position, (name, value)) in all.into_iter().enumerate() {
            out.push(if position == 0 { '{' } else { ',' });
            json::write_string(&mut out, name);
            out.push(':');
            json::write_string(&mut out, value);
        }
        out.push('}');
        return out;
    }
    // Writing into a String cannot fail.
    let _ = write!(
        out,
        "time=\"{time}\" level={level} msg={}",
        value(&fields.message)
    );
    for (name, text) in &fields.others {
        let _ = write!(out, " {name}={}", value(text));
    }
    out
}

/// A value, quoted when it holds anything but letters, digits and `-._/@^+`.
fn value(text: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-._/@^+".contains(c);
    if text.chars().all(plain) {
        return text.to_owned();
    }
    crate::golang::quote::quote(text.as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fields(message: &str, resource: &str) -> Fields {
        Fields {
            message: message.into(),
            others: BTreeMap::from([("resource".to_owned(), resource.to_owned())]),
        }
    }

    #[test]
    fn text_as_logrus_writes_it() {
        let line = line(
            false,
            "2026-01-02T03:04:05Z",
            "info",
            &fields("Start processing", "default/web-1"),
        );
        assert_eq!(
            line,
            "time=\"2026-01-02T03:04:05Z\" level=info msg=\"Start processing\" resource=default/web-1"
        );
    }

    #[test]
    fn quotes_and_newlines_are_escaped() {
        let line = line(false, "t", "error", &fields("a \"b\"\nc", "x y"));
        assert_eq!(
            line,
            "time=\"t\" level=error msg=\"a \\\"b\\\"\\nc\" resource=\"x y\""
        );
    }

    #[test]
    fn json_has_sorted_keys_and_escapes_markup() {
        let line = line(true, "t", "info", &fields("<a> & b", "ns/name"));
        assert_eq!(
            line,
            r#"{"level":"info","msg":"\u003ca\u003e \u0026 b","resource":"ns/name","time":"t"}"#
        );
    }
}
