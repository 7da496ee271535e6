//! Watching: pages, resuming, listing anew, and each way in which a server can fail.

use super::{Fixture, PATIENCE, next, pod, quick, told, told_until};
use kubechime::cluster::{FailureClass, Scope, WatchEvent, WatchFailure, WatchOptions, watch};
use kubechime::demo::{ClusterOptions, Fault, Matcher, WatchEnd};
use kubechime::domain::Kind;
use serde_json::json;
use std::sync::Arc;
use std::time::Duration;

fn lists() -> Matcher {
    Matcher::all().verb("list").resource("pods")
}

fn watches() -> Matcher {
    Matcher::all().verb("watch").resource("pods")
}

fn status(code: u16) -> Fault {
    Fault::Status {
        code,
        retry_after: None,
    }
}

async fn next_failure(events: &mut super::WatchStream) -> WatchFailure {
    match next(events).await {
        WatchEvent::Failed(failure) => *failure,
        other => panic!("no failure but {}", told(&other)),
    }
}

#[tokio::test]
async fn lists_in_pages_and_then_tells_changes() {
    let fixture = Fixture::start().await;
    for number in 0..7 {
        fixture.put_pod("default", &format!("web-{number}"));
    }
    let options = WatchOptions {
        page_size: 3,
        ..quick()
    };
    let mut events = fixture.watch_pods(&Scope::All, &options);
    let mut expected = vec!["restarted".to_owned()];
    expected.extend((0..7).map(|number| format!("listed web-{number}")));
    expected.push("synced".to_owned());
    assert_eq!(told_until(&mut events, "synced").await, expected);
    let pages = fixture.sim.requests().matching(&lists());
    assert_eq!(pages.len(), 3);
    assert!(pages.iter().all(|page| page.query.contains("limit=3")));
    assert!(
        pages
            .iter()
            .all(|page| page.user_agent.starts_with("kubechime/"))
    );

    fixture.put_pod("default", "new");
    fixture.label("new", "1");
    fixture.objects().delete("pods", "default", "new");
    for expected in ["applied new", "applied new", "deleted new"] {
        let event = next(&mut events).await;
        assert_eq!(told(&event), expected);
        let (WatchEvent::Applied(object) | WatchEvent::Deleted(object)) = event else {
            panic!("no object");
        };
        assert!(!object.uid.is_empty() && object.raw.contains("\"kind\":\"Pod\""));
    }
}

#[tokio::test]
async fn selectors_are_the_servers_work() {
    let fixture = Fixture::start().await;
    for (name, app) in [("a", "x"), ("b", "y")] {
        let mut labelled = pod("default", name);
        labelled["metadata"]["labels"] = json!({"app": app});
        fixture.objects().put("pods", labelled).expect("a pod");
    }
    let options = WatchOptions {
        label_selector: Some("app in (y)".into()),
        ..quick()
    };
    let mut events = fixture.watch_pods(&Scope::All, &options);
    let told = told_until(&mut events, "synced").await;
    assert_eq!(told, ["restarted", "listed b", "synced"]);
}

#[tokio::test]
async fn resumes_from_the_last_bookmark_without_listing_again() {
    let fixture = Fixture::with(ClusterOptions {
        history_window: 5,
        bookmark_interval: Duration::from_millis(20),
        ..ClusterOptions::default()
    })
    .await;
    let one = Scope::Namespaces(vec!["default".into()]);
    let options = WatchOptions {
        watch_timeout: Duration::from_millis(1200),
        ..quick()
    };
    let mut events = fixture.watch_pods(&one, &options);
    told_until(&mut events, "synced").await;
    assert!(
        fixture
            .sim
            .requests()
            .wait_for(&watches(), 1, PATIENCE)
            .await
    );
    // More changes elsewhere than the server remembers; between them the watch gets its turn.
    for number in 0..20 {
        fixture.put_pod("kube-system", &format!("other-{number}"));
        fixture.cluster.version().await.expect("a version");
    }
    // The server ends the watch after a second; the next one begins at the bookmark.
    assert!(
        fixture
            .sim
            .requests()
            .wait_for(&watches(), 2, PATIENCE)
            .await
    );
    fixture.put_pod("default", "mine");
    assert_eq!(told(&next(&mut events).await), "applied mine");
    assert_eq!(fixture.sim.requests().count(&lists()), 1);
}

#[tokio::test]
async fn a_broken_connection_is_resumed_silently() {
    let fixture = Fixture::start().await;
    let mut events = fixture.watch_pods(&Scope::All, &quick());
    told_until(&mut events, "synced").await;
    for (number, end) in [(1, WatchEnd::Finished), (2, WatchEnd::Disconnected)] {
        // The first event shows that the watch is open.
        let name = format!("before-{number}");
        fixture.put_pod("default", &name);
        assert_eq!(told(&next(&mut events).await), format!("applied {name}"));
        fixture.sim.faults().end_watches(watches(), end);
        let name = format!("after-{number}");
        fixture.put_pod("default", &name);
        assert_eq!(
            told(&next(&mut events).await),
            format!("applied {name}"),
            "{end:?}"
        );
    }
    assert_eq!(fixture.sim.requests().count(&lists()), 1);
}

