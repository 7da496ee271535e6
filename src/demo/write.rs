//! Creating, changing and deleting objects: the order of checks that every write goes through.

use super::admission;
use super::check;
use super::object::{meta, meta_mut, name_suffix, split};
use super::patch::{self, PatchKind};
use super::present::Presenter;
use super::read::{read_body, read_patch};
use super::request::{Query, Target};
use super::resource::Resource;
use super::schema;
use super::server::Cluster;
use super::status::ApiError;
use super::store::{Collection, Expect, Key, Missed, Rest, Stored, key};
use super::validate;
use super::{apply, managed};
use bytes::Bytes;
use serde_json::Value;
use std::sync::Arc;

/// How often a write without a precondition is tried again when others write in between.
pub(super) const ATTEMPTS: usize = 64;

/// One writing request, its address resolved.
pub(super) struct Write<'c> {
    pub cluster: &'c Arc<Cluster>,
    pub collection: Arc<Collection>,
    pub presenter: Presenter,
    pub target: &'c Target,
    pub query: &'c Query,
    pub user_agent: &'c str,
    pub content_type: &'c str,
    pub body: &'c Bytes,
}

/// The stored object; of a dry run, the object that would have been stored.
pub(super) type Outcome = Result<Stored, Value>;

/// What a write leaves: the object as the client shall see it, or another document.
pub(super) enum Written {
    Object {
        code: u16,
        object: Outcome,
        warnings: Vec<String>,
    },
    Document(Value),
}

/// What a change is about.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Scope {
    /// Anything of the object.
    Whole,
    /// Anything, and the owners of the fields are settled already.
    Applied,
    /// Metadata only; the rest is not even read.
    Metadata,
}

pub(super) fn done(code: u16, object: Outcome) -> Written {
    Written::Object {
        code,
        object,
        warnings: Vec::new(),
    }
}

