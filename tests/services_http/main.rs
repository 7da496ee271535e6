//! What all HTTP services have in common, seen from their servers: connections are kept, the
//! environment's proxy is used, and certificates are verified as the options say.

#[path = "../support/recorder.rs"]
#[allow(dead_code, reason = "each test file uses its own part of the support")]
mod recorder;
#[path = "../support/rsa_key.rs"]
mod rsa_key;
#[path = "../services_canary/table.rs"]
#[allow(dead_code, reason = "each test file uses its own part of the table")]
mod table;

use kubechime::domain::Destination;
use kubechime::service::{self, NotificationTemplate, SendError, Sent, Service, ServiceContext};
use kubechime::template::Vars;
use kubechime::yaml;
use recorder::{CERTIFICATE, Recorder, Rule};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;
use table::{Row, Target};
use tempfile::TempDir;

/// Something for each place of the table that wants a secret.
fn canary(number: u32) -> String {
    format!("secret{}", number.to_string().repeat(24))
}

/// The types that take the transport options; but Pub/Sub asks Google for a token before it sends.
fn rows() -> Vec<&'static Row> {
    let takes = |row: &&Row| {
        row.service_type != "gcppubsub"
            && service::reference(row.service_type).is_some_and(|one| one.transport)
    };
    table::rows().into_iter().filter(takes).collect()
}

fn make(row: &Row, url: &str, more: &str, context: &ServiceContext) -> Arc<dyn Service> {
    let target = Target {
        url: url.to_owned(),
        smtp: 1,
        nats: 1,
    };
    // Some need a moment to begin TLS, on a busy machine more than one.
    let options = row.options(&target).replace("300ms", "20s");
    let options = options.replace("retryMax: 1", "retryMax: -1");
    let node = yaml::parse(&format!("{options}\n{more}")).expect("is YAML");
    let name = row.service_type;
    service::build(name, name, &node, context).expect("builds")
}

async fn send(service: &dyn Service, row: &Row) -> Result<Sent, SendError> {
    let to = Destination::new(row.service_type, row.recipient);
    let node = yaml::parse(&format!("message: m\n{}", row.section)).expect("is YAML");
    let (template, _) = NotificationTemplate::compile("t", &node).expect("compiles");
    let mut vars = Vars::new();
    service::add_destination(&mut vars, &to);
    let templates = [Arc::new(template)];
    let name = row.service_type;
    let notification = service::render(&templates, &vars, name, name).expect("renders");
    service.send(&notification, &to).await
}

#[tokio::test]
async fn connections_are_kept_and_shared() {
    for row in rows() {
        let server = Recorder::start(vec![Rule::status(403).body("{}")]);
        let context = ServiceContext::default();
        let service = make(row, &server.url(), "", &context);
        for _ in 0..3 {
            let _ = send(&*service, row).await;
        }
        // A reloaded configuration has a new service, with the connections that there are.
        let again = make(row, &server.url(), "", &context);
        let _ = send(&*again, row).await;
        assert!(server.take().len() >= 4, "{}", row.service_type);
        assert_eq!(server.connections(), 1, "{}", row.service_type);
    }
}

#[tokio::test]
async fn certificates_are_verified_as_the_options_say() {
    let server = Recorder::start(vec![Rule::status(403).body("{}")]);
    let own = format!(
        "caCertificates: |\n  {}",
        CERTIFICATE.trim().replace('\n', "\n  ")
    );
    for row in rows() {
        for (options, reached) in [
            ("", false),
            (own.as_str(), true),
            ("insecureSkipVerify: true", true),
        ] {
            let service = make(row, &server.tls_url(), options, &ServiceContext::default());
            let result = send(&*service, row).await;
            let what = format!("{} with '{options}': {result:?}", row.service_type);
            assert!(result.is_err(), "{what}");
            assert_eq!(!server.take().is_empty(), reached, "{what}");
        }
    }
}

/// Runs `service test` for a webhook at this URL, with these variables.
fn test_webhook(url: &str, variables: &[(&str, &str)]) -> bool {
    let home = TempDir::new().expect("a directory");
    let config = format!(
        "apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: pod-notifications-cm}}\ndata:\n  \
         service.webhook.ci: '{{url: \"{url}\", retryMax: -1, requestTimeout: 20s}}'\n"
    );
    std::fs::write(home.path().join("cm.yaml"), config).expect("is written");
    run(home.path(), variables)
}

fn run(home: &Path, variables: &[(&str, &str)]) -> bool {
    let status = Command::new(env!("CARGO_BIN_EXE_kubechime"))
        .args(["service", "test", "ci", "--config-map", "cm.yaml"])
        .current_dir(home)
        .env_clear()
        .env("HOME", home)
        .env("KUBECONFIG", home.join("kubeconfig"))
        .envs(variables.iter().copied())
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status();
    status.expect("the program runs").success()
}

/// The variables hold for the whole process, so that it is one of its own.
#[test]
fn the_proxy_of_the_environment_is_used() {
    let proxy = Recorder::start(vec![Rule::status(200)]);
    let url = proxy.url();
    for name in ["HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"] {
        assert!(
            test_webhook("http://receiver.invalid/hook", &[(name, &url)]),
            "{name}"
        );
        let requests = proxy.take();
        assert_eq!(requests.len(), 1, "{name}");
        let asked = format!("{}{}", requests[0].path, requests[0].base);
        assert!(asked.contains("receiver.invalid"), "{name}: {asked}");
    }
    // An https URL is asked for as a tunnel, which the recorder does not make.
    assert!(!test_webhook(
        "https://receiver.invalid/hook",
        &[("HTTPS_PROXY", &url)]
    ));
    let requests = proxy.take();
    assert_eq!(requests[0].method, "CONNECT", "{requests:?}");
    assert_eq!(requests[0].path, "receiver.invalid:443");

    let both = [
        ("HTTP_PROXY", url.as_str()),
        ("NO_PROXY", "receiver.invalid"),
    ];
    assert!(!test_webhook("http://receiver.invalid/hook", &both));
    assert_eq!(proxy.take(), []);
}

#[test]
fn loopback_is_reached_without_the_proxy() {
    let receiver = Recorder::start(vec![Rule::status(200)]);
    let proxy = Recorder::start(vec![Rule::status(200)]);
    assert!(test_webhook(
        &receiver.url(),
        &[("HTTP_PROXY", &proxy.url())]
    ));
    assert_eq!(receiver.take().len(), 1);
    assert_eq!(proxy.take(), []);
}
