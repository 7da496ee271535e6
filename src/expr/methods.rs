//! Methods of Go's times, durations, months, weekdays and zones.

use super::Version;
use super::host::Function;
use super::types::{Signature, Type};
use super::value::Value;
use crate::golang::duration::Duration;
use crate::golang::time::{MONTHS, Time, Zone, month_name, weekday_name};
use std::sync::Arc;

/// A method of a value.
#[derive(Debug)]
pub(super) struct Method {
    /// The name in Go.
    pub name: &'static str,
    params: &'static [Type],
    results: usize,
    result: Type,
    call: fn(&Value<'_>, &[Value<'_>]) -> Result<Made, String>,
}

/// What a method gives; none of it borrows from the object.
type Made = Value<'static>;

impl Method {
    /// Its Go type, without the receiver.
    pub fn signature(&self) -> Signature {
        Signature {
            params: self.params.to_vec(),
            results: self.results,
            result: self.result.clone(),
            variadic: false,
        }
    }

    /// Calls it. Go's calls by reflection are strict about number and types of the arguments; the
    /// newer version takes nil for the zero value of the parameter's type.
    pub fn call<'v>(
        &self,
        receiver: &Value<'v>,
        arguments: &[Value<'v>],
        version: Version,
    ) -> Result<Value<'v>, String> {
        if arguments.len() < self.params.len() {
            return Err("reflect: Call with too few input arguments".to_owned());
        }
        if arguments.len() > self.params.len() {
            return Err("reflect: Call with too many input arguments".to_owned());
        }
        for (argument, param) in arguments.iter().zip(self.params) {
            let zero = version == Version::V1_17 && matches!(argument, Value::Nil);
            if !zero && !fits(argument, param) {
                let found = match argument {
                    Value::Nil => "nil",
                    other => other.type_name(),
                };
                return Err(format!(
                    "interface conversion: interface {{}} is {found}, not {param}"
                ));
            }
        }
        (self.call)(receiver, arguments)
    }
}

fn fits(value: &Value<'_>, param: &Type) -> bool {
    matches!(
        (value, param),
        (Value::Time(_), Type::Time)
            | (Value::Duration(_), Type::Duration)
            | (Value::Zone(_), Type::Zone)
            | (Value::Text(_), Type::Text)
            | (Value::Int(_), Type::Int)
            | (Value::Bytes(_), Type::Bytes)
    )
}

/// The method of that name of a static type.
pub(super) fn of_type(ty: &Type, name: &str) -> Option<&'static Method> {
    let methods: &[Method] = match ty {
        Type::Time => &TIME,
        Type::Duration => &DURATION,
        Type::Month => &MONTH,
        Type::Weekday => &WEEKDAY,
        Type::Zone => &ZONE,
        _ => return None,
    };
    methods.iter().find(|method| method.name == name)
}

/// The method of that name, bound to its receiver.
pub(super) fn bind<'v>(value: &Value<'v>, name: &str) -> Option<Value<'v>> {
    let method = of_type(&type_of(value)?, name)?;
    Some(Value::Function(Function::method(value.clone(), method)))
}

