//! Searching and replacing.

use super::buffer::{Place, TextBuffer};

/// Hits that are kept; nobody goes through more.
const MOST: usize = 10_000;

/// A place where a text was found, on one line: from byte to byte.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Hit {
    /// Where it begins.
    pub from: Place,
    /// The byte behind it.
    pub to: usize,
}

/// Everything that matches, in order. Without capital letters in it the case does not matter.
pub fn find_all(buffer: &TextBuffer, wanted: &str) -> Vec<Hit> {
    let mut hits = Vec::new();
    if wanted.is_empty() {
        return hits;
    }
    let exact = wanted.chars().any(char::is_uppercase);
    for (number, line) in buffer.lines().iter().enumerate() {
        let folded = (!exact && line.chars().any(char::is_uppercase)).then(|| fold(line));
        let searched = folded.as_deref().unwrap_or(line);
        for (at, found) in searched.match_indices(wanted) {
            hits.push(Hit {
                from: Place::new(number, at),
                to: at + found.len(),
            });
            if hits.len() >= MOST {
                return hits;
            }
        }
    }
    hits
}

/// Lower case, byte for byte: letters whose other case has another length stay as they are.
fn fold(line: &str) -> String {
    let lower = |c: char| {
        let mut lower = c.to_lowercase();
        match (lower.next(), lower.next()) {
            (Some(small), None) if small.len_utf8() == c.len_utf8() => small,
            _ => c,
        }
    };
    line.chars().map(lower).collect()
}

impl TextBuffer {
    /// Replaces all these hits, which must be in order; one undo takes it back. The cursor stays
    /// near where it was.
    pub fn replace_hits(&mut self, hits: &[Hit], with: &str) {
        let cursor = self.cursor();
        self.group(|buffer| {
            for hit in hits.iter().rev() {
                buffer.replace(hit.from, Place::new(hit.from.line, hit.to), with);
            }
            buffer.move_to(cursor, false);
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn case_matters_when_capitals_are_typed() {
        let buffer = TextBuffer::new("Pod pod POD\nİstanbul pod");
        assert_eq!(find_all(&buffer, "pod").len(), 4);
        assert_eq!(find_all(&buffer, "Pod").len(), 1);
        assert_eq!(find_all(&buffer, "").len(), 0);
        let last = find_all(&buffer, "pod")[3];
        assert_eq!(&buffer.line(1)[last.from.column..last.to], "pod");
    }

    #[test]
    fn replacing_all_is_one_step() {
        let mut buffer = TextBuffer::new("a a\nb a");
        let hits = find_all(&buffer, "a");
        buffer.replace_hits(&hits, "xyz");
        assert_eq!(buffer.text(), "xyz xyz\nb xyz");
        buffer.undo();
        assert_eq!(buffer.text(), "a a\nb a");
    }
}
