//! Three versions of a text put together, line by line.

use similar::{Algorithm, DiffOp, capture_diff_slices_deadline};
use std::time::{Duration, Instant};

/// Longest search for what the versions have in common: beyond it more is a conflict than need be.
const LONGEST: Duration = Duration::from_millis(200);

/// The marks of a conflict, as git writes them.
const MARKS: [&str; 3] = ["<<<<<<< ", "=======", ">>>>>>> "];

/// A part of the merged text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Part {
    /// Lines on which the versions agree, or that only one side has changed.
    Clean(String),
    /// Lines that both sides have changed, each in its own way.
    Conflict {
        /// As they were.
        base: String,
        /// As they are in the cluster.
        live: String,
        /// As they are in the draft.
        mine: String,
    },
}

/// Puts a text together from what it was and what became of it on two sides.
pub fn merge(base: &str, live: &str, mine: &str) -> Vec<Part> {
    let old: Vec<&str> = base.split_inclusive('\n').collect();
    let left: Vec<&str> = live.split_inclusive('\n').collect();
    let right: Vec<&str> = mine.split_inclusive('\n').collect();
    let (in_left, in_right) = (matches(&old, &left), matches(&old, &right));
    let mut parts = Vec::new();
    let (mut o, mut l, mut r) = (0, 0, 0);
    loop {
        // The next line that all three have.
        let next = (o..old.len()).find_map(|place| {
            let left = in_left.get(place).copied().flatten()?;
            let right = in_right.get(place).copied().flatten()?;
            (left >= l && right >= r).then_some((place, left, right))
        });
        let (to_o, to_l, to_r) = next.unwrap_or((old.len(), left.len(), right.len()));
        if (to_o, to_l, to_r) != (o, l, r) {
            let text = |lines: &[&str], from: usize, to: usize| {
                lines.get(from..to).unwrap_or_default().concat()
            };
            put(
                &mut parts,
                text(&old, o, to_o),
                text(&left, l, to_l),
                text(&right, r, to_r),
            );
        }
        if next.is_none() {
            return parts;
        }
        clean(&mut parts, old.get(to_o).copied().unwrap_or_default());
        (o, l, r) = (to_o + 1, to_l + 1, to_r + 1);
    }
}

/// For each line of `old` its place in `new`, where it is still there.
fn matches(old: &[&str], new: &[&str]) -> Vec<Option<usize>> {
    let mut places = vec![None; old.len()];
    let deadline = Instant::now().checked_add(LONGEST);
    for op in capture_diff_slices_deadline(Algorithm::Myers, old, new, deadline) {
        if let DiffOp::Equal {
            old_index,
            new_index,
            len,
        } = op
        {
            for step in 0..len {
                if let Some(place) = places.get_mut(old_index + step) {
                    *place = Some(new_index + step);
                }
            }
        }
    }
    places
}

fn clean(parts: &mut Vec<Part>, text: &str) {
    match parts.last_mut() {
        Some(Part::Clean(before)) => before.push_str(text),
        _ if text.is_empty() => {}
        _ => parts.push(Part::Clean(text.to_owned())),
    }
}

fn put(parts: &mut Vec<Part>, base: String, live: String, mine: String) {
    if live == mine || base == mine {
        clean(parts, &live);
    } else if base == live {
        clean(parts, &mine);
    } else {
        parts.push(Part::Conflict { base, live, mine });
    }
}

/// The merged text, when there is no conflict in it.
pub fn whole(parts: &[Part]) -> Option<String> {
    let mut text = String::new();
    for part in parts {
        match part {
            Part::Clean(lines) => text.push_str(lines),
            Part::Conflict { .. } => return None,
        }
    }
    Some(text)
}

/// The merged text with the marks of its conflicts, to be edited.
pub fn marked(parts: &[Part], version: &str) -> String {
    let mut text = String::new();
    let mut put = |lines: &str| {
        text.push_str(lines);
        if !lines.is_empty() && !lines.ends_with('\n') {
            text.push('\n');
        }
    };
    for part in parts {
        match part {
            Part::Clean(lines) => put(lines),
            Part::Conflict { live, mine, .. } => {
                put(&format!("{}live, resourceVersion {version}\n", MARKS[0]));
                put(live);
                put(&format!("{}\n", MARKS[1]));
                put(mine);
                put(&format!("{}mine\n", MARKS[2]));
            }
        }
    }
    text
}

/// Whether a text has marks of a conflict: then it must not be applied.
pub fn has_markers(text: &str) -> bool {
    let starts = |mark: &'static str| move |line: &str| line.starts_with(mark);
    text.lines().any(starts(MARKS[0])) && text.lines().any(starts(MARKS[2]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn changes_at_different_places_merge() {
        let base = "a\nb\nc\nd\ne\n";
        let parts = merge(base, "a\nB\nc\nd\ne\n", "a\nb\nc\nd\nE\nf\n");
        assert_eq!(whole(&parts).as_deref(), Some("a\nB\nc\nd\nE\nf\n"));
        // The same change on both sides is one.
        let parts = merge(base, "a\nX\nc\nd\ne\n", "a\nX\nc\nd\ne\n");
        assert_eq!(whole(&parts).as_deref(), Some("a\nX\nc\nd\ne\n"));
        // A removal and a change elsewhere.
        let parts = merge(base, "b\nc\nd\ne\n", "a\nb\nc\nd\nnew\ne\n");
        assert_eq!(whole(&parts).as_deref(), Some("b\nc\nd\nnew\ne\n"));
    }

    #[test]
    fn the_same_line_on_both_sides_is_a_conflict() {
        let parts = merge("a\nb\nc\n", "a\nlive\nc\n", "a\nmine\nc\n");
        let conflict = Part::Conflict {
            base: "b\n".into(),
            live: "live\n".into(),
            mine: "mine\n".into(),
        };
        assert_eq!(
            parts,
            [
                Part::Clean("a\n".into()),
                conflict,
                Part::Clean("c\n".into())
            ]
        );
        assert_eq!(whole(&parts), None);
        let text = marked(&parts, "7");
        assert!(has_markers(&text), "{text}");
        assert_eq!(
            text,
            "a\n<<<<<<< live, resourceVersion 7\nlive\n=======\nmine\n>>>>>>> mine\nc\n"
        );
        assert!(!has_markers("a\n=======\nb\n"));
    }

    /// Whatever the texts are: one side unchanged gives the other one, to the byte.
    #[test]
    fn an_unchanged_side_gives_the_other() {
        for (base, other) in [
            ("", "a"),
            ("a", ""),
            ("a\nb", "b\na\n"),
            ("x\n\n\ny\n", "x\ny"),
            ("a\r\nb\r\n", "a\nb\n"),
            ("a\na\na\n", "a\nb\na\n"),
        ] {
            assert_eq!(whole(&merge(base, other, base)).as_deref(), Some(other));
            assert_eq!(whole(&merge(base, base, other)).as_deref(), Some(other));
            assert_eq!(whole(&merge(base, other, other)).as_deref(), Some(other));
        }
    }
}
