//! Tables as `kubectl get` shows them: columns per kind, one row per object.

use super::resource::Resource;
use jiff::Timestamp;
use serde_json::{Value, json};

/// Name, type and priority (1 is shown by `-o wide` only) of a column.
type Column = (&'static str, &'static str, u8);

const NAME: Column = ("Name", "string", 0);
const AGE: Column = ("Age", "string", 0);

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
            cells.push(age(object));
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

/// The value at a simple JSON path: `.status.phase`, `.metadata.labels.a\.b`,
/// `.status.conditions[?(@.type=="Ready")].status`, `.spec.hosts[0]`.
fn at_path(object: &Value, path: &str) -> Value {
    let mut at = object;
    for part in split_path(path) {
        let (field, index) = match part.split_once('[') {
            Some((field, index)) => (field, Some(index.trim_end_matches(']'))),
            None => (part.as_str(), None),
        };
        if !field.is_empty() {
            at = &at[field];
        }
        let Some(index) = index else { continue };
        at = if let Ok(number) = index.parse::<usize>() {
            &at[number]
        } else {
            let test = index.trim_start_matches("?(@.").trim_end_matches(')');
            let (key, wanted) = test.split_once("==").unwrap_or((test, ""));
            let wanted = wanted.trim().trim_matches(['"', '\'']);
            let items = at.as_array().map(Vec::as_slice).unwrap_or_default();
            items
                .iter()
                .find(|item| item[key.trim()] == wanted)
                .unwrap_or(&Value::Null)
        };
    }
    match at {
        Value::Array(_) | Value::Object(_) => at.to_string().into(),
        other => other.clone(),
    }
}

/// Splits at dots outside brackets that are not escaped.
fn split_path(path: &str) -> Vec<String> {
    let (mut parts, mut part, mut depth, mut escaped) = (Vec::new(), String::new(), 0_u32, false);
    for letter in path.trim_start_matches('.').chars() {
        match letter {
            _ if escaped => {
                part.push(letter);
                escaped = false;
            }
            '\\' => escaped = true,
            '.' if depth == 0 => parts.push(std::mem::take(&mut part)),
            _ => {
                match letter {
                    '[' => depth = depth.saturating_add(1),
                    ']' => depth = depth.saturating_sub(1),
                    _ => {}
                }
                part.push(letter);
            }
        }
    }
    parts.push(part);
    parts
}

