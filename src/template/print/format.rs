//! The format of `printf`, piece by piece.

use crate::template::value::{Kind, Value};

/// Widths and precisions beyond this are not accepted, as in Go.
const LARGEST_NUMBER: i64 = 1_000_000;

/// What stands between the percent sign and the verb.
#[derive(Clone, Copy, Default)]
pub(super) struct Flags {
    pub(super) width: Option<usize>,
    pub(super) precision: Option<usize>,
    pub(super) minus: bool,
    pub(super) plus: bool,
    pub(super) sharp: bool,
    pub(super) space: bool,
    pub(super) zero: bool,
    /// `%+v`
    pub(super) plus_v: bool,
    /// `%#v`
    pub(super) sharp_v: bool,
}

/// Reads a format: literal text, then flags, index, width, precision and verb.
pub(super) struct FormatReader<'f> {
    pub(super) format: &'f [u8],
    pub(super) position: usize,
    pub(super) argument: usize,
    pub(super) arguments: usize,
    pub(super) good_index: bool,
    pub(super) reordered: bool,
}

impl<'f> FormatReader<'f> {
    fn peek(&self) -> Option<u8> {
        self.format.get(self.position).copied()
    }

    pub(super) fn eat(&mut self, byte: u8) -> bool {
        let found = self.peek() == Some(byte);
        self.position += usize::from(found);
        found
    }

    pub(super) fn literal(&mut self) -> &'f [u8] {
        let rest = self.format.get(self.position..).unwrap_or_default();
        let length = rest.iter().position(|b| *b == b'%').unwrap_or(rest.len());
        self.position += length;
        self.good_index = true;
        rest.get(..length).unwrap_or_default()
    }

    pub(super) fn percent(&mut self) -> bool {
        self.eat(b'%')
    }

    pub(super) fn flags(&mut self) -> Flags {
        let mut flags = Flags::default();
        while let Some(byte) = self.peek() {
            match byte {
                b'#' => flags.sharp = true,
                b'0' => flags.zero = true,
                b'+' => flags.plus = true,
                b'-' => flags.minus = true,
                b' ' => flags.space = true,
                _ => break,
            }
            self.position += 1;
        }
        flags
    }

    /// A decimal number; `None` when there is none, or it is too large (the rest of the format is
    /// then skipped, as in Go).
    pub(super) fn number(&mut self) -> Option<usize> {
        let mut number: Option<i64> = None;
        while let Some(digit) = self.peek().filter(u8::is_ascii_digit) {
            let so_far = number.unwrap_or(0);
            if so_far > LARGEST_NUMBER {
                self.position = self.format.len();
                return None;
            }
            number = Some(so_far * 10 + i64::from(digit - b'0'));
            self.position += 1;
        }
        number.and_then(|number| usize::try_from(number).ok())
    }

    /// An argument index such as `[2]`; whether there was a good one.
    pub(super) fn index(&mut self) -> bool {
        if self.peek() != Some(b'[') {
            return false;
        }
        self.reordered = true;
        let rest = self.format.get(self.position..).unwrap_or_default();
        let close = rest.iter().position(|byte| *byte == b']');
        let (index, length) = match close {
            Some(close) if rest.len() >= 3 => (
                std::str::from_utf8(rest.get(1..close).unwrap_or_default())
                    .ok()
                    .filter(|digits| digits.bytes().all(|byte| byte.is_ascii_digit()))
                    .and_then(|digits| digits.parse::<i64>().ok())
                    .filter(|index| *index <= LARGEST_NUMBER),
                close + 1,
            ),
            _ => (None, 1),
        };
        self.position += length;
        let position = index.and_then(|index| usize::try_from(index - 1).ok());
        match position.filter(|position| *position < self.arguments) {
            Some(position) => {
                self.argument = position;
                true
            }
            None => {
                self.good_index = false;
                index.is_some()
            }
        }
    }

    /// The argument for `*`, if it is an integer of sensible size.
    pub(super) fn int_argument(&mut self, values: &[Value<'_>]) -> Option<i64> {
        let value = values.get(self.argument)?;
        self.argument += 1;
        let number = match value.kind() {
            Kind::Uint8 | Kind::Uint64 => value.as_uint().and_then(|n| i64::try_from(n).ok()),
            _ => value.as_int(),
        };
        number.filter(|n| (-LARGEST_NUMBER..=LARGEST_NUMBER).contains(n))
    }

    pub(super) fn verb(&mut self) -> Option<char> {
        let rest = self.format.get(self.position..).unwrap_or_default();
        let chunk = rest.utf8_chunks().next()?;
        match chunk.valid().chars().next() {
            Some(c) => {
                self.position += c.len_utf8();
                Some(c)
            }
            None => {
                self.position += 1;
                Some(char::REPLACEMENT_CHARACTER)
            }
        }
    }
}
