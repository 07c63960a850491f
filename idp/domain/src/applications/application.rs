use std::fmt;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};

use super::{AccessDenial, AccessPolicy, CasSide, Listing, NumberRule, OidcSide, Release};
use crate::accounts::is_plain_name;
use crate::signin::Holder;

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
        if is_plain_name(text) {
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
    /// Where not, nobody may enter.
    pub enabled: bool,
    /// Whom to ask, for people who may not enter.
    pub contact: Option<Names>,
    pub cas: Option<CasSide>,
    pub oidc: Option<OidcSide>,
    /// For launchers.
    pub listed: Option<Listing>,
    /// Which of a person's numbers it is given.
    pub account_number: NumberRule,
    /// What is told about a person beyond the user name, in this order; each name once.
    pub release: Vec<Release>,
    pub access: AccessPolicy,
}

impl Application {
    /// True when its service URLs may end in a fragment.
    pub fn takes_fragments(&self) -> bool {
        self.cas.as_ref().is_some_and(|cas| cas.spa_fragment)
    }

    /// True when a session is not enough: credentials each time.
    pub fn wants_credentials(&self) -> bool {
        self.cas.as_ref().is_some_and(|cas| cas.require_fresh)
    }

    /// True when it may act for people at other applications (CAS 3.0.3 §2.5.4).
    pub fn may_proxy(&self) -> bool {
        self.cas.as_ref().is_some_and(|cas| cas.proxy.is_some())
    }

    /// True when it may act for people at this one (TKT-11).
    pub fn may_proxy_to(&self, target: &ApplicationId) -> bool {
        let rule = self.cas.as_ref().and_then(|cas| cas.proxy.as_ref());
        rule.is_some_and(|rule| rule.reaches(target))
    }

    /// Whether this person may use it now. `zone` is the school's: its days and hours count.
    ///
    /// # Errors
    /// The first [`AccessDenial`] that holds, in the order in which they help: what nobody could
    /// change by another account comes first.
    pub fn admits(
        &self,
        holder: &Holder,
        zone: &TimeZone,
        now: Timestamp,
    ) -> Result<(), AccessDenial> {
        if !self.enabled {
            return Err(AccessDenial::Disabled);
        }
        self.access.check(holder, zone, now)?;
        if self.candidates(holder, now).is_empty() {
            return Err(AccessDenial::Number {
                rule: self.account_number,
            });
        }
        Ok(())
    }
}
