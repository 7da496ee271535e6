//! An explanation as text for a terminal: an indented outline, from the trigger down to the values
//! that decided.

use super::output::{span, visible};
use crate::catalog::Catalog;
use crate::domain::{Delivery, DeliveryState};
use crate::engine::{
    ConditionResult, ConditionTrace, ConditionView, Decision, DecisionView, Explanation,
    TriggerView,
};
use crate::expr::{Outcome, Trace, TraceNode};
use std::collections::BTreeSet;
use std::fmt::Write as _;

/// Deepest level of a trace that is indented further.
const DEEPEST: usize = 24;

/// Longest value in a trace that is not asked for in full, in characters.
const SHORT: usize = 60;

/// What is known beyond the explanation.
pub(super) struct Context<'c> {
    /// The configuration.
    pub(super) catalog: &'c Catalog,
    /// The newest deliveries of the object, newest first.
    pub(super) deliveries: &'c [Delivery],
    /// Why there is no history.
    pub(super) history_problem: Option<String>,
    /// Everything is shown in traces: literals, long values, the way to each member.
    pub(super) full: bool,
    /// Only this trigger is shown.
    pub(super) only: Option<&'c str>,
}

/// The whole text.
pub(super) fn render(explanation: &Explanation, context: &Context<'_>) -> String {
    let mut out = Outline::default();
    let inspection = &explanation.inspection;
    let mut head = inspection.key.qualified();
    if !inspection.uid.is_empty() {
        head.push_str(&format!("  uid {}", inspection.uid));
    }
    if !inspection.resource_version.is_empty() {
        head.push_str(&format!(
            "  resourceVersion {}",
            inspection.resource_version
        ));
    }
    out.line(0, &head);
    for problem in &inspection.problems {
        out.line(0, &format!("problem: {problem}"));
    }
    if inspection.triggers.is_empty() {
        out.line(0, "");
        out.line(
            0,
            "not subscribed to anything: no annotation subscribe.<trigger>.<service>, and no \
             default subscription selects it",
        );
    }
    for (trigger, traces) in inspection.triggers.iter().zip(&explanation.traces) {
        trigger_lines(&mut out, trigger, traces, inspection.at_ms, context);
    }
    state_lines(&mut out, explanation, context);
    delivery_lines(&mut out, inspection.at_ms, context);
    visible(&out.text).into_owned()
}

#[derive(Default)]
struct Outline {
    text: String,
}

impl Outline {
    /// Adds a line, or the lines of a text, at a level.
    fn line(&mut self, level: usize, text: &str) {
        let indent = "  ".repeat(level.min(DEEPEST));
        if text.is_empty() {
            self.text.push('\n');
        }
        for line in text.lines() {
            self.text.push_str(&indent);
            self.text.push_str(line);
            self.text.push('\n');
        }
    }
}

fn trigger_lines(
    out: &mut Outline,
    trigger: &TriggerView,
    traces: &[ConditionTrace],
    now_ms: i64,
    context: &Context<'_>,
) {
    out.line(0, "");
    out.line(0, &format!("trigger {}", trigger.name));
    for subscription in &trigger.subscriptions {
        let problem = subscription.problem.as_ref();
        let problem = problem.map_or_else(String::new, |problem| format!(" \u{2014} {problem}"));
        let to = &subscription.destination;
        out.line(
            1,
            &format!("to {to}, because of {}{problem}", subscription.origin),
        );
    }
    if !trigger.configured {
        let key = format!("trigger.{}", trigger.name);
        let text = match super::trigger::broken(context.catalog, &key) {
            Some(error) => format!("nothing is evaluated: {error}"),
            None => format!(
                "nothing is evaluated: trigger '{}' is not configured",
                trigger.name
            ),
        };
        out.line(1, &text);
    } else if trigger.conditions.is_empty() {
        out.line(1, "it has no conditions: nothing is ever sent");
    }
    for (condition, trace) in trigger.conditions.iter().zip(traces) {
        condition_lines(out, condition, trace, now_ms, context);
    }
}

