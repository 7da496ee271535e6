//! Who wrote a field last, from `metadata.managedFields`.

use serde::Deserialize;
use serde_json::value::RawValue;
use std::borrow::Cow;
use std::collections::BTreeMap;

/// One writer, as the API server records it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FieldManager {
    /// The name that the writer gave itself, for example `kubectl-client-side-apply`.
    pub manager: String,
    /// `Apply` or `Update`.
    pub operation: String,
    /// The subresource that was written, for example `status`; empty for the object itself.
    pub subresource: String,
    /// When it last changed one of its fields.
    pub time: Option<jiff::Timestamp>,
}

#[derive(Deserialize)]
struct Object<'a> {
    #[serde(borrow)]
    metadata: Metadata<'a>,
}

#[derive(Deserialize)]
struct Metadata<'a> {
    #[serde(borrow, rename = "managedFields", default)]
    managed_fields: Option<Vec<Entry<'a>>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Entry<'a> {
    #[serde(borrow, default)]
    manager: Cow<'a, str>,
    #[serde(borrow, default)]
    operation: Cow<'a, str>,
    #[serde(borrow, default)]
    subresource: Cow<'a, str>,
    time: Option<jiff::Timestamp>,
    #[serde(borrow)]
    fields_v1: Option<&'a RawValue>,
}

impl Entry<'_> {
    fn into_manager(self) -> FieldManager {
        FieldManager {
            manager: self.manager.into_owned(),
            operation: self.operation.into_owned(),
            subresource: self.subresource.into_owned(),
            time: self.time,
        }
    }
}

/// The part of a field set that is about annotations; other fields stay unread.
#[derive(Deserialize)]
struct Fields<'a> {
    #[serde(borrow, rename = "f:metadata")]
    metadata: Option<FieldsMetadata<'a>>,
}

#[derive(Deserialize)]
struct FieldsMetadata<'a> {
    #[serde(borrow, rename = "f:annotations", default)]
    annotations: BTreeMap<Cow<'a, str>, &'a RawValue>,
}

/// The last writer of one annotation in an object's JSON; `None` when nobody owns it (it is absent,
/// or the server keeps no managed fields) or the text cannot be read.
pub(super) fn annotation_manager(raw: &str, annotation: &str) -> Option<FieldManager> {
    let owners = entries(raw)?.into_iter().filter(|entry| {
        let fields = entry
            .fields_v1
            .map(|fields| serde_json::from_str(fields.get()));
        let Some(Ok(Fields {
            metadata: Some(metadata),
        })) = fields
        else {
            return false;
        };
        let mut names = metadata.annotations.keys();
        names.any(|name| name.strip_prefix("f:") == Some(annotation))
    });
    owners
        .max_by_key(|entry| entry.time)
        .map(Entry::into_manager)
}

/// All writers in an object's JSON, the latest first.
pub fn managers(raw: &str) -> Vec<FieldManager> {
    let entries = entries(raw).unwrap_or_default().into_iter();
    let mut all: Vec<_> = entries.map(Entry::into_manager).collect();
    all.sort_by_key(|manager| std::cmp::Reverse(manager.time));
    all
}

fn entries(raw: &str) -> Option<Vec<Entry<'_>>> {
    let object: Object<'_> = serde_json::from_str(raw).ok()?;
    object.metadata.managed_fields
}

#[cfg(test)]
mod tests {
    use super::*;

    const POD: &str = r#"{"metadata":{"managedFields":[
        {"manager":"argocd-notifications","operation":"Update","time":"2026-01-01T00:00:00Z",
         "fieldsV1":{"f:metadata":{"f:annotations":{".":{},"f:notified.x":{}}}}},
        {"manager":"kubelet","operation":"Update","subresource":"status","time":"2026-01-03T00:00:00Z",
         "fieldsV1":{"f:status":{"f:phase":{}}}},
        {"manager":"kubectl-edit","operation":"Update","time":"2026-01-02T00:00:00Z",
         "fieldsV1":{"f:metadata":{"f:annotations":{"f:notified.x":{},"f:other":{}}}}}
    ]}}"#;

    #[test]
    fn the_latest_owner_of_just_this_annotation() {
        let owner = annotation_manager(POD, "notified.x").unwrap();
        assert_eq!(owner.manager, "kubectl-edit");
        assert_eq!(owner.time, Some("2026-01-02T00:00:00Z".parse().unwrap()));
        assert_eq!(annotation_manager(POD, "notified"), None);
        assert_eq!(annotation_manager(r#"{"metadata":{}}"#, "other"), None);
        assert_eq!(annotation_manager("{", "other"), None);
    }

    #[test]
    fn all_writers_latest_first() {
        let names: Vec<_> = managers(POD).into_iter().map(|m| m.manager).collect();
        assert_eq!(names, ["kubelet", "kubectl-edit", "argocd-notifications"]);
    }
}
