//! Marking what is true of an object as sent, because somebody asks for it. Called by `obey`; what
//! is marked by itself, when a condition is first seen, is decided in `hold`.

use super::command::{CommandError, Reply};
use super::decide::Action;
use super::obey::by_hand;
use super::reconcile::Reconciler;
use crate::domain::{Cause, ResourceKey};

impl Reconciler {
    /// Writes the entries of what is true and was not sent (or was given up), and sends nothing.
    /// What is on its way is not stopped by it.
    pub(super) fn baseline(
        &mut self,
        key: &ResourceKey,
        keys: Option<&[String]>,
    ) -> Result<Reply, CommandError> {
        self.needs_active("marking as sent")?;
        self.current_view()?;
        let not_found = || CommandError::NotFound(format!("a subscribed resource {key}"));
        let parts = self.decide_all(key, false).ok_or_else(not_found)?;
        let mut marked = Vec::new();
        for (view, looked) in &parts {
            for trigger in &looked.plan.triggers {
                for condition in &trigger.conditions {
                    for step in &condition.steps {
                        let open = matches!(step.action, Action::Send | Action::GivenUp { .. });
                        let wanted = keys.is_none_or(|keys| keys.contains(&step.state_key));
                        if !open || !wanted {
                            continue;
                        }
                        let cause = Cause::Resend;
                        let name = &trigger.name;
                        if let Some(new) =
                            self.new_delivery(view, key, name, condition, step, cause)
                        {
                            marked.push(step.state_key.clone());
                            self.mark_as_sent(key, by_hand(new), "marked as sent by hand");
                        }
                    }
                }
            }
        }
        if !marked.is_empty() {
            if let Some(tracked) = self.store.get_mut(key) {
                tracked.cleared = false;
                tracked.patch_after = None;
            }
            self.write_state(key);
            self.tell_row(key, None);
        }
        Ok(Reply::Marked { keys: marked })
    }
}
