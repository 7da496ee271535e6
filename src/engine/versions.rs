//! Recording the versions of the ConfigMap that came into force, in the history.
//!
//! Called by the reconciler when a configuration is taken over and when one is applied from here. The
//! words for what a version changes are found in a task of their own: nobody waits for them.

use super::clock::now_ms;
use super::event::CatalogView;
use super::obey::operator;
use super::reconcile::Reconciler;
use crate::catalog::{Catalog, describe};
use crate::cluster::FIELD_MANAGER;
use crate::history::{ConfigPlace, NewVersion, VersionOrigin};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// How long an applied version is waited for before it counts as somebody else's.
const AWAITED: Duration = Duration::from_secs(120);

/// Statements that are kept of one version.
const STATEMENTS: usize = 200;

/// A version that was handed to the server.
pub(super) struct Applying {
    changes: BTreeMap<String, Option<String>>,
    effect: String,
    since: Instant,
}

impl Applying {
    /// Whether a ConfigMap with these texts is the applied one.
    fn is(&self, data: &BTreeMap<String, String>) -> bool {
        let mut changes = self.changes.iter();
        changes.all(|(key, text)| data.get(key) == text.as_ref())
    }
}

impl Reconciler {
    /// Something is being applied from here.
    pub(super) fn note_applying(
        &mut self,
        changes: &BTreeMap<String, Option<String>>,
        effect: &str,
    ) {
        self.applying.push(Applying {
            changes: changes.clone(),
            effect: effect.to_owned(),
            since: Instant::now(),
        });
    }

    /// A configuration is taken over: it is recorded, when its texts are new.
    pub(super) fn note_version(&mut self, before: Option<&CatalogView>, view: &CatalogView) {
        if before.is_some_and(|before| before.data == view.data && before.found == view.found) {
            return;
        }
        self.applying
            .retain(|applying| applying.since.elapsed() < AWAITED);
        let ours = self
            .applying
            .iter()
            .position(|applying| applying.is(&view.data));
        let ours = ours.map(|place| self.applying.swap_remove(place));
        let Some(history) = self.history.clone() else {
            return;
        };
        // A ConfigMap that was never there is no version.
        if before.is_none() && !view.found {
            return;
        }
        let last = view.meta.last_writer();
        let version = NewVersion {
            place: ConfigPlace {
                server: self.cluster.url(),
                namespace: view.namespace.clone(),
                name: view.name.clone(),
            },
            at_ms: now_ms(),
            resource_version: view.resource_version.clone(),
            origin: match (&ours, before) {
                (Some(_), _) => VersionOrigin::Applied,
                (None, Some(_)) => VersionOrigin::Foreign,
                (None, None) => VersionOrigin::Found,
            },
            actor: ours.as_ref().map(|_| operator()).unwrap_or_default(),
            // Times of field managers are whole seconds: which of two is the last is not certain.
            manager: match (&ours, last) {
                (Some(_), _) => FIELD_MANAGER.to_owned(),
                (None, Some(last)) => last.manager.clone(),
                (None, None) => String::new(),
            },
            effect: ours.map(|ours| ours.effect).unwrap_or_default(),
            summary: String::new(),
            data: Arc::clone(&view.data),
        };
        let before = before.map(|before| Arc::clone(&before.catalog));
        let after = Arc::clone(&view.catalog);
        let earlier = self.recording_version.take();
        self.recording_version = Some(self.tasks.spawn(async move {
            // In the order in which they came: one that ended badly is not waited for.
            if let Some(earlier) = earlier {
                let _ = earlier.await;
            }
            let finish = move || NewVersion {
                summary: before.map_or_else(String::new, |before| words(&before, &after)),
                data: Arc::new(after.without_secrets(&version.data)),
                ..version
            };
            // It does not panic; if it did, nothing that may hold a secret would be recorded.
            let Ok(version) = tokio::task::spawn_blocking(finish).await else {
                return;
            };
            if let Err(error) = history.record_version(version).await {
                tracing::error!("the version of the ConfigMap was not recorded: {error}");
            }
        }));
    }
}

fn words(before: &Catalog, after: &Catalog) -> String {
    let statements = describe(before, after);
    let words = statements.iter().take(STATEMENTS).map(ToString::to_string);
    words.collect::<Vec<_>>().join("\n")
}
