//! Go's `time` types as template values: times, durations, months, weekdays, locations.
//!
//! The values and their arithmetic are in [`golang`](crate::golang); here are the Go types, and the
//! methods that templates can call on them. Methods with several results (`Date`, `Clock`, `Zone`,
//! `ISOWeek`) cannot be called from a template in Go either.

use super::{Kind, List, Method, Opaque, Type, Value};
use crate::golang::duration::Duration;
use crate::golang::time::{Time, Zone, month_name, weekday_name};
use crate::template::types::BYTES;
use crate::template::{Failure, Signature};
use std::any::Any;

/// `time.Time`
pub const TIME: Type = Type::Named("time.Time", Kind::Struct);
/// `time.Duration`
pub const DURATION: Type = Type::Named("time.Duration", Kind::Int64);
/// `time.Month`
pub const MONTH: Type = Type::Named("time.Month", Kind::Int);
/// `time.Weekday`
pub const WEEKDAY: Type = Type::Named("time.Weekday", Kind::Int);
/// `*time.Location`
pub const LOCATION: Type = Type::Named("*time.Location", Kind::Pointer);

/// A number as a value of one of these integer types, by the type's name.
pub fn integer<'v>(type_name: &str, number: i64) -> Option<Value<'v>> {
    match type_name {
        "time.Duration" => Some(Value::opaque(Duration(number))),
        "time.Month" => Some(Value::opaque(Month(number))),
        "time.Weekday" => Some(Value::opaque(Weekday(number))),
        _ => None,
    }
}

/// `time.Month`: January is 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Month(pub i64);

/// `time.Weekday`: Sunday is 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Weekday(pub i64);

impl Opaque for Time {
    fn go_type(&self) -> Type {
        TIME
    }

    fn display(&self) -> String {
        self.to_string()
    }

    fn methods(&self) -> &'static [Method] {
        TIME_METHODS
    }

    fn equals(&self, other: &dyn Opaque) -> Option<bool> {
        let other: &Time = other.as_any().downcast_ref()?;
        Some(self == other && self.zone() == other.zone())
    }

    fn json(&self) -> serde_json::Value {
        self.rfc3339_nano().into()
    }

    fn as_any(&self) -> &dyn Any {
        self
    }
}

impl Opaque for Duration {
    fn go_type(&self) -> Type {
        DURATION
    }

    fn display(&self) -> String {
        self.to_string()
    }

    fn methods(&self) -> &'static [Method] {
        DURATION_METHODS
    }

    fn integer(&self) -> Option<i64> {
        Some(self.0)
    }

    fn equals(&self, other: &dyn Opaque) -> Option<bool> {
        Some(other.integer() == Some(self.0))
    }

    fn json(&self) -> serde_json::Value {
        self.0.into()
    }

    fn as_any(&self) -> &dyn Any {
        self
    }
}

/// Integer types whose only method is `String`.
macro_rules! named_number {
    ($type:ident, $go_type:expr, $name:expr) => {
        impl Opaque for $type {
            fn go_type(&self) -> Type {
                $go_type
            }

            fn display(&self) -> String {
                $name(self.0)
            }

            fn methods(&self) -> &'static [Method] {
                STRING_ONLY
            }

            fn integer(&self) -> Option<i64> {
                Some(self.0)
            }

            fn equals(&self, other: &dyn Opaque) -> Option<bool> {
                Some(other.integer() == Some(self.0))
            }

            fn json(&self) -> serde_json::Value {
                self.0.into()
            }

            fn as_any(&self) -> &dyn Any {
                self
            }
        }
    };
}

named_number!(Month, MONTH, month_name);
named_number!(Weekday, WEEKDAY, weekday_name);

impl Opaque for Zone {
    fn go_type(&self) -> Type {
        LOCATION
    }

    fn display(&self) -> String {
        self.name().to_owned()
    }

