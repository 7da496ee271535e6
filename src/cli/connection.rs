//! kubectl's connection flags.

use crate::cluster::ConnectOptions;
use crate::golang::duration::Duration as GoDuration;
use clap::Args;
use std::path::PathBuf;
use std::time::Duration;

/// How to reach the cluster, with kubectl's flags.
#[derive(Clone, Debug, Default, Args)]
#[command(next_help_heading = "Connection")]
pub struct ConnectionArgs {
    /// Kubeconfig file, instead of $KUBECONFIG and ~/.kube/config.
    #[arg(long, global = true, value_name = "FILE")]
    kubeconfig: Option<PathBuf>,
    /// Kubeconfig context, instead of the current one.
    #[arg(long, global = true, value_name = "NAME", env = "KUBECHIME_CONTEXT")]
    pub(super) context: Option<String>,
    /// Namespace of the ConfigMap and the Secret, instead of the context's.
    #[arg(short, long, global = true, value_name = "NAME")]
    pub(super) namespace: Option<String>,
    /// Kubeconfig cluster, instead of the context's.
    #[arg(long, global = true, value_name = "NAME", hide_short_help = true)]
    cluster: Option<String>,
    /// Kubeconfig user, instead of the context's.
    #[arg(long, global = true, value_name = "NAME", hide_short_help = true)]
    user: Option<String>,
    /// Address of the API server.
    #[arg(short, long, global = true, value_name = "URL", hide_short_help = true)]
    server: Option<String>,
    /// Bearer token.
    #[arg(
        long,
        global = true,
        value_name = "TOKEN",
        hide_short_help = true,
        hide_env_values = true
    )]
    token: Option<String>,
    /// File with the certificates to trust.
    #[arg(long, global = true, value_name = "FILE", hide_short_help = true)]
    certificate_authority: Option<PathBuf>,
    /// File with the client certificate.
    #[arg(long, global = true, value_name = "FILE", hide_short_help = true)]
    client_certificate: Option<PathBuf>,
    /// File with the client key.
    #[arg(long, global = true, value_name = "FILE", hide_short_help = true)]
    client_key: Option<PathBuf>,
    /// Do not check the server's certificate.
    #[arg(long, global = true, hide_short_help = true)]
    insecure_skip_tls_verify: bool,
    /// Name that the server's certificate must have.
    #[arg(long, global = true, value_name = "NAME", hide_short_help = true)]
    tls_server_name: Option<String>,
    /// User to act as.
    #[arg(
        long = "as",
        global = true,
        value_name = "USER",
        hide_short_help = true
    )]
    as_user: Option<String>,
    /// Group to act as; repeatable.
    #[arg(
        long = "as-group",
        global = true,
        value_name = "GROUP",
        hide_short_help = true
    )]
    as_groups: Vec<String>,
    /// UID to act as.
    #[arg(long, global = true, value_name = "UID", hide_short_help = true)]
    as_uid: Option<String>,
    /// Proxy to reach the server through.
    #[arg(long, global = true, value_name = "URL", hide_short_help = true)]
    proxy_url: Option<String>,
    /// Longest time for one request, such as 30s.
    #[arg(long, global = true, value_name = "DURATION", hide_short_help = true, value_parser = duration)]
    request_timeout: Option<Duration>,
}

impl ConnectionArgs {
    /// The flags as options of a connection.
    pub(super) fn options(&self, interactive: bool) -> ConnectOptions {
        ConnectOptions {
            kubeconfig: self.kubeconfig.clone(),
            context: self.context.clone(),
            namespace: self.namespace.clone(),
            cluster: self.cluster.clone(),
            user: self.user.clone(),
            server: self.server.clone(),
            token: self.token.clone(),
            certificate_authority: self.certificate_authority.clone(),
            client_certificate: self.client_certificate.clone(),
            client_key: self.client_key.clone(),
            insecure_skip_tls_verify: self.insecure_skip_tls_verify.then_some(true),
            tls_server_name: self.tls_server_name.clone(),
            as_user: self.as_user.clone(),
            as_groups: (!self.as_groups.is_empty()).then(|| self.as_groups.clone()),
            as_uid: self.as_uid.clone(),
            proxy_url: self.proxy_url.clone(),
            request_timeout: self.request_timeout,
            interactive,
            ..ConnectOptions::default()
        }
    }
}

fn duration(text: &str) -> Result<Duration, String> {
    // kubectl takes a bare number as seconds.
    let seconds = text.parse::<u64>().ok().map(Duration::from_secs);
    if let Some(seconds) = seconds {
        return Ok(seconds);
    }
    let GoDuration(nanos) = GoDuration::parse(text).map_err(|error| error.to_string())?;
    u64::try_from(nanos)
        .map(Duration::from_nanos)
        .map_err(|_| "it is negative".into())
}
