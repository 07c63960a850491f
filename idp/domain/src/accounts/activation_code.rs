use rand::CryptoRng;
use zeroize::{Zeroize, ZeroizeOnDrop};

use super::text::{fold, is_invisible};
use crate::ids::PersonId;
use crate::secrets::{Keyring, Tag, Use};

/// A secret that the school prints and hands out: 12 characters of Crockford's base32, 60 bits
/// (PWD-01), shown as `XXXX-XXXX-XXXX`.
#[derive(Clone, PartialEq, Eq, Zeroize, ZeroizeOnDrop)]
pub struct ActivationCode(String);

/// A text that is no activation code.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("must have 12 letters and digits, as printed: XXXX-XXXX-XXXX")]
pub struct BadActivationCode;

/// Without I, L, O (read as digits) and U.
const ALPHABET: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";
const LENGTH: usize = 12;

impl ActivationCode {
    pub fn generate(rng: &mut impl CryptoRng) -> Self {
        let mut bytes = [0; LENGTH];
        rng.fill_bytes(&mut bytes);
        // 256 is a multiple of 32: no character is favoured.
        let code = bytes
            .iter()
            .map(|b| char::from(ALPHABET[usize::from(b % 32)]))
            .collect();
        bytes.zeroize();
        Self(code)
    }

    /// As a person types it: any case, with or without hyphens and spaces, O for 0, I or L for 1.
    ///
    /// # Errors
    /// [`BadActivationCode`]
    pub fn parse(text: &str) -> Result<Self, BadActivationCode> {
        if text.len() > 200 {
            return Err(BadActivationCode);
        }
        let mut code = String::with_capacity(LENGTH);
        for c in fold(text).chars().filter(|c| !is_invisible(*c)) {
            match c.to_ascii_uppercase() {
                ' ' | '-' | '\u{2010}'..='\u{2015}' => {}
                'O' => code.push('0'),
                'I' | 'L' => code.push('1'),
                c if c.is_ascii() && ALPHABET.contains(&(c as u8)) => code.push(c),
                _ => return Err(BadActivationCode),
            }
        }
        if code.len() == LENGTH {
            Ok(Self(code))
        } else {
            Err(BadActivationCode)
        }
    }

    /// The keyed MAC that is kept instead of the code, of this person only.
    pub fn mac(&self, keys: &Keyring, person: PersonId) -> Tag {
        keys.mac(
            Use::ActivationCode,
            &[person.0.as_bytes(), self.0.as_bytes()],
        )
    }

    /// True when `candidate` is the code of `stored`. One MAC and one comparison in constant
    /// time, also for what can't be a code.
    pub fn matches(keys: &Keyring, person: PersonId, candidate: &str, stored: &Tag) -> bool {
        Self::parse(candidate)
            .unwrap_or(Self(String::new()))
            .mac(keys, person)
            == *stored
    }

    /// For printing.
    pub fn printed(&self) -> String {
        [&self.0[..4], &self.0[4..8], &self.0[8..]].join("-")
    }
}

impl std::fmt::Debug for ActivationCode {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("ActivationCode(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::secrets::MasterKey;
    use proptest::prelude::*;
    use rand::SeedableRng;
    use rand::rngs::StdRng;

    #[test]
    fn a_printed_code_is_read_back_however_it_is_typed() {
        let code = ActivationCode("01AB23CD45EF".into());
        assert_eq!(code.printed(), "01AB-23CD-45EF");
        for text in [
            "01AB-23CD-45EF",
            "oiab23cd45ef",
            " OLAB 23CD 45EF ",
            "０１ＡＢ－２３ＣＤ－４５ＥＦ",
            "01ab–23cd–45ef\u{200b}",
        ] {
            assert_eq!(ActivationCode::parse(text), Ok(code.clone()), "{text}");
        }
        for text in [
            "",
            "01AB-23CD-45E",
            "01AB-23CD-45EFG",
            "01AB-23CD-45EU",
            "01AB_23CD_45EF",
            "01AB-23CD-45E\u{435}",
        ] {
            assert_eq!(
                ActivationCode::parse(text),
                Err(BadActivationCode),
                "{text}"
            );
        }
        assert_eq!(
            ActivationCode::parse(&"-".repeat(1_000_000)),
            Err(BadActivationCode)
        );
        assert_eq!(format!("{code:?}"), "ActivationCode(…)");
    }

    #[test] // PWD-01: 60 bits, each character equally likely
    fn generated_codes_are_uniform_and_unique() {
        let mut rng = StdRng::seed_from_u64(9);
        let mut counts = [0_u32; 32];
        let mut seen = std::collections::HashSet::new();
        for _ in 0..20_000 {
            let code = ActivationCode::generate(&mut rng);
            for b in code.0.bytes() {
                counts[ALPHABET.iter().position(|c| *c == b).unwrap()] += 1;
            }
            assert!(seen.insert(code.printed()));
        }
        let expected = 20_000.0 * 12.0 / 32.0;
        let chi: f64 = counts
            .iter()
            .map(|c| (f64::from(*c) - expected).powi(2) / expected)
            .sum();
        // 31 degrees of freedom: above 67 only once in 5,000 draws of a fair source.
        assert!(chi < 67.0, "chi-square {chi}");
    }

    #[test]
    fn a_code_opens_only_for_its_person() {
        let mut rng = StdRng::seed_from_u64(2);
        let keys = Keyring::new(&MasterKey::generate(&mut rng));
        let [a, b] = [(), ()].map(|()| PersonId::new(jiff::Timestamp::UNIX_EPOCH, &mut rng));
        let code = ActivationCode::generate(&mut rng);
        let stored = code.mac(&keys, a);
        assert!(ActivationCode::matches(
            &keys,
            a,
            &code.printed().to_lowercase(),
            &stored
        ));
        assert!(!ActivationCode::matches(&keys, b, &code.printed(), &stored));
        assert!(!ActivationCode::matches(&keys, a, "nonsense", &stored));
        assert!(!ActivationCode::matches(&keys, a, "", &Tag([0; 32])));
    }

    proptest! {
        #[test]
        fn whatever_is_accepted_prints_and_parses_back(text in "[0-9A-Za-z -]{10,18}") {
            if let Ok(code) = ActivationCode::parse(&text) {
                prop_assert_eq!(ActivationCode::parse(&code.printed()), Ok(code));
            }
        }
    }
}
