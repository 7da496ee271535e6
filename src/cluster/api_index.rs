//! What the API server serves: its groups, their versions, their resources.

use super::client::Cluster;
use super::permission::Permission;
use super::request::{Call, JSON};
use super::request_error::{FailureClass, RequestError};
use futures::{StreamExt as _, stream};
use serde::Deserialize;
use std::collections::BTreeSet;

/// Everything in one answer, where the server can; older servers give an index of groups.
const AGGREGATED: &str = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList,\
     application/json;g=apidiscovery.k8s.io;v=v2beta1;as=APIGroupDiscoveryList,application/json";

/// Requests at the same time, where each group has to be asked for.
const PARALLEL: usize = 8;

/// The resources of one version of one group.
pub(super) struct GroupVersion {
    pub(super) group: String,
    pub(super) version: String,
    pub(super) resources: Vec<Resource>,
}

/// One kind that is served.
pub(super) struct Resource {
    pub(super) plural: String,
    pub(super) singular: String,
    pub(super) kind: String,
    pub(super) short_names: Vec<String>,
    pub(super) namespaced: bool,
    /// Whether it can be listed and watched.
    pub(super) watchable: bool,
}

fn watchable(verbs: &[String]) -> bool {
    ["list", "watch"]
        .iter()
        .all(|verb| verbs.iter().any(|found| found == verb))
}

/// What can be the answer to `/api` and `/apis`.
#[derive(Deserialize)]
#[serde(tag = "kind")]
enum Index {
    #[serde(rename = "APIGroupDiscoveryList")]
    Aggregated { items: Vec<AggregatedGroup> },
    #[serde(rename = "APIGroupList")]
    Groups { groups: Vec<Group> },
    #[serde(rename = "APIVersions")]
    Core { versions: Vec<String> },
}

#[derive(Deserialize)]
struct AggregatedGroup {
    #[serde(default)]
    metadata: GroupName,
    #[serde(default)]
    versions: Vec<AggregatedVersion>,
}

#[derive(Default, Deserialize)]
struct GroupName {
    #[serde(default)]
    name: String,
}

#[derive(Deserialize)]
struct AggregatedVersion {
    version: String,
    #[serde(default)]
    resources: Vec<AggregatedResource>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct AggregatedResource {
    resource: String,
    response_kind: Option<ResponseKind>,
    #[serde(default)]
    scope: String,
    #[serde(default)]
    singular_resource: String,
    #[serde(default)]
    verbs: Vec<String>,
    #[serde(default)]
    short_names: Vec<String>,
}

#[derive(Deserialize)]
struct ResponseKind {
    #[serde(default)]
    kind: String,
}

impl From<AggregatedResource> for Resource {
    fn from(found: AggregatedResource) -> Self {
        Self {
            watchable: watchable(&found.verbs),
            namespaced: found.scope == "Namespaced",
            plural: found.resource,
            singular: found.singular_resource,
            kind: found
                .response_kind
                .map_or_else(String::new, |response| response.kind),
            short_names: found.short_names,
        }
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Group {
    name: String,
    versions: Vec<Version>,
    preferred_version: Option<Version>,
}

#[derive(Clone, Deserialize)]
struct Version {
    version: String,
}

#[derive(Deserialize)]
struct ResourceList {
    resources: Vec<ListedResource>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ListedResource {
    name: String,
    #[serde(default)]
    singular_name: String,
    namespaced: bool,
    kind: String,
    #[serde(default)]
    verbs: Vec<String>,
    short_names: Option<Vec<String>>,
}

/// The versions of groups behind `/api` or `/apis` for which `is_wanted(group, version)`, in the
/// server's order; within a group the preferred version first. One that cannot be read is an error
/// of its own. (A server that tells everything in one answer tells also what is not wanted.)
pub(super) async fn read_index(
    cluster: &Cluster,
    source: &'static str,
    is_wanted: impl Fn(&str, &str) -> bool,
) -> Result<Vec<Result<GroupVersion, RequestError>>, RequestError> {
    let index = match read(cluster, source, AGGREGATED).await? {
        Index::Aggregated { items } => return Ok(aggregated(items)),
        Index::Groups { groups } => groups,
        Index::Core { versions } => vec![Group {
            name: String::new(),
            versions: versions
                .into_iter()
                .map(|version| Version { version })
                .collect(),
            preferred_version: None,
        }],
    };
    let mut versions = Vec::new();
    for group in index {
        let preferred = group.preferred_version.clone();
        let mut ordered: Vec<String> = preferred.into_iter().map(|v| v.version).collect();
        ordered.extend(group.versions.into_iter().map(|v| v.version));
        let mut seen = BTreeSet::new();
        ordered.retain(|version| seen.insert(version.clone()) && is_wanted(&group.name, version));
        versions.extend(
            ordered
                .into_iter()
                .map(|version| (group.name.clone(), version)),
        );
    }
    let reads = versions.into_iter().map(|(group, version)| async move {
        let path = if group.is_empty() {
            format!("{source}/{version}")
        } else {
            format!("{source}/{group}/{version}")
        };
        let list: ResourceList = read(cluster, &path, JSON).await?;
        Ok(GroupVersion {
            group,
            version,
            resources: list.resources.into_iter().filter_map(listed).collect(),
        })
    });
    let read: Vec<Result<GroupVersion, RequestError>> =
        stream::iter(reads).buffered(PARALLEL).collect().await;
    // A version that vanished since the index was read is no trouble.
    let gone = |result: &Result<GroupVersion, RequestError>| matches!(result, Err(error) if error.class() == FailureClass::NotFound);
    Ok(read.into_iter().filter(|result| !gone(result)).collect())
}

fn aggregated(groups: Vec<AggregatedGroup>) -> Vec<Result<GroupVersion, RequestError>> {
    let mut all = Vec::new();
    for group in groups {
        for version in group.versions {
            all.push(Ok(GroupVersion {
                group: group.metadata.name.clone(),
                version: version.version,
                resources: version.resources.into_iter().map(Resource::from).collect(),
            }));
        }
    }
    all
}

/// `None` for subresources such as `pods/log`.
fn listed(found: ListedResource) -> Option<Resource> {
    if found.name.contains('/') {
        return None;
    }
    Some(Resource {
        watchable: watchable(&found.verbs),
        namespaced: found.namespaced,
        plural: found.name,
        singular: found.singular_name,
        kind: found.kind,
        short_names: found.short_names.unwrap_or_default(),
    })
}

async fn read<T: serde::de::DeserializeOwned>(
    cluster: &Cluster,
    path: &str,
    accept: &'static str,
) -> Result<T, RequestError> {
    let call = Call {
        accept,
        ..Call::get(Permission::on_path(path), path.to_owned())
    };
    let answer = cluster.call(&call, cluster.request_timeout()).await?;
    serde_json::from_slice(&answer)
        .map_err(|error| RequestError::unreadable(&call.permission, error))
}
