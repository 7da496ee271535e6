//! How long the evaluation of a condition takes, on a Pod of 8 kB.
//!
//! Prints the median of many rounds in nanoseconds, and its ratio to a baseline of the same run: the
//! same question answered by hand-written code on the same JSON. The budget is 1 µs for simple
//! conditions and 3 µs for those over lists.

use kubechime::expr::{Env, Options, Program};
use serde_json::Value as Json;
use std::hint::black_box;
use std::time::{Duration, Instant};

const ROUNDS: usize = 200;

/// Long enough that the clock's own resolution does not count.
const ROUND: Duration = Duration::from_micros(500);

fn main() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/vectors/expr-envs.json");
    let text = std::fs::read_to_string(path).expect("the environments of the vectors");
    let envs: Json = serde_json::from_str(&text).expect("JSON");
    let pod = &envs["pod"]["pod"];
    println!("Pod of {} bytes", pod.to_string().len());

    let phase = median(|| {
        let status = black_box(pod).get("status");
        status.and_then(|status| status.get("phase")?.as_str()) == Some("Running")
    });
    report("by hand: status.phase == 'Running'", phase, phase, None);
    let by_hand = median(|| ready(black_box(pod)));
    report(
        "by hand: any condition Ready is False",
        by_hand,
        phase,
        None,
    );

    let simple = 1_000.0;
    let lists = 3_000.0;
    let cases = [
        ("pod.status.phase == 'Running'", simple),
        ("pod.status.phase in ['Failed', 'Unknown']", simple),
        (
            "pod.metadata.namespace != 'kube-system' && pod.metadata.name startsWith 'checkout-'",
            simple,
        ),
        (
            "pod.metadata.labels?.team == 'payments' or pod.metadata.annotations['x'] == nil",
            simple,
        ),
        ("(pod.spec.priority ?? 0) > 10", simple),
        ("pod.status.message matches '^Back-off'", simple),
        (
            "any(pod.status.conditions, {.type == 'Ready' && .status == 'False'})",
            lists,
        ),
        (
            "any(pod.status.containerStatuses, {.state.waiting?.reason == 'CrashLoopBackOff'})",
            lists,
        ),
        (
            "all(pod.spec.containers, {.resources?.limits?.memory != nil})",
            lists,
        ),
        (
            "sum(pod.status.containerStatuses, .restartCount) > 10",
            lists,
        ),
        (
            "now() - date(pod.metadata.creationTimestamp) > duration('24h')",
            lists,
        ),
        ("pod.metadata.uid + ':' + pod.status.phase", simple),
    ];
    let options = Options::default();
    let mut over = Vec::new();
    for (source, budget) in cases {
        let program = Program::compile(source, &options).expect(source);
        let mut env = Env::new();
        env.json("pod", pod);
        let time = median(|| black_box(&program).eval(black_box(&env)).is_ok());
        report(source, time, phase, Some(budget));
        if time > budget {
            over.push(source);
        }
    }
    let source = "any(pod.status.conditions, {.type == 'Ready' && .status == 'False'})";
    let compile = median(|| Program::compile(black_box(source), &options).is_ok());
    report("compiling that any(…)", compile, phase, None);
    let program = Program::compile(source, &options).expect(source);
    let mut env = Env::new();
    env.json("pod", pod);
    let trace = median(|| program.trace(&env).truth.is_some());
    report("tracing that any(…)", trace, phase, None);
    if over.is_empty() {
        println!("all within budget");
    } else {
        println!("over budget: {}", over.join("; "));
    }
}

fn ready(pod: &Json) -> bool {
    pod.get("status")
        .and_then(|status| status.get("conditions")?.as_array())
        .is_some_and(|conditions| {
            conditions.iter().any(|condition| {
                condition.get("type").and_then(Json::as_str) == Some("Ready")
                    && condition.get("status").and_then(Json::as_str) == Some("False")
            })
        })
}

fn report(what: &str, time: f64, baseline: f64, budget: Option<f64>) {
    let budget = budget.map_or_else(String::new, |budget| format!("  (budget {budget} ns)"));
    let ratio = time / baseline;
    println!("{time:>9.0} ns  {ratio:>7.1}x  {what}{budget}");
}

/// Median time of one call, in nanoseconds.
fn median(mut work: impl FnMut() -> bool) -> f64 {
    let mut calls: u32 = 1;
    loop {
        let started = Instant::now();
        for _ in 0..calls {
            black_box(work());
        }
        if started.elapsed() >= ROUND {
            break;
        }
        calls = calls.saturating_mul(2);
    }
    let mut times: Vec<f64> = (0..ROUNDS)
        .map(|_| {
            let started = Instant::now();
            for _ in 0..calls {
                black_box(work());
            }
            started.elapsed().as_nanos() as f64 / f64::from(calls)
        })
        .collect();
    times.sort_by(f64::total_cmp);
    times[times.len() / 2]
}
