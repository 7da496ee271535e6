//! Times as text by a layout.

use super::elements::{Element, Offset, next_element};
use crate::golang::time::{MONTHS, Time, WEEKDAYS};

/// Writes a time by a layout.
pub(in crate::golang::time) fn format(time: &Time, layout: &str) -> String {
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
                write_offset(
                    &mut out,
                    offset,
                    super::elements::offset(false, true, false),
                );
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
