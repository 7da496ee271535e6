//! Text that must not be shown, and the means to keep it out of everything that is.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

/// What stands in the place of a masked text.
pub const MASK: &str = "********";

/// Shorter texts are not masked: `a` or `443` would riddle every output with holes and tell
/// nothing.
const SHORTEST: usize = 4;

/// A text that cannot be printed by accident: neither `Debug` nor `Display` gives it away.
#[derive(Clone, PartialEq, Eq, Default)]
pub struct SecretText(Arc<str>);

impl SecretText {
    /// Wraps a text.
    pub fn new(text: impl Into<Arc<str>>) -> Self {
        Self(text.into())
    }

    /// The text itself, for the one place that sends it.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for SecretText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(MASK)
    }
}

/// Replaces known secrets in any text that is about to leave the engine: log lines, errors,
/// history rows, screens. Knows each secret also in the forms it travels in (base64, URL-encoded,
/// JSON-escaped), and each line of a multi-line secret.
#[derive(Clone, Default)]
pub struct Masker {
    /// Longest first, so that a secret that contains another one is masked as a whole.
    needles: Arc<[String]>,
}

impl Masker {
    /// A masker for these secrets.
    pub fn new<'a>(secrets: impl IntoIterator<Item = &'a str>) -> Self {
        let mut needles = Vec::new();
        for secret in secrets {
            let whole = secret.trim();
            if whole.len() < SHORTEST {
                continue;
            }
            for text in [secret, whole] {
                needles.push(STANDARD.encode(text));
                needles.push(URL_SAFE_NO_PAD.encode(text));
                needles.push(url::form_urlencoded::byte_serialize(text.as_bytes()).collect());
                needles.push(json_escaped(text));
                needles.push(text.to_owned());
            }
            let lines = whole
                .lines()
                .map(str::trim)
                .filter(|line| line.len() >= 2 * SHORTEST);
            needles.extend(lines.map(str::to_owned));
        }
        needles.retain(|needle| needle.len() >= SHORTEST);
        Self::sorted(needles)
    }

    fn sorted(mut needles: Vec<String>) -> Self {
        needles.sort_by(|a, b| b.len().cmp(&a.len()).then_with(|| a.cmp(b)));
        needles.dedup();
        Self {
            needles: needles.into(),
        }
    }

    /// The same, with more secrets: those that a service finds among its own options.
    #[must_use]
    pub fn and<'a>(&self, secrets: impl IntoIterator<Item = &'a str>) -> Self {
        let more = Self::new(secrets);
        if more.needles.is_empty() {
            return self.clone();
        }
        let mut needles: Vec<String> = self.needles.iter().cloned().collect();
        needles.extend(more.needles.iter().cloned());
        Self::sorted(needles)
    }

    /// The text with every secret replaced by [`MASK`].
    pub fn mask<'t>(&self, text: &'t str) -> Cow<'t, str> {
        let mut masked = Cow::Borrowed(text);
        for needle in self.needles.iter() {
            if masked.contains(needle.as_str()) {
                masked = Cow::Owned(masked.replace(needle.as_str(), MASK));
            }
        }
        masked
    }
}

impl fmt::Debug for Masker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Masker({} texts)", self.needles.len())
    }
}

/// The text as it stands between the quotes of a JSON string.
fn json_escaped(text: &str) -> String {
    let quoted = serde_json::Value::from(text).to_string();
    quoted[1..quoted.len() - 1].to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_do_not_print() {
        let secret = SecretText::new("hunter2");
        assert_eq!(format!("{secret:?}"), MASK);
        assert_eq!(secret.expose(), "hunter2");
    }

    #[test]
    fn masks_every_form_a_secret_travels_in() {
        let masker = Masker::new(["p@ss \"word\""]);
        for text in [
            "x p@ss \"word\" y",
            r#"{"a":"p@ss \"word\""}"#,
            "u=p%40ss+%22word%22&b=1",
            &format!("Basic {}", STANDARD.encode("p@ss \"word\"")),
        ] {
            let masked = masker.mask(text);
            assert!(masked.contains(MASK), "{text} -> {masked}");
            assert!(!masked.contains("word"), "{text} -> {masked}");
        }
    }

    #[test]
    fn longer_secrets_are_masked_whole_and_short_ones_left() {
        let masker = Masker::new(["abcd", "abcdefgh", "xy"]);
        assert_eq!(
            masker.mask("1 abcdefgh 2 abcd xy"),
            "1 ******** 2 ******** xy"
        );
    }

    #[test]
    fn further_secrets_join_the_known_ones() {
        let masker = Masker::new(["abcd"]).and(["abcdefgh", "x"]);
        assert_eq!(masker.mask("abcdefgh abcd x"), "******** ******** x");
    }

    #[test]
    fn lines_of_a_key_are_masked_one_by_one() {
        let masker = Masker::new(["-----BEGIN KEY-----\nMIIEpAIBAAKCAQEA\n-----END KEY-----\n"]);
        assert_eq!(masker.mask("read MIIEpAIBAAKCAQEA"), "read ********");
    }
}
