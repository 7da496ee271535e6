//! The connection to NATS servers: made for the first message, kept for the next, made anew when it
//! is lost.

use crate::domain::{Masker, SecretText};
use crate::service::http::{broken_connection, innermost};
use crate::service::{SendError, Sent};
use async_nats::connection::State;
use async_nats::{
    Client, ConnectError, ConnectErrorKind, ConnectOptions, Event, HeaderMap, HeaderName,
    HeaderValue, PublishErrorKind,
};
use bytes::Bytes;
use rustls::ClientConfig;
use std::collections::BTreeMap;
use std::str::FromStr as _;
use std::time::Duration;
use tokio::sync::{Mutex, broadcast};
use tokio::time::Instant;

/// Events that may wait for a slow sender; more are not told.
const EVENTS: usize = 64;

/// The shortest and the longest time in which a server may complain about a message.
const COMPLAINT: (Duration, Duration) = (Duration::from_millis(50), Duration::from_secs(2));

/// A server of the list.
pub(super) struct Server {
    /// IPv6 addresses in brackets.
    pub(super) host: String,
    pub(super) port: u16,
    /// TLS also where the server does not ask for it.
    pub(super) tls: bool,
    pub(super) credentials: Credentials,
}

impl Server {
    pub(super) fn target(&self) -> String {
        format!("{}:{}", self.host, self.port)
    }

    fn url(&self) -> String {
        let scheme = if self.tls { "tls" } else { "nats" };
        format!("{scheme}://{}", self.target())
    }
}

/// Who sends.
#[derive(Clone)]
pub(super) enum Credentials {
    None,
    User(String, SecretText),
    Token(SecretText),
    /// A key, by its seed; servers that ask for it are told a user, too.
    Nkey {
        seed: SecretText,
        user: Option<(String, SecretText)>,
    },
}

/// How to reach the servers.
pub(super) struct Settings {
    pub(super) servers: Vec<Server>,
    /// `None` for the trust of the system.
    pub(super) tls: Option<ClientConfig>,
    /// For each server, until it has greeted.
    pub(super) connect_timeout: Duration,
    /// Until the message is on its way.
    pub(super) timeout: Duration,
    pub(super) masker: Masker,
}

/// A message, ready to be published.
pub(super) struct Message {
    pub(super) subject: String,
    /// `None` for a message without.
    pub(super) headers: Option<HeaderMap>,
    pub(super) payload: Bytes,
}

/// The servers, with the connection to one of them while there is one.
pub(super) struct NatsServers {
    settings: Settings,
    connected: Mutex<Option<Connected>>,
}

#[derive(Clone)]
struct Connected {
    client: Client,
    /// What the server says beside answers.
    events: broadcast::Sender<Event>,
    /// How long a complaint about a message can take to come.
    complaint: Duration,
    target: String,
}

/// The headers of the options; `None` when there are none.
///
/// # Errors
/// A name or value that cannot be sent.
pub(super) fn headers(options: &BTreeMap<String, String>) -> Result<Option<HeaderMap>, String> {
    let mut headers = HeaderMap::new();
    for (name, value) in options {
        let valid = HeaderName::from_str(name)
            .map_err(|_| format!("headers: \"{name}\" is no valid header name"))?;
        // Its text stays out of the message: it may be a secret with a line break.
        let value = HeaderValue::from_str(value)
            .map_err(|_| format!("headers: the value of {name} has a line break"))?;
        headers.insert(valid, value);
    }
    Ok((!headers.is_empty()).then_some(headers))
}

impl NatsServers {
    /// The servers; nothing is connected yet.
    pub(super) fn new(settings: Settings) -> Self {
        Self {
            settings,
            connected: Mutex::new(None),
        }
    }

    /// The URLs without users, with commas between.
    pub(super) fn url(&self) -> String {
        let urls: Vec<String> = self.settings.servers.iter().map(Server::url).collect();
        urls.join(",")
    }

