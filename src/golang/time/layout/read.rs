//! Text as a time by a layout.

use super::ParseError;
use super::elements::{Element, Offset, next_element};
use crate::golang::duration::quoted;
use crate::golang::time::calendar::{days_in, is_leap};
use crate::golang::time::{MONTHS, Time, WEEKDAYS, Zone};

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

pub(in crate::golang::time) fn parse(
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
