//! Go's reference-time layouts (`2006-01-02 15:04:05`): reading and writing by them.

use super::super::duration::quoted;
use super::{MONTHS, Time, WEEKDAYS, Zone, days_in, is_leap};
use std::fmt;

/// `01/02 03:04:05PM '06 -0700`
pub const LAYOUT: &str = "01/02 03:04:05PM '06 -0700";
/// `Mon Jan _2 15:04:05 2006`
pub const ANSIC: &str = "Mon Jan _2 15:04:05 2006";
/// `Mon Jan _2 15:04:05 MST 2006`
pub const UNIX_DATE: &str = "Mon Jan _2 15:04:05 MST 2006";
/// `Mon Jan 02 15:04:05 -0700 2006`
pub const RUBY_DATE: &str = "Mon Jan 02 15:04:05 -0700 2006";
/// `02 Jan 06 15:04 MST`
pub const RFC822: &str = "02 Jan 06 15:04 MST";
/// `02 Jan 06 15:04 -0700`
pub const RFC822Z: &str = "02 Jan 06 15:04 -0700";
/// `Monday, 02-Jan-06 15:04:05 MST`
pub const RFC850: &str = "Monday, 02-Jan-06 15:04:05 MST";
/// `Mon, 02 Jan 2006 15:04:05 MST`
pub const RFC1123: &str = "Mon, 02 Jan 2006 15:04:05 MST";
/// `Mon, 02 Jan 2006 15:04:05 -0700`
pub const RFC1123Z: &str = "Mon, 02 Jan 2006 15:04:05 -0700";
/// `2006-01-02T15:04:05Z07:00`
pub const RFC3339: &str = "2006-01-02T15:04:05Z07:00";
/// `2006-01-02T15:04:05.999999999Z07:00`
pub const RFC3339_NANO: &str = "2006-01-02T15:04:05.999999999Z07:00";
/// `3:04PM`
pub const KITCHEN: &str = "3:04PM";
/// `Jan _2 15:04:05`
pub const STAMP: &str = "Jan _2 15:04:05";
/// `Jan _2 15:04:05.000`
pub const STAMP_MILLI: &str = "Jan _2 15:04:05.000";
/// `Jan _2 15:04:05.000000`
pub const STAMP_MICRO: &str = "Jan _2 15:04:05.000000";
/// `Jan _2 15:04:05.000000000`
pub const STAMP_NANO: &str = "Jan _2 15:04:05.000000000";
/// The layout of `Time.String`.
pub const STRING: &str = "2006-01-02 15:04:05.999999999 -0700 MST";

/// Go's predefined layouts by the names of its constants.
pub const NAMED: &[(&str, &str)] = &[
    ("Layout", LAYOUT),
    ("ANSIC", ANSIC),
    ("UnixDate", UNIX_DATE),
    ("RubyDate", RUBY_DATE),
    ("RFC822", RFC822),
    ("RFC822Z", RFC822Z),
    ("RFC850", RFC850),
    ("RFC1123", RFC1123),
    ("RFC1123Z", RFC1123Z),
    ("RFC3339", RFC3339),
    ("RFC3339Nano", RFC3339_NANO),
    ("Kitchen", KITCHEN),
    ("Stamp", STAMP),
    ("StampMilli", STAMP_MILLI),
    ("StampMicro", STAMP_MICRO),
    ("StampNano", STAMP_NANO),
];

/// Why a text does not fit a layout; displays as Go's message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ParseError {
    layout: String,
    text: String,
    element: String,
    rest: String,
    message: String,
}

impl fmt::Display for ParseError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.message.is_empty() {
            write!(
                f,
                "parsing time {} as {}: cannot parse {} as {}",
                quoted(&self.text),
                quoted(&self.layout),
                quoted(&self.rest),
                quoted(&self.element)
            )
        } else {
            write!(f, "parsing time {}{}", quoted(&self.text), self.message)
        }
    }
}

