//! Writing YAML the way `sigs.k8s.io/yaml` does, so that output can be compared line by line.
//!
//! Keys sorted (with numbers in them compared as numbers), two spaces per level, lists not indented
//! below their key, long lines folded, and quotes exactly where go-yaml v2 puts them.

use super::scalar::{ScalarValue, is_base_sixty, resolve};
use super::timestamp::is_timestamp;
use crate::golang::number::display_float;
use serde_json::Value;
use std::cmp::Ordering;

/// Beyond this column a line is folded at the next single space.
const WIDTH: usize = 80;

/// One level of indentation.
const INDENT: usize = 2;

/// Longer keys are written with `? `.
const LONGEST_SIMPLE_KEY: usize = 128;

/// The value as a YAML document that ends with a newline.
pub fn emit(value: &Value) -> String {
    let mut writer = Writer {
        out: String::new(),
        column: 0,
        blank: true,
        indented: true,
    };
    writer.node(value, None, false);
    if !writer.out.ends_with('\n') {
        writer.out.push('\n');
    }
    writer.out
}

struct Writer {
    out: String,
    column: usize,
    /// The last thing written was white space.
    blank: bool,
    /// The line so far is indentation or `- `, `? `, `: ` marks.
    indented: bool,
}

impl Writer {
    fn put(&mut self, c: char) {
        self.out.push(c);
        self.column += 1;
    }

    fn line_break(&mut self) {
        self.out.push('\n');
        self.column = 0;
    }

    /// Goes to the beginning of a line with this indentation, unless it is there.
    fn indent(&mut self, indent: usize) {
        let there = self.column < indent || (self.column == indent && self.blank);
        if !self.indented || !there {
            self.line_break();
        }
        while self.column < indent {
            self.put(' ');
        }
        self.blank = true;
        self.indented = true;
    }

    /// A mark such as `-` or `:`; `spaced` asks for a space before it, `opens` says that what
    /// follows may begin on the same line as if on its own.
    fn mark(&mut self, mark: &str, spaced: bool, opens: bool) {
        if spaced && !self.blank {
            self.put(' ');
        }
        for c in mark.chars() {
            self.put(c);
        }
        self.blank = false;
        self.indented = self.indented && opens;
    }

    /// `indent` is that of the collection around the node, `None` for the document; `in_map` says
    /// that this collection is a map.
    fn node(&mut self, value: &Value, indent: Option<usize>, in_map: bool) {
        match value {
            Value::Null => self.plain("null", indent),
            Value::Bool(true) => self.plain("true", indent),
            Value::Bool(false) => self.plain("false", indent),
            Value::Number(number) => {
                let text = match (number.as_i64(), number.as_u64(), number.as_f64()) {
                    (Some(int), _, _) => int.to_string(),
                    (None, Some(int), _) => int.to_string(),
                    (None, None, float) => float.map(display_float).unwrap_or_default(),
                };
                self.plain(&text, indent);
            }
            Value::String(text) => self.text(text, indent, false),
            Value::Array(items) if items.is_empty() => {
                self.mark("[", true, false);
                self.mark("]", false, false);
            }
            Value::Array(items) => {
                let inner = match indent {
                    None => 0,
                    // A list below a key stands at the key's own indentation.
                    Some(indent) if in_map && !self.indented => indent,
                    Some(indent) => indent + INDENT,
                };
                for item in items {
                    self.indent(inner);
                    self.mark("-", true, true);
                    self.node(item, Some(inner), false);
                }
            }
            Value::Object(members) if members.is_empty() => {
                self.mark("{", true, false);
                self.mark("}", false, false);
            }
            Value::Object(members) => {
                let inner = indent.map_or(0, |indent| indent + INDENT);
                for (key, member) in sorted(members) {
                    self.indent(inner);
                    if is_simple_key(key) {
                        self.text(key, Some(inner), true);
                        self.mark(":", false, false);
                    } else {
                        self.mark("?", true, true);
                        self.text(key, Some(inner), false);
                        self.indent(inner);
                        self.mark(":", true, true);
                    }
                    self.node(member, Some(inner), true);
                }
            }
        }
    }

