//! Time of a frame at 240x70 with 100,000 resources and 1,000,000 history rows while the engine
//! changes rows all the time, and of taking over a batch of 1,000 changed rows. Printed beside the
//! time of a frame that draws nothing, measured in the same run.

use jiff::tz::TimeZone;
use kubechime::domain::{
    Cause, Delivery, DeliveryId, DeliveryState, Destination, Kind, NewDelivery, ResourceKey,
};
use kubechime::engine::{
    Batch, CatalogView, Command, ConditionSurvey, Reply, ResourceRow, RowState, Survey,
};
use kubechime::history::Anchor;
use kubechime::tui::key::Key;
use kubechime::tui::keymap::Keymap;
use kubechime::tui::message::{Answer, Effect, Job, JobDone, Msg, PageKind, Started};
use kubechime::tui::model::Model;
use kubechime::tui::update::{start, update};
use kubechime::tui::{Options, ThemeName, view, work};
use ratatui::Terminal;
use ratatui::backend::TestBackend;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio_util::sync::CancellationToken;

const NOW: i64 = 1_790_000_000_000;
const RESOURCES: usize = 100_000;
const DELIVERIES: i64 = 1_000_000;
const FRAMES: usize = 2_000;
const PAGE: i64 = 500;
/// Keys of the ConfigMap that is edited.
const KEYS: usize = 2_000;
/// Characters that are typed into it, or keys that are pressed in a list.
const TYPED: usize = 500;
/// Triggers of a large configuration.
const TRIGGERS: usize = 10_000;

fn main() {
    let mut bench = Bench::new();
    let empty = bench.empty_frames();
    let (steps, frames, batches) = bench.frames();
    println!("frame at 240x70, {RESOURCES} resources, {DELIVERIES} history rows, {FRAMES} frames");
    report("empty frame (baseline)", &empty, &empty);
    report("frame", &frames, &empty);
    report("key or batch, and what it asks for", &steps, &empty);
    report("batch of 1,000 changed rows", &batches, &empty);
    let (typed, drawn) = bench.editing();
    println!("editor on a whole ConfigMap of {KEYS} keys, 1 MB, {TYPED} keys typed");
    report("typed character, and what it asks for", &typed, &empty);
    report("frame of the editor", &drawn, &empty);
    for (what, prefix, text, count) in [
        ("keys", "template.t", "message: hi\n", KEYS),
        (
            "triggers",
            "trigger.on-",
            "- when: pod.status.phase == 'Failed'\n  send: []\n",
            TRIGGERS,
        ),
    ] {
        let (moved, drawn) = bench.listing(prefix, text, count);
        println!("list of a ConfigMap of {count} {what}, {TYPED} keys pressed");
        report("moved selection, and what it asks for", &moved, &empty);
        report("frame of the list", &drawn, &empty);
    }
    let (moved, drawn) = bench.counting();
    println!("counts of {TRIGGERS} conditions, {TYPED} keys pressed");
    report("moved selection, and what it asks for", &moved, &empty);
    report("frame of the counts", &drawn, &empty);
}

fn at(times: &[Duration], part: f64) -> Duration {
    let mut sorted = times.to_vec();
    sorted.sort_unstable();
    let place = (sorted.len() as f64 * part) as usize;
    sorted
        .get(place.min(sorted.len().saturating_sub(1)))
        .copied()
        .unwrap_or_default()
}

fn report(name: &str, times: &[Duration], baseline: &[Duration]) {
    let (p50, p99) = (at(times, 0.5), at(times, 0.99));
    let ratio = p50.as_secs_f64() / at(baseline, 0.5).as_secs_f64();
    println!("{name:<36} p50 {p50:>10.1?}  p99 {p99:>10.1?}  {ratio:>5.1} x empty frame");
}

struct Bench {
    model: Model,
    terminal: Terminal<TestBackend>,
    kind: Arc<Kind>,
    seed: u64,
}

impl Bench {
    fn new() -> Self {
        let options = Options {
            theme: ThemeName::Ansi,
            themes: std::sync::Arc::default(),
            theme_problems: Vec::new(),
            keymap: Keymap::default(),
            key_problems: Vec::new(),
            ascii: false,
            read_only: false,
            mouse: false,
            vim: false,
            state_dir: None,
            log_file: None,
            context: None,
        };
        let mut model = Model::new(&options, 240, 70, NOW, TimeZone::UTC);
        start(&mut model);
        let terminal = Terminal::new(TestBackend::new(240, 70)).expect("in memory");
        let mut bench = Self {
            model,
            terminal,
            kind: Arc::new(Kind::pod()),
            seed: 7,
        };
        let started = Started {
            context: "bench".into(),
            namespace: "default".into(),
            server: "https://127.0.0.1".into(),
            read_only: false,
            protected: false,
            history: true,
            theme: None,
        };
        let session = bench.model.session.id;
        bench.send(Msg::Launched(session, Ok(started)));
        let rows = (0..RESOURCES)
            .map(|number| bench.row(number, NOW - 1_000))
            .collect();
        bench.batch(rows, Vec::new());
        bench
    }

