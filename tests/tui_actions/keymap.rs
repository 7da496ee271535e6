//! Keys from a file, chords, themes.

use super::{flash, selected, standard, started};
use crate::fixture::*;
use kubechime::tui::message::{Effect, Msg};
use kubechime::tui::{Options, ThemeName};

#[test]
fn chords_are_typed_in_turn_and_esc_ends_them() {
    let (keymap, problems) = kubechime::tui::keymap::Keymap::load("vim", "keys", "mark: Z>m\n");
    assert!(problems.is_empty(), "{problems:?}");
    let options = Options {
        keymap,
        ..options()
    };
    let mut model = full(&options, 120, 36);
    keys(&mut model, "j j j");
    assert_eq!(selected(&model), "checkout");
    keys(&mut model, "g");
    assert_eq!(selected(&model), "checkout");
    keys(&mut model, "g");
    assert_eq!(selected(&model), "web-7d9f8b6c5d-abcde");
    // Nothing that was begun is left over.
    keys(&mut model, "Z Esc j");
    assert_eq!(selected(&model), "worker-5c7b9d-qq2lm");
    keys(&mut model, "Z j");
    assert_eq!(selected(&model), "worker-5c7b9d-z81xp");
    keys(&mut model, "Z m");
    assert_eq!(model.overview.resources.marks.len(), 1);
    let quit = |e: &Effect| matches!(e, Effect::Quit);
    assert!(keys(&mut model, "Z Z").iter().any(quit));
}

#[test]
fn what_is_wrong_with_the_keys_is_told_at_the_start() {
    let (keymap, key_problems) =
        kubechime::tui::keymap::Keymap::load("default", "keys", "resned: r\n");
    let options = Options {
        keymap,
        key_problems,
        ..options()
    };
    let mut model = launched(&options, 120, 36);
    assert!(flash(&model).contains("keys:1"), "{}", flash(&model));
    assert_eq!(model.notices.unseen(), 1);
    keys(&mut model, "!");
    assert_eq!(model.notices.unseen(), 0);
}

#[test]
fn themes_change_by_command_and_by_context() {
    use kubechime::tui::theme::Theme;
    let text = |name: ThemeName| Theme::named(name).text;
    let mut model = standard();
    keys(&mut model, ":");
    type_text(&mut model, "theme li");
    keys(&mut model, "Enter");
    assert_eq!(model.look.theme.text, text(ThemeName::Light));
    let session = model.session.id;
    let mut other = started("prod-eu", false);
    other.theme = Some(ThemeName::Dark);
    send(&mut model, Msg::Launched(session, Ok(other)));
    assert_eq!(model.look.theme.text, text(ThemeName::Dark));
}
