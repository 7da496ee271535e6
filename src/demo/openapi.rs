//! The OpenAPI documents, made from the schema: what kubectl explains, validates and computes
//! patches by. Version 2 for older clients, version 3 per group and version for newer ones.

mod proto;

use super::body::{self, Answer, answer};
use super::discovery::MINOR;
use super::resource::{Registry, Resource, api_version};
use super::schema::{self, Merge, Shape, Type, types};
use http::Response;
use serde_json::{Map, Value, json};
use std::collections::BTreeSet;

/// Which of the two document versions is written.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Version {
    Two,
    Three,
}

impl Version {
    fn reference(self, name: &str) -> Value {
        let place = match self {
            Self::Two => "definitions",
            Self::Three => "components/schemas",
        };
        json!({"$ref": format!("#/{place}/{}", full_name(name))})
    }
}

/// The public name of a type of the schema.
fn full_name(name: &str) -> String {
    match name.split_once('.') {
        Some(("meta", rest)) => format!("io.k8s.apimachinery.pkg.apis.meta.v1.{rest}"),
        Some(("ext", rest)) => {
            format!("io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.{rest}")
        }
        Some(("reg", rest)) => {
            format!("io.k8s.kube-aggregator.pkg.apis.apiregistration.v1.{rest}")
        }
        _ => format!("io.k8s.api.{name}"),
    }
}

fn shape(version: Version, shape: &Shape) -> Value {
    match shape {
        Shape::String => json!({"type": "string"}),
        Shape::Integer => json!({"type": "integer", "format": "int64"}),
        Shape::Boolean => json!({"type": "boolean"}),
        Shape::Number => json!({"type": "number", "format": "double"}),
        Shape::Quantity | Shape::IntOrString => {
            json!({"type": "string", "format": "int-or-string"})
        }
        Shape::Time | Shape::MicroTime => json!({"type": "string", "format": "date-time"}),
        Shape::Bytes => json!({"type": "string", "format": "byte"}),
        Shape::Any => json!({"type": "object"}),
        Shape::Type(name) => version.reference(name),
        Shape::Map(item) => {
            json!({"type": "object", "additionalProperties": self::shape(version, item)})
        }
        Shape::List(merge, item) => {
            let mut list = json!({"type": "array", "items": self::shape(version, item)});
            match merge {
                Merge::Atomic => list["x-kubernetes-list-type"] = "atomic".into(),
                Merge::Set => {
                    list["x-kubernetes-list-type"] = "set".into();
                    list["x-kubernetes-patch-strategy"] = "merge".into();
                }
                Merge::Keys(keys) => {
                    list["x-kubernetes-list-type"] = "map".into();
                    list["x-kubernetes-list-map-keys"] = json!(keys);
                    list["x-kubernetes-patch-strategy"] = "merge".into();
                    list["x-kubernetes-patch-merge-key"] = json!(keys.first());
                }
            }
            list
        }
    }
}

/// A type; with `kind`, one that is the root of an object.
fn definition(version: Version, found: &Type, kind: Option<Value>) -> Value {
    let mut properties = Map::new();
    let mut required = Vec::new();
    for (name, field) in &found.fields {
        properties.insert((*name).to_owned(), shape(version, &field.shape));
        if field.required && kind.is_none() {
            required.push(*name);
        }
    }
    let mut described = json!({"type": "object"});
    if let Some(kind) = kind {
        properties.insert("apiVersion".to_owned(), json!({"type": "string"}));
        properties.insert("kind".to_owned(), json!({"type": "string"}));
        described["x-kubernetes-group-version-kind"] = json!([kind]);
    }
    if found.atomic {
        described["x-kubernetes-map-type"] = "atomic".into();
    }
    if !properties.is_empty() {
        described["properties"] = Value::Object(properties);
    }
    if !required.is_empty() {
        described["required"] = json!(required);
    }
    described
}

fn group_version_kind(resource: &Resource, version: &str) -> Value {
    json!({"group": resource.group, "version": version, "kind": resource.kind})
}

/// The name under which the schema of a custom kind is published.
fn custom_name(resource: &Resource, version: &str) -> String {
    let reversed: Vec<&str> = resource.group.rsplit('.').collect();
    format!("{}.{version}.{}", reversed.join("."), resource.kind)
}

fn custom_definition(document: Version, resource: &Resource, version: &str) -> Value {
    let declared = resource
        .custom_version(version)
        .map(|v| &v["schema"]["openAPIV3Schema"]);
    let mut described = match (document, declared) {
        (Version::Three, Some(schema)) if schema.is_object() => schema.clone(),
        _ => json!({"type": "object"}),
    };
    if document == Version::Three && described["properties"].is_object() {
        described["properties"]["metadata"] = document.reference("meta.ObjectMeta");
        for name in ["apiVersion", "kind"] {
            described["properties"][name] = json!({"type": "string"});
        }
    }
    described["x-kubernetes-group-version-kind"] = json!([group_version_kind(resource, version)]);
    described
}

