use rand::CryptoRng;
use zeroize::{Zeroize, ZeroizeOnDrop};

use crate::ids::PersonId;
use crate::secrets::{Keyring, Tag, Use};

/// Wrong tries after which a code is dead (OTP-01).
pub const MAX_TRIES: i64 = 5;

/// What a code is good for; a code for one is worthless for another (OTP-03).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CodePurpose {
    /// Shows that the phone which the school has is hers.
    Evidence,
    /// Binds a phone.
    BindPhone,
    /// Lets a browser try again after too many failures.
    Unlock,
}

impl CodePurpose {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Evidence => "evidence",
            Self::BindPhone => "bind_phone",
            Self::Unlock => "unlock",
        }
    }
}

/// Six digits. Has no `Debug` or `Display`, so that it can't reach a log by accident (SMS-12).
#[derive(Clone, PartialEq, Eq, Zeroize, ZeroizeOnDrop)]
pub struct OneTimeCode(String);

impl std::fmt::Debug for OneTimeCode {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("OneTimeCode(…)")
    }
}

impl OneTimeCode {
    /// Uniform over 000000…999999 (OTP-08).
    pub fn generate(rng: &mut impl CryptoRng) -> Self {
        // 4,294,000,000 is the largest multiple of a million below 2³²: above it the first
        // 967,296 codes would come a little more often.
        loop {
            let draw = rng.next_u32();
            if draw < 4_294_000_000 {
                return Self(format!("{:06}", draw % 1_000_000));
            }
        }
    }

    /// What was typed: full-width digits and spaces are forgiven. `None` unless six digits.
    pub fn parse(typed: &str) -> Option<Self> {
        let digits: String = typed
            .chars()
            .filter(|c| !c.is_whitespace())
            .take(8)
            .map(|c| match c {
                '０'..='９' => char::from_digit(u32::from(c) - u32::from('０'), 10).unwrap_or(c),
                other => other,
            })
            .collect();
        (digits.len() == 6 && digits.bytes().all(|b| b.is_ascii_digit())).then_some(Self(digits))
    }

    /// The digits, to be written into the message and nowhere else.
    pub fn reveal(&self) -> &str {
        &self.0
    }

    /// What is kept: a keyed MAC with flow, purpose, person and recipient, so that a code is good
    /// only where it was asked for (OTP-03, OTP-05).
    pub fn mac(
        &self,
        keys: &Keyring,
        flow: &Tag,
        purpose: CodePurpose,
        person: Option<PersonId>,
        recipient: &Tag,
    ) -> Tag {
        let person = person.map(|p| p.0.into_bytes());
        keys.mac(
            Use::OneTimeCode,
            &[
                flow.as_bytes(),
                purpose.as_str().as_bytes(),
                person.as_ref().map_or(&[][..], |p| p),
                recipient.as_bytes(),
                self.0.as_bytes(),
            ],
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::secrets::MasterKey;
    use rand::SeedableRng;
    use rand::rngs::StdRng;

    #[test] // OTP-08: every digit equally likely at every place, leading zeros included
    fn codes_are_uniform() {
        let mut rng = StdRng::seed_from_u64(8);
        let mut counts = [[0_u32; 10]; 6];
        for _ in 0..200_000 {
            let code = OneTimeCode::generate(&mut rng);
            for (place, digit) in code.reveal().bytes().enumerate() {
                counts[place][usize::from(digit - b'0')] += 1;
            }
        }
        for place in counts {
            let chi: f64 = place
                .iter()
                .map(|c| (f64::from(*c) - 20_000.0).powi(2) / 20_000.0)
                .sum();
            // 9 degrees of freedom: p = 0.001 at 27.9.
            assert!(chi < 27.9, "{place:?}: {chi}");
        }
    }

    #[test] // OTP-03: bound to flow, purpose, person and recipient
    fn the_mac_binds_everything_around_the_code() {
        let mut rng = StdRng::seed_from_u64(1);
        let keys = Keyring::new(&MasterKey::generate(&mut rng));
        let now = "2026-11-21T00:00:00Z".parse().unwrap();
        let (a, b) = (PersonId::new(now, &mut rng), PersonId::new(now, &mut rng));
        let (f, g) = (Tag([1; 32]), Tag([2; 32]));
        let code = OneTimeCode::parse("012345").unwrap();
        let mac = code.mac(&keys, &f, CodePurpose::BindPhone, Some(a), &f);
        for other in [
            code.mac(&keys, &g, CodePurpose::BindPhone, Some(a), &f),
            code.mac(&keys, &f, CodePurpose::Evidence, Some(a), &f),
            code.mac(&keys, &f, CodePurpose::BindPhone, Some(b), &f),
            code.mac(&keys, &f, CodePurpose::BindPhone, None, &f),
            code.mac(&keys, &f, CodePurpose::BindPhone, Some(a), &g),
            OneTimeCode::parse("012346").unwrap().mac(
                &keys,
                &f,
                CodePurpose::BindPhone,
                Some(a),
                &f,
            ),
        ] {
            assert_ne!(mac, other);
        }
        assert_eq!(
            mac,
            code.mac(&keys, &f, CodePurpose::BindPhone, Some(a), &f)
        );
    }

    #[test]
    fn typing_is_forgiven_but_nothing_else() {
        assert_eq!(
            OneTimeCode::parse(" ０１２ 345 ").unwrap().reveal(),
            "012345"
        );
        for bad in ["", "12345", "1234567", "12345a", "1e5", "٠١٢٣٤٥"] {
            assert_eq!(OneTimeCode::parse(bad), None, "{bad}");
        }
    }
}
