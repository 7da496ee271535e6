//! The engine's log lines, in the original's words.
//!
//! Texts, levels and the field `resource` are those of the original's controller, so that alerts and
//! dashboards made from its log go on working. At level info stands only what is new: what a look
//! found again is logged at level debug, except in the wording of 2022, which repeats everything.

use super::decide::{Action, ConditionPlan, Evaluation, Plan, TriggerPlan};
use super::options::Wording;
use crate::domain::{Destination, ResourceKey};
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use tracing::{debug, error, info, warn};

/// Writes the lines of one engine about one configuration.
#[derive(Clone, Debug)]
pub struct Log {
    wording: Wording,
    /// Namespace of the ConfigMap; empty when there is none.
    namespace: String,
    /// What is said was said before.
    again: bool,
}

impl Log {
    /// Lines in this wording, about the configuration in this namespace.
    pub fn new(wording: Wording, namespace: &str) -> Self {
        Self {
            wording,
            namespace: namespace.to_owned(),
            again: false,
        }
    }

    /// The same for a look; `news` says whether it found anything that the one before had not.
    pub fn about(&self, news: bool) -> Self {
        Self {
            again: !news && self.wording == Wording::Current,
            ..self.clone()
        }
    }

    fn suffix(&self) -> String {
        match self.wording {
            Wording::Current => {
                format!(" using the configuration in namespace {}", self.namespace)
            }
            Wording::Classic => String::new(),
        }
    }

    fn say(&self, resource: &ResourceKey, line: &str) {
        if self.again {
            debug!(resource = %resource, "{line}");
        } else {
            info!(resource = %resource, "{line}");
        }
    }

    fn complain(&self, resource: &ResourceKey, line: &str) {
        if self.again {
            debug!(resource = %resource, "{line}");
        } else {
            error!(resource = %resource, "{line}");
        }
    }

    /// The engine begins to work.
    pub fn running(&self) {
        warn!("Controller is running.");
    }

    /// The engine has ended.
    pub fn stopped(&self) {
        warn!("Controller has stopped.");
    }

    /// An object is looked at.
    pub fn start(&self, resource: &ResourceKey) {
        self.say(resource, "Start processing");
    }

    /// The look is over.
    pub fn completed(&self, resource: &ResourceKey) {
        self.say(resource, "Processing completed");
    }

    /// What a trigger evaluated to.
    pub fn trigger(&self, resource: &ResourceKey, trigger: &TriggerPlan) {
        let name = &trigger.name;
        if !trigger.configured {
            let suffix = self.suffix();
            let line = format!(
                "Failed to evaluate condition of trigger {name}: trigger '{name}' is not configured{suffix}"
            );
            self.complain(resource, &line);
            return;
        }
        for condition in &trigger.conditions {
            if let Evaluation::Error { message, .. } = &condition.evaluation {
                self.complain(
                    resource,
                    &format!("failed to execute when condition: {message}"),
                );
            }
            if let Some(message) = &condition.once_per_error {
                self.complain(
                    resource,
                    &format!("failed to execute oncePer condition: {message}"),
                );
            }
        }
        match self.wording {
            Wording::Current => {
                for condition in &trigger.conditions {
                    let verdict = if condition.evaluation == Evaluation::True {
                        "TRIGGERED"
                    } else {
                        "FAILED"
                    };
                    let line = format!(
                        "Trigger '{name}' {verdict} | revision: {} | templates: [{}]",
                        first_bytes(&condition.once_per, 8),
                        condition.templates.join(" "),
                    );
                    self.say(resource, &line);
                }
            }
            Wording::Classic => {
                let results: Vec<String> = trigger.conditions.iter().map(classic_result).collect();
                let line = format!("Trigger {name} result: [{}]", results.join(" "));
                self.say(resource, &line);
            }
        }
    }

    /// A notification that was sent before.
    pub fn already_sent(
        &self,
        resource: &ResourceKey,
        trigger: &str,
        condition: &str,
        to: &Destination,
    ) {
        let suffix = self.suffix();
        let line = format!(
            "Notification about condition '{trigger}.{condition}' already sent to '{to}'{suffix}"
        );
        self.say(resource, &line);
    }

