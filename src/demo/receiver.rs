//! A real HTTP receiver: it remembers what it got and answers as it was told.

use bytes::Bytes;
use http::{HeaderName, HeaderValue, Request, Response, StatusCode};
use http_body_util::{BodyExt as _, Full, Limited};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use jiff::Timestamp;
use std::collections::{BTreeMap, VecDeque};
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio_util::sync::{CancellationToken, DropGuard};

/// So many requests are kept; the oldest are dropped.
const KEPT: usize = 10_000;

/// Longer bodies are answered with 413 and not kept.
const LONGEST_BODY: usize = 4 * 1024 * 1024;

/// One request as it arrived.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Received {
    /// Counts from 1 since the start.
    pub number: u64,
    /// When its body was complete.
    pub at: Timestamp,
    /// HTTP method.
    pub method: String,
    /// Path without the query.
    pub path: String,
    /// Query without the question mark; empty when there is none.
    pub query: String,
    /// Headers in the order of arrival, names in lower case; values that are no text are empty.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: Bytes,
}

impl Received {
    /// The first header of this name (in lower case).
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers
            .iter()
            .find(|(key, _)| key == name)
            .map(|(_, value)| value.as_str())
    }

    /// The body as text; bytes that are no UTF-8 are replaced.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }
}

/// How the receiver answers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reply {
    /// HTTP status code.
    pub code: u16,
    /// Headers of the answer, for example `Retry-After`.
    pub headers: Vec<(String, String)>,
    /// Body of the answer.
    pub body: String,
    /// Time before the answer.
    pub delay: Duration,
    /// Close the connection instead of answering.
    pub close: bool,
}

impl Default for Reply {
    fn default() -> Self {
        Self {
            code: 200,
            headers: Vec::new(),
            body: "ok\n".to_owned(),
            delay: Duration::ZERO,
            close: false,
        }
    }
}

impl Reply {
    /// An answer with this status code.
    pub fn code(code: u16) -> Self {
        Self {
            code,
            body: format!("{code}\n"),
            ..Self::default()
        }
    }

    /// 429 with `Retry-After` in seconds.
    pub fn retry_after(seconds: u64) -> Self {
        let headers = vec![("retry-after".to_owned(), seconds.to_string())];
        Self {
            headers,
            ..Self::code(429)
        }
    }
}

#[derive(Default)]
struct State {
    kept: VecDeque<Received>,
    number: u64,
    /// Path, or prefix with a star at the end; the rule made last goes first.
    rules: Vec<(String, Reply, Option<u64>)>,
    in_flight: usize,
    most_in_flight: usize,
    by_path: BTreeMap<String, u64>,
}

struct Shared {
    state: Mutex<State>,
    arrived: watch::Sender<u64>,
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Keeps a request and says how to answer it.
    fn take(&self, mut received: Received) -> Reply {
        let mut state = self.state();
        state.number = state.number.saturating_add(1);
        received.number = state.number;
        // The paths are counted for ever, but no stranger may fill the memory with them.
        if state.by_path.len() < KEPT || state.by_path.contains_key(&received.path) {
            let count = state.by_path.entry(received.path.clone()).or_default();
            *count = count.saturating_add(1);
        }
        let matches = |rule: &str| match rule.strip_suffix('*') {
            Some(prefix) => received.path.starts_with(prefix),
            None => received.path == rule,
        };
        let found = state
            .rules
            .iter()
            .rposition(|(rule, _, left)| matches(rule) && *left != Some(0));
        let reply = match found.and_then(|index| state.rules.get_mut(index)) {
            Some((_, reply, left)) => {
                *left = left.map(|left| left.saturating_sub(1));
                reply.clone()
            }
            None => Reply::default(),
        };
        state.rules.retain(|(_, _, left)| *left != Some(0));
        if state.kept.len() >= KEPT {
            state.kept.pop_front();
        }
        state.kept.push_back(received);
        let number = state.number;
        drop(state);
        self.arrived.send_replace(number);
        reply
    }
}

/// Counts a request that is being answered.
struct InFlight<'s>(&'s Shared);

impl<'s> InFlight<'s> {
    fn new(shared: &'s Shared) -> Self {
        let mut state = shared.state();
        state.in_flight = state.in_flight.saturating_add(1);
        state.most_in_flight = state.most_in_flight.max(state.in_flight);
        Self(shared)
    }
}

impl Drop for InFlight<'_> {
    fn drop(&mut self) {
        let mut state = self.0.state();
        state.in_flight = state.in_flight.saturating_sub(1);
    }
}

