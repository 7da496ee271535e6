//! GitHub's REST API as far as the service needs it, with a state: tokens that expire and can be
//! revoked, pull requests, comments in pages, deployments, statuses.

use super::app_key;
use super::recorder::{Recorded, Recorder, Rule};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

/// The id of the App.
pub const APP: &str = "1234";

/// The id of its installation.
pub const INSTALLATION: &str = "56789";

/// Where the API of this server is.
const BELOW: &str = "/api/v3/";

/// What happened so far, and what there is.
#[derive(Default)]
pub struct State {
    /// Tokens given out; the last ones are good.
    pub tokens: Vec<String>,
    /// How many of them were revoked, from the first.
    pub revoked: usize,
    /// Seconds that a new token is good for.
    pub lifetime: i64,
    /// By commit, the numbers of the pull requests that have it.
    pub pulls: BTreeMap<String, Vec<u64>>,
    /// By pull request: id and text.
    pub comments: BTreeMap<u64, Vec<(u64, String)>>,
    /// Bodies of new deployments; their place is their id.
    pub deployments: Vec<Value>,
    /// Method, path without the API's, and body of all other calls that made something.
    pub made: Vec<(String, Value)>,
    /// Calls with a token.
    pub calls: Vec<String>,
    /// Answers that are given instead, by the beginning of the path.
    pub refusals: Vec<(String, Rule)>,
}

/// The running server.
pub struct FakeGitHub {
    recorder: Recorder,
    state: Arc<Mutex<State>>,
}

impl FakeGitHub {
    pub fn start() -> Self {
        let state = Arc::new(Mutex::new(State {
            lifetime: 3600,
            ..State::default()
        }));
        let shared = state.clone();
        let recorder = Recorder::answering(move |request| {
            let mut state = shared.lock().unwrap_or_else(PoisonError::into_inner);
            state.answer(request)
        });
        Self { recorder, state }
    }

    /// The options of a service that uses it.
    pub fn options(&self) -> String {
        format!(
            "appID: {APP}\ninstallationID: {INSTALLATION}\nenterpriseBaseURL: {}\nprivateKey: |\n{}",
            self.recorder.url(),
            app_key::indented()
        )
    }

