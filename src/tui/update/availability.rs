//! Whether an action is possible now, and if not, why: the footer dims it, help and palette say it,
//! and the key gives it as a message.

use crate::domain::Mode;
use crate::engine::LeaseStatus;
use crate::tui::action::{ActionId, describe};
use crate::tui::draft::DraftId;
use crate::tui::model::{Model, Phase, Screen};
use crate::tui::screens::editor::Step;
use crate::tui::screens::overview::{LineId, Pane};
use crate::tui::screens::text::TextOf;

const READ_ONLY: &str = "read-only: start without --read-only to allow it";

/// Why an action can't be done now; `None` when it can.
pub fn reason(model: &Model, id: ActionId) -> Option<String> {
    if describe(id).is_some_and(|action| action.writes) && model.is_read_only() {
        return Some(READ_ONLY.to_owned());
    }
    let running = model.session.phase == Phase::Running;
    let on = |condition: bool, text: &str| (!condition).then(|| text.to_owned());
    let overview = &model.overview;
    let on_overview = model.screens.is_empty() && running;
    match id {
        ActionId::Resend => resend(model),
        ActionId::Clear => clear(model),
        ActionId::Yaml => on(target(model).is_some(), "no resource is selected"),
        ActionId::GoToResource => {
            let there = matches!(model.screens.last(), Some(Screen::Delivery(_)))
                || overview.history.selected.is_some();
            on(there, "no delivery is selected")
        }
        ActionId::Open => match overview.pane {
            Pane::Resources => on(overview.resources.selected.is_some(), "nothing is selected"),
            Pane::Triggers => on(overview.triggers.selected.is_some(), "nothing is selected"),
            Pane::History => on(overview.history.selected.is_some(), "nothing is selected"),
            Pane::Keys => on(overview.keys.selected.is_some(), "nothing is selected"),
        },
        ActionId::Edit => {
            let key = matches!(model.screens.last(), Some(Screen::Text(text))
                if matches!(text.of, TextOf::Key(_)));
            let config = model.session.catalog.as_ref();
            if !key && !model.screens.is_empty() {
                return Some("only keys of the ConfigMap can be edited".to_owned());
            }
            on(config.is_some(), "the ConfigMap is not read yet")
        }
        ActionId::NewKey => on(
            model.session.catalog.is_some(),
            "the ConfigMap is not read yet",
        ),
        ActionId::Apply => apply(model),
        ActionId::Mode => on(running, "there is no engine"),
        ActionId::TakeLease => take_lease(model),
        ActionId::Retry => on(
            matches!(model.session.phase, Phase::Failed(_)),
            "an engine runs or is being started",
        ),
        ActionId::Filter => {
            let events = matches!(model.screens.last(), Some(Screen::Events(_)));
            on(on_overview || events, "there is no list")
        }
        ActionId::Search | ActionId::NextHit | ActionId::PreviousHit => {
            let text = matches!(
                model.screens.last(),
                Some(Screen::Text(_) | Screen::Delivery(_))
            );
            on(text, "there is no text")
        }
        ActionId::Zoom
        | ActionId::Sort
        | ActionId::Reverse
        | ActionId::Follow
        | ActionId::Resources
        | ActionId::Triggers
        | ActionId::History
        | ActionId::Keys => on(on_overview, "this is done in the overview"),
        _ => None,
    }
}

/// The resource that the front screen is about.
pub(super) fn target(model: &Model) -> Option<crate::domain::ResourceKey> {
    let row = match model.screens.last() {
        Some(Screen::Delivery(screen)) => Some(&screen.row),
        Some(_) => return None,
        None if model.overview.pane == Pane::History => model.overview.history.selected_row(),
        None => return model.overview.resources.selected.clone(),
    };
    let new = &row?.new;
    let selected = model.overview.resources.selected.as_ref();
    let same = |key: &crate::domain::ResourceKey| {
        *key.namespace == *new.namespace && *key.name == *new.name && key.kind.kind == new.kind
    };
    if let Some(key) = selected.filter(|key| same(key)) {
        return Some(key.clone());
    }
    // A kind is known by its watch; without it the object can't be addressed.
    let watches = model.session.watches.as_deref().unwrap_or_default();
    let watch = watches
        .iter()
        .find(|watch| watch.kind.kind == new.kind && watch.kind.group == new.group)?;
    let kind = std::sync::Arc::clone(&watch.kind);
    Some(crate::domain::ResourceKey::new(
        kind,
        new.namespace.as_str(),
        new.name.as_str(),
    ))
}

