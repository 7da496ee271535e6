//! What an empty pane says: why it is empty, and what to do.

use super::Pane;
use crate::engine::{WatchPhase, WatchStatus};
use crate::tui::action::{self, ActionId};
use crate::tui::clock;
use crate::tui::model::Model;
use crate::tui::text;
use crate::tui::widgets::cells;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

/// Lines, the first one in bold.
pub type Advice = Vec<String>;

/// The advice of a pane; `None` when it has rows to show.
pub fn advice(model: &Model, pane: Pane) -> Option<Advice> {
    match pane {
        Pane::Resources => resources(model),
        Pane::Triggers => triggers(model),
        Pane::History => history(model),
        Pane::Keys => keys(model),
    }
}

fn key_of(model: &Model, id: ActionId) -> String {
    action::describe(id).map_or_else(String::new, |action| model.keymap.label(action))
}

fn failed_watch(model: &Model, watch: &WatchStatus) -> Option<String> {
    let WatchPhase::Failed {
        message,
        help,
        since_ms,
    } = &watch.phase
    else {
        return None;
    };
    let since = clock::age(*since_ms, model.now_ms);
    let dot = if message.ends_with('.') { "" } else { "." };
    Some(format!(
        "{}: {message}{dot} {help} Retrying for {since}.",
        watch.kind
    ))
}

fn resources(model: &Model) -> Option<Advice> {
    let overview = &model.overview;
    let table = &overview.resources.table;
    if !table.is_empty() {
        return None;
    }
    if table.total() > 0 {
        if table.is_busy() {
            return Some(vec!["Filtering ...".to_owned()]);
        }
        let hidden = text::plural(table.total() as u64, "resource is", "resources are");
        let mut lines = vec![format!("{hidden} hidden by the filter.")];
        let filter = key_of(model, ActionId::Filter);
        if !overview.resources.filter_text.is_empty() {
            lines.push(format!("{filter} then Esc removes the filter."));
        }
        if !overview.namespaces.is_empty() {
            lines.push(":ns alone shows all namespaces.".to_owned());
        }
        return Some(lines);
    }
    let watches = model.session.watches.as_deref().unwrap_or_default();
    let failures: Vec<String> = watches
        .iter()
        .filter_map(|watch| failed_watch(model, watch))
        .collect();
    if model.session.is_unreachable() {
        let server = match model.session.server.as_str() {
            "" => "The API server",
            server => server,
        };
        let mut lines = vec![format!("{server} can't be reached; retrying.")];
        lines.extend(failures);
        lines.push(format!(
            "{} chooses another context.",
            key_of(model, ActionId::Context)
        ));
        return Some(lines);
    }
    if !failures.is_empty() {
        let mut lines = vec!["Not everything can be watched.".to_owned()];
        lines.extend(failures);
        return Some(lines);
    }
    if watches.is_empty()
        || watches
            .iter()
            .any(|watch| watch.phase == WatchPhase::Listing)
    {
        return Some(vec!["Reading the cluster ...".to_owned()]);
    }
    let seen = watches
        .iter()
        .map(|watch| watch.objects)
        .fold(0, u64::saturating_add);
    Some(vec![
        "No resource is subscribed to a trigger.".to_owned(),
        format!(
            "{} watched. Subscribe one by an annotation:",
            text::plural(seen, "object is", "objects are")
        ),
        "kubectl annotate pod NAME \
         notifications.argoproj.io/subscribe.TRIGGER.SERVICE=RECIPIENT"
            .to_owned(),
        "or many by a label selector, in the ConfigMap's key subscriptions.".to_owned(),
    ])
}

fn triggers(model: &Model) -> Option<Advice> {
    let pane = &model.overview.triggers;
    if !pane.lines().is_empty() {
        return None;
    }
    if let Some(problem) = &pane.problem {
        return Some(vec![
            "This resource can't be evaluated.".to_owned(),
            problem.clone(),
        ]);
    }
    if pane.target().is_none() {
        return Some(vec!["No resource is selected.".to_owned()]);
    }
    if pane.inspection().is_none() {
        return Some(vec!["Evaluating ...".to_owned()]);
    }
    Some(vec!["Nothing passes the filter.".to_owned()])
}

fn history(model: &Model) -> Option<Advice> {
    let pane = &model.overview.history;
    if !pane.is_empty() {
        return None;
    }
    if let Some(problem) = &pane.problem {
        return Some(vec![
            "The history can't be read.".to_owned(),
            problem.clone(),
        ]);
    }
    if pane.loading {
        return Some(vec!["Reading the history ...".to_owned()]);
    }
    if !pane.query.is_empty() {
        return Some(vec!["No delivery passes the filter.".to_owned()]);
    }
    let status = model.session.status.as_ref();
    let mut lines = vec!["Nothing was sent yet.".to_owned()];
    if let Some(status) = status.filter(|status| !status.reason.is_empty()) {
        lines.push(format!(
            "The engine is in mode {}: {}",
            status.mode, status.reason
        ));
    } else if let Some(status) = status {
        lines.push(format!(
            "The engine is in mode {}; {} changes it.",
            status.mode,
            key_of(model, ActionId::Mode)
        ));
    }
    if let Some(problem) = status.map(|status| &status.history_problem)
        && !problem.is_empty()
    {
        lines.push(problem.clone());
    }
    Some(lines)
}

fn keys(model: &Model) -> Option<Advice> {
    let pane = &model.overview.keys;
    if !pane.entries().is_empty() {
        return None;
    }
    let Some(view) = &model.session.catalog else {
        return Some(vec!["Reading the ConfigMap ...".to_owned()]);
    };
    let edit = key_of(model, ActionId::Edit);
    if !view.found {
        return Some(vec![
            format!(
                "There is no ConfigMap {} in namespace {}.",
                view.name, view.namespace
            ),
            format!("{edit} makes one from an example, in the editor; nothing is written unasked."),
        ]);
    }
    if pane.filter_text.is_empty() {
        return Some(vec![
            "The ConfigMap has no keys.".to_owned(),
            format!("{} starts one.", key_of(model, ActionId::NewKey)),
        ]);
    }
    Some(vec!["No key passes the filter.".to_owned()])
}

/// Draws the advice, wrapped.
pub fn draw(model: &Model, advice: &Advice, area: Rect, buffer: &mut Buffer) {
    let theme = &model.look.theme;
    let mut y = area.y;
    for (index, content) in advice.iter().enumerate() {
        let style = if index == 0 { theme.strong } else { theme.text };
        for part in text::wrap(content, usize::from(area.width.saturating_sub(2))) {
            if y >= area.bottom() {
                return;
            }
            let x = area.x.saturating_add(1);
            cells::put(buffer, x, y, area.width.saturating_sub(1), &part, style);
            y += 1;
        }
    }
}
