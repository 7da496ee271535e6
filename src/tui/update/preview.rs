//! A template rendered for a resource: which one, for which, and asking the engine for it.

use super::{blast, draft_trigger, drafts, flash, prompts, submit};
use crate::domain::{ResourceKey, Severity};
use crate::engine::{Command, CommandError, RenderOrder, Reply, ResourceRow};
use crate::tui::message::{Effect, RequestId};
use crate::tui::model::{Model, Overlay, PromptFor, Purpose, Screen};
use crate::tui::screens::blast::Changes;
use crate::tui::screens::overview::Pane;
use crate::tui::screens::preview::PreviewScreen;

/// The template that the front screen is about, with the draft that it is taken from.
pub(super) fn subject(model: &Model) -> Result<(String, Changes), String> {
    let named = |key: Option<&str>| key?.strip_prefix("template.").map(str::to_owned);
    match model.screens.last() {
        Some(Screen::Editor(editor)) => {
            let changes = editor.changes()?;
            let of_key = named(editor.id.key.as_deref());
            let name = of_key.or_else(|| first_template(model, &changes));
            let none = || "there is no template to render".to_owned();
            Ok((name.ok_or_else(none)?, changes))
        }
        Some(Screen::Resource(screen)) => {
            let name = screen.template().map(str::to_owned);
            let name = name.ok_or_else(|| "no condition sends a template here".to_owned())?;
            Ok((name, Changes::new()))
        }
        None if model.overview.pane == Pane::Keys => {
            let name = named(model.overview.keys.selected.as_deref());
            let name = name.ok_or_else(|| "no template is selected".to_owned())?;
            // Without a draft the version in force.
            let changes = blast::draft(model).map_or_else(|_| Changes::new(), |(_, c)| c);
            Ok((name, changes))
        }
        _ => Err("no template is selected".to_owned()),
    }
}

/// The template that a draft is most likely about: one of its own, or the first one there is.
fn first_template(model: &Model, changes: &Changes) -> Option<String> {
    let mut changed = changes.keys();
    let own = changed.find_map(|key| key.strip_prefix("template."));
    let view = model.session.catalog.as_ref()?;
    let known = view.catalog.templates.keys().next();
    own.map(str::to_owned).or_else(|| known.cloned())
}

/// `F3`: of a trigger the explanation of its condition, of anything else a rendered template.
pub(super) fn open(model: &mut Model, effects: &mut Vec<Effect>) {
    drafts::keep(model, effects);
    match draft_trigger::condition(model) {
        Some(Ok(source)) => return draft_trigger::explain(model, &source),
        Some(Err(problem)) => return flash(model, Severity::Error, problem),
        None => {}
    }
    let (template, changes) = match subject(model) {
        Ok(subject) => subject,
        Err(problem) => {
            flash(model, Severity::Error, problem);
            return;
        }
    };
    let resource = match model.screens.last() {
        Some(Screen::Resource(screen)) => Some(screen.key.clone()),
        _ => model.overview.resources.selected_or_first(),
    };
    let chosen = resource.is_some();
    let screen = PreviewScreen::new(template, resource, changes);
    model.screens.push(Screen::Preview(Box::new(screen)));
    render(model, effects);
    if !chosen {
        pick_resource(model);
    }
}

fn screen(model: &mut Model) -> Option<&mut PreviewScreen> {
    match model.screens.last_mut() {
        Some(Screen::Preview(screen)) => Some(screen),
        _ => None,
    }
}

/// Asks the engine for what the screen is about now.
fn render(model: &mut Model, effects: &mut Vec<Effect>) {
    let Some(screen) = screen(model) else { return };
    let Some(resource) = screen.resource.clone() else {
        screen.renew(None);
        return;
    };
    let order = RenderOrder {
        template: screen.template.clone(),
        resource,
        changes: screen.changes.clone(),
    };
    let command = Command::Render(Box::new(order));
    let request = submit(model, command, Purpose::Render, effects);
    if let Some(screen) = self::screen(model) {
        screen.renew(Some(request));
    }
}

/// The engine has rendered, or not.
pub(super) fn answered(model: &mut Model, request: RequestId, result: Result<Reply, CommandError>) {
    let result = match result {
        Ok(Reply::Rendered(rendering)) => Ok(rendering),
        Ok(_) => Err("the engine gave an unexpected answer".to_owned()),
        Err(error) => Err(error.to_string()),
    };
    for screen in &mut model.screens {
        if let Screen::Preview(screen) = screen
            && screen.awaited == Some(request)
        {
            screen.arrived(result);
            return;
        }
    }
}

