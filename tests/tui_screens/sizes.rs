//! Every screen at the sizes that matter, without colour, and with wide characters: those that have
//! no snapshot elsewhere.

use super::fixture::*;
use super::foreign::Foreign;
use super::opening::{SCREENS, opened};
use super::{buffer, screen, snapshot};
use kubechime::engine::{Batch, Command, Reply};
use kubechime::tui::message::{Effect, Msg};
use kubechime::tui::model::Model;
use kubechime::tui::{Options, ThemeName};
use ratatui::style::Color;

const SIZES: [(u16, u16); 3] = [(120, 36), (80, 24), (40, 10)];

/// A screen, the keys that lead to it from the usual content, and the sizes to see it at.
type Usual = (&'static str, &'static str, &'static [(u16, u16)]);

const USUAL: [Usual; 14] = [
    ("triggers", "2", &[(40, 10)]),
    ("history", "3", &[(40, 10)]),
    ("keys", "4 j j", &[(40, 10)]),
    ("help", "?", &[(120, 36), (40, 10)]),
    ("palette", ": r e s e", &[(80, 24), (40, 10)]),
    ("filter", "3 / s l a c k", &[(80, 24), (40, 10)]),
    ("events", "!", &[(120, 36), (40, 10)]),
    ("object", "y", &[(120, 36), (40, 10)]),
    ("broken_key", "4 j j Enter", &[(120, 36), (40, 10)]),
    ("drafts", "4 e # Esc 9", &[(120, 36)]),
    ("resend_question", "r", &[(80, 24), (40, 10)]),
    ("clear_question", "D", &[(120, 36), (40, 10)]),
    (
        "bulk_question",
        "Space Space Space D",
        &[(80, 24), (40, 10)],
    ),
    ("baseline_question", "Space Space b", &SIZES),
];

/// The usual content, with an answer to everything that is asked on the way.
fn usual(options: &Options, (width, height): (u16, u16), script: &str) -> Model {
    let mut model = full(options, width, height);
    if script == "!" {
        let told = Batch {
            notices: vec![notice("slack answered 429 for 1 delivery, retry in 8s")],
            ..Batch::default()
        };
        batch(&mut model, told);
    }
    let effects = keys(&mut model, script);
    for effect in answer_inspections(&mut model, effects) {
        if let Effect::Submit(request, Command::Object(key)) = effect {
            let yaml = kubechime::yaml::emit(&object(&key));
            answer(&mut model, request, Ok(Reply::Object(yaml.into())));
        }
    }
    model
}

#[test]
fn every_screen_at_every_size() {
    for (name, script, sizes) in USUAL {
        for size in sizes {
            let model = usual(&options(), *size, script);
            snapshot(&format!("{name}_{}x{}", size.0, size.1), &model);
        }
    }
}

#[test]
fn an_engine_that_starts_or_does_not() {
    let problem = "no kubeconfig: ~/.kube/config does not exist. Set KUBECONFIG or write one.";
    for (width, height) in SIZES {
        let mut model = Model::new(&options(), width, height, NOW, jiff::tz::TimeZone::UTC);
        kubechime::tui::update::start(&mut model);
        snapshot(&format!("starting_{width}x{height}"), &model);
        let session = model.session.id;
        send(&mut model, Msg::Launched(session, Err(problem.into())));
        snapshot(&format!("no_kubeconfig_{width}x{height}"), &model);
    }
}

#[test]
fn every_screen_says_the_same_without_colour() {
    let mono = Options {
        theme: ThemeName::Mono,
        ..options()
    };
    for (name, script, _) in USUAL {
        for size in SIZES {
            let plain = usual(&mono, size, script);
            let coloured = usual(&options(), size, script);
            assert_eq!(screen(&plain), screen(&coloured), "{name} {size:?}");
            let cells = buffer(&plain).content;
            let drab = cells
                .iter()
                .all(|cell| (cell.fg, cell.bg) == (Color::Reset, Color::Reset));
            assert!(drab, "{name} {size:?}");
        }
    }
}

/// Names and texts of a cluster that has ASCII only.
fn plain() -> Foreign {
    Foreign {
        namespace: "team-a".into(),
        name: "web-7d9f8b6c5d-abcde".into(),
        text: "rate limited: try again in 8 s".into(),
    }
}

/// One look at each screen as [`SCREENS`] names it, and the name of its snapshot.
const LOOKS: [(&str, &str); 17] = [
    ("triggers", "triggers"),
    ("history", "history"),
    ("keys", "keys"),
    ("unfolded", "resource"),
    ("delivery", "delivery"),
    ("object", "object"),
    ("events", "events"),
    ("editor checks", "editor_checks"),
    ("difference", "diff"),
    ("merge", "merge"),
    ("versions", "versions"),
    ("subscribe", "subscribe"),
    ("drafts", "drafts"),
    ("bulk question", "bulk_question"),
    ("preview", "preview"),
    ("conditions", "views"),
    ("no engine", "start"),
];

fn look(foreign: &Foreign, options: &Options, name: &str) -> Model {
    let script = SCREENS.iter().find(|(known, _)| *known == name);
    let (_, script) = script.expect("a screen");
    opened(foreign, options, (80, 24), script)
}

#[test]
fn without_colour_and_beyond_ascii_every_screen_is_complete() {
    let mono = Options {
        theme: ThemeName::Mono,
        ascii: true,
        ..options()
    };
    for (name, file) in LOOKS {
        let model = look(&plain(), &mono, name);
        snapshot(&format!("{file}_mono_80x24"), &model);
    }
    for (name, script) in SCREENS {
        for size in SIZES {
            let model = opened(&plain(), &mono, size, script);
            let text = screen(&model);
            // The object of the fixture has a note in Japanese.
            let own = text.replace(|c: char| "日本語".contains(c), "");
            assert!(own.is_ascii(), "{name} {size:?}: {own}");
            for cell in &buffer(&model).content {
                let colours = (cell.fg, cell.bg);
                assert_eq!(colours, (Color::Reset, Color::Reset), "{name} {size:?}");
            }
        }
    }
}

#[test]
fn every_screen_with_wide_characters() {
    for (name, file) in LOOKS {
        let model = look(&Foreign::wide(), &options(), name);
        snapshot(&format!("{file}_wide_80x24"), &model);
    }
}
