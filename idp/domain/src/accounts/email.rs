use serde::{Deserialize, Serialize};

use crate::secrets::{Keyring, Tag, Use};

/// An e-mail address that mail really has: an unquoted local part and a domain with a dot.
/// The domain is in lower case; the local part as it was written, though the index folds it too.
#[derive(Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct EmailAddress(String);

/// Why a text is no such address.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadEmail {
    #[error("must have at most 254 characters, 64 of them before the '@'")]
    Length,
    #[error("must look like name@example.edu")]
    Syntax,
}

/// RFC 5321 §4.5.3.1 with errata 1690.
const LONGEST: usize = 254;

impl EmailAddress {
    /// # Errors
    /// [`BadEmail`], also for CR, LF and anything else that could end a header (INJ-06).
    pub fn parse(text: &str) -> Result<Self, BadEmail> {
        let text = text.trim_matches([' ', '\u{3000}']);
        if text.len() > LONGEST {
            return Err(BadEmail::Length);
        }
        let (local, domain) = text.rsplit_once('@').ok_or(BadEmail::Syntax)?;
        if local.len() > 64 {
            return Err(BadEmail::Length);
        }
        let domain = domain.to_ascii_lowercase();
        if is_dot_atom(local) && is_domain(&domain) {
            Ok(Self(format!("{local}@{domain}")))
        } else {
            Err(BadEmail::Syntax)
        }
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// For pages and logs: `z***@example.edu`.
    pub fn masked(&self) -> String {
        match self.0.split_once('@') {
            Some((local, domain)) => format!("{}***@{domain}", &local[..1]),
            None => "***".to_owned(),
        }
    }

    /// The blind index under which the address is found. No provider of note tells `A@` from
    /// `a@`, so neither does the index.
    pub fn index(&self, keys: &Keyring) -> Tag {
        keys.mac(Use::Email, &[self.0.to_ascii_lowercase().as_bytes()])
    }
}

/// RFC 5322 §3.2.3, ASCII only.
fn is_dot_atom(text: &str) -> bool {
    text.split('.').all(|atom| {
        !atom.is_empty()
            && atom
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || b"!#$%&'*+-/=?^_`{|}~".contains(&b))
    })
}

/// At least two labels of letters, digits and inner hyphens; the last one not a number.
fn is_domain(text: &str) -> bool {
    let is_label = |label: &str| {
        (1..=63).contains(&label.len())
            && label
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || b == b'-')
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    text.rsplit_once('.')
        .is_some_and(|(_, last)| last.bytes().any(|b| b.is_ascii_alphabetic()))
        && text.split('.').all(is_label)
}

impl std::fmt::Debug for EmailAddress {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "EmailAddress({})", self.masked())
    }
}

impl TryFrom<String> for EmailAddress {
    type Error = BadEmail;
    fn try_from(text: String) -> Result<Self, BadEmail> {
        Self::parse(&text)
    }
}

impl From<EmailAddress> for String {
    fn from(email: EmailAddress) -> Self {
        email.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::secrets::MasterKey;
    use proptest::prelude::*;
    use rand::SeedableRng;

    #[test]
    fn ordinary_addresses_pass_with_the_domain_in_lower_case() {
        for (text, expected) in [
            ("li.ming@Example.EDU", "li.ming@example.edu"),
            (" a@b.cn ", "a@b.cn"),
            (
                "Zhang+lib_1@mail-2.cs.example.edu.cn",
                "Zhang+lib_1@mail-2.cs.example.edu.cn",
            ),
            ("o'neil@xn--fiqs8s.cn", "o'neil@xn--fiqs8s.cn"),
        ] {
            assert_eq!(
                EmailAddress::parse(text).map(String::from).as_deref(),
                Ok(expected)
            );
        }
    }

    #[test] // INJ-06, INJ-07
    fn what_could_end_a_header_or_a_command_is_refused() {
        for text in [
            "",
            "@",
            "a@",
            "@b.cn",
            "a",
            "a@b",
            "a@b.",
            "a@.cn",
            "a@b..cn",
            "a..b@c.cn",
            ".a@b.cn",
            "a.@b.cn",
            "a@b.cn\r\nBcc: x@y.cn",
            "a\n@b.cn",
            "\ra@b.cn",
            "a@b.cn\n",
            "a b@c.cn",
            "a@b@c.cn",
            "\"a b\"@c.cn",
            "a@[127.0.0.1]",
            "a@127.0.0.1",
            "a@-b.cn",
            "a@b-.cn",
            "<a@b.cn>",
            "a,b@c.cn",
            "a@b.cn,c@d.cn",
            "a\0@b.cn",
            "李@example.cn",
            "a@例子.cn",
            "a@b_c.cn",
        ] {
            assert_eq!(EmailAddress::parse(text), Err(BadEmail::Syntax), "{text:?}");
        }
        assert_eq!(
            EmailAddress::parse(&format!("{}@b.cn", "a".repeat(65))),
            Err(BadEmail::Length)
        );
        assert_eq!(
            EmailAddress::parse(&format!("a@{}.cn", "b.".repeat(200))),
            Err(BadEmail::Length)
        );
        assert_eq!(
            EmailAddress::parse(&"a".repeat(100_000)),
            Err(BadEmail::Length)
        );
    }

    #[test]
    fn masked_and_debug_hide_the_local_part_and_the_index_folds_it() {
        let email = EmailAddress::parse("Zhang@example.edu").unwrap();
        assert_eq!(email.masked(), "Z***@example.edu");
        assert!(!format!("{email:?}").contains("hang"));
        let keys = Keyring::new(&MasterKey::generate(
            &mut rand::rngs::StdRng::seed_from_u64(1),
        ));
        let other = EmailAddress::parse("zhang@EXAMPLE.edu").unwrap();
        assert_eq!(email.index(&keys), other.index(&keys));
    }

    proptest! {
        #[test]
        fn whatever_is_accepted_is_one_line_with_one_at(text in "[ -~\\r\\n]{0,12}@[ -~\\r\\n]{0,12}") {
            if let Ok(email) = EmailAddress::parse(&text) {
                prop_assert_eq!(email.as_str().matches('@').count(), 1);
                prop_assert!(email.as_str().bytes().all(|b| b.is_ascii_graphic()));
                prop_assert_eq!(EmailAddress::parse(email.as_str()).unwrap(), email);
            }
        }
    }
}
