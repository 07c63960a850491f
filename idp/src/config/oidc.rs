use jiff::SignedDuration;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Bounded, Problem};

/// OpenID Connect.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Oidc {
    /// Clients may register themselves, with a token that an administrator handed out.
    pub registration: bool,
    pub keys: Keys,
}

/// The keys by which tokens are signed.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Keys {
    /// A new key of each algorithm begins to sign after so many days.
    pub rotate_days: Bounded<1, 3_650>,
    /// And is published so many hours before, so that applications that keep our keys for a while
    /// have it by then.
    pub publish_ahead_hours: Bounded<1, 720>,
}

impl Default for Keys {
    fn default() -> Self {
        const ROTATE: Bounded<1, 3_650> = Bounded::of(90);
        const AHEAD: Bounded<1, 720> = Bounded::of(24);
        Self {
            rotate_days: ROTATE,
            publish_ahead_hours: AHEAD,
        }
    }
}

impl Keys {
    pub fn rotate(&self) -> SignedDuration {
        SignedDuration::from_hours(24 * i64::from(self.rotate_days.get()))
    }

    pub fn publish_ahead(&self) -> SignedDuration {
        SignedDuration::from_hours(self.publish_ahead_hours.get().into())
    }
}

impl Oidc {
    pub(super) fn check(&self) -> Result<(), Problem> {
        let keys = &self.keys;
        if keys.publish_ahead() * 2 > keys.rotate() {
            return Err(Problem::new(
                "oidc.keys.publish_ahead_hours",
                format!(
                    "{} hours are more than half of oidc.keys.rotate_days = {}",
                    keys.publish_ahead_hours, keys.rotate_days
                ),
            ));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_signs_longer_than_it_waits() {
        let check = |days: u32, hours: u32| {
            let keys = serde_json::json!({ "rotate_days": days, "publish_ahead_hours": hours });
            let oidc: Oidc = serde_json::from_value(serde_json::json!({ "keys": keys })).unwrap();
            oidc.check().map_err(|problem| problem.key)
        };
        assert_eq!(check(90, 24), Ok(()));
        assert_eq!(check(1, 12), Ok(()));
        assert_eq!(check(1, 13), Err("oidc.keys.publish_ahead_hours"));
        assert_eq!(Oidc::default().check(), Ok(()));
    }
}