    /// A notification is being sent.
    pub fn sending(
        &self,
        resource: &ResourceKey,
        trigger: &str,
        condition: &str,
        to: &Destination,
    ) {
        let suffix = self.suffix();
        info!(
            resource = %resource,
            "Sending notification about condition '{trigger}.{condition}' to '{to}'{suffix}"
        );
    }

    /// The end of what was notified of is being sent.
    pub fn resolving(
        &self,
        resource: &ResourceKey,
        trigger: &str,
        condition: &str,
        to: &Destination,
    ) {
        let suffix = self.suffix();
        info!(
            resource = %resource,
            "Sending notification that condition '{trigger}.{condition}' is resolved to '{to}'{suffix}"
        );
    }

    /// A notification arrived.
    pub fn sent(&self, resource: &ResourceKey, to: &Destination) {
        let suffix = self.suffix();
        debug!(resource = %resource, "Notification {} was sent{suffix}", to.recipient);
    }

    /// A notification could not be delivered.
    pub fn failed(&self, resource: &ResourceKey, to: &Destination, cause: &str) {
        let suffix = self.suffix();
        let line = format!(
            "Failed to notify recipient {to} defined in resource {resource}: {cause}{suffix}"
        );
        self.complain(resource, &line);
    }

    /// The notified state could not be written.
    pub fn patch_failed(&self, resource: &ResourceKey, cause: &str) {
        error!(resource = %resource, "Failed to patch resource: {cause}");
    }
}

/// Hash of what the log says about a look.
pub fn told<'n>(plan: &Plan, notes: impl Iterator<Item = &'n String>) -> u64 {
    let mut hasher = DefaultHasher::new();
    for note in notes {
        note.hash(&mut hasher);
    }
    for trigger in &plan.triggers {
        (&trigger.name, trigger.configured).hash(&mut hasher);
        for condition in &trigger.conditions {
            let evaluation = &condition.evaluation;
            std::mem::discriminant(evaluation).hash(&mut hasher);
            if let Evaluation::Error { message, .. } = evaluation {
                message.hash(&mut hasher);
            }
            (&condition.once_per, &condition.once_per_error).hash(&mut hasher);
            for step in &condition.steps {
                step.state_key.hash(&mut hasher);
                std::mem::discriminant(&step.action).hash(&mut hasher);
                if let Action::Impossible(reason) = &step.action {
                    reason.hash(&mut hasher);
                }
            }
        }
    }
    hasher.finish()
}

/// `{<key> <oncePer> [<templates>] <bool>}`.
fn classic_result(condition: &ConditionPlan) -> String {
    format!(
        "{{{} {} [{}] {}}}",
        condition.key,
        condition.once_per,
        condition.templates.join(" "),
        condition.evaluation == Evaluation::True
    )
}

/// At most `limit` bytes from the start, cut between characters.
fn first_bytes(text: &str, limit: usize) -> &str {
    let mut end = text.len().min(limit);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    &text[..end]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::ConditionKey;

    #[test]
    fn classic_results_read_as_in_2022() {
        let condition = ConditionPlan {
            key: ConditionKey::of(0, "pod.status.phase in ['Running']"),
            evaluation: Evaluation::True,
            once_per: String::new(),
            once_per_error: None,
            templates: ["pod-ready".to_owned()].into(),
            resolved: [].into(),
            timing: Default::default(),
            steps: Vec::new(),
        };
        assert_eq!(
            classic_result(&condition),
            "{[0].jS5fTrIQi8Q4Q5uceLlcAF3t4Go  [pod-ready] true}"
        );
    }

    #[test]
    fn revisions_are_cut_at_eight_bytes() {
        assert_eq!(first_bytes("3f2c8a9d11", 8), "3f2c8a9d");
        assert_eq!(first_bytes("abcdefgéh", 8), "abcdefg");
    }
}
