//! A protected context: the word for it, and questions that are answered by its name.

use super::*;

fn protected(options: &Options, width: u16, height: u16) -> Model {
    let mut model = full(options, width, height);
    model.session.protected = true;
    model
}

#[test]
fn the_header_says_it_at_every_size() {
    for (width, height) in [(120, 36), (80, 24), (40, 10), (20, 5)] {
        let mut model = protected(&options(), width, height);
        assert!(screen(&model).contains("[PROT"), "{}", screen(&model));
        if width > 20 {
            snapshot(&format!("protected_{width}x{height}"), &model);
        }
        // Other screens say it too.
        keys(&mut model, "!");
        assert!(screen(&model).contains("[PROT"), "{}", screen(&model));
    }
}

#[test]
fn the_word_is_said_without_colour_and_beside_long_names() {
    let plain = Options {
        ascii: true,
        theme: ThemeName::Mono,
        ..options()
    };
    let mut model = protected(&plain, 80, 24);
    model.session.context = "arn:aws:eks:eu-west-1:123456789012:cluster/production".into();
    assert!(screen(&model).contains("[PROTECTED]"), "{}", screen(&model));
}

#[test]
fn the_name_is_typed_into_the_question() {
    for (width, height) in [(120, 36), (80, 24), (40, 10)] {
        let mut model = protected(&options(), width, height);
        let effects = keys(&mut model, "r");
        answer_inspections(&mut model, effects);
        type_text(&mut model, "prod-e");
        snapshot(&format!("protected_question_{width}x{height}"), &model);
    }
    let mut model = protected(&options(), 80, 24);
    keys(&mut model, "D y Enter");
    snapshot("protected_mistyped_80x24", &model);
}

#[test]
fn a_name_longer_than_the_question_is_shown_in_lines() {
    let name = "arn:aws:eks:eu-west-1:123456789012:cluster/production-of-all-shops";
    let mut model = protected(&options(), 40, 10);
    model.session.context = name.into();
    keys(&mut model, "D");
    type_text(&mut model, name);
    snapshot("protected_long_name_40x10", &model);
}
