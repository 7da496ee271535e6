//! RE2 patterns, as Go's `regexp` package reads them, on the `regex` crate.
//!
//! The two dialects are near, not equal: Go's `\w`, `\d`, `\s`, `\b` are ASCII, a class is not
//! nested, `\Q…\E` quotes, and much of what Rust accepts Go refuses. So a pattern is read by Go's
//! grammar, errors have Go's texts, and the crate gets an equivalent pattern in its own words.
//! Matching is linear in the text in both; sizes are bounded here.

mod classes;

use classes::push_literal;
use regex::Regex;
use std::fmt::Write as _;
use std::ops::Deref;

/// Longest pattern that is read, in bytes.
const MAX_PATTERN: usize = 64 * 1024;

/// Deepest nesting of groups and repetitions, Go's own limit.
const MAX_NESTING: usize = 1000;

/// Deepest nesting of groups that is compiled: the crate walks them recursively.
const MAX_GROUPS: usize = 250;

/// Largest repeat count, also of nested ones multiplied: Go's own limit.
const MAX_REPEAT: u32 = 1000;

/// Bytes that a compiled pattern may take.
const MAX_COMPILED: usize = 4 << 20;

/// Bytes that the lazy matching tables may take.
const MAX_TABLES: usize = 1 << 20;

/// Why a pattern is refused; displays as Go's message.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("error parsing regexp: {kind}: `{text}`")]
pub struct RegexError {
    /// What is wrong, in Go's words: `missing closing ]`.
    pub kind: &'static str,
    /// The offending part of the pattern; may be empty.
    pub text: String,
}

/// A compiled pattern.
#[derive(Clone, Debug)]
pub struct Pattern {
    regex: Regex,
    states: u64,
}

impl Pattern {
    /// The work of looking through a text of so many bytes once, in bytes of a plain search. A
    /// pattern may be in all of its states at once, and each of them looks at each byte.
    pub fn work(&self, bytes: usize) -> usize {
        /// States that the usual way of matching does not notice.
        const FREE: u64 = 4;
        let factor = usize::try_from(1 + self.states / FREE).unwrap_or(usize::MAX);
        bytes.saturating_mul(factor)
    }
}

impl Deref for Pattern {
    type Target = Regex;

    fn deref(&self) -> &Regex {
        &self.regex
    }
}

/// Compiles an RE2 pattern.
///
/// # Errors
/// With Go's message when the pattern is not RE2, or when it is too large to be run safely.
pub fn compile(pattern: &str) -> Result<Pattern, RegexError> {
    let Translation { text, states } = translate(pattern)?;
    let regex = regex::RegexBuilder::new(&text)
        .size_limit(MAX_COMPILED)
        .dfa_size_limit(MAX_TABLES)
        .nest_limit(MAX_NESTING as u32)
        .build()
        .map_err(|error| {
            let kind = match error {
                regex::Error::CompiledTooBig(_) => "expression too large",
                // What passed our grammar but not the crate's is an unknown Unicode class.
                _ => "invalid character class range",
            };
            RegexError {
                kind,
                text: String::new(),
            }
        })?;
    Ok(Pattern { regex, states })
}

/// A pattern in the dialect of the `regex` crate.
struct Translation {
    text: String,
    /// About the number of states that it compiles to.
    states: u64,
}

/// # Errors
/// With Go's message when the pattern is not RE2.
fn translate(pattern: &str) -> Result<Translation, RegexError> {
    if pattern.len() > MAX_PATTERN {
        return Err(RegexError {
            kind: "expression too large",
            text: String::new(),
        });
    }
    let mut translator = Translator {
        pattern,
        rest: pattern,
        out: String::with_capacity(pattern.len() + 16),
        groups: Vec::new(),
        last: Last::Nothing,
        names: Vec::new(),
        states: 0,
        last_states: 0,
    };
    translator.run()?;
    Ok(Translation {
        text: translator.out,
        states: translator.states,
    })
}

/// What stands before the present position, as far as a repetition cares.
#[derive(Clone, Copy)]
enum Last {
    /// Nothing that can be repeated.
    Nothing,
    /// Something that can, and the largest product of the repeat counts inside it.
    Atom { repeat: u32 },
    /// Just repeated; where the operator stands in the pattern.
    Repeated { operator: usize },
}

