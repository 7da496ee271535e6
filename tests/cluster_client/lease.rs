//! Leases: one leader at a time, whatever happens.

use super::{Fixture, PATIENCE, connect_to};
use kubechime::cluster::{Cluster, LeaseHandle, LeaseOptions, LeaseState, Predecessor, hold};
use kubechime::demo::Matcher;
use serde_json::{Value, json};
use std::time::Duration;
use tokio::time::Instant;

const DURATION: Duration = Duration::from_secs(2);
const DEADLINE: Duration = Duration::from_millis(1200);

/// The rules of the usual times, a few times faster.
fn options(identity: &str) -> LeaseOptions {
    LeaseOptions {
        duration: DURATION,
        deadline: DEADLINE,
        renew: Duration::from_millis(400),
        retry: Duration::from_millis(150),
        handover: Duration::from_millis(50),
        ..LeaseOptions::new("default", "engine", identity)
    }
}

/// Waits for a state and says how long that took.
async fn wait_for(handle: &LeaseHandle, wanted: impl FnMut(&LeaseState) -> bool) -> Duration {
    let begun = Instant::now();
    let mut state = handle.state();
    let reached = state.wait_for(wanted);
    let reached = tokio::time::timeout(PATIENCE, reached).await;
    reached
        .expect("the state in time")
        .expect("the election goes on");
    begun.elapsed()
}

fn predecessor(handle: &LeaseHandle) -> Predecessor {
    match *handle.state().borrow() {
        LeaseState::Leader { predecessor, .. } => predecessor,
        ref other => panic!("not the leader: {other:?}"),
    }
}

async fn wait_until_leader(handle: &LeaseHandle) -> Duration {
    wait_for(handle, LeaseState::is_leader).await
}

fn leads(handle: &LeaseHandle) -> bool {
    handle.state().borrow().is_leader()
}

fn holder(fixture: &Fixture) -> String {
    let lease = fixture
        .objects()
        .get("leases.coordination.k8s.io", "default", "engine");
    let lease = lease.unwrap_or_default();
    lease["spec"]["holderIdentity"]
        .as_str()
        .unwrap_or_default()
        .to_owned()
}

/// One of the contenders that leads, by name; panics when it is more than one.
fn the_leader(contenders: &[(&str, LeaseHandle)]) -> Option<String> {
    let leaders: Vec<_> = contenders
        .iter()
        .filter(|(_, handle)| leads(handle))
        .collect();
    assert!(leaders.len() <= 1, "{} leaders", leaders.len());
    leaders.first().map(|(name, _)| (*name).to_owned())
}

/// Looks at every change of every contender, until one of them leads.
async fn watch_for_a_leader(contenders: &[(&str, LeaseHandle)]) -> String {
    let found = async {
        loop {
            let mut states: Vec<_> = contenders
                .iter()
                .map(|(_, handle)| handle.state())
                .collect();
            if let Some(name) = the_leader(contenders) {
                return name;
            }
            let changes = states.iter_mut().map(|state| Box::pin(state.changed()));
            futures::future::select_all(changes)
                .await
                .0
                .expect("the election goes on");
        }
    };
    tokio::time::timeout(PATIENCE, found)
        .await
        .expect("a leader in time")
}

#[tokio::test]
async fn of_three_contenders_one_leads_and_each_leader_has_a_larger_number() {
    let fixture = Fixture::start().await;
    let mut contenders: Vec<(&str, LeaseHandle)> = Vec::new();
    for name in ["a", "b", "c"] {
        // Each with a connection of its own, as separate processes have.
        let cluster = connect_to(&fixture.folder.path().join("kubeconfig")).await;
        contenders.push((name, hold(&cluster, options(name))));
    }
    let mut last = None;
    while !contenders.is_empty() {
        let leader = watch_for_a_leader(&contenders).await;
        assert_eq!(holder(&fixture), leader);
        let position = contenders.iter().position(|(name, _)| *name == leader);
        let (_, handle) = contenders.remove(position.expect("one of them"));
        let LeaseState::Leader { transitions, .. } = *handle.state().borrow() else {
            panic!("no longer the leader");
        };
        assert!(
            last.is_none_or(|last| transitions > last),
            "{transitions} after {last:?}"
        );
        last = Some(transitions);
        for (_, follower) in &contenders {
            wait_for(
                follower,
                |state| matches!(state, LeaseState::Follower { holder, .. } if *holder == leader),
            )
            .await;
        }
        handle.release().await;
    }
    assert_eq!(holder(&fixture), "");
}

