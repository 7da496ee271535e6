//! What a draft would do to all objects, as a running engine tells it, and the migration of keys,
//! so that an edited condition sends nothing again.

use crate::inside::Inside;
use crate::scene::{NOTIFIED, Scene, WHEN, on_every_cluster};
use kubechime::domain::{DeliveryState, Kind, ResourceKey};
use kubechime::engine::{
    Command, CommandError, DeliveryOptions, EffectKind, Migration, RenderOrder, Reply, WorkPhase,
};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Instant;

const TRIGGER: &str = "trigger.on-ready";
const SUBSCRIPTION: &[(&str, &str)] = &[("subscribe.on-ready.webhook", "")];

fn condition(when: &str) -> String {
    format!("- when: {when}\n  send: [ready]\n")
}

/// The same condition in other words.
fn reworded() -> String {
    condition("pod.status.phase == 'Running'")
}

fn draft(text: &str) -> BTreeMap<String, Option<String>> {
    BTreeMap::from([(TRIGGER.to_owned(), Some(text.to_owned()))])
}

async fn configure(scene: &Scene, trigger: &str, more: &[(&str, &str)]) {
    let service = scene.service();
    let mut data = vec![
        (TRIGGER, trigger),
        (
            "template.ready",
            "webhook:\n  webhook:\n    method: POST\n    body: '{\"pod\": \"{{.pod.metadata.name}}\"}'\n",
        ),
        ("service.webhook.webhook", &service),
    ];
    data.extend(more);
    scene.configure(&data).await;
}

/// Running Pods that were told about.
async fn told(scene: &Scene, number: u64) -> Inside {
    configure(scene, &condition(WHEN), &[]).await;
    for place in 0..number {
        let name = format!("web-{place}");
        scene.create_pod(&name, SUBSCRIPTION).await;
        scene.set_phase(&name, "Running").await;
    }
    let engine = Inside::start(scene, DeliveryOptions::default()).await;
    scene.wait_for_requests(number).await;
    for place in 0..number {
        let name = format!("web-{place}");
        scene
            .wait_for_notified(&name, |state| state.is_some())
            .await;
    }
    engine
}

async fn preview(engine: &mut Inside, number: u64, changes: BTreeMap<String, Option<String>>) {
    let reply = engine.ask(Command::Preview { number, changes }).await;
    assert!(matches!(reply, Ok(Reply::Previewed)), "{reply:?}");
    assert_eq!(engine.preview.number, number);
    assert_eq!(engine.preview.phase, WorkPhase::Over);
}

async fn migrate(engine: &mut Inside, number: u64, trigger: &str) -> Box<Migration> {
    let changes = draft(trigger);
    let reply = engine.ask(Command::Migrate { number, changes }).await;
    let Ok(Reply::Migrated(migration)) = reply else {
        panic!("{reply:?}");
    };
    migration
}

/// A Pod that turns ready is told about: whatever was decided before it has been sent by then.
async fn barrier(scene: &Scene, engine: &Inside, name: &str, requests: u64) {
    scene.create_pod(name, SUBSCRIPTION).await;
    scene.set_phase(name, "Running").await;
    let bodies = scene.wait_for_requests(requests).await;
    let named = |(_, _, body): &(String, String, String)| body.contains(&format!("\"{name}\""));
    assert!(bodies.iter().any(named), "{bodies:?}");
    let count = usize::try_from(requests).unwrap();
    engine.until_rows(DeliveryState::Sent, count).await;
}

/// What `kubechime preview` says of the same draft.
fn command_line(scene: &Scene, data: &Value) -> Value {
    let dir = scene.state();
    let map = json!({
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": "pod-notifications-cm"},
        "data": data,
    });
    let file = dir.join("draft.yaml");
    std::fs::write(&file, map.to_string()).unwrap();
    let settings = dir.join("watched.yaml");
    let text = format!(
        "watches:\n- resource: pods\n  namespaces: [{}]\n",
        scene.namespace
    );
    std::fs::write(&settings, text).unwrap();
    let output = std::process::Command::new(env!("CARGO_BIN_EXE_kubechime"))
        .arg("preview")
        .arg(&file)
        .args(["-o", "json", "--namespace", &scene.namespace])
        .arg("--kubeconfig")
        .arg(&scene.kubeconfig)
        .arg("--config")
        .arg(&settings)
        .env_remove("KUBECONFIG")
        .env("HOME", dir)
        .env("KUBECHIME_STATE_DIR", dir.join("other-state"))
        .output()
        .unwrap();
    serde_json::from_slice(&output.stdout).unwrap_or_else(|error| {
        let problem = String::from_utf8_lossy(&output.stderr);
        panic!("{error}: {problem}")
    })
}

