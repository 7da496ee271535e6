//! Sending one request to the API server: credentials, time-outs, answers.
//!
//! Everything else here speaks to the server through [`Cluster::call`] and [`Cluster::open`].

use super::client::Cluster;
use super::permission::Permission;
use super::request_error::{
    FailureClass, RequestCause, RequestError, status_cause, transport_cause,
};
use bytes::Bytes;
use http::header::{ACCEPT, ACCEPT_ENCODING, CONTENT_TYPE};
use http_body_util::{BodyExt as _, Limited};
use kube::client::Body;
use std::sync::Arc;
use std::time::Duration;

/// Answers with an error carry a `Status` object; more than this of it is not read.
const LARGEST_STATUS: usize = 256 * 1024;

/// A request before it is sent.
#[derive(Clone, Debug)]
pub(super) struct Call {
    pub(super) permission: Arc<Permission>,
    pub(super) method: http::Method,
    /// Path and query, relative to the server's URL.
    pub(super) target: String,
    pub(super) body: Bytes,
    pub(super) content_type: Option<&'static str>,
    pub(super) accept: &'static str,
}

/// Plain objects.
pub(super) const JSON: &str = "application/json";
/// Only the metadata of an object; servers that cannot do it send the whole.
pub(super) const METADATA: &str =
    "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1,application/json";
/// The body is a JSON merge patch.
pub(super) const MERGE_PATCH: &str = "application/merge-patch+json";

impl Call {
    pub(super) fn get(permission: Permission, target: String) -> Self {
        Self {
            permission: Arc::new(permission),
            method: http::Method::GET,
            target,
            body: Bytes::new(),
            content_type: None,
            accept: JSON,
        }
    }

    pub(super) fn send(
        permission: Permission,
        method: http::Method,
        target: String,
        body: String,
    ) -> Self {
        Self {
            permission: Arc::new(permission),
            method,
            target,
            body: body.into(),
            content_type: Some(JSON),
            accept: JSON,
        }
    }

    pub(super) fn merge_patch(permission: Permission, target: String, body: String) -> Self {
        Self {
            content_type: Some(MERGE_PATCH),
            ..Self::send(permission, http::Method::PATCH, target, body)
        }
    }

    fn request(&self, streamed: bool) -> Result<http::Request<Body>, RequestError> {
        let mut request = http::Request::builder()
            .method(self.method.clone())
            .uri(&self.target)
            .header(ACCEPT, self.accept);
        if let Some(content_type) = self.content_type {
            request = request.header(CONTENT_TYPE, content_type);
        }
        if streamed {
            // Servers from 1.37 compress each event of a watch as a gzip member of its own, of
            // which the client's decoder reads only the first.
            request = request.header(ACCEPT_ENCODING, "identity");
        }
        request
            .body(Body::from(self.body.clone()))
            .map_err(|error| self.failed(RequestCause::Unreachable(error.to_string())))
    }

    pub(super) fn failed(&self, cause: RequestCause) -> RequestError {
        RequestError {
            permission: self.permission.clone(),
            cause,
        }
    }
}

impl Cluster {
    /// Sends a request and reads the whole answer, all within `limit`.
    pub(super) async fn call(&self, call: &Call, limit: Duration) -> Result<Bytes, RequestError> {
        let exchange = async {
            let body = self.send(call, false).await?;
            let body = body.collect().await;
            body.map(|body| body.to_bytes())
                .map_err(|error| call.failed(transport_cause(&error)))
        };
        tokio::time::timeout(limit, exchange)
            .await
            .unwrap_or_else(|_| Err(call.failed(RequestCause::TimedOut(limit))))
    }

    /// Sends a request and gives the body to read as it comes; `limit` is for its beginning.
    pub(super) async fn open(&self, call: &Call, limit: Duration) -> Result<Body, RequestError> {
        tokio::time::timeout(limit, self.send(call, true))
            .await
            .unwrap_or_else(|_| Err(call.failed(RequestCause::TimedOut(limit))))
    }

    /// Sends a request; with new credentials once more when the server does not accept the old.
    async fn send(&self, call: &Call, streamed: bool) -> Result<Body, RequestError> {
        let session = self.session().await.map_err(|cause| call.failed(cause))?;
        let answer = exchange(&session.client, call, streamed).await;
        match &answer {
            Err(error) if error.class() == FailureClass::Unauthorized => {}
            _ => return answer,
        }
        match self.renew(&session).await {
            Ok(Some(session)) => exchange(&session.client, call, streamed).await,
            Ok(None) => answer,
            Err(cause) => Err(call.failed(cause)),
        }
    }
}

async fn exchange(
    client: &kube::Client,
    call: &Call,
    streamed: bool,
) -> Result<Body, RequestError> {
    let request = call.request(streamed)?;
    let response = client
        .send(request)
        .await
        .map_err(|error| call.failed(transport_cause(&error)))?;
    let (head, body) = response.into_parts();
    if head.status.is_success() {
        return Ok(body);
    }
    let text = Limited::new(body, LARGEST_STATUS).collect().await;
    let text = text.map(|body| body.to_bytes()).unwrap_or_default();
    Err(call.failed(status_cause(head.status, &head.headers, &text)))
}