impl std::error::Error for ParseError {}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Element {
    LongMonth,
    Month,
    NumMonth,
    ZeroMonth,
    LongWeekday,
    Weekday,
    Day,
    UnderDay,
    ZeroDay,
    UnderYearDay,
    ZeroYearDay,
    Hour,
    Hour12,
    ZeroHour12,
    Minute,
    ZeroMinute,
    Second,
    ZeroSecond,
    LongYear,
    Year,
    UpperMeridiem,
    LowerMeridiem,
    Abbreviation,
    Offset(Offset),
    /// Exactly this many digits.
    Fraction {
        digits: usize,
        /// Written with `9`: trailing zeros dropped, absent when zero.
        trimmed: bool,
        separator: u8,
    },
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct Offset {
    /// `Z` stands for UTC.
    iso: bool,
    colon: bool,
    minutes: bool,
    seconds: bool,
}

const OFFSETS: [(&str, Offset); 5] = [
    ("070000", offset(false, true, true)),
    ("07:00:00", offset(true, true, true)),
    ("0700", offset(false, true, false)),
    ("07:00", offset(true, true, false)),
    ("07", offset(false, false, false)),
];

const fn offset(colon: bool, minutes: bool, seconds: bool) -> Offset {
    Offset {
        iso: false,
        colon,
        minutes,
        seconds,
    }
}

/// The text before the next element, the element, and what follows it.
fn next_element(layout: &str) -> Option<(&str, Element, &str, &str)> {
    let bytes = layout.as_bytes();
    for start in 0..bytes.len() {
        if !layout.is_char_boundary(start) {
            continue;
        }
        let rest = &layout[start..];
        if let Some((skip, length, element)) = element_at(rest) {
            let (from, to) = (start + skip, start + skip + length);
            return Some((&layout[..from], element, &layout[from..to], &layout[to..]));
        }
    }
    None
}

/// An element at the start: bytes that belong to the text before it, its length, and its kind.
fn element_at(rest: &str) -> Option<(usize, usize, Element)> {
    let starts = |prefix: &str| rest.starts_with(prefix);
    let lower_follows = |at: usize| {
        rest.as_bytes()
            .get(at)
            .is_some_and(|b| b.is_ascii_lowercase())
    };
    let found = |length, element| Some((0, length, element));
    match rest.as_bytes().first()? {
        b'J' if starts("January") => found(7, Element::LongMonth),
        b'J' if starts("Jan") && !lower_follows(3) => found(3, Element::Month),
        b'M' if starts("Monday") => found(6, Element::LongWeekday),
        b'M' if starts("Mon") && !lower_follows(3) => found(3, Element::Weekday),
        b'M' if starts("MST") => found(3, Element::Abbreviation),
        b'0' if starts("002") => found(3, Element::ZeroYearDay),
        b'0' => found(
            2,
            match rest.as_bytes().get(1)? {
                b'1' => Element::ZeroMonth,
                b'2' => Element::ZeroDay,
                b'3' => Element::ZeroHour12,
                b'4' => Element::ZeroMinute,
                b'5' => Element::ZeroSecond,
                b'6' => Element::Year,
                _ => return None,
            },
        ),
        b'1' if starts("15") => found(2, Element::Hour),
        b'1' => found(1, Element::NumMonth),
        b'2' if starts("2006") => found(4, Element::LongYear),
        b'2' => found(1, Element::Day),
        b'_' if starts("_2006") => Some((1, 4, Element::LongYear)),
        b'_' if starts("__2") => found(3, Element::UnderYearDay),
        b'_' if starts("_2") => found(2, Element::UnderDay),
        b'3' => found(1, Element::Hour12),
        b'4' => found(1, Element::Minute),
        b'5' => found(1, Element::Second),
        b'P' if starts("PM") => found(2, Element::UpperMeridiem),
        b'p' if starts("pm") => found(2, Element::LowerMeridiem),
        sign @ (b'-' | b'Z') => OFFSETS
            .iter()
            .find(|(text, _)| rest[1..].starts_with(text))
            .map(|(text, form)| {
                let iso = *sign == b'Z';
                (0, 1 + text.len(), Element::Offset(Offset { iso, ..*form }))
            }),
        separator @ (b'.' | b',') => {
            let digit = *rest.as_bytes().get(1)?;
            if digit != b'0' && digit != b'9' {
                return None;
            }
            let digits = rest[1..].bytes().take_while(|b| *b == digit).count();
            // A longer number is not a fraction.
            let followed = rest.as_bytes().get(1 + digits);
            if followed.is_some_and(u8::is_ascii_digit) {
                return None;
            }
            found(
                1 + digits,
                Element::Fraction {
                    digits,
                    trimmed: digit == b'9',
                    separator: *separator,
                },
            )
        }
        _ => None,
    }
}

/// Writes a time by a layout.
pub(super) fn format(time: &Time, layout: &str) -> String {
    let civil = time.civil();
    let (abbreviation, offset) = time.zone_info();
    let mut out = String::with_capacity(layout.len() + 8);
    let mut rest = layout;
    while let Some((before, element, _, after)) = next_element(rest) {
        out.push_str(before);
        rest = after;
        let hour12 = match civil.hour % 12 {
            0 => 12,
            hour => hour,
        };
        let month = MONTHS[civil.month as usize - 1];
        let weekday = WEEKDAYS[civil.weekday as usize];
        match element {
            Element::LongMonth => out.push_str(month),
            Element::Month => out.push_str(&month[..3]),
            Element::NumMonth => out.push_str(&civil.month.to_string()),
            Element::ZeroMonth => out.push_str(&format!("{:02}", civil.month)),
            Element::LongWeekday => out.push_str(weekday),
            Element::Weekday => out.push_str(&weekday[..3]),
            Element::Day => out.push_str(&civil.day.to_string()),
            Element::UnderDay => out.push_str(&format!("{:2}", civil.day)),
            Element::ZeroDay => out.push_str(&format!("{:02}", civil.day)),
            Element::UnderYearDay => out.push_str(&format!("{:3}", civil.year_day)),
            Element::ZeroYearDay => out.push_str(&format!("{:03}", civil.year_day)),
            Element::Hour => out.push_str(&format!("{:02}", civil.hour)),
            Element::Hour12 => out.push_str(&hour12.to_string()),
            Element::ZeroHour12 => out.push_str(&format!("{hour12:02}")),
            Element::Minute => out.push_str(&civil.minute.to_string()),
            Element::ZeroMinute => out.push_str(&format!("{:02}", civil.minute)),
            Element::Second => out.push_str(&civil.second.to_string()),
            Element::ZeroSecond => out.push_str(&format!("{:02}", civil.second)),
            Element::LongYear => {
                let sign = if civil.year < 0 { "-" } else { "" };
                out.push_str(&format!("{sign}{:04}", civil.year.unsigned_abs()));
            }
            Element::Year => out.push_str(&format!("{:02}", civil.year.max(0) % 100)),
            Element::UpperMeridiem => out.push_str(if civil.hour >= 12 { "PM" } else { "AM" }),
            Element::LowerMeridiem => out.push_str(if civil.hour >= 12 { "pm" } else { "am" }),
            Element::Abbreviation if abbreviation.is_empty() => {
                write_offset(&mut out, offset, super::layout::offset(false, true, false));
            }
            Element::Abbreviation => out.push_str(&abbreviation),
            Element::Offset(form) if form.iso && offset == 0 => out.push('Z'),
            Element::Offset(form) => write_offset(&mut out, offset, form),
            Element::Fraction {
                digits,
                trimmed,
                separator,
            } => write_fraction(&mut out, time.nanosecond(), digits, trimmed, separator),
        }
    }
    out.push_str(rest);
    out
}

fn write_offset(out: &mut String, offset: i32, form: Offset) {
    out.push(if offset < 0 { '-' } else { '+' });
    let offset = offset.unsigned_abs();
    let colon = if form.colon { ":" } else { "" };
    out.push_str(&format!("{:02}", offset / 3600));
    if form.minutes {
        out.push_str(&format!("{colon}{:02}", offset / 60 % 60));
    }
    if form.seconds {
        out.push_str(&format!("{colon}{:02}", offset % 60));
    }
}

fn write_fraction(out: &mut String, nanos: u32, digits: usize, trimmed: bool, separator: u8) {
    let mut text = format!("{nanos:09}");
    if digits <= 9 {
        text.truncate(digits);
    } else {
        text.push_str(&"0".repeat(digits - 9));
    }
    if trimmed {
        text.truncate(text.trim_end_matches('0').len());
        if text.is_empty() {
            return;
        }
    }
    out.push(char::from(separator));
    out.push_str(&text);
}

/// What a text has said so far.
#[derive(Default)]
struct Fields {
    year: i64,
    month: Option<u32>,
    day: Option<i64>,
    year_day: Option<u32>,
    hour: u32,
    minute: u32,
    second: u32,
    nanos: u32,
    meridiem: Option<bool>,
    utc: bool,
    offset: Option<i32>,
    abbreviation: String,
}

/// An element did not fit: by form, or by the range of the named field.
enum Misfit {
    Form,
    Range(&'static str),
}

type Step<'t> = Result<&'t str, Misfit>;

pub(super) fn parse(
    layout: &str,
    text: &str,
    default_zone: &Zone,
    local: &Zone,
) -> Result<Time, ParseError> {
    let error = |element: &str, rest: &str, message: String| ParseError {
        layout: layout.to_owned(),
        text: text.to_owned(),
        element: element.to_owned(),
        rest: rest.to_owned(),
        message,
    };
    let mut fields = Fields::default();
    let mut remaining_layout = layout;
    let mut value = text;
    loop {
        let Some((before, element, element_text, after)) = next_element(remaining_layout) else {
            value = skip(value, remaining_layout)
                .map_err(|rest| error(remaining_layout, rest, String::new()))?;
            if !value.is_empty() {
                return Err(error("", value, format!(": extra text: {}", quoted(value))));
            }
            break;
        };
        value = skip(value, before).map_err(|rest| error(before, rest, String::new()))?;
        remaining_layout = after;
        value = match read_element(&mut fields, element, value, after) {
            Ok(rest) => rest,
            Err(Misfit::Form) => return Err(error(element_text, value, String::new())),
            Err(Misfit::Range(what)) => {
                return Err(error(element_text, value, format!(": {what} out of range")));
            }
        };
    }
    finish(fields, default_zone, local).map_err(|message| error("", text, message.to_owned()))
}

/// Removes a literal; a run of spaces in the layout stands for any run of spaces.
fn skip<'t>(mut value: &'t str, mut literal: &str) -> Result<&'t str, &'t str> {
    while let Some(first) = literal.chars().next() {
        if first == ' ' {
            if !value.is_empty() && !value.starts_with(' ') {
                return Err(value);
            }
            literal = literal.trim_start_matches(' ');
            value = value.trim_start_matches(' ');
            continue;
        }
        value = value.strip_prefix(first).ok_or(value)?;
        literal = &literal[first.len_utf8()..];
    }
    Ok(value)
}

fn digit_at(text: &str, at: usize) -> Option<u32> {
    let byte = *text.as_bytes().get(at)?;
    byte.is_ascii_digit().then(|| u32::from(byte - b'0'))
}

/// One or two digits; exactly two when `fixed`.
fn number(value: &str, fixed: bool) -> Result<(u32, &str), Misfit> {
    let first = digit_at(value, 0).ok_or(Misfit::Form)?;
    match digit_at(value, 1) {
        Some(second) => Ok((first * 10 + second, &value[2..])),
        None if fixed => Err(Misfit::Form),
        None => Ok((first, &value[1..])),
    }
}

/// A number below a bound.
fn bounded<'t>(
    value: &'t str,
    fixed: bool,
    bound: u32,
    what: &'static str,
) -> Result<(u32, &'t str), Misfit> {
    let (number, rest) = number(value, fixed)?;
    if number >= bound {
        return Err(Misfit::Range(what));
    }
    Ok((number, rest))
}

