//! From the model to cells; changes nothing.

use super::action::{self, ActionId};
use super::keymap::text_of;
use super::layout::{self, Shape};
use super::model::{Model, Overlay, Phase, Screen};
use super::screens::{
    blast, bulk, delivery, diff, drafts, editor, events, merge, overview, preview, resource, start,
    subscribe, text as text_screen, versions, views,
};
use super::text;
use super::update::gitops;
use super::widgets::{cells, confirm, footer, header, help, palette, prompt};
use crate::domain::Severity;
use ratatui::Frame;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use std::sync::atomic::Ordering;

/// Draws everything.
pub fn view(model: &Model, frame: &mut Frame) {
    draw(model, frame.buffer_mut());
}

/// Draws everything into a buffer of the terminal's size.
pub fn draw(model: &Model, buffer: &mut Buffer) {
    let area = buffer.area;
    // While the terminal changes its size, buffer and model may differ for a moment.
    if area.width < model.width || area.height < model.height {
        return;
    }
    let shape = layout::shape(model.width, model.height);
    if shape == Shape::Tiny {
        let notice = format!(
            "too small: kubechime needs 20x5, not {}x{}",
            model.width, model.height
        );
        cells::put(buffer, 0, 0, model.width, &notice, model.look.theme.text);
        return;
    }
    let areas = layout::areas(
        model.width,
        model.height,
        model.overview.pane,
        model.overview.zoomed,
    );
    draw_header(model, &areas, shape, buffer);
    match model.screens.last() {
        Some(Screen::Views(screen)) => views::draw(model, screen, buffer),
        Some(Screen::Bulk(screen)) => bulk::draw(model, screen, buffer),
        Some(Screen::Blast) => {
            if let Some(state) = &model.blast {
                blast::draw(model, state, buffer);
            }
        }
        Some(Screen::Preview(screen)) => preview::draw(model, screen, buffer),
        Some(Screen::Resource(screen)) => resource::draw(model, screen, buffer),
        Some(Screen::Delivery(screen)) => delivery::draw(model, screen, buffer),
        Some(Screen::Text(screen)) => text_screen::draw(model, screen, buffer),
        Some(Screen::Events(screen)) => events::draw(model, screen, buffer),
        Some(Screen::Editor(screen)) => editor::draw(model, screen, buffer),
        Some(Screen::Diff(screen)) => diff::draw(model, screen, buffer),
        Some(Screen::Versions(screen)) => versions::draw(model, screen, buffer),
        Some(Screen::Merge(screen)) => merge::draw(model, screen, buffer),
        Some(Screen::Subscribe(screen)) => subscribe::draw(model, screen, buffer),
        Some(Screen::Drafts(screen)) => drafts::draw(model, screen, buffer),
        None if model.session.phase != Phase::Running => start::draw(model, buffer),
        None => overview::draw(model, buffer),
    }
    draw_footer(model, &areas, shape, buffer);
    if let Some(overlay) = model.overlays.last() {
        match overlay {
            Overlay::Confirm(question) => confirm::draw(model, question, buffer),
            Overlay::Palette(state) => palette::draw(model, state, buffer),
            Overlay::Help(state) => help::draw(model, state, buffer),
            Overlay::Prompt(line) => {
                let place = if areas.path.is_empty() {
                    areas.keys
                } else {
                    areas.path
                };
                prompt::draw(model, line, place, buffer);
            }
        }
    }
    if model.look.ascii {
        for cell in buffer
            .content
            .iter_mut()
            .filter(|cell| cell.symbol() == "…")
        {
            cell.set_symbol("~");
        }
    }
}

fn draw_header(model: &Model, areas: &layout::Areas, shape: Shape, buffer: &mut Buffer) {
    match shape {
        Shape::Tiny => {}
        Shape::One => match model.screens.last() {
            None => header::draw_small(model, areas.header, buffer),
            Some(screen) => {
                header::draw_title(model, areas.header, &titled(model, screen), buffer);
            }
        },
        Shape::Tabs => {
            header::draw(model, areas.header, buffer);
            if model.screens.is_empty() && model.session.phase == Phase::Running {
                header::draw_tabs(model, areas.tabs, buffer);
            } else if let Some(screen) = model.screens.last() {
                let (x, y, width) = (areas.tabs.x + 1, areas.tabs.y, areas.tabs.width);
                let style = model.look.theme.strong;
                let title = titled(model, screen);
                cells::put(buffer, x, y, width.saturating_sub(1), &title, style);
            }
        }
        Shape::Four => {
            header::draw(model, areas.header, buffer);
            if let Some(screen) = model.screens.last() {
                let (x, y, width) = (areas.counters.x + 1, areas.counters.y, areas.counters.width);
                let style = model.look.theme.strong;
                let title = titled(model, screen);
                cells::put(buffer, x, y, width.saturating_sub(1), &title, style);
            } else if model.session.phase == Phase::Running {
                header::draw_counters(model, areas.counters, buffer);
            }
        }
    }
}

/// The title, with a warning before an edit that will be undone.
fn titled(model: &Model, screen: &Screen) -> String {
    let title = screen_title(screen);
    let keeper = match screen {
        Screen::Editor(_) => gitops::keeper(model),
        _ => None,
    };
    match keeper {
        Some(keeper) => format!("{title}  ! kept by {}: edits are undone", keeper.name),
        None => title,
    }
}

