//! Deserializes a tree, so that each error knows the key and the place it belongs to.

use std::fmt::{self, Display};

use serde::de::value::{MapAccessDeserializer, SeqAccessDeserializer, StrDeserializer};
use serde::de::{
    self, Deserialize, DeserializeSeed, Deserializer, Expected, IntoDeserializer, MapAccess,
    SeqAccess, Unexpected, Visitor,
};
use serde::forward_to_deserialize_any;

use super::tree::{Entry, Node, Value};
use super::{ConfigError, Place};

/// Reads the whole of `tree`.
pub(crate) fn read<'de, T: Deserialize<'de>>(tree: &'de Node) -> Result<T, ConfigError> {
    T::deserialize(Reader(tree)).map_err(|error| ConfigError {
        place: error.place.unwrap_or(Place::Default),
        key: error.path.join("."),
        reason: error.reason,
    })
}

#[derive(Debug)]
struct ReadError {
    path: Vec<String>,
    place: Option<Place>,
    reason: String,
}

impl ReadError {
    /// Called from the inside outwards: the innermost place stays.
    fn inside(mut self, key: &str, place: &Place) -> Self {
        self.path.insert(0, key.to_owned());
        self.place.get_or_insert_with(|| place.clone());
        self
    }
}

impl Display for ReadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.reason)
    }
}

impl std::error::Error for ReadError {}

impl de::Error for ReadError {
    fn custom<T: Display>(message: T) -> Self {
        Self {
            path: Vec::new(),
            place: None,
            reason: message.to_string(),
        }
    }

    fn invalid_type(unexpected: Unexpected<'_>, expected: &dyn Expected) -> Self {
        let expected = expected.to_string();
        // Serde names the Rust type, which means nothing to whoever writes the file.
        let expected = if expected.starts_with("struct ") {
            "a table"
        } else {
            &expected
        };
        Self::custom(format_args!("is {unexpected}, must be {expected}"))
    }

    fn unknown_field(field: &str, known: &'static [&'static str]) -> Self {
        Self::custom(match nearest(field, known) {
            Some(near) => format!("unknown key; did you mean `{near}`?"),
            None => format!("unknown key; known here: {}", known.join(", ")),
        })
    }

    fn unknown_variant(variant: &str, known: &'static [&'static str]) -> Self {
        Self::custom(format_args!(
            "{variant:?} must be one of {}",
            known.join(", ")
        ))
    }

    fn missing_field(field: &'static str) -> Self {
        let mut error = Self::custom("missing");
        error.path.push(field.to_owned());
        error
    }
}

fn nearest<'a>(field: &str, known: &[&'a str]) -> Option<&'a str> {
    known
        .iter()
        .map(|candidate| (strsim::damerau_levenshtein(field, candidate), *candidate))
        .filter(|(distance, candidate)| *distance <= candidate.len().div_ceil(3))
        .min()
        .map(|(_, candidate)| candidate)
}

struct Reader<'de>(&'de Node);

impl<'de> Reader<'de> {
    /// A text of a variable or flag as the number that the key asks for; other values as they are.
    fn number<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ReadError> {
        if let Value::Loose(text) = &self.0.value {
            if let Ok(value) = text.parse() {
                return visitor.visit_u64(value);
            }
            if let Ok(value) = text.parse() {
                return visitor.visit_i64(value);
            }
            if let Ok(value) = text.parse() {
                return visitor.visit_f64(value);
            }
        }
        self.deserialize_any(visitor)
    }
}

macro_rules! numbers {
    ($($method:ident)*) => {
        $(fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ReadError> {
            self.number(visitor)
        })*
    };
}

