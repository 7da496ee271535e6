//! Values of Go types that templates know only from outside: they print, and have methods.

use super::{Kind, Type, Value};
use crate::template::functions::Signature;
use crate::template::{Failure, Session};
use std::any::Any;
use std::fmt::Debug;

/// A value of a Go type such as `time.Time`, `time.Duration` or `*semver.Version`.
pub trait Opaque: Debug + Send + Sync + Any {
    /// The Go type, always a [`Type::Named`].
    fn go_type(&self) -> Type;

    /// What `print` shows: the type's `String` method, or Go's form of the struct.
    fn display(&self) -> String;

    /// The methods that templates can call.
    fn methods(&self) -> &'static [Method];

    /// An exported field of the struct, if the type is a struct (or a pointer to one).
    fn field<'v>(&self, _name: &str) -> Option<Value<'v>> {
        None
    }

    /// The number, for types that are integers in Go (`time.Duration`, `time.Month`).
    fn integer(&self) -> Option<i64> {
        None
    }

    /// Go's `==`; only asked for values of the same Go type. `None` where Go cannot compare.
    fn equals(&self, other: &dyn Opaque) -> Option<bool>;

    /// The value as `encoding/json` writes it.
    fn json(&self) -> serde_json::Value {
        serde_json::Value::String(self.display())
    }

    /// For access to the concrete type.
    fn as_any(&self) -> &dyn Any;
}

impl dyn Opaque {
    /// Go's kind of the value.
    pub fn kind(&self) -> Kind {
        self.go_type().kind()
    }
}

/// A method of an opaque value.
#[derive(Debug)]
pub struct Method {
    /// Go's name.
    pub name: &'static str,
    /// The parameters, without the receiver.
    pub signature: Signature,
    /// The implementation.
    pub call: MethodCall,
}

/// Implements a method: receiver, checked arguments → result.
pub type MethodCall =
    for<'s, 'v> fn(&'s Session<'v>, &'s dyn Opaque, &'s [Value<'v>]) -> Result<Value<'v>, Failure>;
