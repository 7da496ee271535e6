//! A mail server on loopback that speaks ESMTP with STARTTLS and AUTH and keeps what it is told. It
//! is written on blocking sockets, so that it can also close and hang as no well-behaved server
//! does.

#[path = "mail.rs"]
mod mail;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
pub use mail::Mail;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use std::io::{self, Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

const CERTIFICATE: &str = include_str!("../fixtures/tls/cert.pem");
const KEY: &str = include_str!("../fixtures/tls/key.pem");

/// What the server does; by default it takes everything, without TLS and without AUTH.
#[derive(Clone, Debug, Default)]
pub struct SmtpBehaviour {
    /// Offers STARTTLS, with the self-signed certificate of the fixtures.
    pub starttls: bool,
    /// Speaks TLS from the first byte.
    pub implicit_tls: bool,
    /// The mechanisms that are offered, also before TLS.
    pub auth: Vec<String>,
    /// Answers 535 to all credentials.
    pub auth_fail: bool,
    /// Answers this to all credentials instead.
    pub auth_answer: Option<String>,
    /// Mail without AUTH is refused with 530.
    pub auth_required: bool,
    /// Addresses that are answered with 550.
    pub reject_rcpt: Vec<String>,
    /// Answers this to MAIL.
    pub mail_answer: Option<String>,
    /// Answers this to the end of the message.
    pub data_answer: Option<String>,
    /// What stands instead of the greeting; the connection is closed after it unless it is a 220.
    pub greeting: Option<String>,
    /// Says nothing at all.
    pub hang: bool,
    /// Closes the connection as soon as this command comes: `EHLO`, `DATA`; `CONNECT` at once.
    pub close_at: Option<&'static str>,
}

/// A mail, with what was said before it on its connection.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SmtpSession {
    /// `none`, `starttls`, `starttls-failed`, `implicit`.
    pub tls: String,
    /// The name that the client gave.
    pub ehlo: String,
    /// The credentials.
    pub auth: Option<SmtpAuth>,
    /// The bare address; `None` when it did not come to MAIL.
    pub mail_from: Option<String>,
    /// The bare addresses, those that were refused, too.
    pub rcpt_to: Vec<String>,
    /// The message as it was sent, dots unstuffed; `None` when it was not accepted.
    pub message: Option<String>,
    /// The client said goodbye.
    pub quit: bool,
}

impl SmtpSession {
    /// The message as people see it; `None` when none was accepted.
    pub fn mail(&self) -> Option<Mail> {
        self.message.as_deref().map(Mail::parse)
    }
}

/// Credentials as they arrived.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SmtpAuth {
    pub mechanism: String,
    pub username: String,
    pub password: String,
}

/// The running server; stops when dropped.
pub struct SmtpServer {
    port: u16,
    shared: Arc<Shared>,
}

#[derive(Default)]
struct Shared {
    behaviour: Mutex<SmtpBehaviour>,
    sessions: Mutex<Vec<SmtpSession>>,
    connections: Mutex<Vec<TcpStream>>,
    stopped: AtomicBool,
}

impl SmtpServer {
    /// Starts it on a free port.
    pub fn start(behaviour: SmtpBehaviour) -> Self {
        Self::start_on(0, behaviour).expect("a free port")
    }

    /// Starts it on this port, where the system allows it.
    pub fn start_on(port: u16, behaviour: SmtpBehaviour) -> io::Result<Self> {
        let listener = TcpListener::bind(("127.0.0.1", port))?;
        let shared = Arc::new(Shared {
            behaviour: Mutex::new(behaviour),
            ..Shared::default()
        });
        let port = listener.local_addr().expect("an address").port();
        let listening = shared.clone();
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                if listening.stopped.load(Ordering::SeqCst) {
                    break;
                }
                let Ok(stream) = stream else { continue };
                let shared = listening.clone();
                // A client that goes away ends its thread with an error, which is as good as any.
                std::thread::spawn(move || {
                    let ended = stream.try_clone();
                    let result = serve(stream, &shared);
                    // Others hold it, too, so that it would stay open.
                    let _ = ended.and_then(|stream| stream.shutdown(Shutdown::Both));
                    result
                });
            }
        });
        Ok(Self { port, shared })
    }

    /// Where it listens, on 127.0.0.1.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Behaves otherwise from now on.
    pub fn set(&self, behaviour: SmtpBehaviour) {
        *lock(&self.shared.behaviour) = behaviour;
    }

    /// The sessions since the last call, one for each mail.
    pub fn take(&self) -> Vec<SmtpSession> {
        std::mem::take(&mut *lock(&self.shared.sessions))
    }

    /// How many connections there have been.
    pub fn connections(&self) -> usize {
        lock(&self.shared.connections).len()
    }

    /// Closes all connections, as a server does that is restarted.
    pub fn disconnect(&self) {
        for connection in lock(&self.shared.connections).iter() {
            // It may be closed already.
            let _ = connection.shutdown(Shutdown::Both);
        }
    }
}

