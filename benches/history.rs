//! What recording costs, and what a page of a long history costs.
//!
//! Prints deliveries per second for intent, begin, attempt, outcome and patched of 8 concurrent
//! callers, as a ratio to a baseline that inserts the same rows one transaction each; and the time
//! of a page with 1,000,000 rows (`KUBECHIME_BENCH_ROWS` sets another number).

use kubechime::domain::{
    Attempt, Cause, DeliveryId, DeliveryState, Destination, NewDelivery, Outcome,
};
use kubechime::history::{Anchor, Filter, History, Options};
use std::path::Path;
use std::time::{Duration, Instant};

const CALLERS: i64 = 8;
const DELIVERIES: i64 = 8_000;

fn delivery(n: i64) -> NewDelivery {
    let created_ms = 1_700_000_000_000 + n;
    NewDelivery {
        id: DeliveryId(created_ms * 1024),
        created_ms,
        group: String::new(),
        kind: "Pod".into(),
        namespace: format!("team-{}", n % 40),
        name: format!("web-7c5ddbdf54-{n}"),
        uid: format!("6f1a8c52-0000-4000-8000-{:012}", n % 100_000),
        resource_version: n.to_string(),
        trigger: format!("on-pod-{}", n % 7),
        condition: "[0].jS5fTrIQi8Q4Q5uceLlcAF3t4Go".into(),
        once_per: String::new(),
        templates: vec!["pod-ready".into()],
        destination: Destination::new(if n % 100 == 0 { "pager" } else { "webhook" }, ""),
        service_type: "webhook".into(),
        state_key: format!("on-pod-{}:[0].jS5fTrIQi8Q4Q5uceLlcAF3t4Go:webhook:", n % 7),
        cause: Cause::Change,
        config_namespace: "default".into(),
        actor: String::new(),
    }
}

fn outcome(n: i64) -> Outcome {
    let failed = n % 1_000 == 0;
    Outcome {
        state: if failed {
            DeliveryState::Failed
        } else {
            DeliveryState::Sent
        },
        at_ms: 1_700_000_000_000 + n,
        detail: String::new(),
        error: if failed {
            "refused".into()
        } else {
            String::new()
        },
        request: format!("POST http://127.0.0.1:9999/webhook/\n\nPod web-{n} is ready!"),
        response: "ok".into(),
    }
}

async fn record(history: &History, n: i64) {
    let new = delivery(n);
    let id = new.id;
    let at_ms = new.created_ms;
    let attempt = Attempt {
        number: 1,
        started_ms: at_ms,
        took_ms: 3,
        status: Some(200),
        error: String::new(),
        next_ms: None,
    };
    history.intend(vec![new]).await.expect("intent");
    history.begin(id, at_ms).await.expect("begin");
    history.attempt(id, attempt).await.expect("attempt");
    history.outcome(id, outcome(n)).await.expect("outcome");
    history.patched(vec![id], at_ms + 5).await.expect("patched");
}

fn group_commit(directory: &Path, options: &Options) -> f64 {
    let path = directory.join(format!("group-{}.db", options.sync));
    let history = History::open(&path, options).expect("opens");
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .build()
        .expect("a runtime");
    let began = Instant::now();
    runtime.block_on(async {
        let callers = (0..CALLERS).map(|caller| {
            let history = history.clone();
            tokio::spawn(async move {
                for n in (caller..DELIVERIES).step_by(CALLERS as usize) {
                    record(&history, n).await;
                }
            })
        });
        for caller in callers.collect::<Vec<_>>() {
            caller.await.expect("no panic");
        }
    });
    DELIVERIES as f64 / began.elapsed().as_secs_f64()
}

/// One plain table without an index, one insert and four updates a delivery, each committed alone.
fn baseline(directory: &Path, synchronous: &str) -> f64 {
    let path = directory.join(format!("plain-{synchronous}.db"));
    let connection = rusqlite::Connection::open(path).expect("opens");
    let setup = format!(
        "PRAGMA journal_mode = WAL; PRAGMA synchronous = {synchronous}; \
         CREATE TABLE t (id INTEGER PRIMARY KEY, state TEXT, row TEXT, at INTEGER)"
    );
    connection.execute_batch(&setup).expect("set up");
    let deliveries = DELIVERIES / 4;
    let began = Instant::now();
    for n in 0..deliveries {
        let new = delivery(n);
        let row = serde_json::to_string(&new).expect("JSON");
        connection
            .prepare_cached("INSERT INTO t VALUES (?1, 'pending', ?2, 0)")
            .and_then(|mut insert| insert.execute((new.id.0, row)))
            .expect("inserted");
        for _ in 0..4 {
            connection
                .prepare_cached("UPDATE t SET at = at + 1 WHERE id = ?1")
                .and_then(|mut update| update.execute([new.id.0]))
                .expect("updated");
        }
    }
    deliveries as f64 / began.elapsed().as_secs_f64()
}

