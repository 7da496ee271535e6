//! The built-in functions: names, and what they do with values. What the checker demands of their
//! arguments is in `checker::builtins`; those that take a predicate are compiled to loops instead.

mod collections;
mod convert;
mod json;
mod numbers;
mod sorting;
mod strings;
mod time;

pub(super) use collections::slice;
pub(super) use convert::{byte_len, ldexp};
pub(super) use sorting::sort_by;
pub(super) use strings::{find, to_lower, to_upper};

use super::Version;
use super::budget::Budget;
use super::value::Value;
use crate::golang::time::Time;

/// What a failed operation says; the place is added where it is caught.
pub(super) type Outcome<T> = Result<T, String>;

/// What a built-in may use besides its arguments.
pub(super) struct Context<'c> {
    pub budget: &'c mut Budget,
    pub version: Version,
    /// The present moment, if the environment fixes it.
    pub now: Option<&'c Time>,
}

/// One parameter of a built-in that takes a predicate.
#[derive(Clone, Copy, Debug)]
pub(super) struct Argument {
    pub predicate: bool,
    pub optional: bool,
}

const LIST: Argument = Argument {
    predicate: false,
    optional: false,
};
const PREDICATE: Argument = Argument {
    predicate: true,
    optional: false,
};
const MAYBE_PREDICATE: Argument = Argument {
    predicate: true,
    optional: true,
};
const MAYBE_VALUE: Argument = Argument {
    predicate: false,
    optional: true,
};

macro_rules! builtins {
    ($($variant:ident $name:literal,)*) => {
        /// A built-in function.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[allow(missing_docs)]
        pub(super) enum Builtin {
            $($variant,)*
        }

        impl Builtin {
            const ALL: &'static [(Builtin, &'static str)] = &[
                $((Builtin::$variant, $name),)*
            ];

            /// The name in expressions.
            pub fn name(self) -> &'static str {
                match self {
                    $(Builtin::$variant => $name,)*
                }
            }
        }
    };
}

builtins! {
    All "all",
    None "none",
    Any "any",
    One "one",
    Filter "filter",
    Map "map",
    Find "find",
    FindIndex "findIndex",
    FindLast "findLast",
    FindLastIndex "findLastIndex",
    Count "count",
    Sum "sum",
    GroupBy "groupBy",
    SortBy "sortBy",
    Reduce "reduce",
    Len "len",
    Type "type",
    Abs "abs",
    Ceil "ceil",
    Floor "floor",
    Round "round",
    Int "int",
    Float "float",
    String "string",
    Trim "trim",
    TrimPrefix "trimPrefix",
    TrimSuffix "trimSuffix",
    Upper "upper",
    Lower "lower",
    Split "split",
    SplitAfter "splitAfter",
    Replace "replace",
    Repeat "repeat",
    Join "join",
    IndexOf "indexOf",
    LastIndexOf "lastIndexOf",
    HasPrefix "hasPrefix",
    HasSuffix "hasSuffix",
    Max "max",
    Min "min",
    Mean "mean",
    Median "median",
    ToJson "toJSON",
    FromJson "fromJSON",
    ToBase64 "toBase64",
    FromBase64 "fromBase64",
    Now "now",
    Duration "duration",
    Date "date",
    Timezone "timezone",
    First "first",
    Last "last",
    Get "get",
    Take "take",
    Keys "keys",
    Values "values",
    ToPairs "toPairs",
    FromPairs "fromPairs",
    Reverse "reverse",
    Uniq "uniq",
    Concat "concat",
    Flatten "flatten",
    Sort "sort",
    BitAnd "bitand",
    BitOr "bitor",
    BitXor "bitxor",
    BitNand "bitnand",
    BitShl "bitshl",
    BitShr "bitshr",
    BitUshr "bitushr",
    BitNot "bitnot",
}

