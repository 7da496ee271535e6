//! Upper and lower case, and the spellings of names: `snake_case`, `kebab-case`, `CamelCase`.

use super::Function;
use super::row::{fixed, mismatch};
use super::runes::{self, Rune, runes};
use crate::template::value::{Type, Value};
use crate::template::{Failure, Session};

/// The functions of this group.
pub const FUNCTIONS: &[Function] = &[
    fixed("upper", &[Type::String], Type::String, upper),
    fixed("lower", &[Type::String], Type::String, lower),
    fixed("title", &[Type::String], Type::String, title),
    fixed("untitle", &[Type::String], Type::String, untitle),
    fixed("swapcase", &[Type::String], Type::String, swapcase),
    fixed("initials", &[Type::String], Type::String, initials),
    fixed("snakecase", &[Type::String], Type::String, snakecase),
    fixed("kebabcase", &[Type::String], Type::String, kebabcase),
    fixed("camelcase", &[Type::String], Type::String, camelcase),
];

/// Applies a function to the one text among the arguments. No result is much longer than the text.
fn on_text<'v>(
    session: &Session<'v>,
    args: &[Value<'v>],
    change: impl FnOnce(&[u8]) -> Vec<u8>,
) -> Result<Value<'v>, Failure> {
    let [Value::Text(text)] = args else {
        return Err(mismatch());
    };
    session.charge(text.len().saturating_mul(2))?;
    Ok(change(text).into())
}

