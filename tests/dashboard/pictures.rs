//! The pictures of the README, drawn from the built program. `.ci/pictures` writes them.

use crate::stage::{LARGE, Stage, quit};
use crate::svg::picture;
use crate::terminal::Terminal;
use kubechime::demo::Reply;
use serde_json::{Value, json};
use std::path::PathBuf;

/// A picture that is larger is not read by anybody over a bad line.
const LARGEST: usize = 60_000;

fn directory() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("assets/pictures")
}

/// The configuration in the pictures.
fn config_map(receiver: &str) -> Value {
    json!({
        "metadata": {"name": "pod-notifications-cm", "namespace": "default"},
        "data": {
            "service.webhook.pager": format!("url: {receiver}/pager\n"),
            "service.webhook.chat": format!(
                "url: {receiver}/chat\nheaders:\n- name: Authorization\n  value: Bearer $chat-token\n"
            ),
            "template.pod-ready": "webhook:\n  chat:\n    method: POST\n    path: /ready\n    \
                body: |\n      {\"text\": \"{{.pod.metadata.name}} is ready\"}\n",
            "template.pod-oom": "webhook:\n  pager:\n    method: POST\n    body: |\n      \
                {\n        \"pod\": \"{{.pod.metadata.namespace}}/{{.pod.metadata.name}}\",\n        \
                \"node\": \"{{.pod.spec.nodeName}}\",\n        \"summary\": \"out of memory\"\n      }\n  \
                chat:\n    method: POST\n    path: /oom\n    body: |\n      \
                {\"text\": \"{{.pod.metadata.name}} ran out of memory\", \
                \"restarts\": {{(index .pod.status.containerStatuses 0).restartCount}}}\n",
            "trigger.on-oom": "- description: A container ran out of memory\n  when: >-\n    \
                any(pod.status.containerStatuses,\n      \
                {#.lastState?.terminated?.reason == 'OOMKilled'})\n  \
                oncePer: pod.metadata.uid\n  send: [pod-oom]\n",
            "trigger.on-pod-ready": "- description: The Pod is ready\n  \
                when: pod.status.phase in ['Running']\n  send: [pod-ready]\n",
            "trigger.on-restarts": "- description: Restarts again and again\n  \
                when: pod.status.containerStatuses[0].restartCount > 5\n  send: [pod-oom]\n",
        },
    })
}

fn pod((namespace, name, phase, restarts, reason): (&str, &str, &str, u32, &str)) -> Value {
    let last = match reason {
        "" => json!({}),
        _ => json!({"terminated": {"reason": reason, "exitCode": 137}}),
    };
    let subscribed =
        |trigger: &str, to: &str| format!("notifications.argoproj.io/subscribe.{trigger}.{to}");
    json!({
        "metadata": {
            "name": name, "namespace": namespace,
            "annotations": {
                subscribed("on-pod-ready", "chat"): "",
                subscribed("on-oom", "pager"): "",
                subscribed("on-oom", "chat"): "",
                subscribed("on-restarts", "pager"): "",
            },
        },
        "spec": {
            "nodeName": "node-17",
            "containers": [{"name": "app", "image": "example.com/app:1"}],
        },
        "status": {
            "phase": phase,
            "containerStatuses": [{"name": "app", "restartCount": restarts, "lastState": last}],
        },
    })
}

/// A cluster with something of everything, always the same.
fn scene() -> Stage {
    let stage = Stage::empty();
    let objects = stage.cluster.objects();
    let map = config_map(&stage.receiver.url());
    objects.put("configmaps", map).unwrap();
    let secret = json!({
        "metadata": {"name": "pod-notifications-secret", "namespace": "default"},
        "data": {"chat-token": "b3BlbiBzZXNhbWU="},
    });
    objects.put("secrets", secret).unwrap();
    let mut refused = Reply::code(404);
    refused.body = r#"{"ok": false, "error": "channel_not_found"}"#.into();
    stage.receiver.reply("/chat/oom", refused);
    for described in [
        ("shop", "cart-6b5f4c-9x8d7", "Running", 0, ""),
        ("shop", "cart-6b5f4c-k2m4n", "Running", 0, ""),
        ("shop", "catalog-77f9d-4b6s9", "Pending", 0, ""),
        ("shop", "checkout-5d8c7-xw2lp", "Running", 3, "OOMKilled"),
        ("shop", "search-7c6bd-nn4kd", "Running", 0, ""),
        ("team-a", "web-7d9f8b6c5d-abcde", "Running", 1, "Error"),
        ("team-a", "web-7d9f8b6c5d-q8zzx", "Running", 0, ""),
        ("team-a", "worker-5c7b9d-qq2lm", "Running", 9, "OOMKilled"),
        ("batch", "nightly-29101120-7kq", "Succeeded", 0, ""),
        ("batch", "hourly-29101114-b2q", "Pending", 0, ""),
    ] {
        objects.put("pods", pod(described)).unwrap();
    }
    stage
}

