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
mod tests;
