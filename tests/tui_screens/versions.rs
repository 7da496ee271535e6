//! Snapshots of differences, versions, merges and the form for subscriptions.

use super::fixture::*;
use super::snapshot;
use kubechime::engine::{Command, OwnerTemplate, Reply, Subscribable};
use kubechime::history::{ConfigVersion, VersionOrigin};
use kubechime::tui::message::{Effect, JobDone, Msg};
use kubechime::tui::model::Model;
use kubechime::tui::{Options, ThemeName};
use std::collections::BTreeMap;
use std::sync::Arc;

const SIZES: [(u16, u16); 3] = [(120, 36), (80, 24), (40, 10)];

fn sized(width: u16, height: u16) -> Model {
    full(&options(), width, height)
}

fn edited(width: u16, height: u16) -> Model {
    let mut model = sized(width, height);
    keys(&mut model, "4 G k e");
    type_text(&mut model, "# 日本語 mine\n");
    model
}

#[test]
fn a_difference() {
    let changed = "- description: Container was OOM killed\n  when: pod.status.phase == 'Failed'\n  send: [pod-oom, other]\n";
    for (width, height) in [(120, 36), (80, 24), (40, 10), (180, 40)] {
        let mut model = edited(width, height);
        configure(
            &mut model,
            catalog_with("88300", &[("trigger.on-oom", Some(changed))]),
        );
        keys(&mut model, "F7");
        snapshot(&format!("diff_{width}x{height}"), &model);
    }
    let mono = Options {
        ascii: true,
        theme: ThemeName::Mono,
        ..options()
    };
    let mut model = full(&mono, 80, 24);
    keys(&mut model, "4 G k e");
    type_text(&mut model, "# mine\n");
    keys(&mut model, "F7");
    snapshot("diff_ascii_80x24", &model);
}

fn version(number: i64, origin: VersionOrigin, manager: &str) -> ConfigVersion {
    ConfigVersion {
        number,
        at_ms: NOW - (10 - number) * 3_600_000,
        resource_version: (88_210 + number).to_string(),
        origin,
        actor: "alice".into(),
        manager: manager.into(),
        changed: vec!["~trigger.on-oom".into(), "+template.日本".into()],
        summary: "! trigger.on-oom[0].when 'true' -> 'false': its state key changes\n\
                  + template.日本 added\n- service.pager removed: what leads to it fails"
            .into(),
        effect: "blast radius: 37 new, 1,204 again".into(),
    }
}

#[test]
fn the_versions() {
    for (width, height) in SIZES {
        let mut model = sized(width, height);
        model.session.history = true;
        keys(&mut model, "F9");
        let versions = vec![
            version(3, VersionOrigin::Applied, "kubechime"),
            version(2, VersionOrigin::Foreign, "argocd-controller"),
            version(1, VersionOrigin::Found, "\u{1b}[31mkubectl-edit"),
        ];
        let session = model.session.id;
        send(
            &mut model,
            Msg::Job(session, JobDone::Versions(Ok(versions))),
        );
        keys(&mut model, "j");
        snapshot(&format!("versions_{width}x{height}"), &model);
    }
    let mut model = sized(80, 24);
    keys(&mut model, "F9");
    snapshot("versions_none_80x24", &model);
}

#[test]
fn a_merge() {
    for (width, height) in SIZES {
        let mut model = edited(width, height);
        let theirs = format!("# theirs\n{}", catalog().data["trigger.on-oom"]);
        let changes = [
            ("trigger.on-oom", Some(theirs.as_str())),
            ("unrelated", Some("y")),
            ("template.new", Some("message: x\n")),
        ];
        configure(&mut model, catalog_with("88300", &changes));
        keys(&mut model, "F5");
        snapshot(&format!("merge_{width}x{height}"), &model);
        if width == 80 {
            keys(&mut model, "m Tab Tab");
            snapshot("merge_chosen_80x24", &model);
        }
    }
}

#[test]
fn the_form_for_subscriptions() {
    for (width, height) in SIZES {
        let mut model = sized(width, height);
        let effects = keys(&mut model, "A");
        let found = Subscribable {
            key: key("Pod", "team-a", "web-7d9f8b6c5d-abcde"),
            uid: "u-1".into(),
            resource_version: "7".into(),
            prefix: "notifications.argoproj.io".into(),
            annotations: BTreeMap::from([
                (
                    "notifications.argoproj.io/subscribe.on-oom.slack".into(),
                    "a;日本".into(),
                ),
                (
                    "notifications.argoproj.io/subscribe.webhook".into(),
                    String::new(),
                ),
            ]),
            refused: None,
            owned_by: Some("Deployment team-a/web".into()),
            owner: Some(OwnerTemplate {
                key: key("Deployment", "team-a", "web"),
                uid: "u-2".into(),
                resource_version: "9".into(),
                path: vec!["spec".into(), "template".into()],
                annotations: BTreeMap::new(),
                refused: None,
            }),
        };
        for effect in effects {
            if let Effect::Submit(request, Command::Subscriptions(_)) = effect {
                let reply = Reply::Subscribable(Arc::new(found.clone()));
                answer(&mut model, request, Ok(reply));
            }
        }
        type_text(&mut model, "on");
        keys(&mut model, "Down");
        snapshot(&format!("subscribe_{width}x{height}"), &model);
        if width == 120 {
            type_text(&mut model, "-oom");
            keys(&mut model, "Enter");
            type_text(&mut model, "webhook");
            keys(&mut model, "C-s");
            snapshot("subscribe_question_120x36", &model);
        }
    }
}