fn columns(resource: &Resource) -> &'static [Column] {
    const PODS: &[Column] = &[
        NAME,
        ("Ready", "string", 0),
        ("Status", "string", 0),
        ("Restarts", "string", 0),
        AGE,
        ("IP", "string", 1),
        ("Node", "string", 1),
        ("Nominated Node", "string", 1),
        ("Readiness Gates", "string", 1),
    ];
    const DEPLOYMENTS: &[Column] = &[
        NAME,
        ("Ready", "string", 0),
        ("Up-to-date", "string", 0),
        ("Available", "string", 0),
        AGE,
        ("Containers", "string", 1),
        ("Images", "string", 1),
        ("Selector", "string", 1),
    ];
    const REPLICA_SETS: &[Column] = &[
        NAME,
        ("Desired", "integer", 0),
        ("Current", "integer", 0),
        ("Ready", "integer", 0),
        AGE,
        ("Containers", "string", 1),
        ("Images", "string", 1),
        ("Selector", "string", 1),
    ];
    const STATEFUL_SETS: &[Column] = &[
        NAME,
        ("Ready", "string", 0),
        AGE,
        ("Containers", "string", 1),
        ("Images", "string", 1),
    ];
    const DAEMON_SETS: &[Column] = &[
        NAME,
        ("Desired", "integer", 0),
        ("Current", "integer", 0),
        ("Ready", "integer", 0),
        ("Up-to-date", "integer", 0),
        ("Available", "integer", 0),
        AGE,
    ];
    const JOBS: &[Column] = &[
        NAME,
        ("Status", "string", 0),
        ("Completions", "string", 0),
        ("Duration", "string", 0),
        AGE,
        ("Containers", "string", 1),
        ("Images", "string", 1),
    ];
    const CRON_JOBS: &[Column] = &[
        NAME,
        ("Schedule", "string", 0),
        ("Suspend", "boolean", 0),
        ("Active", "integer", 0),
        ("Last Schedule", "string", 0),
        AGE,
    ];
    const SERVICES: &[Column] = &[
        NAME,
        ("Type", "string", 0),
        ("Cluster-IP", "string", 0),
        ("External-IP", "string", 0),
        ("Port(s)", "string", 0),
        AGE,
        ("Selector", "string", 1),
    ];
    const NODES: &[Column] = &[
        NAME,
        ("Status", "string", 0),
        ("Roles", "string", 0),
        AGE,
        ("Version", "string", 0),
        ("Internal-IP", "string", 1),
        ("OS-Image", "string", 1),
        ("Kernel-Version", "string", 1),
        ("Container-Runtime", "string", 1),
    ];
    const EVENTS: &[Column] = &[
        ("Last Seen", "string", 0),
        ("Type", "string", 0),
        ("Reason", "string", 0),
        ("Object", "string", 0),
        ("Source", "string", 1),
        ("Message", "string", 0),
        ("Count", "integer", 1),
        ("Name", "string", 1),
    ];
    match (resource.group.as_str(), resource.kind.as_str()) {
        ("", "Pod") => PODS,
        ("apps", "Deployment") => DEPLOYMENTS,
        ("apps", "ReplicaSet") | ("", "ReplicationController") => REPLICA_SETS,
        ("apps", "StatefulSet") => STATEFUL_SETS,
        ("apps", "DaemonSet") => DAEMON_SETS,
        ("batch", "Job") => JOBS,
        ("batch", "CronJob") => CRON_JOBS,
        ("", "Service") => SERVICES,
        ("", "Node") => NODES,
        (_, "Event") => EVENTS,
        ("", "Namespace") => &[NAME, ("Status", "string", 0), AGE],
        ("", "ConfigMap") => &[NAME, ("Data", "integer", 0), AGE],
        ("", "Secret") => &[NAME, ("Type", "string", 0), ("Data", "integer", 0), AGE],
        ("", "ServiceAccount") => &[NAME, ("Secrets", "integer", 0), AGE],
        (_, "Lease") => &[NAME, ("Holder", "string", 0), AGE],
        (_, "RoleBinding" | "ClusterRoleBinding") => &[NAME, ("Role", "string", 0), AGE],
        (_, "Role" | "ClusterRole" | "CustomResourceDefinition") => {
            &[NAME, ("Created At", "date", 0)]
        }
        _ => &[NAME, AGE],
    }
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
            age(object),
            containers(&spec["template"]["spec"], "name"),
            containers(&spec["template"]["spec"], "image"),
            selector(&spec["selector"]["matchLabels"]),
        ],
        ("apps", "ReplicaSet") | ("", "ReplicationController") => vec![
            name,
            number(&spec["replicas"]),
            number(&status["replicas"]),
            number(&status["readyReplicas"]),
            age(object),
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
            age(object),
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
            age(object),
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
                age(object),
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
            age(object),
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
            age(object),
            selector(&spec["selector"]),
        ],
        ("", "Node") => node(object),
        (_, "Event") => event(object),
        ("", "Namespace") => vec![name, status["phase"].clone(), age(object)],
        ("", "ConfigMap") => {
            let entries = size(&object["data"]).saturating_add(size(&object["binaryData"]));
            vec![name, entries.into(), age(object)]
        }
        ("", "Secret") => {
            vec![
                name,
                object["type"].clone(),
                size(&object["data"]).into(),
                age(object),
            ]
        }
        ("", "ServiceAccount") => {
            vec![
                name,
                object["secrets"].as_array().map_or(0, Vec::len).into(),
                age(object),
            ]
        }
        (_, "Lease") => {
            vec![
                name,
                spec["holderIdentity"].as_str().unwrap_or_default().into(),
                age(object),
            ]
        }
        (_, "RoleBinding" | "ClusterRoleBinding") => {
            let role = &object["roleRef"];
            let text = |field: &str| role[field].as_str().unwrap_or_default();
            vec![
                name,
                format!("{}/{}", text("kind"), text("name")).into(),
                age(object),
            ]
        }
        (_, "Role" | "ClusterRole" | "CustomResourceDefinition") => {
            vec![name, object["metadata"]["creationTimestamp"].clone()]
        }
        _ => vec![name, age(object)],
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

