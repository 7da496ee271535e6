//! The wire vectors: what each service sends, case by case, against a recording server. Format and
//! matching rules are those of `tests/vectors/wire/README.md`. Files of service types that do not
//! exist here are passed over.

#[path = "../support/recorder.rs"]
#[allow(dead_code, reason = "each test file uses its own part of the support")]
mod recorder;

use super::{Report, folder, known_differences};
use kubechime::catalog::{BuildOptions, Catalog, ConfigSource, KeyState};
use kubechime::domain::Destination;
use kubechime::service::{self, ServiceContext};
use kubechime::template::Vars;
use recorder::{Recorded, Recorder, Rule};
use serde::Deserialize;
use serde_json::Value;
use std::collections::BTreeMap;
use url::Url;

/// Services whose host is fixed in the original: type, host, and the option that leads them to the
/// recording server here.
const FIXED_HOSTS: [(&str, &str, &str); 2] = [
    ("pushover", "https://api.pushover.net", "apiUrl"),
    ("telegram", "https://api.telegram.org", "apiUrl"),
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
fn check(raw: &Value, file: &Value) -> Result<(), String> {
    let server = Recorder::start(Vec::new());
    let mut filled = fill(
        &serde_json::json!({
            "vars": file["vars"],
            "cases": [raw],
        }),
        &server,
    );
    redirect(&mut filled["cases"][0], &server);
    let file: File = serde_json::from_value(filled).map_err(|error| error.to_string())?;
    let case = &file.cases[0];
    server.set_rules(case.responses.iter().map(rule).collect());

    let catalog = load(case);
    let broken: Vec<String> = catalog
        .keys
        .values()
        .filter(|key| !matches!(key.state, KeyState::Ok | KeyState::Warning))
        .map(|key| format!("{:?}", key.diagnostics))
        .collect();
    if broken.is_empty() != case.load.ok {
        return Err(format!(
            "loading: expected ok {}, got {broken:?}",
            case.load.ok
        ));
    }
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| error.to_string())?;
    for (number, sending) in case.sends.iter().enumerate() {
        if let Some(expected) = &sending.expect {
            runtime
                .block_on(send(&catalog, sending, expected, &file.vars, &server))
                .map_err(|difference| format!("send {number}: {difference}"))?;
        }
    }
    Ok(())
}