/// The index of the name that the text starts with, without regard to case.
fn lookup<'t>(
    names: &[&str],
    length: Option<usize>,
    value: &'t str,
) -> Result<(u32, &'t str), Misfit> {
    for (index, name) in names.iter().enumerate() {
        let name = &name[..length.unwrap_or(name.len())];
        if let Some(head) = value.get(..name.len())
            && head.eq_ignore_ascii_case(name)
        {
            return Ok((index as u32, &value[name.len()..]));
        }
    }
    Err(Misfit::Form)
}

fn read_element<'t>(
    fields: &mut Fields,
    element: Element,
    value: &'t str,
    layout_after: &str,
) -> Step<'t> {
    let rest = match element {
        Element::LongMonth | Element::Month => {
            let length = (element == Element::Month).then_some(3);
            let (index, rest) = lookup(&MONTHS, length, value)?;
            fields.month = Some(index + 1);
            rest
        }
        Element::NumMonth | Element::ZeroMonth => {
            let (month, rest) = number(value, element == Element::ZeroMonth)?;
            if !(1..=12).contains(&month) {
                return Err(Misfit::Range("month"));
            }
            fields.month = Some(month);
            rest
        }
        Element::LongWeekday => lookup(&WEEKDAYS, None, value)?.1,
        Element::Weekday => lookup(&WEEKDAYS, Some(3), value)?.1,
        Element::Day | Element::UnderDay | Element::ZeroDay => {
            let value = match element {
                Element::UnderDay => value.strip_prefix(' ').unwrap_or(value),
                _ => value,
            };
            let (day, rest) = number(value, element == Element::ZeroDay)?;
            fields.day = Some(i64::from(day));
            rest
        }
        Element::UnderYearDay | Element::ZeroYearDay => {
            let (day, rest) = read_year_day(value, element == Element::UnderYearDay)?;
            fields.year_day = Some(day);
            rest
        }
        Element::Hour => {
            let (hour, rest) = bounded(value, false, 24, "hour")?;
            fields.hour = hour;
            rest
        }
        Element::Hour12 | Element::ZeroHour12 => {
            let (hour, rest) = bounded(value, element == Element::ZeroHour12, 13, "hour")?;
            fields.hour = hour;
            rest
        }
        Element::Minute | Element::ZeroMinute => {
            let (minute, rest) = bounded(value, element == Element::ZeroMinute, 60, "minute")?;
            fields.minute = minute;
            rest
        }
        Element::Second | Element::ZeroSecond => {
            let (second, rest) = bounded(value, element == Element::ZeroSecond, 60, "second")?;
            fields.second = second;
            read_unasked_fraction(fields, rest, layout_after)?
        }
        Element::LongYear => {
            let head = value.get(..4).ok_or(Misfit::Form)?;
            if !head.bytes().all(|b| b.is_ascii_digit()) {
                return Err(Misfit::Form);
            }
            fields.year = head.parse().map_err(|_| Misfit::Form)?;
            &value[4..]
        }
        Element::Year => {
            let (year, rest) = number(value, true)?;
            fields.year = i64::from(year) + if year >= 69 { 1900 } else { 2000 };
            rest
        }
        Element::UpperMeridiem | Element::LowerMeridiem => {
            let names = match element {
                Element::UpperMeridiem => ["AM", "PM"],
                _ => ["am", "pm"],
            };
            let at = names
                .iter()
                .position(|name| value.starts_with(name))
                .ok_or(Misfit::Form)?;
            fields.meridiem = Some(at == 1);
            &value[2..]
        }
        Element::Abbreviation => match value.strip_prefix("UTC") {
            Some(rest) => {
                fields.utc = true;
                rest
            }
            None => {
                let length = abbreviation_length(value).ok_or(Misfit::Form)?;
                fields.abbreviation = value[..length].to_owned();
                &value[length..]
            }
        },
        Element::Offset(form) => match value.strip_prefix('Z') {
            Some(rest) if form.iso => {
                fields.utc = true;
                rest
            }
            _ => {
                let (offset, rest) = read_offset(value, form)?;
                fields.offset = Some(offset);
                rest
            }
        },
        Element::Fraction {
            digits,
            trimmed: false,
            ..
        } => {
            let text = value.get(..digits + 1).ok_or(Misfit::Form)?;
            fields.nanos = read_nanos(text)?;
            &value[digits + 1..]
        }
        Element::Fraction { trimmed: true, .. } => {
            if !value.starts_with(['.', ',']) || digit_at(value, 1).is_none() {
                return Ok(value);
            }
            let digits = value[1..].bytes().take_while(u8::is_ascii_digit).count();
            fields.nanos = read_nanos(&value[..digits + 1])?;
            &value[digits + 1..]
        }
    };
    Ok(rest)
}

