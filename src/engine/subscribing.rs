//! Subscribing objects by hand: what an object's annotations ask for, whose it is, and writing them.
//!
//! An object that a controller has made is lost with its annotations when the controller makes it
//! anew; then its owner's template is the place to write. Every write names the version that it was
//! computed from; when somebody else was faster and the annotations are still what was expected, it
//! is tried again, else it is refused.

use super::command::{CommandError, Done, Reply, Ticket};
use super::reconcile::{Input, Reconciler};
use crate::catalog::SubscriptionChange;
use crate::cluster::{
    AccessReviews, Cluster, FailureClass, LeanObject, Permission, get_object, merge_patch,
    resolve_kind,
};
use crate::domain::{Kind, ResourceKey};
use futures::StreamExt as _;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Owners of owners that are followed.
const DEPTH: usize = 4;

/// Objects that are written at the same time.
const AT_ONCE: usize = 8;

/// Tries of one write when others keep being faster.
const ATTEMPTS: usize = 5;

/// What is known of the subscriptions in an object's annotations.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Subscribable {
    /// The object.
    pub key: ResourceKey,
    /// Its UID.
    pub uid: String,
    /// Its resourceVersion.
    pub resource_version: String,
    /// The prefix of our annotations, without the slash.
    pub prefix: String,
    /// Its annotations with our prefix, without the notified state.
    pub annotations: BTreeMap<String, String>,
    /// Why they can't be changed.
    pub refused: Option<String>,
    /// Who made the object and makes it anew, as `Deployment shop/cart`; `None` when nobody does.
    pub owned_by: Option<String>,
    /// The template from which it is made anew, when it can be written to.
    pub owner: Option<OwnerTemplate>,
}

/// The template in an owner, from which its objects are made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OwnerTemplate {
    /// The owner.
    pub key: ResourceKey,
    /// Its UID.
    pub uid: String,
    /// Its resourceVersion.
    pub resource_version: String,
    /// Where the template is in it: names of fields.
    pub path: Vec<String>,
    /// The template's annotations with our prefix.
    pub annotations: BTreeMap<String, String>,
    /// Why they can't be changed.
    pub refused: Option<String>,
}

/// Annotations of one object, or of the template in it, that are to be written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AnnotationEdit {
    /// The object.
    pub key: ResourceKey,
    /// Its UID.
    pub uid: String,
    /// The resourceVersion that the edit was made against.
    pub resource_version: String,
    /// Where the template is in it: names of fields; empty for the object's own annotations.
    pub path: Vec<String>,
    /// What the annotations are now, as far as they change; `None` for absent.
    pub expected: BTreeMap<String, Option<String>>,
    /// What they are to be; `None` removes one.
    pub changes: BTreeMap<String, Option<String>>,
}

impl AnnotationEdit {
    /// The JSON merge patch, as it is sent.
    pub fn patch(&self) -> Value {
        let mut inner = json!({"metadata": {"annotations": self.changes}});
        for field in self.path.iter().rev() {
            inner = json!({field: inner});
        }
        inner["metadata"]["resourceVersion"] = json!(self.resource_version);
        inner["metadata"]["uid"] = json!(self.uid);
        inner
    }

    /// What takes it back, when the object has this version then.
    fn reversed(&self, resource_version: String) -> Self {
        Self {
            resource_version,
            expected: self.changes.clone(),
            changes: self.expected.clone(),
            ..self.clone()
        }
    }
}

impl Subscribable {
    /// The edit that makes this change, on the object itself or in its owner's template; `None`
    /// when there is nothing to change, or no template.
    pub fn edit(&self, change: &SubscriptionChange, template: bool) -> Option<AnnotationEdit> {
        let (key, uid, resource_version, path, annotations) = match (&self.owner, template) {
            (Some(owner), true) => (
                &owner.key,
                &owner.uid,
                &owner.resource_version,
                owner.path.clone(),
                &owner.annotations,
            ),
            (None, true) => return None,
            (_, false) => (
                &self.key,
                &self.uid,
                &self.resource_version,
                Vec::new(),
                &self.annotations,
            ),
        };
        let changes = change.apply(&self.prefix, annotations);
        let names = changes.keys();
        let expected = names.map(|name| (name.clone(), annotations.get(name).cloned()));
        (!changes.is_empty()).then(|| AnnotationEdit {
            key: key.clone(),
            uid: uid.clone(),
            resource_version: resource_version.clone(),
            path,
            expected: expected.collect(),
            changes: changes.clone(),
        })
    }
}