fn condition_lines(
    out: &mut Outline,
    condition: &ConditionView,
    trace: &ConditionTrace,
    now_ms: i64,
    context: &Context<'_>,
) {
    let result = match &condition.result {
        ConditionResult::True => "true".to_owned(),
        ConditionResult::False { because } if because.is_empty() => "false".to_owned(),
        ConditionResult::False { because } => format!("false, because {because}"),
        ConditionResult::NotBoolean { type_name } => {
            format!("a {type_name}, which counts as false")
        }
        ConditionResult::Error { .. } => "an error, which counts as false".to_owned(),
    };
    out.line(1, &format!("condition {} is {result}", condition.key));
    if !condition.description.is_empty() {
        out.line(2, &condition.description);
    }
    out.line(2, "when");
    match &trace.when.error {
        Some(error) => out.line(3, &error.render()),
        None => out.line(3, condition.when.trim_end()),
    }
    trace_lines(out, &trace.when, 4, context.full);
    if let Some(once_per) = &trace.once_per {
        match &once_per.error {
            Some(error) => {
                out.line(2, "oncePer fails, so it counts as absent");
                out.line(3, &error.render());
            }
            None => out.line(2, &format!("oncePer {}", once_per.go_string)),
        }
        trace_lines(out, once_per, 4, context.full);
    }
    match condition.templates.as_slice() {
        [] => out.line(2, "no template: the notification is empty"),
        templates => out.line(2, &format!("template {}", templates.join(", "))),
    }
    for decision in &condition.decisions {
        decision_lines(out, decision, now_ms, context);
    }
}

fn decision_lines(out: &mut Outline, decision: &DecisionView, now_ms: i64, context: &Context<'_>) {
    let last = context
        .deliveries
        .iter()
        .filter(|delivery| delivery.new.state_key == decision.state_key)
        .find(|delivery| delivery.state != DeliveryState::AlreadySent);
    let next = match &decision.decision {
        Decision::Send => match last.map(|delivery| delivery.state) {
            Some(DeliveryState::Failed) => {
                "send: the last delivery was given up, see below".to_owned()
            }
            Some(DeliveryState::Sent) => {
                "send: it was sent before, but the notified state has no entry".to_owned()
            }
            _ => "send: it is true, and was not sent yet".to_owned(),
        },
        Decision::Sending { .. } => "wait: it is on its way".to_owned(),
        Decision::Held => "wait: held by the flood guard (kubechime hold list)".to_owned(),
        Decision::AlreadySent => {
            let at = decision.notified_at.unwrap_or_default();
            format!("skip: sent {}", when(at, now_ms))
        }
        Decision::GivenUp { error } => format!("skip: given up, {error}"),
        Decision::Holding { since_ms, until_ms } => format!(
            "wait: true since {}, fires in {}",
            span(now_ms.saturating_sub(*since_ms).max(0).div_euclid(1_000)),
            span(
                until_ms
                    .saturating_sub(now_ms)
                    .saturating_add(999)
                    .max(0)
                    .div_euclid(1_000)
            ),
        ),
        Decision::Remind => "remind: it is still true, and the next reminder is due".to_owned(),
        Decision::Resolve => "tell that it is resolved: it is not true any more".to_owned(),
        Decision::NotTrue => match decision.notified_at {
            Some(at) => format!(
                "forget that it was sent {}: it is not true any more, so that it is sent when it \
                 is true again",
                when(at, now_ms)
            ),
            None => "skip: it is not true".to_owned(),
        },
        Decision::Impossible { reason } => format!("fail: {reason}"),
    };
    out.line(
        2,
        &format!("{} on the next event: {next}", decision.destination),
    );
    out.line(3, &format!("state key {}", decision.state_key));
    if let Some(delivery) = last {
        out.line(
            3,
            &format!("last delivery: {}", delivery_text(delivery, now_ms)),
        );
    }
}

/// The parts of an evaluation, each below what it is a part of.
fn trace_lines(out: &mut Outline, trace: &Trace, level: usize, full: bool) {
    let Some(root) = trace.root() else { return };
    // Expressions nest deeper than a stack of calls should.
    let mut open = vec![(root, level)];
    while let Some((node, level)) = open.pop() {
        out.line(level, &node_text(node, full));
        let children: Vec<&TraceNode> = trace
            .children(node)
            .filter(|child| full || !is_plain(child, node))
            .collect();
        open.extend(children.into_iter().rev().map(|child| (child, level + 1)));
    }
    if let Some(cause) = &trace.cause
        && trace.error.is_none()
    {
        out.line(level, &format!("note: {}", cause.text));
    }
    if trace.truncated {
        out.line(level, "… more parts than can be shown");
    }
}

