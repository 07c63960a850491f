//! The JSON of an entry, key by key. Unknown keys are refused everywhere.

mod access;
mod cas;
mod listed;
mod oidc;
mod release;

use std::fmt;

use serde::{Deserialize, Serialize};

pub(super) use self::access::{EntryAccess, EntryWindow};
pub(super) use self::cas::{EntryCas, EntryLogout, EntryProxy, EntryRest};
pub(super) use self::listed::EntryListed;
pub(super) use self::oidc::{EntryOidc, SubjectWord};
pub(super) use self::release::EntryRelease;
use crate::applications::{Application, Names, NumberRule};

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
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) oidc: Option<EntryOidc>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) listed: Option<EntryListed>,
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

impl Entry {
    /// As it would be written, defaults included.
    pub(super) fn of(application: &Application) -> Self {
        Self {
            id: application.id.to_string(),
            name: application.names.clone(),
            enabled: application.enabled,
            contact: application.contact.clone(),
            cas: application.cas.as_ref().map(EntryCas::of),
            oidc: application.oidc.as_ref().map(EntryOidc::of),
            listed: application.listed.as_ref().map(EntryListed::of),
            account_number: application.account_number,
            release: application.release.iter().map(EntryRelease::of).collect(),
            access: EntryAccess::of(&application.access),
        }
    }
}

fn texts<T: fmt::Display>(values: &[T]) -> Vec<String> {
    values.iter().map(ToString::to_string).collect()
}