#[tokio::test]
async fn a_forgotten_version_means_listing_again_and_is_no_trouble() {
    let fixture = Fixture::start().await;
    fixture.put_pod("default", "web");
    let mut events = fixture.watch_pods(&Scope::All, &quick());
    told_until(&mut events, "synced").await;
    let again = ["restarted", "listed web", "synced"];

    // As an event of the watch.
    fixture.label("web", "1");
    assert_eq!(told(&next(&mut events).await), "applied web");
    fixture
        .sim
        .faults()
        .end_watches(watches(), WatchEnd::Expired);
    assert_eq!(told_until(&mut events, "synced").await, again);

    // As the HTTP status of the next watch.
    fixture.label("web", "2");
    assert_eq!(told(&next(&mut events).await), "applied web");
    fixture.sim.faults().inject_times(watches(), status(410), 1);
    fixture
        .sim
        .faults()
        .end_watches(watches(), WatchEnd::Finished);
    assert_eq!(told_until(&mut events, "synced").await, again);

    // Really forgotten.
    fixture.label("web", "3");
    assert_eq!(told(&next(&mut events).await), "applied web");
    fixture.sim.pause().await;
    fixture.label("web", "4");
    fixture.sim.forget_history();
    fixture.sim.resume().await.expect("the port is still free");
    let told = told_until(&mut events, "synced").await;
    assert!(told.ends_with(&again.map(str::to_owned)), "{told:?}");
}

#[tokio::test]
async fn a_version_that_is_always_forgotten_is_trouble_and_no_storm() {
    let fixture = Fixture::start().await;
    let rule = fixture.sim.faults().inject(watches(), Fault::WatchExpired);
    // Longer than it takes to count.
    let options = WatchOptions {
        smallest_pause: Duration::from_secs(1),
        ..quick()
    };
    let mut events = fixture.watch_pods(&Scope::All, &options);
    told_until(&mut events, "failed Expired").await;
    told_until(&mut events, "failed Expired").await;
    assert!(fixture.sim.requests().count(&lists()) <= 4);
    fixture.sim.faults().clear(rule);
    told_until(&mut events, "synced").await;
    fixture.put_pod("default", "web");
    told_until(&mut events, "applied web").await;
}

#[tokio::test]
async fn a_restart_of_the_server_is_told_and_survived() {
    let fixture = Fixture::start().await;
    fixture.put_pod("default", "web");
    let mut events = fixture.watch_pods(&Scope::All, &quick());
    told_until(&mut events, "synced").await;
    fixture.label("web", "before");
    assert_eq!(told(&next(&mut events).await), "applied web");
    fixture.sim.pause().await;
    let first = next_failure(&mut events).await;
    assert_eq!(first.class, FailureClass::Unreachable);
    assert!(
        first.message.starts_with("could not watch pods: "),
        "{}",
        first.message
    );
    let second = next_failure(&mut events).await;
    assert_eq!(second.since, first.since, "one trouble, not two");
    fixture.label("web", "during");
    fixture.sim.resume().await.expect("the port is still free");
    // The change comes right after the recovery: resumed, not listed.
    told_until(&mut events, "recovered").await;
    assert_eq!(told(&next(&mut events).await), "applied web");
    assert_eq!(fixture.sim.requests().count(&lists()), 1);
}

#[tokio::test]
async fn a_dead_connection_is_noticed() {
    let fixture = Fixture::start().await;
    // The first watch is accepted, and then nothing more is heard of it.
    let silence = Fault::Trickle(Duration::from_secs(3600));
    fixture.sim.faults().inject_times(watches(), silence, 1);
    let options = WatchOptions {
        watch_timeout: Duration::from_secs(1),
        idle_grace: Duration::from_millis(200),
        ..quick()
    };
    let mut events = fixture.watch_pods(&Scope::All, &options);
    told_until(&mut events, "synced").await;
    fixture.put_pod("default", "web");
    assert_eq!(told(&next(&mut events).await), "applied web");
    assert_eq!(fixture.sim.requests().count(&lists()), 1);
}

#[tokio::test]
async fn a_missing_right_is_told_with_the_rule_and_watched_for() {
    let fixture = Fixture::start().await;
    let rule = fixture.sim.faults().deny(lists());
    let mut events = fixture.watch_pods(&Scope::All, &quick());
    assert_eq!(told(&next(&mut events).await), "restarted");
    let failure = next_failure(&mut events).await;
    assert_eq!(failure.class, FailureClass::Forbidden);
    let hint = failure.hint.as_deref();
    assert_eq!(hint, Some("needs verb \"list\" on pods in all namespaces"));
    fixture.sim.faults().clear(rule);
    told_until(&mut events, "recovered").await;
    told_until(&mut events, "synced").await;

    // Taken away while watching: the watch goes on until the server ends it.
    fixture.put_pod("default", "web");
    told_until(&mut events, "applied web").await;
    let rule = fixture.sim.faults().deny(watches());
    fixture
        .sim
        .faults()
        .end_watches(watches(), WatchEnd::Finished);
    let failure = next_failure(&mut events).await;
    let hint = failure.hint.as_deref();
    assert_eq!(hint, Some("needs verb \"watch\" on pods in all namespaces"));
    fixture.label("web", "unseen");
    fixture.sim.faults().clear(rule);
    told_until(&mut events, "recovered").await;
    told_until(&mut events, "applied web").await;
}

