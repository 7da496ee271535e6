//! `check`.

use crate::program::{Place, on_cluster};
use serde_json::{Value, json};

const POD: &str = "\
apiVersion: v1
kind: Pod
metadata:
  name: web-1
  namespace: default
  annotations:
    notifications.argoproj.io/subscribe.on-ready.ci: \"\"
status: {phase: Running}
";

fn config_map(data: &str) -> String {
    let data: String = data.lines().map(|line| format!("  {line}\n")).collect();
    format!("apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: team-cm\ndata:\n{data}")
}

const CI: &str = "\
service.webhook.ci: |
  url: https://ci.example.com/
  headers: [{name: Content-Type, value: application/json}]
";

/// The findings about one ConfigMap: `line:column severity code`.
fn findings(data: &str, flags: &[&str]) -> Vec<String> {
    let place = Place::new()
        .with("cm.yaml", &config_map(data))
        .with("pod.yaml", POD);
    let arguments: Vec<&str> = ["check", "cm.yaml", "-o", "json"]
        .iter()
        .chain(flags)
        .copied()
        .collect();
    let run = place.run(&arguments);
    assert_eq!(run.stderr, "");
    let output = run.json();
    let list = output["findings"].as_array().unwrap();
    list.iter()
        .map(|finding| {
            let number = |name: &str| finding[name].as_u64().map_or("-".into(), |n| n.to_string());
            let text = |name: &str| finding[name].as_str().unwrap().to_owned();
            let (line, column) = (number("line"), number("column"));
            format!("{line}:{column} {} {}", text("severity"), text("code"))
        })
        .collect()
}

#[test]
fn nothing_to_say_about_what_is_right() {
    for file in [
        "examples/pod-ready.yaml",
        "presets/pod.yaml",
        "presets/deployment.yaml",
    ] {
        let path = format!("{}/assets/{file}", env!("CARGO_MANIFEST_DIR"));
        let text = Place::new().run(&["check", "--strict", &path]).clean();
        assert_eq!(text, "0 errors, 0 warnings in 1 ConfigMap\n", "{file}");
    }
}

