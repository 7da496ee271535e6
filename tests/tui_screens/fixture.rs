//! A dashboard with known content at a known time.
#![allow(dead_code, reason = "each test program uses its part")]

use jiff::tz::TimeZone;
use kubechime::catalog::{BuildOptions, Catalog, ConfigSource};
use kubechime::domain::{
    Cause, ConditionKey, Delivery, DeliveryId, DeliveryState, Destination, Kind, Mode, NewDelivery,
    Position, ResourceKey, Severity,
};
use kubechime::engine::{
    Batch, CatalogView, ConditionResult, ConditionTrace, ConditionView, Counters, Decision,
    DecisionView, EngineStatus, Explained, Explanation, Inspection, LeaseStatus, Notice,
    ResourceRow, RowState, SubscriptionView, TriggerView, WatchPhase, WatchStatus,
};
use kubechime::expr::{self, Env, Program};
use kubechime::history::History;
use kubechime::service::ServiceContext;
use kubechime::tui::message::{Effect, Msg, Started};
use kubechime::tui::model::Model;
use kubechime::tui::update::{start, update};
use kubechime::tui::{Options, ThemeName, work};
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use tokio_util::sync::CancellationToken;

/// 2026-09-21 14:13:20 UTC.
pub const NOW: i64 = 1_790_000_000_000;

pub fn options() -> Options {
    Options {
        theme: ThemeName::Ansi,
        themes: std::sync::Arc::default(),
        theme_problems: Vec::new(),
        keymap: kubechime::tui::keymap::Keymap::default(),
        key_problems: Vec::new(),
        ascii: false,
        read_only: false,
        mouse: false,
        vim: false,
        state_dir: None,
        log_file: None,
        context: None,
    }
}

/// A model whose engine has just been launched and told nothing yet.
pub fn launched(options: &Options, width: u16, height: u16) -> Model {
    let mut model = Model::new(options, width, height, NOW, TimeZone::UTC);
    start(&mut model);
    let started = Started {
        context: "prod-eu".into(),
        namespace: "default".into(),
        server: "https://10.0.0.1:6443".into(),
        read_only: false,
        history: false,
        theme: None,
    };
    let session = model.session.id;
    send(&mut model, Msg::Launched(session, Ok(started)));
    model
}

/// Updates, does the jobs that are asked for on the spot, and returns the other effects.
pub fn send(model: &mut Model, message: Msg) -> Vec<Effect> {
    send_with(model, message, None, None)
}

/// The same with a history to read and a place for drafts.
pub fn send_with(
    model: &mut Model,
    message: Msg,
    history: Option<&History>,
    state_dir: Option<&Path>,
) -> Vec<Effect> {
    let mut rest = Vec::new();
    let mut effects = update(model, message);
    while !effects.is_empty() {
        let mut more = Vec::new();
        for effect in effects {
            match effect {
                Effect::Job(session, job) => {
                    let cancel = CancellationToken::new();
                    if let Some(done) = work(job, history, state_dir, &cancel) {
                        more.extend(update(model, Msg::Job(session, done)));
                    }
                }
                other => rest.push(other),
            }
        }
        effects = more;
    }
    while model.backlog.is_some() {
        rest.extend(send_with(model, Msg::Continue, history, state_dir));
    }
    rest
}

pub fn batch(model: &mut Model, batch: Batch) -> Vec<Effect> {
    let session = model.session.id;
    send(model, Msg::Batch(session, Box::new(batch), Vec::new()))
}

/// Types keys, written as in the key map, separated by blanks.
pub fn keys(model: &mut Model, script: &str) -> Vec<Effect> {
    let mut effects = Vec::new();
    for key in script.split_whitespace() {
        let key = kubechime::tui::key::Key::parse(key).unwrap_or_else(|| panic!("key {key}"));
        effects.extend(send(model, Msg::Key(key)));
    }
    effects
}

/// Types characters.
pub fn type_text(model: &mut Model, text: &str) -> Vec<Effect> {
    let mut effects = Vec::new();
    for c in text.chars() {
        let key = kubechime::tui::key::Key::char(c);
        effects.extend(send(model, Msg::Key(key)));
    }
    effects
}

pub fn key(kind: &str, namespace: &str, name: &str) -> ResourceKey {
    let kind = match kind {
        "Pod" => Kind::pod(),
        other => Kind {
            group: "apps".into(),
            version: "v1".into(),
            kind: other.into(),
            plural: format!("{}s", other.to_lowercase()),
            namespaced: true,
        },
    };
    ResourceKey::new(Arc::new(kind), namespace, name)
}

