//! An object as it came from the server: metadata parsed, everything else still bytes.

use super::managed_fields::{FieldManager, annotation_manager};
use super::scan::{ScanError, Scanner, unquote};
use crate::domain::{Kind, ResourceKey};
use serde::Deserialize;
use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::Arc;

/// An object of any kind. The expensive parts of it (spec, status, managed fields) are not decoded.
#[derive(Clone)]
pub struct LeanObject {
    /// Which object.
    pub key: ResourceKey,
    /// `metadata.uid`.
    pub uid: String,
    /// `metadata.resourceVersion`.
    pub resource_version: String,
    /// `metadata.creationTimestamp`.
    pub created: Option<jiff::Timestamp>,
    /// Whether `metadata.deletionTimestamp` is set: the object is on its way out.
    pub deleting: bool,
    /// `metadata.labels`.
    pub labels: BTreeMap<String, String>,
    /// `metadata.annotations`.
    pub annotations: BTreeMap<String, String>,
    /// The whole object as JSON text, with `kind` and `apiVersion`.
    pub raw: Arc<str>,
}

impl std::fmt::Debug for LeanObject {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("LeanObject")
            .field("key", &self.key.qualified())
            .field("resource_version", &self.resource_version)
            .finish_non_exhaustive()
    }
}

/// The text is not an object that the API server could have sent.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ParseObjectError {
    /// Not JSON.
    #[error("an object cannot be read: {0}")]
    Scan(#[from] ScanError),
    /// The metadata has fields of a wrong type.
    #[error("the metadata of an object cannot be read: {0}")]
    Metadata(String),
    /// There is no `metadata` or no name in it.
    #[error("an object has no {0}")]
    Missing(&'static str),
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Metadata<'a> {
    #[serde(borrow, default)]
    name: Cow<'a, str>,
    #[serde(borrow, default)]
    namespace: Cow<'a, str>,
    #[serde(default)]
    uid: String,
    #[serde(default)]
    resource_version: String,
    creation_timestamp: Option<jiff::Timestamp>,
    #[serde(borrow)]
    deletion_timestamp: Option<Cow<'a, str>>,
    labels: Option<BTreeMap<String, String>>,
    annotations: Option<BTreeMap<String, String>>,
}

impl LeanObject {
    /// Reads one object. Objects in a list often lack `kind` and `apiVersion`; they are put in
    /// front, since conditions and templates may read them.
    pub fn parse(kind: &Arc<Kind>, text: &str) -> Result<Self, ParseObjectError> {
        Self::parse_with(kind, text, &mut Namespaces::default())
    }

    /// Like [`Self::parse`], sharing the text of namespaces between many objects.
    pub(super) fn parse_with(
        kind: &Arc<Kind>,
        text: &str,
        namespaces: &mut Namespaces,
    ) -> Result<Self, ParseObjectError> {
        let text = text.trim();
        let (metadata, typed) = read_metadata(text)?;
        if metadata.name.is_empty() {
            return Err(ParseObjectError::Missing("name"));
        }
        let namespace = namespaces.shared(&metadata.namespace);
        Ok(Self {
            key: ResourceKey::new(kind.clone(), namespace, &*metadata.name),
            uid: metadata.uid,
            resource_version: metadata.resource_version,
            created: metadata.creation_timestamp,
            deleting: metadata.deletion_timestamp.is_some(),
            labels: metadata.labels.unwrap_or_default(),
            annotations: metadata.annotations.unwrap_or_default(),
            raw: if typed {
                text.into()
            } else {
                with_type(kind, text).into()
            },
        })
    }

    /// Who wrote this annotation last, and when. Decodes the managed fields: for the rare case.
    pub fn annotation_manager(&self, annotation: &str) -> Option<FieldManager> {
        annotation_manager(&self.raw, annotation)
    }

    /// The whole object, decoded.
    pub fn value(&self) -> Result<serde_json::Value, serde_json::Error> {
        serde_json::from_str(&self.raw)
    }
}

/// The metadata, and whether `kind` and `apiVersion` stand before it, where servers write them.
fn read_metadata(text: &str) -> Result<(Metadata<'_>, bool), ParseObjectError> {
    let mut scanner = Scanner::new(text);
    scanner.enter_object()?;
    let (mut first, mut kind, mut api_version) = (true, false, false);
    while let Some(name) = scanner.next_member(first)? {
        first = false;
        match &*unquote(name) {
            "metadata" => {
                let mut decoder = serde_json::Deserializer::from_str(scanner.rest());
                let metadata = Metadata::deserialize(&mut decoder)
                    .map_err(|error| ParseObjectError::Metadata(error.to_string()))?;
                return Ok((metadata, kind && api_version));
            }
            "kind" => kind = true,
            "apiVersion" => api_version = true,
            _ => {}
        }
        scanner.value()?;
    }
    Err(ParseObjectError::Missing("metadata"))
}

fn with_type(kind: &Kind, text: &str) -> String {
    let members = text.strip_prefix('{').unwrap_or(text);
    let version = kind.api_version();
    let mut typed = String::with_capacity(text.len() + kind.kind.len() + version.len() + 32);
    typed.push_str("{\"kind\":");
    crate::golang::json::write_string(&mut typed, &kind.kind);
    typed.push_str(",\"apiVersion\":");
    crate::golang::json::write_string(&mut typed, &version);
    typed.push(',');
    typed.push_str(members);
    typed
}

/// The namespaces seen so far: 100,000 objects share the text of a few.
#[derive(Default)]
pub(super) struct Namespaces {
    seen: std::collections::HashSet<Arc<str>>,
}

impl Namespaces {
    fn shared(&mut self, name: &str) -> Arc<str> {
        if let Some(known) = self.seen.get(name) {
            return known.clone();
        }
        let new: Arc<str> = name.into();
        self.seen.insert(new.clone());
        new
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pod(text: &str) -> Result<LeanObject, ParseObjectError> {
        LeanObject::parse(&Arc::new(Kind::pod()), text)
    }

    #[test]
    fn reads_the_metadata_and_keeps_the_text() {
        let text = r#"{"kind":"Pod","apiVersion":"v1","metadata":{"name":"web-1","namespace":"shop","uid":"u-1","resourceVersion":"42","creationTimestamp":"2026-01-02T03:04:05Z","deletionTimestamp":"2026-01-02T04:00:00Z","labels":{"app":"w\u00e9b"},"annotations":{"a/b":"<\"x\">"},"managedFields":[{"x":[{}]}]},"spec":{"metadata":1}}"#;
        let found = pod(text).unwrap();
        assert_eq!(found.key.qualified(), "pod/shop/web-1");
        assert_eq!((&*found.uid, &*found.resource_version), ("u-1", "42"));
        assert_eq!(found.created, Some("2026-01-02T03:04:05Z".parse().unwrap()));
        assert!(found.deleting);
        assert_eq!(found.labels["app"], "wéb");
        assert_eq!(found.annotations["a/b"], "<\"x\">");
        assert_eq!(&*found.raw, text);
    }

    #[test]
    fn objects_of_lists_get_their_kind() {
        let found = pod(r#" {"metadata":{"name":"a","labels":null},"spec":{}}"#).unwrap();
        assert_eq!(
            &*found.raw,
            r#"{"kind":"Pod","apiVersion":"v1","metadata":{"name":"a","labels":null},"spec":{}}"#
        );
        assert!(found.labels.is_empty() && found.key.namespace.is_empty() && !found.deleting);
        let again = pod(&found.raw).unwrap();
        assert_eq!(again.raw, found.raw);
    }

    #[test]
    fn what_is_no_object_is_refused() {
        assert_eq!(
            pod(r#"{"kind":"x"}"#).unwrap_err(),
            ParseObjectError::Missing("metadata")
        );
        assert_eq!(
            pod(r#"{"metadata":{}}"#).unwrap_err(),
            ParseObjectError::Missing("name")
        );
        for text in ["", "[]", r#"{"metadata":"#, r#"{"metadata":{"name":1}}"#] {
            assert!(pod(text).is_err(), "{text}");
        }
    }

    #[test]
    fn printing_it_shows_no_content() {
        let found = pod(r#"{"metadata":{"name":"a"},"data":{"k":"hunter2"}}"#).unwrap();
        assert!(!format!("{found:?}").contains("hunter2"));
    }
}