#[test]
fn an_expression_is_shown_in_its_file_with_a_caret() {
    let map = config_map("trigger.a: |\n  - when: pod.status.phase in ['x'\n    send: [t]\n");
    let run = Place::new()
        .with("cm.yaml", &map)
        .run(&["check", "cm.yaml"]);
    assert_eq!(run.code, 1);
    let expected = "\
cm.yaml:7:36: error[bad-expression]: when of condition [0]: unexpected token EOF
  |
7 |     - when: pod.status.phase in ['x'
  |                                    ^
  = help: expected ','
  = in trigger.a of ConfigMap team-cm
";
    assert!(run.stdout.starts_with(expected), "{}", run.stdout);
    assert!(
        run.stdout
            .ends_with("2 errors, 0 warnings in 1 ConfigMap\n"),
        "{}",
        run.stdout
    );
}

#[test]
fn places_are_right_in_every_style_of_yaml() {
    let cases = [
        // A literal block, a folded one, quotes of both kinds, plain text.
        (
            "trigger.a: |-\n  - when: x +\n    send: [t]\ntemplate.t: \"message: m\"\n",
            "7:15",
        ),
        (
            "trigger.a: >-\n  [{when: 'x +',\n  send: [t]}]\ntemplate.t: \"message: m\"\n",
            "7:16",
        ),
        (
            "trigger.a: '[{when: ''x +'', send: [t]}]'\ntemplate.t: \"message: m\"\n",
            "6:27",
        ),
        (
            "trigger.a: \"- when: x +\\n  send: [t]\"\ntemplate.t: \"message: m\"\n",
            "6:25",
        ),
        (
            "template.t: \"message: m\"\ntrigger.a: \"- when: \\u0078 +\\n  send: [t]\"\n",
            "7:30",
        ),
    ];
    for (data, at) in cases {
        let found = findings(data, &[]);
        assert_eq!(found, [format!("{at} error bad-expression")], "{data}");
    }
}

#[test]
fn json_files_and_lists_have_places_too() {
    let map = json!({
        "apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "x-cm"},
        "data": {"trigger.a": "- when: x\n  send: [nope]\n"},
    });
    let list = json!({"apiVersion": "v1", "kind": "List", "items": [map]});
    let mut text = Vec::new();
    let tabs = serde_json::ser::PrettyFormatter::with_indent(b"\t");
    let mut writer = serde_json::Serializer::with_formatter(&mut text, tabs);
    serde::Serialize::serialize(&list, &mut writer).unwrap();
    let text = String::from_utf8(text).unwrap();
    let run = Place::new()
        .with("cm.json", &text)
        .run(&["check", "-o", "json", "cm.json"]);
    let finding = &run.json()["findings"][0];
    assert_eq!(finding["code"], "unknown-template");
    let line = text.lines().position(|line| line.contains("nope")).unwrap();
    let column = text.lines().nth(line).unwrap().find("nope").unwrap();
    assert_eq!(finding["line"], line + 1);
    assert_eq!(finding["column"], column + 1);
    assert_eq!(finding["configMap"], "x-cm");
}

#[test]
fn names_that_nothing_has_are_errors() {
    let data = format!(
        "{CI}trigger.a: |\n  - when: 'true'\n    send: [t, missing]\ntemplate.t: |\n  message: m\n  \
         webhook: {{ci: {{body: '{{}}'}}}}\nsubscriptions: |\n  - recipients: [ci, sms:1]\n    \
         triggers: [a, b]\ndefaultTriggers: '[c]'\n"
    );
    assert_eq!(
        findings(&data, &[]),
        [
            "11:17 error unknown-template",
            "16:24 error unknown-service",
            "17:21 error unknown-trigger",
            "18:22 error unknown-trigger",
        ]
    );
}

/// A destination that its service can't send to is told without sending anything.
#[test]
fn destinations_that_nothing_can_reach() {
    let data = |recipients: &str| {
        format!(
            "service.teams: |\n  recipientUrls:\n    general: https://x.example.com/hook/a/b\nservice.webhook.ci: \
             |\n  url: https://ci.example.com/\ntrigger.a: |\n  - when: 'true'\n    send: [t]\ntemplate.t: \
             |\n  message: m\n  webhook: {{ci: {{body: '{{}}'}}}}\nsubscriptions: |\n  - triggers: [a]\n    \
             recipients: {recipients}\n"
        )
    };
    assert_eq!(findings(&data("[teams:general, ci]"), &[]), [""; 0]);
    assert_eq!(
        findings(&data("[ci, 'teams:genral']"), &[]),
        ["19:24 error unreachable-destination"]
    );
    let pod = POD.replace("on-ready.ci: \"\"", "a.teams: genral");
    let place = Place::new()
        .with("cm.yaml", &config_map(&data("[ci]")))
        .with("pod.yaml", &pod);
    let run = place.run(&["check", "cm.yaml", "--object", "pod.yaml"]);
    assert_eq!(run.code, 1);
    assert!(
        run.stdout.contains(
            "error[unreachable-destination]: pod default/web-1 is to be told through \
             'teams:genral' (annotation subscribe.a.teams)"
        ),
        "{}",
        run.stdout
    );
}

/// A lint of a file asks no server and makes no keys; what loops for ever is told, not waited for.
#[test]
fn rendering_in_a_lint_is_bounded() {
    let data = |message: &str| {
        format!(
            "trigger.a: |\n  - when: 'true'\n    send: [t]\ntemplate.t: |\n  message: '{message}'\n"
        )
    };
    for quiet in [
        "{{getHostByName \"kubernetes.default.svc\"}}",
        "{{genPrivateKey \"rsa\"}}",
    ] {
        assert_eq!(findings(&data(quiet), &[]), [""; 0], "{quiet}");
    }
    for endless in [
        "{{range until 1000000}}{{range until 1000000}}{{end}}{{end}}",
        "{{define \"r\"}}{{template \"r\"}}{{end}}{{template \"r\"}}",
    ] {
        let found = findings(&data(endless), &[]);
        assert_eq!(found.len(), 1, "{endless}: {found:?}");
        assert!(found[0].ends_with("warning render-fails"), "{found:?}");
    }
}

#[test]
fn secret_names_are_known_only_with_the_secret() {
    let data = "service.webhook.ci: |\n  url: https://ci.example.com/$tokn\n";
    assert_eq!(findings(data, &[]), [""; 0]);
    let secret = "---\napiVersion: v1\nkind: Secret\nmetadata: {name: team-secret}\nstringData: {token: \
                  hunter2}\n";
    let run = Place::new()
        .with("all.yaml", &(config_map(data) + secret))
        .run(&["check", "all.yaml"]);
    assert_eq!(run.code, 1);
    assert!(
        run.stdout.contains("all.yaml:7:33: error[missing-secret]"),
        "{}",
        run.stdout
    );
    assert!(
        run.stdout.contains("did you mean '$token'?"),
        "{}",
        run.stdout
    );
    assert!(!run.stdout.contains("hunter2"));
}

#[test]
fn templates_need_a_part_for_where_they_are_sent() {
    let data = |template: &str| {
        format!(
            "{CI}trigger.a: |\n  - when: 'true'\n    send: [t]\nsubscriptions: |\n  - recipients: [ci]\n    \
             triggers: [a]\ntemplate.t: |\n{template}"
        )
    };
    assert_eq!(
        findings(&data("  message: m\n"), &[]),
        ["11:14 warning missing-part"]
    );
    let other = "  webhook: {cj: {body: '{}'}}\n";
    assert_eq!(
        findings(&data(other), &[]),
        ["11:14 warning missing-part", "16:15 warning unused-part"]
    );
    assert_eq!(
        findings(&data("  webhook: {ci: {body: '{}'}}\n"), &[]),
        [""; 0]
    );
}

#[test]
fn rendered_json_is_read() {
    let data = |body: &str| {
        format!(
            "{CI}trigger.a: |\n  - when: 'true'\n    send: [t]\ntemplate.t: |\n  webhook:\n    ci:\n      \
             method: POST\n      body: |\n{body}"
        )
    };
    let good = "        {\"n\": {{.pod.metadata.name | toJson}}}\n";
    assert_eq!(findings(&data(good), &[]), [""; 0]);
    // What is not there in the sample is not the template's fault.
    let gap = "        {\"n\": {{.pod.metadata.owner}}}\n";
    assert_eq!(findings(&data(gap), &[]), [""; 0]);
    let unquoted = "        {\"n\": {{.pod.metadata.name}}}\n";
    assert_eq!(findings(&data(unquoted), &[]), ["17:11 error not-json"]);
    let comma = "        {\"n\": \"{{.pod.metadata.name}}\"\n         \"m\": 1}\n";
    assert_eq!(findings(&data(comma), &[]), ["18:12 error not-json"]);
    // On a given object a gap is real.
    assert_eq!(findings(&data(gap), &["--object", "pod.yaml"]).len(), 2);
    let fails = "        [\"{{(index .pod.status.conditions 0).type}}\"]\n";
    assert_eq!(findings(&data(fails), &[]), [""; 0]);
    assert!(
        findings(&data(fails), &["--object", "pod.yaml"])
            .contains(&"17:16 error render-fails".to_owned())
    );
}

#[test]
fn json_of_slack_parts_is_read_as_a_template() {
    let data = "trigger.a: |\n  - when: 'true'\n    send: [t]\ntemplate.t: |\n  slack:\n    blocks: |\n      \
                [{\"type\": {{.pod.metadata.name}}}]\n    attachments: '[1,]'\n";
    let found = findings(data, &[]);
    let errors: Vec<&String> = found.iter().filter(|line| line.contains("error")).collect();
    assert_eq!(
        errors,
        ["12:9 error not-json", "13:24 error not-json"],
        "{found:?}"
    );
}

#[test]
fn an_object_shows_what_only_shows_on_an_object() {
    let data = format!(
        "{CI}trigger.on-redy: |\n  - when: pod.status.containers[0].ready\n    send: [t]\ntemplate.t: |\n  \
         webhook: {{ci: {{body: '{{}}'}}}}\n"
    );
    assert_eq!(findings(&data, &[]), [""; 0]);
    let found = findings(&data, &["--object", "pod.yaml"]);
    assert_eq!(
        found,
        ["10:13 warning condition-fails", "-:- error unknown-trigger"]
    );
}

#[test]
fn misspelt_variables() {
    let data = "trigger.a: |\n  - when: pods.status.phase == 'x' && cert.ok\n    send: [t]\ntemplate.t: 'message: \
                m'\n";
    assert_eq!(findings(data, &[]), ["7:13 warning unknown-variable"]);
}

#[test]
fn files_are_checked_as_the_api_server_would() {
    let cases = [
        ("trigger.a: [1]\n", "6:14 error not-a-string"),
        ("'a b': x\n", "6:3 error bad-key"),
        (
            "template.a: 'message: a'\ntemplate.a: 'message: b'\n",
            "7:3 error duplicate-key",
        ),
    ];
    for (data, expected) in cases {
        let data = format!("{data}service.webhook.x: 'url: https://x.example.com'\n");
        let found = findings(&data, &[]);
        assert!(found.contains(&expected.to_owned()), "{data}: {found:?}");
    }
    let run = Place::new()
        .with("x.yaml", "a: [")
        .run(&["check", "x.yaml"]);
    assert_eq!(run.code, 1);
    assert!(run.stdout.contains("x.yaml:1:"), "{}", run.stdout);
    assert!(run.stdout.contains("error[bad-file]"), "{}", run.stdout);
}

#[test]
fn exit_codes() {
    let warning = config_map("trigger.a: |\n  - when: 'true'\n");
    let other = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: other}\ndata: {a: b}\n";
    let place = Place::new()
        .with("w.yaml", &warning)
        .with("other.yaml", other);
    assert_eq!(place.run(&["check", "w.yaml"]).code, 0);
    assert_eq!(place.run(&["check", "w.yaml", "--strict"]).code, 1);
    for arguments in [
        &["check", "absent.yaml"][..],
        &["check", "other.yaml"],
        &["check"],
        &["check", "w.yaml", "-o", "xml"],
        &["check", "w.yaml", "--object", "absent.yaml"],
    ] {
        let run = place.run(arguments);
        assert_eq!(
            (run.code, run.stdout.as_str()),
            (2, ""),
            "{arguments:?}: {}",
            run.stderr
        );
        assert_ne!(run.stderr, "", "{arguments:?}");
    }
    // One that is not ours does not count, but does no harm either.
    let both = place.run(&["check", "w.yaml", "other.yaml"]);
    assert!(both.stdout.ends_with("in 1 ConfigMap\n"), "{}", both.stdout);
}

