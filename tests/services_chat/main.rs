//! The chat services against a real server: what arrives, and what failures say.

#[path = "../support/recorder.rs"]
#[allow(dead_code, reason = "each test file uses its own part of the support")]
mod recorder;

mod failures;
mod formats;
mod slack;

use kubechime::domain::Destination;
use kubechime::service::{
    self, Notification, NotificationTemplate, SendError, Sent, Service, ServiceContext,
};
use kubechime::template::Vars;
use kubechime::yaml;
use recorder::Recorded;
use serde_json::{Value, json};
use std::sync::Arc;

/// The service of this type, under the name of its type.
fn make(service_type: &str, options: &str, context: &ServiceContext) -> Arc<dyn Service> {
    let node = yaml::parse(options).expect("is YAML");
    service::build(service_type, service_type, &node, context).expect("builds")
}

/// Renders a template with a Pod named `web`.
fn rendered(service: &dyn Service, template: &str, to: &Destination) -> Notification {
    let node = yaml::parse(template).expect("is YAML");
    let (template, warnings) = NotificationTemplate::compile("t", &node).expect("compiles");
    assert!(warnings.is_empty(), "{warnings:?}");
    let pod = json!({"metadata": {"name": "web"}});
    let mut vars = Vars::new();
    vars.json("pod", &pod);
    service::add_destination(&mut vars, to);
    let (service_type, name) = (service.service_type(), service.name());
    service::render(&[Arc::new(template)], &vars, service_type, name).expect("renders")
}

/// Renders and sends.
async fn send(service: &dyn Service, template: &str, recipient: &str) -> Result<Sent, SendError> {
    let to = Destination::new(service.name(), recipient);
    let notification = rendered(service, template, &to);
    service::send_series(service, &notification, &to, &mut |_| {}).await
}

/// The form of a request, in order.
fn form(request: &Recorded) -> Vec<(String, String)> {
    url::form_urlencoded::parse(&request.body)
        .into_owned()
        .collect()
}

/// A field of the form of a request.
fn field(request: &Recorded, name: &str) -> Option<String> {
    let found = form(request).into_iter().find(|(known, _)| known == name);
    found.map(|(_, value)| value)
}

/// The JSON of a request.
fn body(request: &Recorded) -> Value {
    serde_json::from_slice(&request.body).expect("is JSON")
}
