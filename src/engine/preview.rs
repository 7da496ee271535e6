//! What another configuration would do to the objects there are: the blast radius of a draft.
//!
//! Both configurations decide about each object, with the same pure decision that the engine makes,
//! and what only one of them would do is an effect. Nothing is sent or written. The command line
//! asks for objects that it has listed, a running engine (`walk`) for those that it keeps.

use super::decide::{Look, Plan, decide};
use super::effects::effects;
use super::ledger::Ledger;
use super::look::environment;
pub use super::radius::{BlastRadius, Effect, EffectKind, Totals};
use super::store::{Interest, Observed};
use super::succession::{Carried, Succession, Successions};
use crate::catalog::{Catalog, Subscription};
use crate::cluster::{LeanObject, ProjectError};
use crate::domain::{NotifiedState, PathTrie, ResourceKey, notified_annotation};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Effects that are kept one by one; beyond it they are only counted.
const KEPT: u64 = 100_000;

/// Compares two configurations object by object.
#[derive(Clone, Debug)]
pub struct Comparison {
    live: Arc<Catalog>,
    draft: Arc<Catalog>,
    successions: Arc<Successions>,
    radius: BlastRadius,
    /// Effects that were kept, taken ones included.
    kept: u64,
}

/// An object and what is known about its notifications.
#[derive(Clone, Copy)]
pub(super) struct Known<'k> {
    pub(super) observed: &'k Observed,
    pub(super) state: &'k NotifiedState,
    pub(super) ledger: &'k Ledger,
    /// Name of the object in conditions.
    pub(super) variable: &'k str,
}

/// What both configurations decide about an object.
pub(super) struct Decided {
    pub(super) live: Plan,
    pub(super) draft: Plan,
}

impl Comparison {
    /// Compares the configuration in force with another.
    pub fn new(live: Arc<Catalog>, draft: Arc<Catalog>) -> Self {
        Self {
            successions: Arc::new(Successions::between(&live, &draft)),
            live,
            draft,
            radius: BlastRadius::default(),
            kept: 0,
        }
    }

    /// The configuration in force.
    pub(super) fn live(&self) -> &Arc<Catalog> {
        &self.live
    }

    /// The other one.
    pub(super) fn draft(&self) -> &Arc<Catalog> {
        &self.draft
    }

    /// Who succeeds whom.
    pub(super) fn successions(&self) -> &Arc<Successions> {
        &self.successions
    }

    /// The conditions whose state keys change.
    pub fn changed_keys(&self) -> &[Succession] {
        self.successions.changed()
    }

    /// Looks at an object as the server has it. `variable` is its name in conditions, `prefix` that
    /// of the annotations, without the slash.
    ///
    /// # Errors
    /// The object's JSON is damaged.
    pub fn object(
        &mut self,
        object: &LeanObject,
        variable: &str,
        prefix: &str,
    ) -> Result<(), ProjectError> {
        self.radius.objects = self.radius.objects.saturating_add(1);
        self.with_object(object, variable, prefix, |comparison, known, decided| {
            comparison.note(&object.key, known, decided);
        })
    }

    /// The entries of an object's notified state that are to be there before the other
    /// configuration is in force, so that it sends nothing again. The arguments are those of
    /// [`object`](Self::object).
    ///
    /// # Errors
    /// The object's JSON is damaged.
    pub fn carried(
        &mut self,
        object: &LeanObject,
        variable: &str,
        prefix: &str,
    ) -> Result<Vec<Carried>, ProjectError> {
        let mut found = Vec::new();
        self.with_object(object, variable, prefix, |comparison, known, decided| {
            found = comparison.carry(known, decided);
        })?;
        Ok(found)
    }

    /// The entries that [`carried`](Self::carried) has added to an object, to be taken away again.
    ///
    /// # Errors
    /// The object's JSON is damaged.
    pub fn added(
        &mut self,
        object: &LeanObject,
        variable: &str,
        prefix: &str,
    ) -> Result<Vec<String>, ProjectError> {
        let mut found = Vec::new();
        self.with_object(object, variable, prefix, |comparison, known, decided| {
            found = comparison.take_back(known, decided);
        })?;
        Ok(found)
    }

