use idp_domain::Timestamp;
use idp_domain::oidc::jose::SigningAlgorithm;
use jiff::SignedDuration;

use crate::config::Config;

/// How long every node needs at most to see a new key: it looks twice a second. No key signs
/// before all publish it.
const LEAD: SignedDuration = SignedDuration::from_secs(5);

/// How long keys live.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KeyLife {
    /// From the moment that a key begins to sign until the next does.
    pub every: SignedDuration,
    /// How long a key is published before it signs.
    pub ahead: SignedDuration,
    /// How long it stays published after the next one began: what it signed lives no longer.
    pub keep: SignedDuration,
}

impl KeyLife {
    /// A token may be as old as the longest session: an ID token comes back as `id_token_hint`
    /// when it ends. A day more for clocks that are off.
    pub fn of(config: &Config) -> Self {
        let session = config.session.lifetime();
        let longest = config.session.remembered().unwrap_or_default().max(session);
        Self {
            every: config.oidc.keys.rotate(),
            ahead: config.oidc.keys.publish_ahead(),
            keep: longest + SignedDuration::from_hours(24),
        }
    }
}

/// Why keys are looked after.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Why {
    /// A node does it now and then.
    Schedule,
    /// An administrator wants new keys, which are published first as always.
    Asked,
    /// And wants them to sign as soon as every node has them.
    AtOnce,
}

impl Why {
    /// For the audit trail.
    pub(super) fn reason(self) -> &'static str {
        match self {
            Self::Schedule => "schedule",
            Self::Asked => "asked",
            Self::AtOnce => "at_once",
        }
    }
}

/// What is known of a key where the next one is planned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct KeyState {
    pub algorithm: SigningAlgorithm,
    pub generation: i64,
    pub active_from: Timestamp,
    /// It could be opened and read.
    pub usable: bool,
}

/// What is to be done for one algorithm.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Step {
    pub algorithm: SigningAlgorithm,
    pub generation: i64,
    /// When the key of this generation begins to sign.
    pub active_from: Timestamp,
    /// The key is there, and only begins earlier.
    pub exists: bool,
}

/// What there is to do now, at most one step for an algorithm.
pub(super) fn plan(keys: &[KeyState], why: Why, life: &KeyLife, now: Timestamp) -> Vec<Step> {
    let step = |algorithm| {
        let of_it = keys.iter().filter(|key| key.algorithm == algorithm);
        match of_it.max_by_key(|key| key.generation) {
            None => Some(make(algorithm, 1, now)),
            Some(newest) => next(newest, why, life, now),
        }
    };
    SigningAlgorithm::ALL.into_iter().filter_map(step).collect()
}

fn make(algorithm: SigningAlgorithm, generation: i64, active_from: Timestamp) -> Step {
    Step {
        algorithm,
        generation,
        active_from,
        exists: false,
    }
}

fn next(newest: &KeyState, why: Why, life: &KeyLife, now: Timestamp) -> Option<Step> {
    let make = |active_from| make(newest.algorithm, newest.generation + 1, active_from);
    let waits = newest.active_from > now;
    let (soon, published) = (later(now, LEAD), later(now, life.ahead));
    if !newest.usable {
        return Some(make(soon));
    }
    match why {
        Why::Schedule => {
            let is_due = later(newest.active_from, life.every) <= published;
            is_due.then(|| make(published))
        }
        Why::Asked => (!waits).then(|| make(published)),
        Why::AtOnce if !waits => Some(make(soon)),
        Why::AtOnce => (newest.active_from > soon).then_some(Step {
            algorithm: newest.algorithm,
            generation: newest.generation,
            active_from: soon,
            exists: true,
        }),
    }
}

