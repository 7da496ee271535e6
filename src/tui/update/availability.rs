//! Whether an action is possible now, and if not, why: the footer dims it, help and palette say it,
//! and the key gives it as a message.

use super::{blast, bulk, editing, preview};
use crate::domain::{Delivery, DeliveryState, Mode};
use crate::engine::{Inspection, LeaseStatus};
use crate::tui::action::{ActionId, describe};
use crate::tui::draft::{DraftId, WHOLE};
use crate::tui::model::{Model, Phase, Screen};
use crate::tui::screens::editor::Step;
use crate::tui::screens::overview::{LineId, Pane, reach};
use crate::tui::screens::resource::Side;
use crate::tui::screens::text::TextOf;
use std::sync::Arc;

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
        ActionId::GoToResource => on(delivery(model).is_some(), "no delivery is selected"),
        ActionId::Mark | ActionId::MarkAll => match overview.pane {
            Pane::Resources => on(overview.resources.selected.is_some(), "there are no rows"),
            Pane::History => on(!overview.history.is_empty(), "there are no rows"),
            Pane::Triggers | Pane::Keys => Some("rows are marked in panes 1 and 3".to_owned()),
        },
        ActionId::Stop => {
            let bulk = matches!(model.screens.last(), Some(Screen::Bulk(_)));
            let looking = model.export.is_some() || model.sweeping.is_some();
            let walking = blast::is_under_way(model);
            on(bulk || looking || walking, "nothing is under way")
        }
        ActionId::UndoClear if model.cleared.is_empty() && model.marked.is_empty() => {
            Some("nothing was cleared or marked as sent from here".to_owned())
        }
        ActionId::UndoClear => mode_needed(model, "restoring"),
        ActionId::Baseline => baseline(model),
        ActionId::ResendFailed => sweep(model, "sending"),
        ActionId::CancelWaiting => sweep(model, "cancelling"),
        ActionId::ReleaseHeld | ActionId::BaselineHeld
            if model
                .session
                .held
                .as_ref()
                .is_none_or(|held| held.total == 0) =>
        {
            Some("the flood guard holds nothing".to_owned())
        }
        ActionId::ReleaseHeld => mode_needed(model, "sending"),
        ActionId::BaselineHeld => mode_needed(model, "marking as sent"),
        ActionId::Export if model.export.is_some() => Some("a file is being written".to_owned()),
        ActionId::Export => on(model.session.history, "the history is not available"),
        ActionId::Explain => on(target(model).is_some(), "no resource is selected"),
        ActionId::CancelDelivery => cancel(model),
        ActionId::Rerender | ActionId::SendTo => {
            mode_needed(model, "sending").or_else(|| no_notification(model))
        }
        ActionId::Try => match model.screens.last() {
            Some(Screen::Resource(screen)) => {
                on(screen.explained().is_some(), "the object is not here yet")
            }
            _ => Some("no resource is open".to_owned()),
        },
        ActionId::Variables if !model.session.history => {
            Some("the history is not available".to_owned())
        }
        ActionId::Variables => no_notification(model),
        ActionId::FoldAll | ActionId::UnfoldAll => on(
            matches!(model.screens.last(), Some(Screen::Resource(_))),
            "no resource is open",
        ),
        ActionId::Form => on(
            matches!(
                model.screens.last(),
                Some(Screen::Delivery(_) | Screen::Preview(_))
            ),
            "no delivery is open",
        ),
        ActionId::BlastRadius if model.session.catalog.is_none() => {
            Some("the ConfigMap is not read yet".to_owned())
        }
        ActionId::BlastRadius => blast::draft(model).err(),
        ActionId::PreviewNotification => preview::reason(model),
        ActionId::PickResource | ActionId::PickTemplate => on(
            matches!(model.screens.last(), Some(Screen::Preview(_))),
            "no preview is open",
        ),
        ActionId::MigrateKeys => {
            mode_needed(model, "migrating keys").or_else(|| blast::no_migration(model))
        }
        ActionId::UndoMigration => {
            mode_needed(model, "migrating keys").or_else(|| blast::no_undo(model))
        }
        ActionId::Open if !model.screens.is_empty() => None,
        ActionId::Open => match overview.pane {
            Pane::Resources => on(overview.resources.selected.is_some(), "nothing is selected"),
            Pane::Triggers => on(overview.triggers.selected.is_some(), "nothing is selected"),
            Pane::History => on(overview.history.selected.is_some(), "nothing is selected"),
            Pane::Keys => on(overview.keys.selected.is_some(), "nothing is selected"),
        },
        ActionId::Edit => {
            let key = match model.screens.last() {
                Some(Screen::Text(text)) => matches!(text.of, TextOf::Key(_)),
                Some(Screen::Resource(screen)) => screen.trigger().is_some(),
                _ => false,
            };
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
        ActionId::Diff => super::versions::diff_reason(model),
        ActionId::Restore => super::versions::restore_reason(model),
        ActionId::Subscribe => super::subscribe::reason(model),
        ActionId::Rollback => super::applying::rollback_reason(model),
        ActionId::Versions | ActionId::ExportConfig => on(
            model.session.catalog.is_some(),
            "the ConfigMap is not read yet",
        ),
        ActionId::Editing(what) => editing::reason(model, what),
        ActionId::TriggerCounts
        | ActionId::Services
        | ActionId::Subscriptions
        | ActionId::Stats => on(running, "there is no engine"),
        ActionId::Mode => on(running, "there is no engine"),
        ActionId::TakeLease => take_lease(model),
        ActionId::Retry => on(
            matches!(model.session.phase, Phase::Failed(_)),
            "an engine runs or is being started",
        ),
        ActionId::Filter => {
            let events = matches!(model.screens.last(), Some(Screen::Events(_)));
            let views = matches!(model.screens.last(), Some(Screen::Views(_)));
            let blast = matches!(model.screens.last(), Some(Screen::Blast));
            on(on_overview || events || views || blast, "there is no list")
        }
        ActionId::Search | ActionId::NextHit | ActionId::PreviousHit => {
            let text = matches!(
                model.screens.last(),
                Some(
                    Screen::Text(_)
                        | Screen::Delivery(_)
                        | Screen::Preview(_)
                        | Screen::Diff(_)
                        | Screen::Resource(_)
                )
            );
            on(text, "there is no text")
        }
        ActionId::Sort | ActionId::Reverse => {
            let views = matches!(model.screens.last(), Some(Screen::Views(_)));
            on(on_overview || views, "there is no list")
        }
        ActionId::Zoom
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
        Some(Screen::Resource(screen)) => return Some(screen.key.clone()),
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
    if bulk::marked(model) > 0 {
        return None;
    }
    if about_delivery(model) {
        return no_notification(model);
    }
    let Some(subject) = subject(model) else {
        return Some("no resource is selected".to_owned());
    };
    if let Some(problem) = subject.problem {
        return Some(problem.to_owned());
    }
    if reach::sendable(subject.inspection?, subject.line.as_ref()).is_empty() {
        return Some("no condition is true that has a destination".to_owned());
    }
    None
}

