//! Counting over all subscribed resources: how every condition fares, and who is subscribed to
//! what. Done in small steps between the engine's other work, from the same decision that the
//! workers use. Called by `obey`.

use super::clock::now_ms;
use super::command::{CommandError, Done, Reply, Ticket};
use super::decide::{Action, Evaluation, unreachable_service};
use super::event::CatalogView;
use super::look::Looked;
use super::members::true_since_ms;
use super::reconcile::{Input, Reconciler};
use crate::catalog::Origin;
use crate::domain::{Destination, ResourceKey};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Resources that are counted before anything else gets its turn.
const STEP: usize = 100;

/// Subscriptions that are told one by one; further ones are only counted.
const MOST_SUBSCRIPTIONS: usize = 5_000;

/// What was counted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Survey {
    /// When it ended, in milliseconds since 1970.
    pub at_ms: i64,
    /// How long it took, in milliseconds.
    pub took_ms: i64,
    /// Resources that were looked at.
    pub resources: u64,
    /// Every condition, sorted by trigger and place; a trigger without conditions has one entry.
    pub conditions: Vec<ConditionSurvey>,
    /// Every subscription, sorted by trigger and destination.
    pub subscriptions: Vec<SubscriptionSurvey>,
    /// Further subscriptions.
    pub more_subscriptions: u64,
}

/// One condition over all resources that are subscribed to it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ConditionSurvey {
    /// Name of the trigger; of one that a namespace has configured for itself, behind the name of the
    /// namespace and a colon, as in state keys.
    pub trigger: String,
    /// Place of the condition; `None` for a trigger that has none.
    pub index: Option<usize>,
    /// False when it is subscribed to but not configured.
    pub configured: bool,
    /// The `when` text.
    pub when: String,
    /// Resources for which it is true.
    pub holds: u64,
    /// Resources for which it is false.
    pub fails: u64,
    /// Resources for which it could not be evaluated, or gave no boolean.
    pub errors: u64,
    /// Deliveries under way.
    pub sending: u64,
    /// Deliveries that were given up.
    pub given_up: u64,
    /// The first error that was met.
    pub error: Option<(ResourceKey, String)>,
    /// Since when it has been true for the resource for which that is longest, as far as it is known,
    /// in milliseconds since 1970: from the clock of its `for`, else from when it was told.
    pub since_ms: Option<i64>,
    /// The same for the resource for which it became true last.
    pub latest_ms: Option<i64>,
    /// A resource for which it is true.
    pub example: Option<ResourceKey>,
}

/// Where a subscription comes from.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum SubscribedBy {
    /// Annotations of the resources.
    Annotation,
    /// The entry with this number (from 1) of the ConfigMap's key `subscriptions`, with its label
    /// selector (empty for every resource).
    Default {
        /// Its number.
        number: usize,
        /// Its selector.
        selector: String,
    },
}

/// One destination of one trigger over all resources.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SubscriptionSurvey {
    /// Name of the trigger, as in [`ConditionSurvey::trigger`].
    pub trigger: String,
    /// Where to.
    pub destination: Destination,
    /// From where.
    pub by: SubscribedBy,
    /// Resources; 0 for an entry of the ConfigMap that selects none.
    pub resources: u64,
    /// One of them.
    pub example: Option<ResourceKey>,
    /// Why nothing can come of it.
    pub problem: Option<String>,
}

/// A survey that is being made.
pub struct SurveyRun {
    ticket: Ticket,
    began_ms: i64,
    left: Vec<ResourceKey>,
    resources: u64,
    conditions: BTreeMap<(String, Option<usize>), ConditionSurvey>,
    subscriptions: BTreeMap<(String, Destination, SubscribedBy), SubscriptionSurvey>,
    more_subscriptions: u64,
}

impl Reconciler {
    /// Begins a survey.
    pub(super) fn survey(&mut self, ticket: Ticket) {
        let Some(view) = self.view.clone() else {
            let text = "the configuration is not known yet".to_owned();
            self.on_done(Done {
                ticket,
                result: Err(CommandError::Failed(text)),
            });
            return;
        };
        let teams = self.teams.views().map(Arc::clone);
        let views: Vec<Arc<CatalogView>> = teams.chain([view]).collect();
        let run = SurveyRun::new(ticket, &views, self.store.keys().cloned().collect());
        self.on_survey(Box::new(run));
    }

    /// Goes on with a survey.
    pub(super) fn on_survey(&mut self, mut run: Box<SurveyRun>) {
        for _ in 0..STEP {
            let Some(key) = run.left.pop() else { break };
            let parts = self.decide_all(&key, false).unwrap_or_default();
            run.resources += u64::from(!parts.is_empty());
            for (view, looked) in &parts {
                run.count(view, &key, looked);
            }
        }
        if run.left.is_empty() {
            let (ticket, survey) = run.end();
            self.on_done(Done {
                ticket,
                result: Ok(Reply::Survey(Arc::new(survey))),
            });
            return;
        }
        let inputs = self.inputs.clone();
        self.tasks.spawn(async move {
            // Nobody listens any more when the engine has ended.
            let _ = inputs.send(Input::Survey(run)).await;
        });
    }
}

impl SurveyRun {
    fn new(ticket: Ticket, views: &[Arc<CatalogView>], left: Vec<ResourceKey>) -> Self {
        let mut run = Self {
            ticket,
            began_ms: now_ms(),
            left,
            resources: 0,
            conditions: BTreeMap::new(),
            subscriptions: BTreeMap::new(),
            more_subscriptions: 0,
        };
        for view in views {
            run.add_configured(view);
        }
        run
    }

