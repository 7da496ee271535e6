//! One semantic version, and the methods that templates can call on it.

use crate::golang::parse::parse_uint;
use crate::template::functions::Signature;
use crate::template::functions::row::mismatch;
use crate::template::types::BYTES;
use crate::template::value::{Kind, List, Method, MethodCall, Opaque, Type, Value};
use crate::template::{Failure, Session};
use std::any::Any;
use std::cmp::Ordering;
use std::fmt;

/// `*semver.Version`: what `semver` returns.
pub(super) const POINTER: Type = Type::Named("*semver.Version", Kind::Pointer);
/// `semver.Version`: what the methods return that make new versions.
const STRUCT: Type = Type::Named("semver.Version", Kind::Struct);

/// A semantic version.
#[derive(Clone, Debug)]
pub(in crate::template::functions) struct Version {
    pub(super) major: u64,
    pub(super) minor: u64,
    pub(super) patch: u64,
    pub(super) prerelease: String,
    pub(super) metadata: String,
    original: String,
    /// Whether templates see a pointer to the struct.
    pointer: bool,
}

impl PartialEq for Version {
    /// Go's equality of all fields, not the order of versions.
    fn eq(&self, other: &Self) -> bool {
        let fields = |v: &Self| (v.major, v.minor, v.patch);
        fields(self) == fields(other)
            && self.prerelease == other.prerelease
            && self.metadata == other.metadata
            && self.original == other.original
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}.{}", self.major, self.minor, self.patch)?;
        if !self.prerelease.is_empty() {
            write!(f, "-{}", self.prerelease)?;
        }
        if !self.metadata.is_empty() {
            write!(f, "+{}", self.metadata)?;
        }
        Ok(())
    }
}

impl Version {
    /// The zero version, as a value.
    pub(in crate::template::functions) fn zero<'v>() -> Value<'v> {
        Value::opaque(Version {
            major: 0,
            minor: 0,
            patch: 0,
            prerelease: String::new(),
            metadata: String::new(),
            original: String::new(),
            pointer: true,
        })
    }

    /// Reads `1`, `1.2`, `1.2.3`, with a `v` before it, a pre-release and metadata behind it.
    ///
    /// # Errors
    /// With the library's message.
    pub(super) fn parse(text: &str) -> Result<Self, Failure> {
        let invalid = || Failure::new("Invalid Semantic Version");
        let rest = text.strip_prefix('v').unwrap_or(text);
        let numbers_end = rest.find(['-', '+']).unwrap_or(rest.len());
        let (numbers, extra) = rest.split_at(numbers_end);
        let (extra, metadata) = match extra.split_once('+') {
            Some((extra, metadata)) => (extra, Some(metadata)),
            None => (extra, None),
        };
        let prerelease = extra.strip_prefix('-');
        let parts: Vec<&str> = numbers.split('.').collect();
        let digits = |part: &&str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
        let well_formed = parts.len() <= 3
            && parts.iter().all(digits)
            && [prerelease, metadata].into_iter().flatten().all(is_dotted);
        if !well_formed {
            return Err(invalid());
        }
        let mut parsed = [0; 3];
        for (number, part) in parsed.iter_mut().zip(&parts) {
            *number = parse_uint(part, 10).map_err(|_| {
                Failure::new(format!(
                    "Error parsing version segment: strconv.ParseUint: parsing {part:?}: value out \
                     of range"
                ))
            })?;
        }
        let [major, minor, patch] = parsed;
        let prerelease = prerelease.unwrap_or_default();
        check_prerelease(prerelease)?;
        Ok(Version {
            major,
            minor,
            patch,
            prerelease: prerelease.to_owned(),
            metadata: metadata.unwrap_or_default().to_owned(),
            original: text.to_owned(),
            pointer: true,
        })
    }

    /// The order of versions; metadata does not count.
    pub(super) fn compare(&self, other: &Self) -> Ordering {
        let numbers = |v: &Self| (v.major, v.minor, v.patch);
        numbers(self).cmp(&numbers(other)).then_with(|| {
            match (self.prerelease.is_empty(), other.prerelease.is_empty()) {
                (true, true) => Ordering::Equal,
                (true, false) => Ordering::Greater,
                (false, true) => Ordering::Less,
                (false, false) => compare_prereleases(&self.prerelease, &other.prerelease),
            }
        })
    }

    /// A changed copy: a struct whose original text is its own, with the `v` if there was one.
    fn changed<'v>(&self, change: impl FnOnce(&mut Self)) -> Value<'v> {
        let mut next = self.clone();
        change(&mut next);
        let prefix = if self.original.starts_with('v') {
            "v"
        } else {
            ""
        };
        next.original = format!("{prefix}{next}");
        next.pointer = false;
        Value::opaque(next)
    }
}

/// Identifiers of letters, digits and hyphens with dots between them.
fn is_dotted(text: &str) -> bool {
    text.split('.').all(|part| {
        !part.is_empty() && part.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
    })
}