/// Why the selected row can't be sent (again).
fn no_notification(model: &Model) -> Option<String> {
    match delivery(model) {
        None => Some("no delivery is selected".to_owned()),
        Some(row) if row.new.trigger.is_empty() => {
            Some("this row is not a notification".to_owned())
        }
        Some(_) => None,
    }
}

fn cancel(model: &Model) -> Option<String> {
    let marked = model.overview.pane == Pane::History && bulk::marked(model) > 0;
    if let Some(reason) = mode_needed(model, "cancelling") {
        return Some(reason);
    }
    if marked {
        return None;
    }
    match delivery(model).filter(|_| about_delivery(model)) {
        None => Some("no delivery is selected".to_owned()),
        Some(row) if row.state == DeliveryState::Pending => None,
        Some(row) => Some(format!("nothing is under way: it is {}", row.state)),
    }
}

/// Whether the front screen is about one delivery, and not about what is true of a resource.
pub(super) fn about_delivery(model: &Model) -> bool {
    match model.screens.last() {
        Some(Screen::Delivery(_)) => true,
        Some(Screen::Resource(screen)) => screen.side == Side::Deliveries,
        Some(_) => false,
        None => model.overview.pane == Pane::History,
    }
}

/// The delivery that the front screen is about.
pub(super) fn delivery(model: &Model) -> Option<&Arc<Delivery>> {
    match model.screens.last() {
        Some(Screen::Delivery(screen)) => Some(&screen.row),
        Some(Screen::Resource(screen)) if screen.side == Side::Deliveries => {
            screen.selected_delivery()
        }
        Some(_) => None,
        None => model.overview.history.selected_row(),
    }
}

