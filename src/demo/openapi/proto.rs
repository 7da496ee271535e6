//! The protobuf form of an OpenAPI version 2 document, as far as our documents go: clients before
//! 1.27 accept no other. The numbers are those of the public `openapi.v2` message definitions.

use serde_json::{Map, Value};

/// The media type of the form, as servers write it: clients ask for it with an `@`, which no
/// reader of media types accepts in an answer.
pub(super) const MEDIA_TYPE: &str = "application/com.github.proto-openapi.spec.v2.v1.0+protobuf";

/// A message under construction.
#[derive(Default)]
struct Message(Vec<u8>);

impl Message {
    fn varint(&mut self, mut value: u64) {
        while value >= 0x80 {
            // The mask leaves seven bits.
            self.0.push((value & 0x7f) as u8 | 0x80);
            value >>= 7;
        }
        self.0.push(value as u8);
    }

    fn bytes(&mut self, number: u64, bytes: &[u8]) {
        self.varint(number << 3 | 2);
        self.varint(bytes.len() as u64);
        self.0.extend_from_slice(bytes);
    }

    fn text(&mut self, number: u64, text: &Value) {
        if let Some(text) = text.as_str().filter(|text| !text.is_empty()) {
            self.bytes(number, text.as_bytes());
        }
    }

    fn message(&mut self, number: u64, message: Message) {
        self.bytes(number, &message.0);
    }

    /// Name in field 1, value in field 2: how maps are written.
    fn named(&mut self, number: u64, name: &str, value: Message) {
        let mut entry = Message::default();
        entry.bytes(1, name.as_bytes());
        entry.message(2, value);
        self.message(number, entry);
    }

    /// The members that begin with `x-`, as YAML texts. JSON is YAML.
    fn extensions(&mut self, number: u64, object: &Map<String, Value>) {
        for (name, value) in object.iter().filter(|(name, _)| name.starts_with("x-")) {
            let mut any = Message::default();
            any.bytes(2, value.to_string().as_bytes());
            self.named(number, name, any);
        }
    }
}

/// The whole document.
pub(super) fn document(document: &Value) -> Vec<u8> {
    let mut message = Message::default();
    message.text(1, &document["swagger"]);
    let mut info = Message::default();
    info.text(1, &document["info"]["title"]);
    info.text(2, &document["info"]["version"]);
    message.message(2, info);
    let mut paths = Message::default();
    for (path, item) in document["paths"].as_object().into_iter().flatten() {
        paths.named(2, path, path_item(item));
    }
    message.message(8, paths);
    let mut definitions = Message::default();
    for (name, schema) in document["definitions"].as_object().into_iter().flatten() {
        definitions.named(1, name, self::schema(schema));
    }
    message.message(9, definitions);
    message.0
}

fn path_item(item: &Value) -> Message {
    let mut message = Message::default();
    for (number, method) in [
        (2, "get"),
        (3, "put"),
        (4, "post"),
        (5, "delete"),
        (8, "patch"),
    ] {
        if let Some(found) = item[method].as_object() {
            message.message(number, operation(found));
        }
    }
    message
}

fn operation(operation: &Map<String, Value>) -> Message {
    let mut message = Message::default();
    if let Some(id) = operation.get("operationId") {
        message.text(5, id);
    }
    let parameters = operation.get("parameters").and_then(Value::as_array);
    for parameter in parameters.into_iter().flatten() {
        let mut query = Message::default();
        query.text(2, &parameter["in"]);
        query.text(4, &parameter["name"]);
        query.text(6, &parameter["type"]);
        // One kind of parameter inside another: query, not a body, given here.
        let nested = [3, 2, 1].into_iter().fold(query, |inner, number| {
            let mut outer = Message::default();
            outer.message(number, inner);
            outer
        });
        message.message(8, nested);
    }
    message.extensions(13, operation);
    message
}

fn schema(schema: &Value) -> Message {
    let mut message = Message::default();
    message.text(1, &schema["$ref"]);
    message.text(2, &schema["format"]);
    for name in schema["required"].as_array().into_iter().flatten() {
        message.text(19, name);
    }
    if schema["additionalProperties"].is_object() {
        let mut item = Message::default();
        item.message(1, self::schema(&schema["additionalProperties"]));
        message.message(21, item);
    }
    if schema["type"].is_string() {
        let mut item = Message::default();
        item.text(1, &schema["type"]);
        message.message(22, item);
    }
    if schema["items"].is_object() {
        let mut item = Message::default();
        item.message(1, self::schema(&schema["items"]));
        message.message(23, item);
    }
    if let Some(properties) = schema["properties"].as_object() {
        let mut list = Message::default();
        for (name, property) in properties {
            list.named(1, name, self::schema(property));
        }
        message.message(25, list);
    }
    if let Some(members) = schema.as_object() {
        message.extensions(31, members);
    }
    message
}
