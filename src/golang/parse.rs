//! Numbers read as Go's `strconv` reads them.

/// Why a text is not a number of the wanted kind.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum NumberError<T> {
    /// It is not written as such a number.
    Syntax,
    /// It does not fit; this is the nearest number that does, which Go returns along.
    Range(T),
}

impl<T: Default> NumberError<T> {
    /// The number that Go returns beside the error.
    pub fn value(self) -> T {
        match self {
            NumberError::Syntax => T::default(),
            NumberError::Range(nearest) => nearest,
        }
    }
}

/// Go's `strconv.ParseInt(text, base, 64)`. In base 0 the prefixes `0x`, `0o`, `0b` and `0` tell the
/// base, and underscores may separate digits.
///
/// # Errors
/// When the text is no such number, or does not fit 64 bits.
pub fn parse_int(text: &str, base: u32) -> Result<i64, NumberError<i64>> {
    let (negative, digits) = match text.as_bytes().first() {
        Some(b'-') => (true, &text[1..]),
        Some(b'+') => (false, &text[1..]),
        _ => (false, text),
    };
    let largest = if negative { i64::MIN } else { i64::MAX };
    let magnitude = match parse_uint(digits, base) {
        Err(NumberError::Syntax) => return Err(NumberError::Syntax),
        Err(NumberError::Range(_)) => return Err(NumberError::Range(largest)),
        Ok(magnitude) => magnitude,
    };
    let number = if negative {
        0i64.checked_sub_unsigned(magnitude)
    } else {
        i64::try_from(magnitude).ok()
    };
    number.ok_or(NumberError::Range(largest))
}

/// Go's `strconv.ParseUint(text, base, 64)`; see [`parse_int`].
///
/// # Errors
/// When the text is no such number, or does not fit 64 bits.
pub fn parse_uint(text: &str, base: u32) -> Result<u64, NumberError<u64>> {
    let (radix, digits) = match base {
        0 => radix(text),
        base => (base, text),
    };
    if text.is_empty() {
        return Err(NumberError::Syntax);
    }
    let mut number: u64 = 0;
    let mut underscores = false;
    for c in digits.chars() {
        if c == '_' && base == 0 {
            underscores = true;
            continue;
        }
        let digit = c.to_digit(radix).ok_or(NumberError::Syntax)?;
        number = number
            .checked_mul(u64::from(radix))
            .and_then(|n| n.checked_add(u64::from(digit)))
            .ok_or(NumberError::Range(u64::MAX))?;
    }
    if underscores && !underscores_fit(text) {
        return Err(NumberError::Syntax);
    }
    Ok(number)
}

fn radix(text: &str) -> (u32, &str) {
    let Some(rest) = text.strip_prefix('0') else {
        return (10, text);
    };
    if text.len() >= 3 {
        for (letters, radix) in [(['x', 'X'], 16), (['o', 'O'], 8), (['b', 'B'], 2)] {
            if let Some(digits) = rest.strip_prefix(letters) {
                return (radix, digits);
            }
        }
    }
    (8, rest)
}

/// Underscores may only stand between digits, or between the base prefix and a digit.
fn underscores_fit(text: &str) -> bool {
    let lower = text.to_ascii_lowercase();
    let unsigned = lower.strip_prefix(['+', '-']).unwrap_or(&lower);
    let hexadecimal = unsigned.starts_with("0x");
    let prefixed = hexadecimal || unsigned.starts_with("0o") || unsigned.starts_with("0b");
    let (body, mut after_digit) = match unsigned.get(2..) {
        Some(body) if prefixed => (body, true),
        _ => (unsigned, false),
    };
    let mut after_underscore = false;
    for c in body.chars() {
        let digit = c.is_ascii_digit() || hexadecimal && c.is_ascii_hexdigit();
        if c == '_' {
            if !after_digit {
                return false;
            }
        } else if !digit && after_underscore {
            return false;
        }
        after_underscore = c == '_';
        after_digit = digit;
    }
    !after_underscore
}

/// Go's `strconv.ParseFloat(text, 64)`: decimal and hexadecimal floats, underscores between
/// digits, infinities and not-a-number in any case.
///
/// # Errors
/// When the text is no such number, or too large.
pub fn parse_float(text: &str) -> Result<f64, NumberError<f64>> {
    let (negative, unsigned) = match text.as_bytes().first() {
        Some(b'-') => (true, &text[1..]),
        Some(b'+') => (false, &text[1..]),
        _ => (false, text),
    };
    let signed = |magnitude: f64| if negative { -magnitude } else { magnitude };
    match unsigned.to_ascii_lowercase().as_str() {
        "inf" | "infinity" => return Ok(signed(f64::INFINITY)),
        "nan" if unsigned.len() == text.len() => return Ok(f64::NAN),
        _ => {}
    }
    if unsigned.contains('_') && !underscores_fit(unsigned) {
        return Err(NumberError::Syntax);
    }
    let plain = unsigned.replace('_', "");
    let hexadecimal = plain
        .strip_prefix("0x")
        .or_else(|| plain.strip_prefix("0X"));
    let magnitude = match hexadecimal {
        Some(digits) => hexadecimal_float(digits)?,
        None => {
            let shape = |b: u8| b.is_ascii_digit() || matches!(b, b'.' | b'e' | b'E' | b'+' | b'-');
            if !plain.bytes().all(shape) || plain.starts_with(['+', '-']) {
                return Err(NumberError::Syntax);
            }
            plain.parse().map_err(|_| NumberError::Syntax)?
        }
    };
    if magnitude == f64::INFINITY {
        return Err(NumberError::Range(signed(magnitude)));
    }
    Ok(signed(magnitude))
}