pub fn row(kind: &str, namespace: &str, name: &str, state: RowState, ago_s: i64) -> ResourceRow {
    ResourceRow {
        key: key(kind, namespace, name),
        uid: format!("uid-{name}").into(),
        created_ms: NOW - 3_600_000,
        conditions_true: u16::from(state > RowState::Idle),
        conditions: 3,
        errors: u16::from(state == RowState::Error),
        notified: 1,
        state,
        last_trigger: if state == RowState::Idle {
            ""
        } else {
            "on-oom"
        }
        .into(),
        last_ms: if ago_s == 0 { 0 } else { NOW - ago_s * 1_000 },
    }
}

pub fn rows() -> Vec<Arc<ResourceRow>> {
    let mut rows = vec![
        row("Pod", "team-a", "web-7d9f8b6c5d-abcde", RowState::Sent, 12),
        row("Pod", "team-a", "worker-5c7b9d-qq2lm", RowState::Failed, 48),
        row(
            "Pod",
            "team-a",
            "worker-5c7b9d-z81xp",
            RowState::AlreadySent,
            190,
        ),
        row("Rollout", "team-b", "checkout", RowState::Error, 250),
        row(
            "Job",
            "batch",
            "nightly-29101120-7kq",
            RowState::Waiting,
            540,
        ),
        row(
            "Pod",
            "batch",
            "nightly-29101120-7kq-x2",
            RowState::DryRun,
            700,
        ),
        row("Pod", "shop", "cart-6b5f4c-9x8d7", RowState::Cleared, 800),
    ];
    for number in 0..30 {
        let name = format!("catalog-77f-{number:03}");
        rows.push(row("Pod", "shop", &name, RowState::Idle, 0));
    }
    rows.into_iter().map(Arc::new).collect()
}

pub fn delivery(number: i64, state: DeliveryState, name: &str, to: &str) -> Delivery {
    let created_ms = NOW - 60_000 + number * 1_000;
    let mut delivery = Delivery::pending(NewDelivery {
        id: DeliveryId(created_ms * 1024),
        created_ms,
        group: String::new(),
        kind: "Pod".into(),
        namespace: "team-a".into(),
        name: name.into(),
        uid: format!("uid-{name}"),
        resource_version: "123456789".into(),
        trigger: "on-oom".into(),
        condition: "[0].y7b5sbwa2Q329JYH755peeq-fBs".into(),
        once_per: String::new(),
        templates: vec!["pod-oom".into()],
        destination: Destination::parse(to),
        service_type: "webhook".into(),
        state_key: format!("on-oom:[0].y7b5sbwa2Q329JYH755peeq-fBs:{to}"),
        cause: Cause::Change,
        config_namespace: "default".into(),
        actor: String::new(),
    });
    delivery.state = state;
    match state {
        DeliveryState::Sent => {
            delivery.status = Some(200);
            delivery.took_ms = Some(212);
            delivery.attempts = 1;
            delivery.patched_ms = Some(created_ms + 250);
        }
        DeliveryState::Failed | DeliveryState::Pending => {
            delivery.status = Some(429);
            delivery.took_ms = Some(1_430);
            delivery.attempts = 3;
            delivery.error = "429 Too Many Requests: rate limited".into();
        }
        DeliveryState::AlreadySent => delivery.attempts = 4,
        _ => {}
    }
    if state == DeliveryState::Pending {
        delivery.next_ms = Some(NOW + 8_000);
    }
    delivery
}

pub fn deliveries() -> Vec<Arc<Delivery>> {
    let web = "web-7d9f8b6c5d-abcde";
    let worker = "worker-5c7b9d-qq2lm";
    vec![
        delivery(0, DeliveryState::DryRun, "checkout", "slack:team-b"),
        delivery(10, DeliveryState::AlreadySent, web, "slack:team-a-alerts"),
        delivery(12, DeliveryState::Failed, worker, "slack:team-a-alerts"),
        delivery(20, DeliveryState::Sent, worker, "webhook"),
        delivery(30, DeliveryState::Pending, worker, "slack:team-a-alerts"),
        delivery(48, DeliveryState::Sent, web, "webhook"),
    ]
    .into_iter()
    .map(Arc::new)
    .collect()
}

fn decision(to: &str, decision: Decision, notified_at: Option<i64>) -> DecisionView {
    DecisionView {
        destination: Destination::parse(to),
        state_key: format!("on-oom:[0].y7b5sbwa2Q329JYH755peeq-fBs:{to}"),
        decision,
        notified_at,
    }
}

fn condition(when: &str, result: ConditionResult, decisions: Vec<DecisionView>) -> ConditionView {
    ConditionView {
        key: ConditionKey::of(0, when),
        when: when.into(),
        description: String::new(),
        result,
        once_per: None,
        templates: vec!["pod-oom".into()],
        decisions,
    }
}

