//! Rendering of a Slack-like notification over a 10 kB Pod, against a hand-written `format!` of the
//! same text from the same JSON.
//!
//! Prints the median time of one rendering and the ratio to the baseline of the same run.

use kubechime::template::{Language, Template, Vars};
use serde_json::{Value, json};
use std::fmt::Write as _;
use std::hint::black_box;
use std::time::{Duration, Instant};

const SLACK: &str = r##"[{
  "title": "{{.pod.metadata.name}}",
  "title_link": "{{.context.dashboardUrl}}/#/pod/{{.pod.metadata.namespace}}/{{.pod.metadata.name}}",
  "color": "{{if eq .pod.status.phase "Running"}}#18be52{{else}}#E96D76{{end}}",
  "fields": [{
    "title": "Phase", "value": "{{.pod.status.phase}}", "short": true
  }, {
    "title": "Node", "value": {{.pod.spec.nodeName | default "none" | toJson}}, "short": true
  }{{range $index, $c := .pod.status.conditions}}, {
    "title": "{{$c.type}}", "value": "{{$c.status}}{{if $c.reason}} ({{$c.reason | upper}}){{end}}", "short": true
  }{{end}}{{range .pod.status.containerStatuses}}, {
    "title": {{printf "Container %s" .name | toJson}}, "value": "{{.restartCount}} restarts", "short": true
  }{{end}}]
}]"##;

const SIMPLE: &str = "Pod {{.pod.metadata.name}} is {{.pod.status.phase}}.";

const HANDLEBARS: &str = "Pod {{pod.metadata.name}} is {{pod.status.phase}}.";

fn pod() -> Value {
    let environment: Vec<Value> = (0..150)
        .map(
            |i| json!({"name": format!("VARIABLE_{i}"), "value": format!("value of variable {i}")}),
        )
        .collect();
    json!({
        "apiVersion": "v1", "kind": "Pod",
        "metadata": {
            "name": "web-7d4b9c6f5-x2x9z", "namespace": "prod", "labels": {"app": "web"},
            "annotations": {"note": "x".repeat(1500)},
        },
        "spec": {"nodeName": "node-3", "containers": [{"name": "app", "env": environment}]},
        "status": {
            "phase": "Running",
            "conditions": [
                {"type": "Initialized", "status": "True"},
                {"type": "Ready", "status": "False", "reason": "ContainersNotReady"},
                {"type": "ContainersReady", "status": "False", "reason": "ContainersNotReady"},
                {"type": "PodScheduled", "status": "True"},
            ],
            "containerStatuses": [
                {"name": "app", "restartCount": 7}, {"name": "sidecar", "restartCount": 0},
            ],
        },
    })
}

fn text<'j>(value: &'j Value, path: &str) -> &'j str {
    value
        .pointer(path)
        .and_then(Value::as_str)
        .unwrap_or("<no value>")
}

fn by_hand(pod: &Value, context: &Value) -> String {
    let name = text(pod, "/metadata/name");
    let phase = text(pod, "/status/phase");
    let mut out = String::new();
    let _ = write!(
        out,
        "[{{\n  \"title\": \"{name}\",\n  \"title_link\": \"{}/#/pod/{}/{name}\",\n  \"color\": \"{}\",\n  \
         \"fields\": [{{\n    \"title\": \"Phase\", \"value\": \"{phase}\", \"short\": true\n  }}, {{\n    \
         \"title\": \"Node\", \"value\": {}, \"short\": true\n  }}",
        text(context, "/dashboardUrl"),
        text(pod, "/metadata/namespace"),
        if phase == "Running" {
            "#18be52"
        } else {
            "#E96D76"
        },
        serde_json::to_string(text(pod, "/spec/nodeName")).unwrap_or_default(),
    );
    let list = |path| {
        pod.pointer(path)
            .and_then(Value::as_array)
            .into_iter()
            .flatten()
    };
    for condition in list("/status/conditions") {
        let reason = condition.get("reason").and_then(Value::as_str);
        let reason = reason.map(|reason| format!(" ({})", reason.to_uppercase()));
        let _ = write!(
            out,
            ", {{\n    \"title\": \"{}\", \"value\": \"{}{}\", \"short\": true\n  }}",
            text(condition, "/type"),
            text(condition, "/status"),
            reason.unwrap_or_default(),
        );
    }
    for status in list("/status/containerStatuses") {
        let title = format!("Container {}", text(status, "/name"));
        let _ = write!(
            out,
            ", {{\n    \"title\": {}, \"value\": \"{} restarts\", \"short\": true\n  }}",
            serde_json::to_string(&title).unwrap_or_default(),
            status
                .get("restartCount")
                .and_then(Value::as_i64)
                .unwrap_or(0),
        );
    }
    out + "]\n}]"
}

/// The median time of one call.
fn median(mut run: impl FnMut()) -> Duration {
    const SAMPLES: usize = 51;
    const CALLS: u32 = 400;
    let mut samples: Vec<Duration> = (0..SAMPLES)
        .map(|_| {
            let start = Instant::now();
            for _ in 0..CALLS {
                run();
            }
            start.elapsed() / CALLS
        })
        .collect();
    samples.sort_unstable();
    samples[SAMPLES / 2]
}

fn main() {
    let pod = pod();
    let context = json!({"dashboardUrl": "https://dash.example.com"});
    let vars = || {
        let mut vars = Vars::new();
        vars.json("pod", &pod)
            .json("context", &context)
            .text("serviceType", "slack")
            .text("recipient", "alerts");
        vars
    };
    let parse = |language, source| {
        Template::parse(language, "bench", source).unwrap_or_else(|error| panic!("{error}"))
    };
    let slack = parse(Language::Gotemplate, SLACK);
    assert_eq!(
        slack.render(&vars()).as_deref(),
        Ok(by_hand(&pod, &context).as_str())
    );
    let simple = parse(Language::Gotemplate, SIMPLE);
    let handlebars = parse(Language::Handlebars, HANDLEBARS);

    println!("Pod of {} bytes", pod.to_string().len());
    let baseline = median(|| {
        black_box(by_hand(black_box(&pod), &context));
    });
    println!("{:>24} {:>10.2?}", "format! by hand", baseline);
    let show = |name: &str, time: Duration| {
        let ratio = time.as_secs_f64() / baseline.as_secs_f64();
        println!("{name:>24} {time:>10.2?}  {ratio:.2} of the baseline");
    };
    let render = |template: &Template| {
        median(|| {
            black_box(template.render(black_box(&vars()))).ok();
        })
    };
    show("slack attachment", render(&slack));
    show("one line", render(&simple));
    show("one line, handlebars", render(&handlebars));
    show(
        "parse slack attachment",
        median(|| {
            black_box(parse(Language::Gotemplate, black_box(SLACK)));
        }),
    );
}
