use std::fmt;

use serde::{Deserialize, Serialize};

use super::ServicePattern;
use crate::accounts::Affiliation;

/// The name of an application in files, logs and the console: 1–64 of `a-z`, `0-9` and `-`,
/// starting with a letter or digit. Permanent.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(transparent)]
pub struct ApplicationId(String);

/// Why a text is no [`ApplicationId`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("must be 1 to 64 of a-z, 0-9 and '-', starting with a letter or digit")]
pub struct BadApplicationId;

impl ApplicationId {
    /// # Errors
    /// [`BadApplicationId`] for another alphabet or length.
    pub fn parse(text: &str) -> Result<Self, BadApplicationId> {
        let alphabet = text
            .bytes()
            .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-');
        if alphabet && (1..=64).contains(&text.len()) && !text.starts_with('-') {
            Ok(Self(text.to_owned()))
        } else {
            Err(BadApplicationId)
        }
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for ApplicationId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// What visitors read, in each language of the pages.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Names {
    #[serde(rename = "zh-CN")]
    pub zh_cn: String,
    pub en: String,
}

/// One entry of the registry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Application {
    pub id: ApplicationId,
    pub names: Names,
    pub cas: Option<CasSide>,
    /// What is told about a person beyond the user name.
    pub release: Vec<ReleasedAttribute>,
    pub access: AccessPolicy,
}

impl Application {
    /// True when its service URLs may end in a fragment.
    pub fn takes_fragments(&self) -> bool {
        self.cas.as_ref().is_some_and(|cas| cas.spa_fragment)
    }
}

/// How an application speaks CAS.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CasSide {
    /// At least one.
    pub services: Vec<ServicePattern>,
    /// `http:` services are meant.
    pub plain_http: bool,
    /// Pages behind `#/…`: the ticket goes before the fragment (RED-08).
    pub spa_fragment: bool,
}

/// Something about a person that an application may be told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ReleasedAttribute {
    Name,
    Number,
    Affiliation,
    Org,
    Email,
    Phone,
}

impl ReleasedAttribute {
    /// The word in entries, also the attribute's name in CAS answers.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Name => "name",
            Self::Number => "number",
            Self::Affiliation => "affiliation",
            Self::Org => "org",
            Self::Email => "email",
            Self::Phone => "phone",
        }
    }
}

/// Who may use an application.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AccessPolicy {
    /// None named means everyone.
    pub affiliations: Vec<Affiliation>,
}

impl AccessPolicy {
    /// True when one of a person's current affiliations is let in.
    pub fn permits(&self, held: impl IntoIterator<Item = Affiliation>) -> bool {
        self.affiliations.is_empty() || held.into_iter().any(|a| self.affiliations.contains(&a))
    }
}
