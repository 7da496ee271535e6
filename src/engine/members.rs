//! The resources that are subscribed to one condition, with how it fares for each of them. Done in
//! small steps between the engine's other work, from the same decision that the workers use. Called
//! by `obey`.

use super::clock::now_ms;
use super::command::{CommandError, Done, Reply, Ticket};
use super::decide::{Action, ConditionPlan, Evaluation};
use super::event::CatalogView;
use super::plan::Plan;
use super::reconcile::{Input, Reconciler};
use super::survey::called;
use crate::domain::ResourceKey;
use std::sync::Arc;

/// Resources that are looked at before anything else gets its turn.
const STEP: usize = 100;

/// Resources that are told one by one; further ones are only counted.
const MOST: usize = 10_000;

/// How a condition fares for one resource.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Fares {
    /// It could not be evaluated, gave no boolean, or its trigger has no condition in force: why.
    Fails(String),
    /// It is true.
    Holds,
    /// It is false.
    NotTrue,
}

/// One resource that is subscribed to the condition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Member {
    /// Which.
    pub key: ResourceKey,
    /// How it fares.
    pub fares: Fares,
    /// Since when it is true, as far as that is known, in milliseconds since 1970: see
    /// [`ConditionSurvey::since_ms`](super::ConditionSurvey::since_ms).
    pub since_ms: Option<i64>,
    /// Deliveries under way, held ones included.
    pub sending: u64,
    /// Deliveries that were given up.
    pub given_up: u64,
    /// Destinations that were told.
    pub told: u64,
}

/// The resources of one condition.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Members {
    /// When the last one was looked at, in milliseconds since 1970.
    pub at_ms: i64,
    /// How long it took, in milliseconds.
    pub took_ms: i64,
    /// The resources: first those for which it fails, then those for which it is true, then the
    /// others; each by name.
    pub members: Vec<Member>,
    /// Further resources.
    pub more: u64,
}

/// The members that are being looked for.
pub struct MembersRun {
    ticket: Ticket,
    trigger: String,
    index: Option<usize>,
    began_ms: i64,
    left: Vec<ResourceKey>,
    members: Vec<Member>,
    more: u64,
}

impl Reconciler {
    /// Begins to look for the members of a condition; without a place, of a trigger that has no
    /// condition in force.
    pub(super) fn members(&mut self, ticket: Ticket, trigger: String, index: Option<usize>) {
        if let Err(error) = self.current_view() {
            return self.answer(ticket, Err(error));
        }
        self.on_members(Box::new(MembersRun {
            ticket,
            trigger,
            index,
            began_ms: now_ms(),
            left: self.store.keys().cloned().collect(),
            members: Vec::new(),
            more: 0,
        }));
    }

    /// Goes on looking.
    pub(super) fn on_members(&mut self, mut run: Box<MembersRun>) {
        for _ in 0..STEP {
            let Some(key) = run.left.pop() else { break };
            for (view, looked) in self.decide_all(&key, false).unwrap_or_default() {
                run.look(&view, &key, &looked.plan);
            }
        }
        if run.left.is_empty() {
            let ticket = run.ticket;
            let result: Result<Reply, CommandError> = Ok(Reply::Members(Arc::new(run.end())));
            return self.on_done(Done { ticket, result });
        }
        let inputs = self.inputs.clone();
        self.tasks.spawn(async move {
            // Nobody listens any more when the engine has ended.
            let _ = inputs.send(Input::Members(run)).await;
        });
    }
}

impl MembersRun {
    fn look(&mut self, view: &CatalogView, key: &ResourceKey, plan: &Plan) {
        for trigger in &plan.triggers {
            if called(view, &trigger.name) != self.trigger {
                continue;
            }
            let Some(index) = self.index else {
                if trigger.conditions.is_empty() {
                    let why = if trigger.configured {
                        "the trigger has no conditions that are in force"
                    } else {
                        "the trigger is not configured"
                    };
                    self.add(Member {
                        key: key.clone(),
                        fares: Fares::Fails(why.to_owned()),
                        since_ms: None,
                        sending: 0,
                        given_up: 0,
                        told: 0,
                    });
                }
                continue;
            };
            let mut conditions = trigger.conditions.iter();
            if let Some(condition) = conditions.find(|c| c.key.index == index) {
                self.add(member(key, condition));
            }
        }
    }

    fn add(&mut self, member: Member) {
        // What is false is what one looks for least.
        if member.fares == Fares::NotTrue && self.members.len() >= MOST {
            self.more += 1;
        } else {
            self.members.push(member);
        }
    }

    fn end(mut self) -> Members {
        self.members
            .sort_by(|a, b| rank(a).cmp(&rank(b)).then_with(|| a.key.cmp(&b.key)));
        self.more += self.members.len().saturating_sub(MOST) as u64;
        self.members.truncate(MOST);
        let at_ms = now_ms();
        Members {
            at_ms,
            took_ms: at_ms.saturating_sub(self.began_ms).max(0),
            members: self.members,
            more: self.more,
        }
    }
}

fn rank(member: &Member) -> u8 {
    match member.fares {
        Fares::Fails(_) => 0,
        Fares::Holds => 1,
        Fares::NotTrue => 2,
    }
}

fn member(key: &ResourceKey, condition: &ConditionPlan) -> Member {
    let fares = match &condition.evaluation {
        Evaluation::True => Fares::Holds,
        Evaluation::False => Fares::NotTrue,
        Evaluation::NotBoolean(type_name) => {
            Fares::Fails(format!("gives {type_name}, not true or false"))
        }
        Evaluation::Error { message, .. } => Fares::Fails(message.clone()),
    };
    let count = |wanted: fn(&Action) -> bool| {
        let steps = condition.steps.iter();
        steps.filter(|step| wanted(&step.action)).count() as u64
    };
    Member {
        key: key.clone(),
        fares,
        since_ms: true_since_ms(condition),
        sending: count(|action| matches!(action, Action::Sending | Action::Held)),
        given_up: count(|action| matches!(action, Action::GivenUp { .. })),
        told: count(|action| matches!(action, Action::AlreadySent { .. } | Action::Remind { .. })),
    }
}

/// Since when a condition is true, as far as that is known: from the clock of its `for`, else from
/// the time at which it was told first.
pub(super) fn true_since_ms(condition: &ConditionPlan) -> Option<i64> {
    if condition.evaluation != Evaluation::True {
        return None;
    }
    let told = condition.steps.iter().filter_map(|step| match step.action {
        Action::AlreadySent { at } | Action::Remind { at } => Some(at.saturating_mul(1000)),
        _ => None,
    });
    condition.timing.since_ms.or_else(|| told.min())
}