/// Whether a part says nothing that the whole does not: a literal, or the way to a member that is
/// there.
fn is_plain(part: &TraceNode, whole: &TraceNode) -> bool {
    let there =
        |node: &TraceNode| matches!(&node.outcome, Outcome::Value { text, .. } if text != "nil");
    let rest = whole.text.strip_prefix(&part.text);
    let way = rest.is_some_and(|rest| {
        let name = rest.trim_start_matches("?.").trim_start_matches('.');
        name.len() < rest.len() && name.chars().all(|c| c.is_alphanumeric() || c == '_')
    });
    part.literal || (way && there(part) && there(whole))
}

fn node_text(node: &TraceNode, full: bool) -> String {
    let mut text = String::new();
    if let Some(element) = node.element {
        // Writing to a String can't fail.
        let _ = write!(text, "[{element}] ");
    }
    let outcome = match &node.outcome {
        Outcome::Value { text, .. } if !full && text.chars().nth(SHORT).is_some() => {
            let short: String = text.chars().take(SHORT).collect();
            format!("{short}…")
        }
        Outcome::Value { text, .. } => text.clone(),
        Outcome::Error {
            message,
            here: true,
        } => format!("error: {message}"),
        Outcome::Error { here: false, .. } => "error".to_owned(),
        Outcome::NotEvaluated => "not evaluated".to_owned(),
        Outcome::Stopped => "nil before '?.'".to_owned(),
    };
    text.push_str(&format!("{outcome}  \u{2190} {}", node.text));
    text
}

fn state_lines(out: &mut Outline, explanation: &Explanation, context: &Context<'_>) {
    let inspection = &explanation.inspection;
    if context.only.is_some() {
        return;
    }
    out.line(0, "");
    if inspection.notified.is_empty() {
        out.line(0, "notified state: empty");
        return;
    }
    out.line(0, "notified state");
    let current: BTreeSet<&str> = inspection
        .triggers
        .iter()
        .flat_map(|trigger| &trigger.conditions)
        .flat_map(|condition| &condition.decisions)
        .map(|decision| decision.state_key.as_str())
        .collect();
    for (key, at) in &inspection.notified {
        let stale = if current.contains(key.as_str()) {
            ""
        } else {
            "  (of no present condition and destination)"
        };
        out.line(1, &format!("{}  {key}{stale}", when(*at, inspection.at_ms)));
    }
}

fn delivery_lines(out: &mut Outline, now_ms: i64, context: &Context<'_>) {
    if let Some(problem) = &context.history_problem {
        out.line(0, "");
        out.line(0, &format!("history: {problem}"));
    }
    let wanted =
        |delivery: &&Delivery| context.only.is_none_or(|only| delivery.new.trigger == only);
    let deliveries: Vec<&Delivery> = context.deliveries.iter().filter(wanted).collect();
    if deliveries.is_empty() {
        return;
    }
    out.line(0, "");
    out.line(0, "deliveries, newest first");
    for delivery in deliveries {
        let new = &delivery.new;
        let text = delivery_text(delivery, now_ms);
        out.line(1, &format!("{} {} {text}", new.trigger, new.destination));
    }
}

fn delivery_text(delivery: &Delivery, now_ms: i64) -> String {
    let at = when(delivery.updated_ms.div_euclid(1_000), now_ms);
    let mut text = format!("{} {at}", delivery.state);
    if delivery.attempts > 1 {
        text.push_str(&format!(", {} attempts", delivery.attempts));
    }
    if let Some(status) = delivery.status {
        text.push_str(&format!(", status {status}"));
    }
    if !delivery.error.is_empty() {
        text.push_str(&format!(", {}", delivery.error));
    }
    if delivery.possibly_repeated {
        text.push_str(", possibly repeated");
    }
    text
}

/// A time in Unix seconds, with how long ago that is.
fn when(seconds: i64, now_ms: i64) -> String {
    let ago = now_ms.div_euclid(1_000).saturating_sub(seconds);
    match jiff::Timestamp::from_second(seconds) {
        Ok(at) if ago >= 0 => format!("{} ago ({at})", span(ago)),
        Ok(at) => format!("at {at}, which is in the future"),
        Err(_) => format!("at {seconds}, which is no time"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_told_whatever_they_are() {
        assert_eq!(when(1_000, 1_060_500), "1m ago (1970-01-01T00:16:40Z)");
        assert!(when(2_000, 0).ends_with("in the future"));
        assert!(when(i64::MIN, i64::MAX).ends_with("no time"));
    }
}
