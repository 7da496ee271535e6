//! Applying a draft: finding out what it would send, and the question that names it; searching in
//! its difference, and filtering its effects.

use super::blast::{drafted, news};
use super::*;
use kubechime::engine::{Command, PreviewNews, WorkPhase};
use kubechime::tui::message::RequestId;

/// The number of the preview that is asked for.
fn number(effects: Vec<Effect>) -> u64 {
    let asked = effects.into_iter().find_map(|effect| match effect {
        Effect::Submit(_, Command::Preview { number, .. }) => Some(number),
        _ => None,
    });
    asked.expect("a preview is asked for")
}

fn accepted(model: &mut Model, request: RequestId) -> u64 {
    let reply = Reply::Applied {
        resource_version: "88213".into(),
        dry_run: true,
    };
    number(answer(model, request, Ok(reply)))
}

fn tell(model: &mut Model, news: PreviewNews) {
    let told = Batch {
        preview: Some(Box::new(news)),
        ..Batch::default()
    };
    batch(model, told);
}

#[test]
fn what_it_would_send_is_found_out_and_named_in_the_question() {
    for (width, height) in [(120, 36), (80, 24), (40, 10)] {
        let mut model = full(&options(), width, height);
        let (request, _) = drafted(&mut model, "4 G k e", "C-s");
        let number = accepted(&mut model, request);
        let looking = PreviewNews {
            done: 40_125,
            all: 100_482,
            ..news(number, WorkPhase::Looking)
        };
        tell(&mut model, looking.clone());
        snapshot(&format!("weighing_{width}x{height}"), &model);
        let over = PreviewNews {
            done: 100_400,
            phase: WorkPhase::Over,
            problem: Some("pods is forbidden".into()),
            ..looking
        };
        tell(&mut model, over);
        snapshot(&format!("apply_question_{width}x{height}"), &model);
    }
}

#[test]
fn who_did_not_wait_is_told_that_it_is_not_known() {
    let plain = Options {
        ascii: true,
        theme: ThemeName::Mono,
        ..options()
    };
    let mut model = full(&plain, 80, 24);
    let (request, _) = drafted(&mut model, "4 G k e", "C-s");
    accepted(&mut model, request);
    keys(&mut model, "Esc");
    snapshot("apply_question_unknown_80x24", &model);
}

#[test]
fn effects_are_filtered_and_differences_searched() {
    for (width, height) in [(120, 36), (80, 24), (40, 10)] {
        let mut model = full(&options(), width, height);
        let (_, command) = drafted(&mut model, "4 G k e", "F6");
        let Command::Preview { number, .. } = command else {
            panic!("{command:?}");
        };
        tell(&mut model, news(number, WorkPhase::Over));
        keys(&mut model, "/");
        type_text(&mut model, "web");
        keys(&mut model, "Enter");
        snapshot(&format!("blast_filtered_{width}x{height}"), &model);
        keys(&mut model, "Esc F7 /");
        type_text(&mut model, "NEW");
        keys(&mut model, "Enter");
        snapshot(&format!("diff_searched_{width}x{height}"), &model);
    }
}
