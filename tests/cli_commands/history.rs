//! `history`, on files that an engine has left.

use crate::program::Place;
use kubechime::domain::{
    Attempt, Cause, DeliveryId, DeliveryState, Destination, NewDelivery, Outcome,
};
use kubechime::history::{History, Options};
use std::path::Path;

const START: i64 = 1_790_000_000_000;

fn delivery(n: i64, namespace: &str) -> NewDelivery {
    NewDelivery {
        id: DeliveryId((START + n) * 1024),
        created_ms: START + n,
        group: String::new(),
        kind: "Pod".into(),
        namespace: namespace.into(),
        name: format!("web-{n}"),
        uid: format!("uid-{namespace}-{n}"),
        resource_version: "1".into(),
        trigger: "on-ready".into(),
        condition: "[0].x".into(),
        once_per: String::new(),
        templates: vec!["ready".into()],
        destination: Destination::new("chat", "ops"),
        service_type: "webhook".into(),
        state_key: format!("on-ready:[0].x:chat:ops-{n}"),
        cause: Cause::Change,
        config_namespace: "default".into(),
        actor: String::new(),
    }
}

/// Number 1 was sent, 2 has failed, 3 waits.
fn fill(folder: &Path, namespace: &str) {
    let path = folder.join("history.db");
    let history = History::open(&path, &Options::default()).unwrap();
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(async {
        let rows = (1..=3).map(|n| delivery(n, namespace)).collect();
        history.intend(rows).await.unwrap();
        for (n, state, status, error) in [
            (1, DeliveryState::Sent, 200, ""),
            (2, DeliveryState::Failed, 404, "no such \"room\", sorry"),
        ] {
            let attempt = Attempt {
                number: 1,
                started_ms: START + n,
                took_ms: 12,
                status: Some(status),
                error: error.into(),
                next_ms: None,
            };
            let outcome = Outcome {
                state,
                at_ms: START + n + 20,
                detail: String::new(),
                error: error.into(),
                request: "POST /hooks/********".into(),
                response: "fine\u{1b}[2J".into(),
            };
            let id = delivery(n, namespace).id;
            history.finish(id, attempt, outcome).await.unwrap();
        }
    });
}

fn filled() -> Place {
    let place = Place::new();
    std::fs::create_dir(place.path("a")).unwrap();
    fill(&place.path("a"), "team-a");
    place
}

fn history(place: &Place, arguments: &[&str]) -> crate::program::Run {
    let mut all = vec!["history"];
    all.extend(arguments);
    all.extend(["--state-dir", "a"]);
    place.run(&all)
}

#[test]
fn lists_newest_first_what_a_filter_lets_through() {
    let place = filled();
    let text = history(&place, &[]).clean();
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(lines.len(), 4, "{text}");
    assert!(lines[0].starts_with("AGE"), "{text}");
    for (line, parts) in lines[1..].iter().zip([
        ["pending", "pod/team-a/web-3"],
        ["failed", "no such \"room\", sorry"],
        ["sent", "chat:ops"],
    ]) {
        assert!(parts.iter().all(|part| line.contains(part)), "{line}");
    }
    let text = history(&place, &["state:failed", "code:4xx", "-o", "wide"]).clean();
    assert_eq!(text.lines().count(), 2, "{text}");
    assert!(
        text.contains(&delivery(2, "team-a").id.to_string()),
        "{text}"
    );
    assert_eq!(
        history(&place, &["list", "ns:other"]).clean(),
        "no deliveries\n"
    );
    let text = history(&place, &["--limit", "1", "-o", "json"]);
    let rows = text.json();
    assert_eq!(rows.as_array().map(Vec::len), Some(1));
    assert_eq!(rows[0]["state"], "pending");
    let csv = history(&place, &["-o", "csv", "state:failed"]).clean();
    let lines: Vec<&str> = csv.lines().collect();
    assert!(lines[0].starts_with("id,created,"), "{csv}");
    assert!(
        lines[1].contains("\"no such \"\"room\"\", sorry\""),
        "{csv}"
    );
}