/// A fraction may follow the seconds although the layout has none.
fn read_unasked_fraction<'t>(fields: &mut Fields, value: &'t str, layout_after: &str) -> Step<'t> {
    if !value.starts_with(['.', ',']) || digit_at(value, 1).is_none() {
        return Ok(value);
    }
    if let Some((_, Element::Fraction { .. }, _, _)) = next_element(layout_after) {
        return Ok(value);
    }
    let digits = value[1..].bytes().take_while(u8::is_ascii_digit).count();
    fields.nanos = read_nanos(&value[..digits + 1])?;
    Ok(&value[digits + 1..])
}

/// A separator and digits; those beyond nanoseconds are dropped.
fn read_nanos(text: &str) -> Result<u32, Misfit> {
    let digits = text.strip_prefix(['.', ',']).ok_or(Misfit::Form)?;
    if digits.is_empty() || !digits.bytes().all(|b| b.is_ascii_digit()) {
        return Err(Misfit::Form);
    }
    let mut nanos = 0;
    for at in 0..9 {
        nanos = nanos * 10 + digit_at(digits, at).unwrap_or(0);
    }
    Ok(nanos)
}

fn read_year_day(mut value: &str, padded: bool) -> Result<(u32, &str), Misfit> {
    if !padded {
        let mut day = 0;
        for at in 0..3 {
            day = day * 10 + digit_at(value, at).ok_or(Misfit::Form)?;
        }
        return Ok((day, &value[3..]));
    }
    for _ in 0..2 {
        value = value.strip_prefix(' ').unwrap_or(value);
    }
    let length = (0..3)
        .take_while(|at| digit_at(value, *at).is_some())
        .count();
    let day = value[..length].parse().map_err(|_| Misfit::Form)?;
    Ok((day, &value[length..]))
}

