//! Finding a part in a text of any bytes, in linear time.

/// Where the part occurs in the text, from left to right and without overlaps. The part must not
/// be empty.
pub(super) fn positions<'t>(
    text: &'t [u8],
    part: &'t [u8],
) -> Box<dyn Iterator<Item = usize> + 't> {
    match (std::str::from_utf8(text), std::str::from_utf8(part)) {
        (Ok(text), Ok(part)) => Box::new(text.match_indices(part).map(|(at, _)| at)),
        _ => Box::new(positions_of_bytes(text, part).into_iter()),
    }
}

/// The standard library searches strings only: take every byte for a character, and count the
/// characters that need two bytes back out of the positions.
fn positions_of_bytes(text: &[u8], part: &[u8]) -> Vec<usize> {
    let wide = |bytes: &[u8]| {
        bytes
            .iter()
            .map(|byte| char::from(*byte))
            .collect::<String>()
    };
    let (wide_text, wide_part) = (wide(text), wide(part));
    let mut counted = 0;
    let mut doubled = 0;
    wide_text
        .match_indices(&wide_part)
        .map(|(at, _)| {
            let between = wide_text.get(counted..at).unwrap_or_default();
            doubled += between.len() - between.chars().count();
            counted = at;
            at - doubled
        })
        .collect()
}

/// Whether the part occurs in the text.
pub(super) fn contains(text: &[u8], part: &[u8]) -> bool {
    part.is_empty() || positions(text, part).next().is_some()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_and_characters() {
        let found = |text: &[u8], part: &[u8]| positions(text, part).collect::<Vec<_>>();
        assert_eq!(found("aéaéa".as_bytes(), "éa".as_bytes()), [1, 4]);
        assert_eq!(found(b"\xff\xe9a\xe9\xffa", b"\xff"), [0, 4]);
        assert_eq!(found("é".as_bytes(), b"\xa9"), [1]);
        assert_eq!(found(b"aaaa", b"aa"), [0, 2]);
        assert!(contains(b"", b"") && !contains(b"x", b"xx"));
    }
}
