//! NATS: one message a delivery, to a subject.
//!
//! Here are the options and the service; `connection` talks to the servers, `trust` says which
//! certificates are good.

mod connection;
mod trust;

use super::reference::{Reference, optional};
use super::registry::{BuildError, BuildWarning};
use super::request::is_sensitive;
use super::setting::Span;
use super::{Notification, PreparedRequest, SendError, Sent, Service, ServiceContext};
use crate::domain::{Destination, Masker, SecretText};
use crate::yaml::{self, Node};
use connection::{Credentials, Message, NatsServers, Server, Settings};
use futures::future::BoxFuture;
use serde::Deserialize;
use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;
use url::Url;

/// The type's name.
pub(super) const TYPE: &str = "nats";

/// Where servers are when the options do not say.
const DEFAULT_URL: &str = "nats://127.0.0.1:4222";

/// The port of servers whose URL has none.
const DEFAULT_PORT: u16 = 4222;

/// How long a server may take until it has greeted.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(2);

/// What it takes.
pub(super) const REFERENCE: Reference = Reference {
    title: "NATS",
    summary: "A message to a NATS subject, with headers if there are any. NATS does not say \
              whether anybody listened.",
    recipient: "The subject, without blanks.",
    recipient_example: "kubernetes.pods.ready",
    options: &[
        optional(
            "url",
            "string",
            "The servers, with commas between: `nats://host:4222`, or `tls://host:4222` to have \
             TLS in any case; the first that answers is used. A user, `user:password@`, or a \
             token, `token@`, may stand before the host. Default: `nats://127.0.0.1:4222`.",
        ),
        optional("headers", "map of strings", "Headers of every message."),
        optional("nkey", "string", "The seed of a user's NKey: `SU…`."),
        optional(
            "username",
            "string",
            "The user; `password` is needed, too. A user in `url` wins.",
        ),
        optional("password", "string", "The user's password."),
        optional(
            "insecureSkipVerify",
            "bool",
            "Do not verify the server's certificate. Default: `false`.",
        ),
        optional(
            "caCertificates",
            "string",
            "PEM certificates that are the only trusted roots for this service. Default: those of \
             the system.",
        ),
        optional(
            "connectTimeout",
            "duration",
            "Until a server has greeted, TLS included. Default: `2s`.",
        ),
        optional(
            "requestTimeout",
            "duration",
            "Until the message is on its way. Default: `30s`.",
        ),
    ],
    transport: false,
    fields: &[],
    example: r#"data:
  service.nats: |
    url: nats://nats.example.com:4222
    username: chime
    password: $nats-password
    headers:
      source: kubernetes
  template.pod-ready: |
    message: |
      {"pod": {{.pod.metadata.name | toJson}}, "state": "ready"}
"#,
    notes: &[
        "The connection is kept for further messages.",
        "Without the right to publish to the subject, the server complains after the message; the \
         delivery then fails.",
    ],
};

/// The options of `service.nats.<name>`.
#[derive(Clone, Default, Deserialize)]
#[serde(default, rename = "services.NatsOptions", rename_all = "camelCase")]
struct Options {
    /// The servers, with commas between.
    url: String,
    /// Headers of every message, names as written.
    headers: BTreeMap<String, String>,
    /// The seed of a user's NKey.
    nkey: String,
    /// The user, with the password: both or neither.
    username: String,
    /// The user's password.
    password: String,
    /// The server's certificate is not verified.
    insecure_skip_verify: bool,
    /// PEM certificates that are the only trusted roots.
    ca_certificates: String,
    /// Until a server has greeted; default 2 s.
    connect_timeout: Span,
    /// Until the message is on its way; default 30 s.
    request_timeout: Span,
}

struct Nats {
    name: String,
    headers: BTreeMap<String, String>,
    servers: NatsServers,
    /// What is wrong with the URL, if anything is.
    unusable: Option<String>,
    insecure: bool,
    masker: Masker,
    warnings: Vec<BuildWarning>,
}