    fn plain(&mut self, text: &str, indent: Option<usize>) {
        let inner = indent.map_or(INDENT, |indent| indent + INDENT);
        self.write_plain(text, inner, true);
    }

    fn text(&mut self, text: &str, indent: Option<usize>, key: bool) {
        let inner = indent.map_or(INDENT, |indent| indent + INDENT);
        let traits = Traits::of(text);
        // A bare `<<` as a key would be read back as a merge.
        let merge = key && text == "<<";
        if text.contains('\n') && !key && traits.literal {
            self.write_literal(text, inner);
        } else if !text.contains('\n') && reads_as_text(text) && !merge && traits.plain {
            self.write_plain(text, inner, !key);
        } else if !text.contains('\n') && reads_as_text(text) && !merge && traits.single_quoted {
            self.write_single_quoted(text, inner, !key);
        } else {
            self.write_double_quoted(text, inner, !key);
        }
    }

    fn write_plain(&mut self, text: &str, indent: usize, may_fold: bool) {
        if !self.blank && !text.is_empty() {
            self.put(' ');
        }
        let mut chars = text.chars().peekable();
        let mut spaces = false;
        while let Some(c) = chars.next() {
            let folds = c == ' '
                && may_fold
                && !spaces
                && self.column > WIDTH
                && chars.peek() != Some(&' ');
            if folds {
                self.indent(indent);
            } else {
                self.put(c);
            }
            if c != ' ' {
                self.indented = false;
            }
            spaces = c == ' ';
        }
        self.blank = false;
        self.indented = false;
    }

    fn write_single_quoted(&mut self, text: &str, indent: usize, may_fold: bool) {
        self.mark("'", true, false);
        let mut chars = text.char_indices().peekable();
        let mut spaces = false;
        while let Some((at, c)) = chars.next() {
            let inside = at > 0 && at + 1 < text.len();
            let next_is_space = matches!(chars.peek(), Some((_, ' ')));
            if c == ' ' && may_fold && !spaces && self.column > WIDTH && inside && !next_is_space {
                self.indent(indent);
            } else {
                if c == '\'' {
                    self.put('\'');
                }
                self.put(c);
            }
            if c != ' ' {
                self.indented = false;
            }
            spaces = c == ' ';
        }
        self.mark("'", false, false);
    }

    fn write_double_quoted(&mut self, text: &str, indent: usize, may_fold: bool) {
        self.mark("\"", true, false);
        let mut chars = text.char_indices().peekable();
        let mut spaces = false;
        while let Some((at, c)) = chars.next() {
            let inside = at > 0 && at + 1 < text.len();
            if c == ' ' && may_fold && !spaces && self.column > WIDTH && inside {
                self.indent(indent);
                if matches!(chars.peek(), Some((_, ' '))) {
                    self.put('\\');
                }
            } else if !is_printable(c) || is_break(c) || matches!(c, '"' | '\\') {
                self.escape(c);
            } else {
                self.put(c);
            }
            spaces = c == ' ';
        }
        self.mark("\"", false, false);
    }

    fn escape(&mut self, c: char) {
        let short = match c {
            '\0' => '0',
            '\u{7}' => 'a',
            '\u{8}' => 'b',
            '\t' => 't',
            '\n' => 'n',
            '\u{b}' => 'v',
            '\u{c}' => 'f',
            '\r' => 'r',
            '\u{1b}' => 'e',
            '"' | '\\' => c,
            '\u{85}' => 'N',
            '\u{2028}' => 'L',
            '\u{2029}' => 'P',
            _ => {
                let code = u32::from(c);
                let text = match code {
                    0..=0xff => format!("\\x{code:02X}"),
                    0x100..=0xffff => format!("\\u{code:04X}"),
                    _ => format!("\\U{code:08X}"),
                };
                text.chars().for_each(|c| self.put(c));
                return;
            }
        };
        self.put('\\');
        self.put(short);
    }

