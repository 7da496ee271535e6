//! Notification templates: how they are compiled, what their mistakes say, how several are rendered
//! into one notification, and the console that prints it.

use kubechime::domain::Destination;
use kubechime::service::{
    self, Console, Notification, NotificationTemplate, SectionError, Service as _,
    WebhookNotification,
};
use kubechime::template::{Language, Vars};
use kubechime::yaml;
use serde_json::{Value, json};
use std::io::Write;
use std::sync::{Arc, Mutex};

fn compile(text: &str) -> Result<(NotificationTemplate, Vec<SectionError>), Vec<SectionError>> {
    NotificationTemplate::compile("t", &yaml::parse(text).expect("is YAML"))
}

fn template(text: &str) -> Arc<NotificationTemplate> {
    Arc::new(compile(text).expect("compiles").0)
}

fn render(texts: &[&str], vars: &Value, service_type: &str, name: &str) -> Notification {
    let templates: Vec<_> = texts.iter().map(|text| template(text)).collect();
    service::render(&templates, &variables(vars), service_type, name).expect("renders")
}

fn variables(vars: &Value) -> Vars<'_> {
    let mut variables = Vars::new();
    for (name, value) in vars.as_object().into_iter().flatten() {
        variables.json(name, value);
    }
    variables
}

fn webhook(method: &str, body: &str, path: &str) -> WebhookNotification {
    WebhookNotification {
        method: method.into(),
        body: body.into(),
        path: path.into(),
    }
}

#[test]
fn later_templates_override_by_the_rules_of_each_part() {
    let vars = json!({"empty": "", "name": "web"});
    let message = |texts: &[&str]| render(texts, &vars, "webhook", "ci").message;
    assert_eq!(message(&["message: '{{.name}}'"]), "web");
    assert_eq!(message(&["message: a", "message: b"]), "b");
    assert_eq!(
        message(&["message: a", "message: '{{.empty}}'"]),
        "a",
        "empty does not override"
    );
    assert_eq!(message(&["message: a", "webhook: {}"]), "a");
    assert_eq!(render(&[], &vars, "webhook", "ci"), Notification::default());

    // An entry is replaced as a whole, also by an empty one.
    let first = "webhook: {ci: {method: POST, body: a, path: p}}";
    let rendered = render(
        &[first, "webhook: {ci: {body: '{{.name}}'}}"],
        &vars,
        "webhook",
        "ci",
    );
    assert_eq!(rendered.webhook["ci"], webhook("", "web", ""));
    let rendered = render(&[first, "message: x"], &vars, "webhook", "ci");
    assert_eq!(rendered.webhook["ci"], webhook("POST", "a", "p"));
}

/// The original renders everything for everybody, so that a mistake in the part for one service
/// stops the deliveries to all others.
#[test]
fn only_the_destinations_own_section_is_rendered() {
    let text = "message: m\nwebhook: {ci: {body: ok}, other: {body: '{{index .list 9}}'}}";
    let vars = json!({"list": []});
    let rendered = render(&[text], &vars, "webhook", "ci");
    assert_eq!(rendered.webhook.keys().collect::<Vec<_>>(), ["ci"]);
    assert_eq!(render(&[text], &vars, "grafana", "ci").webhook.len(), 0);
    for (service_type, name) in [("webhook", "other"), ("console", "console")] {
        let templates = [template(text)];
        let error = service::render(&templates, &variables(&vars), service_type, name)
            .expect_err("its own part fails");
        assert_eq!(
            (error.template.as_str(), error.path.as_str()),
            ("t", "webhook.other.body")
        );
        assert!(error.message.contains("index out of range: 9"), "{error}");
    }
}

#[test]
fn the_destination_is_a_variable() {
    let to = Destination::new("ci", "ops");
    let mut vars = Vars::new();
    service::add_destination(&mut vars, &to);
    let templates = [template("message: '{{.serviceType}}/{{.recipient}}'")];
    let rendered = service::render(&templates, &vars, "webhook", "ci").expect("renders");
    assert_eq!(rendered.message, "ci/ops");
}

