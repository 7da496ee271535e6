//! Values as JSON text.

use crate::golang::json::{Style, write_quoted};
use crate::golang::number;
use crate::template::value::{List, Map, Value};
use crate::template::{Failure, Session};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value as Json;

/// The value as JSON, as Go's `json.Marshal` and `json.MarshalIndent` write it.
///
/// # Errors
/// For not-a-number, infinities, complex numbers and functions; when a limit is reached.
pub(super) fn to_text<'v>(
    value: &Value<'v>,
    style: Style<'_>,
    session: &Session<'v>,
) -> Result<String, Failure> {
    let mut writer = Writer {
        out: String::new(),
        paid: 0,
        style,
        session,
        depth: 0,
    };
    writer.value(value)?;
    writer.pay()?;
    Ok(writer.out)
}

struct Writer<'w, 'v> {
    out: String,
    /// How much of the text is paid for.
    paid: usize,
    style: Style<'w>,
    session: &'w Session<'v>,
    depth: usize,
}

impl<'v> Writer<'_, 'v> {
    fn pay(&mut self) -> Result<(), Failure> {
        let owed = self.out.len() - self.paid;
        self.paid = self.out.len();
        self.session.charge(owed)
    }

    fn value(&mut self, value: &Value<'v>) -> Result<(), Failure> {
        self.session.step()?;
        self.pay()?;
        match value {
            Value::Nil | Value::Absent => self.out.push_str("null"),
            Value::Bool(truth) => self.out.push_str(if *truth { "true" } else { "false" }),
            Value::Int(n) | Value::Int64(n) => self.out.push_str(&n.to_string()),
            Value::Int32(n) => self.out.push_str(&n.to_string()),
            Value::Uint8(n) => self.out.push_str(&n.to_string()),
            Value::Uint64(n) => self.out.push_str(&n.to_string()),
            Value::Float(n) if n.is_finite() => self.out.push_str(&number::json_float(*n)),
            Value::Float(n) => {
                let n = number::display_float(*n);
                return Err(Failure::new(format!("json: unsupported value: {n}")));
            }
            Value::Complex(..) | Value::Func(_) => {
                let name = value.type_name();
                return Err(Failure::new(format!("json: unsupported type: {name}")));
            }
            Value::Text(text) => self.string(text),
            Value::List(list) => return self.list(list),
            Value::Map(map) => return self.map(map),
            Value::Opaque(opaque) => self.json(&opaque.json()),
        }
        Ok(())
    }

    fn string(&mut self, text: &[u8]) {
        match std::str::from_utf8(text) {
            Ok(text) => write_quoted(&mut self.out, text, self.style.html),
            Err(_) => self.string_with_bad_bytes(text),
        }
    }

    /// Go writes an escape for each byte that is not UTF-8.
    fn string_with_bad_bytes(&mut self, text: &[u8]) {
        self.out.push('"');
        for chunk in text.utf8_chunks() {
            let mut quoted = String::new();
            write_quoted(&mut quoted, chunk.valid(), self.style.html);
            let inner = quoted.get(1..quoted.len() - 1);
            self.out.push_str(inner.unwrap_or_default());
            for _ in chunk.invalid() {
                self.out.push_str("\\ufffd");
            }
        }
        self.out.push('"');
    }

    fn list(&mut self, list: &List<'v>) -> Result<(), Failure> {
        if list.is_nil() {
            self.out.push_str("null");
            return Ok(());
        }
        if let Some(bytes) = list.as_bytes() {
            let encoded = STANDARD.encode(bytes);
            self.string(encoded.as_bytes());
            return Ok(());
        }
        let _level = self.session.descend()?;
        self.open('[');
        for (position, item) in list.iter().enumerate() {
            self.separate(position);
            self.value(&item)?;
        }
        self.close(']', list.is_empty());
        Ok(())
    }

    fn map(&mut self, map: &Map<'v>) -> Result<(), Failure> {
        if map.is_nil() {
            self.out.push_str("null");
            return Ok(());
        }
        let _level = self.session.descend()?;
        let members = map.members(self.session);
        self.open('{');
        for (position, (name, member)) in members.iter().enumerate() {
            self.separate(position);
            self.name(name);
            self.value(member)?;
        }
        self.close('}', members.is_empty());
        Ok(())
    }

    /// What opaque values give; always small.
    fn json(&mut self, json: &Json) {
        match json {
            Json::Object(members) => {
                self.open('{');
                for (position, (name, member)) in members.iter().enumerate() {
                    self.separate(position);
                    self.name(name.as_bytes());
                    self.json(member);
                }
                self.close('}', members.is_empty());
            }
            Json::String(text) => self.string(text.as_bytes()),
            other => self.out.push_str(&other.to_string()),
        }
    }

    fn name(&mut self, name: &[u8]) {
        self.string(name);
        self.out.push(':');
        if self.style.indent.is_some() {
            self.out.push(' ');
        }
    }

    fn open(&mut self, bracket: char) {
        self.out.push(bracket);
        self.depth += 1;
    }

    fn separate(&mut self, position: usize) {
        if position > 0 {
            self.out.push(',');
        }
        self.new_line();
    }

    fn close(&mut self, bracket: char, empty: bool) {
        self.depth -= 1;
        if !empty {
            self.new_line();
        }
        self.out.push(bracket);
    }

    fn new_line(&mut self) {
        if let Some(indent) = self.style.indent {
            self.out.push('\n');
            for _ in 0..self.depth {
                self.out.push_str(indent);
            }
        }
    }
}