    fn random(&mut self, below: usize) -> usize {
        self.seed = self
            .seed
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        (self.seed >> 33) as usize % below
    }

    fn row(&self, number: usize, last_ms: i64) -> Arc<ResourceRow> {
        let namespace = format!("team-{:03}", number % 300);
        let name = format!("web-{number:06}-7d9f8b6c5d-abcde");
        Arc::new(ResourceRow {
            key: ResourceKey::new(Arc::clone(&self.kind), namespace, name),
            uid: "uid".into(),
            created_ms: NOW - 86_400_000,
            conditions_true: (number % 3) as u16,
            conditions: 3,
            errors: 0,
            notified: 1,
            state: if number.is_multiple_of(7) {
                RowState::Failed
            } else {
                RowState::Sent
            },
            last_trigger: "on-oom".into(),
            last_ms,
        })
    }

    fn batch(&mut self, rows: Vec<Arc<ResourceRow>>, deliveries: Vec<Arc<Delivery>>) {
        let told = Batch {
            rows,
            deliveries,
            ..Batch::default()
        };
        let session = self.model.session.id;
        self.send(Msg::Batch(session, Box::new(told), Vec::new()));
        while self.model.backlog.is_some() {
            self.send(Msg::Continue);
        }
    }

    /// Updates and does what is asked for on the spot, so that its result is drawn too.
    fn send(&mut self, message: Msg) {
        let mut effects = update(&mut self.model, message);
        while let Some(effect) = effects.pop() {
            if let Effect::Job(session, job) = effect
                && let Some(done) = do_job(job)
            {
                effects.extend(update(&mut self.model, Msg::Job(session, done)));
            }
        }
    }

    fn empty_frames(&mut self) -> Vec<Duration> {
        let frame = |_: usize| {
            let started = Instant::now();
            self.terminal.draw(|_| {}).expect("in memory");
            started.elapsed()
        };
        (0..FRAMES).map(frame).collect()
    }

    fn frames(&mut self) -> (Vec<Duration>, Vec<Duration>, Vec<Duration>) {
        let script = "j j PgDn 3 j PgDn C-d G PgUp g 2 j 1 G PgUp k g 4 j 3 f Tab";
        let keys: Vec<Key> = script.split(' ').filter_map(Key::parse).collect();
        let (mut steps, mut frames, mut batches) = (Vec::new(), Vec::new(), Vec::new());
        for number in 0..FRAMES {
            self.model.now_ms = NOW + number as i64 * 16;
            let changed = if number.is_multiple_of(20) { 1_000 } else { 50 };
            let rows = (0..changed)
                .map(|_| {
                    let place = self.random(RESOURCES);
                    self.row(place, self.model.now_ms)
                })
                .collect();
            let newest = vec![delivery(DELIVERIES + number as i64)];
            let started = Instant::now();
            self.batch(rows, newest);
            let took = started.elapsed();
            if changed == 1_000 {
                batches.push(took);
            } else {
                steps.push(took);
            }
            let started = Instant::now();
            self.send(Msg::Key(keys[number % keys.len()]));
            steps.push(started.elapsed());
            let model = &self.model;
            let started = Instant::now();
            self.terminal
                .draw(|frame| view(model, frame))
                .expect("in memory");
            frames.push(started.elapsed());
        }
        (steps, frames, batches)
    }
}

impl Bench {
    /// Characters typed in the middle of a whole ConfigMap; looks at it are left to their threads.
    fn editing(&mut self) -> (Vec<Duration>, Vec<Duration>) {
        let data: BTreeMap<String, String> = (0..KEYS)
            .map(|number| {
                let when = format!(
                    "pod.metadata.name == 'web-{number}' and {}",
                    "true and ".repeat(45)
                );
                let text = format!("- when: |-\n    {when}true\n  send: []\n");
                (format!("trigger.on-{number:04}"), text)
            })
            .collect();
        self.configure(data);
        self.press("Esc 4 E");
        for _ in 0..60 {
            self.press("PgDn");
        }
        let (mut typed, mut drawn) = (Vec::new(), Vec::new());
        for number in 0..TYPED {
            self.model.now_ms += 20;
            let c = if number % 8 == 7 { ' ' } else { 'x' };
            let started = Instant::now();
            drop(update(&mut self.model, Msg::Key(Key::char(c))));
            typed.push(started.elapsed());
            let model = &self.model;
            let started = Instant::now();
            self.terminal
                .draw(|frame| view(model, frame))
                .expect("in memory");
            drawn.push(started.elapsed());
        }
        (typed, drawn)
    }
}

