//! From an HTTP request to its answer: who asks, what for, what goes wrong on purpose, and which
//! part of the cluster carries it out.

use super::access::{self, Tokens};
use super::body::{self, Answer};
use super::collect;
use super::faults::{Fault, Faults, Subject};
use super::list;
use super::negotiate::Form;
use super::object::{meta_mut, uuid};
use super::paths;
use super::present::Presenter;
use super::read::read_body;
use super::recorder::{RecordedRequest, Requests};
use super::request::{Query, Target, Verb};
use super::resource::{Registry, Resource};
use super::selector::Selector;
use super::status::ApiError;
use super::store::{Collection, Expect, Key, Stored, key};
use super::subresource::scale_of;
use super::watch;
use super::write::{Write, Written};
use bytes::{Bytes, BytesMut};
use http::request::Parts;
use http::{HeaderMap, HeaderValue, Method, Response, header};
use http_body_util::BodyExt as _;
use hyper::body::Incoming;
use serde_json::Value;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};
use tokio::runtime::Handle;

/// Longer request bodies are refused, as by the real server.
const LONGEST_BODY: usize = 3 * 1024 * 1024;

/// After so many bytes even the patience for refused bodies ends.
const LONGEST_DRAINED: usize = 64 * 1024 * 1024;

/// The state of a simulated cluster, shared by all its connections.
pub(super) struct Cluster {
    pub registry: Registry,
    pub faults: Faults,
    pub requests: Requests,
    pub tokens: Tokens,
    pub bookmark_interval: Duration,
    pub pod_termination: Duration,
    pub runtime: Handle,
    pub random: AtomicU64,
}

