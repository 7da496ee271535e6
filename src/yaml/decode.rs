//! From tree to Rust types, by Go's JSON conventions.

use super::error::Error;
use super::expected;
use super::node::{Content, Node, effective, whole};
use super::scalar::{ScalarValue, resolve};
use serde::de::{
    self, DeserializeOwned, DeserializeSeed, Deserializer, IntoDeserializer, MapAccess, SeqAccess,
    Visitor,
};
use std::borrow::Cow;

/// Fills a type from a node.
///
/// - Unknown fields are ignored, field names match without regard to case (an exact match is not
///   preferred: like Go, of several spellings the last in byte order wins).
/// - Null is the type's default: an absent field in a struct, `None`, the empty string, zero.
/// - Scalars become text where text is wanted. Beyond the original, text that reads as a number or
///   a boolean is taken where one is wanted.
/// - Do not use `#[serde(flatten)]`: serde then no longer tells the field names, and they must
///   match exactly. Mark every field, or the struct, `#[serde(default)]`.
///
/// A struct may be renamed (`#[serde(rename = "services.Notification")]`) to the name that the
/// original's messages give it.
///
/// # Errors
/// The shape does not fit; the message is Go's, with the place and the path of the value.
pub fn decode<T: DeserializeOwned>(node: &Node) -> Result<T, Error> {
    T::deserialize(Decoder { node, scope: None }).map_err(|error| error.or_at(node.position))
}

/// The struct field that is being filled, for messages.
#[derive(Clone, Copy)]
struct Scope<'a> {
    outer: Option<&'a Scope<'a>>,
    structure: &'static str,
    field: &'a str,
}

impl Scope<'_> {
    fn path(&self) -> String {
        match self.outer {
            Some(outer) => format!("{}.{}", outer.path(), self.field),
            None => self.field.to_owned(),
        }
    }
}

#[derive(Clone, Copy)]
struct Decoder<'a> {
    node: &'a Node,
    scope: Option<&'a Scope<'a>>,
}

impl<'a> Decoder<'a> {
    fn mismatch(&self, found: &str, wanted: &str) -> Error {
        let target = match self.scope {
            Some(scope) => {
                let structure = scope.structure.rsplit('.').next().unwrap_or_default();
                format!(
                    "Go struct field {structure}.{} of type {wanted}",
                    scope.path()
                )
            }
            None => format!("Go value of type {wanted}"),
        };
        let message = format!("json: cannot unmarshal {found} into {target}");
        Error::decode(message, self.node.position)
    }

    /// The scalar's value; text is read once more as if it stood there without quotes, so that a
    /// number that came out of a secret is a number where one is wanted.
    fn lenient(&self) -> Option<ScalarValue> {
        let scalar = self.node.as_scalar()?;
        Some(match scalar.value {
            ScalarValue::Text => match resolve(scalar.text.trim()) {
                ScalarValue::Null => ScalarValue::Text,
                value => value,
            },
            value => value,
        })
    }

    fn integer<'de, V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        match self.lenient() {
            Some(ScalarValue::Null) => visitor.visit_i64(0),
            Some(ScalarValue::Int(int)) => visitor.visit_i64(int),
            Some(ScalarValue::Uint(int)) => visitor.visit_u64(int),
            Some(ScalarValue::Float(float)) => match whole(float) {
                Some(int) => visitor.visit_i64(int),
                None => {
                    let text = crate::golang::number::json_float(float);
                    Err(self.mismatch(&format!("number {text}"), "int"))
                }
            },
            _ => Err(self.mismatch(self.node.json_type(), "int")),
        }
        .map_err(|error| error.or_at(self.node.position))
    }

    fn text(&self) -> Result<Cow<'a, str>, Error> {
        self.node
            .to_text()
            .ok_or_else(|| self.mismatch(self.node.json_type(), "string"))
    }
}

macro_rules! integers {
    ($($method:ident)*) => {$(
        fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
            self.integer(visitor)
        }
    )*};
}

macro_rules! texts {
    ($($method:ident)*) => {$(
        fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
            visitor.visit_str(&self.text()?)
        }
    )*};
}

