//! Changes of whole lines: indenting, comments, copies.

use super::Clip;
use super::buffer::{Place, TextBuffer};

/// Blanks of one level.
const LEVEL: usize = 2;

/// How far a line is indented, in bytes.
pub(super) fn indent_of(line: &str) -> usize {
    line.len() - line.trim_start_matches([' ', '\t']).len()
}

impl TextBuffer {
    /// Indents the lines of the selection by one level, or puts blanks at the cursor.
    pub fn indent(&mut self) {
        if self.selection().is_none() {
            let cells = self.position().column.saturating_sub(1) as usize;
            let missing = LEVEL - cells % LEVEL;
            self.insert(&" ".repeat(missing));
            return;
        }
        self.on_lines(|line| (!line.is_empty()).then(|| (0, 0, " ".repeat(LEVEL))));
    }

    /// Takes one level away from the lines of the selection, or from that of the cursor.
    pub fn outdent(&mut self) {
        self.on_lines(|line| {
            let blanks = line
                .bytes()
                .take(LEVEL)
                .take_while(|byte| *byte == b' ')
                .count();
            let cut = if line.starts_with('\t') { 1 } else { blanks };
            (cut > 0).then(|| (0, cut, String::new()))
        });
    }

    /// Makes comments of the lines of the selection, or texts of comments.
    pub fn toggle_comment(&mut self) {
        let lines = self.touched();
        let filled = |number: &usize| !self.line(*number).trim().is_empty();
        let filled: Vec<usize> = lines.filter(filled).collect();
        let is_comment = |number: &usize| self.line(*number).trim_start().starts_with('#');
        if filled.iter().all(is_comment) {
            self.on_lines(|line| {
                let indent = indent_of(line);
                let rest = line.get(indent..)?.strip_prefix('#')?;
                let cut = 1 + usize::from(rest.starts_with(' '));
                Some((indent, indent + cut, String::new()))
            });
            return;
        }
        let indent = filled.iter().map(|number| indent_of(self.line(*number)));
        let indent = indent.min().unwrap_or(0);
        self.on_lines(|line| (!line.trim().is_empty()).then(|| (indent, indent, "# ".to_owned())));
    }

    /// Changes a part of each line that the selection touches, and keeps cursor and selection on
    /// their texts.
    fn on_lines(&mut self, change: impl Fn(&str) -> Option<(usize, usize, String)>) {
        let (lines, cursor, anchor) = (self.touched(), self.cursor(), self.anchor());
        let moved = |place: Place, line: usize, from: usize, to: usize, len: usize| {
            if place.line != line || place.column < from || (place.column == from && from == 0) {
                return place;
            }
            Place::new(line, place.column.max(to) - to + from + len)
        };
        let (mut cursor, mut anchor) = (cursor, anchor);
        self.group(|buffer| {
            for line in lines {
                let Some((from, to, text)) = change(buffer.line(line)) else {
                    continue;
                };
                cursor = moved(cursor, line, from, to, text.len());
                anchor = anchor.map(|anchor| moved(anchor, line, from, to, text.len()));
                buffer.replace(Place::new(line, from), Place::new(line, to), &text);
            }
            buffer.move_to(cursor, false);
        });
        if let Some(anchor) = anchor {
            self.select(anchor, cursor);
        }
    }

    /// A line break that keeps the indentation; a list item or a key without a value indents the
    /// next line.
    pub fn new_line(&mut self) {
        let (from, _) = self.selection().unwrap_or((self.cursor(), self.cursor()));
        let before = self.line(from.line).get(..from.column).unwrap_or("");
        let indent = indent_of(before);
        let mut blanks = before.get(..indent).unwrap_or("").to_owned();
        let content = before.trim_start();
        let opens = ["|", "|-", "|+", ">", ">-", ">+"];
        let last = content.rsplit(' ').next().unwrap_or("");
        if content.ends_with(':') || (content.contains(':') && opens.contains(&last)) {
            if content.starts_with("- ") {
                blanks.push_str("  ");
            }
            blanks.push_str(&" ".repeat(LEVEL));
        } else if let Some(rest) = content.strip_prefix("- ")
            && rest.contains(": ")
        {
            // The next key of the same item.
            blanks.push_str("  ");
        }
        self.insert(&format!("\n{blanks}"));
    }

    /// Puts a copy of the selected lines, or of the cursor's, below them.
    pub fn duplicate_lines(&mut self) {
        let (lines, cursor) = (self.touched(), self.cursor());
        let copied = self
            .lines()
            .get(lines.clone())
            .unwrap_or_default()
            .join("\n");
        let end = Place::new(lines.end - 1, self.line(lines.end - 1).len());
        self.group(|buffer| {
            buffer.replace(end, end, &format!("\n{copied}"));
            buffer.move_to(Place::new(cursor.line + lines.len(), cursor.column), false);
        });
    }

    /// Moves the selected lines, or the cursor's, up or down by one.
    pub fn move_lines(&mut self, down: bool) {
        let (lines, cursor, anchor) = (self.touched(), self.cursor(), self.anchor());
        let blocked = if down {
            lines.end >= self.lines().len()
        } else {
            lines.start == 0
        };
        if blocked {
            return;
        }
        let (first, last) = if down {
            (lines.start, lines.end)
        } else {
            (lines.start - 1, lines.end - 1)
        };
        let mut moved: Vec<String> = self.lines().get(first..=last).unwrap_or_default().to_vec();
        if down {
            moved.rotate_right(1);
        } else {
            moved.rotate_left(1);
        }
        let by = |place: Place| {
            let line = if down {
                place.line + 1
            } else {
                place.line.saturating_sub(1)
            };
            Place::new(line, place.column)
        };
        let end = Place::new(last, self.line(last).len());
        self.group(|buffer| {
            buffer.replace(Place::new(first, 0), end, &moved.join("\n"));
            buffer.move_to(by(cursor), false);
        });
        if let Some(anchor) = anchor {
            self.select(by(anchor), by(cursor));
        }
    }