/// The draft reads a path that the engine does not keep, and reaches objects that nothing reaches
/// now: both are fetched, and the numbers are those of the command line.
#[test]
fn the_engine_and_the_command_line_say_the_same() {
    on_every_cluster(async |scene| {
        let mut engine = told(&scene, 3).await;
        scene.create_pod("waiting", SUBSCRIPTION).await;
        scene.set_phase("waiting", "Pending").await;
        scene.create_pod("unknown", &[]).await;
        scene.set_phase("unknown", "Pending").await;
        let trigger = reworded()
            + &condition("pod.status.phase == 'Pending' and pod.spec.restartPolicy != 'x'");
        let subscriptions = "- recipients: [webhook:ops]\n  triggers: [on-ready]\n";
        let mut changes = draft(&trigger);
        changes.insert("subscriptions".into(), Some(subscriptions.into()));
        preview(&mut engine, 1, changes).await;
        let template = "webhook:\n  webhook:\n    method: POST\n    body: '{\"pod\": \"{{.pod.metadata.name}}\"}'\n";
        let theirs = command_line(
            &scene,
            &json!({
                TRIGGER: trigger,
                "subscriptions": subscriptions,
                "template.ready": template,
                "service.webhook.webhook": scene.service(),
            }),
        );
        let radius = &engine.preview.radius;
        let ours = json!({
            "objects": radius.objects,
            "subscribed": radius.subscribed,
            "affected": radius.affected,
            "totals": radius.totals,
        });
        for (name, number) in ours.as_object().unwrap() {
            assert_eq!(theirs[name], *number, "{name}: {theirs:#} {radius:#?}");
        }
        assert_eq!((radius.objects, radius.subscribed), (5, 5));
        // Told again: three; to the new recipient: all five; and the Pod that waits.
        let totals = &radius.totals;
        assert_eq!((totals.sent_again, totals.sent), (3, 6));
        assert_eq!(radius.effects.len() as u64, totals.all());
        let destinations = theirs["destinations"].as_array().unwrap();
        assert_eq!(destinations.len(), radius.by_destination.len());
        // Nothing of it has happened.
        assert_eq!(engine.rows(DeliveryState::Sent).len(), 3);
        engine.stop().await;
    });
}

#[test]
fn without_a_migration_everything_is_sent_again_and_with_one_nothing() {
    on_every_cluster(async |scene| {
        let mut engine = told(&scene, 5).await;
        let before = scene.notified("web-0").await.unwrap();
        preview(&mut engine, 1, draft(&reworded())).await;
        let again = |kind: &EffectKind| matches!(kind, EffectKind::SentAgain { .. });
        let effects = &engine.preview.radius.effects;
        assert_eq!(effects.len(), 5);
        assert!(effects.iter().all(|effect| again(&effect.kind)));
        assert_eq!(engine.preview.entries, 5);

        let migration = migrate(&mut engine, 2, &reworded()).await;
        assert_eq!((migration.written, migration.entries), (5, 5));
        assert_eq!(migration.phase, WorkPhase::Over);
        let after = scene.notified("web-0").await.unwrap();
        let parse = |text: &str| -> BTreeMap<String, i64> { serde_json::from_str(text).unwrap() };
        let (old, new) = (parse(&before), parse(&after));
        assert_eq!((old.len(), new.len()), (1, 2));
        assert!(new.values().all(|at| Some(at) == old.values().next()));
        preview(&mut engine, 3, draft(&reworded())).await;
        assert!(engine.preview.radius.totals.is_empty());
        assert_eq!(engine.preview.entries, 0);

        // What is sent in between, under the old key only, is carried over, too.
        barrier(&scene, &engine, "late", 6).await;
        configure(&scene, &reworded(), &[]).await;
        let knows = |state: Option<&str>| state.is_some_and(|state| parse(state).len() == 2);
        scene.wait_for_notified("late", knows).await;
        barrier(&scene, &engine, "after", 7).await;

        // The next rise is sent, whatever stands under the old key.
        scene.set_phase("web-0", "Pending").await;
        let forgotten = |state: Option<&str>| state.is_some_and(|state| parse(state).len() == 1);
        scene.wait_for_notified("web-0", forgotten).await;
        scene.set_phase("web-0", "Running").await;
        scene.wait_for_requests(8).await;

        // Without it.
        let other = condition("pod.status.phase not in ['Pending', 'Failed']");
        configure(&scene, &other, &[]).await;
        scene.wait_for_requests(15).await;
        engine.until_rows(DeliveryState::Sent, 15).await;
        engine.stop().await;
    });
}

