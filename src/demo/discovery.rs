//! Which groups, versions and kinds there are: the legacy lists and the aggregated form.

use super::resource::{Registry, Resource, api_version};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::sync::Arc;

/// The version that the cluster says it is.
pub(super) const MINOR: &str = "33";

/// `/version`.
pub(super) fn version() -> Value {
    json!({
        "major": "1",
        "minor": MINOR,
        "gitVersion": format!("v1.{MINOR}.0+kubechime"),
        "gitCommit": "",
        "gitTreeState": "clean",
        "buildDate": "2026-01-01T00:00:00Z",
        "goVersion": "",
        "compiler": "",
        "platform": "linux/amd64",
    })
}

/// Kinds that are only asked, never stored: `(group, plural, kind, namespaced)`.
pub(super) const REVIEWS: [(&str, &str, &str, bool); 5] = [
    (
        "authentication.k8s.io",
        "selfsubjectreviews",
        "SelfSubjectReview",
        false,
    ),
    (
        "authorization.k8s.io",
        "localsubjectaccessreviews",
        "LocalSubjectAccessReview",
        true,
    ),
    (
        "authorization.k8s.io",
        "selfsubjectaccessreviews",
        "SelfSubjectAccessReview",
        false,
    ),
    (
        "authorization.k8s.io",
        "selfsubjectrulesreviews",
        "SelfSubjectRulesReview",
        false,
    ),
    (
        "authorization.k8s.io",
        "subjectaccessreviews",
        "SubjectAccessReview",
        false,
    ),
];

/// One entry of discovery.
struct Entry {
    resource: Arc<Resource>,
    /// Reviews can be created, nothing else.
    review: Option<(&'static str, &'static str, bool)>,
}

/// Group, then version (preferred first), then entries.
type Groups = BTreeMap<String, Vec<(String, Vec<Entry>)>>;

fn groups(registry: &Registry) -> Groups {
    let mut groups = Groups::new();
    let mut add = |group: &str, version: &str, entry: Entry| {
        let versions = groups.entry(group.to_owned()).or_default();
        match versions.iter_mut().find(|(known, _)| known == version) {
            Some((_, entries)) => entries.push(entry),
            None => versions.push((version.to_owned(), vec![entry])),
        }
    };
    for collection in registry.all() {
        let resource = collection.resource();
        for version in std::iter::once(&resource.version).chain(&resource.also) {
            let entry = Entry {
                resource: Arc::clone(&resource),
                review: None,
            };
            add(&resource.group, version, entry);
        }
    }
    if let Some(any) = registry.find("", "pods") {
        for (group, plural, kind, namespaced) in REVIEWS {
            let entry = Entry {
                resource: any.resource(),
                review: Some((plural, kind, namespaced)),
            };
            add(group, "v1", entry);
        }
    }
    groups
}

/// `/api`.
pub(super) fn core_versions(address: &str) -> Value {
    json!({
        "kind": "APIVersions",
        "versions": ["v1"],
        "serverAddressByClientCIDRs": [{"clientCIDR": "0.0.0.0/0", "serverAddress": address}],
    })
}

/// `/apis`.
pub(super) fn group_list(registry: &Registry) -> Value {
    let groups: Vec<Value> = groups(registry)
        .iter()
        .filter(|(group, _)| !group.is_empty())
        .map(|(group, versions)| describe_group(group, versions))
        .collect();
    json!({"kind": "APIGroupList", "apiVersion": "v1", "groups": groups})
}

fn describe_group(group: &str, versions: &[(String, Vec<Entry>)]) -> Value {
    let describe =
        |version: &str| json!({"groupVersion": api_version(group, version), "version": version});
    let all: Vec<Value> = versions
        .iter()
        .map(|(version, _)| describe(version))
        .collect();
    json!({"name": group, "preferredVersion": all.first(), "versions": all})
}

/// `/apis/GROUP`.
pub(super) fn one_group(registry: &Registry, group: &str) -> Option<Value> {
    let groups = groups(registry);
    let mut description = describe_group(group, groups.get(group)?);
    description["kind"] = "APIGroup".into();
    description["apiVersion"] = "v1".into();
    Some(description)
}

const VERBS: [&str; 8] = [
    "create",
    "delete",
    "deletecollection",
    "get",
    "list",
    "patch",
    "update",
    "watch",
];

