use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use super::text::{fold, star_out};
use crate::secrets::{Keyring, Tag, Use};

/// Which document an id number stands on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum IdKind {
    /// 居民身份证, GB 11643.
    ResidentId,
    /// 护照.
    Passport,
    /// 港澳居民来往内地通行证 (回乡证): H or M and 8 digits, or 10 on older ones.
    HongKongMacauPermit,
    /// 台湾居民来往大陆通行证 (台胞证): 8 digits, or 10 on older ones.
    TaiwanPermit,
    /// 港澳台居民居住证: built like a resident id, beginning with 81, 82 or 83.
    HongKongMacauTaiwanResidence,
    /// 外国人永久居留身份证: 18 digits beginning with 9, or 3 letters and 12 digits on older ones.
    ForeignerPermanentResidence,
}

impl IdKind {
    pub const ALL: [Self; 6] = [
        Self::ResidentId,
        Self::Passport,
        Self::HongKongMacauPermit,
        Self::TaiwanPermit,
        Self::HongKongMacauTaiwanResidence,
        Self::ForeignerPermanentResidence,
    ];

    /// The word in the database and in files.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::ResidentId => "resident_id",
            Self::Passport => "passport",
            Self::HongKongMacauPermit => "hong_kong_macau_permit",
            Self::TaiwanPermit => "taiwan_permit",
            Self::HongKongMacauTaiwanResidence => "hong_kong_macau_taiwan_residence",
            Self::ForeignerPermanentResidence => "foreigner_permanent_residence",
        }
    }

    /// From the word in a file, Chinese or English.
    ///
    /// # Errors
    /// [`BadIdNumber::Kind`] for a word that isn't known.
    pub fn parse(text: &str) -> Result<Self, BadIdNumber> {
        let word: String = fold(text.trim()).replace([' ', '-'], "_");
        Ok(match word.as_str() {
            "resident_id"
            | "id_card"
            | "居民身份证"
            | "身份证"
            | "中国居民身份证"
            | "二代身份证" => Self::ResidentId,
            "passport" | "护照" | "外国护照" | "中国护照" => Self::Passport,
            "hong_kong_macau_permit"
            | "港澳居民来往内地通行证"
            | "港澳通行证"
            | "港澳居民通行证"
            | "回乡证" => Self::HongKongMacauPermit,
            "taiwan_permit"
            | "台湾居民来往大陆通行证"
            | "台湾通行证"
            | "台湾居民通行证"
            | "台胞证" => Self::TaiwanPermit,
            "hong_kong_macau_taiwan_residence" | "港澳台居民居住证" | "港澳台居住证" => {
                Self::HongKongMacauTaiwanResidence
            }
            "foreigner_permanent_residence"
            | "外国人永久居留身份证"
            | "外国人永久居留证"
            | "永久居留身份证" => Self::ForeignerPermanentResidence,
            _ => return Err(BadIdNumber::Kind),
        })
    }
}

/// As an identity document tells it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sex {
    Female,
    Male,
}

impl Sex {
    /// The word in the database.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Female => "female",
            Self::Male => "male",
        }
    }

    /// From a word in either language, or a code of GB/T 2261.1; [`None`] for anything else.
    pub fn parse(text: &str) -> Option<Self> {
        match fold(text.trim()).as_str() {
            "女" | "女性" | "female" | "f" | "2" => Some(Self::Female),
            "男" | "男性" | "male" | "m" | "1" => Some(Self::Male),
            _ => None,
        }
    }
}

/// A checked number of an identity document. Never stored, logged or reported in clear.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct IdNumber {
    kind: IdKind,
    value: String,
}

/// Why a text is no such number. The text itself is never repeated (IMP-07).
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadIdNumber {
    #[error("is no kind of document that is known here")]
    Kind,
    #[error("must have 18 characters: 17 digits and a check digit")]
    ResidentLength,
    #[error("holds a birth date that doesn't exist")]
    BirthDate,
    #[error("has a wrong check digit: a digit was mistyped")]
    CheckDigit,
    #[error("of a passport must have 5 to 20 letters and digits")]
    Passport,
    #[error("isn't built like a number of this document")]
    Format,
    #[error("isn't a resident id; say which document it is")]
    Unclear,
}