impl<'de> Deserializer<'de> for Decoder<'_> {
    type Error = Error;

    integers! {
        deserialize_i8 deserialize_i16 deserialize_i32 deserialize_i64 deserialize_i128
        deserialize_u8 deserialize_u16 deserialize_u32 deserialize_u64 deserialize_u128
    }

    texts! { deserialize_char deserialize_str deserialize_string deserialize_identifier }

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        match &self.node.content {
            Content::Sequence(_) => self.deserialize_seq(visitor),
            Content::Mapping(_) => self.deserialize_map(visitor),
            Content::Scalar(scalar) => match scalar.value {
                ScalarValue::Null => visitor.visit_unit(),
                ScalarValue::Bool(truth) => visitor.visit_bool(truth),
                ScalarValue::Int(int) => visitor.visit_i64(int),
                ScalarValue::Uint(int) => visitor.visit_u64(int),
                ScalarValue::Float(float) => match whole(float) {
                    Some(int) => visitor.visit_i64(int),
                    None => visitor.visit_f64(float),
                },
                ScalarValue::Text => visitor.visit_str(&scalar.text),
            },
        }
    }

    fn deserialize_bool<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        match self.lenient() {
            Some(ScalarValue::Null) => visitor.visit_bool(false),
            Some(ScalarValue::Bool(truth)) => visitor.visit_bool(truth),
            _ => Err(self.mismatch(self.node.json_type(), "bool")),
        }
    }

    fn deserialize_f32<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        self.deserialize_f64(visitor)
    }

    fn deserialize_f64<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        match self.lenient() {
            Some(ScalarValue::Null) => visitor.visit_f64(0.0),
            Some(ScalarValue::Int(int)) => visitor.visit_f64(int as f64),
            Some(ScalarValue::Uint(int)) => visitor.visit_f64(int as f64),
            Some(ScalarValue::Float(float)) => visitor.visit_f64(float),
            _ => Err(self.mismatch(self.node.json_type(), "float64")),
        }
    }

    fn deserialize_bytes<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        visitor.visit_bytes(self.text()?.as_bytes())
    }

    fn deserialize_byte_buf<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        self.deserialize_bytes(visitor)
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        if self.node.is_null() {
            visitor.visit_none()
        } else {
            visitor.visit_some(self)
        }
    }

    fn deserialize_unit<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        visitor.visit_unit()
    }

    fn deserialize_unit_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, Error> {
        visitor.visit_unit()
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, Error> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        let items: &[Node] = match &self.node.content {
            Content::Sequence(items) => items,
            Content::Scalar(_) if self.node.is_null() => &[],
            _ => return Err(self.mismatch(self.node.json_type(), &expected::list(visitor))),
        };
        visitor.visit_seq(Items {
            items,
            next: 0,
            scope: self.scope,
        })
    }

    fn deserialize_tuple<V: Visitor<'de>>(self, _: usize, visitor: V) -> Result<V::Value, Error> {
        self.deserialize_seq(visitor)
    }

    fn deserialize_tuple_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: usize,
        visitor: V,
    ) -> Result<V::Value, Error> {
        self.deserialize_seq(visitor)
    }

    fn deserialize_map<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        let members = match &self.node.content {
            Content::Mapping(entries) => effective(entries),
            Content::Scalar(_) if self.node.is_null() => Vec::new(),
            _ => return Err(self.mismatch(self.node.json_type(), &expected::map(visitor))),
        };
        visitor.visit_map(Members {
            members: members.into_iter(),
            value: None,
            structure: None,
            outer: self.scope,
        })
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        #[cfg(test)]
        record::note(name, self.scope, fields);
        let members = match &self.node.content {
            Content::Mapping(entries) => fields_of(effective(entries), fields),
            Content::Scalar(_) if self.node.is_null() => Vec::new(),
            _ => return Err(self.mismatch(self.node.json_type(), name)),
        };
        visitor.visit_map(Members {
            members: members.into_iter(),
            value: None,
            structure: Some(name),
            outer: self.scope,
        })
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        let text = self.text()?;
        let variant: de::value::StrDeserializer<'_, Error> = text.as_ref().into_deserializer();
        visitor
            .visit_enum(variant)
            .map_err(|error| error.or_at(self.node.position))
    }

    fn deserialize_ignored_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        visitor.visit_unit()
    }
}

