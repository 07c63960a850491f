//! How much chance there is in a sample of tickets, as far as it can be seen from outside.

use std::collections::HashSet;

use anyhow::{Result, ensure};

/// Bits that a ticket must not fall short of: 128, less what a small sample hides.
const LEAST_BITS: f64 = 120.0;

/// Checks a sample of one type: no repeats, nothing in common at the beginning beyond the type,
/// enough positions that vary over an alphabet that is large enough.
pub fn check(prefix: &str, sample: &[String]) -> Result<()> {
    let distinct: HashSet<&str> = sample.iter().map(String::as_str).collect();
    ensure!(
        distinct.len() == sample.len(),
        "of {} tickets {} were given before",
        sample.len(),
        sample.len() - distinct.len()
    );
    let common = common_prefix(sample);
    let chance = common.strip_prefix(prefix).unwrap_or(&common);
    // A counter after the type is no secret, and one more character may be chance.
    ensure!(
        chance.len() <= 2,
        "all of them begin with {common:?}, {} characters beyond the type",
        chance.len()
    );
    let bits = bits(sample);
    ensure!(
        bits >= LEAST_BITS,
        "no more than {bits:.0} bits of chance are seen in {} tickets",
        sample.len()
    );
    Ok(())
}

/// What all begin with.
fn common_prefix(sample: &[String]) -> String {
    let Some(first) = sample.first() else {
        return String::new();
    };
    let length = |other: &String| {
        first
            .chars()
            .zip(other.chars())
            .take_while(|(one, two)| one == two)
            .count()
    };
    let shared = sample.iter().skip(1).map(length).min().unwrap_or(0);
    first.chars().take(shared).collect()
}

/// Positions that vary times the logarithm of the alphabet seen in them. Tickets with a counter
/// have positions that shift, so they are compared part by part where they have as many.
fn bits(sample: &[String]) -> f64 {
    let parts: Vec<Vec<&str>> = sample.iter().map(|it| it.split('-').collect()).collect();
    let count = parts.first().map_or(0, Vec::len);
    if parts.iter().all(|it| it.len() == count) {
        (0..count)
            .map(|part| bits_of(&parts.iter().map(|it| it[part]).collect::<Vec<_>>()))
            .sum()
    } else {
        bits_of(&sample.iter().map(String::as_str).collect::<Vec<_>>())
    }
}

#[expect(
    clippy::cast_precision_loss,
    reason = "positions and alphabets are counted in dozens"
)]
fn bits_of(texts: &[&str]) -> f64 {
    let columns = texts.iter().map(|text| text.len()).min().unwrap_or(0);
    let mut alphabet = HashSet::new();
    let mut varying = 0;
    for column in 0..columns {
        let seen: HashSet<u8> = texts.iter().map(|text| text.as_bytes()[column]).collect();
        if seen.len() > 1 {
            varying += 1;
            alphabet.extend(seen);
        }
    }
    f64::from(varying) * (alphabet.len().max(1) as f64).log2()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn counted(form: impl Fn(usize) -> String) -> Vec<String> {
        (0..40).map(form).collect()
    }

    /// Letters that look like chance: splitmix64 from a seed.
    fn random(seed: usize) -> String {
        let mut state = u64::try_from(seed).unwrap();
        let mut next = || {
            state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
            let mixed = (state ^ (state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
            char::from(b'a' + u8::try_from((mixed ^ (mixed >> 31)) % 26).unwrap())
        };
        (0..29).map(|_| next()).collect()
    }

    // CAS 110: a sample that isn't random fails, whatever it lacks.
    #[test]
    fn samples_without_chance_fail() {
        check("ST-", &counted(|at| format!("ST-{}", random(at)))).unwrap();
        check("ST-", &counted(|at| format!("ST-{at}-{}-host", random(at)))).unwrap();
        for bad in [
            counted(|at| format!("ST-{at}")),
            counted(|at| format!("ST-{at:029}")),
            counted(|_| format!("ST-{}", random(1))),
            counted(|at| format!("ST-abcdefghijklmnopqrstu{}", &random(at)[..8])),
            counted(|at| format!("ST-{}", &random(at)[..12])),
        ] {
            assert!(check("ST-", &bad).is_err(), "{}", bad[1]);
        }
    }

    proptest! {
        #[test]
        fn random_tickets_pass(sample in proptest::collection::hash_set("[A-Za-z0-9]{29}", 20..60)) {
            let sample: Vec<String> = sample.into_iter().map(|it| format!("ST-{it}")).collect();
            prop_assert!(check("ST-", &sample).is_ok());
        }

        #[test]
        fn any_texts_are_read(sample in proptest::collection::vec("\\PC{0,40}", 0..6)) {
            let _ = check("ST-", &sample);
        }
    }
}