/// Makes a NATS service from its options.
pub(super) fn build(
    name: &str,
    node: &Node,
    context: &ServiceContext,
) -> Result<Arc<dyn Service>, BuildError> {
    let options: Options = yaml::decode(node)?;
    let url = match options.url.trim() {
        "" => DEFAULT_URL,
        url => url,
    };
    let user = match (options.username.as_str(), options.password.as_str()) {
        ("", _) | (_, "") => None,
        (user, password) => Some((user.to_owned(), SecretText::new(password))),
    };
    let seed = options.nkey.trim();
    let own = match (seed, user) {
        ("", None) => Credentials::None,
        ("", Some((user, password))) => Credentials::User(user, password),
        (seed, user) => Credentials::Nkey {
            seed: SecretText::new(seed),
            user,
        },
    };
    let (servers, unusable) = match parse_servers(url, &own) {
        Ok(servers) => (servers, None),
        Err(problem) => (Vec::new(), Some(problem)),
    };
    let mut secrets = vec![options.password.clone(), options.nkey.clone()];
    secrets.extend(url.split(',').filter_map(user_part));
    let telling = |(name, _): &(&String, &String)| is_sensitive(name);
    secrets.extend(
        options
            .headers
            .iter()
            .filter(telling)
            .map(|(_, value)| value.clone()),
    );
    for server in &servers {
        match &server.credentials {
            Credentials::User(_, secret) | Credentials::Token(secret) => {
                secrets.push(secret.expose().to_owned());
            }
            Credentials::Nkey { .. } | Credentials::None => {}
        }
    }
    let masker = context.masker.and(secrets.iter().map(String::as_str));
    let host = servers.first().map(Server::target).unwrap_or_default();
    let tls = trust::client_config(
        options.insecure_skip_verify,
        &roots(&options, &host, context),
    )?;
    let unusable = unusable.map(|problem| masker.mask(&problem).into_owned());
    let warnings = warnings(&options, unusable.as_deref(), node);
    Ok(Arc::new(Nats {
        name: name.to_owned(),
        headers: options.headers,
        servers: NatsServers::new(Settings {
            servers,
            tls,
            connect_timeout: options.connect_timeout.or(CONNECT_TIMEOUT),
            timeout: options.request_timeout.or(context.timeouts.attempt),
            masker: masker.clone(),
        }),
        unusable,
        insecure: options.insecure_skip_verify,
        masker,
        warnings,
    }))
}

/// What stands before the `@` of a URL and is secret: the password, or a token.
fn user_part(url: &str) -> Option<String> {
    let (before, _) = url.rsplit_once('@')?;
    let user = before.rsplit_once("//").map_or(before, |(_, user)| user);
    let secret = user.split_once(':').map_or(user, |(_, password)| password);
    Some(secret.to_owned())
}

/// The servers of a list with commas between. Their own user is stronger than the options'.
fn parse_servers(list: &str, own: &Credentials) -> Result<Vec<Server>, String> {
    let help = "write nats://host:4222 or tls://host:4222, several with commas between";
    let mut servers = Vec::new();
    for text in list.split(',').map(str::trim) {
        let full = if text.contains("://") {
            text.to_owned()
        } else {
            format!("nats://{text}")
        };
        let url =
            Url::parse(&full).map_err(|error| format!("url is not valid: {error}; {help}"))?;
        let tls = match url.scheme() {
            "nats" => false,
            "tls" => true,
            other => {
                return Err(format!(
                    "the scheme '{other}' of url is none of NATS; {help}"
                ));
            }
        };
        let host = match url.host_str() {
            Some(host) if !host.is_empty() => host.to_owned(),
            _ => return Err(format!("url has no host; {help}")),
        };
        let decoded = |text: &str| {
            let plus = text.replace('+', "%2B");
            let mut pairs = url::form_urlencoded::parse(plus.as_bytes());
            pairs
                .next()
                .map(|(text, _)| text.into_owned())
                .unwrap_or_default()
        };
        let user = decoded(url.username());
        let credentials = match (user.as_str(), url.password()) {
            ("", None) => own.clone(),
            (_, None) => Credentials::Token(SecretText::new(user)),
            (_, Some(password)) => Credentials::User(user, SecretText::new(decoded(password))),
        };
        servers.push(Server {
            host,
            port: url.port().unwrap_or(DEFAULT_PORT),
            tls,
            credentials,
        });
    }
    Ok(servers)
}

/// The certificates that are the only trusted ones; none for the system's.
fn roots(options: &Options, host: &str, context: &ServiceContext) -> Vec<String> {
    if !options.ca_certificates.trim().is_empty() {
        return vec![options.ca_certificates.clone()];
    }
    let resolve = context.certificates.as_ref();
    resolve.map_or_else(Vec::new, |resolve| resolve(host))
}

