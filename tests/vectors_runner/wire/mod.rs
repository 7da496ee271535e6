//! The wire vectors: what each service sends, case by case, against recording servers. Format and
//! matching rules are those of `tests/vectors/wire/README.md`. Files of service types that do not
//! exist here are passed over.
//!
//! Here are the files and cases and how one is run; what is sent (`sending`), how it is compared
//! (`requests`, `smtp`, `nats`, by the rules in `matching`) and the `placeholders` have their own
//! files.

mod matching;
mod nats;
#[path = "../../support/nats.rs"]
#[allow(dead_code, reason = "each test file uses its own part of the support")]
mod nats_server;
mod placeholders;
#[path = "../../support/recorder.rs"]
#[allow(dead_code, reason = "each test file uses its own part of the support")]
mod recorder;
mod requests;
mod sending;
mod smtp;
#[path = "../../support/smtp.rs"]
#[allow(dead_code, reason = "each test file uses its own part of the support")]
mod smtp_server;

use super::{Difference, Report, folder, known_differences};
use kubechime::catalog::{BuildOptions, Catalog, ConfigSource, KeyState};
use kubechime::service::{self, Environment, ServiceContext};
use nats_server::NatsServer;
use placeholders::Placeholders;
use recorder::{Recorder, Rule};
use serde::Deserialize;
use serde_json::Value;
use smtp_server::SmtpServer;
use std::collections::BTreeMap;

/// Services whose host is fixed in the original, or by default: type, host, the option that leads
/// them to the recording server here, and the path that they then put before all others.
const FIXED_HOSTS: [(&str, &str, &str, &str); 5] = [
    (
        "github",
        "https://api.github.com",
        "enterpriseBaseURL",
        "/api/v3",
    ),
    ("pagerduty", "https://api.pagerduty.com", "apiUrl", ""),
    ("pagerdutyv2", "https://events.pagerduty.com", "apiUrl", ""),
    ("pushover", "https://api.pushover.net", "apiUrl", ""),
    ("telegram", "https://api.telegram.org", "apiUrl", ""),
];

#[derive(Deserialize)]
struct File {
    vars: BTreeMap<String, Value>,
    cases: Vec<Case>,
}

#[derive(Deserialize)]
struct Case {
    services: Vec<Configured>,
    #[serde(default)]
    secret: BTreeMap<String, String>,
    #[serde(default)]
    templates: BTreeMap<String, String>,
    #[serde(default)]
    responses: Vec<Response>,
    /// The environment variables that there are.
    #[serde(default)]
    env: BTreeMap<String, String>,
    /// The metadata of every commit, where the host knows commits.
    repo_commit: Option<Commit>,
    load: Load,
    #[serde(default)]
    sends: Vec<Sending>,
}

#[derive(Deserialize)]
struct Configured {
    #[serde(rename = "type")]
    service_type: String,
    name: String,
    config: String,
}

#[derive(Deserialize)]
struct Response {
    #[serde(rename = "match")]
    fits: Fits,
    #[serde(default)]
    status: u16,
    #[serde(default)]
    headers: BTreeMap<String, String>,
    #[serde(default)]
    body: String,
    #[serde(default)]
    close: bool,
    times: Option<u64>,
}

#[derive(Deserialize)]
struct Fits {
    method: Option<String>,
    path: Option<String>,
    path_prefix: Option<String>,
    base: Option<String>,
}

#[derive(Deserialize)]
struct Commit {
    message: String,
    author: String,
}

#[derive(Deserialize)]
struct Load {
    ok: bool,
}

#[derive(Deserialize)]
struct Sending {
    templates: Vec<String>,
    vars: Value,
    destination: To,
    expect: Option<Expected>,
}

#[derive(Deserialize)]
struct To {
    service: String,
    recipient: String,
}

#[derive(Deserialize)]
struct Expected {
    result: String,
    #[serde(default)]
    requests: Vec<Value>,
    #[serde(default)]
    unordered: bool,
    /// Sessions with the mail server.
    #[serde(default)]
    smtp: Vec<Value>,
    /// Connections to the NATS server.
    #[serde(default)]
    nats: Vec<Value>,
}

/// The servers that a case talks to.
struct Servers {
    http: Recorder,
    smtp: SmtpServer,
    nats: NatsServer,
}

/// Replays the files of all service types that there are.
pub fn run() {
    let known = known_differences();
    let mut report = Report::default();
    let mut paths: Vec<_> = std::fs::read_dir(folder().join("wire"))
        .map(|entries| {
            entries
                .filter_map(|entry| Some(entry.ok()?.path()))
                .collect()
        })
        .unwrap_or_default();
    paths.retain(|path| {
        path.extension()
            .is_some_and(|extension| extension == "json")
    });
    paths.sort();
    for path in paths {
        let text = std::fs::read_to_string(&path).expect("a readable file");
        let file: Value = serde_json::from_str(&text).expect("JSON");
        let name = file["service"].as_str().unwrap_or_default().to_owned();
        if !service::known_types().any(|known| known == name) {
            continue;
        }
        for raw in file["cases"].as_array().expect("a list of cases") {
            let id = raw["id"].as_str().expect("an id");
            report.note(&known, id, &name, check(raw, &file));
        }
    }
    report.finish("wire");
}

