//! Number literals: Go's syntax, and the types that a literal can take.

use super::node::Number;
use crate::golang::quote;

/// Reads a number token.
///
/// # Errors
/// When Go would refuse the number.
pub(super) fn number(source: &str) -> Result<Number, String> {
    let mut number = Number {
        source: source.to_owned(),
        ..Number::default()
    };
    if let Some(imaginary) = source.strip_suffix('i')
        && let Some(imaginary) = parse_float(imaginary)
    {
        set_complex(&mut number, 0.0, imaginary);
        return Ok(number);
    }
    number.uint = parse_uint(source);
    number.int = parse_int(source);
    if number.int == Some(0) {
        number.uint = Some(0);
    }
    match (number.int, number.uint) {
        (Some(int), _) => number.float = Some(int as f64),
        (None, Some(uint)) => number.float = Some(uint as f64),
        (None, None) => {
            if let Some(float) = parse_float(source) {
                if !source.contains(['.', 'e', 'E', 'p', 'P']) {
                    return Err(format!(
                        "integer overflow: {}",
                        quote::quote(source.as_bytes())
                    ));
                }
                set_float(&mut number, float);
            }
        }
    }
    if number.float.is_none() {
        return Err(format!(
            "illegal number syntax: {}",
            quote::quote(source.as_bytes())
        ));
    }
    Ok(number)
}

/// Reads a complex number token such as `1+2i`.
///
/// # Errors
/// When a part is not a number.
pub(super) fn complex(source: &str) -> Result<Number, String> {
    let mut number = Number {
        source: source.to_owned(),
        ..Number::default()
    };
    let parts = source.strip_suffix('i').and_then(|pair| {
        let split = pair
            .char_indices()
            .skip(1)
            .filter(|(at, c)| {
                matches!(c, '+' | '-')
                    && !pair
                        .get(..*at)
                        .is_some_and(|before| before.ends_with(['e', 'E', 'p', 'P']))
            })
            .map(|(at, _)| at)
            .next()?;
        let (re, im) = pair.split_at_checked(split)?;
        Some((parse_float(re)?, parse_float(im)?))
    });
    let (re, im) = parts.ok_or("syntax error scanning complex number")?;
    set_complex(&mut number, re, im);
    Ok(number)
}

/// Reads a character literal, which is a number.
///
/// # Errors
/// When it is not one character.
pub(super) fn character(source: &str) -> Result<Number, String> {
    let rune = quote::unquote_rune(source)?;
    Ok(Number {
        source: source.to_owned(),
        int: Some(i64::from(rune)),
        uint: Some(u64::from(rune)),
        float: Some(f64::from(rune)),
        complex: None,
    })
}

fn set_complex(number: &mut Number, re: f64, im: f64) {
    number.complex = Some((re, im));
    if im == 0.0 {
        set_float(number, re);
    }
}

/// A float, and the integers that are the same number.
fn set_float(number: &mut Number, float: f64) {
    number.float = Some(float);
    if float >= i64::MIN as f64 && float < -(i64::MIN as f64) && float.fract() == 0.0 {
        number.int = Some(float as i64);
    }
    if (0.0..2.0 * -(i64::MIN as f64)).contains(&float) && float.fract() == 0.0 {
        number.uint = Some(float as u64);
    }
}

/// Go's `strconv.ParseUint(text, 0, 64)`.
fn parse_uint(text: &str) -> Option<u64> {
    if !underscores_fit(text) {
        return None;
    }
    let (radix, digits) = radix(text);
    let digits = digits.replace('_', "");
    if !digits.starts_with(|c: char| c.is_ascii_alphanumeric()) {
        return None;
    }
    u64::from_str_radix(&digits, radix).ok()
}

/// Go's `strconv.ParseInt(text, 0, 64)`.
fn parse_int(text: &str) -> Option<i64> {
    let (negative, magnitude) = match text.strip_prefix(['+', '-']) {
        Some(rest) => (text.starts_with('-'), rest),
        None => (false, text),
    };
    let magnitude = parse_uint(magnitude)?;
    if negative {
        0_i64.checked_sub_unsigned(magnitude)
    } else {
        i64::try_from(magnitude).ok()
    }
}

fn radix(text: &str) -> (u32, &str) {
    let Some(rest) = text.strip_prefix('0').filter(|rest| !rest.is_empty()) else {
        return (10, text);
    };
    for (letters, radix) in [(['x', 'X'], 16), (['o', 'O'], 8), (['b', 'B'], 2)] {
        if let Some(digits) = rest.strip_prefix(letters) {
            return (radix, digits);
        }
    }
    (8, rest)
}

/// Underscores may only separate digits, or the base prefix and a digit.
fn underscores_fit(text: &str) -> bool {
    let text = text.strip_prefix(['+', '-']).unwrap_or(text);
    let lower = text.to_ascii_lowercase();
    let hex = lower.starts_with("0x");
    let based = hex || lower.starts_with("0o") || lower.starts_with("0b");
    let (body, mut before) = if based {
        (lower.get(2..).unwrap_or_default(), '0')
    } else {
        (lower.as_str(), '^')
    };
    for c in body.chars() {
        before = match c {
            '0'..='9' => '0',
            'a'..='f' if hex => '0',
            '_' if before == '0' => '_',
            '_' => return false,
            _ if before == '_' => return false,
            _ => '!',
        };
    }
    before != '_'
}

