//! Kubernetes label selectors: `app in (web, api), tier!=cache, !legacy`.
//!
//! Grammar, limits and error texts are those of `k8s.io/apimachinery/pkg/labels`, so that a
//! selector means here what it means to the API server.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::iter::Peekable;
use std::str::FromStr;

/// Longest name part of a label key, and longest label value.
const LONGEST_NAME: usize = 63;

/// Longest prefix of a label key.
const LONGEST_PREFIX: usize = 253;

/// A parsed label selector. The empty one selects everything.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Selector {
    text: String,
    requirements: Vec<Requirement>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Requirement {
    key: String,
    test: Test,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Test {
    Exists,
    Absent,
    In(BTreeSet<String>),
    NotIn(BTreeSet<String>),
    Greater(i64),
    Less(i64),
}

/// Why a text is not a label selector.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct SelectorError(String);

impl Selector {
    /// Whether an object with these labels is selected: all requirements hold.
    pub fn matches(&self, labels: &BTreeMap<String, String>) -> bool {
        self.requirements
            .iter()
            .all(|requirement| requirement.test.holds(labels.get(&requirement.key)))
    }

    /// Whether it selects everything.
    pub fn is_empty(&self) -> bool {
        self.requirements.is_empty()
    }

    /// The text that it was read from.
    pub fn as_str(&self) -> &str {
        &self.text
    }
}

impl Test {
    fn holds(&self, value: Option<&String>) -> bool {
        let number = || value.and_then(|value| value.parse::<i64>().ok());
        match self {
            Self::Exists => value.is_some(),
            Self::Absent => value.is_none(),
            Self::In(wanted) => value.is_some_and(|value| wanted.contains(value)),
            Self::NotIn(unwanted) => value.is_none_or(|value| !unwanted.contains(value)),
            Self::Greater(bound) => number().is_some_and(|number| number > *bound),
            Self::Less(bound) => number().is_some_and(|number| number < *bound),
        }
    }
}

impl fmt::Display for Selector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl FromStr for Selector {
    type Err = SelectorError;

    fn from_str(text: &str) -> Result<Self, SelectorError> {
        let mut parser = Parser {
            tokens: tokens(text).into_iter().peekable(),
        };
        Ok(Self {
            text: text.to_owned(),
            requirements: parser.requirements()?,
        })
    }
}

/// One symbol or word of a selector.
type Token<'t> = &'t str;

/// Symbols of two characters are tried first.
const SYMBOLS: [&str; 9] = ["==", "!=", "=", "!", ",", "(", ")", ">", "<"];

fn tokens(text: &str) -> Vec<Token<'_>> {
    let mut found = Vec::new();
    let mut rest = trim(text);
    while !rest.is_empty() {
        let symbol = SYMBOLS.iter().find(|symbol| rest.starts_with(**symbol));
        let length = match symbol {
            Some(symbol) => symbol.len(),
            None => rest
                .find(|c: char| is_space(c) || is_symbol(c))
                .unwrap_or(rest.len()),
        };
        let (token, tail) = rest.split_at(length);
        found.push(token);
        rest = trim(tail);
    }
    found
}

fn trim(text: &str) -> &str {
    text.trim_start_matches(is_space)
}

fn is_space(c: char) -> bool {
    matches!(c, ' ' | '\t' | '\r' | '\n')
}

fn is_symbol(c: char) -> bool {
    matches!(c, '=' | '!' | '(' | ')' | ',' | '>' | '<')
}

fn is_word(token: Token<'_>) -> bool {
    !token.starts_with(is_symbol)
}

struct Parser<'t> {
    tokens: Peekable<std::vec::IntoIter<Token<'t>>>,
}

