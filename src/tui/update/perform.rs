//! What each action does, once it is known to be possible.

use super::{
    availability, drafts, flash, judging, keys, launch, prompts, settle, submit, writes,
};
use crate::domain::Severity;
use crate::engine::Command;
use crate::tui::action::ActionId;
use crate::tui::layout;
use crate::tui::message::{Effect, Job};
use crate::tui::model::{Model, Overlay, Phase, PromptFor, Purpose, Screen};
use crate::tui::screens::delivery::DeliveryScreen;
use crate::tui::screens::events::{self, EventsScreen};
use crate::tui::screens::overview::{LineId, Pane};
use crate::tui::screens::text::TextScreen;
use crate::tui::widgets::help::Help;

/// Farther than any list is long.
const END: i64 = i64::MAX;

/// Columns that one step sideways scrolls.
const SIDEWAYS: i64 = 8;

/// Does it.
pub(super) fn act(model: &mut Model, id: ActionId, effects: &mut Vec<Effect>) {
    match id {
        ActionId::Up => move_by(model, -1),
        ActionId::Down => move_by(model, 1),
        ActionId::PageUp => move_by(model, -page(model)),
        ActionId::PageDown => move_by(model, page(model)),
        ActionId::HalfUp => move_by(model, -(page(model) / 2).max(1)),
        ActionId::HalfDown => move_by(model, (page(model) / 2).max(1)),
        ActionId::First => to_end(model, false, effects),
        ActionId::Last => to_end(model, true, effects),
        ActionId::Left => sideways(model, false),
        ActionId::Right => sideways(model, true),
        ActionId::NextPane => next_pane(model, 1),
        ActionId::PreviousPane => next_pane(model, Pane::ALL.len() - 1),
        ActionId::Resources => model.overview.focus(Pane::Resources),
        ActionId::Triggers => model.overview.focus(Pane::Triggers),
        ActionId::History => model.overview.focus(Pane::History),
        ActionId::Keys => model.overview.focus(Pane::Keys),
        ActionId::Open => open(model, effects),
        ActionId::Back => back(model, effects),
        ActionId::Filter => prompts::open_filter(model),
        ActionId::Search => prompts::open(model, PromptFor::Search, ""),
        ActionId::NextHit => next_hit(model, true),
        ActionId::PreviousHit => next_hit(model, false),
        ActionId::Zoom => model.overview.zoomed = !model.overview.zoomed,
        ActionId::Sort => {
            let job = Job::Arrange(model.overview.resources.sort_next());
            effects.push(Effect::Job(model.session.id, job));
        }
        ActionId::Reverse => {
            let job = Job::Arrange(model.overview.resources.reverse());
            effects.push(Effect::Job(model.session.id, job));
        }
        ActionId::Follow => follow(model, effects),
        ActionId::Resend => writes::resend(model),
        ActionId::Clear => writes::clear(model),
        ActionId::Edit => drafts::edit(model),
        ActionId::NewKey => prompts::open(model, PromptFor::NewKey, "trigger."),
        ActionId::Yaml => yaml(model, effects),
        ActionId::GoToResource => go_to_resource(model),
        ActionId::Mode => prompts::open_palette(model, "mode ", effects),
        ActionId::Context => prompts::open_palette(model, "ctx ", effects),
        ActionId::Namespaces => prompts::open_palette(model, "ns ", effects),
        ActionId::Palette => prompts::open_palette(model, "", effects),
        ActionId::TakeLease => writes::take_lease(model),
        ActionId::Events => open_events(model),
        ActionId::Copy => copy(model, effects),
        ActionId::Retry => {
            let wanted = model.session.wanted.clone();
            launch(model, wanted, effects);
        }
        ActionId::Mouse => mouse(model, effects),
        ActionId::Help => model.overlays.push(Overlay::Help(Help::default())),
        ActionId::Apply => judging::begin(model, effects),
        ActionId::Rebase => drafts::rebase(model),
        ActionId::Discard => drafts::ask_discard(model),
        ActionId::Undo => {
            let now = model.now_ms;
            if let Some(Screen::Editor(editor)) = model.screens.last_mut() {
                editor.undo(now);
            }
        }
        ActionId::CloseEditor => drafts::close_editor(model, effects),
        ActionId::Quit => writes::quit(model, effects),
        ActionId::Interrupt => interrupt(model, effects),
        ActionId::Redraw => effects.push(Effect::Redraw),
        ActionId::Suspend => effects.push(Effect::Suspend),
        // Only with something in front, see `keys`.
        ActionId::Accept | ActionId::Yes | ActionId::Dismiss | ActionId::Switch => {}
    }
}

fn page(model: &Model) -> i64 {
    let rows = match model.screens.last() {
        None => settle::rows(model, model.overview.pane),
        Some(Screen::Events(_)) => events::rows(model),
        Some(_) => layout::text_rows(model.width, model.height),
    };
    i64::try_from(rows).unwrap_or(1).max(1)
}

