//! `/metrics`, `/healthz` and `/readyz` of a running engine.

use http::{Response, StatusCode, header};
use http_body_util::Full;
use hyper::body::{Bytes, Incoming};
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use prometheus_client::registry::Registry;
use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use tokio::net::TcpListener;

/// Whether the engine does its work. Alive from the start; ready from the first time on that it
/// knows its configuration and its objects.
#[derive(Clone, Debug, Default)]
pub struct Health {
    ready: Arc<AtomicBool>,
}

impl Health {
    /// Says whether the engine is ready.
    pub fn set_ready(&self, ready: bool) {
        self.ready.store(ready, Ordering::Relaxed);
    }

    /// Whether the engine is ready.
    pub fn is_ready(&self) -> bool {
        self.ready.load(Ordering::Relaxed)
    }
}

/// Serves the endpoints.
pub struct HealthServer {
    listener: TcpListener,
}

impl HealthServer {
    /// Takes the address.
    ///
    /// # Errors
    /// The address is not valid, or taken.
    pub async fn bind(address: &str) -> anyhow::Result<Self> {
        use anyhow::Context as _;
        let listener = TcpListener::bind(address).await.with_context(|| {
            format!("metrics.listen: {address} can't be listened on; set another, or \"\" for none")
        })?;
        Ok(Self { listener })
    }

    /// The address that was taken.
    ///
    /// # Errors
    /// What the system says.
    pub fn address(&self) -> std::io::Result<SocketAddr> {
        self.listener.local_addr()
    }

    /// Serves for ever.
    pub async fn serve(self, registry: Arc<Registry>, health: Health) {
        loop {
            let Ok((stream, _)) = self.listener.accept().await else {
                // Out of file handles, most likely: give others a moment to free some.
                tokio::time::sleep(Duration::from_millis(100)).await;
                continue;
            };
            let registry = Arc::clone(&registry);
            let health = health.clone();
            tokio::spawn(async move {
                let service = service_fn(move |request: http::Request<Incoming>| {
                    let response = answer(request.uri().path(), &registry, &health);
                    async move { Ok::<_, Infallible>(response) }
                });
                // A client that goes away early is its own affair.
                let _ = hyper::server::conn::http1::Builder::new()
                    .timer(TokioTimer::new())
                    .header_read_timeout(Duration::from_secs(10))
                    .serve_connection(TokioIo::new(stream), service)
                    .await;
            });
        }
    }
}

fn answer(path: &str, registry: &Registry, health: &Health) -> Response<Full<Bytes>> {
    let (status, kind, body) = match path {
        "/metrics" => {
            let mut text = String::new();
            match prometheus_client::encoding::text::encode(&mut text, registry) {
                Ok(()) => (
                    StatusCode::OK,
                    "application/openmetrics-text; version=1.0.0; charset=utf-8",
                    text,
                ),
                Err(_) => (
                    StatusCode::INTERNAL_SERVER_ERROR,
                    "text/plain",
                    "the metrics can't be written\n".into(),
                ),
            }
        }
        "/healthz" | "/livez" => (StatusCode::OK, "text/plain", "ok\n".into()),
        "/readyz" if health.is_ready() => (StatusCode::OK, "text/plain", "ok\n".into()),
        "/readyz" => (
            StatusCode::SERVICE_UNAVAILABLE,
            "text/plain",
            "not ready: configuration or watches are not known yet\n".into(),
        ),
        _ => (
            StatusCode::NOT_FOUND,
            "text/plain",
            "not found: there are /metrics, /healthz and /readyz\n".into(),
        ),
    };
    let mut response = Response::new(Full::new(Bytes::from(body)));
    *response.status_mut() = status;
    let kind = header::HeaderValue::from_static(kind);
    response.headers_mut().insert(header::CONTENT_TYPE, kind);
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ready_only_when_told_so() {
        let health = Health::default();
        let registry = Registry::default();
        assert_eq!(
            answer("/healthz", &registry, &health).status(),
            StatusCode::OK
        );
        assert_eq!(
            answer("/readyz", &registry, &health).status(),
            StatusCode::SERVICE_UNAVAILABLE
        );
        health.set_ready(true);
        assert_eq!(
            answer("/readyz", &registry, &health).status(),
            StatusCode::OK
        );
        assert_eq!(
            answer("/x", &registry, &health).status(),
            StatusCode::NOT_FOUND
        );
    }
}
