//! DER, the binary form of keys and certificates: writing, and as much reading as they need.

/// Tags that occur in keys and certificates.
pub(super) mod tag {
    pub(in super::super) const BOOLEAN: u8 = 0x01;
    pub(in super::super) const INTEGER: u8 = 0x02;
    pub(in super::super) const BIT_STRING: u8 = 0x03;
    pub(in super::super) const OCTET_STRING: u8 = 0x04;
    pub(in super::super) const OBJECT_IDENTIFIER: u8 = 0x06;
    pub(in super::super) const UTF8_STRING: u8 = 0x0c;
    pub(in super::super) const PRINTABLE_STRING: u8 = 0x13;
    pub(in super::super) const UTC_TIME: u8 = 0x17;
    pub(in super::super) const GENERALIZED_TIME: u8 = 0x18;
    pub(in super::super) const SEQUENCE: u8 = 0x30;
    pub(in super::super) const SET: u8 = 0x31;

    /// A constructed, context-specific tag.
    pub(in super::super) const fn explicit(number: u8) -> u8 {
        0xa0 | number
    }

    /// A primitive, context-specific tag.
    pub(in super::super) const fn implicit(number: u8) -> u8 {
        0x80 | number
    }
}

/// A value with tag and length.
pub(super) fn value(tag: u8, content: &[u8]) -> Vec<u8> {
    let mut out = vec![tag];
    match u8::try_from(content.len()) {
        Ok(short) if short < 0x80 => out.push(short),
        _ => {
            let length = content.len().to_be_bytes();
            let zeros = length.iter().take_while(|byte| **byte == 0).count();
            let length = length.get(zeros..).unwrap_or_default();
            out.push(0x80 | length.len() as u8);
            out.extend_from_slice(length);
        }
    }
    out.extend_from_slice(content);
    out
}

/// A sequence of values.
pub(super) fn sequence(values: &[&[u8]]) -> Vec<u8> {
    value(tag::SEQUENCE, &values.concat())
}

/// A non-negative integer from its big-endian bytes.
pub(super) fn unsigned(bytes: &[u8]) -> Vec<u8> {
    let zeros = bytes.iter().take_while(|byte| **byte == 0).count();
    let digits = bytes.get(zeros..).unwrap_or_default();
    let sign: &[u8] = match digits.first() {
        Some(first) if *first < 0x80 => &[],
        _ => &[0],
    };
    value(tag::INTEGER, &[sign, digits].concat())
}

/// A string of whole bytes as bits.
pub(super) fn bit_string(bytes: &[u8]) -> Vec<u8> {
    value(tag::BIT_STRING, &[&[0], bytes].concat())
}

/// One value that was read.
#[derive(Clone, Copy, Debug)]
pub(super) struct Element<'d> {
    /// The tag.
    pub(super) tag: u8,
    /// What is in the value.
    pub(super) content: &'d [u8],
    /// The whole value with tag and length.
    pub(super) whole: &'d [u8],
}

/// Reads values one after the other.
#[derive(Clone, Copy, Debug)]
pub(super) struct Reader<'d> {
    rest: &'d [u8],
}

impl<'d> Reader<'d> {
    pub(super) fn new(data: &'d [u8]) -> Self {
        Reader { rest: data }
    }

    /// Whether everything is read.
    pub(super) fn is_empty(&self) -> bool {
        self.rest.is_empty()
    }

    /// The next value; `None` at the end, and where the data is not DER.
    pub(super) fn next(&mut self) -> Option<Element<'d>> {
        let data = self.rest;
        let [tag, first, ..] = *data else {
            return None;
        };
        // Tags of several bytes occur in none of the formats.
        if tag & 0x1f == 0x1f {
            return None;
        }
        let (header, length) = match first {
            0..=0x7f => (2, usize::from(first)),
            // Four bytes of length are more than any text can hold here.
            0x81..=0x84 => {
                let bytes = data.get(2..2 + usize::from(first & 0x7f))?;
                let length = bytes
                    .iter()
                    .fold(0, |sum, byte| sum << 8 | usize::from(*byte));
                if length < 0x80 || bytes.first() == Some(&0) {
                    return None;
                }
                (2 + bytes.len(), length)
            }
            _ => return None,
        };
        let whole = data.get(..header.checked_add(length)?)?;
        self.rest = data.get(whole.len()..)?;
        Some(Element {
            tag,
            content: whole.get(header..)?,
            whole,
        })
    }

    /// The next value, which must have this tag.
    pub(super) fn expect(&mut self, tag: u8) -> Option<Element<'d>> {
        self.next().filter(|element| element.tag == tag)
    }

    /// The next value if it has this tag; otherwise it stays to be read.
    pub(super) fn optional(&mut self, tag: u8) -> Option<Element<'d>> {
        let mut ahead = *self;
        let element = ahead.expect(tag)?;
        *self = ahead;
        Some(element)
    }
}

impl<'d> Element<'d> {
    /// A reader of the values inside.
    pub(super) fn reader(&self) -> Reader<'d> {
        Reader::new(self.content)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_of_all_sizes() {
        for length in [0, 1, 127, 128, 255, 256, 70_000] {
            let content = vec![7; length];
            let written = value(tag::OCTET_STRING, &content);
            let mut reader = Reader::new(&written);
            let read = reader
                .expect(tag::OCTET_STRING)
                .map(|element| element.content.to_vec());
            assert_eq!(read, Some(content));
            assert!(reader.is_empty());
        }
    }

    #[test]
    fn integers_are_never_negative() {
        assert_eq!(unsigned(&[0, 0, 0x7f]), [2, 1, 0x7f]);
        assert_eq!(unsigned(&[0x80]), [2, 2, 0, 0x80]);
        assert_eq!(unsigned(&[]), [2, 1, 0]);
    }

    #[test]
    fn broken_data_is_refused() {
        for data in [
            &[0x30][..],
            &[0x30, 2, 0],
            &[0x30, 0x80],
            &[0x30, 0x81, 1, 0],
            &[0x30, 0x84, 0xff, 0xff, 0xff, 0xff],
            &[0x1f, 0x81, 0],
        ] {
            assert!(Reader::new(data).next().is_none(), "{data:?}");
        }
    }
}
