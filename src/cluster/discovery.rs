//! From what people call a kind (`po`, `deployments.apps`, `Rollout`) to the kind.

use super::api_index::{GroupVersion, Resource, read_index};
use super::client::Cluster;
use super::request_error::RequestError;
use crate::domain::Kind;
use crate::domain::nearest;
use std::collections::BTreeSet;
use std::sync::Arc;

/// The kind was not found.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DiscoveryError {
    /// The server has no such kind.
    #[error(
        "the API server has no resource {text:?}{}; `kubectl api-resources` lists those it has",
        suggestion.as_ref().map_or_else(String::new, |name| format!(" (did you mean {name:?}?)"))
    )]
    Unknown {
        /// What was asked for.
        text: String,
        /// A resource that exists and was probably meant.
        suggestion: Option<String>,
    },
    /// The kind exists, but there is nothing to watch (for example `bindings`).
    #[error("{resource} cannot be listed and watched")]
    NotWatchable {
        /// The resource's name.
        resource: String,
    },
    /// The server could not be asked.
    #[error("{0}")]
    Request(#[from] RequestError),
}

/// Finds a kind by plural name, singular name, short name or kind (in any case), alone or followed
/// by `.group` or `.version.group`, as kubectl does. Where several groups have the name, the
/// server's order decides, the core group first. Pods need no request.
pub async fn resolve_kind(cluster: &Cluster, text: &str) -> Result<Arc<Kind>, DiscoveryError> {
    let wanted = Wanted::parse(text);
    if wanted.is_pod() {
        return Ok(Arc::new(Kind::pod()));
    }
    let mut known = BTreeSet::new();
    let mut failure = None;
    let mut sources = Vec::new();
    if wanted.may_be_in("") {
        sources.push("/api");
    }
    if !wanted.is_only_in("") {
        sources.push("/apis");
    }
    for source in sources {
        for catalog in read_index(cluster, source, |group, version| {
            wanted.is_at(group, version)
        })
        .await?
        {
            match catalog {
                Ok(catalog) => {
                    if let Some(found) = wanted.find(&catalog) {
                        return found;
                    }
                    known.extend(catalog.resources.into_iter().map(|found| found.plural));
                }
                Err(error) => failure = Some(error),
            }
        }
    }
    // A group whose server is down may be the one that has it.
    if let Some(error) = failure {
        return Err(error.into());
    }
    Err(DiscoveryError::Unknown {
        suggestion: nearest(&wanted.name, known.iter().map(String::as_str)).map(str::to_owned),
        text: text.to_owned(),
    })
}

/// A text, taken apart. The group may be ambiguous: `x.v1.y` is version `v1` of group `y`, or the
/// group `v1.y`.
struct Wanted {
    /// In lower case.
    name: String,
    /// Version and group, in the order in which they are tried; empty when the text names no group.
    places: Vec<(Option<String>, String)>,
}

impl Wanted {
    fn parse(text: &str) -> Self {
        let text = text.trim().to_lowercase();
        let Some((name, rest)) = text.split_once('.') else {
            return Self {
                name: text,
                places: Vec::new(),
            };
        };
        let mut places = Vec::new();
        let (version, group) = rest.split_once('.').unwrap_or((rest, ""));
        if is_version(version) {
            places.push((Some(version.to_owned()), group.to_owned()));
        }
        places.push((None, rest.to_owned()));
        Self {
            name: name.to_owned(),
            places,
        }
    }

    fn is_pod(&self) -> bool {
        let core = (Some("v1".to_owned()), String::new());
        matches!(&*self.name, "pod" | "pods" | "po")
            && self.places.first().is_none_or(|place| *place == core)
    }

    fn may_be_in(&self, group: &str) -> bool {
        self.places.is_empty() || self.places.iter().any(|(_, place)| place == group)
    }

    fn is_only_in(&self, group: &str) -> bool {
        !self.places.is_empty() && self.places.iter().all(|(_, place)| place == group)
    }

    fn is_at(&self, group: &str, version: &str) -> bool {
        let fits = |(wanted, place): &(Option<String>, String)| {
            place == group && wanted.as_deref().is_none_or(|wanted| wanted == version)
        };
        self.places.is_empty() || self.places.iter().any(fits)
    }

