//! Tables as `kubectl get` shows them: columns per kind, one row per object.

mod age;
mod columns;
mod path;
mod pod;

use super::resource::Resource;
use age::{age_of, between};
use columns::columns;
use path::at_path;
use pod::pod;
use serde_json::{Value, json};

/// The columns of a kind, as in a table's `columnDefinitions`.
pub(super) fn definitions(resource: &Resource, version: &str) -> Value {
    let define = |name: &str, kind: &str, format: &str, about: &str, priority: u64| {
        json!({
            "name": name, "type": kind, "format": format, "description": about,
            "priority": priority,
        })
    };
    if resource.custom.is_some() {
        let name = define("Name", "string", "name", "Name of the object", 0);
        let mut columns = vec![name];
        for column in printer_columns(resource, version) {
            let text = |field: &str| column[field].as_str().unwrap_or_default();
            let kind = if text("type") == "date" {
                "string"
            } else {
                text("type")
            };
            let priority = column["priority"].as_u64().unwrap_or_default();
            columns.push(define(
                text("name"),
                kind,
                text("format"),
                text("description"),
                priority,
            ));
        }
        if printer_columns(resource, version).is_empty() {
            columns.push(define("Age", "string", "", "Time since the creation", 0));
        }
        return Value::Array(columns);
    }
    let columns = columns(resource).iter().map(|&(name, kind, priority)| {
        let format = if name == "Name" { "name" } else { "" };
        define(
            name,
            kind,
            format,
            &format!("{name} of the object"),
            priority.into(),
        )
    });
    Value::Array(columns.collect())
}

/// The row of an object.
pub(super) fn cells(resource: &Resource, version: &str, object: &Value) -> Value {
    if resource.custom.is_some() {
        let mut cells = vec![object["metadata"]["name"].clone()];
        let columns = printer_columns(resource, version);
        for column in columns {
            let path = column["jsonPath"].as_str().unwrap_or_default();
            let found = at_path(object, path);
            cells.push(match column["type"].as_str() {
                Some("date") => age_of(found.as_str().unwrap_or_default()).into(),
                _ => found,
            });
        }
        if columns.is_empty() {
            cells.push(creation_age(object));
        }
        return Value::Array(cells);
    }
    Value::Array(built_in(resource, object))
}

fn printer_columns<'r>(resource: &'r Resource, version: &str) -> &'r [Value] {
    let declared = resource
        .custom_version(version)
        .map(|v| &v["additionalPrinterColumns"]);
    declared
        .and_then(Value::as_array)
        .map(Vec::as_slice)
        .unwrap_or_default()
}

