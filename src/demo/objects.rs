//! The objects of the cluster by hand: for the scenario and for tests, past the checks of HTTP
//! requests, but through the same store, so that watches see everything.

use super::admission;
use super::managed::{self, Writer};
use super::object::meta;
use super::server::Cluster;
use super::status::ApiError;
use super::store::{Change, Collection, Expect, Key, Missed, Stored, TooOld, key};
use serde_json::{Value, json};
use std::sync::Arc;

/// The objects of one cluster. Copies of this handle are cheap; one does not keep the cluster
/// serving.
#[derive(Clone)]
pub struct Objects(pub(super) Arc<Cluster>);

impl Objects {
    fn collection(&self, resource: &str) -> Result<Arc<Collection>, ApiError> {
        let (plural, group) = resource.split_once('.').unwrap_or((resource, ""));
        self.0
            .registry
            .storage(group, plural)
            .ok_or_else(ApiError::no_such_path)
    }

    /// An object; `namespace` is empty for cluster-scoped kinds. `resource` is written as in
    /// `pods` and `deployments.apps`.
    pub fn get(&self, resource: &str, namespace: &str, name: &str) -> Option<Value> {
        let stored = self.collection(resource).ok()?.get(&key(namespace, name))?;
        Some(stored.value())
    }

    /// The objects of a kind in the order of namespace and name; an empty `namespace` is all.
    pub fn list(&self, resource: &str, namespace: &str) -> Vec<Value> {
        let prefix = if namespace.is_empty() {
            String::new()
        } else {
            format!("{namespace}/")
        };
        let entries = self.stored(resource, &prefix);
        entries.iter().map(|(_, stored)| stored.value()).collect()
    }

    /// All objects of a kind with their keys.
    pub(super) fn entries(&self, resource: &str) -> Vec<(Key, Value)> {
        let entries = self.stored(resource, "");
        entries
            .into_iter()
            .map(|(key, stored)| (key, stored.value()))
            .collect()
    }

    fn stored(&self, resource: &str, prefix: &str) -> Vec<(Key, Stored)> {
        let collection = self.collection(resource).ok();
        let page = collection.and_then(|c| c.page(None, prefix, None, usize::MAX).ok());
        page.map(|page| page.entries).unwrap_or_default()
    }

    /// How many objects of a kind there are.
    pub fn count(&self, resource: &str) -> usize {
        self.collection(resource)
            .map_or(0, |collection| collection.len())
    }

    /// Creates or replaces an object as it is, status included, past all checks; missing
    /// identity (UID, creation time, kind) is filled in. The namespace need not exist.
    ///
    /// # Errors
    ///
    /// When the kind is not served, or the object has no name.
    pub fn put(&self, resource: &str, mut object: Value) -> Result<Value, ApiError> {
        let collection = self.collection(resource)?;
        let kind = collection.resource();
        if meta(&object, "name").is_empty() {
            return Err(ApiError::bad_request(
                "an object without metadata.name can't be put",
            ));
        }
        admission::prepare_given(&kind, &mut object, self.0.uid());
        let key = key(meta(&object, "namespace"), meta(&object, "name"));
        collection
            .commit(&key, Expect::Any, &mut object)
            .map_err(|_| ApiError::modified(&kind, meta(&object, "name")))?;
        self.0.after_write(&kind, &object);
        Ok(object)
    }

    /// Changes an object in place, past all checks. `None` when there is none.
    pub fn update(
        &self,
        resource: &str,
        namespace: &str,
        name: &str,
        edit: impl FnMut(&mut Value),
    ) -> Option<Value> {
        self.update_as(None, resource, namespace, name, edit)
    }

    /// The same, recording a field manager and the subresource that it writes through.
    pub(super) fn update_as(
        &self,
        manager: Option<(&str, &str)>,
        resource: &str,
        namespace: &str,
        name: &str,
        mut edit: impl FnMut(&mut Value),
    ) -> Option<Value> {
        let collection = self.collection(resource).ok()?;
        let kind = collection.resource();
        let key = key(namespace, name);
        loop {
            let found = collection.get(&key)?;
            let before = found.value();
            let mut object = before.clone();
            edit(&mut object);
            if let Some((manager, subresource)) = manager {
                let api_version = kind.api_version();
                let writer = Writer {
                    manager,
                    api_version,
                    subresource,
                };
                managed::record(&kind, &writer, Some(&before), &mut object);
            }
            match collection.commit(&key, Expect::Version(found.rv), &mut object) {
                Ok(_) => return Some(object),
                Err(Missed::Changed) => {}
                Err(_) => return None,
            }
        }
    }

    /// Puts an object as a field manager does.
    pub(super) fn put_as(
        &self,
        manager: &str,
        resource: &str,
        mut object: Value,
    ) -> Result<Value, ApiError> {
        let kind = self.collection(resource)?.resource();
        let writer = Writer {
            manager,
            api_version: kind.api_version(),
            subresource: "",
        };
        managed::record(&kind, &writer, None, &mut object);
        self.put(resource, object)
    }

    /// Deletes an object at once: no grace, no finalizers, dependents stay. False when there is
    /// none.
    pub fn delete(&self, resource: &str, namespace: &str, name: &str) -> bool {
        let Ok(collection) = self.collection(resource) else {
            return false;
        };
        self.0
            .remove(&collection, &key(namespace, name), Expect::Any)
            .is_some()
    }

    /// Creates a namespace, unless it is there.
    pub fn create_namespace(&self, name: &str) {
        if self.get("namespaces", "", name).is_some() {
            return;
        }
        // The kind is built in and the name is not empty, so there is nothing to fail.
        let _ = self.put(
            "namespaces",
            json!({
                "apiVersion": "v1", "kind": "Namespace",
                "metadata": {"name": name, "labels": {"kubernetes.io/metadata.name": name}},
                "spec": {"finalizers": ["kubernetes"]}, "status": {"phase": "Active"},
            }),
        );
    }

    /// The resourceVersion of now: every later change has a higher one.
    pub(super) fn version(&self, resource: &str) -> u64 {
        self.collection(resource)
            .map_or(0, |collection| collection.version())
    }

    /// The changes of a kind after a resourceVersion, oldest first.
    pub(super) fn changes_after(
        &self,
        resource: &str,
        version: u64,
    ) -> Result<Vec<Change>, TooOld> {
        match self.collection(resource) {
            Ok(collection) => collection.changes_after(version, usize::MAX),
            Err(_) => Ok(Vec::new()),
        }
    }
}