/// The members that belong to fields, under the fields' own spelling, each field once, nulls left
/// out.
fn fields_of<'a>(
    members: Vec<(Cow<'a, str>, &'a Node)>,
    fields: &'static [&'static str],
) -> Vec<(Cow<'a, str>, &'a Node)> {
    let mut found: Vec<(Cow<'a, str>, &'a Node)> = Vec::with_capacity(fields.len());
    for (key, node) in members {
        if node.is_null() {
            continue;
        }
        let exact = fields.iter().find(|field| **field == key);
        let folded = || fields.iter().find(|field| field.eq_ignore_ascii_case(&key));
        let Some(field) = exact.or_else(folded) else {
            continue;
        };
        match found.iter_mut().find(|(name, _)| name == field) {
            Some(member) => member.1 = node,
            None => found.push((Cow::Borrowed(field), node)),
        }
    }
    found
}

struct Items<'a> {
    items: &'a [Node],
    next: usize,
    scope: Option<&'a Scope<'a>>,
}

impl<'de> SeqAccess<'de> for Items<'_> {
    type Error = Error;

    fn next_element_seed<T: DeserializeSeed<'de>>(
        &mut self,
        seed: T,
    ) -> Result<Option<T::Value>, Error> {
        let Some(node) = self.items.get(self.next) else {
            return Ok(None);
        };
        let index = self.next;
        self.next += 1;
        let item = Decoder {
            node,
            scope: self.scope,
        };
        seed.deserialize(item)
            .map(Some)
            .map_err(|error| error.within(&format!("[{index}]"), node.position))
    }

    fn size_hint(&self) -> Option<usize> {
        Some(self.items.len().saturating_sub(self.next))
    }
}

struct Members<'a> {
    members: std::vec::IntoIter<(Cow<'a, str>, &'a Node)>,
    value: Option<(Cow<'a, str>, &'a Node)>,
    /// Name of the struct whose fields these are; none for a map.
    structure: Option<&'static str>,
    outer: Option<&'a Scope<'a>>,
}

impl<'de> MapAccess<'de> for Members<'_> {
    type Error = Error;

    fn next_key_seed<K: DeserializeSeed<'de>>(
        &mut self,
        seed: K,
    ) -> Result<Option<K::Value>, Error> {
        let Some((key, node)) = self.members.next() else {
            return Ok(None);
        };
        let name: de::value::StrDeserializer<'_, Error> = key.as_ref().into_deserializer();
        let name = seed
            .deserialize(name)
            .map_err(|error| error.within(&key, node.position))?;
        self.value = Some((key, node));
        Ok(Some(name))
    }

    fn next_value_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<T::Value, Error> {
        let Some((key, node)) = self.value.take() else {
            return Err(de::Error::custom("a value was asked for before its key"));
        };
        let field;
        let scope = match self.structure {
            Some(structure) => {
                field = Scope {
                    outer: self.outer,
                    structure,
                    field: &key,
                };
                Some(&field)
            }
            None => self.outer,
        };
        seed.deserialize(Decoder { node, scope })
            .map_err(|error| error.within(&key, node.position))
    }
}

/// For tests that hold documentation against the types: which fields are asked for.
#[cfg(test)]
pub(crate) mod record {
    use super::Scope;
    use std::cell::RefCell;

    /// A struct that was decoded.
    #[derive(Clone, Debug, PartialEq, Eq)]
    pub(crate) struct Decoded {
        /// Its name, as renamed for messages.
        pub(crate) structure: &'static str,
        /// Where it stands, by field names; empty for the whole.
        pub(crate) path: String,
        /// The names of its fields.
        pub(crate) fields: &'static [&'static str],
    }

    thread_local! {
        static SEEN: RefCell<Option<Vec<Decoded>>> = const { RefCell::new(None) };
    }

    pub(super) fn note(
        structure: &'static str,
        scope: Option<&Scope<'_>>,
        fields: &'static [&'static str],
    ) {
        SEEN.with_borrow_mut(|seen| {
            if let Some(seen) = seen {
                seen.push(Decoded {
                    structure,
                    path: scope.map(Scope::path).unwrap_or_default(),
                    fields,
                });
            }
        });
    }

    /// The structs that are decoded during the work, on this thread.
    pub(crate) fn decoded(work: impl FnOnce()) -> Vec<Decoded> {
        SEEN.set(Some(Vec::new()));
        work();
        SEEN.take().unwrap_or_default()
    }
}
