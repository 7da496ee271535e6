//! The rows of the views, made from what was counted.

use super::{ConditionId, Jump, ViewRow};
use crate::domain::Mode;
use crate::engine::{Fares, LaneStatus, Member, Members, SubscribedBy, Survey};
use crate::history::ServiceTotals;
use crate::tui::clock;
use crate::tui::model::Model;
use crate::tui::text;
use crate::tui::theme::{Look, Mark};
use crate::tui::widgets::header;

pub(super) fn mebibytes(bytes: u64) -> String {
    format!("{}.{} MiB", bytes >> 20, ((bytes & 0xf_ffff) * 10) >> 20)
}

/// How a condition is called.
pub(super) fn condition_name((trigger, index): &ConditionId) -> String {
    match index {
        Some(index) => format!("{trigger} [{index}]"),
        None => trigger.clone(),
    }
}

fn since(at_ms: Option<i64>, now_ms: i64) -> String {
    at_ms.map_or_else(|| "-".to_owned(), |at| clock::age(at, now_ms))
}

pub(super) fn members(found: &Members, now_ms: i64) -> Vec<ViewRow> {
    let row = |member: &Member| {
        let (word, error) = match &member.fares {
            Fares::Fails(why) => ("error", why.clone()),
            Fares::Holds => ("true", String::new()),
            Fares::NotTrue => ("false", String::new()),
        };
        let mark = match member.fares {
            Fares::Fails(_) => Mark::Error,
            _ if member.given_up > 0 => Mark::Failed,
            _ if member.sending > 0 => Mark::Waiting,
            Fares::Holds if member.told > 0 => Mark::Already,
            Fares::Holds => Mark::Sent,
            Fares::NotTrue => Mark::Idle,
        };
        let name = format!("{} {}", member.key.kind.variable(), member.key);
        ViewRow {
            id: name.clone(),
            mark: Some(mark),
            cells: vec![
                name,
                word.to_owned(),
                since(member.since_ms, now_ms),
                text::count(member.told),
                text::count(member.sending),
                text::count(member.given_up),
                error,
            ],
            jump: Jump::Resource(member.key.clone()),
        }
    };
    found.members.iter().map(row).collect()
}

pub(super) fn triggers(survey: &Survey, now_ms: i64) -> Vec<ViewRow> {
    let row = |condition: &crate::engine::ConditionSurvey| {
        let mark = if condition.errors > 0 {
            Mark::Error
        } else if condition.given_up > 0 {
            Mark::Failed
        } else if condition.sending > 0 {
            Mark::Waiting
        } else if condition.holds > 0 {
            Mark::Sent
        } else {
            Mark::Idle
        };
        let of = (condition.trigger.clone(), condition.index);
        let name = condition_name(&of);
        let words: Vec<&str> = condition.when.split_whitespace().collect();
        let what = match &condition.error {
            Some((key, error)) => format!("{key}: {error}"),
            None => words.join(" "),
        };
        ViewRow {
            id: name.clone(),
            mark: Some(mark),
            cells: vec![
                name,
                text::count(condition.holds),
                text::count(condition.fails),
                text::count(condition.errors),
                text::count(condition.sending),
                text::count(condition.given_up),
                since(condition.since_ms, now_ms),
                since(condition.latest_ms, now_ms),
                what,
            ],
            jump: Jump::Members(of),
        }
    };
    survey.conditions.iter().map(row).collect()
}

/// The services that the history or the engine knows, by name.
pub(super) fn services_rows(
    totals: &[ServiceTotals],
    lanes: &[LaneStatus],
    now_ms: i64,
    look: &Look,
) -> Vec<ViewRow> {
    let unknown = lanes.iter().filter(|lane| {
        let same = |totals: &ServiceTotals| *totals.service == *lane.service;
        !totals.iter().any(same)
    });
    let mut all: Vec<ServiceTotals> = totals.to_vec();
    all.extend(unknown.map(|lane| ServiceTotals {
        service: lane.service.to_string(),
        ..ServiceTotals::default()
    }));
    all.sort_by(|a, b| a.service.cmp(&b.service));
    let rows = all.iter().map(|totals| {
        let lane = lanes.iter().find(|lane| *lane.service == *totals.service);
        service(totals, lane, now_ms, look)
    });
    rows.collect()
}

