//! Dates and durations.

use super::Function;
use super::row::{fixed, mismatch};
use crate::golang::duration::Duration;
use crate::golang::parse::{self, NumberError};
use crate::golang::time::{Time, Zone};
use crate::template::value::time::TIME;
use crate::template::value::{Type, Value};
use crate::template::{Failure, Session};

const TEXT_AND_DATE: &[Type] = &[Type::String, Type::Any];
const TEXT_AND_TIME: &[Type] = &[Type::String, TIME];
const LAYOUT_DATE_ZONE: &[Type] = &[Type::String, Type::Any, Type::String];

/// The functions of this group. Dates are times, or seconds since the Unix epoch; anything else
/// stands for now.
pub const FUNCTIONS: &[Function] = &[
    fixed("now", &[], TIME, now),
    fixed("date", TEXT_AND_DATE, Type::String, date),
    fixed("dateInZone", LAYOUT_DATE_ZONE, Type::String, date_in_zone),
    fixed("date_in_zone", LAYOUT_DATE_ZONE, Type::String, date_in_zone),
    fixed("htmlDate", &[Type::Any], Type::String, html_date),
    fixed(
        "htmlDateInZone",
        &[Type::Any, Type::String],
        Type::String,
        html_date_in_zone,
    ),
    fixed("dateModify", TEXT_AND_TIME, TIME, date_modify),
    fixed("date_modify", TEXT_AND_TIME, TIME, date_modify),
    fixed("mustDateModify", TEXT_AND_TIME, TIME, must_date_modify),
    fixed("must_date_modify", TEXT_AND_TIME, TIME, must_date_modify),
    fixed("toDate", &[Type::String, Type::String], TIME, to_date),
    fixed(
        "mustToDate",
        &[Type::String, Type::String],
        TIME,
        must_to_date,
    ),
    fixed("unixEpoch", &[TIME], Type::String, unix_epoch),
    fixed("ago", &[Type::Any], Type::String, ago),
    fixed("duration", &[Type::Any], Type::String, duration),
    fixed("durationRound", &[Type::Any], Type::String, duration_round),
];

/// The layout of a day in HTML forms.
const DAY: &str = "2006-01-02";

fn current(session: &Session<'_>) -> Time {
    Time::from(session.now()).in_zone(Zone::Local)
}

/// The moment that a value stands for, in the local zone but for times.
fn moment(session: &Session<'_>, value: &Value<'_>) -> Time {
    match value {
        Value::Int(seconds) | Value::Int64(seconds) => Time::from_unix(*seconds, 0),
        Value::Int32(seconds) => Time::from_unix(i64::from(*seconds), 0),
        value => match value.downcast::<Time>() {
            Some(time) => time.clone(),
            None => current(session),
        },
    }
}

