use std::fmt;

use serde::de::value::{MapAccessDeserializer, StrDeserializer};
use serde::de::{Error, MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize};

use crate::applications::{Release, ReleaseSource, ReleasedAttribute};

/// A word, or an object with one source and a name of its own.
#[derive(Serialize)]
#[serde(untagged)]
pub(in super::super) enum EntryRelease {
    Word(ReleasedAttribute),
    Named(NamedRelease),
}

#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(in super::super) struct NamedRelease {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(in super::super) attribute: Option<ReleasedAttribute>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(in super::super) constant: Option<String>,
    #[serde(rename = "as")]
    pub(in super::super) name: String,
}

/// By hand: an untagged one would forget where in the file the problem is.
impl<'de> Deserialize<'de> for EntryRelease {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct WordOrObject;

        impl<'de> Visitor<'de> for WordOrObject {
            type Value = EntryRelease;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a word such as \"name\", or an object with \"as\"")
            }

            fn visit_str<E: Error>(self, word: &str) -> Result<EntryRelease, E> {
                ReleasedAttribute::deserialize(StrDeserializer::new(word)).map(EntryRelease::Word)
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<EntryRelease, A::Error> {
                NamedRelease::deserialize(MapAccessDeserializer::new(map)).map(EntryRelease::Named)
            }
        }

        deserializer.deserialize_any(WordOrObject)
    }
}

impl EntryRelease {
    pub(super) fn of(release: &Release) -> Self {
        let name = release.name.as_str().to_owned();
        let (attribute, constant) = match &release.source {
            ReleaseSource::Attribute(attribute) if attribute.as_str() == name => {
                return Self::Word(*attribute);
            }
            ReleaseSource::Attribute(attribute) => (Some(*attribute), None),
            ReleaseSource::Constant(text) => (None, Some(text.clone())),
        };
        Self::Named(NamedRelease {
            attribute,
            constant,
            name,
        })
    }
}
