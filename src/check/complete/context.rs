//! What a place in half written YAML is: below which keys, and the key or the value that is typed.

use super::CompletionRequest;
use crate::catalog::KeyKind;

/// Lines above the cursor that are looked at.
const FAR: usize = 2_000;

/// What is typed at the cursor.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Slot {
    /// A key, or an item of a list: nothing before it on its line.
    Entry,
    /// The value of a key; its text up to the cursor, also from the lines above.
    Value { key: String, text: String },
}

/// The place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Context<'r> {
    /// What the key configures whose text it is; `None` outside of them, in a whole ConfigMap.
    pub(super) kind: Option<KeyKind>,
    /// That key.
    pub(super) config_key: &'r str,
    /// The keys above, outermost first, without that of the value itself.
    pub(super) path: Vec<String>,
    /// What is typed.
    pub(super) slot: Slot,
    /// The line up to the cursor.
    pub(super) before: &'r str,
}

impl Context<'_> {
    /// The end of the line up to the cursor that consists of such characters.
    pub(super) fn word(&self, part: fn(char) -> bool) -> &str {
        let kept = self.before.trim_end_matches(part);
        self.before.get(kept.len()..).unwrap_or("")
    }
}

/// A line, taken apart.
struct Line<'l> {
    /// Where a `-` stands, if it begins an item.
    dash: Option<usize>,
    /// Where its content begins.
    column: usize,
    key: Option<&'l str>,
    value: &'l str,
}

fn indent_of(line: &str) -> usize {
    line.len() - line.trim_start_matches(' ').len()
}

fn take_apart(line: &str) -> Option<Line<'_>> {
    let mut column = indent_of(line);
    let mut dash = None;
    let rest = |column: usize| line.get(column..).unwrap_or("");
    while rest(column).starts_with("- ") || rest(column).trim_end() == "-" {
        dash = Some(column);
        column += 1;
        column += indent_of(rest(column));
    }
    let content = rest(column);
    if (content.is_empty() && dash.is_none()) || content.starts_with('#') {
        return None;
    }
    let split = content
        .split_once(": ")
        .or_else(|| Some((content.trim_end().strip_suffix(':')?, "")));
    let quotes = ['"', '\''];
    let is_key = |key: &str| {
        let key = key.trim_matches(quotes);
        !key.is_empty()
            && key
                .chars()
                .all(|c| c.is_alphanumeric() || "-_./$<>".contains(c))
    };
    let (key, value) = match split {
        Some((key, value)) if is_key(key) => (Some(key.trim_matches(quotes)), value.trim()),
        _ => (None, content),
    };
    Some(Line {
        dash,
        column,
        key,
        value,
    })
}

fn is_block(value: &str) -> bool {
    value.starts_with(['|', '>'])
}

/// The context of the cursor; `None` where nothing can be said.
pub(super) fn of<'r>(request: &CompletionRequest<'r>) -> Option<Context<'r>> {
    let (lines, line) = (request.lines, request.line);
    let before = lines.get(line)?.get(..request.column)?;
    if let Some(key) = request.key {
        return Some(within(lines, line, 0, before, key));
    }
    // The key of a whole ConfigMap's data whose block this is.
    let indent = if before.trim().is_empty() {
        before.len()
    } else {
        indent_of(before)
    };
    for above in (line.saturating_sub(FAR)..line).rev() {
        let Some(found) = take_apart(lines.get(above)?) else {
            continue;
        };
        let Some(key) = found.key.filter(|_| found.column < indent) else {
            continue;
        };
        if found.column == 2 && is_block(found.value) {
            return Some(within(lines, line, above + 1, before, key));
        }
        if found.column == 0 {
            return (key == "data").then(|| Context {
                kind: None,
                config_key: "",
                path: Vec::new(),
                slot: Slot::Entry,
                before,
            });
        }
    }
    None
}

/// The context within the text of a key, which begins with line `first`.
fn within<'r>(
    lines: &'r [String],
    line: usize,
    first: usize,
    before: &'r str,
    config_key: &'r str,
) -> Context<'r> {
    let mut context = Context {
        kind: Some(KeyKind::of(config_key)),
        config_key,
        path: Vec::new(),
        slot: Slot::Entry,
        before,
    };
    let here = take_apart(before);
    // The column that keys above must stand before, and whether one in the same column will do:
    // the items of a list may stand below their key.
    let (mut level, mut same) = match &here {
        Some(found) => {
            if let Some(key) = found.key
                && before
                    .get(found.column..)
                    .is_some_and(|content| content.contains(": "))
            {
                context.slot = Slot::Value {
                    key: key.to_owned(),
                    text: before
                        .get(found.column..)
                        .and_then(|content| content.split_once(": "))
                        .map_or("", |(_, text)| text)
                        .trim_start()
                        .to_owned(),
                };
            }
            match found.dash {
                Some(dash) => (dash, true),
                None => (found.column, false),
            }
        }
        None => (before.len(), false),
    };
    let typed_key = matches!(context.slot, Slot::Value { .. });
    for above in (first.max(line.saturating_sub(FAR))..line).rev() {
        let text = lines.get(above).map_or("", String::as_str);
        let Some(found) = take_apart(text) else {
            continue;
        };
        let outside = found.column < level || (same && found.column == level);
        if let Some(key) = found.key.filter(|_| outside) {
            if found.value.is_empty() || found.value.starts_with('#') {
                context.path.insert(0, key.to_owned());
            } else if context.path.is_empty() && !typed_key || is_block(found.value) {
                // Within a text that goes on over lines.
                let mut value = if is_block(found.value) {
                    String::new()
                } else {
                    format!("{}\n", found.value)
                };
                for line in lines.get(above + 1..line).unwrap_or_default() {
                    value.push_str(line.trim_start());
                    value.push('\n');
                }
                value.push_str(before.trim_start());
                context.slot = Slot::Value {
                    key: key.to_owned(),
                    text: value,
                };
                context.path.clear();
            }
            level = found.dash.unwrap_or(found.column);
            same = found.dash.is_some();
        } else if found.dash.is_some_and(|dash| dash < level) {
            level = found.dash.unwrap_or(level);
            same = true;
        }
        if level == 0 && !same {
            break;
        }
    }
    context
}
