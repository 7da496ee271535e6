//! What deletions pull along: objects that the deleted one owned, and the content of namespaces.

use super::object::meta_mut;
use super::resource::Resource;
use super::server::Cluster;
use super::store::{Collection, Expect, Key, Stored};
use serde_json::Value;
use std::sync::Arc;

/// Kinds that own nothing: looking through a whole namespace for their dependents would make
/// deleting a Pod cost as much as listing it.
const CHILDLESS: [&str; 6] = ["Pod", "Event", "Lease", "ConfigMap", "Secret", "Endpoints"];

/// Deletes the dependents of an object that is gone, or makes them orphans.
pub(super) fn dependents(
    cluster: &Arc<Cluster>,
    resource: &Resource,
    owner: &Value,
    propagation: &str,
) {
    let uid = owner["metadata"]["uid"].as_str().unwrap_or_default();
    if uid.is_empty() || CHILDLESS.contains(&resource.kind.as_str()) {
        return;
    }
    let namespace = owner["metadata"]["namespace"].as_str().unwrap_or_default();
    let prefix = if namespace.is_empty() {
        String::new()
    } else {
        format!("{namespace}/")
    };
    for collection in cluster.registry.all() {
        for (key, stored) in owned_by(&collection, &prefix, uid) {
            if propagation == "Orphan" {
                release(&collection, &key, &stored, uid);
                continue;
            }
            let owned = collection.resource();
            let gone = cluster.remove(&collection, &key, Expect::Any);
            if let Some(gone) = gone {
                dependents(cluster, &owned, &gone.value(), "Background");
            }
        }
    }
}

/// The objects below a prefix that name this owner.
fn owned_by(collection: &Collection, prefix: &str, uid: &str) -> Vec<(Key, Stored)> {
    let Ok(page) = collection.page(None, prefix, None, usize::MAX) else {
        return Vec::new();
    };
    let owned = |stored: &Stored| {
        let json = stored.json();
        // The identifier is rare: most objects need not be parsed to know that it is not there.
        if !json
            .windows(uid.len())
            .any(|window| window == uid.as_bytes())
        {
            return false;
        }
        let object = stored.value();
        let owners = object["metadata"]["ownerReferences"].as_array();
        owners.is_some_and(|owners| owners.iter().any(|owner| owner["uid"] == uid))
    };
    page.entries
        .into_iter()
        .filter(|(_, stored)| owned(stored))
        .collect()
}

fn release(collection: &Collection, key: &Key, stored: &Stored, uid: &str) {
    let mut object = stored.value();
    let owners = meta_mut(&mut object)
        .get_mut("ownerReferences")
        .and_then(Value::as_array_mut);
    if let Some(owners) = owners {
        owners.retain(|owner| owner["uid"] != uid);
    }
    // Whoever changed it in between has seen the owner; the reference then dangles, as it may.
    let _ = collection.commit(key, Expect::Version(stored.rv), &mut object);
}

/// Deletes everything in a namespace.
pub(super) fn namespace_content(cluster: &Arc<Cluster>, namespace: &str) {
    let prefix = format!("{namespace}/");
    for collection in cluster.registry.all() {
        if !collection.resource().namespaced {
            continue;
        }
        let Ok(page) = collection.page(None, &prefix, None, usize::MAX) else {
            continue;
        };
        for (key, _) in page.entries {
            cluster.remove(&collection, &key, Expect::Any);
        }
    }
}
