//! The last line: the keys that work here, from the action registry; what can't be done now is
//! dimmed.

use super::cells;
use crate::tui::action::{self, Action, ActionId, Scope};
use crate::tui::model::Model;
use crate::tui::text;
use crate::tui::update::availability;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

/// The actions of these scopes, the ones of inner scopes first, each id once.
pub fn actions(model: &Model, scopes: &[Scope]) -> Vec<&'static Action> {
    let mut found: Vec<&'static Action> = Vec::new();
    for scope in scopes {
        for action in action::all().filter(|action| action.scopes.contains(scope)) {
            let same_key = |other: &&Action| {
                let key = model.keymap.label(other);
                other.name == action.name || (!key.is_empty() && key == model.keymap.label(action))
            };
            if !found.iter().any(same_key) {
                found.push(action);
            }
        }
    }
    found
}

/// Draws as many hints as fit, and always where help is: it lists the others.
pub fn draw(model: &Model, area: Rect, buffer: &mut Buffer) {
    let theme = &model.look.theme;
    let mut shown = actions(model, &model.scopes());
    shown.retain(|action| action.footer > 0);
    shown.sort_by_key(|action| action.footer);
    let is_help = |action: &&Action| action.id == ActionId::Help;
    let help = shown.iter().position(is_help).map(|at| shown.remove(at));
    let width = |action: &Action| {
        let key = model.keymap.label(action);
        let cells = text::width(&key) + text::width(action.title) + 3;
        u16::try_from(cells).unwrap_or(u16::MAX)
    };
    let mut kept = help.map_or(0, width);
    let mut x = area.x + 1;
    for action in shown.into_iter().chain(help) {
        let key = model.keymap.label(action);
        if key.is_empty() {
            continue;
        }
        if help.is_some_and(|help| help.id == action.id) {
            kept = 0;
        }
        let end = x.saturating_add(width(action)).saturating_add(kept);
        if end > area.right().saturating_add(2) {
            continue;
        }
        let off = availability::reason(model, action.id).is_some();
        let (key_style, style) = if off {
            (theme.dim, theme.dim)
        } else {
            (theme.key, theme.text)
        };
        let room = area.right().saturating_sub(x);
        x += cells::put(buffer, x, area.y, room, &key, key_style);
        x += 1;
        x += cells::put(
            buffer,
            x,
            area.y,
            area.right().saturating_sub(x),
            action.title,
            style,
        );
        x += 2;
    }
}
