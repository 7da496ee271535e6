//! The tree that a YAML text is read into.

use super::scalar::ScalarValue;
use crate::domain::Position;
use granit_parser::ScalarStyle;
use serde_json::Value;
use std::borrow::Cow;
use std::sync::Arc;

/// One value of a YAML document, with the place it was written at.
///
/// Aliases are resolved (the node then has the place of the anchored text) and `<<` merges are
/// carried out.
#[derive(Clone, Debug, PartialEq)]
pub struct Node {
    /// Where its text begins.
    pub position: Position,
    /// What it is.
    pub content: Content,
    /// Bytes of the source that it was read from.
    pub(super) span: (usize, usize),
}

/// The three sorts of nodes.
#[derive(Clone, Debug, PartialEq)]
pub enum Content {
    /// A single value.
    Scalar(Scalar),
    /// A list.
    Sequence(Vec<Node>),
    /// A map in source order. The same key may occur more than once: the last one counts.
    Mapping(Vec<Entry>),
}

/// A scalar.
#[derive(Clone, Debug, PartialEq)]
pub struct Scalar {
    /// Its text after unfolding and unescaping; for a plain scalar, as it is written.
    pub text: Arc<str>,
    /// What the text means.
    pub value: ScalarValue,
    /// How it is written.
    pub(super) style: ScalarStyle,
    /// Takes part in `$secret` replacement: text, and not by a tag of another type.
    pub(super) replaceable: bool,
}

/// One key with its value.
#[derive(Clone, Debug, PartialEq)]
pub struct Entry {
    /// The key; always a scalar.
    pub key: Node,
    /// The value.
    pub value: Node,
    /// Brought in by a `<<` merge.
    pub merged: bool,
}

impl Node {
    /// A text node at this place, for values that are made and not read.
    pub fn text(text: impl Into<Arc<str>>, position: Position) -> Self {
        Self {
            position,
            content: Content::Scalar(Scalar {
                text: text.into(),
                value: ScalarValue::Text,
                style: ScalarStyle::DoubleQuoted,
                replaceable: true,
            }),
            span: (0, 0),
        }
    }

    /// The null node, which an empty document is.
    pub fn null(position: Position) -> Self {
        Self {
            position,
            content: Content::Scalar(Scalar {
                text: "".into(),
                value: ScalarValue::Null,
                style: ScalarStyle::Plain,
                replaceable: false,
            }),
            span: (0, 0),
        }
    }

    /// The scalar, if it is one.
    pub fn as_scalar(&self) -> Option<&Scalar> {
        match &self.content {
            Content::Scalar(scalar) => Some(scalar),
            _ => None,
        }
    }

    /// The items, if it is a list.
    pub fn as_sequence(&self) -> Option<&[Node]> {
        match &self.content {
            Content::Sequence(items) => Some(items),
            _ => None,
        }
    }

    /// The entries in source order, if it is a map.
    pub fn as_mapping(&self) -> Option<&[Entry]> {
        match &self.content {
            Content::Mapping(entries) => Some(entries),
            _ => None,
        }
    }