/// Writes what is on the screen.
fn write(terminal: &Terminal, name: &str, title: &str) {
    let svg = picture(&terminal.screen(), title);
    assert!(svg.len() < LARGEST, "{name}: {} bytes", svg.len());
    std::fs::create_dir_all(directory()).unwrap();
    std::fs::write(directory().join(format!("{name}.svg")), svg).unwrap();
}

/// Run by `.ci/pictures`: it writes into the working copy.
#[test]
#[ignore = "writes the pictures of the README"]
fn draw() {
    let stage = scene();
    let mut command = stage.command(&[]);
    command.env("KUBECHIME_UI_THEME", "dark");
    let mut terminal = Terminal::start(command, LARGE);
    // Seven are ready; two of them ran out of memory, one of these restarts again and again.
    terminal.wait_for(&["ACTIVE", " sent 10 ", " failed 2 ", "watches 1/1 live"]);
    terminal.press("/");
    terminal.type_text("worker");
    terminal.wait_for(&["2 Triggers: pod team-a/worker", "given up"]);
    terminal.press("Esc");
    terminal.wait_for(&[
        "nightly-29101120-7kq",
        "2 Triggers: pod team-a/worker",
        "given up",
    ]);
    let title = "Resources, the triggers of the selected one, the history, and the ConfigMap";
    write(&terminal, "overview", title);

    terminal.press("x");
    terminal.wait_for(&["on-oom [0]", "\"OOMKilled\"", "on the next event", "│>"]);
    let title = "Why each notification of a Pod was, or was not, sent";
    write(&terminal, "resource", title);
    terminal.press("Esc");
    terminal.wait_for(&["3 History"]);

    // The others need less room.
    terminal.resize((120, 30));
    terminal.wait_until("30 rows", |text| {
        text.contains("4 default/pod-notifications-cm") && text.lines().count() <= 30
    });
    terminal.press("3 /");
    terminal.type_text("state:failed name:worker");
    terminal.press("Enter");
    terminal.wait_for(&["filter: state:failed", "│>x "]);
    terminal.press("Enter");
    terminal.wait_for(&["POST http", "404", "\"restarts\": 9", "channel_not_found"]);
    write(
        &terminal,
        "delivery",
        "One delivery: its request, its outcome and its tries",
    );
    terminal.press("Esc");
    terminal.wait_for(&["3 History"]);

    terminal.press("4 /");
    terminal.type_text("trigger.on-restarts");
    terminal.press("Enter");
    terminal.wait_for(&["│>+ trigger.on-restarts"]);
    terminal.press("e");
    terminal.wait_for(&["C-s", "restartCount > 5", "+ names"]);
    // Fewer restarts are enough, and a template that is misspelt.
    terminal.press("Down C-e Backspace");
    terminal.type_text("2");
    terminal.press("Down C-e Backspace");
    terminal.type_text(", pod-redy]");
    terminal.wait_for(&["the template 'pod-redy' is not", "^^^^^^^^"]);
    terminal.press("Left Left Left Left A-c");
    terminal.wait_for(&[">pod-ready", "template", "the template 'pod-redy' is not"]);
    write(
        &terminal,
        "editor",
        "A trigger in the editor, with its checks, its changes and a completion",
    );
    terminal.press("Enter C-k");
    terminal.type_text("]");
    terminal.wait_for(&["send: [pod-oom, pod-ready]", "no findings"]);
    terminal.press("F6");
    terminal.wait_for(&[
        "Blast radius of trigger.on-restarts",
        "would send",
        "resources in",
    ]);
    write(
        &terminal,
        "blast",
        "What applying a draft would send, send again, stop or break",
    );
    terminal.press("Esc Esc");
    terminal.wait_for(&["4 default/pod-notifications-cm"]);
    quit(terminal);
}

#[test]
fn the_readme_shows_every_picture_and_no_other() {
    let readme = include_str!("../../README.md");
    let mut shown: Vec<&str> = readme
        .split("](assets/pictures/")
        .skip(1)
        .filter_map(|rest| rest.split(')').next())
        .collect();
    shown.sort_unstable();
    let files = std::fs::read_dir(directory()).unwrap();
    let mut files: Vec<String> = files
        .map(|file| file.unwrap().file_name().into_string().unwrap())
        .collect();
    files.sort_unstable();
    assert_eq!(shown, files);
    for file in files {
        let svg = std::fs::read_to_string(directory().join(&file)).unwrap();
        let whole = svg.starts_with("<svg ") && svg.trim_end().ends_with("</svg>");
        assert!(whole && svg.contains("<text "), "{file}");
        assert!(svg.len() < LARGEST, "{file}: {} bytes", svg.len());
    }
    let described = readme
        .lines()
        .filter(|line| line.contains("](assets/pictures/"));
    for line in described {
        assert!(!line.starts_with("![]"), "no description: {line}");
    }
}