/// Moves the selection of the front list, or scrolls the front text.
pub(super) fn move_by(model: &mut Model, rows: i64) {
    let text_height = layout::text_rows(model.width, model.height);
    let events_height = events::rows(model);
    match model.screens.last_mut() {
        Some(Screen::Text(screen)) => screen.view.scroll(rows, text_height),
        Some(Screen::Delivery(screen)) => screen.view_mut().scroll(rows, text_height),
        Some(Screen::Events(screen)) => screen.step(rows, &model.notices, events_height),
        Some(Screen::Editor(_)) => {}
        None => {
            let pane = model.overview.pane;
            let height = settle::rows(model, pane);
            let overview = &mut model.overview;
            match pane {
                Pane::Resources => overview.resources.step(rows, height),
                Pane::Triggers => overview.triggers.step(rows, height),
                Pane::History => overview.history.step(rows, height),
                Pane::Keys => overview.keys.step(rows, height),
            }
        }
    }
}

fn to_end(model: &mut Model, last: bool, effects: &mut Vec<Effect>) {
    if model.screens.is_empty() && model.overview.pane == Pane::History {
        let height = settle::rows(model, Pane::History);
        let history = &mut model.overview.history;
        let page = if last {
            history.to_oldest(height)
        } else {
            history.to_newest()
        };
        ask_page(model, page, effects);
    } else {
        move_by(model, if last { END } else { -END });
    }
}

fn ask_page(
    model: &mut Model,
    page: Option<(crate::tui::message::PageKind, crate::history::Anchor)>,
    effects: &mut Vec<Effect>,
) {
    if let Some((kind, from)) = page
        && model.session.history
    {
        let history = &mut model.overview.history;
        history.loading = true;
        let job = Job::Page {
            number: history.number,
            kind,
            from,
            query: history.query.clone(),
        };
        effects.push(Effect::Job(model.session.id, job));
    }
}

fn sideways(model: &mut Model, right: bool) {
    let cells = if right { SIDEWAYS } else { -SIDEWAYS };
    match model.screens.last_mut() {
        Some(Screen::Text(screen)) => screen.view.sideways(cells),
        Some(Screen::Delivery(screen)) => screen.view_mut().sideways(cells),
        Some(_) => {}
        None => {
            // Panes 1 and 3 are on the left, 2 and 4 on the right.
            let pane = model.overview.pane;
            let beside = match (pane, right) {
                (Pane::Resources, true) => Pane::Triggers,
                (Pane::History, true) => Pane::Keys,
                (Pane::Triggers, false) => Pane::Resources,
                (Pane::Keys, false) => Pane::History,
                _ => pane,
            };
            model.overview.focus(beside);
        }
    }
}

fn next_pane(model: &mut Model, steps: usize) {
    match model.screens.last_mut() {
        Some(Screen::Delivery(screen)) => screen.switch(),
        Some(_) => {}
        None => {
            let index = model.overview.pane.index() + steps;
            model.overview.focus(Pane::at(index));
        }
    }
}

fn open(model: &mut Model, effects: &mut Vec<Effect>) {
    match model.overview.pane {
        Pane::Resources => model.overview.focus(Pane::Triggers),
        Pane::Triggers => open_trigger(model),
        Pane::History => {
            if let Some(row) = model.overview.history.selected_row().cloned() {
                let (now, zone, stored) = (model.now_ms, &model.zone, model.session.history);
                let id = row.new.id;
                let screen = DeliveryScreen::new(row, stored, now, zone);
                model.screens.push(Screen::Delivery(Box::new(screen)));
                if stored {
                    effects.push(Effect::Job(model.session.id, Job::Detail(id)));
                }
            }
        }
        Pane::Keys => open_key(model, effects),
    }
}

/// From a condition to the key that it stands in.
fn open_trigger(model: &mut Model) {
    let name = match &model.overview.triggers.selected {
        Some(
            LineId::Trigger(trigger)
            | LineId::Condition { trigger, .. }
            | LineId::Target { trigger, .. },
        ) => format!("trigger.{trigger}"),
        Some(LineId::Note(_)) | None => return,
    };
    show_key(model, &name);
}

fn open_key(model: &mut Model, effects: &mut Vec<Effect>) {
    let Some(entry) = model.overview.keys.selected_entry() else {
        return;
    };
    if entry.draft || (entry.diagnostics.is_empty() && !model.is_read_only()) {
        keys::run(model, ActionId::Edit, effects);
    } else {
        let key = entry.key.clone();
        show_key(model, &key);
    }
}