fn built_in(resource: &Resource, object: &Value) -> Vec<Value> {
    let (spec, status) = (&object["spec"], &object["status"]);
    let name = object["metadata"]["name"].clone();
    let number = |value: &Value| Value::from(value.as_u64().unwrap_or_default());
    let size = |value: &Value| value.as_object().map_or(0, serde_json::Map::len);
    match (resource.group.as_str(), resource.kind.as_str()) {
        ("", "Pod") => pod(object),
        ("apps", "Deployment") => vec![
            name,
            format!(
                "{}/{}",
                number(&status["readyReplicas"]),
                number(&spec["replicas"])
            )
            .into(),
            number(&status["updatedReplicas"]).to_string().into(),
            number(&status["availableReplicas"]).to_string().into(),
            creation_age(object),
            containers(&spec["template"]["spec"], "name"),
            containers(&spec["template"]["spec"], "image"),
            selector(&spec["selector"]["matchLabels"]),
        ],
        ("apps", "ReplicaSet") | ("", "ReplicationController") => vec![
            name,
            number(&spec["replicas"]),
            number(&status["replicas"]),
            number(&status["readyReplicas"]),
            creation_age(object),
            containers(&spec["template"]["spec"], "name"),
            containers(&spec["template"]["spec"], "image"),
            selector(&spec["selector"]["matchLabels"]),
        ],
        ("apps", "StatefulSet") => vec![
            name,
            format!(
                "{}/{}",
                number(&status["readyReplicas"]),
                number(&spec["replicas"])
            )
            .into(),
            creation_age(object),
            containers(&spec["template"]["spec"], "name"),
            containers(&spec["template"]["spec"], "image"),
        ],
        ("apps", "DaemonSet") => vec![
            name,
            number(&status["desiredNumberScheduled"]),
            number(&status["currentNumberScheduled"]),
            number(&status["numberReady"]),
            number(&status["updatedNumberScheduled"]),
            number(&status["numberAvailable"]),
            creation_age(object),
        ],
        ("batch", "Job") => {
            let done = |kind: &str| condition(status, kind).is_some_and(|c| c["status"] == "True");
            let state = match () {
                () if done("Complete") => "Complete",
                () if done("Failed") => "Failed",
                () if spec["suspend"] == true => "Suspended",
                () => "Running",
            };
            let ended = status["completionTime"].as_str().unwrap_or_default();
            vec![
                name,
                state.into(),
                format!(
                    "{}/{}",
                    number(&status["succeeded"]),
                    number(&spec["completions"])
                )
                .into(),
                between(status["startTime"].as_str().unwrap_or_default(), ended).into(),
                creation_age(object),
                containers(&spec["template"]["spec"], "name"),
                containers(&spec["template"]["spec"], "image"),
            ]
        }
        ("batch", "CronJob") => vec![
            name,
            spec["schedule"].clone(),
            (spec["suspend"] == true).into(),
            status["active"].as_array().map_or(0, Vec::len).into(),
            match status["lastScheduleTime"].as_str() {
                Some(at) => age_of(at).into(),
                None => "<none>".into(),
            },
            creation_age(object),
        ],
        ("", "Service") => vec![
            name,
            spec["type"].clone(),
            spec["clusterIP"]
                .as_str()
                .filter(|ip| !ip.is_empty())
                .unwrap_or("None")
                .into(),
            spec["externalName"].as_str().unwrap_or("<none>").into(),
            ports(spec),
            creation_age(object),
            selector(&spec["selector"]),
        ],
        ("", "Node") => node(object),
        (_, "Event") => event(object),
        ("", "Namespace") => vec![name, status["phase"].clone(), creation_age(object)],
        ("", "ConfigMap") => {
            let entries = size(&object["data"]).saturating_add(size(&object["binaryData"]));
            vec![name, entries.into(), creation_age(object)]
        }
        ("", "Secret") => {
            vec![
                name,
                object["type"].clone(),
                size(&object["data"]).into(),
                creation_age(object),
            ]
        }
        ("", "ServiceAccount") => {
            vec![
                name,
                object["secrets"].as_array().map_or(0, Vec::len).into(),
                creation_age(object),
            ]
        }
        (_, "Lease") => {
            vec![
                name,
                spec["holderIdentity"].as_str().unwrap_or_default().into(),
                creation_age(object),
            ]
        }
        (_, "RoleBinding" | "ClusterRoleBinding") => {
            let role = &object["roleRef"];
            let text = |field: &str| role[field].as_str().unwrap_or_default();
            vec![
                name,
                format!("{}/{}", text("kind"), text("name")).into(),
                creation_age(object),
            ]
        }
        (_, "Role" | "ClusterRole" | "CustomResourceDefinition") => {
            vec![name, object["metadata"]["creationTimestamp"].clone()]
        }
        _ => vec![name, creation_age(object)],
    }
}

fn condition<'s>(status: &'s Value, kind: &str) -> Option<&'s Value> {
    status["conditions"]
        .as_array()?
        .iter()
        .find(|c| c["type"] == kind)
}

fn containers(spec: &Value, field: &str) -> Value {
    let list = spec["containers"]
        .as_array()
        .map(Vec::as_slice)
        .unwrap_or_default();
    let texts: Vec<&str> = list.iter().filter_map(|c| c[field].as_str()).collect();
    texts.join(",").into()
}