impl Builtin {
    /// The built-in of this name in that dialect.
    pub fn by_name(name: &str, version: Version) -> Option<Self> {
        let (builtin, _) = Self::ALL.iter().find(|(_, known)| *known == name)?;
        let newer = matches!(builtin, Self::Uniq | Self::Flatten);
        (!newer || version == Version::V1_17).then_some(*builtin)
    }

    /// The names of all built-ins of that dialect.
    pub fn names(version: Version) -> impl Iterator<Item = &'static str> {
        Self::ALL
            .iter()
            .map(|(_, name)| *name)
            .filter(move |name| Self::by_name(name, version).is_some())
    }

    /// The parameters, if a predicate is among them.
    pub fn shape(self) -> Option<&'static [Argument]> {
        Some(match self {
            Self::All
            | Self::None
            | Self::Any
            | Self::One
            | Self::Filter
            | Self::Map
            | Self::Find
            | Self::FindIndex
            | Self::FindLast
            | Self::FindLastIndex
            | Self::GroupBy => &[LIST, PREDICATE],
            Self::Count | Self::Sum => &[LIST, MAYBE_PREDICATE],
            Self::SortBy | Self::Reduce => &[LIST, PREDICATE, MAYBE_VALUE],
            _ => return None,
        })
    }
}

/// Calls a built-in that takes no predicate.
pub(super) fn call<'v>(
    builtin: Builtin,
    arguments: &[Value<'v>],
    context: &mut Context<'_>,
) -> Outcome<Value<'v>> {
    match builtin {
        Builtin::Trim
        | Builtin::TrimPrefix
        | Builtin::TrimSuffix
        | Builtin::Upper
        | Builtin::Lower
        | Builtin::Split
        | Builtin::SplitAfter
        | Builtin::Replace
        | Builtin::Repeat
        | Builtin::Join
        | Builtin::IndexOf
        | Builtin::LastIndexOf
        | Builtin::HasPrefix
        | Builtin::HasSuffix => strings::call(builtin, arguments, context),
        Builtin::Abs
        | Builtin::Ceil
        | Builtin::Floor
        | Builtin::Round
        | Builtin::Max
        | Builtin::Min
        | Builtin::Mean
        | Builtin::Median
        | Builtin::BitAnd
        | Builtin::BitOr
        | Builtin::BitXor
        | Builtin::BitNand
        | Builtin::BitShl
        | Builtin::BitShr
        | Builtin::BitUshr
        | Builtin::BitNot => numbers::call(builtin, arguments, context),
        Builtin::Len
        | Builtin::Type
        | Builtin::Int
        | Builtin::Float
        | Builtin::String
        | Builtin::ToBase64
        | Builtin::FromBase64 => convert::call(builtin, arguments, context),
        Builtin::ToJson => json::encode(argument(arguments, 0), context),
        Builtin::FromJson => json::decode(text(arguments, 0)?, context),
        Builtin::Now | Builtin::Duration | Builtin::Date | Builtin::Timezone => {
            time::call(builtin, arguments, context)
        }
        Builtin::Sort => sorting::sort(arguments, context),
        _ => collections::call(builtin, arguments, context),
    }
}

/// An argument, nil when it was not given.
fn argument<'a, 'v>(arguments: &'a [Value<'v>], index: usize) -> &'a Value<'v> {
    arguments.get(index).unwrap_or(&Value::Nil)
}

/// An argument that must be a string.
fn text<'a, 'v>(arguments: &'a [Value<'v>], index: usize) -> Outcome<&'a super::text::Text<'v>> {
    match argument(arguments, index) {
        Value::Text(text) => Ok(text),
        other => Err(super::operators::not_a("string", other)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_found_again() {
        for (builtin, name) in Builtin::ALL {
            assert_eq!(Builtin::by_name(name, Version::V1_17), Some(*builtin));
            assert_eq!(builtin.name(), *name);
        }
        assert_eq!(Builtin::by_name("uniq", Version::V1_16), None);
        assert_eq!(Builtin::by_name("length", Version::V1_16), None);
    }
}
