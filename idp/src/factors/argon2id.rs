//! Argon2id, and the PHC strings that it is kept as.

use argon2::password_hash::phc::{Output, PasswordHash, Salt};
use argon2::{Algorithm, Argon2, Block, Params, Version};

/// A stored hash may ask for this much and not more, or one bad row could take all memory
/// (PWD-09).
const MOST_MEMORY_KIB: u32 = 1_048_576;
const MOST_PASSES: u32 = 64;

/// What came out of a check.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Checked {
    pub matches: bool,
    /// The hash was made with other parameters than new ones are.
    pub outdated: bool,
}

/// Checks a password against a stored hash; one that can't be read matches nothing. `memory` is
/// kept between calls.
pub fn verify(current: &Params, phc: &str, password: &[u8], memory: &mut Vec<Block>) -> Checked {
    const REFUSED: Checked = Checked {
        matches: false,
        outdated: false,
    };
    let Ok(parsed) = PasswordHash::new(phc) else {
        return REFUSED;
    };
    let (Ok(params), Some(salt), Some(expected)) =
        (Params::try_from(&parsed), parsed.salt, parsed.hash)
    else {
        return REFUSED;
    };
    if parsed.algorithm != Algorithm::Argon2id.ident()
        || params.m_cost() > MOST_MEMORY_KIB
        || params.t_cost() > MOST_PASSES
    {
        return REFUSED;
    }
    let Some(output) = compute(&params, password, salt.as_ref(), memory) else {
        return REFUSED;
    };
    let matches = Output::new(&output).is_ok_and(|output| output == expected);
    let outdated = params.m_cost() != current.m_cost()
        || params.t_cost() != current.t_cost()
        || params.p_cost() != current.p_cost();
    Checked {
        matches,
        outdated: matches && outdated,
    }
}

/// Hashes a password. `None` never comes with parameters that argon2 takes.
pub fn hash(
    params: &Params,
    password: &[u8],
    salt: &[u8],
    memory: &mut Vec<Block>,
) -> Option<String> {
    let output = compute(params, password, salt, memory)?;
    Some(
        PasswordHash {
            algorithm: Algorithm::Argon2id.ident(),
            version: Some(Version::V0x13.into()),
            params: params.try_into().ok()?,
            salt: Some(Salt::new(salt).ok()?),
            hash: Some(Output::new(&output).ok()?),
        }
        .to_string(),
    )
}

fn compute(
    params: &Params,
    password: &[u8],
    salt: &[u8],
    memory: &mut Vec<Block>,
) -> Option<[u8; 32]> {
    memory.resize(params.block_count(), Block::default());
    let mut output = [0; 32];
    Argon2::new(Algorithm::Argon2id, Version::V0x13, params.clone())
        .hash_password_into_with_memory(password, salt, &mut output, &mut memory[..])
        .ok()?;
    Some(output)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test] // PWD-09: verify, and say that it should be hashed anew
    fn former_parameters_still_match_and_are_reported() {
        let former = Params::new(16, 2, 1, Some(32)).unwrap();
        let phc = hash(&former, b"secret", &[3; 16], &mut Vec::new()).unwrap();
        let current = Params::new(8, 1, 1, Some(32)).unwrap();
        let check = |password: &[u8]| verify(&current, &phc, password, &mut Vec::new());
        let right = check(b"secret");
        assert!(right.matches && right.outdated);
        let wrong = check(b"secreT");
        assert!(!wrong.matches && !wrong.outdated);
    }

    #[test] // PWD-09: a bad row can't take all memory, nor a weaker algorithm pass; PWD-10
    fn a_stored_hash_that_asks_too_much_or_is_no_argon2id_is_refused_unread() {
        let current = Params::new(8, 1, 1, Some(32)).unwrap();
        let salt = "c29tZXNhbHRzb21lc2FsdA";
        let good = hash(&current, b"secret", b"somesaltsomesalt", &mut Vec::new()).unwrap();
        assert!(good.contains(salt), "{good}");
        let with = |from: &str, to: &str| {
            let changed = good.replace(from, to);
            assert_ne!(changed, good);
            changed
        };
        let mut memory = Vec::new();
        for phc in [
            // 64 GiB; 65 passes; one more KiB than allowed.
            with("m=8,", "m=67108864,"),
            with("t=1,", "t=65,"),
            with("m=8,", "m=1048577,"),
            with("argon2id", "argon2i"),
            with("argon2id", "argon2d"),
            String::new(),
            "secret".into(),
            "5ebe2294ecd0e0f08eab7690d2a6ee69".into(),
            "$1$salt$hash".into(),
            good[..good.rfind('$').unwrap()].to_owned(),
        ] {
            let checked = verify(&current, &phc, b"secret", &mut memory);
            assert!(!checked.matches && !checked.outdated, "{phc}");
            assert!(memory.len() <= 8, "{phc} took {} blocks", memory.len());
        }
        assert!(verify(&current, &good, b"secret", &mut memory).matches);
    }
}
