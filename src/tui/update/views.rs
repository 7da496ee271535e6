//! The screen of views: asking for counts while it is open, and where its rows lead.

use super::{prompts, resource, submit};
use crate::engine::{Command, CommandError, Reply};
use crate::tui::message::{Effect, Job};
use crate::tui::model::{Model, Purpose, Screen};
use crate::tui::screens::overview::Pane;
use crate::tui::screens::views::{self, ConditionId, Jump, View, ViewsScreen};

/// Opens a view.
pub(super) fn open(model: &mut Model, view: View) {
    let place = model
        .screens
        .iter()
        .position(|screen| matches!(screen, Screen::Views(_)));
    match place {
        Some(place) => model.screens.truncate(place + 1),
        None => {
            let screen = ViewsScreen::new(view, model.now_ms);
            model.screens.push(Screen::Views(Box::new(screen)));
        }
    }
    if let Some(Screen::Views(screen)) = model.screens.last_mut() {
        screen.show(view);
    }
}

fn screen(model: &mut Model) -> Option<&mut ViewsScreen> {
    model.screens.iter_mut().find_map(|screen| match screen {
        Screen::Views(screen) => Some(screen.as_mut()),
        _ => None,
    })
}

/// The engine has counted, or not.
pub(super) fn surveyed(model: &mut Model, result: Result<Reply, CommandError>) {
    let now = model.now_ms;
    let Some(screen) = screen(model) else {
        return;
    };
    let result = match result {
        Ok(Reply::Survey(survey)) => Ok(survey),
        Ok(_) => Err("the engine gave an unexpected answer".to_owned()),
        Err(error) => Err(error.to_string()),
    };
    screen.surveyed(result, now);
}

/// The resources of a condition have come, or not.
pub(super) fn members_came(
    model: &mut Model,
    of: &ConditionId,
    result: Result<Reply, CommandError>,
) {
    let now = model.now_ms;
    let result = match result {
        Ok(Reply::Members(members)) => Ok(members),
        Ok(_) => Err("the engine gave an unexpected answer".to_owned()),
        Err(error) => Err(error.to_string()),
    };
    if let Some(screen) = screen(model) {
        screen.members_came(of, result, now);
    }
}

/// The numbers have been read.
pub(super) fn numbered(model: &mut Model, numbers: views::Numbers) {
    if let Some(screen) = screen(model) {
        screen.numbered(numbers);
    }
}

/// Enter: to a resource, or to the history.
pub(super) fn follow(model: &mut Model, effects: &mut Vec<Effect>) {
    let Some(Screen::Views(screen)) = model.screens.last() else {
        return;
    };
    match screen.selected_row().map(|row| row.jump.clone()) {
        Some(Jump::Members(of)) => {
            let now = model.now_ms;
            if let Some(screen) = self::screen(model) {
                screen.show_members(of, now);
            }
        }
        Some(Jump::Resource(key)) => resource::open(model, key, None),
        Some(Jump::History(filter)) => {
            model.screens.clear();
            model.overview.focus(Pane::History);
            prompts::set_filter(model, Pane::History, &filter, effects);
        }
        Some(Jump::Nowhere) | None => {}
    }
}

/// After every change: what is due is asked for, and the rows are made anew. Gives whether rows of
/// numbers that come from many places have changed.
pub(super) fn settle(model: &mut Model, effects: &mut Vec<Effect>) -> bool {
    if !matches!(model.screens.last(), Some(Screen::Views(_))) {
        return false;
    }
    let now = model.now_ms;
    let stats = views::stats(model);
    let height = views::height(model);
    let look = model.look.clone();
    let lanes = model.session.lanes.clone();
    let Some(Screen::Views(screen)) = model.screens.last_mut() else {
        return false;
    };
    let numbers = matches!(screen.view, View::Services | View::Stats);
    let before = numbers.then(|| screen.rows().to_vec());
    screen.rebuild(stats, lanes.as_deref().unwrap_or_default(), now, &look);
    screen.settle(height);
    let changed = before.is_some_and(|before| before != screen.rows());
    let (survey, numbers) = (screen.ask(now), screen.ask_numbers(now));
    let members = screen.ask_members(now);
    if survey {
        submit(model, Command::Survey, Purpose::Survey, effects);
    }
    if let Some((trigger, index)) = members {
        let purpose = Purpose::Members((trigger.clone(), index));
        submit(model, Command::Members { trigger, index }, purpose, effects);
    }
    if numbers {
        effects.push(Effect::Job(model.session.id, Job::Numbers { now_ms: now }));
    }
    changed
}