#[tokio::test]
async fn a_released_lease_is_taken_at_once_and_a_crashed_ones_after_its_time() {
    let fixture = Fixture::start().await;
    let first = hold(&fixture.cluster, options("first"));
    wait_until_leader(&first).await;
    let second = hold(&fixture.cluster, options("second"));
    wait_for(&second, |state| {
        matches!(state, LeaseState::Follower { .. })
    })
    .await;
    let state = first.state();
    first.release().await;
    assert_eq!(*state.borrow(), LeaseState::Released);
    let waited = wait_until_leader(&second).await;
    assert!(waited < DURATION * 3 / 4, "{waited:?} after a release");
    assert_eq!(predecessor(&second), Predecessor::Settled);
    assert!(second.term().holds());

    let third = hold(&fixture.cluster, options("third"));
    wait_for(&third, |state| matches!(state, LeaseState::Follower { .. })).await;
    let state = second.state();
    drop(second);
    let waited = wait_until_leader(&third).await;
    assert_eq!(predecessor(&third), Predecessor::Unsettled);
    assert_eq!(*state.borrow(), LeaseState::Released);
    // A leader that leads was seen to renew less than its deadline ago.
    let soonest = DURATION - DEADLINE;
    let latest = DURATION * 2;
    assert!(
        waited >= soonest && waited <= latest,
        "{waited:?} after a crash"
    );
}

#[tokio::test]
async fn a_leader_without_a_server_steps_down_before_others_may_begin() {
    let fixture = Fixture::start().await;
    let leader = hold(&fixture.cluster, options("leader"));
    wait_until_leader(&leader).await;
    fixture.sim.pause().await;
    let waited = wait_for(&leader, |state| {
        matches!(state, LeaseState::Unreachable { .. })
    })
    .await;
    assert!(waited < DURATION, "stepped down after {waited:?}");
    fixture.sim.resume().await.expect("the port is still free");
    // Still its own Lease: no need to wait for it to run out.
    let waited = wait_until_leader(&leader).await;
    assert!(waited < DURATION, "{waited:?}");
}

#[tokio::test]
async fn a_hanging_server_does_not_keep_a_leader_leading() {
    let fixture = Fixture::start().await;
    let leader = hold(&fixture.cluster, options("leader"));
    wait_until_leader(&leader).await;
    let hang = kubechime::demo::Fault::Latency(Duration::from_secs(3600));
    fixture.sim.faults().inject(Matcher::all(), hang);
    // When that is told depends on how busy the machine is; the right to act ends by itself.
    wait_for(&leader, |state| !state.is_leader()).await;
    assert!(!leader.term().holds());
    let released = tokio::time::timeout(PATIENCE, leader.release()).await;
    released.expect("given up, and not waited for the server");
}

/// What the holder has begun is waited for; what is not over in time is told to the next.
#[tokio::test]
async fn a_lease_is_given_away_when_all_is_over_or_marked_when_it_is_not() {
    for (ends_with, expected) in [
        (Some(true), Predecessor::Settled),
        (Some(false), Predecessor::Unsettled),
        (None, Predecessor::Unsettled),
    ] {
        let fixture = Fixture::start().await;
        let (settled, watched) = tokio::sync::watch::channel(None);
        let old = LeaseOptions {
            settled: Some(watched),
            handover: Duration::from_millis(600),
            ..options("old")
        };
        let old = hold(&fixture.cluster, old);
        wait_until_leader(&old).await;
        let term = old.term();
        let new = hold(&fixture.cluster, options("new"));
        wait_for(&new, |state| matches!(state, LeaseState::Follower { .. })).await;
        new.request_takeover();
        term.lapsed().await;
        assert_eq!(holder(&fixture), "old", "it is not over yet");
        if ends_with.is_some() {
            settled.send_replace(ends_with);
        }
        wait_until_leader(&new).await;
        assert_eq!(predecessor(&new), expected, "{ends_with:?}");
        assert!(!term.holds() && new.term().holds());
    }
}

/// A Lease that several processes hold together is given to nobody who asks.
#[tokio::test]
async fn a_lease_that_does_not_yield_is_shared_and_kept() {
    let fixture = Fixture::start().await;
    let shared = || LeaseOptions {
        yields: false,
        ..options("3 shards")
    };
    let holders = [
        hold(&fixture.cluster, shared()),
        hold(&fixture.cluster, shared()),
    ];
    for holder in &holders {
        wait_until_leader(holder).await;
    }
    let other = hold(&fixture.cluster, options("other"));
    wait_for(&other, |state| matches!(state, LeaseState::Follower { .. })).await;
    other.request_takeover();
    tokio::time::sleep(DURATION * 2).await;
    assert!(holders.iter().all(leads) && !leads(&other));
    drop(holders);
    wait_until_leader(&other).await;
    assert_eq!(predecessor(&other), Predecessor::Unsettled);
}