fn service(totals: &ServiceTotals, lane: Option<&LaneStatus>, now_ms: i64, look: &Look) -> ViewRow {
    let held = lane.map_or(0, |lane| lane.held);
    let queue = lane.map_or(totals.pending, |lane| {
        let waiting = lane.waiting.saturating_add(lane.limited);
        waiting
            .saturating_add(lane.spilled)
            .saturating_add(lane.in_flight)
    });
    let mark = match &totals.last_error {
        _ if held > 0 || lane.is_some_and(|lane| lane.paused > 0) => Mark::Waiting,
        _ if totals.failed > 0 => Mark::Failed,
        Some((at, _)) if totals.last_sent_ms.is_none_or(|sent| sent < *at) => Mark::Unknown,
        _ if totals.pending > 0 => Mark::Waiting,
        _ if totals.sent > 0 => Mark::Sent,
        _ => Mark::Idle,
    };
    let took = |ms: Option<i64>| ms.map_or_else(|| "-".to_owned(), clock::took);
    let last = totals.last_sent_ms;
    let error = totals.last_error.as_ref().map(|(at, error)| {
        let age = clock::age(*at, now_ms);
        format!("{age} ago: {error}")
    });
    // A cell of the sparkline is a few minutes.
    let spans: Vec<u64> = totals.over_time.chunks(3).map(|s| s.iter().sum()).collect();
    ViewRow {
        id: totals.service.clone(),
        mark: Some(mark),
        cells: vec![
            totals.service.clone(),
            totals.service_type.clone(),
            lane.map_or_else(|| "-".to_owned(), |lane| lane_state(lane, now_ms)),
            text::count(queue),
            lane.map_or_else(|| "-".to_owned(), |lane| text::count(lane.spilled)),
            lane.map_or_else(|| "-".to_owned(), |lane| text::count(lane.retrying)),
            lane.map_or_else(|| "-".to_owned(), |lane| text::count(lane.held)),
            text::count(totals.sent),
            text::count(totals.failed),
            took(totals.median_ms),
            took(totals.p95_ms),
            since(last, now_ms),
            lane.map_or_else(|| "-".to_owned(), limit),
            header::bars(look, &spans),
            error.unwrap_or_default(),
        ],
        jump: Jump::History(format!("service:{} since:1h", quoted(&totals.service))),
    }
}

/// What stands in the way of a service's deliveries, the greatest obstacle first.
fn lane_state(lane: &LaneStatus, now_ms: i64) -> String {
    let failing = lane
        .error_ms
        .is_some_and(|at| lane.sent_ms.is_none_or(|sent| sent < at));
    if lane.held > 0 {
        "held".to_owned()
    } else if let Some(until) = lane.paused_until_ms.filter(|_| lane.paused > 0) {
        let left = clock::took(until.saturating_sub(now_ms).max(0));
        if lane.paused == 1 {
            format!("paused {left}")
        } else {
            format!("{} paused {left}", text::count(lane.paused))
        }
    } else if lane.retrying > 0 {
        "retrying".to_owned()
    } else if failing {
        "failing".to_owned()
    } else if lane.limited > 0 {
        "rate limit".to_owned()
    } else if lane.in_flight >= lane.places {
        "full".to_owned()
    } else if lane.in_flight > 0 || lane.waiting > 0 {
        "sending".to_owned()
    } else {
        "ok".to_owned()
    }
}

/// The limits of a service, per second: of the whole, then of each recipient.
fn limit(lane: &LaneStatus) -> String {
    let rate = |rate: f64| {
        if rate >= 10.0 {
            format!("{rate:.0}")
        } else {
            format!("{rate:.2}")
                .trim_end_matches('0')
                .trim_end_matches('.')
                .to_owned()
        }
    };
    match (lane.rate, lane.recipient_rate) {
        (None, None) => format!("{} at once", lane.places),
        (Some(whole), None) => format!("{}/s", rate(whole)),
        (None, Some(each)) => format!("{}/s each", rate(each)),
        (Some(whole), Some(each)) => format!("{}, {}/s", rate(whole), rate(each)),
    }
}