impl<'t> Parser<'t> {
    fn peek(&mut self) -> Option<Token<'t>> {
        self.tokens.peek().copied()
    }

    fn requirements(&mut self) -> Result<Vec<Requirement>, SelectorError> {
        let mut requirements = Vec::new();
        match self.peek() {
            None => return Ok(requirements),
            Some(token) if is_word(token) || token == "!" => {}
            Some(token) => {
                return Err(expected(Some(token), "!, identifier, or 'end of string'"));
            }
        }
        loop {
            let requirement = self.requirement().map_err(|SelectorError(why)| {
                refuse(format!("unable to parse requirement: {why}"))
            })?;
            requirements.push(requirement);
            match self.tokens.next() {
                None => return Ok(requirements),
                Some(",") => {}
                other => return Err(expected(other, "',' or 'end of string'")),
            }
            match self.peek() {
                Some(token) if is_word(token) || token == "!" => {}
                other => return Err(expected(other, "identifier after ','")),
            }
        }
    }

    fn requirement(&mut self) -> Result<Requirement, SelectorError> {
        let absent = self.tokens.next_if_eq(&"!").is_some();
        let key = match self.tokens.next() {
            Some(token) if is_word(token) => token,
            other => return Err(expected(other, "identifier")),
        };
        check_key(key)?;
        let test = if absent {
            Test::Absent
        } else if matches!(self.peek(), None | Some(",")) {
            Test::Exists
        } else {
            self.test(key)?
        };
        Ok(Requirement {
            key: key.to_owned(),
            test,
        })
    }

    fn test(&mut self, key: &str) -> Result<Test, SelectorError> {
        let operator = self.tokens.next();
        match operator {
            Some("in") => Ok(Test::In(self.values(key)?)),
            Some("notin") => Ok(Test::NotIn(self.values(key)?)),
            Some("=" | "==") => Ok(Test::In(BTreeSet::from([self.value(key)?]))),
            Some("!=") => Ok(Test::NotIn(BTreeSet::from([self.value(key)?]))),
            Some(">" | "<") => {
                let value = self.value(key)?;
                let bound = value.parse::<i64>().map_err(|_| {
                    refuse(format!(
                        "values[0]: Invalid value: {value:?}: for 'Gt', 'Lt' operators, the value \
                         must be an integer"
                    ))
                })?;
                Ok(match operator {
                    Some(">") => Test::Greater(bound),
                    _ => Test::Less(bound),
                })
            }
            other => Err(expected(other, "in, notin, =, ==, !=, >, <")),
        }
    }

    /// The single value of `=` and its kin; nothing at all is the empty value.
    fn value(&mut self, key: &str) -> Result<String, SelectorError> {
        match self.peek() {
            None | Some(",") => Ok(String::new()),
            Some(token) if is_word(token) => {
                self.tokens.next();
                checked_value(key, token)
            }
            other => Err(expected(other, "identifier")),
        }
    }

    /// The values in parentheses. Where one is missing it is the empty value.
    fn values(&mut self, key: &str) -> Result<BTreeSet<String>, SelectorError> {
        let open = self.tokens.next();
        if open != Some("(") {
            return Err(expected(open, "'('"));
        }
        let mut values = BTreeSet::new();
        loop {
            match self.tokens.next() {
                Some(")") => {
                    values.insert(String::new());
                    return Ok(values);
                }
                Some(",") => {
                    values.insert(String::new());
                }
                Some(token) if is_word(token) => {
                    values.insert(checked_value(key, token)?);
                    match self.tokens.next() {
                        Some(")") => return Ok(values),
                        Some(",") => {}
                        other => return Err(expected(other, "',' or ')'")),
                    }
                }
                other => return Err(expected(other, "',', ')' or identifier")),
            }
        }
    }
}

fn expected(found: Option<Token<'_>>, wanted: &str) -> SelectorError {
    refuse(format!(
        "found '{}', expected: {wanted}",
        found.unwrap_or_default()
    ))
}

fn refuse(why: String) -> SelectorError {
    SelectorError(why)
}

/// A label key: an optional DNS subdomain and a slash, then a name.
fn check_key(key: &str) -> Result<(), SelectorError> {
    let invalid = |why: &str| refuse(format!("key: Invalid value: {key:?}: {why}"));
    let name = match key.split_once('/') {
        None => key,
        Some((prefix, name)) => {
            if prefix.is_empty() || prefix.len() > LONGEST_PREFIX || !is_subdomain(prefix) {
                return Err(invalid("the prefix must be a lower-case DNS name"));
            }
            name
        }
    };
    if !is_name(name) {
        return Err(invalid(
            "a label name has 1 to 63 letters, digits, '-', '_' or '.', and begins and ends with a \
             letter or digit",
        ));
    }
    Ok(())
}

fn checked_value(key: &str, value: &str) -> Result<String, SelectorError> {
    if is_name(value) {
        return Ok(value.to_owned());
    }
    Err(refuse(format!(
        "values[0][{key}]: Invalid value: {value:?}: a label value has at most 63 letters, digits, \
         '-', '_' or '.', and begins and ends with a letter or digit"
    )))
}

