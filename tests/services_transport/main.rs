//! The services that have a transport of their own against real servers: what arrives, how a
//! sending ends, and what failures say.

#![cfg(all(
    feature = "email",
    feature = "nats",
    feature = "awssqs",
    feature = "gcppubsub"
))]

#[path = "../support/nats.rs"]
#[allow(dead_code, reason = "each test file uses its own part of the support")]
mod nats_server;
#[path = "../support/recorder.rs"]
#[allow(dead_code, reason = "each test file uses its own part of the support")]
mod recorder;
#[path = "../support/smtp.rs"]
#[allow(dead_code, reason = "each test file uses its own part of the support")]
mod smtp_server;

mod awssqs;
mod email;
mod email_failures;
mod gcppubsub;
mod nats;
mod nats_real;
mod secrets;

use kubechime::domain::Destination;
use kubechime::service::{
    self, Environment, Notification, NotificationTemplate, PreparedRequest, SendError, Sent,
    Service, ServiceContext, Timeouts,
};
use kubechime::template::Vars;
use kubechime::yaml;
use recorder::Recorded;
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::Duration;

/// No environment variables, and short time limits: servers that hang are part of the tests.
fn context() -> ServiceContext {
    ServiceContext {
        environment: Environment::fixed([]),
        timeouts: Timeouts {
            connect: Duration::from_secs(5),
            attempt: Duration::from_secs(5),
        },
        ..ServiceContext::default()
    }
}

/// The same with these variables.
fn environment(variables: &[(&str, &str)]) -> ServiceContext {
    let owned = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
    ServiceContext {
        environment: Environment::fixed(variables.iter().map(owned)),
        ..context()
    }
}

/// The service of this type, under the name of its type.
fn make(service_type: &str, options: &str, context: &ServiceContext) -> Arc<dyn Service> {
    let node = yaml::parse(options).expect("is YAML");
    service::build(service_type, service_type, &node, context).expect("builds")
}

/// Renders templates with a Pod named `web` on the node `n1`.
fn rendered(service: &dyn Service, templates: &[&str], to: &Destination) -> Notification {
    let compiled: Vec<_> = templates
        .iter()
        .map(|template| {
            let node = yaml::parse(template).expect("is YAML");
            let (template, warnings) = NotificationTemplate::compile("t", &node).expect("compiles");
            assert!(warnings.is_empty(), "{warnings:?}");
            Arc::new(template)
        })
        .collect();
    let pod = json!({"metadata": {"name": "web"}, "spec": {"nodeName": "n1"}, "empty": ""});
    let mut vars = Vars::new();
    vars.json("pod", &pod);
    service::add_destination(&mut vars, to);
    let (service_type, name) = (service.service_type(), service.name());
    service::render(&compiled, &vars, service_type, name).expect("renders")
}

/// Renders and sends.
async fn send(service: &dyn Service, template: &str, recipient: &str) -> Result<Sent, SendError> {
    let to = Destination::new(service.name(), recipient);
    let notification = rendered(service, &[template], &to);
    service::send_series(service, &notification, &to, &mut |_| {}).await
}

/// Renders and prepares.
fn prepare(
    service: &dyn Service,
    template: &str,
    recipient: &str,
) -> Result<Vec<PreparedRequest>, SendError> {
    let to = Destination::new(service.name(), recipient);
    service.prepare(&rendered(service, &[template], &to), &to)
}

/// The JSON of a request.
fn body(request: &Recorded) -> Value {
    serde_json::from_slice(&request.body).expect("is JSON")
}

/// Asserts that a failure is of this kind and that its one sentence has these words.
#[track_caller]
fn assert_fails(result: Result<Sent, SendError>, transient: bool, words: &[&str]) {
    let error = result.expect_err("must fail");
    assert_eq!(error.is_transient(), transient, "{error}");
    for word in words {
        assert!(error.message.contains(word), "{word:?} is not in: {error}");
    }
    assert!(!error.message.contains('\n'), "more than a line: {error}");
}