/// Runs one case; `Err` says how it differs. The case and the variables are read again for each:
/// the placeholders have other values each time.
fn check(raw: &Value, file: &Value) -> Result<(), Difference> {
    let servers = Servers {
        http: Recorder::start(Vec::new()),
        smtp: SmtpServer::start(smtp::behaviour(&raw["smtp"])),
        nats: NatsServer::start(nats::behaviour(&raw["nats"])),
    };
    let mut placeholders = Placeholders::new(&servers.http.url(), &servers.http.tls_url());
    placeholders.add("{{SMTP_PORT}}", servers.smtp.port().to_string());
    placeholders.add("{{NATS_PORT}}", servers.nats.port().to_string());
    let mut filled = placeholders.fill(&serde_json::json!({
        "vars": file["vars"],
        "cases": [raw],
    }));
    redirect(&mut filled["cases"][0], &servers.http);
    let file: File = serde_json::from_value(filled).map_err(|error| error.to_string())?;
    let case = &file.cases[0];
    servers
        .http
        .set_rules(case.responses.iter().map(rule).collect());

    let catalog = load(case);
    let broken: Vec<String> = catalog
        .keys
        .values()
        .filter(|key| !matches!(key.state, KeyState::Ok | KeyState::Warning))
        .map(|key| format!("{:?}", key.diagnostics))
        .collect();
    if broken.is_empty() != case.load.ok {
        let text = format!("loading: expected ok {}, got {broken:?}", case.load.ok);
        return Err(Difference::of("load", text));
    }
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| error.to_string())?;
    let mut differences = Difference::default();
    for (number, sending) in case.sends.iter().enumerate() {
        let Some(expected) = &sending.expect else {
            continue;
        };
        let result = runtime.block_on(sending::run(
            &catalog, sending, expected, case, &file.vars, &servers,
        ));
        if let Err(mut difference) = result {
            difference.text = format!("send {number}: {}", difference.text);
            differences.add(difference);
        }
    }
    differences.into_result()
}

/// Leads the services with a fixed host to the recording server.
fn redirect(case: &mut Value, server: &Recorder) {
    for service in case["services"].as_array_mut().into_iter().flatten() {
        let fixed = FIXED_HOSTS
            .iter()
            .find(|(service_type, _, _, _)| service["type"] == *service_type);
        let (Some((_, host, option, below)), Some(config)) = (fixed, service["config"].as_str())
        else {
            continue;
        };
        if config.contains(option) {
            continue;
        }
        service["config"] = format!("{config}\n{option}: {}\n", server.url()).into();
        for response in case["responses"].as_array_mut().into_iter().flatten() {
            for key in ["path", "path_prefix"] {
                put_before(&mut response["match"], key, below);
            }
        }
        for sending in case["sends"].as_array_mut().into_iter().flatten() {
            let requests = sending.pointer_mut("/expect/requests");
            for request in requests.and_then(Value::as_array_mut).into_iter().flatten() {
                if request["base"] == *host {
                    request["base"] = server.url().into();
                    put_before(request, "path", below);
                }
            }
        }
        // A case has one service of a type at most.
        return;
    }
}

/// Puts a path before the one that stands under this key.
fn put_before(holder: &mut Value, key: &str, below: &str) {
    if let Some(path) = holder[key].as_str() {
        holder[key] = format!("{below}{path}").into();
    }
}

fn load(case: &Case) -> Catalog {
    let mut source = ConfigSource {
        namespace: "argocd".into(),
        name: "cm".into(),
        found: true,
        secret_found: true,
        ..ConfigSource::default()
    };
    for service in &case.services {
        let key = if service.name == service.service_type {
            format!("service.{}", service.service_type)
        } else {
            format!("service.{}.{}", service.service_type, service.name)
        };
        source.data.insert(key, service.config.clone());
    }
    for (name, text) in &case.templates {
        source.data.insert(format!("template.{name}"), text.clone());
    }
    for (name, value) in &case.secret {
        source
            .secret
            .insert(name.clone(), value.clone().into_bytes());
    }
    let context = ServiceContext {
        environment: Environment::fixed(case.env.clone()),
        ..ServiceContext::default()
    };
    Catalog::build(&source, None, &BuildOptions::new(context, "argocd"))
}

fn rule(response: &Response) -> Rule {
    let fits = &response.fits;
    Rule {
        method: fits.method.clone(),
        path: fits.path.clone(),
        path_prefix: fits.path_prefix.clone(),
        base: fits.base.clone(),
        times: response.times,
        status: response.status,
        headers: response.headers.clone().into_iter().collect(),
        body: response.body.clone(),
        close: response.close,
        hang: false,
    }
}