#[test]
fn a_migration_is_taken_back() {
    on_every_cluster(async |scene| {
        let mut engine = told(&scene, 3).await;
        let mut before = Vec::new();
        for place in 0..3 {
            before.push(scene.notified(&format!("web-{place}")).await);
        }
        let refused = engine.ask(Command::UndoMigration { number: 1 }).await;
        assert!(
            matches!(refused, Err(CommandError::Failed(_))),
            "{refused:?}"
        );
        migrate(&mut engine, 2, &reworded()).await;
        let reply = engine.ask(Command::UndoMigration { number: 3 }).await;
        let Ok(Reply::Migrated(undone)) = reply else {
            panic!("{reply:?}");
        };
        assert_eq!((undone.undo, undone.entries), (true, 3));
        for (place, state) in before.iter().enumerate() {
            assert_eq!(scene.notified(&format!("web-{place}")).await, *state);
        }
        barrier(&scene, &engine, "after", 4).await;
        engine.stop().await;
    });
}

/// Stopped, and the engine gone: another one goes on where it was.
#[test]
fn an_interrupted_migration_is_begun_again() {
    on_every_cluster(async |scene| {
        let mut engine = told(&scene, 12).await;
        let changes = draft(&reworded());
        engine.submit(Command::Migrate { number: 1, changes });
        let stopped = engine.ask(Command::StopWork(1)).await;
        assert!(matches!(stopped, Ok(Reply::Stopped)), "{stopped:?}");
        engine.stop().await;

        let mut engine = Inside::start(&scene, DeliveryOptions::default()).await;
        let all = |inside: &Inside| inside.objects == 12;
        engine.until("all seen", all).await;
        let migration = migrate(&mut engine, 2, &reworded()).await;
        assert_eq!((migration.done, migration.failed), (12, 0));
        let again = migrate(&mut engine, 3, &reworded()).await;
        assert_eq!(again.entries, 0, "{again:?}");
        configure(&scene, &reworded(), &[]).await;
        let in_force = |inside: &Inside| inside.triggers.contains("== 'Running'");
        engine.until("the draft in force", in_force).await;
        barrier(&scene, &engine, "after", 13).await;
        engine.stop().await;
    });
}

/// Who may not patch is told so, and tries again when he may.
#[test]
fn a_refused_migration_says_which_right_is_missing() {
    on_every_cluster(async |scene| {
        let Some(simulation) = scene.simulation() else {
            return;
        };
        let mut engine = told(&scene, 2).await;
        scene.without_patch();
        let migration = migrate(&mut engine, 1, &reworded()).await;
        assert_eq!((migration.written, migration.failed), (0, 2));
        let (_, problem) = &migration.failures[0];
        assert!(problem.contains("patch"), "{problem}");
        simulation.faults().clear_all();
        let reply = engine
            .ask(Command::SetMode(kubechime::domain::Mode::Observe))
            .await;
        assert!(reply.is_ok(), "{reply:?}");
        let changes = draft(&reworded());
        let refused = engine.ask(Command::Migrate { number: 2, changes }).await;
        assert!(
            matches!(refused, Err(CommandError::Mode { .. })),
            "{refused:?}"
        );
        engine.stop().await;
    });
}

