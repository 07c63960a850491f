use std::collections::BTreeSet;
use std::fmt;

use serde::{Deserialize, Serialize};

use super::{ClaimsRequest, Scope, Scopes};
use crate::applications::{Application, Release, ReleaseSource, ReleasedAttribute};

/// What an application learns or may do by a request, each as one thing that a person can be asked
/// about: what the request names and the entry releases (OID-29).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Disclosure(BTreeSet<Disclosed>);

/// One of these.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub enum Disclosed {
    Attribute(ReleasedAttribute),
    /// Access while she isn't there.
    Offline,
    /// A scope that only the application's own resources understand.
    Scope(String),
}

/// A word that is none of ours.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("is nothing that can be disclosed")]
pub struct BadDisclosed;

impl ReleasedAttribute {
    /// The scope by which an application asks for it.
    pub fn scope(self) -> Scope {
        match self {
            Self::Name | Self::Number => Scope::Profile,
            Self::Numbers | Self::Affiliation | Self::Org | Self::Groups => Scope::Campus,
            Self::Email => Scope::Email,
            Self::Phone => Scope::Phone,
            Self::Address => Scope::Address,
        }
    }

    /// The claims that tell it where the entry gives it no name of its own.
    pub fn claims(self) -> &'static [&'static str] {
        match self {
            Self::Name => &["name"],
            Self::Number => &["preferred_username"],
            Self::Numbers => &["numbers"],
            Self::Affiliation => &["eduperson_affiliation", "eduperson_scoped_affiliation"],
            Self::Org => &["org"],
            Self::Groups => &["groups"],
            // No `email_verified`: nobody sent a code there, and `false` would warn of an address
            // that people claim for themselves, while this one only the school writes (Core §5.1).
            Self::Email => &["email"],
            Self::Phone => &["phone_number", "phone_number_verified"],
            Self::Address => &["address"],
        }
    }
}

impl Disclosure {
    pub fn of(application: &Application, scopes: &Scopes, claims: &ClaimsRequest) -> Self {
        let mut disclosed = BTreeSet::new();
        for release in &application.release {
            if let ReleaseSource::Attribute(attribute) = &release.source
                && is_asked_for(release, *attribute, scopes, claims)
            {
                disclosed.insert(Disclosed::Attribute(*attribute));
            }
        }
        for scope in scopes.iter() {
            match scope {
                Scope::OfflineAccess => disclosed.insert(Disclosed::Offline),
                Scope::Other(name) => disclosed.insert(Disclosed::Scope(name.clone())),
                _ => false,
            };
        }
        Self(disclosed)
    }

    pub fn iter(&self) -> impl Iterator<Item = &Disclosed> {
        self.0.iter()
    }

    /// True when each of these is one of `others`.
    pub fn is_within(&self, others: &Self) -> bool {
        self.0.is_subset(&others.0)
    }

    pub fn has(&self, one: &Disclosed) -> bool {
        self.0.contains(one)
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// What is in both.
    #[must_use]
    pub fn both(&self, others: &Self) -> Self {
        Self(self.0.intersection(&others.0).cloned().collect())
    }

    /// Both together.
    #[must_use]
    pub fn with(&self, others: &Self) -> Self {
        Self(self.0.union(&others.0).cloned().collect())
    }
}

/// A scope asks for it, or the claim by its name does.
fn is_asked_for(
    release: &Release,
    attribute: ReleasedAttribute,
    scopes: &Scopes,
    claims: &ClaimsRequest,
) -> bool {
    let named =
        |claim: &str| claims.userinfo.contains_key(claim) || claims.id_token.contains_key(claim);
    scopes.has(&attribute.scope())
        || named(release.name.as_str())
        || attribute.claims().iter().any(|claim| named(claim))
}

impl fmt::Display for Disclosed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Attribute(attribute) => f.write_str(attribute.as_str()),
            Self::Offline => f.write_str("offline"),
            Self::Scope(name) => write!(f, "scope:{name}"),
        }
    }
}

impl From<Disclosed> for String {
    fn from(disclosed: Disclosed) -> Self {
        disclosed.to_string()
    }
}

impl TryFrom<String> for Disclosed {
    type Error = BadDisclosed;

    fn try_from(word: String) -> Result<Self, BadDisclosed> {
        if let Some(scope) = word.strip_prefix("scope:") {
            return Ok(Self::Scope(scope.to_owned()));
        }
        if word == "offline" {
            return Ok(Self::Offline);
        }
        serde_json::from_value(serde_json::Value::String(word))
            .map(Self::Attribute)
            .map_err(|_| BadDisclosed)
    }
}