/// The one word for the state of a Pod, from phase, containers and deletion.
fn pod_state(object: &Value) -> String {
    let status = &object["status"];
    let mut state = status["reason"]
        .as_str()
        .or(status["phase"].as_str())
        .unwrap_or("Unknown");
    let mut owned = String::new();
    let reason_of = |container: &Value| -> Option<String> {
        let state = &container["state"];
        if let Some(reason) = state["waiting"]["reason"]
            .as_str()
            .filter(|r| !r.is_empty())
        {
            return Some(reason.to_owned());
        }
        let ended = &state["terminated"];
        if ended.is_null() {
            return None;
        }
        Some(match ended["reason"].as_str().filter(|r| !r.is_empty()) {
            Some(reason) => reason.to_owned(),
            None => format!("ExitCode:{}", ended["exitCode"]),
        })
    };
    let list = |field: &str| status[field].as_array().cloned().unwrap_or_default();
    let waiting = list("initContainerStatuses")
        .into_iter()
        .enumerate()
        .find(|(_, container)| {
            let ended = &container["state"]["terminated"];
            ended.is_null() || ended["exitCode"] != 0
        });
    let initial = list("initContainerStatuses").len();
    if let Some((index, container)) = waiting {
        owned = match reason_of(&container) {
            Some(reason) if reason != "PodInitializing" => format!("Init:{reason}"),
            _ => format!("Init:{index}/{initial}"),
        };
    } else {
        let mut running = false;
        for container in list("containerStatuses").iter().rev() {
            match reason_of(container) {
                Some(reason) => owned = reason,
                None => running |= container["ready"] == true,
            }
        }
        if owned == "Completed" && running {
            owned = "Running".to_owned();
        }
    }
    if !owned.is_empty() {
        state = &owned;
    }
    if !object["metadata"]["deletionTimestamp"].is_null() {
        state = if status["reason"] == "NodeLost" {
            "Unknown"
        } else {
            "Terminating"
        };
    }
    state.to_owned()
}