impl Reconciler {
    pub(super) fn subscriptions(&self, ticket: Ticket, key: ResourceKey) {
        let (cluster, prefix) = (self.cluster.clone(), self.options.prefix.clone());
        let inputs = self.inputs.clone();
        self.tasks.spawn(async move {
            let result = look(&cluster, &key, &prefix).await;
            let result = result.map(|found| Reply::Subscribable(Arc::new(found)));
            // Nobody listens any more when the engine has ended.
            let _ = inputs.send(Input::Done(Done { ticket, result })).await;
        });
    }

    pub(super) fn annotate(&self, ticket: Ticket, edits: Vec<AnnotationEdit>) {
        let cluster = self.cluster.clone();
        let inputs = self.inputs.clone();
        self.tasks.spawn(async move {
            let single = edits.len() == 1;
            let written = edits.into_iter().map(|edit| {
                let cluster = cluster.clone();
                async move { (edit.key.clone(), write(&cluster, edit).await.map(Some)) }
            });
            let results = futures::stream::iter(written)
                .buffered(AT_ONCE)
                .collect()
                .await;
            let result = told(results, single);
            // Nobody listens any more when the engine has ended.
            let _ = inputs.send(Input::Done(Done { ticket, result })).await;
        });
    }

    pub(super) fn subscribe(
        &self,
        ticket: Ticket,
        resources: Vec<ResourceKey>,
        change: SubscriptionChange,
    ) {
        let (cluster, prefix) = (self.cluster.clone(), self.options.prefix.clone());
        let inputs = self.inputs.clone();
        self.tasks.spawn(async move {
            let single = resources.len() == 1;
            let change = Arc::new(change);
            let written = resources.into_iter().map(|key| {
                let (cluster, prefix) = (cluster.clone(), prefix.clone());
                let change = Arc::clone(&change);
                async move {
                    let result = subscribe_one(&cluster, &key, &prefix, &change).await;
                    (key, result)
                }
            });
            let results = futures::stream::iter(written)
                .buffered(AT_ONCE)
                .collect()
                .await;
            let result = told(results, single);
            // Nobody listens any more when the engine has ended.
            let _ = inputs.send(Input::Done(Done { ticket, result })).await;
        });
    }
}

type Written = (ResourceKey, Result<Option<AnnotationEdit>, CommandError>);

/// A single write that failed is a failed command; of many the answer tells each.
fn told(results: Vec<Written>, single: bool) -> Result<Reply, CommandError> {
    let (mut undo, mut failed, mut unchanged) = (Vec::new(), Vec::new(), 0);
    for (key, result) in results {
        match result {
            Ok(Some(edit)) => undo.push(edit),
            Ok(None) => unchanged += 1,
            Err(error) if single => return Err(error),
            Err(error) => failed.push((key, error.to_string())),
        }
    }
    Ok(Reply::Annotated {
        undo,
        unchanged,
        failed,
    })
}

async fn subscribe_one(
    cluster: &Cluster,
    key: &ResourceKey,
    prefix: &str,
    change: &SubscriptionChange,
) -> Result<Option<AnnotationEdit>, CommandError> {
    let object = get(cluster, key).await?;
    let found = own(&object, prefix);
    match found.edit(change, false) {
        Some(edit) => write(cluster, edit).await.map(Some),
        None => Ok(None),
    }
}

/// Writes one edit; gives what takes it back.
async fn write(cluster: &Cluster, edit: AnnotationEdit) -> Result<AnnotationEdit, CommandError> {
    let mut edit = edit;
    for _ in 0..ATTEMPTS {
        match merge_patch(cluster, &edit.key, edit.patch().to_string()).await {
            Ok(object) => return Ok(edit.reversed(object.resource_version)),
            Err(error) if error.class() == FailureClass::Conflict => {}
            Err(error) if error.class() == FailureClass::Forbidden => {
                let text = format!("{error}; {}", error.permission.hint());
                return Err(CommandError::Forbidden(text));
            }
            Err(error) if error.class() == FailureClass::NotFound => {
                return Err(CommandError::NotFound(edit.key.to_string()));
            }
            Err(error) => return Err(CommandError::Failed(error.to_string())),
        }
        let object = get(cluster, &edit.key).await?;
        if object.uid != edit.uid {
            return Err(CommandError::NotFound(edit.key.to_string()));
        }
        let value = value(&object)?;
        let annotations = at(&value, &edit.path);
        for (name, expected) in &edit.expected {
            if annotations.get(name) != expected.as_ref() {
                let text = format!(
                    "{name} of {} was changed by somebody else meanwhile: look again",
                    edit.key
                );
                return Err(CommandError::Failed(text));
            }
        }
        edit.resource_version = object.resource_version;
    }
    let text = format!(
        "{} was changed by others during each of {ATTEMPTS} tries",
        edit.key
    );
    Err(CommandError::Failed(text))
}

