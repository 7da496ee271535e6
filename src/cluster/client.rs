//! The connection to one cluster, and its credentials while they change.

use super::connect_error::ConnectError;
use super::connect_options::ConnectOptions;
use super::kubeconfig::{Environment, FROM_FLAGS, Resolved, resolve};
use super::permission::Permission;
use super::request::Call;
use super::request_error::{RequestCause, RequestError, credentials_problem, transport_cause};
use arc_swap::ArcSwap;
use http::header::{HeaderValue, USER_AGENT};
use kube::config::ExecInteractiveMode;
use serde::Deserialize;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Mutex;
use tokio::time::Instant;

/// The name under which the API server records our writes in `metadata.managedFields`.
pub const FIELD_MANAGER: &str = "kubechime";

/// For one request and its answer, when nothing else is asked for.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(30);

/// kube's default of 30 s keeps a user waiting too long for "unreachable".
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// Credential plugins that hang (a VPN, a browser that nobody answers) are given up after this.
const PLUGIN_TIMEOUT: Duration = Duration::from_secs(60);

/// Rejected credentials are read from their files again at most this often.
const REREAD_INTERVAL: Duration = Duration::from_secs(1);

/// A credential plugin is run again at most this often: it may be slow, and some lock the account
/// when they are run in a loop.
const RERUN_INTERVAL: Duration = Duration::from_secs(10);

/// Certificates are replaced this long before they expire.
const EXPIRY_MARGIN: Duration = Duration::from_secs(60);

/// A connection to the API server of one context. Cheap to clone; all clones share it.
#[derive(Clone)]
pub struct Cluster {
    shared: Arc<Shared>,
}

struct Shared {
    context: String,
    namespace: String,
    url: String,
    request_timeout: Duration,
    /// Where to get new credentials from; `None` for a client that was handed in.
    options: Option<ConnectOptions>,
    session: ArcSwap<Session>,
    /// When the credentials were last obtained anew; the lock lets one task do it for all.
    renewed: Mutex<Option<Instant>>,
}

/// One client with its credentials.
pub(super) struct Session {
    pub(super) client: kube::Client,
    /// Whether a plugin gave the credentials.
    plugin: bool,
}

impl std::fmt::Debug for Cluster {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Cluster")
            .field("context", &self.shared.context)
            .field("url", &self.shared.url)
            .finish_non_exhaustive()
    }
}

impl Cluster {
    /// Reads the settings and prepares a connection. Runs a credential plugin where the context has
    /// one, but sends nothing to the API server yet: an unreachable server is found out by the
    /// first request, and reported there.
    pub async fn connect(options: &ConnectOptions) -> Result<Self, ConnectError> {
        let resolved = resolve(options, &Environment::current()).await?;
        let context = resolved.context.clone();
        let namespace = resolved.config.default_namespace.clone();
        let url = displayed_url(&resolved.config.cluster_url);
        let session = match build(&resolved, false).await {
            Err(ConnectError::Plugin { .. }) if options.interactive => {
                let asked = build(&resolved, true).await?;
                // The plugin remembers the login; from now on it must leave the terminal alone.
                build(&resolved, false).await.unwrap_or(asked)
            }
            other => other?,
        };
        let request_timeout = options.request_timeout.filter(|limit| !limit.is_zero());
        Ok(Self {
            shared: Arc::new(Shared {
                context,
                namespace,
                url,
                request_timeout: request_timeout.unwrap_or(REQUEST_TIMEOUT),
                options: Some(options.clone()),
                session: ArcSwap::from_pointee(session),
                renewed: Mutex::new(None),
            }),
        })
    }

    /// A connection over a client that exists already. Its credentials are never renewed.
    pub fn from_client(client: kube::Client, context: &str) -> Self {
        Self {
            shared: Arc::new(Shared {
                context: context.to_owned(),
                namespace: client.default_namespace().to_owned(),
                url: String::new(),
                request_timeout: REQUEST_TIMEOUT,
                options: None,
                session: ArcSwap::from_pointee(Session {
                    client,
                    plugin: false,
                }),
                renewed: Mutex::new(None),
            }),
        }
    }

    /// The context's name; `in-cluster` in a Pod.
    pub fn context(&self) -> &str {
        &self.shared.context
    }

