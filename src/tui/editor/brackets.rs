//! Brackets that belong together.

use super::buffer::{Place, TextBuffer};

const PAIRS: [(char, char); 3] = [('(', ')'), ('[', ']'), ('{', '}')];

/// Lines that are looked through: farther away nobody sees it.
const FAR: usize = 2_000;

impl TextBuffer {
    /// The bracket at the cursor (or right before it) and the one that belongs to it.
    pub fn brackets(&self) -> Option<(Place, Place)> {
        let here = self.cursor();
        let at = [here, self.before(here)]
            .into_iter()
            .find(|place| place.line == here.line && self.bracket_at(*place).is_some())?;
        Some((at, self.partner(at)?))
    }

    fn bracket_at(&self, place: Place) -> Option<(char, char, bool)> {
        let found = self.line(place.line).get(place.column..)?.chars().next()?;
        PAIRS.iter().find_map(|&(open, close)| match found {
            c if c == open => Some((open, close, true)),
            c if c == close => Some((open, close, false)),
            _ => None,
        })
    }

    /// The bracket that belongs to the one at a place. Brackets in quotes count like others: half
    /// written texts have no sure quotes.
    fn partner(&self, at: Place) -> Option<Place> {
        let (open, close, forward) = self.bracket_at(at)?;
        let mut depth = 0_usize;
        let mut weigh = |c: char, opens: char, closes: char| {
            if c == opens {
                depth += 1;
            } else if c == closes {
                depth = depth.saturating_sub(1);
                return depth == 0;
            }
            false
        };
        if forward {
            for line in at.line..self.lines().len().min(at.line + FAR) {
                let start = if line == at.line { at.column } else { 0 };
                let text = self.line(line).get(start..).unwrap_or("");
                for (offset, c) in text.char_indices() {
                    if weigh(c, open, close) {
                        return Some(Place::new(line, start + offset));
                    }
                }
            }
        } else {
            for line in (at.line.saturating_sub(FAR)..=at.line).rev() {
                let text = self.line(line);
                let end = if line == at.line {
                    at.column + close.len_utf8()
                } else {
                    text.len()
                };
                for (offset, c) in text.get(..end).unwrap_or("").char_indices().rev() {
                    if weigh(c, close, open) {
                        return Some(Place::new(line, offset));
                    }
                }
            }
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn partner(text: &str, line: usize, column: usize) -> Option<Place> {
        let mut buffer = TextBuffer::new(text);
        buffer.move_to(Place::new(line, column), false);
        buffer.brackets().map(|(_, other)| other)
    }

    #[test]
    fn partners_are_found_over_lines_and_both_ways() {
        let text = "len(filter(a,\n  {#.x == [1]})) > 0";
        assert_eq!(partner(text, 0, 3), Some(Place::new(1, 15)));
        assert_eq!(partner(text, 1, 15), Some(Place::new(0, 3)));
        assert_eq!(partner(text, 1, 2), Some(Place::new(1, 13)));
        // Right behind a bracket.
        assert_eq!(partner(text, 1, 16), Some(Place::new(0, 3)));
        assert_eq!(partner(text, 0, 0), None);
        assert_eq!(partner("((", 0, 0), None);
    }
}
