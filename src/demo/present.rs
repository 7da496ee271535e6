//! An object in the form that a client asked for: the served version, a table row, metadata only.

use super::events;
use super::negotiate::{Form, Include};
use super::resource::{Resource, api_version};
use super::store::{ChangeKind, SUFFIX, Stored};
use super::table;
use bytes::Bytes;
use serde_json::{Value, json};
use std::sync::Arc;

/// Turns stored objects into answers for one request.
#[derive(Clone)]
pub(super) struct Presenter {
    /// The kind as stored.
    pub stored: Arc<Resource>,
    /// The kind as asked for.
    pub asked: Arc<Resource>,
    /// The version asked for.
    pub version: String,
    pub form: Form,
}

impl Presenter {
    fn api_version(&self) -> String {
        api_version(&self.asked.group, &self.version)
    }

    /// Whether the kind is asked for in the form in which it is stored.
    pub fn is_as_stored(&self) -> bool {
        self.asked.group == self.stored.group && self.version == self.stored.version
    }

    /// The stored object in the version asked for.
    pub fn served_tree(&self, mut object: Value) -> Value {
        if self.is_as_stored() {
            return object;
        }
        if self.asked.group == events::GROUP {
            return events::from_core(object);
        }
        object["apiVersion"] = self.api_version().into();
        object
    }

    /// An object of the version asked for as it is stored.
    pub fn to_stored(&self, mut object: Value) -> Value {
        if self.is_as_stored() {
            return object;
        }
        if self.asked.group == events::GROUP {
            return events::to_core(object);
        }
        object["apiVersion"] = self.stored.api_version().into();
        object
    }

    /// The stored object as a tree in the version asked for.
    pub fn value(&self, stored: &Stored) -> Value {
        self.served_tree(stored.value())
    }

    fn metadata(&self, object: &Value, version: &str) -> Value {
        json!({
            "kind": "PartialObjectMetadata",
            "apiVersion": format!("meta.k8s.io/{version}"),
            "metadata": object["metadata"],
        })
    }

    fn row(&self, object: Value, include: Include) -> Value {
        let cells = table::cells(&self.asked, &self.version, &object);
        let shown = match include {
            Include::None => Value::Null,
            Include::Metadata => self.metadata(&object, "v1"),
            Include::Object => object,
        };
        json!({"cells": cells, "object": shown})
    }

    fn table(&self, rows: Vec<Value>, metadata: Value, version: &str) -> Value {
        json!({
            "kind": "Table",
            "apiVersion": format!("meta.k8s.io/{version}"),
            "metadata": metadata,
            "columnDefinitions": table::definitions(&self.asked, &self.version),
            "rows": rows,
        })
    }

    /// One object, not yet or no longer stored.
    pub fn tree(&self, object: Value) -> Bytes {
        let object = self.served_tree(object);
        let shown = match &self.form {
            Form::Plain => object,
            Form::Metadata(version) => self.metadata(&object, version),
            Form::Table(version, include) => {
                let list = json!({"resourceVersion": object["metadata"]["resourceVersion"]});
                self.table(vec![self.row(object, *include)], list, version)
            }
        };
        Bytes::from(shown.to_string())
    }

    /// One stored object.
    pub fn object(&self, stored: &Stored) -> Bytes {
        if self.form == Form::Plain && self.is_as_stored() {
            return stored.json();
        }
        self.tree(stored.value())
    }

    /// What a list has before its items.
    pub fn list_head(&self, rv: u64, next: Option<&str>) -> String {
        let mut metadata = json!({"resourceVersion": rv.to_string()});
        if let Some(next) = next {
            metadata["continue"] = next.into();
        }
        let kind = |kind: &str, api_version: &str, extra: &str, items: &str| {
            format!(
                r#"{{"kind":"{kind}","apiVersion":"{api_version}","metadata":{metadata}{extra},"{items}":["#
            )
        };
        match &self.form {
            Form::Plain => kind(
                &format!("{}List", self.asked.kind),
                &self.api_version(),
                "",
                "items",
            ),
            Form::Metadata(version) => kind(
                "PartialObjectMetadataList",
                &format!("meta.k8s.io/{version}"),
                "",
                "items",
            ),
            Form::Table(version, _) => {
                let columns = table::definitions(&self.asked, &self.version);
                let columns = format!(r#","columnDefinitions":{columns}"#);
                kind("Table", &format!("meta.k8s.io/{version}"), &columns, "rows")
            }
        }
    }

    /// One item of a list, or one row of a table.
    pub fn list_item(&self, stored: &Stored) -> Bytes {
        match &self.form {
            Form::Table(_, include) => {
                Bytes::from(self.row(self.value(stored), *include).to_string())
            }
            _ => self.object(stored),
        }
    }

    /// A watch line that tells of this version.
    pub fn event(&self, kind: ChangeKind, stored: &Stored) -> Bytes {
        if self.form == Form::Plain && self.is_as_stored() && stored.is(kind) {
            return stored.line();
        }
        line(kind.prefix(), &self.object(stored))
    }

    /// A watch line for an object that is no longer selected: its last selected state, with the
    /// resourceVersion of the change.
    pub fn left(&self, before: &Stored, rv: u64) -> Bytes {
        let mut object = before.value();
        object["metadata"]["resourceVersion"] = rv.to_string().into();
        line(ChangeKind::Deleted.prefix(), &self.tree(object))
    }

    /// A bookmark: everything up to this resourceVersion was told. `initial_end` marks the one
    /// that closes the initial state.
    pub fn bookmark(&self, rv: u64, initial_end: bool) -> Bytes {
        let mut metadata = json!({"resourceVersion": rv.to_string(), "creationTimestamp": null});
        if initial_end {
            metadata["annotations"] = json!({"k8s.io/initial-events-end": "true"});
        }
        let object = match &self.form {
            Form::Plain => json!({
                "kind": self.asked.kind, "apiVersion": self.api_version(), "metadata": metadata,
            }),
            Form::Metadata(version) => self.metadata(&json!({"metadata": metadata}), version),
            Form::Table(version, _) => self.table(Vec::new(), metadata, version),
        };
        line(
            r#"{"type":"BOOKMARK","object":"#,
            object.to_string().as_bytes(),
        )
    }
}

/// A watch line.
pub(super) fn line(prefix: &str, object: &[u8]) -> Bytes {
    Bytes::from([prefix.as_bytes(), object, SUFFIX.as_bytes()].concat())
}
