//! The conversation with a mail server: connect, STARTTLS, AUTH, the mail; and the connections that
//! are kept for the next one.

use super::failure::{Failure, Step};
use super::message::Mail;
use crate::domain::{Masker, SecretText};
use crate::service::registry::BuildError;
use crate::service::{SendError, Sent};
use lettre::transport::smtp::authentication::{self, Mechanism};
use lettre::transport::smtp::client::{
    AsyncSmtpConnection, Certificate, CertificateStore, TlsParameters,
};
use lettre::transport::smtp::commands::{Data, Ehlo, Mail as MailCommand, Rcpt};
use lettre::transport::smtp::extension::{ClientId, Extension, MailParameter};
use lettre::transport::smtp::response::Response;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::time::Instant;

/// How long a connection is kept for a next mail. Servers close theirs after minutes.
const IDLE: Duration = Duration::from_secs(20);

/// Connections that are kept at most.
const KEPT: usize = 2;

/// How to reach a server and how to log in.
pub(super) struct Settings {
    pub(super) host: String,
    /// 0 when there is none; then nothing is sent.
    pub(super) port: u16,
    /// TLS from the first byte.
    pub(super) implicit_tls: bool,
    pub(super) trust: TlsTrust,
    pub(super) credentials: Option<Credentials>,
    /// Until the server has greeted, TLS included.
    pub(super) connect_timeout: Duration,
    /// Until the server has taken the mail.
    pub(super) timeout: Duration,
    pub(super) masker: Masker,
}

/// An account.
pub(super) struct Credentials {
    pub(super) username: String,
    pub(super) password: SecretText,
}

/// Which certificates are good.
pub(super) struct TlsTrust {
    /// All of them.
    pub(super) insecure: bool,
    /// PEM texts of the only trusted roots; none for the system's.
    pub(super) roots: Vec<String>,
}

/// A mail server, with the connections to it that are kept.
pub(super) struct MailServer {
    settings: Settings,
    roots: Vec<Certificate>,
    idle: Arc<Mutex<Vec<Idle>>>,
}

struct Idle {
    connection: AsyncSmtpConnection,
    since: Instant,
}

impl MailServer {
    /// A server; nothing is connected yet.
    ///
    /// # Errors
    /// The root certificates cannot be read.
    pub(super) fn new(settings: Settings) -> Result<Self, BuildError> {
        let mut roots = Vec::new();
        for text in &settings.trust.roots {
            let certificate = Certificate::from_pem(text.as_bytes());
            roots.push(certificate.map_err(|_| BuildError {
                message: "caCertificates has no readable certificate".into(),
                position: None,
                help: Some("give PEM blocks: -----BEGIN CERTIFICATE-----".into()),
            })?);
        }
        Ok(Self {
            settings,
            roots,
            idle: Arc::default(),
        })
    }

    /// `smtp://host:port`, or `smtps` where TLS is spoken from the first byte.
    pub(super) fn url(&self) -> String {
        let scheme = if self.settings.implicit_tls {
            "smtps"
        } else {
            "smtp"
        };
        format!("{scheme}://{}", self.target())
    }

    /// Whether the server's certificate is not verified.
    pub(super) fn is_insecure(&self) -> bool {
        self.settings.trust.insecure
    }

    fn target(&self) -> String {
        let Settings { host, port, .. } = &self.settings;
        if host.contains(':') {
            format!("[{host}]:{port}")
        } else {
            format!("{host}:{port}")
        }
    }

    /// Sends a mail, over a kept connection if there is one.
    pub(super) async fn send(&self, mail: &Mail) -> Result<Sent, SendError> {
        let subject = format!("MAIL {}", self.url());
        let result = match tokio::time::timeout(self.settings.timeout, self.exchange(mail)).await {
            Ok(result) => result,
            Err(_) => {
                let limit = self.settings.timeout;
                let text = format!("{} did not take the mail within {limit:?}", self.target());
                Err(SendError::transient(text))
            }
        };
        result.map_err(|error| error.about(subject))
    }

