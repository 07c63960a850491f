use phonenumber::metadata::DATABASE;
use serde::{Deserialize, Serialize};
use unicode_normalization::UnicodeNormalization;

use super::text::is_invisible;
use crate::secrets::{Keyring, Tag, Use};

/// A number that takes text messages, in E.164 (`+8613800000001`). Every spelling of one number
/// is equal, so that limits per number hold (SMS-01).
#[derive(Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct PhoneNumber(String);

/// Why a text is no such number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadPhone {
    #[error("may contain only digits, spaces, hyphens, brackets and a leading '+'")]
    Character,
    #[error("is no mobile number of the mainland (11 digits, 13… to 19…)")]
    Mainland,
    #[error("is no valid mobile number of its country")]
    Foreign,
}

const MAINLAND: &str = "+86";

impl PhoneNumber {
    /// A number without a country code is one of the mainland; `086`, `0086`, `86` and `+86` are
    /// understood, as are full-width digits, spaces, hyphens and brackets.
    ///
    /// # Errors
    /// [`BadPhone`]; a land line can't take a message and is refused too.
    pub fn parse(text: &str) -> Result<Self, BadPhone> {
        let dialled = dialled(text)?;
        match international(&dialled) {
            Some(digits) => match digits.strip_prefix("86") {
                Some(national) => mainland(national),
                None => foreign(digits),
            },
            None => mainland(&dialled),
        }
    }

    /// E.164, with the `+`.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// True for `+86`.
    pub fn is_mainland(&self) -> bool {
        self.0.starts_with(MAINLAND)
    }

    /// Mainland ranges of virtual operators: sold without a branch to show a face at, and so the
    /// favourites of those who send messages for money (SMS-05).
    pub fn is_virtual_operator(&self) -> bool {
        self.0.strip_prefix(MAINLAND).is_some_and(|national| {
            ["162", "165", "167", "170", "171"]
                .iter()
                .any(|range| national.starts_with(range))
        })
    }

    /// For pages and logs: `138****0001`, `+852****4567`.
    pub fn masked(&self) -> String {
        let tail = &self.0[self.0.len() - 4..];
        match self.0.strip_prefix(MAINLAND) {
            Some(national) => format!("{}****{tail}", &national[..3]),
            None => format!("{}****{tail}", &self.0[..4]),
        }
    }

    /// The blind index under which the number is found.
    pub fn index(&self, keys: &Keyring) -> Tag {
        keys.mac(Use::Phone, &[self.0.as_bytes()])
    }
}

/// The digits, with a leading `+` if there was one; at most 24 of them.
fn dialled(text: &str) -> Result<String, BadPhone> {
    let mut dialled = String::new();
    // Phones copied from an address book come wrapped in invisible direction marks.
    for c in text
        .trim()
        .chars()
        .filter(|c| !is_invisible(*c))
        .nfkc()
        .take(64)
    {
        match c {
            '0'..='9' => dialled.push(c),
            '+' if dialled.is_empty() => dialled.push(c),
            ' ' | '-' | '(' | ')' | '\u{2010}'..='\u{2015}' | '\u{2212}' => {}
            _ => return Err(BadPhone::Character),
        }
    }
    if dialled.len() > 24 {
        Err(BadPhone::Character)
    } else {
        Ok(dialled)
    }
}

/// What follows `+` or `00`; and for the mainland also after `86` and `086`, which no mobile
/// number begins with.
fn international(dialled: &str) -> Option<&str> {
    if let Some(digits) = dialled
        .strip_prefix('+')
        .or_else(|| dialled.strip_prefix("00"))
    {
        return Some(digits);
    }
    let digits = dialled.strip_prefix('0').unwrap_or(dialled);
    digits.starts_with("86").then_some(digits)
}

fn mainland(national: &str) -> Result<PhoneNumber, BadPhone> {
    match national.as_bytes() {
        [b'1', b'3'..=b'9', rest @ ..] if rest.len() == 9 => {
            Ok(PhoneNumber(format!("{MAINLAND}{national}")))
        }
        _ => Err(BadPhone::Mainland),
    }
}

fn foreign(digits: &str) -> Result<PhoneNumber, BadPhone> {
    use phonenumber::Type;
    let number = phonenumber::parse(None, format!("+{digits}")).map_err(|_| BadPhone::Foreign)?;
    let takes_messages = matches!(
        number.number_type(&DATABASE),
        Type::Mobile | Type::FixedLineOrMobile
    );
    if !takes_messages || !number.is_valid() {
        return Err(BadPhone::Foreign);
    }
    let canonical = number.format().mode(phonenumber::Mode::E164).to_string();
    // Bytes are counted from both ends when masking.
    if canonical.is_ascii() && (9..=16).contains(&canonical.len()) {
        Ok(PhoneNumber(canonical))
    } else {
        Err(BadPhone::Foreign)
    }
}

