//! The delivery history as its users see it: what is recorded, found again, recovered, forgotten.

mod files;
mod queries;
mod recording;
mod retention;
mod versions;
mod waiting;

use kubechime::domain::{
    Attempt, Cause, Delivery, DeliveryId, DeliveryState, Destination, NewDelivery, Outcome,
};
use kubechime::history::{History, MEMORY, Options};
use std::path::Path;

/// A time within the age limit of every test.
fn now_ms() -> i64 {
    let since = std::time::SystemTime::now()
        .duration_since(std::time::UNIX_EPOCH)
        .expect("the clock is past 1970");
    i64::try_from(since.as_millis()).expect("before the year 292,000,000")
}

fn in_memory() -> History {
    History::open(Path::new(MEMORY), &Options::default()).expect("memory opens")
}

/// The delivery number `n`, decided `n` milliseconds after `start_ms`.
fn delivery(start_ms: i64, n: i64) -> NewDelivery {
    let created_ms = start_ms + n;
    NewDelivery {
        id: DeliveryId(created_ms * 1024),
        created_ms,
        group: String::new(),
        kind: "Pod".into(),
        namespace: format!("team-{}", n % 3),
        name: format!("web-{n}"),
        uid: format!("uid-{}", n % 10),
        resource_version: format!("{n}"),
        trigger: if n % 2 == 0 { "on-ready" } else { "on-crash" }.into(),
        condition: "[0].abc".into(),
        once_per: String::new(),
        templates: vec!["ready".into(), "links".into()],
        destination: Destination::new(if n % 4 == 0 { "pager" } else { "chat" }, "ops"),
        service_type: "webhook".into(),
        state_key: format!("key-{n}"),
        cause: Cause::Change,
        config_namespace: "default".into(),
        actor: String::new(),
    }
}

fn attempt(number: u32, started_ms: i64, status: u16, next_ms: Option<i64>) -> Attempt {
    Attempt {
        number,
        started_ms,
        took_ms: 12,
        status: Some(status),
        error: if status < 300 {
            String::new()
        } else {
            format!("status {status}")
        },
        next_ms,
    }
}

fn outcome(state: DeliveryState, at_ms: i64) -> Outcome {
    Outcome {
        state,
        at_ms,
        detail: "message 17".into(),
        error: if state == DeliveryState::Failed {
            "refused".into()
        } else {
            String::new()
        },
        request: "POST http://127.0.0.1/x\n\nhello".into(),
        response: "ok".into(),
    }
}

fn ids(page: &[Delivery]) -> Vec<i64> {
    page.iter().map(|delivery| delivery.new.id.0).collect()
}

/// `count` deliveries in the states that their number says.
async fn filled(history: &History, start_ms: i64, count: i64) -> Vec<NewDelivery> {
    let all: Vec<_> = (0..count).map(|n| delivery(start_ms, n)).collect();
    history.intend(all.clone()).await.expect("recorded");
    for (n, new) in all.iter().enumerate() {
        let state = match n % 5 {
            0 => continue,
            1 => DeliveryState::Failed,
            _ => DeliveryState::Sent,
        };
        let done = history
            .outcome(new.id, outcome(state, new.created_ms + 20))
            .await;
        done.expect("recorded");
    }
    all
}
