//! A NATS server on loopback, as far as publishing goes: INFO, CONNECT, PING, PUB, HPUB. It keeps
//! what it is told, and can refuse, close and hang.

use serde_json::{Value, json};
use std::io::{self, Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// What clients have to sign.
pub const NONCE: &str = "PXoWU7zWAMt75FY";

/// What the server does; by default it takes everything.
#[derive(Clone, Debug)]
pub struct NatsBehaviour {
    /// Answers an authorization violation when CONNECT has no credentials.
    pub auth_required: bool,
    /// Has every CONNECT refused.
    pub auth_fails: bool,
    /// INFO has a nonce to sign.
    pub nonce: bool,
    /// Takes messages with headers.
    pub headers: bool,
    /// The longest message, in bytes.
    pub max_payload: u64,
    /// Answers messages with a permissions violation.
    pub forbidden: bool,
    /// Says nothing at all.
    pub hang: bool,
    /// Closes the connection at once, or after CONNECT, or at the first message.
    pub close_at: Option<&'static str>,
    /// Does not answer PING once there was a message.
    pub silent_after_message: bool,
    /// What it says instead of INFO.
    pub garbage: Option<&'static str>,
}

impl Default for NatsBehaviour {
    fn default() -> Self {
        Self {
            auth_required: false,
            auth_fails: false,
            nonce: false,
            headers: true,
            max_payload: 1_048_576,
            forbidden: false,
            hang: false,
            close_at: None,
            silent_after_message: false,
            garbage: None,
        }
    }
}

/// A connection and what was published on it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct NatsConnection {
    /// The members of CONNECT.
    pub connect: Value,
    pub messages: Vec<NatsMessage>,
}

/// A message as it arrived.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NatsMessage {
    /// `PUB` or `HPUB`.
    pub op: String,
    pub subject: String,
    pub reply: Option<String>,
    /// First line of the headers.
    pub header_version: Option<String>,
    pub headers: Vec<(String, String)>,
    pub payload: Vec<u8>,
}

/// The running server; stops when dropped.
pub struct NatsServer {
    port: u16,
    shared: Arc<Shared>,
}

#[derive(Default)]
struct Shared {
    behaviour: Mutex<NatsBehaviour>,
    connections: Mutex<Vec<NatsConnection>>,
    streams: Mutex<Vec<TcpStream>>,
    stopped: AtomicBool,
}

impl NatsServer {
    /// Starts it on a free port.
    pub fn start(behaviour: NatsBehaviour) -> Self {
        let shared = Arc::new(Shared {
            behaviour: Mutex::new(behaviour),
            ..Shared::default()
        });
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
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
        Self { port, shared }
    }

    /// Where it listens, on 127.0.0.1.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// The connections that there are and what was published on them since the last call.
    pub fn take(&self) -> Vec<NatsConnection> {
        let mut connections = lock(&self.shared.connections);
        let taken = connections.clone();
        for connection in connections.iter_mut() {
            connection.messages.clear();
        }
        taken
    }
}