/// The names of the methods that a value has.
pub(super) fn names(value: &Value<'_>) -> Vec<&'static str> {
    let methods: &[Method] = match type_of(value) {
        Some(Type::Time) => &TIME,
        Some(Type::Duration) => &DURATION,
        Some(Type::Month) => &MONTH,
        Some(Type::Weekday) => &WEEKDAY,
        Some(Type::Zone) => &ZONE,
        _ => &[],
    };
    methods.iter().map(|method| method.name).collect()
}

fn type_of(value: &Value<'_>) -> Option<Type> {
    Some(match value {
        Value::Time(_) => Type::Time,
        Value::Duration(_) => Type::Duration,
        Value::Month(_) => Type::Month,
        Value::Weekday(_) => Type::Weekday,
        Value::Zone(_) => Type::Zone,
        _ => return None,
    })
}

fn time(value: &Value<'_>) -> Time {
    match value {
        Value::Time(time) => (**time).clone(),
        _ => Time::zero(),
    }
}

fn duration(value: Option<&Value<'_>>) -> Duration {
    match value {
        Some(Value::Duration(duration)) => *duration,
        _ => Duration(0),
    }
}

fn int(value: Option<&Value<'_>>) -> i64 {
    match value {
        Some(Value::Int(int)) => *int,
        _ => 0,
    }
}

fn text(value: Option<&Value<'_>>) -> String {
    match value {
        Some(Value::Text(text)) => text.to_str().into_owned(),
        _ => String::new(),
    }
}

fn other(arguments: &[Value<'_>]) -> Time {
    arguments.first().map_or_else(Time::zero, time)
}

fn number(value: impl Into<i64>) -> Result<Made, String> {
    Ok(Value::Int(value.into()))
}

/// A method without parameters that gives one result.
const fn getter(
    name: &'static str,
    result: Type,
    call: fn(&Value<'_>, &[Value<'_>]) -> Result<Made, String>,
) -> Method {
    Method {
        name,
        params: &[],
        results: 1,
        result,
        call,
    }
}

/// A method with parameters that gives one result.
const fn method(
    name: &'static str,
    params: &'static [Type],
    result: Type,
    call: fn(&Value<'_>, &[Value<'_>]) -> Result<Made, String>,
) -> Method {
    Method {
        name,
        params,
        results: 1,
        result,
        call,
    }
}

/// A method that gives several results, of which expressions see the first.
const fn several(
    name: &'static str,
    params: &'static [Type],
    results: usize,
    result: Type,
    call: fn(&Value<'_>, &[Value<'_>]) -> Result<Made, String>,
) -> Method {
    Method {
        name,
        params,
        results,
        result,
        call,
    }
}

static TIME_PARAM: [Type; 1] = [Type::Time];
static DURATION_PARAM: [Type; 1] = [Type::Duration];
static ZONE_PARAM: [Type; 1] = [Type::Zone];
static TEXT_PARAM: [Type; 1] = [Type::Text];
static BYTES_PARAM: [Type; 1] = [Type::Bytes];
static BYTES_TEXT_PARAMS: [Type; 2] = [Type::Bytes, Type::Text];
static DATE_PARAMS: [Type; 3] = [Type::Int, Type::Int, Type::Int];