    /// What Go's JSON decoder calls this value in its messages: `string`, `number`, `bool`,
    /// `array`, `object` or `null`.
    pub fn json_type(&self) -> &'static str {
        match &self.content {
            Content::Sequence(_) => "array",
            Content::Mapping(_) => "object",
            Content::Scalar(scalar) => match scalar.value {
                ScalarValue::Null => "null",
                ScalarValue::Bool(_) => "bool",
                ScalarValue::Int(_) | ScalarValue::Uint(_) | ScalarValue::Float(_) => "number",
                ScalarValue::Text => "string",
            },
        }
    }

    /// Whether it is null.
    pub fn is_null(&self) -> bool {
        matches!(self.as_scalar(), Some(scalar) if scalar.value == ScalarValue::Null)
    }

    /// The text that a string field gets from this scalar (see [`ScalarValue::coerced`]); `None`
    /// for lists and maps.
    pub fn to_text(&self) -> Option<Cow<'_, str>> {
        self.as_scalar().map(Scalar::to_text)
    }

    /// The text, only if the scalar is text in the YAML already.
    pub fn as_text(&self) -> Option<&str> {
        self.as_scalar()
            .filter(|scalar| scalar.value == ScalarValue::Text)
            .map(|scalar| &*scalar.text)
    }

    /// The member of this name, if it is a map that has it. Names match without regard to case, as
    /// Go's JSON decoder matches struct fields; null members count as absent.
    pub fn get(&self, name: &str) -> Option<&Node> {
        let entries = self.as_mapping()?;
        effective(entries)
            .into_iter()
            .rev()
            .find(|(key, value)| key.eq_ignore_ascii_case(name) && !value.is_null())
            .map(|(_, value)| value)
    }

    /// Keys that are written more than once in the same map, anywhere in the tree, each with the
    /// place of the later one. The last one counts, silently, in the original.
    pub fn duplicate_keys(&self) -> Vec<(String, Position)> {
        let mut found = Vec::new();
        self.collect_duplicates(&mut found);
        found
    }

    fn collect_duplicates(&self, found: &mut Vec<(String, Position)>) {
        match &self.content {
            Content::Scalar(_) => {}
            Content::Sequence(items) => {
                for item in items {
                    item.collect_duplicates(found);
                }
            }
            Content::Mapping(entries) => {
                let mut seen = std::collections::HashSet::new();
                for entry in entries {
                    if !entry.merged && !seen.insert(entry.key.key_text()) {
                        let key = entry.key.key_text().into_owned();
                        found.push((key, entry.key.position));
                    }
                    entry.value.collect_duplicates(found);
                }
            }
        }
    }

    /// The name under which JSON keeps this key.
    pub(super) fn key_text(&self) -> Cow<'_, str> {
        match self.as_scalar() {
            Some(scalar) => scalar.key_text(),
            None => Cow::Borrowed(""),
        }
    }

    /// The value as JSON, as the original converts it: keys become text, the last duplicate wins.
    /// Numbers that JSON can't hold (`.inf`, `.nan`) become text.
    pub fn to_json(&self) -> Value {
        match &self.content {
            Content::Scalar(scalar) => match scalar.value {
                ScalarValue::Null => Value::Null,
                ScalarValue::Bool(truth) => truth.into(),
                ScalarValue::Int(int) => int.into(),
                ScalarValue::Uint(int) => int.into(),
                ScalarValue::Float(float) => json_number(float)
                    .map_or_else(|| scalar.to_text().into_owned().into(), Value::Number),
                ScalarValue::Text => Value::String(scalar.text.to_string()),
            },
            Content::Sequence(items) => items.iter().map(Node::to_json).collect(),
            Content::Mapping(entries) => entries
                .iter()
                .map(|entry| (entry.key.key_text().into_owned(), entry.value.to_json()))
                .collect::<serde_json::Map<_, _>>()
                .into(),
        }
    }

    /// Replaces `$name` in every text scalar, in values and in keys, by what `lookup` gives for
    /// the name; where it gives nothing the text stays. A name is the longest run of ASCII letters,
    /// digits, `_` and `-`. What was inserted is not looked at again, and the scalar stays text
    /// whatever it then looks like. Numbers, booleans and scalars with another tag are left alone.
    #[must_use]
    pub fn substitute(&self, lookup: &mut dyn FnMut(&str) -> Option<String>) -> Node {
        let content = match &self.content {
            Content::Scalar(scalar) if scalar.replaceable && scalar.text.contains('$') => {
                Content::Scalar(Scalar {
                    text: replace_names(&scalar.text, lookup).into(),
                    ..scalar.clone()
                })
            }
            Content::Scalar(scalar) => Content::Scalar(scalar.clone()),
            Content::Sequence(items) => {
                Content::Sequence(items.iter().map(|item| item.substitute(lookup)).collect())
            }
            Content::Mapping(entries) => {
                let replaced = entries.iter().map(|entry| Entry {
                    key: entry.key.substitute(lookup),
                    value: entry.value.substitute(lookup),
                    merged: entry.merged,
                });
                Content::Mapping(replaced.collect())
            }
        };
        Node {
            position: self.position,
            content,
            span: self.span,
        }
    }

    /// All text scalars, keys included, in source order.
    pub fn texts(&self) -> Vec<&Node> {
        let mut found = Vec::new();
        self.collect_texts(&mut found);
        found
    }

    fn collect_texts<'n>(&'n self, found: &mut Vec<&'n Node>) {
        match &self.content {
            Content::Scalar(scalar) if scalar.replaceable => found.push(self),
            Content::Scalar(_) => {}
            Content::Sequence(items) => items.iter().for_each(|item| item.collect_texts(found)),
            Content::Mapping(entries) => {
                for entry in entries {
                    entry.key.collect_texts(found);
                    entry.value.collect_texts(found);
                }
            }
        }
    }
}

impl Scalar {
    /// The text that a string field gets.
    pub fn to_text(&self) -> Cow<'_, str> {
        match self.value.coerced() {
            Some(text) => text,
            None => Cow::Borrowed(&self.text),
        }
    }

    /// The text as a map key: like a string field, but infinities keep their YAML spelling.
    fn key_text(&self) -> Cow<'_, str> {
        match self.value {
            ScalarValue::Float(float) if !float.is_finite() => {
                Cow::Borrowed(match float.partial_cmp(&0.0) {
                    Some(std::cmp::Ordering::Less) => "-.inf",
                    Some(_) => ".inf",
                    None => ".nan",
                })
            }
            _ => self.to_text(),
        }
    }
}

/// Entries by key text, each key once with its last value, keys in byte order: what remains of a
/// map after its way through JSON.
pub(super) fn effective(entries: &[Entry]) -> Vec<(Cow<'_, str>, &Node)> {
    let mut last = std::collections::BTreeMap::new();
    for entry in entries {
        last.insert(entry.key.key_text(), &entry.value);
    }
    last.into_iter().collect()
}

