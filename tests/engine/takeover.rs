//! One engine at a time: the one that sends crashes, stops, is cut off from the API server, or is
//! asked to give way, again and again, and another takes over. Every notification arrives exactly
//! once, apart from those marked *possibly repeated*, and never do two engines send at once.
//!
//! Two replicas whose clocks are a minute ahead and a minute behind, and a dashboard's engine.
//!
//! `KUBECHIME_TAKEOVERS` sets how often (a handful), `KUBECHIME_TAKEOVER_CLUSTERS` on how many
//! clusters (or namespaces of the real one) at once.

use crate::inside::Inside;
use crate::replicas::{Record, Replica, arrivals, holder, lease, wait_for_holder};
use crate::scene::{Scene, on_every_cluster};
use futures::future::join_all;
use kubechime::demo::Reply;
use kubechime::engine::{Command, DeliveryOptions, LeaseUse};
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};
use tempfile::TempDir;

const LEASE: &str = "kubechime";
const SUBSCRIBED: (&str, &str) = ("subscribe.on-pod-ready.webhook", "");

/// What is promised of take-overs: after a crash, after a clean stop, and when somebody asks. Held in
/// the long run, which has a machine for itself.
const AFTER_CRASH: Duration = Duration::from_secs(20);
const AFTER_STOP: Duration = Duration::from_secs(2);
const AFTER_ASKING: Duration = Duration::from_secs(10);

/// A Lease that is given back or away is taken before it would have run out.
const LEASE_DURATION: Duration = Duration::from_secs(15);

/// What befalls the one that sends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Fate {
    Crash,
    Stop,
    Partition,
    Asked,
}

impl Fate {
    const ALL: [Self; 4] = [Self::Crash, Self::Stop, Self::Partition, Self::Asked];
}

fn number(name: &str) -> Option<usize> {
    let text = std::env::var(name).ok()?;
    Some(text.parse().expect(name))
}

/// What came of all take-overs.
#[derive(Default)]
struct Tally {
    took: BTreeMap<Fate, Vec<Duration>>,
    notifications: usize,
    lost: Vec<String>,
    doubled: usize,
    marked: usize,
    unmarked: Vec<String>,
    overlaps: Vec<String>,
}

#[test]
fn every_notification_arrives_once_whoever_sends() {
    on_every_cluster(async |scene| {
        let wanted = number("KUBECHIME_TAKEOVERS");
        let grounds = number("KUBECHIME_TAKEOVER_CLUSTERS").unwrap_or(Fate::ALL.len());
        let stories = (0..grounds).map(|ground| {
            let fates: Vec<Fate> = match wanted {
                // One of each, side by side.
                None => vec![Fate::ALL[ground % Fate::ALL.len()]],
                Some(all) => (ground..all)
                    .step_by(grounds)
                    .map(|_| Fate::ALL[rand::random_range(0..Fate::ALL.len())])
                    .collect(),
            };
            let scene = &scene;
            async move { story(&scene.sibling().await, ground, &fates).await }
        });
        let mut all = Tally::default();
        for tally in join_all(stories).await {
            for (fate, took) in tally.took {
                all.took.entry(fate).or_default().extend(took);
            }
            all.notifications += tally.notifications;
            all.lost.extend(tally.lost);
            all.doubled += tally.doubled;
            all.marked += tally.marked;
            all.unmarked.extend(tally.unmarked);
            all.overlaps.extend(tally.overlaps);
        }
        all.print();
        assert!(all.lost.is_empty(), "lost: {:?}", all.lost);
        let unmarked = &all.unmarked;
        assert!(
            unmarked.is_empty(),
            "sent twice and not marked: {unmarked:?}"
        );
        assert!(all.overlaps.is_empty(), "two at once: {:#?}", all.overlaps);
        for (fate, took) in &all.took {
            let limit = match fate {
                Fate::Crash | Fate::Partition if wanted.is_some() => AFTER_CRASH,
                Fate::Stop if wanted.is_some() => AFTER_STOP,
                // At the next renewal, and when what is in flight is over.
                Fate::Asked if wanted.is_some() => AFTER_ASKING,
                Fate::Stop | Fate::Asked => LEASE_DURATION,
                Fate::Crash | Fate::Partition => crate::process::PATIENCE,
            };
            let late: Vec<_> = took.iter().filter(|took| **took > limit).collect();
            assert!(late.is_empty(), "{fate:?}: {late:?}");
        }
    });
}

impl Tally {
    fn print(&self) {
        let take_overs: usize = self.took.values().map(Vec::len).sum();
        println!(
            "{take_overs} take-overs, {} notifications: {} lost, {} doubled, of these {} not marked; \
             {} are marked possibly repeated",
            self.notifications,
            self.lost.len(),
            self.doubled,
            self.unmarked.len(),
            self.marked,
        );
        for (fate, took) in &self.took {
            let mut took = took.clone();
            took.sort();
            println!(
                "  {fate:?}: {} times, taken over after {:.2?} (p50), {:.2?} (max)",
                took.len(),
                took[took.len() / 2],
                took[took.len() - 1],
            );
        }
    }
}

