//! Colours of a text: YAML, the expressions and templates within it, and texts in a whole
//! ConfigMap.
//!
//! Lines are read one by one; what the next line has to know is a small [`LineState`]. The states
//! are kept, so that drawing reads only the lines that are seen, and a change only those behind it.
//! Half written texts are coloured as well as can be; what is wrong with them is said by `check`.

mod expression;
mod template;
mod yaml;

use super::buffer::TextBuffer;
use std::ops::Range;

/// Longer lines have no colours: nobody reads them, and reading them would take too long.
const LONGEST: usize = 8 * 1_024;

/// What a part of a line is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Token {
    /// The key of a YAML mapping.
    Key,
    /// A text: a quoted one, or what a template writes as it is.
    String,
    /// A number, a truth value, nothing.
    Constant,
    /// A word of the language: `in`, `and`, `range`, `end`.
    Keyword,
    /// The name of a function.
    Function,
    /// A variable, `#`, or a name of the Secret.
    Variable,
    /// What separates: dashes, brackets, operators.
    Mark,
    /// What surrounds an action of a template.
    Action,
    /// A remark.
    Comment,
}

/// A coloured part of a line, in bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Span {
    /// Where it is.
    pub range: Range<usize>,
    /// What it is.
    pub token: Token,
}

/// What a text is, as far as colours go.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Subject {
    /// A whole ConfigMap.
    ConfigMap,
    /// A trigger.
    Trigger,
    /// A template.
    Template,
    /// Other YAML: services, subscriptions.
    #[default]
    Yaml,
}

impl Subject {
    /// What the text of a ConfigMap key is.
    pub fn of_key(key: &str) -> Self {
        if key.starts_with("trigger.") {
            Self::Trigger
        } else if key.starts_with("template.") {
            Self::Template
        } else {
            Self::Yaml
        }
    }
}

/// The language within a scalar.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Language {
    /// None.
    Text,
    Expression,
    Template,
}

/// What the next line has to know of those before it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LineState {
    /// A scalar that goes on on lines that are indented more than this.
    scalar: Option<(usize, Language)>,
    /// A quoted scalar goes on.
    quote: Option<(char, Language)>,
    /// An action of a template goes on.
    action: bool,
    /// Within `data` of a whole ConfigMap.
    data: bool,
    /// The key of the ConfigMap whose text goes on on lines that are indented more than this.
    key: Option<(usize, Subject)>,
}

/// Collects spans, or only follows the states.
struct Line<'l> {
    text: &'l str,
    spans: Option<&'l mut Vec<Span>>,
}

impl Line<'_> {
    fn put(&mut self, range: Range<usize>, token: Token) {
        if let Some(spans) = self.spans.as_deref_mut()
            && !range.is_empty()
        {
            spans.push(Span { range, token });
        }
    }
}

/// The states of a text's lines, as far as they were needed.
#[derive(Clone, Debug, Default)]
pub struct Highlighter {
    subject: Subject,
    /// The state before each line.
    states: Vec<LineState>,
}

impl Highlighter {
    /// Nothing is known yet.
    pub fn new(subject: Subject) -> Self {
        Self {
            subject,
            states: vec![LineState::default()],
        }
    }

    /// Follows the text up to this line; call it before drawing and after changes.
    pub fn prepare(&mut self, buffer: &mut TextBuffer, until: usize) {
        let stale = buffer.take_stale();
        self.states.truncate(stale.saturating_add(1).max(1));
        while self.states.len() <= until.min(buffer.lines().len()) {
            let number = self.states.len() - 1;
            let mut state = self.states.last().cloned().unwrap_or_default();
            let mut line = Line {
                text: buffer.line(number),
                spans: None,
            };
            read(&mut line, self.subject, &mut state);
            self.states.push(state);
        }
    }

    /// The coloured parts of a line, in order. Without colours where [`prepare`](Self::prepare)
    /// has not been.
    pub fn spans(&self, buffer: &TextBuffer, number: usize) -> Vec<Span> {
        let mut spans = Vec::new();
        if let Some(state) = self.states.get(number) {
            let mut line = Line {
                text: buffer.line(number),
                spans: Some(&mut spans),
            };
            read(&mut line, self.subject, &mut state.clone());
        }
        spans
    }
}

fn read(line: &mut Line<'_>, subject: Subject, state: &mut LineState) {
    if line.text.len() > LONGEST {
        return;
    }
    match subject {
        Subject::ConfigMap => yaml::config_map_line(line, state),
        other => yaml::line(line, other, state),
    }
}

