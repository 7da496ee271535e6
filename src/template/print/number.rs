//! Numbers under the verbs of `printf`.

use super::Printer;
use super::format::Flags;
use crate::golang::{number, quote};
use crate::template::value::Value;

impl<'v> Printer<'_, 'v> {
    pub(super) fn signed(&mut self, value: &Value<'v>, n: i64, verb: char) {
        self.integer(value, n.unsigned_abs(), n < 0, n as u64, verb);
    }

    pub(super) fn unsigned(&mut self, value: &Value<'v>, n: u64, verb: char) {
        if verb == 'v' && self.flags.sharp_v {
            let sharp = std::mem::replace(&mut self.flags.sharp, true);
            self.digits(n, false, 16, 'v');
            self.flags.sharp = sharp;
            return;
        }
        self.integer(value, n, false, n, verb);
    }

    fn integer(
        &mut self,
        value: &Value<'v>,
        magnitude: u64,
        negative: bool,
        bits: u64,
        verb: char,
    ) {
        match verb {
            'v' | 'd' => self.digits(magnitude, negative, 10, verb),
            'b' => self.digits(magnitude, negative, 2, verb),
            'o' | 'O' => self.digits(magnitude, negative, 8, verb),
            'x' | 'X' => self.digits(magnitude, negative, 16, verb),
            'c' => {
                let c = character(bits);
                self.pad(c.encode_utf8(&mut [0; 4]).as_bytes());
            }
            'q' => {
                let quoted = quote::quote_rune(u32::from(character(bits)), self.flags.plus);
                self.pad(quoted.as_bytes());
            }
            'U' => self.unicode(bits),
            _ => self.bad_verb(value, verb),
        }
    }

    fn digits(&mut self, magnitude: u64, negative: bool, base: u64, verb: char) {
        let flags = self.flags;
        let mut least = 0;
        if let Some(precision) = flags.precision {
            least = precision;
            if precision == 0 && magnitude == 0 {
                self.flags.zero = false;
                self.padding(flags.width.unwrap_or(0));
                self.flags.zero = flags.zero;
                return;
            }
        } else if let (true, false, Some(width)) = (flags.zero, flags.minus, flags.width) {
            least = width.saturating_sub(usize::from(negative || flags.plus || flags.space));
        }
        let mut text = match base {
            2 => format!("{magnitude:b}"),
            8 => format!("{magnitude:o}"),
            16 if verb == 'X' => format!("{magnitude:X}"),
            16 => format!("{magnitude:x}"),
            _ => magnitude.to_string(),
        };
        if text.len() < least {
            if !self.afford(least) {
                return;
            }
            text = format!("{}{text}", "0".repeat(least - text.len()));
        }
        let prefix = match base {
            2 if flags.sharp => "0b",
            8 if verb == 'O' => "0o",
            8 if flags.sharp && !text.starts_with('0') => "0",
            16 if flags.sharp && verb == 'X' => "0X",
            16 if flags.sharp => "0x",
            _ => "",
        };
        // With both `#` and `O`, Go writes the octal zero as well.
        let octal = if verb == 'O' && flags.sharp && !text.starts_with('0') {
            "0"
        } else {
            ""
        };
        let sign = sign(negative, &flags);
        self.flags.zero = false;
        self.pad(format!("{sign}{prefix}{octal}{text}").as_bytes());
        self.flags.zero = flags.zero;
    }

    fn unicode(&mut self, bits: u64) {
        let flags = self.flags;
        let least = flags.precision.unwrap_or(0).max(4);
        if !self.afford(least) {
            return;
        }
        let mut text = format!("U+{bits:0least$X}");
        if flags.sharp
            && let Some(c) = u32::try_from(bits).ok().and_then(char::from_u32)
            && quote::is_print(c)
        {
            text.push_str(&format!(" '{c}'"));
        }
        self.flags.zero = false;
        self.pad(text.as_bytes());
        self.flags.zero = flags.zero;
    }

    pub(super) fn float_verb(&mut self, value: &Value<'v>, n: f64, verb: char) {
        match verb {
            'v' => self.float(n, 'g', None),
            'b' | 'g' | 'G' | 'x' | 'X' => self.float(n, verb, None),
            'f' | 'e' | 'E' => self.float(n, verb, Some(6)),
            'F' => self.float(n, 'f', Some(6)),
            _ => self.bad_verb(value, verb),
        }
    }

    pub(super) fn complex(&mut self, value: &Value<'v>, re: f64, im: f64, verb: char) {
        if !matches!(
            verb,
            'v' | 'b' | 'g' | 'G' | 'x' | 'X' | 'f' | 'F' | 'e' | 'E'
        ) {
            return self.bad_verb(value, verb);
        }
        let plus = self.flags.plus;
        self.out.push(b'(');
        self.float_verb(value, re, verb);
        self.flags.plus = true;
        self.float_verb(value, im, verb);
        self.out.extend_from_slice(b"i)");
        self.flags.plus = plus;
    }

    fn float(&mut self, n: f64, verb: char, default_precision: Option<usize>) {
        let flags = self.flags;
        let precision = flags.precision.or(default_precision);
        if !self.afford(precision.unwrap_or(0)) {
            return;
        }
        let text = match verb {
            'x' | 'X' => hex_float(n, precision, verb == 'X'),
            'b' => binary_float(n),
            _ => number::format_float(n, verb, precision),
        };
        let (mut mark, mut body) = match text.strip_prefix(['+', '-']) {
            Some(rest) if text.starts_with('-') => ('-', rest.to_owned()),
            Some(rest) => ('+', rest.to_owned()),
            None => ('+', text),
        };
        if flags.space && mark == '+' && !flags.plus {
            mark = ' ';
        }
        if !n.is_finite() {
            self.flags.zero = false;
            let unsigned = n.is_nan() && !flags.space && !flags.plus;
            let text = if unsigned {
                body
            } else {
                format!("{mark}{body}")
            };
            self.pad(text.as_bytes());
            self.flags.zero = flags.zero;
            return;
        }
        if flags.sharp && verb != 'b' {
            body = with_point(&body, verb, precision);
        }
        if !flags.plus && mark == '+' {
            return self.pad(body.as_bytes());
        }
        let text = format!("{mark}{body}");
        match flags.width {
            Some(width) if flags.zero && !flags.minus && width > text.len() => {
                self.push_char(mark);
                self.padding(width - text.len());
                self.out.extend_from_slice(body.as_bytes());
            }
            _ => self.pad(text.as_bytes()),
        }
    }
}

