//! What the dashboard shows, as text: snapshots of the screens at the sizes that matter.
#![cfg(feature = "tui")]

#[path = "tui_screens/applying.rs"]
mod applying;
#[path = "tui_screens/blast.rs"]
mod blast;
#[path = "tui_screens/calm.rs"]
mod calm;
#[path = "tui_screens/editing.rs"]
mod editing;
#[path = "tui_screens/fixture.rs"]
mod fixture;
#[path = "tui_screens/foreign.rs"]
mod foreign;
#[path = "tui_screens/hostile.rs"]
mod hostile;
#[path = "tui_screens/opening.rs"]
mod opening;
#[path = "tui_screens/protected.rs"]
mod protected;
#[path = "tui_screens/resource.rs"]
mod resource;
#[path = "tui_screens/sizes.rs"]
mod sizes;
#[path = "tui_screens/versions.rs"]
mod versions;
#[path = "tui_screens/views.rs"]
mod views;

use fixture::*;
use kubechime::domain::Mode;
use kubechime::engine::{Batch, CatalogView, Reply, RowState, WatchPhase};
use kubechime::tui::message::{Effect, Msg};
use kubechime::tui::model::Model;
use kubechime::tui::{Options, ThemeName, draw};
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Color;
use std::sync::Arc;

fn buffer(model: &Model) -> Buffer {
    let mut buffer = Buffer::empty(Rect::new(0, 0, model.width, model.height));
    draw(model, &mut buffer);
    buffer
}

/// The screen as lines of text, without blanks at their ends.
fn screen(model: &Model) -> String {
    let buffer = buffer(model);
    let mut lines = Vec::new();
    for y in 0..model.height {
        let mut line = String::new();
        let mut covered = 0;
        for x in 0..model.width {
            if covered > 0 {
                covered -= 1;
                continue;
            }
            let symbol = buffer[(x, y)].symbol();
            covered = kubechime::tui::text::width(symbol).saturating_sub(1);
            line.push_str(symbol);
        }
        lines.push(line.trim_end().to_owned());
    }
    lines.join("\n")
}

fn snapshot(name: &str, model: &Model) {
    let mut settings = insta::Settings::clone_current();
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    settings.bind(|| insta::assert_snapshot!(name, screen(model)));
}

#[test]
fn overview_at_every_size() {
    for (width, height) in [(120, 36), (80, 24), (200, 60), (40, 10), (20, 5), (19, 4)] {
        let model = full(&options(), width, height);
        snapshot(&format!("overview_{width}x{height}"), &model);
    }
}

#[test]
fn each_pane_at_80x24() {
    for (number, name) in [(2, "triggers"), (3, "history"), (4, "keys")] {
        let mut model = full(&options(), 80, 24);
        keys(&mut model, &number.to_string());
        if name == "keys" {
            keys(&mut model, "j j");
        }
        snapshot(&format!("{name}_80x24"), &model);
    }
}

#[test]
fn zoomed_pane() {
    let mut model = full(&options(), 120, 36);
    keys(&mut model, "3 z");
    snapshot("history_zoomed_120x36", &model);
}

#[test]
fn ascii_draws_no_lines_beyond_ascii() {
    let options = Options {
        ascii: true,
        theme: ThemeName::Mono,
        ..options()
    };
    let model = full(&options, 80, 24);
    snapshot("overview_ascii_80x24", &model);
    let own = screen(&model);
    assert!(own.is_ascii(), "{own}");
}

#[test]
fn mono_uses_no_colour_and_says_the_same() {
    let options = Options {
        theme: ThemeName::Mono,
        ..options()
    };
    let mono = full(&options, 120, 36);
    assert_eq!(screen(&mono), screen(&full(&self::options(), 120, 36)));
    for cell in &buffer(&mono).content {
        assert_eq!((cell.fg, cell.bg), (Color::Reset, Color::Reset));
    }
}

#[test]
fn names_from_the_cluster_neither_act_nor_shift_columns() {
    let mut model = launched(&options(), 80, 24);
    let names = [
        "日本語のポッド名前がとても長い場合の例",
        "\u{1b}[2Jevil\u{7}",
        "\u{202e}txt.exe",
        "עברית-rtl",
        "e\u{301}combining",
        "👩‍👩‍👧family",
        "tab\tand\nnewline",
    ];
    let rows = names.map(|name| Arc::new(row("Pod", "ünï", name, RowState::Sent, 5)));
    let told = Batch {
        rows: rows.into(),
        ..full_batch()
    };
    let effects = batch(&mut model, told);
    answer_inspections(&mut model, effects);
    keys(&mut model, "z");
    let text = screen(&model);
    assert!(!text.contains(['\u{1b}', '\u{7}', '\u{202e}', '\t']));
    // The right border stands in the same column of every line.
    for line in text.lines().skip(2).take(19) {
        assert_eq!(kubechime::tui::text::width(line), 80, "{line}");
    }
    snapshot("foreign_names_80x24", &model);
}

#[test]
fn resend_asks_with_every_destination() {
    let mut model = full(&options(), 120, 36);
    keys(&mut model, "r");
    snapshot("resend_question_120x36", &model);
    let mut model = full(&options(), 80, 24);
    keys(&mut model, "D");
    snapshot("clear_question_80x24", &model);
}

