use jiff::SignedDuration;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Bounded, Problem};

/// How long a sign-in lasts.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Session {
    /// An SSO session ends after so many hours, used or not.
    pub hours: Bounded<1, 168>,
    /// And after so many minutes without use.
    pub idle_minutes: Bounded<5, 10_080>,
    /// Days a browser is remembered as one in which an account was signed in.
    pub known_device_days: Bounded<1, 365>,
    /// Days a person who asks for it stays signed in on a browser of her own; 0: not offered.
    /// Fewer hold for sessions that began before, too.
    pub remembered_days: Bounded<0, 90>,
}

impl Default for Session {
    fn default() -> Self {
        const HOURS: Bounded<1, 168> = Bounded::of(8);
        const IDLE: Bounded<5, 10_080> = Bounded::of(120);
        const KNOWN: Bounded<1, 365> = Bounded::of(30);
        const REMEMBERED: Bounded<0, 90> = Bounded::of(30);
        Self {
            hours: HOURS,
            idle_minutes: IDLE,
            known_device_days: KNOWN,
            remembered_days: REMEMBERED,
        }
    }
}

impl Session {
    pub fn lifetime(&self) -> SignedDuration {
        SignedDuration::from_hours(self.hours.get().into())
    }

    pub fn idle(&self) -> SignedDuration {
        SignedDuration::from_mins(self.idle_minutes.get().into())
    }

    pub fn known_device(&self) -> SignedDuration {
        SignedDuration::from_hours(24 * i64::from(self.known_device_days.get()))
    }

    /// How many days a remembered sign-in lasts (CAS 3.0.3 §4.1.5: at most three months); nothing
    /// where the school doesn't offer it.
    pub fn remembered_days(&self) -> Option<u32> {
        Some(self.remembered_days.get()).filter(|days| *days > 0)
    }

    pub fn remembered(&self) -> Option<SignedDuration> {
        self.remembered_days()
            .map(|days| SignedDuration::from_hours(24 * i64::from(days)))
    }

    pub(super) fn check(&self) -> Result<(), Problem> {
        if self.idle() > self.lifetime() {
            return Err(Problem::new(
                "session.idle_minutes",
                format!(
                    "{} minutes never come to pass within session.hours = {}",
                    self.idle_minutes, self.hours
                ),
            ));
        }
        Ok(())
    }
}

/// The privacy notice that each person accepts once per version.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Notice {
    /// Names the text; a new version is shown to everybody once more.
    pub version: String,
}

impl Default for Notice {
    fn default() -> Self {
        Self {
            version: "2026-11".into(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn idle_time_fits_into_the_lifetime() {
        let session = Session {
            hours: Bounded::of(1),
            ..Session::default()
        };
        assert_eq!(
            session.check().map_err(|p| p.key),
            Err("session.idle_minutes")
        );
        assert!(Session::default().check().is_ok());
    }
}