/// Leads the services with a fixed host to the recording server.
fn redirect(case: &mut Value, server: &Recorder) {
    for service in case["services"].as_array_mut().into_iter().flatten() {
        let option = FIXED_HOSTS
            .iter()
            .find(|(service_type, _, _)| service["type"] == *service_type);
        if let (Some((_, _, option)), Some(config)) = (option, service["config"].as_str()) {
            service["config"] = format!("{config}\n{option}: {}\n", server.url()).into();
        }
    }
    for sending in case["sends"].as_array_mut().into_iter().flatten() {
        let requests = sending.pointer_mut("/expect/requests");
        for request in requests.and_then(Value::as_array_mut).into_iter().flatten() {
            let fixed = |(_, host, _): &(&str, &str, &str)| request["base"] == *host;
            if FIXED_HOSTS.iter().any(fixed) {
                request["base"] = server.url().into();
            }
        }
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
    Catalog::build(
        &source,
        None,
        &BuildOptions::new(ServiceContext::default(), "argocd"),
    )
}

async fn send(
    catalog: &Catalog,
    sending: &Sending,
    expected: &Expected,
    named_vars: &BTreeMap<String, Value>,
    server: &Recorder,
) -> Result<(), String> {
    let (result, prepared) = attempt(catalog, sending, named_vars, expected, server).await;
    let ok = expected.result == "ok";
    if result.is_ok() != ok {
        return Err(format!("expected {}, got {result:?}", expected.result));
    }
    let arrived = match prepared {
        Some(prepared) => prepared,
        None => server.take(),
    };
    compare_all(&expected.requests, arrived, expected.unordered)
}

/// Sends for real; or, where the target is not the recording server, only prepares: no request may
/// leave the machine.
async fn attempt(
    catalog: &Catalog,
    sending: &Sending,
    named_vars: &BTreeMap<String, Value>,
    expected: &Expected,
    server: &Recorder,
) -> (Result<(), String>, Option<Vec<Recorded>>) {
    let to = Destination::new(
        sending.destination.service.as_str(),
        sending.destination.recipient.as_str(),
    );
    let named = sending.vars.as_str().and_then(|name| named_vars.get(name));
    let mut vars = Vars::new();
    for (name, value) in named
        .unwrap_or(&sending.vars)
        .as_object()
        .into_iter()
        .flatten()
    {
        vars.json(name, value);
    }
    service::add_destination(&mut vars, &to);
    let mut templates = Vec::new();
    for name in &sending.templates {
        match catalog.templates.get(name) {
            Some(template) => templates.push(template.clone()),
            None => return (Err(format!("template '{name}' is not supported")), None),
        }
    }
    let Some(entry) = catalog.services.get(&*to.service) else {
        return (
            Err(format!(
                "notification service '{}' is not supported",
                to.service
            )),
            None,
        );
    };
    let service = &*entry.service;
    let rendered = service::render(&templates, &vars, service.service_type(), service.name());
    let notification = match rendered {
        Ok(notification) => notification,
        Err(error) => return (Err(error.to_string()), None),
    };
    let here = [server.url(), server.tls_url()];
    let elsewhere = expected.requests.iter().any(|request| {
        let base = request["base"].as_str().unwrap_or_default();
        !here.iter().any(|here| same_base(here, base))
    });
    let prepared = service.prepare(&notification, &to);
    let leaves = prepared
        .iter()
        .flatten()
        .any(|request| !stays_here(&request.url));
    if elsewhere || leaves {
        return match prepared {
            Ok(requests) => (Ok(()), Some(requests.iter().map(as_recorded).collect())),
            Err(error) => (Err(error.to_string()), Some(Vec::new())),
        };
    }
    let sent = service::send_series(service, &notification, &to, &mut |_| {}).await;
    (sent.map(|_| ()).map_err(|error| error.to_string()), None)
}

/// Whether a request to this URL stays on the machine; a name that cannot be resolved does.
fn stays_here(url: &str) -> bool {
    let Ok(url) = Url::parse(url) else {
        return true;
    };
    url.host_str().is_none_or(|host| {
        host == "localhost" || host.starts_with("127.") || host.ends_with(".invalid")
    })
}

fn as_recorded(request: &service::PreparedRequest) -> Recorded {
    let (base, rest) = match Url::parse(&request.url) {
        Ok(url) => (url.origin().ascii_serialization(), url),
        Err(error) => panic!("{}: {error}", request.url),
    };
    Recorded {
        method: request.method.clone(),
        base,
        path: rest.path().to_owned(),
        query: rest.query().unwrap_or_default().to_owned(),
        headers: request
            .headers
            .iter()
            .map(|(name, value)| (name.to_ascii_lowercase(), value.clone()))
            .collect(),
        body: request.body.clone(),
    }
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

/// The value with every placeholder filled in.
fn fill(value: &Value, server: &Recorder) -> Value {
    match value {
        Value::String(text) => Value::String(fill_text(text, server)),
        Value::Array(items) => items.iter().map(|item| fill(item, server)).collect(),
        Value::Object(members) => members
            .iter()
            .map(|(name, member)| (fill_text(name, server), fill(member, server)))
            .collect(),
        other => other.clone(),
    }
}

fn fill_text(text: &str, server: &Recorder) -> String {
    let (url, tls_url) = (server.url(), server.tls_url());
    let host = url.trim_start_matches("http://");
    text.replace("{{SERVER}}", &url)
        .replace("{{SERVER_HOSTPORT}}", host)
        .replace(
            "{{SERVER_PORT}}",
            host.rsplit(':').next().unwrap_or_default(),
        )
        .replace("{{TLS_SERVER}}", &tls_url)
        .replace("{{TLS_HOSTPORT}}", tls_url.trim_start_matches("https://"))
}

fn compare_all(expected: &[Value], arrived: Vec<Recorded>, unordered: bool) -> Result<(), String> {
    let mut left = arrived;
    for wanted in expected {
        let optional = wanted["optional"] == true;
        let candidates = if unordered {
            left.len()
        } else {
            left.len().min(1)
        };
        let mut difference = "no such request arrived".to_owned();
        let found = (0..candidates).find(|at| match compare(wanted, &left[*at]) {
            Ok(()) => true,
            Err(text) => {
                difference = text;
                false
            }
        });
        match found {
            Some(at) => {
                left.remove(at);
            }
            None if optional => {}
            None => {
                return Err(format!(
                    "{difference}\n    wanted {wanted}\n    left {left:?}"
                ));
            }
        }
    }
    if left.is_empty() {
        Ok(())
    } else {
        Err(format!("{} more requests arrived: {left:?}", left.len()))
    }
}

fn compare(wanted: &Value, got: &Recorded) -> Result<(), String> {
    let text = |name: &str| wanted[name].as_str().unwrap_or_default();
    let same = |what: &str, wanted: &str, got: &str| {
        if wanted == got {
            Ok(())
        } else {
            Err(format!("{what}: wanted {wanted:?}, got {got:?}"))
        }
    };
    same("method", text("method"), &got.method)?;
    if !same_base(text("base"), &got.base) {
        return Err(format!(
            "base: wanted {:?}, got {:?}",
            text("base"),
            got.base
        ));
    }
    same(
        "path",
        &decoded_path(text("path")),
        &decoded_path(&got.path),
    )?;
    if pairs(text("query").as_bytes()) != pairs(got.query.as_bytes()) {
        return Err(format!(
            "query: wanted {:?}, got {:?}",
            text("query"),
            got.query
        ));
    }
    for (name, value) in wanted["headers"].as_object().into_iter().flatten() {
        let mut wanted = value.as_str().unwrap_or_default();
        let mut found = got.header(&name.to_ascii_lowercase()).unwrap_or("(absent)");
        if name.eq_ignore_ascii_case("content-type") {
            wanted = wanted.split(';').next().unwrap_or_default().trim();
            found = found.split(';').next().unwrap_or_default().trim();
        }
        // A prepared request cannot know what an earlier one will be answered.
        if found != "(from the login)" {
            same(name, wanted, found)?;
        }
    }
    if let Some(wanted) = wanted.get("jwt") {
        compare_jwt(wanted, got.header("authorization").unwrap_or_default())?;
    }
    compare_body(&wanted["body"], &got.body)
}

fn compare_body(wanted: &Value, got: &[u8]) -> Result<(), String> {
    let shown = || String::from_utf8_lossy(got).into_owned();
    let agree = match wanted["kind"].as_str().unwrap_or("any") {
        "any" => true,
        "empty" => got.is_empty(),
        "text" => wanted["text"].as_str().unwrap_or_default().as_bytes() == got,
        "form" => {
            let names: Vec<&str> = wanted["optional"]
                .as_array()
                .into_iter()
                .flatten()
                .filter_map(Value::as_str)
                .collect();
            let form: Vec<(String, Value)> =
                serde_json::from_value(wanted["pairs"].clone()).unwrap_or_default();
            let mut left = pairs(got);
            form.iter().all(|(name, value)| {
                let fits = |(found, text): &(String, String)| {
                    found == name && matches(value, &Value::from(text.as_str()))
                };
                match left.iter().position(fits) {
                    Some(at) => {
                        left.remove(at);
                        true
                    }
                    None => names.contains(&name.as_str()),
                }
            }) && left.is_empty()
        }
        "json" => match serde_json::from_slice::<Value>(got) {
            Ok(found) => match wanted.get("json_min") {
                Some(least) => between(least, &wanted["json"], &found),
                None => matches(&wanted["json"], &found),
            },
            Err(_) => false,
        },
        other => return Err(format!("unknown kind of body {other}")),
    };
    if agree {
        Ok(())
    } else {
        Err(format!("body: wanted {wanted}, got {:?}", shown()))
    }
}

/// Equality by the rules of the vectors: numbers by value, null as absent, and matchers.
fn matches(wanted: &Value, got: &Value) -> bool {
    if let Some(answer) = by_matcher(wanted, got) {
        return answer;
    }
    match (wanted, got) {
        (Value::Object(wanted), Value::Object(got)) => {
            let names = wanted.keys().chain(got.keys());
            names.into_iter().all(|name| {
                let of = |members: &serde_json::Map<String, Value>| {
                    members.get(name).cloned().unwrap_or_default()
                };
                matches(&of(wanted), &of(got))
            })
        }
        (Value::Array(wanted), Value::Array(got)) => {
            wanted.len() == got.len() && wanted.iter().zip(got).all(|(w, g)| matches(w, g))
        }
        (Value::Number(wanted), Value::Number(got)) => wanted.as_f64() == got.as_f64(),
        (wanted, got) => wanted == got,
    }
}

fn by_matcher(wanted: &Value, got: &Value) -> Option<bool> {
    if wanted.get("$any").is_some() {
        return Some(true);
    }
    if let Some(pattern) = wanted.get("$regex").and_then(Value::as_str) {
        let text = match got {
            Value::String(text) => text.clone(),
            other => other.to_string(),
        };
        return Some(regex::Regex::new(pattern).is_ok_and(|pattern| pattern.is_match(&text)));
    }
    if let Some(json) = wanted.get("$json") {
        let inner = got
            .as_str()
            .and_then(|text| serde_json::from_str(text).ok());
        return Some(inner.is_some_and(|inner| matches(json, &inner)));
    }
    let count = wanted.get("$chars").and_then(Value::as_u64)?;
    // Of long texts only the number of characters is compared.
    Some(
        got.as_str()
            .is_some_and(|text| text.chars().count() as u64 == count),
    )
}

/// Between the two: each member that is only in `most` may be missing.
fn between(least: &Value, most: &Value, got: &Value) -> bool {
    match (most, got) {
        (Value::Object(all), Value::Object(found)) if by_matcher(most, got).is_none() => {
            let known = found
                .keys()
                .all(|name| all.contains_key(name) || found[name].is_null());
            known
                && all
                    .iter()
                    .all(|(name, wanted)| match (least.get(name), found.get(name)) {
                        (None, None | Some(Value::Null)) => true,
                        (None, Some(got)) => matches(wanted, got),
                        (Some(least), got) => between(least, wanted, got.unwrap_or(&Value::Null)),
                    })
        }
        (Value::Array(all), Value::Array(found)) => {
            all.len() == found.len()
                && all
                    .iter()
                    .zip(found)
                    .enumerate()
                    .all(|(at, (wanted, got))| {
                        between(least.get(at).unwrap_or(&Value::Null), wanted, got)
                    })
        }
        _ => matches(most, got),
    }
}

fn compare_jwt(wanted: &Value, authorization: &str) -> Result<(), String> {
    use base64::Engine as _;
    let token = authorization.trim_start_matches("Bearer ");
    let part = |at: usize| -> Option<Value> {
        let bytes = base64::engine::general_purpose::URL_SAFE_NO_PAD
            .decode(token.split('.').nth(at)?)
            .ok()?;
        serde_json::from_slice(&bytes).ok()
    };
    let (Some(head), Some(claims)) = (part(0), part(1)) else {
        return Err(format!("no JWT in {authorization:?}"));
    };
    let seconds = |name: &str| claims[name].as_f64().unwrap_or_default();
    let lifetime = seconds("exp") - seconds("iat");
    let lifetime_fits = wanted["lifetime_s"].as_f64() == Some(lifetime);
    let issuer = |value: &Value| value.to_string().trim_matches('"').to_owned();
    if wanted["alg"] == head["alg"]
        && issuer(&wanted["iss"]) == issuer(&claims["iss"])
        && lifetime_fits
    {
        Ok(())
    } else {
        Err(format!("JWT: wanted {wanted}, got {head} {claims}"))
    }
}

fn same_base(wanted: &str, got: &str) -> bool {
    let origin = |text: &str| {
        let text = text.replacen("://localhost", "://127.0.0.1", 1);
        Url::parse(&text).map(|url| url.origin())
    };
    matches!((origin(wanted), origin(got)), (Ok(wanted), Ok(got)) if wanted == got)
}

/// The path with each segment decoded; an encoded slash stays apart from a plain one.
fn decoded_path(path: &str) -> String {
    let decoded = path.split('/').map(|segment| {
        let plus = segment.replace('+', "%2B");
        let pair = pairs(plus.as_bytes()).pop().unwrap_or_default();
        pair.0.replace('/', "\u{0}")
    });
    decoded.collect::<Vec<_>>().join("/")
}

fn pairs(text: &[u8]) -> Vec<(String, String)> {
    let mut pairs: Vec<(String, String)> = url::form_urlencoded::parse(text).into_owned().collect();
    pairs.sort();
    pairs
}