fn upper<'v>(session: &Session<'v>, args: &[Value<'v>]) -> Result<Value<'v>, Failure> {
    on_text(session, args, |text| match text.is_ascii() {
        true => text.to_ascii_uppercase(),
        false => runes::map(text, runes::to_upper).into_bytes(),
    })
}

fn lower<'v>(session: &Session<'v>, args: &[Value<'v>]) -> Result<Value<'v>, Failure> {
    on_text(session, args, |text| match text.is_ascii() {
        true => text.to_ascii_lowercase(),
        false => runes::map(text, runes::to_lower).into_bytes(),
    })
}

/// Go's `strings.Title`: the first letter of each word.
fn title<'v>(session: &Session<'v>, args: &[Value<'v>]) -> Result<Value<'v>, Failure> {
    on_text(session, args, |text| {
        let mut before = ' ';
        runes::map(text, |c| {
            let first = separates(before);
            before = c;
            if first { runes::to_title(c) } else { c }
        })
        .into_bytes()
    })
}

/// Whether a word can begin after this character.
fn separates(c: char) -> bool {
    if c.is_ascii() {
        return !(c.is_ascii_alphanumeric() || c == '_');
    }
    !runes::is_letter(c) && !runes::is_digit(c) && runes::is_space(c)
}

fn untitle<'v>(session: &Session<'v>, args: &[Value<'v>]) -> Result<Value<'v>, Failure> {
    on_text(session, args, |text| {
        let mut first = true;
        runes::map(text, |c| {
            if runes::is_space(c) {
                first = true;
                return c;
            }
            if std::mem::take(&mut first) {
                runes::to_lower(c)
            } else {
                c
            }
        })
        .into_bytes()
    })
}

fn swapcase<'v>(session: &Session<'v>, args: &[Value<'v>]) -> Result<Value<'v>, Failure> {
    on_text(session, args, |text| {
        let mut first = true;
        runes::map(text, |c| {
            if runes::is_upper(c) || runes::is_title(c) {
                first = false;
                runes::to_lower(c)
            } else if !runes::is_lower(c) {
                first = runes::is_space(c);
                c
            } else if std::mem::take(&mut first) {
                runes::to_title(c)
            } else {
                runes::to_upper(c)
            }
        })
        .into_bytes()
    })
}

/// The first letters of the words. Sprig takes the bytes of a character for Latin-1.
fn initials<'v>(session: &Session<'v>, args: &[Value<'v>]) -> Result<Value<'v>, Failure> {
    on_text(session, args, |text| {
        let mut first = true;
        let letters: String = text
            .iter()
            .map(|byte| char::from(*byte))
            .filter(|c| {
                let space = runes::is_space(*c);
                std::mem::replace(&mut first, space) && !space
            })
            .collect();
        letters.into_bytes()
    })
}

fn snakecase<'v>(session: &Session<'v>, args: &[Value<'v>]) -> Result<Value<'v>, Failure> {
    on_text(session, args, |text| connected(text, '_'))
}

fn kebabcase<'v>(session: &Session<'v>, args: &[Value<'v>]) -> Result<Value<'v>, Failure> {
    on_text(session, args, |text| connected(text, '-'))
}

/// Words begin with an upper-case letter and stand without connectors; connectors at the beginning
/// stay, of several in a row one less.
fn camelcase<'v>(session: &Session<'v>, args: &[Value<'v>]) -> Result<Value<'v>, Failure> {
    on_text(session, args, |text| {
        let mut out = String::new();
        let mut rest = runes(text).map(|rune| rune.c);
        let Some(mut current) = rest.by_ref().find(|c| {
            if is_connector(*c) {
                out.push(*c);
            }
            !is_connector(*c)
        }) else {
            // Nothing but connectors: the last one is there twice.
            out.extend(out.chars().last());
            return out.into_bytes();
        };
        // A word that begins in upper case goes on in lower case, up to its first lower letter.
        let mut lowering = runes::is_upper(current);
        current = runes::to_upper(current);
        for mut next in rest {
            if is_connector(current) && is_connector(next) {
                out.push(current);
            } else if is_connector(current) {
                lowering = runes::is_upper(next);
                next = runes::to_upper(next);
            } else {
                if lowering {
                    lowering = runes::is_upper(next);
                    next = if lowering {
                        runes::to_lower(next)
                    } else {
                        next
                    };
                }
                out.push(current);
            }
            current = next;
        }
        out.push(current);
        out.into_bytes()
    })
}

fn is_connector(c: char) -> bool {
    c == '-' || c == '_' || runes::is_space(c)
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum WordKind {
    /// The end of the text, or bytes that are not UTF-8.
    Invalid,
    Number,
    /// Begins in upper case.
    UpperCase,
    Alphabet,
    Connector,
    Punctuation,
    Other,
}

/// A stretch of a name whose characters belong together.
#[derive(Clone, Copy, Debug)]
struct Word<'t> {
    kind: WordKind,
    text: &'t [u8],
}

/// Reads the words of a name, one after the other.
struct Words<'t> {
    rest: &'t [u8],
}

impl<'t> Words<'t> {
    fn next(&mut self) -> Word<'t> {
        let (kind, length) = first_word(self.rest);
        let (text, rest) = self
            .rest
            .split_at_checked(length)
            .unwrap_or((self.rest, &[]));
        self.rest = rest;
        Word { kind, text }
    }
}

/// The characters of a text with the lengths that they take; bytes that are not UTF-8 count to the
/// character after them.
fn characters(text: &[u8]) -> impl Iterator<Item = (Option<char>, usize)> {
    let mut bad = 0;
    let mut decoded = runes(text);
    std::iter::from_fn(move || {
        for rune in decoded.by_ref() {
            let Rune { c, bytes } = rune;
            if rune.is_error() {
                bad += bytes.len();
            } else {
                return Some((Some(c), bytes.len() + std::mem::take(&mut bad)));
            }
        }
        // Nothing but bad bytes until the end.
        (bad > 0).then(|| (None, std::mem::take(&mut bad)))
    })
}

/// The length of what follows as long as the test holds; bad bytes at the end belong to it.
fn run_length(text: &[u8], first: char, belongs: impl Fn(char) -> bool) -> usize {
    let mut previous = first;
    characters(text)
        .map_while(|(c, length)| {
            previous = c.unwrap_or(previous);
            belongs(previous).then_some(length)
        })
        .sum()
}

fn first_word(text: &[u8]) -> (WordKind, usize) {
    let mut upcoming = characters(text);
    let (first, size) = match upcoming.next() {
        None => return (WordKind::Invalid, 0),
        Some((None, size)) => return (WordKind::Invalid, size),
        Some((Some(c), size)) => (c, size),
    };
    let rest = text.get(size..).unwrap_or_default();
    let lower_letter = |c: char| is_alphabet(c) && !runes::is_upper(c);
    if is_connector(first) {
        (
            WordKind::Connector,
            size + run_length(rest, first, is_connector),
        )
    } else if runes::is_punctuation(first) {
        let length = run_length(rest, first, runes::is_punctuation);
        (WordKind::Punctuation, size + length)
    } else if runes::is_upper(first) {
        (WordKind::UpperCase, size + after_upper(rest, first))
    } else if is_alphabet(first) {
        (
            WordKind::Alphabet,
            size + run_length(rest, first, lower_letter),
        )
    } else if runes::is_number(first) {
        (
            WordKind::Number,
            size + run_length(rest, first, runes::is_number),
        )
    } else {
        let length = run_length(rest, first, |c| {
            !(is_connector(c) || is_alphabet(c) || runes::is_number(c) || runes::is_punctuation(c))
        });
        (WordKind::Other, size + length)
    }
}

/// How much belongs to the word that begins with this upper-case letter: `HTTP` of `HTTPStatus`,
/// all of `Status`.
fn after_upper(rest: &[u8], first: char) -> usize {
    let Some((second, _)) = characters(rest).next() else {
        return 0;
    };
    let second = second.unwrap_or(first);
    if !runes::is_upper(second) {
        return run_length(rest, first, |c| is_alphabet(c) && !runes::is_upper(c));
    }
    let mut length = 0;
    let mut last = 0;
    let mut previous = first;
    for (c, size) in characters(rest) {
        previous = c.unwrap_or(previous);
        if !runes::is_upper(previous) {
            break;
        }
        length += size;
        last = size;
    }
    if length < rest.len() && is_alphabet(previous) {
        length -= last;
    }
    length
}

/// Letters, but not the ideographs of Chinese.
fn is_alphabet(c: char) -> bool {
    runes::is_letter(c)
        && !matches!(c, '\u{3400}'..='\u{4d85}' | '\u{4e00}'..='\u{9fcc}' | '\u{20000}'..='\u{2b81d}')
}

/// The words of a name in lower case with the connector between them. A number belongs to the word
/// before it, or, when lower-case letters follow, to those.
fn connected(text: &[u8], connector: char) -> Vec<u8> {
    let mut out = Lowered {
        out: Vec::new(),
        connector,
    };
    let mut words = Words { rest: text };
    let mut word = words.next();
    while !words.rest.is_empty() {
        if word.kind != WordKind::Connector {
            out.word(word);
        }
        let last = word;
        word = words.next();
        match last.kind {
            WordKind::Number => {
                word = out.words_after_number(&mut words, word);
            }
            WordKind::Connector => out.word(last),
            WordKind::Punctuation => {}
            _ if word.kind != WordKind::Number => out.connect_to(word, false),
            _ if words.rest.is_empty() => {}
            _ => {
                let number = word;
                word = words.next();
                if word.kind == WordKind::Alphabet {
                    out.push_connector();
                    out.word(number);
                    word = out.words_after_number(&mut words, word);
                } else {
                    out.word(number);
                    out.connect_to(word, false);
                }
            }
        }
    }
    out.word(word);
    out.out
}

struct Lowered {
    out: Vec<u8>,
    connector: char,
}

impl Lowered {
    fn push_connector(&mut self) {
        self.push(self.connector);
    }

    fn push(&mut self, c: char) {
        self.out
            .extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes());
    }

    fn word(&mut self, word: Word<'_>) {
        if !matches!(word.kind, WordKind::UpperCase | WordKind::Connector) {
            self.out.extend_from_slice(word.text);
            return;
        }
        for rune in runes(word.text) {
            if is_connector(rune.c) {
                self.push_connector();
            } else if runes::is_upper(rune.c) {
                self.push(runes::to_lower(rune.c));
            } else {
                self.push(rune.c);
            }
        }
    }

    /// Lower-case letters and digits that follow a number stay with it.
    fn words_after_number<'t>(&mut self, words: &mut Words<'t>, mut word: Word<'t>) -> Word<'t> {
        while matches!(word.kind, WordKind::Alphabet | WordKind::Number) {
            self.word(word);
            word = words.next();
        }
        self.connect_to(word, true);
        word
    }

    /// A connector before this word, unless it is none or punctuation.
    fn connect_to(&mut self, word: Word<'_>, needs_word: bool) {
        let separate = match word.kind {
            WordKind::Connector | WordKind::Punctuation => true,
            WordKind::Invalid => needs_word,
            _ => false,
        };
        if !separate {
            self.push_connector();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::template::Limits;

    fn apply(function: super::super::Call, text: &'static str) -> String {
        let session = Session::new(Limits::default(), None);
        let result = function(&session, &[text.into()]);
        match result {
            Ok(Value::Text(text)) => text.to_str().into_owned(),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn snake_and_kebab() {
        let cases = [
            ("FirstName", "first_name"),
            ("HTTPServer", "http_server"),
            ("NoHTTPS", "no_https"),
            ("GO_PATH", "go_path"),
            ("GO PATH", "go_path"),
            ("http2xx", "http_2xx"),
            ("HTTP20xOK", "http_20x_ok"),
            ("Duration2m3s", "duration_2m3s"),
            ("Bld4Floor3rd", "bld4_floor_3rd"),
            ("_a__b_", "_a__b_"),
            ("a.b", "a.b"),
            ("ABc1", "a_bc1"),
        ];
        for (text, snake) in cases {
            assert_eq!(apply(snakecase, text), snake, "{text}");
            let kebab = snake.replace('_', "-");
            assert_eq!(apply(kebabcase, text), kebab, "{text}");
        }
    }

    #[test]
    fn camel() {
        let cases = [
            ("some_words", "SomeWords"),
            ("_complex__case_", "_Complex_Case_"),
            ("GOLANG_IS_GREAT", "GolangIsGreat"),
            ("httpServer", "HttpServer"),
            ("HTTPServer", "Httpserver"),
            ("a", "A"),
            ("_", "__"),
            ("", ""),
        ];
        for (text, camel) in cases {
            assert_eq!(apply(camelcase, text), camel, "{text}");
        }
    }

    #[test]
    fn bytes_of_other_characters_are_latin1() {
        assert_eq!(apply(initials, "\u{e9}lan vital"), "\u{c3}v");
    }
}
