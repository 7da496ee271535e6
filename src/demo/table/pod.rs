//! The row of a Pod, and the one word for its state.

use super::age::age_of;
use super::creation_age;
use serde_json::Value;

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

/// The cells of a Pod.
pub(super) fn pod(object: &Value) -> Vec<Value> {
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
        creation_age(object),
        text(&status["podIP"]),
        text(&spec["nodeName"]),
        text(&status["nominatedNodeName"]),
        "<none>".into(),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

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
}