/// What resend and clear are about when they are about a resource.
pub(super) struct Subject<'m> {
    /// The resource.
    pub key: &'m crate::domain::ResourceKey,
    /// Its evaluation; `None` while it is awaited.
    pub inspection: Option<&'m Inspection>,
    /// Why there is none.
    pub problem: Option<&'m str>,
    /// The part of it; `None` for the whole resource.
    pub line: Option<LineId>,
}

/// The resource that resend and clear are about.
pub(super) fn subject(model: &Model) -> Option<Subject<'_>> {
    match model.screens.last() {
        Some(Screen::Resource(screen)) => {
            let explained = screen.explained();
            Some(Subject {
                key: &screen.key,
                inspection: explained.map(|explained| &explained.explanation.inspection),
                problem: screen.problem.as_deref().filter(|_| explained.is_none()),
                line: screen.subject(),
            })
        }
        Some(_) => None,
        None => {
            let triggers = &model.overview.triggers;
            let line = match model.overview.pane {
                Pane::Triggers => triggers.selected.clone(),
                _ => None,
            };
            Some(Subject {
                key: triggers.target()?,
                inspection: triggers.inspection().map(Arc::as_ref),
                problem: triggers.problem.as_deref(),
                line,
            })
        }
    }
}

fn clear(model: &Model) -> Option<String> {
    notified_state(model, "clearing", |inspection, line| {
        let none = reach::state_keys(inspection, line).is_empty();
        none.then_some("there is no notified state to clear")
    })
}

fn baseline(model: &Model) -> Option<String> {
    notified_state(model, "marking as sent", |inspection, line| {
        let none = reach::unsent(inspection, line).is_empty();
        none.then_some("nothing that is true is unsent")
    })
}

/// Why the notified state can't be changed; `nothing` says why there is nothing to change of a part
/// of a resource.
fn notified_state(
    model: &Model,
    what: &str,
    nothing: impl Fn(&Inspection, Option<&LineId>) -> Option<&'static str>,
) -> Option<String> {
    if let Some(reason) = mode_needed(model, what) {
        return Some(reason);
    }
    if bulk::marked(model) > 0 && model.overview.pane == Pane::Resources {
        return None;
    }
    let Some(subject) = subject(model) else {
        return Some("no resource is selected".to_owned());
    };
    if let Some(problem) = subject.problem {
        return Some(problem.to_owned());
    }
    nothing(subject.inspection?, subject.line.as_ref()).map(str::to_owned)
}

/// Why something can't be done to everything in the history.
fn sweep(model: &Model, what: &str) -> Option<String> {
    if model.session.phase != Phase::Running {
        return Some("there is no engine".to_owned());
    }
    if !model.session.history {
        return Some("the history is not available".to_owned());
    }
    if model.sweeping.is_some() {
        return Some("the history is being looked through".to_owned());
    }
    mode_needed(model, what)
}

fn apply(model: &Model) -> Option<String> {
    match model.screens.last() {
        Some(Screen::Editor(editor)) => match editor.step {
            Step::Judging => Some("the draft is being looked at".to_owned()),
            Step::Checking(_) | Step::Applying(_) => Some("the server is at work".to_owned()),
            Step::Weighing(_) => Some("what it would send is being found out".to_owned()),
            _ if model.session.no_config_write.is_some() => model
                .session
                .no_config_write
                .as_ref()
                .map(|reason| format!("{reason}: the editor is a sandbox")),
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
    let key = key.filter(|key| *key != WHOLE);
    Some(DraftId {
        context: model.session.context.clone(),
        namespace: view.namespace.clone(),
        name: view.name.clone(),
        key: key.map(str::to_owned),
    })
}
