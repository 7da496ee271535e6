//! A cluster that lives: Deployments and Jobs whose Pods are scheduled, become ready, crash,
//! recover, complete and go away.
//!
//! Three parts share one task: `world` makes what is there at the start, `controllers` keep the
//! Pods that Deployments and Jobs ask for, `kubelet` leads each Pod through its life. All of them
//! act on whatever is in the cluster, so what a person creates, scales, or deletes with kubectl
//! lives, too.

mod catalog;
mod controllers;
mod kubelet;
mod mirror;
mod phases;
mod pods;
mod world;

use super::cluster::SimCluster;
use super::objects::Objects;
use super::receiver::{Receiver, Reply};
use mirror::Mirror;
use std::time::Duration;
use tokio::time::{Instant, sleep};
use tokio_util::sync::{CancellationToken, DropGuard};

/// Between two looks at what people and controllers changed, at speed 1.
const TICK: Duration = Duration::from_millis(200);

/// How a scenario is played.
#[derive(Clone, Debug)]
pub struct ScenarioOptions {
    /// Where the webhooks of the configuration go, without a slash at the end.
    pub receiver_url: String,
    /// Decides names, order and accidents. The same seed tells the same story.
    pub seed: u64,
    /// 2 is twice as fast.
    pub speed: f64,
    /// Whether ConfigMap and Secret of the notifications are created.
    pub catalog: bool,
}

impl Default for ScenarioOptions {
    fn default() -> Self {
        Self {
            receiver_url: "http://127.0.0.1:9".to_owned(),
            seed: 7,
            speed: 1.0,
            catalog: true,
        }
    }
}

/// A running scenario. It stops when this is dropped.
pub struct Scenario {
    _stop: DropGuard,
}

impl Scenario {
    /// Creates the objects of the start, then lets them live. When this returns, the cluster is
    /// populated.
    pub fn start(cluster: &SimCluster, options: ScenarioOptions) -> Scenario {
        let stop = CancellationToken::new();
        let mut play = Play::new(cluster.objects().clone(), &options);
        play.begin(&options);
        let token = stop.clone();
        tokio::spawn(async move {
            tokio::select! {
                () = play.run() => {}
                () = token.cancelled() => {}
            }
        });
        Scenario {
            _stop: stop.drop_guard(),
        }
    }

    /// Makes a receiver answer as the destinations of the configuration expect: `/broken` always
    /// fails with 500; the first requests to `/throttled` are told to come back later.
    pub fn prepare(receiver: &Receiver) {
        receiver.reply("/broken*", Reply::code(500));
        receiver.reply_times("/throttled*", Reply::retry_after(1), 6);
    }
}

/// Pseudo-random numbers that are the same for the same seed.
pub(super) struct Dice(u64);

impl Dice {
    fn roll(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number from `low` up to, not including, `high`.
    fn between(&mut self, low: u64, high: u64) -> u64 {
        let width = high.saturating_sub(low).max(1);
        low.saturating_add(self.roll() % width)
    }

    fn one_in(&mut self, n: u64) -> bool {
        self.between(0, n) == 0
    }
}

/// The state of a scenario.
pub(super) struct Play {
    objects: Objects,
    pods: Mirror,
    deployments: Mirror,
    sets: Mirror,
    jobs: Mirror,
    dice: Dice,
    /// Milliseconds of played time since the start.
    now: u64,
    /// Played milliseconds per real one.
    speed: f64,
    kubelet: kubelet::Kubelet,
    controllers: controllers::Controllers,
}

impl Play {
    fn new(objects: Objects, options: &ScenarioOptions) -> Self {
        let speed = if options.speed.is_finite() {
            options.speed.clamp(0.01, 100.0)
        } else {
            1.0
        };
        Self {
            objects,
            pods: Mirror::new("pods"),
            deployments: Mirror::new("deployments.apps"),
            sets: Mirror::new("replicasets.apps"),
            jobs: Mirror::new("jobs.batch"),
            dice: Dice(options.seed),
            now: 0,
            speed,
            kubelet: kubelet::Kubelet::default(),
            controllers: controllers::Controllers::default(),
        }
    }

    fn begin(&mut self, options: &ScenarioOptions) {
        world::populate(&self.objects);
        if options.catalog {
            catalog::create_catalog(&self.objects, &options.receiver_url);
        }
        // ReplicaSets come in the first round, their Pods in the second.
        for _ in 0..2 {
            self.look();
            self.control();
        }
        self.look();
        self.settle();
    }

    /// Takes in what has changed; whether anything has.
    fn look(&mut self) -> bool {
        let news = self.pods.refresh(&self.objects);
        let others = [&mut self.deployments, &mut self.sets, &mut self.jobs];
        let other = others
            .map(|mirror| mirror.refresh(&self.objects).any)
            .contains(&true);
        let any = news.any || other;
        self.adopt(news);
        any
    }

    async fn run(mut self) {
        let started = Instant::now();
        loop {
            sleep(TICK.div_f64(self.speed)).await;
            let played = started.elapsed().as_secs_f64() * 1000.0 * self.speed;
            // Whole milliseconds; the cast saturates.
            self.now = played as u64;
            self.live();
            if self.look() || self.is_control_due() {
                self.control();
            }
        }
    }
}
