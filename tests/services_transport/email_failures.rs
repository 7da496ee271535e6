//! Mail servers that refuse, fall silent or are not there, and options with which nothing can be
//! sent.

use super::email::{mail, options};
use super::smtp_server::{SmtpBehaviour, SmtpServer};
use super::{assert_fails, context, make, prepare, send};
use kubechime::service::{ServiceContext, Timeouts};
use std::net::TcpListener;
use std::time::Duration;

#[tokio::test]
async fn refusals_say_what_to_change() {
    let rejecting = |behaviour: SmtpBehaviour| SmtpServer::start(behaviour);
    let account = "username: u\npassword: secret\n";
    let plain = vec!["PLAIN".to_owned()];
    let said = |text: &str| Some(text.to_owned());
    for (behaviour, more, transient, words) in [
        (
            SmtpBehaviour {
                reject_rcpt: vec!["b@x.io".into()],
                ..SmtpBehaviour::default()
            },
            "",
            false,
            vec![
                "refused the recipient b@x.io: 550 5.1.1",
                "correct the address",
            ],
        ),
        (
            SmtpBehaviour {
                auth: plain.clone(),
                auth_fail: true,
                ..SmtpBehaviour::default()
            },
            account,
            false,
            vec![
                "refused the credentials: 535",
                "check username and password",
            ],
        ),
        (
            SmtpBehaviour {
                auth: plain.clone(),
                auth_answer: said("454 4.7.0 try again later"),
                ..SmtpBehaviour::default()
            },
            account,
            true,
            vec!["refused the credentials: 454"],
        ),
        (
            SmtpBehaviour {
                auth: plain,
                auth_required: true,
                ..SmtpBehaviour::default()
            },
            "",
            false,
            vec!["530", "set username and password"],
        ),
        (
            SmtpBehaviour {
                auth: vec!["CRAM-MD5".into()],
                ..SmtpBehaviour::default()
            },
            account,
            false,
            vec!["only offers AUTH CRAM-MD5", "PLAIN or LOGIN"],
        ),
        (
            SmtpBehaviour {
                mail_answer: said("550 5.1.0 sender rejected"),
                ..SmtpBehaviour::default()
            },
            "",
            false,
            vec!["refused the sender chime@x.io: 550", "set from"],
        ),
        (
            SmtpBehaviour {
                mail_answer: said("451 4.3.0 greylisted"),
                ..SmtpBehaviour::default()
            },
            "",
            true,
            vec!["451", "greylisted"],
        ),
        (
            SmtpBehaviour {
                data_answer: said("552 5.3.4 message too big"),
                ..SmtpBehaviour::default()
            },
            "",
            false,
            vec!["refused the mail: 552", "shorten the body"],
        ),
        (
            SmtpBehaviour {
                greeting: said("554 no service here"),
                ..SmtpBehaviour::default()
            },
            "",
            false,
            vec!["did not want the connection: 554"],
        ),
        (
            SmtpBehaviour {
                greeting: said("421 busy"),
                ..SmtpBehaviour::default()
            },
            "",
            true,
            vec!["421 busy"],
        ),
        (
            SmtpBehaviour {
                greeting: said("HTTP/1.1 400 Bad Request"),
                ..SmtpBehaviour::default()
            },
            "",
            false,
            vec!["does not answer as a mail server", "check host and port"],
        ),
        (
            SmtpBehaviour {
                close_at: Some("CONNECT"),
                ..SmtpBehaviour::default()
            },
            "",
            true,
            vec!["closed the connection early"],
        ),
        (
            SmtpBehaviour {
                close_at: Some("DATA"),
                ..SmtpBehaviour::default()
            },
            "",
            true,
            vec!["closed the connection early"],
        ),
        (
            SmtpBehaviour {
                hang: true,
                ..SmtpBehaviour::default()
            },
            "connectTimeout: 100ms",
            true,
            vec!["no connection to 127.0.0.1:", "in time", "within 100ms"],
        ),
    ] {
        let server = rejecting(behaviour.clone());
        let result = mail(&server, more, "a@x.io, b@x.io").await;
        let error = result.expect_err("must fail");
        assert_eq!(error.is_transient(), transient, "{behaviour:?}: {error}");
        for word in words {
            assert!(error.message.contains(word), "{word:?} is not in: {error}");
        }
        assert!(
            error.subject.starts_with("MAIL smtp://127.0.0.1:"),
            "{}",
            error.subject
        );
        assert!(
            server
                .take()
                .iter()
                .all(|session| session.message.is_none())
        );
    }
}