#[tokio::test]
async fn one_namespace_in_trouble_does_not_touch_the_others() {
    let fixture = Fixture::start().await;
    fixture.put_pod("default", "mine");
    fixture.put_pod("kube-system", "theirs");
    fixture.sim.faults().deny(lists().namespace("kube-system"));
    let both = Scope::Namespaces(vec!["default".into(), "kube-system".into()]);
    let mut events = fixture.watch_pods(&both, &quick());
    let (mut synced, mut forbidden) = (false, false);
    while !(synced && forbidden) {
        match next(&mut events).await {
            WatchEvent::Synced { namespace } => {
                assert_eq!(namespace.as_deref(), Some("default"));
                synced = true;
            }
            WatchEvent::Failed(failure) => {
                assert_eq!(failure.namespace.as_deref(), Some("kube-system"));
                let hint = "needs verb \"list\" on pods in namespace kube-system";
                assert_eq!(failure.hint.as_deref(), Some(hint));
                forbidden = true;
            }
            WatchEvent::Listed(object) => assert_eq!(&*object.key.name, "mine"),
            _ => {}
        }
    }
    fixture.sim.faults().clear_all();
    told_until(&mut events, "listed theirs").await;
}

#[tokio::test]
async fn expired_credentials_are_read_again() {
    let fixture = Fixture::with(ClusterOptions {
        token: Some("old".into()),
        ..ClusterOptions::default()
    })
    .await;
    let mut events = fixture.watch_pods(&Scope::All, &quick());
    told_until(&mut events, "synced").await;
    fixture.put_pod("default", "web");
    told_until(&mut events, "applied web").await;
    fixture.sim.set_tokens([("new", "admin")]);
    fixture
        .sim
        .faults()
        .end_watches(watches(), WatchEnd::Finished);
    assert_eq!(
        next_failure(&mut events).await.class,
        FailureClass::Unauthorized
    );
    // Somebody logs in again.
    let renewed = fixture.sim.kubeconfig().replace("old", "new");
    std::fs::write(fixture.folder.path().join("kubeconfig"), renewed).expect("writing");
    told_until(&mut events, "recovered").await;
    fixture.label("web", "1");
    told_until(&mut events, "applied web").await;
    assert_eq!(
        fixture.sim.requests().matching(&lists()).len(),
        1,
        "resumed, not listed"
    );
}

#[tokio::test]
async fn a_kind_that_is_not_served_is_told() {
    let fixture = Fixture::start().await;
    let gone = Kind {
        group: "example.com".into(),
        kind: "Widget".into(),
        plural: "widgets".into(),
        ..Kind::pod()
    };
    let mut events = watch(&fixture.cluster, Arc::new(gone), &Scope::All, &quick());
    assert_eq!(told(&next(&mut events).await), "restarted");
    let failure = next_failure(&mut events).await;
    assert_eq!(failure.class, FailureClass::NotFound);
    let begin = "could not list widgets.example.com: ";
    assert!(failure.message.starts_with(begin), "{}", failure.message);
}

#[tokio::test]
async fn a_server_that_asks_for_patience_gets_it() {
    let fixture = Fixture::start().await;
    let busy = Fault::Status {
        code: 429,
        retry_after: Some(1),
    };
    fixture.sim.faults().inject_times(lists(), busy, 1);
    let options = WatchOptions {
        largest_pause: Duration::from_secs(30),
        ..quick()
    };
    let mut events = fixture.watch_pods(&Scope::All, &options);
    assert_eq!(told(&next(&mut events).await), "restarted");
    let failure = next_failure(&mut events).await;
    assert_eq!(
        (failure.class, failure.retry_in),
        (FailureClass::Other, Duration::from_secs(1))
    );
    let told = told_until(&mut events, "synced").await;
    assert_eq!(told, ["restarted", "recovered", "synced"]);
}

#[tokio::test]
async fn a_slow_reader_loses_nothing() {
    let fixture = Fixture::start().await;
    for number in 0..1500 {
        fixture.put_pod("default", &format!("p-{number:04}"));
    }
    let mut events = fixture.watch_pods(&Scope::All, &quick());
    assert_eq!(told(&next(&mut events).await), "restarted");
    // The queue is full by now, and the rest of the pages waits for us.
    assert!(fixture.sim.requests().wait_for(&lists(), 1, PATIENCE).await);
    assert!(fixture.sim.requests().count(&lists()) < 3);
    assert_eq!(told_until(&mut events, "synced").await.len(), 1501);
}