async fn get(cluster: &Cluster, key: &ResourceKey) -> Result<LeanObject, CommandError> {
    let object = get_object(cluster, key).await;
    object.map_err(|error| match error.class() {
        FailureClass::NotFound => CommandError::NotFound(key.to_string()),
        FailureClass::Forbidden => {
            CommandError::Forbidden(format!("{error}; {}", error.permission.hint()))
        }
        _ => CommandError::Failed(error.to_string()),
    })
}

fn value(object: &LeanObject) -> Result<Value, CommandError> {
    let value = object.value();
    value.map_err(|error| CommandError::Failed(format!("{}: {error}", object.key)))
}

/// The annotations of the part of an object at this path.
fn at(value: &Value, path: &[String]) -> BTreeMap<String, String> {
    let part = path.iter().try_fold(value, |value, field| value.get(field));
    let annotations = part.and_then(|part| part["metadata"]["annotations"].as_object());
    let annotations = annotations.into_iter().flatten();
    annotations
        .filter_map(|(name, value)| Some((name.clone(), value.as_str()?.to_owned())))
        .collect()
}

/// Those that are ours, without the state.
fn ours(annotations: BTreeMap<String, String>, prefix: &str) -> BTreeMap<String, String> {
    let start = format!("{prefix}/subscri");
    let all = annotations.into_iter();
    all.filter(|(name, _)| name.starts_with(&start)).collect()
}

fn own(object: &LeanObject, prefix: &str) -> Subscribable {
    Subscribable {
        key: object.key.clone(),
        uid: object.uid.clone(),
        resource_version: object.resource_version.clone(),
        prefix: prefix.to_owned(),
        annotations: ours(object.annotations.clone(), prefix),
        refused: None,
        owned_by: None,
        owner: None,
    }
}

async fn look(
    cluster: &Cluster,
    key: &ResourceKey,
    prefix: &str,
) -> Result<Subscribable, CommandError> {
    let reviews = AccessReviews::new(cluster.clone());
    let object = get(cluster, key).await?;
    let mut found = own(&object, prefix);
    found.refused = refusal(&reviews, key).await;
    let mut child = object;
    let mut place: Option<(LeanObject, Vec<String>)> = None;
    for _ in 0..DEPTH {
        let Ok(value) = value(&child) else { break };
        let Some((kind, name)) = controller(&value) else {
            break;
        };
        found.owned_by = Some(match &*child.key.namespace {
            "" => format!("{} {name}", short(&kind)),
            namespace => format!("{} {namespace}/{name}", short(&kind)),
        });
        // An owner that can't be read is named; its template is not offered.
        let Ok(kind) = resolve_kind(cluster, &kind).await else {
            place = None;
            break;
        };
        let namespace = if kind.namespaced {
            &*child.key.namespace
        } else {
            ""
        };
        let owner = ResourceKey::new(kind, namespace, name.as_str());
        let Ok(owner) = get(cluster, &owner).await else {
            place = None;
            break;
        };
        place = template_of(&key.kind, &owner).map(|path| (owner.clone(), path));
        child = owner;
    }
    if let Some((owner, path)) = place
        && let Ok(value) = value(&owner)
    {
        found.owner = Some(OwnerTemplate {
            refused: refusal(&reviews, &owner.key).await,
            uid: owner.uid.clone(),
            resource_version: owner.resource_version.clone(),
            annotations: ours(at(&value, &path), prefix),
            key: owner.key,
            path,
        });
    }
    Ok(found)
}

/// Why an object may not be patched; when the server can't be asked, the write will tell.
async fn refusal(reviews: &AccessReviews, key: &ResourceKey) -> Option<String> {
    let permission = Permission::on_object("patch", key);
    match reviews.can(&permission).await {
        Ok(false) => Some(permission.hint()),
        Ok(true) | Err(_) => None,
    }
}

