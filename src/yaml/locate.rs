//! From an offset in a scalar's text back to the place in the source.

use super::node::Node;
use crate::domain::Position;
use granit_parser::ScalarStyle;

impl Node {
    /// The place in `source` (the text that was parsed) of the byte at `offset` in this scalar's
    /// text. Exact for literal blocks and for scalars on one line; for folded text the nearest
    /// match; for other nodes their beginning.
    pub fn position_at(&self, source: &str, offset: usize) -> Position {
        let Some(scalar) = self.as_scalar() else {
            return self.position;
        };
        let Some(raw) = source.get(self.span.0..self.span.1) else {
            return self.position;
        };
        let start = Place {
            line: self.position.line,
            column: self.position.column,
        };
        let wanted = scalar.text.get(..offset).unwrap_or(&scalar.text);
        match scalar.style {
            ScalarStyle::Literal => literal(source, self.span.0, start, &scalar.text, wanted),
            style => follow(raw, start, wanted, style),
        }
    }

    /// Whether this is a scalar without quotes that ends where a comment begins. A `#` behind a
    /// space may have been meant as a part of it.
    pub fn is_cut_by_comment(&self, source: &str) -> bool {
        let plain = |scalar: &super::Scalar| scalar.style == ScalarStyle::Plain;
        let Some(rest) = source.get(self.span.1..) else {
            return false;
        };
        self.as_scalar().is_some_and(plain) && rest.trim_start_matches([' ', '\t']).starts_with('#')
    }
}

#[derive(Clone, Copy)]
struct Place {
    line: u32,
    column: u32,
}

impl Place {
    fn step(&mut self, c: char) {
        if c == '\n' {
            self.line = self.line.saturating_add(1);
            self.column = 1;
        } else {
            self.column = self.column.saturating_add(1);
        }
    }

    fn position(self) -> Position {
        Position {
            line: self.line,
            column: self.column,
        }
    }
}

/// In a literal block every line of the text is a line of the source, less the indentation.
fn literal(source: &str, from: usize, start: Place, text: &str, wanted: &str) -> Position {
    let line = wanted.matches('\n').count();
    let in_line = wanted.rsplit('\n').next().unwrap_or_default();
    // The span begins with the header `|`, or with the first line's text.
    let header = source.get(from..).is_some_and(|rest| rest.starts_with('|'));
    let first = start.line.saturating_add(u32::from(header));
    let sources = source.lines().skip(first.saturating_sub(1) as usize);
    let indent = text
        .split('\n')
        .zip(sources)
        .find(|(ours, _)| !ours.is_empty())
        .map_or(0, |(ours, theirs)| {
            theirs.chars().count().saturating_sub(ours.chars().count())
        });
    let count = |value: usize| u32::try_from(value).unwrap_or(u32::MAX);
    Position {
        line: first.saturating_add(count(line)),
        column: count(indent + in_line.chars().count()).saturating_add(1),
    }
}

/// Walks source and text side by side: equal characters go together, white space and marks that
/// are only in the source are passed over.
fn follow(raw: &str, start: Place, wanted: &str, style: ScalarStyle) -> Position {
    let mut place = start;
    let mut source = raw.chars().peekable();
    let quote = match style {
        ScalarStyle::SingleQuoted => Some('\''),
        ScalarStyle::DoubleQuoted => Some('"'),
        _ => None,
    };
    if quote.is_some() {
        place.step(' ');
        source.next();
    } else if matches!(style, ScalarStyle::Folded) && raw.starts_with('>') {
        for c in source.by_ref() {
            place.step(c);
            if c == '\n' {
                break;
            }
        }
    }
    let mut skip_blanks = matches!(style, ScalarStyle::Folded);
    for c in wanted.chars() {
        if skip_blanks && !c.is_whitespace() {
            while let Some(blank) = source.next_if(|c| c.is_whitespace()) {
                place.step(blank);
            }
        }
        let Some(read) = source.next() else {
            break;
        };
        place.step(read);
        skip_blanks = read == '\n';
        let mut pass = |source: &mut std::iter::Peekable<std::str::Chars<'_>>, many: usize| {
            for _ in 0..many {
                if let Some(passed) = source.next() {
                    place.step(passed);
                }
            }
        };
        match (style, read) {
            (ScalarStyle::DoubleQuoted, '\\') => {
                let digits = match source.peek() {
                    Some('x') => 2,
                    Some('u') => 4,
                    Some('U') => 8,
                    _ => 0,
                };
                pass(&mut source, 1 + digits);
            }
            (ScalarStyle::SingleQuoted, '\'') => pass(&mut source, 1),
            _ => {}
        }
    }
    if skip_blanks {
        while let Some(blank) = source.next_if(|c| c.is_whitespace()) {
            place.step(blank);
        }
    }
    place.position()
}

#[cfg(test)]
mod tests {
    use crate::yaml::parse;

    /// In each source the scalar `when` holds a `^`; its offset must lead back to it.
    #[test]
    fn offsets_lead_back_to_the_source() {
        let sources = [
            "when: ab ^c",
            "- x\n- when: 'it''s ^c'\n",
            "when: \"a\\tb \\u00e9 ^c\"",
            "when: |\n  a\n  b ^c\n",
            "- when: |-\n    a\n\n      é ^c\n",
            "when: |2\n    a ^\n",
            "when: |  # why\n   ^a\n",
            "when: >\n  a\n  b ^c\n",
            "when: >-\n  a\n\n  b\n  ^c\n",
            "when: a\n  b\n  ^c\n",
            "when: \"a\n  b ^c\"\n",
            "when: &x a ^b",
            "when: !!str a ^b",
        ];
        for source in sources {
            let node = parse(source).unwrap();
            let scalar = match node.as_sequence() {
                Some(items) => items.last().and_then(|item| item.get("when")),
                None => node.get("when"),
            };
            let scalar = scalar.unwrap();
            let offset = scalar.to_text().unwrap().find('^').unwrap();
            let before = &source[..source.find('^').unwrap()];
            let line = before.matches('\n').count() + 1;
            let column = before.rsplit('\n').next().unwrap().chars().count() + 1;
            assert_eq!(
                scalar.position_at(source, offset).to_string(),
                format!("{line}:{column}"),
                "{source}"
            );
        }
    }

    #[test]
    fn comments_cut_plain_scalars() {
        for (source, cut) in [
            ("when: any(a, {#.x and #.y})\n", true),
            ("when: any(a, {#.x})\n", false),
            ("when: 'a' # why\n", false),
            ("when: |\n  a # b\n", false),
        ] {
            let node = parse(source).unwrap();
            let scalar = node.get("when").unwrap();
            assert_eq!(scalar.is_cut_by_comment(source), cut, "{source}");
        }
    }

    #[test]
    fn never_beyond_reason() {
        let source = "when: abc\n";
        let node = parse(source).unwrap();
        let scalar = node.get("when").unwrap();
        assert_eq!(scalar.position_at(source, 999).to_string(), "1:10");
        assert_eq!(scalar.position_at("", 2).to_string(), "1:7");
        assert_eq!(node.position_at(source, 2).to_string(), "1:1");
    }
}