impl Cluster {
    /// The next pseudo-random number: well mixed, not for secrets.
    pub fn random(&self) -> u64 {
        let seed = self
            .random
            .fetch_add(0x9e37_79b9_7f4a_7c15, Ordering::Relaxed);
        let mixed = (seed ^ (seed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    pub fn uid(&self) -> String {
        uuid(self.random(), self.random())
    }

    /// Refuses objects of namespaces that are not there.
    pub fn require_namespace(&self, namespace: &str) -> Result<(), ApiError> {
        let Some(namespaces) = self.registry.find("", "namespaces") else {
            return Err(ApiError::no_such_path());
        };
        if namespaces.get(&key("", namespace)).is_some() {
            return Ok(());
        }
        Err(ApiError::not_found(&namespaces.resource(), namespace))
    }

    /// What a written object sets going: definitions serve their kind.
    pub fn after_write(&self, resource: &Resource, object: &Value) {
        if resource.plural == "customresourcedefinitions"
            && let Some(declared) = Resource::from_definition(object)
        {
            self.registry.add(declared);
        }
    }

    /// Takes an object out for good, with what depends on its presence.
    pub fn remove(
        self: &Arc<Self>,
        collection: &Collection,
        key: &Key,
        expect: Expect,
    ) -> Option<Stored> {
        let gone = collection.remove(key, expect).ok()?;
        let resource = collection.resource();
        let (_, name) = key.split_once('/')?;
        match resource.plural.as_str() {
            "namespaces" => collect::namespace_content(self, name),
            "customresourcedefinitions" => {
                if let Some((plural, group)) = name.split_once('.') {
                    self.registry.remove(group, plural);
                }
            }
            _ => {}
        }
        Some(gone)
    }

    /// Ends a Pod whose deletion was asked for, after the time that its node needs.
    pub fn linger(self: &Arc<Self>, collection: &Arc<Collection>, key: &Key, object: &Value) {
        let grace = object["metadata"]["deletionGracePeriodSeconds"]
            .as_u64()
            .unwrap_or_default();
        if grace == 0 {
            return;
        }
        let uid = object["metadata"]["uid"].clone();
        let (cluster, collection) = (Arc::clone(self), Arc::clone(collection));
        let (key, wait) = (
            Arc::clone(key),
            self.pod_termination.min(Duration::from_secs(grace)),
        );
        self.runtime.spawn(async move {
            tokio::time::sleep(wait).await;
            while let Some(found) = collection.get(&key) {
                let mut object = found.value();
                if object["metadata"]["uid"] != uid {
                    return;
                }
                let metadata = meta_mut(&mut object);
                metadata.insert("deletionGracePeriodSeconds".to_owned(), 0.into());
                let held = metadata
                    .get("finalizers")
                    .is_some_and(|f| f != &Value::Array(vec![]));
                let expect = Expect::Version(found.rv);
                let done = if held {
                    collection.commit(&key, expect, &mut object).is_ok()
                } else {
                    cluster.remove(&collection, &key, expect).is_some()
                };
                if done {
                    return;
                }
            }
        });
    }
}

/// Answers one request. An error closes the connection without an answer.
pub(super) async fn handle(
    cluster: Arc<Cluster>,
    request: http::Request<Incoming>,
) -> io::Result<Response<Answer>> {
    let (parts, incoming) = request.into_parts();
    let query = Query::parse(parts.uri.query().unwrap_or_default());
    let target = Target::parse(parts.uri.path());
    let mut subject = subject_of(&parts, &query, target.as_ref());
    let Some(body) = read_whole(incoming).await? else {
        return Ok(body::error(&ApiError::too_large(LONGEST_BODY)));
    };
    let outcome = match cluster.tokens.user(&parts.headers) {
        Ok(user) => {
            subject.user = user;
            let asked = Asked {
                parts: &parts,
                query: &query,
                target,
                body: &body,
            };
            answer(&cluster, &subject, asked).await
        }
        Err(error) => Ok(Err(error)),
    };
    let outcome = outcome.map(|answer| answer.unwrap_or_else(|error| body::error(&error)));
    let text = |name| header_text(&parts.headers, name).to_owned();
    cluster.requests.record(RecordedRequest {
        verb: subject.verb,
        group: subject.group,
        resource: subject.resource,
        subresource: subject.subresource,
        namespace: subject.namespace,
        name: subject.name,
        user: subject.user,
        query: parts.uri.query().unwrap_or_default().to_owned(),
        content_type: text(header::CONTENT_TYPE),
        user_agent: text(header::USER_AGENT),
        body,
        code: outcome
            .as_ref()
            .map_or(0, |response| response.status().as_u16()),
        at: Instant::now(),
    });
    outcome
}

/// Reads a request body; `None` when it is too long. What is too long is read to its end all the
/// same: a client that is still writing would otherwise see a broken connection, not the answer.
async fn read_whole(mut incoming: Incoming) -> io::Result<Option<Bytes>> {
    let (mut body, mut length) = (BytesMut::new(), 0_usize);
    while let Some(frame) = incoming.frame().await {
        let Ok(data) = frame.map_err(io::Error::other)?.into_data() else {
            continue;
        };
        length = length.saturating_add(data.len());
        if length > LONGEST_DRAINED {
            return Err(io::Error::other("the body does not end"));
        }
        if length > LONGEST_BODY {
            body.clear();
        } else {
            body.extend_from_slice(&data);
        }
    }
    Ok((length <= LONGEST_BODY).then(|| body.freeze()))
}

fn subject_of(parts: &Parts, query: &Query, target: Option<&Target>) -> Subject {
    let Some(target) = target.cloned() else {
        return Subject {
            verb: parts.method.as_str().to_ascii_lowercase(),
            resource: parts.uri.path().to_owned(),
            ..Subject::default()
        };
    };
    let verb = Verb::of(&parts.method, !target.name.is_empty(), query);
    Subject {
        verb: verb
            .map(Verb::name)
            .unwrap_or(parts.method.as_str())
            .to_owned(),
        group: target.group,
        // RBAC puts a namespace into itself.
        namespace: match (target.resource.as_str(), target.namespace.is_empty()) {
            ("namespaces", true) => target.name.clone(),
            _ => target.namespace,
        },
        resource: target.resource,
        subresource: target.subresource,
        name: target.name,
        user: String::new(),
    }
}

pub(super) fn header_text(headers: &HeaderMap, name: header::HeaderName) -> &str {
    headers
        .get(name)
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default()
}

/// A request whose body is read.
struct Asked<'r> {
    parts: &'r Parts,
    query: &'r Query,
    target: Option<Target>,
    body: &'r Bytes,
}

/// What the injected faults make of a request.
#[derive(Default)]
struct Strike {
    pause: Option<Duration>,
    watch_expired: bool,
    lose_answer: bool,
}

fn disconnect() -> io::Error {
    io::Error::new(io::ErrorKind::ConnectionReset, "injected")
}

async fn strike(cluster: &Cluster, subject: &Subject) -> io::Result<Result<Strike, ApiError>> {
    let mut strike = Strike::default();
    for fault in cluster.faults.strike(subject) {
        match fault {
            Fault::Latency(delay) => tokio::time::sleep(delay).await,
            Fault::Trickle(pause) => strike.pause = Some(pause),
            Fault::WatchExpired => strike.watch_expired = true,
            Fault::LoseAnswer => strike.lose_answer = true,
            Fault::Disconnect => return Err(disconnect()),
            Fault::Status { code, retry_after } => {
                let error = match code {
                    401 => ApiError::unauthorized(),
                    403 => access::forbidden(subject),
                    _ => ApiError::of_code(code, format!("injected failure {code}")),
                };
                return Ok(Err(match retry_after {
                    Some(seconds) => error.retry_after(seconds),
                    None => error,
                }));
            }
        }
    }
    Ok(Ok(strike))
}

async fn answer(
    cluster: &Arc<Cluster>,
    subject: &Subject,
    asked: Asked<'_>,
) -> io::Result<Result<Response<Answer>, ApiError>> {
    let strike = match strike(cluster, subject).await? {
        Ok(strike) => strike,
        Err(error) => return Ok(Err(error)),
    };
    let lose = strike.lose_answer;
    let answered = match &asked.target {
        None => paths::respond(cluster, asked.parts),
        Some(target) => resource(cluster, subject, &asked, target, strike).await,
    };
    if lose {
        Err(disconnect())
    } else {
        Ok(answered)
    }
}

async fn resource(
    cluster: &Arc<Cluster>,
    subject: &Subject,
    asked: &Asked<'_>,
    target: &Target,
    strike: Strike,
) -> Result<Response<Answer>, ApiError> {
    let query = asked.query;
    let content_type = header_text(&asked.parts.headers, header::CONTENT_TYPE);
    if access::is_review(target) {
        if asked.parts.method != Method::POST {
            return Err(ApiError::method_not_allowed());
        }
        let document = read_body(content_type, asked.body)?;
        let reviewed = access::review(&cluster.faults, target, &subject.user, document)?;
        return Ok(body::value(201, &reviewed));
    }
    let verb = Verb::of(&asked.parts.method, !target.name.is_empty(), query)
        .ok_or_else(ApiError::method_not_allowed)?;
    let known = cluster.registry.find(&target.group, &target.resource);
    let stored = cluster.registry.storage(&target.group, &target.resource);
    let (Some(known), Some(collection)) = (known, stored) else {
        return Err(ApiError::no_such_path());
    };
    let kind = known.resource();
    let scoped = kind.namespaced || target.namespace.is_empty();
    let addressed = target.name.is_empty() || !kind.namespaced || !target.namespace.is_empty();
    if !kind.serves(&target.version) || !scoped || !addressed {
        return Err(ApiError::no_such_path());
    }
    if !cluster.faults.allows(subject) {
        return Err(access::forbidden(subject));
    }
    let accept = header_text(&asked.parts.headers, header::ACCEPT);
    let form = match target.subresource.as_str() {
        "log" => Form::Plain,
        _ => Form::negotiate(accept, query.get("includeObject"))?,
    };
    let presenter = Presenter {
        stored: collection.resource(),
        asked: kind,
        version: target.version.clone(),
        form,
    };
    match verb {
        Verb::Get => get(&collection, &presenter, target),
        Verb::List => {
            let selector = selector(&presenter, target, query)?;
            let response =
                list::respond(&collection, &presenter, &target.namespace, &selector, query).await?;
            Ok(slow(response, strike.pause))
        }
        Verb::Watch => {
            let source = watch::Source {
                selector: selector(&presenter, target, query)?,
                collection,
                presenter,
                namespace: &target.namespace,
                subject: subject.clone(),
                faults: &cluster.faults,
                bookmark_interval: cluster.bookmark_interval,
                expired: strike.watch_expired,
                pause: strike.pause,
            };
            watch::respond(source, query)
        }
        Verb::Create | Verb::Update | Verb::Patch | Verb::Delete | Verb::DeleteCollection => {
            if verb == Verb::Create && presenter.asked.namespaced && target.namespace.is_empty() {
                let message = "an empty namespace may not be set during creation";
                return Err(ApiError::bad_request(message));
            }
            let write = Write {
                cluster,
                collection,
                presenter,
                target,
                query,
                user_agent: header_text(&asked.parts.headers, header::USER_AGENT),
                content_type,
                body: asked.body,
            };
            let written = match verb {
                Verb::Create => write.create()?,
                Verb::Update => write.update()?,
                Verb::Patch => write.patch()?,
                Verb::Delete => write.delete()?,
                _ => {
                    let selector = selector(&write.presenter, target, query)?;
                    let listed =
                        list::collect(&write.collection, &target.namespace, &selector, query);
                    write.delete_collection(&listed.await?.entries)?
                }
            };
            Ok(present(&write.presenter, written))
        }
    }
}

fn selector(presenter: &Presenter, target: &Target, query: &Query) -> Result<Selector, ApiError> {
    let mut fields = query.get("fieldSelector").to_owned();
    if !target.name.is_empty() {
        if !fields.is_empty() {
            fields.push(',');
        }
        fields.push_str("metadata.name=");
        fields.push_str(&target.name);
    }
    Selector::parse(&presenter.asked, query.get("labelSelector"), &fields)
}

fn get(
    collection: &Collection,
    presenter: &Presenter,
    target: &Target,
) -> Result<Response<Answer>, ApiError> {
    let stored = collection
        .get(&key(&target.namespace, &target.name))
        .ok_or_else(|| ApiError::not_found(&presenter.asked, &target.name))?;
    match target.subresource.as_str() {
        "" => Ok(body::json(200, presenter.object(&stored))),
        "status" if presenter.asked.status => Ok(body::json(200, presenter.object(&stored))),
        "scale" if presenter.asked.scale => Ok(body::value(200, &scale_of(&stored.value()))),
        "log" if presenter.asked.plural == "pods" => {
            let text = Bytes::from(paths::log(&stored.value()));
            Ok(body::answer(200, "text/plain", Answer::pieces([text])))
        }
        _ => Err(ApiError::no_such_path()),
    }
}

fn present(presenter: &Presenter, written: Written) -> Response<Answer> {
    match written {
        Written::Document(document) => body::value(200, &document),
        Written::Object {
            code,
            object,
            warnings,
        } => {
            let shown = match object {
                Ok(stored) => presenter.object(&stored),
                Err(tree) => presenter.tree(tree),
            };
            let mut response = body::json(code, shown);
            for warning in warnings {
                let text = format!("299 - \"{}\"", warning.replace('"', "\\\""));
                if let Ok(value) = HeaderValue::from_str(&text) {
                    response.headers_mut().append(header::WARNING, value);
                }
            }
            response
        }
    }
}

/// The answer with a pause before each of its pieces.
fn slow(response: Response<Answer>, pause: Option<Duration>) -> Response<Answer> {
    let Some(pause) = pause else {
        return response;
    };
    response.map(|answer| answer.slowed(pause))
}
