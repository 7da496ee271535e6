//! `toJSON` and `fromJSON`, as Go's `encoding/json` writes and reads.

use super::{Context, Outcome};
use crate::expr::budget::EXCEEDED;
use crate::expr::text::Text;
use crate::expr::value::{Key, List, ListKind, MAX_DEPTH, Map, MapKind, Value};
use crate::golang::{json, number};
use std::collections::BTreeMap;
use std::sync::Arc;

/// The value as indented JSON.
pub(super) fn encode<'v>(value: &Value<'v>, context: &mut Context<'_>) -> Outcome<Value<'v>> {
    let mut out = String::new();
    write(&mut out, value, 0, context)?;
    Ok(Value::string(out))
}

fn new_line(out: &mut String, depth: usize) {
    out.push('\n');
    for _ in 0..depth {
        out.push_str("  ");
    }
}

fn write(
    out: &mut String,
    value: &Value<'_>,
    depth: usize,
    context: &mut Context<'_>,
) -> Outcome<()> {
    let before = out.len();
    match value {
        Value::Nil => out.push_str("null"),
        Value::Bool(truth) => out.push_str(if *truth { "true" } else { "false" }),
        Value::Int(int) | Value::Int64(int) | Value::Month(int) | Value::Weekday(int) => {
            out.push_str(&int.to_string());
        }
        Value::Duration(duration) => out.push_str(&duration.0.to_string()),
        Value::Uint8(byte) => out.push_str(&byte.to_string()),
        Value::Float(float) if float.is_finite() => out.push_str(&number::json_float(*float)),
        Value::Float(float) => {
            let text = number::display_float(*float);
            return Err(format!("json: unsupported value: {text}"));
        }
        Value::Text(text) => json::write_string(out, &text.to_str()),
        Value::Bytes(bytes) => {
            out.push('"');
            out.push_str(&super::convert::encode_base64(bytes));
            out.push('"');
        }
        Value::Time(time) => {
            let year = time.civil().year;
            if !(0..=9999).contains(&year) {
                return Err(
                    "json: error calling MarshalJSON for type time.Time: Time.MarshalJSON: year \
                     outside of range [0,9999]"
                        .to_owned(),
                );
            }
            json::write_string(out, &time.rfc3339_nano());
        }
        // A pointer to a structure without public fields.
        Value::Zone(_) => out.push_str("{}"),
        Value::List(list) if list.is_nil => out.push_str("null"),
        Value::Array(_) | Value::List(_) => {
            return write_list(out, value, depth, context);
        }
        Value::Map(map) if map.kind != MapKind::Text => {
            return Err(format!("json: unsupported type: {}", value.type_name()));
        }
        Value::Object(_) | Value::Map(_) => return write_map(out, value, depth, context),
        Value::Function(_) => {
            return Err(format!("json: unsupported type: {}", value.type_name()));
        }
    }
    context.budget.text(out.len() - before)
}

fn write_list(
    out: &mut String,
    value: &Value<'_>,
    depth: usize,
    context: &mut Context<'_>,
) -> Outcome<()> {
    let len = value.list_len().unwrap_or(0);
    out.push('[');
    for index in 0..len {
        if index > 0 {
            out.push(',');
        }
        new_line(out, depth + 1);
        context.budget.text(2 * depth + 4)?;
        let item = value.element(index).unwrap_or_default();
        write(out, &item, depth + 1, context)?;
    }
    if len > 0 {
        new_line(out, depth);
    }
    out.push(']');
    context.budget.text(2 * depth + 4)
}

fn write_map(
    out: &mut String,
    value: &Value<'_>,
    depth: usize,
    context: &mut Context<'_>,
) -> Outcome<()> {
    let entries = value.entries();
    let empty = entries.is_empty();
    out.push('{');
    for (position, (key, member)) in entries.into_iter().enumerate() {
        if position > 0 {
            out.push(',');
        }
        new_line(out, depth + 1);
        context.budget.text(2 * depth + 6)?;
        write(out, &key, depth + 1, context)?;
        out.push_str(": ");
        write(out, &member, depth + 1, context)?;
    }
    if !empty {
        new_line(out, depth);
    }
    out.push('}');
    context.budget.text(2 * depth + 4)
}

