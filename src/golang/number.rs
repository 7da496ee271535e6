//! Floating-point numbers as Go's `strconv` and `fmt` write them.

/// From this exponent on the shortest `%g` form uses one.
const SHORTEST_THRESHOLD: i32 = 6;

/// No float has more digits than this; all further ones are zero. (Rust's formatting has a limit of
/// its own, beyond which it panics.)
const MOST_DIGITS: usize = 1100;

/// Go's `strconv.FormatFloat(value, verb, precision, 64)`; `None` is the shortest text that reads
/// back as the same number. Verbs: `e`, `E`, `f`, `F`, `g`, `G`; any other is treated as `g`.
pub fn format_float(value: f64, verb: char, precision: Option<usize>) -> String {
    if !value.is_finite() {
        return not_finite(value);
    }
    let negative = value.is_sign_negative();
    let magnitude = value.abs();
    let sign = if negative { "-" } else { "" };
    let letter = if verb.is_ascii_uppercase() { 'E' } else { 'e' };
    match verb.to_ascii_lowercase() {
        'f' => match precision {
            Some(places) => {
                let exact = places.min(MOST_DIGITS);
                let zeros = "0".repeat(places - exact);
                format!("{sign}{magnitude:.exact$}{zeros}")
            }
            None => {
                let (digits, exponent) = decompose(&format!("{magnitude:e}"));
                format!("{sign}{}", plain(&digits, exponent))
            }
        },
        'e' => {
            let text = match precision {
                Some(places) => format!("{magnitude:.*e}", places.min(MOST_DIGITS)),
                None => format!("{magnitude:e}"),
            };
            let zeros = "0".repeat(precision.unwrap_or(0).saturating_sub(MOST_DIGITS));
            let (mantissa, exponent) = text.split_once('e').unwrap_or((&text, "0"));
            let exponent: i32 = exponent.parse().unwrap_or(0);
            format!("{sign}{mantissa}{zeros}{}", exponent_text(exponent, letter))
        }
        _ => {
            let (digits, exponent, threshold) = match precision {
                None => {
                    let (digits, exponent) = decompose(&format!("{magnitude:e}"));
                    (digits, exponent, SHORTEST_THRESHOLD)
                }
                Some(precision) => {
                    let significant = precision.max(1);
                    let places = (significant - 1).min(MOST_DIGITS);
                    let (mut digits, exponent) = decompose(&format!("{magnitude:.places$e}"));
                    let kept = digits.trim_end_matches('0').len().max(1);
                    digits.truncate(kept);
                    (digits, exponent, significant as i32)
                }
            };
            general(negative, &digits, exponent, threshold, letter)
        }
    }
}

/// Go's `%v` of a float64: the shortest text, exponents below 1e-4 and from 1e6 on where the number
/// has no more than six digits before the point (`1e+06`, `1.234567e+06`, `100000`).
pub fn display_float(value: f64) -> String {
    format_float(value, 'g', None)
}

/// Go's `%v` of a float32 that holds this value.
pub fn display_float32(value: f32) -> String {
    if !value.is_finite() {
        return not_finite(f64::from(value));
    }
    let (digits, exponent) = decompose(&format!("{:e}", value.abs()));
    general(
        value.is_sign_negative(),
        &digits,
        exponent,
        SHORTEST_THRESHOLD,
        'e',
    )
}

/// A float in JSON, as `encoding/json` writes it: exponents below 1e-6 and from 1e21, `e-09` as
/// `e-9`. Not-a-number and infinities have no JSON form and become `null`.
pub fn json_float(value: f64) -> String {
    if !value.is_finite() {
        return "null".into();
    }
    let magnitude = value.abs();
    if magnitude != 0.0 && !(1e-6..1e21).contains(&magnitude) {
        let text = format_float(value, 'e', None);
        return match text.rsplit_once("e-0") {
            Some((mantissa, exponent)) => format!("{mantissa}e-{exponent}"),
            None => text,
        };
    }
    format_float(value, 'f', None)
}

