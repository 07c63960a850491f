use std::fmt;

use phonenumber::{Mode, Type, country, metadata::DATABASE};

/// Longer input is no phone number in any spelling.
const LONGEST_INPUT: usize = 64;

/// Ranges of mainland China's virtual operators, whose cards are bought without much asking
/// (SMS-05).
const VIRTUAL_OPERATORS: [&str; 5] = ["162", "165", "167", "170", "171"];

/// A mobile phone number in E.164, the one spelling under which limits count (SMS-01).
///
/// It is personal data: `Debug` shows the masked form, and there is no `Display`.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct PhoneNumber {
    e164: String,
    country: country::Id,
}

/// Why a number can't be written to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadPhoneNumber {
    #[error("a phone number has digits, and at most a + in front")]
    Characters,
    #[error("a number of another country begins with + and the country's code")]
    CountryMissing,
    /// A landline, a service or premium number, or a number that can't exist.
    #[error("this is not the number of a mobile phone")]
    NotMobile,
}

impl PhoneNumber {
    /// Reads a number as people write it: full-width digits, spaces, hyphens, brackets and the
    /// invisible signs that come along with a pasted contact are passed over; `+86`, `0086`,
    /// `086`, `86` and nothing in front are the same for mainland China.
    pub fn parse(input: &str) -> Result<Self, BadPhoneNumber> {
        let spelled = strip(input)?;
        let international = match spelled.strip_prefix("00").or(spelled.strip_prefix('+')) {
            Some(digits) => digits,
            None => &mainland(&spelled).ok_or(BadPhoneNumber::CountryMissing)?,
        };
        match international.strip_prefix("86") {
            Some(national) if is_mainland_mobile(national) => Ok(Self {
                e164: format!("+86{national}"),
                country: country::CN,
            }),
            Some(_) => Err(BadPhoneNumber::NotMobile),
            None => Self::parse_foreign(international),
        }
    }

    fn parse_foreign(international: &str) -> Result<Self, BadPhoneNumber> {
        let number = phonenumber::parse(None, format!("+{international}"))
            .map_err(|_| BadPhoneNumber::NotMobile)?;
        let mobile = matches!(
            number.number_type(&DATABASE),
            Type::Mobile | Type::FixedLineOrMobile
        );
        match number.country().id() {
            Some(country) if mobile && number.is_valid() => Ok(Self {
                e164: number.format().mode(Mode::E164).to_string(),
                country,
            }),
            _ => Err(BadPhoneNumber::NotMobile),
        }
    }

    /// `+8613800000001`
    pub fn as_e164(&self) -> &str {
        &self.e164
    }

    /// The country's ISO 3166 code, `CN`.
    pub fn country(&self) -> &str {
        self.country.as_ref()
    }

    /// True for a mainland number, which needs no permission of the configuration.
    pub fn is_mainland(&self) -> bool {
        self.country == country::CN
    }

    /// True for the ranges that only a signed-in person may have codes sent to (SMS-05).
    pub fn is_virtual_operator(&self) -> bool {
        self.e164
            .strip_prefix("+86")
            .is_some_and(|national| VIRTUAL_OPERATORS.iter().any(|r| national.starts_with(r)))
    }

    /// For pages and logs: `138****0001`, `+852****4567`.
    pub fn masked(&self) -> String {
        let shown = self.e164.strip_prefix("+86").unwrap_or(&self.e164);
        // E.164 is ASCII, and no valid number is shorter than 8 signs.
        let (head, tail) = (if self.is_mainland() { 3 } else { 4 }, shown.len() - 4);
        format!("{}****{}", &shown[..head.min(tail)], &shown[tail..])
    }
}

impl fmt::Debug for PhoneNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PhoneNumber({})", self.masked())
    }
}

/// Digits with at most one `+` in front.
fn strip(input: &str) -> Result<String, BadPhoneNumber> {
    let mut spelled = String::with_capacity(16);
    for (index, sign) in input.chars().enumerate() {
        match half_width(sign) {
            _ if index >= LONGEST_INPUT => return Err(BadPhoneNumber::Characters),
            digit @ '0'..='9' => spelled.push(digit),
            '+' if spelled.is_empty() => spelled.push('+'),
            '-' | '(' | ')' | '.' => {}
            other if other.is_whitespace() || is_dash(other) || is_invisible(other) => {}
            _ => return Err(BadPhoneNumber::Characters),
        }
    }
    if spelled.trim_start_matches('+').is_empty() {
        return Err(BadPhoneNumber::Characters);
    }
    Ok(spelled)
}

/// The full-width forms U+FF01…FF5E are ASCII, 0xFEE0 higher.
fn half_width(sign: char) -> char {
    match sign {
        '\u{FF01}'..='\u{FF5E}' => char::from_u32(u32::from(sign) - 0xFEE0).unwrap_or(sign),
        other => other,
    }
}

fn is_dash(sign: char) -> bool {
    matches!(sign, '\u{2010}'..='\u{2015}' | '\u{2212}' | '\u{30FC}')
}

/// Zero-width and direction signs, which address books put around numbers.
fn is_invisible(sign: char) -> bool {
    matches!(sign, '\u{200B}'..='\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2060}'..='\u{2069}' | '\u{FEFF}')
}