    /// The namespace that is meant where none is named.
    pub fn namespace(&self) -> &str {
        &self.shared.namespace
    }

    /// The API server's URL, without credentials; empty for a client that was handed in.
    pub fn url(&self) -> String {
        self.shared.url.clone()
    }

    /// The client of the moment, for kinds of requests that are not here. Do not keep it: it is
    /// replaced when its credentials expire.
    pub fn client(&self) -> kube::Client {
        self.shared.session.load().client.clone()
    }

    /// For one request and its answer.
    pub fn request_timeout(&self) -> Duration {
        self.shared.request_timeout
    }

    /// A new name for this process as a holder of Leases: host, process id and a random part, so
    /// that a restarted process is not taken for its predecessor.
    pub fn identity() -> String {
        let host = std::fs::read_to_string("/proc/sys/kernel/hostname")
            .ok()
            .or_else(|| std::env::var("HOSTNAME").ok())
            .map(|name| name.trim().to_owned())
            .filter(|name| !name.is_empty())
            .unwrap_or_else(|| "host".to_owned());
        format!(
            "{host}_{}_{:06x}",
            std::process::id(),
            rand::random::<u32>() >> 8
        )
    }

    /// The API server's version.
    pub async fn version(&self) -> Result<ServerVersion, RequestError> {
        let call = Call::get(Permission::on_path("/version"), "/version".to_owned());
        let answer = self.call(&call, self.request_timeout()).await?;
        serde_json::from_slice(&answer)
            .map_err(|error| RequestError::unreadable(&call.permission, error))
    }

    /// The session to use now; a new one when the old one's certificate is about to expire.
    pub(super) async fn session(&self) -> Result<Arc<Session>, RequestCause> {
        let session = self.shared.session.load_full();
        let expires = *session.client.valid_until();
        let margin = jiff::SignedDuration::try_from(EXPIRY_MARGIN).unwrap_or_default();
        let now = jiff::Timestamp::now();
        if expires.is_none_or(|at| at.duration_since(now) > margin) {
            return Ok(session);
        }
        match self.renew(&session).await {
            Ok(Some(renewed)) => Ok(renewed),
            Ok(None) => Ok(session),
            Err(_) if expires.is_some_and(|at| at > now) => Ok(session),
            Err(cause) => Err(cause),
        }
    }

    /// Gets new credentials in place of those of `rejected`. `None`: there are none to be had, or
    /// they were renewed a moment ago and it did not help.
    pub(super) async fn renew(
        &self,
        rejected: &Arc<Session>,
    ) -> Result<Option<Arc<Session>>, RequestCause> {
        // In a task of its own: a caller whose time is up must not throw away the answer of a slow
        // plugin.
        let (cluster, rejected) = (self.clone(), rejected.clone());
        let renewal = tokio::spawn(async move { cluster.renew_now(&rejected).await });
        renewal.await.unwrap_or_else(|error| {
            let cause = format!("getting new ones was interrupted: {error}");
            Err(RequestCause::Credentials(cause))
        })
    }

    async fn renew_now(
        &self,
        rejected: &Arc<Session>,
    ) -> Result<Option<Arc<Session>>, RequestCause> {
        let Some(options) = &self.shared.options else {
            return Ok(None);
        };
        let mut renewed = self.shared.renewed.lock().await;
        let current = self.shared.session.load_full();
        if !Arc::ptr_eq(&current, rejected) {
            return Ok(Some(current));
        }
        let interval = if rejected.plugin {
            RERUN_INTERVAL
        } else {
            REREAD_INTERVAL
        };
        if renewed.is_some_and(|at| at.elapsed() < interval) {
            return Ok(None);
        }
        *renewed = Some(Instant::now());
        let renewal = async {
            // The file's current context may be another by now.
            let context = Some(self.shared.context.clone()).filter(|name| name != FROM_FLAGS);
            let options = ConnectOptions {
                context,
                ..options.clone()
            };
            let resolved = resolve(&options, &Environment::current()).await?;
            build(&resolved, false).await
        };
        let session = renewal
            .await
            .map_err(|error| RequestCause::Credentials(error.to_string()))?;
        let session = Arc::new(session);
        self.shared.session.store(session.clone());
        Ok(Some(session))
    }
}

