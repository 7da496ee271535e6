//! The explanation of a condition that is being written: the screen of a resource on which it is
//! tried, as `t` tries another one there.

use super::availability::draft_id;
use super::prompts;
use crate::domain::{ResourceKey, Severity};
use crate::tui::model::{Model, PromptFor, Screen};
use crate::tui::screens::overview::Pane;
use crate::tui::screens::resource::{ResourceScreen, Side};
use serde::Deserialize;

/// What is read of a condition here.
#[derive(Deserialize)]
struct Condition {
    #[serde(default)]
    when: String,
}

/// Whether the editor or pane 4 is about a trigger; its key.
pub(super) fn trigger(model: &Model) -> Option<&str> {
    let key = match model.screens.last() {
        Some(Screen::Editor(editor)) => editor.id.key.as_deref(),
        None if model.overview.pane == Pane::Keys => model.overview.keys.selected.as_deref(),
        _ => None,
    };
    key.filter(|key| key.starts_with("trigger."))
}

/// Its text, and the line of the cursor.
fn text(model: &Model) -> Option<(String, usize)> {
    let key = trigger(model)?;
    if let Some(Screen::Editor(editor)) = model.screens.last() {
        return Some((editor.text(), editor.buffer.cursor().line));
    }
    let id = draft_id(model, Some(key))?;
    let draft = model.drafts.get(&id).map(|draft| draft.text.clone());
    let live = || model.session.catalog.as_ref()?.data.get(key).cloned();
    Some((draft.or_else(live)?, 0))
}

/// The condition at the cursor, when what is in front is a trigger: what it says, or why that can't
/// be told.
pub(super) fn condition(model: &Model) -> Option<Result<String, String>> {
    let (text, line) = text(model)?;
    let conditions: Vec<Condition> = match serde_yaml::from_str(&text) {
        Ok(conditions) => conditions,
        Err(error) => return Some(Err(format!("the trigger can't be read: {error}"))),
    };
    let marker = text.lines().find(|line| line.trim_start().starts_with('-'));
    let indent = marker.map_or(0, |line| line.len() - line.trim_start().len());
    let begins = |line: &&str| line.get(indent..).is_some_and(|rest| rest.starts_with('-'));
    let before = text.lines().take(line.saturating_add(1));
    let place = before.filter(begins).count().saturating_sub(1);
    let condition = conditions.into_iter().nth(place);
    let when = condition.map(|condition| condition.when);
    let when = when.filter(|when| !when.trim().is_empty());
    Some(when.ok_or_else(|| "there is no condition to explain".to_owned()))
}

/// Opens the resource with the condition tried on it.
pub(super) fn explain(model: &mut Model, source: &str) {
    let Some(key) = model.overview.resources.selected_or_first() else {
        let text = "no resource is subscribed: there is nothing to try the condition on";
        super::flash(model, Severity::Warning, text.to_owned());
        return;
    };
    // The line of input is one line.
    let one_line = |c: char| if c.is_control() { ' ' } else { c };
    let source: String = source.trim().chars().map(one_line).collect();
    open(model, key, &source);
    prompts::open(model, PromptFor::Try, &source);
}

/// Above the editor: one step back leads there again, also when it was opened from the resource.
fn open(model: &mut Model, key: ResourceKey, source: &str) {
    let same = |screen: &Screen| matches!(screen, Screen::Resource(other) if other.key == key);
    model.screens.retain(|screen| !same(screen));
    let mut screen = ResourceScreen::new(key, None, model.now_ms);
    screen.side = Side::Explain;
    // Evaluated as soon as the object is here.
    screen.attempt(source);
    model.screens.push(Screen::Resource(Box::new(screen)));
}
