//! NATS against the real server, where its program `nats-server` is installed.

use super::{assert_fails, context, make, send};
use std::io::Write as _;
use std::net::{TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};

const SEED: &str = "SUACSSL3UAHUDXKFSNVUZRF5UHPMWZ6BFDTJ7M6USDXIEDNPPQYYYCU3VY";
const USER: &str = "UDXU4RCSJNZOIQHZNWXHXORDPRTGNJAHAHFRGZNEEJCPQTT2M7NLCNF4";

/// A running server; stops when dropped.
struct Server {
    process: Child,
    port: u16,
    /// Its configuration.
    _folder: TempDir,
}

impl Server {
    /// Starts it with this configuration; `None` where it is not installed.
    fn start(configuration: &str) -> Option<Self> {
        let free = TcpListener::bind("127.0.0.1:0").expect("a port");
        let port = free.local_addr().expect("an address").port();
        drop(free);
        let folder = TempDir::new().expect("a folder");
        let path = folder.path().join("nats.conf");
        let mut file = std::fs::File::create(&path).expect("a file");
        write!(file, "listen: 127.0.0.1:{port}\n{configuration}\n").expect("is written");
        let process = Command::new("nats-server")
            .arg("-c")
            .arg(&path)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn();
        let process = match process {
            Ok(process) => process,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                eprintln!("nats-server is not installed: skipped");
                return None;
            }
            Err(error) => panic!("nats-server: {error}"),
        };
        let server = Self {
            process,
            port,
            _folder: folder,
        };
        let until = Instant::now() + Duration::from_secs(30);
        while TcpStream::connect(("127.0.0.1", port)).is_err() {
            assert!(Instant::now() < until, "nats-server does not listen");
            std::thread::park_timeout(Duration::from_millis(20));
        }
        Some(server)
    }

    /// A subscriber to everything, ready when this returns.
    async fn subscribe(&self, connect: &str) -> Subscriber {
        let stream = tokio::net::TcpStream::connect(("127.0.0.1", self.port)).await;
        let mut subscriber = Subscriber(BufReader::new(stream.expect("is connected")));
        let hello = format!("CONNECT {connect}\r\nSUB > 1\r\nPING\r\n");
        subscriber
            .0
            .write_all(hello.as_bytes())
            .await
            .expect("is written");
        while subscriber.line().await != "PONG" {}
        subscriber
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

struct Subscriber(BufReader<tokio::net::TcpStream>);

impl Subscriber {
    async fn line(&mut self) -> String {
        let mut line = String::new();
        let reading = self.0.read_line(&mut line);
        tokio::time::timeout(Duration::from_secs(10), reading)
            .await
            .expect("in time")
            .expect("a line");
        line.trim_end().to_owned()
    }

    /// The next message: what its first line says, and all bytes after it.
    async fn message(&mut self) -> (String, String) {
        loop {
            let line = self.line().await;
            if !line.starts_with("MSG ") && !line.starts_with("HMSG ") {
                continue;
            }
            let size: usize = line
                .rsplit(' ')
                .next()
                .and_then(|n| n.parse().ok())
                .expect("a size");
            let mut bytes = vec![0; size + 2];
            self.0.read_exact(&mut bytes).await.expect("a message");
            bytes.truncate(size);
            return (line, String::from_utf8(bytes).expect("text"));
        }
    }
}

const HEADERS: &str = r#"{"verbose":false,"headers":true}"#;

#[tokio::test]
async fn a_subscriber_of_an_open_server_gets_message_and_headers() {
    let Some(server) = Server::start("") else {
        return;
    };
    let mut subscriber = server.subscribe(HEADERS).await;
    let options = format!(
        "url: nats://127.0.0.1:{}\nheaders: {{foo: bar}}",
        server.port
    );
    let service = make("nats", &options, &context());
    send(&*service, "message: hi {{.pod.metadata.name}}", "a.b")
        .await
        .expect("is sent");
    let (head, text) = subscriber.message().await;
    assert!(head.starts_with("HMSG a.b 1 "), "{head}");
    assert_eq!(text, "NATS/1.0\r\nfoo: bar\r\n\r\nhi web");
}

#[tokio::test]
async fn users_and_keys_may_publish_what_they_are_allowed_to() {
    let configuration = format!(
        "authorization {{ users = [\
           {{ user: u, password: secret, permissions: {{ publish: [\"ok.>\"], \
              subscribe: [\">\"] }} }},\
           {{ nkey: {USER} }} ] }}"
    );
    let Some(server) = Server::start(&configuration) else {
        return;
    };
    let connect = r#"{"verbose":false,"headers":true,"user":"u","pass":"secret"}"#;
    let mut subscriber = server.subscribe(connect).await;
    let url = format!("url: nats://127.0.0.1:{}\n", server.port);
    for (more, subject) in [
        ("username: u\npassword: secret".to_owned(), "ok.1"),
        (format!("nkey: {SEED}"), "any.2"),
    ] {
        let service = make("nats", &(url.clone() + &more), &context());
        send(&*service, "message: m", subject)
            .await
            .expect("is sent");
        let (head, text) = subscriber.message().await;
        assert!(head.starts_with(&format!("MSG {subject} ")), "{head}");
        assert_eq!(text, "m");
    }
    let service = make(
        "nats",
        &(url.clone() + "username: u\npassword: secret"),
        &context(),
    );
    let result = send(&*service, "message: m", "forbidden.1").await;
    assert_fails(result, false, &["Permissions Violation", "forbidden.1"]);
    // The connection is good for further messages.
    send(&*service, "message: again", "ok.3")
        .await
        .expect("is sent");
    assert_eq!(subscriber.message().await.1, "again");
    for more in ["", "username: u\npassword: wrong"] {
        let service = make("nats", &(url.clone() + more), &context());
        let result = send(&*service, "message: m", "ok.1").await;
        assert_fails(result, false, &["refused the credentials"]);
    }
}

#[tokio::test]
async fn tls_that_the_server_demands_is_verified() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/tls");
    let configuration =
        format!("tls {{ cert_file: \"{folder}/cert.pem\", key_file: \"{folder}/key.pem\" }}");
    let Some(server) = Server::start(&configuration) else {
        return;
    };
    let ca = include_str!("../fixtures/tls/cert.pem").replace('\n', "\n  ");
    let port = server.port;
    for (url, more) in [
        ("nats://127.0.0.1", "insecureSkipVerify: true".to_owned()),
        ("tls://localhost", format!("caCertificates: |\n  {ca}")),
    ] {
        let service = make("nats", &format!("url: {url}:{port}\n{more}"), &context());
        send(&*service, "message: m", "s")
            .await
            .unwrap_or_else(|error| panic!("{more}: {error}"));
    }
    let service = make("nats", &format!("url: nats://127.0.0.1:{port}"), &context());
    let result = send(&*service, "message: m", "s").await;
    assert_fails(
        result,
        false,
        &["certificate", "is not trusted", "caCertificates"],
    );
}

#[tokio::test]
async fn messages_that_are_too_long_are_not_sent() {
    let Some(server) = Server::start("max_payload: 16") else {
        return;
    };
    let service = make(
        "nats",
        &format!("url: 127.0.0.1:{}", server.port),
        &context(),
    );
    let result = send(&*service, "message: '{{repeat 17 \"x\"}}'", "s").await;
    assert_fails(result, false, &["longer than", "16 bytes"]);
    send(&*service, "message: short", "s")
        .await
        .expect("is sent");
}