/// Kind (as `kind.version.group`) and name of the controller that made an object.
fn controller(value: &Value) -> Option<(String, String)> {
    let owners = value["metadata"]["ownerReferences"].as_array()?;
    let owner = owners.iter().find(|owner| owner["controller"] == true)?;
    let (version, kind) = (owner["apiVersion"].as_str()?, owner["kind"].as_str()?);
    let kind = match version.split_once('/') {
        Some((group, version)) => format!("{kind}.{version}.{group}"),
        None => format!("{kind}.{version}."),
    };
    Some((kind, owner["name"].as_str()?.to_owned()))
}

fn short(kind: &str) -> &str {
    kind.split('.').next().unwrap_or(kind)
}

/// Where an owner keeps the template of objects of this kind, if its template may be changed.
fn template_of(made: &Kind, owner: &LeanObject) -> Option<Vec<String>> {
    let value = owner.value().ok()?;
    let kind = &owner.key.kind;
    let path: &[&str] = match (made.kind.as_str(), kind.kind.as_str(), kind.group.as_str()) {
        ("Job", "CronJob", "batch") => &["spec", "jobTemplate"],
        ("Pod", "CronJob", "batch") => &["spec", "jobTemplate", "spec", "template"],
        // The template of a Job, and that of a static Pod's Node, can't be changed.
        (_, "Job", "batch") => return None,
        ("Pod", _, _) => &["spec", "template"],
        _ => return None,
    };
    let there = path
        .iter()
        .try_fold(&value, |value, field| value.get(field));
    there?;
    Some(path.iter().map(|field| (*field).to_owned()).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn object(kind: &str, group: &str, body: Value) -> LeanObject {
        let kind = Arc::new(Kind {
            group: group.into(),
            version: "v1".into(),
            kind: kind.into(),
            plural: format!("{}s", kind.to_lowercase()),
            namespaced: true,
        });
        let mut whole = json!({"metadata": {"name": "x", "namespace": "n", "uid": "u", "resourceVersion": "7"}});
        for (field, value) in body.as_object().unwrap() {
            whole[field] = value.clone();
        }
        LeanObject::parse(&kind, &whole.to_string()).unwrap()
    }

    #[test]
    fn the_patch_is_only_the_change_with_its_precondition() {
        let mut edit = AnnotationEdit {
            key: ResourceKey::new(Arc::new(Kind::pod()), "n", "x"),
            uid: "u".into(),
            resource_version: "7".into(),
            path: vec![],
            expected: BTreeMap::from([("a".into(), None), ("b".into(), Some("1".into()))]),
            changes: BTreeMap::from([("a".into(), Some("x".into())), ("b".into(), None)]),
        };
        let own = json!({"metadata": {
            "annotations": {"a": "x", "b": null}, "resourceVersion": "7", "uid": "u"}});
        assert_eq!(edit.patch(), own);
        edit.path = vec!["spec".into(), "template".into()];
        let template = json!({
            "metadata": {"resourceVersion": "7", "uid": "u"},
            "spec": {"template": {"metadata": {"annotations": {"a": "x", "b": null}}}}});
        assert_eq!(edit.patch(), template);
        let back = edit.reversed("8".into());
        assert_eq!(back.changes, edit.expected);
        assert_eq!(back.reversed("7".into()), edit);
    }

    #[test]
    fn only_templates_that_may_change_are_offered() {
        let template = json!({"spec": {"template": {"metadata": {}}}});
        let pod = Kind::pod();
        let path = template_of(&pod, &object("Deployment", "apps", template.clone()));
        assert_eq!(path, Some(vec!["spec".to_owned(), "template".to_owned()]));
        assert_eq!(template_of(&pod, &object("Job", "batch", template)), None);
        let cron = json!({"spec": {"jobTemplate": {"spec": {"template": {}}}}});
        let cron = object("CronJob", "batch", cron);
        assert_eq!(template_of(&pod, &cron).map(|path| path.len()), Some(4));
        let job = Kind {
            kind: "Job".into(),
            ..Kind::pod()
        };
        assert_eq!(template_of(&job, &cron).map(|path| path.len()), Some(2));
        assert_eq!(template_of(&pod, &object("Node", "", json!({}))), None);
    }
}
