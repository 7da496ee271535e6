//! E-mail against a mail server with STARTTLS and AUTH.

use super::smtp_server::{Mail, SmtpBehaviour, SmtpServer, SmtpSession};
use super::{assert_fails, context, make, prepare, send};
use kubechime::service::{SendError, Sent};

const CERTIFICATE: &str = include_str!("../fixtures/tls/cert.pem");

/// Options that lead to the server.
pub fn options(server: &SmtpServer) -> String {
    let port = server.port();
    format!("host: 127.0.0.1\nport: {port}\nfrom: Chime <chime@x.io>\n")
}

/// Sends one mail with these further options.
pub async fn mail(server: &SmtpServer, more: &str, to: &str) -> Result<Sent, SendError> {
    let service = make("email", &(options(server) + more), &context());
    send(&*service, "message: hi {{.pod.metadata.name}}", to).await
}

/// The only session.
fn session(server: &SmtpServer) -> SmtpSession {
    let mut sessions = server.take();
    assert_eq!(sessions.len(), 1, "{sessions:?}");
    sessions.remove(0)
}

fn received(server: &SmtpServer) -> Mail {
    session(server).mail().expect("a message")
}

#[tokio::test]
async fn subject_and_body_are_rendered_and_the_id_is_told() {
    let server = SmtpServer::start(SmtpBehaviour::default());
    let service = make("email", &options(&server), &context());
    let template = "message: m\nemail:\n  subject: Pod {{.pod.metadata.name}} ✓\n  body: |\n    \
                    on {{.pod.spec.nodeName}}\n    .\n    ещё\n";
    let sent = send(&*service, template, "a@x.io").await.expect("is sent");
    assert_eq!(sent.status, Some(250));
    assert_eq!(sent.detail, "queued as 4XyZ");
    let mail = received(&server);
    assert_eq!(mail.header("subject"), "Pod web ✓");
    assert_eq!(mail.header("from"), "Chime <chime@x.io>");
    assert_eq!(mail.header("to"), "a@x.io");
    assert!(mail.header("content-type").starts_with("text/plain;"));
    assert!(!mail.header("date").is_empty());
    assert_eq!(mail.body.replace("\r\n", "\n").trim_end(), "on n1\n.\nещё");
}

#[tokio::test]
async fn without_a_section_the_message_is_the_body() {
    let server = SmtpServer::start(SmtpBehaviour::default());
    mail(&server, "html: true", "a@x.io")
        .await
        .expect("is sent");
    let mail = received(&server);
    assert!(mail.header("content-type").starts_with("text/html;"));
    assert_eq!(mail.header("subject"), "");
    assert_eq!(mail.body.trim_end(), "hi web");
}

#[tokio::test]
async fn one_two_or_three_recipients_get_one_mail() {
    let server = SmtpServer::start(SmtpBehaviour::default());
    for (to, addresses, shown) in [
        ("  e1@x.io ", vec!["e1@x.io"], "e1@x.io"),
        (
            "e1@x.io,e2@x.io",
            vec!["e1@x.io", "e2@x.io"],
            "e1@x.io, e2@x.io",
        ),
        (
            " e1@x.io  , Jörg <e2@x.io>,e1@x.io",
            vec!["e1@x.io", "e2@x.io"],
            "e1@x.io, Jörg <e2@x.io>, e1@x.io",
        ),
    ] {
        mail(&server, "", to).await.expect("is sent");
        let session = session(&server);
        assert_eq!(session.rcpt_to, addresses);
        assert_eq!(session.mail_from.as_deref(), Some("chime@x.io"));
        assert_eq!(session.mail().expect("a message").header("to"), shown);
    }
}

#[tokio::test]
async fn starttls_and_auth_are_used_where_they_are_offered() {
    let account = "username: u\npassword: p:ä\n";
    for (starttls, offered, mechanism) in [
        (true, vec!["PLAIN", "LOGIN"], Some("PLAIN")),
        (true, vec!["LOGIN"], Some("LOGIN")),
        (false, vec!["CRAM-MD5", "PLAIN"], Some("PLAIN")),
        (false, vec![], None),
    ] {
        let server = SmtpServer::start(SmtpBehaviour {
            starttls,
            auth: offered.iter().map(|name| (*name).to_owned()).collect(),
            ..SmtpBehaviour::default()
        });
        let more = format!("{account}insecure_skip_verify: true\n");
        mail(&server, &more, "a@x.io").await.expect("is sent");
        let session = session(&server);
        assert_eq!(session.tls, if starttls { "starttls" } else { "none" });
        let auth = session
            .auth
            .map(|auth| (auth.mechanism, auth.username, auth.password));
        let wanted = mechanism.map(|name| (name.to_owned(), "u".to_owned(), "p:ä".to_owned()));
        assert_eq!(auth, wanted);
    }
}

