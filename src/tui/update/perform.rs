//! What each action does, once it is known to be possible.

use super::{
    applying, availability, blast, bulk, drafts, editing, flash, held, judging, keys, launch,
    merge, opening, preview, prompts, resource, settle, submit, subscribe, sweep, versions, views,
    writes,
};
use crate::domain::Severity;
use crate::engine::Command;
use crate::tui::action::ActionId;
use crate::tui::layout;
use crate::tui::message::{Effect, Job};
use crate::tui::model::{Model, Overlay, Phase, PromptFor, Purpose, Screen};
use crate::tui::screens;
use crate::tui::screens::events::{self, EventsScreen};
use crate::tui::screens::merge::Choice;
use crate::tui::screens::overview::Pane;
use crate::tui::screens::resource::Side;
use crate::tui::screens::text::TextScreen;
use crate::tui::screens::views::View;
use crate::tui::sweep::Sweep;
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
        ActionId::Open => opening::open(model, effects),
        ActionId::Back => back(model, effects),
        ActionId::Filter => prompts::open_filter(model),
        ActionId::Search => prompts::open(model, PromptFor::Search, ""),
        ActionId::NextHit => next_hit(model, true),
        ActionId::PreviousHit => next_hit(model, false),
        ActionId::Zoom => model.overview.zoomed = !model.overview.zoomed,
        ActionId::Sort | ActionId::Reverse if !model.screens.is_empty() => {
            if let Some(Screen::Views(screen)) = model.screens.last_mut() {
                match id {
                    ActionId::Sort => screen.sort_next(),
                    _ => screen.reverse(),
                }
            }
        }
        ActionId::Sort => {
            let job = Job::Arrange(model.overview.resources.sort_next());
            effects.push(Effect::Job(model.session.id, job));
        }
        ActionId::Reverse => {
            let job = Job::Arrange(model.overview.resources.reverse());
            effects.push(Effect::Job(model.session.id, job));
        }
        ActionId::Follow => follow(model, effects),
        ActionId::Explain => {
            if let Some(key) = availability::target(model) {
                resource::open(model, key, None);
            }
        }
        ActionId::TriggerCounts => views::open(model, View::Triggers),
        ActionId::Services => views::open(model, View::Services),
        ActionId::Subscriptions => views::open(model, View::Subscriptions),
        ActionId::Stats => views::open(model, View::Stats),
        ActionId::Mark => bulk::mark(model),
        ActionId::MarkAll => bulk::mark_all(model, effects),
        ActionId::Stop => opening::stop(model, effects),
        ActionId::UndoClear => bulk::undo(model),
        ActionId::Baseline => writes::baseline(model),
        ActionId::ResendFailed => sweep::begin(model, Sweep::Failed, effects),
        ActionId::CancelWaiting => sweep::begin(model, Sweep::Waiting, effects),
        ActionId::Export => prompts::open(model, PromptFor::Export, "kubechime-history.csv"),
        ActionId::Try => resource::try_condition(model, effects),
        ActionId::FoldAll | ActionId::UnfoldAll => {
            if let Some(Screen::Resource(screen)) = model.screens.last_mut() {
                screen.fold_all(id == ActionId::UnfoldAll);
            }
        }
        ActionId::NextItem => opening::next_item(model, true, effects),
        ActionId::PreviousItem => opening::next_item(model, false, effects),
        ActionId::Variables => variables(model, effects),
        ActionId::Form => {
            let (now, zone) = (model.now_ms, model.zone.clone());
            match model.screens.last_mut() {
                Some(Screen::Delivery(screen)) => screen.next_form(now, &zone),
                Some(Screen::Preview(screen)) => screen.next_form(),
                _ => {}
            }
        }
        ActionId::Rerender => writes::rerender(model),
        ActionId::SendTo => writes::ask_destination(model),
        ActionId::CancelDelivery => writes::cancel(model),
        ActionId::ReleaseHeld => held::ask(model, held::Fate::Sent),
        ActionId::BaselineHeld => held::ask(model, held::Fate::MarkedAsSent),
        ActionId::Resend => writes::resend(model),
        ActionId::Clear => writes::clear(model),
        ActionId::Edit => opening::edit(model),
        ActionId::NewKey => prompts::open(model, PromptFor::NewKey, "trigger."),
        ActionId::Yaml => yaml(model, effects),
        ActionId::GoToResource => go_to_resource(model),
        ActionId::Theme => prompts::open_palette(model, "theme ", effects),
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
        ActionId::BlastRadius => blast::open(model, effects),
        ActionId::PreviewNotification => preview::open(model, effects),
        ActionId::PickResource => preview::pick_resource(model),
        ActionId::PickTemplate => preview::pick_template(model),
        ActionId::MigrateKeys => blast::ask_migration(model),
        ActionId::UndoMigration => blast::ask_undo(model),
        ActionId::Apply => judging::begin(model, effects),
        ActionId::Rebase => merge::begin(model, effects),
        ActionId::Diff => versions::open_diff(model, effects),
        ActionId::Versions => versions::open(model, effects),
        ActionId::Restore => versions::restore(model, effects),
        ActionId::Rollback if !model.subscribed.is_empty() => subscribe::ask_undo(model),
        ActionId::Rollback => applying::ask_rollback(model),
        ActionId::TakeLive => merge::choose(model, Choice::Live),
        ActionId::TakeMine => merge::choose(model, Choice::Mine),
        ActionId::TakeMerged => merge::choose(model, Choice::Merged),
        ActionId::EditConflict => merge::choose(model, Choice::Edit),
        ActionId::FinishMerge => merge::finish(model),
        ActionId::Subscribe => subscribe::open(model, effects),
        ActionId::AcceptField => subscribe::accept(model),
        ActionId::SendSubscription => subscribe::ask(model),
        ActionId::RemoveSubscription => subscribe::ask_removal(model),
        ActionId::SubscriptionTarget => subscribe::switch_target(model),
        ActionId::ExportConfig => {
            let view = model.session.catalog.as_ref();
            let name = view.map_or_else(String::new, |view| format!("{}.yaml", view.name));
            prompts::open(model, PromptFor::ExportConfig, &name);
        }
        ActionId::Discard => drafts::ask_discard(model),
        ActionId::Undo => {
            let now = model.now_ms;
            if let Some(Screen::Editor(editor)) = model.screens.last_mut() {
                editor.undo(now);
            }
        }
        ActionId::CloseEditor => editing::escape(model, effects),
        ActionId::Editing(what) => editing::act(model, what, effects),
        ActionId::Quit => writes::quit(model, effects),
        ActionId::Interrupt => interrupt(model, effects),
        ActionId::Redraw => effects.push(Effect::Redraw),
        ActionId::Suspend => effects.push(Effect::Suspend),
        // Only with something in front, see `keys`.
        ActionId::Accept | ActionId::Yes | ActionId::Dismiss | ActionId::Switch => {}
    }
}

