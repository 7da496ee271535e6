//! The look at a draft before the server is asked: mistakes with their places, and what applying
//! it all the same would mean. Only who says so applies a draft with errors.

use super::{drafts, submit};
use crate::check::{self, Fate, Verdict};
use crate::domain::{Diagnostic, Severity};
use crate::engine::Command;
use crate::tui::draft::DraftId;
use crate::tui::message::{Effect, Job};
use crate::tui::model::{Model, Overlay, Purpose};
use crate::tui::screens::editor::Step;
use crate::tui::text;
use crate::tui::widgets::confirm::{Confirm, Then};
use crate::tui::widgets::text_view::Tone;

/// `C-s`: looks for mistakes, off the screen's thread.
pub(super) fn begin(model: &mut Model, effects: &mut Vec<Effect>) {
    drafts::keep(model, effects);
    let session = model.session.id;
    let Some(view) = model.session.catalog.clone() else {
        return;
    };
    let watches = model.session.watches.as_deref().unwrap_or_default();
    let variables = watches.iter().map(|watch| watch.kind.variable()).collect();
    let Some(editor) = drafts::editor(model) else {
        return;
    };
    let changes = match editor.changes() {
        Ok(changes) => changes,
        Err(problem) => {
            editor.message = Some((Severity::Error, problem));
            return;
        }
    };
    editor.message = None;
    editor.verdict = Verdict::default();
    editor.step = Step::Judging;
    let draft = check::Draft {
        catalog: view.catalog.clone(),
        data: view.data.clone(),
        changes,
        secret_keys: view.secret_keys.clone(),
        variables,
    };
    let job = Job::Judge(editor.id.clone(), Box::new(draft));
    effects.push(Effect::Job(session, job));
}

/// The draft was looked at: the server is asked next, or the person in front of the screen.
pub(super) fn judged(model: &mut Model, id: &DraftId, verdict: Verdict, effects: &mut Vec<Effect>) {
    let Some(editor) = drafts::editor_of(model, id) else {
        return;
    };
    // Edited meanwhile: it is about a text that is gone.
    if editor.step != Step::Judging {
        return;
    }
    let sound = verdict.broken.is_empty();
    editor.verdict = verdict;
    if sound {
        ask_server(model, id, effects);
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
    shown.extend(findings.map(|finding| (tone(finding), line(id, finding))));
    shown.push((Tone::Plain, String::new()));
    shown.push((Tone::Plain, "Applied all the same:".to_owned()));
    shown.extend(consequences(&editor.verdict));
    let then = Then::ApplyAnyway(id.clone());
    let question = Confirm::new("Apply with errors", shown, "Apply anyway", then);
    model.overlays.push(Overlay::Confirm(Box::new(question)));
}

/// The server checks (dry run).
pub(super) fn ask_server(model: &mut Model, id: &DraftId, effects: &mut Vec<Effect>) {
    let Some(editor) = drafts::editor_of(model, id) else {
        return;
    };
    let changes = match editor.changes() {
        Ok(changes) => changes,
        Err(problem) => {
            editor.message = Some((Severity::Error, problem));
            return;
        }
    };
    let command = Command::Apply {
        base: editor.base.clone(),
        changes,
        dry_run: true,
    };
    editor.message = None;
    let request = submit(model, command, Purpose::Check(id.clone()), effects);
    if let Some(editor) = drafts::editor_of(model, id) {
        editor.step = Step::Checking(request);
    }
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
        (Some(position), None) => format!("{}:{position} ", finding.key),
        (None, Some(_)) => String::new(),
        (None, None) => format!("{} ", finding.key),
    };
    line.push_str(&format!("{}: {}", finding.severity, finding.message));
    if let Some(help) = &finding.help {
        line.push_str(&format!(" ({help})"));
    }
    line
}