fn mode_needed(model: &Model, what: &str) -> Option<String> {
    let status = model.session.status.as_ref()?;
    if status.mode == Mode::Active {
        return None;
    }
    let key =
        describe(ActionId::Mode).map_or_else(String::new, |action| model.keymap.label(action));
    let why = if status.reason.is_empty() {
        format!("{key} changes it")
    } else {
        status.reason.clone()
    };
    Some(format!(
        "{what} needs mode active, not {}: {why}",
        status.mode
    ))
}

fn resend(model: &Model) -> Option<String> {
    if let Some(reason) = mode_needed(model, "sending") {
        return Some(reason);
    }
    let from_history = matches!(model.screens.last(), Some(Screen::Delivery(_)))
        || (model.screens.is_empty() && model.overview.pane == Pane::History);
    if from_history {
        let row = match model.screens.last() {
            Some(Screen::Delivery(screen)) => Some(&screen.row),
            _ => model.overview.history.selected_row(),
        };
        return match row {
            None => Some("no delivery is selected".to_owned()),
            Some(row) if row.new.trigger.is_empty() => {
                Some("this row is not a notification".to_owned())
            }
            Some(_) => None,
        };
    }
    let triggers = &model.overview.triggers;
    if triggers.target().is_none() {
        return Some("no resource is selected".to_owned());
    }
    if let Some(problem) = &triggers.problem {
        return Some(problem.clone());
    }
    triggers.inspection()?;
    if triggers.sendable(selected_line(model)).is_empty() {
        return Some("no condition is true that has a destination".to_owned());
    }
    None
}

/// The line of pane 2 that resend and clear are about; `None` for the whole resource.
pub(super) fn selected_line(model: &Model) -> Option<&LineId> {
    match model.overview.pane {
        Pane::Triggers => model.overview.triggers.selected.as_ref(),
        _ => None,
    }
}

fn clear(model: &Model) -> Option<String> {
    if let Some(reason) = mode_needed(model, "clearing") {
        return Some(reason);
    }
    let triggers = &model.overview.triggers;
    if triggers.target().is_none() {
        return Some("no resource is selected".to_owned());
    }
    if let Some(problem) = &triggers.problem {
        return Some(problem.clone());
    }
    triggers.inspection()?;
    if triggers.state_keys(selected_line(model)).is_empty() {
        return Some("there is no notified state to clear".to_owned());
    }
    None
}

fn apply(model: &Model) -> Option<String> {
    match model.screens.last() {
        Some(Screen::Editor(editor)) => match editor.step {
            Step::Judging => Some("the draft is being looked at".to_owned()),
            Step::Checking(_) | Step::Applying(_) => Some("the server is at work".to_owned()),
            Step::Editing | Step::Asking if !editor.is_changed() => {
                Some("nothing is changed".to_owned())
            }
            Step::Editing | Step::Asking => None,
        },
        _ => Some("no draft is open".to_owned()),
    }
}

fn take_lease(model: &Model) -> Option<String> {
    match model.session.status.as_ref().map(|status| &status.lease) {
        None => Some("there is no engine".to_owned()),
        Some(LeaseStatus::Other { .. }) => None,
        Some(LeaseStatus::Held { .. }) => Some("this engine holds the Lease".to_owned()),
        Some(LeaseStatus::Off) => Some("Leases are not used".to_owned()),
        Some(LeaseStatus::Acquiring) => Some("it is being asked for".to_owned()),
        Some(LeaseStatus::Unavailable { reason }) => Some(reason.clone()),
    }
}

/// Why a mode can't be chosen; `None` when it can.
pub fn mode_reason(model: &Model, mode: Mode) -> Option<String> {
    let Some(status) = &model.session.status else {
        return Some("there is no engine".to_owned());
    };
    if status.wanted == mode {
        return Some("it is the mode asked for".to_owned());
    }
    (mode == Mode::Active && model.is_read_only()).then(|| READ_ONLY.to_owned())
}

/// The draft of a key of the ConfigMap that is shown, or (`None`) of a new ConfigMap.
pub(super) fn draft_id(model: &Model, key: Option<&str>) -> Option<DraftId> {
    let view = model.session.catalog.as_ref()?;
    Some(DraftId {
        context: model.session.context.clone(),
        namespace: view.namespace.clone(),
        name: view.name.clone(),
        key: key.map(str::to_owned),
    })
}
