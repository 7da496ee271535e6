//! A server on loopback that repeats in its refusals whatever it was told: what a careless server,
//! proxy or debugging page does with secrets. It speaks as much HTTP, SMTP and NATS as is needed to
//! be told something.

use serde_json::json;
use std::io::{self, BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// How it answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mood {
    /// 401 with the request as text.
    Text,
    /// 401 with the request as JSON: in every member that services have for errors.
    Json,
    /// The same, with an object as error.
    JsonObject,
    /// 500 with a page that has the request in its title.
    Page,
    /// 200 with the request as text.
    Garbage,
    /// 200 with what services take for success, the request in place of all identities.
    Success,
    /// It closes the connection.
    Close,
    /// It says nothing.
    Silence,
}

/// The running server; stops when dropped.
pub struct Parrot {
    http: u16,
    smtp: u16,
    nats: u16,
    shared: Arc<Shared>,
}

struct Shared {
    mood: Mutex<Mood>,
    /// What logins and requests for tokens are answered.
    token: String,
    /// Repeated in each answer, too.
    words: Mutex<String>,
    stopped: AtomicBool,
}

type Talk = fn(TcpStream, &Shared) -> io::Result<()>;

impl Parrot {
    /// Starts it. `token` is what it gives to those that log in.
    pub fn start(token: &str) -> Self {
        let shared = Arc::new(Shared {
            mood: Mutex::new(Mood::Text),
            token: token.to_owned(),
            words: Mutex::default(),
            stopped: AtomicBool::new(false),
        });
        let listen = |talk: Talk| {
            let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
            let port = listener.local_addr().expect("an address").port();
            let shared = Arc::clone(&shared);
            std::thread::spawn(move || {
                for stream in listener.incoming() {
                    if shared.stopped.load(Ordering::SeqCst) {
                        break;
                    }
                    let Ok(stream) = stream else { continue };
                    let shared = Arc::clone(&shared);
                    // A client that goes away ends its thread with an error, as good as any end.
                    std::thread::spawn(move || meet(stream, talk, &shared));
                }
            });
            port
        };
        Self {
            http: listen(http),
            smtp: listen(smtp),
            nats: listen(nats),
            shared,
        }
    }

    /// Answers so from now on.
    pub fn set(&self, mood: Mood) {
        *lock(&self.shared.mood) = mood;
    }

    /// Says this in each answer from now on.
    pub fn say(&self, words: &str) {
        words.clone_into(&mut lock(&self.shared.words));
    }

    /// Ports of HTTP, SMTP and NATS.
    pub fn ports(&self) -> [u16; 3] {
        [self.http, self.smtp, self.nats]
    }
}

impl Drop for Parrot {
    fn drop(&mut self) {
        self.shared.stopped.store(true, Ordering::SeqCst);
        for port in self.ports() {
            // Wakes the listener, which then sees that it is over.
            let _ = TcpStream::connect(("127.0.0.1", port));
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn meet(stream: TcpStream, talk: Talk, shared: &Shared) -> io::Result<()> {
    stream.set_read_timeout(Some(Duration::from_secs(30)))?;
    let mood = *lock(&shared.mood);
    match mood {
        Mood::Close => Ok(()),
        Mood::Silence => {
            while !shared.stopped.load(Ordering::SeqCst) {
                std::thread::park_timeout(Duration::from_millis(20));
            }
            Ok(())
        }
        _ => talk(stream, shared),
    }
}

fn http(mut stream: TcpStream, shared: &Shared) -> io::Result<()> {
    let mut reader = BufReader::new(stream.try_clone()?);
    loop {
        let mut told = String::new();
        let mut length = 0;
        loop {
            let mut line = String::new();
            if reader.read_line(&mut line)? == 0 {
                return Ok(());
            }
            if let Some((name, value)) = line.split_once(':')
                && name.eq_ignore_ascii_case("content-length")
            {
                length = value.trim().parse().unwrap_or(0);
            }
            told.push_str(&line);
            if line == "\r\n" {
                break;
            }
        }
        let mut body = vec![0; length];
        reader.read_exact(&mut body)?;
        told.push_str(&String::from_utf8_lossy(&body));
        let said = format!("{} {told}", lock(&shared.words));
        let mood = *lock(&shared.mood);
        let first = told.lines().next().unwrap_or_default();
        let is_login = first.contains("/login") || first.contains("access_tokens");
        let (status, kind, answer) = if is_login && mood != Mood::Text {
            let token = &shared.token;
            let answer = json!({
                "status": "success",
                "data": {"authToken": token, "userId": "u"},
                "token": token,
                "expires_at": "2999-01-01T00:00:00Z",
            });
            (201, "application/json", answer.to_string())
        } else {
            answer(mood, &said)
        };
        let head = format!(
            "HTTP/1.1 {status} Said\r\nContent-Type: {kind}\r\nContent-Length: {}\r\n\r\n",
            answer.len()
        );
        stream.write_all(head.as_bytes())?;
        stream.write_all(answer.as_bytes())?;
    }
}

fn answer(mood: Mood, said: &str) -> (u16, &'static str, String) {
    let members = |error: serde_json::Value, ok: bool| {
        json!({
            "ok": ok, "success": ok, "status": u8::from(ok), "error": error,
            "errors": [said], "message": said, "description": said, "result": said,
            "id": said, "name": said, "request": said, "requestId": said, "dedup_key": said,
            "channel": said, "ts": said, "url": said, "html_url": said, "QueueUrl": said,
            "MessageId": said, "messageIds": [said], "__type": said,
        })
        .to_string()
    };
    let object = json!({"code": 401, "status": said, "message": said, "errors": [said]});
    match mood {
        Mood::Json => (401, "application/json", members(said.into(), false)),
        Mood::JsonObject => (401, "application/json", members(object, false)),
        Mood::Page => (
            500,
            "text/html",
            format!("<html><title>{said}</title>{said}</html>"),
        ),
        Mood::Garbage => (200, "text/plain", said.to_owned()),
        Mood::Success => (
            200,
            "application/json",
            members(serde_json::Value::Null, true),
        ),
        Mood::Text | Mood::Close | Mood::Silence => (401, "text/plain", said.to_owned()),
    }
}

fn smtp(mut stream: TcpStream, shared: &Shared) -> io::Result<()> {
    let reader = BufReader::new(stream.try_clone()?);
    stream.write_all(b"220 ready\r\n")?;
    for line in reader.lines() {
        let line = line?;
        let answer = match line.split(' ').next().unwrap_or_default() {
            "EHLO" => "250-here\r\n250 AUTH PLAIN LOGIN\r\n".to_owned(),
            _ => format!("535 5.7.8 {} {line}\r\n", lock(&shared.words)),
        };
        stream.write_all(answer.as_bytes())?;
    }
    Ok(())
}

fn nats(mut stream: TcpStream, shared: &Shared) -> io::Result<()> {
    let mut reader = BufReader::new(stream.try_clone()?);
    stream.write_all(
        b"INFO {\"server_id\":\"a\",\"version\":\"2.10.0\",\"proto\":1,\"host\":\"h\",\
          \"port\":1,\"headers\":true,\"max_payload\":1000000,\"auth_required\":true}\r\n",
    )?;
    let mut line = String::new();
    reader.read_line(&mut line)?;
    let told = line.trim().replace('\'', "");
    let words = lock(&shared.words).clone();
    let answer = format!("-ERR 'Authorization Violation {words} {told}'\r\n");
    stream.write_all(answer.as_bytes())
}
