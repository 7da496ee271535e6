//! The kinds that the cluster serves: the built-in ones and those that CustomResourceDefinitions
//! add while it runs.

use super::store::Collection;
use serde_json::Value;
use std::collections::BTreeMap;
use std::sync::atomic::AtomicU64;
use std::sync::{Arc, PoisonError, RwLock};

/// One kind: its names, scope and subresources.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Resource {
    /// API group; empty for the core group.
    pub group: String,
    /// The version in which objects are stored.
    pub version: String,
    /// Further versions in which they are served (custom resources; events).
    pub also: Vec<String>,
    pub kind: String,
    pub plural: String,
    pub singular: String,
    pub short: Vec<String>,
    pub categories: Vec<String>,
    pub namespaced: bool,
    pub status: bool,
    pub scale: bool,
    /// For custom resources: the versions of the definition, as written there.
    pub custom: Option<Arc<Value>>,
}

impl Resource {
    /// `pods` or `deployments.apps`.
    pub fn qualified(&self) -> String {
        qualify(&self.plural, &self.group)
    }

    /// `Pod` or `Deployment.apps`.
    pub fn qualified_kind(&self) -> String {
        qualify(&self.kind, &self.group)
    }

    /// `v1` or `apps/v1`: what stored objects carry as `apiVersion`.
    pub fn api_version(&self) -> String {
        api_version(&self.group, &self.version)
    }

    pub fn serves(&self, version: &str) -> bool {
        self.version == version || self.also.iter().any(|v| v == version)
    }

    /// Whether a change of the specification counts up `metadata.generation`.
    pub fn has_generation(&self) -> bool {
        let without = ["Pod", "Node", "Namespace", "Service", "PersistentVolume"];
        self.custom.is_some()
            || matches!(self.group.as_str(), "networking.k8s.io")
            || (self.status && !without.contains(&self.kind.as_str()))
    }

    /// The definition of one served version of a custom resource.
    pub fn custom_version(&self, version: &str) -> Option<&Value> {
        let versions = self.custom.as_deref()?.as_array()?;
        versions.iter().find(|v| v["name"] == version)
    }

    fn named(group: &str, version: &str, kind: &str, plural: &str) -> Self {
        Self {
            group: group.to_owned(),
            version: version.to_owned(),
            also: Vec::new(),
            kind: kind.to_owned(),
            plural: plural.to_owned(),
            singular: kind.to_ascii_lowercase(),
            short: Vec::new(),
            categories: Vec::new(),
            namespaced: true,
            status: false,
            scale: false,
            custom: None,
        }
    }

    /// The kind that an accepted CustomResourceDefinition declares.
    pub fn from_definition(definition: &Value) -> Option<Self> {
        let spec = &definition["spec"];
        let names = &spec["names"];
        let versions = spec["versions"].as_array()?;
        let storage = versions.iter().find(|v| v["storage"] == true)?;
        let version = storage["name"].as_str()?;
        let texts = |list: &Value| -> Vec<String> {
            let items = list.as_array().map(Vec::as_slice).unwrap_or_default();
            items
                .iter()
                .filter_map(|t| t.as_str().map(str::to_owned))
                .collect()
        };
        let mut resource = Self::named(
            spec["group"].as_str()?,
            version,
            names["kind"].as_str()?,
            names["plural"].as_str()?,
        );
        if let Some(singular) = names["singular"].as_str() {
            resource.singular = singular.to_owned();
        }
        let served = versions
            .iter()
            .filter(|v| v["served"] == true && v["name"] != version);
        resource.also = served
            .filter_map(|v| v["name"].as_str().map(str::to_owned))
            .collect();
        resource.short = texts(&names["shortNames"]);
        resource.categories = texts(&names["categories"]);
        resource.namespaced = spec["scope"] == "Namespaced";
        resource.status = storage["subresources"]["status"].is_object();
        resource.scale = storage["subresources"]["scale"].is_object();
        resource.custom = Some(Arc::new(Value::Array(versions.clone())));
        Some(resource)
    }
}