    async fn exchange(&self, mail: &Mail) -> Result<Sent, SendError> {
        let encoded = mail.encoded().map_err(SendError::permanent)?;
        let mut connection = match self.kept().await {
            Some(connection) => connection,
            None => self.open().await?,
        };
        match transmit(&mut connection, mail, &encoded).await {
            Ok(response) => {
                self.keep(connection);
                Ok(self.sent(&response))
            }
            Err(failure) => {
                connection.abort().await;
                Err(self.failed(&failure))
            }
        }
    }

    fn failed(&self, failure: &Failure) -> SendError {
        let Settings { host, masker, .. } = &self.settings;
        failure.to_error(host, &self.target(), masker)
    }

    /// The server's own words on the mail that it took, which mostly have its id.
    fn sent(&self, response: &Response) -> Sent {
        let text: Vec<&str> = response.message().collect();
        let text = self.settings.masker.mask(&text.join(" ")).into_owned();
        let queued = text.find("queued as ").map_or(0, |at| at);
        Sent {
            status: Some(response.code().into()),
            detail: text[queued..].to_owned(),
            response: text,
        }
    }

    /// A new connection on which mails can be sent.
    async fn open(&self) -> Result<AsyncSmtpConnection, SendError> {
        let limit = self.settings.connect_timeout;
        match tokio::time::timeout(limit, self.connect()).await {
            Ok(Ok(connection)) => Ok(connection),
            Ok(Err(failure)) => Err(self.failed(&failure)),
            Err(_) => Err(SendError::transient(format!(
                "no connection to {} in time: no greeting of a mail server within {limit:?}",
                self.target()
            ))),
        }
    }

    async fn connect(&self) -> Result<AsyncSmtpConnection, Failure> {
        let Settings { host, port, .. } = &self.settings;
        let hello = ClientId::Domain("localhost".to_owned());
        let tls = match self.settings.implicit_tls {
            true => Some(self.tls()?),
            false => None,
        };
        let server = (host.as_str(), *port);
        let mut connection = AsyncSmtpConnection::connect_tokio1(server, None, &hello, tls, None)
            .await
            .map_err(|error| Failure::smtp(Step::Connect, error))?;
        let prepared = self.secure(&mut connection, &hello).await;
        // After a handshake that failed there is nothing left that could be closed.
        let torn = matches!(prepared, Err(Failure::Smtp(Step::StartTls, _)));
        if prepared.is_err() && !torn {
            connection.abort().await;
        }
        prepared.map(|()| connection)
    }

    /// STARTTLS and AUTH, as far as the server offers them.
    async fn secure(
        &self,
        connection: &mut AsyncSmtpConnection,
        hello: &ClientId,
    ) -> Result<(), Failure> {
        if connection.can_starttls() {
            connection
                .starttls(self.tls()?, hello)
                .await
                .map_err(|error| Failure::smtp(Step::StartTls, error))?;
        }
        let Some(Credentials { username, password }) = &self.settings.credentials else {
            return Ok(());
        };
        let Some(mechanism) = self.mechanism(connection, hello).await? else {
            return Ok(());
        };
        let credentials =
            authentication::Credentials::new(username.clone(), password.expose().to_owned());
        connection
            .auth(&[mechanism], &credentials)
            .await
            .map_err(|error| Failure::smtp(Step::Auth, error))?;
        Ok(())
    }

    /// How to log in; `None` where the server does not ask for it.
    async fn mechanism(
        &self,
        connection: &mut AsyncSmtpConnection,
        hello: &ClientId,
    ) -> Result<Option<Mechanism>, Failure> {
        let offered = connection.server_info();
        if offered.supports_auth_mechanism(Mechanism::Plain) {
            if connection.is_encrypted() || is_local(&self.settings.host) {
                return Ok(Some(Mechanism::Plain));
            }
            return Err(Failure::Unwilling(format!(
                "{} offers no TLS, and the password is not sent in clear text; use a server or \
                 port that offers STARTTLS, or leave username and password away",
                self.target()
            )));
        }
        if offered.supports_auth_mechanism(Mechanism::Login) {
            return Ok(Some(Mechanism::Login));
        }
        // The library leaves out what it does not know; the server's own words have it.
        let greeting = connection
            .command(Ehlo::new(hello.clone()))
            .await
            .map_err(|error| Failure::smtp(Step::Connect, error))?;
        let other = greeting
            .message()
            .find_map(|line| line.strip_prefix("AUTH"));
        match other.map(|names| names.trim_start_matches('=').trim()) {
            Some(names) if !names.is_empty() => Err(Failure::Unwilling(format!(
                "{} only offers AUTH {names}; PLAIN or LOGIN is needed",
                self.target()
            ))),
            _ => Ok(None),
        }
    }