/// Go's `strconv.ParseFloat(text, 64)` for what the scanner lets through: decimal and hexadecimal
/// floats with underscores.
fn parse_float(text: &str) -> Option<f64> {
    let (negative, magnitude) = match text.strip_prefix(['+', '-']) {
        Some(rest) => (text.starts_with('-'), rest),
        None => (false, text),
    };
    if let Some(hex) = magnitude
        .strip_prefix("0x")
        .or(magnitude.strip_prefix("0X"))
    {
        let float = hex_float(magnitude, hex)?;
        return Some(if negative { -float } else { float });
    }
    if !underscores_fit(magnitude)
        || !magnitude.starts_with(|c: char| c.is_ascii_digit() || c == '.')
    {
        return None;
    }
    let float: f64 = magnitude.replace('_', "").parse().ok()?;
    if !float.is_finite() {
        return None;
    }
    Some(if negative { -float } else { float })
}

/// `0x1.8p3`: the exponent is required.
fn hex_float(whole: &str, hex: &str) -> Option<f64> {
    if !underscores_fit(whole) {
        return None;
    }
    let (mantissa, exponent) = hex.split_once(['p', 'P'])?;
    let mut exponent: i64 = exponent.replace('_', "").parse().ok()?;
    let (before, after) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let digits: String = format!("{before}{after}").replace('_', "");
    if digits.is_empty() || digits.len() > 1000 {
        return None;
    }
    let mut value: u64 = 0;
    let mut sticky = false;
    exponent = exponent.checked_sub(4 * after.replace('_', "").len() as i64)?;
    for digit in digits.chars() {
        let digit = u64::from(digit.to_digit(16)?);
        if value >> 59 == 0 {
            value = value << 4 | digit;
        } else {
            sticky |= digit != 0;
            exponent = exponent.checked_add(4)?;
        }
    }
    value |= u64::from(sticky);
    let exponent = i32::try_from(exponent.clamp(-5000, 5000)).ok()?;
    // In two factors, so that the power itself stays a normal number.
    let half = exponent / 2;
    let float = value as f64 * 2_f64.powi(half) * 2_f64.powi(exponent - half);
    float.is_finite().then_some(float)
}

#[cfg(test)]
mod tests {
    use super::super::node::Ideal;
    use super::*;

    #[test]
    fn ideals() {
        let cases = [
            ("1", Ideal::Int(1)),
            ("-1", Ideal::Int(-1)),
            ("0x1F", Ideal::Int(31)),
            ("017", Ideal::Int(15)),
            ("0b101", Ideal::Int(5)),
            ("1_000", Ideal::Int(1000)),
            ("0x_1", Ideal::Int(1)),
            ("1e6", Ideal::Float(1e6)),
            ("1.0", Ideal::Float(1.0)),
            (".5", Ideal::Float(0.5)),
            ("1.", Ideal::Float(1.0)),
            ("0x1p4", Ideal::Float(16.0)),
            ("0x1.8p1", Ideal::Float(3.0)),
            ("0x1e", Ideal::Int(30)),
            ("1_0.5_0", Ideal::Float(10.5)),
            ("2i", Ideal::Complex(0.0, 2.0)),
            ("-0", Ideal::Int(0)),
            ("9223372036854775808", Ideal::Overflow),
            ("-9223372036854775808", Ideal::Int(i64::MIN)),
        ];
        for (source, ideal) in cases {
            assert_eq!(number(source).map(|n| n.ideal()), Ok(ideal), "{source}");
        }
        assert_eq!(
            complex("1+2i").map(|n| n.ideal()),
            Ok(Ideal::Complex(1.0, 2.0))
        );
        assert_eq!(
            complex("1e+1-2i").map(|n| n.ideal()),
            Ok(Ideal::Complex(10.0, -2.0))
        );
        assert_eq!(character("'a'").map(|n| n.ideal()), Ok(Ideal::Int(97)));
    }

    #[test]
    fn refused() {
        for source in [
            "08",
            "0x",
            "1__0",
            "_1",
            "1_",
            "18446744073709551616",
            ".",
            "+",
            "-",
            "1_.5",
            "0b2",
        ] {
            assert!(number(source).is_err(), "{source}");
        }
    }

    #[test]
    fn floats_that_are_integers_can_be_integers() {
        assert_eq!(
            number("3.0").map(|n| (n.int, n.uint)),
            Ok((Some(3), Some(3)))
        );
        assert_eq!(number("3.5").map(|n| (n.int, n.uint)), Ok((None, None)));
        assert_eq!(
            number("-3.0").map(|n| (n.int, n.uint)),
            Ok((Some(-3), None))
        );
        assert_eq!(number("1e30").map(|n| (n.int, n.uint)), Ok((None, None)));
    }
}
