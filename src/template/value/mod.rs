//! The values of a template: Go's types, as far as they can be told apart.
//!
//! A rendering works on values that borrow the caller's JSON: taking a field of an object copies
//! nothing. Here are the values and what every Go value can do (type, truth, identity); printing
//! is in [`print`](super::print), the functions in [`functions`](super::functions).

mod list;
mod map;
mod opaque;
mod text;
pub mod time;
pub mod types;

pub use list::List;
pub use map::Map;
pub(in crate::template) use map::MapData;
pub use opaque::{Method, MethodCall, Opaque};
pub use text::Text;
pub use types::{Kind, Type};

use super::Session;
use super::functions::HostFunction;
use std::sync::Arc;

/// How deeply lists and maps may be nested; protects the stack of everything that walks values.
pub const MAX_DEPTH: usize = 200;

/// A Go value.
#[derive(Clone, Debug)]
pub enum Value<'v> {
    /// No value: a key that is not there. Prints as `<no value>`; fields of it are absent too.
    Absent,
    /// `nil` in an `interface {}`: a key whose value is null. Fields of it are an error. Functions
    /// see this also for absent arguments.
    Nil,
    /// `bool`
    Bool(bool),
    /// `int`: integer literals, lengths, positions.
    Int(i64),
    /// `int64`: integers of Kubernetes objects, results of Sprig's arithmetic.
    Int64(i64),
    /// `int32`
    Int32(i32),
    /// `uint8`
    Uint8(u8),
    /// `uint64`
    Uint64(u64),
    /// `float64`
    Float(f64),
    /// `complex128`: real and imaginary part.
    Complex(f64, f64),
    /// `string`
    Text(Text<'v>),
    /// A slice.
    List(List<'v>),
    /// A map with string keys.
    Map(Map<'v>),
    /// A value of another Go type.
    Opaque(Arc<dyn Opaque>),
    /// A function, to be called by `call`.
    Func(Arc<HostFunction>),
}

impl<'v> Value<'v> {
    /// A JSON value as Kubernetes decodes it: integers that fit are `int64`, other numbers
    /// `float64`.
    pub fn from_json(json: &'v serde_json::Value) -> Self {
        use serde_json::Value as Json;
        match json {
            Json::Null => Value::Nil,
            Json::Bool(truth) => Value::Bool(*truth),
            Json::Number(number) => match number.as_i64() {
                Some(int) => Value::Int64(int),
                None => Value::Float(number.as_f64().unwrap_or(f64::NAN)),
            },
            Json::String(text) => Value::Text(text.as_str().into()),
            Json::Array(items) => Value::List(List::json(items)),
            Json::Object(members) => Value::Map(Map::json(members)),
        }
    }

    /// A string.
    pub fn text(text: impl Into<Text<'v>>) -> Self {
        Value::Text(text.into())
    }

    /// An opaque value.
    pub fn opaque(value: impl Opaque) -> Self {
        Value::Opaque(Arc::new(value))
    }

    /// The zero value of a type; nil for opaque types, which have none here.
    pub fn zero(of: Type) -> Self {
        match of {
            Type::Any | Type::Named(..) | Type::Func => Value::Nil,
            Type::Reflect => Value::Absent,
            Type::Bool => Value::Bool(false),
            Type::Int => Value::Int(0),
            Type::Int64 => Value::Int64(0),
            Type::Int32 => Value::Int32(0),
            Type::Uint8 => Value::Uint8(0),
            Type::Uint64 => Value::Uint64(0),
            Type::Float64 => Value::Float(0.0),
            Type::Complex128 => Value::Complex(0.0, 0.0),
            Type::String => Value::Text(Text::literal("")),
            Type::List(element) => Value::List(List::nil(element)),
            Type::Map(element) => Value::Map(Map::nil(element)),
        }
    }

    /// The Go type; [`Type::Any`] for nil and for no value.
    pub fn go_type(&self) -> Type {
        match self {
            Value::Absent | Value::Nil => Type::Any,
            Value::Bool(_) => Type::Bool,
            Value::Int(_) => Type::Int,
            Value::Int64(_) => Type::Int64,
            Value::Int32(_) => Type::Int32,
            Value::Uint8(_) => Type::Uint8,
            Value::Uint64(_) => Type::Uint64,
            Value::Float(_) => Type::Float64,
            Value::Complex(..) => Type::Complex128,
            Value::Text(_) => Type::String,
            Value::List(list) => list.go_type(),
            Value::Map(map) => map.go_type(),
            Value::Opaque(value) => value.go_type(),
            Value::Func(_) => Type::Func,
        }
    }

    /// What Go's `%T` shows: the type's name, `<nil>` for nil.
    pub fn type_name(&self) -> String {
        match self {
            Value::Absent | Value::Nil => "<nil>".into(),
            Value::Func(function) => function.signature.to_string(),
            value => value.go_type().to_string(),
        }
    }

    /// Go's kind; [`Kind::Invalid`] for nil and for no value.
    pub fn kind(&self) -> Kind {
        match self {
            Value::Absent | Value::Nil => Kind::Invalid,
            value => value.go_type().kind(),
        }
    }

    /// Whether there is no value, or an untyped nil.
    pub fn is_nil(&self) -> bool {
        matches!(self, Value::Absent | Value::Nil)
    }

    /// Go templates' truth: not the zero value, and not empty. Structs are always true.
    pub fn is_true(&self, session: &Session<'v>) -> bool {
        match self {
            Value::Absent | Value::Nil => false,
            Value::Bool(truth) => *truth,
            Value::Int(n) | Value::Int64(n) => *n != 0,
            Value::Int32(n) => *n != 0,
            Value::Uint8(n) => *n != 0,
            Value::Uint64(n) => *n != 0,
            Value::Float(n) => *n != 0.0,
            Value::Complex(re, im) => *re != 0.0 || *im != 0.0,
            Value::Text(text) => !text.is_empty(),
            Value::List(list) => !list.is_empty(),
            Value::Map(map) => !map.is_empty(session),
            Value::Opaque(value) => value.integer() != Some(0),
            Value::Func(_) => true,
        }
    }

    /// The number of any signed integer type.
    pub fn as_int(&self) -> Option<i64> {
        match self {
            Value::Int(n) | Value::Int64(n) => Some(*n),
            Value::Int32(n) => Some(i64::from(*n)),
            Value::Opaque(value) => value.integer(),
            _ => None,
        }
    }

    /// The number of any unsigned integer type.
    pub fn as_uint(&self) -> Option<u64> {
        match self {
            Value::Uint8(n) => Some(u64::from(*n)),
            Value::Uint64(n) => Some(*n),
            _ => None,
        }
    }

    /// The string, if it is one.
    pub fn as_text(&self) -> Option<&Text<'v>> {
        match self {
            Value::Text(text) => Some(text),
            _ => None,
        }
    }

    /// The opaque value of this concrete type, if it is one.
    pub fn downcast<T: Opaque>(&self) -> Option<&T> {
        match self {
            Value::Opaque(value) => value.as_any().downcast_ref(),
            _ => None,
        }
    }

    /// Go's `reflect.DeepEqual`: same types all the way down, and the same contents.
    ///
    /// # Errors
    /// When a limit of the session is reached.
    pub fn deep_equal(
        &self,
        other: &Value<'v>,
        session: &Session<'v>,
    ) -> Result<bool, super::Failure> {
        let _level = session.descend()?;
        Ok(match (self, other) {
            (Value::Absent | Value::Nil, Value::Absent | Value::Nil) => true,
            (Value::List(a), Value::List(b)) => {
                if a.go_type() != b.go_type() || a.is_nil() != b.is_nil() || a.len() != b.len() {
                    return Ok(false);
                }
                if a.identity() == b.identity() {
                    return Ok(true);
                }
                for (x, y) in a.iter().zip(b.iter()) {
                    if !x.deep_equal(&y, session)? {
                        return Ok(false);
                    }
                }
                true
            }
            (Value::Map(a), Value::Map(b)) => {
                if a.identity() == b.identity() {
                    return Ok(true);
                }
                if a.go_type() != b.go_type()
                    || a.is_nil() != b.is_nil()
                    || a.len(session) != b.len(session)
                {
                    return Ok(false);
                }
                for (name, x) in a.members(session) {
                    match b.get(session, &name) {
                        Some(y) if x.deep_equal(&y, session)? => {}
                        _ => return Ok(false),
                    }
                }
                true
            }
            (Value::Func(_), Value::Func(_)) => false,
            (a, b) => a.same(b).unwrap_or(false),
        })
    }

    /// Go's `==` of two interfaces: false for different types; `None` for types that Go cannot
    /// compare (lists, maps, functions).
    pub fn same(&self, other: &Value<'v>) -> Option<bool> {
        Some(match (self, other) {
            (Value::Absent | Value::Nil, Value::Absent | Value::Nil) => true,
            (Value::Bool(a), Value::Bool(b)) => a == b,
            (Value::Int(a), Value::Int(b)) | (Value::Int64(a), Value::Int64(b)) => a == b,
            (Value::Int32(a), Value::Int32(b)) => a == b,
            (Value::Uint8(a), Value::Uint8(b)) => a == b,
            (Value::Uint64(a), Value::Uint64(b)) => a == b,
            (Value::Float(a), Value::Float(b)) => a == b,
            (Value::Complex(a, b), Value::Complex(c, d)) => a == c && b == d,
            (Value::Text(a), Value::Text(b)) => a == b,
            (Value::Opaque(a), Value::Opaque(b)) if a.go_type() == b.go_type() => {
                return a.equals(b.as_ref());
            }
            (Value::List(_), Value::List(_))
            | (Value::Map(_), Value::Map(_))
            | (Value::Func(_), Value::Func(_)) => return None,
            _ => false,
        })
    }

    fn depth(&self) -> usize {
        match self {
            Value::List(list) => list.depth(),
            Value::Map(map) => map.depth(),
            _ => 0,
        }
    }
}

impl<'v> From<bool> for Value<'v> {
    fn from(truth: bool) -> Self {
        Value::Bool(truth)
    }
}

impl<'v> From<f64> for Value<'v> {
    fn from(number: f64) -> Self {
        Value::Float(number)
    }
}

impl<'v> From<&'v str> for Value<'v> {
    fn from(text: &'v str) -> Self {
        Value::Text(text.into())
    }
}

impl<'v> From<String> for Value<'v> {
    fn from(text: String) -> Self {
        Value::Text(text.into())
    }
}

impl<'v> From<Vec<u8>> for Value<'v> {
    fn from(text: Vec<u8>) -> Self {
        Value::Text(text.into())
    }
}

impl<'v> From<Text<'v>> for Value<'v> {
    fn from(text: Text<'v>) -> Self {
        Value::Text(text)
    }
}

impl<'v> From<List<'v>> for Value<'v> {
    fn from(list: List<'v>) -> Self {
        Value::List(list)
    }
}

impl<'v> From<Map<'v>> for Value<'v> {
    fn from(map: Map<'v>) -> Self {
        Value::Map(map)
    }
}
