//! Sends what a case says, and compares the result and all that arrived anywhere.

use super::super::Difference;
use super::recorder::Recorded;
use super::requests::{Requests, compare_all, same_base};
use super::{Case, Commit, Expected, Sending, Servers, nats, smtp};
use kubechime::catalog::Catalog;
use kubechime::domain::Destination;
use kubechime::service::{self, Progress};
use kubechime::template::value::{Map, Text, Type, Value as TemplateValue};
use kubechime::template::{HostFunction, Signature, Vars, types};
use serde_json::Value;
use std::collections::BTreeMap;
use url::Url;

/// Runs one send of a case.
pub async fn run(
    catalog: &Catalog,
    sending: &Sending,
    expected: &Expected,
    case: &Case,
    named_vars: &BTreeMap<String, Value>,
    servers: &Servers,
) -> Result<(), Difference> {
    let (result, prepared) = attempt(catalog, sending, expected, case, named_vars, servers).await;
    let mut differences = Difference::default();
    if result.is_ok() != (expected.result == "ok") {
        let text = format!("expected {}, got {result:?}", expected.result);
        differences.add(Difference::of("result", text));
    }
    let requests = match prepared {
        Some(prepared) => Requests::Prepared(prepared),
        None => Requests::Arrived(servers.http.take()),
    };
    let compared = [
        compare_all(&expected.requests, requests, expected.unordered),
        smtp::compare(&expected.smtp, servers.smtp.take()),
        nats::compare(&expected.nats, servers.nats.take()),
    ];
    for difference in compared.into_iter().filter_map(Result::err) {
        differences.add(difference);
    }
    differences.into_result()
}

/// Sends for real; or, where the target is not the recording server, only prepares: no request may
/// leave the machine.
async fn attempt(
    catalog: &Catalog,
    sending: &Sending,
    expected: &Expected,
    case: &Case,
    named_vars: &BTreeMap<String, Value>,
    servers: &Servers,
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
    if let Some(commit) = &case.repo_commit {
        vars.function("repo", "GetCommitMetadata", commit_metadata(commit));
    }
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
    let here = [servers.http.url(), servers.http.tls_url()];
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
    let mut clock = Clock::default();
    let mut follow = |progress| clock.follow(&progress);
    let sent = service::send_series(service, &notification, &to, &mut follow).await;
    (sent.map(|_| ()).map_err(|error| error.to_string()), None)
}

/// What the host application knows of every commit.
fn commit_metadata(commit: &Commit) -> HostFunction {
    const STRING: &[Type] = &[Type::String];
    let members = [
        ("Message", commit.message.clone()),
        ("Author", commit.author.clone()),
    ];
    HostFunction::new(
        "GetCommitMetadata",
        Signature::fixed(STRING, types::DICT),
        move |_, _| {
            let members = members
                .clone()
                .map(|(name, text)| (Text::from(name), TemplateValue::from(text)));
            Ok(TemplateValue::Map(Map::new(members)?))
        },
    )
}

/// Lets the waits of a series pass at once. Only the waits: a clock that stands still during a
/// request would run to its time limit as soon as nothing but the network is waited for.
#[derive(Default)]
struct Clock {
    paused: bool,
}

impl Clock {
    fn follow(&mut self, progress: &Progress) {
        match progress {
            Progress::Ended(attempt) if attempt.next_ms.is_some() => {
                tokio::time::pause();
                self.paused = true;
            }
            Progress::Begun { .. } if self.paused => {
                tokio::time::resume();
                self.paused = false;
            }
            _ => {}
        }
    }
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
