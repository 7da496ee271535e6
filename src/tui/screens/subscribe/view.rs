//! Drawing the form: fields, names that fit, hints, and the subscriptions there are.

use super::{Field, SubscribeScreen};
use crate::tui::layout;
use crate::tui::model::Model;
use crate::tui::text;
use crate::tui::widgets::{cells, frame, prompt};
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;

/// Cells of a field's name.
const LABEL: usize = 12;

/// Draws the screen.
pub fn draw(model: &Model, screen: &SubscribeScreen, buffer: &mut Buffer) {
    let shape = layout::shape(model.width, model.height);
    let body = layout::areas(model.width, model.height, model.overview.pane, true).body;
    let inside = frame::draw(buffer, &model.look, shape, body, &screen.title(), "", true);
    let theme = &model.look.theme;
    let mut y = inside.y;
    for (field, label, line) in [
        (Field::Trigger, "trigger", &screen.trigger),
        (Field::Service, "service", &screen.service),
        (Field::Recipients, "recipients", &screen.recipients),
    ] {
        if y >= inside.bottom() {
            return;
        }
        let here = screen.field == field;
        let mark = if here { ">" } else { " " };
        let label = format!("{mark}{label:<LABEL$}");
        let area = Rect::new(inside.x, y, inside.width, 1);
        if here {
            prompt::draw_line(buffer, area, &label, line, theme.strong, theme.selected);
        } else {
            cells::put_pieces(
                buffer,
                area,
                &[(&label, theme.dim), (line.text(), theme.text)],
            );
        }
        y += 1;
        if here {
            for (place, name) in screen.offered(model).iter().enumerate() {
                if y >= inside.bottom() {
                    return;
                }
                let chosen = screen.offer == Some(place);
                let style = if chosen { theme.selected } else { theme.dim };
                let x = inside.x + u16::try_from(LABEL).unwrap_or(0) + 1;
                let room = inside.right().saturating_sub(x);
                let mark = if chosen { ">" } else { " " };
                cells::put(buffer, x, y, room, &format!("{mark}{name}"), style);
                y += 1;
            }
        }
    }
    let mut put = |content: &str, style: Style| {
        for part in text::wrap(content, usize::from(inside.width)) {
            if y < inside.bottom() {
                cells::put(buffer, inside.x, y, inside.width, &part, style);
                y += 1;
            }
        }
    };
    for (content, style) in hints(model, screen) {
        put(&content, style);
    }
    if screen.resources.len() != 1 {
        return;
    }
    put("", theme.text);
    let list = screen.list();
    let owner = screen.subscribable().and_then(|found| found.owner.as_ref());
    let whose = match owner {
        Some(owner) if screen.template => {
            format!("in the template of {} {}", owner.key.kind.kind, owner.key)
        }
        _ => "in its own annotations".to_owned(),
    };
    match &screen.found {
        None => put("asking the server ...", theme.dim),
        Some(Err(problem)) => put(problem, theme.bad),
        Some(Ok(_)) => {
            let count = text::plural(list.len() as u64, "subscription", "subscriptions");
            put(&format!("{count} {whose}"), theme.strong);
        }
    }
    for (place, entry) in list.iter().enumerate() {
        let here = screen.field == Field::List && screen.selected == place;
        let mark = if here { ">" } else { " " };
        let trigger = entry.trigger.as_deref().unwrap_or("(default triggers)");
        let note = if entry.removable {
            ""
        } else {
            "  (in a list written as YAML)"
        };
        let line = format!("{mark} {trigger:<24} {}{note}", entry.destination.label());
        put(&line, if here { theme.selected } else { theme.text });
    }
}

fn hints(model: &Model, screen: &SubscribeScreen) -> Vec<(String, Style)> {
    let theme = &model.look.theme;
    let mut hints = Vec::new();
    if let Some(view) = &model.session.catalog
        && let Some(problem) = screen.problem(view)
    {
        hints.push((problem, theme.dim));
    }
    let Some(found) = screen.subscribable() else {
        return hints;
    };
    let key = |id| {
        let action = crate::tui::action::describe(id);
        action.map_or_else(String::new, |action| model.keymap.label(action))
    };
    let switch = key(crate::tui::action::ActionId::SubscriptionTarget);
    match (&found.owned_by, &found.owner, screen.template) {
        (Some(_), Some(owner), true) => hints.push((
            format!(
                "writes to the template of {} {}: its objects are made anew with it; {switch} \
                 takes the object itself",
                owner.key.kind.kind, owner.key
            ),
            theme.warn,
        )),
        (Some(by), Some(_), false) => hints.push((
            format!(
                "made by {by}: the subscription is lost when the object is made anew; {switch} \
                 writes to the template instead"
            ),
            theme.warn,
        )),
        (Some(by), None, _) => hints.push((
            format!("made by {by}: the subscription is lost when the object is made anew"),
            theme.warn,
        )),
        (None, ..) => {}
    }
    if let Some(refused) = screen.refused() {
        hints.push((format!("not allowed: {refused}"), theme.bad));
    }
    hints
}