    /// Conditions and subscriptions that select nothing are worth knowing, too.
    fn add_configured(&mut self, view: &CatalogView) {
        for (name, trigger) in &view.catalog.triggers {
            for condition in &trigger.conditions {
                let index = Some(condition.key.index);
                let survey = ConditionSurvey {
                    trigger: called(view, name),
                    index,
                    configured: true,
                    when: condition.when.clone(),
                    ..ConditionSurvey::default()
                };
                self.conditions
                    .insert((survey.trigger.clone(), index), survey);
            }
        }
        for entry in &view.catalog.subscriptions {
            let triggers = if entry.triggers.is_empty() {
                &view.catalog.default_triggers
            } else {
                &entry.triggers
            };
            for trigger in triggers {
                for destination in &entry.recipients {
                    let by = SubscribedBy::Default {
                        number: entry.number,
                        selector: entry.selector.as_str().to_owned(),
                    };
                    self.subscribed(view, trigger, destination, by, None);
                }
            }
        }
    }

    fn subscribed(
        &mut self,
        view: &CatalogView,
        trigger: &str,
        destination: &Destination,
        by: SubscribedBy,
        of: Option<&ResourceKey>,
    ) {
        let id = (called(view, trigger), destination.clone(), by);
        if self.subscriptions.len() >= MOST_SUBSCRIPTIONS && !self.subscriptions.contains_key(&id) {
            self.more_subscriptions += 1;
            return;
        }
        let catalog = &view.catalog;
        let entry = self.subscriptions.entry(id).or_insert_with_key(|id| {
            let problem = if catalog.triggers.contains_key(trigger) {
                unreachable_service(catalog, &destination.service)
            } else {
                Some(format!("trigger '{trigger}' is not configured"))
            };
            SubscriptionSurvey {
                trigger: id.0.clone(),
                destination: id.1.clone(),
                by: id.2.clone(),
                resources: 0,
                example: None,
                problem,
            }
        });
        if let Some(key) = of {
            entry.resources += 1;
            entry.example.get_or_insert_with(|| key.clone());
        }
    }

    fn count(&mut self, view: &CatalogView, key: &ResourceKey, looked: &Looked) {
        for (trigger, subscriptions) in &looked.subscriptions {
            // What only the other configuration knows is counted there.
            if !looked
                .plan
                .triggers
                .iter()
                .any(|plan| plan.name == *trigger)
            {
                continue;
            }
            for subscription in subscriptions {
                let by = match &subscription.origin {
                    Origin::Annotation { .. } => SubscribedBy::Annotation,
                    Origin::Default {
                        number, selector, ..
                    } => SubscribedBy::Default {
                        number: *number,
                        selector: selector.to_string(),
                    },
                };
                self.subscribed(view, trigger, &subscription.destination, by, Some(key));
            }
        }
        for trigger in &looked.plan.triggers {
            if trigger.conditions.is_empty() {
                let id = (called(view, &trigger.name), None);
                let entry = self.conditions.entry(id).or_default();
                entry.trigger = called(view, &trigger.name);
                entry.configured = trigger.configured;
                entry.errors += 1;
                entry.error.get_or_insert_with(|| {
                    let text = if trigger.configured {
                        "it has no conditions that are in force"
                    } else {
                        "it is not configured"
                    };
                    (key.clone(), text.to_owned())
                });
            }
            for condition in &trigger.conditions {
                let id = (called(view, &trigger.name), Some(condition.key.index));
                let entry = self.conditions.entry(id).or_default();
                match &condition.evaluation {
                    Evaluation::True => {
                        entry.holds += 1;
                        if let Some(at) = true_since_ms(condition) {
                            entry.since_ms = Some(entry.since_ms.map_or(at, |since| since.min(at)));
                            entry.latest_ms = entry.latest_ms.max(Some(at));
                        }
                        entry.example.get_or_insert_with(|| key.clone());
                    }
                    Evaluation::False => entry.fails += 1,
                    Evaluation::NotBoolean(type_name) => {
                        entry.errors += 1;
                        let text = format!("gives {type_name}, not true or false");
                        entry.error.get_or_insert_with(|| (key.clone(), text));
                    }
                    Evaluation::Error { message, .. } => {
                        entry.errors += 1;
                        let met = || (key.clone(), message.clone());
                        entry.error.get_or_insert_with(met);
                    }
                }
                for step in &condition.steps {
                    match step.action {
                        Action::Sending => entry.sending += 1,
                        Action::GivenUp { .. } => entry.given_up += 1,
                        _ => {}
                    }
                }
            }
        }
    }

    fn end(self) -> (Ticket, Survey) {
        let at_ms = now_ms();
        let survey = Survey {
            at_ms,
            took_ms: at_ms.saturating_sub(self.began_ms).max(0),
            resources: self.resources,
            conditions: self.conditions.into_values().collect(),
            subscriptions: self.subscriptions.into_values().collect(),
            more_subscriptions: self.more_subscriptions,
        };
        (self.ticket, survey)
    }
}

/// The name of a trigger, with that of the namespace that has configured it for itself.
pub(super) fn called(view: &CatalogView, trigger: &str) -> String {
    match view.catalog.state_key_namespace() {
        Some(namespace) => format!("{namespace}:{trigger}"),
        None => trigger.to_owned(),
    }
}