impl IdNumber {
    /// Full-width forms, white space at the ends and lower case are forgiven.
    ///
    /// # Errors
    /// [`BadIdNumber`] unless the text is built as the document's numbers are.
    pub fn parse(kind: IdKind, text: &str) -> Result<Self, BadIdNumber> {
        let value = canonical(text).ok_or(BadIdNumber::Format)?;
        let digits_after = |letters: usize, lengths: &[usize]| {
            let (head, tail) = value.split_at_checked(letters).unwrap_or((&value, ""));
            lengths.contains(&tail.len())
                && tail.bytes().all(|b| b.is_ascii_digit())
                && head.len() == letters
        };
        let residence = residence_kind(&value);
        let fits = match kind {
            // 18 digits are one space of numbers: the first ones tell the document, also where a
            // file calls each of them 身份证.
            IdKind::ResidentId => check_resident(&value).map(|()| true)?,
            IdKind::HongKongMacauTaiwanResidence => {
                check_resident(&value)?;
                residence == kind
            }
            IdKind::ForeignerPermanentResidence => {
                let older =
                    value.bytes().take(3).all(|b| b.is_ascii_uppercase()) && digits_after(3, &[12]);
                older || check_resident(&value).map(|()| residence == kind)?
            }
            IdKind::Passport if (5..=20).contains(&value.len()) => true,
            IdKind::Passport => return Err(BadIdNumber::Passport),
            IdKind::HongKongMacauPermit => {
                value.starts_with(['H', 'M']) && digits_after(1, &[8, 10])
            }
            IdKind::TaiwanPermit => digits_after(0, &[8, 10]),
        };
        if !fits {
            return Err(BadIdNumber::Format);
        }
        let kind = if kind == IdKind::ResidentId {
            residence
        } else {
            kind
        };
        Ok(Self { kind, value })
    }

    /// Where a file doesn't say which document: what begins with digits and is as long as a
    /// resident id, or nearly, must be one (a mistyped id is no passport); what begins with a
    /// letter is a passport.
    ///
    /// # Errors
    /// [`BadIdNumber::Unclear`] where it could be either, else as [`parse`](Self::parse).
    pub fn guess(text: &str) -> Result<Self, BadIdNumber> {
        let value = canonical(text).ok_or(BadIdNumber::Unclear)?;
        let digits = value.bytes().take_while(u8::is_ascii_digit).count();
        if value.len() == 18 || digits >= 14 {
            Self::parse(IdKind::ResidentId, &value)
        } else if digits == 0 {
            Self::parse(IdKind::Passport, &value)
        } else {
            Err(BadIdNumber::Unclear)
        }
    }

    pub fn kind(&self) -> IdKind {
        self.kind
    }

    /// The canonical value, in clear: upper case, ASCII.
    pub fn value(&self) -> &str {
        &self.value
    }

    /// The last `n` characters, upper-cased; all of them where there are no more.
    pub fn tail(&self, n: usize) -> &str {
        &self.value[self.value.len().saturating_sub(n)..]
    }

    /// For reports: `1101**********123X`.
    pub fn masked(&self) -> String {
        let shown = (self.value.len() / 4).min(4);
        star_out(&self.value, shown, shown)
    }

    /// The blind index under which the holder is found. Kinds that share a shape never collide.
    pub fn index(&self, keys: &Keyring) -> Tag {
        keys.mac(
            Use::IdNumber,
            &[self.kind.as_str().as_bytes(), self.value.as_bytes()],
        )
    }

    /// Where the number tells it.
    pub fn birth_date(&self) -> Option<Date> {
        (self.value.len() == 18 && self.kind != IdKind::Passport)
            .then(|| birth_date(&self.value))
            .flatten()
    }

    /// Where the number tells it: the 17th digit, odd for men.
    pub fn sex(&self) -> Option<Sex> {
        self.birth_date()?;
        let digit = self.value.as_bytes().get(16)?;
        Some(if digit & 1 == 1 {
            Sex::Male
        } else {
            Sex::Female
        })
    }
}

impl std::fmt::Debug for IdNumber {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "IdNumber({} {})", self.kind.as_str(), self.masked())
    }
}

/// Upper-case ASCII letters and digits, at most 20.
fn canonical(text: &str) -> Option<String> {
    let text = text.trim();
    if text.chars().take(21).count() > 20 {
        return None;
    }
    let value = fold(text).to_ascii_uppercase();
    (!value.is_empty() && value.len() <= 20 && value.bytes().all(|b| b.is_ascii_alphanumeric()))
        .then_some(value)
}

/// Which document an 18-digit number stands on, by its region.
fn residence_kind(value: &str) -> IdKind {
    match value.get(..2) {
        Some("81" | "82" | "83") => IdKind::HongKongMacauTaiwanResidence,
        Some(region) if region.starts_with('9') => IdKind::ForeignerPermanentResidence,
        _ => IdKind::ResidentId,
    }
}

