//! Which plain scalars the original's YAML library takes for timestamps.
//!
//! A timestamp that is read stays text; one that is written as text must be quoted.

/// Whether the text is a YAML timestamp: `2006-1-2`, `2006-1-2T15:4:5.9Z07:00` (or a lower-case
/// `t`), or `2006-1-2 15:4:5.9`.
pub(super) fn is_timestamp(text: &str) -> bool {
    read(text).is_some()
}

fn read(text: &str) -> Option<()> {
    let mut rest = text;
    let year = number(&mut rest, 4, 4)?;
    expect(&mut rest, '-')?;
    let month = number(&mut rest, 1, 2)?;
    expect(&mut rest, '-')?;
    let day = number(&mut rest, 1, 2)?;
    if day == 0 || day > days_in(year, month)? {
        return None;
    }
    if rest.is_empty() {
        return Some(());
    }
    let separator = rest.chars().next()?;
    if !matches!(separator, 'T' | 't' | ' ') {
        return None;
    }
    expect(&mut rest, separator)?;
    let hour = number(&mut rest, 1, 2)?;
    expect(&mut rest, ':')?;
    let minute = number(&mut rest, 1, 2)?;
    expect(&mut rest, ':')?;
    let second = number(&mut rest, 1, 2)?;
    if hour > 23 || minute > 59 || second > 59 {
        return None;
    }
    if let Some(fraction) = rest.strip_prefix(['.', ',']) {
        rest = fraction.trim_start_matches(|c: char| c.is_ascii_digit());
        if rest.len() == fraction.len() {
            return None;
        }
    }
    match separator {
        ' ' => rest.is_empty().then_some(()),
        _ => zone(rest),
    }
}

fn zone(mut rest: &str) -> Option<()> {
    if rest == "Z" {
        return Some(());
    }
    rest = rest.strip_prefix(['+', '-'])?;
    let hours = number(&mut rest, 2, 2)?;
    expect(&mut rest, ':')?;
    let minutes = number(&mut rest, 2, 2)?;
    (rest.is_empty() && hours <= 24 && minutes < 60).then_some(())
}

fn number(rest: &mut &str, fewest: usize, most: usize) -> Option<u32> {
    let digits = rest.bytes().take(most).take_while(u8::is_ascii_digit);
    let length = digits.count();
    if length < fewest {
        return None;
    }
    let (digits, tail) = rest.split_at(length);
    *rest = tail;
    digits.parse().ok()
}

fn expect(rest: &mut &str, wanted: char) -> Option<()> {
    *rest = rest.strip_prefix(wanted)?;
    Some(())
}

fn days_in(year: u32, month: u32) -> Option<u32> {
    let leap = year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
    match month {
        1 | 3 | 5 | 7 | 8 | 10 | 12 => Some(31),
        4 | 6 | 9 | 11 => Some(30),
        2 => Some(if leap { 29 } else { 28 }),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_and_times() {
        for text in [
            "2020-01-01",
            "2020-1-1",
            "2024-02-29",
            "2020-01-01T10:00:00Z",
            "2020-01-01t1:2:3.5+01:00",
            "2020-01-01 10:00:00.25",
        ] {
            assert!(is_timestamp(text), "{text}");
        }
        for text in [
            "2020-13-01",
            "2023-02-29",
            "20-01-01",
            "2020-01-01T10:00:00",
            "2020-01-01 10:00:00Z",
            "2020-01-01x",
            "2020-01",
            "",
        ] {
            assert!(!is_timestamp(text), "{text}");
        }
    }
}
