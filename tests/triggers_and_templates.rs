//! What the conditions of a catalog evaluate to, and what its templates render, as the original
//! has it.

#[path = "support/catalog.rs"]
mod support;

use kubechime::catalog::{Catalog, Clause};
use kubechime::domain::Destination;
use kubechime::expr::Env;
use kubechime::service::{Notification, add_destination, render};
use kubechime::template::Vars;
use serde_json::{Map, Value, json};
use support::catalog;

/// Condition key, value, and oncePer text of each condition of the trigger `t`.
fn run(catalog: &Catalog, variables: &Value) -> Vec<(String, bool, String)> {
    let mut env = Env::new();
    for (name, value) in members(variables) {
        env.json(name, value);
    }
    let conditions = catalog.triggers["t"].conditions.iter();
    let results = conditions.map(|condition| {
        let value = condition.when_program.eval(&env).ok();
        let triggered = value.and_then(|value| value.as_bool()).unwrap_or(false);
        let once_per = condition.once_per.as_ref().filter(|_| triggered);
        let once_per = once_per.and_then(|(_, program)| program.eval(&env).ok());
        let once_per = once_per.map(|value| value.go_string()).unwrap_or_default();
        (condition.key.to_string(), triggered, once_per)
    });
    results.collect()
}

fn members(object: &Value) -> &Map<String, Value> {
    object.as_object().expect("variables are an object")
}

fn trigger(text: &str) -> Catalog {
    let catalog = catalog(&[("trigger.t", text)]);
    assert!(
        catalog.triggers.contains_key("t"),
        "{text}: {:?}",
        catalog.keys["trigger.t"]
    );
    catalog
}

/// Cases T1 to T4, T6, T8, T9.
#[test]
fn conditions() {
    let cases = [
        (
            "{when: \"var1 == 'abc'\"}",
            json!({"var1": "abc"}),
            true,
            "",
        ),
        (
            "{when: \"var1 == 'abc'\", oncePer: revision}",
            json!({"var1": "abc", "revision": "123"}),
            true,
            "123",
        ),
        (
            "{when: \"var1 == 'abc'\", oncePer: revision}",
            json!({"var1": "bcd", "revision": "123"}),
            false,
            "",
        ),
        (
            "{when: true, oncePer: 'app.metadata.annotations[\"example.com/version\"]'}",
            json!({"app": {"metadata": {"annotations": {"example.com/version": "v0.1"}}}}),
            true,
            "v0.1",
        ),
        ("{when: \"var1 == 'abc'\"}", json!({}), false, ""),
        ("{when: not missing}", json!({}), false, ""),
        ("{when: len(missing) > 0}", json!({}), false, ""),
        ("{when: a.b.c}", json!({"a": {}}), false, ""),
        ("{when: ''}", json!({}), false, ""),
        ("{when: \"'true'\"}", json!({}), false, ""),
        ("{when: '1'}", json!({}), false, ""),
        ("{when: nil}", json!({}), false, ""),
        (
            "{when: true, oncePer: x}",
            json!({"x": null}),
            true,
            "<nil>",
        ),
        ("{when: true, oncePer: x}", json!({}), true, "<nil>"),
        ("{when: true, oncePer: x}", json!({"x": 1}), true, "1"),
        ("{when: true, oncePer: x}", json!({"x": 1.5}), true, "1.5"),
        (
            "{when: true, oncePer: x}",
            json!({"x": 1e21}),
            true,
            "1e+21",
        ),
        ("{when: true, oncePer: x}", json!({"x": true}), true, "true"),
        (
            "{when: true, oncePer: x}",
            json!({"x": ["a", 1, null]}),
            true,
            "[a 1 <nil>]",
        ),
        (
            "{when: true, oncePer: x}",
            json!({"x": {"k": "v", "a": 1}}),
            true,
            "map[a:1 k:v]",
        ),
        ("{when: true, oncePer: m.x.y}", json!({"m": {}}), true, ""),
    ];
    for (condition, variables, triggered, once_per) in cases {
        let catalog = trigger(&format!("[{condition}]"));
        let result = &run(&catalog, &variables)[0];
        assert_eq!(
            (result.1, result.2.as_str()),
            (triggered, once_per),
            "{condition}"
        );
    }
}

