//! What a write on a line reaches: the deliveries of a resend, the entries of a clearing.

use super::LineId;
use crate::domain::Destination;
use crate::engine::{ConditionResult, Decision, Inspection};

/// What a resend of a line (`None`: of everything) would send: trigger, place, where to.
pub fn sendable(
    inspection: &Inspection,
    line: Option<&LineId>,
) -> Vec<(String, usize, Destination)> {
    let mut found = Vec::new();
    for trigger in &inspection.triggers {
        for condition in &trigger.conditions {
            if condition.result != ConditionResult::True {
                continue;
            }
            for decision in &condition.decisions {
                if matches!(decision.decision, Decision::Impossible { .. }) {
                    continue;
                }
                if resends(line, &trigger.name, &decision.destination) {
                    let to = decision.destination.clone();
                    found.push((trigger.name.clone(), condition.key.index, to));
                }
            }
        }
    }
    found
}

/// A notification that is true and was not sent.
pub struct Unsent {
    /// The trigger.
    pub trigger: String,
    /// Place of the condition.
    pub index: usize,
    /// Where it would go.
    pub destination: Destination,
    /// The entry of the notified state that stands for it.
    pub state_key: String,
}

/// What marking a line (`None`: everything) as sent would keep from being sent.
pub fn unsent(inspection: &Inspection, line: Option<&LineId>) -> Vec<Unsent> {
    let mut found = Vec::new();
    for trigger in &inspection.triggers {
        for condition in &trigger.conditions {
            let index = condition.key.index;
            let open = condition.decisions.iter().filter(|decision| {
                let open = matches!(decision.decision, Decision::Send | Decision::GivenUp { .. });
                open && clears(line, &trigger.name, index, &decision.destination)
            });
            found.extend(open.map(|decision| Unsent {
                trigger: trigger.name.clone(),
                index,
                destination: decision.destination.clone(),
                state_key: decision.state_key.clone(),
            }));
        }
    }
    found
}

/// The entries of the notified state that stand for a line (`None`: all).
pub fn state_keys(inspection: &Inspection, line: Option<&LineId>) -> Vec<String> {
    let noted = |key: &String| inspection.notified.iter().any(|(noted, _)| noted == key);
    match line {
        None | Some(LineId::Note(_)) => {
            let keys = inspection.notified.iter().map(|(key, _)| key.clone());
            return keys.collect();
        }
        Some(LineId::Entry(key)) => return Some(key.clone()).filter(noted).into_iter().collect(),
        Some(_) => {}
    }
    let mut keys = Vec::new();
    for trigger in &inspection.triggers {
        for condition in &trigger.conditions {
            for decision in &condition.decisions {
                let index = condition.key.index;
                if clears(line, &trigger.name, index, &decision.destination)
                    && noted(&decision.state_key)
                {
                    keys.push(decision.state_key.clone());
                }
            }
        }
    }
    keys
}

/// Whether a resend of the line includes this: the engine resends whole triggers, or one
/// destination of a trigger.
fn resends(line: Option<&LineId>, name: &str, to: &Destination) -> bool {
    match line {
        None | Some(LineId::Note(_)) => true,
        Some(LineId::Entry(_)) => false,
        Some(LineId::Trigger(trigger) | LineId::Condition { trigger, .. }) => trigger == name,
        Some(LineId::Target {
            trigger,
            destination,
            ..
        }) => trigger == name && destination == to,
    }
}

/// Whether clearing the line includes this entry.
fn clears(line: Option<&LineId>, name: &str, place: usize, to: &Destination) -> bool {
    match line {
        None | Some(LineId::Note(_)) => true,
        Some(LineId::Entry(_)) => false,
        Some(LineId::Trigger(trigger)) => trigger == name,
        Some(LineId::Condition { trigger, index }) => trigger == name && *index == place,
        Some(LineId::Target {
            trigger,
            index,
            destination,
        }) => trigger == name && *index == place && destination == to,
    }
}
