//! Secrets must not get out: every service is given one and made to fail and to tell all it knows.

use super::nats_server::{NatsBehaviour, NatsServer};
use super::recorder::{Recorder, Rule};
use super::smtp_server::{SmtpBehaviour, SmtpServer};
use super::{context, make, prepare, rendered};
use kubechime::domain::Destination;
use kubechime::service::{self, Progress};

const CANARY: &str = "c4nary-c4nary-c4nary";

/// All that a service tells about a sending and about itself.
async fn told(service_type: &str, options: &str, to: &str) -> String {
    let service = make(service_type, options, &context());
    let template = "message: m";
    let prepared = prepare(&*service, template, to);
    let destination = Destination::new(service_type, to);
    let notification = rendered(&*service, &[template], &destination);
    let mut progress = Vec::new();
    let result = service::send_series(&*service, &notification, &destination, &mut |one| {
        if let Progress::Ended(attempt) = one {
            progress.push(format!("{attempt:?}"));
        }
    })
    .await;
    let shown: Vec<String> = prepared
        .iter()
        .flatten()
        .flat_map(|one| {
            let masker = service.masker();
            [one.to_text(masker), one.to_curl(masker), format!("{one:?}")]
        })
        .collect();
    format!(
        "{service:?} {:?} {shown:?} {progress:?} {result:?} {:?}",
        service.warnings(),
        prepared.as_ref().err()
    )
}

#[tokio::test]
async fn no_text_has_a_secret_in_it() {
    let quoting = format!("535 5.7.8 bad credentials {CANARY}");
    let smtp = SmtpServer::start(SmtpBehaviour {
        auth: vec!["PLAIN".into()],
        auth_answer: Some(quoting),
        ..SmtpBehaviour::default()
    });
    let nats = NatsServer::start(NatsBehaviour {
        auth_fails: true,
        ..NatsBehaviour::default()
    });
    let answer = format!(r#"{{"__type": "X", "message": "{CANARY}", "error": "{CANARY}"}}"#);
    let http = Recorder::start(vec![Rule::status(400).body(&answer)]);
    let (smtp_port, nats_port, url) = (smtp.port(), nats.port(), http.url());
    let email = format!("host: 127.0.0.1\nport: {smtp_port}\nfrom: a@x.io\nusername: u\n");
    for (service_type, options, to) in [
        ("email", format!("{email}password: {CANARY}"), "b@x.io"),
        ("email", format!("port: 1\npassword: {CANARY}"), "b@x.io"),
        (
            "nats",
            format!("url: nats://127.0.0.1:{nats_port}\nusername: u\npassword: {CANARY}"),
            "s",
        ),
        (
            "nats",
            format!("url: nats://u:{CANARY}@127.0.0.1:{nats_port}"),
            "s",
        ),
        (
            "nats",
            format!("url: nats://{CANARY}@127.0.0.1:{nats_port}"),
            "s",
        ),
        ("nats", format!("url: nats://u:{CANARY}@127.0.0.1:x"), "s"),
        ("nats", format!("url: http://u:{CANARY}@h"), "s"),
        (
            "nats",
            format!("url: 127.0.0.1:{nats_port}\nnkey: {CANARY}"),
            "s",
        ),
        (
            "nats",
            format!("url: 127.0.0.1:1\nheaders: {{authorization: {CANARY}}}"),
            "s",
        ),
        (
            "awssqs",
            format!("queue: q\nregion: r\nendpointUrl: {url}\nkey: k\nsecret: {CANARY}"),
            "",
        ),
        (
            "awssqs",
            format!(
                "queue: q\nregion: r\nendpointUrl: 'http://u:{CANARY}@127.0.0.1:1'\nkey: k\nsecret: s"
            ),
            "",
        ),
        (
            "gcppubsub",
            format!("project: p\ntopic: t\napiUrl: 'http://u:{CANARY}@127.0.0.1:1'"),
            "",
        ),
    ] {
        let told = told(service_type, &options, to).await;
        assert!(!told.contains(CANARY), "{service_type}: {told}");
    }
}
