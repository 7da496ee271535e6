//! A service that hangs, throttles or is down delays only its own deliveries, and nothing is lost.

use crate::inside::Inside;
use crate::scene::{Scene, WHEN, on_every_cluster};
use kubechime::demo::{Receiver, Reply};
use kubechime::domain::DeliveryState;
use kubechime::engine::{Command, DeliveryOptions, LaneOptions, Limit};
use kubechime::history::{Filter, History, Options};
use std::collections::BTreeMap;
use std::time::{Duration, Instant};

/// A webhook service that makes one try a round and sends to `/<pod>/<recipient>`.
fn service(url: &str) -> String {
    format!("url: {url}\nretryMax: -1\n")
}

async fn configure(scene: &Scene, services: &[(&str, &str)]) {
    let mut template = String::from("webhook:\n");
    let mut data = Vec::new();
    for (name, url) in services {
        template.push_str(&format!(
            "  {name}:\n    method: POST\n    path: \
             /{{{{.pod.metadata.name}}}}/{{{{.recipient}}}}\n"
        ));
        data.push((format!("service.webhook.{name}"), service(url)));
    }
    data.push(("template.pod-ready".into(), template));
    let trigger = format!("- when: {WHEN}\n  send: [pod-ready]\n");
    data.push(("trigger.on-pod-ready".into(), trigger));
    let data: Vec<(&str, &str)> = data.iter().map(|(k, v)| (k.as_str(), v.as_str())).collect();
    scene.configure(&data).await;
}

fn lane(queue: usize) -> LaneOptions {
    LaneOptions {
        queue,
        rounds: u32::MAX,
        first_wait: Duration::from_millis(100),
        longest_wait: Duration::from_secs(1),
        ..LaneOptions::default()
    }
}

/// While one service never answers, what goes through the other arrives, and new objects are
/// decided about.
#[test]
fn a_service_that_hangs_delays_only_its_own() {
    on_every_cluster(async |scene| {
        let hang = Receiver::start(0).await.unwrap();
        let never = Reply {
            delay: Duration::from_secs(3_600),
            ..Reply::default()
        };
        hang.reply("*", never);
        configure(
            &scene,
            &[("slow", &hang.url()), ("fast", &scene.receiver.url())],
        )
        .await;
        let names: Vec<String> = (0..40).map(|number| format!("web-{number}")).collect();
        let both = [
            ("subscribe.on-pod-ready.slow", ""),
            ("subscribe.on-pod-ready.fast", ""),
        ];
        let mut engine = Inside::start(
            &scene,
            DeliveryOptions {
                usual: LaneOptions {
                    concurrency: 4,
                    ..lane(2_000)
                },
                grace: Duration::ZERO,
                ..DeliveryOptions::default()
            },
        )
        .await;
        for name in &names {
            scene.create_pod(name, &both).await;
            scene.set_phase(name, "Running").await;
        }
        scene.wait_for_requests(40).await;
        let hanging = |lane: &kubechime::engine::LaneStatus| {
            lane.in_flight == 4 && lane.waiting == 36 && lane.sent == 0
        };
        engine.until_lane("slow", hanging).await;
        let done = |lane: &kubechime::engine::LaneStatus| lane.sent == 40 && lane.waiting == 0;
        engine.until_lane("fast", done).await;
        let fast = &engine.lanes["fast"];
        assert!(
            fast.latency_ms.is_some() && fast.sent_ms.is_some(),
            "{fast:?}"
        );
        assert_eq!(hang.most_in_flight(), 4);
        engine.stop().await;
    });
}

