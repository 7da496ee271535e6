//! The notified state of an object was wiped by somebody else.
//!
//! That is how people have things sent again, and it is what tools do that replace all annotations
//! of an object. The first time counts as meant; a second time within a short while is a tool at
//! work, and what was known is put back.

use super::clock::now_ms;
use super::ledger::Mark;
use super::options::OnStateLost;
use super::reconcile::Reconciler;
use super::store::Wipes;
use crate::cluster::{FIELD_MANAGER, managers};
use crate::domain::{Mode, NotifiedState, ResourceKey, Severity, is_timing};
use std::time::Duration;
use tokio::time::Instant;

/// A wipe within this long after another one, in milliseconds, is not meant.
const SOON_MS: i64 = 10 * 60 * 1000;

/// Longest wait before state that is wiped again and again is written once more.
const LONGEST_WAIT: Duration = Duration::from_secs(300);

impl Wipes {
    /// Counts one more.
    fn count(&mut self, now_ms: i64) -> u32 {
        let soon = self.last_ms != 0 && now_ms.saturating_sub(self.last_ms) < SOON_MS;
        self.count = if soon {
            self.count.saturating_add(1)
        } else {
            1
        };
        self.last_ms = now_ms;
        self.count
    }
}

impl Reconciler {
    /// At the first look of this process at an object: compares its notified state with what the
    /// history says should stand there.
    pub(super) fn recall_state(&mut self, key: &ResourceKey, raw: Option<&str>) {
        if self.mode != Mode::Active {
            return;
        }
        let (Some(standing), Some(tracked)) = (&mut self.standing, self.store.get_mut(key)) else {
            return;
        };
        if tracked.tenure != 0 {
            return;
        }
        let uid = &*tracked.observed.uid;
        if let Some((last_ms, count)) = standing.wipes.remove(uid) {
            tracked.wipes = Wipes { last_ms, count };
        }
        let Some(sent) = standing.sent.remove(uid) else {
            return;
        };
        // What was taken over from an earlier run is known without it.
        let known = tracked.ledger.sending() > 0 || tracked.ledger.sent_keys().next().is_some();
        if tracked.state.tells_nothing() && !known {
            let lost: NotifiedState = sent.into_iter().collect();
            self.on_lost_state(key, &lost, raw.unwrap_or("{}"));
        }
    }

    /// The notified state of a tracked object has vanished, and not from here; `lost` is what it
    /// was, `raw` the object without it.
    pub(super) fn on_lost_state(&mut self, key: &ResourceKey, lost: &NotifiedState, raw: &str) {
        if self.mode != Mode::Active {
            return;
        }
        let policy = self.options.on_state_lost;
        let Some(tracked) = self.store.get_mut(key) else {
            return;
        };
        let now = now_ms();
        let count = tracked.wipes.count(now);
        if let Some(history) = self.history.clone() {
            let uid = tracked.observed.uid.to_string();
            self.tasks.spawn(async move {
                if let Err(error) = history.note_wipe(uid, now, count).await {
                    tracing::debug!("that a notified state was wiped was not recorded: {error}");
                }
            });
        }
        let restores = match policy {
            OnStateLost::Resend => false,
            OnStateLost::Restore => true,
            OnStateLost::RestoreSecond => count > 1,
        };
        let writer = last_writer(raw);
        if !restores {
            tracing::info!(
                resource = %key,
                "the notified state was wiped ({writer}): what is still true is sent again"
            );
            return;
        }
        for (entry, at) in lost.iter() {
            if is_timing(entry) {
                tracked.ledger.note(entry, Some(at), &tracked.state);
            } else if tracked.ledger.get(entry).is_none() {
                tracked.ledger.set(entry, Mark::Sent { id: None, at });
            }
        }
        let due = Instant::now() + pause(count);
        tracked.patch_after = Some(due);
        self.try_again(due, key);
        if count > 2 {
            tracing::debug!(resource = %key, "the notified state was wiped again and is put back");
            return;
        }
        let text = format!(
            "the notified state of {} was wiped{} ({writer}); it is put back, and nothing is sent \
             again",
            key.qualified(),
            if count > 1 {
                " twice within 10 minutes"
            } else {
                ""
            },
        );
        let help = "let that writer keep the annotations of others, or set onStateLost to resend \
                    if it is meant";
        self.notice(Severity::Warning, text, help.into(), Some(key.clone()));
    }
}

/// Who wrote the object last, for people. Who removes an annotation owns no field by that, so this
/// is the best guess that the API server allows; its times are whole seconds, so there can be
/// several.
fn last_writer(raw: &str) -> String {
    let others = managers(raw)
        .into_iter()
        .filter(|writer| writer.subresource.is_empty() && writer.manager != FIELD_MANAGER);
    let others: Vec<_> = others.collect();
    let Some(newest) = others.first().map(|writer| writer.time) else {
        return "its last writer is not known".to_owned();
    };
    let names: Vec<&str> = others
        .iter()
        .filter(|writer| writer.time == newest)
        .map(|writer| writer.manager.as_str())
        .collect();
    let at = newest.map(|at| format!(" at {}", at.strftime("%H:%M:%S UTC")));
    format!(
        "its last writer is {}{}",
        names.join(" or "),
        at.unwrap_or_default()
    )
}

/// How long what was wiped so often in a row stays unwritten: two who write against each other must
/// not keep the API server busy.
fn pause(count: u32) -> Duration {
    let doublings = count.saturating_sub(1).min(16);
    Duration::from_millis(500u64 << doublings).min(LONGEST_WAIT)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_wipes_in_quick_succession_count_together() {
        let mut wipes = Wipes::default();
        assert_eq!(wipes.count(1_000), 1);
        assert_eq!(wipes.count(1_000 + SOON_MS - 1), 2);
        assert_eq!(wipes.count(1_000 + 2 * SOON_MS - 2), 3);
        assert_eq!(wipes.count(1_000 + 3 * SOON_MS), 1);
    }

    #[test]
    fn the_pause_grows_to_its_limit() {
        assert_eq!(pause(1), Duration::from_millis(500));
        assert_eq!(pause(2), Duration::from_secs(1));
        assert_eq!(pause(u32::MAX), LONGEST_WAIT);
    }

    #[test]
    fn the_last_writer_is_neither_this_engine_nor_a_kubelet() {
        let writer = |manager: &str, subresource: &str, time: &str| {
            serde_json::json!({"manager": manager, "operation": "Update",
                               "subresource": subresource, "time": time})
        };
        let pod = serde_json::json!({"metadata": {"managedFields": [
            writer("kubectl-replace", "", "2026-01-01T00:00:02Z"),
            writer("kubelet", "status", "2026-01-01T00:00:03Z"),
            writer(FIELD_MANAGER, "", "2026-01-01T00:00:04Z"),
        ]}});
        assert_eq!(
            last_writer(&pod.to_string()),
            "its last writer is kubectl-replace at 00:00:02 UTC"
        );
        let same = serde_json::json!({"metadata": {"managedFields": [
            writer("one", "", "2026-01-01T00:00:02Z"),
            writer("two", "", "2026-01-01T00:00:02Z"),
            writer("three", "", "2026-01-01T00:00:01Z"),
        ]}});
        assert_eq!(
            last_writer(&same.to_string()),
            "its last writer is one or two at 00:00:02 UTC"
        );
        assert_eq!(last_writer("{}"), "its last writer is not known");
    }
}
