//! What the server fills in and resets before an object is stored: identity, defaults, the
//! separation of specification and status, deletion.

use super::object::{as_map, member_mut, meta_mut, now};
use super::resource::Resource;
use super::status::ApiError;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value, json};

/// Completes an object that is to be created.
pub(super) fn prepare_new(resource: &Resource, object: &mut Value, uid: String) {
    let metadata = meta_mut(object);
    for field in [
        "deletionTimestamp",
        "deletionGracePeriodSeconds",
        "selfLink",
        "managedFields",
    ] {
        metadata.remove(field);
    }
    metadata.retain(|_, value| !value.is_null());
    metadata.insert("uid".to_owned(), uid.into());
    metadata.insert("creationTimestamp".to_owned(), now().into());
    if resource.has_generation() {
        metadata.insert("generation".to_owned(), 1.into());
    }
    if resource.status {
        as_map(object).remove("status");
    }
    set_defaults(resource, object);
}

/// Completes an object that is written directly, with its status and identity as given.
pub(super) fn prepare_given(resource: &Resource, object: &mut Value, uid: String) {
    let metadata = meta_mut(object);
    metadata.retain(|_, value| !value.is_null());
    metadata.entry("uid").or_insert_with(|| uid.into());
    metadata
        .entry("creationTimestamp")
        .or_insert_with(|| now().into());
    if resource.has_generation() {
        metadata.entry("generation").or_insert_with(|| 1.into());
    }
    let kind = resource.kind.clone();
    let map = as_map(object);
    map.entry("kind").or_insert_with(|| kind.into());
    map.entry("apiVersion")
        .or_insert_with(|| resource.api_version().into());
}

/// Puts back what a change may not touch, and counts the generation up.
pub(super) fn prepare_change(
    resource: &Resource,
    subresource: &str,
    before: &Value,
    object: &mut Value,
) -> Result<(), ApiError> {
    prepare_metadata(before, object);
    let old = &before["metadata"];
    match subresource {
        "" | "scale" | "binding" => {
            if resource.status {
                restore(before, object, "status");
            }
            set_defaults(resource, object);
        }
        "status" => {
            if !resource.status {
                return Err(ApiError::no_such_path());
            }
            let status = object["status"].clone();
            let mut metadata = object["metadata"].clone();
            if resource.custom.is_some() {
                let owners = metadata["managedFields"].clone();
                metadata = old.clone();
                as_map(&mut metadata).insert("managedFields".to_owned(), owners);
            }
            *object = before.clone();
            let map = as_map(object);
            map.insert("metadata".to_owned(), metadata);
            match status {
                Value::Null => map.remove("status"),
                status => map.insert("status".to_owned(), status),
            };
            meta_mut(object).retain(|_, value| !value.is_null());
        }
        "finalize" | "approval" | "ephemeralcontainers" | "resize" => {}
        _ => return Err(ApiError::no_such_path()),
    }
    if resource.has_generation() && spec_changed(before, object) {
        let generation = old["generation"]
            .as_u64()
            .unwrap_or_default()
            .saturating_add(1);
        meta_mut(object).insert("generation".to_owned(), generation.into());
    }
    Ok(())
}

/// Puts back what a change of metadata may not touch.
pub(super) fn prepare_metadata(before: &Value, object: &mut Value) {
    let kept = [
        "uid",
        "name",
        "namespace",
        "creationTimestamp",
        "deletionTimestamp",
        "deletionGracePeriodSeconds",
        "generation",
        "generateName",
        "resourceVersion",
        "selfLink",
    ];
    let old = &before["metadata"];
    let metadata = meta_mut(object);
    for field in kept {
        match &old[field] {
            Value::Null => metadata.remove(field),
            value => metadata.insert(field.to_owned(), value.clone()),
        };
    }
    // Owners are kept when the client leaves them out; an empty list clears them.
    if !metadata.contains_key("managedFields") && !old["managedFields"].is_null() {
        metadata.insert("managedFields".to_owned(), old["managedFields"].clone());
    }
    metadata.retain(|_, value| !value.is_null());
    for field in ["labels", "annotations", "finalizers", "ownerReferences"] {
        let empty = metadata.get(field).is_some_and(|value| match value {
            Value::Object(map) => map.is_empty(),
            Value::Array(list) => list.is_empty(),
            _ => false,
        });
        if empty {
            metadata.remove(field);
        }
    }
}

fn restore(before: &Value, object: &mut Value, field: &str) {
    if before[field] == object[field] {
        return;
    }
    let map = as_map(object);
    match &before[field] {
        Value::Null => map.remove(field),
        value => map.insert(field.to_owned(), value.clone()),
    };
}