    /// Whole lines, as a clip.
    pub fn clip_lines(&self, first: usize, count: usize) -> Clip {
        let last = first.saturating_add(count.max(1)).min(self.lines().len());
        let mut text = self.lines().get(first..last).unwrap_or_default().join("\n");
        text.push('\n');
        Clip { text, lines: true }
    }

    /// Removes whole lines; the cursor goes to what follows them.
    pub fn delete_lines(&mut self, first: usize, count: usize) {
        let all = self.lines().len();
        let last = first.saturating_add(count.max(1)).min(all);
        let column = self.cursor().column;
        let (from, to) = if last < all {
            (Place::new(first, 0), Place::new(last, 0))
        } else {
            (self.before(Place::new(first, 0)), self.end())
        };
        self.group(|buffer| {
            buffer.replace(from, to, "");
            buffer.move_to(Place::new(first, column), false);
        });
    }

    /// What copying takes: the selection, or the whole line of the cursor.
    pub fn clip(&self) -> Clip {
        match self.selection() {
            Some((from, to)) => Clip {
                text: self.between(from, to),
                lines: false,
            },
            None => self.clip_lines(self.cursor().line, 1),
        }
    }

    /// Takes the selection, or the whole line of the cursor, away; gives what was taken.
    pub fn cut(&mut self) -> Clip {
        let clip = self.clip();
        if !self.delete_selection() {
            let line = self.cursor().line;
            self.delete_lines(line, 1);
        }
        clip
    }

    /// Puts a clip at the cursor, or in place of the selection; whole lines go above the cursor's.
    pub fn paste(&mut self, clip: &Clip) {
        if !clip.lines || self.selection().is_some() {
            self.group(|buffer| buffer.insert(&clip.text));
            return;
        }
        let cursor = self.cursor();
        let start = Place::new(cursor.line, 0);
        let added = clip.text.matches('\n').count();
        self.group(|buffer| {
            buffer.replace(start, start, &clip.text);
            buffer.move_to(Place::new(cursor.line + added, cursor.column), false);
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn selected(text: &str, from: (usize, usize), to: (usize, usize)) -> TextBuffer {
        let mut buffer = TextBuffer::new(text);
        buffer.select(Place::new(from.0, from.1), Place::new(to.0, to.1));
        buffer
    }

    #[test]
    fn blocks_are_indented_and_back() {
        let mut buffer = selected("a\n\n b\nc", (0, 0), (3, 0));
        buffer.indent();
        assert_eq!(buffer.text(), "  a\n\n   b\nc");
        // The selection is kept, so that it can be done again.
        buffer.outdent();
        buffer.outdent();
        assert_eq!(buffer.text(), "a\n\nb\nc");
        for _ in 0..3 {
            buffer.undo();
        }
        assert_eq!(buffer.text(), "a\n\n b\nc");
        let mut buffer = TextBuffer::new("abc");
        buffer.move_to(Place::new(0, 3), false);
        buffer.indent();
        assert_eq!(buffer.text(), "abc ");
    }

    #[test]
    fn comments_come_and_go() {
        let mut buffer = selected("  a\n\n    b", (0, 0), (2, 1));
        buffer.toggle_comment();
        assert_eq!(buffer.text(), "  # a\n\n  #   b");
        buffer.toggle_comment();
        assert_eq!(buffer.text(), "  a\n\n    b");
    }

    #[test]
    fn a_new_line_goes_on_where_yaml_would() {
        for (line, expected) in [
            ("- when: a", "- when: a\n  "),
            ("  send:", "  send:\n    "),
            ("- send:", "- send:\n    "),
            ("  when: |-", "  when: |-\n    "),
            ("  - pod-oom", "  - pod-oom\n  "),
            ("a || b", "a || b\n"),
        ] {
            let mut buffer = TextBuffer::new(line);
            buffer.move_to(buffer.end(), false);
            buffer.new_line();
            assert_eq!(buffer.text(), expected);
        }
    }

    #[test]
    fn lines_are_copied_moved_cut_and_put_back() {
        let mut buffer = TextBuffer::new("a\nb\nc");
        buffer.duplicate_lines();
        assert_eq!(buffer.text(), "a\na\nb\nc");
        assert_eq!(buffer.cursor().line, 1);
        buffer.move_lines(true);
        assert_eq!(buffer.text(), "a\nb\na\nc");
        buffer.move_lines(true);
        buffer.move_lines(true);
        assert_eq!(buffer.text(), "a\nb\nc\na");
        let clip = buffer.cut();
        assert_eq!((buffer.text().as_str(), clip.lines), ("a\nb\nc", true));
        buffer.move_to(Place::default(), false);
        buffer.paste(&clip);
        assert_eq!(buffer.text(), "a\na\nb\nc");
        let mut only = TextBuffer::new("x");
        only.cut();
        assert_eq!(only.text(), "");
    }
}
