//! Calls of GitHub's REST API in the name of an installation: the token that goes with them, the
//! rate limit, and what refusals mean.

use super::app::{App, FROM_LOGIN};
use crate::service::endpoint::Endpoint;
use crate::service::http::Answer;
use crate::service::{Class, PreparedRequest, SendError, Sent};
use jiff::Timestamp;
use serde_json::Value;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// The kind of answer that is asked for.
pub(super) const ACCEPT: &str = "application/vnd.github+json";

/// The version of the API.
pub(super) const VERSION: &str = "2022-11-28";

/// Bytes of an answer that are read: a hundred comments are long.
const LONGEST: usize = 16 * 1024 * 1024;

/// Pages of a list that are read, of a hundred items each.
const PAGES: u32 = 100;

/// GitHub counts calls by the hour: no limit lasts longer.
const LIMIT_LASTS: Duration = Duration::from_secs(3600);

/// How long to wait when GitHub asks to slow down without saying how long.
const SLOW_DOWN: Duration = Duration::from_secs(60);

/// The API, as one installation of an App uses it.
pub(super) struct Api {
    /// Its URL ends in a slash.
    pub(super) endpoint: Endpoint,
    pub(super) app: App,
    limit: Mutex<Option<Limit>>,
}

/// GitHub refuses calls until then.
#[derive(Clone)]
struct Limit {
    until: Timestamp,
    /// Calls in an hour, where GitHub said it.
    calls: String,
}

/// What a call that went well was answered with.
pub(super) struct Reply {
    pub(super) sent: Sent,
    /// Null when there was none.
    pub(super) json: Value,
    /// The page of what was made, masked; empty when it has none.
    pub(super) link: String,
    /// The list goes on.
    has_more: bool,
    /// Method and URL, masked.
    subject: String,
}

impl Reply {
    /// The error of an answer that lacks something.
    pub(super) fn without(&self, what: &str) -> SendError {
        let subject = &self.subject;
        let mut error = SendError::permanent(format!("{subject} was answered without {what}"));
        error.status = self.sent.status;
        error.response.clone_from(&self.sent.response);
        error.about(subject)
    }
}

impl Api {
    pub(super) fn new(endpoint: Endpoint, app: App) -> Self {
        Self {
            endpoint,
            app,
            limit: Mutex::default(),
        }
    }

    /// A request without a body.
    pub(super) fn get(&self, path: &str) -> PreparedRequest {
        PreparedRequest::new("GET", format!("{}{path}", self.endpoint.url))
    }

    /// A request with a JSON body.
    pub(super) fn send(&self, method: &str, path: &str, body: &Value) -> PreparedRequest {
        let mut request = PreparedRequest::post_json(format!("{}{path}", self.endpoint.url), body);
        request.method = method.to_owned();
        request
    }

    /// The request as it goes out, but for the token.
    pub(super) fn shown(&self, request: PreparedRequest) -> Result<PreparedRequest, SendError> {
        self.authorized(request, FROM_LOGIN)
    }

    fn authorized(
        &self,
        mut request: PreparedRequest,
        token: &str,
    ) -> Result<PreparedRequest, SendError> {
        request.set_header("Accept", ACCEPT);
        request.set_header("X-GitHub-Api-Version", VERSION);
        let authorization = match token {
            FROM_LOGIN => FROM_LOGIN.to_owned(),
            token => format!("token {token}"),
        };
        request.set_header("Authorization", authorization);
        self.endpoint.ready(request)
    }

    /// Makes a call. `permission` is what the App needs for it.
    pub(super) async fn call(
        &self,
        request: PreparedRequest,
        permission: &str,
    ) -> Result<Reply, SendError> {
        self.check_limit(&request)?;
        let (mut token, mut fresh) = self.app.token(&self.endpoint).await?;
        loop {
            let request = self.authorized(request.clone(), &token)?;
            let answer = self.endpoint.execute_up_to(LONGEST, &request).await?;
            if answer.status == 401 && !fresh {
                // It was revoked before its time.
                self.app.forget(&token).await;
                token = self.app.token(&self.endpoint).await?.0;
                fresh = true;
                continue;
            }
            return self.understand(answer, &request, &token, permission);
        }
    }

    /// The items of a list that `pick` chooses; of all pages, or until the first one.
    pub(super) async fn pick<T>(
        &self,
        path: &str,
        permission: &str,
        only_first: bool,
        pick: impl Fn(&Value) -> Option<T>,
    ) -> Result<Vec<T>, SendError> {
        let page = |reply: &Reply| match reply.json.as_array() {
            Some(items) => Ok(items.iter().filter_map(&pick).collect::<Vec<T>>()),
            None => Err(reply.without("a list")),
        };
        let first = self.call(self.get(path), permission).await?;
        let mut picked = page(&first)?;
        let is_enough = |picked: &[T]| only_first && !picked.is_empty();
        if !first.has_more || is_enough(&picked) {
            return Ok(picked);
        }
        // The first question was the original's, which knows no other. Long lists are read in long
        // pages, from their beginning.
        picked.clear();
        for number in 1..=PAGES {
            let path = format!("{path}?per_page=100&page={number}");
            let reply = self.call(self.get(&path), permission).await?;
            picked.extend(page(&reply)?);
            if !reply.has_more || is_enough(&picked) {
                break;
            }
        }
        Ok(picked)
    }

