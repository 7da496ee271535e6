//! The name that Go would give to the type that a deserializer was asked for.
//!
//! `cannot unmarshal string into … of type []string` names the type of the list's items, which
//! serde does not tell when it asks for a list. So the visitor is offered a list whose first item
//! asks back: what it asks for is written down, and the attempt ends with an error.

use serde::de::{self, DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};
use serde::forward_to_deserialize_any;
use std::fmt;

/// The Go type of a list, from the visitor that wants one.
pub(super) fn list<'de, V: Visitor<'de>>(visitor: V) -> String {
    let mut name = String::from("[]");
    let before = name.len();
    let _ended = visitor.visit_seq(Items(&mut name));
    or_any(name, before)
}

/// The Go type of a map, from the visitor that wants one.
pub(super) fn map<'de, V: Visitor<'de>>(visitor: V) -> String {
    let mut name = String::from("map[string]");
    let before = name.len();
    let _ended = visitor.visit_map(Items(&mut name));
    or_any(name, before)
}

fn or_any(mut name: String, before: usize) -> String {
    if name.len() == before {
        name.push_str("interface {}");
    }
    name
}

/// The end of the question; never shown.
#[derive(Debug)]
struct Asked;

impl fmt::Display for Asked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("asked for the type")
    }
}

impl std::error::Error for Asked {}

impl de::Error for Asked {
    fn custom<T: fmt::Display>(_: T) -> Self {
        Self
    }
}

struct Items<'n>(&'n mut String);

impl<'de> SeqAccess<'de> for Items<'_> {
    type Error = Asked;

    fn next_element_seed<T: DeserializeSeed<'de>>(
        &mut self,
        seed: T,
    ) -> Result<Option<T::Value>, Asked> {
        seed.deserialize(Question(self.0)).map(Some)
    }
}

impl<'de> MapAccess<'de> for Items<'_> {
    type Error = Asked;

    fn next_key_seed<K: DeserializeSeed<'de>>(
        &mut self,
        seed: K,
    ) -> Result<Option<K::Value>, Asked> {
        let key = de::value::StrDeserializer::<Asked>::new("");
        seed.deserialize(key).map(Some)
    }

    fn next_value_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<T::Value, Asked> {
        seed.deserialize(Question(self.0))
    }
}

struct Question<'n>(&'n mut String);

impl Question<'_> {
    fn answer<T>(self, name: &str) -> Result<T, Asked> {
        self.0.push_str(name);
        Err(Asked)
    }
}

macro_rules! answers {
    ($($method:ident => $name:literal,)*) => {$(
        fn $method<V: Visitor<'de>>(self, _: V) -> Result<V::Value, Asked> {
            self.answer($name)
        }
    )*};
}

impl<'de> Deserializer<'de> for Question<'_> {
    type Error = Asked;

    answers! {
        deserialize_any => "interface {}",
        deserialize_bool => "bool",
        deserialize_i8 => "int",
        deserialize_i16 => "int",
        deserialize_i32 => "int",
        deserialize_i64 => "int",
        deserialize_u8 => "int",
        deserialize_u16 => "int",
        deserialize_u32 => "int",
        deserialize_u64 => "int",
        deserialize_f32 => "float64",
        deserialize_f64 => "float64",
        deserialize_char => "string",
        deserialize_str => "string",
        deserialize_string => "string",
        deserialize_bytes => "string",
        deserialize_byte_buf => "string",
        deserialize_identifier => "string",
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Asked> {
        visitor.visit_some(self)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, Asked> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Asked> {
        self.0.push_str("[]");
        visitor.visit_seq(Items(self.0))
    }

    fn deserialize_map<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Asked> {
        self.0.push_str("map[string]");
        visitor.visit_map(Items(self.0))
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        _: &'static [&'static str],
        _: V,
    ) -> Result<V::Value, Asked> {
        self.answer(name)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        _: V,
    ) -> Result<V::Value, Asked> {
        self.answer("string")
    }

    forward_to_deserialize_any! {
        i128 u128 unit unit_struct tuple tuple_struct ignored_any
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde::Deserialize;
    use std::collections::BTreeMap;

    /// Hands the visitor of a type to one of the functions above.
    struct Names;

    impl<'de> Deserializer<'de> for Names {
        type Error = de::value::Error;

        fn deserialize_any<V: Visitor<'de>>(self, _: V) -> Result<V::Value, Self::Error> {
            Err(de::Error::custom("?"))
        }

        fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Self::Error> {
            Err(de::Error::custom(list(visitor)))
        }

        fn deserialize_map<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Self::Error> {
            Err(de::Error::custom(map(visitor)))
        }

        forward_to_deserialize_any! {
            bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf
            option unit unit_struct newtype_struct tuple tuple_struct struct enum identifier
            ignored_any
        }
    }

    fn name<T: for<'de> Deserialize<'de> + std::fmt::Debug>() -> String {
        T::deserialize(Names).unwrap_err().to_string()
    }

    #[derive(Debug, Deserialize)]
    #[serde(rename = "services.Field")]
    struct Field {
        #[expect(dead_code, reason = "only its type is asked for")]
        name: String,
    }

    #[test]
    fn names_of_collections() {
        assert_eq!(name::<Vec<String>>(), "[]string");
        assert_eq!(name::<Vec<Vec<Option<bool>>>>(), "[][]bool");
        assert_eq!(name::<BTreeMap<String, i64>>(), "map[string]int");
        assert_eq!(name::<Vec<Field>>(), "[]services.Field");
        assert_eq!(name::<Vec<serde_json::Value>>(), "[]interface {}");
        assert_eq!(name::<BTreeMap<String, Vec<f64>>>(), "map[string][]float64");
    }
}