    fn methods(&self) -> &'static [Method] {
        STRING_ONLY
    }

    fn equals(&self, other: &dyn Opaque) -> Option<bool> {
        Some(other.as_any().downcast_ref() == Some(self))
    }

    /// The struct behind the pointer has no exported fields.
    fn json(&self) -> serde_json::Value {
        serde_json::json!({})
    }

    fn as_any(&self) -> &dyn Any {
        self
    }
}

const STRING_ONLY: &[Method] = &[Method {
    name: "String",
    signature: Signature::fixed(&[], Type::String),
    call: |_, receiver, _| Ok(Value::from(receiver.display())),
}];

/// The receiver, of whose type the method table is.
fn receiver<T: Opaque>(receiver: &dyn Opaque) -> Result<&T, Failure> {
    receiver
        .as_any()
        .downcast_ref()
        .ok_or_else(|| Failure::new("method called on a value of another type"))
}

/// The argument at this position, whose type the signature states.
fn argument<'a, T: Opaque>(args: &'a [Value<'_>], position: usize) -> Result<&'a T, Failure> {
    args.get(position)
        .and_then(Value::downcast)
        .ok_or_else(|| Failure::new("argument of another type"))
}

/// A row of a method table: name, parameters, result, and the implementation on receiver and
/// arguments.
macro_rules! method {
    ($name:literal, [$($param:expr),*], $result:expr, |$this:ident: &$type:ty, $args:ident| $body:expr) => {
        Method {
            name: $name,
            signature: Signature::fixed(&[$($param),*], $result),
            call: |_, this, $args| {
                let $this: &$type = receiver(this)?;
                let _ = $args;
                Ok($body)
            },
        }
    };
}

const TIME_METHODS: &[Method] = &[
    method!("Add", [DURATION], TIME, |this: &Time, args| {
        Value::opaque(this.add(*argument(args, 0)?))
    }),
    method!(
        "AddDate",
        [Type::Int, Type::Int, Type::Int],
        TIME,
        |this: &Time, args| {
            let part = |at: usize| args.get(at).and_then(Value::as_int).unwrap_or(0);
            Value::opaque(this.add_date(part(0), part(1), part(2)))
        }
    ),
    method!("After", [TIME], Type::Bool, |this: &Time, args| {
        Value::Bool(this > argument(args, 0)?)
    }),
    method!("Before", [TIME], Type::Bool, |this: &Time, args| {
        Value::Bool(this < argument(args, 0)?)
    }),
    method!("Compare", [TIME], Type::Int, |this: &Time, args| {
        Value::Int(this.cmp(argument(args, 0)?) as i64)
    }),
    method!("Day", [], Type::Int, |this: &Time, args| Value::Int(
        this.civil().day.into()
    )),
    method!("Equal", [TIME], Type::Bool, |this: &Time, args| {
        Value::Bool(this == argument(args, 0)?)
    }),
    method!(
        "Format",
        [Type::String],
        Type::String,
        |this: &Time, args| {
            let layout = args
                .first()
                .and_then(Value::as_text)
                .map(|text| text.to_str());
            Value::from(this.format(&layout.unwrap_or_default()))
        }
    ),
    method!("Hour", [], Type::Int, |this: &Time, args| Value::Int(
        this.civil().hour.into()
    )),
    method!("In", [LOCATION], TIME, |this: &Time, args| {
        Value::opaque(this.clone().in_zone(argument::<Zone>(args, 0)?.clone()))
    }),
    method!("IsDST", [], Type::Bool, |this: &Time, args| Value::Bool(
        this.is_dst()
    )),
    method!("IsZero", [], Type::Bool, |this: &Time, args| Value::Bool(
        this.is_zero()
    )),
    method!("Local", [], TIME, |this: &Time, args| {
        Value::opaque(this.clone().in_zone(Zone::Local))
    }),
    method!("Location", [], LOCATION, |this: &Time, args| Value::opaque(
        this.zone().clone()
    )),
    method!("MarshalJSON", [], BYTES, |this: &Time, args| {
        bytes(&format!("\"{}\"", this.rfc3339_nano()))?
    }),
    method!("MarshalText", [], BYTES, |this: &Time, args| bytes(
        &this.rfc3339_nano()
    )?),
    method!("Minute", [], Type::Int, |this: &Time, args| Value::Int(
        this.civil().minute.into()
    )),
    method!("Month", [], MONTH, |this: &Time, args| {
        Value::opaque(Month(this.civil().month.into()))
    }),
    method!("Nanosecond", [], Type::Int, |this: &Time, args| {
        Value::Int(this.nanosecond().into())
    }),
    method!("Round", [DURATION], TIME, |this: &Time, args| {
        Value::opaque(this.round(*argument(args, 0)?))
    }),
    method!("Second", [], Type::Int, |this: &Time, args| Value::Int(
        this.civil().second.into()
    )),
    method!("String", [], Type::String, |this: &Time, args| Value::from(
        this.to_string()
    )),
    method!("Sub", [TIME], DURATION, |this: &Time, args| {
        Value::opaque(this.sub(argument(args, 0)?))
    }),
    method!("Truncate", [DURATION], TIME, |this: &Time, args| {
        Value::opaque(this.truncate(*argument(args, 0)?))
    }),
    method!("UTC", [], TIME, |this: &Time, args| {
        Value::opaque(this.clone().in_zone(Zone::Utc))
    }),
    method!("Unix", [], Type::Int64, |this: &Time, args| Value::Int64(
        this.unix()
    )),
    method!("UnixMicro", [], Type::Int64, |this: &Time, args| {
        Value::Int64(this.unix_micro())
    }),
    method!("UnixMilli", [], Type::Int64, |this: &Time, args| {
        Value::Int64(this.unix_milli())
    }),
    method!("UnixNano", [], Type::Int64, |this: &Time, args| {
        Value::Int64(this.unix_nano())
    }),
    method!("Weekday", [], WEEKDAY, |this: &Time, args| {
        Value::opaque(Weekday(this.civil().weekday.into()))
    }),
    method!("Year", [], Type::Int, |this: &Time, args| Value::Int(
        this.civil().year
    )),
    method!("YearDay", [], Type::Int, |this: &Time, args| Value::Int(
        this.civil().year_day.into()
    )),
];

const DURATION_METHODS: &[Method] = &[
    method!("Abs", [], DURATION, |this: &Duration, args| Value::opaque(
        this.abs()
    )),
    method!("Hours", [], Type::Float64, |this: &Duration, args| {
        Value::Float(this.hours())
    }),
    method!("Microseconds", [], Type::Int64, |this: &Duration, args| {
        Value::Int64(this.microseconds())
    }),
    method!("Milliseconds", [], Type::Int64, |this: &Duration, args| {
        Value::Int64(this.milliseconds())
    }),
    method!("Minutes", [], Type::Float64, |this: &Duration, args| {
        Value::Float(this.minutes())
    }),
    method!("Nanoseconds", [], Type::Int64, |this: &Duration, args| {
        Value::Int64(this.0)
    }),
    method!("Round", [DURATION], DURATION, |this: &Duration, args| {
        Value::opaque(this.round(*argument(args, 0)?))
    }),
    method!("Seconds", [], Type::Float64, |this: &Duration, args| {
        Value::Float(this.seconds())
    }),
    method!("String", [], Type::String, |this: &Duration, args| {
        Value::from(this.to_string())
    }),
    method!("Truncate", [DURATION], DURATION, |this: &Duration, args| {
        Value::opaque(this.truncate(*argument(args, 0)?))
    }),
];

fn bytes<'v>(text: &str) -> Result<Value<'v>, Failure> {
    let items = text.bytes().map(Value::Uint8).collect();
    Ok(Value::List(List::of(&Type::Uint8, items)?))
}