#[tokio::test]
async fn a_takeover_is_asked_for_and_granted_in_order() {
    let fixture = Fixture::start().await;
    let old = hold(&fixture.cluster, options("old"));
    wait_until_leader(&old).await;
    let new = hold(&fixture.cluster, options("new"));
    wait_for(&new, |state| matches!(state, LeaseState::Follower { .. })).await;
    new.request_takeover();
    let contenders = [("old", old), ("new", new)];
    let begun = Instant::now();
    while the_leader(&contenders).as_deref() != Some("new") {
        let (mut a, mut b) = (contenders[0].1.state(), contenders[1].1.state());
        if the_leader(&contenders).as_deref() == Some("new") {
            break;
        }
        let overruled = *contenders[1].1.state().borrow() == LeaseState::Acquiring;
        assert!(!overruled, "it was taken, not granted");
        tokio::select! {
            changed = a.changed() => changed.expect("the election goes on"),
            changed = b.changed() => changed.expect("the election goes on"),
        }
        assert!(begun.elapsed() < PATIENCE);
    }
    wait_for(
        &contenders[0].1,
        |state| matches!(state, LeaseState::Follower { holder, .. } if holder == "new"),
    )
    .await;
    let lease = fixture
        .objects()
        .get("leases.coordination.k8s.io", "default", "engine")
        .expect("there");
    assert_eq!(
        lease["metadata"]["annotations"].get("kubechime/takeover-by"),
        None
    );
}

/// A holder of another make: it renews every 100 ms and knows nothing of wishes.
async fn renew_as_a_stranger(fixture: &Fixture) {
    let mut count = 0;
    loop {
        let renew = |lease: &mut Value| {
            if lease["spec"]["holderIdentity"] == "stranger" {
                lease["spec"]["renewTime"] = json!(format!("2020-01-01T00:00:00.{count:06}Z"));
            }
        };
        fixture
            .objects()
            .update("leases.coordination.k8s.io", "default", "engine", renew);
        count += 1;
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

fn put_strangers_lease(fixture: &Fixture) {
    let lease = json!({
        "apiVersion": "coordination.k8s.io/v1", "kind": "Lease",
        "metadata": {"name": "engine", "namespace": "default"},
        "spec": {
            "holderIdentity": "stranger", "leaseDurationSeconds": 2,
            "renewTime": "2020-01-01T00:00:00.000000Z", "leaseTransitions": 7,
        },
    });
    fixture
        .objects()
        .put("leases.coordination.k8s.io", lease)
        .expect("a lease");
}

#[tokio::test]
async fn a_holder_that_does_not_listen_is_overruled_with_a_pause() {
    let fixture = Fixture::start().await;
    put_strangers_lease(&fixture);
    let us = hold(&fixture.cluster, options("us"));
    let takeover = async {
        wait_for(&us, |state| matches!(state, LeaseState::Follower { .. })).await;
        let asked = Instant::now();
        us.request_takeover();
        wait_for(&us, |state| *state == LeaseState::Acquiring).await;
        assert_eq!(holder(&fixture), "us");
        wait_until_leader(&us).await;
        asked.elapsed()
    };
    let pause = tokio::select! {
        pause = takeover => pause,
        () = renew_as_a_stranger(&fixture) => unreachable!("it never ends"),
    };
    assert!(
        pause >= DURATION * 2 - Duration::from_millis(500),
        "began after {pause:?}"
    );
}

#[tokio::test]
async fn wrong_clocks_do_no_harm() {
    let fixture = Fixture::start().await;
    // Years behind, and yet only just seen for the first time.
    put_strangers_lease(&fixture);
    let us = hold(&fixture.cluster, options("us"));
    let waited = wait_until_leader(&us).await;
    assert!(waited >= DURATION, "taken after {waited:?}");
    let LeaseState::Leader { transitions, .. } = *us.state().borrow() else {
        panic!("no longer the leader");
    };
    assert_eq!(transitions, 8);
}

#[tokio::test]
async fn what_is_missing_is_said() {
    let fixture = Fixture::start().await;
    let leases = Matcher::all().resource("leases.coordination.k8s.io");
    fixture
        .sim
        .faults()
        .deny(leases.verb("create").namespace("default"));
    let denied = hold(&fixture.cluster, options("us"));
    wait_for(&denied, |state| {
        let expected = "needs verb \"create\" on leases.coordination.k8s.io in namespace default";
        matches!(state, LeaseState::Forbidden { hint } if hint == expected)
    })
    .await;
    let nowhere = LeaseOptions {
        namespace: "nowhere".into(),
        ..options("us")
    };
    let lost = hold(&fixture.cluster, nowhere);
    wait_for(&lost, |state| {
        matches!(state, LeaseState::Unsupported { .. })
    })
    .await;
    drop(lost);
    let gone: Cluster = fixture.cluster.clone();
    fixture.sim.pause().await;
    let unreachable = hold(&gone, options("us"));
    wait_for(&unreachable, |state| {
        matches!(state, LeaseState::Unreachable { .. })
    })
    .await;
}
