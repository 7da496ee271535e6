//! "Did you mean": the nearest of the names that exist.

/// Longer words are not compared: nobody mistypes them by a letter, and the work grows with the
/// square of the length.
const LONGEST: usize = 80;

/// The candidate that needs the fewest edits to become `word`, without regard to case, when it is
/// near enough for a slip of the pen; of equally near ones the first in the alphabet. The word
/// itself is not its own neighbour.
pub fn nearest<'c>(word: &str, candidates: impl IntoIterator<Item = &'c str>) -> Option<&'c str> {
    if word.len() > LONGEST {
        return None;
    }
    let letters = lower(word);
    // Two letters off in a word of three make another word.
    let limit = match letters.len() {
        0..=1 => return None,
        2..=3 => 1,
        4..=8 => 2,
        _ => 3,
    };
    candidates
        .into_iter()
        .filter(|candidate| candidate.len() <= LONGEST && *candidate != word)
        .filter_map(|candidate| Some((edits(&letters, &lower(candidate), limit)?, candidate)))
        .min()
        .map(|(_, candidate)| candidate)
}

fn lower(word: &str) -> Vec<char> {
    word.chars().flat_map(char::to_lowercase).collect()
}

/// Letters inserted, removed, changed or swapped with their neighbour; `None` beyond the limit.
fn edits(a: &[char], b: &[char], limit: usize) -> Option<usize> {
    if a.len().abs_diff(b.len()) > limit {
        return None;
    }
    let mut before: Vec<usize> = Vec::new();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for i in 1..=a.len() {
        let mut next = vec![i];
        for j in 1..=b.len() {
            let change = usize::from(a[i - 1] != b[j - 1]);
            let mut best = (row[j - 1] + change).min(row[j] + 1).min(next[j - 1] + 1);
            if i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] {
                best = best.min(before[j - 2] + 1);
            }
            next.push(best);
        }
        before = std::mem::replace(&mut row, next);
    }
    row.last().copied().filter(|best| *best <= limit)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_slips_of_the_pen_and_nothing_else() {
        let known = ["on-ready", "on-failed", "slack", "containerStatuses", "tls"];
        for (word, meant) in [
            ("on-redy", Some("on-ready")),
            ("on-raedy", Some("on-ready")),
            ("Slac", Some("slack")),
            ("salck", Some("slack")),
            ("SLACK", Some("slack")),
            ("containerStatus", Some("containerStatuses")),
            ("tsl", Some("tls")),
            ("tcp", None),
            ("webhook", None),
            ("slack", None),
            ("t", None),
            ("", None),
        ] {
            assert_eq!(nearest(word, known), meant, "{word}");
        }
        assert_eq!(nearest("phase", []), None);
        assert_eq!(nearest(&"slack".repeat(20), known), None);
    }

    #[test]
    fn equally_near_names_are_taken_in_the_order_of_the_alphabet() {
        assert_eq!(nearest("zx", ["zz", "zy", "other"]), Some("zy"));
    }
}