impl std::fmt::Debug for PhoneNumber {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "PhoneNumber({})", self.masked())
    }
}

impl TryFrom<String> for PhoneNumber {
    type Error = BadPhone;
    fn try_from(text: String) -> Result<Self, BadPhone> {
        Self::parse(&text)
    }
}

impl From<PhoneNumber> for String {
    fn from(phone: PhoneNumber) -> Self {
        phone.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn e164(text: &str) -> Result<String, BadPhone> {
        PhoneNumber::parse(text).map(String::from)
    }

    #[test] // SMS-01: a limit per number can't be multiplied by spelling it differently
    fn every_spelling_of_a_mainland_number_is_the_same() {
        for text in [
            "13800000001",
            "+8613800000001",
            "8613800000001",
            "08613800000001",
            "008613800000001",
            "+86 138-0000-0001",
            "(+86) 138 0000 0001",
            "１３８００００００００１",
            "＋８６ １３８ ００００ ０００１",
            " 138\u{3000}0000 0001 ",
            "\u{202d}13800000001\u{202c}",
            "+86\u{a0}138\u{2011}0000\u{2011}0001",
            "\u{200b}13800000001",
        ]
        .map(|t| t.replace("１３８００００００００１", "１３８０００００００１"))
        {
            assert_eq!(e164(&text).as_deref(), Ok("+8613800000001"), "{text:?}");
        }
    }

    #[test] // SMS-05
    fn what_is_no_mobile_number_of_the_mainland_is_refused() {
        for text in [
            "",
            "+",
            "12345678901",
            "1380000000",
            "138000000011",
            "+86",
            "+8612345678901",
            "010-62751234",
            "10690000000",
            "95588",
            "+86+8613800000001",
            "+86008613800000001",
            "8613800000001 ext 5",
            "13800000001\r\nX: y",
            "1380000000a",
            "１３８",
            "138*0000001",
            "tel:13800000001",
            "-1",
        ] {
            assert!(e164(text).is_err(), "{text:?}");
        }
        assert_eq!(e164(&"1".repeat(100_000)), Err(BadPhone::Character));
        assert_eq!(e164(&" ".repeat(100_000)), Err(BadPhone::Mainland));
    }

    #[test] // SMS-05
    fn numbers_of_other_countries_are_valid_mobiles_only() {
        assert_eq!(e164("+852 9123 4567").as_deref(), Ok("+85291234567"));
        assert_eq!(e164("0085291234567").as_deref(), Ok("+85291234567"));
        assert_eq!(e164("+44 7400 123456").as_deref(), Ok("+447400123456"));
        assert_eq!(e164("+1 650-253-0000").as_deref(), Ok("+16502530000"));
        for text in [
            "+19005550100",
            "+882161234567",
            "+85",
            "+44 20 7031 3000",
            "+999123456789",
            "+0",
            "+85291234567890123",
        ] {
            assert_eq!(e164(text), Err(BadPhone::Foreign), "{text}");
        }
    }

    #[test]
    fn a_masked_number_shows_its_ends_only_and_so_does_debug() {
        let phone = PhoneNumber::parse("13812340001").unwrap();
        assert_eq!(phone.masked(), "138****0001");
        assert!(!format!("{phone:?}").contains("1234"));
        assert_eq!(
            PhoneNumber::parse("+85291234567").unwrap().masked(),
            "+852****4567"
        );
    }

    #[test]
    fn virtual_operators_are_told() {
        for range in [162, 165, 167, 170, 171] {
            assert!(
                PhoneNumber::parse(&format!("{range}00000001"))
                    .unwrap()
                    .is_virtual_operator()
            );
        }
        assert!(
            !PhoneNumber::parse("13800000001")
                .unwrap()
                .is_virtual_operator()
        );
        assert!(
            !PhoneNumber::parse("+447400123456")
                .unwrap()
                .is_virtual_operator()
        );
    }

    proptest! {
        #[test]
        fn whatever_is_accepted_is_e164_and_stable(text in "[+0-9 ()a-]{0,30}") {
            if let Ok(phone) = PhoneNumber::parse(&text) {
                prop_assert!(phone.as_str().starts_with('+'));
                prop_assert!(phone.as_str()[1..].bytes().all(|b| b.is_ascii_digit()));
                prop_assert_eq!(PhoneNumber::parse(phone.as_str()).unwrap(), phone);
            }
        }

        #[test]
        fn mainland_mobiles_are_accepted_however_grouped(n in 13_000_000_000_u64..20_000_000_000, at in 1..11_usize) {
            let digits = n.to_string();
            let (a, b) = digits.split_at(at);
            prop_assert_eq!(e164(&format!("+86-{a} {b}")), Ok(format!("+86{digits}")));
        }
    }
}
