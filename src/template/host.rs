//! The functions that Argo CD gives to its templates: the groups `time` and `strings`.
//! Templates call them as `call .time.Now`.

use super::functions::Call;
use super::value::{Type, Value, time::TIME};
use super::{Failure, HostFunction, Session, Signature, Vars, functions};
use crate::golang::duration::Duration;
use crate::golang::time::{Time, Zone, layout};

/// The durations of the group `time`.
const DURATIONS: [(&str, Duration); 6] = [
    ("Nanosecond", Duration::NANOSECOND),
    ("Microsecond", Duration::MICROSECOND),
    ("Millisecond", Duration::MILLISECOND),
    ("Second", Duration::SECOND),
    ("Minute", Duration::MINUTE),
    ("Hour", Duration::HOUR),
];

/// Adds the groups to the variables. `Now` answers what [`Vars::now`] set.
pub fn argo_host(vars: &mut Vars<'_>) {
    const ONE: &[Type] = &[Type::String];
    const THREE: &[Type] = &[Type::String, Type::String, Type::String];
    for (name, duration) in DURATIONS {
        vars.opaque("time", name, duration);
    }
    for (name, layout) in layout::NAMED {
        vars.text_in("time", name, layout);
    }
    let functions = [
        ("time", "Now", Signature::fixed(&[], TIME), now as Call),
        ("time", "Parse", Signature::fixed(ONE, TIME), parse_time),
        (
            "strings",
            "ReplaceAll",
            Signature::fixed(THREE, Type::String),
            replace_all,
        ),
        (
            "strings",
            "ToUpper",
            Signature::fixed(ONE, Type::String),
            |session, args| same_as("upper", session, args),
        ),
        (
            "strings",
            "ToLower",
            Signature::fixed(ONE, Type::String),
            |session, args| same_as("lower", session, args),
        ),
    ];
    for (group, name, signature, call) in functions {
        vars.function(group, name, HostFunction::new(name, signature, call));
    }
}

fn now<'v>(session: &Session<'v>, _: &[Value<'v>]) -> Result<Value<'v>, Failure> {
    let now = session.now();
    let nanos = u32::try_from(now.subsec_nanosecond()).unwrap_or(0);
    Ok(Value::opaque(
        Time::from_unix(now.as_second(), nanos).in_zone(Zone::Local),
    ))
}

fn parse_time<'v>(_: &Session<'v>, args: &[Value<'v>]) -> Result<Value<'v>, Failure> {
    let text = args
        .first()
        .and_then(Value::as_text)
        .map(|text| text.to_str());
    match Time::parse(layout::RFC3339, &text.unwrap_or_default()) {
        Ok(time) => Ok(Value::opaque(time)),
        Err(error) => Err(Failure::new(error.to_string())),
    }
}

/// Sprig has the function too, with the arguments in another order.
fn replace_all<'v>(session: &Session<'v>, args: &[Value<'v>]) -> Result<Value<'v>, Failure> {
    match args {
        [text, old, new] => same_as(
            "replace",
            session,
            &[old.clone(), new.clone(), text.clone()],
        ),
        _ => Err(Failure::new("ReplaceAll takes three strings")),
    }
}

fn same_as<'v>(
    name: &str,
    session: &Session<'v>,
    args: &[Value<'v>],
) -> Result<Value<'v>, Failure> {
    match functions::find(name) {
        Some(function) => (function.call)(session, args),
        None => Err(Failure::new(format!("function {name:?} not defined"))),
    }
}