fn not_finite(value: f64) -> String {
    if value.is_nan() {
        "NaN".into()
    } else if value > 0.0 {
        "+Inf".into()
    } else {
        "-Inf".into()
    }
}

/// Splits Rust's `1.25e3` into the digits `125` and the exponent 3.
fn decompose(scientific: &str) -> (String, i32) {
    let (mantissa, exponent) = scientific.split_once('e').unwrap_or((scientific, "0"));
    let digits = mantissa.chars().filter(char::is_ascii_digit).collect();
    (digits, exponent.parse().unwrap_or(0))
}

fn general(negative: bool, digits: &str, exponent: i32, threshold: i32, letter: char) -> String {
    let sign = if negative { "-" } else { "" };
    if exponent < -4 || exponent >= threshold {
        let (first, rest) = digits.split_at(1);
        let point = if rest.is_empty() { "" } else { "." };
        format!(
            "{sign}{first}{point}{rest}{}",
            exponent_text(exponent, letter)
        )
    } else {
        format!("{sign}{}", plain(digits, exponent))
    }
}

/// At least two exponent digits, always with a sign.
fn exponent_text(exponent: i32, letter: char) -> String {
    let sign = if exponent < 0 { '-' } else { '+' };
    format!("{letter}{sign}{:02}", exponent.unsigned_abs())
}

/// Digits with the decimal point put in its place.
fn plain(digits: &str, exponent: i32) -> String {
    if exponent < 0 {
        let zeros = "0".repeat(exponent.unsigned_abs() as usize - 1);
        return format!("0.{zeros}{digits}");
    }
    let whole = exponent as usize + 1;
    if digits.len() <= whole {
        format!("{digits}{}", "0".repeat(whole - digits.len()))
    } else {
        format!("{}.{}", &digits[..whole], &digits[whole..])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Texts that Go prints for these values.
    #[test]
    fn displays_as_go() {
        let cases = [
            (3.0, "3"),
            (1.5, "1.5"),
            (1e21, "1e+21"),
            (1e20, "1e+20"),
            (1e6, "1e+06"),
            (100000.0, "100000"),
            (1e-5, "1e-05"),
            (0.0001, "0.0001"),
            (-0.0, "-0"),
            (1.234567e6, "1.234567e+06"),
            (0.1 + 0.2, "0.30000000000000004"),
            (f64::INFINITY, "+Inf"),
            (f64::NAN, "NaN"),
        ];
        for (value, text) in cases {
            assert_eq!(display_float(value), text);
        }
    }

    #[test]
    fn precision_and_verbs() {
        assert_eq!(format_float(1_234_567.0, 'g', Some(7)), "1234567");
        assert_eq!(format_float(1_234_567.0, 'g', Some(6)), "1.23457e+06");
        assert_eq!(format_float(1.2345, 'f', Some(2)), "1.23");
        assert_eq!(format_float(1e6, 'e', None), "1e+06");
        assert_eq!(format_float(1e6, 'E', Some(3)), "1.000E+06");
        assert_eq!(format_float(100000.0, 'g', Some(3)), "1e+05");
        assert_eq!(format_float(2.5, 'f', Some(0)), "2");
        assert_eq!(format_float(0.1, 'f', Some(100_000)).len(), 100_002);
        assert!(format_float(1.0, 'e', Some(70_000)).ends_with("00e+00"));
        assert_eq!(format_float(1.0, 'g', Some(70_000)), "1");
        assert_eq!(format_float(1e21, 'f', None), "1000000000000000000000");
        assert_eq!(format_float(0.00001, 'f', None), "0.00001");
    }

    #[test]
    fn json_has_its_own_thresholds() {
        assert_eq!(json_float(1e-6), "0.000001");
        assert_eq!(json_float(1e-7), "1e-7");
        assert_eq!(json_float(1e21), "1e+21");
        assert_eq!(json_float(1e20), "100000000000000000000");
        assert_eq!(json_float(3.0), "3");
    }

    /// YAML floats that become strings take the 32-bit form.
    #[test]
    fn thirty_two_bits() {
        assert_eq!(display_float32(1_234_567.0), "1.234567e+06");
    }
}
