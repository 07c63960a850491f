use jiff::{SignedDuration, Timestamp};

/// A day's limit is a rolling 24 h.
pub const DAY: SignedDuration = SignedDuration::from_hours(24);

/// At most `count` events in any `window`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limit {
    pub count: u32,
    pub window: SignedDuration,
}

impl Limit {
    pub const fn new(count: u32, window: SignedDuration) -> Self {
        Self { count, window }
    }

    pub const fn per_day(count: u32) -> Self {
        Self::new(count, DAY)
    }

    pub const fn per_hour(count: u32) -> Self {
        Self::new(count, SignedDuration::from_hours(1))
    }
}

/// Where a try comes from. Failures of one class never hinder the other, so a stranger can't lock
/// the owner out (BRU-03).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SourceClass {
    /// A browser in which this very account was signed in before.
    Known,
    Stranger,
}

/// How password tries on one account from one source class are slowed down.
#[derive(Clone, Copy, Debug)]
pub struct PasswordRules {
    pub captcha_after: u32,
    pub delay_after: u32,
    pub delay: SignedDuration,
    pub second_channel_after: u32,
}

impl Default for PasswordRules {
    fn default() -> Self {
        Self {
            captcha_after: 3,
            delay_after: 10,
            delay: SignedDuration::from_mins(15),
            second_channel_after: 20,
        }
    }
}

/// What a try must pass before it may cost a hash.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Gate {
    Open,
    Captcha,
    /// Not before this moment, and then with a captcha.
    Slowed(Timestamp),
    /// Not today by password alone: a code to the bound contact first.
    SecondChannel,
}

impl PasswordRules {
    /// `failures` in the last 24 h, tries under way included; `last` is the newest of them.
    /// `alarm` is the campus-wide one against spraying, which asks strangers for a captcha.
    pub fn gate(
        &self,
        class: SourceClass,
        failures: u32,
        last: Option<Timestamp>,
        alarm: bool,
        now: Timestamp,
    ) -> Gate {
        if failures >= self.second_channel_after {
            return Gate::SecondChannel;
        }
        if failures >= self.delay_after {
            let until = last.map_or(now, |last| {
                last.checked_add(self.delay).unwrap_or(Timestamp::MAX)
            });
            return if until > now {
                Gate::Slowed(until)
            } else {
                Gate::Captcha
            };
        }
        if failures >= self.captcha_after || (alarm && class == SourceClass::Stranger) {
            return Gate::Captcha;
        }
        Gate::Open
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    #[test] // BRU-01: captcha after 3, delay after 10, second channel after 20 a day
    fn the_gate_closes_step_by_step() {
        let rules = PasswordRules::default();
        let now = at("2026-11-21T08:00:00Z");
        let last = Some(at("2026-11-21T07:50:00Z"));
        let gate = |failures| rules.gate(SourceClass::Stranger, failures, last, false, now);
        assert_eq!(gate(0), Gate::Open);
        assert_eq!(gate(2), Gate::Open);
        assert_eq!(gate(3), Gate::Captcha);
        assert_eq!(gate(9), Gate::Captcha);
        assert_eq!(gate(10), Gate::Slowed(at("2026-11-21T08:05:00Z")));
        assert_eq!(gate(19), Gate::Slowed(at("2026-11-21T08:05:00Z")));
        assert_eq!(gate(20), Gate::SecondChannel);
        let later = at("2026-11-21T08:05:00Z");
        assert_eq!(
            rules.gate(SourceClass::Stranger, 10, last, false, later),
            Gate::Captcha
        );
    }

    #[test] // BRU-04
    fn the_alarm_asks_strangers_for_a_captcha_but_not_known_browsers() {
        let rules = PasswordRules::default();
        let now = at("2026-11-21T08:00:00Z");
        assert_eq!(
            rules.gate(SourceClass::Stranger, 0, None, true, now),
            Gate::Captcha
        );
        assert_eq!(
            rules.gate(SourceClass::Known, 0, None, true, now),
            Gate::Open
        );
    }
}
