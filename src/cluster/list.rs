//! Reading objects: one by name, or many page by page.

use super::client::Cluster;
use super::lean::{LeanObject, Namespaces};
use super::paths::{collection_path, object_path, with_query};
use super::permission::Permission;
use super::request::Call;
use super::request_error::RequestError;
use super::scan::{ScanError, Scanner, unquote};
use crate::domain::{Kind, ResourceKey};
use bytes::Bytes;
use serde::Deserialize;
use std::sync::Arc;
use std::time::Duration;

/// Servers give up on a list after 60 s themselves.
pub(super) const LIST_TIMEOUT: Duration = Duration::from_secs(65);

/// What to list.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ListQuery {
    /// Only this namespace; `None` for all.
    pub namespace: Option<String>,
    /// Only objects whose labels match.
    pub label_selector: Option<String>,
    /// Only objects whose fields match, for example `metadata.name=x`.
    pub field_selector: Option<String>,
}

impl ListQuery {
    /// The query's part that lists and watches have in common.
    pub(super) fn pairs(&self) -> Vec<(&'static str, &str)> {
        let selectors = [
            ("labelSelector", &self.label_selector),
            ("fieldSelector", &self.field_selector),
        ];
        let given = selectors.into_iter().filter_map(|(name, selector)| {
            let text = selector.as_deref().filter(|text| !text.is_empty());
            text.map(|text| (name, text))
        });
        given.collect()
    }
}

/// Some of the objects.
#[derive(Debug)]
pub struct Page {
    /// The objects of this page.
    pub objects: Vec<LeanObject>,
    /// Ask with this for the next page; `None` after the last.
    pub continue_token: Option<String>,
    /// The version of the whole list: a watch from here misses nothing.
    pub resource_version: String,
}

/// One page of objects, at most `limit`, from the beginning or from where `continue_token` says.
/// The token expires after some minutes; then the answer is of the class
/// [`Expired`](super::FailureClass::Expired), and the list has to begin anew.
pub async fn list_page(
    cluster: &Cluster,
    kind: &Arc<Kind>,
    query: &ListQuery,
    limit: u32,
    continue_token: Option<&str>,
) -> Result<Page, RequestError> {
    let page = fetch_page(cluster, kind, query, limit, continue_token, LIST_TIMEOUT).await?;
    let mut objects = Vec::new();
    let mut namespaces = Namespaces::default();
    for item in page.items() {
        let object = item
            .map_err(|error| error.to_string())
            .and_then(|item| {
                LeanObject::parse_with(kind, item, &mut namespaces)
                    .map_err(|error| error.to_string())
            })
            .map_err(|problem| RequestError::unreadable(&page.permission, problem))?;
        objects.push(object);
    }
    Ok(Page {
        objects,
        continue_token: page.continue_token,
        resource_version: page.resource_version,
    })
}

/// One object, fresh from the server.
pub async fn get_object(cluster: &Cluster, key: &ResourceKey) -> Result<LeanObject, RequestError> {
    let call = Call::get(Permission::on_object("get", key), object_path(key));
    let answer = cluster.call(&call, cluster.request_timeout()).await?;
    let object = text_of(&answer)
        .and_then(|text| LeanObject::parse(&key.kind, text).map_err(|error| error.to_string()));
    object.map_err(|problem| RequestError::unreadable(&call.permission, problem))
}

pub(super) fn text_of(answer: &[u8]) -> Result<&str, String> {
    std::str::from_utf8(answer).map_err(|error| error.to_string())
}