    /// The kind in this group and version, if it is there.
    fn find(&self, catalog: &GroupVersion) -> Option<Result<Arc<Kind>, DiscoveryError>> {
        if !self.is_at(&catalog.group, &catalog.version) {
            return None;
        }
        let found = catalog
            .resources
            .iter()
            .find(|resource| is_called(resource, &self.name))?;
        let kind = Kind {
            group: catalog.group.clone(),
            version: catalog.version.clone(),
            kind: found.kind.clone(),
            plural: found.plural.clone(),
            namespaced: found.namespaced,
        };
        if !found.watchable {
            return Some(Err(DiscoveryError::NotWatchable {
                resource: kind.resource_name(),
            }));
        }
        Some(Ok(Arc::new(kind)))
    }
}

fn is_called(resource: &Resource, name: &str) -> bool {
    resource.plural == name
        || resource.singular == name
        || resource.kind.eq_ignore_ascii_case(name)
        || resource.short_names.iter().any(|short| short == name)
}

/// `v1`, `v2beta1`, `v1alpha3`.
fn is_version(text: &str) -> bool {
    let Some(rest) = text.strip_prefix('v') else {
        return false;
    };
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let split = rest.split_once("alpha").or_else(|| rest.split_once("beta"));
    match split {
        Some((major, minor)) => digits(major) && digits(minor),
        None => digits(rest),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use http_body_util::Full;
    use kube::client::Body;
    use std::sync::Mutex;

    type Seen = Arc<Mutex<Vec<String>>>;

    /// A server with these answers by path, and the paths that were asked for.
    fn server(answers: &'static [(&'static str, &'static str)]) -> (Cluster, Seen) {
        let seen = Seen::default();
        let log = seen.clone();
        let service = tower::service_fn(move |request: http::Request<Body>| {
            let path = request.uri().path().to_owned();
            let answer = answers.iter().find(|(known, _)| *known == path);
            let (status, body) = answer.map_or((404, "{}"), |(_, body)| (200, *body));
            let status = if body.is_empty() { 503 } else { status };
            log.lock().unwrap().push(path);
            async move {
                let body = Full::new(bytes::Bytes::from_static(body.as_bytes()));
                let response = http::Response::builder().status(status).body(body);
                Ok::<_, std::io::Error>(response.unwrap())
            }
        });
        let client = kube::Client::new(service, "default");
        (Cluster::from_client(client, "test"), seen)
    }

    const OLD: &[(&str, &str)] = &[
        ("/api", r#"{"kind":"APIVersions","versions":["v1"]}"#),
        (
            "/api/v1",
            r#"{"kind":"APIResourceList","resources":[
                {"name":"pods","singularName":"","namespaced":true,"kind":"Pod","verbs":["list","watch"],"shortNames":["po"]},
                {"name":"pods/log","singularName":"","namespaced":true,"kind":"Pod","verbs":["get"]},
                {"name":"nodes","singularName":"","namespaced":false,"kind":"Node","verbs":["list","watch"],"shortNames":["no"]},
                {"name":"bindings","singularName":"","namespaced":true,"kind":"Binding","verbs":["create"]},
                {"name":"events","singularName":"","namespaced":true,"kind":"Event","verbs":["list","watch"],"shortNames":["ev"]}]}"#,
        ),
        (
            "/apis",
            r#"{"kind":"APIGroupList","groups":[
                {"name":"metrics.k8s.io","versions":[{"groupVersion":"metrics.k8s.io/v1beta1","version":"v1beta1"}]},
                {"name":"apps","versions":[{"version":"v1beta2"},{"version":"v1"}],"preferredVersion":{"version":"v1"}},
                {"name":"events.k8s.io","versions":[{"version":"v1"}]}]}"#,
        ),
        ("/apis/metrics.k8s.io/v1beta1", ""),
        (
            "/apis/apps/v1",
            r#"{"resources":[{"name":"deployments","singularName":"deployment","namespaced":true,"kind":"Deployment","verbs":["list","watch"],"shortNames":["deploy"]}]}"#,
        ),
        (
            "/apis/apps/v1beta2",
            r#"{"resources":[{"name":"deployments","singularName":"deployment","namespaced":true,"kind":"Deployment","verbs":["list","watch"]}]}"#,
        ),
        (
            "/apis/events.k8s.io/v1",
            r#"{"resources":[{"name":"events","singularName":"","namespaced":true,"kind":"Event","verbs":["list","watch"]}]}"#,
        ),
    ];

    const NEW: &[(&str, &str)] = &[
        (
            "/api",
            r#"{"kind":"APIGroupDiscoveryList","apiVersion":"apidiscovery.k8s.io/v2","items":[{"metadata":{"creationTimestamp":null},"versions":[{"version":"v1","resources":[]}]}]}"#,
        ),
        (
            "/apis",
            r#"{"kind":"APIGroupDiscoveryList","apiVersion":"apidiscovery.k8s.io/v2","metadata":{},"items":[{"metadata":{"name":"argoproj.io"},"versions":[{"version":"v1alpha1","freshness":"Current","resources":[
                {"resource":"rollouts","responseKind":{"group":"argoproj.io","version":"v1alpha1","kind":"Rollout"},"scope":"Namespaced","singularResource":"rollout","verbs":["get","list","watch"],"shortNames":["ro"]}]}]}]}"#,
        ),
    ];

    #[tokio::test]
    async fn pods_need_no_request() {
        let (cluster, seen) = server(&[]);
        for text in ["pods", "pod", "po", "Pod", " Pods ", "pods.v1."] {
            let kind = resolve_kind(&cluster, text).await.unwrap();
            assert_eq!(*kind, Kind::pod(), "{text}");
        }
        assert!(seen.lock().unwrap().is_empty());
    }

    #[tokio::test]
    async fn finds_kinds_on_old_servers() {
        let (cluster, seen) = server(OLD);
        let found = async |text: &str| {
            let kind = resolve_kind(&cluster, text).await.unwrap();
            format!("{}/{} {}", kind.api_version(), kind.plural, kind.namespaced)
        };
        assert_eq!(found("no").await, "v1/nodes false");
        assert_eq!(
            *seen.lock().unwrap(),
            ["/api", "/api/v1"],
            "no more than needed"
        );
        assert_eq!(found("events").await, "v1/events true");
        assert_eq!(
            found("events.events.k8s.io").await,
            "events.k8s.io/v1/events true"
        );
        assert_eq!(found("deploy").await, "apps/v1/deployments true");
        assert_eq!(found("Deployment.apps").await, "apps/v1/deployments true");
        seen.lock().unwrap().clear();
        assert_eq!(
            found("deployments.v1beta2.apps").await,
            "apps/v1beta2/deployments true"
        );
        assert_eq!(*seen.lock().unwrap(), ["/apis", "/apis/apps/v1beta2"]);
    }

    #[tokio::test]
    async fn finds_kinds_on_new_servers() {
        let (cluster, seen) = server(NEW);
        for text in [
            "Rollout",
            "ro",
            "rollouts.argoproj.io",
            "rollout.v1alpha1.argoproj.io",
        ] {
            let kind = resolve_kind(&cluster, text).await.unwrap();
            assert_eq!(
                (&*kind.kind, &*kind.group),
                ("Rollout", "argoproj.io"),
                "{text}"
            );
        }
        assert_eq!(seen.lock().unwrap().len(), 6, "one or two requests each");
    }

    #[tokio::test]
    async fn says_why_a_kind_was_not_found() {
        let (cluster, _) = server(NEW);
        let error = resolve_kind(&cluster, "rolouts")
            .await
            .unwrap_err()
            .to_string();
        assert!(
            error.contains("no resource \"rolouts\" (did you mean \"rollouts\"?)"),
            "{error}"
        );
        let (cluster, _) = server(OLD);
        let error = resolve_kind(&cluster, "bindings").await.unwrap_err();
        assert!(
            matches!(error, DiscoveryError::NotWatchable { .. }),
            "{error}"
        );
        // The group that is down may have it: not "unknown".
        let error = resolve_kind(&cluster, "nodemetrics").await.unwrap_err();
        assert!(matches!(error, DiscoveryError::Request(_)), "{error}");
        let error = resolve_kind(&cluster, "x.apps").await.unwrap_err();
        assert!(matches!(error, DiscoveryError::Unknown { .. }), "{error}");
    }
}