fn trigger(name: &str, condition: ConditionView) -> TriggerView {
    TriggerView {
        name: name.into(),
        configured: true,
        subscriptions: Vec::new(),
        conditions: vec![condition],
    }
}

pub fn inspection(key: ResourceKey) -> Inspection {
    let at = NOW / 1_000 - 600;
    let oom = condition(
        "len(filter(pod.status.containerStatuses, {#.lastState.terminated.reason == 'OOMKilled'})) > 0",
        ConditionResult::True,
        vec![
            decision("slack:team-a-alerts", Decision::AlreadySent, Some(at)),
            decision("webhook", Decision::Send, None),
            decision(
                "email:oncall",
                Decision::Impossible {
                    reason: "service.email is not configured".into(),
                },
                None,
            ),
        ],
    );
    let loops = condition(
        "pod.status.containerStatuses[0].restartCount > 5",
        ConditionResult::False {
            because: "restartCount 3 > 5".into(),
        },
        vec![decision("webhook", Decision::NotTrue, None)],
    );
    let pending = condition(
        "time.Now() > pod.status.startedAt",
        ConditionResult::Error {
            message: "cannot fetch startedAt from nil".into(),
            position: Some(Position {
                line: 1,
                column: 24,
            }),
        },
        vec![],
    );
    let mut triggers = vec![
        trigger("on-oom", oom),
        trigger("on-crashloop", loops),
        trigger("on-pending", pending),
    ];
    triggers[0].subscriptions.push(SubscriptionView {
        destination: Destination::parse("slack:team-a-alerts"),
        origin: "annotation subscribe.on-oom.slack".into(),
        problem: None,
    });
    Inspection {
        key,
        uid: "uid".into(),
        resource_version: "123456789".into(),
        at_ms: NOW,
        triggers,
        notified: vec![(
            "on-oom:[0].y7b5sbwa2Q329JYH755peeq-fBs:slack:team-a-alerts".into(),
            at,
        )],
        problems: vec![],
    }
}

/// The object that `inspection` is about.
pub fn object(key: &ResourceKey) -> serde_json::Value {
    serde_json::json!({
        "apiVersion": "v1",
        "kind": key.kind.kind.as_str(),
        "metadata": {
            "annotations": {
                "note": "日本語 \u{202e}txt.exe",
                "notifications.argoproj.io/subscribe.on-oom.slack": "team-a-alerts",
            },
            "name": &*key.name,
            "namespace": &*key.namespace,
        },
        "status": {
            "containerStatuses": [
                {
                    "lastState": {"terminated": {"exitCode": 137, "reason": "OOMKilled"}},
                    "name": "app",
                    "restartCount": 3,
                },
                {"lastState": {"terminated": {"reason": "Error"}}, "name": "sidecar"},
            ],
            "phase": "Running",
        },
    })
}

/// The inspection with real traces over the object.
pub fn explained(key: ResourceKey) -> Explained {
    let value = object(&key);
    let inspection = inspection(key);
    let mut env = Env::new();
    env.json("pod", &value);
    let mut traces = Vec::new();
    let mut reads = Vec::new();
    for trigger in &inspection.triggers {
        let programs = trigger.conditions.iter().map(|condition| {
            Program::compile(&condition.when, &expr::Options::default()).expect("compiles")
        });
        let programs: Vec<Program> = programs.collect();
        traces.push(
            programs
                .iter()
                .map(|program| ConditionTrace {
                    when: program.trace(&env),
                    once_per: None,
                })
                .collect(),
        );
        let read = |program: &Program| program.reads().get("pod").cloned().unwrap_or_default();
        reads.push(programs.iter().map(read).collect());
    }
    Explained {
        reads,
        yaml: kubechime::yaml::emit(&value).into(),
        resource_version: inspection.resource_version.clone(),
        explanation: Explanation { inspection, traces },
        object: Arc::new(value),
        variable: "pod".into(),
        expr: expr::Options::default(),
    }
}

pub fn catalog() -> CatalogView {
    let trigger = "- description: Container was OOM killed\n  when: len(filter(pod.status.containerStatuses, {#.lastState.terminated.reason == 'OOMKilled'})) > 0\n  send: [pod-oom]\n";
    let data = BTreeMap::from(
        [
            ("service.webhook.webhook", "url: http://127.0.0.1:1/\n"),
            ("template.pod-oom", "message: |\n  {{.pod.metadata.name}}\n"),
            ("trigger.on-oom", trigger),
            ("trigger.on-broken", "- when: pod.(\n  send: [pod-ooom]\n"),
            ("unrelated", "x"),
        ]
        .map(|(key, value)| (key.to_owned(), value.to_owned())),
    );
    CatalogView {
        catalog: Arc::new(catalog_of(&data)),
        found: true,
        namespace: "default".into(),
        name: "pod-notifications-cm".into(),
        resource_version: "88213".into(),
        data: Arc::new(data),
        secret_keys: vec![],
        meta: Arc::default(),
        used_by: Arc::new(BTreeMap::from([("on-oom".to_owned(), 1_204)])),
    }
}