fn read_offset(value: &str, form: Offset) -> Result<(i32, &str), Misfit> {
    let sign = match value.as_bytes().first() {
        Some(b'+') => 1,
        Some(b'-') => -1,
        _ => return Err(Misfit::Form),
    };
    let mut rest = &value[1..];
    let mut part = |first: bool, limit: u32, what: &'static str| {
        if form.colon && !first {
            rest = rest.strip_prefix(':').ok_or(Misfit::Form)?;
        }
        let (number, after) = number(rest, true)?;
        rest = after;
        if number > limit {
            return Err(Misfit::Range(what));
        }
        Ok(number as i32)
    };
    let mut seconds = part(true, 24, "time zone offset hour")? * 3600;
    if form.minutes {
        seconds += part(false, 60, "time zone offset minute")? * 60;
    }
    if form.seconds {
        seconds += part(false, 60, "time zone offset second")?;
    }
    Ok((sign * seconds, rest))
}

/// Length of a zone abbreviation: three or four capitals by Go's rules, `GMT+3`, `+03`.
fn abbreviation_length(value: &str) -> Option<usize> {
    if value.starts_with("ChST") || value.starts_with("MeST") {
        return Some(4);
    }
    if let Some(rest) = value.strip_prefix("GMT") {
        return Some(3 + signed_hours_length(rest));
    }
    if value.starts_with(['+', '-']) {
        let length = signed_hours_length(value);
        return (length > 0).then_some(length);
    }
    let capitals = value
        .bytes()
        .take(6)
        .take_while(u8::is_ascii_uppercase)
        .count();
    match capitals {
        3 => Some(3),
        4 if value.as_bytes()[3] == b'T' || value.starts_with("WITA") => Some(4),
        5 if value.as_bytes()[4] == b'T' => Some(5),
        _ => None,
    }
}