/// A part of a scalar in its language; gives where it ends.
fn scalar(line: &mut Line<'_>, range: Range<usize>, language: Language, state: &mut LineState) {
    match language {
        Language::Text => yaml::plain(line, range),
        Language::Expression => expression::read(line, range),
        Language::Template => template::read(line, range, &mut state.action),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Each coloured part with the letter of its token.
    fn shown(subject: Subject, text: &str) -> Vec<Vec<String>> {
        let mut buffer = TextBuffer::new(text);
        let mut highlighter = Highlighter::new(subject);
        highlighter.prepare(&mut buffer, usize::MAX);
        let letter = |token: Token| match token {
            Token::Key => "k",
            Token::String => "s",
            Token::Constant => "c",
            Token::Keyword => "w",
            Token::Function => "f",
            Token::Variable => "v",
            Token::Mark => "m",
            Token::Action => "a",
            Token::Comment => "#",
        };
        let line = |number: usize| {
            let spans = highlighter.spans(&buffer, number);
            let part = |span: Span| {
                format!(
                    "{}:{}",
                    letter(span.token),
                    &buffer.line(number)[span.range]
                )
            };
            spans.into_iter().map(part).collect()
        };
        (0..buffer.lines().len()).map(line).collect()
    }

    #[test]
    fn conditions_on_one_line_and_in_blocks() {
        let text = "- when: len(pod.x) > 0 and a == 'b' # why\n  oncePer: |-\n    any(p, {#.y})\n  \
                    send: [a, 'b']\n  description: when: no";
        let lines = shown(Subject::Trigger, text);
        let first = [
            "m:-", "k:when", "m::", "f:len", "m:(", "m:.", "m:)", "m:>", "c:0", "w:and", "m:==",
            "s:'b'", "#:# why",
        ];
        assert_eq!(lines[0], first);
        assert_eq!(
            lines[2],
            ["f:any", "m:(", "m:,", "m:{", "v:#", "m:.", "m:}", "m:)"]
        );
        assert_eq!(lines[3], ["k:send", "m::", "m:[", "m:,", "s:'b'", "m:]"]);
        assert_eq!(lines[4], ["k:description", "m::"]);
    }

    #[test]
    fn templates_in_blocks_and_quotes() {
        let text = "message: |\n  Pod {{.pod.name | quote}} is {{if eq $x \"y\"}}up{{end}}\n\
                    slack:\n  blocks: \"a {{ .b }}\"\nengine: handlebars";
        let lines = shown(Subject::Template, text);
        let second = [
            "s:Pod ", "a:{{", "m:.", "m:.", "m:|", "f:quote", "a:}}", "s: is ", "a:{{", "w:if",
            "f:eq", "v:$x", "s:\"y\"", "a:}}", "s:up", "a:{{", "w:end", "a:}}",
        ];
        assert_eq!(lines[1], second);
        assert_eq!(
            lines[3],
            ["k:blocks", "m::", "s:\"a ", "a:{{", "m:.", "a:}}", "s:\""]
        );
        assert_eq!(lines[4], ["k:engine", "m::"]);
    }

    #[test]
    fn a_whole_config_map_has_all_of_them() {
        let text = "kind: ConfigMap\ndata:\n  trigger.a: |\n    - when: x == 1\n      send: [t]\n  \
                    template.t: |\n    message: a {{.b}}\n  service.webhook.w: |\n    url: $url\n\
                    other: 1";
        let lines = shown(Subject::ConfigMap, text);
        assert_eq!(lines[2], ["k:trigger.a", "m::", "m:|"]);
        assert_eq!(lines[3], ["m:-", "k:when", "m::", "m:==", "c:1"]);
        assert_eq!(
            lines[6],
            ["k:message", "m::", "s:a ", "a:{{", "m:.", "a:}}"]
        );
        assert_eq!(lines[8], ["k:url", "m::", "v:$url"]);
        assert_eq!(lines[9], ["k:other", "m::", "c:1"]);
    }

    #[test]
    fn a_change_reaches_the_lines_behind_it() {
        let mut buffer = TextBuffer::new("when: |\n  a == 1\nsend: []");
        let mut highlighter = Highlighter::new(Subject::Trigger);
        highlighter.prepare(&mut buffer, 9);
        assert_eq!(highlighter.spans(&buffer, 1).len(), 2);
        buffer.insert("# ");
        highlighter.prepare(&mut buffer, 9);
        assert_eq!(highlighter.spans(&buffer, 0)[0].token, Token::Comment);
        assert_eq!(highlighter.spans(&buffer, 1), []);
    }

    /// Nothing that is half written stops it, and spans are in order and within the line.
    #[test]
    fn any_text_can_be_coloured() {
        let parts = [
            "- ",
            "when",
            ": ",
            "|",
            "\n",
            "  ",
            "'",
            "\"",
            "{{",
            "}}",
            "#",
            "é",
            "$",
            "(",
            "data:",
            "trigger.a: |\n",
            "/*",
            "`",
            "\\",
            "0x",
            "-",
        ];
        let mut seed = 7_usize;
        for _ in 0..3_000 {
            let mut text = String::new();
            for _ in 0..12 {
                seed = seed
                    .wrapping_mul(6_364_136_223_846_793_005)
                    .wrapping_add(1_442_695);
                text.push_str(parts[(seed >> 33) % parts.len()]);
            }
            for subject in [Subject::ConfigMap, Subject::Trigger, Subject::Template] {
                let mut buffer = TextBuffer::new(&text);
                let mut highlighter = Highlighter::new(subject);
                highlighter.prepare(&mut buffer, usize::MAX);
                for number in 0..buffer.lines().len() {
                    let mut end = 0;
                    for span in highlighter.spans(&buffer, number) {
                        assert!(span.range.start >= end, "{text:?}");
                        end = span.range.end;
                        assert!(buffer.line(number).get(span.range).is_some(), "{text:?}");
                    }
                }
            }
        }
    }
}
