//! The editor with what belongs to it.

use super::*;
use kubechime::tui::message::Msg;

/// The trigger `on-oom` in the editor, with a template that is not there.
fn mistaken(options: &Options, width: u16, height: u16) -> Model {
    let mut model = full(options, width, height);
    let effects = keys(&mut model, "4 G k e");
    answer_inspections(&mut model, effects);
    keys(&mut model, "Down Down C-e Backspace");
    type_text(&mut model, ", pod-ooom]");
    keys(&mut model, "Up C-e Enter");
    type_text(&mut model, "oncePer: pod.metadata.uid");
    pause(&mut model);
    model
}

fn pause(model: &mut Model) {
    model.now_ms += 250;
    send(model, Msg::Wake);
}

#[test]
fn findings_in_the_text_and_beside_it() {
    for (width, height) in [(120, 36), (80, 24), (40, 10)] {
        let model = mistaken(&options(), width, height);
        snapshot(&format!("editor_findings_{width}x{height}"), &model);
    }
    let mut model = mistaken(&options(), 40, 10);
    keys(&mut model, "C-t");
    snapshot("editor_checks_40x10", &model);
}

#[test]
fn without_colour_and_beyond_ascii_nothing_is_lost() {
    let plain = Options {
        ascii: true,
        theme: ThemeName::Mono,
        ..options()
    };
    let model = mistaken(&plain, 80, 24);
    snapshot("editor_mono_80x24", &model);
    assert!(screen(&model).is_ascii());
    for cell in &buffer(&model).content {
        assert_eq!((cell.fg, cell.bg), (Color::Reset, Color::Reset));
    }
}

#[test]
fn candidates_below_the_cursor() {
    for (width, height) in [(120, 36), (80, 24), (40, 10)] {
        let mut model = mistaken(&options(), width, height);
        keys(&mut model, "Enter");
        type_text(&mut model, "when: pod.status.");
        keys(&mut model, "C-Space Down");
        snapshot(&format!("editor_candidates_{width}x{height}"), &model);
    }
}

#[test]
fn a_whole_config_map_and_its_header() {
    let mut model = full(&options(), 80, 24);
    keys(&mut model, "4 E");
    snapshot("editor_whole_80x24", &model);
    keys(&mut model, "C-f");
    type_text(&mut model, "pod");
    snapshot("editor_search_80x24", &model);
}

#[test]
fn wide_characters_and_selections_stay_in_their_columns() {
    let mut model = full(&options(), 80, 24);
    keys(&mut model, "4 G k e C-a");
    send(
        &mut model,
        Msg::Paste("- description: 日本語 \u{202e}evil\tе́\n  when: '👩‍👩‍👧'\n".into()),
    );
    keys(&mut model, "C-Home S-Down S-End");
    pause(&mut model);
    let text = screen(&model);
    assert!(!text.contains(['\u{202e}', '\t', '\u{1b}']));
    for line in text.lines().skip(2).take(18) {
        assert_eq!(kubechime::tui::text::width(line), 80, "{line}");
    }
    snapshot("editor_wide_80x24", &model);
}

#[test]
fn the_drafts() {
    let mut model = full(&options(), 80, 24);
    for script in ["4 G k e", "4 g j e", "4 E"] {
        keys(&mut model, script);
        type_text(&mut model, "# x");
        keys(&mut model, "Esc");
    }
    keys(&mut model, "1 9");
    snapshot("drafts_80x24", &model);
    let mut model = full(&options(), 40, 10);
    keys(&mut model, "9");
    snapshot("drafts_40x10", &model);
}