/// Cases T5, T7, T11.
#[test]
fn condition_keys() {
    let catalog = trigger("- when: \"'a' == 'a'\"\n- when: false\n- when: \"'a' == 'a'\"");
    let results = run(&catalog, &json!({}));
    let keys: Vec<&str> = results.iter().map(|(key, _, _)| key.as_str()).collect();
    assert_eq!(&keys[0][3..], &keys[2][3..]);
    assert!(keys[0].starts_with("[0].") && keys[2].starts_with("[2]."));
    assert_eq!(keys[1], "[1].fLbvuYullyqbUJDcLlF_4U0SywQ");
    assert_eq!(run(&trigger(""), &json!({})), []);
    for (text, key) in [
        ("- when: var1 == 'abc'", "[0].9JNsSLKRNri0XKPzsE9_RFzGWh0"),
        (
            "- when: pod.status.phase in ['Running']",
            "[0].jS5fTrIQi8Q4Q5uceLlcAF3t4Go",
        ),
        ("- {}", "[0].2jmj7l5rSw0yVb_vlWAYkK_YBwk"),
        ("- when: true", "[0].X_5TO4MPCKAyY0ipFgr6_IraRNs"),
    ] {
        let catalog = trigger(text);
        assert_eq!(
            catalog.triggers["t"].conditions[0].key.to_string(),
            key,
            "{text}"
        );
    }
    // A block keeps its last newline, and the hash is over it.
    let block = trigger("- when: |\n    true\n    or false\n");
    let condition = &block.triggers["t"].conditions[0];
    assert_eq!(condition.when, "true\nor false\n");
    let stripped = trigger("- when: |-\n    true\n    or false\n");
    assert_ne!(condition.key, stripped.triggers["t"].conditions[0].key);
}

/// The place of an evaluation error leads back into the ConfigMap.
#[test]
fn evaluation_errors_have_a_place_in_the_config_map() {
    let text = "- when: |-\n    true and\n      pod.status.phase.x == 1\n";
    let catalog = trigger(text);
    let condition = &catalog.triggers["t"].conditions[0];
    let variables = json!({"pod": {"status": {}}});
    let mut env = Env::new();
    env.json("pod", &variables["pod"]);
    let error = condition.when_program.eval(&env).expect_err("phase is nil");
    let place = condition.position_in(text, Clause::When, error.span().start);
    assert_eq!(place.expect("it is configured").line, 3);
    assert_eq!(condition.position_in(text, Clause::OncePer, 0), None);
}

fn rendered(
    catalog: &Catalog,
    templates: &[&str],
    variables: &Value,
    to: &Destination,
) -> Result<Notification, String> {
    let mut vars = Vars::new();
    for (name, value) in members(variables) {
        vars.json(name, value);
    }
    add_destination(&mut vars, to);
    let mut found = Vec::new();
    for name in templates {
        let missing = || format!("template '{name}' is not supported");
        found.push(catalog.templates.get(*name).cloned().ok_or_else(missing)?);
    }
    render(&found, &vars, "webhook", &to.service).map_err(|error| error.to_string())
}

fn message(text: &str, variables: &Value) -> Result<String, String> {
    let quoted = text.replace('\'', "''");
    let catalog = catalog(&[("template.t", &format!("message: '{quoted}'"))]);
    let to = Destination::new("web", "");
    rendered(&catalog, &["t"], variables, &to).map(|notification| notification.message)
}

