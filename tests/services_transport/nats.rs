//! NATS against a server of the tests, which can also refuse and fall silent.

use super::nats_server::{NONCE, NatsBehaviour, NatsMessage, NatsServer};
use super::{assert_fails, context, make, prepare, send};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use kubechime::service::{SendError, Sent};
use std::net::TcpListener;

/// The seed of a user, and the public key that belongs to it, as text and as bytes.
const SEED: &str = "SUACSSL3UAHUDXKFSNVUZRF5UHPMWZ6BFDTJ7M6USDXIEDNPPQYYYCU3VY";
const USER: &str = "UDXU4RCSJNZOIQHZNWXHXORDPRTGNJAHAHFRGZNEEJCPQTT2M7NLCNF4";

fn options(server: &NatsServer) -> String {
    format!("url: nats://127.0.0.1:{}\n", server.port())
}

async fn publish(server: &NatsServer, more: &str, subject: &str) -> Result<Sent, SendError> {
    let service = make("nats", &(options(server) + more), &context());
    send(&*service, "message: hi {{.pod.metadata.name}}", subject).await
}

#[tokio::test]
async fn message_and_headers_arrive_as_they_are_written() {
    let server = NatsServer::start(NatsBehaviour::default());
    let sent = publish(&server, "headers: {foo: bar, X-Two: 2}", "a.b").await;
    let sent = sent.expect("is sent");
    assert_eq!(
        sent.detail,
        format!("handed to 127.0.0.1:{}", server.port())
    );
    let connections = server.take();
    let mut message = connections[0].messages[0].clone();
    message.headers.sort();
    let owned = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    assert_eq!(
        message,
        NatsMessage {
            op: "HPUB".into(),
            subject: "a.b".into(),
            reply: None,
            header_version: Some("NATS/1.0".into()),
            headers: vec![owned("X-Two", "2"), owned("foo", "bar")],
            payload: b"hi web".to_vec(),
        }
    );
}

#[tokio::test]
async fn users_tokens_and_keys_are_told() {
    for (url, more, name, value) in [
        ("", "username: u\npassword: p w", "pass", "p w"),
        ("a:b%40@", "username: u\npassword: p", "pass", "b@"),
        ("tok@", "", "auth_token", "tok"),
    ] {
        let server = NatsServer::start(NatsBehaviour {
            auth_required: true,
            ..NatsBehaviour::default()
        });
        let options = format!("url: nats://{url}127.0.0.1:{}\n{more}", server.port());
        let service = make("nats", &options, &context());
        send(&*service, "message: m", "s").await.expect("is sent");
        assert_eq!(server.take()[0].connect[name], value, "{options}");
    }
}

#[tokio::test]
async fn the_nonce_is_signed_with_the_seed() {
    let server = NatsServer::start(NatsBehaviour {
        auth_required: true,
        nonce: true,
        ..NatsBehaviour::default()
    });
    publish(
        &server,
        &format!("nkey: {SEED}\nusername: u\npassword: p"),
        "s",
    )
    .await
    .expect("is sent");
    let connect = server.take()[0].connect.clone();
    assert_eq!(connect["nkey"], USER);
    assert_eq!(connect["user"], "u", "both are told");
    let signature = URL_SAFE_NO_PAD
        .decode(connect["sig"].as_str().expect("a signature"))
        .expect("base64");
    let key = aws_lc_rs::signature::UnparsedPublicKey::new(
        &aws_lc_rs::signature::ED25519,
        public_key(USER),
    );
    key.verify(NONCE.as_bytes(), &signature).expect("is valid");
}

/// The 32 bytes between the prefix and the checksum of a key in base32.
fn public_key(text: &str) -> Vec<u8> {
    let mut bits = String::new();
    for letter in text.bytes() {
        let value = match letter {
            b'A'..=b'Z' => letter - b'A',
            other => other - b'2' + 26,
        };
        bits.push_str(&format!("{value:05b}"));
    }
    let bytes: Vec<u8> = bits
        .as_bytes()
        .chunks_exact(8)
        .map(|bits| bits.iter().fold(0, |byte, bit| (byte << 1) | (bit - b'0')))
        .collect();
    bytes[1..33].to_vec()
}

#[tokio::test]
async fn the_connection_is_kept_and_made_anew_when_it_is_lost() {
    let server = NatsServer::start(NatsBehaviour::default());
    let service = make("nats", &options(&server), &context());
    for _ in 0..3 {
        send(&*service, "message: m", "s").await.expect("is sent");
    }
    let connections = server.take();
    assert_eq!(connections.len(), 1);
    assert_eq!(connections[0].messages.len(), 3);
    drop(server);
    let gone = send(&*service, "message: m", "s").await;
    let error = gone.expect_err("the server is gone");
    assert!(error.is_transient(), "{error}");
}

