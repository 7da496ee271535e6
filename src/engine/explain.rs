//! Explaining an object without an engine: the decision about it, from nothing but the object and
//! the catalog, with a trace of every condition. For the command line; a running engine answers
//! [`Command::Inspect`](super::Command) with what it knows beyond.

use super::clock::now_ms;
use super::decide::{Look, Plan, decide};
use super::inspect::inspect;
use super::inspection::Inspection;
use super::look::{Looked, environment};
use super::self_service::settle;
use super::store::{Interest, Observed, Tracked};
use crate::catalog::Catalog;
use crate::cluster::{LeanObject, ProjectError};
use crate::domain::{PathTrie, notified_annotation};
use crate::expr::{Env, Trace};

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

/// Decides about an object, and says how: under each of the configurations that it is subject to, that
/// of its own namespace before the one for all. `variable` is its name in conditions, `prefix` that of
/// the annotations, without the slash.
///
/// # Errors
/// The object's JSON is damaged.
pub fn explain(
    object: &LeanObject,
    catalogs: &[&Catalog],
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
    let value = object.value().unwrap_or_default();
    let env = environment(variable, &value);
    let mut parts: Vec<(&Catalog, Looked)> = catalogs
        .iter()
        .map(|catalog| (*catalog, look(&tracked, catalog, &env)))
        .collect();
    if let [(_, own), (_, common)] = parts.as_mut_slice() {
        settle(&mut own.plan, &mut common.plan);
    }
    let mut explanation: Option<Explanation> = None;
    for (catalog, looked) in parts {
        let traces = traces(&looked.plan, catalog, &env);
        let mut inspection = inspect(&object.key, &tracked, catalog, variable, looked);
        if let Some(namespace) = catalog.state_key_namespace() {
            inspection.name_configuration(namespace);
        }
        match &mut explanation {
            None => explanation = Some(Explanation { inspection, traces }),
            Some(whole) => {
                whole.inspection.absorb(inspection);
                whole.traces.extend(traces);
            }
        }
    }
    Ok(explanation.unwrap_or_else(|| {
        let looked = look(&tracked, &Catalog::default(), &env);
        Explanation {
            inspection: inspect(&object.key, &tracked, &Catalog::default(), variable, looked),
            traces: Vec::new(),
        }
    }))
}

fn look(tracked: &Tracked, catalog: &Catalog, env: &Env<'_>) -> Looked {
    let mut notes = Vec::new();
    let subscriptions = catalog.destinations(
        &tracked.observed.labels,
        &tracked.observed.annotations,
        &mut notes,
    );
    let plan = decide(&Look {
        env,
        subscriptions: &subscriptions,
        catalog,
        state: &tracked.state,
        ledger: &tracked.ledger,
        fingerprint: tracked.observed.fingerprint,
        now_ms: now_ms(),
        deleted: false,
    });
    Looked {
        plan,
        subscriptions,
        notes: notes.iter().map(ToString::to_string).collect(),
    }
}

fn traces(plan: &Plan, catalog: &Catalog, env: &Env<'_>) -> Vec<Vec<ConditionTrace>> {
    let of = |name: &str| {
        let configured = catalog.triggers.get(name);
        let conditions = configured.map(|trigger| trigger.conditions.as_slice());
        conditions
            .unwrap_or_default()
            .iter()
            .map(|condition| super::examine::trace(condition, env))
            .collect()
    };
    plan.triggers.iter().map(|plan| of(&plan.name)).collect()
}