/// Cases A1, A8.
#[test]
fn templates_see_the_object_and_the_destination() {
    let catalog = catalog(&[
        (
            "template.t",
            "message: hello {{ .foo }} {{ .serviceType }}:{{ .recipient }}",
        ),
        ("service.webhook.workspace1", "url: http://127.0.0.1:1/"),
    ]);
    let hello = |to: Destination| {
        let notification = rendered(&catalog, &["t"], &json!({"foo": "world"}), &to);
        notification.map(|notification| notification.message)
    };
    assert_eq!(
        hello(Destination::new("slack", "my-channel")),
        Ok("hello world slack:my-channel".to_owned())
    );
    assert_eq!(
        hello(Destination::new("workspace1", "")),
        Ok("hello world workspace1:".to_owned())
    );
}

/// Cases M1, M3, M4, M5, M8.
#[test]
fn several_templates() {
    let catalog = catalog(&[
        ("template.a", "message: '{{.foo}}'"),
        ("template.b", "message: '{{.name | upper}}'"),
        ("template.empty", "message: '{{if .missing}}x{{end}}'"),
        ("template.none", ""),
        (
            "template.fails",
            "message: '{{fail \"intentional error\"}}'",
        ),
    ]);
    let to = Destination::new("web", "");
    let variables = json!({"foo": "hello", "name": "test"});
    let message = |templates: &[&str]| {
        rendered(&catalog, templates, &variables, &to).map(|notification| notification.message)
    };
    assert_eq!(message(&["a"]), Ok("hello".into()));
    assert_eq!(message(&["b"]), Ok("TEST".into()));
    assert_eq!(message(&["a", "b"]), Ok("TEST".into()));
    assert_eq!(message(&["b", "empty"]), Ok("TEST".into()));
    assert_eq!(message(&["b", "none"]), Ok("TEST".into()));
    assert_eq!(message(&[]), Ok(String::new()));
    let unknown = Err("template 'nonexistent' is not supported".to_owned());
    assert_eq!(message(&["nonexistent"]), unknown);
    assert_eq!(message(&["a", "nonexistent"]), unknown);
    let failed = message(&["a", "fails"]).expect_err("it fails");
    assert!(failed.contains("intentional error"), "{failed}");
}

/// Case M7.
#[test]
fn values_print_as_go_prints_them() {
    let variables = json!({
        "m": {"k": "v", "nul": null}, "l": ["a", 1, null], "s": "text", "nul": null,
        "three": 3.0, "f": 1.5, "big": 1e21,
    });
    for (text, printed) in [
        ("{{.missing}}", "<no value>"),
        ("{{.missing.y}}", "<no value>"),
        ("{{.m.missing.y}}", "<no value>"),
        ("{{.nul}}", "<no value>"),
        ("{{.m}}", "map[k:v nul:<nil>]"),
        ("{{.l}}", "[a 1 <nil>]"),
        ("{{.three}} {{.f}} {{.big}}", "3 1.5 1e+21"),
        ("{{index .m \"x\"}}", "<no value>"),
        (
            "{{if .missing}}a{{end}}{{range .missing}}b{{else}}c{{end}}",
            "c",
        ),
        ("{{eq .missing \"a\"}}", "false"),
    ] {
        assert_eq!(message(text, &variables), Ok(printed.to_owned()), "{text}");
    }
    for (text, part) in [
        ("{{.nul.y}}", "nil pointer evaluating interface {}.y"),
        ("{{.s.y}}", "can't evaluate field y in type interface {}"),
        (
            "{{index .l 5}}",
            "error calling index: index out of range: 5",
        ),
    ] {
        let error = message(text, &variables).expect_err(text);
        assert!(error.contains(part), "{text}: {error}");
        assert!(error.starts_with("template: t:1:"), "{text}: {error}");
    }
}

/// `$env` stands for all variables: an expression that uses it reads the whole object.
#[test]
fn an_expression_over_all_variables_reads_everything() {
    let catalog = catalog(&[(
        "trigger.t",
        "- when: $env['pod'].status.phase == 'Running'\n  send: []\n- when: len(keys($env)) > 3\n",
    )]);
    assert!(catalog.reads("pod").whole);
}