/// An HTTP server on loopback that remembers its requests. It serves until it is dropped.
pub struct Receiver {
    shared: Arc<Shared>,
    port: u16,
    _stop: DropGuard,
}

impl Receiver {
    /// Listens on this port of 127.0.0.1; 0 takes any free one. Everything is answered with 200
    /// until told otherwise.
    ///
    /// # Errors
    ///
    /// When the port can't be listened on.
    pub async fn start(port: u16) -> io::Result<Receiver> {
        Self::listen((Ipv4Addr::LOCALHOST, port).into()).await
    }

    /// Listens on this address, for a receiver that others than this machine reach.
    ///
    /// # Errors
    ///
    /// When the address can't be listened on.
    pub async fn listen(address: SocketAddr) -> io::Result<Receiver> {
        let listener = TcpListener::bind(address).await?;
        let port = listener.local_addr()?.port();
        let shared = Arc::new(Shared {
            state: Mutex::default(),
            arrived: watch::Sender::new(0),
        });
        let stop = CancellationToken::new();
        tokio::spawn(accept(Arc::clone(&shared), listener, stop.clone()));
        Ok(Self {
            shared,
            port,
            _stop: stop.drop_guard(),
        })
    }

    /// The address, without a slash at the end.
    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// The port that is listened on.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// From now on, requests to this path (or to all that begin with it, when it ends in `*`)
    /// are answered so. Rules made later go first.
    pub fn reply(&self, path: &str, reply: Reply) {
        self.shared
            .state()
            .rules
            .push((path.to_owned(), reply, None));
    }

    /// The next `times` requests to this path are answered so.
    pub fn reply_times(&self, path: &str, reply: Reply, times: u64) {
        self.shared
            .state()
            .rules
            .push((path.to_owned(), reply, Some(times)));
    }

    /// Everything is answered with 200 again.
    pub fn clear_replies(&self) {
        self.shared.state().rules.clear();
    }

    /// The kept requests, oldest first.
    pub fn received(&self) -> Vec<Received> {
        self.shared.state().kept.iter().cloned().collect()
    }

    /// How many requests came since the start.
    pub fn count(&self) -> u64 {
        self.shared.state().number
    }

    /// How many requests came to a path since the start.
    pub fn count_of(&self, path: &str) -> u64 {
        self.shared
            .state()
            .by_path
            .get(path)
            .copied()
            .unwrap_or_default()
    }

    /// The largest number of requests that were being answered at the same time.
    pub fn most_in_flight(&self) -> usize {
        self.shared.state().most_in_flight
    }

    /// Forgets the kept requests; the counters go on.
    pub fn clear(&self) {
        self.shared.state().kept.clear();
    }

    /// Waits until this many requests came since the start; false after `timeout`.
    pub async fn wait_for(&self, count: u64, timeout: Duration) -> bool {
        let mut arrived = self.shared.arrived.subscribe();
        let enough = arrived.wait_for(|number| *number >= count);
        matches!(tokio::time::timeout(timeout, enough).await, Ok(Ok(_)))
    }

    /// Waits until the kept requests satisfy the predicate, which is asked at every arrival;
    /// false after `timeout`.
    pub async fn wait_until(
        &self,
        mut predicate: impl FnMut(&[Received]) -> bool,
        timeout: Duration,
    ) -> bool {
        let mut arrived = self.shared.arrived.subscribe();
        let satisfied = async {
            loop {
                arrived.borrow_and_update();
                if predicate(&self.received()) {
                    return;
                }
                if arrived.changed().await.is_err() {
                    return std::future::pending().await;
                }
            }
        };
        tokio::time::timeout(timeout, satisfied).await.is_ok()
    }

    /// Stops listening and closes every connection.
    pub fn shutdown(self) {
        drop(self);
    }
}

async fn accept(shared: Arc<Shared>, listener: TcpListener, stop: CancellationToken) {
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            () = stop.cancelled() => return,
        };
        let Ok((stream, _)) = accepted else {
            tokio::time::sleep(Duration::from_millis(20)).await;
            continue;
        };
        // Without it small answers are only slower.
        let _ = stream.set_nodelay(true);
        let (shared, stop) = (Arc::clone(&shared), stop.clone());
        tokio::spawn(async move {
            let service = service_fn(move |request| answer(Arc::clone(&shared), request));
            let connection = http1::Builder::new().serve_connection(TokioIo::new(stream), service);
            tokio::select! {
                // A broken connection concerns its client alone.
                _ = connection => {}
                () = stop.cancelled() => {}
            }
        });
    }
}

