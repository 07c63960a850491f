//! The two things that no rule may take from its surroundings: time and randomness.

use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use jiff::{SignedDuration, Timestamp};
use rand::rngs::{StdRng, SysRng};
use rand::{Rng, SeedableRng};

/// The application's one clock.
#[derive(Clone, Debug, Default)]
pub enum Clock {
    #[default]
    System,
    /// Microseconds that only a test moves.
    Manual(Arc<AtomicI64>),
}

impl Clock {
    pub fn manual(start: Timestamp) -> Self {
        Self::Manual(Arc::new(AtomicI64::new(start.as_microsecond())))
    }

    #[expect(clippy::disallowed_methods, reason = "this is where the time comes in")]
    pub fn now(&self) -> Timestamp {
        match self {
            Self::System => Timestamp::now(),
            Self::Manual(micros) => {
                Timestamp::from_microsecond(micros.load(Ordering::Relaxed)).unwrap_or_default()
            }
        }
    }

    /// Moves a manual clock; the system's moves by itself.
    pub fn advance(&self, by: SignedDuration) {
        if let Self::Manual(micros) = self {
            let by = i64::try_from(by.as_micros()).unwrap_or(i64::MAX);
            micros.fetch_add(by, Ordering::Relaxed);
        }
    }
}

/// Where random bytes come from.
#[derive(Clone, Debug, Default)]
pub enum Entropy {
    /// A `ChaCha` generator seeded by the operating system, one for each request.
    #[default]
    System,
    /// Reproducible, for tests.
    Seeded(Arc<Mutex<StdRng>>),
}

impl Entropy {
    pub fn seeded(seed: u64) -> Self {
        Self::Seeded(Arc::new(Mutex::new(StdRng::seed_from_u64(seed))))
    }

    /// A generator of one's own.
    ///
    /// # Panics
    /// When the operating system has no randomness: nothing may be issued then.
    #[expect(clippy::expect_used, reason = "without randomness nothing may go on")]
    pub fn rng(&self) -> StdRng {
        match self {
            Self::System => {
                StdRng::try_from_rng(&mut SysRng).expect("the operating system's random source")
            }
            Self::Seeded(rng) => {
                let mut seed = [0; 32];
                rng.lock()
                    .unwrap_or_else(PoisonError::into_inner)
                    .fill_bytes(&mut seed);
                StdRng::from_seed(seed)
            }
        }
    }
}