#[test]
fn mistakes_are_all_told_with_their_places() {
    let text = "message: '{{ .x '\nwebhook:\n  ci:\n    path: ok\n    body: |\n      fine\n      \
                and {{ nofunc . }}\n";
    let errors = compile(text).expect_err("two mistakes");
    let told: Vec<_> = errors
        .iter()
        .map(|error| (error.path.as_str(), error.locate(text).map(|at| at.line)))
        .collect();
    assert_eq!(told, [("message", Some(1)), ("webhook.ci.body", Some(7))]);
    assert!(
        errors[1]
            .message
            .contains("function \"nofunc\" not defined"),
        "{:?}",
        errors[1]
    );

    for (text, path, message) in [
        (
            "message: [a]",
            "message",
            "cannot unmarshal array into Go struct field Notification.message",
        ),
        ("webhook: [a]", "webhook", "cannot unmarshal array"),
        (
            "webhook: {ci: {body: {a: b}}}",
            "webhook.ci.body",
            "cannot unmarshal object",
        ),
        (
            "engine: jinja",
            "engine",
            "unknown template engine \"jinja\"",
        ),
        ("- a", "", "cannot unmarshal array"),
    ] {
        let errors = compile(text).expect_err("a mistake");
        assert_eq!(errors.len(), 1, "{text}");
        assert_eq!(errors[0].path, path, "{text}");
        assert!(
            errors[0].message.contains(message),
            "{text}: {}",
            errors[0].message
        );
        assert!(errors[0].locate(text).is_some(), "{text}");
    }
}

#[test]
fn unknown_keys_are_left_out_with_a_warning() {
    let (template, warnings) =
        compile("message: m\nmesage: x\nWebHook: {}").expect("compiles all the same");
    assert_eq!(warnings.len(), 1);
    assert_eq!(warnings[0].path, "mesage");
    assert_eq!(warnings[0].position.map(|at| at.line), Some(2));
    assert_eq!(template.sections().collect::<Vec<_>>(), ["webhook"]);
    let (_, warnings) = compile("").expect("an empty text is an empty template");
    assert!(warnings.is_empty());
}

#[test]
fn the_engine_field_chooses_the_language() {
    assert_eq!(template("message: m").language, Language::Gotemplate);
    let template = template("engine: handlebars\nmessage: '{{pod.name}}'");
    assert_eq!(template.language, Language::Handlebars);
    let vars = json!({"pod": {"name": "<web>"}});
    let rendered = service::render(&[template], &variables(&vars), "webhook", "ci");
    assert_eq!(rendered.expect("renders").message, "<web>");
}

#[test]
fn unrendered_texts_are_listed() {
    let template = template("message: 'a {{.x}}'\nwebhook: {ci: {method: POST, body: '{{.y}}'}}");
    let unrendered = template.unrendered();
    assert_eq!(unrendered.preview(), "a {{.x}}");
    assert_eq!(unrendered.webhook["ci"], webhook("POST", "{{.y}}", ""));
}

#[derive(Clone, Default)]
struct Out(Arc<Mutex<Vec<u8>>>);

impl Write for Out {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0
            .lock()
            .expect("not poisoned")
            .extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[tokio::test]
async fn the_console_prints_every_section() {
    let out = Out::default();
    let console = Console::new("console", Box::new(out.clone()));
    let text = "message: hello {{.name}}\nwebhook: {b: {body: x}, a: {method: POST}}";
    let vars = json!({"name": "guestbook"});
    let notification = render(&[text], &vars, console.service_type(), console.name());
    let to = Destination::new("console", "stdout");
    console.send(&notification, &to).await.expect("prints");
    let printed = out.0.lock().expect("not poisoned").clone();
    assert_eq!(
        String::from_utf8_lossy(&printed),
        "message: hello guestbook\nwebhook:\n  a:\n    body: \"\"\n    method: POST\n    path: \"\"\n  \
         b:\n    body: x\n    method: \"\"\n    path: \"\"\n"
    );
}