/// Whether anything but metadata and status differs.
fn spec_changed(before: &Value, object: &Value) -> bool {
    let own = |key: &&String| *key != "metadata" && *key != "status";
    let keys = |value| {
        Value::as_object(value)
            .into_iter()
            .flat_map(Map::keys)
            .filter(own)
    };
    !keys(before).eq(keys(object)) || keys(object).any(|key| before[key] != object[key])
}

/// Whether the object was waiting for its finalizers only, and they are gone.
pub(super) fn is_finished(object: &Value) -> bool {
    let metadata = &object["metadata"];
    !metadata["deletionTimestamp"].is_null()
        && metadata["finalizers"].as_array().is_none_or(Vec::is_empty)
        && metadata["deletionGracePeriodSeconds"]
            .as_u64()
            .unwrap_or_default()
            == 0
}

/// Whether a deleted object stays for a while, and with how many seconds of grace.
pub(super) fn must_linger(resource: &Resource, object: &Value, grace: Option<u64>) -> Option<u64> {
    let finalizers = object["metadata"]["finalizers"]
        .as_array()
        .is_some_and(|f| !f.is_empty());
    if resource.kind == "Pod" && resource.group.is_empty() {
        let phase = object["status"]["phase"].as_str().unwrap_or_default();
        let ended = matches!(phase, "Succeeded" | "Failed");
        let scheduled = !object["spec"]["nodeName"]
            .as_str()
            .unwrap_or_default()
            .is_empty();
        let own = object["spec"]["terminationGracePeriodSeconds"]
            .as_u64()
            .unwrap_or(30);
        let grace = grace.unwrap_or(own);
        if !ended && scheduled && grace > 0 {
            return Some(grace);
        }
    }
    finalizers.then_some(0)
}

fn default(map: &mut Map<String, Value>, field: &str, value: impl Into<Value>) {
    let entry = map.entry(field).or_insert(Value::Null);
    if entry.is_null() {
        *entry = value.into();
    }
}

/// The defaults that clients look at. Not all of the hundreds that a real server knows.
fn set_defaults(resource: &Resource, object: &mut Value) {
    if resource.custom.is_some() {
        return;
    }
    match resource.kind.as_str() {
        "Pod" => {
            pod_spec(member_mut(as_map(object), "spec"), "Always");
            let qos = quality(&object["spec"]);
            let status = member_mut(as_map(object), "status");
            default(status, "phase", "Pending");
            default(status, "qosClass", qos);
        }
        "Deployment" | "ReplicaSet" | "StatefulSet" | "ReplicationController" => {
            let spec = member_mut(as_map(object), "spec");
            default(spec, "replicas", 1);
            if resource.kind == "Deployment" {
                default(spec, "revisionHistoryLimit", 10);
                default(spec, "progressDeadlineSeconds", 600);
                default(
                    spec,
                    "strategy",
                    json!({
                        "type": "RollingUpdate",
                        "rollingUpdate": {"maxSurge": "25%", "maxUnavailable": "25%"},
                    }),
                );
            }
            pod_template(spec, "Always");
            default(member_mut(as_map(object), "status"), "replicas", 0);
        }
        "DaemonSet" => pod_template(member_mut(as_map(object), "spec"), "Always"),
        "Job" => {
            let spec = member_mut(as_map(object), "spec");
            for (field, value) in [("backoffLimit", 6), ("completions", 1), ("parallelism", 1)] {
                default(spec, field, value);
            }
            default(spec, "completionMode", "NonIndexed");
            default(spec, "suspend", false);
            pod_template(spec, "Never");
            member_mut(as_map(object), "status");
        }
        "CronJob" => {
            let spec = member_mut(as_map(object), "spec");
            default(spec, "concurrencyPolicy", "Allow");
            default(spec, "suspend", false);
            default(spec, "successfulJobsHistoryLimit", 3);
            default(spec, "failedJobsHistoryLimit", 1);
            member_mut(as_map(object), "status");
        }
        "Namespace" => {
            let name = object["metadata"]["name"].clone();
            let labels = member_mut(meta_mut(object), "labels");
            labels.insert("kubernetes.io/metadata.name".to_owned(), name);
            default(
                member_mut(as_map(object), "spec"),
                "finalizers",
                json!(["kubernetes"]),
            );
            default(member_mut(as_map(object), "status"), "phase", "Active");
        }
        "Secret" => {
            let map = as_map(object);
            default(map, "type", "Opaque");
            if let Some(Value::Object(texts)) = map.remove("stringData") {
                let data = member_mut(map, "data");
                for (key, text) in texts {
                    let text = STANDARD.encode(text.as_str().unwrap_or_default());
                    data.insert(key, text.into());
                }
            }
        }
        "Service" => service(object),
        "CustomResourceDefinition" => definition(object),
        _ => {}
    }
}

