//! Static types: what the checker knows about a sub-expression before it is evaluated.
//!
//! The object has no declared type, so most is [`Type::Any`]. What is known follows Go's types,
//! because the original's checker accepts and refuses by them.

use std::fmt;
use std::sync::Arc;

/// A Go type as far as the language can meet it.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Type {
    /// The type of `nil`.
    Nil,
    /// Not known before evaluation: `interface {}`.
    Any,
    Bool,
    Int,
    Int64,
    Uint8,
    Float,
    Text,
    /// `[]interface {}`; the elements' type is known in the dialect of 1.17 only.
    Array(Arc<Type>),
    /// `[]int`
    Ints,
    /// `[]float64`
    Floats,
    /// `[]string`
    Texts,
    /// `[]uint8`
    Bytes,
    /// `map[string]interface {}`
    Map,
    /// `map[interface {}]interface {}`
    AnyMap,
    /// `map[interface {}][]interface {}`
    Groups,
    Time,
    Duration,
    Month,
    Weekday,
    /// `*time.Location`
    Zone,
    Func(Arc<Signature>),
}

/// The type of a function.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Signature {
    pub params: Vec<Type>,
    /// Number of results; only the first counts.
    pub results: usize,
    pub result: Type,
    /// Whether the last parameter stands for any number of arguments of its type.
    pub variadic: bool,
}

/// Go's `reflect.Kind`, coarser than the type.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Invalid,
    Interface,
    Bool,
    Int,
    Int64,
    Uint8,
    Float,
    Text,
    Slice,
    Map,
    Struct,
    Pointer,
    Func,
}

impl Type {
    /// `[]interface {}` of whatever.
    pub fn array() -> Self {
        Self::Array(Arc::new(Self::Any))
    }

    pub fn array_of(element: Self) -> Self {
        Self::Array(Arc::new(element))
    }

    pub fn func(params: Vec<Type>, result: Type) -> Self {
        Self::Func(Arc::new(Signature {
            params,
            results: 1,
            result,
            variadic: false,
        }))
    }

    pub fn kind(&self) -> Kind {
        match self {
            Self::Nil => Kind::Invalid,
            Self::Any => Kind::Interface,
            Self::Bool => Kind::Bool,
            Self::Int | Self::Month | Self::Weekday => Kind::Int,
            Self::Int64 | Self::Duration => Kind::Int64,
            Self::Uint8 => Kind::Uint8,
            Self::Float => Kind::Float,
            Self::Text => Kind::Text,
            Self::Array(_) | Self::Ints | Self::Floats | Self::Texts | Self::Bytes => Kind::Slice,
            Self::Map | Self::AnyMap | Self::Groups => Kind::Map,
            Self::Time => Kind::Struct,
            Self::Zone => Kind::Pointer,
            Self::Func(_) => Kind::Func,
        }
    }

    pub fn is_any(&self) -> bool {
        matches!(self, Self::Any)
    }

    pub fn is_nil(&self) -> bool {
        matches!(self, Self::Nil)
    }

    pub fn is_bool(&self) -> bool {
        matches!(self, Self::Bool)
    }

    pub fn is_text(&self) -> bool {
        matches!(self, Self::Text)
    }

    /// In 1.16 every type whose kind is an integer counts, durations and months too.
    pub fn is_integer(&self, named: bool) -> bool {
        match self {
            Self::Duration | Self::Month | Self::Weekday => named,
            _ => matches!(self.kind(), Kind::Int | Kind::Int64 | Kind::Uint8),
        }
    }

    pub fn is_number(&self, named: bool) -> bool {
        self.is_integer(named) || matches!(self, Self::Float)
    }

    pub fn is_list(&self) -> bool {
        self.kind() == Kind::Slice
    }

    pub fn is_map(&self) -> bool {
        self.kind() == Kind::Map
    }

    /// A struct, also behind a pointer.
    pub fn is_struct(&self) -> bool {
        matches!(self, Self::Time | Self::Zone)
    }

    /// The type of an element or a member.
    pub fn element(&self) -> Self {
        match self {
            Self::Array(element) => (**element).clone(),
            Self::Ints => Self::Int,
            Self::Floats => Self::Float,
            Self::Texts => Self::Text,
            Self::Bytes => Self::Uint8,
            Self::Groups => Self::array(),
            _ => Self::Any,
        }
    }

    /// The type of a map's keys.
    pub fn key(&self) -> Self {
        match self {
            Self::Map => Self::Text,
            _ => Self::Any,
        }
    }

    /// Go's assignability, without nil.
    pub fn assignable_to(&self, target: &Self) -> bool {
        match (self, target) {
            (_, Self::Any) => true,
            (Self::Array(_), Self::Array(_)) => true,
            _ => self == target,
        }
    }
}

impl fmt::Display for Type {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Nil => "<nil>",
            Self::Any => "interface {}",
            Self::Bool => "bool",
            Self::Int => "int",
            Self::Int64 => "int64",
            Self::Uint8 => "uint8",
            Self::Float => "float64",
            Self::Text => "string",
            Self::Array(_) => "[]interface {}",
            Self::Ints => "[]int",
            Self::Floats => "[]float64",
            Self::Texts => "[]string",
            Self::Bytes => "[]uint8",
            Self::Map => "map[string]interface {}",
            Self::AnyMap => "map[interface {}]interface {}",
            Self::Groups => "map[interface {}][]interface {}",
            Self::Time => "time.Time",
            Self::Duration => "time.Duration",
            Self::Month => "time.Month",
            Self::Weekday => "time.Weekday",
            Self::Zone => "*time.Location",
            Self::Func(signature) => return signature.fmt(f),
        })
    }
}

impl fmt::Display for Signature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("func(")?;
        for (position, param) in self.params.iter().enumerate() {
            if position > 0 {
                f.write_str(", ")?;
            }
            if self.variadic && position + 1 == self.params.len() {
                f.write_str("...")?;
            }
            param.fmt(f)?;
        }
        write!(f, ") {}", self.result)
    }
}