#[test]
fn palette_and_help() {
    let mut model = full(&options(), 120, 36);
    keys(&mut model, ":");
    type_text(&mut model, "rese");
    snapshot("palette_120x36", &model);
    let mut model = full(&options(), 80, 24);
    keys(&mut model, "?");
    snapshot("help_80x24", &model);
    type_text(&mut model, "dedup");
    snapshot("help_search_80x24", &model);
}

#[test]
fn disabled_entries_say_why() {
    let options = Options {
        read_only: true,
        ..options()
    };
    let mut model = full(&options, 120, 36);
    keys(&mut model, ":");
    type_text(&mut model, "clear");
    let text = screen(&model);
    assert!(text.contains("[off: read-only"), "{text}");
    assert!(text.contains("READ-ONLY"), "{text}");
}

#[test]
fn delivery_detail_without_a_store() {
    let mut model = full(&options(), 120, 36);
    keys(&mut model, "3 j Enter");
    snapshot("delivery_120x36", &model);
    let mut model = full(&options(), 80, 24);
    keys(&mut model, "3 j Enter Tab");
    snapshot("delivery_80x24", &model);
}

#[test]
fn object_with_search() {
    let mut model = full(&options(), 80, 24);
    let effects = keys(&mut model, "y");
    for effect in effects {
        if let Effect::Submit(request, _) = effect {
            let yaml: String = (0..60).map(|n| format!("field{n}: value\n")).collect();
            answer(&mut model, request, Ok(Reply::Object(yaml.into())));
        }
    }
    keys(&mut model, "/");
    type_text(&mut model, "FIELD4");
    keys(&mut model, "Enter n");
    snapshot("object_80x24", &model);
}

#[test]
fn editor_and_broken_key() {
    let mut model = full(&options(), 120, 36);
    keys(&mut model, "4 G k e");
    type_text(&mut model, "# ");
    snapshot("editor_120x36", &model);
    let mut model = full(&options(), 80, 24);
    keys(&mut model, "4 G k e");
    type_text(&mut model, "# ");
    snapshot("editor_80x24", &model);
    let mut model = full(&options(), 80, 24);
    keys(&mut model, "4 j j Enter");
    snapshot("broken_key_80x24", &model);
}

#[test]
fn events_with_advice() {
    let mut model = full(&options(), 80, 24);
    let told = Batch {
        notices: vec![notice("slack answered 429 for 1 delivery, retry in 8s"); 3],
        ..Batch::default()
    };
    batch(&mut model, told);
    snapshot("notice_80x24", &model);
    keys(&mut model, "!");
    snapshot("events_80x24", &model);
}

/// What an operator reads when there is nothing to list.
#[test]
fn empty_states_say_what_to_do() {
    let empty = |phase: WatchPhase, found: bool, connected: bool| {
        let mut model = launched(&options(), 120, 36);
        let mut status = status(Mode::Observe);
        status.connected = connected;
        status.wanted = Mode::Active;
        status.reason = "kubechime-7f9c holds the Lease".into();
        let view = CatalogView {
            found,
            data: Arc::default(),
            ..catalog()
        };
        let told = Batch {
            catalog: Some(Arc::new(view)),
            watches: Some(watches(phase)),
            status: Some(Arc::new(status)),
            ..Batch::default()
        };
        batch(&mut model, told);
        model
    };
    snapshot("empty_120x36", &empty(WatchPhase::Live, false, true));
    let forbidden = WatchPhase::Failed {
        message: "pods is forbidden: User \"dev\" cannot list resource \"pods\"".into(),
        help: "Ask for the verbs list and watch on pods.".into(),
        since_ms: NOW - 90_000,
    };
    snapshot("forbidden_120x36", &empty(forbidden, true, true));
    let refused = WatchPhase::Failed {
        message: "connection refused".into(),
        help: "Is the server running?".into(),
        since_ms: NOW - 12_000,
    };
    snapshot("unreachable_120x36", &empty(refused, true, false));
}

/// No size and no screen panics, and nothing is drawn outside.
#[test]
fn any_size_can_be_drawn() {
    let scripts = [
        "",
        "2",
        "3",
        "4",
        "z",
        "3 z",
        "? d",
        ": r",
        "/ x",
        "3 Enter",
        "3 Enter Tab",
        "4 e a",
        "4 E C-t",
        "4 g j e C-Space",
        "9",
        "4 j j Enter",
        "r",
        "D",
        "!",
        "y",
        "4 n",
        "Enter",
        "Enter Tab",
        "Enter Tab Tab",
        "Enter Tab Tab Tab",
        "Enter t x",
        "Space Space r",
        "* D",
        "3 Enter t t",
        "3 E",
        "3 a",
        "5",
        "6 /",
        "8",
    ];
    for script in scripts {
        let mut model = full(&options(), 80, 24);
        batch(
            &mut model,
            Batch {
                notices: vec![notice("something")],
                ..Batch::default()
            },
        );
        let effects = keys(&mut model, script);
        answer_inspections(&mut model, effects);
        let sizes = (1..=64).chain([80, 109, 110, 120, 300]);
        for width in sizes {
            for height in [1, 2, 3, 4, 5, 6, 9, 15, 16, 17, 23, 29, 30, 36, 70, 100] {
                send(&mut model, Msg::Resize(width, height));
                buffer(&model);
            }
        }
        keys(
            &mut model,
            "Down Up PgDn PgUp Left Right Home End Tab Esc Esc Esc",
        );
        buffer(&model);
    }
}