/// The same with other texts (`None`: without the key), as another version.
pub fn catalog_with(version: &str, changes: &[(&str, Option<&str>)]) -> CatalogView {
    let mut view = catalog();
    let mut data = BTreeMap::clone(&view.data);
    for (key, text) in changes {
        match text {
            Some(text) => drop(data.insert((*key).to_owned(), (*text).to_owned())),
            None => drop(data.remove(*key)),
        }
    }
    view.catalog = Arc::new(catalog_of(&data));
    view.data = Arc::new(data);
    view.resource_version = version.to_owned();
    view
}

/// Tells another version of the ConfigMap.
pub fn configure(model: &mut Model, view: CatalogView) -> Vec<Effect> {
    let told = Batch {
        catalog: Some(Arc::new(view)),
        ..Batch::default()
    };
    batch(model, told)
}

pub fn catalog_of(data: &BTreeMap<String, String>) -> Catalog {
    let source = ConfigSource {
        namespace: "default".into(),
        name: "pod-notifications-cm".into(),
        resource_version: "88213".into(),
        data: data.clone(),
        found: true,
        ..ConfigSource::default()
    };
    let options = BuildOptions::new(ServiceContext::default(), "default");
    Catalog::build(&source, None, &options)
}

pub fn status(mode: Mode) -> EngineStatus {
    EngineStatus {
        mode,
        wanted: mode,
        reason: String::new(),
        lease: LeaseStatus::Held { since_ms: NOW },
        shard: None,
        read_only: false,
        context: "prod-eu".into(),
        server: "https://10.0.0.1:6443".into(),
        connected: true,
        history_problem: String::new(),
        counters: Counters {
            evaluations: 100_482,
            evaluation_errors: 77,
            sent: 1_204,
            failed: 3,
            already_sent: 9_310,
            patches: 1_200,
            patch_errors: 0,
            queue: 4,
            delivering: 0,
        },
    }
}

pub fn watches(phase: WatchPhase) -> Arc<[WatchStatus]> {
    Arc::new([WatchStatus {
        kind: Arc::new(Kind::pod()),
        namespaces: vec![],
        phase,
        objects: 412,
        subscribed: 37,
    }])
}

pub fn notice(text: &str) -> Notice {
    Notice {
        at_ms: NOW - 5_000,
        severity: Severity::Warning,
        text: text.into(),
        help: "Wait, or lower the rate of service.slack.".into(),
        resource: Some(key("Pod", "team-a", "worker-5c7b9d-qq2lm")),
    }
}

/// Everything an engine tells in the first moments.
pub fn full_batch() -> Batch {
    Batch {
        rows: rows(),
        deliveries: deliveries(),
        catalog: Some(Arc::new(catalog())),
        watches: Some(watches(WatchPhase::Live)),
        status: Some(Arc::new(status(Mode::Active))),
        ..Batch::default()
    }
}

/// A dashboard that has everything, with the first resource inspected.
pub fn full(options: &Options, width: u16, height: u16) -> Model {
    let mut model = launched(options, width, height);
    let effects = batch(&mut model, full_batch());
    answer_inspections(&mut model, effects);
    model
}

/// Answers what was asked about resources.
pub fn answer_inspections(model: &mut Model, effects: Vec<Effect>) -> Vec<Effect> {
    use kubechime::engine::{Command, Reply};
    let mut rest = Vec::new();
    for effect in effects {
        match effect {
            Effect::Submit(request, Command::Inspect(key)) => {
                let reply = Reply::Inspection(Arc::new(inspection(key)));
                rest.extend(answer(model, request, Ok(reply)));
            }
            Effect::Submit(request, Command::Explain(key)) => {
                let reply = Reply::Explained(Arc::new(explained(key)));
                rest.extend(answer(model, request, Ok(reply)));
            }
            other => rest.push(other),
        }
    }
    rest
}

pub fn answer(
    model: &mut Model,
    request: kubechime::tui::message::RequestId,
    result: Result<kubechime::engine::Reply, kubechime::engine::CommandError>,
) -> Vec<Effect> {
    let answer = kubechime::tui::message::Answer { request, result };
    let session = model.session.id;
    send(model, Msg::Batch(session, Box::default(), vec![answer]))
}
