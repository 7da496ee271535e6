//! Strings under the verbs of `printf`, and padding.

use super::Printer;
use crate::golang::quote;

impl Printer<'_, '_> {
    /// A string under one of the verbs `v`, `s`, `q`, `x`, `X`.
    pub(super) fn string(&mut self, bytes: &[u8], verb: char) {
        match verb {
            'x' | 'X' => self.hex(bytes, verb == 'X'),
            'q' => {
                let cut = self.truncated(bytes);
                let text = if self.flags.sharp && quote::can_backquote(cut) {
                    format!("`{}`", String::from_utf8_lossy(cut))
                } else if self.flags.plus {
                    quote::quote_ascii(cut)
                } else {
                    quote::quote(cut)
                };
                self.pad(text.as_bytes());
            }
            _ => self.pad(self.truncated(bytes)),
        }
    }

    /// The string, cut to as many characters as the precision says.
    fn truncated<'b>(&self, bytes: &'b [u8]) -> &'b [u8] {
        let Some(precision) = self.flags.precision else {
            return bytes;
        };
        let end = characters(bytes).nth(precision).unwrap_or(bytes.len());
        bytes.get(..end).unwrap_or(bytes)
    }

    fn hex(&mut self, bytes: &[u8], upper: bool) {
        let flags = self.flags;
        let length = flags.precision.map_or(bytes.len(), |p| p.min(bytes.len()));
        let mut text = String::with_capacity(length * 2);
        for (position, byte) in bytes.iter().take(length).enumerate() {
            if flags.space && position > 0 {
                text.push(' ');
            }
            if flags.sharp && (flags.space || position == 0) {
                text.push_str(if upper { "0X" } else { "0x" });
            }
            text.push_str(&if upper {
                format!("{byte:02X}")
            } else {
                format!("{byte:02x}")
            });
        }
        self.pad(text.as_bytes());
    }

    pub(super) fn pad(&mut self, bytes: &[u8]) {
        let missing = match self.flags.width {
            Some(width) if width > 0 => width.saturating_sub(characters(bytes).count()),
            _ => 0,
        };
        if !self.flags.minus {
            self.padding(missing);
        }
        self.out.extend_from_slice(bytes);
        if self.flags.minus {
            self.padding(missing);
        }
    }

    pub(super) fn padding(&mut self, count: usize) {
        if count > 0 && self.afford(count) {
            let fill = if self.flags.zero && !self.flags.minus {
                b'0'
            } else {
                b' '
            };
            self.out.resize(self.out.len() + count, fill);
        }
    }
}

/// The positions at which characters start; a byte that is not UTF-8 counts as one.
fn characters(bytes: &[u8]) -> impl Iterator<Item = usize> + '_ {
    let mut offset = 0;
    bytes.utf8_chunks().flat_map(move |chunk| {
        let start = offset;
        let valid = chunk.valid();
        offset += valid.len() + chunk.invalid().len();
        let valid_end = start + valid.len();
        valid
            .char_indices()
            .map(move |(position, _)| start + position)
            .chain((0..chunk.invalid().len()).map(move |position| valid_end + position))
    })
}
