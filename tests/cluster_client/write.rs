//! Writing annotations and ConfigMaps while others write, too.

use super::{Fixture, pod_key};
use kubechime::cluster::{
    AnnotationChange, ApplyError, KnownAnnotation, PatchError, Patched, apply_config_map,
    patch_annotation,
};
use kubechime::demo::{Fault, Matcher};
use kubechime::domain::NotifiedState;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::time::Duration;

const STATE: &str = "notified.notifications.argoproj.io";

fn patches() -> Matcher {
    Matcher::all().verb("patch").resource("pods")
}

fn text<'v>(object: &'v Value, field: &str) -> &'v str {
    object["metadata"][field].as_str().unwrap_or_default()
}

fn annotation(fixture: &Fixture, name: &str) -> Option<String> {
    let pod = fixture
        .objects()
        .get("pods", "default", "web")
        .expect("the pod is there");
    pod["metadata"]["annotations"][name]
        .as_str()
        .map(str::to_owned)
}

fn known(pod: &Value, value: Option<&str>) -> Option<KnownAnnotation> {
    Some(KnownAnnotation {
        resource_version: text(pod, "resourceVersion").to_owned(),
        value: value.map(str::to_owned),
    })
}

/// Marks one key in the state, keeping all others.
fn mark(key: &str) -> impl FnMut(Option<&str>) -> AnnotationChange {
    move |current| {
        let (mut state, _) = NotifiedState::parse(current.unwrap_or_default());
        match state.mark(key, 7) {
            true => AnnotationChange::Set(state.to_json()),
            false => AnnotationChange::Keep,
        }
    }
}

async fn patch(
    fixture: &Fixture,
    uid: &str,
    known: Option<KnownAnnotation>,
    update: impl FnMut(Option<&str>) -> AnnotationChange,
) -> Result<Patched, PatchError> {
    let key = pod_key("default", "web");
    patch_annotation(&fixture.cluster, &key, uid, STATE, known, update).await
}