/// The number as Go's JSON writes and reads it back: floats without a fraction are whole numbers.
fn json_number(float: f64) -> Option<serde_json::Number> {
    match whole(float) {
        Some(int) => Some(int.into()),
        None => serde_json::Number::from_f64(float),
    }
}

/// The whole number that a float is, if it is one that fits.
pub(super) fn whole(float: f64) -> Option<i64> {
    let fits = float.fract() == 0.0
        && (-9_223_372_036_854_775_808.0..9_223_372_036_854_775_808.0).contains(&float);
    fits.then_some(float as i64)
}

/// The names of all `$name` in a text.
pub fn secret_names(text: &str) -> Vec<&str> {
    let mut names = Vec::new();
    let mut rest = text;
    while let Some(at) = rest.find('$') {
        rest = &rest[at + 1..];
        let length = name_length(rest);
        if length > 0 {
            names.push(&rest[..length]);
        }
        rest = &rest[length..];
    }
    names
}

fn replace_names(text: &str, lookup: &mut dyn FnMut(&str) -> Option<String>) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('$') {
        out.push_str(&rest[..at]);
        let after = &rest[at + 1..];
        let (name, tail) = after.split_at(name_length(after));
        match (!name.is_empty()).then(|| lookup(name)).flatten() {
            Some(value) => out.push_str(&value),
            None => {
                out.push('$');
                out.push_str(name);
            }
        }
        rest = tail;
    }
    out.push_str(rest);
    out
}

fn name_length(text: &str) -> usize {
    text.bytes()
        .take_while(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-'))
        .count()
}

#[cfg(test)]
mod tests {
    use crate::yaml::{parse, secret_names};
    use serde_json::json;

    fn substituted(text: &str) -> serde_json::Value {
        let mut lookup = |name: &str| match name {
            "tok" | "x" => Some("V".to_owned()),
            "dollar" => Some("s$x".to_owned()),
            "yes" => Some("yes".to_owned()),
            "port" => Some("587".to_owned()),
            "my-key_1" => Some("abc\n".to_owned()),
            "pem" => Some("-\n1\n2\n3\n-".to_owned()),
            _ => None,
        };
        parse(text).unwrap().substitute(&mut lookup).to_json()
    }

    /// Cases C6 to C14.
    #[test]
    fn replaces_secret_names() {
        let cases = [
            ("hello $tok", json!("hello V")),
            ("hello $missing", json!("hello $missing")),
            ("$tok.x", json!("V.x")),
            ("'$$tok'", json!("$V")),
            ("$x$x", json!("VV")),
            ("'${x}'", json!("${x}")),
            ("$(x)", json!("$(x)")),
            ("$ünï", json!("$ünï")),
            ("$my-key_1", json!("abc\n")),
            (
                "appID: 12345\nprivateKey: $pem\ninstallationID: 67890",
                json!({"appID": 12345, "privateKey": "-\n1\n2\n3\n-", "installationID": 67890}),
            ),
            (
                "apiUrl: $api-url\napiKeys: {a: $tok, b: $yes}",
                json!({"apiUrl": "$api-url", "apiKeys": {"a": "V", "b": "yes"}}),
            ),
            ("$dollar", json!("s$x")),
            ("{$tok: a}", json!({"V": "a"})),
            (
                "a: [$tok, {b: $tok}] # $tok",
                json!({"a": ["V", {"b": "V"}]}),
            ),
            ("t: $yes", json!({"t": "yes"})),
            ("t: $port", json!({"t": "587"})),
            ("!foo $x", json!("$x")),
            ("!!str $x", json!("V")),
            ("|\n  a $x\n  $x\n", json!("a V\nV\n")),
            (">\n  a $x\n  $x\n", json!("a V V\n")),
            ("$other-secret:key", json!("$other-secret:key")),
            ("cost: 5$", json!({"cost": "5$"})),
        ];
        for (text, value) in cases {
            assert_eq!(substituted(text), value, "{text}");
        }
    }

    #[test]
    fn names_of_secrets() {
        assert_eq!(secret_names("a $b-c, $$d_1.e ${x} $"), ["b-c", "d_1"]);
        assert_eq!(secret_names("none"), [""; 0]);
    }

    #[test]
    fn finds_members_whatever_the_case() {
        let node = parse("{When: a, SEND: [x], nil: ~}").unwrap();
        assert_eq!(node.get("when").unwrap().as_text(), Some("a"));
        assert_eq!(node.get("send").unwrap().as_sequence().unwrap().len(), 1);
        assert!(node.get("nil").is_none());
        assert!(node.get("other").is_none());
    }

    #[test]
    fn duplicates_are_told() {
        let node = parse("a: 1\nb: {c: 1, c: 2}\na: 3\nm: {<<: {x: 1}, x: 2}\n").unwrap();
        let found: Vec<_> = node
            .duplicate_keys()
            .into_iter()
            .map(|(key, place)| format!("{key} {place}"))
            .collect();
        assert_eq!(found, ["c 2:11", "a 3:1"]);
    }
}