fn check_prerelease(text: &str) -> Result<(), Failure> {
    let zero_first = |part: &str| {
        part.len() > 1 && part.starts_with('0') && part.bytes().all(|b| b.is_ascii_digit())
    };
    if text.split('.').any(zero_first) {
        return Err(Failure::new("Version segment starts with 0"));
    }
    Ok(())
}

/// Part by part: numbers by value and before words, words by their bytes; a longer one is later.
pub(super) fn compare_prereleases(a: &str, b: &str) -> Ordering {
    let (mut a, mut b) = (a.split('.'), b.split('.'));
    loop {
        let (a, b) = match (a.next(), b.next()) {
            (None, None) => return Ordering::Equal,
            (a, b) => (a.unwrap_or_default(), b.unwrap_or_default()),
        };
        if a == b {
            continue;
        }
        let number = |part: &str| parse_uint(part, 10).ok();
        return match (number(a), number(b)) {
            _ if a.is_empty() => Ordering::Less,
            _ if b.is_empty() => Ordering::Greater,
            (Some(a), Some(b)) if a > b => Ordering::Greater,
            (Some(_), _) => Ordering::Less,
            (None, Some(_)) => Ordering::Greater,
            (None, None) => a.cmp(b),
        };
    }
}

impl Opaque for Version {
    fn go_type(&self) -> Type {
        if self.pointer { POINTER } else { STRUCT }
    }

    fn display(&self) -> String {
        self.to_string()
    }

    fn methods(&self) -> &'static [Method] {
        // Go finds the methods of pointers on pointers only.
        if self.pointer {
            METHODS
        } else {
            METHODS.split_at(VALUE_METHODS).0
        }
    }

    fn equals(&self, other: &dyn Opaque) -> Option<bool> {
        let other: &Version = other.as_any().downcast_ref()?;
        Some(if self.pointer {
            std::ptr::eq(self, other)
        } else {
            self == other
        })
    }

    fn as_any(&self) -> &dyn Any {
        self
    }
}

/// How many of [`METHODS`], from the first, belong to the struct.
const VALUE_METHODS: usize = 13;

const METHODS: &[Method] = &[
    method("String", &[], Type::String, string),
    method("Major", &[], Type::Uint64, |_, this, _| {
        Ok(Value::Uint64(version(this)?.major))
    }),
    method("Minor", &[], Type::Uint64, |_, this, _| {
        Ok(Value::Uint64(version(this)?.minor))
    }),
    method("Patch", &[], Type::Uint64, |_, this, _| {
        Ok(Value::Uint64(version(this)?.patch))
    }),
    method("Prerelease", &[], Type::String, |_, this, _| {
        Ok(version(this)?.prerelease.clone().into())
    }),
    method("Metadata", &[], Type::String, |_, this, _| {
        Ok(version(this)?.metadata.clone().into())
    }),
    method("IncPatch", &[], STRUCT, inc_patch),
    method("IncMinor", &[], STRUCT, inc_minor),
    method("IncMajor", &[], STRUCT, inc_major),
    method("SetPrerelease", &[Type::String], STRUCT, set_prerelease),
    method("SetMetadata", &[Type::String], STRUCT, set_metadata),
    method("MarshalText", &[], BYTES, marshal_text),
    method("MarshalJSON", &[], BYTES, marshal_json),
    method("Original", &[], Type::String, |_, this, _| {
        Ok(version(this)?.original.clone().into())
    }),
    method("Compare", &[POINTER], Type::Int, |_, this, args| {
        Ok(Value::Int(ordering(this, args)? as i64))
    }),
    method("LessThan", &[POINTER], Type::Bool, |_, this, args| {
        Ok(Value::Bool(ordering(this, args)?.is_lt()))
    }),
    method("LessThanEqual", &[POINTER], Type::Bool, |_, this, args| {
        Ok(Value::Bool(ordering(this, args)?.is_le()))
    }),
    method("GreaterThan", &[POINTER], Type::Bool, |_, this, args| {
        Ok(Value::Bool(ordering(this, args)?.is_gt()))
    }),
    method(
        "GreaterThanEqual",
        &[POINTER],
        Type::Bool,
        |_, this, args| Ok(Value::Bool(ordering(this, args)?.is_ge())),
    ),
    method("Equal", &[POINTER], Type::Bool, |_, this, args| {
        Ok(Value::Bool(ordering(this, args)?.is_eq()))
    }),
];

const fn method(
    name: &'static str,
    params: &'static [Type],
    result: Type,
    call: MethodCall,
) -> Method {
    Method {
        name,
        signature: Signature::fixed(params, result),
        call,
    }
}

fn version(this: &dyn Opaque) -> Result<&Version, Failure> {
    this.as_any().downcast_ref().ok_or_else(mismatch)
}

