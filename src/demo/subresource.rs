//! Subresources that are no part of their object: `scale`, the number of replicas in a form that
//! is the same for all kinds; `eviction` and `binding` of Pods.

use super::object::{as_map, meta, meta_mut};
use super::read::read_body;
use super::status::ApiError;
use super::write::{Scope, Write, Written};
use serde_json::{Value, json};

/// The `Scale` face of an object with replicas.
pub(super) fn scale_of(object: &Value) -> Value {
    let labels = object["spec"]["selector"]["matchLabels"].as_object();
    let selector: Vec<String> = labels
        .into_iter()
        .flatten()
        .map(|(key, value)| format!("{key}={}", value.as_str().unwrap_or_default()))
        .collect();
    let metadata = &object["metadata"];
    json!({
        "kind": "Scale",
        "apiVersion": "autoscaling/v1",
        "metadata": {
            "name": metadata["name"], "namespace": metadata["namespace"], "uid": metadata["uid"],
            "resourceVersion": metadata["resourceVersion"],
            "creationTimestamp": metadata["creationTimestamp"],
        },
        "spec": {"replicas": object["spec"]["replicas"].as_u64().unwrap_or_default()},
        "status": {
            "replicas": object["status"]["replicas"].as_u64().unwrap_or_default(),
            "selector": selector.join(","),
        },
    })
}

impl Write<'_> {
    /// Writes the replicas that `wanted` makes of the present `Scale`.
    pub(super) fn update_scale(
        &self,
        wanted: impl Fn(&Value) -> Result<Value, ApiError>,
    ) -> Result<Written, ApiError> {
        if !self.resource().scale {
            return Err(ApiError::no_such_path());
        }
        let changed = self.change(Scope::Whole, |before, object| {
            let scale = wanted(&scale_of(before))?;
            let replicas = scale["spec"]["replicas"].as_u64().unwrap_or_default();
            as_map(&mut object["spec"]).insert("replicas".to_owned(), replicas.into());
            let version = meta(&scale, "resourceVersion");
            meta_mut(object).insert("resourceVersion".to_owned(), version.into());
            Ok(())
        })?;
        let object = match changed {
            Ok(stored) => stored.value(),
            Err(tree) => tree,
        };
        Ok(Written::Document(scale_of(&object)))
    }

    /// Carries out a POST to a subresource.
    pub(super) fn create_subresource(&self) -> Result<Written, ApiError> {
        match (
            self.resource().plural.as_str(),
            self.target.subresource.as_str(),
        ) {
            ("pods", "eviction") => {
                self.delete_named(&json!({}))?;
                Ok(Written::Document(json!({
                    "kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success",
                    "code": 201,
                })))
            }
            ("pods", "binding") => {
                let binding = read_body(self.content_type, self.body)?;
                let node = binding["target"]["name"].as_str().unwrap_or_default();
                if node.is_empty() {
                    return Err(ApiError::bad_request("a binding must name its target"));
                }
                let _bound = self.change(Scope::Whole, |_, object| {
                    as_map(&mut object["spec"]).insert("nodeName".to_owned(), node.into());
                    Ok(())
                })?;
                Ok(Written::Document(json!({
                    "kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success",
                    "code": 201,
                })))
            }
            _ => Err(ApiError::method_not_allowed()),
        }
    }
}
