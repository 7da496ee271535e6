//! What a draft would send is found out by itself before the question whether to apply it.

use crate::applying::{editing, reply};
use crate::fixture::{answer, batch, keys, type_text};
use crate::{blast, commands, editor, flash, only};
use kubechime::engine::{
    Batch, BlastRadius, Command, CommandError, PreviewNews, Totals, WorkPhase,
};
use kubechime::tui::message::{Effect, RequestId};
use kubechime::tui::model::{Model, Overlay, Screen};
use kubechime::tui::screens::editor::Step;

fn tell(model: &mut Model, news: PreviewNews) {
    let told = Batch {
        preview: Some(Box::new(news)),
        ..Batch::default()
    };
    batch(model, told);
}

fn news(number: u64, phase: WorkPhase) -> PreviewNews {
    PreviewNews {
        number,
        phase,
        revision: "88213".into(),
        ..PreviewNews::default()
    }
}

/// The preview that is asked for, with its number.
fn preview(effects: Vec<Effect>) -> (RequestId, u64) {
    let (request, command) = only(effects);
    match command {
        Command::Preview { number, .. } => (request, number),
        other => panic!("{other:?}"),
    }
}

/// Answers the preview that is asked for: nothing would be different.
pub fn harmless(model: &mut Model, effects: Vec<Effect>) {
    let (_, number) = preview(effects);
    tell(model, news(number, WorkPhase::Over));
}

/// A draft that the server accepts, with the preview that is asked for then.
fn accepted(text: &str) -> (Model, RequestId, u64) {
    let mut model = editing(text);
    let (request, _) = only(keys(&mut model, "C-s"));
    let effects = answer(&mut model, request, reply("88213", true));
    let (request, number) = preview(effects);
    (model, request, number)
}

fn question(model: &Model) -> String {
    match model.overlays.last() {
        Some(Overlay::Confirm(question)) => question.view.text().to_string(),
        _ => panic!("no question: {}", flash(model)),
    }
}

/// The effect that the confirmed draft is applied with.
fn effect(effects: Vec<Effect>) -> String {
    match only(effects).1 {
        Command::Apply {
            effect,
            dry_run: false,
            ..
        } => effect,
        other => panic!("{other:?}"),
    }
}

#[test]
fn the_question_names_the_totals() {
    let (mut model, _, number) = accepted("# new\n");
    assert!(model.overlays.is_empty());
    let looking = PreviewNews {
        done: 40,
        all: 200,
        ..news(number, WorkPhase::Looking)
    };
    tell(&mut model, looking.clone());
    let (_, message) = editor(&model).message.clone().unwrap();
    assert!(
        message.contains("blast radius: 40 of 200 resources"),
        "{message}"
    );
    assert!(model.overlays.is_empty());
    // Not twice.
    assert!(commands(keys(&mut model, "C-s")).is_empty());
    let over = PreviewNews {
        done: 195,
        all: 200,
        phase: WorkPhase::Over,
        radius: BlastRadius {
            totals: Totals {
                sent: 12,
                sent_again: 3,
                stopped: 1,
                ..Totals::default()
            },
            ..BlastRadius::default()
        },
        problem: Some("pods is forbidden".into()),
        ..looking
    };
    tell(&mut model, over);
    let asked = question(&model);
    let totals = "blast radius: would send 15 = 12 new + 3 again, 1 stopped, no new errors";
    for part in [totals, "5 resources not evaluated: pods is forbidden"] {
        assert!(asked.contains(part), "{part}: {asked}");
    }
    assert!(!asked.contains("1,204 resources use"), "{asked}");
    assert_eq!(effect(keys(&mut model, "y")), totals);
}

