//! What is read out of the keys of a ConfigMap.

use crate::support::{self, WEB, catalog, findings, options, source, troubled};
use kubechime::catalog::{Catalog, KeyKind, KeyState};

/// Cases C1 to C5, C15, C17.
#[test]
fn reads_every_kind_of_key() {
    let catalog = catalog(&[
        WEB,
        (
            "service.webhook",
            "# all defaults\nurl: http://127.0.0.1:1/",
        ),
        ("template.my-template", "message: hello world"),
        ("template.empty", ""),
        ("trigger.a.b", "- when: 'true'\n  send: [my-template]"),
        ("trigger.none", ""),
        ("defaultTriggers", "[a.b, none]"),
        ("defaultTriggers.web", "- none\n- a.b"),
        (
            "subscriptions",
            "- recipients: [web:a:b, webhook]\n  triggers: [a.b]\n  selector: test=true",
        ),
        ("trigger", "ignored"),
        ("triggerx", "ignored"),
        ("context", "argocdUrl: x"),
    ]);
    assert!(catalog.services.contains_key("web"));
    assert_eq!(
        catalog.services["webhook"].service.service_type(),
        "webhook"
    );
    assert!(catalog.templates.contains_key("my-template"));
    assert!(catalog.templates.contains_key("empty"));
    assert_eq!(catalog.triggers["a.b"].conditions.len(), 1);
    assert_eq!(catalog.triggers["none"].conditions.len(), 0);
    assert_eq!(catalog.default_triggers, ["a.b", "none"]);
    assert_eq!(catalog.service_default_triggers["web"], ["none", "a.b"]);
    let subscription = &catalog.subscriptions[0];
    assert_eq!(subscription.selector.as_str(), "test=true");
    assert_eq!(subscription.triggers, ["a.b"]);
    let recipients: Vec<_> = subscription
        .recipients
        .iter()
        .map(|to| to.label())
        .collect();
    assert_eq!(recipients, ["web:a:b", "webhook"]);
    assert_eq!(catalog.keys["context"].kind, KeyKind::Ignored);
    let ignored = ["trigger", "triggerx"].map(|key| (key, &KeyState::Warning));
    assert_eq!(troubled(&catalog), ignored);
    assert_eq!(
        findings(&catalog, "trigger"),
        [
            "warning in trigger: this key is not known and is ignored (did you mean 'trigger.<name>'?)"
        ]
    );
}

/// Case C5: an entry without recipients is kept, and tells nobody.
#[test]
fn subscriptions_without_recipients() {
    let catalog = catalog(&[
        ("trigger.my-trigger2", ""),
        (
            "subscriptions",
            "- selector: test=true\n  triggers:\n  - my-trigger2\n",
        ),
    ]);
    assert_eq!(catalog.subscriptions[0].recipients, []);
    assert_eq!(
        findings(&catalog, "subscriptions"),
        ["warning in subscriptions:1:3: entry 1 has no recipients, so it tells nobody"]
    );
}

/// Cases C18, C21, C22.
#[test]
fn conditions_are_read_as_the_original_reads_them() {
    let catalog = catalog(&[
        ("template.a", ""),
        (
            "trigger.t",
            "- when: true\n  send: [a, 1, 2.50, yes, null]\n  oncePer: 5\n- \n- WHEN: 'false'\n  SEND: [a]\n  onceper: x\n  description: d",
        ),
    ]);
    let conditions = &catalog.triggers["t"].conditions;
    assert_eq!(conditions[0].when, "true");
    assert_eq!(conditions[0].send, ["a", "1", "2.5", "true", ""]);
    assert_eq!(conditions[0].once_per.as_ref().unwrap().0, "5");
    assert_eq!(conditions[1].when, "");
    assert_eq!(
        conditions[1].key.to_string(),
        "[1].2jmj7l5rSw0yVb_vlWAYkK_YBwk"
    );
    assert_eq!(conditions[2].when, "false");
    assert_eq!(conditions[2].once_per.as_ref().unwrap().0, "x");
    assert_eq!(conditions[2].description, "d");
}

#[test]
fn knows_what_conditions_read() {
    let catalog = catalog(&[
        (
            "trigger.a",
            "- when: pod.status.phase == 'Running' and app.x == 1\n  oncePer: pod.metadata.uid",
        ),
        ("trigger.b", "- when: pod.status.reason == 'Evicted'"),
    ]);
    let paths = catalog.reads("pod");
    let status: Vec<_> = paths.children["status"].children.keys().collect();
    assert_eq!(status, ["phase", "reason"]);
    assert!(paths.children["metadata"].children["uid"].whole);
    assert!(catalog.reads("deployment").is_empty());
    assert!(!catalog.uses_clock());
    let clock = support::catalog(&[("trigger.a", "- when: now() == nil")]);
    assert!(clock.uses_clock());
}

#[test]
fn state_keys_of_self_service_configs_have_their_namespace() {
    let source = source(&[WEB], &[]);
    let mut options = options();
    let build = |options: &_| Catalog::build(&source, None, options);
    assert_eq!(build(&options).state_key_namespace(), None);
    options.self_service = true;
    assert_eq!(build(&options).state_key_namespace(), None);
    options.default_namespace = "elsewhere".into();
    assert_eq!(
        build(&options).state_key_namespace(),
        Some(support::NAMESPACE)
    );
    // Quirk Q6: a ConfigMap that does not exist is nobody's.
    let mut missing = source.clone();
    missing.found = false;
    let missing = Catalog::build(&missing, None, &options);
    assert_eq!(missing.state_key_namespace(), None);
}

/// Cases C24 and M2: anchors, and any number of templates.
#[test]
fn templates_can_share_texts() {
    let catalog = catalog(&[
        (
            "template.a",
            "message: &m hi {{.x}}\nwebhook:\n  ci: &ci {method: POST, body: *m}\n  other: {<<: *ci, path: p}",
        ),
        ("template.b", "message: hello"),
    ]);
    assert_eq!(troubled(&catalog), []);
    let shared = catalog.templates["a"].unrendered();
    assert_eq!(shared.message, "hi {{.x}}");
    assert_eq!(shared.webhook["ci"].body, "hi {{.x}}");
    let other = &shared.webhook["other"];
    assert_eq!(
        (
            other.method.as_str(),
            other.body.as_str(),
            other.path.as_str()
        ),
        ("POST", "hi {{.x}}", "p")
    );
    assert_eq!(catalog.templates.len(), 2);
}

/// Cases A2 and A8: services are known by their names.
#[test]
fn services_have_the_names_of_their_keys() {
    let catalog = catalog(&[
        ("service.webhook", "url: http://127.0.0.1:1/"),
        ("service.webhook.workspace1", "url: http://127.0.0.1:1/"),
        ("service.slack", "token: t"),
    ]);
    assert_eq!(
        catalog.services.keys().collect::<Vec<_>>(),
        ["slack", "webhook", "workspace1"]
    );
    let named = &catalog.services["workspace1"];
    assert_eq!(named.service.name(), "workspace1");
    assert_eq!(named.service.service_type(), "webhook");
}