#[tokio::test]
async fn writes_just_the_one_annotation() {
    let fixture = Fixture::start().await;
    let pod = fixture.put_pod("default", "web");
    let annotate = |pod: &mut Value| pod["metadata"]["annotations"] = json!({"other": "x"});
    fixture
        .objects()
        .update("pods", "default", "web", annotate)
        .expect("the pod is there");
    let pod_now = fixture
        .objects()
        .get("pods", "default", "web")
        .expect("the pod is there");
    let patched = patch(
        &fixture,
        text(&pod, "uid"),
        known(&pod_now, None),
        mark("a<b>"),
    )
    .await;
    let patched = patched.expect("patched");
    assert_eq!(
        (patched.attempts, patched.value.as_deref()),
        (1, Some(r#"{"a\u003cb\u003e":7}"#))
    );
    let requests = fixture.sim.requests().matching(&patches());
    let body = std::str::from_utf8(&requests[0].body).expect("text");
    let rest = r#""annotations":{"notified.notifications.argoproj.io":"{\"a\\u003cb\\u003e\":7}"}"#;
    assert!(body.contains(rest), "{body}");
    assert!(requests[0].query.contains("fieldManager=kubechime"));
    assert_eq!(requests[0].content_type, "application/merge-patch+json");
    assert_eq!(annotation(&fixture, "other").as_deref(), Some("x"));

    // What is right already needs no request; what is removed leaves the others alone.
    let again = known_of(&patched);
    let kept = patch(&fixture, text(&pod, "uid"), again.clone(), mark("a<b>")).await;
    assert_eq!(kept.expect("kept").attempts, 0);
    let gone = patch(&fixture, text(&pod, "uid"), again, |_| {
        AnnotationChange::Remove
    })
    .await;
    assert_eq!(gone.expect("removed").value, None);
    assert_eq!(annotation(&fixture, STATE), None);
    assert_eq!(annotation(&fixture, "other").as_deref(), Some("x"));
    assert_eq!(fixture.sim.requests().count(&patches()), 2);
}

fn known_of(patched: &Patched) -> Option<KnownAnnotation> {
    Some(KnownAnnotation {
        resource_version: patched.resource_version.clone(),
        value: patched.value.clone(),
    })
}

#[tokio::test]
async fn two_writers_lose_nothing_of_each_other() {
    let fixture = Fixture::start().await;
    let pod = fixture.put_pod("default", "web");
    let uid = text(&pod, "uid");
    // Both begin with the same version; one of them has to think again.
    let (first, second) = tokio::join!(
        patch(&fixture, uid, known(&pod, None), mark("first")),
        patch(&fixture, uid, known(&pod, None), mark("second")),
    );
    let attempts = [
        first.expect("patched").attempts,
        second.expect("patched").attempts,
    ];
    assert!(
        attempts.contains(&1) && attempts.contains(&2),
        "{attempts:?}"
    );
    let state = annotation(&fixture, STATE);
    assert_eq!(state.as_deref(), Some(r#"{"first":7,"second":7}"#));
}

#[tokio::test]
async fn many_writers_lose_nothing_of_each_other() {
    let fixture = Fixture::start().await;
    let pod = fixture.put_pod("default", "web");
    let keys = ["a", "b", "c", "d"];
    let writers = keys.map(|key| patch(&fixture, text(&pod, "uid"), known(&pod, None), mark(key)));
    for patched in futures::future::join_all(writers).await {
        patched.expect("patched");
    }
    let (state, _) = NotifiedState::parse(&annotation(&fixture, STATE).expect("a state"));
    assert_eq!(state.iter().map(|(key, _)| key).collect::<Vec<_>>(), keys);
}

#[tokio::test]
async fn an_endless_conflict_is_given_up() {
    let fixture = Fixture::start().await;
    let pod = fixture.put_pod("default", "web");
    let conflict = Fault::Status {
        code: 409,
        retry_after: None,
    };
    fixture.sim.faults().inject(patches(), conflict);
    let error = patch(&fixture, text(&pod, "uid"), None, mark("a"))
        .await
        .expect_err("conflict");
    assert!(
        matches!(error, PatchError::Conflict { attempts: 5, .. }),
        "{error}"
    );
    assert_eq!(fixture.sim.requests().count(&patches()), 5);
}

#[tokio::test]
async fn another_object_of_the_same_name_is_never_written() {
    let fixture = Fixture::start().await;
    let old = fixture.put_pod("default", "web");
    fixture.objects().delete("pods", "default", "web");
    let gone = patch(&fixture, text(&old, "uid"), known(&old, None), mark("a")).await;
    assert!(matches!(gone, Err(PatchError::Gone { .. })), "{gone:?}");
    let new = fixture.put_pod("default", "web");
    assert_ne!(text(&old, "uid"), text(&new, "uid"));
    // With the old version, with no version, and even with the version of the new one.
    for known in [known(&old, None), None, known(&new, None)] {
        let gone = patch(&fixture, text(&old, "uid"), known, mark("a")).await;
        assert!(matches!(gone, Err(PatchError::Gone { .. })), "{gone:?}");
    }
    assert_eq!(annotation(&fixture, STATE), None);
}

#[tokio::test]
async fn failures_say_what_to_do() {
    let fixture = Fixture::start().await;
    let pod = fixture.put_pod("default", "web");
    let uid = text(&pod, "uid");
    let rule = fixture.sim.faults().deny(patches());
    let error = patch(&fixture, uid, known(&pod, None), mark("a"))
        .await
        .expect_err("denied");
    let told = error.to_string();
    assert!(
        told.ends_with("; needs verb \"patch\" on pods in namespace default"),
        "{told}"
    );
    fixture.sim.faults().clear(rule);
    let busy = Fault::Status {
        code: 429,
        retry_after: Some(2),
    };
    fixture.sim.faults().inject_times(patches(), busy, 1);
    let error = patch(&fixture, uid, known(&pod, None), mark("a"))
        .await
        .expect_err("busy");
    let PatchError::Transient(error) = error else {
        panic!("not transient: {error}");
    };
    assert_eq!(error.retry_after(), Some(Duration::from_secs(2)));
    let large = |_: Option<&str>| AnnotationChange::Set("x".repeat(300 * 1024));
    let error = patch(&fixture, uid, known(&pod, None), large)
        .await
        .expect_err("too large");
    assert!(matches!(error, PatchError::Rejected(_)), "{error}");
}

#[tokio::test]
async fn a_write_whose_answer_was_lost_is_not_repeated() {
    let fixture = Fixture::start().await;
    let pod = fixture.put_pod("default", "web");
    fixture
        .sim
        .faults()
        .inject_times(patches(), Fault::LoseAnswer, 1);
    let first = patch(&fixture, text(&pod, "uid"), known(&pod, None), mark("a")).await;
    assert!(matches!(first, Err(PatchError::Transient(_))), "{first:?}");
    // Knowing no more than before, the second try finds the work done.
    let second = patch(&fixture, text(&pod, "uid"), known(&pod, None), mark("a")).await;
    assert_eq!(second.expect("kept").value.as_deref(), Some(r#"{"a":7}"#));
    assert_eq!(annotation(&fixture, STATE).as_deref(), Some(r#"{"a":7}"#));
}

fn changes<const N: usize>(list: [(&str, Option<&str>); N]) -> BTreeMap<String, Option<String>> {
    let owned = list.map(|(key, value)| (key.to_owned(), value.map(str::to_owned)));
    owned.into_iter().collect()
}

#[tokio::test]
async fn a_config_map_is_created_changed_and_guarded() {
    let fixture = Fixture::start().await;
    let live = || fixture.objects().get("configmaps", "default", "cm");
    let apply = async |base: Option<&str>, changes, dry_run| {
        apply_config_map(&fixture.cluster, "default", "cm", base, &changes, dry_run).await
    };
    let first = || changes([("a", Some("<1>")), ("b", Some("2"))]);
    apply(None, first(), true).await.expect("would be created");
    assert!(live().is_none(), "a dry run writes nothing");
    let created = apply(None, first(), false).await.expect("created");
    let again = apply(None, first(), false)
        .await
        .expect_err("there already");
    let ApplyError::Conflict {
        live_resource_version,
        ..
    } = &again
    else {
        panic!("{again}");
    };
    assert_eq!(
        live_resource_version.as_deref(),
        Some(&*created.resource_version)
    );

    let base = Some(&*created.resource_version);
    let update = || changes([("b", None), ("c", Some("3"))]);
    let dry = apply(base, update(), true).await.expect("would be changed");
    assert_eq!(
        live().expect("there")["data"],
        json!({"a": "<1>", "b": "2"}),
        "{dry:?}"
    );
    let changed = apply(base, update(), false).await.expect("changed");
    assert_eq!(
        live().expect("there")["data"],
        json!({"a": "<1>", "c": "3"})
    );
    assert_ne!(changed.resource_version, created.resource_version);

    let stale = apply(base, changes([("a", Some("mine"))]), false)
        .await
        .expect_err("stale");
    let ApplyError::Conflict {
        live_resource_version,
        ..
    } = &stale
    else {
        panic!("{stale}");
    };
    assert_eq!(
        live_resource_version.as_deref(),
        Some(&*changed.resource_version)
    );
    let base = Some(&*changed.resource_version);
    let bad = apply(base, changes([("not a key", Some("x"))]), true)
        .await
        .expect_err("invalid");
    assert!(matches!(bad, ApplyError::Invalid { .. }), "{bad}");
    fixture
        .sim
        .faults()
        .deny(Matcher::all().verb("patch").resource("configmaps"));
    let denied = apply(base, changes([("a", Some("x"))]), true)
        .await
        .expect_err("denied");
    let told = denied.to_string();
    assert!(
        told.ends_with("needs verb \"patch\" on configmaps in namespace default"),
        "{told}"
    );
    fixture.objects().delete("configmaps", "default", "cm");
    fixture.sim.faults().clear_all();
    let gone = apply(base, changes([("a", Some("x"))]), false)
        .await
        .expect_err("gone");
    let live_version = matches!(
        &gone,
        ApplyError::Conflict {
            live_resource_version: None,
            ..
        }
    );
    assert!(live_version, "{gone}");
}
