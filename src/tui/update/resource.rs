//! The screen of a resource: asking for the explanation, trying conditions.

use super::{flash, prompts, submit};
use crate::domain::{Delivery, Mode, ResourceKey, Severity};
use crate::engine::{Command, CommandError, Reply, Tried};
use crate::tui::message::{Effect, Job};
use crate::tui::model::{Model, PromptFor, Purpose, Screen};
use crate::tui::screens::resource::{self, LineKey, ResourceScreen, Side};
use std::sync::Arc;

/// Opens it, at a line when one is given.
pub(super) fn open(model: &mut Model, key: ResourceKey, line: Option<LineKey>) {
    // Going back and forth between a resource and its deliveries makes no tower of screens.
    let open = |screen: &Screen| matches!(screen, Screen::Resource(other) if other.key == key);
    if let Some(place) = model.screens.iter().position(open) {
        model.screens.truncate(place + 1);
        return;
    }
    let screen = ResourceScreen::new(key, line, model.now_ms);
    model.screens.push(Screen::Resource(Box::new(screen)));
}

/// Rows of a part of the front screen, a resource.
pub(super) fn height(model: &Model, side: Side) -> usize {
    let (heights, _) = resource::list_rows(model, side);
    let place = Side::ALL.iter().position(|s| *s == side).unwrap_or(0);
    heights[place]
}

/// What they show may have changed.
pub(super) fn renew_all(model: &mut Model) {
    let now = model.now_ms;
    for screen in &mut model.screens {
        if let Screen::Resource(screen) = screen {
            screen.renew(now);
        }
    }
}

fn screen_of<'m>(model: &'m mut Model, key: &ResourceKey) -> Option<&'m mut ResourceScreen> {
    model.screens.iter_mut().find_map(|screen| match screen {
        Screen::Resource(screen) if screen.key == *key => Some(screen.as_mut()),
        _ => None,
    })
}

/// An explanation has come, or not.
pub(super) fn answered(
    model: &mut Model,
    key: &ResourceKey,
    result: Result<Reply, CommandError>,
    effects: &mut Vec<Effect>,
) {
    let (now, session, stored) = (model.now_ms, model.session.id, model.session.history);
    let held: Vec<Arc<Delivery>> = if stored {
        Vec::new()
    } else {
        let history = &model.overview.history;
        (0..history.len())
            .filter_map(|place| history.row(place).cloned())
            .collect()
    };
    let Some(screen) = screen_of(model, key) else {
        return;
    };
    match result {
        Err(CommandError::Busy) => {
            screen.refused(now);
        }
        Ok(Reply::Explained(explained)) => {
            let source = screen.trial.as_ref().map(|trial| trial.source.clone());
            let uid = explained.explanation.inspection.uid.clone();
            screen.answered(Ok(Arc::clone(&explained)), now);
            if !std::mem::replace(&mut screen.deliveries_asked, true) {
                if stored {
                    let key = key.clone();
                    effects.push(Effect::Job(session, Job::OfResource { key, uid }));
                } else {
                    screen.delivered(held);
                }
            }
            if let Some(source) = source {
                attempt(model, &source, effects);
            }
        }
        Ok(_) => screen.answered(Err("the engine gave an unexpected answer".to_owned()), now),
        Err(error) => screen.answered(Err(error.to_string()), now),
    }
}

/// The deliveries have been read, or not.
pub(super) fn deliveries_read(
    model: &mut Model,
    key: &ResourceKey,
    rows: Result<Vec<Arc<Delivery>>, String>,
) {
    match rows {
        Ok(rows) => {
            if let Some(screen) = screen_of(model, key) {
                screen.delivered(rows);
            }
        }
        Err(problem) => flash(model, Severity::Error, problem),
    }
}

/// `t`: begins with the condition that is selected.
pub(super) fn try_condition(model: &mut Model, effects: &mut Vec<Effect>) {
    let Some(Screen::Resource(screen)) = model.screens.last_mut() else {
        return;
    };
    screen.side = Side::Explain;
    // The line of input is one line.
    let one_line = |c: char| if c.is_control() { ' ' } else { c };
    let source: String = screen
        .when()
        .unwrap_or_default()
        .chars()
        .map(one_line)
        .collect();
    let source = source.trim_end().to_owned();
    prompts::open(model, PromptFor::Try, &source);
    attempt(model, &source, effects);
}

/// Evaluates what is typed.
pub(super) fn attempt(model: &mut Model, source: &str, effects: &mut Vec<Effect>) {
    let session = model.session.id;
    let Some(Screen::Resource(screen)) = model.screens.last_mut() else {
        return;
    };
    let Some(on) = screen.explained().cloned() else {
        return;
    };
    let number = screen.attempt(source);
    let job = Job::Try {
        key: screen.key.clone(),
        number,
        source: source.to_owned(),
        on,
    };
    effects.push(Effect::Job(session, job));
}

/// What was tried has been evaluated.
pub(super) fn tried(
    model: &mut Model,
    key: &ResourceKey,
    number: u64,
    result: Result<Box<Tried>, String>,
) {
    if let Some(screen) = screen_of(model, key) {
        screen.tried(number, result.map(|tried| *tried));
    }
}

/// After every change: what is needed is asked for, selections stay on their lines.
pub(super) fn settle(model: &mut Model, effects: &mut Vec<Effect>) {
    let (now, zone) = (model.now_ms, model.zone.clone());
    let Some(Screen::Resource(screen)) = model.screens.last() else {
        return;
    };
    let (heights, width) = resource::list_rows(model, screen.side);
    let status = model.session.status.as_ref();
    let idle = match status.map(|status| status.mode) {
        Some(mode @ (Mode::Observe | Mode::DryRun)) => {
            format!("the engine is in mode {mode}: it decides, but sends nothing")
        }
        _ => String::new(),
    };
    let Some(Screen::Resource(screen)) = model.screens.last_mut() else {
        return;
    };
    screen.settle(heights, width, &idle, now, &zone);
    if screen.ask(now) {
        let key = screen.key.clone();
        submit(
            model,
            Command::Explain(key.clone()),
            Purpose::Explain(key),
            effects,
        );
    }
}
