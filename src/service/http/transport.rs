//! The options that all HTTP services have in common, at the top level of their YAML.

use crate::service::registry::BuildWarning;
use crate::service::setting::Span;
use crate::yaml::Node;
use serde::Deserialize;

/// Connection options of an HTTP service. The first five are the original's.
#[derive(Clone, Default, PartialEq, Eq, Hash, Deserialize)]
#[serde(default, rename = "http.TransportOptions", rename_all = "camelCase")]
pub(in crate::service) struct TransportOptions {
    /// Idle connections over all hosts; taken, without effect: a service has one host, as a rule.
    pub(super) max_idle_conns: i64,
    /// Idle connections that are kept per host; 0 for as many as there were.
    pub(super) max_idle_conns_per_host: i64,
    /// Connections per host at a time; 0 for no limit.
    pub(super) max_conns_per_host: i64,
    /// How long an idle connection is kept, a Go duration; a text that is none is not used.
    pub(super) idle_conn_timeout: String,
    /// Do not verify the server's certificate; wins over all certificates.
    pub(super) insecure_skip_verify: bool,
    /// PEM certificates that are the only trusted roots for this service.
    pub(super) ca_certificates: String,
    /// Until the connection stands; default 10 s.
    pub(super) connect_timeout: Span,
    /// Until the answer has been read; default 30 s.
    pub(super) request_timeout: Span,
}

impl TransportOptions {
    /// What is not as it seems.
    pub(in crate::service) fn warnings(&self, node: &Node) -> Vec<BuildWarning> {
        let mut warnings = Vec::new();
        let text = &self.idle_conn_timeout;
        if let (false, Err(error)) = (text.is_empty(), Span::parse(text)) {
            warnings.push(BuildWarning {
                message: format!("idleConnTimeout is not used: {error}"),
                position: node.get("idleConnTimeout").map(|node| node.position),
                help: Some("write a duration such as 90s or 1m30s".into()),
            });
        }
        warnings
    }
}
