//! E-mail by SMTP: one message a delivery to all addresses of the recipient.
//!
//! Here are the options, the section of the template and the service; `message` makes the mail,
//! `session` talks to the server.

mod failure;
mod message;
mod session;

use super::reference::{Reference, optional, required};
use super::registry::{BuildError, BuildWarning};
use super::setting::Span;
use super::texts::{Field, Merge, Texts};
use super::{Notification, PreparedRequest, SendError, Sent, Service, ServiceContext};
use crate::domain::{Destination, Masker, SecretText};
use crate::yaml::{self, Node};
use futures::future::BoxFuture;
use message::Mail;
use serde::{Deserialize, Serialize};
use session::{Credentials, MailServer, TlsTrust};
use std::fmt;
use std::sync::Arc;

/// The type's name.
pub(super) const TYPE: &str = "email";

/// The port on which TLS begins with the first byte.
const IMPLICIT_TLS_PORT: u16 = 465;

/// What it takes.
pub(super) const REFERENCE: Reference = Reference {
    title: "Email",
    summary: "A mail by SMTP, as plain text or HTML. STARTTLS is used wherever the server offers \
              it, and TLS from the start on port 465.",
    recipient: "One address or several with commas between; all of them are in `To` of the same \
                mail. Names are allowed: `Jane Doe <jane@example.com>`.",
    recipient_example: "oncall@example.com, Jane Doe <jane@example.com>",
    options: &[
        required("host", "string", "The mail server."),
        required("port", "integer", "Its port: 587, 465 or 25, as a rule."),
        required(
            "from",
            "string",
            "The sender's address, with or without a name: `Chime <chime@example.com>`.",
        ),
        optional(
            "username",
            "string",
            "The account; used together with `password` where the server offers AUTH.",
        ),
        optional("password", "string", "The account's password."),
        optional(
            "html",
            "bool",
            "The body is HTML. Default: `false`, plain text.",
        ),
        optional(
            "insecure_skip_verify",
            "bool",
            "Do not verify the server's certificate. Default: `false`.",
        ),
        optional(
            "insecureSkipVerify",
            "bool",
            "The same, written as in the other services.",
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
            "Until the server has greeted, TLS included. Default: `10s`.",
        ),
        optional(
            "requestTimeout",
            "duration",
            "Until the server has taken the mail. Default: `30s`.",
        ),
    ],
    transport: false,
    fields: &[
        optional("subject", "template", "The subject. Default: none."),
        optional(
            "body",
            "template",
            "The text of the mail. Default: `message`.",
        ),
    ],
    example: r"data:
  service.email: |
    host: smtp.example.com
    port: 587
    from: Chime <chime@example.com>
    username: chime
    password: $email-password
  template.pod-ready: |
    message: Pod {{.pod.metadata.name}} is ready
    email:
      subject: Pod {{.pod.metadata.name}} is ready
      body: |
        {{.pod.metadata.name}} runs on {{.pod.spec.nodeName}}.
",
    notes: &[
        "AUTH is by PLAIN or LOGIN; CRAM-MD5 is not supported. A password is sent by PLAIN only \
         over TLS, or to the machine itself.",
        "Where the server refuses one address, the mail goes to none.",
        "There is no Cc or Bcc.",
    ],
};

/// The options of `service.email.<name>`.
#[derive(Clone, Default, Deserialize)]
#[serde(default, rename = "services.EmailOptions", rename_all = "camelCase")]
struct Options {
    /// The mail server.
    host: String,
    /// Its port.
    port: i64,
    /// The account, with the password: both or neither.
    username: String,
    /// The account's password.
    password: String,
    /// The sender, an address with or without a name.
    from: String,
    /// The body is HTML.
    html: bool,
    /// The server's certificate is not verified.
    #[serde(rename = "insecure_skip_verify")]
    insecure_snake_case: bool,
    /// The same, as the other services spell it.
    insecure_skip_verify: bool,
    /// PEM certificates that are the only trusted roots.
    ca_certificates: String,
    /// Until the server has greeted; default 10 s.
    connect_timeout: Span,
    /// Until the server has taken the mail; default 30 s.
    request_timeout: Span,
}

/// The section `email` of a template.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, rename = "services.EmailNotification")]
pub struct EmailNotification {
    /// The subject.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub subject: String,
    /// The text; the message when empty.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub body: String,
}

impl Texts for EmailNotification {
    const TYPE: &'static str = TYPE;
    const MERGE: Merge = Merge::NonEmpty;
    const FIELDS: &'static [Field<Self>] = &[
        ("subject", |section| &mut section.subject),
        ("body", |section| &mut section.body),
    ];

    fn of(notification: &mut Notification) -> &mut Option<Self> {
        &mut notification.email
    }
}

