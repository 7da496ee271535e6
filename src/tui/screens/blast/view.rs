//! Drawing a blast radius: the summary above, destinations and effects below it.

use super::{Blast, Side, Sort, because, mark, totals};
use crate::domain::Destination;
use crate::engine::{Succession, Totals, WorkPhase};
use crate::tui::action::{self, ActionId};
use crate::tui::clock;
use crate::tui::layout::{self, Shape};
use crate::tui::model::Model;
use crate::tui::text;
use crate::tui::widgets::cells::{self, Column, column};
use crate::tui::widgets::frame;
use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};
use ratatui::style::Style;

const DESTINATIONS: &[Column] = &[
    column("", 1, 0, 0, false),
    column("DESTINATION", 14, 4, 0, false),
    column("NEW", 7, 0, 1, true),
    column("AGAIN", 7, 0, 1, true),
    column("STOPPED", 7, 0, 3, true),
    column("IMPOSS.", 7, 0, 4, true),
];

const EFFECTS: &[Column] = &[
    column(" S", 2, 0, 0, false),
    column("EFFECT", 10, 0, 3, false),
    column("RESOURCE", 18, 5, 0, false),
    column("TRIGGER", 12, 2, 2, false),
    column("TO", 12, 2, 1, false),
    column("BECAUSE", 14, 5, 4, false),
];

/// Where the parts are.
struct Areas {
    summary: Rect,
    destinations: Rect,
    effects: Rect,
}

fn areas(model: &Model, blast: &Blast, lines: usize) -> Areas {
    let shape = layout::shape(model.width, model.height);
    let body = layout::areas(model.width, model.height, model.overview.pane, true).body;
    let border = if shape == Shape::One { 0 } else { 2 };
    let wanted = u16::try_from(lines)
        .unwrap_or(u16::MAX)
        .saturating_add(border);
    let above = wanted.min(body.height.saturating_sub(4 + border)).max(1);
    let above = above.min(body.height);
    let summary = Rect::new(body.x, body.y, body.width, above);
    let rest = Rect::new(body.x, summary.bottom(), body.width, body.height - above);
    let none = Rect::default();
    let (destinations, effects) = match (shape, blast.side) {
        (Shape::Four, _) => {
            let left = rest.width * 2 / 5;
            let right = Rect::new(rest.x + left, rest.y, rest.width - left, rest.height);
            (Rect::new(rest.x, rest.y, left, rest.height), right)
        }
        (_, Side::Destinations) => (rest, none),
        (_, Side::Effects) => (none, rest),
    };
    Areas {
        summary,
        destinations,
        effects,
    }
}

/// What a click on the screen may be on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Spot {
    /// A sort of effects, in the border of their list.
    Sort(Sort),
    /// A row of a list that is on the screen, from its first visible one; there may be none.
    Row(Side, usize),
    /// Another part of a list.
    List(Side),
}

/// What is at a cell of the screen.
pub fn spot_at(model: &Model, blast: &Blast, at: Position) -> Option<Spot> {
    let shape = layout::shape(model.width, model.height);
    let areas = areas(model, blast, summary(model, blast).len());
    let lists = [
        (Side::Destinations, areas.destinations),
        (Side::Effects, areas.effects),
    ];
    let (side, area) = lists.into_iter().find(|(_, area)| area.contains(at))?;
    let inside = layout::inside(shape, area);
    if inside.contains(at) {
        // The first line has the heads.
        let row = usize::from(at.y - inside.y).checked_sub(1);
        return Some(row.map_or(Spot::List(side), |row| Spot::Row(side, row)));
    }
    let on_title = side == Side::Effects && at.y == area.y && inside != area;
    let mut x = area.x + TITLE;
    for (sort, word) in sorts(blast).into_iter().filter(|_| on_title) {
        let cells = u16::try_from(text::width(&word)).unwrap_or(u16::MAX);
        if (x..x.saturating_add(cells)).contains(&at.x) {
            return Some(Spot::Sort(sort));
        }
        x = x.saturating_add(cells).saturating_add(1);
    }
    Some(Spot::List(side))
}

/// Cells of a border before its title.
const TITLE: u16 = 2;

