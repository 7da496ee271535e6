//! A Lease object (`coordination.k8s.io/v1`): reading it, and the next version of it.

use crate::domain::Kind;
use serde_json::{Map, Value, json};
use std::sync::Arc;
use std::time::Duration;

/// Set on the Lease by somebody who wants to have it: the present holder gives it to them.
const TAKEOVER: &str = "kubechime/takeover-by";

/// Set on a Lease that was given away before all that its holder had begun was over: by whom.
const UNSETTLED: &str = "kubechime/unsettled-by";

/// A holder may ask others to wait no longer than this for it to come back.
const LONGEST_DURATION: Duration = Duration::from_secs(300);

/// The kind `Lease`.
pub(super) fn lease_kind() -> Arc<Kind> {
    Arc::new(Kind {
        group: "coordination.k8s.io".into(),
        version: "v1".into(),
        kind: "Lease".into(),
        plural: "leases".into(),
        namespaced: true,
    })
}

/// A Lease as the server has it. Whatever else is in it (labels, owners) is kept when it is written.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct LeaseRecord(Value);

impl LeaseRecord {
    /// A Lease that does not exist yet.
    pub(super) fn new(namespace: &str, name: &str) -> Self {
        Self(json!({
            "apiVersion": "coordination.k8s.io/v1",
            "kind": "Lease",
            "metadata": {"name": name, "namespace": namespace},
            "spec": {},
        }))
    }

    pub(super) fn parse(text: &[u8]) -> Result<Self, String> {
        let value: Value = serde_json::from_slice(text).map_err(|error| error.to_string())?;
        if value
            .pointer("/metadata/name")
            .is_none_or(|name| !name.is_string())
        {
            return Err("a Lease without a name".to_owned());
        }
        Ok(Self(value))
    }

    pub(super) fn to_json(&self) -> String {
        self.0.to_string()
    }

    /// Whether the server has it: only then it has a version.
    pub(super) fn exists(&self) -> bool {
        self.0.pointer("/metadata/resourceVersion").is_some()
    }

    /// Who has it; empty when nobody.
    pub(super) fn holder(&self) -> &str {
        self.text("/spec/holderIdentity")
    }

    /// Who wants it; empty when nobody.
    pub(super) fn wanted_by(&self) -> &str {
        self.annotation(TAKEOVER)
    }

    /// Whether its last holder gave it away before all that it had begun was over.
    pub(super) fn is_unsettled(&self) -> bool {
        !self.annotation(UNSETTLED).is_empty()
    }

    fn annotation(&self, name: &str) -> &str {
        let annotations = self.0.pointer("/metadata/annotations");
        let value = annotations.and_then(|annotations| annotations.get(name));
        value.and_then(Value::as_str).unwrap_or_default()
    }

    /// How often it went from one holder to another: a number that only grows.
    pub(super) fn transitions(&self) -> u64 {
        let count = self.0.pointer("/spec/leaseTransitions");
        count.and_then(Value::as_u64).unwrap_or_default()
    }

    /// For how long a holder that does not renew it is to be waited for.
    pub(super) fn duration(&self, default: Duration) -> Duration {
        let seconds = self.0.pointer("/spec/leaseDurationSeconds");
        let seconds = seconds
            .and_then(Value::as_u64)
            .filter(|seconds| *seconds > 0);
        seconds
            .map_or(default, Duration::from_secs)
            .min(LONGEST_DURATION)
    }

    /// Whether two readings show the same claim: nothing was renewed, taken or asked for between.
    pub(super) fn is_same_claim(&self, other: &Self) -> bool {
        self.0.get("spec") == other.0.get("spec") && self.wanted_by() == other.wanted_by()
    }

    /// Held by `identity` from now on, or renewed when it was before.
    pub(super) fn held_by(&self, identity: &str, duration: Duration, now: &str) -> Self {
        let mut next = self.clone();
        let changes_hands = self.holder() != identity;
        let transitions = self.transitions() + u64::from(changes_hands && self.exists());
        if let Some(spec) = next.object("spec") {
            spec.insert("holderIdentity".into(), identity.into());
            spec.insert(
                "leaseDurationSeconds".into(),
                whole_seconds(duration).into(),
            );
            spec.insert("renewTime".into(), now.into());
            if changes_hands {
                spec.insert("acquireTime".into(), now.into());
                spec.insert("leaseTransitions".into(), transitions.into());
            }
        }
        next.annotate(TAKEOVER, None);
        next.annotate(UNSETTLED, None);
        next
    }