impl Drop for SmtpServer {
    fn drop(&mut self) {
        self.shared.stopped.store(true, Ordering::SeqCst);
        self.disconnect();
        // Wakes the listener, which then sees that it is over.
        let _ = TcpStream::connect(("127.0.0.1", self.port));
    }
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn tls_config() -> Arc<rustls::ServerConfig> {
    let certificate =
        CertificateDer::from_pem_slice(CERTIFICATE.as_bytes()).expect("a certificate");
    let key = PrivateKeyDer::from_pem_slice(KEY.as_bytes()).expect("a key");
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .expect("versions")
        .with_no_client_auth()
        .with_single_cert(vec![certificate], key)
        .expect("key and certificate fit");
    Arc::new(config)
}

/// A plain or encrypted connection.
trait Stream: Read + Write {}

impl<T: Read + Write> Stream for T {}

fn encrypted(stream: TcpStream) -> io::Result<Box<dyn Stream>> {
    let mut tls = rustls::ServerConnection::new(tls_config()).map_err(io::Error::other)?;
    let mut stream = stream;
    while tls.is_handshaking() {
        if tls.complete_io(&mut stream)? == (0, 0) {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
    }
    Ok(Box::new(rustls::StreamOwned::new(tls, stream)))
}

fn serve(stream: TcpStream, shared: &Shared) -> io::Result<()> {
    stream.set_read_timeout(Some(Duration::from_secs(30)))?;
    lock(&shared.connections).push(stream.try_clone()?);
    let behaviour = lock(&shared.behaviour).clone();
    if behaviour.close_at == Some("CONNECT") {
        return Ok(());
    }
    while behaviour.hang && !shared.stopped.load(Ordering::SeqCst) {
        std::thread::park_timeout(Duration::from_millis(20));
    }
    let at = {
        let mut sessions = lock(&shared.sessions);
        sessions.push(SmtpSession {
            tls: "none".into(),
            ..SmtpSession::default()
        });
        sessions.len() - 1
    };
    let mut conversation = Conversation {
        plain: stream.try_clone()?,
        stream: Box::new(stream.try_clone()?),
        shared,
        at,
        session: SmtpSession {
            tls: "none".into(),
            ..SmtpSession::default()
        },
        behaviour,
    };
    if conversation.behaviour.implicit_tls {
        conversation.stream = encrypted(stream)?;
        conversation.session.tls = "implicit".into();
    }
    conversation.run()
}

struct Conversation<'s> {
    plain: TcpStream,
    stream: Box<dyn Stream>,
    shared: &'s Shared,
    /// Its place among the sessions.
    at: usize,
    session: SmtpSession,
    behaviour: SmtpBehaviour,
}

impl Conversation<'_> {
    fn run(&mut self) -> io::Result<()> {
        let greeting = self.behaviour.greeting.clone();
        let greeting = greeting.unwrap_or_else(|| "220 test ESMTP".into());
        self.say(&greeting)?;
        if !greeting.starts_with("220") {
            return Ok(());
        }
        loop {
            let Some(line) = self.line()? else {
                return Ok(());
            };
            let (verb, rest) = line.split_once(' ').unwrap_or((&line, ""));
            let verb = verb.to_ascii_uppercase();
            if self.behaviour.close_at == Some(verb.as_str()) {
                return Ok(());
            }
            match verb.as_str() {
                "EHLO" | "HELO" => {
                    self.session.ehlo = rest.to_owned();
                    self.greet()?;
                }
                "STARTTLS" if self.behaviour.starttls => {
                    // Until it has gone well.
                    self.session.tls = "starttls-failed".into();
                    self.keep();
                    self.say("220 go ahead")?;
                    self.stream = encrypted(self.plain.try_clone()?)?;
                    self.session.tls = "starttls".into();
                }
                "AUTH" => self.authenticate(rest)?,
                "MAIL" => self.mail(rest)?,
                "RCPT" => self.recipient(rest)?,
                "DATA" => self.data()?,
                "QUIT" => {
                    self.session.quit = true;
                    self.keep();
                    return self.say("221 bye");
                }
                "NOOP" => self.say("250 here")?,
                "RSET" => self.say("250 reset")?,
                _ => self.say("500 what?")?,
            }
            self.keep();
        }
    }

    /// Shows the others what is known so far.
    fn keep(&self) {
        if let Some(kept) = lock(&self.shared.sessions).get_mut(self.at) {
            *kept = self.session.clone();
        }
    }