static TIME: [Method; 43] = [
    method("Add", &DURATION_PARAM, Type::Time, |t, a| {
        Ok(Value::time(time(t).add(duration(a.first()))))
    }),
    method("AddDate", &DATE_PARAMS, Type::Time, |t, a| {
        let moved = time(t).add_date(int(a.first()), int(a.get(1)), int(a.get(2)));
        Ok(Value::time(moved))
    }),
    method("After", &TIME_PARAM, Type::Bool, |t, a| {
        Ok(Value::Bool(time(t) > other(a)))
    }),
    several("AppendBinary", &BYTES_PARAM, 2, Type::Bytes, |t, a| {
        appended(a, &binary(&time(t)))
    }),
    method("AppendFormat", &BYTES_TEXT_PARAMS, Type::Bytes, |t, a| {
        appended(a, time(t).format(&text(a.get(1))).as_bytes())
    }),
    several("AppendText", &BYTES_PARAM, 2, Type::Bytes, |t, a| {
        appended(a, time(t).rfc3339_nano().as_bytes())
    }),
    method("Before", &TIME_PARAM, Type::Bool, |t, a| {
        Ok(Value::Bool(time(t) < other(a)))
    }),
    several("Clock", &[], 3, Type::Int, |t, _| {
        number(time(t).civil().hour)
    }),
    method("Compare", &TIME_PARAM, Type::Int, |t, a| {
        number(time(t).cmp(&other(a)) as i8)
    }),
    several("Date", &[], 3, Type::Int, |t, _| {
        number(time(t).civil().year)
    }),
    getter("Day", Type::Int, |t, _| number(time(t).civil().day)),
    method("Equal", &TIME_PARAM, Type::Bool, |t, a| {
        Ok(Value::Bool(time(t) == other(a)))
    }),
    method("Format", &TEXT_PARAM, Type::Text, |t, a| {
        Ok(Value::string(time(t).format(&text(a.first()))))
    }),
    getter("GoString", Type::Text, |t, _| {
        Ok(Value::string(go_string(&time(t))))
    }),
    several("GobEncode", &[], 2, Type::Bytes, |t, _| {
        Ok(Value::Bytes(binary(&time(t)).into()))
    }),
    getter("Hour", Type::Int, |t, _| number(time(t).civil().hour)),
    several("ISOWeek", &[], 2, Type::Int, |t, _| {
        number(time(t).iso_week().0)
    }),
    method("In", &ZONE_PARAM, Type::Time, |t, a| match a.first() {
        Some(Value::Zone(zone)) => Ok(Value::time(time(t).in_zone((**zone).clone()))),
        _ => Err("time: missing Location in call to Time.In".to_owned()),
    }),
    getter("IsDST", Type::Bool, |t, _| {
        Ok(Value::Bool(time(t).is_dst()))
    }),
    getter("IsZero", Type::Bool, |t, _| {
        Ok(Value::Bool(time(t).is_zero()))
    }),
    getter("Local", Type::Time, |t, _| {
        Ok(Value::time(time(t).in_zone(Zone::Local)))
    }),
    getter("Location", Type::Zone, |t, _| {
        Ok(Value::Zone(Arc::new(time(t).zone().clone())))
    }),
    several("MarshalBinary", &[], 2, Type::Bytes, |t, _| {
        Ok(Value::Bytes(binary(&time(t)).into()))
    }),
    several("MarshalJSON", &[], 2, Type::Bytes, |t, _| {
        let text = format!("\"{}\"", time(t).rfc3339_nano());
        Ok(Value::Bytes(text.into_bytes().into()))
    }),
    several("MarshalText", &[], 2, Type::Bytes, |t, _| {
        Ok(Value::Bytes(time(t).rfc3339_nano().into_bytes().into()))
    }),
    getter("Minute", Type::Int, |t, _| number(time(t).civil().minute)),
    getter("Month", Type::Month, |t, _| {
        Ok(Value::Month(i64::from(time(t).civil().month)))
    }),
    getter("Nanosecond", Type::Int, |t, _| number(time(t).nanosecond())),
    method("Round", &DURATION_PARAM, Type::Time, |t, a| {
        Ok(Value::time(time(t).round(duration(a.first()))))
    }),
    getter("Second", Type::Int, |t, _| number(time(t).civil().second)),
    getter("String", Type::Text, |t, _| {
        Ok(Value::string(time(t).to_string()))
    }),
    method("Sub", &TIME_PARAM, Type::Duration, |t, a| {
        Ok(Value::Duration(time(t).sub(&other(a))))
    }),
    method("Truncate", &DURATION_PARAM, Type::Time, |t, a| {
        Ok(Value::time(time(t).truncate(duration(a.first()))))
    }),
    getter("UTC", Type::Time, |t, _| {
        Ok(Value::time(time(t).in_zone(Zone::Utc)))
    }),
    getter("Unix", Type::Int64, |t, _| Ok(Value::Int64(time(t).unix()))),
    getter("UnixMicro", Type::Int64, |t, _| {
        Ok(Value::Int64(time(t).unix_micro()))
    }),
    getter("UnixMilli", Type::Int64, |t, _| {
        Ok(Value::Int64(time(t).unix_milli()))
    }),
    getter("UnixNano", Type::Int64, |t, _| {
        Ok(Value::Int64(time(t).unix_nano()))
    }),
    getter("Weekday", Type::Weekday, |t, _| {
        Ok(Value::Weekday(i64::from(time(t).civil().weekday)))
    }),
    getter("Year", Type::Int, |t, _| number(time(t).civil().year)),
    getter("YearDay", Type::Int, |t, _| {
        number(time(t).civil().year_day)
    }),
    several("Zone", &[], 2, Type::Text, |t, _| {
        Ok(Value::string(time(t).zone_info().0))
    }),
    several("ZoneBounds", &[], 2, Type::Time, |t, _| {
        Ok(Value::time(time(t).zone_start().unwrap_or_else(Time::zero)))
    }),
];