/// The sorts of which there is something, as words of the title.
fn sorts(blast: &Blast) -> Vec<(Sort, String)> {
    let shown = Sort::ALL.into_iter().filter_map(|sort| {
        let word = if sort == blast.sort {
            format!("[{}]", sort.title())
        } else if sort == Sort::All || sort.of(&blast.news.radius.totals) > 0 {
            sort.title().to_owned()
        } else {
            return None;
        };
        Some((sort, word))
    });
    shown.collect()
}

/// Rows of the list with the focus.
pub fn height(model: &Model, blast: &Blast) -> usize {
    height_of(model, blast, blast.side)
}

/// Rows of a list.
pub fn height_of(model: &Model, blast: &Blast, side: Side) -> usize {
    let shape = layout::shape(model.width, model.height);
    let areas = areas(model, blast, summary(model, blast).len());
    let area = match side {
        Side::Destinations => areas.destinations,
        Side::Effects => areas.effects,
    };
    usize::from(layout::inside(shape, area).height.saturating_sub(1))
}

fn key(model: &Model, id: ActionId) -> String {
    action::describe(id).map_or_else(String::new, |action| model.keymap.label(action))
}

/// The lines of the summary, the most important ones first.
fn summary(model: &Model, blast: &Blast) -> Vec<(String, Style)> {
    let theme = &model.look.theme;
    let news = &blast.news;
    let found = &news.radius.totals;
    let style = if found.is_harmless() {
        theme.good
    } else {
        theme.warn
    };
    let mut lines = vec![(totals(found), style), progress(model, blast)];
    if found.sent_again > 0 || blast.migratable() > 0 {
        let changes: Vec<String> = news.changed_keys.iter().map(succession).collect();
        let why = format!("state keys change: {}", changes.join(", "));
        lines.push((why, theme.text));
        let hint = format!(
            "{} migrates {}: {} left to send",
            key(model, ActionId::MigrateKeys),
            text::plural(blast.migratable(), "entry", "entries"),
            text::count(found.sent),
        );
        lines.push((hint, theme.text));
    }
    if let Some(line) = migration(blast) {
        lines.push((line, theme.strong));
    }
    if let Some(failure) = blast
        .migration
        .as_ref()
        .and_then(|migration| migration.failures.first())
    {
        lines.push((format!("{}: {}", failure.0, failure.1), theme.bad));
    }
    for problem in news.broken.iter().take(3) {
        let line = format!("broken, its last good version counts: {problem}");
        lines.push((line, theme.bad));
    }
    if let Some(problem) = &news.problem {
        lines.push((format!("not all is fetched: {problem}"), theme.bad));
    }
    lines
}

fn succession(succession: &Succession) -> String {
    let (before, after) = (&succession.before, &succession.after);
    let why = match (before.hash == after.hash, succession.once_per) {
        (_, true) => "oncePer",
        (true, false) => "place",
        (false, false) => "text",
    };
    format!(
        "{}[{}] -> [{}] ({why})",
        succession.trigger, before.index, after.index
    )
}

/// How far it is, and how old.
fn progress(model: &Model, blast: &Blast) -> (String, Style) {
    let theme = &model.look.theme;
    let news = &blast.news;
    let (done, all) = (text::count(news.done), text::count(news.all));
    let stop = key(model, ActionId::Stop);
    match &news.phase {
        WorkPhase::Reading => ("reading the draft ...".to_owned(), theme.dim),
        WorkPhase::Looking => {
            let fetching = fetching(news.fetching);
            let text = format!("{done} of {all} resources{fetching}  {stop} stops");
            (text, theme.dim)
        }
        WorkPhase::Fetching => {
            let fetching = fetching(news.fetching);
            let text = format!("{done} of {all} resources{fetching} ...  {stop} stops");
            (text, theme.dim)
        }
        WorkPhase::Failed(problem) => (format!("failed: {problem}"), theme.bad),
        WorkPhase::Stopped => {
            let text = format!("stopped at {done} of {all} resources: these counts are not whole");
            (text, theme.warn)
        }
        WorkPhase::Over => {
            let took = news.took_ms.max(1);
            let rate = i64::try_from(news.done).unwrap_or(i64::MAX);
            let rate = rate.saturating_mul(1_000) / took;
            let rate = u64::try_from(rate).unwrap_or_default();
            let mut text = format!(
                "{done} resources in {} ({}/s) against rv {} at {}",
                clock::took(news.took_ms),
                text::count(rate),
                news.revision,
                clock::time(blast.at_ms, model.now_ms, &model.zone),
            );
            let stale = stale(model, blast);
            if let Some(why) = &stale {
                text.push_str(&format!(
                    "; {why}: {} again",
                    key(model, ActionId::BlastRadius)
                ));
            }
            let style = if stale.is_some() {
                theme.warn
            } else {
                theme.dim
            };
            (text, style)
        }
    }
}

