//! Strings of the language: borrowed from the object, shared, or bytes that are not UTF-8.

use std::borrow::Cow;
use std::cmp::Ordering;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

/// A Go string. Go's strings are bytes, so a slice may cut a character in two; everything else is
/// UTF-8. Cloning never copies the text.
#[derive(Clone)]
pub struct Text<'v>(Repr<'v>);

#[derive(Clone)]
enum Repr<'v> {
    Borrowed(&'v str),
    Shared(Arc<str>),
    /// Not valid UTF-8.
    Bytes(Arc<[u8]>),
}

impl<'v> Text<'v> {
    /// A text that lives as long as the value it is in.
    pub fn borrowed(text: &'v str) -> Self {
        Self(Repr::Borrowed(text))
    }

    /// Bytes, which need not be UTF-8.
    pub fn from_bytes(bytes: &[u8]) -> Self {
        match std::str::from_utf8(bytes) {
            Ok(text) => Self(Repr::Shared(text.into())),
            Err(_) => Self(Repr::Bytes(bytes.into())),
        }
    }

    /// The bytes.
    pub fn as_bytes(&self) -> &[u8] {
        match &self.0 {
            Repr::Borrowed(text) => text.as_bytes(),
            Repr::Shared(text) => text.as_bytes(),
            Repr::Bytes(bytes) => bytes,
        }
    }

    /// The text; what is not UTF-8 becomes U+FFFD.
    pub fn to_str(&self) -> Cow<'_, str> {
        match &self.0 {
            Repr::Borrowed(text) => Cow::Borrowed(text),
            Repr::Shared(text) => Cow::Borrowed(text),
            Repr::Bytes(bytes) => String::from_utf8_lossy(bytes),
        }
    }

    /// Length in bytes, as Go counts.
    pub fn len(&self) -> usize {
        self.as_bytes().len()
    }

    /// Whether it has no bytes.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Length in characters; each broken byte counts as one.
    pub fn char_count(&self) -> usize {
        match &self.0 {
            Repr::Borrowed(text) => text.chars().count(),
            Repr::Shared(text) => text.chars().count(),
            Repr::Bytes(bytes) => bytes
                .utf8_chunks()
                .map(|chunk| chunk.valid().chars().count() + chunk.invalid().len())
                .sum(),
        }
    }

    /// The bytes from `from` up to `to`, which must be in range and in order.
    pub fn slice(&self, from: usize, to: usize) -> Self {
        if let Repr::Borrowed(text) = &self.0
            && let Some(part) = text.get(from..to)
        {
            return Self::borrowed(part);
        }
        Self::from_bytes(self.as_bytes().get(from..to).unwrap_or_default())
    }
}

impl From<String> for Text<'_> {
    fn from(text: String) -> Self {
        Self(Repr::Shared(text.into()))
    }
}

impl From<Arc<str>> for Text<'_> {
    fn from(text: Arc<str>) -> Self {
        Self(Repr::Shared(text))
    }
}

impl PartialEq for Text<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.as_bytes() == other.as_bytes()
    }
}

impl Eq for Text<'_> {}

impl PartialOrd for Text<'_> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Text<'_> {
    fn cmp(&self, other: &Self) -> Ordering {
        self.as_bytes().cmp(other.as_bytes())
    }
}

impl Hash for Text<'_> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.as_bytes().hash(state);
    }
}

impl fmt::Debug for Text<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.to_str(), f)
    }
}

impl fmt::Display for Text<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.to_str())
    }
}