struct Email {
    name: String,
    from: String,
    html: bool,
    /// What is wrong with host or port, if anything is.
    unusable: Option<String>,
    server: MailServer,
    masker: Masker,
    warnings: Vec<BuildWarning>,
}

/// Makes an e-mail service from its options.
pub(super) fn build(
    name: &str,
    node: &Node,
    context: &ServiceContext,
) -> Result<Arc<dyn Service>, BuildError> {
    let options: Options = yaml::decode(node)?;
    let host = options.host.trim().to_owned();
    let port = u16::try_from(options.port).unwrap_or(0);
    // A server may send the command back, which is the base64 form of both together.
    let plain = format!("\0{}\0{}", options.username, options.password);
    let masker = context.masker.and([options.password.as_str(), &plain]);
    let trust = TlsTrust {
        insecure: options.insecure_skip_verify || options.insecure_snake_case,
        roots: roots(&options, &format!("{host}:{port}"), context),
    };
    let unusable = if host.is_empty() {
        Some("host is not set; set host of the service to the name of the mail server".to_owned())
    } else if port == 0 {
        Some(match options.port {
            0 => "port is not set; set port of the service, mostly 587, 465 or 25".to_owned(),
            port => format!("port {port} is none; it is mostly 587, 465 or 25"),
        })
    } else {
        None
    };
    let credentials = match (options.username.as_str(), options.password.as_str()) {
        ("", _) | (_, "") => None,
        (username, password) => Some(Credentials {
            username: username.to_owned(),
            password: SecretText::new(password),
        }),
    };
    Ok(Arc::new(Email {
        name: name.to_owned(),
        warnings: warnings(&options, unusable.as_deref(), node),
        from: options.from,
        html: options.html,
        unusable,
        server: MailServer::new(session::Settings {
            host,
            port,
            implicit_tls: port == IMPLICIT_TLS_PORT,
            trust,
            credentials,
            connect_timeout: options.connect_timeout.or(context.timeouts.connect),
            timeout: options.request_timeout.or(context.timeouts.attempt),
            masker: masker.clone(),
        })?,
        masker,
    }))
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
    let mut warn = |key: &str, message: String, help: &str| {
        let place = node.get(key).map_or(node.position, |value| value.position);
        warnings.push(BuildWarning {
            message,
            position: Some(place),
            help: Some(help.to_owned()),
        });
    };
    if let Some(problem) = unusable {
        let key = if options.host.trim().is_empty() {
            "host"
        } else {
            "port"
        };
        let (message, help) = problem.split_once("; ").unwrap_or((problem, "correct it"));
        warn(key, format!("{message}: every delivery will fail"), help);
    }
    let help = "set from to the sender's address";
    if options.from.trim().is_empty() {
        let message = "from is not set: every delivery will fail".to_owned();
        warn("from", message, help);
    } else if let Err(reason) = message::mailbox(&options.from) {
        warn("from", format!("from is not valid: {reason}"), help);
    }
    let alone = match (options.username.is_empty(), options.password.is_empty()) {
        (false, true) => Some(("username", "password")),
        (true, false) => Some(("password", "username")),
        _ => None,
    };
    if let Some((given, missing)) = alone {
        let message = format!("{given} is not used, as {missing} is not set");
        warn(given, message, &format!("set {missing}, too"));
    }
    warnings
}

impl Email {
    fn mail(&self, notification: &Notification, to: &Destination) -> Result<Mail, SendError> {
        if let Some(problem) = &self.unusable {
            return Err(SendError::permanent(problem.as_str()));
        }
        let (subject, body) = match &notification.email {
            Some(email) => (email.subject.as_str(), email.body.as_str()),
            None => ("", ""),
        };
        let body = if body.is_empty() {
            &notification.message
        } else {
            body
        };
        Mail::new(&self.from, &to.recipient, subject, body, self.html)
            .map_err(|problem| SendError::permanent(self.masker.mask(&problem)))
    }
}

impl Service for Email {
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

    /// The mail as people will see it: headers and body decoded, without the date, which is that of
    /// the sending.
    fn prepare(
        &self,
        notification: &Notification,
        to: &Destination,
    ) -> Result<Vec<PreparedRequest>, SendError> {
        let mail = self.mail(notification, to)?;
        let mut request = PreparedRequest::new("MAIL", self.server.url());
        request.insecure = self.server.is_insecure();
        request.headers = mail.shown_headers();
        request.body = mail.body.into_bytes();
        Ok(vec![request])
    }

    fn send<'a>(
        &'a self,
        notification: &'a Notification,
        to: &'a Destination,
    ) -> BoxFuture<'a, Result<Sent, SendError>> {
        Box::pin(async {
            let mail = self.mail(notification, to)?;
            self.server.send(&mail).await
        })
    }
}

impl fmt::Debug for Email {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Email")
            .field("name", &self.name)
            .finish_non_exhaustive()
    }
}