    /// Publishes, and waits until the message is on its way and the server has had the time to
    /// complain about it.
    pub(super) async fn publish(&self, message: Message) -> Result<Sent, SendError> {
        let subject = format!("PUB {}/{}", self.url(), message.subject);
        let subject = self.settings.masker.mask(&subject).into_owned();
        let exchange = self.exchange(message);
        let ended = tokio::time::timeout(self.settings.timeout, exchange).await;
        let result = match ended {
            Ok(result) => result,
            Err(_) => {
                // What waits in it must not go out later, when it counts as failed.
                *self.connected.lock().await = None;
                let limit = self.settings.timeout;
                let text = format!("{} did not take the message within {limit:?}", self.url());
                Err(SendError::transient(text))
            }
        };
        result.map_err(|error| error.about(subject))
    }

    async fn exchange(&self, message: Message) -> Result<Sent, SendError> {
        let connected = self.connected().await?;
        let result = self.hand_over(&connected, message).await;
        if result.as_ref().is_err_and(SendError::is_transient) {
            *self.connected.lock().await = None;
        }
        result
    }

    async fn hand_over(&self, to: &Connected, message: Message) -> Result<Sent, SendError> {
        let Connected { client, target, .. } = to;
        let info = client.server_info();
        if message.headers.is_some() && !info.headers {
            return Err(SendError::permanent(format!(
                "{target} does not take headers; remove headers of the service, or update the \
                 server"
            )));
        }
        let mut events = to.events.subscribe();
        let subject = message.subject.clone();
        let published = match message.headers {
            Some(headers) => {
                client
                    .publish_with_headers(subject, headers, message.payload)
                    .await
            }
            None => client.publish(subject, message.payload).await,
        };
        if let Err(error) = published {
            if error.kind() == PublishErrorKind::MaxPayloadExceeded {
                return Err(SendError::permanent(format!(
                    "the message is longer than {target} allows, {} bytes; shorten message of the \
                     template",
                    info.max_payload
                )));
            }
            return Err(self.lost(&error, target));
        }
        if let Err(error) = client.flush().await {
            return Err(self.lost(&error, target));
        }
        let complaint = self.complaint(&mut events, &message.subject, target);
        match tokio::time::timeout(to.complaint, complaint).await {
            Ok(error) => Err(error),
            Err(_) => Ok(Sent {
                detail: format!("handed to {target}"),
                ..Sent::default()
            }),
        }
    }

    /// Waits for the server to complain about a message to this subject, or to go away.
    async fn complaint(
        &self,
        events: &mut broadcast::Receiver<Event>,
        subject: &str,
        target: &str,
    ) -> SendError {
        loop {
            match events.recv().await {
                Ok(Event::ServerError(error)) => {
                    let text = error.to_string();
                    let of_another = text.contains("Permissions Violation")
                        && !text.contains(&format!("\"{subject}\""));
                    if of_another {
                        continue;
                    }
                    let text = format!(
                        "{target} refused the message: {text}; give the user the right to publish \
                         to the subject"
                    );
                    return SendError::permanent(self.settings.masker.mask(&text));
                }
                Ok(Event::Disconnected | Event::Closed)
                | Err(broadcast::error::RecvError::Closed) => {
                    return SendError::transient(format!("{target} closed the connection early"));
                }
                Ok(_) | Err(broadcast::error::RecvError::Lagged(_)) => {}
            }
        }
    }

