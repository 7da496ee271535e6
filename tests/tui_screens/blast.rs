//! Snapshots of what a draft would do, and of a rendered template.

use super::fixture::*;
use super::snapshot;
use kubechime::domain::{ConditionKey, Destination, Position};
use kubechime::engine::{
    Batch, BlastRadius, Command, Effect as Change, EffectKind, Migration, PreviewNews,
    RenderProblem, Rendered, RenderedPart, Rendering, Reply, Succession, Totals, WorkPhase,
};
use kubechime::tui::message::{Effect, RequestId};
use kubechime::tui::model::Model;
use kubechime::tui::{Options, ThemeName};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Begins the draft of a key with a new first line, and does something to it.
pub fn drafted(model: &mut Model, way: &str, script: &str) -> (RequestId, Command) {
    keys(model, way);
    type_text(model, "# new\n");
    let effects = keys(model, script);
    let mut commands = effects.into_iter().filter_map(|effect| match effect {
        Effect::Submit(request, command) => Some((request, command)),
        _ => None,
    });
    commands.next().expect("the engine is asked")
}

fn change(name: &str, to: Option<&str>, kind: EffectKind) -> Change {
    Change {
        resource: key("Pod", "team-a", name),
        trigger: "on-oom".into(),
        condition: ConditionKey::of(0, "x"),
        destination: to.map(Destination::parse),
        kind,
    }
}

pub fn news(number: u64, phase: WorkPhase) -> PreviewNews {
    let again = |name: &str| EffectKind::SentAgain {
        before: format!("on-oom:[0].y7b5sbwa2Q329JYH755peeq-fBs:slack:{name}"),
        after: "on-oom:[0].p0Qe:slack:team-a".into(),
        at: 1_700_000_000,
    };
    let error = EffectKind::Error {
        message: "cannot fetch \u{1b}[31mreason from nil".into(),
        position: None,
    };
    let slack = Totals {
        sent: 36,
        sent_again: 1_154,
        ..Totals::default()
    };
    let pager = Totals {
        sent: 1,
        sent_again: 50,
        stopped: 2,
        ..Totals::default()
    };
    let totals = Totals {
        sent: 37,
        sent_again: 1_204,
        stopped: 2,
        errors: 1,
        errors_gone: 12,
        ..Totals::default()
    };
    PreviewNews {
        number,
        phase,
        revision: "88213".into(),
        done: 62_110,
        all: 100_482,
        fetching: 310,
        radius: BlastRadius {
            objects: 100_482,
            subscribed: 100_482,
            affected: 1_244,
            totals,
            by_destination: BTreeMap::from([
                (Destination::parse("slack:team-a-alerts"), slack),
                (Destination::parse("webhook:pager"), pager),
            ]),
            by_trigger: BTreeMap::from([("on-oom".into(), totals)]),
            effects: vec![
                change("web-1", Some("slack:team-a-alerts"), again("a")),
                change("日本語のポッド", Some("webhook:pager"), EffectKind::Sent),
                change("web-3", Some("webhook:pager"), EffectKind::Stopped),
                change("web-4", None, error),
            ],
        },
        changed_keys: vec![Succession {
            trigger: "on-oom".into(),
            before: ConditionKey::of(0, "a"),
            after: ConditionKey::of(0, "b"),
            once_per: false,
        }],
        entries: 1_204,
        began_ms: NOW - 3_000,
        took_ms: 3_200,
        ..PreviewNews::default()
    }
}

fn told(model: &mut Model, news: PreviewNews) {
    let batch_of = Batch {
        preview: Some(Box::new(news)),
        ..Batch::default()
    };
    batch(model, batch_of);
}

