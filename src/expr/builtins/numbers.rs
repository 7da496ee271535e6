//! Built-ins on numbers.

use super::{Builtin, Context, Outcome, argument};
use crate::expr::operators::{less, more};
use crate::expr::value::Value;

pub(super) fn call<'v>(
    builtin: Builtin,
    arguments: &[Value<'v>],
    context: &mut Context<'_>,
) -> Outcome<Value<'v>> {
    match builtin {
        Builtin::Abs => abs(argument(arguments, 0)),
        Builtin::Ceil | Builtin::Floor | Builtin::Round => round(builtin, argument(arguments, 0)),
        Builtin::Max | Builtin::Min => extreme(builtin, arguments, context),
        Builtin::Mean => {
            let numbers = flatten(builtin, arguments, context)?;
            if numbers.is_empty() {
                return Ok(Value::Float(0.0));
            }
            let sum: f64 = sum_nested(arguments);
            Ok(Value::Float(sum / numbers.len() as f64))
        }
        Builtin::Median => {
            let mut numbers = flatten(builtin, arguments, context)?;
            // Go sorts what is not a number to the front.
            numbers.sort_by(|a, b| {
                a.partial_cmp(b)
                    .unwrap_or_else(|| b.is_nan().cmp(&a.is_nan()))
            });
            let middle = numbers.len() / 2;
            Ok(Value::Float(match numbers.len() {
                0 => 0.0,
                odd if odd % 2 == 1 => numbers[middle],
                _ => (numbers[middle - 1] + numbers[middle]) / 2.0,
            }))
        }
        _ => bits(builtin, arguments),
    }
}

fn invalid<T>(builtin: Builtin, value: &Value<'_>) -> Outcome<T> {
    Err(format!(
        "invalid argument for {} (type {})",
        builtin.name(),
        value.type_name()
    ))
}

fn abs<'v>(value: &Value<'v>) -> Outcome<Value<'v>> {
    Ok(match value {
        Value::Float(float) if *float < 0.0 => Value::Float(-float),
        Value::Float(float) => Value::Float(*float),
        Value::Int(int) => Value::Int(int.wrapping_abs()),
        Value::Int64(int) => Value::Int64(int.wrapping_abs()),
        Value::Uint8(byte) => Value::Uint8(*byte),
        other => return invalid(Builtin::Abs, other),
    })
}

fn round<'v>(builtin: Builtin, value: &Value<'v>) -> Outcome<Value<'v>> {
    Ok(Value::Float(match value {
        Value::Float(float) => match builtin {
            Builtin::Ceil => float.ceil(),
            Builtin::Floor => float.floor(),
            _ => float.round(),
        },
        Value::Int(int) | Value::Int64(int) => *int as f64,
        Value::Uint8(byte) => f64::from(*byte),
        other => return invalid(builtin, other),
    }))
}

fn is_number(value: &Value<'_>) -> bool {
    matches!(
        value,
        Value::Int(_) | Value::Int64(_) | Value::Uint8(_) | Value::Float(_)
    )
}

/// `max` and `min`: numbers, also inside lists.
fn extreme<'v>(
    builtin: Builtin,
    arguments: &[Value<'v>],
    context: &mut Context<'_>,
) -> Outcome<Value<'v>> {
    let better = |best: &Value<'v>, candidate: &Value<'v>| match builtin {
        Builtin::Max => less(best, candidate),
        _ => more(best, candidate),
    };
    let mut best: Option<Value<'v>> = None;
    for value in arguments {
        if let Some(len) = value.list_len() {
            for index in 0..len {
                context.budget.work(1)?;
                let item = value.element(index).unwrap_or_default();
                let item = extreme(builtin, std::slice::from_ref(&item), context)?;
                if !is_number(&item) {
                    return invalid(builtin, &item);
                }
                if best.as_ref().map_or(Ok(true), |best| better(best, &item))? {
                    best = Some(item);
                }
            }
        } else if is_number(value)
            || matches!(
                value,
                Value::Duration(_) | Value::Month(_) | Value::Weekday(_)
            )
        {
            if best.as_ref().map_or(Ok(true), |best| better(best, value))? {
                best = Some(value.clone());
            }
        } else if arguments.len() == 1 {
            return Ok(value.clone());
        } else {
            return invalid(builtin, value);
        }
    }
    Ok(best.unwrap_or_default())
}

fn as_float(value: &Value<'_>) -> Option<f64> {
    Some(match value {
        Value::Int(int) | Value::Int64(int) | Value::Month(int) | Value::Weekday(int) => {
            *int as f64
        }
        Value::Duration(duration) => duration.0 as f64,
        Value::Uint8(byte) => f64::from(*byte),
        Value::Float(float) => *float,
        _ => return None,
    })
}

/// All numbers of the arguments, also inside lists.
fn flatten(
    builtin: Builtin,
    arguments: &[Value<'_>],
    context: &mut Context<'_>,
) -> Outcome<Vec<f64>> {
    let mut numbers = Vec::new();
    for value in arguments {
        context.budget.work(1)?;
        if let Some(number) = as_float(value) {
            numbers.push(number);
        } else if let Some(len) = value.list_len() {
            for index in 0..len {
                let item = value.element(index).unwrap_or_default();
                numbers.extend(flatten(builtin, std::slice::from_ref(&item), context)?);
            }
        } else {
            return invalid(builtin, value);
        }
    }
    Ok(numbers)
}

/// The sum in the original's order: each list on its own, then added, which matters for rounding.
fn sum_nested(arguments: &[Value<'_>]) -> f64 {
    let mut total = 0.0;
    for value in arguments {
        if let Some(number) = as_float(value) {
            total += number;
        } else if let Some(len) = value.list_len() {
            for index in 0..len {
                let item = value.element(index).unwrap_or_default();
                total += sum_nested(std::slice::from_ref(&item));
            }
        }
    }
    total
}

fn bits<'v>(builtin: Builtin, arguments: &[Value<'v>]) -> Outcome<Value<'v>> {
    let operand = |index: usize| match argument(arguments, index) {
        Value::Int(int) | Value::Int64(int) => Ok(*int),
        Value::Uint8(byte) => Ok(i64::from(*byte)),
        other => Err(format!(
            "cannot use {} as argument (type int) to call {}",
            other.type_name(),
            builtin.name()
        )),
    };
    let left = operand(0)?;
    if builtin == Builtin::BitNot {
        return Ok(Value::Int(!left));
    }
    let right = operand(1)?;
    let shift = || {
        u32::try_from(right.min(64))
            .map_err(|_| format!("invalid operation: negative shift count {right} (type int)"))
    };
    Ok(Value::Int(match builtin {
        Builtin::BitAnd => left & right,
        Builtin::BitOr => left | right,
        Builtin::BitXor => left ^ right,
        Builtin::BitNand => left & !right,
        Builtin::BitShl => left.checked_shl(shift()?).unwrap_or(0),
        Builtin::BitShr => left >> shift()?.min(63),
        _ => (left as u64).checked_shr(shift()?).unwrap_or(0) as i64,
    }))
}
