//! What is typed after `/`: words that must occur, `column:value`, and `!` before either for what
//! must not.
//!
//! Terms are separated by blanks and must all hold; a value in double quotes may contain blanks;
//! `*` stands for any characters and then the whole field must match, otherwise a part is enough.
//! Case does not matter.

/// What a value is compared with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Pattern {
    /// Occurs somewhere; in lower case.
    Part(String),
    /// The pieces between the stars, in lower case; the whole text must match.
    Glob(Vec<String>),
}

impl Pattern {
    /// Reads a value.
    pub fn new(text: &str) -> Self {
        if text.contains('*') {
            Self::whole(text)
        } else {
            Self::Part(text.to_lowercase())
        }
    }

    /// One that must match the whole text even without a star.
    pub fn whole(text: &str) -> Self {
        Self::Glob(text.to_lowercase().split('*').map(str::to_owned).collect())
    }

    /// Whether the text matches.
    pub fn matches(&self, text: &str) -> bool {
        match self {
            Self::Part(part) => contains_folded(text, part),
            Self::Glob(pieces) => glob(pieces, &text.to_lowercase()),
        }
    }

    /// The text it was read from, in lower case.
    pub fn text(&self) -> String {
        match self {
            Self::Part(part) => part.clone(),
            Self::Glob(pieces) => pieces.join("*"),
        }
    }
}

/// Whether `needle` (already in lower case) occurs in `hay`, whatever the case of `hay`.
pub fn contains_folded(hay: &str, needle: &str) -> bool {
    if needle.is_empty() {
        return true;
    }
    if hay.is_ascii() {
        let needle = needle.as_bytes();
        return hay.len() >= needle.len()
            && hay
                .as_bytes()
                .windows(needle.len())
                .any(|window| window.eq_ignore_ascii_case(needle));
    }
    hay.to_lowercase().contains(needle)
}

fn glob(pieces: &[String], text: &str) -> bool {
    let (Some(first), Some(last)) = (pieces.first(), pieces.last()) else {
        return true;
    };
    if pieces.len() == 1 {
        return text == first;
    }
    let Some(rest) = text.strip_prefix(first.as_str()) else {
        return false;
    };
    let Some(mut rest) = rest.strip_suffix(last.as_str()) else {
        return false;
    };
    for piece in pieces.iter().skip(1).take(pieces.len().saturating_sub(2)) {
        match rest.find(piece.as_str()) {
            Some(at) => rest = &rest[at + piece.len()..],
            None => return false,
        }
    }
    true
}

/// One condition of a filter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Term {
    /// It must *not* hold.
    pub negated: bool,
    /// Index of the column; `None` for any of them.
    pub column: Option<usize>,
    /// What its text must match.
    pub pattern: Pattern,
}

/// A column that a filter may name.
#[derive(Clone, Copy, Debug)]
pub struct FilterColumn {
    /// Its names; the first one is shown.
    pub names: &'static [&'static str],
}

/// A parsed filter; the default one lets everything through.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Filter {
    /// The conditions; all must hold.
    pub terms: Vec<Term>,
}

impl Filter {
    /// Reads a filter over these columns.
    ///
    /// # Errors
    /// One sentence that names the unknown column and the known ones.
    pub fn parse(text: &str, columns: &[FilterColumn]) -> Result<Self, String> {
        let mut terms = Vec::new();
        for word in words(text) {
            let (negated, word) = match word.strip_prefix('!') {
                Some(rest) => (true, rest),
                None => (false, word.as_str()),
            };
            if word.is_empty() {
                continue;
            }
            let (column, value) = match word.split_once(':') {
                Some((name, value)) => (Some(column_named(name, columns)?), value),
                None => (None, word),
            };
            terms.push(Term {
                negated,
                column,
                pattern: Pattern::new(value.trim_matches('"')),
            });
        }
        Ok(Self { terms })
    }

    /// Whether everything passes.
    pub fn is_empty(&self) -> bool {
        self.terms.is_empty()
    }

    /// Whether a row passes; `holds(column, pattern)` says whether that column's text matches, and
    /// `columns` is their number.
    pub fn passes(&self, columns: usize, holds: impl Fn(usize, &Pattern) -> bool) -> bool {
        self.terms.iter().all(|term| {
            let matched = match term.column {
                Some(column) => holds(column, &term.pattern),
                None => (0..columns).any(|column| holds(column, &term.pattern)),
            };
            matched != term.negated
        })
    }
}

fn column_named(name: &str, columns: &[FilterColumn]) -> Result<usize, String> {
    columns
        .iter()
        .position(|column| {
            column
                .names
                .iter()
                .any(|known| known.eq_ignore_ascii_case(name))
        })
        .ok_or_else(|| {
            let known: Vec<_> = columns
                .iter()
                .filter_map(|column| column.names.first())
                .collect();
            let known: Vec<&str> = known.into_iter().copied().collect();
            format!("no column '{name}': use {}", known.join(", "))
        })
}

/// Splits at blanks outside double quotes; the quotes stay.
fn words(text: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut word = String::new();
    let mut quoted = false;
    for c in text.chars() {
        if c == '"' {
            quoted = !quoted;
        }
        if c.is_whitespace() && !quoted {
            if !word.is_empty() {
                words.push(std::mem::take(&mut word));
            }
        } else {
            word.push(c);
        }
    }
    if !word.is_empty() {
        words.push(word);
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    const COLUMNS: &[FilterColumn] = &[
        FilterColumn { names: &["name"] },
        FilterColumn {
            names: &["ns", "namespace"],
        },
    ];

    fn passes(filter: &str, name: &str, namespace: &str) -> bool {
        let filter = Filter::parse(filter, COLUMNS).unwrap();
        filter.passes(2, |column, pattern| {
            pattern.matches(if column == 0 { name } else { namespace })
        })
    }

    #[test]
    fn terms_combine() {
        let cases = [
            ("", true),
            ("web", true),
            ("WEB", true),
            ("shop", true),
            ("web shop", true),
            ("web team", false),
            ("!web", false),
            ("!team web", true),
            ("ns:sh", true),
            ("namespace:web", false),
            ("name:web-*", true),
            ("name:*-1", true),
            ("name:w*b*1", true),
            ("name:eb-*", false),
            ("!ns:team-*", true),
            ("name:\"web 1\"", false),
            ("!", true),
        ];
        for (filter, expected) in cases {
            assert_eq!(passes(filter, "web-1", "shop"), expected, "{filter}");
        }
    }

    #[test]
    fn an_unknown_column_is_named_with_the_known_ones() {
        let error = Filter::parse("label:x", COLUMNS).unwrap_err();
        assert_eq!(error, "no column 'label': use name, ns");
    }

    #[test]
    fn overlapping_globs_do_not_match_twice() {
        assert!(!Pattern::new("a*a").matches("a"));
        assert!(Pattern::new("a*a").matches("aa"));
        assert!(Pattern::new("*").matches(""));
    }

    #[test]
    fn searching_ignores_case() {
        assert!(contains_folded("Web-Frontend", "front"));
        assert!(contains_folded("GRÜN", "grü"));
        assert!(!contains_folded("web", "webs"));
    }
}
