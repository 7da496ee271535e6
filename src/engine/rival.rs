//! Signs of an engine that uses no Lease, such as the original, in the objects of the first lists.
//!
//! The API server remembers who wrote an annotation last. Where another field manager has written
//! the notified state a short while ago, another engine is probably at work, and two of them would
//! send everything twice. An engine with somebody at its keyboard (one that may not go on without a
//! Lease by itself either) then observes until it is told otherwise; one without goes on and warns.
//! Looked for once, when the engine starts.

use super::event::WatchPhase;
use super::observe::Watching;
use super::options::LeaseUse;
use super::reconcile::Reconciler;
use crate::cluster::{FIELD_MANAGER, LeanObject};
use crate::domain::{Mode, ResourceKey, Severity};
use jiff::{SignedDuration, Timestamp};

/// How long what another engine wrote counts as a sign of it.
const FRESH: SignedDuration = SignedDuration::from_mins(10);

/// Somebody else wrote the notified state of an object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sighting {
    /// The name that the writer gave itself.
    pub manager: String,
    /// When.
    pub at: Timestamp,
    /// Of which object.
    pub resource: ResourceKey,
}

impl Sighting {
    /// What the object tells about the writer of this annotation, as of `now`.
    pub fn of(object: &LeanObject, annotation: &str, now: Timestamp) -> Option<Self> {
        object.annotations.get(annotation)?;
        let writer = object.annotation_manager(annotation)?;
        let at = writer.time?;
        // A clock that is ahead of ours makes no difference: what is said to be in the future is new.
        let fresh = now.duration_since(at) < FRESH;
        (fresh && writer.manager != FIELD_MANAGER).then(|| Self {
            manager: writer.manager,
            at,
            resource: object.key.clone(),
        })
    }

    fn text(&self) -> String {
        format!(
            "another engine may be at work: {} wrote the notified state of {} at {}",
            self.manager,
            self.resource.qualified(),
            self.at.strftime("%H:%M:%S UTC"),
        )
    }
}

/// What is known of other engines.
#[derive(Debug)]
pub struct Rivals {
    /// Whether the first lists are still being read.
    looking: bool,
    /// The latest sign.
    seen: Option<Sighting>,
    /// Why the engine observes, when that is because of a sign.
    reason: Option<String>,
}

impl Default for Rivals {
    fn default() -> Self {
        Self {
            looking: true,
            seen: None,
            reason: None,
        }
    }
}

impl Rivals {
    /// Whether the first lists are still being read.
    pub fn is_looking(&self) -> bool {
        self.looking
    }

    /// Why the engine observes, when that is because of another one.
    pub fn reason(&self) -> Option<&str> {
        self.reason.as_deref()
    }

    /// Keeps a sign if it is the latest.
    pub fn note(&mut self, sighting: Sighting) {
        let newer = |seen: &Sighting| sighting.at > seen.at;
        if self.looking && self.seen.as_ref().is_none_or(newer) {
            self.seen = Some(sighting);
        }
    }
}

impl Reconciler {
    /// Whether a sign of another engine makes this one observe.
    fn yields(&self) -> bool {
        let LeaseUse::On { without_right, .. } = &self.options.lease else {
            return false;
        };
        !without_right
    }

    /// Whether nothing may be sent yet because the first lists are still being read for signs.
    pub(super) fn waits_for_rivals(&self) -> bool {
        self.rivals.looking && self.yields()
    }

    /// The operator said which mode is meant: signs count no more.
    pub(super) fn overrule_rivals(&mut self) {
        self.rivals = Rivals {
            looking: false,
            seen: None,
            reason: None,
        };
    }

    /// Draws the conclusion when the first lists have just been completed. A kind that can't be
    /// listed is not waited for, except while there is no connection at all.
    pub(super) fn judge_rivals(&mut self) {
        let settled = |watching: &Watching| {
            watching.status.phase != WatchPhase::Listing && !watching.is_cut_off()
        };
        if !self.rivals.looking || !self.watching.iter().all(settled) {
            return;
        }
        self.rivals.looking = false;
        if let Some(sighting) = self.rivals.seen.take()
            && self.wanted == Mode::Active
        {
            let text = sighting.text();
            let help = if self.yields() {
                self.wanted = Mode::Observe;
                self.rivals.reason = Some(text.clone());
                "nothing is sent from here; set the mode to active when the other one is stopped"
            } else {
                "both send: stop one of them, or nobody knows who is told twice"
            };
            self.notice(
                Severity::Warning,
                text,
                help.to_owned(),
                Some(sighting.resource),
            );
        }
        self.settle_mode();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::Kind;
    use std::sync::Arc;

    const ANNOTATION: &str = "notified.notifications.argoproj.io";

    fn pod(manager: &str, time: &str) -> LeanObject {
        let text = serde_json::json!({"metadata": {
            "name": "web-1", "namespace": "shop", "annotations": {ANNOTATION: "{}"},
            "managedFields": [{
                "manager": manager, "operation": "Update", "time": time,
                "fieldsV1": {"f:metadata": {"f:annotations": {format!("f:{ANNOTATION}"): {}}}},
            }],
        }});
        LeanObject::parse(&Arc::new(Kind::pod()), &text.to_string()).unwrap()
    }

    #[test]
    fn only_what_others_wrote_a_short_while_ago_is_a_sign() {
        let now: Timestamp = "2026-01-01T12:00:00Z".parse().unwrap();
        let sign = |manager, time| {
            let sighting = Sighting::of(&pod(manager, time), ANNOTATION, now);
            sighting.map(|sighting| sighting.manager)
        };
        let other = Some("notifications-controller".to_owned());
        for (manager, time, expected) in [
            ("notifications-controller", "2026-01-01T11:50:01Z", &other),
            ("notifications-controller", "2026-01-01T11:50:00Z", &None),
            ("notifications-controller", "2026-01-01T12:03:00Z", &other),
            (FIELD_MANAGER, "2026-01-01T11:59:59Z", &None),
        ] {
            assert_eq!(sign(manager, time), *expected, "{manager} {time}");
        }
        let without = LeanObject {
            annotations: Default::default(),
            ..pod("notifications-controller", "2026-01-01T12:00:00Z")
        };
        assert_eq!(Sighting::of(&without, ANNOTATION, now), None);
    }

    #[test]
    fn the_latest_sign_is_the_one_that_is_told() {
        let now: Timestamp = "2026-01-01T12:00:00Z".parse().unwrap();
        let mut rivals = Rivals::default();
        for (manager, time) in [
            ("one", "2026-01-01T11:55:00Z"),
            ("two", "2026-01-01T11:58:03Z"),
            ("three", "2026-01-01T11:57:00Z"),
        ] {
            rivals.note(Sighting::of(&pod(manager, time), ANNOTATION, now).unwrap());
        }
        let text = rivals.seen.unwrap().text();
        assert_eq!(
            text,
            "another engine may be at work: two wrote the notified state of pod/shop/web-1 at \
             11:58:03 UTC"
        );
    }
}
