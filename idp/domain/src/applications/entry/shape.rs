//! The JSON of an entry, key by key. Unknown keys are refused everywhere.

use std::fmt;

use serde::de::value::{MapAccessDeserializer, StrDeserializer};
use serde::de::{Error, MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize};

use crate::applications::{
    AccessPolicy, Application, CasSide, LogoutChannel, LogoutRule, Names, NumberRule, Release,
    ReleaseSource, ReleasedAttribute, TimeWindow, day_word,
};

#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Entry {
    pub(super) id: String,
    pub(super) name: Names,
    #[serde(default = "yes")]
    pub(super) enabled: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) contact: Option<Names>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) cas: Option<EntryCas>,
    #[serde(default)]
    pub(super) account_number: NumberRule,
    #[serde(default)]
    pub(super) release: Vec<EntryRelease>,
    #[serde(default)]
    pub(super) access: EntryAccess,
}

fn yes() -> bool {
    true
}

#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(super) struct EntryCas {
    pub(super) services: Vec<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) opaque_services: Vec<String>,
    #[serde(default)]
    pub(super) plain_http: bool,
    #[serde(default)]
    pub(super) spa_fragment: bool,
    #[serde(default)]
    pub(super) require_fresh: bool,
    #[serde(default)]
    pub(super) logout: EntryLogout,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) proxy: Option<EntryProxy>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) rest: Option<EntryRest>,
}

#[derive(Default, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(super) struct EntryLogout {
    #[serde(default)]
    pub(super) channel: LogoutChannel,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) url: Option<String>,
}

#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(super) struct EntryProxy {
    #[serde(default)]
    pub(super) callbacks: Vec<String>,
    #[serde(default)]
    pub(super) targets: Vec<String>,
}

#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(super) struct EntryRest {
    pub(super) networks: Vec<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) key_sha256: Option<String>,
}

#[derive(Default, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(super) struct EntryAccess {
    #[serde(default)]
    pub(super) affiliations: Vec<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) org_units: Vec<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) groups: Vec<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) states: Vec<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) from: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) until: Option<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) times: Vec<EntryWindow>,
}

#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(super) struct EntryWindow {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) days: Option<Vec<String>>,
    pub(super) from: String,
    pub(super) to: String,
}

/// A word, or an object with one source and a name of its own.
#[derive(Serialize)]
#[serde(untagged)]
pub(super) enum EntryRelease {
    Word(ReleasedAttribute),
    Named(NamedRelease),
}

#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(super) struct NamedRelease {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) attribute: Option<ReleasedAttribute>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) constant: Option<String>,
    #[serde(rename = "as")]
    pub(super) name: String,
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

impl Entry {
    /// As it would be written, defaults included.
    pub(super) fn of(application: &Application) -> Self {
        Self {
            id: application.id.to_string(),
            name: application.names.clone(),
            enabled: application.enabled,
            contact: application.contact.clone(),
            cas: application.cas.as_ref().map(EntryCas::of),
            account_number: application.account_number,
            release: application.release.iter().map(EntryRelease::of).collect(),
            access: EntryAccess::of(&application.access),
        }
    }
}

impl EntryCas {
    fn of(cas: &CasSide) -> Self {
        let opaque = cas.opaque_services.iter();
        Self {
            services: texts(&cas.services),
            opaque_services: opaque.map(|service| service.as_str().to_owned()).collect(),
            plain_http: cas.plain_http,
            spa_fragment: cas.spa_fragment,
            require_fresh: cas.require_fresh,
            logout: EntryLogout::of(&cas.logout),
            proxy: cas.proxy.as_ref().map(|proxy| EntryProxy {
                callbacks: proxy
                    .callbacks
                    .iter()
                    .map(|c| c.as_str().to_owned())
                    .collect(),
                targets: texts(&proxy.targets),
            }),
            rest: cas.rest.as_ref().map(|rest| EntryRest {
                networks: texts(&rest.networks),
                key_sha256: rest.key_sha256.map(|hash| hash.to_hex()),
            }),
        }
    }
}

impl EntryLogout {
    fn of(rule: &LogoutRule) -> Self {
        Self {
            channel: rule.channel,
            url: rule.url.as_ref().map(|url| url.as_str().to_owned()),
        }
    }
}

impl EntryRelease {
    fn of(release: &Release) -> Self {
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

impl EntryAccess {
    fn of(policy: &AccessPolicy) -> Self {
        Self {
            affiliations: texts(&policy.affiliations),
            org_units: texts(&policy.org_units),
            groups: texts(&policy.groups),
            states: policy
                .states
                .iter()
                .map(|s| s.as_str().to_owned())
                .collect(),
            from: policy.from.as_ref().map(ToString::to_string),
            until: policy.until.as_ref().map(ToString::to_string),
            times: policy.times.iter().map(EntryWindow::of).collect(),
        }
    }
}

impl EntryWindow {
    fn of(window: &TimeWindow) -> Self {
        let days: Vec<_> = window
            .days
            .iter()
            .map(|d| day_word(*d).to_owned())
            .collect();
        Self {
            days: (!days.is_empty()).then_some(days),
            from: window.from.to_string(),
            to: window.to.to_string(),
        }
    }
}

fn texts<T: fmt::Display>(values: &[T]) -> Vec<String> {
    values.iter().map(ToString::to_string).collect()
}