impl Bench {
    /// Tells a ConfigMap of these keys.
    fn configure(&mut self, data: BTreeMap<String, String>) {
        let config = CatalogView {
            catalog: Arc::default(),
            found: true,
            namespace: "default".into(),
            name: "pod-notifications-cm".into(),
            resource_version: "1".into(),
            data: Arc::new(data),
            secret_keys: Vec::new(),
            meta: Arc::default(),
            used_by: Arc::default(),
        };
        let told = Batch {
            catalog: Some(Arc::new(config)),
            ..Batch::default()
        };
        let session = self.model.session.id;
        self.send(Msg::Batch(session, Box::new(told), Vec::new()));
    }

    fn press(&mut self, script: &str) {
        for key in script.split(' ') {
            self.send(Msg::Key(Key::parse(key).expect("a key")));
        }
    }

    /// The list of the keys of a ConfigMap.
    fn listing(
        &mut self,
        prefix: &str,
        text: &str,
        count: usize,
    ) -> (Vec<Duration>, Vec<Duration>) {
        let data = (0..count).map(|number| (format!("{prefix}{number:05}"), text.to_owned()));
        self.configure(data.collect());
        self.press("Esc Esc 4");
        self.moving("j j PgDn k G PgUp g")
    }

    /// The counts of all conditions.
    fn counting(&mut self) -> (Vec<Duration>, Vec<Duration>) {
        let condition = |number: usize| ConditionSurvey {
            trigger: format!("on-{number:05}"),
            index: Some(0),
            configured: true,
            when: "pod.status.phase == 'Failed'".into(),
            holds: number as u64,
            ..ConditionSurvey::default()
        };
        let survey = Arc::new(Survey {
            at_ms: self.model.now_ms,
            conditions: (0..TRIGGERS).map(condition).collect(),
            ..Survey::default()
        });
        self.press("Esc");
        let key = Msg::Key(Key::parse("5").expect("a key"));
        let asked = update(&mut self.model, key);
        for effect in asked {
            if let Effect::Submit(request, Command::Survey) = effect {
                let result = Ok(Reply::Survey(Arc::clone(&survey)));
                let answer = Answer { request, result };
                let session = self.model.session.id;
                self.send(Msg::Batch(session, Box::default(), vec![answer]));
            }
        }
        self.moving("j j PgDn k G s S PgUp g")
    }

    fn moving(&mut self, script: &str) -> (Vec<Duration>, Vec<Duration>) {
        let keys: Vec<Key> = script.split(' ').filter_map(Key::parse).collect();
        let (mut moved, mut drawn) = (Vec::new(), Vec::new());
        for key in keys.iter().cycle().take(TYPED) {
            let started = Instant::now();
            self.send(Msg::Key(*key));
            moved.push(started.elapsed());
            let model = &self.model;
            let started = Instant::now();
            self.terminal
                .draw(|frame| view(model, frame))
                .expect("in memory");
            drawn.push(started.elapsed());
        }
        (moved, drawn)
    }
}

/// The store's part, without a store: the pages of a history that is known by arithmetic.
fn do_job(job: Job) -> Option<JobDone> {
    match job {
        Job::Page {
            number, kind, from, ..
        } => {
            let newest = match (kind, from) {
                (PageKind::Older, Anchor::Before(id)) => number_of(id) - 1,
                (PageKind::Newer, Anchor::After(id)) => number_of(id) + PAGE,
                (PageKind::Oldest, _) => PAGE - 1,
                _ => DELIVERIES - 1,
            };
            let newest = newest.min(DELIVERIES - 1);
            let oldest = (newest + 1 - PAGE).max(0);
            let rows = (oldest..=newest).rev().map(delivery).collect();
            let more = match kind {
                PageKind::Older | PageKind::Newest => oldest > 0,
                PageKind::Newer | PageKind::Oldest => newest < DELIVERIES - 1,
            };
            Some(JobDone::Page {
                number,
                kind,
                rows: Ok((rows, more)),
            })
        }
        Job::Count { number, .. } => Some(JobDone::Count {
            number,
            rows: Ok(DELIVERIES.unsigned_abs()),
        }),
        other => work(other, None, None, &CancellationToken::new()),
    }
}

fn number_of(id: DeliveryId) -> i64 {
    id.0 / 1024 - NOW + DELIVERIES
}

fn delivery(number: i64) -> Arc<Delivery> {
    let created_ms = NOW - DELIVERIES + number;
    let mut delivery = Delivery::pending(NewDelivery {
        id: DeliveryId(created_ms * 1024),
        created_ms,
        group: String::new(),
        kind: "Pod".into(),
        namespace: "team-001".into(),
        name: format!("web-{number:07}-7d9f8b6c5d-abcde"),
        uid: "uid".into(),
        resource_version: "1".into(),
        trigger: "on-oom".into(),
        condition: "[0].x".into(),
        once_per: String::new(),
        templates: Vec::new(),
        destination: Destination::new("slack", "team-a-alerts"),
        service_type: "slack".into(),
        state_key: String::new(),
        cause: Cause::Change,
        config_namespace: "default".into(),
        actor: String::new(),
    });
    delivery.state = DeliveryState::Sent;
    delivery.status = Some(200);
    delivery.took_ms = Some(212);
    Arc::new(delivery)
}