    /// Held by nobody; `settled` says whether all that was begun is over.
    pub(super) fn released(&self, settled: bool, now: &str) -> Self {
        let mut next = self.clone();
        let holder = self.holder().to_owned();
        next.annotate(UNSETTLED, (!settled).then_some(holder.as_str()));
        if let Some(spec) = next.object("spec") {
            spec.insert("holderIdentity".into(), "".into());
            spec.insert("leaseDurationSeconds".into(), 1.into());
            spec.insert("renewTime".into(), now.into());
        }
        next
    }

    /// As it is, with the wish to have it.
    pub(super) fn asked_for_by(&self, identity: &str) -> Self {
        let mut next = self.clone();
        next.annotate(TAKEOVER, Some(identity));
        next
    }

    fn annotate(&mut self, name: &str, value: Option<&str>) {
        let Some(metadata) = self.object("metadata") else {
            return;
        };
        match value {
            Some(value) => {
                let annotations = metadata.entry("annotations").or_insert_with(|| json!({}));
                if let Some(annotations) = annotations.as_object_mut() {
                    annotations.insert(name.into(), value.into());
                }
            }
            None => {
                let annotations = metadata
                    .get_mut("annotations")
                    .and_then(Value::as_object_mut);
                if let Some(annotations) = annotations {
                    annotations.remove(name);
                }
            }
        }
    }

    fn object(&mut self, member: &str) -> Option<&mut Map<String, Value>> {
        let whole = self.0.as_object_mut()?;
        whole
            .entry(member)
            .or_insert_with(|| json!({}))
            .as_object_mut()
    }

    fn text(&self, pointer: &str) -> &str {
        self.0
            .pointer(pointer)
            .and_then(Value::as_str)
            .unwrap_or_default()
    }
}

/// Rounded up: others must not give up on us too early.
fn whole_seconds(duration: Duration) -> u64 {
    let more = u64::from(duration.subsec_nanos() > 0);
    duration.as_secs().saturating_add(more).max(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: &str = "2026-01-01T00:00:00.000000Z";

    #[test]
    fn counts_holders_and_keeps_the_rest() {
        let text = br#"{"metadata":{"name":"l","resourceVersion":"3","labels":{"a":"b"}},"spec":{"holderIdentity":"x","leaseTransitions":4,"strategy":"y"}}"#;
        let lease = LeaseRecord::parse(text).unwrap();
        let taken = lease.held_by("me", Duration::from_secs(15), NOW);
        assert_eq!((taken.holder(), taken.transitions()), ("me", 5));
        let renewed = taken.held_by("me", Duration::from_secs(15), "later");
        assert_eq!(renewed.transitions(), 5);
        assert_eq!(renewed.text("/spec/acquireTime"), NOW);
        assert_eq!(renewed.text("/spec/strategy"), "y");
        assert_eq!(renewed.text("/metadata/labels/a"), "b");
        assert!(!renewed.is_same_claim(&taken));
        let first = LeaseRecord::new("ns", "l").held_by("me", Duration::from_secs(15), NOW);
        assert_eq!(first.transitions(), 0);
    }

    #[test]
    fn a_wish_is_a_new_claim_and_ends_with_the_taking() {
        let lease = LeaseRecord::new("ns", "l").held_by("x", Duration::from_secs(15), NOW);
        let wanted = lease.asked_for_by("me");
        assert_eq!((wanted.holder(), wanted.wanted_by()), ("x", "me"));
        assert!(!wanted.is_same_claim(&lease));
        let free = wanted.released(true, NOW);
        assert_eq!((free.holder(), free.wanted_by()), ("", "me"));
        assert_eq!(
            free.held_by("me", Duration::from_secs(15), NOW).wanted_by(),
            ""
        );
    }

    #[test]
    fn odd_leases_do_no_harm() {
        for text in ["{}", "[]", "x", r#"{"metadata":{"name":1}}"#] {
            assert!(LeaseRecord::parse(text.as_bytes()).is_err(), "{text}");
        }
        let odd = br#"{"metadata":{"name":"l","annotations":[]},"spec":[]}"#;
        let odd = LeaseRecord::parse(odd).unwrap();
        assert_eq!((odd.holder(), odd.transitions()), ("", 0));
        assert_eq!(
            odd.duration(Duration::from_secs(15)),
            Duration::from_secs(15)
        );
        let _ = odd
            .asked_for_by("me")
            .held_by("me", Duration::from_secs(1), NOW);
        let long = br#"{"metadata":{"name":"l"},"spec":{"leaseDurationSeconds":99999999}}"#;
        let long = LeaseRecord::parse(long).unwrap();
        assert_eq!(long.duration(Duration::from_secs(15)), LONGEST_DURATION);
    }
}