fn ordering(this: &dyn Opaque, args: &[Value<'_>]) -> Result<Ordering, Failure> {
    match args {
        [other] => match other.downcast::<Version>() {
            Some(other) => Ok(version(this)?.compare(other)),
            None => Err(Failure::new(crate::template::functions::cast::NIL_POINTER)),
        },
        _ => Err(mismatch()),
    }
}

fn string<'v>(_: &Session<'v>, this: &dyn Opaque, _: &[Value<'v>]) -> Result<Value<'v>, Failure> {
    Ok(version(this)?.to_string().into())
}

/// The release after a pre-release, or the next patch.
fn inc_patch<'v>(
    _: &Session<'v>,
    this: &dyn Opaque,
    _: &[Value<'v>],
) -> Result<Value<'v>, Failure> {
    Ok(version(this)?.changed(|next| {
        if next.prerelease.is_empty() {
            next.patch = next.patch.wrapping_add(1);
        }
        next.prerelease.clear();
        next.metadata.clear();
    }))
}

fn inc_minor<'v>(
    _: &Session<'v>,
    this: &dyn Opaque,
    _: &[Value<'v>],
) -> Result<Value<'v>, Failure> {
    Ok(version(this)?.changed(|next| {
        next.minor = next.minor.wrapping_add(1);
        next.patch = 0;
        next.prerelease.clear();
        next.metadata.clear();
    }))
}

fn inc_major<'v>(
    _: &Session<'v>,
    this: &dyn Opaque,
    _: &[Value<'v>],
) -> Result<Value<'v>, Failure> {
    Ok(version(this)?.changed(|next| {
        next.major = next.major.wrapping_add(1);
        next.minor = 0;
        next.patch = 0;
        next.prerelease.clear();
        next.metadata.clear();
    }))
}

fn set_prerelease<'v>(
    session: &Session<'v>,
    this: &dyn Opaque,
    args: &[Value<'v>],
) -> Result<Value<'v>, Failure> {
    let [Value::Text(text)] = args else {
        return Err(mismatch());
    };
    session.charge(text.len())?;
    let text = text.to_str();
    if !text.is_empty() {
        check_prerelease(&text)?;
        let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '.');
        if !text.chars().all(allowed) {
            return Err(Failure::new("Invalid Prerelease string"));
        }
    }
    Ok(version(this)?.changed(|next| next.prerelease = text.into_owned()))
}

fn set_metadata<'v>(
    session: &Session<'v>,
    this: &dyn Opaque,
    args: &[Value<'v>],
) -> Result<Value<'v>, Failure> {
    let [Value::Text(text)] = args else {
        return Err(mismatch());
    };
    session.charge(text.len())?;
    let text = text.to_str();
    let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '.');
    if !text.chars().all(allowed) {
        return Err(Failure::new("Invalid Metadata string"));
    }
    Ok(version(this)?.changed(|next| next.metadata = text.into_owned()))
}

fn marshal_text<'v>(
    _: &Session<'v>,
    this: &dyn Opaque,
    _: &[Value<'v>],
) -> Result<Value<'v>, Failure> {
    bytes(version(this)?.to_string())
}

fn marshal_json<'v>(
    _: &Session<'v>,
    this: &dyn Opaque,
    _: &[Value<'v>],
) -> Result<Value<'v>, Failure> {
    bytes(format!("\"{}\"", version(this)?))
}

fn bytes<'v>(text: String) -> Result<Value<'v>, Failure> {
    let bytes = text.into_bytes().into_iter().map(Value::Uint8).collect();
    Ok(List::of(&Type::Uint8, bytes)?.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_and_refuses() {
        let good = [
            ("1.2.3", "1.2.3"),
            ("v1.2", "1.2.0"),
            ("01.2.3", "1.2.3"),
            ("1-rc.1", "1.0.0-rc.1"),
            ("1.2.3-0a+b-c.d", "1.2.3-0a+b-c.d"),
            ("1.0.0+build", "1.0.0+build"),
        ];
        for (text, shown) in good {
            let version = Version::parse(text).map(|version| version.to_string());
            assert_eq!(version.as_deref(), Ok(shown), "{text}");
        }
        for text in [
            "",
            "v",
            "V1",
            "1.2.3.4",
            "1.2.3-",
            "1.2.3-01",
            "1..2",
            "1.2.3+",
            "a.b.c",
            "1.2.3-a..b",
            "1.2.3-\u{e9}",
            "18446744073709551616",
        ] {
            assert!(Version::parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn the_order_of_the_specification() {
        let ascending = [
            "1.0.0-alpha",
            "1.0.0-alpha.1",
            "1.0.0-alpha.beta",
            "1.0.0-beta",
            "1.0.0-beta.2",
            "1.0.0-beta.11",
            "1.0.0-rc.1",
            "1.0.0",
            "1.0.1",
        ];
        let versions: Vec<_> = ascending
            .iter()
            .flat_map(|text| Version::parse(text))
            .collect();
        assert!(versions.is_sorted_by(|a, b| a.compare(b).is_lt()));
    }

    #[test]
    fn methods_of_the_struct_come_first() {
        assert_eq!(
            METHODS.get(VALUE_METHODS).map(|method| method.name),
            Some("Original")
        );
    }
}
