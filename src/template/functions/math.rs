//! Numbers: arithmetic, rounding, sequences.

use super::Function;
use super::cast::{charge_items, displayed, to_float64, to_int64};
use super::decimal::Decimal;
use super::row::{fixed, mismatch, variadic};
use crate::golang::parse::{self, NumberError};
use crate::template::value::{List, Type, Value};
use crate::template::{Failure, Session};

const INTS: Type = Type::List(&Type::Int);
const ANY_AND_MORE: &[Type] = &[Type::Any, Type::Any];

/// The functions of this group.
pub const FUNCTIONS: &[Function] = &[
    fixed("int", &[Type::Any], Type::Int, int),
    fixed("int64", &[Type::Any], Type::Int64, int64),
    fixed("float64", &[Type::Any], Type::Float64, float64),
    fixed("atoi", &[Type::String], Type::Int, atoi),
    fixed("toDecimal", &[Type::Any], Type::Int64, to_decimal),
    variadic("add", &[Type::Any], Type::Int64, add),
    fixed("add1", &[Type::Any], Type::Int64, add1),
    fixed("sub", &[Type::Any, Type::Any], Type::Int64, sub),
    variadic("mul", ANY_AND_MORE, Type::Int64, mul),
    fixed("div", &[Type::Any, Type::Any], Type::Int64, div),
    fixed("mod", &[Type::Any, Type::Any], Type::Int64, modulo),
    variadic("max", ANY_AND_MORE, Type::Int64, max),
    variadic("biggest", ANY_AND_MORE, Type::Int64, max),
    variadic("min", ANY_AND_MORE, Type::Int64, min),
    variadic("addf", &[Type::Any], Type::Float64, addf),
    fixed("add1f", &[Type::Any], Type::Float64, add1f),
    variadic("subf", ANY_AND_MORE, Type::Float64, subf),
    variadic("mulf", ANY_AND_MORE, Type::Float64, mulf),
    variadic("divf", ANY_AND_MORE, Type::Float64, divf),
    variadic("maxf", ANY_AND_MORE, Type::Float64, maxf),
    variadic("minf", ANY_AND_MORE, Type::Float64, minf),
    fixed("floor", &[Type::Any], Type::Float64, floor),
    fixed("ceil", &[Type::Any], Type::Float64, ceil),
    variadic(
        "round",
        &[Type::Any, Type::Int, Type::Float64],
        Type::Float64,
        round,
    ),
    fixed("until", &[Type::Int], INTS, until),
    fixed(
        "untilStep",
        &[Type::Int, Type::Int, Type::Int],
        INTS,
        until_step,
    ),
    variadic("seq", &[Type::Int], Type::String, seq),
];

