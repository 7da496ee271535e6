//! Lines being typed: filters, searches, names, the palette.

use super::{drafts, editor_lines, flash, gitops, keys, launch, preview, resource, writes};
use crate::domain::{Destination, Severity};
use crate::query::Filter;
use crate::query::HistoryQuery;
use crate::tui::examples;
use crate::tui::export::{self, Export};
use crate::tui::input_line::InputLine;
use crate::tui::layout;
use crate::tui::manifest;
use crate::tui::message::{Effect, Job};
use crate::tui::model::{Model, Overlay, Prompt, PromptFor, Screen};
use crate::tui::screens::overview::Pane;
use crate::tui::screens::resource::Side;
use crate::tui::screens::{blast, events};
use crate::tui::widgets::palette::{Entry, Palette, Run};
use std::sync::Arc;
use tokio_util::sync::CancellationToken;

/// Palette lines that are remembered.
const REMEMBERED: usize = 50;

/// Begins a line.
pub(super) fn open(model: &mut Model, purpose: PromptFor, text: &str) {
    model.overlays.push(Overlay::Prompt(Prompt {
        purpose,
        line: InputLine::new(text),
        problem: None,
        before: text.to_owned(),
        stem: None,
    }));
}

/// Begins the filter of the front list, with what it is now.
pub(super) fn open_filter(model: &mut Model) {
    match model.screens.last() {
        Some(Screen::Events(screen)) => {
            let text = screen.filter_text.clone();
            open(model, PromptFor::EventsFilter, &text);
        }
        Some(Screen::Views(screen)) => {
            let text = screen.filter_text.clone();
            open(model, PromptFor::ViewsFilter, &text);
        }
        Some(Screen::Blast) => {
            let Some(blast) = model.blast.as_deref_mut() else {
                return;
            };
            // What is filtered is to be seen.
            blast.side = blast::Side::Effects;
            let text = blast.filter_text.clone();
            open(model, PromptFor::BlastFilter, &text);
        }
        _ => {
            let pane = model.overview.pane;
            let text = model.overview.filter_text(pane).to_owned();
            open(model, PromptFor::Filter(pane), &text);
        }
    }
}

/// Begins the palette.
pub(super) fn open_palette(model: &mut Model, text: &str, effects: &mut Vec<Effect>) {
    model.overlays.push(Overlay::Palette(Palette::new(text)));
    palette_typed(model, effects);
}

/// The palette's line becomes this.
pub(super) fn palette_line(model: &mut Model, text: &str, effects: &mut Vec<Effect>) {
    if let Some(Overlay::Palette(palette)) = model.overlays.last_mut() {
        *palette = Palette::new(text);
    }
    palette_typed(model, effects);
}

/// Contexts are read when somebody begins to choose one.
pub(super) fn palette_typed(model: &mut Model, effects: &mut Vec<Effect>) {
    let Some(Overlay::Palette(palette)) = model.overlays.last() else {
        return;
    };
    let unread = !matches!(model.contexts, Some(Ok(_)));
    if unread && palette.line.text().trim_start().starts_with("ctx") {
        effects.push(Effect::Contexts);
    }
}

/// Runs an entry of the palette, which is closed already.
pub(super) fn run_entry(
    model: &mut Model,
    palette: Palette,
    entry: Entry,
    effects: &mut Vec<Effect>,
) {
    if let Some(reason) = entry.reason {
        flash(model, Severity::Warning, reason);
        return;
    }
    let typed = palette.line.text().trim().to_owned();
    match entry.run {
        Run::Complete(line) => {
            open_palette(model, &line, effects);
            return;
        }
        Run::Nothing => {
            model.overlays.push(Overlay::Palette(palette));
            return;
        }
        Run::Action(id) => keys::run(model, id, effects),
        Run::Context(name) => launch(model, Some(name), effects),
        Run::Theme(name) => model.look.theme = model.themes.styles(name),
        Run::Mode(mode) => writes::mode(model, mode),
        Run::ExportConfig(typed) => {
            if let Err(problem) = gitops::export(model, &typed, effects) {
                flash(model, Severity::Error, problem);
            }
        }
        Run::Example(place) => {
            if let Some(example) = examples::ALL.get(place) {
                drafts::from_example(model, example);
            }
        }
        Run::Namespaces(names) => {
            model.overview.namespaces = names;
            refilter_all(model, effects);
        }
    }
    if !typed.is_empty() {
        model.palette_history.retain(|line| *line != typed);
        model.palette_history.push(typed);
        if model.palette_history.len() > REMEMBERED {
            model.palette_history.remove(0);
        }
    }
}