#[tokio::test]
async fn unusable_options_and_recipients_are_told_without_a_connection() {
    let server = SmtpServer::start(SmtpBehaviour::default());
    let port = server.port();
    for (given, to, words) in [
        (
            "port: 25\nfrom: a@x.io".to_owned(),
            "b@x.io",
            "set host of the service",
        ),
        (
            "host: h\nfrom: a@x.io".to_owned(),
            "b@x.io",
            "set port of the service",
        ),
        (
            "host: h\nport: 70000\nfrom: a@x.io".to_owned(),
            "b@x.io",
            "port 70000 is none",
        ),
        (
            format!("host: 127.0.0.1\nport: {port}"),
            "b@x.io",
            "set from of the service",
        ),
        (
            format!("host: 127.0.0.1\nport: {port}\nfrom: nonsense"),
            "b@x.io",
            "from \"nonsense\" is not valid",
        ),
        (options(&server), "", "the recipient is empty"),
        (options(&server), "a@x.io,,b@x.io", "an address is missing"),
        (
            options(&server),
            "a@x.io;b@x.io",
            "write commas, not semicolons",
        ),
    ] {
        let service = make("email", &given, &context());
        assert_fails(send(&*service, "message: m", to).await, false, &[words]);
        assert!(prepare(&*service, "message: m", to).is_err());
        let of_options = !given.contains("chime");
        assert_eq!(!service.warnings().is_empty(), of_options, "{given}");
    }
    assert_eq!(server.connections(), 0);
}

#[tokio::test]
async fn hosts_that_are_not_there_may_come_back() {
    let free = TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = free.local_addr().expect("an address").port();
    drop(free);
    let options = format!("host: 127.0.0.1\nport: {port}\nfrom: a@x.io");
    let service = make("email", &options, &context());
    let result = send(&*service, "message: m", "b@x.io").await;
    assert_fails(result, true, &["refused the connection"]);
    let options = "host: nowhere.invalid\nport: 25\nfrom: a@x.io";
    let service = make("email", options, &context());
    let result = send(&*service, "message: m", "b@x.io").await;
    assert_fails(result, true, &["nowhere.invalid"]);
}

#[tokio::test]
async fn passwords_do_not_travel_in_clear_text() {
    // A name of this machine that is not known to be one: 127.0.0.2 is loopback as well.
    let server = SmtpServer::start(SmtpBehaviour {
        auth: vec!["PLAIN".into()],
        ..SmtpBehaviour::default()
    });
    let port = server.port();
    let Ok(mut proxy) = LoopbackPort::open("127.0.0.2", port) else {
        return;
    };
    let options = format!(
        "host: 127.0.0.2\nport: {}\nfrom: a@x.io\nusername: u\npassword: secret",
        proxy.port()
    );
    let service = make("email", &options, &context());
    let result = send(&*service, "message: m", "b@x.io").await;
    assert_fails(result, false, &["offers no TLS", "STARTTLS"]);
    assert!(server.take().iter().all(|session| session.auth.is_none()));
    proxy.close();
}

#[tokio::test]
async fn time_limits_of_the_context_hold_where_the_options_have_none() {
    let server = SmtpServer::start(SmtpBehaviour {
        hang: true,
        ..SmtpBehaviour::default()
    });
    let context = ServiceContext {
        timeouts: Timeouts {
            connect: Duration::from_secs(5),
            attempt: Duration::from_millis(100),
        },
        ..context()
    };
    let service = make("email", &options(&server), &context);
    let result = send(&*service, "message: m", "a@x.io").await;
    assert_fails(result, true, &["did not take the mail within 100ms"]);
}

/// Leads another address of this machine to a port on 127.0.0.1.
struct LoopbackPort {
    port: u16,
    stop: Option<tokio::task::JoinHandle<()>>,
}

impl LoopbackPort {
    fn open(address: &str, to: u16) -> std::io::Result<Self> {
        let listener = TcpListener::bind((address, 0))?;
        let port = listener.local_addr()?.port();
        listener.set_nonblocking(true)?;
        let listener = tokio::net::TcpListener::from_std(listener)?;
        let stop = tokio::spawn(async move {
            while let Ok((mut near, _)) = listener.accept().await {
                let Ok(mut far) = tokio::net::TcpStream::connect(("127.0.0.1", to)).await else {
                    return;
                };
                tokio::spawn(async move {
                    // Either side may end it.
                    let _ = tokio::io::copy_bidirectional(&mut near, &mut far).await;
                });
            }
        });
        Ok(Self {
            port,
            stop: Some(stop),
        })
    }

    fn port(&self) -> u16 {
        self.port
    }

    fn close(&mut self) {
        if let Some(task) = self.stop.take() {
            task.abort();
        }
    }
}