    fn write_literal(&mut self, text: &str, indent: usize) {
        self.mark("|", true, false);
        if text.starts_with([' ', '\n']) {
            self.put('2');
        }
        let lines = text.strip_suffix('\n');
        let kept = lines.is_some_and(|lines| lines.is_empty() || lines.ends_with('\n'));
        if lines.is_none() {
            self.put('-');
        } else if kept {
            self.put('+');
        }
        self.line_break();
        self.indented = true;
        self.blank = true;
        let mut breaks = true;
        for c in text.chars() {
            if c == '\n' {
                self.line_break();
                self.indented = true;
                breaks = true;
            } else {
                if breaks {
                    self.indent(indent);
                }
                self.put(c);
                self.indented = false;
                breaks = false;
            }
        }
    }
}

fn is_simple_key(key: &str) -> bool {
    key.len() <= LONGEST_SIMPLE_KEY && !key.contains(is_break)
}

/// Whether the text, written without quotes, would be read back as this text by everybody.
fn reads_as_text(text: &str) -> bool {
    resolve(text) == ScalarValue::Text && !is_base_sixty(text) && !is_timestamp(text)
}

/// In which styles a text can be written.
struct Traits {
    plain: bool,
    single_quoted: bool,
    literal: bool,
}

impl Traits {
    fn of(text: &str) -> Self {
        if text.is_empty() {
            return Self {
                plain: false,
                single_quoted: true,
                literal: false,
            };
        }
        let mut indicators = text.starts_with("---") || text.starts_with("...");
        let (mut special, mut breaks) = (false, false);
        let (mut space_break, mut break_space) = (false, false);
        let mut before: Option<char> = None;
        let mut chars = text.chars().peekable();
        while let Some(c) = chars.next() {
            let blank_follows = chars
                .peek()
                .is_none_or(|c| matches!(c, ' ' | '\t') || is_break(*c));
            let blank_before = before.is_none_or(|c| matches!(c, ' ' | '\t') || is_break(c));
            indicators |= match c {
                '#' => blank_before,
                ':' => blank_follows,
                '?' | '-' => before.is_none() && blank_follows,
                ',' | '[' | ']' | '{' | '}' | '&' | '*' | '!' | '|' | '>' | '\'' | '"' | '%'
                | '@' | '`' => before.is_none(),
                _ => false,
            };
            // The original writes U+2028 and U+2029 bare between single quotes, where they read back
            // as spaces.
            special |= !is_printable(c) || (is_break(c) && c != '\n');
            breaks |= is_break(c);
            space_break |= is_break(c) && before == Some(' ');
            break_space |= c == ' ' && before.is_some_and(is_break);
            before = Some(c);
        }
        let spaces_around = text.starts_with(' ') || text.ends_with(' ');
        let unwritable = special || space_break;
        Self {
            plain: !(indicators || breaks || spaces_around || unwritable),
            single_quoted: !(unwritable || break_space),
            literal: !(unwritable || text.ends_with(' ')),
        }
    }
}

fn is_break(c: char) -> bool {
    matches!(c, '\r' | '\n' | '\u{85}' | '\u{2028}' | '\u{2029}')
}

/// What go-yaml v2 writes without an escape; tabs and everything beyond the basic plane are not.
fn is_printable(c: char) -> bool {
    matches!(c, '\n' | ' '..='~' | '\u{a0}'..='\u{d7ff}' | '\u{e000}'..='\u{fffd}')
        && c != '\u{feff}'
}

/// The members in go-yaml's order of keys. The order is not transitive for every set of keys, so
/// the sort is a plain merge sort, which does not mind.
fn sorted(members: &serde_json::Map<String, Value>) -> Vec<(&str, &Value)> {
    let mut keys: Vec<(&str, &Value)> = members.iter().map(|(k, v)| (k.as_str(), v)).collect();
    keys.sort_unstable_by(|a, b| a.0.cmp(b.0));
    merge_sort(keys)
}

fn merge_sort<'a>(mut left: Vec<(&'a str, &'a Value)>) -> Vec<(&'a str, &'a Value)> {
    if left.len() < 2 {
        return left;
    }
    let right = merge_sort(left.split_off(left.len() / 2));
    let left = merge_sort(left);
    let mut merged = Vec::with_capacity(left.len() + right.len());
    let (mut left, mut right) = (left.into_iter().peekable(), right.into_iter().peekable());
    while let (Some(a), Some(b)) = (left.peek(), right.peek()) {
        let next = match natural_order(b.0, a.0) {
            Ordering::Less => right.next(),
            _ => left.next(),
        };
        merged.extend(next);
    }
    merged.extend(left);
    merged.extend(right);
    merged
}