static DURATION: [Method; 10] = [
    getter("Abs", Type::Duration, |d, _| {
        Ok(Value::Duration(duration(Some(d)).abs()))
    }),
    getter("Hours", Type::Float, |d, _| {
        Ok(Value::Float(duration(Some(d)).hours()))
    }),
    getter("Microseconds", Type::Int64, |d, _| {
        Ok(Value::Int64(duration(Some(d)).microseconds()))
    }),
    getter("Milliseconds", Type::Int64, |d, _| {
        Ok(Value::Int64(duration(Some(d)).milliseconds()))
    }),
    getter("Minutes", Type::Float, |d, _| {
        Ok(Value::Float(duration(Some(d)).minutes()))
    }),
    getter("Nanoseconds", Type::Int64, |d, _| {
        Ok(Value::Int64(duration(Some(d)).0))
    }),
    method("Round", &DURATION_PARAM, Type::Duration, |d, a| {
        Ok(Value::Duration(
            duration(Some(d)).round(duration(a.first())),
        ))
    }),
    getter("Seconds", Type::Float, |d, _| {
        Ok(Value::Float(duration(Some(d)).seconds()))
    }),
    getter("String", Type::Text, |d, _| {
        Ok(Value::string(duration(Some(d)).to_string()))
    }),
    method("Truncate", &DURATION_PARAM, Type::Duration, |d, a| {
        Ok(Value::Duration(
            duration(Some(d)).truncate(duration(a.first())),
        ))
    }),
];

static MONTH: [Method; 1] = [getter("String", Type::Text, |m, _| match m {
    Value::Month(month) => Ok(Value::string(month_name(*month))),
    _ => Ok(Value::string(String::new())),
})];

static WEEKDAY: [Method; 1] = [getter("String", Type::Text, |w, _| match w {
    Value::Weekday(weekday) => Ok(Value::string(weekday_name(*weekday))),
    _ => Ok(Value::string(String::new())),
})];

static ZONE: [Method; 1] = [getter("String", Type::Text, |z, _| match z {
    Value::Zone(zone) => Ok(Value::string(zone.name().to_owned())),
    _ => Ok(Value::string(String::new())),
})];

fn appended(arguments: &[Value<'_>], tail: &[u8]) -> Result<Made, String> {
    let mut bytes = match arguments.first() {
        Some(Value::Bytes(bytes)) => bytes.to_vec(),
        _ => Vec::new(),
    };
    bytes.extend_from_slice(tail);
    Ok(Value::Bytes(bytes.into()))
}

/// Go's `Time.GoString`: the call that makes this time.
fn go_string(time: &Time) -> String {
    let civil = time.civil();
    let month = MONTHS[(civil.month as usize).clamp(1, 12) - 1];
    let zone = match time.zone() {
        Zone::Utc => "time.UTC".to_owned(),
        Zone::Local => "time.Local".to_owned(),
        other => format!("time.Location({:?})", other.name()),
    };
    format!(
        "time.Date({}, time.{month}, {}, {}, {}, {}, {}, {zone})",
        civil.year,
        civil.day,
        civil.hour,
        civil.minute,
        civil.second,
        time.nanosecond()
    )
}

/// Go's binary form of a time: version, seconds since year 1, nanoseconds, minutes east of UTC.
fn binary(time: &Time) -> Vec<u8> {
    let seconds = time.since_zero();
    let offset = match time.zone() {
        Zone::Utc => -1,
        _ => (time.zone_info().1 / 60) as i16,
    };
    let mut bytes = vec![1];
    bytes.extend_from_slice(&seconds.to_be_bytes());
    bytes.extend_from_slice(&time.nanosecond().to_be_bytes());
    bytes.extend_from_slice(&offset.to_be_bytes());
    bytes
}
