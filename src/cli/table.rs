//! Tables of text, laid out as Go's tabwriter does it for the original: columns as wide as their
//! widest cell and two spaces, at least five, the last cell of a line as it is.

/// Spaces behind the widest cell.
const PADDING: usize = 2;

/// Narrowest column.
const NARROWEST: usize = 5;

/// A table from its rows. A cell with several lines breaks its row, as in the original.
pub(super) fn table(rows: &[Vec<String>]) -> String {
    let mut text = String::new();
    for row in rows {
        text.push_str(&row.join("\t"));
        text.push('\n');
    }
    let lines: Vec<Vec<&str>> = text
        .lines()
        .map(|line| line.split('\t').collect())
        .collect();
    let mut widths = vec![Vec::new(); lines.len()];
    lay_out(&lines, &mut widths, 0, lines.len(), &mut Vec::new());
    let mut out = String::new();
    for (line, widths) in lines.iter().zip(&widths) {
        for (index, cell) in line.iter().enumerate() {
            out.push_str(cell);
            if let Some(width) = widths.get(index) {
                let missing = width.saturating_sub(cell.chars().count());
                out.extend(std::iter::repeat_n(' ', missing));
            }
        }
        out.push('\n');
    }
    out
}

/// A column is a run of lines that all have a cell in it which is not their last one; within it the
/// next column is laid out.
fn lay_out(
    lines: &[Vec<&str>],
    widths: &mut [Vec<usize>],
    from: usize,
    to: usize,
    before: &mut Vec<usize>,
) {
    let column = before.len();
    let mut at = from;
    while at < to {
        widths[at].clone_from(before);
        if column + 1 >= lines[at].len() {
            at += 1;
            continue;
        }
        let run = lines[at..to]
            .iter()
            .take_while(|line| column + 1 < line.len());
        let cells = run.map(|line| line[column].chars().count());
        let (count, widest) = cells.fold((0, 0), |(count, widest), cell| {
            (count + 1, cell.max(widest))
        });
        before.push((widest + PADDING).max(NARROWEST));
        lay_out(lines, widths, at, at + count, before);
        before.pop();
        at += count;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows(rows: &[&[&str]]) -> Vec<Vec<String>> {
        let owned = |row: &&[&str]| row.iter().map(|cell| (*cell).to_owned()).collect();
        rows.iter().map(owned).collect()
    }

    /// Case L5.
    #[test]
    fn columns_are_as_wide_as_their_widest_cell() {
        let text = table(&rows(&[
            &["NAME", "TEMPLATE", "CONDITION"],
            &["on-a", "t", "true"],
            &["", "t, longer-name", "a == 'b'"],
        ]));
        assert_eq!(
            text,
            "NAME  TEMPLATE        CONDITION\n\
             on-a  t               true\n\
             \u{20}     t, longer-name  a == 'b'\n"
        );
        assert_eq!(
            table(&rows(&[&["A", "B"], &["é", "x"]])),
            "A    B\né    x\n"
        );
    }

    #[test]
    fn a_cell_with_a_line_break_ends_its_line() {
        let text = table(&rows(&[
            &["CONDITION", "RESULT"],
            &["a\n", "true"],
            &["bc", "false"],
        ]));
        assert_eq!(text, "CONDITION  RESULT\na\n     true\nbc   false\n");
    }

    #[test]
    fn nothing_is_nothing() {
        assert_eq!(table(&[]), "");
    }
}
