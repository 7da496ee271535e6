//! What a request asks for: the address in its path, its verb and its parameters.

use http::Method;
use std::time::Duration;

/// Parameters of a request, in their order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Query(Vec<(String, String)>);

impl Query {
    pub fn parse(text: &str) -> Self {
        Self(
            url::form_urlencoded::parse(text.as_bytes())
                .into_owned()
                .collect(),
        )
    }

    /// The first value of a parameter; empty when it is missing.
    pub fn get(&self, name: &str) -> &str {
        self.0
            .iter()
            .find(|(key, _)| key == name)
            .map(|(_, value)| value.as_str())
            .unwrap_or("")
    }

    /// Whether a switch is on.
    pub fn is_true(&self, name: &str) -> bool {
        matches!(self.get(name), "true" | "1" | "True" | "TRUE" | "t" | "T")
    }

    /// Whether nothing is to be written.
    pub fn dry_run(&self) -> bool {
        self.get("dryRun") == "All"
    }

    pub fn timeout(&self) -> Option<Duration> {
        self.get("timeoutSeconds")
            .parse()
            .ok()
            .filter(|&s| s > 0)
            .map(Duration::from_secs)
    }
}

/// What is to be done, in the words of RBAC.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) enum Verb {
    Get,
    List,
    Watch,
    Create,
    Update,
    Patch,
    Delete,
    DeleteCollection,
}

impl Verb {
    pub fn name(self) -> &'static str {
        match self {
            Self::Get => "get",
            Self::List => "list",
            Self::Watch => "watch",
            Self::Create => "create",
            Self::Update => "update",
            Self::Patch => "patch",
            Self::Delete => "delete",
            Self::DeleteCollection => "deletecollection",
        }
    }

    pub fn of(method: &Method, named: bool, query: &Query) -> Option<Self> {
        Some(match *method {
            Method::GET | Method::HEAD if query.is_true("watch") => Self::Watch,
            Method::GET | Method::HEAD if named => Self::Get,
            Method::GET | Method::HEAD => Self::List,
            Method::POST => Self::Create,
            Method::PUT if named => Self::Update,
            Method::PATCH if named => Self::Patch,
            Method::DELETE if named => Self::Delete,
            Method::DELETE => Self::DeleteCollection,
            _ => return None,
        })
    }
}

/// The address of a collection, an object or a subresource. Parts that are not in the path are
/// empty.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Target {
    pub group: String,
    pub version: String,
    pub resource: String,
    pub namespace: String,
    pub name: String,
    pub subresource: String,
}

impl Target {
    /// Reads a path below `/api` or `/apis`; `None` for discovery documents and anything else.
    pub fn parse(path: &str) -> Option<Self> {
        let decoded = percent_decode(path);
        let parts: Vec<&str> = decoded.split('/').filter(|part| !part.is_empty()).collect();
        let (group, version, rest) = match parts.as_slice() {
            ["api", version, rest @ ..] => ("", version, rest),
            ["apis", group, version, rest @ ..] => (*group, version, rest),
            _ => return None,
        };
        let (namespace, rest) = match rest {
            ["namespaces", namespace, resource, rest @ ..]
                if !(group.is_empty() && matches!(*resource, "status" | "finalize")) =>
            {
                (*namespace, [&[*resource], rest].concat())
            }
            _ => ("", rest.to_vec()),
        };
        let mut parts = rest.into_iter();
        let resource = parts.next()?;
        let name = parts.next().unwrap_or_default();
        let subresource = parts.collect::<Vec<_>>().join("/");
        Some(Self {
            group: group.to_owned(),
            version: (*version).to_owned(),
            resource: resource.to_owned(),
            namespace: namespace.to_owned(),
            name: name.to_owned(),
            subresource,
        })
    }
}

fn percent_decode(path: &str) -> String {
    if !path.contains('%') {
        return path.to_owned();
    }
    // A plus sign means itself in a path, so it is protected from the form decoder.
    let protected = format!("p={}", path.replace('+', "%2B"));
    let decoded = url::form_urlencoded::parse(protected.as_bytes()).next();
    decoded
        .map(|(_, text)| text.into_owned())
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses() {
        let parse = |path| {
            let t = Target::parse(path)?;
            Some(
                [
                    t.group,
                    t.version,
                    t.namespace,
                    t.resource,
                    t.name,
                    t.subresource,
                ]
                .join(" "),
            )
        };
        for (path, expected) in [
            ("/api/v1/pods", Some(" v1  pods  ")),
            ("/api/v1/namespaces", Some(" v1  namespaces  ")),
            ("/api/v1/namespaces/a", Some(" v1  namespaces a ")),
            (
                "/api/v1/namespaces/a/status",
                Some(" v1  namespaces a status"),
            ),
            ("/api/v1/namespaces/a/pods/b/log", Some(" v1 a pods b log")),
            (
                "/apis/apps/v1/namespaces/a/deployments/b/scale",
                Some("apps v1 a deployments b scale"),
            ),
            ("/api/v1/nodes/n%3A1", Some(" v1  nodes n:1 ")),
            ("/apis/apps/v1", None),
            ("/api/v1", None),
            ("/version", None),
        ] {
            assert_eq!(parse(path).as_deref(), expected, "{path}");
        }
    }
}