fn now<'v>(session: &Session<'v>, _: &[Value<'v>]) -> Result<Value<'v>, Failure> {
    Ok(Value::opaque(current(session)))
}

fn date<'v>(session: &Session<'v>, args: &[Value<'v>]) -> Result<Value<'v>, Failure> {
    let [Value::Text(layout), date] = args else {
        return Err(mismatch());
    };
    formatted(session, &layout.to_str(), date, "Local")
}

fn date_in_zone<'v>(session: &Session<'v>, args: &[Value<'v>]) -> Result<Value<'v>, Failure> {
    let [Value::Text(layout), date, Value::Text(zone)] = args else {
        return Err(mismatch());
    };
    formatted(session, &layout.to_str(), date, &zone.to_str())
}

fn html_date<'v>(session: &Session<'v>, args: &[Value<'v>]) -> Result<Value<'v>, Failure> {
    let [date] = args else {
        return Err(mismatch());
    };
    formatted(session, DAY, date, "Local")
}

fn html_date_in_zone<'v>(session: &Session<'v>, args: &[Value<'v>]) -> Result<Value<'v>, Failure> {
    let [date, Value::Text(zone)] = args else {
        return Err(mismatch());
    };
    formatted(session, DAY, date, &zone.to_str())
}

/// Unknown zones are UTC.
fn formatted<'v>(
    session: &Session<'v>,
    layout: &str,
    date: &Value<'v>,
    zone: &str,
) -> Result<Value<'v>, Failure> {
    let zone = Zone::load(zone).unwrap_or(Zone::Utc);
    let text = moment(session, date).in_zone(zone).format(layout);
    session.charge(text.len())?;
    Ok(text.into())
}

fn time_and_text<'a, 'v>(args: &'a [Value<'v>]) -> Result<(String, &'a Time), Failure> {
    match args {
        [Value::Text(text), time] => {
            let time = time.downcast::<Time>().ok_or_else(mismatch)?;
            Ok((text.to_str().into_owned(), time))
        }
        _ => Err(mismatch()),
    }
}

fn date_modify<'v>(_: &Session<'v>, args: &[Value<'v>]) -> Result<Value<'v>, Failure> {
    let (text, time) = time_and_text(args)?;
    let span = Duration::parse(&text).unwrap_or_default();
    Ok(Value::opaque(time.add(span)))
}

fn must_date_modify<'v>(_: &Session<'v>, args: &[Value<'v>]) -> Result<Value<'v>, Failure> {
    let (text, time) = time_and_text(args)?;
    let span = Duration::parse(&text).map_err(|error| Failure::new(error.to_string()))?;
    Ok(Value::opaque(time.add(span)))
}

fn parsed(args: &[Value<'_>]) -> Result<Result<Time, String>, Failure> {
    let [Value::Text(layout), Value::Text(text)] = args else {
        return Err(mismatch());
    };
    let time = Time::parse_in(&layout.to_str(), &text.to_str(), &Zone::Local);
    Ok(time.map_err(|error| error.to_string()))
}

/// The zero time for a text that does not fit the layout.
fn to_date<'v>(_: &Session<'v>, args: &[Value<'v>]) -> Result<Value<'v>, Failure> {
    Ok(Value::opaque(
        parsed(args)?.unwrap_or_else(|_| Time::zero()),
    ))
}

fn must_to_date<'v>(_: &Session<'v>, args: &[Value<'v>]) -> Result<Value<'v>, Failure> {
    Ok(Value::opaque(parsed(args)?.map_err(Failure::new)?))
}

fn unix_epoch<'v>(_: &Session<'v>, args: &[Value<'v>]) -> Result<Value<'v>, Failure> {
    let [time] = args else {
        return Err(mismatch());
    };
    let time = time.downcast::<Time>().ok_or_else(mismatch)?;
    Ok(time.unix().to_string().into())
}

/// The time since then, in whole seconds.
fn ago<'v>(session: &Session<'v>, args: &[Value<'v>]) -> Result<Value<'v>, Failure> {
    let [date] = args else {
        return Err(mismatch());
    };
    let then = match date {
        // Unlike the other functions, this one knows no 32-bit seconds.
        Value::Int32(_) => current(session),
        date => moment(session, date),
    };
    let since = current(session).sub(&then).round(Duration::SECOND);
    Ok(since.to_string().into())
}

/// Seconds as Go's duration; only integers of objects and texts count.
fn duration<'v>(_: &Session<'v>, args: &[Value<'v>]) -> Result<Value<'v>, Failure> {
    let seconds = match args {
        [Value::Int64(seconds)] => *seconds,
        [Value::Text(text)] => {
            parse::parse_int(&text.to_str(), 10).unwrap_or_else(NumberError::value)
        }
        [_] => 0,
        _ => return Err(mismatch()),
    };
    let nanoseconds = seconds.wrapping_mul(Duration::SECOND.nanoseconds());
    Ok(Duration(nanoseconds).to_string().into())
}

/// The largest unit of a duration only: `2h` for two hours and ten minutes.
fn duration_round<'v>(session: &Session<'v>, args: &[Value<'v>]) -> Result<Value<'v>, Failure> {
    const HOUR: u64 = 3_600_000_000_000;
    const UNITS: [(u64, &str); 6] = [
        (365 * 24 * HOUR, "y"),
        (30 * 24 * HOUR, "mo"),
        (24 * HOUR, "d"),
        (HOUR, "h"),
        (HOUR / 60, "m"),
        (HOUR / 3600, "s"),
    ];
    let [value] = args else {
        return Err(mismatch());
    };
    let nanoseconds = match value {
        Value::Text(text) => Duration::parse(&text.to_str())
            .unwrap_or_default()
            .nanoseconds(),
        Value::Int64(nanoseconds) => *nanoseconds,
        value => match value.downcast::<Time>() {
            Some(time) => current(session).sub(time).nanoseconds(),
            None => 0,
        },
    };
    let span = nanoseconds.unsigned_abs();
    let unit = UNITS.iter().find(|(unit, _)| span > *unit);
    Ok(match unit {
        Some((unit, name)) => format!("{}{name}", span / unit).into(),
        None => Value::text("0s"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::template::Limits;

    fn at(seconds: i64) -> Session<'static> {
        let now = jiff::Timestamp::from_second(seconds).unwrap_or_default();
        Session::new(Limits::default(), Some(now))
    }

    fn text(result: Result<Value<'_>, Failure>) -> String {
        match result {
            Ok(Value::Text(text)) => text.to_str().into_owned(),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn the_clock_is_the_sessions() {
        let session = at(1_500_000_100);
        let then = Value::Int64(1_500_000_000);
        assert_eq!(text(ago(&session, std::slice::from_ref(&then))), "1m40s");
        let time = Value::opaque(Time::from_unix(1_500_000_000, 0));
        assert_eq!(text(duration_round(&session, &[time])), "1m");
        let args = ["15:04:05".into(), Value::Nil, "UTC".into()];
        assert_eq!(text(date_in_zone(&session, &args)), "02:41:40");
    }

    #[test]
    fn only_the_largest_unit() {
        let session = at(0);
        let cases = [
            ("1s", "0s"),
            ("61s", "1m"),
            ("-25h", "1d"),
            ("800h", "1mo"),
            ("9000h", "1y"),
            ("x", "0s"),
        ];
        for (span, rounded) in cases {
            assert_eq!(
                text(duration_round(&session, &[span.into()])),
                rounded,
                "{span}"
            );
        }
    }
}