    fn understand(
        &self,
        answer: Answer,
        request: &PreparedRequest,
        token: &str,
        permission: &str,
    ) -> Result<Reply, SendError> {
        let masker = self.endpoint.masker.and([token]);
        let json = answer.json().unwrap_or_default();
        let subject = request.subject(&masker);
        if answer.status == 202 {
            // A deployment whose branch is merged first; it is made by a later call.
            let message = "job scheduled on GitHub side; try again later";
            let mut error = answer.refused(message, request, &masker);
            error.class = Class::Transient { retry_after: None };
            return Err(error);
        }
        if (200..300).contains(&answer.status) {
            let has_more = answer
                .header("link")
                .is_some_and(|links| links.contains("rel=\"next\""));
            let link = json["html_url"].as_str().unwrap_or_default();
            return Ok(Reply {
                sent: answer.into_sent(&masker),
                link: masker.mask(link).into_owned(),
                json,
                has_more,
                subject,
            });
        }
        let said = match json["message"].as_str() {
            Some(said) => said.to_owned(),
            None => answer.quoted(&masker),
        };
        let mut message = format!("{subject}: {} {said}", answer.status);
        if let Some(errors) = json["errors"].as_array().filter(|list| !list.is_empty()) {
            let texts: Vec<String> = errors.iter().map(shown_error).collect();
            message.push_str(&format!(" [{}]", texts.join("; ")));
        }
        if let Some((wait, limit)) = limit_of(&answer, &said) {
            *self.limit.lock().unwrap_or_else(PoisonError::into_inner) = Some(limit);
            let mut error = answer.refused(&message, request, &masker);
            error.class = Class::Transient {
                retry_after: Some(wait),
            };
            return Err(error);
        }
        match answer.status {
            401 => message.push_str("; see whether the App is still installed"),
            403 => message.push_str(&format!("; give the App the permission {permission}")),
            404 => message.push_str(&format!(
                "; correct repoURLPath and revisionPath of the template, and install the App on \
                 the repository with the permission {permission}"
            )),
            409 => message.push_str(
                "; the commit lacks statuses that the deployment needs: set requiredContexts",
            ),
            _ => {}
        }
        Err(answer.refused(&message, request, &masker))
    }

    /// Refuses a call that GitHub is known to refuse.
    fn check_limit(&self, request: &PreparedRequest) -> Result<(), SendError> {
        let mut known = self.limit.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(limit) = known.clone() else {
            return Ok(());
        };
        let Ok(wait) = Duration::try_from(limit.until.duration_since(Timestamp::now())) else {
            *known = None;
            return Ok(());
        };
        let subject = request.subject(&self.endpoint.masker);
        let mut error = SendError::transient(format!(
            "{subject}: API rate limit{} still exceeded until {:.0}, not making remote request",
            limit.calls, limit.until
        ));
        error.class = Class::Transient {
            retry_after: Some(wait),
        };
        Err(error.about(subject))
    }
}

/// How long to wait, when the answer is that of a rate limit.
fn limit_of(answer: &Answer, said: &str) -> Option<(Duration, Limit)> {
    if !matches!(answer.status, 403 | 429) {
        return None;
    }
    let now = Timestamp::now();
    let number = |name: &str| {
        answer
            .header(name)
            .and_then(|text| text.trim().parse().ok())
    };
    let asked = number("retry-after").map(Duration::from_secs);
    let is_used_up = answer.header("x-ratelimit-remaining") == Some("0");
    let reset = number("x-ratelimit-reset")
        .filter(|_| is_used_up)
        .map(|at| Duration::from_secs(at.saturating_sub(now.as_second().unsigned_abs())));
    let is_secondary = said.to_ascii_lowercase().contains("secondary rate limit");
    let wait = match asked.or(reset) {
        Some(wait) => wait.min(LIMIT_LASTS),
        None if is_used_up || is_secondary || answer.status == 429 => SLOW_DOWN,
        None => return None,
    };
    let calls = answer.header("x-ratelimit-limit");
    let limit = Limit {
        until: now.checked_add(wait).unwrap_or(now),
        calls: calls.map_or_else(String::new, |calls| format!(" of {calls}")),
    };
    Some((wait, limit))
}

/// One of the errors of an answer: a text, or a field and what is wrong with it.
fn shown_error(error: &Value) -> String {
    if let Some(text) = error.as_str() {
        return text.to_owned();
    }
    let field = |name: &str| error[name].as_str().unwrap_or_default();
    let parts = [
        field("resource"),
        field("field"),
        field("code"),
        field("message"),
    ];
    let parts: Vec<&str> = parts.into_iter().filter(|part| !part.is_empty()).collect();
    parts.join(" ")
}
