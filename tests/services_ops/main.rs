//! The services for operations against real servers: what arrives, what is taken for a success, and
//! what failures say.

#[path = "../support/recorder.rs"]
#[allow(dead_code, reason = "each test file uses its own part of the support")]
mod recorder;

mod alertmanager;
mod app_key;
mod failures;
mod fake_github;
mod github;
mod github_refusals;
mod github_section;
mod grafana;
mod newrelic;
mod opsgenie;
mod pagerduty;
mod pagerdutyv2;

use kubechime::domain::Destination;
use kubechime::service::{
    self, Notification, NotificationTemplate, RenderError, SectionError, SendError, Sent, Service,
    ServiceContext,
};
use kubechime::template::Vars;
use kubechime::yaml;
use recorder::Recorded;
use serde_json::{Value, json};
use std::sync::Arc;

/// The service of this type, under the name of its type.
fn make(service_type: &str, options: &str) -> Arc<dyn Service> {
    let node = yaml::parse(options).expect("is YAML");
    let context = ServiceContext::default();
    service::build(service_type, service_type, &node, &context).expect("builds")
}

/// What Argo CD hands to templates.
fn application() -> Value {
    json!({
        "metadata": {"name": "guestbook"},
        "spec": {"source": {"repoURL": "https://github.com/acme/shop.git"}},
        "status": {
            "sync": {"revision": "0123456789"},
            "operationState": {"syncResult": {"revision": "0123456789"}},
        },
    })
}

fn compile(template: &str) -> Result<NotificationTemplate, Vec<SectionError>> {
    let node = yaml::parse(template).expect("is YAML");
    let (template, warnings) = NotificationTemplate::compile("t", &node)?;
    assert!(warnings.is_empty(), "{warnings:?}");
    Ok(template)
}

/// Renders for a service of this type, with these variables.
fn try_render(
    service_type: &str,
    template: &str,
    vars: &Value,
) -> Result<Notification, RenderError> {
    let template = compile(template).expect("compiles");
    let to = Destination::new(service_type, "rcpt");
    let mut variables = Vars::new();
    for (name, value) in vars.as_object().into_iter().flatten() {
        variables.json(name, value);
    }
    service::add_destination(&mut variables, &to);
    service::render(
        &[Arc::new(template)],
        &variables,
        service_type,
        service_type,
    )
}

/// Renders with an application named `guestbook`.
fn render(service_type: &str, template: &str) -> Notification {
    try_render(service_type, template, &json!({"app": application()})).expect("renders")
}

/// Renders and sends, once.
async fn send(service: &dyn Service, template: &str, recipient: &str) -> Result<Sent, SendError> {
    let to = Destination::new(service.name(), recipient);
    let notification = render(service.service_type(), template);
    service.send(&notification, &to).await
}

/// The JSON of a request.
fn body(request: &Recorded) -> Value {
    serde_json::from_slice(&request.body).expect("is JSON")
}

/// Whether texts in this section that are no templates are found when the template is read.
fn assert_refused(template: &str, path: &str) {
    let errors = compile(template).expect_err(template);
    assert_eq!(errors.len(), 1, "{template}: {errors:?}");
    assert_eq!(errors[0].path, path, "{template}");
    assert!(errors[0].locate(template).is_some(), "{template}");
}