/// Filters the resources and the history anew, by what is typed and by namespaces.
pub(super) fn refilter_all(model: &mut Model, effects: &mut Vec<Effect>) {
    for pane in [Pane::Resources, Pane::History] {
        let text = model.overview.filter_text(pane).to_owned();
        // What was typed was right when it was typed.
        if let Err(problem) = filter(model, pane, &text, effects) {
            flash(model, Severity::Warning, problem);
        }
    }
}

/// Sets the filter of a pane.
pub(super) fn set_filter(model: &mut Model, pane: Pane, text: &str, effects: &mut Vec<Effect>) {
    if let Err(problem) = filter(model, pane, text, effects) {
        flash(model, Severity::Warning, problem);
    }
}

fn filter(
    model: &mut Model,
    pane: Pane,
    text: &str,
    effects: &mut Vec<Effect>,
) -> Result<(), String> {
    let session = model.session.id;
    let overview = &mut model.overview;
    match pane {
        Pane::Resources => {
            let work = overview.resources.filter(text, &overview.namespaces)?;
            effects.push(Effect::Job(session, Job::Arrange(work)));
        }
        Pane::Triggers => overview.triggers.filter(text)?,
        Pane::History => {
            let query = HistoryQuery::parse(text, &overview.namespaces, model.now_ms, &model.zone)?;
            let history = &mut overview.history;
            text.clone_into(&mut history.filter_text);
            history.restart(query.clone(), model.session.history);
            if model.session.history {
                let number = history.number;
                effects.push(Effect::Job(session, Job::Count { number, query }));
            }
        }
        Pane::Keys => overview.keys.filter(text)?,
    }
    Ok(())
}

/// The line has changed: filters and searches are live.
pub(super) fn typed(model: &mut Model, effects: &mut Vec<Effect>) {
    let Some(Overlay::Prompt(prompt)) = model.overlays.last() else {
        return;
    };
    let (purpose, text) = (prompt.purpose.clone(), prompt.line.text().to_owned());
    let result = apply(model, &purpose, &text, effects);
    if let Some(Overlay::Prompt(prompt)) = model.overlays.last_mut() {
        prompt.problem = result.err();
    }
}

fn apply(
    model: &mut Model,
    purpose: &PromptFor,
    text: &str,
    effects: &mut Vec<Effect>,
) -> Result<(), String> {
    match purpose {
        PromptFor::Filter(pane) => filter(model, *pane, text, effects),
        PromptFor::EventsFilter => {
            let filter = Filter::parse(text, events::FILTER)?;
            if let Some(Screen::Events(screen)) = model.screens.last_mut() {
                screen.filter = filter;
                text.clone_into(&mut screen.filter_text);
            }
            Ok(())
        }
        PromptFor::ViewsFilter => match model.screens.last_mut() {
            Some(Screen::Views(screen)) => screen.filter(text),
            _ => Ok(()),
        },
        PromptFor::BlastFilter => match model.blast.as_deref_mut() {
            Some(blast) => blast.filter(text),
            None => Ok(()),
        },
        PromptFor::Search => {
            let width = model.width;
            let mut height = layout::text_rows(model.width, model.height);
            if matches!(model.screens.last(), Some(Screen::Resource(_))) {
                height = resource::height(model, Side::Object);
            }
            let view = match model.screens.last_mut() {
                Some(Screen::Text(screen)) => &mut screen.view,
                Some(Screen::Delivery(screen)) => screen.view_mut(),
                Some(Screen::Preview(screen)) => screen.view_mut(),
                Some(Screen::Resource(screen)) => {
                    screen.side = Side::Object;
                    screen.object_mut()
                }
                Some(Screen::Diff(screen)) => {
                    screen.find(text);
                    screen.show_hit(width, height);
                    return Ok(());
                }
                _ => return Ok(()),
            };
            view.find(text);
            view.show_hit(height);
            Ok(())
        }
        PromptFor::NewKey => examples::check_key(text),
        PromptFor::Editor(purpose) => editor_lines::prompt_typed(model, purpose, text),
        PromptFor::Try => {
            resource::attempt(model, text, effects);
            Ok(())
        }
        PromptFor::Export => export::Form::of(text).map(|_| ()),
        PromptFor::ExportConfig => manifest::parse(text).map(|_| ()),
        PromptFor::PickResource => preview::find_resource(model, text).map(|_| ()),
        PromptFor::PickTemplate => preview::find_template(model, text).map(|_| ()),
        PromptFor::Destination => writes::check_destination(model, &Destination::parse(text)),
    }
}

