//! What opens the activation wizard: the initial password of the school's rule, and the number
//! on the letter of admission. Neither is kept in clear; neither takes an account by itself
//! (PWD-01).

use serde::{Deserialize, Serialize};

use super::IdNumber;
use super::text::fold;
use crate::ids::PersonId;
use crate::secrets::{Keyring, Tag, Use};

/// The school's rule for initial passwords.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum InitialRule {
    /// The last six characters of the id number.
    #[default]
    Last6,
    /// The last eight.
    Last8,
    /// There is none: people activate with a code that the school hands out.
    None,
}

impl InitialRule {
    fn length(self) -> Option<usize> {
        match self {
            Self::Last6 => Some(6),
            Self::Last8 => Some(8),
            Self::None => None,
        }
    }
}

/// More characters than any initial password or admission number has.
const LONGEST: usize = 64;

/// The keyed MAC that is kept instead of the initial password; [`None`] where the rule gives none.
pub fn initial_mac(
    keys: &Keyring,
    person: PersonId,
    rule: InitialRule,
    id_number: &IdNumber,
) -> Option<Tag> {
    rule.length()
        .map(|n| secret_mac(keys, Use::InitialPassword, person, id_number.tail(n)))
}

/// True when `candidate` is the initial password of `stored`. Full-width digits, either case of
/// the last x and white space at the ends are forgiven. One MAC and one comparison in constant
/// time, whatever the answer; for an unknown account give a [`Tag`] of zeros.
pub fn matches_initial(keys: &Keyring, person: PersonId, candidate: &str, stored: &Tag) -> bool {
    secret_mac(keys, Use::InitialPassword, person, &canonical(candidate)) == *stored
}

/// The number of a letter of admission (录取号) or of the entrance examination (考生号).
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct AdmissionNumber(String);

/// A text that is no admission number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("must have 4 to 32 letters, digits and '-'")]
pub struct BadAdmissionNumber;

impl AdmissionNumber {
    /// Full-width forms and case are forgiven.
    ///
    /// # Errors
    /// [`BadAdmissionNumber`]
    pub fn parse(text: &str) -> Result<Self, BadAdmissionNumber> {
        let value = canonical(text);
        let known = value
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b == b'-');
        if known && (4..=32).contains(&value.len()) {
            Ok(Self(value))
        } else {
            Err(BadAdmissionNumber)
        }
    }

    /// The canonical number, in clear.
    pub fn value(&self) -> &str {
        &self.0
    }

    /// The keyed MAC that is kept instead of the number.
    pub fn mac(&self, keys: &Keyring, person: PersonId) -> Tag {
        secret_mac(keys, Use::AdmissionNumber, person, &self.0)
    }

    /// As [`matches_initial`], for what a person typed: one MAC, one comparison.
    pub fn matches(keys: &Keyring, person: PersonId, candidate: &str, stored: &Tag) -> bool {
        secret_mac(keys, Use::AdmissionNumber, person, &canonical(candidate)) == *stored
    }
}

impl std::fmt::Debug for AdmissionNumber {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("AdmissionNumber(…)")
    }
}

fn secret_mac(keys: &Keyring, purpose: Use, person: PersonId, secret: &str) -> Tag {
    keys.mac(purpose, &[person.0.as_bytes(), secret.as_bytes()])
}

/// Upper case, full-width forms to ASCII. A text that is too long is cut one character past the
/// limit, which no stored secret has.
fn canonical(text: &str) -> String {
    let bounded: String = text.trim().chars().take(LONGEST + 1).collect();
    fold(&bounded).to_uppercase()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::accounts::IdKind;
    use crate::secrets::MasterKey;
    use jiff::Timestamp;
    use rand::SeedableRng;
    use rand::rngs::StdRng;

    fn given() -> (Keyring, PersonId, PersonId, IdNumber) {
        let mut rng = StdRng::seed_from_u64(5);
        let keys = Keyring::new(&MasterKey::generate(&mut rng));
        let [a, b] = [(), ()].map(|()| PersonId::new(Timestamp::UNIX_EPOCH, &mut rng));
        (
            keys,
            a,
            b,
            IdNumber::parse(IdKind::ResidentId, "11010519491231002X").unwrap(),
        )
    }

    #[test]
    fn the_tail_matches_in_either_case_and_width() {
        let (keys, person, _, id) = given();
        let six = initial_mac(&keys, person, InitialRule::Last6, &id).unwrap();
        for good in ["31002X", "31002x", "３１００２ｘ", " 31002X "] {
            assert!(matches_initial(&keys, person, good, &six), "{good}");
        }
        for bad in [
            "",
            "1002X",
            "231002X",
            "310020",
            "31002\u{200b}X",
            "11010519491231002X",
        ] {
            assert!(!matches_initial(&keys, person, bad, &six), "{bad}");
        }
        let eight = initial_mac(&keys, person, InitialRule::Last8, &id).unwrap();
        assert!(matches_initial(&keys, person, "1231002x", &eight));
        assert!(!matches_initial(&keys, person, "31002x", &eight));
        assert_eq!(initial_mac(&keys, person, InitialRule::None, &id), None);
    }

    #[test] // PWD-01: the same tail of two people is not the same value in the database
    fn a_mac_belongs_to_one_person_and_one_use() {
        let (keys, person, other, id) = given();
        let mac = initial_mac(&keys, person, InitialRule::Last6, &id).unwrap();
        assert_ne!(
            Some(mac),
            initial_mac(&keys, other, InitialRule::Last6, &id)
        );
        assert!(!matches_initial(&keys, other, "31002X", &mac));
        assert!(!AdmissionNumber::matches(&keys, person, "31002X", &mac));
        assert!(!matches_initial(&keys, person, "31002X", &Tag([0; 32])));
    }

    #[test]
    fn admission_numbers_are_folded_and_bounded() {
        let (keys, person, _, _) = given();
        let number = AdmissionNumber::parse("ab-20260001").unwrap();
        let mac = number.mac(&keys, person);
        assert!(AdmissionNumber::matches(
            &keys,
            person,
            "ＡＢ-２０２６０００１",
            &mac
        ));
        assert!(!AdmissionNumber::matches(
            &keys,
            person,
            "AB-20260002",
            &mac
        ));
        assert!(!AdmissionNumber::matches(
            &keys,
            person,
            &"A".repeat(100_000),
            &mac
        ));
        for bad in ["", "123", "录取001", "a b c d", &"1".repeat(33)] {
            assert_eq!(
                AdmissionNumber::parse(bad),
                Err(BadAdmissionNumber),
                "{bad}"
            );
        }
        assert!(!format!("{number:?}").contains("2026"));
    }

    #[test]
    fn the_rule_is_written_in_snake_case() {
        for (rule, word) in [
            (InitialRule::Last6, "\"last6\""),
            (InitialRule::Last8, "\"last8\""),
            (InitialRule::None, "\"none\""),
        ] {
            assert_eq!(serde_json::to_string(&rule).unwrap(), word);
            assert_eq!(serde_json::from_str::<InitialRule>(word).unwrap(), rule);
        }
    }
}
