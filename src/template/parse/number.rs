//! Number literals: Go's syntax, and the types that a literal can take.

use super::node::Number;
use crate::golang::parse::{parse_float, parse_int, parse_uint};
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
        && let Ok(imaginary) = parse_float(imaginary)
    {
        set_complex(&mut number, 0.0, imaginary);
        return Ok(number);
    }
    number.uint = parse_uint(source, 0).ok();
    number.int = parse_int(source, 0).ok();
    if number.int == Some(0) {
        number.uint = Some(0);
    }
    match (number.int, number.uint) {
        (Some(int), _) => number.float = Some(int as f64),
        (None, Some(uint)) => number.float = Some(uint as f64),
        (None, None) => {
            if let Ok(float) = parse_float(source) {
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
        Some((parse_float(re).ok()?, parse_float(im).ok()?))
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