/// A value of a filter, whatever is in it.
fn quoted(value: &str) -> String {
    if value.contains(char::is_whitespace) {
        format!("\"{value}\"")
    } else {
        value.to_owned()
    }
}

pub(super) fn subscriptions(survey: &Survey) -> Vec<ViewRow> {
    let mut rows: Vec<ViewRow> = survey
        .subscriptions
        .iter()
        .map(|subscription| {
            let from = match &subscription.by {
                SubscribedBy::Annotation => "annotations".to_owned(),
                SubscribedBy::Default { number, selector } if selector.is_empty() => {
                    format!("subscriptions #{number}, all")
                }
                SubscribedBy::Default { number, selector } => {
                    format!("subscriptions #{number}, {selector}")
                }
            };
            let unused = "selects no resource".to_owned();
            let problem = subscription
                .problem
                .clone()
                .or_else(|| (subscription.resources == 0).then_some(unused));
            let to = subscription.destination.label();
            ViewRow {
                id: format!("{}\n{to}\n{from}", subscription.trigger),
                mark: Some(match (&subscription.problem, &problem) {
                    (Some(_), _) => Mark::Error,
                    (None, Some(_)) => Mark::Idle,
                    (None, None) => Mark::Sent,
                }),
                cells: vec![
                    subscription.trigger.clone(),
                    to,
                    text::count(subscription.resources),
                    from,
                    problem.unwrap_or_default(),
                ],
                jump: subscription
                    .example
                    .clone()
                    .map_or(Jump::Nowhere, Jump::Resource),
            }
        })
        .collect();
    // What leads nowhere is what one looks for.
    rows.sort_by_key(|row| row.mark != Some(Mark::Error));
    if survey.more_subscriptions > 0 {
        let more = text::plural(survey.more_subscriptions, "subscription", "subscriptions");
        rows.push(ViewRow {
            id: String::new(),
            mark: None,
            cells: vec![format!("and {more} more")],
            jump: Jump::Nowhere,
        });
    }
    rows
}

/// The program's own numbers, as far as the model knows them.
pub fn stats(model: &Model) -> Vec<(String, String)> {
    let mut stats: Vec<(String, String)> = Vec::new();
    let mut add = |what: &str, value: String| stats.push((what.to_owned(), value));
    let session = &model.session;
    add("context", session.context.clone());
    add("API server", session.server.clone());
    if let Some(status) = &session.status {
        let mode = header::mode_text(status);
        add("engine", mode);
        if status.mode != Mode::Active && !status.reason.is_empty() {
            add("because", status.reason.clone());
        }
        let counters = &status.counters;
        for (what, value) in [
            ("condition evaluations", counters.evaluations),
            ("evaluations that failed", counters.evaluation_errors),
            ("deliveries sent", counters.sent),
            ("deliveries given up", counters.failed),
            ("looks at what was sent before", counters.already_sent),
            ("state patches written", counters.patches),
            ("state patches that failed", counters.patch_errors),
            ("resources that wait for evaluation", counters.queue),
            ("deliveries under way", counters.delivering),
        ] {
            add(what, text::count(value));
        }
        if !status.history_problem.is_empty() {
            add("history", status.history_problem.clone());
        }
    }
    for watch in session.watches.as_deref().unwrap_or_default() {
        let value = format!(
            "{} objects, {} subscribed",
            text::count(watch.objects),
            text::count(watch.subscribed)
        );
        add(&format!("watch {}", watch.kind), value);
    }
    let rows = model.overview.resources.table.total() as u64;
    add("rows in pane 1", text::count(rows));
    let held = model.overview.history.len() as u64;
    add("rows held in pane 3", text::count(held));
    add(
        "open requests",
        text::count(model.requests.iter().count() as u64),
    );
    stats
}
