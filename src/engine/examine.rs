//! Explaining an object of a running engine: its own decision, with what it knows beyond the
//! object, and a trace of every condition over the whole object, fetched for it. Called by `obey`.

use super::command::{CommandError, Done, Reply, Ticket};
use super::explain::{ConditionTrace, Explanation};
use super::inspection::Inspection;
use super::look::environment;
use super::reconcile::{Input, Reconciler};
use crate::catalog::{Catalog, Condition};
use crate::cluster::{LeanObject, get_object};
use crate::domain::{PathTrie, ResourceKey};
use crate::expr::{Env, Options, Program, Trace};
use std::sync::Arc;
use std::time::Instant;

/// An object with everything that is decided about it, and how.
#[derive(Clone, Debug)]
pub struct Explained {
    /// The engine's decision, with the traces of its conditions over [`object`](Self::object).
    pub explanation: Explanation,
    /// Per trigger and condition, in the order of the explanation: the paths of the object that
    /// `when` and `oncePer` read.
    pub reads: Vec<Vec<PathTrie>>,
    /// The whole object. It may be newer than the one that was decided about: compare
    /// [`resource_version`](Self::resource_version) with the inspection's.
    pub object: Arc<serde_json::Value>,
    /// The object as YAML.
    pub yaml: Arc<str>,
    /// Its resourceVersion.
    pub resource_version: String,
    /// Name of the object in conditions.
    pub variable: String,
    /// How conditions are compiled, for who wants to try another one.
    pub expr: Options,
}

/// A condition that was tried.
#[derive(Clone, Debug, PartialEq)]
pub struct Tried {
    /// How it came to its value.
    pub trace: Trace,
    /// What it reads of the object.
    pub reads: PathTrie,
    /// How long the evaluation took, in microseconds.
    pub took_us: u64,
}

impl Explained {
    /// Evaluates another condition on the object, as the engine would. Blocks for as long as that
    /// takes.
    ///
    /// # Errors
    /// What the compiler says, with the place, in several lines.
    pub fn attempt(&self, source: &str) -> Result<Tried, String> {
        let program = Program::compile(source, &self.expr).map_err(|error| error.render())?;
        let env = environment(&self.variable, &self.object);
        let started = Instant::now();
        // Only the result is timed, as the engine gets it: a trace costs more.
        let _ = program.eval(&env);
        let took_us = u64::try_from(started.elapsed().as_micros()).unwrap_or(u64::MAX);
        Ok(Tried {
            trace: program.trace(&env),
            reads: program
                .reads()
                .get(&self.variable)
                .cloned()
                .unwrap_or_default(),
            took_us,
        })
    }
}

impl Reconciler {
    /// Carries out [`Command::Explain`](super::Command::Explain).
    pub(super) fn explain(&self, ticket: Ticket, key: &ResourceKey) {
        let inspection = match self.inspect(key) {
            Ok(Reply::Inspection(inspection)) => inspection,
            Ok(_) => return,
            Err(error) => {
                self.bus.done(Done {
                    ticket,
                    result: Err(error),
                });
                return;
            }
        };
        let (Some(view), Some(number)) = (self.view.clone(), self.watch_of(key)) else {
            return;
        };
        let variable = self.options.watches[number].variable.clone();
        let expr = self.options.expr.clone();
        let (cluster, inputs, key) = (self.cluster.clone(), self.inputs.clone(), key.clone());
        self.tasks.spawn(async move {
            let result = match get_object(&cluster, &key).await {
                Ok(object) => {
                    let made = tokio::task::spawn_blocking(move || {
                        explained(&object, &inspection, &view.catalog, variable, expr)
                    });
                    match made.await {
                        Ok(made) => made.map(|made| Reply::Explained(Arc::new(made))),
                        Err(_) => Err(CommandError::Failed("the evaluation was cut short".into())),
                    }
                }
                Err(error) => Err(CommandError::Failed(error.to_string())),
            };
            // Nobody listens any more when the engine has ended.
            let _ = inputs.send(Input::Done(Done { ticket, result })).await;
        });
    }
}

fn explained(
    object: &LeanObject,
    inspection: &Inspection,
    catalog: &Catalog,
    variable: String,
    expr: Options,
) -> Result<Explained, CommandError> {
    let value = object
        .value()
        .map_err(|error| CommandError::Failed(format!("{}: {error}", object.key)))?;
    let env = environment(&variable, &value);
    let mut traces = Vec::new();
    let mut reads = Vec::new();
    for trigger in &inspection.triggers {
        let configured = catalog.triggers.get(&trigger.name);
        let conditions = configured.map(|trigger| trigger.conditions.as_slice());
        // The configuration may have changed since the decision: only what is still the same is
        // traced, so that trace and decision always belong together.
        let same = trigger
            .conditions
            .iter()
            .zip(conditions.unwrap_or_default())
            .take_while(|(decided, condition)| decided.when == condition.when);
        let same: Vec<&Condition> = same.map(|(_, condition)| condition).collect();
        traces.push(same.iter().map(|c| trace(c, &env)).collect());
        reads.push(same.iter().map(|c| paths(c, &variable)).collect());
    }
    let yaml = crate::yaml::emit(&value).into();
    Ok(Explained {
        explanation: Explanation {
            inspection: inspection.clone(),
            traces,
        },
        reads,
        yaml,
        resource_version: object.resource_version.clone(),
        object: Arc::new(value),
        variable,
        expr,
    })
}

/// How a condition comes to its value.
pub(super) fn trace(condition: &Condition, env: &Env<'_>) -> ConditionTrace {
    let when = condition.when_program.trace(env);
    let once_per = condition.once_per.as_ref();
    let once_per = once_per.filter(|_| when.truth == Some(true));
    ConditionTrace {
        once_per: once_per.map(|(_, program)| program.trace(env)),
        when,
    }
}

/// What a condition reads of the object.
fn paths(condition: &Condition, variable: &str) -> PathTrie {
    let programs = std::iter::once(&condition.when_program)
        .chain(condition.once_per.iter().map(|(_, program)| program));
    let mut paths = PathTrie::default();
    for program in programs {
        if let Some(read) = program.reads().get(variable) {
            paths.merge(read);
        }
    }
    paths
}
