//! Which known name somebody probably meant.

/// The nearest name, if one is near enough to be a slip of the pen.
pub(super) fn closest<'n>(word: &str, names: impl IntoIterator<Item = &'n str>) -> Option<&'n str> {
    let length = word.chars().count();
    // Two letters off in a word of three make another word.
    let limit = match length {
        0..=2 => return None,
        3 => 1,
        4..=8 => 2,
        _ => 3,
    };
    names
        .into_iter()
        .filter(|name| *name != word)
        .filter_map(|name| Some((distance(word, name, limit)?, name)))
        .min()
        .map(|(_, name)| name)
}

/// Letters inserted, removed, changed or swapped, without regard to case; `None` beyond the limit.
fn distance(a: &str, b: &str, limit: usize) -> Option<usize> {
    let a: Vec<char> = a.to_lowercase().chars().collect();
    let b: Vec<char> = b.to_lowercase().chars().collect();
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
    fn slips_of_the_pen() {
        let names = ["phase", "conditions", "containerStatuses", "podIP"];
        assert_eq!(closest("fase", names), Some("phase"));
        assert_eq!(closest("phas", names), Some("phase"));
        assert_eq!(closest("phsae", names), Some("phase"));
        assert_eq!(closest("Conditions", names), Some("conditions"));
        assert_eq!(closest("containerStatus", names), Some("containerStatuses"));
        assert_eq!(closest("x", names), None);
    }
}
