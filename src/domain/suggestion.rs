//! "Did you mean": the nearest of the names that exist.

/// Longer words are not compared: nobody mistypes them by a letter, and the work grows with the
/// square of the length.
const LONGEST: usize = 80;

/// The candidate that needs the fewest edits to become `word`, when it is near enough for a typing
/// mistake: a third of the letters, at least one.
pub fn nearest<'c>(word: &str, candidates: impl IntoIterator<Item = &'c str>) -> Option<&'c str> {
    if word.len() > LONGEST {
        return None;
    }
    let word: Vec<char> = word.to_lowercase().chars().collect();
    let limit = (word.len() / 3).max(1);
    candidates
        .into_iter()
        .filter(|candidate| candidate.len() <= LONGEST)
        .map(|candidate| (distance(&word, candidate), candidate))
        .filter(|(edits, _)| *edits <= limit)
        .min_by_key(|(edits, _)| *edits)
        .map(|(_, candidate)| candidate)
}

/// Levenshtein distance, ignoring case.
fn distance(word: &[char], candidate: &str) -> usize {
    let mut row: Vec<usize> = (0..=word.len()).collect();
    for (position, letter) in candidate.to_lowercase().chars().enumerate() {
        let mut diagonal = position;
        let mut left = position + 1;
        if let Some(first) = row.first_mut() {
            *first = left;
        }
        for (cell, expected) in row.iter_mut().skip(1).zip(word) {
            let edits = (diagonal + usize::from(*expected != letter))
                .min(left + 1)
                .min(*cell + 1);
            diagonal = std::mem::replace(cell, edits);
            left = edits;
        }
    }
    row.last().copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_typing_mistakes_and_nothing_else() {
        let known = ["on-ready", "on-failed", "slack"];
        assert_eq!(nearest("on-redy", known), Some("on-ready"));
        assert_eq!(nearest("Slac", known), Some("slack"));
        assert_eq!(nearest("webhook", known), None);
        assert_eq!(nearest("x", []), None);
        assert_eq!(nearest(&"slack".repeat(20), known), None);
    }
}