fn screen_title(screen: &Screen) -> String {
    match screen {
        Screen::Views(screen) => views::tabs(screen),
        Screen::Bulk(screen) => bulk::title(screen),
        Screen::Blast => "blast radius".to_owned(),
        Screen::Preview(screen) => preview::title(screen),
        Screen::Resource(screen) => resource::tabs(screen),
        Screen::Delivery(screen) => {
            let row = &screen.row;
            format!("{} {}  {}", row.new.id, row.state, delivery::summary(row))
        }
        Screen::Text(screen) => screen.title(),
        Screen::Events(_) => "events".to_owned(),
        Screen::Editor(editor) => editor::title(editor),
        Screen::Diff(_) => "difference".to_owned(),
        Screen::Versions(_) => "versions".to_owned(),
        Screen::Merge(screen) => format!("merge {}", screen.id.title()),
        Screen::Subscribe(_) => "subscriptions".to_owned(),
        Screen::Drafts(_) => "drafts".to_owned(),
    }
}

fn path(model: &Model) -> String {
    let mut path = vec!["overview".to_owned()];
    if model.screens.is_empty() {
        path.push(model.overview.pane.title().to_lowercase());
        if let Some(key) = &model.overview.resources.selected
            && model.overview.pane == overview::Pane::Triggers
        {
            path.push(format!("{} {key}", key.kind.variable()));
        }
    }
    for screen in &model.screens {
        path.push(match screen {
            Screen::Views(screen) => screen.view.title().to_lowercase(),
            Screen::Bulk(screen) => screen.deed.title().to_lowercase(),
            Screen::Blast => "blast radius".to_owned(),
            Screen::Preview(screen) => preview::title(screen),
            Screen::Resource(screen) => format!("{} {}", screen.key.kind.variable(), screen.key),
            Screen::Delivery(screen) => format!("delivery {}", screen.row.new.id),
            Screen::Text(screen) => screen.title(),
            Screen::Events(_) => "events".to_owned(),
            Screen::Editor(editor) => format!("editor {}", editor.id.title()),
            Screen::Diff(_) => "diff".to_owned(),
            Screen::Versions(_) => "versions".to_owned(),
            Screen::Merge(_) => "merge".to_owned(),
            Screen::Subscribe(_) => "subscribe".to_owned(),
            Screen::Drafts(_) => "drafts".to_owned(),
        });
    }
    path.join(" > ")
}

fn draw_footer(model: &Model, areas: &layout::Areas, shape: Shape, buffer: &mut Buffer) {
    let theme = &model.look.theme;
    if !areas.path.is_empty() {
        let area = areas.path;
        let used = cells::put(
            buffer,
            area.x + 1,
            area.y,
            area.width - 1,
            &path(model),
            theme.dim,
        );
        let filter = match model.screens.last() {
            None => model.overview.filter_text(model.overview.pane),
            Some(Screen::Events(screen)) => &screen.filter_text,
            Some(Screen::Views(screen)) => &screen.filter_text,
            Some(Screen::Blast) => model.blast.as_ref().map_or("", |b| &b.filter_text),
            Some(_) => "",
        };
        if !filter.is_empty() {
            let room = area.width.saturating_sub(used + 3);
            let filter = format!("filter: {filter}");
            cells::put_right(buffer, area.x + used + 2, area.y, room, &filter, theme.warn);
        }
    }
    let flash = flash(model, shape);
    if shape != Shape::One || flash.is_none() {
        footer::draw(model, areas.keys, buffer);
    }
    let area = areas.flash;
    let mut room = area.width.saturating_sub(1);
    let unseen = model.notices.unseen();
    if unseen > 0 && shape != Shape::One {
        let key = action::describe(ActionId::Events)
            .map_or_else(String::new, |action| model.keymap.label(action));
        let hint = format!("{key} events ({unseen})");
        let cells = u16::try_from(text::width(&hint)).unwrap_or(0) + 1;
        room = room.saturating_sub(cells + 1);
        cells::put_right(
            buffer,
            area.x,
            area.y,
            area.width.saturating_sub(1),
            &hint,
            theme.warn,
        );
    }
    if let Some((severity, message)) = flash {
        let mark = match severity {
            Severity::Info => "",
            Severity::Warning => "warning: ",
            Severity::Error => "error: ",
        };
        let style = theme.severity(severity);
        let line = Rect::new(area.x + 1, area.y, room, 1);
        cells::put_pieces(buffer, line, &[(mark, style), (&message, style)]);
    }
}

/// The message to show: the status line's, or, in the editor without a side pane, the editor's.
fn flash(model: &Model, shape: Shape) -> Option<(Severity, String)> {
    if !model.chord.is_empty() {
        return Some((Severity::Info, format!("{}> ...", text_of(&model.chord))));
    }
    if let Some(flash) = &model.flash {
        return Some((flash.severity, flash.text.clone()));
    }
    if let Some(export) = &model.export {
        let rows = text::count(export.written.load(Ordering::Relaxed));
        let all = overview::history_count(model);
        let key = action::describe(ActionId::Stop)
            .map_or_else(String::new, |action| model.keymap.label(action));
        let path = export.path.display();
        let text = format!("writing {path}: {rows} rows of {all}  {key} stops");
        return Some((Severity::Info, text));
    }
    if shape != Shape::One
        && let Some(Screen::Resource(screen)) = model.screens.last()
        && let Some(value) = screen.long_value()
    {
        return Some((Severity::Info, value.to_owned()));
    }
    match model.screens.last() {
        Some(Screen::Editor(editor))
            if editor.replacing.is_some() || (shape == Shape::One && editor.message.is_some()) =>
        {
            Some(editor::message(editor))
        }
        _ => None,
    }
}
