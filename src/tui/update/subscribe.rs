//! Subscribing resources by their annotations: the form, the question with the exact patch, and taking
//! it back.

use super::{availability, bulk, flash, submit, writes};
use crate::catalog::SubscriptionChange;
use crate::domain::{ResourceKey, Severity};
use crate::engine::{AnnotationEdit, Command, CommandError, Reply};
use crate::tui::action::{self, ActionId};
use crate::tui::key::Key;
use crate::tui::message::Effect;
use crate::tui::model::{Model, Overlay, Purpose, Screen};
use crate::tui::screens::overview::{LineId, Pane};
use crate::tui::screens::subscribe::{Field, SubscribeScreen};
use crate::tui::text;
use crate::tui::widgets::confirm::{Confirm, Then};
use crate::tui::widgets::text_view::Tone;
use std::sync::Arc;

/// Resources that a question names.
const NAMED: usize = 20;

fn screen(model: &mut Model) -> Option<&mut SubscribeScreen> {
    match model.screens.last_mut() {
        Some(Screen::Subscribe(screen)) => Some(screen),
        _ => None,
    }
}

/// Why nothing can be subscribed.
pub(super) fn reason(model: &Model) -> Option<String> {
    if model.session.catalog.is_none() {
        return Some("the ConfigMap is not read yet".to_owned());
    }
    let marked = model.overview.pane == Pane::Resources && bulk::marked(model) > 0;
    let target = marked || availability::target(model).is_some();
    (!target).then(|| "no resource is selected".to_owned())
}

/// `A`.
pub(super) fn open(model: &mut Model, effects: &mut Vec<Effect>) {
    let trigger = match model.screens.last() {
        Some(Screen::Resource(screen)) => screen.trigger().map(str::to_owned),
        None if model.overview.pane == Pane::Triggers => match &model.overview.triggers.selected {
            Some(LineId::Trigger(trigger) | LineId::Condition { trigger, .. }) => {
                Some(trigger.clone())
            }
            _ => None,
        },
        _ => None,
    };
    let trigger = trigger.unwrap_or_default();
    if model.overview.pane == Pane::Resources && bulk::marked(model) > 0 {
        let mut resources: Vec<ResourceKey> =
            model.overview.resources.marks.iter().cloned().collect();
        resources.sort();
        let screen = SubscribeScreen::new(resources, &trigger);
        model.screens.push(Screen::Subscribe(Box::new(screen)));
        return;
    }
    let Some(key) = availability::target(model) else {
        return;
    };
    let screen = SubscribeScreen::new(vec![key], &trigger);
    model.screens.push(Screen::Subscribe(Box::new(screen)));
    look(model, effects);
}

/// Asks what the resource is subscribed to.
fn look(model: &mut Model, effects: &mut Vec<Effect>) {
    let resources = screen(model).map(|screen| screen.resources.clone());
    let Some(key) = resources
        .filter(|all| all.len() == 1)
        .and_then(|mut all| all.pop())
    else {
        return;
    };
    let purpose = Purpose::Subscriptions(key.clone());
    let request = submit(model, Command::Subscriptions(key), purpose, effects);
    if let Some(screen) = screen(model) {
        screen.awaited = Some(request);
    }
}

/// What the resource is subscribed to.
pub(super) fn looked(model: &mut Model, key: &ResourceKey, result: Result<Reply, CommandError>) {
    for screen in &mut model.screens {
        if let Screen::Subscribe(screen) = screen
            && screen.resources.as_slice() == std::slice::from_ref(key)
        {
            screen.awaited = None;
            screen.found = Some(match &result {
                Ok(Reply::Subscribable(found)) => Ok(Arc::clone(found)),
                Ok(_) => Err("the engine gave an unexpected answer".to_owned()),
                Err(error) => Err(error.to_string()),
            });
            let last = screen.list().len().saturating_sub(1);
            screen.selected = screen.selected.min(last);
        }
    }
}

/// A key that is no action: it is typed.
pub(super) fn typed(model: &mut Model, key: Key) {
    if let Some(screen) = screen(model)
        && let Some(line) = screen.line()
        && line.key(key)
    {
        screen.offer = None;
    }
}

/// Text was pasted.
pub(super) fn pasted(model: &mut Model, text: &str) {
    if let Some(line) = screen(model).and_then(SubscribeScreen::line) {
        line.insert(text);
    }
}

