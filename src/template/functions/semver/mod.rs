//! Semantic versions, as lenient as the library behind Sprig: `v1.2` is a version.

mod constraint;
mod version;

pub(super) use version::Version;

use super::Function;
use super::row::{fixed, mismatch};
use crate::template::value::{Type, Value};
use crate::template::{Failure, Session};
use constraint::Constraints;

/// The functions of this group.
pub const FUNCTIONS: &[Function] = &[
    fixed("semver", &[Type::String], version::POINTER, semver),
    fixed(
        "semverCompare",
        &[Type::String, Type::String],
        Type::Bool,
        semver_compare,
    ),
];

fn semver<'v>(session: &Session<'v>, args: &[Value<'v>]) -> Result<Value<'v>, Failure> {
    let [Value::Text(text)] = args else {
        return Err(mismatch());
    };
    session.charge(text.len().saturating_mul(2))?;
    Ok(Value::opaque(Version::parse(&text.to_str())?))
}

/// Whether a version satisfies a constraint.
fn semver_compare<'v>(session: &Session<'v>, args: &[Value<'v>]) -> Result<Value<'v>, Failure> {
    let [Value::Text(constraint), Value::Text(version)] = args else {
        return Err(mismatch());
    };
    session.charge(constraint.len().saturating_mul(4))?;
    session.steps(constraint.len() as u64)?;
    let constraints = Constraints::parse(&constraint.to_str())?;
    let version = Version::parse(&version.to_str())?;
    Ok(Value::Bool(constraints.allow(&version)))
}