fn fetching(objects: u64) -> String {
    if objects == 0 {
        return String::new();
    }
    format!(", {} fetching", text::count(objects))
}

/// Why a result is not of today any more.
pub fn stale(model: &Model, blast: &Blast) -> Option<String> {
    let live = model.session.catalog.as_ref();
    let live = live.map(|view| view.resource_version.as_str());
    let revision = &blast.news.revision;
    if !revision.is_empty() && live.is_some_and(|live| live != revision) {
        return Some(format!("stale, live is rv {}", live.unwrap_or_default()));
    }
    let changed = blast.changed_since;
    (changed > 0).then(|| {
        let count = text::plural(changed, "change", "changes");
        format!("stale, {count} of resources since")
    })
}

/// How a migration fares.
fn migration(blast: &Blast) -> Option<String> {
    let migration = blast.migration.as_ref()?;
    let what = if migration.undo {
        "taken back"
    } else {
        "migrated"
    };
    let mut line = format!(
        "{what}: {} of {}",
        text::plural(migration.entries, "entry", "entries"),
        text::plural(migration.written, "resource", "resources"),
    );
    if migration.failed > 0 {
        line.push_str(&format!(", {} failed", text::count(migration.failed)));
    }
    match &migration.phase {
        WorkPhase::Over => {}
        WorkPhase::Stopped => line.push_str(", stopped: begin again to go on"),
        WorkPhase::Failed(problem) => line.push_str(&format!(", failed: {problem}")),
        _ => {
            let (done, all) = (text::count(migration.done), text::count(migration.all));
            line.push_str(&format!(", {done} of {all} looked at ..."));
        }
    }
    Some(line)
}

/// Draws the screen.
pub fn draw(model: &Model, blast: &Blast, buffer: &mut Buffer) {
    let shape = layout::shape(model.width, model.height);
    let lines = summary(model, blast);
    let areas = areas(model, blast, lines.len());
    let title = format!("Blast radius of {}", blast.title);
    let inside = frame::draw(
        buffer,
        &model.look,
        shape,
        areas.summary,
        &title,
        "nothing is sent",
        false,
    );
    for (row, (line, style)) in lines.iter().enumerate().take(usize::from(inside.height)) {
        let y = inside.y + u16::try_from(row).unwrap_or_default();
        let line = text::clean(line);
        cells::put(buffer, inside.x, y, inside.width, &line, *style);
    }
    if !areas.destinations.is_empty() {
        draw_destinations(model, blast, shape, areas.destinations, buffer);
    }
    if !areas.effects.is_empty() {
        draw_effects(model, blast, shape, areas.effects, buffer);
    }
}

fn draw_destinations(model: &Model, blast: &Blast, shape: Shape, area: Rect, buffer: &mut Buffer) {
    let facts = text::count(blast.destinations.len() as u64);
    let focused = blast.side == Side::Destinations;
    let inside = frame::draw(
        buffer,
        &model.look,
        shape,
        area,
        "Destinations",
        &facts,
        focused,
    );
    let row = |place: usize| -> Option<Vec<String>> {
        let (name, totals): (String, &Totals) = match place.checked_sub(1) {
            None => ("all".to_owned(), &blast.news.radius.totals),
            Some(place) => {
                let (to, totals) = blast.destinations.get(place)?;
                (to.label(), totals)
            }
        };
        Some(vec![
            name,
            text::count(totals.sent),
            text::count(totals.sent_again),
            text::count(totals.stopped),
            text::count(totals.impossible),
        ])
    };
    let list = List {
        columns: DESTINATIONS,
        len: blast.destinations.len() + 1,
        window: &blast.destinations_window,
        focused,
    };
    list.draw(model, inside, buffer, |_| None, row);
}