/// Length of `+3` or `-12` at the start, 0 when there is none or it is not an offset in hours.
fn signed_hours_length(value: &str) -> usize {
    if !value.starts_with(['+', '-']) {
        return 0;
    }
    let digits = value[1..].bytes().take_while(u8::is_ascii_digit).count();
    match value[1..=digits].parse::<u32>() {
        Ok(hours) if hours <= 23 => 1 + digits,
        _ => 0,
    }
}

/// Puts the fields together, or says with Go's words why they make no date.
fn finish(fields: Fields, default_zone: &Zone, local: &Zone) -> Result<Time, &'static str> {
    let hour = match fields.meridiem {
        Some(true) if fields.hour < 12 => fields.hour + 12,
        Some(false) if fields.hour == 12 => 0,
        _ => fields.hour,
    };
    let (month, day) = match fields.year_day {
        Some(year_day) => month_and_day(&fields, year_day)?,
        None => (fields.month.unwrap_or(1), fields.day.unwrap_or(1)),
    };
    if day < 1 || day > i64::from(days_in(month, fields.year)) {
        return Err(": day out of range");
    }
    let date = |zone: &Zone| {
        Time::date(
            (fields.year, i64::from(month), day),
            (
                i64::from(hour),
                i64::from(fields.minute),
                i64::from(fields.second),
            ),
            i64::from(fields.nanos),
            zone,
        )
    };
    if fields.utc {
        return Ok(date(&Zone::Utc));
    }
    let shifted = |time: Time, offset: i32| {
        Time::from_unix(time.unix() - i64::from(offset), time.nanosecond())
    };
    if let Some(offset) = fields.offset {
        let time = shifted(date(&Zone::Utc), offset);
        let (name, in_force) = local.lookup(time.unix());
        let name_fits = fields.abbreviation.is_empty() || fields.abbreviation == name;
        let zone = if in_force == offset && name_fits {
            local.clone()
        } else {
            Zone::Fixed {
                name: fields.abbreviation.into(),
                offset,
            }
        };
        return Ok(time.in_zone(zone));
    }
    if !fields.abbreviation.is_empty() {
        let time = date(&Zone::Utc);
        if let Some(offset) = local.lookup_name(&fields.abbreviation, time.unix()) {
            return Ok(shifted(time, offset).in_zone(local.clone()));
        }
        // An abbreviation nobody knows: Go invents a zone without offset, except for GMT+3.
        let hours: i32 = fields
            .abbreviation
            .strip_prefix("GMT")
            .and_then(|hours| hours.parse().ok())
            .unwrap_or(0);
        return Ok(time.in_zone(Zone::Fixed {
            name: fields.abbreviation.into(),
            offset: hours * 3600,
        }));
    }
    Ok(date(default_zone))
}

