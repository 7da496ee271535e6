//! Strings of a template: bytes, because Go's strings may hold any bytes.

use std::borrow::{Borrow, Cow};
use std::fmt;
use std::ops::Deref;
use std::rc::Rc;

/// A string value: borrowed from the variables or the template, or made while rendering.
/// Cloning is cheap. It may hold bytes that are not UTF-8.
#[derive(Clone)]
pub enum Text<'v> {
    /// Borrowed from a variable or from the template itself.
    Borrowed(&'v [u8]),
    /// Made while rendering.
    Shared(Rc<[u8]>),
}

impl<'v> Text<'v> {
    /// A string constant.
    pub const fn literal(text: &'v str) -> Self {
        Text::Borrowed(text.as_bytes())
    }

    /// As UTF-8; invalid bytes are replaced by U+FFFD.
    pub fn to_str(&self) -> Cow<'_, str> {
        String::from_utf8_lossy(self)
    }
}

impl Deref for Text<'_> {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        match self {
            Text::Borrowed(bytes) => bytes,
            Text::Shared(bytes) => bytes,
        }
    }
}

impl Borrow<[u8]> for Text<'_> {
    fn borrow(&self) -> &[u8] {
        self
    }
}

impl PartialEq for Text<'_> {
    fn eq(&self, other: &Self) -> bool {
        **self == **other
    }
}

impl Eq for Text<'_> {}

impl PartialOrd for Text<'_> {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Text<'_> {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        (**self).cmp(&**other)
    }
}

impl std::hash::Hash for Text<'_> {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        (**self).hash(state);
    }
}

impl<'v> From<&'v str> for Text<'v> {
    fn from(text: &'v str) -> Self {
        Text::Borrowed(text.as_bytes())
    }
}

impl<'v> From<&'v [u8]> for Text<'v> {
    fn from(bytes: &'v [u8]) -> Self {
        Text::Borrowed(bytes)
    }
}

impl From<String> for Text<'_> {
    fn from(text: String) -> Self {
        Text::Shared(text.into_bytes().into())
    }
}

impl From<Vec<u8>> for Text<'_> {
    fn from(bytes: Vec<u8>) -> Self {
        Text::Shared(bytes.into())
    }
}

impl fmt::Debug for Text<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.to_str(), f)
    }
}