#[test]
fn shows_one_with_its_tries_and_texts() {
    let place = filled();
    let id = delivery(2, "team-a").id;
    let text = history(&place, &["show", &id.to_string()]).clean();
    for part in [
        "state          failed\n",
        "404 no such \"room\", sorry",
        "request:\nPOST /hooks/********\n",
        "response:\nfine\u{fffd}[2J\n",
    ] {
        assert!(text.contains(part), "no {part:?} in\n{text}");
    }
    let json = history(&place, &["show", &id.0.to_string(), "-o", "json"]).json();
    assert_eq!(json["attempts"][0]["status"], 404);
    let unknown = history(&place, &["show", "1234"]).failure();
    assert!(
        unknown.contains("delivery 0000000001234 is not in the history"),
        "{unknown}"
    );
    let wrong = history(&place, &["show", "web-1"]).failure();
    assert!(wrong.contains("'web-1' is no id"), "{wrong}");
}

#[test]
fn wrong_words_are_told_and_nothing_is_made() {
    let place = Place::new();
    let text = history(&place, &[]).failure();
    assert!(text.contains("there is no history in a"), "{text}");
    assert!(!place.path("a").exists());
    let place = filled();
    let text = history(&place, &["nope:x"]).failure();
    assert!(text.contains("no column 'nope'"), "{text}");
    let text = history(&place, &["-o", "xml"]).failure();
    assert!(text.contains("use table, wide, json or csv"), "{text}");
    let text = history(&place, &["resend"]);
    assert_eq!(text.code, 2, "what is to be sent must be said");
}

/// Histories of several shards: listed together, and written into one.
#[test]
fn several_are_merged() {
    let place = filled();
    std::fs::create_dir(place.path("b")).unwrap();
    // The same ids, of other objects.
    fill(&place.path("b"), "team-b");
    let text = history(&place, &["--also", "b", "state:sent"]).clean();
    assert!(
        text.contains("team-a/web-1") && text.contains("team-b/web-1"),
        "{text}"
    );
    let merge = ["history", "merge", "a", "b", "--into", "c"];
    let text = place.run(&merge).clean();
    assert_eq!(text, "3 deliveries of a\n3 deliveries of b\n");
    let text = place.run(&merge).clean();
    assert_eq!(text, "0 deliveries of a\n0 deliveries of b\n", "each once");
    let all = ["history", "--state-dir", "c", "-o", "json"];
    let rows = place.run(&all).json();
    assert_eq!(rows.as_array().map(Vec::len), Some(6));
    let failed = ["history", "--state-dir", "c", "-o", "json", "state:failed"];
    for row in place.run(&failed).json().as_array().unwrap() {
        let id = row["id"].to_string();
        let shown = place.run(&["history", "show", &id, "-o", "json", "--state-dir", "c"]);
        assert_eq!(
            shown.json()["attempts"][0]["status"],
            404,
            "tries come along"
        );
    }
    let text = place
        .run(&["history", "merge", "a", "--into", "a"])
        .failure();
    assert!(
        text.contains("is the one that the others are written into"),
        "{text}"
    );
}

/// Without an engine nothing can be sent, and what waits is withdrawn at once.
#[test]
fn without_an_engine() {
    let place = filled();
    let id = delivery(2, "team-a").id.to_string();
    let text = history(&place, &["resend", &id]).failure();
    assert!(
        text.contains("1 notification not sent: no active engine"),
        "{text}"
    );
    let text = history(&place, &["cancel", "--all", "--filter", "ns:other"]).clean();
    assert_eq!(text, "nothing waits\n");
    let text = history(&place, &["cancel", "--all"]).clean();
    assert_eq!(text, "1 cancelled; no engine runs on this history\n");
    let text = history(&place, &["state:withdrawn"]).clean();
    assert!(
        text.contains("web-3") && text.contains("cancelled by"),
        "{text}"
    );
}
