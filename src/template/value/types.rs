//! The Go types that a template can see, and their kinds.

use std::fmt;

/// A Go type, as far as templates can tell types apart (`typeOf`, `%T`, argument checks).
///
/// Types are compared by identity, as Go's assignability of unnamed types is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Type {
    /// `interface {}`: takes every value; a missing one arrives as [`Value::Nil`](super::Value).
    Any,
    /// A parameter that takes a value unconverted: Go's `reflect.Value`.
    Reflect,
    /// `bool`
    Bool,
    /// `int`: what integer literals are.
    Int,
    /// `int64`: what integers of Kubernetes objects are.
    Int64,
    /// `int32`, also known as `rune`.
    Int32,
    /// `uint8`, also known as `byte`.
    Uint8,
    /// `uint64`
    Uint64,
    /// `float64`
    Float64,
    /// `complex128`
    Complex128,
    /// `string`
    String,
    /// A slice with elements of this type.
    List(&'static Type),
    /// A map from strings to values of this type.
    Map(&'static Type),
    /// A named type of the standard library or of a Go package, such as `time.Time`.
    Named(&'static str, Kind),
    /// Any function type.
    Func,
}

/// `[]interface {}`
pub const LIST: Type = Type::List(&Type::Any);
/// `[]string`
pub const STRINGS: Type = Type::List(&Type::String);
/// `[]uint8`
pub const BYTES: Type = Type::List(&Type::Uint8);
/// `map[string]interface {}`
pub const DICT: Type = Type::Map(&Type::Any);
/// `map[string]string`
pub const STRING_MAP: Type = Type::Map(&Type::String);

/// Go's `reflect.Kind`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// No value at all.
    Invalid,
    /// `bool`
    Bool,
    /// `int`
    Int,
    /// `int32`
    Int32,
    /// `int64`
    Int64,
    /// `uint8`
    Uint8,
    /// `uint64`
    Uint64,
    /// `float64`
    Float64,
    /// `complex128`
    Complex128,
    /// `string`
    String,
    /// `slice`
    Slice,
    /// `map`
    Map,
    /// `struct`
    Struct,
    /// `ptr`
    Pointer,
    /// `func`
    Func,
    /// `interface`
    Interface,
}

impl Type {
    /// Whether `nil` is a value of the type.
    pub fn can_be_nil(self) -> bool {
        matches!(
            self.kind(),
            Kind::Interface | Kind::Slice | Kind::Map | Kind::Func | Kind::Pointer
        ) || self == Type::Reflect
    }

    /// The kind of the type's values.
    pub fn kind(self) -> Kind {
        match self {
            Type::Any => Kind::Interface,
            Type::Reflect => Kind::Struct,
            Type::Bool => Kind::Bool,
            Type::Int => Kind::Int,
            Type::Int64 => Kind::Int64,
            Type::Int32 => Kind::Int32,
            Type::Uint8 => Kind::Uint8,
            Type::Uint64 => Kind::Uint64,
            Type::Float64 => Kind::Float64,
            Type::Complex128 => Kind::Complex128,
            Type::String => Kind::String,
            Type::List(_) => Kind::Slice,
            Type::Map(_) => Kind::Map,
            Type::Named(_, kind) => kind,
            Type::Func => Kind::Func,
        }
    }
}

impl fmt::Display for Type {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Type::Any => f.write_str("interface {}"),
            Type::Reflect => f.write_str("reflect.Value"),
            Type::List(element) => write!(f, "[]{element}"),
            Type::Map(element) => write!(f, "map[string]{element}"),
            Type::Named(name, _) => f.write_str(name),
            basic => write!(f, "{}", basic.kind()),
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Kind::Invalid => "invalid",
            Kind::Bool => "bool",
            Kind::Int => "int",
            Kind::Int32 => "int32",
            Kind::Int64 => "int64",
            Kind::Uint8 => "uint8",
            Kind::Uint64 => "uint64",
            Kind::Float64 => "float64",
            Kind::Complex128 => "complex128",
            Kind::String => "string",
            Kind::Slice => "slice",
            Kind::Map => "map",
            Kind::Struct => "struct",
            Kind::Pointer => "ptr",
            Kind::Func => "func",
            Kind::Interface => "interface",
        })
    }
}