/// `1.8p-2`: hexadecimal digits with a binary exponent.
fn hexadecimal_float(text: &str) -> Result<f64, NumberError<f64>> {
    let (mantissa, exponent) = text.split_once(['p', 'P']).ok_or(NumberError::Syntax)?;
    let exponent = match parse_int(exponent, 10) {
        Ok(exponent) | Err(NumberError::Range(exponent)) => exponent.clamp(-100_000, 100_000),
        Err(NumberError::Syntax) => return Err(NumberError::Syntax),
    };
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    if whole.is_empty() && fraction.is_empty() {
        return Err(NumberError::Syntax);
    }
    let mut value: u64 = 0;
    let mut lost = false;
    let mut exponent = exponent;
    let counted = whole
        .chars()
        .map(|c| (c, 0))
        .chain(fraction.chars().map(|c| (c, -4)));
    for (c, shift) in counted {
        let digit = u64::from(c.to_digit(16).ok_or(NumberError::Syntax)?);
        exponent = exponent.saturating_add(shift);
        if value >> 59 == 0 {
            value = value << 4 | digit;
        } else {
            lost |= digit != 0;
            exponent = exponent.saturating_add(4);
        }
    }
    // The digits that did not fit only matter for rounding.
    value |= u64::from(lost);
    Ok(scaled(value, exponent))
}

/// `mantissa * 2^exponent`, rounded once.
fn scaled(mantissa: u64, exponent: i64) -> f64 {
    let width = i64::from(u64::BITS - mantissa.leading_zeros());
    // Below this the result is subnormal: drop the bits it has no room for, before the conversion
    // to a float rounds at another place.
    let excess = (-1074 - exponent).max(width - 53).clamp(0, 64) as u32;
    let (mut kept, mut exponent) = (mantissa, exponent);
    if excess > 0 {
        let wide = u128::from(mantissa);
        let half = 1u128 << (excess - 1);
        let rest = wide & ((1u128 << excess) - 1);
        kept = (wide >> excess) as u64;
        if rest > half || rest == half && kept & 1 == 1 {
            kept += 1;
        }
        exponent += i64::from(excess);
    }
    let exponent = exponent.clamp(-2_200, 2_200) as i32;
    let first = exponent / 2;
    kept as f64 * 2f64.powi(first) * 2f64.powi(exponent - first)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn integers() {
        let good = [
            ("0", 0),
            ("-0x1f", -31),
            ("010", 8),
            ("0o17", 15),
            ("0b101", 5),
            ("+5", 5),
            ("1_000", 1000),
            ("0x_f", 15),
            ("-9223372036854775808", i64::MIN),
        ];
        for (text, number) in good {
            assert_eq!(parse_int(text, 0), Ok(number), "{text}");
        }
        for text in [
            "", "-", "08", "0x", "_1", "1_", "1__0", " 1", "1.0", "1e3", "x", "--1",
        ] {
            assert_eq!(parse_int(text, 0), Err(NumberError::Syntax), "{text}");
        }
        assert_eq!(parse_int("1_0", 10), Err(NumberError::Syntax));
        assert_eq!(parse_int("777", 8), Ok(511));
        assert_eq!(parse_int("9", 8), Err(NumberError::Syntax));
        let too_large = parse_int("-9223372036854775809", 10);
        assert_eq!(too_large, Err(NumberError::Range(i64::MIN)));
        assert_eq!(too_large.unwrap_or_else(NumberError::value), i64::MIN);
    }

    #[test]
    fn floats() {
        let good = [
            ("1.5", 1.5),
            (".5", 0.5),
            ("5.", 5.0),
            ("-1e-7", -1e-7),
            ("1_0.5_0e1_0", 1.05e11),
            ("0x1.8p1", 3.0),
            ("0x1p-1074", 5e-324),
            ("0x.1p4", 1.0),
            ("0x1.fffffffffffff8p0", 2.0),
            ("Inf", f64::INFINITY),
            ("-infinity", f64::NEG_INFINITY),
            ("1e-400", 0.0),
            ("1_000", 1000.0),
            ("0x1p-2", 0.25),
        ];
        for (text, number) in good {
            assert_eq!(parse_float(text), Ok(number), "{text}");
        }
        assert!(parse_float("nan").is_ok_and(f64::is_nan));
        for text in [
            "", ".", "+", " 1", "1 ", "1e", "_1", "1_", "1_.5", "0x1", "0xp1", "+nan", "--1",
            "infx",
        ] {
            assert_eq!(parse_float(text), Err(NumberError::Syntax), "{text}");
        }
        assert_eq!(parse_float("1e309"), Err(NumberError::Range(f64::INFINITY)));
    }
}