fn month_and_day(fields: &Fields, year_day: u32) -> Result<(u32, i64), &'static str> {
    let length = if is_leap(fields.year) { 366 } else { 365 };
    if !(1..=length).contains(&year_day) {
        return Err(": day-of-year out of range");
    }
    let mut month = 1;
    let mut day = year_day;
    while day > days_in(month, fields.year) {
        day -= days_in(month, fields.year);
        month += 1;
    }
    if fields.month.is_some_and(|given| given != month) {
        return Err(": day-of-year does not match month");
    }
    if fields.day.is_some_and(|given| given != i64::from(day)) {
        return Err(": day-of-year does not match day");
    }
    Ok((month, i64::from(day)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_go_reads() {
        let cases = [
            (RFC3339, "2024-01-02T03:04:05,5Z", "2024-01-02T03:04:05.5Z"),
            (
                RFC3339,
                "2024-01-02T03:04:05+02:00",
                "2024-01-02T03:04:05+02:00",
            ),
            (
                "2006-01-02 15:04:05",
                "2024-01-02  03:04:05",
                "2024-01-02T03:04:05Z",
            ),
            (
                RFC850,
                "tuesday, 02-jan-24 15:04:05 UTC",
                "2024-01-02T15:04:05Z",
            ),
            (
                RFC1123,
                "Tue, 02 Jan 2024 15:04:05 GMT+3",
                "2024-01-02T18:04:05+03:00",
            ),
            (
                RFC1123,
                "Tue, 02 Jan 2024 15:04:05 PST",
                "2024-01-02T15:04:05Z",
            ),
            (KITCHEN, "12:15AM", "0000-01-01T00:15:00Z"),
            ("2006-002", "2024-366", "2024-12-31T00:00:00Z"),
            ("06-1-2", "69-3-4", "1969-03-04T00:00:00Z"),
        ];
        for (layout, text, expected) in cases {
            let time = Time::parse(layout, text);
            let shown = time.map(|t| t.rfc3339_nano()).map_err(|e| e.to_string());
            assert_eq!(shown.as_deref(), Ok(expected), "{text}");
        }
    }

    #[test]
    fn errors_are_go_messages() {
        let cases = [
            (
                "2006-01-02",
                "2024-1-2",
                "parsing time \"2024-1-2\" as \"2006-01-02\": cannot parse \"1-2\" as \"01\"",
            ),
            (
                "2006-01-02",
                "2023-02-29",
                "parsing time \"2023-02-29\": day out of range",
            ),
            (
                "2006-01-02",
                "2023-13-01",
                "parsing time \"2023-13-01\": month out of range",
            ),
            (
                "2006-01-02",
                "2023-12-01x",
                "parsing time \"2023-12-01x\": extra text: \"x\"",
            ),
            (
                "2006-01-02",
                "",
                "parsing time \"\" as \"2006-01-02\": cannot parse \"\" as \"2006\"",
            ),
        ];
        for (layout, text, message) in cases {
            let error = Time::parse(layout, text).expect_err(text);
            assert_eq!(error.to_string(), message);
        }
    }

    #[test]
    fn writes_what_go_writes() {
        let time = Time::parse(RFC3339, "2017-07-14T14:05:09.120Z").expect("valid");
        let cases = [
            ("06-1-2 3:4:5pm", "17-7-14 2:5:9pm"),
            ("Jan _2 002 .000 .999999", "Jul 14 195 .120 .12"),
            ("Z0700 Z07:00 -07 -07:00:00", "Z Z +00 +00:00:00"),
            (
                "_2006 January Monday Mondays Janet",
                "_2017 July Friday Fridays Janet",
            ),
            ("15h04 \u{e9}", "14h05 \u{e9}"),
        ];
        for (layout, expected) in cases {
            assert_eq!(time.format(layout), expected);
        }
    }
}