#[test]
fn a_blast_radius_at_every_size() {
    for (width, height) in [(120, 36), (80, 24), (40, 10)] {
        let mut model = full(&options(), width, height);
        drafted(&mut model, "4 G k e", "F6");
        told(&mut model, news(1, WorkPhase::Looking));
        snapshot(&format!("blast_under_way_{width}x{height}"), &model);
        told(
            &mut model,
            PreviewNews {
                radius: BlastRadius {
                    effects: Vec::new(),
                    ..news(1, WorkPhase::Over).radius
                },
                done: 100_482,
                fetching: 0,
                ..news(1, WorkPhase::Over)
            },
        );
        keys(&mut model, "Tab ] ]");
        snapshot(&format!("blast_effects_{width}x{height}"), &model);
    }
}

#[test]
fn a_blast_radius_without_colours_in_ascii() {
    let plain = Options {
        theme: ThemeName::Mono,
        ascii: true,
        ..options()
    };
    let mut model = full(&plain, 80, 24);
    drafted(&mut model, "4 G k e", "F6");
    told(&mut model, news(1, WorkPhase::Over));
    keys(&mut model, "Tab");
    snapshot("blast_ascii_80x24", &model);
}

#[test]
fn a_migration_asks_and_tells_what_failed() {
    let mut model = full(&options(), 80, 24);
    drafted(&mut model, "4 G k e", "F6");
    told(&mut model, news(1, WorkPhase::Over));
    keys(&mut model, "m");
    snapshot("migrate_question_80x24", &model);
    keys(&mut model, "y");
    let failure = "Pods may not be patched; grant patch on pods".to_owned();
    let migration = Migration {
        number: 2,
        phase: WorkPhase::Stopped,
        done: 900,
        all: 100_482,
        written: 890,
        entries: 901,
        failed: 1,
        failures: vec![(key("Pod", "team-a", "web-9"), failure)],
        ..Migration::default()
    };
    let batch_of = Batch {
        migration: Some(Arc::new(migration)),
        ..Batch::default()
    };
    batch(&mut model, batch_of);
    snapshot("blast_migration_80x24", &model);
}

fn rendering() -> Rendering {
    let rendered = Rendered {
        notification:
            "to team-a-alerts\n\nweb-1 is out of memory\n\n# Down\n| (#E96D76)\n| Restarts: 7"
                .into(),
        request: "POST https://slack.com/api/chat.postMessage\nAuthorization: ********\n\n\
                  {\"channel\":\"team-a-alerts\",\"text\":\"web-1\"}"
            .into(),
    };
    let problem = RenderProblem {
        message: "can't evaluate field more in type string".into(),
        path: "webhook.pager.body".into(),
        position: Some(Position {
            line: 3,
            column: 14,
        }),
        help: "a name has no members".into(),
    };
    let part = |to: &str, of: &str, subscribed, result| RenderedPart {
        destination: Destination::parse(to),
        service_type: of.into(),
        subscribed,
        result,
    };
    Rendering {
        template: "pod-oom".into(),
        templates: vec!["pod-oom".into()],
        resource: key("Pod", "team-a", "web-7d9f8b6c5d-abcde"),
        resource_version: "123456789".into(),
        findings: Vec::new(),
        parts: vec![
            part("slack:team-a-alerts", "slack", true, Ok(rendered)),
            part("webhook:example", "webhook", false, Err(problem)),
        ],
    }
}

#[test]
fn a_rendered_template_at_every_size() {
    for (width, height) in [(120, 36), (80, 24), (40, 10)] {
        let mut model = full(&options(), width, height);
        let template = model.overview.keys.entries().iter();
        let place = template
            .take_while(|entry| entry.key != "template.pod-oom")
            .count();
        let way = format!("4 {}e", "j ".repeat(place));
        let (request, _) = drafted(&mut model, &way, "F3");
        let reply = Reply::Rendered(Arc::new(rendering()));
        answer(&mut model, request, Ok(reply));
        snapshot(&format!("preview_{width}x{height}"), &model);
        keys(&mut model, "]");
        snapshot(&format!("preview_error_{width}x{height}"), &model);
        if width == 80 {
            keys(&mut model, "[ Tab t t");
            snapshot("preview_curl_80x24", &model);
            keys(&mut model, "o");
            snapshot("preview_pick_80x24", &model);
        }
    }
}
