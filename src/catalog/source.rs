//! What a catalog is built from.

use crate::service::ServiceContext;
use crate::{domain, expr};
use std::collections::BTreeMap;
use std::fmt;

/// A ConfigMap with its Secret.
#[derive(Clone, Default)]
pub struct ConfigSource {
    /// Namespace of the ConfigMap.
    pub namespace: String,
    /// Name of the ConfigMap.
    pub name: String,
    /// Its resourceVersion; becomes the catalog's revision.
    pub resource_version: String,
    /// Its `data`.
    pub data: BTreeMap<String, String>,
    /// Whether the ConfigMap exists.
    pub found: bool,
    /// The Secret's `data`, decoded from base64.
    pub secret: BTreeMap<String, Vec<u8>>,
    /// Whether the Secret exists. One that doesn't counts as empty.
    pub secret_found: bool,
}

/// Shows names, never values: the ConfigMap may hold credentials in the clear.
impl fmt::Debug for ConfigSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ConfigSource")
            .field("namespace", &self.namespace)
            .field("name", &self.name)
            .field("resource_version", &self.resource_version)
            .field("keys", &self.data.keys())
            .field("found", &self.found)
            .field("secret_keys", &self.secret.keys())
            .field("secret_found", &self.secret_found)
            .finish()
    }
}

/// How a catalog is to be built.
#[derive(Clone, Debug)]
pub struct BuildOptions {
    /// Dialect of the condition language.
    pub expr: expr::Options,
    /// What services share.
    pub services: ServiceContext,
    /// Annotation prefix, without the slash.
    pub prefix: String,
    /// Namespace of the engine's own ConfigMap.
    pub default_namespace: String,
    /// Teams may configure notifications in their own namespaces: state keys of a ConfigMap outside
    /// of the default namespace then carry its namespace.
    pub self_service: bool,
}

impl BuildOptions {
    /// The usual prefix and dialect, no self-service.
    pub fn new(services: ServiceContext, default_namespace: impl Into<String>) -> Self {
        Self {
            expr: expr::Options::default(),
            services,
            prefix: domain::DEFAULT_PREFIX.to_owned(),
            default_namespace: default_namespace.into(),
            self_service: false,
        }
    }
}