/// The subresources of a kind: name, group, version and kind of what they exchange, verbs.
fn subresources(
    resource: &Resource,
) -> Vec<(&'static str, String, String, String, Vec<&'static str>)> {
    let own = || {
        (
            resource.group.clone(),
            resource.version.clone(),
            resource.kind.clone(),
        )
    };
    let mut list = Vec::new();
    let mut add = |name, (group, version, kind): (String, String, String), verbs| {
        list.push((name, group, version, kind, verbs));
    };
    if resource.status {
        add("status", own(), vec!["get", "patch", "update"]);
    }
    if resource.scale {
        let scale = (
            "autoscaling".to_owned(),
            "v1".to_owned(),
            "Scale".to_owned(),
        );
        add("scale", scale, vec!["get", "patch", "update"]);
    }
    if resource.group.is_empty() && resource.kind == "Pod" {
        let eviction = ("policy".to_owned(), "v1".to_owned(), "Eviction".to_owned());
        add("eviction", eviction, vec!["create"]);
        add(
            "binding",
            (String::new(), "v1".to_owned(), "Binding".to_owned()),
            vec!["create"],
        );
        add("log", own(), vec!["get"]);
    }
    list
}

/// `/api/v1` and `/apis/GROUP/VERSION`.
pub(super) fn resource_list(registry: &Registry, group: &str, version: &str) -> Option<Value> {
    let groups = groups(registry);
    let (_, entries) = groups
        .get(group)?
        .iter()
        .find(|(known, _)| known == version)?;
    let mut list = Vec::new();
    for entry in entries {
        let resource = &entry.resource;
        if let Some((plural, kind, namespaced)) = entry.review {
            list.push(json!({
                "name": plural, "singularName": kind.to_ascii_lowercase(), "kind": kind,
                "namespaced": namespaced, "verbs": ["create"],
            }));
            continue;
        }
        let mut described = json!({
            "name": resource.plural, "singularName": resource.singular, "kind": resource.kind,
            "namespaced": resource.namespaced, "verbs": VERBS, "storageVersionHash": "",
        });
        if !resource.short.is_empty() {
            described["shortNames"] = json!(resource.short);
        }
        if !resource.categories.is_empty() {
            described["categories"] = json!(resource.categories);
        }
        list.push(described);
        for (name, sub_group, sub_version, kind, verbs) in subresources(resource) {
            let mut described = json!({
                "name": format!("{}/{name}", resource.plural), "singularName": "", "kind": kind,
                "namespaced": resource.namespaced, "verbs": verbs,
            });
            if sub_group != resource.group {
                described["group"] = sub_group.into();
                described["version"] = sub_version.into();
            }
            list.push(described);
        }
    }
    Some(json!({
        "kind": "APIResourceList", "apiVersion": "v1",
        "groupVersion": api_version(group, version), "resources": list,
    }))
}

/// The aggregated document of `/api` (`core`) or `/apis`, in version `v2` or `v2beta1`.
pub(super) fn aggregated(registry: &Registry, core: bool, document: &str) -> Value {
    let groups = groups(registry);
    let items: Vec<Value> = groups
        .iter()
        .filter(|(group, _)| group.is_empty() == core)
        .map(|(group, versions)| {
            let versions: Vec<Value> = versions
                .iter()
                .map(|(version, entries)| {
                    let resources: Vec<Value> = entries
                        .iter()
                        .map(|entry| aggregated_entry(group, version, entry))
                        .collect();
                    json!({"version": version, "freshness": "Current", "resources": resources})
                })
                .collect();
            let mut metadata = json!({"creationTimestamp": null});
            if !group.is_empty() {
                metadata["name"] = group.as_str().into();
            }
            json!({"metadata": metadata, "versions": versions})
        })
        .collect();
    json!({
        "kind": "APIGroupDiscoveryList",
        "apiVersion": format!("apidiscovery.k8s.io/{document}"),
        "metadata": {},
        "items": items,
    })
}

fn aggregated_entry(group: &str, version: &str, entry: &Entry) -> Value {
    let resource = &entry.resource;
    let scope = |namespaced| if namespaced { "Namespaced" } else { "Cluster" };
    let kind_of = |group: &str, version: &str, kind: &str| json!({"group": group, "version": version, "kind": kind});
    if let Some((plural, kind, namespaced)) = entry.review {
        return json!({
            "resource": plural, "singularResource": kind.to_ascii_lowercase(),
            "responseKind": kind_of(group, version, kind), "scope": scope(namespaced),
            "verbs": ["create"],
        });
    }
    let mut described = json!({
        "resource": resource.plural, "singularResource": resource.singular,
        "responseKind": kind_of(group, version, &resource.kind),
        "scope": scope(resource.namespaced), "verbs": VERBS,
    });
    if !resource.short.is_empty() {
        described["shortNames"] = json!(resource.short);
    }
    if !resource.categories.is_empty() {
        described["categories"] = json!(resource.categories);
    }
    let subresources: Vec<Value> = subresources(resource)
        .into_iter()
        .map(|(name, sub_group, sub_version, kind, verbs)| {
            json!({
                "subresource": name, "responseKind": kind_of(&sub_group, &sub_version, &kind),
                "verbs": verbs,
            })
        })
        .collect();
    if !subresources.is_empty() {
        described["subresources"] = Value::Array(subresources);
    }
    described
}
