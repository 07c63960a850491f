use std::collections::HashSet;

use jiff::Timestamp;

use super::{Application, ReleaseSource, ReleasedAttribute};
use crate::signin::{HeldNumber, Holder};

/// What is known of a person, for the protocols to tell. Which of it an application is told is its
/// entry's `release`.
#[derive(Clone, Debug)]
pub struct Facts<'a> {
    pub holder: &'a Holder,
    /// By which the application knows her.
    pub number: &'a HeldNumber,
    /// Which the school has.
    pub email: Option<String>,
    /// The one that is bound.
    pub phone: Option<String>,
    /// Which the school has.
    pub address: Option<String>,
    pub now: Timestamp,
}

impl Application {
    /// Whether its entry releases this, by whatever name.
    pub fn releases(&self, attribute: ReleasedAttribute) -> bool {
        let mut sources = self.release.iter().map(|release| &release.source);
        sources.any(|source| *source == ReleaseSource::Attribute(attribute))
    }
}

impl<'a> Facts<'a> {
    /// The valid numbers, that of the application first: a client that reads one value only reads
    /// that.
    pub fn numbers(&self) -> Vec<&'a HeldNumber> {
        let mut numbers = vec![self.number];
        let others = self.holder.valid_numbers(self.now);
        numbers.extend(
            others
                .into_iter()
                .filter(|n| n.number != self.number.number),
        );
        numbers
    }

    /// Each value once. What belongs to numbers comes from every valid one. A probe has a name and
    /// a number, and nothing else to tell.
    pub fn values(&self, attribute: ReleasedAttribute) -> Vec<String> {
        let own = matches!(
            attribute,
            ReleasedAttribute::Name | ReleasedAttribute::Number | ReleasedAttribute::Numbers
        );
        if self.holder.is_probe() && !own {
            return Vec::new();
        }
        let numbers = self.numbers().into_iter();
        let one = |value: &Option<String>| value.iter().cloned().collect();
        let mut values: Vec<String> = match attribute {
            ReleasedAttribute::Name => vec![self.number.name.clone()],
            ReleasedAttribute::Number => vec![self.number.display.clone()],
            ReleasedAttribute::Numbers => numbers.map(|n| n.display.clone()).collect(),
            ReleasedAttribute::Affiliation => {
                numbers.map(|n| n.affiliation.as_str().to_owned()).collect()
            }
            ReleasedAttribute::Org => numbers.filter_map(|n| n.org.clone()).collect(),
            ReleasedAttribute::Email => one(&self.email),
            ReleasedAttribute::Phone => one(&self.phone),
            ReleasedAttribute::Groups => self.holder.groups.clone(),
            ReleasedAttribute::Address => one(&self.address),
        };
        let mut seen = HashSet::new();
        values.retain(|value| seen.insert(value.clone()));
        values
    }
}
