//! Which kind and which object: the addresses of the cluster.

use std::fmt;
use std::sync::Arc;

/// A kind that the API server serves, with what is needed to address its objects.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Kind {
    /// API group; empty for the core group.
    pub group: String,
    /// API version, for example `v1`.
    pub version: String,
    /// Kind in CamelCase, for example `Pod`.
    pub kind: String,
    /// Plural resource name in lower case, for example `pods`.
    pub plural: String,
    /// False for cluster-scoped kinds such as `Node`.
    pub namespaced: bool,
}

impl Kind {
    /// The kind that is watched when nothing else is configured.
    pub fn pod() -> Self {
        Self {
            group: String::new(),
            version: "v1".into(),
            kind: "Pod".into(),
            plural: "pods".into(),
            namespaced: true,
        }
    }

    /// `v1` or `apps/v1`, as `apiVersion` is written.
    pub fn api_version(&self) -> String {
        if self.group.is_empty() {
            self.version.clone()
        } else {
            format!("{}/{}", self.group, self.version)
        }
    }

    /// The name of the variable that conditions and templates see: the kind in lower case
    /// (`pod`, `deployment`).
    pub fn variable(&self) -> String {
        self.kind.to_ascii_lowercase()
    }

    /// `pods` or `deployments.apps`, as kubectl names resources.
    pub fn resource_name(&self) -> String {
        if self.group.is_empty() {
            self.plural.clone()
        } else {
            format!("{}.{}", self.plural, self.group)
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.resource_name())
    }
}

/// One object of one kind.
///
/// Its text form is the queue key of the original: `namespace/name`, or `name` for cluster-scoped
/// objects.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ResourceKey {
    /// The kind.
    pub kind: Arc<Kind>,
    /// The namespace; empty for cluster-scoped objects.
    pub namespace: Arc<str>,
    /// The object's name.
    pub name: Arc<str>,
}

impl ResourceKey {
    /// A key from its parts.
    pub fn new(kind: Arc<Kind>, namespace: impl Into<Arc<str>>, name: impl Into<Arc<str>>) -> Self {
        Self {
            kind,
            namespace: namespace.into(),
            name: name.into(),
        }
    }

    /// `pod/default/web-1`: unique over kinds, for places where several kinds meet.
    pub fn qualified(&self) -> String {
        format!("{}/{self}", self.kind.variable())
    }
}

impl fmt::Display for ResourceKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.namespace.is_empty() {
            f.write_str(&self.name)
        } else {
            write!(f, "{}/{}", self.namespace, self.name)
        }
    }
}