struct Group {
    /// Largest product of repeat counts inside so far.
    repeat: u32,
    /// States before it.
    states: u64,
}

struct Translator<'p> {
    pattern: &'p str,
    rest: &'p str,
    out: String,
    groups: Vec<Group>,
    last: Last,
    names: Vec<&'p str>,
    /// States so far, and those of what stands before the present position.
    states: u64,
    last_states: u64,
}

impl<'p> Translator<'p> {
    fn error<T>(&self, kind: &'static str, text: &str) -> Result<T, RegexError> {
        Err(RegexError {
            kind,
            text: text.to_owned(),
        })
    }

    fn position(&self) -> usize {
        self.pattern.len() - self.rest.len()
    }

    fn advance(&mut self, bytes: usize) -> &'p str {
        let (head, tail) = self.rest.split_at(bytes);
        self.rest = tail;
        head
    }

    fn atom(&mut self) {
        self.last = Last::Atom { repeat: 1 };
        self.states = self.states.saturating_add(1);
        self.last_states = 1;
    }

    fn literal(&mut self, c: char) {
        push_literal(&mut self.out, c);
        self.atom();
    }

    fn run(&mut self) -> Result<(), RegexError> {
        while let Some(c) = self.rest.chars().next() {
            match c {
                '(' => self.open()?,
                ')' => self.close()?,
                '|' => {
                    self.advance(1);
                    self.out.push('|');
                    self.last = Last::Nothing;
                }
                '[' => self.class()?,
                '*' | '+' | '?' => {
                    self.advance(1);
                    let lazy = self.lazy();
                    self.repeat(
                        self.position() - 1 - usize::from(lazy),
                        &c.to_string(),
                        lazy,
                        1,
                    )?;
                }
                '{' => self.counted()?,
                '.' | '^' | '$' => {
                    self.advance(1);
                    self.out.push(c);
                    self.atom();
                }
                '\\' => self.escape()?,
                _ => {
                    self.advance(c.len_utf8());
                    self.literal(c);
                }
            }
        }
        if self.groups.is_empty() {
            Ok(())
        } else {
            self.error("missing closing )", self.pattern)
        }
    }

    fn open(&mut self) -> Result<(), RegexError> {
        if self.groups.len() >= MAX_GROUPS {
            return self.error("expression nests too deeply", "");
        }
        let rest = self.rest;
        if !rest.starts_with("(?") {
            self.advance(1);
            self.out.push('(');
            self.enter();
            return Ok(());
        }
        let name_at = if rest.starts_with("(?P<") {
            Some(4)
        } else if rest.starts_with("(?<") && !rest.starts_with("(?<=") && !rest.starts_with("(?<!")
        {
            Some(3)
        } else {
            None
        };
        match name_at {
            Some(start) => self.named(start),
            None => self.flags(),
        }
    }

    fn enter(&mut self) {
        self.groups.push(Group {
            repeat: 1,
            states: self.states,
        });
        self.last = Last::Nothing;
    }

    fn named(&mut self, start: usize) -> Result<(), RegexError> {
        let Some(length) = self.rest[start..].find('>') else {
            return self.error("invalid named capture", self.rest);
        };
        let whole = self.advance(start + length + 1);
        let name = &whole[start..start + length];
        let valid = |b: u8| b == b'_' || b.is_ascii_alphanumeric();
        if name.is_empty() || !name.bytes().all(valid) {
            return self.error("invalid named capture", whole);
        }
        if self.names.contains(&name) {
            return self.error("duplicate capture group name", name);
        }
        self.names.push(name);
        // The crate's names do not begin with a digit.
        let prefix = if name.starts_with(|c: char| c.is_ascii_digit()) {
            "_"
        } else {
            ""
        };
        let _ = write!(self.out, "(?P<{prefix}{name}>");
        self.enter();
        Ok(())
    }

    fn flags(&mut self) -> Result<(), RegexError> {
        let from = self.rest;
        let mut flags = String::new();
        let mut negated = false;
        let mut any_after_sign = true;
        for (at, c) in from.char_indices().skip(2) {
            let seen = &from[..at + c.len_utf8()];
            match c {
                'i' | 'm' | 's' | 'U' => {
                    flags.push(c);
                    any_after_sign = true;
                }
                '-' if !negated => {
                    negated = true;
                    any_after_sign = false;
                    flags.push('-');
                }
                ':' | ')' => {
                    if !any_after_sign {
                        return self.error("invalid or unsupported Perl syntax", seen);
                    }
                    self.advance(at + 1);
                    if c == ')' {
                        if !flags.is_empty() {
                            let _ = write!(self.out, "(?{flags})");
                        }
                        self.last = Last::Nothing;
                    } else {
                        let _ = write!(self.out, "(?{flags}:");
                        self.enter();
                    }
                    return Ok(());
                }
                _ => return self.error("invalid or unsupported Perl syntax", seen),
            }
        }
        self.error("invalid or unsupported Perl syntax", from)
    }

    fn close(&mut self) -> Result<(), RegexError> {
        self.advance(1);
        let Some(group) = self.groups.pop() else {
            return self.error("unexpected )", self.pattern);
        };
        self.out.push(')');
        self.last_states = self.states.saturating_sub(group.states);
        self.last = Last::Atom {
            repeat: group.repeat,
        };
        self.note_repeat(group.repeat);
        Ok(())
    }

    /// The enclosing group knows the largest product of repeat counts inside it.
    fn note_repeat(&mut self, repeat: u32) {
        if let Some(group) = self.groups.last_mut() {
            group.repeat = group.repeat.max(repeat);
        }
    }

    fn lazy(&mut self) -> bool {
        let lazy = self.rest.starts_with('?');
        if lazy {
            self.advance(1);
        }
        lazy
    }

    fn repeat(
        &mut self,
        operator_at: usize,
        operator: &str,
        lazy: bool,
        count: u32,
    ) -> Result<(), RegexError> {
        let written = &self.pattern[operator_at..self.position()];
        match self.last {
            Last::Nothing => self.error("missing argument to repetition operator", written),
            Last::Repeated { operator: first } => self.error(
                "invalid nested repetition operator",
                &self.pattern[first..self.position()],
            ),
            Last::Atom { repeat } => {
                let product = repeat.saturating_mul(count.max(1));
                if product > MAX_REPEAT {
                    return self.error("invalid repeat count", written);
                }
                self.out.push_str(operator);
                if lazy {
                    self.out.push('?');
                }
                self.note_repeat(product);
                let copies = u64::from(count.max(1)) - 1;
                self.states = self
                    .states
                    .saturating_add(self.last_states.saturating_mul(copies));
                self.last = Last::Repeated {
                    operator: operator_at,
                };
                Ok(())
            }
        }
    }

    fn counted(&mut self) -> Result<(), RegexError> {
        let Some((length, min, max)) = repeat_counts(self.rest) else {
            self.advance(1);
            self.literal('{');
            return Ok(());
        };
        let at = self.position();
        let written = self.advance(length);
        let too_many = |count: Option<u32>| count.is_some_and(|c| c > MAX_REPEAT);
        if min > MAX_REPEAT || too_many(max.flatten()) || max.flatten().is_some_and(|m| m < min) {
            return self.error("invalid repeat count", written);
        }
        let lazy = self.lazy();
        let operator = match max {
            None => format!("{{{min}}}"),
            Some(None) => format!("{{{min},}}"),
            Some(Some(max)) => format!("{{{min},{max}}}"),
        };
        let largest = max.flatten().unwrap_or(min);
        self.repeat(at, &operator, lazy, largest)
    }
}

/// `{2}`, `{2,}`, `{2,5}`: length, minimum, and the maximum if one may follow. Anything else is
/// literal text.
#[allow(clippy::type_complexity)]
fn repeat_counts(text: &str) -> Option<(usize, u32, Option<Option<u32>>)> {
    let inner = &text[1..text.find('}')?];
    let count = |digits: &str| {
        let leading_zero = digits.len() >= 2 && digits.starts_with('0');
        let all = !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit());
        (all && !leading_zero).then(|| digits.parse().unwrap_or(u32::MAX))
    };
    let length = inner.len() + 2;
    match inner.split_once(',') {
        None => Some((length, count(inner)?, None)),
        Some((min, "")) => Some((length, count(min)?, Some(None))),
        Some((min, max)) => Some((length, count(min)?, Some(Some(count(max)?)))),
    }
}

#[cfg(test)]
mod tests;