async fn answer(
    shared: Arc<Shared>,
    request: Request<Incoming>,
) -> io::Result<Response<Full<Bytes>>> {
    let _counted = InFlight::new(&shared);
    let (parts, incoming) = request.into_parts();
    let Ok(collected) = Limited::new(incoming, LONGEST_BODY).collect().await else {
        let mut response = Response::new(Full::default());
        *response.status_mut() = StatusCode::PAYLOAD_TOO_LARGE;
        return Ok(response);
    };
    let text = |value: &HeaderValue| value.to_str().unwrap_or_default().to_owned();
    let reply = shared.take(Received {
        number: 0,
        at: Timestamp::now(),
        method: parts.method.to_string(),
        path: parts.uri.path().to_owned(),
        query: parts.uri.query().unwrap_or_default().to_owned(),
        headers: parts
            .headers
            .iter()
            .map(|(key, v)| (key.to_string(), text(v)))
            .collect(),
        body: collected.to_bytes(),
    });
    if !reply.delay.is_zero() {
        tokio::time::sleep(reply.delay).await;
    }
    if reply.close {
        return Err(io::Error::new(
            io::ErrorKind::ConnectionReset,
            "told to close",
        ));
    }
    let mut response = Response::new(Full::from(reply.body));
    *response.status_mut() =
        StatusCode::from_u16(reply.code).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    for (name, value) in &reply.headers {
        if let (Ok(name), Ok(value)) = (
            HeaderName::try_from(name.as_str()),
            HeaderValue::try_from(value.as_str()),
        ) {
            response.headers_mut().append(name, value);
        }
    }
    Ok(response)
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    use tokio::net::TcpStream;

    const PATIENCE: Duration = Duration::from_secs(20);

    /// Sends a request on a new connection; the answer is all that came back.
    async fn send(receiver: &Receiver, path: &str, body: &str) -> String {
        let mut stream = TcpStream::connect(("127.0.0.1", receiver.port()))
            .await
            .expect("open");
        let length = body.len();
        let request = format!(
            "POST {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\nX-Test: yes\r\nContent-Length: {length}\r\n\r\n{body}"
        );
        stream.write_all(request.as_bytes()).await.expect("sent");
        let mut answer = String::new();
        // A closed connection may be an error here, or simply the end.
        let _ = stream.read_to_string(&mut answer).await;
        answer
    }

    #[tokio::test]
    async fn it_remembers_and_answers_as_told() {
        let receiver = Receiver::start(0).await.expect("a free port");
        receiver.reply("/broken*", Reply::code(500));
        receiver.reply_times("/busy", Reply::retry_after(9), 1);
        receiver.reply(
            "/shut",
            Reply {
                close: true,
                ..Reply::default()
            },
        );
        assert!(
            send(&receiver, "/a?x=1", "hello")
                .await
                .starts_with("HTTP/1.1 200")
        );
        assert!(
            send(&receiver, "/broken/b", "")
                .await
                .starts_with("HTTP/1.1 500")
        );
        let busy = send(&receiver, "/busy", "").await;
        assert!(
            busy.starts_with("HTTP/1.1 429") && busy.contains("retry-after: 9"),
            "{busy}"
        );
        assert!(
            send(&receiver, "/busy", "")
                .await
                .starts_with("HTTP/1.1 200")
        );
        assert_eq!(send(&receiver, "/shut", "").await, "");
        let received = receiver.received();
        let first = &received[0];
        assert_eq!((first.method.as_str(), first.path.as_str()), ("POST", "/a"));
        assert_eq!(
            (first.query.as_str(), first.text().as_str()),
            ("x=1", "hello")
        );
        assert_eq!(first.header("x-test"), Some("yes"));
        assert_eq!(
            (received.len(), receiver.count(), receiver.count_of("/busy")),
            (5, 5, 2)
        );
    }

    #[tokio::test]
    async fn waiting_ends_with_the_arrival_or_the_time_out() {
        let receiver = Receiver::start(0).await.expect("a free port");
        assert!(!receiver.wait_for(1, Duration::from_millis(10)).await);
        let (answer, waited) =
            tokio::join!(send(&receiver, "/a", ""), receiver.wait_for(1, PATIENCE));
        assert!(answer.contains("200") && waited);
        let to_b = |all: &[Received]| all.iter().any(|one| one.path == "/b");
        assert!(!receiver.wait_until(to_b, Duration::from_millis(10)).await);
        let (_, waited) = tokio::join!(
            send(&receiver, "/b", ""),
            receiver.wait_until(to_b, PATIENCE)
        );
        assert!(waited);
        assert_eq!(receiver.most_in_flight(), 1);
    }
}
