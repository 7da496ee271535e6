//! What keys do: scripts on the dashboard's model, and what it asks of the engine in return.
#![cfg(feature = "tui")]

#[path = "../tui_screens/fixture.rs"]
mod fixture;

mod applying;
mod blast;
mod bulk;
mod editing;
mod history;
mod keymap;
mod looking;
mod protected;
mod resource;
mod selecting;
mod sessions;
mod subscribing;
mod text;
mod versions;
mod weighing;
mod writing;

use fixture::{full, options, send_with};
use kubechime::engine::Command;
use kubechime::tui::key::Key;
use kubechime::tui::message::{Effect, Msg, RequestId, Started};
use kubechime::tui::model::{Model, Screen};
use std::path::Path;

fn commands(effects: Vec<Effect>) -> Vec<(RequestId, Command)> {
    let submitted = effects.into_iter().filter_map(|effect| match effect {
        Effect::Submit(request, command) => Some((request, command)),
        _ => None,
    });
    submitted.collect()
}

fn only(effects: Vec<Effect>) -> (RequestId, Command) {
    let mut commands = commands(effects);
    assert_eq!(commands.len(), 1, "{commands:?}");
    commands.remove(0)
}

fn selected(model: &Model) -> String {
    let selected = model.overview.resources.selected.as_ref();
    selected.map_or_else(String::new, |key| key.name.to_string())
}

fn flash(model: &Model) -> &str {
    model.flash.as_ref().map_or("", |flash| &flash.text)
}

fn standard() -> Model {
    full(&options(), 120, 36)
}

fn editor(model: &Model) -> &kubechime::tui::screens::editor::Editor {
    match model.screens.last() {
        Some(Screen::Editor(editor)) => editor,
        _ => panic!("no editor is open"),
    }
}

fn keys_with(model: &mut Model, script: &str, place: Option<&Path>) -> Vec<Effect> {
    let mut effects = Vec::new();
    for key in script.split(' ') {
        let message = Msg::Key(Key::parse(key).unwrap());
        effects.extend(send_with(model, message, None, place));
    }
    effects
}

fn started(context: &str, history: bool) -> Started {
    Started {
        context: context.into(),
        namespace: "default".into(),
        server: "https://10.0.0.1:6443".into(),
        read_only: false,
        protected: false,
        history,
        theme: None,
    }
}