/// Builds a client; runs the context's credential plugin, away from the async threads.
async fn build(resolved: &Resolved, interactive: bool) -> Result<Session, ConnectError> {
    let mut config = resolved.config.clone();
    // The default retries any request, also those that write, up to 15 times.
    config.default_retry = false;
    config.connect_timeout = Some(CONNECT_TIMEOUT);
    let agent = concat!("kubechime/", env!("CARGO_PKG_VERSION"));
    config
        .headers
        .push((USER_AGENT, HeaderValue::from_static(agent)));
    let plugin = config.auth_info.exec.as_mut().map(|exec| {
        if !interactive {
            exec.interactive_mode = Some(ExecInteractiveMode::Never);
        }
        let command = exec.command.clone().unwrap_or_default();
        let name = Path::new(&command).file_name();
        let name = name.map_or(command.clone(), |name| name.display().to_string());
        (name, exec.install_hint.clone())
    });
    let setup = |cause| match plugin.clone() {
        Some((command, hint)) => ConnectError::Plugin {
            command,
            cause,
            hint,
        },
        None => ConnectError::Setup {
            context: resolved.context.clone(),
            cause,
        },
    };
    let building = tokio::task::spawn_blocking(move || kube::Client::try_from(config));
    let limit = if interactive {
        Duration::MAX
    } else {
        PLUGIN_TIMEOUT
    };
    let built = tokio::time::timeout(limit, building).await.map_err(|_| {
        setup(format!(
            "the credential plugin did not answer in {} s",
            limit.as_secs()
        ))
    })?;
    let built = built.map_err(|_| setup("setting up the connection was interrupted".to_owned()))?;
    let client = built.map_err(|error| {
        setup(match &error {
            kube::Error::Auth(error) => credentials_problem(error),
            other => match transport_cause(other) {
                RequestCause::Credentials(cause) | RequestCause::Unreachable(cause) => cause,
                cause => cause.to_string(),
            },
        })
    })?;
    Ok(Session {
        client,
        plugin: plugin.is_some(),
    })
}

/// The URL without user name and password.
fn displayed_url(url: &http::Uri) -> String {
    let text = url.to_string();
    match text.split_once("://") {
        Some((scheme, rest)) => {
            let end = rest.find('/').unwrap_or(rest.len());
            let host = rest.get(..end).unwrap_or(rest);
            let begin = host.rfind('@').map_or(0, |at| at + 1);
            let shown = rest.get(begin..).unwrap_or(rest);
            format!("{scheme}://{}", shown.trim_end_matches('/'))
        }
        None => text,
    }
}

/// What the server says about itself.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ServerVersion {
    /// Major version number as text.
    #[serde(default)]
    pub major: String,
    /// Minor version number as text; providers append `+`.
    #[serde(default)]
    pub minor: String,
    /// Full version, for example `v1.33.1`.
    pub git_version: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_url_is_shown_without_credentials() {
        let shown = |text: &str| displayed_url(&text.parse().unwrap());
        assert_eq!(shown("https://me:pw@host:6443/"), "https://host:6443");
        assert_eq!(shown("https://host/k8s/c/a@b"), "https://host/k8s/c/a@b");
    }

    #[test]
    fn identities_differ() {
        assert_ne!(Cluster::identity(), Cluster::identity());
    }

    #[tokio::test]
    async fn a_failing_plugin_is_named_with_its_hint() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("config");
        let text = "
current-context: a
clusters: [{name: c, cluster: {server: 'http://127.0.0.1:1'}}]
contexts: [{name: a, context: {cluster: c, user: u}}]
users:
- name: u
  user:
    exec:
      apiVersion: client.authentication.k8s.io/v1
      command: /nowhere/cloud-login
      installHint: Install it from the cloud.
";
        std::fs::write(&path, text).unwrap();
        let options = ConnectOptions {
            kubeconfig: Some(path),
            ..ConnectOptions::default()
        };
        let error = Cluster::connect(&options).await.unwrap_err().to_string();
        assert!(
            error.starts_with("cloud-login: the credential plugin could not be started"),
            "{error}"
        );
        assert!(error.ends_with("Install it from the cloud."), "{error}");
    }
}
