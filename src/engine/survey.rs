//! Counting over all subscribed resources: how every condition fares, and who is subscribed to
//! what. Done in small steps between the engine's other work, from the same decision that the
//! workers use. Called by `obey`.

use super::clock::now_ms;
use super::command::{CommandError, Done, Reply, Ticket};
use super::decide::{Action, Evaluation, unreachable_service};
use super::event::CatalogView;
use super::look::Looked;
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
    /// Name of the trigger.
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
    /// Name of the trigger.
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
    view: Arc<CatalogView>,
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
        let run = SurveyRun::new(ticket, view, self.store.keys().cloned().collect());
        self.on_survey(Box::new(run));
    }

    /// Goes on with a survey.
    pub(super) fn on_survey(&mut self, mut run: Box<SurveyRun>) {
        for _ in 0..STEP {
            let Some(key) = run.left.pop() else { break };
            let view = Arc::clone(&run.view);
            if let Some(looked) = self.decide(&view, &key) {
                run.count(&key, &looked);
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
    fn new(ticket: Ticket, view: Arc<CatalogView>, left: Vec<ResourceKey>) -> Self {
        let mut conditions = BTreeMap::new();
        for (name, trigger) in &view.catalog.triggers {
            for condition in &trigger.conditions {
                let index = Some(condition.key.index);
                let survey = ConditionSurvey {
                    trigger: name.clone(),
                    index,
                    configured: true,
                    when: condition.when.clone(),
                    ..ConditionSurvey::default()
                };
                conditions.insert((name.clone(), index), survey);
            }
        }
        let mut run = Self {
            ticket,
            began_ms: now_ms(),
            left,
            resources: 0,
            conditions,
            subscriptions: BTreeMap::new(),
            more_subscriptions: 0,
            view: Arc::clone(&view),
        };
        // Those that select nothing are worth knowing, too.
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
                    run.subscribed(trigger, destination, by, None);
                }
            }
        }
        run
    }

    fn subscribed(
        &mut self,
        trigger: &str,
        destination: &Destination,
        by: SubscribedBy,
        of: Option<&ResourceKey>,
    ) {
        let id = (trigger.to_owned(), destination.clone(), by);
        if self.subscriptions.len() >= MOST_SUBSCRIPTIONS && !self.subscriptions.contains_key(&id) {
            self.more_subscriptions += 1;
            return;
        }
        let catalog = &self.view.catalog;
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

    fn count(&mut self, key: &ResourceKey, looked: &Looked) {
        self.resources += 1;
        for (trigger, subscriptions) in &looked.subscriptions {
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
                self.subscribed(trigger, &subscription.destination, by, Some(key));
            }
        }
        for trigger in &looked.plan.triggers {
            if trigger.conditions.is_empty() {
                let id = (trigger.name.clone(), None);
                let entry = self.conditions.entry(id).or_default();
                entry.trigger.clone_from(&trigger.name);
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
                let id = (trigger.name.clone(), Some(condition.key.index));
                let entry = self.conditions.entry(id).or_default();
                match &condition.evaluation {
                    Evaluation::True => {
                        entry.holds += 1;
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