/// Makes Pods that become ready, one after the other, until it is told to stop.
async fn make_pods(scene: &Scene, made: &AtomicUsize, over: &AtomicBool) {
    while !over.load(Ordering::Relaxed) {
        let name = format!("web-{}", made.fetch_add(1, Ordering::Relaxed));
        scene.create_pod(&name, &[SUBSCRIBED]).await;
        scene.set_phase(&name, "Running").await;
        let pause = rand::random_range(50..450);
        tokio::time::sleep(Duration::from_millis(pause)).await;
    }
}

/// How long it takes until what is due from now on arrives.
async fn until_told(scene: &Scene, name: &str) -> Duration {
    scene.create_pod(name, &[SUBSCRIBED]).await;
    let begun = Instant::now();
    scene.set_phase(name, "Running").await;
    while !arrivals(scene).contains_key(name) {
        let late = begun.elapsed() > crate::process::PATIENCE;
        assert!(!late, "nobody tells of {name}");
        // The receiver says nothing by itself.
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    begun.elapsed()
}

async fn start_dashboard(scene: &Scene, dir: &TempDir) -> Inside {
    let lease = LeaseUse::On {
        name: LEASE.into(),
        without_right: false,
        clock_skew: jiff::SignedDuration::ZERO,
    };
    Inside::start_with(scene, dir.path(), lease, DeliveryOptions::default()).await
}

async fn story(scene: &Scene, ground: usize, fates: &[Fate]) -> Tally {
    scene.configure_pod_ready().await;
    let slowly = Reply {
        delay: Duration::from_millis(20),
        ..Reply::default()
    };
    scene.receiver.reply("*", slowly);
    let usual = "firstWait: 200ms";
    let mut replicas = [
        Replica::start(scene, 60, usual, &[]).await,
        Replica::start(scene, -60, usual, &[]).await,
    ];
    // One of the replicas first, so that the dashboard finds somebody at work.
    wait_for_holder(scene, LEASE, |_| true).await;
    let dir = TempDir::new().unwrap();
    let mut dashboard = Some(start_dashboard(scene, &dir).await);
    let (made, over) = (AtomicUsize::new(0), AtomicBool::new(false));
    let mut took: BTreeMap<Fate, Vec<Duration>> = BTreeMap::new();
    let acting = async {
        for (round, fate) in fates.iter().enumerate() {
            let calm = rand::random_range(500..2500);
            tokio::time::sleep(Duration::from_millis(calm)).await;
            let leader = wait_for_holder(scene, LEASE, |_| true).await;
            let probe = format!("probe-{ground}-{round}");
            let at = replicas.iter().position(|replica| replica.is(&leader));
            let time = match (fate, at) {
                (Fate::Crash, Some(at)) => {
                    replicas[at].crash();
                    let time = until_told(scene, &probe).await;
                    replicas[at].restart();
                    time
                }
                (Fate::Stop, Some(at)) => {
                    replicas[at].stop().await;
                    let time = until_told(scene, &probe).await;
                    replicas[at].restart();
                    time
                }
                (Fate::Partition, Some(at)) => {
                    replicas[at].proxy.partition();
                    let next = wait_for_holder(scene, LEASE, |holder| holder != leader);
                    let begun = Instant::now();
                    next.await;
                    let time = begun.elapsed();
                    until_told(scene, &probe).await;
                    replicas[at].proxy.heal();
                    time
                }
                (Fate::Asked, Some(_)) => {
                    let asking = dashboard.as_mut().expect("it runs");
                    let begun = Instant::now();
                    asking.ask(Command::TakeLease).await.unwrap();
                    wait_for_holder(scene, LEASE, |holder| holder != leader).await;
                    begun.elapsed()
                }
                // The dashboard has it: it can only be stopped.
                (_, None) => {
                    dashboard.take().expect("it runs").stop().await;
                    let time = until_told(scene, &probe).await;
                    dashboard = Some(start_dashboard(scene, &dir).await);
                    took.entry(Fate::Stop).or_default().push(time);
                    continue;
                }
            };
            took.entry(*fate).or_default().push(time);
            if at.is_some_and(|at| replicas[at].is(&leader)) {
                // The times in the Lease are those of its holder's clock, and nobody minds.
                let lease = lease(scene, LEASE).await;
                assert!(lease["spec"]["renewTime"].is_string(), "{lease}");
            }
        }
        over.store(true, Ordering::Relaxed);
    };
    tokio::join!(make_pods(scene, &made, &over), acting);

    let mut names: Vec<String> = (0..made.load(Ordering::Relaxed))
        .map(|number| format!("web-{number}"))
        .collect();
    let begun = Instant::now();
    let missing = loop {
        let arrived = arrivals(scene);
        let missing: Vec<String> = names
            .iter()
            .filter(|name| !arrived.contains_key(*name))
            .cloned()
            .collect();
        if missing.is_empty() || begun.elapsed() > crate::process::PATIENCE {
            break missing;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    };
    if missing.is_empty() {
        for name in &names {
            scene.wait_for_notified(name, |state| state.is_some()).await;
        }
    }
    if let Some(dashboard) = dashboard {
        dashboard.stop().await;
    }
    for replica in &mut replicas {
        replica.stop().await;
    }
    assert_eq!(holder(scene, LEASE).await, "", "given back");

    let arrived = arrivals(scene);
    names.extend(
        arrived
            .keys()
            .filter(|name| name.starts_with("probe"))
            .cloned(),
    );
    let histories: Vec<PathBuf> = replicas
        .iter()
        .map(|replica| replica.dir.path())
        .chain([dir.path()])
        .map(|dir| dir.join("history.db"))
        .collect();
    let record = Record::read(&histories);
    let doubled: Vec<&String> = names
        .iter()
        .filter(|name| arrived.get(*name).is_some_and(|count| *count > 1))
        .collect();
    let unmarked = doubled
        .iter()
        .filter(|name| !record.marked.contains(**name));
    Tally {
        took,
        notifications: names.len(),
        lost: missing,
        doubled: doubled.len(),
        marked: record.marked.len(),
        unmarked: unmarked.map(|name| format!("{ground}: {name}")).collect(),
        overlaps: record
            .overlap()
            .iter()
            .map(|two| format!("{ground}: {two:?}"))
            .collect(),
    }
}

/// What stands in the lanes of an engine that is cut off is not sent from it any more when the next
/// one begins; what it has sent and could not write down is sent again, and marked.
#[test]
fn a_leader_that_is_cut_off_stops_sending_before_the_next_begins() {
    on_every_cluster(async |scene| {
        scene.configure_pod_ready().await;
        let slow = "rate: 4/s, firstWait: 200ms";
        let mut replicas = [
            Replica::start(&scene, 60, slow, &[]).await,
            Replica::start(&scene, -60, slow, &[]).await,
        ];
        let leader = wait_for_holder(&scene, LEASE, |_| true).await;
        let at = replicas.iter().position(|replica| replica.is(&leader));
        let (old, new) = (at.unwrap(), 1 - at.unwrap());
        let skewed = lease(&scene, LEASE).await;
        let renewed: jiff::Timestamp = skewed["spec"]["renewTime"]
            .as_str()
            .unwrap()
            .parse()
            .unwrap();
        let apart = renewed.duration_since(jiff::Timestamp::now()).abs();
        assert!(apart > jiff::SignedDuration::from_secs(45), "{skewed}");

        // More than it can send until it must stop.
        let pods = 70;
        let names: Vec<String> = (0..pods).map(|number| format!("web-{number}")).collect();
        for name in &names {
            scene.create_pod(name, &[SUBSCRIBED]).await;
            scene.set_phase(name, "Running").await;
        }
        scene.wait_for_requests(5).await;
        replicas[old].proxy.partition();
        wait_for_holder(&scene, LEASE, |holder| replicas[new].is(holder)).await;
        replicas[old].proxy.heal();
        for name in &names {
            scene.wait_for_notified(name, |state| state.is_some()).await;
        }
        let arrived = arrivals(&scene);
        for replica in &mut replicas {
            replica.stop().await;
        }
        let histories = replicas
            .each_ref()
            .map(|replica| replica.dir.path().join("history.db"));
        let record = Record::read(&histories);
        assert_eq!(record.overlap(), None);
        let by = |by: usize| record.tries.iter().filter(move |tried| tried.by == by);
        let last = by(old).map(|tried| tried.ended_ms).max().unwrap();
        let first = by(new).map(|tried| tried.started_ms).min().unwrap();
        assert!(last <= first, "{last} {first}");
        let sent_twice: Vec<_> = arrived.iter().filter(|(_, count)| **count > 1).collect();
        println!(
            "cut off: the old one sent {} and stopped {} ms before the new one began; {} arrived \
             twice, {} are marked possibly repeated",
            by(old).count(),
            first - last,
            sent_twice.len(),
            record.marked.len(),
        );
        assert!(
            !sent_twice.is_empty(),
            "it sent what it could not write down"
        );
        for (name, _) in sent_twice {
            assert!(
                record.marked.contains(name),
                "{name} came twice and is not marked"
            );
        }
        assert_eq!(arrived.len(), pods);
    });
}
