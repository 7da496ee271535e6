//! An HTTP server on loopback that records what it gets, byte for byte, and answers by rules; the
//! same behind TLS with a self-signed certificate. It is written on blocking sockets, so that it
//! can also close, hang and garble as no well-behaved server does.

use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use std::io::{self, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// The server's certificate: the only trusted root of a client that shall accept it.
pub const CERTIFICATE: &str = include_str!("../fixtures/tls/cert.pem");
const KEY: &str = include_str!("../fixtures/tls/key.pem");

/// A request as it arrived.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recorded {
    pub method: String,
    /// Scheme and host as the client meant them.
    pub base: String,
    /// Path, still escaped.
    pub path: String,
    /// Query without the question mark.
    pub query: String,
    /// In order, names in lower case.
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
}

impl Recorded {
    /// The first header of this name (in lower case).
    pub fn header(&self, name: &str) -> Option<&str> {
        let found = self.headers.iter().find(|(known, _)| known == name);
        found.map(|(_, value)| value.as_str())
    }

    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }
}

/// What to do with requests that fit; fields that are not set fit everything.
#[derive(Clone, Debug, Default)]
pub struct Rule {
    pub method: Option<String>,
    pub path: Option<String>,
    pub path_prefix: Option<String>,
    pub base: Option<String>,
    /// How often it answers; for ever when not set.
    pub times: Option<u64>,
    pub status: u16,
    pub headers: Vec<(String, String)>,
    pub body: String,
    /// Close the connection instead of answering.
    pub close: bool,
    /// Do not answer until the server stops.
    pub hang: bool,
}

impl Rule {
    /// Answers everything with this status and an empty body.
    pub fn status(status: u16) -> Self {
        Self {
            status,
            ..Self::default()
        }
    }

    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    pub fn body(mut self, body: &str) -> Self {
        self.body = body.to_owned();
        self
    }

    pub fn path(mut self, path: &str) -> Self {
        self.path = Some(path.to_owned());
        self
    }

    pub fn times(mut self, times: u64) -> Self {
        self.times = Some(times);
        self
    }

    fn fits(&self, request: &Recorded) -> bool {
        let is = |wanted: &Option<String>, found: &str| {
            wanted.as_deref().is_none_or(|wanted| wanted == found)
        };
        is(&self.method, &request.method)
            && is(&self.path, &request.path)
            && is(&self.base, &request.base)
            && self
                .path_prefix
                .as_deref()
                .is_none_or(|prefix| request.path.starts_with(prefix))
            && self.times != Some(0)
    }
}

/// The running server; stops when dropped.
pub struct Recorder {
    port: u16,
    tls_port: u16,
    shared: Arc<Shared>,
}

/// Decides what is answered, in the place of rules.
type Handler = Box<dyn Fn(&Recorded) -> Rule + Send + Sync>;

#[derive(Default)]
struct Shared {
    handler: Option<Handler>,
    rules: Mutex<Vec<Rule>>,
    requests: Mutex<Vec<Recorded>>,
    connections: AtomicUsize,
    stopped: AtomicBool,
}

impl Recorder {
    /// Starts it on two free ports. Requests that no rule fits are answered with 404 `unmatched`.
    pub fn start(rules: Vec<Rule>) -> Self {
        Self::serve(Shared {
            rules: Mutex::new(rules),
            ..Shared::default()
        })
    }

    /// Starts it with a state of its own: each request is answered as the handler says.
    pub fn answering(handler: impl Fn(&Recorded) -> Rule + Send + Sync + 'static) -> Self {
        Self::serve(Shared {
            handler: Some(Box::new(handler)),
            ..Shared::default()
        })
    }

    fn serve(shared: Shared) -> Self {
        let shared = Arc::new(shared);
        let port = listen(shared.clone(), None);
        let tls_port = listen(shared.clone(), Some(tls_config()));
        Self {
            port,
            tls_port,
            shared,
        }
    }

    /// `http://127.0.0.1:<port>`.
    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// `https://127.0.0.1:<port>`.
    pub fn tls_url(&self) -> String {
        format!("https://127.0.0.1:{}", self.tls_port)
    }

    /// Takes other rules from now on.
    pub fn set_rules(&self, rules: Vec<Rule>) {
        *lock(&self.shared.rules) = rules;
    }

    /// Connections that were made since it started.
    pub fn connections(&self) -> usize {
        self.shared.connections.load(Ordering::SeqCst)
    }

    /// The requests since the last call.
    pub fn take(&self) -> Vec<Recorded> {
        std::mem::take(&mut *lock(&self.shared.requests))
    }
}

