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

/// Bytes of a constraint: reading it takes longer than its length suggests.
const LONGEST_CONSTRAINT: usize = 4096;

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
    if constraint.len() > LONGEST_CONSTRAINT {
        return Err(Failure::limit(format!(
            "the version constraint is longer than {LONGEST_CONSTRAINT} bytes"
        )));
    }
    session.steps(constraint.len() as u64 / 64)?;
    let constraints = Constraints::parse(&constraint.to_str())?;
    let version = Version::parse(&version.to_str())?;
    Ok(Value::Bool(constraints.allow(&version)))
}