    fn lost(&self, error: &(dyn std::error::Error + 'static), target: &str) -> SendError {
        let host = target.rsplit_once(':').map_or(target, |(host, _)| host);
        broken_connection(error, host, target, &self.settings.masker)
    }

    /// The connection that there is, or a new one to the first server that answers.
    async fn connected(&self) -> Result<Connected, SendError> {
        let mut connected = self.connected.lock().await;
        if let Some(known) = connected.as_ref() {
            if known.client.connection_state() == State::Connected {
                return Ok(known.clone());
            }
            *connected = None;
        }
        let mut failure = None;
        for server in &self.settings.servers {
            match self.connect(server).await {
                Ok(fresh) => return Ok(connected.insert(fresh).clone()),
                // Of several, the one that is not just away for now tells more.
                Err(error) if failure.as_ref().is_none_or(SendError::is_transient) => {
                    failure = Some(error);
                }
                Err(_) => {}
            }
        }
        Err(failure.unwrap_or_else(|| SendError::permanent("url names no server")))
    }

    async fn connect(&self, server: &Server) -> Result<Connected, SendError> {
        let (events, _) = broadcast::channel(EVENTS);
        let teller = events.clone();
        let mut options = ConnectOptions::new()
            .name("kubechime")
            .connection_timeout(self.settings.connect_timeout)
            .max_reconnects(1)
            .ignore_discovered_servers()
            .skip_subject_validation(true)
            .event_callback(move |event| {
                let teller = teller.clone();
                async move {
                    // Nobody may be listening just now.
                    let _ = teller.send(event);
                }
            });
        options = match &server.credentials {
            Credentials::None => options,
            Credentials::User(user, password) => {
                options.user_and_password(user.clone(), password.expose().to_owned())
            }
            Credentials::Token(token) => options.token(token.expose().to_owned()),
            Credentials::Nkey { seed, user } => {
                let options = options.nkey(seed.expose().to_owned());
                match user {
                    Some((user, password)) => {
                        options.user_and_password(user.clone(), password.expose().to_owned())
                    }
                    None => options,
                }
            }
        };
        if server.tls {
            options = options.require_tls(true);
        }
        if let Some(config) = &self.settings.tls {
            options = options.tls_client_config(config.clone());
        }
        let began = Instant::now();
        // Name resolution is not within the library's limit.
        let limit = self.settings.connect_timeout.saturating_mul(2);
        let client = match tokio::time::timeout(limit, options.connect(server.url())).await {
            Ok(Ok(client)) => client,
            Ok(Err(error)) => return Err(self.refused(&error, server)),
            Err(_) => return Err(self.late(server)),
        };
        Ok(Connected {
            client,
            events,
            // Connecting took more than one way there and back, so a complaint takes less.
            complaint: began.elapsed().clamp(COMPLAINT.0, COMPLAINT.1),
            target: server.target(),
        })
    }

    fn late(&self, server: &Server) -> SendError {
        SendError::transient(format!(
            "no connection to {} in time: no greeting of a NATS server within {:?}",
            server.target(),
            self.settings.connect_timeout
        ))
    }

    fn refused(&self, error: &ConnectError, server: &Server) -> SendError {
        let target = server.target();
        let masker = &self.settings.masker;
        match error.kind() {
            ConnectErrorKind::AuthorizationViolation => {
                let advice = match server.credentials {
                    Credentials::None => "set username and password, or nkey, of the service",
                    _ => "check the credentials of the service",
                };
                SendError::permanent(format!("{target} refused the credentials; {advice}"))
            }
            ConnectErrorKind::Authentication => SendError::permanent(
                "nkey is not a valid seed; set nkey of the service to the user's seed, SU…",
            ),
            ConnectErrorKind::TimedOut => self.late(server),
            ConnectErrorKind::ServerParse => {
                let text = format!("url is not valid: {}", innermost(error));
                SendError::permanent(masker.mask(&text))
            }
            _ if innermost(error).contains("got nothing") => {
                SendError::transient(format!("{target} closed the connection early"))
            }
            _ if is_no_nats(&innermost(error)) => SendError::permanent(format!(
                "{target} does not answer as a NATS server; check url of the service"
            )),
            _ => broken_connection(error, &server.host, &target, masker),
        }
    }
}

/// Whether the library could make no sense of a server's first words.
fn is_no_nats(reason: &str) -> bool {
    reason.contains("INFO") || reason.contains("invalid server operation")
}
