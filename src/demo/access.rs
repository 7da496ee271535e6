//! Who asks, and what they may do: tokens, impersonation, and the review kinds of
//! `authorization.k8s.io`.

use super::discovery::REVIEWS;
use super::faults::{Faults, Subject};
use super::request::Target;
use super::status::ApiError;
use http::{HeaderMap, header};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

/// The user of requests that name no other.
pub(super) const ADMIN: &str = "kubernetes-admin";

/// The bearer tokens that are accepted, with their users. None at all: everybody is let in.
#[derive(Default)]
pub(super) struct Tokens(Mutex<BTreeMap<String, String>>);

impl Tokens {
    pub fn replace(&self, tokens: impl IntoIterator<Item = (String, String)>) {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        *known = tokens.into_iter().collect();
    }

    pub fn insert(&self, token: &str, user: &str) {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        known.insert(token.to_owned(), user.to_owned());
    }

    /// The user of a request.
    pub fn user(&self, headers: &HeaderMap) -> Result<String, ApiError> {
        let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
        let bearer = text(header::AUTHORIZATION.as_str()).and_then(|h| h.strip_prefix("Bearer "));
        let known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let user = match bearer.and_then(|token| known.get(token.trim())) {
            Some(user) => user.clone(),
            None if known.is_empty() => ADMIN.to_owned(),
            None => return Err(ApiError::unauthorized()),
        };
        Ok(text("impersonate-user").map(str::to_owned).unwrap_or(user))
    }
}

/// The refusal of a request that the user may not make.
pub(super) fn forbidden(subject: &Subject) -> ApiError {
    let resource = match subject.subresource.as_str() {
        "" => subject.resource.clone(),
        subresource => format!("{}/{subresource}", subject.resource),
    };
    let qualified = match subject.group.as_str() {
        "" => subject.resource.clone(),
        group => format!("{}.{group}", subject.resource),
    };
    let named = match subject.name.as_str() {
        "" => qualified,
        name => format!("{qualified} \"{name}\""),
    };
    let scope = match subject.namespace.as_str() {
        "" => "at the cluster scope".to_owned(),
        namespace => format!("in the namespace \"{namespace}\""),
    };
    let message = format!(
        "{named} is forbidden: User \"{}\" cannot {} resource \"{resource}\" in API group \"{}\" \
         {scope}",
        subject.user, subject.verb, subject.group
    );
    ApiError::forbidden(message, &subject.resource, &subject.group)
}

/// Whether the address is one of the kinds that are only asked.
pub(super) fn is_review(target: &Target) -> bool {
    target.version == "v1"
        && REVIEWS.iter().any(|&(group, plural, _, _)| {
            group == target.group && plural == target.resource && target.name.is_empty()
        })
}

/// Answers a review: the document that was sent, with its status filled in.
pub(super) fn review(
    faults: &Faults,
    target: &Target,
    user: &str,
    mut document: Value,
) -> Result<Value, ApiError> {
    if !document.is_object() {
        return Err(ApiError::bad_request(
            "the body of the request is not an object",
        ));
    }
    let status = match target.resource.as_str() {
        "selfsubjectreviews" => {
            json!({"userInfo": {"username": user, "groups": ["system:authenticated"]}})
        }
        "selfsubjectrulesreviews" => rules(faults, user, &document["spec"]["namespace"]),
        _ => access(faults, user, &document["spec"], &target.namespace),
    };
    document["status"] = status;
    Ok(document)
}

fn access(faults: &Faults, user: &str, spec: &Value, namespace: &str) -> Value {
    let about = &spec["resourceAttributes"];
    if about.is_null() {
        return json!({"allowed": true});
    }
    let text = |field: &str| about[field].as_str().unwrap_or_default().to_owned();
    let subject = Subject {
        verb: text("verb"),
        group: text("group"),
        resource: text("resource"),
        subresource: text("subresource"),
        namespace: if namespace.is_empty() {
            text("namespace")
        } else {
            namespace.to_owned()
        },
        name: text("name"),
        user: spec["user"].as_str().unwrap_or(user).to_owned(),
    };
    json!({"allowed": faults.allows(&subject)})
}

/// The verbs that the user has on the kinds that people ask for most; everything, when nothing
/// is denied.
fn rules(faults: &Faults, user: &str, namespace: &Value) -> Value {
    const KINDS: [(&str, &str); 8] = [
        ("", "pods"),
        ("", "configmaps"),
        ("", "secrets"),
        ("", "events"),
        ("", "namespaces"),
        ("apps", "deployments"),
        ("batch", "jobs"),
        ("coordination.k8s.io", "leases"),
    ];
    const VERBS: [&str; 7] = [
        "get", "list", "watch", "create", "update", "patch", "delete",
    ];
    let mut list = Vec::new();
    for (group, resource) in KINDS {
        let allowed: Vec<&str> = VERBS
            .into_iter()
            .filter(|verb| {
                faults.allows(&Subject {
                    verb: (*verb).to_owned(),
                    group: group.to_owned(),
                    resource: resource.to_owned(),
                    namespace: namespace.as_str().unwrap_or_default().to_owned(),
                    user: user.to_owned(),
                    ..Subject::default()
                })
            })
            .collect();
        if !allowed.is_empty() {
            list.push(json!({"apiGroups": [group], "resources": [resource], "verbs": allowed}));
        }
    }
    json!({
        "resourceRules": list,
        "nonResourceRules": [{"nonResourceURLs": ["*"], "verbs": ["get"]}],
        "incomplete": true,
    })
}