fn service(object: &mut Value) {
    let spec = member_mut(as_map(object), "spec");
    default(spec, "type", "ClusterIP");
    default(spec, "sessionAffinity", "None");
    if let Some(ports) = spec.get_mut("ports").and_then(Value::as_array_mut) {
        for port in ports {
            let port = as_map(port);
            default(port, "protocol", "TCP");
            let same = port.get("port").cloned().unwrap_or_default();
            default(port, "targetPort", same);
        }
    }
    let external = spec.get("type").is_some_and(|kind| kind == "ExternalName");
    if !external && spec.get("clusterIP").is_none_or(|ip| ip == "") {
        let name = object["metadata"]["name"].as_str().unwrap_or_default();
        let sum = name
            .bytes()
            .fold(7_u8, |sum, byte| sum.wrapping_mul(31).wrapping_add(byte));
        let address = format!("10.96.{}.{}", name.len() % 256, sum.max(1));
        let spec = member_mut(as_map(object), "spec");
        spec.insert("clusterIPs".to_owned(), json!([address]));
        spec.insert("clusterIP".to_owned(), address.into());
    }
    default(
        member_mut(as_map(object), "status"),
        "loadBalancer",
        json!({}),
    );
}

fn definition(object: &mut Value) {
    let kind = object["spec"]["names"]["kind"]
        .as_str()
        .unwrap_or_default()
        .to_owned();
    let names = member_mut(member_mut(as_map(object), "spec"), "names");
    default(names, "singular", kind.to_ascii_lowercase());
    default(names, "listKind", format!("{kind}List"));
    let accepted = object["spec"]["names"].clone();
    let versions = object["spec"]["versions"]
        .as_array()
        .cloned()
        .unwrap_or_default();
    let stored: Vec<Value> = versions
        .iter()
        .filter(|v| v["storage"] == true)
        .map(|v| v["name"].clone())
        .collect();
    let at = object["metadata"]["creationTimestamp"].clone();
    let condition = |kind: &str, reason: &str, message: &str| {
        json!({
            "type": kind, "status": "True", "reason": reason, "message": message,
            "lastTransitionTime": at,
        })
    };
    let status = json!({
        "acceptedNames": accepted,
        "storedVersions": stored,
        "conditions": [
            condition("NamesAccepted", "NoConflicts", "no conflicts found"),
            condition("Established", "InitialNamesAccepted", "the initial names have been accepted"),
        ],
    });
    as_map(object).insert("status".to_owned(), status);
}

fn pod_template(spec: &mut Map<String, Value>, restart: &str) {
    pod_spec(member_mut(member_mut(spec, "template"), "spec"), restart);
}

fn pod_spec(spec: &mut Map<String, Value>, restart: &str) {
    default(spec, "restartPolicy", restart);
    default(spec, "dnsPolicy", "ClusterFirst");
    default(spec, "schedulerName", "default-scheduler");
    default(spec, "terminationGracePeriodSeconds", 30);
    default(spec, "securityContext", json!({}));
    for list in ["containers", "initContainers"] {
        let Some(containers) = spec.get_mut(list).and_then(Value::as_array_mut) else {
            continue;
        };
        for container in containers {
            let container = as_map(container);
            let image = container
                .get("image")
                .and_then(Value::as_str)
                .unwrap_or_default();
            let floating = image.ends_with(":latest") || !image.contains([':', '@']);
            let pull = if floating { "Always" } else { "IfNotPresent" };
            default(container, "imagePullPolicy", pull);
            default(container, "terminationMessagePath", "/dev/termination-log");
            default(container, "terminationMessagePolicy", "File");
            default(container, "resources", json!({}));
            if let Some(ports) = container.get_mut("ports").and_then(Value::as_array_mut) {
                for port in ports {
                    default(as_map(port), "protocol", "TCP");
                }
            }
        }
    }
}

/// The quality-of-service class that follows from requests and limits.
fn quality(spec: &Value) -> &'static str {
    let containers = spec["containers"]
        .as_array()
        .map(Vec::as_slice)
        .unwrap_or_default();
    let has = |c: &Value, list: &str| {
        c["resources"][list]
            .as_object()
            .is_some_and(|m| !m.is_empty())
    };
    let bounded = |c: &Value| {
        let limits = &c["resources"]["limits"];
        let requests = &c["resources"]["requests"];
        !limits["cpu"].is_null()
            && !limits["memory"].is_null()
            && (requests.is_null() || requests == limits)
    };
    if containers
        .iter()
        .all(|c| !has(c, "requests") && !has(c, "limits"))
    {
        "BestEffort"
    } else if containers.iter().all(bounded) {
        "Guaranteed"
    } else {
        "Burstable"
    }
}