    /// Looks at the state, or changes it.
    pub fn state<T>(&self, look: impl FnOnce(&mut State) -> T) -> T {
        look(&mut self.state.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// The requests since the last call.
    pub fn requests(&self) -> Vec<Recorded> {
        self.recorder.take()
    }
}

fn answer(status: u16, json: &Value) -> Rule {
    Rule::status(status).body(&json.to_string())
}

impl State {
    fn answer(&mut self, request: &Recorded) -> Rule {
        let Some(path) = request.path.strip_prefix(BELOW) else {
            return answer(404, &json!({"message": "no API here"}));
        };
        if request.header("user-agent").unwrap_or_default().is_empty() {
            return answer(403, &json!({"message": "a User-Agent is needed"}));
        }
        let refused = self
            .refusals
            .iter()
            .find(|(start, _)| path.starts_with(start));
        if let Some((_, rule)) = refused {
            return rule.clone();
        }
        let authorization = request.header("authorization").unwrap_or_default();
        if path.starts_with("app/installations/") {
            return self.token(path, authorization.trim_start_matches("Bearer "));
        }
        let token = authorization.trim_start_matches("token ");
        let good = self
            .tokens
            .iter()
            .skip(self.revoked)
            .any(|known| known == token);
        if !good || request.header("x-github-api-version") != Some("2022-11-28") {
            return answer(401, &json!({"message": "Bad credentials"}));
        }
        let method = request.method.as_str();
        self.calls.push(format!("{method} {path}"));
        let body: Value = serde_json::from_slice(&request.body).unwrap_or_default();
        let rest = path.strip_prefix("repos/acme/shop/").unwrap_or_default();
        let parts: Vec<&str> = rest.split('/').collect();
        match (method, parts.as_slice()) {
            ("GET", ["commits", sha, "pulls"]) => {
                let pulls = self.pulls.get(*sha).cloned().unwrap_or_default();
                page(
                    request,
                    pulls.into_iter().map(|number| json!({"number": number})),
                )
            }
            ("GET", ["issues", number, "comments"]) => {
                let comments = self.comments.get(&number.parse().unwrap_or(0)).cloned();
                let comments = comments.unwrap_or_default().into_iter();
                // GitHub tells a lot about the author of each.
                page(
                    request,
                    comments.map(
                        |(id, text)| json!({"id": id, "body": text, "user": "x".repeat(3000)}),
                    ),
                )
            }
            ("POST", ["issues", number, "comments"]) => {
                let comments = self
                    .comments
                    .entry(number.parse().unwrap_or(0))
                    .or_default();
                let id = 9_000_000_000 + comments.len() as u64;
                comments.push((id, body["body"].as_str().unwrap_or_default().to_owned()));
                let link = format!("https://ghe.example/acme/shop/pull/{number}#issuecomment-{id}");
                answer(201, &json!({"id": id, "html_url": link}))
            }
            ("PATCH", ["issues", "comments", id]) => {
                let mut all = self.comments.values_mut().flatten();
                let Some(comment) = all.find(|(known, _)| known.to_string() == *id) else {
                    return answer(404, &json!({"message": "Not Found"}));
                };
                comment.1 = body["body"].as_str().unwrap_or_default().to_owned();
                answer(200, &json!({"id": comment.0}))
            }
            ("GET", ["deployments"]) => {
                let wanted: Vec<(String, String)> =
                    url::form_urlencoded::parse(request.query.as_bytes())
                        .into_owned()
                        .collect();
                let fits = |deployment: &Value| {
                    wanted
                        .iter()
                        .all(|(name, value)| deployment[name] == value.as_str())
                };
                let all = self.deployments.iter().enumerate();
                let found: Vec<Value> = all
                    .filter(|(_, deployment)| fits(deployment))
                    .map(|(id, _)| json!({"id": id + 70}))
                    .collect();
                answer(200, &Value::from(found))
            }
            ("POST", ["deployments"]) => {
                self.deployments.push(body);
                answer(201, &json!({"id": self.deployments.len() + 69}))
            }
            ("POST", ["dispatches"]) => {
                self.made.push((rest.to_owned(), body));
                Rule::status(204)
            }
            ("POST", ["statuses" | "check-runs", ..] | ["deployments", _, "statuses"]) => {
                self.made.push((rest.to_owned(), body));
                answer(201, &json!({"id": self.made.len()}))
            }
            _ => answer(404, &json!({"message": "Not Found"})),
        }
    }

    fn token(&mut self, path: &str, signed: &str) -> Rule {
        let now = jiff::Timestamp::now().as_second();
        let claims = app_key::verified(signed).unwrap_or_default();
        let time = |name: &str| claims[name].as_i64().unwrap_or_default();
        let fits = claims["iss"] == APP
            && (now - 40..=now).contains(&time("iat"))
            && time("exp") - time("iat") == 120;
        if !fits {
            let message = "A JSON web token could not be decoded";
            return answer(401, &json!({"message": message}));
        }
        if path != format!("app/installations/{INSTALLATION}/access_tokens") {
            return answer(404, &json!({"message": "Not Found"}));
        }
        let token = format!("ghs_{:016}", self.tokens.len() + 1);
        self.tokens.push(token.clone());
        let expires = jiff::Timestamp::from_second(now + self.lifetime).expect("a time");
        answer(
            201,
            &json!({"token": token, "expires_at": expires.to_string()}),
        )
    }
}

/// One page of a list, with the header that tells of the next one.
fn page(request: &Recorded, items: impl Iterator<Item = Value>) -> Rule {
    let asked = |name: &str, default: usize| {
        let pairs = url::form_urlencoded::parse(request.query.as_bytes());
        let mut values = pairs.filter(|(known, _)| known == name);
        values
            .next()
            .and_then(|(_, value)| value.parse().ok())
            .unwrap_or(default)
    };
    let (size, number) = (asked("per_page", 30).min(100), asked("page", 1));
    let items: Vec<Value> = items.collect();
    let from = (size * (number - 1)).min(items.len());
    let to = (from + size).min(items.len());
    let rule = answer(200, &Value::from(&items[from..to]));
    if to < items.len() {
        let next = format!(
            "<https://elsewhere.invalid/?page={}>; rel=\"next\"",
            number + 1
        );
        return rule.header("Link", &next);
    }
    rule
}
