//! Drawing a difference.

use super::search::Spot;
use super::{Against, DiffScreen, SIDE_BY_SIDE, Subject, head};
use crate::catalog::Effect;
use crate::tui::clock;
use crate::tui::compare::{Comparison, Row, RowKind};
use crate::tui::layout;
use crate::tui::model::Model;
use crate::tui::text;
use crate::tui::theme::Theme;
use crate::tui::widgets::{cells, frame};
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::{Modifier, Style};

/// Cells of a line number with its blank.
const NUMBER: usize = 5;

/// The name of what it is compared with.
fn name(model: &Model, against: &Against) -> String {
    match against {
        Against::Live => {
            let view = model.session.catalog.as_ref();
            let version = view.map_or("", |view| view.resource_version.as_str());
            format!("live, rv {version}")
        }
        Against::Base => "the base of the draft".to_owned(),
        Against::Recorded(version) => {
            let at = clock::time(version.at_ms, model.now_ms, &model.zone);
            format!(
                "version {} of {at}, rv {}",
                version.number, version.resource_version
            )
        }
    }
}

/// Draws the screen.
pub fn draw(model: &Model, screen: &DiffScreen, buffer: &mut Buffer) {
    let shape = layout::shape(model.width, model.height);
    let body = layout::areas(model.width, model.height, model.overview.pane, true).body;
    let other = screen
        .compared_with()
        .map_or_else(String::new, |against| name(model, against));
    let title = match &screen.subject {
        Subject::Drafts { title, .. } => format!("Diff {title}: {other} -> draft"),
        Subject::Live => format!("Diff {other} -> live"),
    };
    let place = match screen.against.len() {
        0 | 1 => String::new(),
        all => format!("[ ] {}/{all}  ", screen.chosen + 1),
    };
    let changes = screen.comparison().map_or_else(String::new, |comparison| {
        format!("+{} -{}", comparison.added, comparison.removed)
    });
    let facts = match screen.search.text() {
        "" => format!("{place}{changes}"),
        text => {
            let (hit, hits) = screen.search.counts();
            format!("/{text} {hit} of {hits}")
        }
    };
    let inside = frame::draw(buffer, &model.look, shape, body, &title, &facts, true);
    let theme = &model.look.theme;
    let note = match &screen.result {
        None => Some(("comparing ...", theme.dim)),
        Some(Err(problem)) => Some((problem.as_str(), theme.bad)),
        Some(Ok(comparison)) if comparison.is_empty() => {
            Some(("there is no difference", theme.dim))
        }
        Some(Ok(_)) => None,
    };
    if let Some((note, style)) = note {
        cells::put(buffer, inside.x, inside.y, inside.width, note, style);
        return;
    }
    let Some(comparison) = screen.comparison() else {
        return;
    };
    let height = usize::from(inside.height);
    let wide = model.width >= SIDE_BY_SIDE;
    let top = screen
        .top
        .min(screen.len(model.width).saturating_sub(height));
    for (line, place) in (top..screen.len(model.width)).take(height).enumerate() {
        let y = inside.y + u16::try_from(line).unwrap_or(u16::MAX);
        let area = Rect::new(inside.x, y, inside.width, 1);
        draw_line(theme, comparison, place, screen.left, wide, area, buffer);
        if !screen.search.text().is_empty() {
            mark_hits(model, screen, comparison, place, area, buffer);
        }
    }
}

/// Marks what is searched for in a line of the list that is drawn already.
fn mark_hits(
    model: &Model,
    screen: &DiffScreen,
    comparison: &Comparison,
    place: usize,
    area: Rect,
    buffer: &mut Buffer,
) {
    let hit = match place.checked_sub(head(comparison)) {
        None => place
            .checked_sub(1)
            .and_then(|place| screen.search.hit(Spot::Statement(place))),
        Some(place) if model.width >= SIDE_BY_SIDE => {
            let (old, new) = comparison.pairs.get(place).copied().unwrap_or_default();
            let hits = [old, new].into_iter().flatten();
            hits.filter_map(|row| screen.search.hit(Spot::Row(row)))
                .max()
        }
        Some(place) => screen.search.hit(Spot::Row(place)),
    };
    if let Some(in_front) = hit {
        let theme = &model.look.theme;
        let style = if in_front { theme.hit } else { theme.warn };
        cells::mark(buffer, area, screen.search.text(), style);
    }
}