fn warnings(options: &Options, unusable: Option<&str>, node: &Node) -> Vec<BuildWarning> {
    let mut warnings = Vec::new();
    let mut warn = |key: &str, message: &str, help: &str| {
        let place = node.get(key).map_or(node.position, |value| value.position);
        warnings.push(BuildWarning {
            message: message.to_owned(),
            position: Some(place),
            help: Some(help.to_owned()),
        });
    };
    if let Some(problem) = unusable {
        let (message, help) = problem.split_once("; ").unwrap_or((problem, "correct it"));
        warn("url", message, help);
    } else if options.url.trim().is_empty() {
        let message = format!("url is not set: {DEFAULT_URL} is used");
        warn("url", &message, "set url to that of the NATS server");
    }
    let seed = options.nkey.trim();
    if !seed.is_empty() && !seed.starts_with("SU") {
        let message = "nkey is not the seed of a user: every delivery will fail";
        warn(
            "nkey",
            message,
            "set nkey to the seed, which begins with SU",
        );
    }
    let alone = match (options.username.is_empty(), options.password.is_empty()) {
        (false, true) => Some(("username", "password")),
        (true, false) => Some(("password", "username")),
        _ => None,
    };
    if let Some((given, missing)) = alone {
        let message = format!("{given} is not used, as {missing} is not set");
        warn(given, &message, &format!("set {missing}, too"));
    }
    if let Some(user) = node.get("user") {
        warnings.push(BuildWarning {
            message: "user is not an option, and not used".into(),
            position: Some(user.position),
            help: Some("the option is called username".into()),
        });
    }
    warnings
}

impl Nats {
    fn message(&self, notification: &Notification, to: &Destination) -> Result<Message, SendError> {
        let subject = &*to.recipient;
        let problem = if let Some(problem) = &self.unusable {
            problem.clone()
        } else if subject.is_empty() {
            "the recipient is empty; it is the NATS subject".to_owned()
        } else if subject.contains(|c: char| c.is_whitespace() || c.is_control()) {
            format!("the recipient \"{subject}\" has blanks, which a NATS subject has not")
        } else {
            let headers = connection::headers(&self.headers)
                .map_err(|problem| SendError::permanent(self.masker.mask(&problem)))?;
            return Ok(Message {
                subject: subject.to_owned(),
                headers,
                payload: notification.message.clone().into(),
            });
        };
        Err(SendError::permanent(self.masker.mask(&problem)))
    }
}

impl Service for Nats {
    fn service_type(&self) -> &'static str {
        TYPE
    }

    fn name(&self) -> &str {
        &self.name
    }

    fn masker(&self) -> &Masker {
        &self.masker
    }

    fn warnings(&self) -> &[BuildWarning] {
        &self.warnings
    }

    /// The message as it is published: the URL's path is the subject.
    fn prepare(
        &self,
        notification: &Notification,
        to: &Destination,
    ) -> Result<Vec<PreparedRequest>, SendError> {
        let message = self.message(notification, to)?;
        let url = format!("{}/{}", self.servers.url(), message.subject);
        let operation = if self.headers.is_empty() {
            "PUB"
        } else {
            "HPUB"
        };
        let mut request = PreparedRequest::new(operation, url);
        request.insecure = self.insecure;
        request.headers = self.headers.clone().into_iter().collect();
        request.body = message.payload.to_vec();
        Ok(vec![request])
    }

    fn send<'a>(
        &'a self,
        notification: &'a Notification,
        to: &'a Destination,
    ) -> BoxFuture<'a, Result<Sent, SendError>> {
        Box::pin(async {
            let message = self.message(notification, to)?;
            self.servers.publish(message).await
        })
    }
}

impl fmt::Debug for Nats {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Nats")
            .field("name", &self.name)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(list: &str) -> Result<Vec<String>, String> {
        let own = Credentials::User("own".into(), SecretText::new("pass"));
        let servers = parse_servers(list, &own)?;
        Ok(servers
            .iter()
            .map(|server| {
                let who = match &server.credentials {
                    Credentials::None => "-".to_owned(),
                    Credentials::User(user, password) => format!("{user}:{}", password.expose()),
                    Credentials::Token(token) => token.expose().to_owned(),
                    Credentials::Nkey { .. } => "nkey".to_owned(),
                };
                format!("{} {} {who}", server.target(), server.tls)
            })
            .collect())
    }

    #[test]
    fn urls_are_lists_with_users_or_tokens() {
        for (list, expected) in [
            ("nats://h", vec!["h:4222 false own:pass"]),
            (
                "h:1, tls://i:2",
                vec!["h:1 false own:pass", "i:2 true own:pass"],
            ),
            ("nats://a:b%40c@h", vec!["h:4222 false a:b@c"]),
            ("nats://tok+1@h", vec!["h:4222 false tok+1"]),
            ("nats://[::1]:5", vec!["[::1]:5 false own:pass"]),
        ] {
            let expected: Vec<String> = expected.into_iter().map(str::to_owned).collect();
            assert_eq!(shown(list), Ok(expected), "{list}");
        }
        for list in ["http://h", "nats://", "nats://h:99999", "h,,i"] {
            let error = shown(list).expect_err(list);
            assert!(error.contains("write nats://host:4222"), "{list}: {error}");
        }
    }
}