fn qualify(name: &str, group: &str) -> String {
    if group.is_empty() {
        name.to_owned()
    } else {
        format!("{name}.{group}")
    }
}

/// `v1` or `apps/v1`.
pub(super) fn api_version(group: &str, version: &str) -> String {
    if group.is_empty() {
        version.to_owned()
    } else {
        format!("{group}/{version}")
    }
}

/// Group, version, kind, plural, flags (`c` cluster-scoped, `s` status, `r` scale, `a` in the
/// category `all`), short names.
type BuiltIn = (
    &'static str,
    &'static str,
    &'static str,
    &'static str,
    &'static str,
    &'static [&'static str],
);

const BUILT_IN: &[BuiltIn] = &[
    ("", "v1", "ConfigMap", "configmaps", "", &["cm"]),
    ("", "v1", "Endpoints", "endpoints", "", &["ep"]),
    ("", "v1", "Event", "events", "", &["ev"]),
    ("", "v1", "LimitRange", "limitranges", "", &["limits"]),
    ("", "v1", "Namespace", "namespaces", "cs", &["ns"]),
    ("", "v1", "Node", "nodes", "cs", &["no"]),
    (
        "",
        "v1",
        "PersistentVolume",
        "persistentvolumes",
        "cs",
        &["pv"],
    ),
    (
        "",
        "v1",
        "PersistentVolumeClaim",
        "persistentvolumeclaims",
        "s",
        &["pvc"],
    ),
    ("", "v1", "Pod", "pods", "sa", &["po"]),
    ("", "v1", "PodTemplate", "podtemplates", "", &[]),
    (
        "",
        "v1",
        "ReplicationController",
        "replicationcontrollers",
        "sra",
        &["rc"],
    ),
    ("", "v1", "ResourceQuota", "resourcequotas", "s", &["quota"]),
    ("", "v1", "Secret", "secrets", "", &[]),
    ("", "v1", "Service", "services", "sa", &["svc"]),
    ("", "v1", "ServiceAccount", "serviceaccounts", "", &["sa"]),
    (
        "admissionregistration.k8s.io",
        "v1",
        "MutatingWebhookConfiguration",
        "mutatingwebhookconfigurations",
        "c",
        &[],
    ),
    (
        "admissionregistration.k8s.io",
        "v1",
        "ValidatingWebhookConfiguration",
        "validatingwebhookconfigurations",
        "c",
        &[],
    ),
    (
        "apiextensions.k8s.io",
        "v1",
        "CustomResourceDefinition",
        "customresourcedefinitions",
        "cs",
        &["crd", "crds"],
    ),
    (
        "apiregistration.k8s.io",
        "v1",
        "APIService",
        "apiservices",
        "cs",
        &[],
    ),
    (
        "apps",
        "v1",
        "ControllerRevision",
        "controllerrevisions",
        "",
        &[],
    ),
    ("apps", "v1", "DaemonSet", "daemonsets", "sa", &["ds"]),
    (
        "apps",
        "v1",
        "Deployment",
        "deployments",
        "sra",
        &["deploy"],
    ),
    ("apps", "v1", "ReplicaSet", "replicasets", "sra", &["rs"]),
    ("apps", "v1", "StatefulSet", "statefulsets", "sra", &["sts"]),
    (
        "autoscaling",
        "v2",
        "HorizontalPodAutoscaler",
        "horizontalpodautoscalers",
        "sa",
        &["hpa"],
    ),
    ("batch", "v1", "CronJob", "cronjobs", "sa", &["cj"]),
    ("batch", "v1", "Job", "jobs", "sa", &[]),
    ("coordination.k8s.io", "v1", "Lease", "leases", "", &[]),
    (
        "discovery.k8s.io",
        "v1",
        "EndpointSlice",
        "endpointslices",
        "",
        &[],
    ),
    ("events.k8s.io", "v1", "Event", "events", "", &["ev"]),
    (
        "networking.k8s.io",
        "v1",
        "Ingress",
        "ingresses",
        "s",
        &["ing"],
    ),
    (
        "networking.k8s.io",
        "v1",
        "IngressClass",
        "ingressclasses",
        "c",
        &[],
    ),
    (
        "networking.k8s.io",
        "v1",
        "NetworkPolicy",
        "networkpolicies",
        "",
        &["netpol"],
    ),
    (
        "policy",
        "v1",
        "PodDisruptionBudget",
        "poddisruptionbudgets",
        "s",
        &["pdb"],
    ),
    (
        "rbac.authorization.k8s.io",
        "v1",
        "ClusterRole",
        "clusterroles",
        "c",
        &[],
    ),
    (
        "rbac.authorization.k8s.io",
        "v1",
        "ClusterRoleBinding",
        "clusterrolebindings",
        "c",
        &[],
    ),
    ("rbac.authorization.k8s.io", "v1", "Role", "roles", "", &[]),
    (
        "rbac.authorization.k8s.io",
        "v1",
        "RoleBinding",
        "rolebindings",
        "",
        &[],
    ),
    (
        "scheduling.k8s.io",
        "v1",
        "PriorityClass",
        "priorityclasses",
        "c",
        &["pc"],
    ),
    (
        "storage.k8s.io",
        "v1",
        "StorageClass",
        "storageclasses",
        "c",
        &["sc"],
    ),
];

