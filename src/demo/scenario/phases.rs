//! What the status of a Pod looks like in each phase of its life.

use crate::demo::object::{as_map, now, stamp};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

fn condition(object: &mut Value, kind: &str, status: bool, reason: &str) {
    let status = if status { "True" } else { "False" };
    let list = &mut as_map(object).entry("status").or_insert(json!({}))["conditions"];
    if !list.is_array() {
        *list = json!([]);
    }
    let Value::Array(list) = list else { return };
    let mut made = json!({
        "type": kind, "status": status, "lastProbeTime": null, "lastTransitionTime": now(),
    });
    if !reason.is_empty() {
        made["reason"] = reason.into();
        made["message"] = format!("containers with unready status ({reason})").into();
    }
    match list.iter_mut().find(|known| known["type"] == kind) {
        Some(known) if known["status"] == status && known["reason"] == made["reason"] => {}
        Some(known) => *known = made,
        None => list.push(made),
    }
}

pub(super) fn schedule(object: &mut Value, node: &str) {
    object["spec"]["nodeName"] = node.into();
    condition(object, "PodScheduled", true, "");
}

/// A status per container of the specification, each made by `make` from its name and image.
fn statuses(object: &Value, make: impl Fn(usize, &str, &str) -> Value) -> Value {
    let containers = object["spec"]["containers"]
        .as_array()
        .map(Vec::as_slice)
        .unwrap_or_default();
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let made = containers.iter().enumerate();
    made.map(|(index, c)| make(index, &text(&c["name"]), &text(&c["image"])))
        .collect()
}

pub(super) fn start(object: &mut Value, address: &str) {
    let list = statuses(object, |_, name, image| {
        json!({
            "name": name, "image": image, "imageID": "", "ready": false, "started": false,
            "restartCount": 0, "lastState": {},
            "state": {"waiting": {"reason": "ContainerCreating"}},
        })
    });
    let status = &mut object["status"];
    status["containerStatuses"] = list;
    status["hostIP"] = "10.0.3.10".into();
    status["podIP"] = address.into();
    status["podIPs"] = json!([{"ip": address}]);
    status["startTime"] = now().into();
    condition(object, "PodReadyToStartContainers", true, "");
    condition(object, "Initialized", true, "");
    condition(object, "Ready", false, "ContainersNotReady");
    condition(object, "ContainersReady", false, "ContainersNotReady");
}

/// Changes the status of every container, or of the first one only.
fn each(object: &mut Value, all: bool, mut edit: impl FnMut(&mut Value)) {
    if let Some(list) = object["status"]["containerStatuses"].as_array_mut() {
        let count = if all { list.len() } else { 1 };
        list.iter_mut().take(count).for_each(&mut edit);
    }
}

pub(super) fn run(object: &mut Value) {
    object["status"]["phase"] = "Running".into();
    each(object, true, |status| {
        let name = status["name"].as_str().unwrap_or_default();
        let id = format!(
            "{:064x}",
            name.bytes().fold(7_u128, |n, b| n
                .wrapping_mul(0x100_0000_01b3)
                .wrapping_add(b.into()))
        );
        status["containerID"] = format!("containerd://{id}").into();
        status["imageID"] = format!(
            "{}@sha256:{id}",
            status["image"].as_str().unwrap_or_default()
        )
        .into();
        status["state"] = json!({"running": {"startedAt": now()}});
        status["started"] = true.into();
    });
}

pub(super) fn ready(object: &mut Value) {
    each(object, true, |status| {
        status["ready"] = true.into();
        if status["state"]["running"].is_null() {
            status["state"] = json!({"running": {"startedAt": now()}});
        }
    });
    condition(object, "Ready", true, "");
    condition(object, "ContainersReady", true, "");
}

pub(super) fn unready(object: &mut Value) {
    each(object, false, |status| status["ready"] = false.into());
    condition(object, "Ready", false, "ContainersNotReady");
    condition(object, "ContainersReady", false, "ContainersNotReady");
}

fn terminated(status: &Value, reason: &str, code: u64) -> Value {
    let started = match status["state"]["running"]["startedAt"].as_str() {
        Some(at) => at.to_owned(),
        None => stamp(
            Timestamp::now()
                .saturating_sub(SignedDuration::from_secs(3))
                .unwrap_or_default(),
        ),
    };
    json!({"terminated": {
        "reason": reason, "exitCode": code, "startedAt": started, "finishedAt": now(),
        "containerID": status["containerID"],
    }})
}

/// The first container ends.
pub(super) fn end(object: &mut Value, reason: &str, code: u64) {
    each(object, false, |status| {
        status["state"] = terminated(status, reason, code);
        status["ready"] = false.into();
        status["started"] = false.into();
    });
    condition(object, "Ready", false, "ContainersNotReady");
    condition(object, "ContainersReady", false, "ContainersNotReady");
}

pub(super) fn back_off(object: &mut Value) {
    each(object, false, |status| {
        status["lastState"] = status["state"].take();
        let count = status["restartCount"]
            .as_u64()
            .unwrap_or_default()
            .saturating_add(1);
        status["restartCount"] = count.into();
        status["state"] = json!({"waiting": {
            "reason": "CrashLoopBackOff", "message": "back-off restarting failed container",
        }});
    });
}

pub(super) fn restart(object: &mut Value) {
    each(object, false, |status| {
        if !status["state"]["terminated"].is_null() {
            status["lastState"] = status["state"].take();
            let count = status["restartCount"]
                .as_u64()
                .unwrap_or_default()
                .saturating_add(1);
            status["restartCount"] = count.into();
        }
        status["state"] = json!({"running": {"startedAt": now()}});
        status["started"] = true.into();
    });
}

pub(super) fn waiting(object: &mut Value, reason: &str) {
    each(object, false, |status| {
        status["state"] = json!({"waiting": {
            "reason": reason, "message": "the image does not exist or may not be pulled",
        }});
    });
}

/// Every container ends, and with them the Pod.
pub(super) fn finish(object: &mut Value, well: bool) {
    let (reason, code) = if well { ("Completed", 0) } else { ("Error", 2) };
    each(object, true, |status| {
        status["state"] = terminated(status, reason, code);
        status["ready"] = false.into();
        status["started"] = false.into();
    });
    let ended = if well { "PodCompleted" } else { "PodFailed" };
    condition(object, "Ready", false, ended);
    condition(object, "ContainersReady", false, ended);
    object["status"]["phase"] = if well { "Succeeded" } else { "Failed" }.into();
}