/// The paths of a kind. Clients look here for the parameters that the server understands.
fn paths(document: Version, resource: &Resource, version: &str, paths: &mut Map<String, Value>) {
    let root = match resource.group.as_str() {
        "" => format!("/api/{version}"),
        group => format!("/apis/{group}/{version}"),
    };
    let base = if resource.namespaced {
        format!("{root}/namespaces/{{namespace}}/{}", resource.plural)
    } else {
        format!("{root}/{}", resource.plural)
    };
    let parameter = |name: &str| match document {
        Version::Two => json!({"name": name, "in": "query", "type": "string"}),
        Version::Three => json!({"name": name, "in": "query", "schema": {"type": "string"}}),
    };
    let operation = |action: &str| {
        let parameters: Vec<Value> = ["dryRun", "fieldManager", "fieldValidation", "force"]
            .map(parameter)
            .into();
        json!({
            "operationId": format!("{action}{}", resource.kind),
            "parameters": parameters,
            "responses": {"200": {"description": "OK"}},
            "x-kubernetes-action": action,
            "x-kubernetes-group-version-kind": group_version_kind(resource, version),
        })
    };
    let collection = json!({"get": operation("list"), "post": operation("post")});
    paths.insert(base.clone(), collection);
    paths.insert(
        format!("{base}/{{name}}"),
        json!({
            "get": operation("get"), "put": operation("put"), "patch": operation("patch"),
            "delete": operation("delete"),
        }),
    );
}

/// Everything in one document.
fn document_two(registry: &Registry) -> Value {
    let mut definitions = Map::new();
    for (name, found) in types() {
        definitions.insert(full_name(name), definition(Version::Two, found, None));
    }
    let mut all_paths = Map::new();
    for collection in registry.all() {
        let resource = collection.resource();
        for version in std::iter::once(&resource.version).chain(&resource.also) {
            paths(Version::Two, &resource, version, &mut all_paths);
            if resource.custom.is_some() {
                let name = custom_name(&resource, version);
                let described = custom_definition(Version::Two, &resource, version);
                definitions.insert(name, described);
                continue;
            }
            let name = schema::type_name(&resource, version);
            if let Some(found) = types().get(name.as_str()) {
                let kind = group_version_kind(&resource, version);
                let described = definition(Version::Two, found, Some(kind));
                definitions.insert(full_name(&name), described);
            }
        }
    }
    json!({
        "swagger": "2.0",
        "info": {"title": "Kubernetes", "version": format!("v1.{MINOR}.0")},
        "paths": all_paths,
        "definitions": definitions,
    })
}

/// `/openapi/v2`: protobuf for those who ask for it first, else JSON.
pub(super) fn v2(registry: &Registry, accept: &str) -> Response<Answer> {
    let document = document_two(registry);
    let json_first = accept
        .split(',')
        .next()
        .is_none_or(|first| first.contains("json"));
    if json_first || !accept.contains("protobuf") {
        return body::value(200, &document);
    }
    let bytes = proto::document(&document);
    answer(200, proto::MEDIA_TYPE, Answer::pieces([bytes.into()]))
}

/// `/openapi/v3`: where the document of each group and version is.
pub(super) fn v3_index(registry: &Registry) -> Value {
    let mut index = Map::new();
    for collection in registry.all() {
        let resource = collection.resource();
        for version in std::iter::once(&resource.version).chain(&resource.also) {
            let path = match resource.group.as_str() {
                "" => format!("api/{version}"),
                _ => format!("apis/{}", api_version(&resource.group, version)),
            };
            // Clients keep the documents under this mark until it changes.
            let content = resource.custom.as_ref().map(|custom| custom.to_string());
            let mark = content
                .unwrap_or_default()
                .bytes()
                .fold(5381_u64, |mark, byte| {
                    mark.wrapping_mul(33) ^ u64::from(byte)
                });
            let address = format!("/openapi/v3/{path}?hash={mark:016X}");
            index.insert(path, json!({"serverRelativeURL": address}));
        }
    }
    json!({"paths": index})
}

/// The document of one group and version.
pub(super) fn v3(registry: &Registry, group: &str, version: &str) -> Option<Value> {
    let (mut schemas, mut all_paths) = (Map::new(), Map::new());
    let mut wanted: BTreeSet<&'static str> = BTreeSet::from(["meta.ObjectMeta"]);
    for collection in registry.all() {
        let resource = collection.resource();
        if resource.group != group || !resource.serves(version) {
            continue;
        }
        paths(Version::Three, &resource, version, &mut all_paths);
        if resource.custom.is_some() {
            let described = custom_definition(Version::Three, &resource, version);
            schemas.insert(custom_name(&resource, version), described);
            continue;
        }
        let name = schema::type_name(&resource, version);
        if let Some(found) = types().get(name.as_str()) {
            let kind = group_version_kind(&resource, version);
            schemas.insert(
                full_name(&name),
                definition(Version::Three, found, Some(kind)),
            );
            found
                .fields
                .values()
                .for_each(|field| mentioned(&field.shape, &mut wanted));
        }
    }
    if all_paths.is_empty() {
        return None;
    }
    for name in wanted {
        if let Some(found) = types().get(name) {
            schemas
                .entry(full_name(name))
                .or_insert_with(|| definition(Version::Three, found, None));
        }
    }
    Some(json!({
        "openapi": "3.0.0",
        "info": {"title": "Kubernetes", "version": format!("v1.{MINOR}.0")},
        "paths": all_paths,
        "components": {"schemas": schemas},
    }))
}

/// Adds the types that a shape names, and those that they name.
fn mentioned(shape: &Shape, wanted: &mut BTreeSet<&'static str>) {
    match shape {
        Shape::Map(item) | Shape::List(_, item) => mentioned(item, wanted),
        Shape::Type(name) if wanted.insert(name) => {
            if let Some(found) = types().get(name) {
                found
                    .fields
                    .values()
                    .for_each(|field| mentioned(&field.shape, wanted));
            }
        }
        _ => {}
    }
}