#[test]
fn who_does_not_wait_is_asked_at_once_and_told_that_it_is_not_known() {
    let (mut model, _, number) = accepted("# new\n");
    let looking = PreviewNews {
        done: 40,
        all: 200,
        ..news(number, WorkPhase::Looking)
    };
    tell(&mut model, looking);
    assert_eq!(
        only(keys(&mut model, "Esc")).1,
        Command::StopWork(number),
        "the editor stays open"
    );
    let asked = question(&model);
    for part in ["not known, stopped at 40 of 200", "1,204 resources use"] {
        assert!(asked.contains(part), "{part}: {asked}");
    }
    // Late news ask nothing more.
    tell(&mut model, news(number, WorkPhase::Stopped));
    assert_eq!(model.overlays.len(), 1);
    assert_eq!(effect(keys(&mut model, "y")), "");
}

#[test]
fn a_failure_does_not_keep_anybody_from_applying() {
    let (mut model, request, _) = accepted("# new\n");
    answer(&mut model, request, Err(CommandError::Busy));
    let asked = question(&model);
    let line = "blast radius: not known, the engine is busy";
    assert!(asked.contains(line), "{asked}");
    assert_eq!(effect(keys(&mut model, "y")), "");
    let (mut model, _, number) = accepted("# new\n");
    tell(
        &mut model,
        news(number, WorkPhase::Failed("no rights".into())),
    );
    assert!(question(&model).contains("not known, no rights"));
    keys(&mut model, "n");
    assert_eq!(editor(&model).step, Step::Editing);
}

#[test]
fn what_is_known_is_not_found_out_again() {
    let (mut model, _, number) = blast::asked();
    blast::over(&mut model, number);
    keys(&mut model, "Esc");
    let (request, _) = only(keys(&mut model, "C-s"));
    let effects = answer(&mut model, request, reply("88213", true));
    assert!(commands(effects).is_empty());
    assert!(question(&model).contains("would send 3 = 1 new + 2 again"));
    // What is being found out is waited for, on its screen too.
    let (mut model, _, number) = blast::asked();
    keys(&mut model, "Esc");
    let (request, _) = only(keys(&mut model, "C-s"));
    let effects = answer(&mut model, request, reply("88213", true));
    assert!(commands(effects).is_empty());
    keys(&mut model, "F6");
    assert!(matches!(model.screens.last(), Some(Screen::Blast)));
    blast::over(&mut model, number);
    assert!(question(&model).contains("would send 3 = 1 new + 2 again"));
    let (request, _) = only(keys(&mut model, "y"));
    answer(&mut model, request, reply("88214", false));
    assert!(
        !model
            .screens
            .iter()
            .any(|screen| matches!(screen, Screen::Editor(_)))
    );
}

#[test]
fn typing_goes_on_with_the_draft_and_asks_nothing() {
    let (mut model, _, number) = accepted("# new\n");
    type_text(&mut model, "y");
    assert_eq!(editor(&model).step, Step::Editing);
    tell(&mut model, news(number, WorkPhase::Over));
    assert!(model.overlays.is_empty());
    // Nor when it goes on while the server checks.
    let mut model = editing("# new\n");
    let (request, _) = only(keys(&mut model, "C-s"));
    type_text(&mut model, "y");
    assert!(commands(answer(&mut model, request, reply("88213", true))).is_empty());
    assert_eq!(editor(&model).step, Step::Editing);
    assert!(model.overlays.is_empty());
    // Nor does the question take the keys of another line.
    let (mut model, _, number) = accepted("# new\n");
    keys(&mut model, "C-f");
    tell(&mut model, news(number, WorkPhase::Over));
    type_text(&mut model, "y");
    assert_eq!(model.overlays.len(), 1);
    keys(&mut model, "Esc");
    assert!(question(&model).contains("would send 0"));
}

#[test]
fn another_text_of_a_template_sends_nothing_else() {
    let mut model = crate::standard();
    keys(&mut model, "4 g");
    while model.overview.keys.selected.as_deref() != Some("template.pod-oom") {
        keys(&mut model, "j");
    }
    keys(&mut model, "e");
    type_text(&mut model, "# new\n");
    let (request, _) = only(keys(&mut model, "C-s"));
    let effects = answer(&mut model, request, reply("88213", true));
    assert!(commands(effects).is_empty());
    assert!(!question(&model).contains("blast radius"));
}
