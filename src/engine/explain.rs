//! Explaining an object without an engine: the decision about it, from nothing but the object and
//! the catalog, with a trace of every condition. For the command line; a running engine answers
//! [`Command::Inspect`](super::Command) with what it knows beyond.

use super::clock::now_ms;
use super::decide::{Look, decide};
use super::inspect::inspect;
use super::inspection::Inspection;
use super::look::{Looked, environment};
use super::store::{Interest, Observed, Tracked};
use crate::catalog::Catalog;
use crate::cluster::{LeanObject, ProjectError};
use crate::domain::{PathTrie, notified_annotation};
use crate::expr::Trace;

/// Why each notification of an object would, or would not, be sent at its next event.
#[derive(Clone, Debug, PartialEq)]
pub struct Explanation {
    /// The decision, as an engine that has just started makes it.
    pub inspection: Inspection,
    /// Per trigger and condition, in the order of the inspection, how it came to its value.
    pub traces: Vec<Vec<ConditionTrace>>,
}

/// How a condition came to its value.
#[derive(Clone, Debug, PartialEq)]
pub struct ConditionTrace {
    /// The evaluation of `when`.
    pub when: Trace,
    /// The evaluation of `oncePer`, when there is one and the condition is true.
    pub once_per: Option<Trace>,
}

/// Decides about an object, and says how. `variable` is its name in conditions, `prefix` that of
/// the annotations, without the slash.
///
/// # Errors
/// The object's JSON is damaged.
pub fn explain(
    object: &LeanObject,
    catalog: &Catalog,
    variable: &str,
    prefix: &str,
) -> Result<Explanation, ProjectError> {
    let interest = Interest {
        annotations: format!("{prefix}/"),
        notified: notified_annotation(prefix),
        paths: PathTrie::everything(),
        stamp: 0,
    };
    let tracked = Tracked::new(Observed::of(object, &interest)?, 0);
    let mut notes = Vec::new();
    let subscriptions = catalog.destinations(
        &tracked.observed.labels,
        &tracked.observed.annotations,
        &mut notes,
    );
    let value = object.value().unwrap_or_default();
    let env = environment(variable, &value);
    let plan = decide(&Look {
        env: &env,
        subscriptions: &subscriptions,
        catalog,
        state: &tracked.state,
        ledger: &tracked.ledger,
        fingerprint: tracked.observed.fingerprint,
        now_ms: now_ms(),
        deleted: false,
    });
    let traces = plan
        .triggers
        .iter()
        .map(|trigger| {
            let configured = catalog.triggers.get(&trigger.name);
            let conditions = configured.map(|trigger| trigger.conditions.as_slice());
            conditions
                .unwrap_or_default()
                .iter()
                .map(|condition| super::examine::trace(condition, &env))
                .collect()
        })
        .collect();
    let looked = Looked {
        plan,
        subscriptions,
        notes: notes.iter().map(ToString::to_string).collect(),
    };
    Ok(Explanation {
        inspection: inspect(&object.key, &tracked, catalog, variable, looked),
        traces,
    })
}
