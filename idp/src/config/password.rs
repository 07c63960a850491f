use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Bounded, Problem};

/// What a password must be, and what it costs.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Password {
    /// Characters, at least.
    pub least: Bounded<8, 64>,
    /// Characters, at most.
    pub most: Bounded<64, 1024>,
    /// zxcvbn's score, of 4.
    pub strength: Bounded<0, 4>,
    /// Former passwords that can't be taken again.
    pub history: Bounded<0, 24>,
    pub argon2: Argon2,
}

/// The cost of one argon2id hash.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Argon2 {
    /// KiB of memory, up to 1 GiB.
    pub memory_kib: Bounded<7168, 1_048_576>,
    pub passes: Bounded<1, 16>,
    pub lanes: Bounded<1, 16>,
}

impl Default for Password {
    fn default() -> Self {
        const LEAST: Bounded<8, 64> = Bounded::of(10);
        const MOST: Bounded<64, 1024> = Bounded::of(128);
        const STRENGTH: Bounded<0, 4> = Bounded::of(3);
        const HISTORY: Bounded<0, 24> = Bounded::of(5);
        Self {
            least: LEAST,
            most: MOST,
            strength: STRENGTH,
            history: HISTORY,
            argon2: Argon2::default(),
        }
    }
}

impl Default for Argon2 {
    fn default() -> Self {
        const MEMORY: Bounded<7168, 1_048_576> = Bounded::of(19_456);
        const PASSES: Bounded<1, 16> = Bounded::of(2);
        const LANES: Bounded<1, 16> = Bounded::of(1);
        Self {
            memory_kib: MEMORY,
            passes: PASSES,
            lanes: LANES,
        }
    }
}

impl Argon2 {
    /// Memory that OWASP's Password Storage Cheat Sheet asks for at each number of passes.
    const FLOOR: [(u32, u32); 5] = [
        (1, 47_104),
        (2, 19_456),
        (3, 12_288),
        (4, 9_216),
        (5, 7_168),
    ];

    fn check(self) -> Result<(), Problem> {
        let passes = self.passes.get();
        let floor = Self::FLOOR
            .iter()
            .rev()
            .find(|(at_least, _)| passes >= *at_least);
        match floor {
            Some((_, memory)) if self.memory_kib.get() < *memory => Err(Problem::new(
                "password.argon2.memory_kib",
                format!(
                    "{} is below OWASP's minimum of {memory} for {passes} passes",
                    self.memory_kib
                ),
            )),
            _ => Ok(()),
        }
    }
}

impl Password {
    pub(super) fn check(&self) -> Result<(), Problem> {
        self.argon2.check()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hash_is_never_cheaper_than_owasps_minimum() {
        let cost = |memory, passes| Argon2 {
            memory_kib: Bounded::of(memory),
            passes: Bounded::of(passes),
            ..Argon2::default()
        };
        assert!(cost(19_456, 2).check().is_ok());
        assert!(cost(47_104, 1).check().is_ok());
        assert!(cost(7_168, 9).check().is_ok());
        assert!(cost(19_455, 2).check().is_err());
        assert!(cost(19_456, 1).check().is_err());
        assert!(cost(9_215, 4).check().is_err());
    }
}