fn fill(history: &History, rows: i64) {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .expect("a runtime");
    runtime.block_on(async {
        for first in (0..rows).step_by(2_000) {
            let range = first..(first + 2_000).min(rows);
            history
                .intend(range.clone().map(delivery).collect())
                .await
                .expect("intent");
            let outcomes = range
                .clone()
                .map(|n| history.outcome(delivery(n).id, outcome(n)));
            for done in futures::future::join_all(outcomes).await {
                done.expect("outcome");
            }
        }
    });
}

fn timed(label: &str, mut query: impl FnMut() -> usize) {
    let mut times: Vec<Duration> = Vec::new();
    let mut rows = 0;
    for _ in 0..20 {
        let began = Instant::now();
        rows = query();
        times.push(began.elapsed());
    }
    times.sort();
    println!(
        "  {label:<44} {rows:>7} rows  p50 {:>9.3?}  max {:>9.3?}",
        times[10], times[19]
    );
}

fn main() {
    let directory = tempfile::tempdir().expect("a directory");
    for (sync, synchronous) in [(false, "NORMAL"), (true, "FULL")] {
        let keep = Options {
            max_age: Duration::from_secs(u64::from(u32::MAX)),
            sync,
            ..Options::default()
        };
        let ours = group_commit(directory.path(), &keep);
        let plain = baseline(directory.path(), synchronous);
        println!(
            "deliveries recorded (5 writes each), synchronous {synchronous}: {ours:.0}/s with \
             {CALLERS} callers, {plain:.0}/s plain; ratio {:.2}",
            ours / plain
        );
    }

    let rows = std::env::var("KUBECHIME_BENCH_ROWS")
        .ok()
        .and_then(|text| text.parse().ok())
        .unwrap_or(1_000_000);
    let keep = Options {
        max_age: Duration::from_secs(u64::from(u32::MAX)),
        max_rows: u64::MAX,
        ..Options::default()
    };
    let path = directory.path().join("long.db");
    let began = Instant::now();
    {
        let history = History::open(&path, &keep).expect("opens");
        fill(&history, rows);
    }
    let size = std::fs::metadata(&path).map_or(0, |file| file.len());
    println!(
        "{rows} rows filled in {:.1?}, {} MiB",
        began.elapsed(),
        size >> 20
    );
    let began = Instant::now();
    let history = History::open(&path, &keep).expect("opens");
    println!("  opened in {:.1?}", began.elapsed());

    let page = |filter: &Filter, from| history.page(filter, from, 100).expect("a page").len();
    let all = Filter::default();
    let middle = delivery(rows / 2).id;
    timed("newest", || page(&all, Anchor::Newest));
    timed("in the middle", || page(&all, Anchor::Before(middle)));
    timed("oldest", || page(&all, Anchor::Oldest));
    timed("at place rows/2", || {
        page(&all, Anchor::Offset((rows / 2).unsigned_abs()))
    });
    let failed = Filter {
        states: vec![DeliveryState::Failed],
        ..all.clone()
    };
    timed("failed", || page(&failed, Anchor::Newest));
    let mixed = Filter {
        states: vec![DeliveryState::Failed, DeliveryState::Sent],
        services: vec!["pager".into()],
        namespace: Some("team-0".into()),
        ..all.clone()
    };
    timed("failed or sent, one service, one namespace", || {
        page(&mixed, Anchor::Newest)
    });
    let object = Filter {
        uid: Some(delivery(7).uid),
        ..all.clone()
    };
    timed("one object", || page(&object, Anchor::Newest));
    let dense = Filter {
        trigger: Some("on-pod-3".into()),
        text: Some("web".into()),
        ..all.clone()
    };
    timed("one trigger and a frequent word", || {
        page(&dense, Anchor::Newest)
    });
    let rare = Filter {
        text: Some("web-7c5ddbdf54-77 ".into()),
        ..all.clone()
    };
    timed("a rare word, from the middle", || {
        page(&rare, Anchor::Before(middle))
    });
    timed("count of all", || {
        history.count(&all).expect("a count") as usize
    });
    timed("count of failed", || {
        history.count(&failed).expect("a count") as usize
    });
    let end_ms = 1_700_000_000_000 + rows;
    timed("60 sparkline columns of a second", || {
        history.rate(end_ms, 1_000, 60).expect("columns").len()
    });
}
