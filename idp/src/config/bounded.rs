use std::borrow::Cow;
use std::fmt;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::{Deserialize, Deserializer, Error, Visitor};
use serde::{Serialize, Serializer};

/// A whole number from `MIN` to `MAX`, both included. The bounds stand in the type, so that the
/// check, the message and the JSON Schema can't disagree.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Bounded<const MIN: u32, const MAX: u32>(u32);

impl<const MIN: u32, const MAX: u32> Bounded<MIN, MAX> {
    /// For defaults, in constants, where a wrong one doesn't compile.
    ///
    /// # Panics
    /// When `value` is out of bounds.
    pub const fn of(value: u32) -> Self {
        assert!(MIN <= value && value <= MAX, "out of bounds");
        Self(value)
    }

    pub const fn get(self) -> u32 {
        self.0
    }

    fn checked<E: Error>(value: u64) -> Result<Self, E> {
        match u32::try_from(value) {
            Ok(value) if (MIN..=MAX).contains(&value) => Ok(Self(value)),
            _ => Err(E::custom(format_args!(
                "{value} must be between {MIN} and {MAX}"
            ))),
        }
    }
}

impl<const MIN: u32, const MAX: u32> fmt::Debug for Bounded<MIN, MAX> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl<const MIN: u32, const MAX: u32> fmt::Display for Bounded<MIN, MAX> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl<const MIN: u32, const MAX: u32> Serialize for Bounded<MIN, MAX> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_u32(self.0)
    }
}

impl<'de, const MIN: u32, const MAX: u32> Deserialize<'de> for Bounded<MIN, MAX> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Whole<const MIN: u32, const MAX: u32>;

        impl<const MIN: u32, const MAX: u32> Visitor<'_> for Whole<MIN, MAX> {
            type Value = Bounded<MIN, MAX>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "a whole number between {MIN} and {MAX}")
            }

            fn visit_u64<E: Error>(self, value: u64) -> Result<Self::Value, E> {
                Bounded::checked(value)
            }

            fn visit_i64<E: Error>(self, value: i64) -> Result<Self::Value, E> {
                match u64::try_from(value) {
                    Ok(value) => Bounded::checked(value),
                    Err(_) => Err(E::custom(format_args!(
                        "{value} must be between {MIN} and {MAX}"
                    ))),
                }
            }
        }

        deserializer.deserialize_u64(Whole)
    }
}

impl<const MIN: u32, const MAX: u32> JsonSchema for Bounded<MIN, MAX> {
    fn schema_name() -> Cow<'static, str> {
        format!("Between{MIN}And{MAX}").into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "integer", "minimum": MIN, "maximum": MAX })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_outside_are_refused_with_the_bounds() {
        let read = |text: &str| serde_json::from_str::<Bounded<1, 24>>(text);
        assert_eq!(read("1").unwrap().get(), 1);
        assert_eq!(read("24").unwrap().get(), 24);
        for text in ["0", "25", "-1", "4294967297"] {
            let error = read(text).unwrap_err().to_string();
            assert!(error.contains("between 1 and 24"), "{text}: {error}");
        }
        assert!(read("1.5").is_err());
        assert!(read("\"8\"").is_err());
    }
}
