//! JSON: values from text and text from values, as Go's `encoding/json` does it.

mod read;
mod write;

use super::Function;
use super::row::{fixed, mismatch};
use crate::golang::json::{COMPACT, PRETTY, Style};
use crate::template::value::{Type, Value};
use crate::template::{Failure, Session};

/// The functions of this group. Those without `must` answer an error with nothing.
pub const FUNCTIONS: &[Function] = &[
    fixed("fromJson", &[Type::String], Type::Any, from_json),
    fixed("mustFromJson", &[Type::String], Type::Any, must_from_json),
    fixed("toJson", &[Type::Any], Type::String, to_json),
    fixed("mustToJson", &[Type::Any], Type::String, must_to_json),
    fixed("toPrettyJson", &[Type::Any], Type::String, to_pretty_json),
    fixed(
        "mustToPrettyJson",
        &[Type::Any],
        Type::String,
        must_to_pretty_json,
    ),
    fixed("toRawJson", &[Type::Any], Type::String, to_raw_json),
    fixed(
        "mustToRawJson",
        &[Type::Any],
        Type::String,
        must_to_raw_json,
    ),
];

/// On one line, `<>&` as they are.
const RAW: Style<'static> = Style {
    html: false,
    indent: None,
};

fn from_json<'v>(session: &Session<'v>, args: &[Value<'v>]) -> Result<Value<'v>, Failure> {
    let [Value::Text(text)] = args else {
        return Err(mismatch());
    };
    match read::parse(text, session) {
        Ok(parsed) => Ok(parsed.value),
        Err(failure) if failure.limit => Err(failure),
        Err(_) => Ok(Value::Nil),
    }
}

fn must_from_json<'v>(session: &Session<'v>, args: &[Value<'v>]) -> Result<Value<'v>, Failure> {
    let [Value::Text(text)] = args else {
        return Err(mismatch());
    };
    let parsed = read::parse(text, session)?;
    match parsed.complaint {
        Some(complaint) => Err(Failure::new(complaint)),
        None => Ok(parsed.value),
    }
}

fn encode<'v>(
    session: &Session<'v>,
    args: &[Value<'v>],
    style: Style<'_>,
) -> Result<Value<'v>, Failure> {
    let [value] = args else {
        return Err(mismatch());
    };
    Ok(write::to_text(value, style, session)?.into())
}

/// The empty string for what has no JSON form.
fn forgiving(result: Result<Value<'_>, Failure>) -> Result<Value<'_>, Failure> {
    match result {
        Err(failure) if !failure.limit => Ok(Value::text("")),
        result => result,
    }
}

fn to_json<'v>(session: &Session<'v>, args: &[Value<'v>]) -> Result<Value<'v>, Failure> {
    forgiving(encode(session, args, COMPACT))
}

fn must_to_json<'v>(session: &Session<'v>, args: &[Value<'v>]) -> Result<Value<'v>, Failure> {
    encode(session, args, COMPACT)
}

fn to_pretty_json<'v>(session: &Session<'v>, args: &[Value<'v>]) -> Result<Value<'v>, Failure> {
    forgiving(encode(session, args, PRETTY))
}

fn must_to_pretty_json<'v>(
    session: &Session<'v>,
    args: &[Value<'v>],
) -> Result<Value<'v>, Failure> {
    encode(session, args, PRETTY)
}

fn to_raw_json<'v>(session: &Session<'v>, args: &[Value<'v>]) -> Result<Value<'v>, Failure> {
    forgiving(encode(session, args, RAW))
}

fn must_to_raw_json<'v>(session: &Session<'v>, args: &[Value<'v>]) -> Result<Value<'v>, Failure> {
    encode(session, args, RAW)
}