/// Ten thousand deliveries to a receiver that is down: few of them are in memory, all of them are on
/// record, and each arrives exactly once when it is back, even by way of another process.
#[test]
fn what_a_stopped_receiver_misses_waits_in_the_history_and_arrives_once() {
    const PODS: usize = 100;
    const RECIPIENTS: usize = 100;
    on_every_cluster(async |scene| {
        let down = Receiver::start(0).await.unwrap();
        let (port, url) = (down.port(), down.url());
        down.shutdown();
        configure(&scene, &[("sink", &url)]).await;
        let recipients: Vec<String> = (0..RECIPIENTS).map(|n| format!("r{n}")).collect();
        let recipients = recipients.join(";");
        let names: Vec<String> = (0..PODS).map(|number| format!("web-{number}")).collect();
        for name in &names {
            let subscribed = [("subscribe.on-pod-ready.sink", recipients.as_str())];
            scene.create_pod(name, &subscribed).await;
            scene.set_phase(name, "Running").await;
        }
        let options = DeliveryOptions {
            usual: lane(200),
            ..DeliveryOptions::default()
        };
        let all = (PODS * RECIPIENTS) as u64;
        let mut engine = Inside::start(&scene, options.clone()).await;
        let spilled = |lane: &kubechime::engine::LaneStatus| {
            let live = lane.waiting + lane.retrying + lane.in_flight + lane.limited;
            live <= 200 && live + lane.spilled == all && !lane.error.is_empty()
        };
        engine.until_lane("sink", spilled).await;
        engine
            .until_rows(DeliveryState::Pending, PODS * RECIPIENTS)
            .await;
        engine.stop().await;

        let mut engine = Inside::start(&scene, options).await;
        engine.until_lane("sink", spilled).await;
        let back = Receiver::listen(([127, 0, 0, 1], port).into())
            .await
            .unwrap();
        let arrived = back.wait_for(all, Duration::from_secs(300)).await;
        assert!(arrived, "{} of {all} arrived", back.count());
        engine
            .until_lane("sink", |lane| lane.sent == all && lane.spilled == 0)
            .await;
        engine
            .until_rows(DeliveryState::Sent, PODS * RECIPIENTS)
            .await;
        engine.stop().await;
        assert_eq!(back.count(), all, "none twice");
        let mut paths: Vec<String> = back.received().into_iter().map(|r| r.path).collect();
        paths.sort();
        paths.dedup();
        assert_eq!(paths.len() as u64, all, "each once");
        for name in [&names[0], &names[PODS - 1]] {
            let state = scene.notified(name).await.unwrap();
            assert_eq!(state.matches("on-pod-ready").count(), RECIPIENTS);
        }
    });
}

/// The right to send is lost while deliveries wait in the history: none of them is sent from here
/// until they are decided anew.
#[test]
fn what_waits_is_not_sent_by_who_may_not_send_any_more() {
    on_every_cluster(async |scene| {
        let down = Receiver::start(0).await.unwrap();
        let (port, url) = (down.port(), down.url());
        down.shutdown();
        configure(&scene, &[("sink", &url)]).await;
        let subscribed = [("subscribe.on-pod-ready.sink", "a;b;c;d;e;f")];
        scene.create_pod("web-1", &subscribed).await;
        scene.set_phase("web-1", "Running").await;
        let options = DeliveryOptions {
            usual: lane(2),
            ..DeliveryOptions::default()
        };
        let mut engine = Inside::start(&scene, options).await;
        engine.until_lane("sink", |lane| lane.spilled == 4).await;
        let mode = |mode| Command::SetMode(mode);
        engine
            .ask(mode(kubechime::domain::Mode::Observe))
            .await
            .unwrap();
        engine.until_rows(DeliveryState::Pending, 0).await;
        let back = Receiver::listen(([127, 0, 0, 1], port).into())
            .await
            .unwrap();
        engine.until_lane("sink", |lane| lane.spilled == 0).await;
        assert_eq!(back.count(), 0);
        engine
            .ask(mode(kubechime::domain::Mode::Active))
            .await
            .unwrap();
        engine.until_rows(DeliveryState::Sent, 6).await;
        engine.stop().await;
        assert_eq!(back.count(), 6);
    });
}

