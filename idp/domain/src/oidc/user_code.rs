use std::fmt;

use rand::CryptoRng;
use serde::{Deserialize, Serialize};

use crate::secrets::{Keyring, Tag, Use};

/// RFC 8628 §6.1: consonants, so that no words arise, and none of two that are taken for each
/// other.
const ALPHABET: &[u8; 20] = b"BCDFGHJKLMNPQRSTVWXZ";
/// 20⁸ are 34.5 bits; so few codes are good at once, and so few tries allowed, that nobody finds
/// one (§5.1).
const LETTERS: usize = 8;

/// What a person types in for her device (RFC 8628 §3.3).
#[derive(Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct UserCode([u8; LETTERS]);

/// A text that can't be a user code.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("isn't a user code")]
pub struct BadUserCode;

impl UserCode {
    pub fn generate(rng: &mut impl CryptoRng) -> Self {
        let mut letters = [0; LETTERS];
        let mut buffer = [0; 64];
        let mut filled = 0;
        while filled < LETTERS {
            rng.fill_bytes(&mut buffer);
            // 240 = 12 × 20: bytes above would favour the first letters.
            let fair = buffer.iter().filter(|byte| **byte < 240);
            for (letter, byte) in letters[filled..].iter_mut().zip(fair) {
                *letter = ALPHABET[usize::from(byte % 20)];
                filled += 1;
            }
        }
        Self(letters)
    }

    /// Case, spaces and punctuation mean nothing (§6.1).
    ///
    /// # Errors
    /// [`BadUserCode`] for another number of letters, or one that no code has.
    pub fn parse(typed: &str) -> Result<Self, BadUserCode> {
        let mut letters = [0; LETTERS];
        let mut filled = 0;
        for typed in typed.chars().filter(|c| !is_separator(*c)) {
            let letter = u8::try_from(typed.to_ascii_uppercase()).map_err(|_| BadUserCode)?;
            if filled == LETTERS || !ALPHABET.contains(&letter) {
                return Err(BadUserCode);
            }
            letters[filled] = letter;
            filled += 1;
        }
        if filled == LETTERS {
            Ok(Self(letters))
        } else {
            Err(BadUserCode)
        }
    }

    /// What the database knows it by: a hash of so few letters could be undone by trying.
    pub fn mac(self, keys: &Keyring) -> Tag {
        keys.mac(Use::UserCode, &[&self.0])
    }
}

/// What people put between letters, by hand or by their keyboard.
fn is_separator(typed: char) -> bool {
    typed.is_whitespace() || matches!(typed, '-' | '_' | '.' | '‐'..='―' | '－' | '·')
}

/// `WDJB-MJHT`
impl fmt::Display for UserCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, letter) in self.0.iter().enumerate() {
            if index == LETTERS / 2 {
                f.write_str("-")?;
            }
            write!(f, "{}", char::from(*letter))?;
        }
        Ok(())
    }
}

/// Never whole: who reads a log could let a device in.
impl fmt::Debug for UserCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("UserCode(…)")
    }
}

impl From<UserCode> for String {
    fn from(code: UserCode) -> Self {
        code.to_string()
    }
}

impl TryFrom<String> for UserCode {
    type Error = BadUserCode;

    fn try_from(text: String) -> Result<Self, BadUserCode> {
        Self::parse(&text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use rand::SeedableRng;
    use rand::rngs::StdRng;

    #[test] // OIDC 105
    fn case_and_separators_are_ignored_and_nothing_else() {
        let code = UserCode::parse("WDJB-MJHT").unwrap();
        for typed in [
            "wdjbmjht",
            " WdJb mJhT ",
            "w-d-j-b-m-j-h-t",
            "WDJB－MJHT",
            "WDJB–MJHT",
        ] {
            assert_eq!(UserCode::parse(typed), Ok(code), "{typed}");
        }
        assert_eq!(code.to_string(), "WDJB-MJHT");
        for bad in [
            "",
            "WDJB-MJH",
            "WDJB-MJHTW",
            "WDJA-MJHT",
            "WDJ8-MJHT",
            "ＷDJB-MJHT",
        ] {
            assert_eq!(UserCode::parse(bad), Err(BadUserCode), "{bad}");
        }
    }

    #[test]
    fn every_letter_comes_about_equally_often() {
        let mut rng = StdRng::seed_from_u64(1);
        let mut seen = [0_u32; 20];
        for _ in 0..5_000 {
            let code = UserCode::generate(&mut rng);
            assert_eq!(UserCode::parse(&code.to_string()), Ok(code));
            for letter in code.0 {
                seen[ALPHABET.iter().position(|a| *a == letter).unwrap()] += 1;
            }
        }
        // 2 000 of each are expected; six deviations of chance are 262.
        assert!(
            seen.iter().all(|count| (1_738..2_262).contains(count)),
            "{seen:?}"
        );
    }

    #[test]
    fn a_user_code_shows_itself_to_no_log() {
        let code = UserCode::parse("WDJB-MJHT").unwrap();
        assert_eq!(format!("{code:?}"), "UserCode(…)");
    }

    proptest! {
        #[test]
        fn whatever_is_typed_is_a_code_or_refused(typed in "[b-zB-Z _.-]{0,14}|\\PC{0,14}") {
            if let Ok(code) = UserCode::parse(&typed) {
                prop_assert_eq!(UserCode::parse(&code.to_string()), Ok(code));
                let letters: String = typed.chars().filter(char::is_ascii_alphabetic).collect();
                prop_assert_eq!(code.to_string().replace('-', ""), letters.to_ascii_uppercase());
            }
        }
    }
}