fn page(model: &Model) -> i64 {
    if let Some(rows) = versions::page(model) {
        return i64::try_from(rows).unwrap_or(1).max(1);
    }
    let rows = match model.screens.last() {
        None => settle::rows(model, model.overview.pane),
        Some(Screen::Events(_)) => events::rows(model),
        Some(Screen::Resource(screen)) => resource::height(model, screen.side),
        Some(_) => layout::text_rows(model.width, model.height),
    };
    i64::try_from(rows).unwrap_or(1).max(1)
}

/// Moves the selection of the front list, or scrolls the front text.
pub(super) fn move_by(model: &mut Model, rows: i64) {
    if versions::move_by(model, rows) {
        return;
    }
    let text_height = layout::text_rows(model.width, model.height);
    let events_height = events::rows(model);
    if let Some(Screen::Views(_)) = model.screens.last() {
        let height = screens::views::height(model);
        if let Some(Screen::Views(screen)) = model.screens.last_mut() {
            screen.step(rows, height);
        }
        return;
    }
    if let Some(Screen::Drafts(_)) = model.screens.last() {
        drafts::step_list(model, rows);
        return;
    }
    if let Some(Screen::Bulk(_)) = model.screens.last() {
        let height = screens::bulk::rows(model);
        if let Some(Screen::Bulk(screen)) = model.screens.last_mut() {
            screen.step(rows, height);
        }
        return;
    }
    if let Some(Screen::Blast) = model.screens.last() {
        let height = model.blast.as_deref();
        let height = height.map_or(0, |state| screens::blast::height(model, state));
        if let Some(state) = model.blast.as_deref_mut() {
            state.step(rows, height);
        }
        return;
    }
    if let Some(Screen::Resource(screen)) = model.screens.last() {
        let height = resource::height(model, screen.side);
        if let Some(Screen::Resource(screen)) = model.screens.last_mut() {
            screen.step(rows, height);
        }
        return;
    }
    match model.screens.last_mut() {
        Some(Screen::Text(screen)) => screen.view.scroll(rows, text_height),
        Some(Screen::Delivery(screen)) => screen.view_mut().scroll(rows, text_height),
        Some(Screen::Preview(screen)) => screen.view_mut().scroll(rows, text_height),
        Some(Screen::Events(screen)) => screen.step(rows, &model.notices, events_height),
        Some(Screen::Editor(editor)) => editing::step(editor, rows),
        Some(
            Screen::Drafts(_)
            | Screen::Resource(_)
            | Screen::Bulk(_)
            | Screen::Blast
            | Screen::Diff(_)
            | Screen::Versions(_)
            | Screen::Merge(_)
            | Screen::Subscribe(_)
            | Screen::Views(_),
        ) => {}
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
        Some(Screen::Diff(screen)) => screen.sideways(cells),
        Some(Screen::Merge(screen)) => screen.switch(right),
        Some(Screen::Preview(screen)) => screen.view_mut().sideways(cells),
        Some(Screen::Resource(screen)) => match screen.side {
            Side::Object => screen.object_mut().sideways(cells),
            _ => screen.fold(),
        },
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
        Some(Screen::Preview(screen)) => screen.switch(),
        Some(Screen::Blast) => {
            if let Some(state) = model.blast.as_deref_mut() {
                state.switch();
            }
        }
        Some(Screen::Resource(screen)) => screen.switch(steps == 1),
        Some(Screen::Views(screen)) => screen.switch(steps == 1),
        Some(Screen::Merge(screen)) => screen.switch(steps == 1),
        Some(Screen::Subscribe(screen)) => screen.switch(steps == 1),
        Some(_) => {}
        None => {
            let index = model.overview.pane.index() + steps;
            model.overview.focus(Pane::at(index));
        }
    }
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
    if bulk::stop(model) || bulk::unmark(model) {
        return;
    }
    if let Some(Screen::Resource(screen)) = model.screens.last_mut()
        && screen.trial.is_some()
    {
        screen.end_trial();
        return;
    }
    if let Some(Screen::Views(screen)) = model.screens.last_mut()
        && screen.leave_members()
    {
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
    let object_height = resource::height(model, Side::Object);
    let width = model.width;
    match model.screens.last_mut() {
        Some(Screen::Text(screen)) => screen.view.next_hit(forward, height),
        Some(Screen::Delivery(screen)) => screen.view_mut().next_hit(forward, height),
        Some(Screen::Preview(screen)) => screen.view_mut().next_hit(forward, height),
        Some(Screen::Diff(screen)) => screen.next_hit(forward, width, height),
        Some(Screen::Resource(screen)) => {
            screen.side = Side::Object;
            screen.object_mut().next_hit(forward, object_height);
        }
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
    if let Some(Screen::Resource(screen)) = model.screens.last_mut() {
        screen.side = Side::Object;
        return;
    }
    let Some(key) = availability::target(model) else {
        return;
    };
    let command = Command::Object(key.clone());
    let request = submit(model, command, Purpose::Object(key.clone()), effects);
    model
        .screens
        .push(Screen::Text(TextScreen::object(key, request)));
}

/// `v`: what the delivery's templates see.
fn variables(model: &mut Model, effects: &mut Vec<Effect>) {
    let Some(id) = availability::delivery(model).map(|row| row.new.id) else {
        return;
    };
    let purpose = Purpose::Variables(id);
    let request = submit(model, Command::Variables(id), purpose, effects);
    model
        .screens
        .push(Screen::Text(TextScreen::variables(id, request)));
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
        Some(Screen::Resource(screen)) => screen.copied(),
        Some(Screen::Bulk(screen)) => Some(screen.report()),
        Some(Screen::Views(screen)) => Some(screen.report()),
        Some(Screen::Diff(screen)) => Some(screen.report()),
        Some(Screen::Versions(screen)) => Some(screen.report()),
        Some(Screen::Merge(screen)) => Some(screen.view(screen.side).text().to_string()),
        Some(Screen::Delivery(screen)) => Some(screen.view().text().to_string()),
        Some(Screen::Preview(screen)) => Some(screen.view().text().to_string()),
        Some(Screen::Blast) => model.blast.as_ref().map(|state| state.report()),
        Some(Screen::Events(screen)) => {
            let shown = screen.shown(&model.notices);
            let selected = shown
                .iter()
                .find(|(number, _)| Some(*number) == screen.selected);
            selected.map(|(_, notice)| format!("{}\n{}", notice.text, notice.help))
        }
        Some(Screen::Editor(editor)) => Some(editor.text()),
        Some(Screen::Subscribe(screen)) => Some(screen.title()),
        Some(Screen::Drafts(screen)) => screen.selected.as_ref().map(|id| id.title().to_owned()),
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
