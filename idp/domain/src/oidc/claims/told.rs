use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Map, Value, json};

use super::Wanted;
use crate::applications::{Facts, ReleaseSource, ReleasedAttribute};
use crate::signin::HeldNumber;

/// Tells facts as claims.
#[derive(Clone, Debug)]
pub struct Teller<'a> {
    pub facts: Facts<'a>,
    /// The school's domain, by which its affiliations are scoped (eduPerson); without one that
    /// claim is left out.
    pub school: Option<&'a str>,
    /// In which days begin.
    pub zone: &'a TimeZone,
}

impl Teller<'_> {
    /// The claims; one without a value isn't there (OpenID Connect Core §5.3.2).
    pub fn tell(&self, wanted: &Wanted<'_>) -> Map<String, Value> {
        let values = wanted.0.iter().filter_map(|(name, source)| {
            let value = match source {
                ReleaseSource::Constant(text) => Some(json!(text)),
                ReleaseSource::Attribute(attribute) => self.value(*attribute, name),
            };
            Some(((*name).to_owned(), value?))
        });
        values.collect()
    }

    /// In the type that the standard gives the claim (§5.1).
    fn value(&self, attribute: ReleasedAttribute, name: &str) -> Option<Value> {
        let values = self.facts.values(attribute);
        // Nothing to be verified, either.
        let first = values.first()?;
        match (attribute, name) {
            // Bound numbers are proved by a code.
            (ReleasedAttribute::Phone, "phone_number_verified") => Some(json!(true)),
            (ReleasedAttribute::Address, "address") => Some(json!({ "formatted": first })),
            (ReleasedAttribute::Affiliation, "eduperson_scoped_affiliation") => {
                let school = self.school?;
                let scoped = values.iter().map(|value| format!("{value}@{school}"));
                Some(scoped.collect())
            }
            (ReleasedAttribute::Affiliation | ReleasedAttribute::Groups, _) => Some(json!(values)),
            (ReleasedAttribute::Numbers, _) => {
                let numbers = self.facts.numbers();
                Some(
                    numbers
                        .into_iter()
                        .map(|number| self.number(number))
                        .collect(),
                )
            }
            _ => Some(json!(first)),
        }
    }

    fn number(&self, number: &HeldNumber) -> Value {
        let mut told = Map::new();
        let mut tell = |name: &str, value: Option<String>| {
            if let Some(value) = value {
                told.insert(name.to_owned(), value.into());
            }
        };
        tell("number", Some(number.display.clone()));
        tell("affiliation", Some(number.affiliation.as_str().to_owned()));
        tell("org", number.org.clone());
        tell("from", number.valid_from.map(|from| self.day(from)));
        // The last day, as the roster has it: the moment in the row is the one after it.
        let moment = SignedDuration::from_micros(1);
        let last = number
            .valid_until
            .map(|until| until.checked_sub(moment).unwrap_or(until));
        tell("until", last.map(|last| self.day(last)));
        Value::Object(told)
    }

    /// `2026-09-01`
    fn day(&self, at: Timestamp) -> String {
        at.to_zoned(self.zone.clone()).date().to_string()
    }
}
