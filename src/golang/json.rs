//! JSON as Go's `encoding/json` writes it.

use super::number;
use serde_json::Value;

/// Appends a quoted JSON string. Like Go, `<`, `>`, `&` are escaped, and the line separators
/// U+2028 and U+2029; other text beyond ASCII stays as it is.
pub fn write_string(out: &mut String, text: &str) {
    write_quoted(out, text, true);
}

/// Appends a quoted JSON string; `html` says whether `<`, `>`, `&` are escaped.
pub fn write_quoted(out: &mut String, text: &str, html: bool) {
    out.push('"');
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            '\u{8}' => out.push_str("\\b"),
            '\u{c}' => out.push_str("\\f"),
            '<' | '>' | '&' if html => out.push_str(&format!("\\u{:04x}", c as u32)),
            '\u{2028}' | '\u{2029}' => out.push_str(&format!("\\u{:04x}", c as u32)),
            c if (c as u32) < 0x20 => out.push_str(&format!("\\u{:04x}", c as u32)),
            c => out.push(c),
        }
    }
    out.push('"');
}

/// How a value is laid out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Style<'s> {
    /// Escape `<`, `>`, `&`.
    pub html: bool,
    /// One level of indentation; `None` writes everything on one line without spaces.
    pub indent: Option<&'s str>,
}

/// On one line, `<>&` escaped: Go's `json.Marshal`.
pub const COMPACT: Style<'static> = Style {
    html: true,
    indent: None,
};

/// Two spaces, `<>&` escaped: Go's `json.MarshalIndent(v, "", "  ")`.
pub const PRETTY: Style<'static> = Style {
    html: true,
    indent: Some("  "),
};

/// The value as JSON text; members in sorted order, floats in Go's form.
pub fn to_string(value: &Value, style: Style<'_>) -> String {
    let mut out = String::new();
    write_value(&mut out, value, style, 0);
    out
}

fn write_value(out: &mut String, value: &Value, style: Style<'_>, depth: usize) {
    match value {
        Value::Null => out.push_str("null"),
        Value::Bool(truth) => out.push_str(if *truth { "true" } else { "false" }),
        Value::Number(n) => match (n.as_i64(), n.as_u64(), n.as_f64()) {
            (Some(int), _, _) => out.push_str(&int.to_string()),
            (None, Some(int), _) => out.push_str(&int.to_string()),
            (None, None, float) => out.push_str(&number::json_float(float.unwrap_or(f64::NAN))),
        },
        Value::String(text) => write_quoted(out, text, style.html),
        Value::Array(items) if items.is_empty() => out.push_str("[]"),
        Value::Array(items) => {
            out.push('[');
            for (position, item) in items.iter().enumerate() {
                separate(out, position, style, depth + 1);
                write_value(out, item, style, depth + 1);
            }
            close(out, ']', style, depth);
        }
        Value::Object(members) if members.is_empty() => out.push_str("{}"),
        Value::Object(members) => {
            out.push('{');
            let mut sorted: Vec<_> = members.iter().collect();
            sorted.sort_by(|a, b| a.0.cmp(b.0));
            for (position, (name, member)) in sorted.into_iter().enumerate() {
                separate(out, position, style, depth + 1);
                write_quoted(out, name, style.html);
                out.push(':');
                if style.indent.is_some() {
                    out.push(' ');
                }
                write_value(out, member, style, depth + 1);
            }
            close(out, '}', style, depth);
        }
    }
}

fn separate(out: &mut String, position: usize, style: Style<'_>, depth: usize) {
    if position > 0 {
        out.push(',');
    }
    new_line(out, style, depth);
}

fn close(out: &mut String, bracket: char, style: Style<'_>, depth: usize) {
    new_line(out, style, depth);
    out.push(bracket);
}

fn new_line(out: &mut String, style: Style<'_>, depth: usize) {
    if let Some(indent) = style.indent {
        out.push('\n');
        for _ in 0..depth {
            out.push_str(indent);
        }
    }
}

/// What kind of JSON value this is, for messages: `object`, `array`, `string`, `number`, `bool`,
/// `null`.
pub fn type_name(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "bool",
        Value::Number(_) => "number",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn writes_like_go() {
        let value = json!({"b": [1, 2.5, 1e21, []], "a": "<é>\u{2028}\u{1}", "c": {}});
        assert_eq!(
            to_string(&value, COMPACT),
            "{\"a\":\"\\u003cé\\u003e\\u2028\\u0001\",\"b\":[1,2.5,1e+21,[]],\"c\":{}}"
        );
        assert_eq!(
            to_string(&json!({"a": [1]}), PRETTY),
            "{\n  \"a\": [\n    1\n  ]\n}"
        );
    }
}