/// GB 11643: six digits of region, eight of birth date, three of sequence, one check digit.
fn check_resident(value: &str) -> Result<(), BadIdNumber> {
    let bytes = value.as_bytes();
    if bytes.len() != 18 || !bytes[..17].iter().all(u8::is_ascii_digit) {
        return Err(BadIdNumber::ResidentLength);
    }
    birth_date(value).ok_or(BadIdNumber::BirthDate)?;
    if bytes[17] == check_digit(&bytes[..17]) {
        Ok(())
    } else {
        Err(BadIdNumber::CheckDigit)
    }
}

fn birth_date(value: &str) -> Option<Date> {
    let field = |from: usize, to: usize| value.get(from..to)?.parse::<i16>().ok();
    let year = field(6, 10).filter(|year| (1850..=2199).contains(year))?;
    let part = |from, to| field(from, to).and_then(|n| i8::try_from(n).ok());
    Date::new(year, part(10, 12)?, part(12, 14)?).ok()
}

/// ISO 7064 MOD 11-2 over ASCII digits.
fn check_digit(digits: &[u8]) -> u8 {
    let sum = digits
        .iter()
        .fold(0_u32, |sum, d| (sum + u32::from(d - b'0')) * 2 % 11);
    b"10X98765432"[sum as usize % 11]
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// The example of GB 11643-1999 itself.
    const STANDARD: &str = "11010519491231002X";

    fn resident(text: &str) -> Result<IdNumber, BadIdNumber> {
        IdNumber::parse(IdKind::ResidentId, text)
    }

    #[test]
    fn a_resident_id_is_canonical_however_typed() {
        for text in [
            STANDARD,
            "11010519491231002x",
            " 11010519491231002x ",
            "１１０１０５１９４９１２３１００２Ｘ",
            "１１０１０５１９４９１２３１００２ｘ",
        ] {
            assert_eq!(
                resident(text).map(|n| n.value).as_deref(),
                Ok(STANDARD),
                "{text}"
            );
        }
    }

    #[test]
    fn each_defect_has_its_reason() {
        for (text, reason) in [
            ("110105194912310021", BadIdNumber::CheckDigit),
            ("110105194902300025", BadIdNumber::BirthDate),
            ("110105194913310025", BadIdNumber::BirthDate),
            ("110105000012310025", BadIdNumber::BirthDate),
            ("11010519491231002", BadIdNumber::ResidentLength),
            ("110105491231002", BadIdNumber::ResidentLength),
            ("1101051949123100XX", BadIdNumber::ResidentLength),
            ("11010519491231002\u{200b}X", BadIdNumber::Format),
            ("110105 19491231002X", BadIdNumber::Format),
            ("", BadIdNumber::Format),
        ] {
            assert_eq!(resident(text), Err(reason), "{text:?}");
        }
        assert_eq!(resident(&"1".repeat(100_000)), Err(BadIdNumber::Format));
    }

    #[test] // INJ-08
    fn the_29th_of_february_exists_every_fourth_year() {
        let with_date = |date: &str| {
            let digits = format!("110105{date}002");
            resident(&format!(
                "{digits}{}",
                char::from(check_digit(digits.as_bytes()))
            ))
            .err()
        };
        assert_eq!(with_date("20040229"), None);
        assert_eq!(with_date("20000229"), None);
        assert_eq!(with_date("20030229"), Some(BadIdNumber::BirthDate));
        assert_eq!(with_date("19000229"), Some(BadIdNumber::BirthDate));
        assert_eq!(with_date("99991231"), Some(BadIdNumber::BirthDate));
    }

    #[test]
    fn other_documents_have_their_own_shapes() {
        use IdKind::*;
        for (kind, good) in [
            (Passport, "E12345678"),
            (Passport, "g1234"),
            (Passport, "12345678901234567890"),
            (HongKongMacauPermit, "h12345678"),
            (HongKongMacauPermit, "M1234567801"),
            (TaiwanPermit, "12345678"),
            (TaiwanPermit, "1234567801"),
            (ForeignerPermanentResidence, "USA110061010501"),
        ] {
            assert!(IdNumber::parse(kind, good).is_ok(), "{kind:?} {good}");
        }
        for (kind, bad) in [
            (Passport, "E123"),
            (Passport, "E12-345678"),
            (Passport, "护照12345"),
            (HongKongMacauPermit, "A12345678"),
            (HongKongMacauPermit, "H1234567"),
            (TaiwanPermit, "1234567"),
            (HongKongMacauTaiwanResidence, STANDARD),
            (ForeignerPermanentResidence, STANDARD),
            (ForeignerPermanentResidence, "US1110061010501"),
            (ForeignerPermanentResidence, "é"),
        ] {
            assert!(IdNumber::parse(kind, bad).is_err(), "{kind:?} {bad}");
        }
        let residence = |head: &str| format!("{head}{}", char::from(check_digit(head.as_bytes())));
        assert!(
            IdNumber::parse(
                HongKongMacauTaiwanResidence,
                &residence("81000019900101001")
            )
            .is_ok()
        );
        assert!(
            IdNumber::parse(ForeignerPermanentResidence, &residence("91103119900101001")).is_ok()
        );
        // One number is one document, whatever a file calls it.
        let called_resident = resident(&residence("91103119900101001")).unwrap();
        assert_eq!(called_resident.kind, ForeignerPermanentResidence);
    }

    #[test]
    fn a_mistyped_resident_id_is_never_guessed_to_be_a_passport() {
        assert_eq!(
            IdNumber::guess(STANDARD).map(|n| n.kind),
            Ok(IdKind::ResidentId)
        );
        assert_eq!(
            IdNumber::guess("E12345678").map(|n| n.kind),
            Ok(IdKind::Passport)
        );
        assert_eq!(
            IdNumber::guess("11010519491231002"),
            Err(BadIdNumber::ResidentLength)
        );
        assert_eq!(
            IdNumber::guess("1101051949123100O2"),
            Err(BadIdNumber::ResidentLength)
        );
        assert_eq!(IdNumber::guess("12345678"), Err(BadIdNumber::Unclear));
    }

    #[test]
    fn words_of_documents_are_known_in_both_languages() {
        assert_eq!(IdKind::parse(" 居民身份证 "), Ok(IdKind::ResidentId));
        assert_eq!(IdKind::parse("Taiwan Permit"), Ok(IdKind::TaiwanPermit));
        for kind in IdKind::ALL {
            assert_eq!(IdKind::parse(kind.as_str()), Ok(kind));
            assert_eq!(
                serde_json::to_string(&kind).unwrap(),
                format!("\"{}\"", kind.as_str())
            );
        }
        assert_eq!(IdKind::parse("学生证"), Err(BadIdNumber::Kind));
    }

    #[test] // IMP-07
    fn masks_debug_and_errors_never_show_the_number() {
        let number = resident(STANDARD).unwrap();
        assert_eq!(number.masked(), "1101**********002X");
        assert!(!format!("{number:?}").contains("19491231"));
        assert_eq!(
            IdNumber::parse(IdKind::Passport, "G1234").unwrap().masked(),
            "G***4"
        );
        assert_eq!(number.tail(6), "31002X");
        assert_eq!(number.tail(50), STANDARD);
    }

    #[test]
    fn words_of_sex_are_known_in_both_languages() {
        for (text, sex) in [
            ("女", Sex::Female),
            (" M ", Sex::Male),
            ("１", Sex::Male),
            ("female", Sex::Female),
        ] {
            assert_eq!(Sex::parse(text), Some(sex));
            assert_eq!(Sex::parse(sex.as_str()), Some(sex));
        }
        assert_eq!(Sex::parse("未知"), None);
    }

    #[test]
    fn birth_date_and_sex_are_read() {
        let number = resident(STANDARD).unwrap();
        assert_eq!(number.birth_date(), Some(jiff::civil::date(1949, 12, 31)));
        assert_eq!(number.sex(), Some(Sex::Female));
        assert_eq!(
            IdNumber::parse(IdKind::Passport, "E12345678")
                .unwrap()
                .sex(),
            None
        );
    }

    proptest! {
        #[test]
        fn any_single_wrong_digit_is_found(region in 110_000..660_000_u32, day in 1..29_u8, sequence in 0..1000_u16, at in 0..17_usize, other in 0..10_u8) {
            let digits = format!("{region}200105{day:02}{sequence:03}");
            let good = format!("{digits}{}", char::from(check_digit(digits.as_bytes())));
            prop_assert!(resident(&good).is_ok());
            let mut bad = good.clone().into_bytes();
            bad[at] = b'0' + other;
            let bad = String::from_utf8(bad).unwrap();
            prop_assert_eq!(resident(&bad).is_ok(), bad == good);
        }

        #[test]
        fn no_text_breaks_the_parser(text in "\\PC{0,24}", kind in 0..6_usize) {
            if let Ok(number) = IdNumber::parse(IdKind::ALL[kind], &text) {
                prop_assert!(number.value().bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit()));
                prop_assert!(number.masked().contains('*'));
                prop_assert_eq!(IdNumber::parse(number.kind(), number.value()), Ok(number));
            }
            let _either = IdNumber::guess(&text);
        }
    }
}