impl Drop for NatsServer {
    fn drop(&mut self) {
        self.shared.stopped.store(true, Ordering::SeqCst);
        for stream in lock(&self.shared.streams).iter() {
            // It may be closed already.
            let _ = stream.shutdown(Shutdown::Both);
        }
        // Wakes the listener, which then sees that it is over.
        let _ = TcpStream::connect(("127.0.0.1", self.port));
    }
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn serve(mut stream: TcpStream, shared: &Shared) -> io::Result<()> {
    stream.set_read_timeout(Some(Duration::from_secs(30)))?;
    lock(&shared.streams).push(stream.try_clone()?);
    let behaviour = lock(&shared.behaviour).clone();
    if behaviour.close_at == Some("INFO") {
        return Ok(());
    }
    while behaviour.hang && !shared.stopped.load(Ordering::SeqCst) {
        std::thread::park_timeout(Duration::from_millis(20));
    }
    if let Some(garbage) = behaviour.garbage {
        stream.write_all(garbage.as_bytes())?;
    } else {
        let mut info = json!({
            "server_id": "TEST", "server_name": "test", "version": "2.10.0", "proto": 1,
            "go": "go1.22", "host": "127.0.0.1", "port": 4222, "headers": behaviour.headers,
            "max_payload": behaviour.max_payload, "client_id": 1,
            "auth_required": behaviour.auth_required,
        });
        if behaviour.nonce {
            info["nonce"] = NONCE.into();
        }
        stream.write_all(format!("INFO {info}\r\n").as_bytes())?;
    }
    let at = {
        let mut connections = lock(&shared.connections);
        connections.push(NatsConnection::default());
        connections.len() - 1
    };
    let change = |change: &dyn Fn(&mut NatsConnection)| {
        if let Some(connection) = lock(&shared.connections).get_mut(at) {
            change(connection);
        }
    };
    let mut published = false;
    while let Some(line) = read_line(&mut stream)? {
        let mut words = line.split(' ').filter(|word| !word.is_empty());
        let op = words.next().unwrap_or_default().to_ascii_uppercase();
        let words: Vec<&str> = words.collect();
        if behaviour.close_at == Some(op.as_str()) {
            return Ok(());
        }
        match op.as_str() {
            "CONNECT" => {
                let connect: Value = serde_json::from_str(&line[8..]).unwrap_or_default();
                change(&|connection| connection.connect = connect.clone());
                let named = |name: &str| {
                    let value = connect[name].as_str().unwrap_or_default();
                    !value.is_empty()
                };
                let known = named("user") || named("auth_token") || named("nkey");
                if behaviour.auth_fails || (behaviour.auth_required && !known) {
                    stream.write_all(b"-ERR 'Authorization Violation'\r\n")?;
                    return Ok(());
                }
            }
            "PING" if published && behaviour.silent_after_message => {}
            "PING" => stream.write_all(b"PONG\r\n")?,
            "PUB" | "HPUB" => {
                let message = read_message(&mut stream, op, &words)?;
                if behaviour.forbidden {
                    let subject = &message.subject;
                    let error =
                        format!("-ERR 'Permissions Violation for Publish to \"{subject}\"'\r\n");
                    stream.write_all(error.as_bytes())?;
                } else {
                    change(&|connection| connection.messages.push(message.clone()));
                }
                published = true;
            }
            _ => {}
        }
    }
    Ok(())
}

/// What follows the line `PUB subject [reply] size` or `HPUB subject [reply] head-size size`.
fn read_message(stream: &mut TcpStream, op: String, words: &[&str]) -> io::Result<NatsMessage> {
    let sizes = if op == "HPUB" { 2 } else { 1 };
    let (names, sizes) = words.split_at(words.len().saturating_sub(sizes));
    let sizes: Vec<usize> = sizes.iter().filter_map(|size| size.parse().ok()).collect();
    let mut bytes = vec![0; sizes.last().copied().unwrap_or_default() + 2];
    stream.read_exact(&mut bytes)?;
    bytes.truncate(bytes.len() - 2);
    let mut message = NatsMessage {
        subject: names.first().copied().unwrap_or_default().to_owned(),
        reply: names.get(1).map(|reply| (*reply).to_owned()),
        op,
        ..NatsMessage::default()
    };
    if let [head, _] = sizes[..] {
        let head = String::from_utf8_lossy(&bytes[..head]).into_owned();
        bytes.drain(..head.len());
        let mut lines = head.split("\r\n");
        message.header_version = lines.next().map(str::to_owned);
        message.headers = lines
            .filter_map(|line| line.split_once(':'))
            .map(|(name, value)| (name.to_owned(), value.trim().to_owned()))
            .collect();
    }
    message.payload = bytes;
    Ok(message)
}

/// The next line without its end; `None` when the client has closed.
fn read_line(stream: &mut TcpStream) -> io::Result<Option<String>> {
    let mut line = Vec::new();
    let mut byte = [0];
    while !line.ends_with(b"\r\n") {
        if stream.read(&mut byte)? == 0 {
            return Ok(None);
        }
        line.push(byte[0]);
    }
    line.truncate(line.len() - 2);
    Ok(Some(String::from_utf8_lossy(&line).into_owned()))
}