fn show_key(model: &mut Model, key: &str) {
    let Some(view) = &model.session.catalog else {
        return;
    };
    let Some(value) = view.data.get(key) else {
        flash(
            model,
            Severity::Warning,
            format!("the ConfigMap has no key {key}"),
        );
        return;
    };
    let status = view.catalog.keys.get(key);
    let diagnostics = status.map_or(&[][..], |status| &status.diagnostics);
    let screen = TextScreen::key(key, value, diagnostics);
    model.screens.push(Screen::Text(screen));
}

fn back(model: &mut Model, effects: &mut Vec<Effect>) {
    if matches!(model.screens.last(), Some(Screen::Editor(_))) {
        drafts::close_editor(model, effects);
        return;
    }
    // An error that was read is the first thing to go.
    let flash = model.flash.take();
    if flash.is_some_and(|flash| flash.severity == Severity::Error) {
        return;
    }
    if model.screens.pop().is_none() {
        if model.overview.zoomed {
            model.overview.zoomed = false;
        } else if model.overview.pane != Pane::Resources {
            let previous = model.overview.previous;
            model.overview.focus(previous);
            model.overview.previous = Pane::Resources;
        }
    }
}

fn next_hit(model: &mut Model, forward: bool) {
    let height = layout::text_rows(model.width, model.height);
    match model.screens.last_mut() {
        Some(Screen::Text(screen)) => screen.view.next_hit(forward, height),
        Some(Screen::Delivery(screen)) => screen.view_mut().next_hit(forward, height),
        _ => {}
    }
}

fn follow(model: &mut Model, effects: &mut Vec<Effect>) {
    if model.overview.history.follow {
        model.overview.history.follow = false;
    } else {
        let page = model.overview.history.to_newest();
        ask_page(model, page, effects);
    }
}

fn yaml(model: &mut Model, effects: &mut Vec<Effect>) {
    let Some(key) = availability::target(model) else {
        return;
    };
    let command = Command::Object(key.clone());
    let request = submit(model, command, Purpose::Object(key.clone()), effects);
    model
        .screens
        .push(Screen::Text(TextScreen::object(key, request)));
}

fn go_to_resource(model: &mut Model) {
    match availability::target(model) {
        Some(key) => writes::go_to(model, key),
        None => flash(model, Severity::Warning, "its kind is not watched now"),
    }
}

fn open_events(model: &mut Model) {
    model.notices.seen();
    model.flash = None;
    if matches!(model.screens.last(), Some(Screen::Events(_))) {
        return;
    }
    let screen = EventsScreen {
        selected: model
            .notices
            .newest_first()
            .next()
            .map(|(number, _)| number),
        ..EventsScreen::default()
    };
    model.screens.push(Screen::Events(screen));
}

/// What copying takes: the text of a screen, or the name of what is selected.
fn copy(model: &mut Model, effects: &mut Vec<Effect>) {
    let overview = &model.overview;
    let text = match model.screens.last() {
        Some(Screen::Text(screen)) => Some(screen.source.to_string()),
        Some(Screen::Delivery(screen)) => Some(screen.view().text().to_string()),
        Some(Screen::Events(screen)) => {
            let shown = screen.shown(&model.notices);
            let selected = shown
                .iter()
                .find(|(number, _)| Some(*number) == screen.selected);
            selected.map(|(_, notice)| format!("{}\n{}", notice.text, notice.help))
        }
        Some(Screen::Editor(editor)) => Some(editor.text()),
        None => match overview.pane {
            Pane::Resources => overview
                .resources
                .selected
                .as_ref()
                .map(ToString::to_string),
            Pane::Triggers => {
                let selected = overview.triggers.selected.as_ref();
                let lines = overview.triggers.lines();
                let line = lines.iter().find(|line| Some(&line.id) == selected);
                line.map(|line| format!("{} {} {}", line.head, line.word, line.text))
            }
            Pane::History => {
                let row = overview.history.selected_row();
                row.map(|row| crate::tui::screens::delivery::summary(row))
            }
            Pane::Keys => {
                let key = overview.keys.selected.as_ref();
                let view = model.session.catalog.as_ref();
                key.zip(view)
                    .and_then(|(key, view)| view.data.get(key).cloned())
            }
        },
    };
    match text {
        Some(text) => effects.push(Effect::Copy(text)),
        None => flash(model, Severity::Warning, "nothing is selected"),
    }
}

fn mouse(model: &mut Model, effects: &mut Vec<Effect>) {
    model.mouse = !model.mouse;
    effects.push(Effect::Mouse(model.mouse));
    let text = if model.mouse {
        "the mouse is used here"
    } else {
        "the mouse is the terminal's: select text with it"
    };
    flash(model, Severity::Info, text);
}

/// `C-c`: out of what is in front, else out of the program.
fn interrupt(model: &mut Model, effects: &mut Vec<Effect>) {
    if model.overlays.is_empty() || model.session.phase != Phase::Running {
        writes::quit(model, effects);
    } else {
        keys::dismiss(model, effects);
    }
}