/// What a JSON text says; all numbers are floats.
pub(super) fn decode<'v>(text: &Text<'v>, context: &mut Context<'_>) -> Outcome<Value<'v>> {
    let text = text.to_str();
    let mut reader = Reader {
        text: &text,
        at: 0,
        context,
    };
    reader.white_space();
    let value = reader.value(0)?;
    reader.white_space();
    match reader.peek() {
        None => Ok(value),
        Some(c) => Err(reader.invalid(c, "after top-level value")),
    }
}

struct Reader<'t, 'c, 'b> {
    text: &'t str,
    at: usize,
    context: &'c mut Context<'b>,
}

impl Reader<'_, '_, '_> {
    fn peek(&self) -> Option<char> {
        self.text[self.at..].chars().next()
    }

    fn white_space(&mut self) {
        let rest = &self.text[self.at..];
        self.at += rest.len() - rest.trim_start_matches([' ', '\t', '\r', '\n']).len();
    }

    fn end<T>(&self) -> Outcome<T> {
        Err("unexpected end of JSON input".to_owned())
    }

    fn invalid(&self, c: char, place: &str) -> String {
        let shown = match c {
            '\'' => "'\\''".to_owned(),
            '"' => "'\"'".to_owned(),
            c => format!(
                "'{}'",
                crate::expr::lexer::go_quoted(&c.to_string()).trim_matches('"')
            ),
        };
        format!("invalid character {shown} {place}")
    }

    fn value<'v>(&mut self, depth: u32) -> Outcome<Value<'v>> {
        if depth >= MAX_DEPTH - 1 {
            return Err("exceeded max depth".to_owned());
        }
        self.context.budget.values(1)?;
        match self.peek() {
            None => self.end(),
            Some('{') => self.object(depth),
            Some('[') => self.array(depth),
            Some('"') => Ok(Value::string(self.string()?)),
            Some('-' | '0'..='9') => self.number(),
            Some('t') => self.word("true", Value::Bool(true)),
            Some('f') => self.word("false", Value::Bool(false)),
            Some('n') => self.word("null", Value::Nil),
            Some(c) => Err(self.invalid(c, "looking for beginning of value")),
        }
    }

    fn word<'v>(&mut self, word: &str, value: Value<'v>) -> Outcome<Value<'v>> {
        for (position, expected) in word.chars().enumerate() {
            match self.peek() {
                None => return self.end(),
                Some(c) if c == expected => self.at += 1,
                Some(c) => {
                    debug_assert!(position > 0, "the first letter chose the word");
                    return Err(
                        self.invalid(c, &format!("in literal {word} (expecting '{expected}')"))
                    );
                }
            }
        }
        Ok(value)
    }

    fn number<'v>(&mut self) -> Outcome<Value<'v>> {
        let start = self.at;
        if self.peek() == Some('-') {
            self.at += 1;
        }
        match self.peek() {
            None => return self.end(),
            Some('0') => self.at += 1,
            Some('1'..='9') => self.digits(),
            Some(c) => return Err(self.invalid(c, "in numeric literal")),
        }
        if self.peek() == Some('.') {
            self.at += 1;
            self.some_digits("after decimal point in numeric literal")?;
        }
        if matches!(self.peek(), Some('e' | 'E')) {
            self.at += 1;
            if matches!(self.peek(), Some('+' | '-')) {
                self.at += 1;
            }
            self.some_digits("in exponent of numeric literal")?;
        }
        let text = &self.text[start..self.at];
        match text.parse::<f64>() {
            Ok(float) if float.is_finite() => Ok(Value::Float(float)),
            _ => Err(format!(
                "json: cannot unmarshal number {text} into Go value of type float64"
            )),
        }
    }

    fn digits(&mut self) {
        while matches!(self.peek(), Some('0'..='9')) {
            self.at += 1;
        }
    }

    fn some_digits(&mut self, place: &str) -> Outcome<()> {
        match self.peek() {
            None => self.end(),
            Some('0'..='9') => {
                self.digits();
                Ok(())
            }
            Some(c) => Err(self.invalid(c, place)),
        }
    }

    fn string(&mut self) -> Outcome<String> {
        self.at += 1;
        let mut out = String::new();
        loop {
            let rest = &self.text[self.at..];
            let plain = rest
                .find(|c: char| c == '"' || c == '\\' || c < ' ')
                .unwrap_or(rest.len());
            out.push_str(&rest[..plain]);
            self.at += plain;
            match self.peek() {
                None => return self.end(),
                Some('"') => {
                    self.at += 1;
                    self.context.budget.text(out.len())?;
                    return Ok(out);
                }
                Some('\\') => self.escape(&mut out)?,
                Some(c) => return Err(self.invalid(c, "in string literal")),
            }
        }
    }

    fn escape(&mut self, out: &mut String) -> Outcome<()> {
        self.at += 1;
        let Some(c) = self.peek() else {
            return self.end();
        };
        let plain = match c {
            '"' | '\\' | '/' => c,
            'b' => '\u{8}',
            'f' => '\u{c}',
            'n' => '\n',
            'r' => '\r',
            't' => '\t',
            'u' => {
                self.at += 1;
                let high = self.hexadecimal()?;
                out.push(self.surrogate(high)?);
                return Ok(());
            }
            c => return Err(self.invalid(c, "in string escape code")),
        };
        self.at += 1;
        out.push(plain);
        Ok(())
    }

    fn hexadecimal(&mut self) -> Outcome<u32> {
        let mut code = 0;
        for _ in 0..4 {
            match self.peek() {
                None => return self.end(),
                Some(c) => match c.to_digit(16) {
                    Some(digit) => {
                        code = code * 16 + digit;
                        self.at += 1;
                    }
                    None => return Err(self.invalid(c, "in \\u hexadecimal character escape")),
                },
            }
        }
        Ok(code)
    }

    /// The character of a code unit; the second half of a pair is taken along, a lone half is
    /// U+FFFD.
    fn surrogate(&mut self, high: u32) -> Outcome<char> {
        if (0xd800..0xdc00).contains(&high) && self.text[self.at..].starts_with("\\u") {
            let before = self.at;
            self.at += 2;
            let low = self.hexadecimal()?;
            if (0xdc00..0xe000).contains(&low) {
                let code = 0x10000 + ((high - 0xd800) << 10) + (low - 0xdc00);
                return Ok(char::from_u32(code).unwrap_or('\u{fffd}'));
            }
            self.at = before;
        }
        Ok(char::from_u32(high).unwrap_or('\u{fffd}'))
    }

    fn array<'v>(&mut self, depth: u32) -> Outcome<Value<'v>> {
        self.at += 1;
        let mut items = Vec::new();
        self.white_space();
        if self.peek() == Some(']') {
            self.at += 1;
        } else {
            loop {
                self.white_space();
                items.push(self.value(depth + 1)?);
                self.white_space();
                match self.peek() {
                    None => return self.end(),
                    Some(',') => self.at += 1,
                    Some(']') => {
                        self.at += 1;
                        break;
                    }
                    Some(c) => return Err(self.invalid(c, "after array element")),
                }
            }
        }
        match List::new(ListKind::Any, items) {
            Ok(list) => Ok(Value::List(Arc::new(list))),
            Err(_) => Err(EXCEEDED.to_owned()),
        }
    }

    fn object<'v>(&mut self, depth: u32) -> Outcome<Value<'v>> {
        self.at += 1;
        let mut members = BTreeMap::new();
        self.white_space();
        if self.peek() == Some('}') {
            self.at += 1;
        } else {
            loop {
                self.white_space();
                match self.peek() {
                    None => return self.end(),
                    Some('"') => {}
                    Some(c) => {
                        return Err(self.invalid(c, "looking for beginning of object key string"));
                    }
                }
                let name = self.string()?;
                self.white_space();
                match self.peek() {
                    None => return self.end(),
                    Some(':') => self.at += 1,
                    Some(c) => return Err(self.invalid(c, "after object key")),
                }
                self.white_space();
                let member = self.value(depth + 1)?;
                members.insert(Key::Text(Text::from(name)), member);
                self.white_space();
                match self.peek() {
                    None => return self.end(),
                    Some(',') => self.at += 1,
                    Some('}') => {
                        self.at += 1;
                        break;
                    }
                    Some(c) => return Err(self.invalid(c, "after object key:value pair")),
                }
            }
        }
        match Map::new(MapKind::Text, members) {
            Ok(map) => Ok(Value::Map(Arc::new(map))),
            Err(_) => Err(EXCEEDED.to_owned()),
        }
    }
}