    fn tls(&self) -> Result<TlsParameters, Failure> {
        let insecure = self.settings.trust.insecure;
        let mut builder = TlsParameters::builder(self.settings.host.clone())
            .dangerous_accept_invalid_certs(insecure)
            .dangerous_accept_invalid_hostnames(insecure);
        if !self.roots.is_empty() {
            builder = builder.certificate_store(CertificateStore::None);
        }
        for root in &self.roots {
            builder = builder.add_root_certificate(root.clone());
        }
        builder
            .build()
            .map_err(|error| Failure::smtp(Step::StartTls, error))
    }

    /// A connection that was kept and still stands.
    async fn kept(&self) -> Option<AsyncSmtpConnection> {
        loop {
            let Idle {
                mut connection,
                since,
            } = lock(&self.idle).pop()?;
            let fresh = since.elapsed() < IDLE && !connection.has_broken();
            if fresh && connection.test_connected().await {
                return Some(connection);
            }
            connection.abort().await;
        }
    }

    /// Keeps a connection for a while, then says goodbye on it.
    fn keep(&self, connection: AsyncSmtpConnection) {
        {
            let mut idle = lock(&self.idle);
            if idle.len() >= KEPT {
                return;
            }
            idle.push(Idle {
                connection,
                since: Instant::now(),
            });
        }
        let idle = Arc::downgrade(&self.idle);
        tokio::spawn(async move {
            tokio::time::sleep(IDLE).await;
            let Some(idle) = idle.upgrade() else { return };
            let over: Vec<Idle> = {
                let mut idle = lock(&idle);
                idle.extract_if(.., |one| one.since.elapsed() >= IDLE)
                    .collect()
            };
            for mut one in over {
                one.connection.abort().await;
            }
        });
    }
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Whether nothing that is sent to this host leaves the machine.
fn is_local(host: &str) -> bool {
    matches!(host, "localhost" | "127.0.0.1" | "::1")
}

/// MAIL, RCPT, DATA and the message; the answer to the last.
async fn transmit(
    connection: &mut AsyncSmtpConnection,
    mail: &Mail,
    encoded: &[u8],
) -> Result<Response, Failure> {
    let recipients = mail.recipients();
    let ascii = |address: &&lettre::Address| {
        let text: &str = (*address).as_ref();
        text.is_ascii()
    };
    let mut parameters = Vec::new();
    if !(ascii(&mail.sender()) && recipients.iter().all(ascii)) {
        if !connection
            .server_info()
            .supports_feature(Extension::SmtpUtfEight)
        {
            return Err(Failure::Unwilling(
                "the mail server does not take addresses with other than ASCII characters \
                 (SMTPUTF8)"
                    .to_owned(),
            ));
        }
        parameters.push(MailParameter::SmtpUtfEight);
    }
    let sender = mail.sender();
    connection
        .command(MailCommand::new(Some(sender.clone()), parameters))
        .await
        .map_err(|error| Failure::smtp(Step::Sender(sender.to_string()), error))?;
    for recipient in recipients {
        connection
            .command(Rcpt::new(recipient.clone(), Vec::new()))
            .await
            .map_err(|error| Failure::smtp(Step::Recipient(recipient.to_string()), error))?;
    }
    let of_data = |error| Failure::smtp(Step::Data, error);
    connection.command(Data).await.map_err(of_data)?;
    connection.message(encoded).await.map_err(of_data)
}