fn sign(negative: bool, flags: &Flags) -> &'static str {
    match (negative, flags.plus, flags.space) {
        (true, _, _) => "-",
        (false, true, _) => "+",
        (false, false, true) => " ",
        _ => "",
    }
}

fn character(bits: u64) -> char {
    u32::try_from(bits)
        .ok()
        .and_then(char::from_u32)
        .unwrap_or(char::REPLACEMENT_CHARACTER)
}

/// The flag `#` on a float: always a decimal point, and for `%g` no digit removed.
fn with_point(body: &str, verb: char, precision: Option<usize>) -> String {
    let mut digits = match verb {
        'g' | 'G' | 'x' => precision.unwrap_or(6),
        _ => 0,
    };
    let exponent: &[char] = if matches!(verb, 'x' | 'X') {
        &['p', 'P']
    } else {
        &['e', 'E']
    };
    let (mantissa, tail) = body.split_at(body.find(exponent).unwrap_or(body.len()));
    let significant = mantissa
        .chars()
        .filter(|c| *c != '.')
        .skip_while(|c| *c == '0')
        .count();
    digits = digits.saturating_sub(significant);
    let mut text = mantissa.to_owned();
    if !mantissa.contains('.') {
        if mantissa == "0" {
            digits = digits.saturating_sub(1);
        }
        text.push('.');
    }
    text.push_str(&"0".repeat(digits));
    text + tail
}

/// Go's `%b` of a float: the mantissa as an integer and a power of two.
fn binary_float(n: f64) -> String {
    if !n.is_finite() {
        return number::display_float(n);
    }
    let (mantissa, exponent) = parts(n);
    let sign = if n.is_sign_negative() { "-" } else { "" };
    format!("{sign}{mantissa}p{exponent:+}")
}

/// Mantissa and exponent: the magnitude is `mantissa * 2^exponent`.
fn parts(n: f64) -> (u64, i32) {
    let bits = n.to_bits();
    let fraction = bits & ((1 << 52) - 1);
    match (bits >> 52) & 0x7ff {
        0 => (fraction, -1074),
        exponent => (fraction | 1 << 52, exponent as i32 - 1075),
    }
}

/// Go's `%x` of a float: `0x1.8p+01`.
fn hex_float(n: f64, precision: Option<usize>, upper: bool) -> String {
    if !n.is_finite() {
        return number::display_float(n);
    }
    let (mut mantissa, mut exponent) = parts(n);
    if mantissa == 0 {
        exponent = 0;
    } else {
        // One binary digit before the point, 60 behind it.
        let shift = mantissa.leading_zeros() as i32 - 3;
        mantissa <<= shift;
        exponent += 60 - shift;
        if let Some(precision) = precision.filter(|precision| *precision < 15) {
            let dropped = 60 - 4 * precision as u32;
            let half = 1_u64 << (dropped - 1);
            let rest = mantissa & ((1 << dropped) - 1);
            mantissa >>= dropped;
            if rest > half || rest == half && mantissa & 1 == 1 {
                mantissa += 1;
            }
            mantissa <<= dropped;
            if mantissa & (1 << 61) != 0 {
                mantissa >>= 1;
                exponent += 1;
            }
        }
    }
    let mut digits = format!("{:015x}", mantissa & ((1 << 60) - 1));
    match precision {
        None => digits.truncate(digits.trim_end_matches('0').len()),
        Some(precision) if precision <= digits.len() => digits.truncate(precision),
        Some(precision) => digits.push_str(&"0".repeat(precision - digits.len())),
    }
    let sign = if n.is_sign_negative() { "-" } else { "" };
    let point = if digits.is_empty() { "" } else { "." };
    let text = format!(
        "{sign}0x{}{point}{digits}p{}{:02}",
        mantissa >> 60,
        if exponent < 0 { '-' } else { '+' },
        exponent.unsigned_abs()
    );
    if upper { text.to_uppercase() } else { text }
}
