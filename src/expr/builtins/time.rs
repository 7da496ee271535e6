//! Built-ins that make times, durations and zones.

use super::{Builtin, Context, Outcome, argument, text};
use crate::expr::value::Value;
use crate::golang::duration::Duration;
use crate::golang::time::layout::{RFC822, RFC850, RFC1123, RFC3339};
use crate::golang::time::{Time, Zone};
use std::sync::Arc;

/// Layouts that `date` tries in turn.
const LAYOUTS: [&str; 7] = [
    "2006-01-02",
    "15:04:05",
    "2006-01-02 15:04:05",
    RFC3339,
    RFC822,
    RFC850,
    RFC1123,
];

pub(super) fn call<'v>(
    builtin: Builtin,
    arguments: &[Value<'v>],
    context: &mut Context<'_>,
) -> Outcome<Value<'v>> {
    match builtin {
        Builtin::Now => now(arguments, context),
        Builtin::Duration => {
            let text = text(arguments, 0)?.to_str();
            Duration::parse(&text)
                .map(Value::Duration)
                .map_err(|error| error.to_string())
        }
        Builtin::Timezone => {
            let zone = load(&text(arguments, 0)?.to_str())?;
            Ok(Value::Zone(Arc::new(zone)))
        }
        _ => date(arguments, context),
    }
}

fn load(name: &str) -> Outcome<Zone> {
    Zone::load(name).map_err(|error| error.to_string())
}

fn now<'v>(arguments: &[Value<'v>], context: &mut Context<'_>) -> Outcome<Value<'v>> {
    let now = match context.now {
        Some(now) => now.clone(),
        None => Time::now(),
    };
    match arguments {
        [] => Ok(Value::time(now)),
        [Value::Zone(zone)] => Ok(Value::time(now.in_zone((**zone).clone()))),
        _ => Err(format!(
            "invalid number of arguments (expected 0, got {})",
            arguments.len()
        )),
    }
}

fn date<'v>(arguments: &[Value<'v>], context: &mut Context<'_>) -> Outcome<Value<'v>> {
    let (zone, arguments) = match arguments {
        [Value::Zone(zone), rest @ ..] => (Some((**zone).clone()), rest),
        all => (None, all),
    };
    if arguments.is_empty() {
        return Err("runtime error: index out of range [0] with length 0".to_owned());
    }
    let date = text(arguments, 0)?.to_str();
    context.budget.scan(date.len())?;
    let parse = |layout: &str, zone: Option<&Zone>| match zone {
        Some(zone) => Time::parse_in(layout, &date, zone),
        None => Time::parse(layout, &date),
    };
    let parsed = match arguments.len() {
        2 => {
            let layout = text(arguments, 1)?.to_str();
            parse(&layout, zone.as_ref())
        }
        3 => {
            let layout = text(arguments, 1)?.to_str();
            let zone = load(&text(arguments, 2)?.to_str())?;
            parse(&layout, Some(&zone))
        }
        _ => {
            for layout in LAYOUTS {
                if let Ok(time) = parse(layout, zone.as_ref()) {
                    return Ok(Value::time(time));
                }
            }
            return Err(format!(
                "invalid date {}",
                argument(arguments, 0).go_string()
            ));
        }
    };
    parsed.map(Value::time).map_err(|error| error.to_string())
}