#[test]
fn standard_input_and_sarif() {
    let map = config_map("trigger.a: |\n  - when: x +\n    send: [t]\n");
    let place = Place::new().with("dir cm.yaml", &map);
    let run = place.run(&["check", "-o", "sarif", "dir cm.yaml"]);
    assert_eq!(run.code, 1);
    let sarif = run.json();
    assert_eq!(sarif["version"], "2.1.0");
    let result = &sarif["runs"][0]["results"][0];
    assert_eq!(result["ruleId"], "bad-expression");
    assert_eq!(result["level"], "error");
    let rule = result["ruleIndex"].as_u64().unwrap();
    let rules = &sarif["runs"][0]["tool"]["driver"]["rules"];
    assert_eq!(
        rules[usize::try_from(rule).unwrap()]["id"],
        "bad-expression"
    );
    let place_in_file = &result["locations"][0]["physicalLocation"];
    assert_eq!(place_in_file["artifactLocation"]["uri"], "dir%20cm.yaml");
    assert_eq!(place_in_file["region"]["startLine"], 7);
    let run = place.run_with(&map, &["check", "-o", "sarif", "-"]);
    assert_eq!(run.code, 1);
    let location = run.json()["runs"][0]["results"][0]["locations"][0].clone();
    assert_eq!(location["physicalLocation"], Value::Null);
    assert!(
        place
            .run_with(&map, &["check", "-"])
            .stdout
            .starts_with("<stdin>:7:")
    );
}

#[test]
fn the_live_configuration() {
    let map = json!({
        "apiVersion": "v1", "kind": "ConfigMap",
        "metadata": {"name": "pod-notifications-cm", "namespace": "default"},
        "data": {"trigger.a": "- when: x +\n  send: [t]\n", "template.t": "message: m\n"},
    });
    on_cluster(&[("/api/v1/namespaces/default/configmaps", map)], |place| {
        let run = place.run(&["check", "--live"]);
        assert_eq!(run.code, 1, "{}", run.stderr);
        let first = "configmap/pod-notifications-cm/trigger.a:1:11: error[bad-expression]";
        assert!(run.stdout.starts_with(first), "{}", run.stdout);
        assert!(run.stdout.contains("1 | - when: x +\n"), "{}", run.stdout);
    });
}

#[test]
fn terminals_get_no_control_characters() {
    let map = config_map("trigger.a: \"- when: 'a\\e[2J' +\\n  send: ['\\e[2J']\"\n");
    let run = Place::new()
        .with("cm.yaml", &map)
        .run(&["check", "cm.yaml"]);
    assert_eq!(run.code, 1);
    assert!(!run.stdout.contains('\u{1b}'), "{}", run.stdout);
}