/// Group and plural: the address of a collection.
type Address = (String, String);

/// All collections of the cluster, by group and plural.
pub(super) struct Registry {
    collections: RwLock<BTreeMap<Address, Arc<Collection>>>,
    clock: Arc<AtomicU64>,
    history_window: usize,
}

impl Registry {
    /// The built-in kinds, empty. `clock` is the last resourceVersion given out.
    pub fn new(clock: Arc<AtomicU64>, history_window: usize) -> Self {
        let registry = Self {
            collections: RwLock::default(),
            clock,
            history_window,
        };
        for &(group, version, kind, plural, flags, short) in BUILT_IN {
            let mut resource = Resource::named(group, version, kind, plural);
            resource.namespaced = !flags.contains('c');
            resource.status = flags.contains('s');
            resource.scale = flags.contains('r');
            if flags.contains('a') {
                resource.categories.push("all".to_owned());
            }
            resource.short = short.iter().map(|&s| s.to_owned()).collect();
            registry.add(resource);
        }
        registry
    }

    /// The collection at an address. The two groups of `events` show the same objects.
    pub fn find(&self, group: &str, plural: &str) -> Option<Arc<Collection>> {
        let collections = self
            .collections
            .read()
            .unwrap_or_else(PoisonError::into_inner);
        collections
            .get(&(group.to_owned(), plural.to_owned()))
            .cloned()
    }

    /// The collection whose objects a request for this address reads and writes.
    pub fn storage(&self, group: &str, plural: &str) -> Option<Arc<Collection>> {
        match (group, plural) {
            ("events.k8s.io", "events") => self.find("", "events"),
            _ => self.find(group, plural),
        }
    }

    /// Every collection, in the order of group and plural.
    pub fn all(&self) -> Vec<Arc<Collection>> {
        let collections = self
            .collections
            .read()
            .unwrap_or_else(PoisonError::into_inner);
        collections.values().cloned().collect()
    }

    /// Adds a kind, or changes the description of one and keeps its objects.
    pub fn add(&self, resource: Resource) {
        let mut collections = self
            .collections
            .write()
            .unwrap_or_else(PoisonError::into_inner);
        let address = (resource.group.clone(), resource.plural.clone());
        match collections.get(&address) {
            Some(known) => known.describe(resource),
            None => {
                let made = Collection::new(resource, Arc::clone(&self.clock), self.history_window);
                collections.insert(address, Arc::new(made));
            }
        }
    }

    /// Forgets a kind and all its objects; watches of it end.
    pub fn remove(&self, group: &str, plural: &str) {
        let mut collections = self
            .collections
            .write()
            .unwrap_or_else(PoisonError::into_inner);
        if let Some(gone) = collections.remove(&(group.to_owned(), plural.to_owned())) {
            gone.close();
        }
    }
}
