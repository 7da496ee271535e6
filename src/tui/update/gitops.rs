//! ConfigMaps that somebody else keeps: the warning that an edit will be undone, and the way out, a
//! file for the repository.

use super::{drafts, flash};
use crate::catalog::Keeper;
use crate::check::config_map_changes;
use crate::domain::Severity;
use crate::tui::action::{self, ActionId};
use crate::tui::draft::Draft;
use crate::tui::manifest::{self, ConfigExport, ExportProblem, Form};
use crate::tui::message::{Effect, Job};
use crate::tui::model::{Model, Overlay, Texts};
use crate::tui::widgets::confirm::{Confirm, Then};
use crate::tui::widgets::text_view::Tone;

/// The name under which we write.
const OURS: &str = "kubechime";

/// Who will put another version back over an edit.
pub fn keeper(model: &Model) -> Option<Keeper> {
    let view = model.session.catalog.as_ref().filter(|view| view.found)?;
    view.meta.keeper(OURS)
}

/// The warning, as a line of a question.
pub(super) fn warning(model: &Model) -> Option<(Tone, String)> {
    let keeper = keeper(model)?;
    let export = action::describe(ActionId::ExportConfig)?.name;
    let text = format!("kept by {keeper}: this edit will be undone; :{export} writes it to a file");
    Some((Tone::Warn, text))
}

/// What all drafts of this ConfigMap change together.
///
/// # Errors
/// One sentence: a draft of the whole ConfigMap can't be read.
pub(super) fn all_changes(model: &Model) -> Result<Texts, String> {
    let Some(view) = &model.session.catalog else {
        return Ok(Texts::new());
    };
    let here = |draft: &&Draft| draft.id.namespace == view.namespace && draft.id.name == view.name;
    let mut changes = Texts::new();
    // A draft of the whole comes first: those of single keys are newer or finer.
    let mut all: Vec<&Draft> = model.drafts.iter().filter(here).collect();
    all.sort_by_key(|draft| draft.id.key.is_some());
    for draft in all {
        match &draft.id.key {
            Some(key) => drop(changes.insert(key.clone(), Some(draft.text.clone()))),
            None => {
                let whole = config_map_changes(draft.base_text.as_deref(), &draft.text);
                let whole =
                    whole.map_err(|error| format!("{}: {}", draft.id.title(), error.message));
                changes.extend(whole?);
            }
        }
    }
    changes.retain(|key, text| view.data.get(key) != text.as_ref());
    Ok(changes)
}

/// Writes the ConfigMap with the drafts applied, as it is typed: `FILE` or `FILE patch`.
///
/// # Errors
/// One sentence.
pub(super) fn export(
    model: &mut Model,
    typed: &str,
    effects: &mut Vec<Effect>,
) -> Result<(), String> {
    let (path, form) = manifest::parse(typed)?;
    drafts::keep(model, effects);
    let view = model.session.catalog.clone();
    let view = view.ok_or("the ConfigMap is not read yet")?;
    let text = manifest::text(&view, &all_changes(model)?, form)?;
    let export = ConfigExport {
        path,
        form,
        text,
        overwrite: false,
    };
    effects.push(Effect::Job(model.session.id, Job::ExportConfig(export)));
    Ok(())
}

/// The file was written, or not.
pub(super) fn exported(model: &mut Model, export: ConfigExport, result: Result<(), ExportProblem>) {
    let name = export.path.display().to_string();
    match result {
        Ok(()) => {
            let what = match export.form {
                Form::Manifest => "the ConfigMap with all drafts",
                Form::Patch => "a patch with the changed keys",
            };
            let view = model.session.catalog.as_ref();
            let binary = view.map_or(0, |view| view.meta.binary_keys.len());
            if binary > 0 && export.form == Form::Manifest {
                let text =
                    format!("{what} is written to {name}, without its {binary} keys of binaryData");
                flash(model, Severity::Warning, text);
            } else {
                flash(
                    model,
                    Severity::Info,
                    format!("{what} is written to {name}"),
                );
            }
        }
        Err(ExportProblem::Exists) => {
            let lines = vec![
                (Tone::Plain, format!("{name} exists.")),
                (Tone::Warn, "What is in it is lost.".to_owned()),
            ];
            let export = ConfigExport {
                overwrite: true,
                ..export
            };
            let then = Then::Overwrite(Box::new(export));
            let question = Confirm::new("Replace the file", lines, "Replace", then);
            model.overlays.push(Overlay::Confirm(Box::new(question)));
        }
        Err(ExportProblem::Failed(problem)) => flash(model, Severity::Error, problem),
    }
}