#[tokio::test]
async fn one_half_of_an_account_is_not_used() {
    let server = SmtpServer::start(SmtpBehaviour {
        auth: vec!["PLAIN".into()],
        ..SmtpBehaviour::default()
    });
    let service = make(
        "email",
        &(options(&server) + "password: secret"),
        &context(),
    );
    let warnings = service.warnings();
    assert!(
        warnings[0].message.contains("username is not set"),
        "{warnings:?}"
    );
    send(&*service, "message: m", "a@x.io")
        .await
        .expect("is sent");
    assert_eq!(session(&server).auth, None);
}

#[tokio::test]
async fn certificates_are_verified_unless_the_options_say_otherwise() {
    let ca = CERTIFICATE.replace('\n', "\n  ");
    let server = SmtpServer::start(SmtpBehaviour {
        starttls: true,
        ..SmtpBehaviour::default()
    });
    let result = mail(&server, "", "a@x.io").await;
    assert_fails(
        result,
        false,
        &["certificate", "is not trusted", "caCertificates"],
    );
    let sessions = server.take();
    assert!(sessions.iter().all(|session| session.mail_from.is_none()));
    for more in [
        "insecure_skip_verify: true".to_owned(),
        "insecureSkipVerify: \"true\"".to_owned(),
        format!("caCertificates: |\n  {ca}"),
    ] {
        mail(&server, &more, "a@x.io")
            .await
            .unwrap_or_else(|error| panic!("{more}: {error}"));
        assert_eq!(session(&server).tls, "starttls");
    }
}

#[tokio::test]
async fn port_465_is_tls_from_the_start_also_without_an_account() {
    let service = make("email", "host: h\nport: 465\nfrom: a@x.io", &context());
    let prepared = prepare(&*service, "message: m", "b@x.io").expect("prepares");
    assert_eq!(prepared[0].url, "smtps://h:465");
    let tls = SmtpBehaviour {
        implicit_tls: true,
        ..SmtpBehaviour::default()
    };
    let server = match SmtpServer::start_on(465, tls) {
        Ok(server) => server,
        Err(error) => {
            eprintln!("port 465: {error}: skipped");
            return;
        }
    };
    let options = options(&server) + "insecure_skip_verify: true";
    let service = make("email", &options, &context());
    send(&*service, "message: m", "b@x.io")
        .await
        .expect("is sent");
    assert_eq!(session(&server).tls, "implicit");
    server.set(SmtpBehaviour::default());
    let service = make("email", &options, &context());
    let result = send(&*service, "message: m", "b@x.io").await;
    assert_fails(result, false, &["does not speak TLS from the start"]);
}

#[tokio::test]
async fn what_is_prepared_is_what_people_will_read() {
    let server = SmtpServer::start(SmtpBehaviour::default());
    let service = make("email", &(options(&server) + "html: true"), &context());
    let template = "message: m\nemail: {subject: 'S {{.pod.metadata.name}}', body: <b>é</b>}";
    let prepared = prepare(&*service, template, "Jörg <a@x.io>").expect("prepares");
    let text = prepared[0].to_text(service.masker());
    let port = server.port();
    assert_eq!(
        text,
        format!(
            "MAIL smtp://127.0.0.1:{port}\nFrom: Chime <chime@x.io>\nTo: Jörg <a@x.io>\n\
             Subject: S web\nMime-Version: 1.0\nContent-Type: text/html; charset=UTF-8\n\n<b>é</b>"
        )
    );
    assert_eq!(prepared[0].to_curl(service.masker()), text);
    assert_eq!(server.connections(), 0, "nothing is sent");
}

#[tokio::test]
async fn connections_are_used_again_and_made_anew_when_they_are_gone() {
    let server = SmtpServer::start(SmtpBehaviour::default());
    let service = make("email", &options(&server), &context());
    for number in 0..3 {
        let message = format!("message: m{number}");
        send(&*service, &message, "a@x.io").await.expect("is sent");
    }
    assert_eq!(server.connections(), 1);
    let bodies: Vec<String> = server
        .take()
        .iter()
        .map(|session| {
            session
                .mail()
                .expect("a message")
                .body
                .trim_end()
                .to_owned()
        })
        .collect();
    assert_eq!(bodies, ["m0", "m1", "m2"]);
    // The server's idle connections go away with it.
    let port = server.port();
    server.disconnect();
    send(&*service, "message: again", "a@x.io")
        .await
        .expect("is sent");
    assert_eq!(server.connections(), 2, "on port {port}");
}