#[tokio::test]
async fn the_next_server_is_tried() {
    let free = TcpListener::bind("127.0.0.1:0").expect("a port");
    let closed = free.local_addr().expect("an address").port();
    drop(free);
    let server = NatsServer::start(NatsBehaviour::default());
    let options = format!(
        "url: 'nats://127.0.0.1:{closed}, 127.0.0.1:{}'",
        server.port()
    );
    let service = make("nats", &options, &context());
    send(&*service, "message: m", "s").await.expect("is sent");
    assert_eq!(server.take()[0].messages.len(), 1);
}

#[tokio::test]
async fn what_is_prepared_is_the_message_without_users() {
    let options = "url: nats://u:hush-hush@h:4222\nheaders: {a: b}";
    let service = make("nats", options, &context());
    let prepared =
        prepare(&*service, "message: m {{.pod.metadata.name}}", "s.t").expect("prepares");
    let text = prepared[0].to_text(service.masker());
    assert_eq!(text, "HPUB nats://h:4222/s.t\na: b\n\nm web");
}

#[tokio::test]
async fn refusals_say_what_to_change() {
    for (behaviour, more, transient, words) in [
        (
            NatsBehaviour {
                auth_required: true,
                ..NatsBehaviour::default()
            },
            "",
            false,
            vec![
                "refused the credentials",
                "set username and password, or nkey",
            ],
        ),
        (
            NatsBehaviour {
                auth_fails: true,
                ..NatsBehaviour::default()
            },
            "username: u\npassword: secret",
            false,
            vec!["refused the credentials", "check the credentials"],
        ),
        (
            NatsBehaviour::default(),
            "nkey: nonsense",
            false,
            vec!["nkey is not a valid seed"],
        ),
        (
            NatsBehaviour {
                headers: false,
                ..NatsBehaviour::default()
            },
            "headers: {a: b}",
            false,
            vec!["does not take headers"],
        ),
        (
            NatsBehaviour {
                max_payload: 3,
                ..NatsBehaviour::default()
            },
            "",
            false,
            vec!["longer than", "3 bytes", "shorten message"],
        ),
        (
            NatsBehaviour {
                forbidden: true,
                ..NatsBehaviour::default()
            },
            "",
            false,
            vec![
                "refused the message",
                "Permissions Violation",
                "right to publish",
            ],
        ),
        (
            NatsBehaviour {
                close_at: Some("INFO"),
                ..NatsBehaviour::default()
            },
            "",
            true,
            vec![],
        ),
        (
            NatsBehaviour {
                close_at: Some("PUB"),
                ..NatsBehaviour::default()
            },
            "",
            true,
            vec!["closed the connection early"],
        ),
        (
            NatsBehaviour {
                garbage: Some("HTTP/1.1 400 Bad Request\r\n\r\n"),
                ..NatsBehaviour::default()
            },
            "",
            false,
            vec!["does not answer as a NATS server", "check url"],
        ),
        (
            NatsBehaviour {
                hang: true,
                ..NatsBehaviour::default()
            },
            "connectTimeout: 100ms",
            true,
            vec!["no connection to 127.0.0.1:", "in time", "100ms"],
        ),
    ] {
        let server = NatsServer::start(behaviour.clone());
        let result = publish(&server, more, "s").await;
        let error = result.expect_err("must fail");
        assert_eq!(error.is_transient(), transient, "{behaviour:?}: {error}");
        for word in words {
            assert!(error.message.contains(word), "{word:?} is not in: {error}");
        }
        assert!(
            error.subject.starts_with("PUB nats://127.0.0.1:"),
            "{}",
            error.subject
        );
    }
}

#[tokio::test]
async fn unusable_options_and_subjects_are_told_without_a_connection() {
    for (options, subject, words) in [
        ("url: nats://127.0.0.1:1", "", "the recipient is empty"),
        ("url: nats://127.0.0.1:1", "a b", "has blanks"),
        ("url: http://h", "s", "none of NATS"),
        ("url: 'nats://h:x'", "s", "url is not valid"),
        (
            "url: nats://127.0.0.1:1\nheaders: {\"a b\": c}",
            "s",
            "no valid header name",
        ),
        (
            "url: nats://127.0.0.1:1\nheaders: {a: \"b\\nc\"}",
            "s",
            "has a line break",
        ),
    ] {
        let service = make("nats", options, &context());
        assert_fails(
            send(&*service, "message: m", subject).await,
            false,
            &[words],
        );
        assert!(prepare(&*service, "message: m", subject).is_err());
    }
    let service = make("nats", "url: nats://127.0.0.1:1", &context());
    let result = send(&*service, "message: m", "s").await;
    assert_fails(result, true, &["127.0.0.1:1 refused the connection"]);
}

#[tokio::test]
async fn doubtful_options_are_told_when_the_service_is_made() {
    for (options, words) in [
        ("headers: {}", "nats://127.0.0.1:4222 is used"),
        ("url: nats://h\nusername: u", "password is not set"),
        ("url: nats://h\nuser: u", "user is not an option"),
        ("url: nats://h\nnkey: UABC", "not the seed of a user"),
    ] {
        let service = make("nats", options, &context());
        let warnings = service.warnings();
        assert!(
            warnings.iter().any(|one| one.message.contains(words)),
            "{warnings:?}"
        );
    }
}
