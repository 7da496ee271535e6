//! Keys: to what is in front, to the line or text being typed, or to an action.

use super::{
    applying, availability, bulk, editing, flash, perform, preview, prompts, subscribe, writes,
};
use crate::domain::Severity;
use crate::tui::action::ActionId;
use crate::tui::key::{Code, Key};
use crate::tui::keymap::Meaning;
use crate::tui::message::Effect;
use crate::tui::model::{Model, Overlay, Screen};
use crate::tui::widgets::confirm::{self, Confirm};
use crate::tui::widgets::help;
use crate::tui::widgets::palette::{self, Run};

pub(super) fn pressed(model: &mut Model, key: Key, effects: &mut Vec<Effect>) {
    if editing::is_vims(model, key) {
        editing::typed(model, key, effects);
        return;
    }
    let scopes = model.scopes();
    let mut typed = std::mem::take(&mut model.chord);
    typed.push(key);
    let mut meaning = model.keymap.lookup(&scopes, &typed);
    if meaning == Meaning::Nothing && typed.len() > 1 {
        // What was begun leads nowhere: the last key counts for itself, or ends it.
        if key == Key::plain(Code::Esc) {
            return;
        }
        meaning = model.keymap.lookup(&scopes, &[key]);
    }
    if meaning == Meaning::More {
        model.chord = if model.keymap.lookup(&scopes, &typed) == Meaning::More {
            typed
        } else {
            vec![key]
        };
        return;
    }
    if let Meaning::Action(id) = meaning {
        match model.overlays.last() {
            Some(_) if !always(id) => overlay_action(model, id, effects),
            _ => run(model, id, effects),
        }
        return;
    }
    let named = asks_for_name(model);
    match model.overlays.last_mut() {
        Some(Overlay::Prompt(prompt)) => {
            if prompt.line.key(key) {
                prompt.stem = None;
                prompts::typed(model, effects);
            }
        }
        Some(Overlay::Palette(palette)) => {
            if palette.line.key(key) {
                palette.selected = 0;
                palette.recalled = None;
                prompts::palette_typed(model, effects);
            }
        }
        Some(Overlay::Help(help)) => {
            if help.line.key(key) {
                help.selected = 0;
            }
        }
        Some(Overlay::Confirm(question)) => {
            if named && question.typed.key(key) {
                question.mistyped = false;
            }
        }
        None if matches!(model.screens.last(), Some(Screen::Subscribe(_))) => {
            subscribe::typed(model, key);
        }
        None => {
            editing::typed(model, key, effects);
        }
    }
}

/// Whether a question is in front that is answered by a name.
fn asks_for_name(model: &Model) -> bool {
    match model.overlays.last() {
        Some(Overlay::Confirm(question)) => confirm::name_to_type(model, question).is_some(),
        _ => false,
    }
}

pub(super) fn pasted(model: &mut Model, text: &str, effects: &mut Vec<Effect>) {
    let named = asks_for_name(model);
    match model.overlays.last_mut() {
        Some(Overlay::Prompt(prompt)) => {
            prompt.line.insert(text);
            prompts::typed(model, effects);
        }
        Some(Overlay::Palette(palette)) => {
            palette.line.insert(text);
            prompts::palette_typed(model, effects);
        }
        Some(Overlay::Help(help)) => help.line.insert(text),
        Some(Overlay::Confirm(question)) => {
            if named {
                question.typed.insert(text);
                question.mistyped = false;
            }
        }
        None if matches!(model.screens.last(), Some(Screen::Subscribe(_))) => {
            subscribe::pasted(model, text);
        }
        None => {
            editing::pasted(model, text);
        }
    }
}

fn always(id: ActionId) -> bool {
    matches!(
        id,
        ActionId::Interrupt | ActionId::Redraw | ActionId::Suspend
    )
}

/// Does an action, or says why it can't be done.
pub(super) fn run(model: &mut Model, id: ActionId, effects: &mut Vec<Effect>) {
    match availability::reason(model, id) {
        Some(reason) => flash(model, Severity::Warning, reason),
        None => perform::act(model, id, effects),
    }
}

/// An action of what is in front.
fn overlay_action(model: &mut Model, id: ActionId, effects: &mut Vec<Effect>) {
    match id {
        ActionId::Dismiss => dismiss(model, effects),
        ActionId::Accept => accept(model, effects),
        ActionId::Yes => {
            if let Some(Overlay::Confirm(question)) = model.overlays.last_mut() {
                question.accept = true;
            }
            accept(model, effects);
        }
        ActionId::Switch => switch(model, effects),
        ActionId::Down => step(model, 1),
        ActionId::Up => step(model, -1),
        ActionId::PageDown => step(model, 10),
        ActionId::PageUp => step(model, -10),
        _ => {}
    }
}

