//! Lists: pages of a consistent snapshot, narrowed by selectors.

use super::body::{Answer, answer};
use super::present::Presenter;
use super::request::Query;
use super::selector::Selector;
use super::status::ApiError;
use super::store::{Collection, Key, Stored, TooOld};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use bytes::Bytes;
use http::Response;
use serde::{Deserialize, Serialize};
use std::collections::VecDeque;

/// How many objects are taken from the store at a time while a selector is applied.
const STEP: usize = 1000;

/// Where a list goes on: the snapshot and the last key given out.
#[derive(Serialize, Deserialize)]
struct Continue {
    rv: u64,
    after: String,
}

impl Continue {
    fn encode(&self) -> String {
        URL_SAFE_NO_PAD.encode(serde_json::to_vec(self).unwrap_or_default())
    }

    fn decode(text: &str) -> Option<Self> {
        serde_json::from_slice(&URL_SAFE_NO_PAD.decode(text).ok()?).ok()
    }
}

fn expired(continued: bool, rv: u64, too_old: TooOld) -> ApiError {
    if continued {
        ApiError::expired(
            "The provided continue parameter is too old to display a consistent list result. \
             Start a new list without it.",
        )
    } else {
        ApiError::expired(format!(
            "too old resource version: {rv} ({})",
            too_old.oldest
        ))
    }
}

/// Objects of a list, in key order, with the snapshot they were taken from.
pub(super) struct Listing {
    pub entries: Vec<(Key, Stored)>,
    pub rv: u64,
    next: Option<String>,
}

/// Collects the objects that a list or deletecollection request is about.
pub(super) async fn collect(
    collection: &Collection,
    namespace: &str,
    selector: &Selector,
    query: &Query,
) -> Result<Listing, ApiError> {
    let continued = query.get("continue");
    let (mut at, mut after) = snapshot(collection, query, continued)?;
    let limit = query
        .get("limit")
        .parse::<usize>()
        .ok()
        .filter(|&n| n > 0)
        .unwrap_or(usize::MAX);
    let prefix = if namespace.is_empty() {
        String::new()
    } else {
        format!("{namespace}/")
    };
    let asked = at.unwrap_or_default();
    let mut entries: Vec<(Key, Stored)> = Vec::new();
    loop {
        let step = if selector.is_empty() { limit } else { STEP };
        let page = collection
            .page(at, &prefix, after.as_deref(), step)
            .map_err(|too_old| expired(!continued.is_empty(), asked, too_old))?;
        let rv = page.rv;
        at = Some(rv);
        let more = page.more;
        after = page
            .entries
            .last()
            .map(|(key, _)| key.to_string())
            .or(after);
        let mut selected = page
            .entries
            .into_iter()
            .filter(|(key, s)| selector.selects(key, s));
        let room = limit.saturating_sub(entries.len());
        entries.extend(selected.by_ref().take(room));
        let full = entries.len() >= limit;
        let left_over = full && (more || selected.next().is_some());
        if full || !more {
            let last = entries.last().map(|(key, _)| key.to_string());
            let next = left_over.then(|| {
                Continue {
                    rv,
                    after: last.unwrap_or_default(),
                }
                .encode()
            });
            return Ok(Listing { entries, rv, next });
        }
        tokio::task::yield_now().await;
    }
}

/// The snapshot and the start that the parameters ask for.
fn snapshot(
    collection: &Collection,
    query: &Query,
    continued: &str,
) -> Result<(Option<u64>, Option<String>), ApiError> {
    let version = query.get("resourceVersion");
    let matching = query.get("resourceVersionMatch");
    let refuse = |field: &str, message: &str| {
        Err(ApiError::invalid_option(
            "ListOptions",
            field,
            &format!("Forbidden: {message}"),
        ))
    };
    if !matches!(matching, "" | "Exact" | "NotOlderThan") {
        return refuse(
            "resourceVersionMatch",
            "supported values are Exact and NotOlderThan",
        );
    }
    if !matching.is_empty() && version.is_empty() {
        let rule = "resourceVersionMatch is forbidden unless resourceVersion is provided";
        return refuse("resourceVersionMatch", rule);
    }
    if matching == "Exact" && version == "0" {
        let rule = "resourceVersionMatch \"Exact\" is forbidden for resourceVersion \"0\"";
        return refuse("resourceVersionMatch", rule);
    }
    if !continued.is_empty() {
        if !matches!(version, "" | "0") {
            let message = "specifying resource version is not allowed when using continue";
            return Err(ApiError::bad_request(message));
        }
        let bad = || ApiError::bad_request("continue key is not valid: it was not made here");
        let token = Continue::decode(continued).ok_or_else(bad)?;
        return Ok((Some(token.rv), Some(token.after)));
    }
    let wanted = parse_version(version)?;
    let current = collection.version();
    if wanted > current {
        let message = format!("Too large resource version: {wanted}, current: {current}");
        return Err(ApiError::new(504, "Timeout", message).retry_after(1));
    }
    Ok(((matching == "Exact").then_some(wanted), None))
}

/// A resourceVersion parameter; not given is 0.
pub(super) fn parse_version(text: &str) -> Result<u64, ApiError> {
    if text.is_empty() {
        return Ok(0);
    }
    let message =
        || ApiError::bad_request(format!("Invalid value: {text:?}: not a resourceVersion"));
    text.parse().map_err(|_| message())
}

/// The answer to a list request.
pub(super) async fn respond(
    collection: &Collection,
    presenter: &Presenter,
    namespace: &str,
    selector: &Selector,
    query: &Query,
) -> Result<Response<Answer>, ApiError> {
    let listing = collect(collection, namespace, selector, query).await?;
    let next = listing.next.as_deref();
    let mut pieces = VecDeque::with_capacity(listing.entries.len().saturating_mul(2) + 2);
    pieces.push_back(Bytes::from(presenter.list_head(listing.rv, next)));
    for (index, (_, stored)) in listing.entries.iter().enumerate() {
        if index > 0 {
            pieces.push_back(Bytes::from_static(b","));
        }
        pieces.push_back(presenter.list_item(stored));
    }
    pieces.push_back(Bytes::from_static(b"]}\n"));
    Ok(answer(200, "application/json", Answer::pieces(pieces)))
}
