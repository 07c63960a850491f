use jiff::{SignedDuration, Timestamp};

use crate::oidc::REFRESH_GRACE;

/// Which of an authorization's refresh tokens came, and when the last one took another's place.
#[derive(Clone, Copy, Debug)]
pub struct PresentedRefresh {
    pub generation: u32,
    /// The one that is good now.
    pub good: u32,
    pub rotated_at: Option<Timestamp>,
    pub now: Timestamp,
}

/// What is to be made of it (RFC 9700 §4.14.2, OID-14).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RefreshUse {
    /// It is the one: its successor takes its place.
    Good,
    /// Its successor has just taken its place, and the answer may have got lost: the same once
    /// more.
    Again,
    /// It has had a successor for too long: somebody else has one of the two.
    Reused,
    /// One that can't have been given out yet, as after a restored backup.
    Unknown,
}

impl PresentedRefresh {
    pub fn judge(&self) -> RefreshUse {
        let age = self.rotated_at.map(|at| self.now.duration_since(at));
        // Another node's clock may be a little ahead.
        let just = age.is_some_and(|age| age <= REFRESH_GRACE && age >= -REFRESH_GRACE);
        if self.generation == self.good {
            RefreshUse::Good
        } else if self.generation > self.good {
            RefreshUse::Unknown
        } else if just && self.generation.checked_add(1) == Some(self.good) {
            RefreshUse::Again
        } else {
            RefreshUse::Reused
        }
    }
}

/// Whether nobody used it for `idle`.
pub fn is_disused(last_used_at: Timestamp, idle: SignedDuration, now: Timestamp) -> bool {
    now.duration_since(last_used_at) >= idle
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test] // OID-14
    fn a_successor_is_given_again_for_ten_seconds_and_never_forks() {
        let at = |second: i64| Timestamp::from_second(1_790_000_000 + second).unwrap();
        let judge = |generation, good, rotated_at: Option<i64>, now| {
            let presented = PresentedRefresh {
                generation,
                good,
                rotated_at: rotated_at.map(at),
                now: at(now),
            };
            presented.judge()
        };
        assert_eq!(judge(0, 0, None, 0), RefreshUse::Good);
        assert_eq!(judge(7, 7, Some(0), 5), RefreshUse::Good);
        assert_eq!(judge(6, 7, Some(0), 10), RefreshUse::Again);
        assert_eq!(judge(6, 7, Some(0), -1), RefreshUse::Again);
        assert_eq!(judge(6, 7, Some(0), 11), RefreshUse::Reused);
        // The one before that had its time.
        assert_eq!(judge(5, 7, Some(0), 1), RefreshUse::Reused);
        assert_eq!(judge(8, 7, Some(0), 1), RefreshUse::Unknown);
        assert_eq!(judge(u32::MAX, 0, None, 1), RefreshUse::Unknown);
    }

    #[test]
    fn a_token_that_nobody_uses_ends() {
        let at = |second: i64| Timestamp::from_second(1_790_000_000 + second).unwrap();
        let idle = SignedDuration::from_secs(30);
        assert!(!is_disused(at(0), idle, at(29)));
        assert!(is_disused(at(0), idle, at(30)));
    }
}