/// Closes what is in front.
pub(super) fn dismiss(model: &mut Model, effects: &mut Vec<Effect>) {
    match model.overlays.pop() {
        Some(Overlay::Prompt(prompt)) => prompts::dismissed(model, &prompt, effects),
        Some(Overlay::Confirm(_)) => refused(model),
        _ => {}
    }
}

/// A question was answered with no.
fn refused(model: &mut Model) {
    applying::not_applied(model);
    bulk::not_confirmed(model);
}

/// Enter in a question: the button with the focus, or, in a protected context, the typed name.
fn answer(model: &mut Model, mut question: Box<Confirm>, effects: &mut Vec<Effect>) {
    let name = confirm::name_to_type(model, &question);
    let right = name.map(|name| question.typed.text().trim() == name);
    match right {
        Some(false) => {
            question.mistyped = true;
            model.overlays.push(Overlay::Confirm(question));
        }
        None if !question.accept => refused(model),
        None | Some(true) => writes::confirmed(model, question.then, effects),
    }
}

fn accept(model: &mut Model, effects: &mut Vec<Effect>) {
    match model.overlays.pop() {
        Some(Overlay::Confirm(question)) => answer(model, question, effects),
        Some(Overlay::Prompt(prompt)) => prompts::accepted(model, prompt, effects),
        Some(Overlay::Help(help)) => {
            let entries = help::entries(model, &help);
            if let Some((_, action)) = entries.get(help.selected) {
                run(model, action.id, effects);
            }
        }
        Some(Overlay::Palette(palette)) => {
            let typed = palette.line.text().to_owned();
            let entries = palette::entries(model, &typed);
            let place = palette.selected.min(entries.len().saturating_sub(1));
            match entries.into_iter().nth(place) {
                Some(entry) => prompts::run_entry(model, palette, entry, effects),
                None => model.overlays.push(Overlay::Palette(palette)),
            }
        }
        None => {}
    }
}

/// Tab: the other button of a question; completes an entry of the palette.
fn switch(model: &mut Model, effects: &mut Vec<Effect>) {
    match model.overlays.last() {
        Some(Overlay::Confirm(_)) => {
            if let Some(Overlay::Confirm(question)) = model.overlays.last_mut() {
                question.accept = !question.accept;
            }
        }
        Some(Overlay::Prompt(_)) => preview::complete(model),
        Some(Overlay::Palette(palette)) => {
            let entries = palette::entries(model, palette.line.text());
            if let Some(entry) = entries.into_iter().nth(palette.selected) {
                let line = match entry.run {
                    Run::Complete(line) => line,
                    _ => entry.title,
                };
                prompts::palette_line(model, &line, effects);
            }
        }
        _ => {}
    }
}

fn step(model: &mut Model, rows: i64) {
    // Up from the first entry, as in a shell, and back down from there.
    if let Some(Overlay::Palette(palette)) = model.overlays.last_mut()
        && rows.abs() == 1
        && palette.selected == 0
        && palette.recall(&model.palette_history, rows < 0)
    {
        return;
    }
    let count = match model.overlays.last() {
        Some(Overlay::Palette(palette)) => palette::entries(model, palette.line.text()).len(),
        Some(Overlay::Help(state)) => help::entries(model, state).len(),
        _ => 0,
    };
    let moved = |selected: usize| {
        let place = i64::try_from(selected)
            .unwrap_or(0)
            .saturating_add(rows)
            .max(0);
        usize::try_from(place)
            .unwrap_or(0)
            .min(count.saturating_sub(1))
    };
    let height = match model.overlays.last() {
        Some(Overlay::Confirm(question)) => confirm::rows(model, question),
        _ => 0,
    };
    match model.overlays.last_mut() {
        Some(Overlay::Palette(palette)) => palette.selected = moved(palette.selected),
        Some(Overlay::Help(help)) => help.selected = moved(help.selected),
        Some(Overlay::Confirm(question)) => question.view.scroll(rows, height),
        Some(Overlay::Prompt(_)) => {
            // The list below moves while its filter is typed.
            perform::move_by(model, rows);
        }
        None => {}
    }
}