/// A page as it came; its objects are found one by one, so that only one of them exists twice.
pub(super) struct RawPage {
    pub(super) permission: Arc<Permission>,
    pub(super) continue_token: Option<String>,
    pub(super) resource_version: String,
    body: Bytes,
    /// Where the text of the array `items` is in the body.
    items: std::ops::Range<usize>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct ListMetadata {
    resource_version: String,
    #[serde(rename = "continue")]
    continue_token: String,
}

impl RawPage {
    fn new(permission: Arc<Permission>, body: Bytes) -> Result<Self, String> {
        let text = text_of(&body)?;
        let mut scanner = Scanner::new(text);
        let scanned = |error: ScanError| error.to_string();
        scanner.enter_object().map_err(scanned)?;
        let mut metadata = ListMetadata::default();
        let mut items = None;
        let mut first = true;
        while let Some(name) = scanner.next_member(first).map_err(scanned)? {
            first = false;
            let value = scanner.value().map_err(scanned)?;
            match &*unquote(name) {
                "metadata" => {
                    metadata = serde_json::from_str(value).map_err(|error| error.to_string())?;
                }
                "items" => {
                    let end = text.len() - scanner.rest().len();
                    items = Some(end.saturating_sub(value.len())..end);
                }
                _ => {}
            }
        }
        Ok(Self {
            permission,
            continue_token: Some(metadata.continue_token).filter(|token| !token.is_empty()),
            resource_version: metadata.resource_version,
            items: items.ok_or("a list without items")?,
            body,
        })
    }

    /// The text of each object.
    pub(super) fn items(&self) -> impl Iterator<Item = Result<&str, ScanError>> {
        let text = self.body.get(self.items.clone()).unwrap_or_default();
        let text = std::str::from_utf8(text).unwrap_or_default();
        // Go writes an empty list that was never filled as null.
        let mut scanner = (text != "null").then(|| Scanner::new(text));
        let mut first = true;
        std::iter::from_fn(move || {
            let inner = scanner.as_mut()?;
            let begun = if first { inner.enter_array() } else { Ok(()) };
            let next = begun.and_then(|()| inner.next_element(first)).transpose();
            first = false;
            if !matches!(next, Some(Ok(_))) {
                scanner = None;
            }
            next
        })
    }

    /// Size of the page in bytes.
    pub(super) fn size(&self) -> usize {
        self.body.len()
    }
}

pub(super) async fn fetch_page(
    cluster: &Cluster,
    kind: &Kind,
    query: &ListQuery,
    limit: u32,
    continue_token: Option<&str>,
    timeout: Duration,
) -> Result<RawPage, RequestError> {
    let permission = Permission::on_kind("list", kind, query.namespace.as_deref());
    let limit = limit.max(1).to_string();
    let mut pairs = query.pairs();
    pairs.push(("limit", &limit));
    if let Some(token) = continue_token {
        pairs.push(("continue", token));
    }
    let path = collection_path(kind, query.namespace.as_deref());
    let call = Call::get(permission, with_query(&path, &pairs));
    let body = cluster.call(&call, timeout).await?;
    RawPage::new(call.permission.clone(), body)
        .map_err(|problem| RequestError::unreadable(&call.permission, problem))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page(text: &'static str) -> Result<RawPage, String> {
        let permission = Permission::on_kind("list", &Kind::pod(), None);
        RawPage::new(permission.into(), Bytes::from_static(text.as_bytes()))
    }

    #[test]
    fn splits_a_page_into_objects() {
        let found = page(
            r#"{"kind":"PodList","metadata":{"resourceVersion":"7","continue":"t"}, "items": [{"a":[1,{}]} , {"b":"]"}] }"#,
        )
        .unwrap();
        assert_eq!(found.resource_version, "7");
        assert_eq!(found.continue_token.as_deref(), Some("t"));
        let items: Vec<_> = found.items().map(Result::unwrap).collect();
        assert_eq!(items, [r#"{"a":[1,{}]}"#, r#"{"b":"]"}"#]);
    }

    #[test]
    fn empty_pages_and_broken_ones() {
        for text in [
            r#"{"metadata":{"resourceVersion":"7"},"items":[]}"#,
            r#"{"items":null,"metadata":{"resourceVersion":"7","continue":""}}"#,
        ] {
            let found = page(text).unwrap();
            assert_eq!(found.items().count(), 0, "{text}");
            assert_eq!(
                (&*found.resource_version, found.continue_token),
                ("7", None)
            );
        }
        for text in ["", "{}", r#"{"items":[{}"#, "[]"] {
            assert!(page(text).is_err(), "{text}");
        }
        let wrong = page(r#"{"items":{"a":1}}"#).unwrap();
        assert!(wrong.items().all(|item| item.is_err()));
        assert_eq!(wrong.items().count(), 1);
    }
}
