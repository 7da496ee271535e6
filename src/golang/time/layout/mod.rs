//! Go's reference-time layouts (`2006-01-02 15:04:05`): reading and writing by them.

mod elements;
mod read;
mod write;

use crate::golang::duration::quoted;
pub(super) use read::parse;
use std::fmt;
pub(super) use write::format;

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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::golang::time::Time;

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