fn is_name(name: &str) -> bool {
    name.len() <= LONGEST_NAME
        && name.starts_with(|c: char| c.is_ascii_alphanumeric())
        && name.ends_with(|c: char| c.is_ascii_alphanumeric())
        && name
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.'))
}

fn is_subdomain(name: &str) -> bool {
    name.split('.').all(|part| {
        let edge = |b: Option<&u8>| b.is_some_and(|b| b.is_ascii_lowercase() || b.is_ascii_digit());
        let bytes = part.as_bytes();
        edge(bytes.first())
            && edge(bytes.last())
            && bytes
                .iter()
                .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || *b == b'-')
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn labels(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
        let owned = pairs.iter().map(|(k, v)| ((*k).into(), (*v).into()));
        owned.collect()
    }

    /// Cases S20 and S21.
    #[test]
    fn selects() {
        let web = labels(&[
            ("app", "web"),
            ("n", "5"),
            ("e", ""),
            ("in", "1"),
            ("x.io/a", "b"),
        ]);
        let cases = [
            ("", true),
            ("  ", true),
            ("app", true),
            ("!app", false),
            ("! app", false),
            ("other", false),
            ("!other", true),
            ("app=web", true),
            ("app==web", true),
            (" app = web ", true),
            ("app=", false),
            ("e=", true),
            ("e", true),
            ("other=", false),
            ("app!=web", false),
            ("app!=api", true),
            ("other!=web", true),
            ("app in (web, api)", true),
            ("app in (api)", false),
            ("app in(web)", true),
            ("other in (web)", false),
            ("app notin (web)", false),
            ("app notin (api)", true),
            ("other notin (api)", true),
            ("app in ()", false),
            ("e in ()", true),
            ("e in (,a)", true),
            ("e in (a,)", true),
            ("e in (a)", false),
            ("n>4", true),
            ("n>5", false),
            ("n<6", true),
            ("n < 5", false),
            ("app>1", false),
            ("other<1", false),
            ("in=1", true),
            ("in in (1)", true),
            ("notin", false),
            ("x.io/a=b", true),
            ("app=web,n>4,!z", true),
            ("app=web,n>5", false),
        ];
        for (text, selected) in cases {
            let selector: Selector = text.parse().unwrap_or_else(|e| panic!("{text:?}: {e}"));
            assert_eq!(selector.matches(&web), selected, "{text:?}");
            assert_eq!(selector.as_str(), text);
        }
        let both: Selector = "app in (x, y), !z".parse().unwrap();
        assert!(both.matches(&labels(&[("app", "x")])));
        assert!(!both.matches(&labels(&[])));
        assert!(!both.matches(&labels(&[("app", "y"), ("z", "")])));
        let not: Selector = "zz!=1".parse().unwrap();
        assert!(not.matches(&labels(&[])));
    }

    #[test]
    fn refuses() {
        let long = "a".repeat(64);
        let cases = [
            ("a=1,", "found '', expected: identifier after ','"),
            (
                ",",
                "found ',', expected: !, identifier, or 'end of string'",
            ),
            ("a=1 b=x", "found 'b', expected: ',' or 'end of string'"),
            ("a,,b", "found ',', expected: identifier after ','"),
            ("a in 1", "found '1', expected: '('"),
            ("a in (1", "found '', expected: ',' or ')'"),
            ("a in (1 2)", "found '2', expected: ',' or ')'"),
            ("a in (=)", "found '=', expected: ',', ')' or identifier"),
            ("a>x", "must be an integer"),
            ("a>", "must be an integer"),
            ("a==b==c", "found '==', expected: ',' or 'end of string'"),
            ("!a=b", "found '=', expected: ',' or 'end of string'"),
            ("=b", "found '=', expected: !, identifier"),
            ("!", "found '', expected: identifier"),
            ("a=(", "found '(', expected: identifier"),
            ("-a=b", "key: Invalid value"),
            ("a/b/c=d", "key: Invalid value"),
            ("/b=d", "prefix must be"),
            ("A.io/b=d", "prefix must be"),
            ("a=b!c", "found '!'"),
            ("a=b-", "Invalid value: \"b-\""),
            ("a=ü", "Invalid value"),
            (long.as_str(), "key: Invalid value"),
        ];
        for (text, part) in cases {
            let error = text.parse::<Selector>().map(|_| ()).unwrap_err();
            assert!(error.to_string().contains(part), "{text:?}: {error}");
        }
    }
}