/// Many objects: the counts come in seconds, and what happens meanwhile is told at once. How many,
/// `KUBECHIME_BLAST_PODS` says.
#[test]
fn many_objects_do_not_keep_the_engine_from_its_work() {
    on_every_cluster(async |scene| {
        let Some(simulation) = scene.simulation() else {
            return;
        };
        let many = std::env::var("KUBECHIME_BLAST_PODS");
        let many: u64 = many.map_or(20_000, |many| many.parse().unwrap());
        configure(&scene, &condition(WHEN), &[]).await;
        for place in 0..many {
            let pod = json!({
                "metadata": {
                    "name": format!("idle-{place}"),
                    "namespace": scene.namespace,
                    "annotations": {"notifications.argoproj.io/subscribe.on-ready.webhook": ""},
                },
                "spec": {"containers": [{"name": "app", "image": "example.com/app:1"}]},
                "status": {"phase": "Pending"},
            });
            simulation.objects().put("pods", pod).unwrap();
        }
        let mut engine = Inside::start(&scene, DeliveryOptions::default()).await;
        engine
            .until("all seen", |inside| inside.objects == many)
            .await;
        let changes = draft(&condition("pod.status.phase == 'Pending'"));
        let began = Instant::now();
        let ticket = engine.submit(Command::Preview { number: 1, changes });
        // Something happens meanwhile.
        scene.set_phase("idle-7", "Running").await;
        scene.wait_for_requests(1).await;
        let told = began.elapsed();
        // Compared with the same run, so that a busy machine is no reason.
        engine.answer(ticket).await.unwrap();
        let news = &engine.preview;
        let whole = began.elapsed();
        let rate = news.done as f64 / whole.as_secs_f64();
        eprintln!(
            "{} objects in {whole:?}: {rate:.0}/s; a change meanwhile after {told:?}",
            news.done
        );
        assert_eq!(news.done, many);
        assert!(news.radius.totals.sent >= many - 1);
        assert_eq!(news.radius.effects.len() as u64, news.radius.totals.all());
        assert!(told < whole, "{told:?} of {whole:?}");
        engine.stop().await;
    });
}

#[test]
fn a_template_is_rendered_for_every_service_and_nothing_is_sent() {
    on_every_cluster(async |scene| {
        let mut engine = told(&scene, 1).await;
        let key = ResourceKey::new(Arc::new(Kind::pod()), scene.namespace.as_str(), "web-0");
        let order = |text: &str| RenderOrder {
            template: "ready".into(),
            resource: key.clone(),
            changes: BTreeMap::from([
                ("template.ready".to_owned(), Some(text.to_owned())),
                (
                    "service.slack.chat".to_owned(),
                    Some("token: secret-of-slack\n".to_owned()),
                ),
            ]),
        };
        let text = "message: hello {{.pod.metadata.name}}\nwebhook:\n  webhook:\n    method: POST\n    \
                    body: '{{.pod.metadata.name.more}}'\n";
        let reply = engine.ask(Command::Render(Box::new(order(text)))).await;
        let Ok(Reply::Rendered(rendering)) = reply else {
            panic!("{reply:?}");
        };
        assert_eq!(rendering.templates, ["ready"]);
        let [webhook, chat] = rendering.parts.as_slice() else {
            panic!("{rendering:#?}");
        };
        assert!(webhook.subscribed && !chat.subscribed);
        let problem = webhook.result.as_ref().unwrap_err();
        assert_eq!(problem.path, "webhook.webhook.body");
        assert!(problem.position.is_some(), "{problem:?}");
        let rendered = chat.result.as_ref().unwrap();
        assert!(
            rendered.notification.contains("hello web-0"),
            "{rendered:?}"
        );
        assert!(
            rendered.request.contains("chat.postMessage"),
            "{rendered:?}"
        );
        assert!(
            !rendered.request.contains("secret-of-slack"),
            "{rendered:?}"
        );

        let broken = engine
            .ask(Command::Render(Box::new(RenderOrder {
                template: "gone".into(),
                ..order(text)
            })))
            .await;
        assert!(
            matches!(broken, Err(CommandError::NotFound(_))),
            "{broken:?}"
        );
        assert_eq!(engine.rows(DeliveryState::Sent).len(), 1);
        assert!(scene.notified("web-0").await.is_some(), "{NOTIFIED}");
        engine.stop().await;
    });
}
