//! HTTP clients, one for each set of transport options.

use super::answer::READ;
use super::failure::unanswered;
use super::wire::Wire;
use super::{Answer, TransportOptions};
use crate::domain::Masker;
use crate::service::registry::BuildError;
use crate::service::setting::Span;
use crate::service::{PreparedRequest, SendError, ServiceContext, Timeouts};
use reqwest::tls::Certificate;
use reqwest::{Client, ClientBuilder};
use std::collections::HashMap;
use std::fmt;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;
use tokio::sync::Semaphore;
use url::{Host, Url};

/// How long an idle connection is kept where the options do not say. The original keeps it for
/// ever; receivers and the boxes between drop it much earlier.
const IDLE: Duration = Duration::from_secs(90);

/// Redirects that are followed.
const REDIRECTS: usize = 10;

/// The variables that name a proxy.
const PROXY_VARIABLES: [&str; 6] = [
    "HTTP_PROXY",
    "http_proxy",
    "HTTPS_PROXY",
    "https_proxy",
    "ALL_PROXY",
    "all_proxy",
];

/// HTTP clients by their options, so that services with the same options share connections, and a
/// reloaded configuration finds those it had.
#[derive(Clone, Default)]
pub struct ClientPool {
    clients: Arc<Mutex<HashMap<ClientKey, Weak<HttpClient>>>>,
}

impl fmt::Debug for ClientPool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ClientPool")
    }
}

#[derive(Clone, PartialEq, Eq, Hash)]
struct ClientKey {
    transport: TransportOptions,
    timeouts: Timeouts,
    roots: Vec<String>,
}

/// An HTTP client with its limits.
pub(in crate::service) struct HttpClient {
    client: Client,
    /// For loopback targets, which are never sent to a proxy; only where there is a proxy.
    direct: Option<Client>,
    insecure: bool,
    timeout: Duration,
    /// Connections per host; 0 for no limit.
    per_host: usize,
    hosts: Mutex<HashMap<String, Arc<Semaphore>>>,
}

impl HttpClient {
    /// The client for these options and the host of `url`, made now or already in use.
    pub(in crate::service) fn shared(
        transport: &TransportOptions,
        url: &str,
        context: &ServiceContext,
    ) -> Result<Arc<Self>, BuildError> {
        let key = ClientKey {
            transport: transport.clone(),
            timeouts: context.timeouts,
            roots: roots(transport, url, context),
        };
        let pool = &context.clients.clients;
        let mut clients = pool.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = clients.get(&key).and_then(Weak::upgrade) {
            return Ok(known);
        }
        let client = Arc::new(Self::new(&key)?);
        clients.retain(|_, client| client.strong_count() > 0);
        clients.insert(key, Arc::downgrade(&client));
        Ok(client)
    }

    fn new(key: &ClientKey) -> Result<Self, BuildError> {
        let transport = &key.transport;
        let client = build(key, |builder| builder)?;
        let proxied = PROXY_VARIABLES
            .iter()
            .any(|name| std::env::var_os(name).is_some());
        let direct = match proxied {
            true => Some(build(key, ClientBuilder::no_proxy)?),
            false => None,
        };
        Ok(Self {
            client,
            direct,
            insecure: transport.insecure_skip_verify,
            timeout: transport.request_timeout.or(key.timeouts.attempt),
            per_host: usize::try_from(transport.max_conns_per_host).unwrap_or(0),
            hosts: Mutex::default(),
        })
    }

    /// Whether the server's certificate is not verified.
    pub(in crate::service) fn is_insecure(&self) -> bool {
        self.insecure
    }

    /// Sends the request and reads the answer, whatever its status.
    ///
    /// # Errors
    /// There was no answer; or no request to be made of this. The texts are masked.
    pub(in crate::service) async fn execute(
        &self,
        request: &PreparedRequest,
        masker: &Masker,
    ) -> Result<Answer, SendError> {
        self.execute_up_to(READ, request, masker).await
    }