/// Enter.
pub(super) fn accepted(model: &mut Model, prompt: Prompt, effects: &mut Vec<Effect>) {
    let text = prompt.line.text().to_owned();
    let result = match prompt.purpose {
        // They are in force as they are typed.
        PromptFor::Filter(_)
        | PromptFor::EventsFilter
        | PromptFor::ViewsFilter
        | PromptFor::BlastFilter
            if prompt.problem.is_none() =>
        {
            return;
        }
        PromptFor::Search | PromptFor::Try if prompt.problem.is_none() => return,
        _ => apply(model, &prompt.purpose, &text, effects),
    };
    match result {
        Err(problem) => model.overlays.push(Overlay::Prompt(Prompt {
            problem: Some(problem),
            ..prompt
        })),
        Ok(()) if matches!(prompt.purpose, PromptFor::Editor(_)) => {
            if let PromptFor::Editor(purpose) = &prompt.purpose {
                editor_lines::prompt_accepted(model, purpose, &text, effects);
            }
        }
        Ok(()) if prompt.purpose == PromptFor::NewKey => {
            drafts::open_key(model, &text, Some(examples::skeleton(&text)));
        }
        Ok(()) if prompt.purpose == PromptFor::PickResource => {
            preview::resource_picked(model, &text, effects);
        }
        Ok(()) if prompt.purpose == PromptFor::PickTemplate => {
            preview::template_picked(model, &text, effects);
        }
        Ok(()) if prompt.purpose == PromptFor::Export => write_history(model, &text, effects),
        Ok(()) if prompt.purpose == PromptFor::ExportConfig => {
            if let Err(problem) = gitops::export(model, &text, effects) {
                flash(model, Severity::Error, problem);
            }
        }
        Ok(()) if prompt.purpose == PromptFor::Destination => {
            writes::send_to(model, Destination::parse(&text));
        }
        Ok(()) => {}
    }
}

/// Begins to write the history, as it is filtered, to a file.
fn write_history(model: &mut Model, path: &str, effects: &mut Vec<Effect>) {
    let Ok(form) = export::Form::of(path) else {
        return;
    };
    let export = Export {
        path: path.into(),
        form,
        query: model.overview.history.query.clone(),
        written: Arc::default(),
        cancel: CancellationToken::new(),
    };
    model.export = Some(export.clone());
    effects.push(Effect::Job(model.session.id, Job::Export(export)));
}

/// Esc: a filter or search is removed.
pub(super) fn dismissed(model: &mut Model, prompt: &Prompt, effects: &mut Vec<Effect>) {
    match prompt.purpose {
        PromptFor::Editor(ref purpose) => {
            editor_lines::prompt_dismissed(model, purpose);
            return;
        }
        PromptFor::NewKey
        | PromptFor::Destination
        | PromptFor::PickResource
        | PromptFor::PickTemplate
        | PromptFor::Export
        | PromptFor::ExportConfig => return,
        PromptFor::Try => {
            if let Some(Screen::Resource(screen)) = model.screens.last_mut() {
                screen.end_trial();
            }
            return;
        }
        _ => {}
    }
    // Nothing typed and nothing to remove: nothing to do.
    if prompt.line.text().is_empty() && prompt.before.is_empty() {
        return;
    }
    if let Err(problem) = apply(model, &prompt.purpose, "", effects) {
        flash(model, Severity::Warning, problem);
    }
}