fn draw_line(
    theme: &Theme,
    comparison: &Comparison,
    place: usize,
    left: usize,
    wide: bool,
    area: Rect,
    buffer: &mut Buffer,
) {
    let head = head(comparison);
    if place < head {
        draw_statement(theme, comparison, place, left, area, buffer);
        return;
    }
    let place = place - head;
    if !wide {
        if let Some(row) = comparison.rows.get(place) {
            draw_row(theme, row, row.old.is_some(), left, true, area, buffer);
        }
        return;
    }
    let Some(&(old, new)) = comparison.pairs.get(place) else {
        return;
    };
    let half = area.width / 2;
    let right = Rect::new(area.x + half, area.y, area.width - half, 1);
    let row = |place: Option<usize>| place.and_then(|place| comparison.rows.get(place));
    if let Some(row) = row(old) {
        let whole = matches!(row.kind, RowKind::Key | RowKind::Gap);
        let half = Rect::new(area.x, area.y, half.saturating_sub(1), 1);
        draw_row(
            theme,
            row,
            true,
            left,
            false,
            if whole { area } else { half },
            buffer,
        );
        if whole {
            return;
        }
    }
    if let Some(row) = row(new) {
        draw_row(theme, row, false, left, false, right, buffer);
    }
}

fn draw_statement(
    theme: &Theme,
    comparison: &Comparison,
    place: usize,
    left: usize,
    area: Rect,
    buffer: &mut Buffer,
) {
    if place == 0 {
        let resends = comparison.statements.iter();
        let resends = resends
            .filter(|statement| statement.effect == Effect::Resends)
            .count();
        let mut title = text::plural(comparison.statements.len() as u64, "change", "changes");
        if resends > 0 {
            title.push_str(&format!(
                ", {resends} of the state key: what is true there is sent once more"
            ));
        }
        cells::put(buffer, area.x, area.y, area.width, &title, theme.strong);
        return;
    }
    let Some(statement) = comparison.statements.get(place - 1) else {
        return;
    };
    let style = match statement.effect {
        Effect::Added => theme.added,
        Effect::Removed => theme.removed,
        Effect::Changed => theme.text,
        Effect::Resends => theme.warn,
    };
    let line = statement.to_string();
    let line = text::part(&line, left, usize::from(area.width));
    cells::put(buffer, area.x, area.y, area.width, &line, style);
}

/// Draws one row; `unified` shows its sign and both numbers, else that of its side.
fn draw_row(
    theme: &Theme,
    row: &Row,
    old_side: bool,
    left: usize,
    unified: bool,
    area: Rect,
    buffer: &mut Buffer,
) {
    let (sign, style) = match row.kind {
        RowKind::Key => ("@@", theme.strong),
        RowKind::Gap => ("", theme.dim),
        RowKind::Same => (" ", theme.text),
        RowKind::Removed => ("-", theme.removed),
        RowKind::Added => ("+", theme.added),
    };
    if matches!(row.kind, RowKind::Key | RowKind::Gap) {
        let line = format!("{sign} {}", row.text());
        let line = text::part(&line, 0, usize::from(area.width));
        cells::put(buffer, area.x, area.y, area.width, &line, style);
        return;
    }
    let number = if old_side && !(unified && row.kind == RowKind::Same) {
        row.old
    } else {
        row.new
    };
    let number = number.map_or_else(String::new, |number| number.to_string());
    let mut x = area.x;
    let mut room = area.width;
    let mut put = |content: &str, style: Style| {
        let used = cells::put(buffer, x, area.y, room, content, style);
        x = x.saturating_add(used);
        room = room.saturating_sub(used);
    };
    if usize::from(area.width) > 4 * NUMBER {
        put(&format!("{number:>width$} ", width = NUMBER - 1), theme.dim);
    }
    put(&format!("{sign} "), style);
    // Without colours the changed words are seen by their underlining.
    let marked = style.add_modifier(Modifier::UNDERLINED | Modifier::BOLD);
    let mut skip = left;
    for (changed, piece) in &row.pieces {
        let shown = text::part(piece, skip, usize::from(area.width));
        if shown.is_empty() {
            // The whole of it is scrolled away.
            skip = skip.saturating_sub(text::width(&text::clean_line(piece)));
        } else {
            skip = 0;
        }
        put(&shown, if *changed { marked } else { style });
    }
}