/// Up and down: among the names that fit, or the subscriptions.
pub(super) fn step(model: &mut Model, rows: i64) {
    let offered = match model.screens.last() {
        Some(Screen::Subscribe(screen)) => screen.offered(model).len(),
        _ => return,
    };
    let Some(screen) = screen(model) else { return };
    let moved = |place: usize, len: usize| {
        let place = i64::try_from(place)
            .unwrap_or(0)
            .saturating_add(rows)
            .max(0);
        usize::try_from(place)
            .unwrap_or(0)
            .min(len.saturating_sub(1))
    };
    if screen.field == Field::List {
        screen.selected = moved(screen.selected, screen.list().len());
        return;
    }
    screen.offer = match screen.offer {
        _ if offered == 0 => None,
        None if rows > 0 => Some(0),
        None => None,
        Some(0) if rows < 0 => None,
        Some(place) => Some(moved(place, offered)),
    };
}

/// Enter: takes the selected name, or goes to the next field, and from the last one on.
pub(super) fn accept(model: &mut Model) {
    let offered = match model.screens.last() {
        Some(Screen::Subscribe(screen)) => screen.offered(model),
        _ => return,
    };
    let Some(screen) = screen(model) else { return };
    if let Some(name) = screen.offer.and_then(|place| offered.get(place)) {
        screen.take(name);
    }
    match screen.field {
        Field::Trigger | Field::Service => screen.switch(true),
        Field::Recipients => ask(model),
        Field::List => {}
    }
}

/// `C-t`: the object itself, or the template that it is made from.
pub(super) fn switch_target(model: &mut Model) {
    let Some(screen) = screen(model) else { return };
    let Some(found) = screen.subscribable().cloned() else {
        return;
    };
    let problem = match (&found.owner, &found.owned_by) {
        (Some(_), _) => None,
        (None, Some(by)) => Some(format!("the template of {by} can't be written to")),
        (None, None) => Some("nobody makes this object anew: it has no template".to_owned()),
    };
    match problem {
        Some(problem) => flash(model, Severity::Warning, problem),
        None => {
            screen.template = !screen.template;
            screen.selected = 0;
        }
    }
}

/// `C-s`: asks, with the exact patch.
pub(super) fn ask(model: &mut Model) {
    let Some(view) = model.session.catalog.clone() else {
        return;
    };
    let Some(screen) = screen(model) else { return };
    let problem = screen.problem(&view).or_else(|| screen.refused());
    if let Some(problem) = problem {
        flash(model, Severity::Warning, problem);
        return;
    }
    let change = screen.change();
    ask_about(model, change);
}

/// `C-d` in the list: asks whether the subscription is to go.
pub(super) fn ask_removal(model: &mut Model) {
    let Some(screen) = screen(model) else { return };
    let problem = match screen.list().get(screen.selected) {
        _ if screen.field != Field::List => {
            Some("select a subscription in the list first".to_owned())
        }
        None => Some("there is no subscription".to_owned()),
        Some(entry) if !entry.removable => {
            Some("it stands in a list written as YAML: edit the annotation with kubectl".to_owned())
        }
        Some(_) => screen.refused(),
    };
    if let Some(problem) = problem {
        flash(model, Severity::Warning, problem);
        return;
    }
    let Some(entry) = screen.list().into_iter().nth(screen.selected) else {
        return;
    };
    let recipient = entry.destination.recipient.to_string();
    let change = SubscriptionChange {
        add: false,
        trigger: entry.trigger.unwrap_or_default(),
        service: entry.destination.service.to_string(),
        recipients: if recipient.is_empty() {
            vec![]
        } else {
            vec![recipient]
        },
    };
    ask_about(model, change);
}

fn words(change: &SubscriptionChange) -> String {
    let trigger = match change.trigger.as_str() {
        "" => "the default triggers",
        trigger => trigger,
    };
    let to = match change.recipients.as_slice() {
        [] => change.service.clone(),
        names => format!("{}:{}", change.service, names.join(";")),
    };
    format!("{trigger} -> {to}")
}