fn int<'v>(_: &Session<'v>, args: &[Value<'v>]) -> Result<Value<'v>, Failure> {
    let [value] = args else {
        return Err(mismatch());
    };
    Ok(Value::Int(to_int64(value)))
}

fn int64<'v>(_: &Session<'v>, args: &[Value<'v>]) -> Result<Value<'v>, Failure> {
    let [value] = args else {
        return Err(mismatch());
    };
    Ok(Value::Int64(to_int64(value)))
}

fn float64<'v>(_: &Session<'v>, args: &[Value<'v>]) -> Result<Value<'v>, Failure> {
    let [value] = args else {
        return Err(mismatch());
    };
    Ok(Value::Float(to_float64(value)))
}

/// Decimal digits only; what does not fit becomes the nearest number, anything else 0.
fn atoi<'v>(_: &Session<'v>, args: &[Value<'v>]) -> Result<Value<'v>, Failure> {
    let [Value::Text(text)] = args else {
        return Err(mismatch());
    };
    let number = parse::parse_int(&text.to_str(), 10);
    Ok(Value::Int(number.unwrap_or_else(NumberError::value)))
}

/// Reads octal digits, as in Unix file modes.
fn to_decimal<'v>(session: &Session<'v>, args: &[Value<'v>]) -> Result<Value<'v>, Failure> {
    let [value] = args else {
        return Err(mismatch());
    };
    let text = displayed(value, session)?;
    Ok(Value::Int64(
        parse::parse_int(&text.to_str(), 8).unwrap_or(0),
    ))
}

fn add<'v>(_: &Session<'v>, args: &[Value<'v>]) -> Result<Value<'v>, Failure> {
    Ok(Value::Int64(
        args.iter().map(to_int64).fold(0, i64::wrapping_add),
    ))
}

fn add1<'v>(_: &Session<'v>, args: &[Value<'v>]) -> Result<Value<'v>, Failure> {
    let [value] = args else {
        return Err(mismatch());
    };
    Ok(Value::Int64(to_int64(value).wrapping_add(1)))
}

fn sub<'v>(_: &Session<'v>, args: &[Value<'v>]) -> Result<Value<'v>, Failure> {
    let [a, b] = args else {
        return Err(mismatch());
    };
    Ok(Value::Int64(to_int64(a).wrapping_sub(to_int64(b))))
}

fn mul<'v>(_: &Session<'v>, args: &[Value<'v>]) -> Result<Value<'v>, Failure> {
    Ok(Value::Int64(
        args.iter().map(to_int64).fold(1, i64::wrapping_mul),
    ))
}

fn div<'v>(_: &Session<'v>, args: &[Value<'v>]) -> Result<Value<'v>, Failure> {
    let [a, b] = args else {
        return Err(mismatch());
    };
    Ok(Value::Int64(to_int64(a).wrapping_div(divisor(b)?)))
}

fn modulo<'v>(_: &Session<'v>, args: &[Value<'v>]) -> Result<Value<'v>, Failure> {
    let [a, b] = args else {
        return Err(mismatch());
    };
    Ok(Value::Int64(to_int64(a).wrapping_rem(divisor(b)?)))
}

fn divisor(value: &Value<'_>) -> Result<i64, Failure> {
    match to_int64(value) {
        0 => Err(Failure::new("runtime error: integer divide by zero")),
        divisor => Ok(divisor),
    }
}

fn max<'v>(_: &Session<'v>, args: &[Value<'v>]) -> Result<Value<'v>, Failure> {
    let largest = args.iter().map(to_int64).max();
    largest.map(Value::Int64).ok_or_else(mismatch)
}

fn min<'v>(_: &Session<'v>, args: &[Value<'v>]) -> Result<Value<'v>, Failure> {
    let smallest = args.iter().map(to_int64).min();
    smallest.map(Value::Int64).ok_or_else(mismatch)
}

/// Combines decimals from left to right. Products grow with every factor.
fn with_decimals<'v>(
    session: &Session<'v>,
    first: f64,
    others: impl IntoIterator<Item = f64>,
    operation: impl Fn(&Decimal, &Decimal) -> Result<Decimal, Failure>,
) -> Result<Value<'v>, Failure> {
    let mut result = Decimal::from_float(first)?;
    for other in others {
        result = operation(&result, &Decimal::from_float(other)?)?;
        session.charge(result.size())?;
    }
    Ok(Value::Float(result.to_float()))
}

fn first_and_others<'a, 'v>(
    args: &'a [Value<'v>],
) -> Result<(f64, impl Iterator<Item = f64> + use<'a, 'v>), Failure> {
    let [first, others @ ..] = args else {
        return Err(mismatch());
    };
    Ok((to_float64(first), others.iter().map(to_float64)))
}

fn addf<'v>(session: &Session<'v>, args: &[Value<'v>]) -> Result<Value<'v>, Failure> {
    with_decimals(session, 0.0, args.iter().map(to_float64), |a, b| {
        Ok(a.add(b))
    })
}

fn add1f<'v>(session: &Session<'v>, args: &[Value<'v>]) -> Result<Value<'v>, Failure> {
    let [value] = args else {
        return Err(mismatch());
    };
    with_decimals(session, to_float64(value), [1.0], |a, b| Ok(a.add(b)))
}

fn subf<'v>(session: &Session<'v>, args: &[Value<'v>]) -> Result<Value<'v>, Failure> {
    let (first, others) = first_and_others(args)?;
    with_decimals(session, first, others, |a, b| Ok(a.subtract(b)))
}

fn mulf<'v>(session: &Session<'v>, args: &[Value<'v>]) -> Result<Value<'v>, Failure> {
    let (first, others) = first_and_others(args)?;
    with_decimals(session, first, others, |a, b| Ok(a.multiply(b)))
}

fn divf<'v>(session: &Session<'v>, args: &[Value<'v>]) -> Result<Value<'v>, Failure> {
    let (first, others) = first_and_others(args)?;
    with_decimals(session, first, others, Decimal::divide)
}

/// Go's `math.Max`: infinity wins over not-a-number, which wins over everything else; 0 is larger
/// than -0.
fn maxf<'v>(_: &Session<'v>, args: &[Value<'v>]) -> Result<Value<'v>, Failure> {
    let (first, others) = first_and_others(args)?;
    Ok(Value::Float(others.fold(first, larger)))
}

fn minf<'v>(_: &Session<'v>, args: &[Value<'v>]) -> Result<Value<'v>, Failure> {
    let (first, others) = first_and_others(args)?;
    Ok(Value::Float(others.fold(first, |a, b| -larger(-a, -b))))
}

fn larger(a: f64, b: f64) -> f64 {
    if a == f64::INFINITY || b == f64::INFINITY {
        f64::INFINITY
    } else if a.is_nan() || b.is_nan() {
        f64::NAN
    } else if a == b {
        if a.is_sign_negative() { b } else { a }
    } else {
        a.max(b)
    }
}

fn floor<'v>(_: &Session<'v>, args: &[Value<'v>]) -> Result<Value<'v>, Failure> {
    let [value] = args else {
        return Err(mismatch());
    };
    Ok(Value::Float(to_float64(value).floor()))
}

fn ceil<'v>(_: &Session<'v>, args: &[Value<'v>]) -> Result<Value<'v>, Failure> {
    let [value] = args else {
        return Err(mismatch());
    };
    Ok(Value::Float(to_float64(value).ceil()))
}

/// Rounds to decimal places, upwards from a fraction of one half or the given one.
fn round<'v>(_: &Session<'v>, args: &[Value<'v>]) -> Result<Value<'v>, Failure> {
    let [value, Value::Int(places), options @ ..] = args else {
        return Err(mismatch());
    };
    let up_from = match options.first() {
        Some(Value::Float(fraction)) => *fraction,
        _ => 0.5,
    };
    let power = power_of_ten(*places);
    let digit = power * to_float64(value);
    let rounded = if digit.fract() >= up_from {
        digit.ceil()
    } else {
        digit.floor()
    };
    Ok(Value::Float(rounded / power))
}

/// Go's `math.Pow(10, exponent)`, which multiplies repeatedly; the last bit of a rounded number
/// depends on it.
fn power_of_ten(exponent: i64) -> f64 {
    if exponent == 0 {
        return 1.0;
    }
    // 10 as a fraction and a power of two.
    let (mut base, mut base_exponent) = (0.625_f64, 4_i64);
    let (mut fraction, mut fraction_exponent) = (1.0_f64, 0_i64);
    let mut remaining = exponent.unsigned_abs();
    while remaining != 0 {
        if base_exponent > 1 << 12 {
            fraction_exponent += base_exponent;
            break;
        }
        if remaining & 1 == 1 {
            fraction *= base;
            fraction_exponent += base_exponent;
        }
        base *= base;
        base_exponent <<= 1;
        if base < 0.5 {
            base += base;
            base_exponent -= 1;
        }
        remaining >>= 1;
    }
    if exponent < 0 {
        fraction = 1.0 / fraction;
        fraction_exponent = -fraction_exponent;
    }
    let fraction_exponent = fraction_exponent.clamp(-2_200, 2_200) as i32;
    let half = fraction_exponent / 2;
    fraction * 2f64.powi(half) * 2f64.powi(fraction_exponent - half)
}

/// The numbers from `start` towards `stop`, which is left out.
fn numbers(session: &Session<'_>, start: i64, stop: i64, step: i64) -> Result<Vec<i64>, Failure> {
    let upwards = stop >= start;
    if upwards && step <= 0 || !upwards && step >= 0 {
        return Ok(Vec::new());
    }
    let count = start.abs_diff(stop).div_ceil(step.unsigned_abs());
    charge_items(session, usize::try_from(count).unwrap_or(usize::MAX))?;
    let mut numbers = Vec::new();
    let mut next = Some(start);
    for _ in 0..count {
        let Some(number) = next else { break };
        numbers.push(number);
        next = number.checked_add(step);
    }
    Ok(numbers)
}

fn int_list<'v>(numbers: Vec<i64>) -> Result<Value<'v>, Failure> {
    let items = numbers.into_iter().map(Value::Int).collect();
    Ok(List::appended(&Type::Int, items)?.into())
}

fn until<'v>(session: &Session<'v>, args: &[Value<'v>]) -> Result<Value<'v>, Failure> {
    let [Value::Int(count)] = args else {
        return Err(mismatch());
    };
    int_list(numbers(
        session,
        0,
        *count,
        if *count < 0 { -1 } else { 1 },
    )?)
}

fn until_step<'v>(session: &Session<'v>, args: &[Value<'v>]) -> Result<Value<'v>, Failure> {
    let [Value::Int(start), Value::Int(stop), Value::Int(step)] = args else {
        return Err(mismatch());
    };
    int_list(numbers(session, *start, *stop, *step)?)
}

/// Like the command `seq`: `last`, `first last` or `first step last`, separated by spaces.
fn seq<'v>(session: &Session<'v>, args: &[Value<'v>]) -> Result<Value<'v>, Failure> {
    let (first, step, last) = match args {
        [Value::Int(last)] => (1, None, *last),
        [Value::Int(first), Value::Int(last)] => (*first, None, *last),
        [Value::Int(first), Value::Int(step), Value::Int(last)] => (*first, Some(*step), *last),
        _ => return Ok(Value::text("")),
    };
    let direction = if last < first { -1 } else { 1 };
    if direction < 0 && step.is_some_and(|step| step > 0) {
        return Ok(Value::text(""));
    }
    let stop = last.wrapping_add(direction);
    let numbers = numbers(session, first, stop, step.unwrap_or(direction))?;
    let texts: Vec<String> = numbers.iter().map(i64::to_string).collect();
    Ok(texts.join(" ").into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::template::Limits;

    #[test]
    fn powers_of_ten() {
        assert_eq!(power_of_ten(0), 1.0);
        assert_eq!(power_of_ten(2), 100.0);
        assert_eq!(power_of_ten(22), 1e22);
        assert_eq!(power_of_ten(-1), 0.1);
        assert_eq!(power_of_ten(i64::MAX), f64::INFINITY);
        assert_eq!(power_of_ten(i64::MIN), 0.0);
    }

    #[test]
    fn sequences_stay_within_the_memory() {
        let session = Session::new(Limits::default(), None);
        let args = [Value::Int(i64::MIN), Value::Int(i64::MAX), Value::Int(1)];
        assert!(until_step(&session, &args).is_err_and(|failure| failure.limit));
        let args = [
            Value::Int(0),
            Value::Int(i64::MAX),
            Value::Int(i64::MAX - 1),
        ];
        let result = until_step(&session, &args);
        assert!(matches!(result, Ok(Value::List(list)) if list.len() == 2));
    }

    #[test]
    fn not_a_number_and_infinity() {
        assert!(larger(f64::NAN, 1.0).is_nan());
        assert_eq!(larger(f64::NAN, f64::INFINITY), f64::INFINITY);
        assert!(larger(-0.0, 0.0).is_sign_positive());
    }
}