/// How go-yaml v2 compares keys: `a2` before `a10`, and marks and digits before letters.
fn natural_order(a: &str, b: &str) -> Ordering {
    let a: Vec<char> = a.chars().collect();
    let b: Vec<char> = b.chars().collect();
    let Some(at) = a.iter().zip(&b).position(|(a, b)| a != b) else {
        return a.len().cmp(&b.len());
    };
    let (first, second) = (a[at], b[at]);
    match (first.is_alphabetic(), second.is_alphabetic()) {
        (true, true) => return first.cmp(&second),
        (true, false) => return Ordering::Greater,
        (false, true) => return Ordering::Less,
        (false, false) => {}
    }
    // A zero behind other digits is part of their number; both numbers then begin with a one.
    let inside_number = (first == '0' || second == '0')
        && a[..at]
            .iter()
            .rev()
            .take_while(|c| c.is_ascii_digit())
            .any(|c| *c != '0');
    let (first_number, first_end) = digits(&a, at, inside_number);
    let (second_number, second_end) = digits(&b, at, inside_number);
    first_number
        .cmp(&second_number)
        .then(first_end.cmp(&second_end))
        .then(first.cmp(&second))
}

/// The number that begins here, wrapping like Go's, and where it ends.
fn digits(text: &[char], from: usize, inside_number: bool) -> (i64, usize) {
    let mut value = i64::from(inside_number);
    let mut end = from;
    while let Some(digit) = text.get(end).and_then(|c| c.to_digit(10)) {
        value = value.wrapping_mul(10).wrapping_add(i64::from(digit));
        end += 1;
    }
    (value, end)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    /// Recorded from kubectl, which writes with the same library.
    #[test]
    fn writes_like_kubectl() {
        let cases = [
            (json!({}), "{}\n"),
            (json!(null), "null\n"),
            (json!("x"), "x\n"),
            (json!({"message": "hi"}), "message: hi\n"),
            (json!({"message": "yes"}), "message: \"yes\"\n"),
            (json!({"a": ""}), "a: \"\"\n"),
            (json!({"a": [], "b": {}}), "a: []\nb: {}\n"),
            (
                json!({"a": [1, 2.5, [3, [4]], {"x": 1, "y": [5]}]}),
                "a:\n- 1\n- 2.5\n- - 3\n  - - 4\n- x: 1\n  \"y\":\n  - 5\n",
            ),
            (
                json!({"a10": 1, "a2": 2, "a02": 3, "B": 4, "_": 5}),
                "_: 5\nB: 4\na2: 2\na02: 3\na10: 1\n",
            ),
            (json!({"z": "a\n\n"}), "z: |+\n  a\n\n"),
            (json!({"z": "a\nb"}), "z: |-\n  a\n  b\n"),
            (json!({"z": " a\nb\n"}), "z: |2\n   a\n  b\n"),
            (json!({"z": "a: b"}), "z: 'a: b'\n"),
            (json!({"z": "it's: b"}), "z: 'it''s: b'\n"),
            (json!({"z": "a\tb"}), "z: \"a\\tb\"\n"),
            (json!({"z": "😀"}), "z: \"\\U0001F600\"\n"),
            (json!({"z": "é"}), "z: é\n"),
            (json!({"z": "010"}), "z: \"010\"\n"),
            (json!({"z": "2020-01-01"}), "z: \"2020-01-01\"\n"),
            (json!({"z": "1:30"}), "z: \"1:30\"\n"),
        ];
        for (value, text) in cases {
            assert_eq!(emit(&value), text, "{value}");
        }
    }

    /// An order that contradicts itself must neither panic nor lose a key.
    #[test]
    fn any_keys_can_be_sorted() {
        let parts = [
            "0",
            "1",
            "00",
            "9",
            "a",
            "-",
            "é",
            "10",
            "01",
            "99999999999999999999",
        ];
        let mut members = serde_json::Map::new();
        for a in parts {
            for b in parts {
                for c in parts {
                    members.insert(format!("{a}{b}{c}"), Value::Null);
                }
            }
        }
        assert_eq!(sorted(&members).len(), members.len());
    }
}