impl Write<'_> {
    pub(super) fn resource(&self) -> &Resource {
        &self.presenter.stored
    }

    pub(super) fn key(&self, name: &str) -> Key {
        key(&self.target.namespace, name)
    }

    /// The field manager that the request names, else the program's name from `User-Agent`.
    fn manager(&self) -> &str {
        match self.query.get("fieldManager") {
            "" => self
                .user_agent
                .split('/')
                .next()
                .filter(|m| !m.is_empty())
                .unwrap_or("unknown"),
            manager => manager,
        }
    }

    /// Owners are recorded under the version that the client wrote.
    pub(super) fn api_version(&self) -> String {
        super::resource::api_version(&self.target.group, &self.target.version)
    }

    fn writer(&self) -> managed::Writer<'_> {
        managed::Writer {
            manager: self.manager(),
            api_version: self.api_version(),
            subresource: &self.target.subresource,
        }
    }

    pub(super) fn not_found(&self) -> ApiError {
        ApiError::not_found(&self.presenter.asked, &self.target.name)
    }

    /// The body as an object of this kind, in its stored form.
    fn read_object(&self) -> Result<Value, ApiError> {
        let object = read_body(self.content_type, self.body)?;
        if !object.is_object() {
            return Err(ApiError::bad_request(
                "the body of the request is not an object",
            ));
        }
        self.check_kind(&object)?;
        Ok(self.presenter.to_stored(object))
    }

    fn check_kind(&self, object: &Value) -> Result<(), ApiError> {
        let asked = &self.presenter.asked;
        let (kind, version) = (&object["kind"], &object["apiVersion"]);
        if *kind != asked.kind.as_str() || *version != self.api_version().as_str() {
            let text = |v: &Value| v.as_str().unwrap_or_default().to_owned();
            return Err(ApiError::bad_request(format!(
                "the API version in the data ({}) and kind ({}) do not match the expected ({}, {})",
                text(version),
                text(kind),
                self.api_version(),
                asked.kind
            )));
        }
        Ok(())
    }

    fn check_namespace(&self, object: &Value) -> Result<(), ApiError> {
        let given = meta(object, "namespace");
        if !given.is_empty() && given != self.target.namespace {
            return Err(ApiError::bad_request(format!(
                "the namespace of the provided object does not match the namespace sent on the \
                 request ({given:?} is not {:?})",
                self.target.namespace
            )));
        }
        Ok(())
    }

    /// Values of the wrong type are refused; unknown fields are refused, warned about, or let
    /// pass, as `fieldValidation` asks.
    fn check_fields(&self, object: &Value) -> Result<Vec<String>, ApiError> {
        let (asked, version) = (&self.presenter.asked, &self.target.version);
        let findings = check::object(asked, version, object);
        if let Some(refusal) = findings.refusal(asked, version, meta(object, "name")) {
            return Err(refusal);
        }
        match self.query.get("fieldValidation") {
            "Ignore" => Ok(Vec::new()),
            "Strict" if !findings.unknown.is_empty() => {
                let (kind, unknown) = (&asked.kind, findings.unknown.join(", "));
                Err(ApiError::bad_request(format!(
                    "{kind} in version {version:?} cannot be handled as a {kind}: strict decoding \
                     error: {unknown}"
                )))
            }
            _ => Ok(findings.unknown),
        }
    }

    pub fn create(&self) -> Result<Written, ApiError> {
        if !self.target.name.is_empty() {
            return self.create_subresource();
        }
        let mut object = self.read_object()?;
        let warnings = self.check_fields(&object)?;
        let name = object["metadata"]["generateName"]
            .as_str()
            .unwrap_or_default()
            .to_owned();
        if meta(&object, "name").is_empty() && !name.is_empty() {
            let name = format!("{name}{}", name_suffix(self.cluster.random()));
            meta_mut(&mut object).insert("name".to_owned(), name.into());
        }
        let name = meta(&object, "name").to_owned();
        let stored = self.insert(&name, object)?;
        Ok(Written::Object {
            code: 201,
            object: stored,
            warnings,
        })
    }

    /// Everything that comes between a decoded new object and the store.
    fn insert(&self, name: &str, mut object: Value) -> Result<Outcome, ApiError> {
        self.check_namespace(&object)?;
        if !meta(&object, "resourceVersion").is_empty() {
            let message = "resourceVersion should not be set on objects to be created";
            return Err(ApiError::bad_request(message));
        }
        if self.resource().namespaced {
            self.cluster.require_namespace(&self.target.namespace)?;
            let namespace = self.target.namespace.as_str().into();
            meta_mut(&mut object).insert("namespace".to_owned(), namespace);
        } else {
            meta_mut(&mut object).remove("namespace");
        }
        admission::prepare_new(self.resource(), &mut object, self.cluster.uid());
        validate::new_object(self.resource(), &object)?;
        managed::record(self.resource(), &self.writer(), None, &mut object);
        self.create_prepared(name, object)
    }

    fn create_prepared(&self, name: &str, mut object: Value) -> Result<Outcome, ApiError> {
        let key = self.key(name);
        let exists = || ApiError::already_exists(&self.presenter.asked, name);
        if self.query.dry_run() {
            return match self.collection.get(&key) {
                Some(_) => Err(exists()),
                None => Ok(Err(object)),
            };
        }
        let stored = self
            .collection
            .commit(&key, Expect::Absent, &mut object)
            .map_err(|_| exists())?;
        self.cluster.after_write(self.resource(), &object);
        Ok(Ok(stored))
    }

    pub fn update(&self) -> Result<Written, ApiError> {
        if self.target.subresource == "scale" {
            return self.update_scale(|_| read_body(self.content_type, self.body));
        }
        let given = self.read_object()?;
        let warnings = self.check_fields(&given)?;
        self.check_namespace(&given)?;
        if meta(&given, "name") != self.target.name {
            return Err(ApiError::bad_request(format!(
                "the name of the object ({}) does not match the name on the URL ({})",
                meta(&given, "name"),
                self.target.name
            )));
        }
        if meta(&given, "resourceVersion").is_empty()
            && validate::update_needs_version(self.resource())
        {
            return Err(validate::version_required(
                self.resource(),
                &self.target.name,
            ));
        }
        let object = self.change(Scope::Whole, |_, object| {
            *object = given.clone();
            Ok(())
        })?;
        Ok(Written::Object {
            code: 200,
            object,
            warnings,
        })
    }

    pub fn patch(&self) -> Result<Written, ApiError> {
        let kind = PatchKind::of(self.content_type)?;
        let body = read_patch(kind, self.body)?;
        if self.target.subresource == "scale" {
            return self.update_scale(|scale| {
                let mut scale = scale.clone();
                patch::apply(kind, None, &body, &mut scale)?;
                Ok(scale)
            });
        }
        if kind == PatchKind::Apply {
            return self.server_side_apply(&body);
        }
        if kind == PatchKind::Strategic && self.resource().custom.is_some() {
            let accepted = "application/json-patch+json, application/merge-patch+json, \
                            application/apply-patch+yaml";
            return Err(ApiError::unsupported_media_type(
                self.content_type,
                accepted,
            ));
        }
        let node = schema::of(self.resource(), &self.resource().version);
        let mut warnings = Vec::new();
        let scope = if self.is_metadata_patch(kind, &body) {
            Scope::Metadata
        } else {
            Scope::Whole
        };
        let object = self.change(scope, |_, object| {
            let mut served = self.presenter.served_tree(std::mem::take(object));
            patch::apply(kind, node, &body, &mut served)?;
            self.check_kind(&served)?;
            // What was stored has been checked: only a list of operations does not show by itself
            // which fields it brings.
            warnings = self.check_fields(if kind == PatchKind::Json {
                &served
            } else {
                &body
            })?;
            *object = self.presenter.to_stored(served);
            if meta(object, "name") != self.target.name {
                let message = "the name of the object does not match the name on the URL";
                return Err(ApiError::bad_request(message));
            }
            Ok(())
        })?;
        Ok(Written::Object {
            code: 200,
            object,
            warnings,
        })
    }

    fn server_side_apply(&self, config: &Value) -> Result<Written, ApiError> {
        if self.query.get("fieldManager").is_empty() {
            let message = "Required value: is required for apply patch";
            return Err(ApiError::invalid_option(
                "PatchOptions",
                "fieldManager",
                message,
            ));
        }
        self.check_kind(config)?;
        let warnings = self.check_fields(config)?;
        self.check_namespace(config)?;
        let config = self.presenter.to_stored(config.clone());
        let named = meta(&config, "name");
        if !named.is_empty() && named != self.target.name {
            let message = "the name of the object does not match the name on the URL";
            return Err(ApiError::bad_request(message));
        }
        let force = self.query.is_true("force");
        for _ in 0..ATTEMPTS {
            if self.collection.get(&self.key(&self.target.name)).is_some() {
                let applied = self.change(Scope::Applied, |before, object| {
                    let merged =
                        apply::merge(self.resource(), &self.writer(), before, &config, force)?;
                    *object = merged;
                    Ok(())
                });
                match applied {
                    Err(error) if error.code() == 404 => continue,
                    applied => {
                        return Ok(Written::Object {
                            code: 200,
                            object: applied?,
                            warnings,
                        });
                    }
                }
            }
            if !self.target.subresource.is_empty() {
                return Err(self.not_found());
            }
            match self.apply_new(&config) {
                Err(error) if error.reason() == "AlreadyExists" => {}
                made => {
                    return Ok(Written::Object {
                        code: 201,
                        object: made?,
                        warnings,
                    });
                }
            }
        }
        Err(ApiError::modified(self.resource(), &self.target.name))
    }

    fn apply_new(&self, config: &Value) -> Result<Outcome, ApiError> {
        let mut object = config.clone();
        let name = self.target.name.as_str();
        meta_mut(&mut object).insert("name".to_owned(), name.into());
        if !meta(&object, "resourceVersion").is_empty() {
            return Err(self.not_found());
        }
        if self.resource().namespaced {
            self.cluster.require_namespace(&self.target.namespace)?;
            let namespace = self.target.namespace.as_str().into();
            meta_mut(&mut object).insert("namespace".to_owned(), namespace);
        }
        meta_mut(&mut object).remove("managedFields");
        admission::prepare_new(self.resource(), &mut object, self.cluster.uid());
        validate::new_object(self.resource(), &object)?;
        apply::own_new(self.resource(), &self.writer(), config, &mut object);
        self.create_prepared(name, object)
    }

    /// Whether a patch touches nothing but metadata: then nothing else need be read.
    fn is_metadata_patch(&self, kind: PatchKind, patch: &Value) -> bool {
        let head = ["metadata", "apiVersion", "kind"];
        matches!(kind, PatchKind::Merge | PatchKind::Strategic)
            && patch
                .as_object()
                .is_some_and(|map| map.keys().all(|k| head.contains(&k.as_str())))
            && self.target.subresource.is_empty()
            && self.presenter.is_as_stored()
            && !self.query.dry_run()
            && self.resource().plural != "customresourcedefinitions"
    }

    /// Reads the object, lets `edit` change it, checks, and writes it: again, when someone else
    /// wrote in between and the client did not insist on a resourceVersion.
    pub(super) fn change(
        &self,
        scope: Scope,
        mut edit: impl FnMut(&Value, &mut Value) -> Result<(), ApiError>,
    ) -> Result<Outcome, ApiError> {
        let resource = self.resource();
        let key = self.key(&self.target.name);
        for _ in 0..ATTEMPTS {
            let found = self.collection.get(&key).ok_or_else(|| self.not_found())?;
            let json = found.json();
            let (scope, before, rest) = match (scope, split(&json)) {
                (Scope::Metadata, Some((head, rest))) => (scope, head, rest),
                (Scope::Metadata, None) => (Scope::Whole, found.value(), Rest::new()),
                _ => (scope, found.value(), Rest::new()),
            };
            let mut object = before.clone();
            edit(&before, &mut object)?;
            self.check_preconditions(&before, &object)?;
            if scope == Scope::Metadata {
                admission::prepare_metadata(&before, &mut object);
                validate::changed_metadata(resource, &object)?;
            } else {
                let subresource = &self.target.subresource;
                admission::prepare_change(resource, subresource, &before, &mut object)?;
                validate::changed_object(resource, &before, &object)?;
            }
            if scope != Scope::Applied && !managed::same_but_owners(&before, &object) {
                managed::record(resource, &self.writer(), Some(&before), &mut object);
            }
            if before == object {
                return Ok(Ok(found));
            }
            if self.query.dry_run() {
                return Ok(Err(object));
            }
            let expect = Expect::Version(found.rv);
            match self
                .collection
                .commit_parts(&key, expect, &mut object, &rest)
            {
                Ok(stored) => {
                    if admission::is_finished(&object) {
                        let expect = Expect::Version(stored.rv);
                        self.cluster.remove(&self.collection, &key, expect);
                    }
                    self.cluster.after_write(resource, &object);
                    return Ok(Ok(stored));
                }
                Err(Missed::Changed) => {}
                Err(Missed::Absent | Missed::Exists) => return Err(self.not_found()),
            }
        }
        Err(ApiError::modified(&self.presenter.asked, &self.target.name))
    }

    /// Version and identity, where the changed object names them, must be those of the stored one.
    fn check_preconditions(&self, before: &Value, object: &Value) -> Result<(), ApiError> {
        let differs =
            |field| !meta(object, field).is_empty() && meta(object, field) != meta(before, field);
        if differs("resourceVersion") {
            return Err(ApiError::modified(&self.presenter.asked, &self.target.name));
        }
        if differs("uid") {
            let why = format!(
                "Precondition failed: UID in precondition: {}, UID in object meta: {}",
                meta(object, "uid"),
                meta(before, "uid")
            );
            return Err(ApiError::conflict(self.resource(), &self.target.name, &why));
        }
        Ok(())
    }
}
