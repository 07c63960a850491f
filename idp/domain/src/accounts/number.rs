use serde::{Deserialize, Serialize};
use unicode_normalization::UnicodeNormalization;

/// An account number (学工号): what a person types to sign in. A dated alias of a person, who may
/// hold several.
///
/// Canonical: `[a-z0-9._-]{2,64}` after NFKC and lower-casing (INJ-04), so that `Ａdmin` and
/// `admin` are one. The spelling that the school prints is kept beside it, by the roster.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct AccountNumber(String);

/// Why a text is no account number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadNumber {
    #[error("must have 2 to 64 characters")]
    Length,
    #[error("may contain only letters a to z, digits, '.', '_' and '-'")]
    Character,
}

impl AccountNumber {
    pub const LONGEST: usize = 64;

    /// # Errors
    /// [`BadNumber`] for any other length or character; white space at the ends is forgiven.
    pub fn parse(text: &str) -> Result<Self, BadNumber> {
        let text = text.trim();
        // No character composes into ASCII, so NFKC never makes a text of ours shorter.
        if text.chars().take(Self::LONGEST + 1).count() > Self::LONGEST {
            return Err(BadNumber::Length);
        }
        let canonical: String = text.nfkc().flat_map(char::to_lowercase).collect();
        let known = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || "._-".contains(c);
        if !canonical.chars().all(known) {
            return Err(BadNumber::Character);
        }
        if !(2..=Self::LONGEST).contains(&canonical.len()) {
            return Err(BadNumber::Length);
        }
        Ok(Self(canonical))
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Display for AccountNumber {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::str::FromStr for AccountNumber {
    type Err = BadNumber;
    fn from_str(text: &str) -> Result<Self, BadNumber> {
        Self::parse(text)
    }
}

impl TryFrom<String> for AccountNumber {
    type Error = BadNumber;
    fn try_from(text: String) -> Result<Self, BadNumber> {
        Self::parse(&text)
    }
}

impl From<AccountNumber> for String {
    fn from(number: AccountNumber) -> Self {
        number.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn canonical(text: &str) -> Result<String, BadNumber> {
        AccountNumber::parse(text).map(String::from)
    }

    #[test] // INJ-04: what looks like one number is one number, or none
    fn look_alikes_become_the_same_number_or_are_refused() {
        for same in [
            "admin",
            "ADMIN",
            "ａｄｍｉｎ",
            "ＡＤＭＩＮ",
            " admin ",
            "admin\u{3000}",
            "ad\u{1d426}in",
        ] {
            assert_eq!(canonical(same).as_deref(), Ok("admin"), "{same:?}");
        }
        for other in [
            "admin\u{200b}",
            "\u{feff}admin",
            "ad\u{ad}min",
            "аdmin",
            "\u{202e}nimda",
            "adm\u{131}n",
            "admi\u{301}n",
            "ad min",
            "ad\tmin",
            "ad\nmin",
            "ad\0min",
            "admin'--",
            "a*)(uid=*",
            "ａ／ｂ",
            "学生",
            "straße",
            "\u{130}d",
            "a@b",
            "a/b",
            "a\\b",
            "%00aa",
        ] {
            assert_eq!(canonical(other), Err(BadNumber::Character), "{other:?}");
        }
    }

    #[test]
    fn lengths_are_those_of_the_canonical_form() {
        assert_eq!(canonical(""), Err(BadNumber::Length));
        assert_eq!(canonical("   "), Err(BadNumber::Length));
        assert_eq!(canonical("a"), Err(BadNumber::Length));
        assert_eq!(canonical("a1").as_deref(), Ok("a1"));
        assert!(canonical(&"a".repeat(64)).is_ok());
        assert_eq!(canonical(&"a".repeat(65)), Err(BadNumber::Length));
        assert_eq!(canonical(&"a".repeat(100_000)), Err(BadNumber::Length));
        assert_eq!(
            canonical(&"\u{fdfa}".repeat(100_000)),
            Err(BadNumber::Length)
        );
        // 'ﬃ' becomes three letters: 22 of them are 66.
        assert_eq!(canonical(&"ﬃ".repeat(22)), Err(BadNumber::Length));
        assert!(canonical(&"ﬃ".repeat(21)).is_ok());
    }

    proptest! {
        #[test]
        fn whatever_is_accepted_is_canonical_and_stable(text in "\\PC{0,80}") {
            if let Ok(number) = AccountNumber::parse(&text) {
                prop_assert!((2..=64).contains(&number.as_str().len()));
                prop_assert!(number.as_str().bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b"._-".contains(&b)));
                prop_assert_eq!(AccountNumber::parse(number.as_str()), Ok(number));
            }
        }

        #[test]
        fn every_canonical_number_is_accepted(text in "[a-zA-Z0-9._-]{2,64}") {
            prop_assert_eq!(canonical(&text), Ok(text.to_lowercase()));
        }
    }
}