fn pod(object: &Value) -> Vec<Value> {
    let (spec, status) = (&object["spec"], &object["status"]);
    let statuses = status["containerStatuses"]
        .as_array()
        .map(Vec::as_slice)
        .unwrap_or_default();
    let ready = statuses.iter().filter(|c| c["ready"] == true).count();
    let total = spec["containers"].as_array().map_or(0, Vec::len);
    let restarts: u64 = statuses
        .iter()
        .filter_map(|c| c["restartCount"].as_u64())
        .sum();
    let last = statuses
        .iter()
        .filter_map(|c| c["lastState"]["terminated"]["finishedAt"].as_str());
    let restarts = match last.max() {
        Some(at) if restarts > 0 => format!("{restarts} ({} ago)", age_of(at)),
        _ => restarts.to_string(),
    };
    let text = |value: &Value| Value::from(value.as_str().unwrap_or("<none>"));
    vec![
        object["metadata"]["name"].clone(),
        format!("{ready}/{total}").into(),
        pod_state(object).into(),
        restarts.into(),
        age(object),
        text(&status["podIP"]),
        text(&spec["nodeName"]),
        text(&status["nominatedNodeName"]),
        "<none>".into(),
    ]
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
        age(object),
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

fn age(object: &Value) -> Value {
    age_of(
        object["metadata"]["creationTimestamp"]
            .as_str()
            .unwrap_or_default(),
    )
    .into()
}

/// How long ago that was, in the short form of kubectl.
fn age_of(at: &str) -> String {
    between(at, "")
}

/// The time between two moments; until now, when the second is empty.
fn between(start: &str, end: &str) -> String {
    let Ok(start) = start.parse::<Timestamp>() else {
        return "<unknown>".to_owned();
    };
    let end = end
        .parse::<Timestamp>()
        .unwrap_or_else(|_| Timestamp::now());
    human(end.as_second().saturating_sub(start.as_second()))
}

/// Two units while they tell something, one when the number is large.
fn human(seconds: i64) -> String {
    const MINUTE: i64 = 60;
    const HOUR: i64 = 60 * MINUTE;
    const DAY: i64 = 24 * HOUR;
    let two = |large: i64, big: &str, small: i64, little: &str| match small {
        0 => format!("{large}{big}"),
        small => format!("{large}{big}{small}{little}"),
    };
    match seconds.max(0) {
        s if s < 2 * MINUTE => format!("{s}s"),
        s if s < 10 * MINUTE => two(s / MINUTE, "m", s % MINUTE, "s"),
        s if s < 3 * HOUR => format!("{}m", s / MINUTE),
        s if s < 8 * HOUR => two(s / HOUR, "h", s % HOUR / MINUTE, "m"),
        s if s < 2 * DAY => format!("{}h", s / HOUR),
        s if s < 8 * DAY => two(s / DAY, "d", s % DAY / HOUR, "h"),
        s if s < 2 * 365 * DAY => format!("{}d", s / DAY),
        s => two(s / (365 * DAY), "y", s % (365 * DAY) / DAY, "d"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ages() {
        for (seconds, text) in [
            (0, "0s"),
            (119, "119s"),
            (120, "2m"),
            (125, "2m5s"),
            (3600, "60m"),
            (4 * 3600 + 60, "4h1m"),
            (30 * 3600, "30h"),
            (3 * 86400 + 3600, "3d1h"),
            (100 * 86400, "100d"),
        ] {
            assert_eq!(human(seconds), text);
        }
    }

    #[test]
    fn the_word_for_a_pod() {
        let with = |status: Value| pod_state(&json!({"metadata": {}, "status": status}));
        let waiting = json!({"state": {"waiting": {"reason": "CrashLoopBackOff"}}});
        let killed = json!({"state": {"terminated": {"reason": "OOMKilled", "exitCode": 137}}});
        let exited = json!({"state": {"terminated": {"exitCode": 2}}});
        assert_eq!(with(json!({"phase": "Pending"})), "Pending");
        let running = json!({"phase": "Running", "containerStatuses": [waiting]});
        assert_eq!(with(running), "CrashLoopBackOff");
        assert_eq!(
            with(json!({"phase": "Failed", "containerStatuses": [killed]})),
            "OOMKilled"
        );
        assert_eq!(
            with(json!({"phase": "Failed", "containerStatuses": [exited]})),
            "ExitCode:2"
        );
        let first = json!({"phase": "Pending", "initContainerStatuses": [{"state": {}}]});
        assert_eq!(with(first), "Init:0/1");
    }

    #[test]
    fn paths_of_printer_columns() {
        let object = json!({
            "metadata": {"labels": {"a.b/c": "x"}}, "spec": {"hosts": ["h"]},
            "status": {"conditions": [{"type": "Ready", "status": "True"}]},
        });
        for (path, expected) in [
            (".metadata.labels.a\\.b/c", json!("x")),
            (".spec.hosts[0]", json!("h")),
            (
                ".status.conditions[?(@.type==\"Ready\")].status",
                json!("True"),
            ),
            (".spec.none", Value::Null),
        ] {
            assert_eq!(at_path(&object, path), expected, "{path}");
        }
    }
}