fn ask_about(model: &mut Model, change: SubscriptionChange) {
    let place = writes::place(model);
    let Some(screen) = screen(model) else { return };
    let (title, yes) = if change.add {
        ("Subscribe", "Subscribe")
    } else {
        ("Remove subscription", "Remove")
    };
    let mut lines = vec![(Tone::Strong, words(&change)), (Tone::Plain, String::new())];
    let what = words(&change);
    let command = if let [key] = screen.resources.as_slice() {
        let found = screen.subscribable().cloned();
        let Some(found) = found else {
            flash(model, Severity::Warning, "the object is not here yet");
            return;
        };
        let Some(edit) = found.edit(&change, screen.template) else {
            let text = if change.add {
                "it is subscribed so already"
            } else {
                "it is not subscribed so"
            };
            flash(model, Severity::Info, text);
            return;
        };
        lines.push((
            Tone::Plain,
            format!("merge patch of {} {}:", edit.key.kind.variable(), edit.key),
        ));
        lines.extend(patch_lines(&edit));
        match (&found.owned_by, screen.template) {
            (Some(by), false) if change.add => lines.push((
                Tone::Warn,
                format!("{key} is made by {by}: what is written here is lost when it is made anew"),
            )),
            (Some(_), true) => lines.push((
                Tone::Warn,
                format!(
                    "{} makes its objects anew with the changed template",
                    edit.key
                ),
            )),
            _ => {}
        }
        Command::Annotate(vec![edit])
    } else {
        let count = screen.resources.len();
        lines.push((
            Tone::Plain,
            format!("on each of {count} resources, in its own annotations:"),
        ));
        let named = screen.resources.iter().take(NAMED);
        lines.extend(named.map(|key| (Tone::Plain, format!("{} {key}", key.kind.variable()))));
        if count > NAMED {
            lines.push((Tone::Dim, format!("and {} more", count - NAMED)));
        }
        lines.push((
            Tone::Warn,
            "objects that a controller makes anew lose it then".to_owned(),
        ));
        Command::Subscribe {
            resources: screen.resources.clone(),
            change,
        }
    };
    lines.push((Tone::Plain, String::new()));
    lines.push(place);
    let then = Then::Command(command, Purpose::Annotate(what));
    let question = Confirm::new(title, lines, yes, then);
    model.overlays.push(Overlay::Confirm(Box::new(question)));
}

fn patch_lines(edit: &AnnotationEdit) -> Vec<(Tone, String)> {
    let text = serde_json::to_string_pretty(&edit.patch()).unwrap_or_default();
    text.lines()
        .map(|line| (Tone::Good, line.to_owned()))
        .collect()
}

/// The annotations were written, or not.
pub(super) fn written(
    model: &mut Model,
    what: &str,
    result: Result<Reply, CommandError>,
    effects: &mut Vec<Effect>,
) {
    match result {
        Ok(Reply::Annotated {
            undo,
            unchanged,
            failed,
        }) => {
            let key = action::describe(ActionId::Rollback)
                .map_or_else(String::new, |action| model.keymap.label(action));
            let count = text::plural(undo.len() as u64, "object", "objects");
            let mut told = format!("{what}: {count} written");
            if unchanged > 0 {
                told.push_str(&format!(
                    ", {} as wanted already",
                    text::count(unchanged as u64)
                ));
            }
            if !undo.is_empty() {
                told.push_str(&format!("; {key} takes back"));
                model.subscribed = undo;
            }
            match failed.first() {
                None => flash(model, Severity::Info, told),
                Some((first, why)) => {
                    let count = text::count(failed.len() as u64);
                    let told = format!("{told}; {count} failed, first {first}: {why}");
                    flash(model, Severity::Error, told);
                }
            }
            if matches!(model.screens.last(), Some(Screen::Subscribe(screen)) if screen.resources.len() > 1)
            {
                model.screens.pop();
                bulk::unmark(model);
            } else {
                look(model, effects);
            }
        }
        Ok(_) => {}
        Err(error) => {
            flash(model, Severity::Error, format!("{what}: {error}"));
            look(model, effects);
        }
    }
}

/// Asks whether what was written last is to be taken back.
pub(super) fn ask_undo(model: &mut Model) {
    let edits = model.subscribed.clone();
    let mut lines = Vec::new();
    for edit in edits.iter().take(NAMED) {
        lines.push((
            Tone::Plain,
            format!("merge patch of {} {}:", edit.key.kind.variable(), edit.key),
        ));
        if edits.len() == 1 {
            lines.extend(patch_lines(edit));
        }
    }
    if edits.len() > NAMED {
        lines.push((Tone::Dim, format!("and {} more", edits.len() - NAMED)));
    }
    lines.push((Tone::Plain, String::new()));
    lines.push(writes::place(model));
    let then = Then::Command(
        Command::Annotate(edits),
        Purpose::Annotate("subscription taken back".to_owned()),
    );
    let question = Confirm::new("Take back the subscription", lines, "Take back", then);
    model.overlays.push(Overlay::Confirm(Box::new(question)));
}