    fn greet(&mut self) -> io::Result<()> {
        let mut lines = vec!["test".to_owned()];
        if self.behaviour.starttls && self.session.tls == "none" {
            lines.push("STARTTLS".into());
        }
        if !self.behaviour.auth.is_empty() {
            lines.push(format!("AUTH {}", self.behaviour.auth.join(" ")));
        }
        let last = lines.len() - 1;
        for (number, line) in lines.iter().enumerate() {
            let sign = if number == last { ' ' } else { '-' };
            self.say(&format!("250{sign}{line}"))?;
        }
        Ok(())
    }

    fn authenticate(&mut self, rest: &str) -> io::Result<()> {
        let (mechanism, initial) = rest.split_once(' ').unwrap_or((rest, ""));
        let mut auth = SmtpAuth {
            mechanism: mechanism.to_owned(),
            ..SmtpAuth::default()
        };
        let offered = self.behaviour.auth.iter().any(|known| known == mechanism);
        match mechanism {
            "PLAIN" if offered => {
                let answer = match initial {
                    "" => self.ask("")?,
                    initial => decoded(initial),
                };
                let mut parts = answer.split('\0').skip(1);
                auth.username = parts.next().unwrap_or_default().to_owned();
                auth.password = parts.next().unwrap_or_default().to_owned();
            }
            "LOGIN" if offered => {
                auth.username = match initial {
                    "" => self.ask("Username:")?,
                    initial => decoded(initial),
                };
                auth.password = self.ask("Password:")?;
            }
            _ => return self.say("504 no such mechanism"),
        }
        self.session.auth = Some(auth);
        self.keep();
        match (&self.behaviour.auth_answer, self.behaviour.auth_fail) {
            (Some(answer), _) => self.say(&answer.clone()),
            (None, true) => self.say("535 5.7.8 bad credentials"),
            (None, false) => self.say("235 welcome"),
        }
    }

    fn ask(&mut self, question: &str) -> io::Result<String> {
        self.say(&format!("334 {}", STANDARD.encode(question)))?;
        Ok(decoded(&self.line()?.unwrap_or_default()))
    }

    fn mail(&mut self, rest: &str) -> io::Result<()> {
        if self.session.mail_from.is_some() {
            // A second mail on the same connection is a session of its own.
            self.session.rcpt_to.clear();
            self.session.message = None;
            let mut sessions = lock(&self.shared.sessions);
            sessions.push(self.session.clone());
            self.at = sessions.len() - 1;
        }
        self.session.mail_from = Some(bare(rest));
        self.keep();
        if self.behaviour.auth_required && self.session.auth.is_none() {
            return self.say("530 5.7.0 Authentication required");
        }
        let answer = self.behaviour.mail_answer.clone();
        self.say(answer.as_deref().unwrap_or("250 sender ok"))
    }

    fn recipient(&mut self, rest: &str) -> io::Result<()> {
        let address = bare(rest);
        self.session.rcpt_to.push(address.clone());
        self.keep();
        if self.behaviour.reject_rcpt.contains(&address) {
            return self.say("550 5.1.1 no such user");
        }
        self.say("250 recipient ok")
    }

    fn data(&mut self) -> io::Result<()> {
        self.say("354 go on")?;
        let mut message = String::new();
        loop {
            let Some(line) = self.line()? else {
                return Ok(());
            };
            if line == "." {
                break;
            }
            message.push_str(line.strip_prefix('.').unwrap_or(&line));
            message.push_str("\r\n");
        }
        let answer = self.behaviour.data_answer.clone();
        let answer = answer.as_deref().unwrap_or("250 2.0.0 Ok: queued as 4XyZ");
        if answer.starts_with('2') {
            self.session.message = Some(message);
            // Before the client knows that it is through.
            self.keep();
        }
        self.say(answer)
    }

    fn say(&mut self, line: &str) -> io::Result<()> {
        self.stream.write_all(format!("{line}\r\n").as_bytes())?;
        self.stream.flush()
    }

    /// The next line without its end; `None` when the client has closed.
    fn line(&mut self) -> io::Result<Option<String>> {
        let mut line = Vec::new();
        let mut byte = [0];
        while !line.ends_with(b"\r\n") {
            if self.stream.read(&mut byte)? == 0 {
                return Ok(None);
            }
            line.push(byte[0]);
        }
        line.truncate(line.len() - 2);
        Ok(Some(String::from_utf8_lossy(&line).into_owned()))
    }
}

fn bare(rest: &str) -> String {
    let from = rest.find('<').map_or(0, |at| at + 1);
    let to = rest.find('>').unwrap_or(rest.len());
    rest[from..to].to_owned()
}

fn decoded(text: &str) -> String {
    let bytes = STANDARD.decode(text).unwrap_or_default();
    String::from_utf8_lossy(&bytes).into_owned()
}
