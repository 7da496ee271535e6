//! Finding equal values, as `has`, `uniq`, `without` and `deepEqual` do: Go's `reflect.DeepEqual`.

use super::semver::Version;
use crate::template::value::{Text, Value};
use crate::template::{Failure, Session};
use std::collections::HashSet;

/// A scalar by type and value. Not-a-number has none: it equals nothing.
#[derive(PartialEq, Eq, Hash)]
enum Scalar<'v> {
    Nil,
    Bool(bool),
    Int(i64),
    Int64(i64),
    Float(u64),
    Text(Text<'v>),
}

fn scalar<'v>(value: &Value<'v>) -> Option<Scalar<'v>> {
    Some(match value {
        Value::Nil | Value::Absent => Scalar::Nil,
        Value::Bool(truth) => Scalar::Bool(*truth),
        Value::Int(n) => Scalar::Int(*n),
        Value::Int64(n) => Scalar::Int64(*n),
        Value::Float(n) if *n == 0.0 => Scalar::Float(0),
        Value::Float(n) if !n.is_nan() => Scalar::Float(n.to_bits()),
        Value::Text(text) => Scalar::Text(text.clone()),
        _ => return None,
    })
}

/// Go's `reflect.DeepEqual`.
pub(super) fn deep_equal<'v>(
    a: &Value<'v>,
    b: &Value<'v>,
    session: &Session<'v>,
) -> Result<bool, Failure> {
    let size = match a {
        Value::List(list) => list.len(),
        Value::Map(map) => map.len(session),
        _ => 0,
    };
    session.steps(size as u64 + 1)?;
    // Go looks behind the pointers; the versions' own equality is that of the pointers.
    match (a.downcast::<Version>(), b.downcast::<Version>()) {
        (Some(a), Some(b)) => Ok(a == b),
        _ => a.deep_equal(b, session),
    }
}

/// A set of values, which finds scalars fast.
#[derive(Default)]
pub(super) struct Seen<'v> {
    scalars: HashSet<Scalar<'v>>,
    others: Vec<Value<'v>>,
}

impl<'v> Seen<'v> {
    /// The set of these values.
    pub(super) fn of(values: &[Value<'v>]) -> Self {
        let mut seen = Self::default();
        for value in values {
            match scalar(value) {
                Some(scalar) => drop(seen.scalars.insert(scalar)),
                None => seen.others.push(value.clone()),
            }
        }
        seen
    }

    /// Whether an equal value is in the set.
    pub(super) fn contains(
        &self,
        value: &Value<'v>,
        session: &Session<'v>,
    ) -> Result<bool, Failure> {
        session.step()?;
        if let Some(scalar) = scalar(value) {
            return Ok(self.scalars.contains(&scalar));
        }
        for other in &self.others {
            if deep_equal(value, other, session)? {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Adds a value; false if an equal one is there already.
    pub(super) fn insert(
        &mut self,
        value: &Value<'v>,
        session: &Session<'v>,
    ) -> Result<bool, Failure> {
        if self.contains(value, session)? {
            return Ok(false);
        }
        match scalar(value) {
            Some(scalar) => drop(self.scalars.insert(scalar)),
            None => self.others.push(value.clone()),
        }
        Ok(true)
    }
}