/// A number without `+` or `00`: only mainland China's, with `86`, `086` or nothing in front.
fn mainland(spelled: &str) -> Option<String> {
    ["086", "86", ""]
        .into_iter()
        .filter_map(|prefix| spelled.strip_prefix(prefix))
        .find(|national| is_mainland_mobile(national))
        .map(|national| format!("86{national}"))
}

/// `1[3-9]` and nine more digits.
fn is_mainland_mobile(national: &str) -> bool {
    let bytes = national.as_bytes();
    bytes.len() == 11 && bytes[0] == b'1' && (b'3'..=b'9').contains(&bytes[1])
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn e164(input: &str) -> Result<String, BadPhoneNumber> {
        PhoneNumber::parse(input).map(|number| number.as_e164().to_owned())
    }

    #[test] // SMS-01: one number in every spelling
    fn spellings_of_a_mainland_number_are_one() {
        for spelling in [
            "13800000001",
            "+8613800000001",
            "+86 138 0000 0001",
            "0086-138-0000-0001",
            "086 13800000001",
            "8613800000001",
            "１３８ ００００ ０００１",
            "＋８６　１３８－００００－０００１",
            "(+86) 138–0000–0001",
            "\u{202d}+86 138 0000 0001\u{202c}",
            "138.0000.0001\n",
        ] {
            assert_eq!(
                e164(spelling).as_deref(),
                Ok("+8613800000001"),
                "{spelling:?}"
            );
        }
    }

    #[test] // SMS-05: only ^\+861[3-9]\d{9}$ of mainland China
    fn what_is_no_mainland_mobile_is_refused() {
        for (input, reason) in [
            ("12800000001", BadPhoneNumber::CountryMissing),
            ("1380000000", BadPhoneNumber::CountryMissing),
            ("138000000011", BadPhoneNumber::CountryMissing),
            ("010-62780000", BadPhoneNumber::CountryMissing),
            ("10690000001", BadPhoneNumber::CountryMissing),
            ("95588", BadPhoneNumber::CountryMissing),
            ("+8612800000001", BadPhoneNumber::NotMobile),
            ("+861069000000", BadPhoneNumber::NotMobile),
            ("+8695588", BadPhoneNumber::NotMobile),
            ("+86013800000001", BadPhoneNumber::NotMobile),
            ("008613800000001138", BadPhoneNumber::NotMobile),
            ("", BadPhoneNumber::Characters),
            ("+", BadPhoneNumber::Characters),
            ("+86+13800000001", BadPhoneNumber::Characters),
            ("13800000001;13900000001", BadPhoneNumber::Characters),
            ("13800000001x2", BadPhoneNumber::Characters),
            ("١٣٨٠٠٠٠٠٠٠١", BadPhoneNumber::Characters),
        ] {
            assert_eq!(e164(input), Err(reason), "{input:?}");
        }
        assert_eq!(e164(&" ".repeat(65)), Err(BadPhoneNumber::Characters));
    }

    #[test] // SMS-05: premium, satellite and landline numbers are no mobiles anywhere
    fn foreign_numbers_are_canonical_mobiles() {
        assert_eq!(e164("+852 9123 4567").as_deref(), Ok("+85291234567"));
        assert_eq!(e164("00852-9123-4567").as_deref(), Ok("+85291234567"));
        assert_eq!(e164("+44 (0)7911 123456"), e164("+447911123456"));
        assert_eq!(e164("+447911123456").as_deref(), Ok("+447911123456"));
        assert_eq!(PhoneNumber::parse("+85291234567").unwrap().country(), "HK");
        for premium in [
            "+19005550123",
            "+88213300655",
            "+442079460000",
            "+1",
            "+0",
            "+999123456789",
        ] {
            assert_eq!(e164(premium), Err(BadPhoneNumber::NotMobile), "{premium}");
        }
    }

    #[test] // SMS-05
    fn virtual_operators_are_known() {
        for range in ["162", "165", "167", "170", "171"] {
            let number = PhoneNumber::parse(&format!("{range}00000001")).unwrap();
            assert!(number.is_virtual_operator(), "{range}");
        }
        for input in ["13800000001", "17200000001", "16600000001", "+85291234567"] {
            assert!(
                !PhoneNumber::parse(input).unwrap().is_virtual_operator(),
                "{input}"
            );
        }
    }

    #[test]
    fn a_masked_number_shows_its_ends_alone() {
        let mainland = PhoneNumber::parse("13812345678").unwrap();
        assert_eq!(mainland.masked(), "138****5678");
        assert_eq!(format!("{mainland:?}"), "PhoneNumber(138****5678)");
        let foreign = PhoneNumber::parse("+85291234567").unwrap();
        assert_eq!(foreign.masked(), "+852****4567");
    }

    proptest! {
        #[test]
        fn any_input_is_read_or_refused(input in "\\PC{0,40}") {
            let _ = PhoneNumber::parse(&input);
        }

        #[test]
        fn any_foreign_digits_give_a_canonical_number(digits in "[+]?[0-9]{0,20}") {
            if let Ok(number) = PhoneNumber::parse(&digits) {
                prop_assert_eq!(e164(number.as_e164()), Ok(number.as_e164().to_owned()));
                prop_assert!(!number.masked().contains(&number.as_e164()[4..]));
            }
        }
    }
}
