//! Paths that are no resources: health, version, discovery and OpenAPI documents; and the log
//! text of Pods.

use super::body::{self, Answer, answer};
use super::discovery;
use super::openapi;
use super::server::{Cluster, header_text};
use super::status::ApiError;
use bytes::Bytes;
use http::request::Parts;
use http::{Method, Response, header};
use serde_json::{Value, json};

/// Answers a path that is no resource.
pub(super) fn respond(cluster: &Cluster, parts: &Parts) -> Result<Response<Answer>, ApiError> {
    if !matches!(parts.method, Method::GET | Method::HEAD) {
        return Err(ApiError::method_not_allowed());
    }
    let accept = header_text(&parts.headers, header::ACCEPT);
    let host = header_text(&parts.headers, header::HOST);
    let path: Vec<&str> = parts
        .uri
        .path()
        .split('/')
        .filter(|part| !part.is_empty())
        .collect();
    let found = match path.as_slice() {
        [] => Some(json!({
            "paths": ["/api", "/apis", "/healthz", "/livez", "/openapi/v2", "/openapi/v3",
                      "/readyz", "/version"],
        })),
        ["healthz" | "readyz" | "livez", ..] => {
            let text = Bytes::from_static(b"ok");
            return Ok(answer(
                200,
                "text/plain; charset=utf-8",
                Answer::pieces([text]),
            ));
        }
        ["version"] => Some(discovery::version()),
        ["api"] | ["apis"] => return Ok(groups(cluster, path == ["api"], accept, host)),
        ["api", version] => discovery::resource_list(&cluster.registry, "", version),
        ["apis", group] => discovery::one_group(&cluster.registry, group),
        ["apis", group, version] => discovery::resource_list(&cluster.registry, group, version),
        ["openapi", "v2"] => return Ok(openapi::v2(&cluster.registry, accept)),
        ["openapi", "v3"] => Some(openapi::v3_index(&cluster.registry)),
        ["openapi", "v3", "api", version] => openapi::v3(&cluster.registry, "", version),
        ["openapi", "v3", "apis", group, version] => openapi::v3(&cluster.registry, group, version),
        _ => None,
    };
    found
        .map(|document| body::value(200, &document))
        .ok_or_else(ApiError::no_such_path)
}

/// `/api` and `/apis` in the form that the client prefers.
fn groups(cluster: &Cluster, core: bool, accept: &str, host: &str) -> Response<Answer> {
    for choice in accept.split(',') {
        if !choice.contains("as=APIGroupDiscoveryList") {
            continue;
        }
        let (version, media_type) = if choice.contains("v=v2beta1") {
            (
                "v2beta1",
                "application/json;g=apidiscovery.k8s.io;v=v2beta1;as=APIGroupDiscoveryList",
            )
        } else {
            (
                "v2",
                "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList",
            )
        };
        let document = discovery::aggregated(&cluster.registry, core, version);
        let text = Bytes::from(document.to_string());
        return answer(200, media_type, Answer::pieces([text]));
    }
    let document = if core {
        discovery::core_versions(host)
    } else {
        discovery::group_list(&cluster.registry)
    };
    body::value(200, &document)
}

/// What the first container of a Pod could have written.
pub(super) fn log(pod: &Value) -> String {
    let name = pod["metadata"]["name"].as_str().unwrap_or_default();
    let started = pod["status"]["startTime"].as_str().unwrap_or_default();
    let mut text = format!("{started} INFO starting {name}\n");
    let containers = pod["status"]["containerStatuses"].as_array();
    for container in containers.into_iter().flatten() {
        let label = container["name"].as_str().unwrap_or_default();
        let ended = &container["lastState"]["terminated"];
        if let Some(reason) = ended["reason"].as_str() {
            let at = ended["finishedAt"].as_str().unwrap_or_default();
            text.push_str(&format!(
                "{at} ERROR {label}: {reason}, code {}\n",
                ended["exitCode"]
            ));
        }
        if let Some(at) = container["state"]["running"]["startedAt"].as_str() {
            text.push_str(&format!("{at} INFO {label}: listening\n"));
        }
    }
    text
}