fn selector(labels: &Value) -> Value {
    let labels = labels.as_object().into_iter().flatten();
    let pairs: Vec<String> = labels
        .map(|(key, value)| format!("{key}={}", value.as_str().unwrap_or_default()))
        .collect();
    if pairs.is_empty() {
        "<none>".into()
    } else {
        pairs.join(",").into()
    }
}

fn ports(spec: &Value) -> Value {
    let list = spec["ports"]
        .as_array()
        .map(Vec::as_slice)
        .unwrap_or_default();
    let texts: Vec<String> = list
        .iter()
        .map(|port| {
            let protocol = port["protocol"].as_str().unwrap_or("TCP");
            match port["nodePort"].as_u64() {
                Some(node) => format!("{}:{node}/{protocol}", port["port"]),
                None => format!("{}/{protocol}", port["port"]),
            }
        })
        .collect();
    if texts.is_empty() {
        "<none>".into()
    } else {
        texts.join(",").into()
    }
}

fn node(object: &Value) -> Vec<Value> {
    let status = &object["status"];
    let ready = condition(status, "Ready");
    let mut state = match ready.map(|c| c["status"] == "True") {
        Some(true) => "Ready".to_owned(),
        Some(false) => "NotReady".to_owned(),
        None => "Unknown".to_owned(),
    };
    if object["spec"]["unschedulable"] == true {
        state.push_str(",SchedulingDisabled");
    }
    let labels = object["metadata"]["labels"]
        .as_object()
        .into_iter()
        .flatten();
    let roles: Vec<&str> = labels
        .filter_map(|(key, _)| key.strip_prefix("node-role.kubernetes.io/"))
        .collect();
    let roles = if roles.is_empty() {
        "<none>".to_owned()
    } else {
        roles.join(",")
    };
    let addresses = status["addresses"]
        .as_array()
        .map(Vec::as_slice)
        .unwrap_or_default();
    let address = addresses.iter().find(|a| a["type"] == "InternalIP");
    let info = &status["nodeInfo"];
    vec![
        object["metadata"]["name"].clone(),
        state.into(),
        roles.into(),
        creation_age(object),
        info["kubeletVersion"].clone(),
        address.map_or("<none>".into(), |a| a["address"].clone()),
        info["osImage"].clone(),
        info["kernelVersion"].clone(),
        info["containerRuntimeVersion"].clone(),
    ]
}

fn event(object: &Value) -> Vec<Value> {
    let first = |names: [&str; 2]| {
        let found = names
            .iter()
            .map(|name| &object[*name])
            .find(|value| !value.is_null());
        found.cloned().unwrap_or_default()
    };
    let about = first(["involvedObject", "regarding"]);
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let seen = [
        "lastTimestamp",
        "deprecatedLastTimestamp",
        "eventTime",
        "firstTimestamp",
    ];
    let seen = seen.iter().find_map(|field| object[*field].as_str());
    let seen = object["series"]["lastObservedTime"]
        .as_str()
        .or(seen)
        .unwrap_or_default();
    let source = first(["source", "deprecatedSource"]);
    let source = match text(&source["component"]) {
        empty if empty.is_empty() => text(&first(["reportingComponent", "reportingController"])),
        component => component,
    };
    vec![
        age_of(seen).into(),
        object["type"].clone(),
        object["reason"].clone(),
        format!(
            "{}/{}",
            text(&about["kind"]).to_ascii_lowercase(),
            text(&about["name"])
        )
        .into(),
        source.into(),
        first(["message", "note"]),
        first(["count", "deprecatedCount"])
            .as_u64()
            .unwrap_or(1)
            .into(),
        object["metadata"]["name"].clone(),
    ]
}

/// Time since the creation of an object.
fn creation_age(object: &Value) -> Value {
    age_of(
        object["metadata"]["creationTimestamp"]
            .as_str()
            .unwrap_or_default(),
    )
    .into()
}