fn draw_effects(model: &Model, blast: &Blast, shape: Shape, area: Rect, buffer: &mut Buffer) {
    let title = sorts(blast).into_iter().map(|(_, word)| word);
    let title = title.collect::<Vec<_>>().join(" ");
    let whole = blast.news.radius.totals.all();
    let kept = blast.effects.len() as u64;
    let mut facts = text::count(blast.listed.len() as u64);
    if kept < whole {
        facts = format!("{facts}, {} only counted", text::count(whole - kept));
    }
    if let Some(to) = &blast.destination {
        facts = format!("{}  {facts}", to.label());
    }
    let focused = blast.side == Side::Effects;
    let inside = frame::draw(buffer, &model.look, shape, area, &title, &facts, focused);
    let effect = |place: usize| {
        let place = blast.listed.get(place)?;
        blast.effects.get(*place)
    };
    if blast.listed.is_empty() {
        let note = if !blast.filter_text.is_empty() && !blast.effects.is_empty() {
            "nothing passes the filter"
        } else if blast.news.phase.is_over() {
            "nothing would be different"
        } else {
            "nothing yet"
        };
        let y = inside.y + u16::from(inside.height > 1);
        cells::put(
            buffer,
            inside.x,
            y,
            inside.width,
            note,
            model.look.theme.dim,
        );
        return;
    }
    let list = List {
        columns: EFFECTS,
        len: blast.listed.len(),
        window: &blast.effects_window,
        focused,
    };
    let row = |place: usize| {
        let effect = effect(place)?;
        let to = effect.destination.as_ref();
        Some(vec![
            effect.kind.word().to_owned(),
            effect.resource.qualified(),
            format!("{}[{}]", effect.trigger, effect.condition.index),
            to.map_or_else(String::new, Destination::label),
            because(&effect.kind),
        ])
    };
    let glyph = |place: usize| effect(place).map(|effect| mark(&effect.kind));
    list.draw(model, inside, buffer, glyph, row);
}

/// A list with heads, of which only the visible rows are made.
struct List<'l> {
    columns: &'static [Column],
    len: usize,
    window: &'l crate::tui::window::Window,
    focused: bool,
}

impl List<'_> {
    fn draw(
        &self,
        model: &Model,
        inside: Rect,
        buffer: &mut Buffer,
        glyph: impl Fn(usize) -> Option<crate::tui::theme::Mark>,
        row: impl Fn(usize) -> Option<Vec<String>>,
    ) {
        if inside.is_empty() {
            return;
        }
        let theme = &model.look.theme;
        let placed = cells::place(self.columns, inside.width);
        let head = Rect::new(inside.x, inside.y, inside.width, 1);
        cells::heads(buffer, head, self.columns, &placed, theme.dim);
        let rows = usize::from(inside.height - 1);
        for (line, place) in self.window.visible(self.len, rows).enumerate() {
            let Some(texts) = row(place) else { return };
            let y = inside.y + 1 + u16::try_from(line).unwrap_or_default();
            let selected = place == self.window.position;
            let cursor = if selected { ">" } else { " " };
            cells::put(buffer, inside.x, y, 1, cursor, theme.strong);
            if let Some(mark) = glyph(place) {
                cells::put(buffer, inside.x + 1, y, 1, mark.glyph(), theme.mark(mark));
            }
            for at in placed.iter().filter(|at| at.index > 0) {
                let (Some(column), Some(cell)) =
                    (self.columns.get(at.index), texts.get(at.index - 1))
                else {
                    continue;
                };
                let (x, cell) = (inside.x + at.x, text::clean(cell));
                if column.right {
                    cells::put_right(buffer, x, y, at.width, &cell, theme.text);
                } else {
                    cells::put(buffer, x, y, at.width, &cell, theme.text);
                }
            }
            if selected && self.focused {
                cells::shade(buffer, inside.x, y, inside.width, theme.selected);
            }
        }
    }
}
