//! Values as texts: Go's `%v`, and a short form for people.

use super::value::{ListKind, Value};
use crate::golang::number;
use crate::golang::time::{month_name, weekday_name};
use std::fmt::Write as _;

/// Appends the value as Go's `%v` prints it.
pub(super) fn write_go(out: &mut String, value: &Value<'_>) {
    match value {
        Value::Nil => out.push_str("<nil>"),
        Value::Bool(truth) => {
            let _ = write!(out, "{truth}");
        }
        Value::Int(int) | Value::Int64(int) => {
            let _ = write!(out, "{int}");
        }
        Value::Uint8(byte) => {
            let _ = write!(out, "{byte}");
        }
        Value::Float(float) => out.push_str(&go_float(*float)),
        Value::Text(text) => out.push_str(&text.to_str()),
        Value::Bytes(bytes) => write_list(out, bytes.iter().map(|byte| Value::Uint8(*byte))),
        Value::Array(items) => write_list(out, items.iter().map(Value::from_json)),
        Value::List(list) => write_list(out, list.iter()),
        Value::Object(_) | Value::Map(_) => {
            out.push_str("map[");
            for (position, (key, member)) in value.entries().into_iter().enumerate() {
                if position > 0 {
                    out.push(' ');
                }
                write_go(out, &key);
                out.push(':');
                write_go(out, &member);
            }
            out.push(']');
        }
        Value::Time(time) => {
            let _ = write!(out, "{time}");
        }
        Value::Duration(duration) => {
            let _ = write!(out, "{duration}");
        }
        Value::Month(month) => out.push_str(&month_name(*month)),
        Value::Weekday(weekday) => out.push_str(&weekday_name(*weekday)),
        Value::Zone(zone) => out.push_str(zone.name()),
        Value::Function(function) => {
            // Go prints an address, which changes from run to run.
            let _ = write!(out, "func {}", function.name());
        }
    }
}

/// Go's `%v` of a float: the shortest text, with an exponent below 1e-4 and from
/// 1e6 on.
pub(super) fn go_float(float: f64) -> String {
    number::display_float(float)
}

fn write_list<'v>(out: &mut String, items: impl Iterator<Item = Value<'v>>) {
    out.push('[');
    for (position, item) in items.enumerate() {
        if position > 0 {
            out.push(' ');
        }
        write_go(out, &item);
    }
    out.push(']');
}

/// See [`Value::short`].
pub(super) fn short(value: &Value<'_>, max: usize) -> String {
    let mut writer = Short {
        out: String::new(),
        left: max,
    };
    if writer.value(value).is_err() {
        writer.out.push('\u{2026}');
    }
    writer.out
}

/// Stops as soon as the text is long enough, however large the value is.
struct Short {
    out: String,
    left: usize,
}

/// No room is left.
struct Full;

impl Short {
    fn text(&mut self, text: &str) -> Result<(), Full> {
        for c in text.chars() {
            if self.left <= 1 {
                return Err(Full);
            }
            self.left -= 1;
            self.out.push(c);
        }
        Ok(())
    }

    fn quoted(&mut self, text: &str) -> Result<(), Full> {
        self.text("\"")?;
        for c in text.chars() {
            match c {
                '"' => self.text("\\\"")?,
                '\\' => self.text("\\\\")?,
                '\n' => self.text("\\n")?,
                '\t' => self.text("\\t")?,
                c if c.is_control() => self.text(&c.escape_unicode().to_string())?,
                c => self.text(c.encode_utf8(&mut [0; 4]))?,
            }
        }
        self.text("\"")
    }

    fn list<'v>(&mut self, items: impl Iterator<Item = Value<'v>>) -> Result<(), Full> {
        self.text("[")?;
        for (position, item) in items.enumerate() {
            if position > 0 {
                self.text(", ")?;
            }
            self.value(&item)?;
        }
        self.text("]")
    }

    fn member(&mut self, position: usize, key: &Value<'_>, value: &Value<'_>) -> Result<(), Full> {
        if position > 0 {
            self.text(", ")?;
        }
        self.value(key)?;
        self.text(": ")?;
        self.value(value)
    }

    fn value(&mut self, value: &Value<'_>) -> Result<(), Full> {
        match value {
            Value::Nil => self.text("nil"),
            Value::Text(text) => self.quoted(&text.to_str()),
            Value::Array(items) => self.list(items.iter().map(Value::from_json)),
            Value::List(list) if list.is_nil => self.text("nil"),
            Value::List(list) if list.kind == ListKind::Int && list.len() > 8 => {
                // Long runs of integers say more as a range.
                let (first, last) = (list.get(0), list.get(list.len() - 1));
                self.text("[")?;
                self.value(&first.unwrap_or_default())?;
                self.text(", \u{2026}, ")?;
                self.value(&last.unwrap_or_default())?;
                self.text("]")
            }
            Value::List(list) => self.list(list.iter()),
            Value::Object(members) => {
                self.text("{")?;
                for (position, (name, member)) in members.iter().enumerate() {
                    self.member(position, &Value::text(name), &Value::from_json(member))?;
                }
                self.text("}")
            }
            Value::Map(map) => {
                self.text("{")?;
                for (position, (key, member)) in map.members.iter().enumerate() {
                    self.member(position, &key.to_value(), member)?;
                }
                self.text("}")
            }
            other => {
                let mut text = String::new();
                write_go(&mut text, other);
                self.text(&text)
            }
        }
    }
}