pub(super) fn later(from: Timestamp, by: SignedDuration) -> Timestamp {
    from.checked_add(by).unwrap_or(Timestamp::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use SigningAlgorithm::Es256;

    const DAY: i64 = 24 * 3600;
    const LIFE: KeyLife = KeyLife {
        every: SignedDuration::from_secs(90 * DAY),
        ahead: SignedDuration::from_secs(DAY),
        keep: SignedDuration::from_secs(31 * DAY),
    };

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(1_790_000_000 + second).unwrap()
    }

    fn key(generation: i64, active_from: i64, usable: bool) -> KeyState {
        KeyState {
            algorithm: Es256,
            generation,
            active_from: at(active_from),
            usable,
        }
    }

    /// Generation, second, whether it exists.
    fn steps(keys: &[KeyState], why: Why, now: i64) -> Option<(i64, i64, bool)> {
        let steps = plan(keys, why, &LIFE, at(now));
        let mut of_it = steps.iter().filter(|step| step.algorithm == Es256);
        let step = of_it.next()?;
        assert_eq!(of_it.next(), None);
        let second = step.active_from.as_second() - at(0).as_second();
        Some((step.generation, second, step.exists))
    }

    #[test]
    fn each_algorithm_has_a_first_key_at_once() {
        let all = plan(&[], Why::Schedule, &LIFE, at(0));
        assert_eq!(all.len(), SigningAlgorithm::ALL.len());
        assert!(
            all.iter()
                .all(|s| (s.generation, s.active_from) == (1, at(0)))
        );
        let others = plan(&[key(1, 0, true)], Why::Schedule, &LIFE, at(0));
        assert_eq!(others.len(), 3);
    }

    #[test]
    fn the_next_is_published_ahead_and_made_once() {
        let schedule = |keys: &[KeyState], now| steps(keys, Why::Schedule, now);
        let first = key(1, 0, true);
        assert_eq!(schedule(&[first], 0), None);
        assert_eq!(schedule(&[first], 89 * DAY - 1), None);
        assert_eq!(schedule(&[first], 89 * DAY), Some((2, 90 * DAY, false)));
        // Nobody ran for a while: it is published ahead all the same.
        assert_eq!(schedule(&[first], 200 * DAY), Some((2, 201 * DAY, false)));
        let second = key(2, 90 * DAY, true);
        assert_eq!(schedule(&[first, second], 89 * DAY), None);
        assert_eq!(
            schedule(&[second, first], 179 * DAY),
            Some((3, 180 * DAY, false))
        );
        // A clock that is behind makes nothing.
        assert_eq!(schedule(&[first, second], -1000 * DAY), None);
    }

    #[test]
    fn who_asks_gets_one_that_waits_or_signs_at_once() {
        let (first, waiting) = (key(1, 0, true), key(2, 2 * DAY, true));
        assert_eq!(steps(&[first], Why::Asked, DAY), Some((2, 2 * DAY, false)));
        assert_eq!(steps(&[first, waiting], Why::Asked, DAY), None);
        assert_eq!(steps(&[first], Why::AtOnce, DAY), Some((2, DAY + 5, false)));
        let advanced = Some((2, DAY + 5, true));
        assert_eq!(steps(&[first, waiting], Why::AtOnce, DAY), advanced);
        assert_eq!(
            steps(&[first, key(2, DAY + 5, true)], Why::AtOnce, DAY),
            None
        );
        let again = Some((3, DAY + 11, false));
        assert_eq!(
            steps(&[first, key(2, DAY + 5, true)], Why::AtOnce, DAY + 6),
            again
        );
    }

    #[test]
    fn a_key_that_cannot_be_used_is_replaced() {
        for why in [Why::Schedule, Why::Asked, Why::AtOnce] {
            let damaged = [key(1, 0, true), key(2, DAY, false)];
            assert_eq!(steps(&damaged, why, DAY), Some((3, DAY + 5, false)));
            let old = [key(1, 0, false), key(2, DAY, true)];
            assert_eq!(steps(&old, Why::Schedule, DAY), None);
        }
    }
}
