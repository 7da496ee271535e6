//! The parts of a layout that stand for something.

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Element {
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
pub(super) struct Offset {
    /// `Z` stands for UTC.
    pub(super) iso: bool,
    pub(super) colon: bool,
    pub(super) minutes: bool,
    pub(super) seconds: bool,
}

const OFFSETS: [(&str, Offset); 5] = [
    ("070000", offset(false, true, true)),
    ("07:00:00", offset(true, true, true)),
    ("0700", offset(false, true, false)),
    ("07:00", offset(true, true, false)),
    ("07", offset(false, false, false)),
];

pub(super) const fn offset(colon: bool, minutes: bool, seconds: bool) -> Offset {
    Offset {
        iso: false,
        colon,
        minutes,
        seconds,
    }
}

/// The text before the next element, the element, and what follows it.
pub(super) fn next_element(layout: &str) -> Option<(&str, Element, &str, &str)> {
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