impl Drop for Recorder {
    fn drop(&mut self) {
        self.shared.stopped.store(true, Ordering::SeqCst);
        for port in [self.port, self.tls_port] {
            // Wakes the listener, which then sees that it is over.
            let _ = TcpStream::connect(("127.0.0.1", port));
        }
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

fn listen(shared: Arc<Shared>, tls: Option<Arc<rustls::ServerConfig>>) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let port = listener.local_addr().expect("an address").port();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            if shared.stopped.load(Ordering::SeqCst) {
                break;
            }
            let Ok(stream) = stream else { continue };
            shared.connections.fetch_add(1, Ordering::SeqCst);
            let (shared, tls) = (shared.clone(), tls.clone());
            // A client that goes away ends its thread with an error, which is as good as any end.
            std::thread::spawn(move || {
                let _ = stream.set_read_timeout(Some(Duration::from_secs(30)));
                let _ = match tls {
                    None => serve(stream, &shared, "http"),
                    Some(config) => rustls::ServerConnection::new(config)
                        .map_err(io::Error::other)
                        .and_then(|tls| {
                            serve(rustls::StreamOwned::new(tls, stream), &shared, "https")
                        }),
                };
            });
        }
    });
    port
}

fn serve(mut stream: impl Read + Write, shared: &Shared, scheme: &str) -> io::Result<()> {
    while let Some(request) = read_request(&mut stream, scheme)? {
        let by_rules = || {
            let mut rules = lock(&shared.rules);
            let rule = rules.iter_mut().find(|rule| rule.fits(&request));
            rule.map(|rule| {
                rule.times = rule.times.map(|left| left.saturating_sub(1));
                rule.clone()
            })
        };
        let rule = match &shared.handler {
            Some(handler) => Some(handler(&request)),
            None => by_rules(),
        };
        let head = request.method == "HEAD";
        lock(&shared.requests).push(request);
        let rule = rule.unwrap_or_else(|| Rule::status(404).body("unmatched"));
        if rule.close {
            return Ok(());
        }
        while rule.hang && !shared.stopped.load(Ordering::SeqCst) {
            std::thread::park_timeout(Duration::from_millis(20));
        }
        let mut answer = format!("HTTP/1.1 {} status\r\n", rule.status);
        for (name, value) in &rule.headers {
            answer.push_str(&format!("{name}: {value}\r\n"));
        }
        if rule.status == 204 || rule.status == 304 {
            answer.push_str("\r\n");
        } else {
            answer.push_str(&format!("Content-Length: {}\r\n\r\n", rule.body.len()));
            if !head {
                answer.push_str(&rule.body);
            }
        }
        stream.write_all(answer.as_bytes())?;
        stream.flush()?;
    }
    Ok(())
}

/// The next request; `None` when the client has closed.
fn read_request(stream: &mut (impl Read + Write), scheme: &str) -> io::Result<Option<Recorded>> {
    let mut head = Vec::new();
    let mut byte = [0];
    while !head.ends_with(b"\r\n\r\n") {
        if stream.read(&mut byte)? == 0 {
            return Ok(None);
        }
        head.push(byte[0]);
        // A TLS hello, not a request: real servers refuse it as soon as they see it.
        if head == [0x16] {
            stream.write_all(b"HTTP/1.1 400 no TLS here\r\n\r\n")?;
            return Ok(None);
        }
    }
    let head = String::from_utf8_lossy(&head).into_owned();
    let mut lines = head.split("\r\n");
    let first = lines.next().unwrap_or_default();
    let mut words = first.split(' ');
    let (method, target) = (
        words.next().unwrap_or_default(),
        words.next().unwrap_or_default(),
    );
    let headers: Vec<(String, String)> = lines
        .filter_map(|line| line.split_once(':'))
        .map(|(name, value)| (name.to_ascii_lowercase(), value.trim().to_owned()))
        .collect();
    let header = |name: &str| {
        let found = headers.iter().find(|(known, _)| known == name);
        found.map_or("", |(_, value)| value.as_str())
    };
    let mut body = Vec::new();
    if header("transfer-encoding") == "chunked" {
        while let size @ 1.. = read_size(stream)? {
            let mut chunk = vec![0; size + 2];
            stream.read_exact(&mut chunk)?;
            body.extend_from_slice(&chunk[..size]);
        }
        stream.read_exact(&mut [0; 2])?;
    } else {
        body = vec![0; header("content-length").parse().unwrap_or(0)];
        stream.read_exact(&mut body)?;
    }
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    Ok(Some(Recorded {
        method: method.to_owned(),
        base: format!("{scheme}://{}", header("host")),
        path: path.to_owned(),
        query: query.to_owned(),
        body,
        headers,
    }))
}

fn read_size(stream: &mut impl Read) -> io::Result<usize> {
    let mut line = Vec::new();
    let mut byte = [0];
    while !line.ends_with(b"\r\n") {
        stream.read_exact(&mut byte)?;
        line.push(byte[0]);
    }
    let text = String::from_utf8_lossy(&line);
    usize::from_str_radix(text.trim(), 16).map_err(io::Error::other)
}
