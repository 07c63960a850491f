use serde::{Deserialize, Serialize};

use crate::cas::AttributeName;

/// One attribute that an application is told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Release {
    /// Its name in the answers.
    pub name: AttributeName,
    pub source: ReleaseSource,
}

/// Where its value comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ReleaseSource {
    Attribute(ReleasedAttribute),
    /// The same for everybody.
    Constant(String),
}

/// Something about a person that an application may be told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ReleasedAttribute {
    /// With the number that the application is given.
    Name,
    /// The number that the application is given.
    Number,
    /// Every valid number.
    Numbers,
    Affiliation,
    Org,
    Email,
    Phone,
    Groups,
    /// Where she lives or works, as the school says.
    Address,
}

impl ReleasedAttribute {
    pub const ALL: [Self; 9] = [
        Self::Name,
        Self::Number,
        Self::Numbers,
        Self::Affiliation,
        Self::Org,
        Self::Email,
        Self::Phone,
        Self::Groups,
        Self::Address,
    ];

    /// The word in entries, also the attribute's name in CAS answers unless the entry renames it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Name => "name",
            Self::Number => "number",
            Self::Numbers => "numbers",
            Self::Affiliation => "affiliation",
            Self::Org => "org",
            Self::Email => "email",
            Self::Phone => "phone",
            Self::Groups => "groups",
            Self::Address => "address",
        }
    }
}
