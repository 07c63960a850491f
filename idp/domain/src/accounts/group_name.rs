use std::fmt;

/// The name of a group of persons, which access policies and administrators use: 1–64 of `a-z`,
/// `0-9` and `-`, starting with a letter or digit.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct GroupName(String);

/// Why a text is no [`GroupName`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("must be 1 to 64 of a-z, 0-9 and '-', starting with a letter or digit")]
pub struct BadGroupName;

impl GroupName {
    /// # Errors
    /// [`BadGroupName`] for another alphabet or length.
    pub fn parse(text: &str) -> Result<Self, BadGroupName> {
        if is_plain_name(text) {
            Ok(Self(text.to_owned()))
        } else {
            Err(BadGroupName)
        }
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Whether a text is a name that needs no quotes anywhere: 1–64 of `a-z`, `0-9` and `-`, starting
/// with a letter or digit.
pub(crate) fn is_plain_name(text: &str) -> bool {
    let alphabet = text
        .bytes()
        .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-');
    alphabet && (1..=64).contains(&text.len()) && !text.starts_with('-')
}

impl fmt::Display for GroupName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_needs_no_quotes_anywhere() {
        for good in ["a", "9", "library-admins", &"a".repeat(64)] {
            assert_eq!(GroupName::parse(good).unwrap().to_string(), good);
        }
        for bad in [
            "",
            "-a",
            "A",
            "a b",
            "a,b",
            "图书馆",
            "a_b",
            &"a".repeat(65),
        ] {
            assert_eq!(GroupName::parse(bad), Err(BadGroupName), "{bad:?}");
        }
    }
}
