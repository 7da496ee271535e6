//! The looks at a draft: while it is typed, and before the server is asked. Mistakes with their
//! places, and what applying it all the same would mean. Only who says so applies a draft with
//! errors.

use super::{applying, drafts};
use crate::check::{self, Fate, Verdict};
use crate::domain::{Diagnostic, Severity};
use crate::tui::draft::DraftId;
use crate::tui::message::{Effect, Job, JudgeOrder, Judged};
use crate::tui::model::{Model, Overlay};
use crate::tui::screens::editor::Step;
use crate::tui::text;
use crate::tui::widgets::confirm::{Confirm, Then};
use crate::tui::widgets::text_view::Tone;

/// `C-s`: looks for mistakes, off the screen's thread; what comes of it goes on.
pub(super) fn begin(model: &mut Model, effects: &mut Vec<Effect>) {
    drafts::keep(model, effects);
    let Some(editor) = drafts::editor(model) else {
        return;
    };
    match editor.changes() {
        Ok(changes) if changes.is_empty() => {
            editor.message = Some((Severity::Info, "no key has another text".to_owned()));
            return;
        }
        Ok(_) => {}
        Err(problem) => {
            editor.message = Some((Severity::Error, problem));
            return;
        }
    }
    editor.message = None;
    editor.popup = None;
    editor.verdict = Verdict::default();
    editor.step = Step::Judging;
    look(model, effects);
}

/// The variables of the watched kinds.
pub(super) fn variables(model: &Model) -> Vec<String> {
    let watches = model.session.watches.as_deref().unwrap_or_default();
    watches.iter().map(|watch| watch.kind.variable()).collect()
}

/// Begins a look at the open text as it is now.
pub(super) fn look(model: &mut Model, effects: &mut Vec<Effect>) {
    let session = model.session.id;
    let variables = variables(model);
    let Some(view) = model.session.catalog.clone() else {
        return;
    };
    let Some(editor) = drafts::editor(model) else {
        return;
    };
    let revision = editor.buffer.revision();
    editor.checks.due = None;
    editor.checks.running = Some(revision);
    let sample = editor.sample.as_ref();
    let order = JudgeOrder {
        id: editor.id.clone(),
        revision,
        compare: editor.difference_due.then(|| editor.base_text.clone()),
        edited: check::Edited {
            catalog: view.catalog.clone(),
            data: view.data.clone(),
            secret_keys: view.secret_keys.clone(),
            variables,
            object: sample.map(|sample| (sample.variable.clone(), sample.object.clone())),
            text: editor.edited_text(),
        },
    };
    effects.push(Effect::Job(session, Job::Judge(Box::new(order))));
}

/// The draft was looked at. When it is being applied the server is asked next, or the person in
/// front of the screen. A look at a text that is gone counts for nothing.
pub(super) fn judged(model: &mut Model, judged: Judged, effects: &mut Vec<Effect>) {
    let now = model.now_ms;
    let id = judged.id;
    let Some(editor) = drafts::any_editor(model, &id) else {
        return;
    };
    if judged.revision != editor.buffer.revision() {
        if editor.checks.running == Some(judged.revision) {
            editor.checks.running = None;
            editor.checks.changed(now);
        }
        return;
    }
    editor
        .checks
        .arrived(judged.revision, judged.verdict.clone());
    editor.verdict = judged.verdict;
    if let Some(difference) = judged.difference {
        editor.compared(judged.revision, difference);
    }
    if editor.step != Step::Judging {
        return;
    }
    let sound = editor.verdict.broken.is_empty();
    if sound {
        applying::ask_server(model, &id, effects);
        return;
    }
    editor.step = Step::Asking;
    let errors = editor.verdict.findings.iter();
    let errors = errors.filter(|finding| finding.severity == Severity::Error);
    let count = text::plural(errors.count() as u64, "error", "errors");
    editor.message = Some((Severity::Error, format!("{count}: not applied")));
    let mut shown = vec![(
        Tone::Strong,
        format!("{}/{} {}: {count}", id.namespace, id.name, id.title()),
    )];
    let findings = editor.verdict.findings.iter();
    shown.extend(findings.map(|finding| (tone(finding), line(&id, finding))));
    shown.push((Tone::Plain, String::new()));
    shown.push((Tone::Plain, "Applied all the same:".to_owned()));
    shown.extend(consequences(&editor.verdict));
    let then = Then::ApplyAnyway(id);
    let question = Confirm::new("Apply with errors", shown, "Apply anyway", then);
    model.overlays.push(Overlay::Confirm(Box::new(question)));
}

/// What becomes of each key with an error, by name.
pub(super) fn consequences(verdict: &Verdict) -> impl Iterator<Item = (Tone, String)> + '_ {
    verdict.broken.iter().map(|(key, fate)| {
        let text = match fate {
            Fate::LastGood => "is broken: the engine keeps the last good version",
            Fate::Without => "is broken: the engine does without it until it can be read",
            Fate::InForce => "is in force, and fails where the error says",
        };
        (Tone::Bad, format!("{key} {text}"))
    })
}

/// Warnings of the look, for the question that follows.
pub(super) fn warnings<'v>(
    id: &'v DraftId,
    verdict: &'v Verdict,
) -> impl Iterator<Item = (Tone, String)> + 'v {
    let findings = verdict.findings.iter();
    let warnings = findings.filter(|finding| finding.severity == Severity::Warning);
    warnings.map(|finding| (tone(finding), line(id, finding)))
}

fn tone(finding: &Diagnostic) -> Tone {
    match finding.severity {
        Severity::Error => Tone::Bad,
        Severity::Warning => Tone::Warn,
        Severity::Info => Tone::Plain,
    }
}

/// A finding with its place in the editor's text, as far as that is known.
fn line(id: &DraftId, finding: &Diagnostic) -> String {
    let mut line = match (finding.position, &id.key) {
        (Some(position), Some(_)) => format!("{position} "),
        (Some(position), None) => format!("{position} {} ", finding.key),
        (None, Some(_)) => String::new(),
        (None, None) => format!("{} ", finding.key),
    };
    line.push_str(&format!("{}: {}", finding.severity, finding.message));
    if let Some(help) = &finding.help {
        line.push_str(&format!(" ({help})"));
    }
    line
}