    fn with_object(
        &mut self,
        object: &LeanObject,
        variable: &str,
        prefix: &str,
        mut then: impl FnMut(&mut Self, Known<'_>, &Decided),
    ) -> Result<(), ProjectError> {
        if !self.reaches(object, prefix) {
            return Ok(());
        }
        let interest = Interest {
            annotations: format!("{prefix}/"),
            notified: notified_annotation(prefix),
            paths: self.paths_read(variable),
            stamp: 0,
        };
        let observed = Observed::of(object, &interest)?;
        let (state, _) = NotifiedState::parse(&observed.notified);
        let known = Known {
            observed: &observed,
            state: &state,
            ledger: &Ledger::default(),
            variable,
        };
        if let Some(decided) = self.decide(known) {
            then(self, known, &decided);
        }
        Ok(())
    }

    /// Whether either configuration has a trigger for it.
    fn reaches(&self, object: &LeanObject, prefix: &str) -> bool {
        let start = format!("{prefix}/");
        object.annotations.keys().any(|key| key.starts_with(&start))
            || !self.live.subscriptions.is_empty()
            || !self.draft.subscriptions.is_empty()
    }

    /// What both configurations decide about an object of which enough is kept; `None` when neither
    /// has a trigger for it.
    pub(super) fn decide(&self, known: Known<'_>) -> Option<Decided> {
        let before = subscriptions(&self.live, known.observed);
        let after = subscriptions(&self.draft, known.observed);
        if before.is_empty() && after.is_empty() {
            return None;
        }
        // Cut from valid JSON by ourselves.
        let object = serde_json::from_slice(&known.observed.bytes).ok()?;
        let env = environment(known.variable, &object);
        let now_ms = super::clock::now_ms();
        let plan = |catalog: &Catalog, subscriptions: &BTreeMap<String, Vec<Subscription>>| {
            decide(&Look {
                env: &env,
                subscriptions,
                catalog,
                state: known.state,
                ledger: known.ledger,
                fingerprint: known.observed.fingerprint,
                now_ms,
                deleted: false,
            })
        };
        Some(Decided {
            live: plan(&self.live, &before),
            draft: plan(&self.draft, &after),
        })
    }

    /// Notes the effects on an object.
    pub(super) fn note(&mut self, key: &ResourceKey, known: Known<'_>, decided: &Decided) {
        self.radius.subscribed = self.radius.subscribed.saturating_add(1);
        let found = effects(key, decided, &self.successions, known);
        self.add(found);
    }

    /// See [`carried`](Self::carried).
    pub(super) fn carry(&self, known: Known<'_>, decided: &Decided) -> Vec<Carried> {
        let Decided { live, draft } = decided;
        self.successions
            .carried(live, draft, known.state, known.ledger)
    }

    /// See [`added`](Self::added).
    pub(super) fn take_back(&self, known: Known<'_>, decided: &Decided) -> Vec<String> {
        let Decided { live, draft } = decided;
        let added = self
            .successions
            .added(live, draft, known.state, known.ledger);
        added.into_iter().collect()
    }

    /// The paths that either configuration reads.
    pub(super) fn paths_read(&self, variable: &str) -> PathTrie {
        let mut paths = self.live.reads(variable);
        paths.merge(&self.draft.reads(variable));
        paths
    }

    fn add(&mut self, found: Vec<Effect>) {
        if found.is_empty() {
            return;
        }
        let radius = &mut self.radius;
        radius.affected = radius.affected.saturating_add(1);
        for effect in found {
            radius.totals.count(&effect.kind);
            let trigger = radius.by_trigger.entry(effect.trigger.clone()).or_default();
            trigger.count(&effect.kind);
            if let Some(destination) = &effect.destination {
                let totals = radius.by_destination.entry(destination.clone());
                totals.or_default().count(&effect.kind);
            }
            if self.kept < KEPT {
                self.kept += 1;
                radius.effects.push(effect);
            }
        }
    }

    /// So many objects were looked at, those without any trigger included.
    pub(super) fn looked_at(&mut self, objects: u64) {
        self.radius.objects = objects;
    }

    /// What was found so far; the effects only once each.
    pub(super) fn take_news(&mut self) -> BlastRadius {
        let effects = std::mem::take(&mut self.radius.effects);
        BlastRadius {
            effects,
            ..self.radius.clone()
        }
    }

    /// What was found so far.
    pub fn radius(&self) -> &BlastRadius {
        &self.radius
    }

    /// What was found.
    pub fn finish(self) -> BlastRadius {
        self.radius
    }
}

/// The triggers of an object with their destinations.
pub(super) fn subscriptions(
    catalog: &Catalog,
    observed: &Observed,
) -> BTreeMap<String, Vec<Subscription>> {
    catalog.destinations(&observed.labels, &observed.annotations, &mut Vec::new())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog::{BuildOptions, ConfigSource};
    use crate::domain::Kind;
    use crate::service::ServiceContext;
    use serde_json::{Value, json};

    const PREFIX: &str = "notifications.argoproj.io";

    fn catalog(trigger: &str) -> Catalog {
        let source = ConfigSource {
            namespace: "default".into(),
            found: true,
            data: BTreeMap::from(
                [
                    ("trigger.ready", trigger),
                    ("template.ready", "message: hi"),
                    ("service.webhook.hook", "url: http://127.0.0.1:9/"),
                ]
                .map(|(key, text)| (key.to_owned(), text.to_owned())),
            ),
            ..ConfigSource::default()
        };
        let options = BuildOptions::new(ServiceContext::default(), "default");
        Catalog::build(&source, None, &options)
    }

    fn pod(phase: &str, notified: &str) -> LeanObject {
        let mut annotations = json!({format!("{PREFIX}/subscribe.ready.hook"): ""});
        if !notified.is_empty() {
            annotations[format!("notified.{PREFIX}")] = Value::from(notified);
        }
        let object = json!({
            "metadata": {"name": "web", "namespace": "default", "uid": "u", "annotations": annotations},
            "status": {"phase": phase},
        });
        LeanObject::parse(&Arc::new(Kind::pod()), &object.to_string()).unwrap()
    }

    fn compare(live: &str, draft: &str, object: &LeanObject) -> Vec<EffectKind> {
        let (live, draft) = (catalog(live), catalog(draft));
        let mut comparison = Comparison::new(Arc::new(live), Arc::new(draft));
        comparison.object(object, "pod", PREFIX).unwrap();
        let radius = comparison.finish();
        assert_eq!(radius.objects, 1);
        assert_eq!(radius.affected, u64::from(!radius.effects.is_empty()));
        radius
            .effects
            .into_iter()
            .map(|effect| effect.kind)
            .collect()
    }

    const RUNNING: &str = "- when: pod.status.phase == 'Running'\n  send: [ready]\n";
    const KEY_OF_RUNNING: &str = "ready:[0].";

    /// The entry that the engine writes for the condition of a one-condition trigger.
    fn state_of(trigger: &str) -> String {
        let catalog = catalog(trigger);
        let key = &catalog.triggers["ready"].conditions[0].key;
        json!({format!("ready:{key}:hook:"): 1_700_000_000}).to_string()
    }

    #[test]
    fn the_same_configuration_has_no_effect() {
        assert_eq!(compare(RUNNING, RUNNING, &pod("Running", "")), []);
        let told = pod("Running", &state_of(RUNNING));
        assert_eq!(compare(RUNNING, RUNNING, &told), []);
    }

    #[test]
    fn what_becomes_true_is_sent() {
        let wider = "- when: pod.status.phase != ''\n  send: [ready]\n";
        assert_eq!(
            compare(RUNNING, wider, &pod("Pending", "")),
            [EffectKind::Sent]
        );
    }

    #[test]
    fn another_text_of_the_same_condition_sends_again() {
        let reworded = "- when: pod.status.phase in ['Running']\n  send: [ready]\n";
        let told = pod("Running", &state_of(RUNNING));
        let effects = compare(RUNNING, reworded, &told);
        let [EffectKind::SentAgain { before, after, at }] = effects.as_slice() else {
            panic!("{effects:?}");
        };
        assert!(before.starts_with(KEY_OF_RUNNING) && before != after);
        assert_eq!(*at, 1_700_000_000);
    }

    #[test]
    fn a_condition_that_moves_sends_again_under_its_new_index() {
        let moved = format!("- when: pod.status.phase == 'Failed'\n  send: [ready]\n{RUNNING}");
        let told = pod("Running", &state_of(RUNNING));
        let effects = compare(RUNNING, &moved, &told);
        assert!(
            matches!(effects.as_slice(), [EffectKind::SentAgain { after, .. }] if after.starts_with("ready:[1].")),
            "{effects:?}"
        );
    }

    #[test]
    fn a_narrower_condition_stops() {
        let narrower = "- when: pod.status.phase == 'Failed'\n  send: [ready]\n";
        let told = pod("Running", &state_of(RUNNING));
        assert_eq!(compare(RUNNING, narrower, &told), [EffectKind::Stopped]);
    }

    #[test]
    fn new_errors_and_missing_parts_are_told() {
        let failing = "- when: pod.status.missing.deeper == 1\n  send: [ready]\n";
        let effects = compare(RUNNING, failing, &pod("Running", ""));
        assert!(
            matches!(effects.as_slice(), [EffectKind::Error { .. }]),
            "{effects:?}"
        );
        let unknown = "- when: pod.status.phase == 'Running'\n  send: [other]\n";
        let effects = compare(RUNNING, unknown, &pod("Running", ""));
        assert!(
            matches!(effects.as_slice(), [EffectKind::Impossible { .. }]),
            "{effects:?}"
        );
    }

    /// A condition that is put before another one is new: nothing stands for it yet.
    #[test]
    fn a_condition_put_first_is_new_and_the_other_one_goes_on() {
        let first = format!("- when: pod.status.phase != ''\n  send: [ready]\n{RUNNING}");
        let told = pod("Running", &state_of(RUNNING));
        let effects = compare(RUNNING, &first, &told);
        let [
            EffectKind::Sent,
            EffectKind::SentAgain { before, after, .. },
        ] = effects.as_slice()
        else {
            panic!("{effects:?}");
        };
        assert!(before.starts_with("ready:[0].") && after.starts_with("ready:[1]."));
    }

    #[test]
    fn an_error_that_goes_away_is_told_and_harms_nobody() {
        let failing = "- when: pod.status.missing.deeper == 1\n  send: [ready]\n";
        let effects = compare(failing, RUNNING, &pod("Pending", ""));
        assert!(
            matches!(effects.as_slice(), [EffectKind::ErrorGone { .. }]),
            "{effects:?}"
        );
        let mut totals = Totals::default();
        totals.count(&effects[0]);
        assert!(totals.is_harmless() && !totals.is_empty());
    }

    fn with_once_per(once_per: &str) -> String {
        format!("{RUNNING}  oncePer: {once_per}\n")
    }

    /// Migrated, nothing is sent again; taken back, everything is as it was.
    #[test]
    fn carried_entries_are_what_is_not_sent_again() {
        let reworded = "- when: pod.status.phase in ['Running']\n  send: [ready]\n";
        let moved = format!("- when: pod.status.phase == 'Failed'\n  send: [ready]\n{RUNNING}");
        let by_uid = with_once_per("pod.metadata.uid");
        let by_name = with_once_per("pod.metadata.name");
        let plain = state_of(RUNNING);
        let once = plain.replace("ready:[0]", "u:ready:[0]");
        // Of an earlier revision: the condition is worth nothing now.
        let old = once.replace("u:ready", "earlier:ready");
        let both = format!("{},{}", &once[..once.len() - 1], &old[1..]);
        let reworded_by_uid = format!("{reworded}  oncePer: pod.metadata.uid\n");
        let cases = [
            (RUNNING, reworded, &plain, 1),
            (RUNNING, moved.as_str(), &plain, 1),
            (RUNNING, by_uid.as_str(), &plain, 1),
            (by_uid.as_str(), by_name.as_str(), &once, 1),
            (by_uid.as_str(), reworded_by_uid.as_str(), &both, 2),
            (RUNNING, RUNNING, &plain, 0),
        ];
        for (live, draft, notified, entries) in cases {
            let object = pod("Running", notified);
            let (live, draft) = (Arc::new(catalog(live)), Arc::new(catalog(draft)));
            let mut comparison = Comparison::new(live, draft);
            let carried = comparison.carried(&object, "pod", PREFIX).unwrap();
            assert_eq!(carried.len(), entries, "{carried:?}");
            let (mut state, _) = NotifiedState::parse(notified);
            for entry in &carried {
                assert_eq!(entry.at, 1_700_000_000);
                assert!(state.mark(&entry.after, entry.at));
            }
            let migrated = pod("Running", &state.to_json());
            comparison.object(&migrated, "pod", PREFIX).unwrap();
            assert_eq!(comparison.radius().effects, []);
            assert_eq!(comparison.carried(&migrated, "pod", PREFIX).unwrap(), []);
            for key in comparison.added(&migrated, "pod", PREFIX).unwrap() {
                assert!(state.clear(&key));
            }
            assert_eq!(state, NotifiedState::parse(notified).0);
        }
    }
}
