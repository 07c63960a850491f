use idp_domain::accounts::InitialRule;
use jiff::{SignedDuration, Timestamp};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Bounded, Networks, Problem};

/// The first sign-in.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Activation {
    /// What the wizard asks for, besides the privacy notice.
    pub required: Vec<Requirement>,
    /// Which part of the id number an import makes the initial password of.
    #[schemars(with = "String", extend("enum" = ["last6", "last8", "none"]))]
    pub initial_password: InitialRule,
    /// Lets the initial password alone open the wizard, for accounts without phone and code.
    pub tail_only: Option<TailOnly>,
    /// Days an activation code is good for.
    pub code_days: Bounded<1, 365>,
}

/// A step of the wizard that a school may drop.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Requirement {
    Password,
    Phone,
}

/// The exception for an opening day: where and from when the initial password alone is enough.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TailOnly {
    pub networks: Networks,
    /// The exception ends [`TailOnly::HOURS`] hours later, whoever forgets to remove it.
    #[schemars(with = "String")]
    pub since: Timestamp,
}

impl TailOnly {
    pub const HOURS: i64 = 72;

    /// The first moment at which the exception is over.
    pub fn until(&self) -> Timestamp {
        self.since
            .checked_add(SignedDuration::from_hours(Self::HOURS))
            .unwrap_or(self.since)
    }

    pub fn is_open(&self, address: std::net::IpAddr, now: Timestamp) -> bool {
        self.since <= now && now < self.until() && self.networks.contains(address)
    }
}

impl Default for Activation {
    fn default() -> Self {
        const CODE_DAYS: Bounded<1, 365> = Bounded::of(30);
        Self {
            required: vec![Requirement::Password, Requirement::Phone],
            initial_password: InitialRule::default(),
            tail_only: None,
            code_days: CODE_DAYS,
        }
    }
}

impl Activation {
    pub fn requires(&self, step: Requirement) -> bool {
        self.required.contains(&step)
    }

    pub(super) fn check(&self) -> Result<(), Problem> {
        if !self.requires(Requirement::Password) {
            return Err(Problem::new(
                "activation.required",
                "must name \"password\": without one of their own nobody could sign in twice",
            ));
        }
        for (at, step) in self.required.iter().enumerate() {
            if self.required[..at].contains(step) {
                return Err(Problem::new("activation.required", "names a step twice"));
            }
        }
        match &self.tail_only {
            Some(tail) if tail.networks.is_empty() => Err(Problem::new(
                "activation.tail_only.networks",
                "must name the networks where the exception holds",
            )),
            _ => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_exception_ends_after_72_hours_and_at_the_campus_border() {
        let tail = TailOnly {
            networks: "10.0.0.0/8".parse().unwrap(),
            since: "2026-09-01T00:00:00Z".parse().unwrap(),
        };
        let open =
            |address: &str, now: &str| tail.is_open(address.parse().unwrap(), now.parse().unwrap());
        assert!(open("10.1.1.1", "2026-09-01T00:00:00Z"));
        assert!(open("10.1.1.1", "2026-09-03T23:59:59Z"));
        assert!(!open("10.1.1.1", "2026-09-04T00:00:00Z"));
        assert!(!open("10.1.1.1", "2026-08-31T23:59:59Z"));
        assert!(!open("192.0.2.1", "2026-09-02T00:00:00Z"));
    }

    #[test]
    fn the_phone_may_be_dropped_but_not_the_password() {
        let with = |required: &[Requirement]| Activation {
            required: required.to_vec(),
            ..Activation::default()
        };
        assert!(with(&[Requirement::Password]).check().is_ok());
        assert!(with(&[Requirement::Phone]).check().is_err());
        assert!(with(&[]).check().is_err());
        assert!(
            with(&[Requirement::Phone, Requirement::Phone])
                .check()
                .is_err()
        );
    }
}
