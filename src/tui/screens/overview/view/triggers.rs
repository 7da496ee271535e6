//! The lines of pane 2.

use super::super::trigger_lines::TriggerLine;
use super::{RowArea, line};
use crate::tui::model::Model;
use crate::tui::text;
use crate::tui::theme::Mark;
use crate::tui::widgets::cells;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

pub(super) fn lines(model: &Model, list: Rect, focused: bool, buffer: &mut Buffer) {
    let pane = &model.overview.triggers;
    let lines = pane.lines();
    let heads = lines
        .iter()
        .map(|line| text::width(&line.head) + usize::from(line.indent));
    let most = usize::from(list.width) * 2 / 5;
    let head = heads.max().unwrap_or(0).clamp(8, most.max(8));
    let visible = pane.window.visible(lines.len(), usize::from(list.height));
    for (row, position) in visible.enumerate() {
        let Some(trigger) = lines.get(position) else {
            return;
        };
        let row = RowArea {
            area: line(list, row),
            selected: pane.selected.as_ref() == Some(&trigger.id),
            focused,
            marked: false,
        };
        draw_trigger(model, trigger, head, &row, buffer);
    }
}

fn draw_trigger(
    model: &Model,
    line: &TriggerLine,
    head: usize,
    row: &RowArea,
    buffer: &mut Buffer,
) {
    let theme = &model.look.theme;
    let area = row.area;
    let mark = line.mark.unwrap_or(Mark::Idle);
    let style = if line.mark.is_some() {
        theme.mark(mark)
    } else {
        theme.dim
    };
    let cursor = if row.selected { ">" } else { " " };
    let indent = " ".repeat(usize::from(line.indent));
    let glyph = line.mark.map_or(" ", Mark::glyph);
    let cleaned = text::clean(&line.head);
    let name = text::fit(&cleaned, head.saturating_sub(usize::from(line.indent)));
    let pad = head.saturating_sub(usize::from(line.indent) + text::width(&name));
    let pad = " ".repeat(pad + 1);
    let word = format!("{:<7} ", line.word);
    let (word, word_style) = match line.indent {
        0 if line.word.is_empty() => ("", style),
        0 => (word.as_str(), style),
        _ => ("", style),
    };
    let text_style = match mark {
        Mark::Failed | Mark::Error if line.mark.is_some() => style,
        Mark::Idle | Mark::Already => theme.dim,
        _ => theme.text,
    };
    let name_style = if line.indent == 0 && line.mark.is_some() {
        theme.strong
    } else {
        theme.text
    };
    cells::put_pieces(
        buffer,
        area,
        &[
            (cursor, theme.strong),
            (&indent, theme.text),
            (glyph, style),
            (" ", theme.text),
            (&name, name_style),
            (&pad, theme.text),
            (word, word_style),
            (&line.text, text_style),
        ],
    );
    row.finish(model, buffer);
}