    /// The same for answers that are longer than usual: reads as many bytes of the body.
    pub(in crate::service) async fn execute_up_to(
        &self,
        most: usize,
        request: &PreparedRequest,
        masker: &Masker,
    ) -> Result<Answer, SendError> {
        let wire = Wire::of(request, masker)?;
        let failed = |error: &reqwest::Error| {
            unanswered(error, &wire.url, self.timeout, masker).about(request.subject(masker))
        };
        let until = tokio::time::Instant::now() + self.timeout;
        let exchange = async {
            let place = self.place(&wire.url).await;
            let mut builder = self
                .client_for(&wire.url)
                .request(wire.method.clone(), wire.url.clone())
                .headers(wire.headers.clone());
            if !request.body.is_empty() {
                builder = builder.body(request.body.clone());
            }
            Ok((builder.send().await?, place))
        };
        match tokio::time::timeout_at(until, exchange).await {
            Ok(Ok((response, _place))) => Ok(Answer::read(response, most, until).await),
            Ok(Err(error)) => Err(failed(&error)),
            Err(_) => {
                let text = format!("no answer within {:?}", self.timeout);
                Err(SendError::transient(text).about(request.subject(masker)))
            }
        }
    }

    fn client_for(&self, url: &Url) -> &Client {
        match &self.direct {
            Some(direct) if is_loopback(url) => direct,
            _ => &self.client,
        }
    }

    /// A place among the connections to this host, where they are limited.
    async fn place(&self, url: &Url) -> Option<tokio::sync::OwnedSemaphorePermit> {
        if self.per_host == 0 {
            return None;
        }
        let host = url[url::Position::BeforeHost..url::Position::AfterPort].to_owned();
        let places = {
            let mut hosts = self.hosts.lock().unwrap_or_else(PoisonError::into_inner);
            let limit = self.per_host.min(Semaphore::MAX_PERMITS);
            hosts
                .entry(host)
                .or_insert_with(|| Arc::new(Semaphore::new(limit)))
                .clone()
        };
        // It is never closed.
        places.acquire_owned().await.ok()
    }
}

/// The certificates that are the only trusted ones; none for the system's.
fn roots(transport: &TransportOptions, url: &str, context: &ServiceContext) -> Vec<String> {
    if !transport.ca_certificates.trim().is_empty() {
        return vec![transport.ca_certificates.clone()];
    }
    match (&context.certificates, Url::parse(url)) {
        (Some(resolve), Ok(url)) => {
            resolve(&url[url::Position::BeforeHost..url::Position::AfterPort])
        }
        _ => Vec::new(),
    }
}

fn build(
    key: &ClientKey,
    adjust: fn(ClientBuilder) -> ClientBuilder,
) -> Result<Client, BuildError> {
    // The program installs it at its start; a library user may not have.
    if rustls::crypto::CryptoProvider::get_default().is_none() {
        // Somebody else may have been faster.
        let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    }
    let transport = &key.transport;
    let idle = Span::parse(&transport.idle_conn_timeout).unwrap_or_default();
    let configured = || {
        let mut builder = Client::builder()
            .connect_timeout(transport.connect_timeout.or(key.timeouts.connect))
            .pool_idle_timeout(idle.or(IDLE))
            .redirect(reqwest::redirect::Policy::limited(REDIRECTS))
            .tls_danger_accept_invalid_certs(transport.insecure_skip_verify);
        if let Ok(limit @ 1..) = usize::try_from(transport.max_idle_conns_per_host) {
            builder = builder.pool_max_idle_per_host(limit);
        }
        adjust(builder)
    };
    if !key.roots.is_empty() {
        let certificates = certificates(&key.roots)?;
        return configured()
            .tls_certs_only(certificates)
            .build()
            .map_err(|error| unusable(&error));
    }
    // A machine without root certificates can still send to http URLs.
    configured()
        .build()
        .or_else(|_| configured().tls_certs_only([]).build())
        .map_err(|error| unusable(&error))
}

fn certificates(texts: &[String]) -> Result<Vec<Certificate>, BuildError> {
    let mut all = Vec::new();
    for text in texts {
        match Certificate::from_pem_bundle(text.as_bytes()) {
            Ok(certificates) if !certificates.is_empty() => all.extend(certificates),
            _ => {
                return Err(BuildError {
                    message: "caCertificates has no readable certificate".into(),
                    position: None,
                    help: Some("give PEM blocks: -----BEGIN CERTIFICATE-----".into()),
                });
            }
        }
    }
    Ok(all)
}

fn unusable(error: &reqwest::Error) -> BuildError {
    BuildError {
        message: format!("no HTTP client can be made from the transport options: {error}"),
        position: None,
        help: None,
    }
}

fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
        Some(Host::Ipv4(address)) => IpAddr::from(address).is_loopback(),
        Some(Host::Ipv6(address)) => IpAddr::from(address).is_loopback(),
        None => false,
    }
}
