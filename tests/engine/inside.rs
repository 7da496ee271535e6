//! The engine within the test, as a dashboard has it: commands in, batches of changes out.

use crate::process::PATIENCE;
use crate::scene::Scene;
use kubechime::cluster::{Cluster, ConnectOptions};
use kubechime::domain::{DEFAULT_PREFIX, Delivery, DeliveryState, Kind, Mode};
use kubechime::engine::{
    Bus, Command, CommandError, DeliveryOptions, EngineHandle, HeldStatus, LaneStatus, LeaseUse,
    Metrics, Migration, Notice, OnStateLost, Options, PreviewNews, Reply, Ticket, Watch, Wording,
    spawn,
};
use kubechime::history::{self, Anchor, Filter, History};
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::{Instant, timeout};

/// A running engine with all that it has told so far.
pub struct Inside {
    engine: EngineHandle,
    pub history: History,
    pub lanes: BTreeMap<String, LaneStatus>,
    pub held: HeldStatus,
    pub notices: Vec<Notice>,
    /// The newest preview, with all effects that were told of it.
    pub preview: PreviewNews,
    pub migration: Option<Arc<Migration>>,
    /// Objects that the watches have seen.
    pub objects: u64,
    /// The texts of the triggers in force.
    pub triggers: String,
    done: BTreeMap<Ticket, Result<Reply, CommandError>>,
}

impl Inside {
    /// Starts an engine on the scene's namespace.
    pub async fn start(scene: &Scene, delivery: DeliveryOptions) -> Self {
        Self::start_with(scene, scene.state(), LeaseUse::Off, delivery).await
    }

    /// The same for further namespaces, of which each may have a configuration of its own.
    pub async fn start_for_teams(scene: &Scene, teams: &[&str]) -> Self {
        Self::start_as(scene, scene.state(), |options| {
            options.self_service = true;
            let teams = teams.iter().map(|team| (*team).to_owned());
            for watch in &mut options.watches {
                watch.namespaces.extend(teams.clone());
            }
        })
        .await
    }

    /// The same with a state directory of its own, and perhaps with a Lease.
    pub async fn start_with(
        scene: &Scene,
        state: &Path,
        lease: LeaseUse,
        delivery: DeliveryOptions,
    ) -> Self {
        Self::start_as(scene, state, |options| {
            options.lease = lease;
            options.delivery = delivery;
        })
        .await
    }

    async fn start_as(scene: &Scene, state: &Path, change: impl FnOnce(&mut Options)) -> Self {
        let cluster = Cluster::connect(&ConnectOptions {
            kubeconfig: Some(scene.kubeconfig.clone()),
            ..ConnectOptions::default()
        })
        .await
        .unwrap();
        let path = state.join("history.db");
        let history = History::open(&path, &history::Options::default()).unwrap();
        let mut options = Options {
            mode: Mode::Active,
            read_only: false,
            config_namespace: scene.namespace.clone(),
            config_map: "pod-notifications-cm".into(),
            secret: "pod-notifications-secret".into(),
            watches: vec![Watch {
                namespaces: vec![scene.namespace.clone()],
                ..Watch::all(Kind::pod())
            }],
            watch_timeout: Duration::from_secs(120),
            prefix: DEFAULT_PREFIX.into(),
            lease: LeaseUse::Off,
            shard: None,
            history_problem: String::new(),
            wording: Wording::Current,
            delivery: DeliveryOptions::default(),
            expr: kubechime::expr::Options::default(),
            self_service: false,
            on_state_lost: OnStateLost::default(),
        };
        change(&mut options);
        let engine = spawn(
            cluster,
            Some(history.clone()),
            options,
            Metrics::default(),
            Bus::new(),
        );
        Self {
            engine,
            history,
            lanes: BTreeMap::new(),
            held: HeldStatus::default(),
            notices: Vec::new(),
            preview: PreviewNews::default(),
            migration: None,
            objects: 0,
            triggers: String::new(),
            done: BTreeMap::new(),
        }
    }

    /// Listens until what was told is as wanted.
    pub async fn until(&mut self, what: &str, wanted: impl Fn(&Self) -> bool) {
        let deadline = Instant::now() + PATIENCE;
        while !wanted(self) {
            let left = deadline.saturating_duration_since(Instant::now());
            let batch = timeout(left, self.engine.next_batch()).await;
            let batch = batch.unwrap_or_else(|_| panic!("not {what}: {:#?}", self.lanes));
            if let Some(lanes) = batch.lanes {
                let named = |lane: &LaneStatus| (lane.service.to_string(), lane.clone());
                self.lanes = lanes.iter().map(named).collect();
            }
            if let Some(held) = batch.held {
                self.held = Arc::unwrap_or_clone(held);
            }
            self.notices.extend(batch.notices);
            if let Some(mut news) = batch.preview {
                if news.number == self.preview.number {
                    let mut effects = std::mem::take(&mut self.preview.radius.effects);
                    effects.append(&mut news.radius.effects);
                    news.radius.effects = effects;
                }
                self.preview = *news;
            }
            self.migration = batch.migration.or(self.migration.take());
            if let Some(watches) = batch.watches {
                self.objects = watches.iter().map(|watch| watch.objects).sum();
            }
            if let Some(view) = batch.catalog {
                let texts = view.data.iter();
                let triggers = texts.filter(|(key, _)| key.starts_with("trigger."));
                self.triggers = triggers.map(|(_, text)| text.as_str()).collect();
            }
            for done in batch.done {
                self.done.insert(done.ticket, done.result);
            }
        }
    }

    /// Listens until a lane is as wanted.
    pub async fn until_lane(&mut self, service: &str, wanted: impl Fn(&LaneStatus) -> bool) {
        let fits = |inside: &Self| inside.lanes.get(service).is_some_and(&wanted);
        self.until(&format!("the lane {service} as wanted"), fits)
            .await;
    }

    /// Asks for something and waits for the answer.
    pub async fn ask(&mut self, command: Command) -> Result<Reply, CommandError> {
        let ticket = self.submit(command);
        self.answer(ticket).await
    }

    /// Asks for something without waiting for the answer.
    pub fn submit(&self, command: Command) -> Ticket {
        self.engine.submit(command).unwrap()
    }

    /// Waits for an answer.
    pub async fn answer(&mut self, ticket: Ticket) -> Result<Reply, CommandError> {
        self.until("answered", |inside| inside.done.contains_key(&ticket))
            .await;
        self.done.remove(&ticket).unwrap()
    }

    /// Rows of the history in a state, newest first.
    pub fn rows(&self, state: DeliveryState) -> Vec<Delivery> {
        let filter = Filter {
            states: vec![state],
            ..Filter::default()
        };
        self.history.page(&filter, Anchor::Oldest, 100_000).unwrap()
    }

    /// Waits until the history has so many rows in a state.
    pub async fn until_rows(&self, state: DeliveryState, count: usize) {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let rows = self.rows(state).len();
            if rows == count {
                return;
            }
            assert!(Instant::now() < deadline, "{rows} of {count} rows {state}");
            // The file says nothing by itself.
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// Stops it.
    pub async fn stop(self) {
        self.engine.shutdown().await;
    }
}