/// Begins to choose another resource.
pub(super) fn pick_resource(model: &mut Model) {
    let current = screen(model).and_then(|screen| screen.resource.as_ref());
    let text = current.map(ResourceKey::qualified).unwrap_or_default();
    prompts::open(model, PromptFor::PickResource, &text);
}

/// Begins to choose another template.
pub(super) fn pick_template(model: &mut Model) {
    let text = screen(model).map(|screen| screen.template.clone());
    prompts::open(model, PromptFor::PickTemplate, &text.unwrap_or_default());
}

fn finds(row: &ResourceRow, text: &str) -> bool {
    let key = &row.key;
    let parts = [&*key.name, &*key.namespace];
    parts.iter().any(|part| part.contains(text)) || key.qualified().contains(text)
}

/// The resource that a text names: the very one, else the first one that has it in its name.
pub(super) fn find_resource(model: &Model, text: &str) -> Result<ResourceKey, String> {
    let rows = || model.overview.resources.table.rows();
    // Comparing names is cheap: a hundred thousand take a few milliseconds.
    let exact = rows().find(|row| text.ends_with(&*row.key.name) && row.key.qualified() == text);
    let found = exact.or_else(|| rows().find(|row| finds(row, text)));
    let found = found.map(|row| row.key.clone());
    found.ok_or_else(|| "no subscribed resource has that in its name".to_owned())
}

/// The template that a text names, or begins to name.
pub(super) fn find_template(model: &Model, text: &str) -> Result<String, String> {
    let Some(Screen::Preview(screen)) = model.screens.last() else {
        return Err("no template is shown".to_owned());
    };
    let in_force = model.session.catalog.iter();
    let in_force = in_force.flat_map(|view| view.catalog.templates.keys());
    let drafted = screen.changes.keys();
    let drafted = drafted.filter_map(|key| key.strip_prefix("template."));
    let names: Vec<&str> = drafted.chain(in_force.map(String::as_str)).collect();
    let exact = names.iter().find(|name| **name == text);
    let found = exact.or_else(|| names.iter().find(|name| name.contains(text)));
    let found = found.map(|name| (*name).to_owned());
    found.ok_or_else(|| "no template has that in its name".to_owned())
}

/// Tab: the line becomes the next name that has what was typed in it.
pub(super) fn complete(model: &mut Model) {
    let Some(Overlay::Prompt(prompt)) = model.overlays.last() else {
        return;
    };
    let text = prompt.line.text().to_owned();
    let typed = prompt.stem.clone().unwrap_or_else(|| text.clone());
    let next = match prompt.purpose {
        PromptFor::PickResource => {
            let rows = || model.overview.resources.table.rows();
            let mut fitting = rows().filter(|row| finds(row, &typed));
            let after = fitting.by_ref().find(|row| row.key.qualified() == text);
            let next = after.and_then(|_| fitting.next());
            let next = next.or_else(|| rows().find(|row| finds(row, &typed)));
            next.map(|row| row.key.qualified())
        }
        PromptFor::PickTemplate => find_template(model, &typed).ok(),
        _ => None,
    };
    if let (Some(next), Some(Overlay::Prompt(prompt))) = (next, model.overlays.last_mut()) {
        prompt.line = crate::tui::input_line::InputLine::new(&next);
        prompt.stem = Some(typed);
        prompt.problem = None;
    }
}

/// A resource was chosen.
pub(super) fn resource_picked(model: &mut Model, text: &str, effects: &mut Vec<Effect>) {
    if let Ok(key) = find_resource(model, text)
        && let Some(screen) = screen(model)
    {
        screen.resource = Some(key);
        render(model, effects);
    }
}

/// A template was chosen.
pub(super) fn template_picked(model: &mut Model, text: &str, effects: &mut Vec<Effect>) {
    if let Ok(name) = find_template(model, text)
        && let Some(screen) = screen(model)
    {
        screen.template = name;
        render(model, effects);
    }
}

/// Why nothing can be rendered now.
pub(super) fn reason(model: &Model) -> Option<String> {
    if model.session.catalog.is_none() {
        return Some("the ConfigMap is not read yet".to_owned());
    }
    if draft_trigger::trigger(model).is_some() {
        return None;
    }
    subject(model).err()
}