impl<'de> Deserializer<'de> for Reader<'de> {
    type Error = ReadError;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ReadError> {
        match &self.0.value {
            Value::Text(text) | Value::Loose(text) => visitor.visit_str(text),
            Value::Integer(value) => visitor.visit_i64(*value),
            Value::Float(value) => visitor.visit_f64(*value),
            Value::Boolean(value) => visitor.visit_bool(*value),
            Value::List(items) => visitor.visit_seq(Items(items.iter().enumerate())),
            Value::Table(entries) => visitor.visit_map(Entries {
                entries: entries.iter(),
                current: None,
            }),
        }
    }

    fn deserialize_bool<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ReadError> {
        match &self.0.value {
            Value::Loose(text) => match text.parse() {
                Ok(value) => visitor.visit_bool(value),
                Err(_) => Err(de::Error::custom("must be true or false")),
            },
            _ => self.deserialize_any(visitor),
        }
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ReadError> {
        match &self.0.value {
            Value::Loose(text) => {
                visitor.visit_seq(Pieces(text.split(',').filter(|p| !p.trim().is_empty())))
            }
            _ => self.deserialize_any(visitor),
        }
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ReadError> {
        visitor.visit_some(self)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        visitor: V,
    ) -> Result<V::Value, ReadError> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        name: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, ReadError> {
        match &self.0.value {
            Value::Text(text) | Value::Loose(text) => {
                let text: StrDeserializer<'_, ReadError> = text.as_str().into_deserializer();
                text.deserialize_enum(name, variants, visitor)
            }
            Value::Table(entries) => MapAccessDeserializer::new(Entries {
                entries: entries.iter(),
                current: None,
            })
            .deserialize_enum(name, variants, visitor),
            Value::List(items) => {
                SeqAccessDeserializer::new(Items(items.iter().enumerate())).deserialize_any(visitor)
            }
            _ => self.deserialize_any(visitor),
        }
    }

    numbers! {
        deserialize_i8 deserialize_i16 deserialize_i32 deserialize_i64 deserialize_u8 deserialize_u16
        deserialize_u32 deserialize_u64 deserialize_f32 deserialize_f64
    }

    forward_to_deserialize_any! {
        char str string bytes byte_buf unit unit_struct tuple tuple_struct map struct identifier ignored_any
    }
}

struct Entries<'de> {
    entries: std::collections::btree_map::Iter<'de, String, Entry>,
    current: Option<(&'de str, &'de Entry)>,
}

impl<'de> MapAccess<'de> for Entries<'de> {
    type Error = ReadError;

    fn next_key_seed<K: DeserializeSeed<'de>>(
        &mut self,
        seed: K,
    ) -> Result<Option<K::Value>, ReadError> {
        let Some((key, entry)) = self.entries.next() else {
            return Ok(None);
        };
        self.current = Some((key, entry));
        let text: StrDeserializer<'_, ReadError> = key.as_str().into_deserializer();
        seed.deserialize(text)
            .map(Some)
            .map_err(|e| e.inside(key, &entry.key_place))
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, ReadError> {
        let Some((key, entry)) = self.current.take() else {
            return Err(de::Error::custom("a value without a key"));
        };
        seed.deserialize(Reader(&entry.node))
            .map_err(|e| e.inside(key, &entry.node.place))
    }
}

struct Items<'de>(std::iter::Enumerate<std::slice::Iter<'de, Node>>);

impl<'de> SeqAccess<'de> for Items<'de> {
    type Error = ReadError;

    fn next_element_seed<T: DeserializeSeed<'de>>(
        &mut self,
        seed: T,
    ) -> Result<Option<T::Value>, ReadError> {
        let Some((at, node)) = self.0.next() else {
            return Ok(None);
        };
        let item = seed
            .deserialize(Reader(node))
            .map_err(|e| e.inside(&(at + 1).to_string(), &node.place))?;
        Ok(Some(item))
    }
}

/// The parts of a list that is written with commas in a variable or flag.
struct Pieces<I>(I);

impl<'de, I: Iterator<Item = &'de str>> SeqAccess<'de> for Pieces<I> {
    type Error = ReadError;

    fn next_element_seed<T: DeserializeSeed<'de>>(
        &mut self,
        seed: T,
    ) -> Result<Option<T::Value>, ReadError> {
        let Some(piece) = self.0.next() else {
            return Ok(None);
        };
        let text: StrDeserializer<'_, ReadError> = piece.trim().into_deserializer();
        seed.deserialize(text).map(Some)
    }
}
