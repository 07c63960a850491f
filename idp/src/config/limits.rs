use idp_domain::factors::{Limit, PasswordRules};
use jiff::SignedDuration;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Bounded, Networks, Problem};

/// How often something may be tried.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Limits {
    /// Egress addresses of the campus: thousands of people behind each, with budgets of their own.
    pub campus_networks: Networks,
    /// Requests to strangers' pages per minute and client address (IPv6: /64).
    pub stranger_per_minute: Bounded<10, 100_000>,
    /// The same for each address of the campus.
    pub campus_per_minute: Bounded<10, 1_000_000>,
    /// New captchas per minute and client address; a picture costs milliseconds (CAP-05).
    pub captcha_per_minute: Bounded<1, 10_000>,
    /// The same for each address of the campus.
    pub campus_captcha_per_minute: Bounded<1, 1_000_000>,
    /// Requests for proxy tickets by one proxy-granting ticket in ten minutes.
    pub proxy_per_ten_minutes: Bounded<10, 100_000>,
    /// Sign-ins that may wait for the password hash; past it visitors get 503.
    pub queue_length: Bounded<1, 1_000_000>,
    /// Wrong passwords of an account in 24 h after which a captcha is asked.
    pub captcha_after: Bounded<1, 10>,
    /// After which each further try has to wait.
    pub delay_after: Bounded<2, 50>,
    pub delay_minutes: Bounded<1, 1_440>,
    /// After which a code to the bound contact is asked first.
    pub second_channel_after: Bounded<3, 100>,
    /// One-time codes sent for one account in 24 h.
    pub sms_per_account_day: Bounded<1, 100>,
    /// One-time codes asked for from one client address in an hour.
    pub sms_per_address_hour: Bounded<1, 10_000>,
    /// The same for each address of the campus.
    pub sms_per_campus_address_hour: Bounded<1, 1_000_000>,
}

impl Default for Limits {
    fn default() -> Self {
        const STRANGER: Bounded<10, 100_000> = Bounded::of(300);
        const CAMPUS: Bounded<10, 1_000_000> = Bounded::of(6_000);
        const CAPTCHAS: Bounded<1, 10_000> = Bounded::of(30);
        const CAMPUS_CAPTCHAS: Bounded<1, 1_000_000> = Bounded::of(1_200);
        const PROXY: Bounded<10, 100_000> = Bounded::of(600);
        const QUEUE: Bounded<1, 1_000_000> = Bounded::of(10_000);
        const CAPTCHA_AFTER: Bounded<1, 10> = Bounded::of(3);
        const DELAY_AFTER: Bounded<2, 50> = Bounded::of(10);
        const DELAY: Bounded<1, 1_440> = Bounded::of(15);
        const SECOND: Bounded<3, 100> = Bounded::of(20);
        const SMS_ACCOUNT: Bounded<1, 100> = Bounded::of(10);
        const SMS_ADDRESS: Bounded<1, 10_000> = Bounded::of(10);
        const SMS_CAMPUS: Bounded<1, 1_000_000> = Bounded::of(2_000);
        Self {
            campus_networks: Networks::default(),
            stranger_per_minute: STRANGER,
            campus_per_minute: CAMPUS,
            captcha_per_minute: CAPTCHAS,
            campus_captcha_per_minute: CAMPUS_CAPTCHAS,
            proxy_per_ten_minutes: PROXY,
            queue_length: QUEUE,
            captcha_after: CAPTCHA_AFTER,
            delay_after: DELAY_AFTER,
            delay_minutes: DELAY,
            second_channel_after: SECOND,
            sms_per_account_day: SMS_ACCOUNT,
            sms_per_address_hour: SMS_ADDRESS,
            sms_per_campus_address_hour: SMS_CAMPUS,
        }
    }
}

impl Limits {
    /// What the domain decides password tries by.
    pub fn password_rules(&self) -> PasswordRules {
        PasswordRules {
            captcha_after: self.captcha_after.get(),
            delay_after: self.delay_after.get(),
            delay: SignedDuration::from_mins(self.delay_minutes.get().into()),
            second_channel_after: self.second_channel_after.get(),
        }
    }

    /// How often an application may ask by one proxy-granting ticket.
    pub fn proxy_requests(&self) -> Limit {
        let window = SignedDuration::from_mins(10);
        Limit::new(self.proxy_per_ten_minutes.get(), window)
    }

    pub(super) fn check(&self) -> Result<(), Problem> {
        if self.delay_after.get() <= self.captcha_after.get() {
            return Err(Problem::new(
                "limits.delay_after",
                format!(
                    "must be more than limits.captcha_after = {}",
                    self.captcha_after
                ),
            ));
        }
        if self.second_channel_after.get() <= self.delay_after.get() {
            return Err(Problem::new(
                "limits.second_channel_after",
                format!(
                    "must be more than limits.delay_after = {}",
                    self.delay_after
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
    fn the_steps_come_one_after_another() {
        let limits = Limits {
            delay_after: Bounded::of(3),
            ..Limits::default()
        };
        assert_eq!(limits.check().map_err(|p| p.key), Err("limits.delay_after"));
        let limits = Limits {
            second_channel_after: Bounded::of(10),
            ..Limits::default()
        };
        assert_eq!(
            limits.check().map_err(|p| p.key),
            Err("limits.second_channel_after")
        );
        assert!(Limits::default().check().is_ok());
    }

    #[test]
    fn the_defaults_are_the_domains() {
        let (ours, theirs) = (Limits::default().password_rules(), PasswordRules::default());
        assert_eq!(format!("{ours:?}"), format!("{theirs:?}"));
    }
}
