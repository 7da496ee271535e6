//! Asking the server what we may do, before it is offered.

use super::client::Cluster;
use super::permission::Permission;
use super::request::Call;
use super::request_error::RequestError;
use crate::domain::{Kind, ResourceKey};
use serde::Deserialize;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::time::Instant;

/// Answers are believed for this long; rights change seldom, and a refused write is reported anyway.
const TRUSTED_FOR: Duration = Duration::from_secs(60);

const PATH: &str = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews";

/// One right, and whether we have it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Right {
    /// The right.
    pub permission: Permission,
    /// Whether we have it; true also when the server could not be asked, since a write that is not
    /// allowed is refused and explained later.
    pub allowed: bool,
}

/// What the engine and the editor want to do.
#[derive(Clone, Debug)]
pub struct RightsQuery {
    /// The kinds that are watched and patched.
    pub kinds: Vec<Arc<Kind>>,
    /// The namespaces in which they are; empty for all.
    pub namespaces: Vec<String>,
    /// The namespace of the ConfigMap and the Secret.
    pub config_namespace: String,
    /// The ConfigMap's name.
    pub config_map: String,
    /// The Secret's name.
    pub secret: String,
    /// The namespace of the Lease.
    pub lease_namespace: String,
}

/// What we may do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rights {
    /// Patching objects, for each kind and namespace.
    pub patch_objects: Vec<Right>,
    /// Changing the ConfigMap.
    pub patch_config: Right,
    /// Creating the ConfigMap.
    pub create_config: Right,
    /// Reading the Secret.
    pub read_secret: Right,
    /// Getting, creating and updating Leases.
    pub leases: [Right; 3],
}

impl Rights {
    /// Whether everything is allowed that holding a Lease needs.
    pub fn may_use_leases(&self) -> bool {
        self.leases.iter().all(|right| right.allowed)
    }

    /// Everything that is missing, in the words of [`Permission::hint`].
    pub fn missing(&self) -> Vec<String> {
        let single = [&self.patch_config, &self.create_config, &self.read_secret];
        let all = self.patch_objects.iter().chain(single).chain(&self.leases);
        let denied = all.filter(|right| !right.allowed);
        denied.map(|right| right.permission.hint()).collect()
    }
}

/// Asks for rights and remembers the answers for a minute. Cheap to clone; clones share them.
#[derive(Clone)]
pub struct AccessReviews {
    cluster: Cluster,
    known: Arc<Mutex<HashMap<Permission, (Instant, bool)>>>,
}

#[derive(Deserialize)]
struct Review {
    status: Option<ReviewStatus>,
}

#[derive(Deserialize)]
struct ReviewStatus {
    #[serde(default)]
    allowed: bool,
}

impl AccessReviews {
    /// Nothing is known yet.
    pub fn new(cluster: Cluster) -> Self {
        Self {
            cluster,
            known: Arc::default(),
        }
    }

    /// Whether we have this right (`SelfSubjectAccessReview`).
    pub async fn can(&self, permission: &Permission) -> Result<bool, RequestError> {
        let remembered = self.remembered(permission);
        if let Some(allowed) = remembered {
            return Ok(allowed);
        }
        let asking = Permission {
            verb: "create",
            group: "authorization.k8s.io".to_owned(),
            resource: "selfsubjectaccessreviews".to_owned(),
            namespace: None,
            name: None,
            namespaced: false,
        };
        let body = serde_json::json!({
            "apiVersion": "authorization.k8s.io/v1",
            "kind": "SelfSubjectAccessReview",
            "spec": {"resourceAttributes": {
                "verb": permission.verb,
                "group": permission.group,
                "resource": permission.resource,
                "namespace": permission.namespace.as_deref().unwrap_or_default(),
                "name": permission.name.as_deref().unwrap_or_default(),
            }},
        });
        let call = Call::send(
            asking,
            http::Method::POST,
            PATH.to_owned(),
            body.to_string(),
        );
        let answer = self
            .cluster
            .call(&call, self.cluster.request_timeout())
            .await?;
        let review: Review = serde_json::from_slice(&answer)
            .map_err(|error| RequestError::unreadable(&call.permission, error))?;
        let allowed = review.status.is_some_and(|status| status.allowed);
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        known.insert(permission.clone(), (Instant::now(), allowed));
        Ok(allowed)
    }

    fn remembered(&self, permission: &Permission) -> Option<bool> {
        let known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let (at, allowed) = known.get(permission)?;
        (at.elapsed() < TRUSTED_FOR).then_some(*allowed)
    }

    /// Forgets what is known, for example after a write was refused.
    pub fn forget(&self) {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        known.clear();
    }

    /// Everything that the engine and the editor may want to do.
    pub async fn rights(&self, query: &RightsQuery) -> Rights {
        let everywhere = [None];
        let listed: Vec<Option<&str>> = query
            .namespaces
            .iter()
            .map(|name| Some(name.as_str()))
            .collect();
        let namespaces = if listed.is_empty() {
            &everywhere[..]
        } else {
            &listed
        };
        let patches = query.kinds.iter().flat_map(|kind| {
            let one = |namespace: &Option<&str>| Permission::on_kind("patch", kind, *namespace);
            namespaces.iter().map(one).collect::<Vec<_>>()
        });
        let patches: Vec<_> = patches.map(|permission| self.right(permission)).collect();
        let core = |verb, kind: &str, plural: &str, name: &str| {
            let kind = Arc::new(Kind {
                kind: kind.to_owned(),
                plural: plural.to_owned(),
                ..Kind::pod()
            });
            let key = ResourceKey::new(kind, query.config_namespace.as_str(), name);
            self.right(Permission::on_object(verb, &key))
        };
        let lease = |verb| {
            let kind = super::lease_record::lease_kind();
            self.right(Permission::on_kind(
                verb,
                &kind,
                Some(&query.lease_namespace),
            ))
        };
        let (patch_objects, patch_config, create_config, read_secret, get, create, update) = tokio::join!(
            futures::future::join_all(patches),
            core("patch", "ConfigMap", "configmaps", &query.config_map),
            self.right(Permission::on_kind(
                "create",
                &super::apply::config_map_kind(),
                Some(&query.config_namespace)
            )),
            core("get", "Secret", "secrets", &query.secret),
            lease("get"),
            lease("create"),
            lease("update"),
        );
        Rights {
            patch_objects,
            patch_config,
            create_config,
            read_secret,
            leases: [get, create, update],
        }
    }

    async fn right(&self, permission: Permission) -> Right {
        let allowed = self.can(&permission).await.unwrap_or(true);
        Right {
            permission,
            allowed,
        }
    }
}
