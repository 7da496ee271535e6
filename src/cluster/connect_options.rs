//! kubectl's flags about the connection, and laying them over the settings of a kubeconfig.

use super::connect_error::ConnectError;
use kube::Config;
use std::path::PathBuf;
use std::time::Duration;

/// How to connect: kubectl's flags, all optional.
#[derive(Clone, Default)]
pub struct ConnectOptions {
    /// `--kubeconfig`: this file and no other.
    pub kubeconfig: Option<PathBuf>,
    /// `--context`: instead of the file's current one.
    pub context: Option<String>,
    /// `--cluster`: the name of the cluster entry to use.
    pub cluster: Option<String>,
    /// `--user`: the name of the user entry to use.
    pub user: Option<String>,
    /// `--namespace`: instead of the context's.
    pub namespace: Option<String>,
    /// `--server`: URL of the API server.
    pub server: Option<String>,
    /// `--tls-server-name`: the name that the server's certificate must have.
    pub tls_server_name: Option<String>,
    /// `--certificate-authority`: file with the certificates to trust.
    pub certificate_authority: Option<PathBuf>,
    /// `--insecure-skip-tls-verify`.
    pub insecure_skip_tls_verify: Option<bool>,
    /// `--client-certificate`: file.
    pub client_certificate: Option<PathBuf>,
    /// `--client-key`: file.
    pub client_key: Option<PathBuf>,
    /// `--token`: bearer token.
    pub token: Option<String>,
    /// `--username`, for basic authentication.
    pub username: Option<String>,
    /// `--password`, for basic authentication.
    pub password: Option<String>,
    /// `--as`: user to impersonate.
    pub as_user: Option<String>,
    /// `--as-uid`: UID to impersonate.
    pub as_uid: Option<String>,
    /// `--as-group`, repeatable.
    pub as_groups: Option<Vec<String>>,
    /// `--proxy-url`.
    pub proxy_url: Option<String>,
    /// `--disable-compression`.
    pub disable_compression: Option<bool>,
    /// `--request-timeout`: for one request and its answer; watches have their own.
    pub request_timeout: Option<Duration>,
    /// Whether a credential plugin may ask the user, once, at the first connection. Later it never
    /// may: the terminal is ours then.
    pub interactive: bool,
}

impl std::fmt::Debug for ConnectOptions {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ConnectOptions")
            .field("kubeconfig", &self.kubeconfig)
            .field("context", &self.context)
            .field("namespace", &self.namespace)
            .finish_non_exhaustive()
    }
}

/// Lays the flags over the settings; a flag about who we are replaces all other credentials.
pub(super) fn overlay(config: &mut Config, options: &ConnectOptions) -> Result<(), ConnectError> {
    let bad_url = |flag| {
        move |error: http::uri::InvalidUri| ConnectError::BadFlag {
            flag,
            problem: error.to_string(),
        }
    };
    if let Some(server) = &options.server {
        config.cluster_url = server.parse().map_err(bad_url("server"))?;
        if config.cluster_url.scheme().is_none() {
            return Err(ConnectError::BadFlag {
                flag: "server",
                problem: "the URL must begin with https:// or http://".to_owned(),
            });
        }
    }
    if let Some(proxy) = &options.proxy_url {
        config.proxy_url = Some(proxy.parse().map_err(bad_url("proxy-url"))?);
    }
    if let Some(namespace) = options.namespace.as_ref().filter(|name| !name.is_empty()) {
        config.default_namespace.clone_from(namespace);
    }
    if let Some(path) = &options.certificate_authority {
        // Read again and again by the client, so that a renewed file is taken up.
        std::fs::File::open(path).map_err(|error| ConnectError::BadFlag {
            flag: "certificate-authority",
            problem: format!("{}: {error}", path.display()),
        })?;
        config.root_cert = None;
        config.root_cert_file = Some(path.clone());
    }
    if let Some(insecure) = options.insecure_skip_tls_verify {
        config.accept_invalid_certs = insecure;
    }
    if let Some(disabled) = options.disable_compression {
        config.disable_compression = disabled;
    }
    if options.tls_server_name.is_some() {
        config.tls_server_name.clone_from(&options.tls_server_name);
    }
    let who = &mut config.auth_info;
    if options.token.is_some() || options.username.is_some() || options.client_certificate.is_some()
    {
        who.exec = None;
        who.auth_provider = None;
        who.token_file = None;
        who.token = options.token.clone().map(Into::into);
        who.username.clone_from(&options.username);
        who.password = options.password.clone().map(Into::into);
    }
    if let Some(path) = &options.client_certificate {
        who.client_certificate_data = None;
        who.client_certificate = Some(path.display().to_string());
    }
    if let Some(path) = &options.client_key {
        who.client_key_data = None;
        who.client_key = Some(path.display().to_string());
    }
    if options.as_user.is_some() {
        who.impersonate.clone_from(&options.as_user);
    }
    if options.as_uid.is_some() {
        who.impersonate_uid.clone_from(&options.as_uid);
    }
    if options.as_groups.is_some() {
        who.impersonate_groups.clone_from(&options.as_groups);
    }
    Ok(())
}
