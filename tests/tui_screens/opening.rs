//! Every screen of the dashboard, opened over foreign content.

use super::fixture::*;
use super::foreign::Foreign;
use kubechime::engine::{Batch, Command, Reply};
use kubechime::tui::ContextChoice;
use kubechime::tui::Options;
use kubechime::tui::message::{Effect, JobDone, Msg};
use kubechime::tui::model::{Model, Screen};
use std::sync::Arc;

/// A screen by name, with what leads to it: keys; `"text` is typed; `@word` is something that
/// happens meanwhile.
pub const SCREENS: &[(&str, &str)] = &[
    ("resources", "1"),
    ("triggers", "2"),
    ("history", "3"),
    ("keys", "4"),
    ("zoomed", "3 z"),
    ("filter", "3 / \"x"),
    ("explanation", "x"),
    ("unfolded", "x +"),
    ("resource object", "x Tab"),
    ("dedup", "x Tab Tab"),
    ("resource deliveries", "x Tab Tab Tab"),
    ("try", "x t C-u \"pod.metadata.annotations"),
    ("delivery", "3 Enter @detail"),
    ("delivery as sent", "3 Enter @detail t"),
    ("delivery as curl", "3 Enter @detail t t"),
    ("outcome", "3 Enter @detail Tab"),
    ("variables", "3 Enter v"),
    ("object", "y"),
    ("object search", "y / \"e Enter n"),
    ("key", "4 Enter"),
    ("events", "!"),
    ("editor", "4 e"),
    ("editor of text", "4 / \"on-text Enter e"),
    ("editor checks", "4 / \"on-raw Enter e @pause C-t"),
    ("editor search", "4 e C-f \"e"),
    ("candidates", "4 / \"on-oom Enter e Down \"pod. C-Space"),
    ("whole", "4 E"),
    ("drafts", "4 e \"#x Esc 9"),
    ("difference", "4 / \"on-text Enter e \"#x @changed F7"),
    ("merge", "4 / \"on-text Enter e \"#x @changed F5"),
    ("versions", "@history F9 @versions j"),
    ("blast radius", "4 / \"on-oom Enter e \"#x F6"),
    ("effects", "4 / \"on-oom Enter e \"#x F6 Tab"),
    ("migration question", "4 / \"on-oom Enter e \"#x F6 m"),
    ("preview", "4 / \"pod-oom Enter e \"#x F3"),
    ("preview problem", "4 / \"pod-oom Enter e \"#x F3 ]"),
    ("preview request", "4 / \"pod-oom Enter e \"#x F3 Tab t t"),
    ("conditions", "5"),
    ("members", "5 Enter"),
    ("services", "6"),
    ("subscriptions", "7"),
    ("stats", "8"),
    ("subscribe", "A"),
    ("resend question", "r"),
    ("clear question", "D"),
    ("mode question", "m"),
    ("bulk question", "Space j Space D"),
    ("help", "?"),
    ("palette", ": \"e"),
    ("contexts", "C-o @contexts"),
    ("no engine", "@failed"),
];

/// A dashboard of this size on the screen.
pub fn opened(
    foreign: &Foreign,
    options: &Options,
    (width, height): (u16, u16),
    script: &str,
) -> Model {
    let mut model = launched(options, width, height);
    let effects = batch(&mut model, foreign.batch());
    answer_all(foreign, &mut model, effects);
    play(foreign, &mut model, script);
    model
}

/// Goes on with a script.
pub fn play(foreign: &Foreign, model: &mut Model, script: &str) {
    for word in script.split_whitespace() {
        let effects = if let Some(text) = word.strip_prefix('"') {
            type_text(model, text)
        } else if let Some(event) = word.strip_prefix('@') {
            happens(foreign, model, event)
        } else {
            keys(model, word)
        };
        answer_all(foreign, model, effects);
    }
}

fn happens(foreign: &Foreign, model: &mut Model, event: &str) -> Vec<Effect> {
    let session = model.session.id;
    match event {
        "detail" => {
            let Some(Screen::Delivery(screen)) = model.screens.last() else {
                panic!("a delivery is open");
            };
            let detail = Box::new(Ok(Some(foreign.detail(&screen.row))));
            let done = JobDone::Detail(screen.id, detail);
            send(model, Msg::Job(session, done))
        }
        "pause" => {
            model.now_ms += 1_000;
            send(model, Msg::Wake)
        }
        "changed" => {
            let mut view = foreign.catalog();
            let mut data = (*view.data).clone();
            for text in data.values_mut() {
                *text = format!("# theirs {}\n{text}", foreign.text);
            }
            view.catalog = Arc::new(catalog_of(&data));
            view.data = Arc::new(data);
            view.resource_version = "88300".into();
            configure(model, view)
        }
        "history" => {
            model.session.history = true;
            Vec::new()
        }
        "versions" => {
            let done = JobDone::Versions(Ok(foreign.versions()));
            send(model, Msg::Job(session, done))
        }
        "contexts" => {
            let choice = |number: usize| ContextChoice {
                name: format!("{}{number}", foreign.text),
                current: number == 1,
                cluster: foreign.text.clone(),
                namespace: foreign.namespace.clone(),
            };
            send(model, Msg::Contexts(Ok((0..3).map(choice).collect())))
        }
        "failed" => send(model, Msg::Launched(session, Err(foreign.text.clone()))),
        other => panic!("@{other}"),
    }
}

/// Answers everything that the engine can be asked without writing.
pub fn answer_all(foreign: &Foreign, model: &mut Model, effects: Vec<Effect>) {
    let mut left = effects;
    while let Some(effect) = left.pop() {
        let Effect::Submit(request, command) = effect else {
            continue;
        };
        let reply = match command {
            Command::Inspect(key) => Reply::Inspection(Arc::new(foreign.inspection(key))),
            Command::Explain(key) => {
                let object = foreign.object(&key);
                Reply::Explained(Arc::new(foreign.explained(&object, key)))
            }
            Command::Object(key) => {
                Reply::Object(kubechime::yaml::emit(&foreign.object(&key)).into())
            }
            Command::Survey => {
                let done = JobDone::Numbers(foreign.numbers());
                let session = model.session.id;
                left.extend(send(model, Msg::Job(session, done)));
                Reply::Survey(Arc::new(foreign.survey(9)))
            }
            Command::Members { .. } => Reply::Members(Arc::new(foreign.members())),
            Command::Variables(_) => Reply::Variables(foreign.text.as_str().into()),
            Command::Subscriptions(key) => Reply::Subscribable(Arc::new(foreign.subscribable(key))),
            Command::Render(_) => Reply::Rendered(Arc::new(foreign.rendering())),
            Command::MayWriteConfig => Reply::MayWriteConfig(None),
            Command::Preview { number, .. } => {
                let told = Batch {
                    preview: Some(Box::new(foreign.news(number))),
                    ..Batch::default()
                };
                left.extend(batch(model, told));
                Reply::Previewed
            }
            _ => continue,
        };
        left.extend(answer(model, request, Ok(reply)));
    }
}