/// A limit for a service and one for its recipients: what waits for them is shown, and one recipient
/// does not wait for another.
#[test]
fn rates_are_limited_per_service_and_per_recipient() {
    on_every_cluster(async |scene| {
        let url = scene.receiver.url();
        configure(&scene, &[("calm", &url), ("personal", &url)]).await;
        let subscribed = [
            ("subscribe.on-pod-ready.calm", "a;b;c;d;e;f"),
            ("subscribe.on-pod-ready.personal", "a;b;c;d;e;f"),
        ];
        let every = |millis| {
            Some(Limit {
                interval: Duration::from_millis(millis),
                burst: 1,
            })
        };
        let limited = LaneOptions {
            limit: every(300),
            ..lane(2_000)
        };
        let personal = LaneOptions {
            recipient_limit: every(600_000),
            ..lane(2_000)
        };
        let services = BTreeMap::from([
            ("calm".to_owned(), limited),
            ("personal".to_owned(), personal),
        ]);
        let mut engine = Inside::start(
            &scene,
            DeliveryOptions {
                services,
                ..DeliveryOptions::default()
            },
        )
        .await;
        let began = Instant::now();
        scene.create_pod("web-1", &subscribed).await;
        scene.set_phase("web-1", "Running").await;
        engine.until_lane("calm", |lane| lane.limited > 0).await;
        let rate = engine.lanes["calm"].rate;
        assert!(rate.is_some_and(|rate| (rate - 1.0 / 0.3).abs() < 0.01));
        engine.until_lane("personal", |lane| lane.sent == 6).await;
        engine.until_lane("calm", |lane| lane.sent == 6).await;
        let took = began.elapsed();
        assert!(
            took >= Duration::from_millis(1_500),
            "5 waits of 300 ms, was {took:?}"
        );

        // Each recipient had one and waits ten minutes for the next; others don't wait for it.
        scene
            .create_pod("web-2", &[("subscribe.on-pod-ready.personal", "a;z")])
            .await;
        scene.set_phase("web-2", "Running").await;
        let one_waits = |lane: &kubechime::engine::LaneStatus| lane.sent == 7 && lane.limited == 1;
        engine.until_lane("personal", one_waits).await;
        let waiting = engine.rows(DeliveryState::Pending);
        assert_eq!(&*waiting[0].new.destination.recipient, "a");
        engine.stop().await;
    });
}

/// A hundred thousand deliveries to a receiver that is down: all of them are on record, and the memory
/// does not grow with them.
#[test]
fn a_hundred_thousand_that_wait_take_no_memory() {
    const PODS: usize = 100;
    const RECIPIENTS: usize = 1_000;
    on_every_cluster(async |scene| {
        let down = Receiver::start(0).await.unwrap();
        let url = down.url();
        down.shutdown();
        configure(&scene, &[("sink", &url)]).await;
        let recipients: Vec<String> = (0..RECIPIENTS).map(|n| format!("r{n}")).collect();
        let recipients = recipients.join(";");
        let engine =
            scene.engine_with("delivery: {queue: 200, rounds: 1000000, firstWait: 100ms}\n");
        engine.wait_for_line(&["mode active"], 0);
        let before = resident(engine.pid());
        for number in 0..PODS {
            let name = format!("web-{number}");
            let subscribed = [("subscribe.on-pod-ready.sink", recipients.as_str())];
            scene.create_pod(&name, &subscribed).await;
            scene.set_phase(&name, "Running").await;
        }
        let history =
            History::open(&scene.state().join("history.db"), &Options::default()).unwrap();
        let pending = Filter {
            states: vec![DeliveryState::Pending],
            ..Filter::default()
        };
        let all = (PODS * RECIPIENTS) as u64;
        let deadline = Instant::now() + Duration::from_secs(240);
        let mut largest = 0;
        loop {
            largest = largest.max(resident(engine.pid()));
            let count = history.count(&pending).unwrap();
            if count == all {
                break;
            }
            assert!(Instant::now() < deadline, "{count} of {all} are on record");
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
        let grown = largest.saturating_sub(before) >> 10;
        eprintln!("{all} waiting deliveries: {grown} MiB more than before");
        assert!(grown < 150, "{grown} MiB more than before");
        engine.crash();
    });
}

/// Memory of a process, in KiB.
fn resident(pid: u32) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
    let line = status.lines().find(|line| line.starts_with("VmRSS:"));
    let number = line.and_then(|line| line.split_whitespace().nth(1));
    number.and_then(|number| number.parse().ok()).unwrap()
}
