use std::collections::BTreeSet;
use std::fmt;

use serde::{Deserialize, Serialize};

/// What an application may ask for: a scope of ours, or one of a resource of its own.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum Scope {
    /// Sign-in, and an ID token (OpenID Connect Core §3.1.2.1).
    OpenId,
    Profile,
    Email,
    Phone,
    Address,
    /// Refresh tokens that outlive the session (§11).
    OfflineAccess,
    /// Numbers, affiliations, org unit, groups.
    Campus,
    /// One that only the application's own resources understand.
    Other(String),
}

/// Why a text is no [`Scope`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("must be 1 to 64 printable ASCII characters without spaces, quotes and backslashes")]
pub struct BadScope;

impl Scope {
    /// Those of our own.
    pub const OURS: [Self; 7] = [
        Self::OpenId,
        Self::Profile,
        Self::Email,
        Self::Phone,
        Self::Address,
        Self::OfflineAccess,
        Self::Campus,
    ];

    /// A `scope-token` (RFC 6749 §3.3).
    ///
    /// # Errors
    /// [`BadScope`]
    pub fn parse(text: &str) -> Result<Self, BadScope> {
        if let Some(ours) = Self::OURS.into_iter().find(|scope| scope.as_str() == text) {
            return Ok(ours);
        }
        let alphabet = text
            .bytes()
            .all(|b| b.is_ascii_graphic() && b != b'"' && b != b'\\');
        if alphabet && (1..=64).contains(&text.len()) {
            Ok(Self::Other(text.to_owned()))
        } else {
            Err(BadScope)
        }
    }

    pub fn as_str(&self) -> &str {
        match self {
            Self::OpenId => "openid",
            Self::Profile => "profile",
            Self::Email => "email",
            Self::Phone => "phone",
            Self::Address => "address",
            Self::OfflineAccess => "offline_access",
            Self::Campus => "campus",
            Self::Other(text) => text,
        }
    }
}

impl TryFrom<String> for Scope {
    type Error = BadScope;

    fn try_from(text: String) -> Result<Self, BadScope> {
        Self::parse(&text)
    }
}

impl From<Scope> for String {
    fn from(scope: Scope) -> Self {
        scope.as_str().to_owned()
    }
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A set of scopes; their order means nothing (RFC 6749 §3.3).
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Scopes(BTreeSet<Scope>);

impl Scopes {
    /// Scopes in one request; more is nobody's need.
    pub const MOST: usize = 64;

    /// The words of a `scope` parameter, divided by spaces.
    ///
    /// # Errors
    /// [`BadScope`] for a word that is none, or too many of them.
    pub fn parse(text: &str) -> Result<Self, BadScope> {
        let words = text.split(' ').filter(|word| !word.is_empty());
        let scopes: BTreeSet<Scope> = words.map(Scope::parse).collect::<Result<_, _>>()?;
        if scopes.len() > Self::MOST {
            return Err(BadScope);
        }
        Ok(Self(scopes))
    }

    pub fn has(&self, scope: &Scope) -> bool {
        self.0.contains(scope)
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub fn iter(&self) -> impl Iterator<Item = &Scope> {
        self.0.iter()
    }

    /// True when each of these is one of `others`.
    pub fn is_within(&self, others: &Self) -> bool {
        self.0.is_subset(&others.0)
    }

    /// Those that are in both.
    #[must_use]
    pub fn both(&self, others: &Self) -> Self {
        Self(self.0.intersection(&others.0).cloned().collect())
    }

    #[must_use]
    pub fn without(mut self, scope: &Scope) -> Self {
        self.0.remove(scope);
        self
    }
}

impl FromIterator<Scope> for Scopes {
    fn from_iter<I: IntoIterator<Item = Scope>>(scopes: I) -> Self {
        Self(scopes.into_iter().collect())
    }
}

impl fmt::Display for Scopes {
    /// As a `scope` parameter has them.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, scope) in self.0.iter().enumerate() {
            let space = if index > 0 { " " } else { "" };
            write!(f, "{space}{scope}")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test] // OIDC 8
    fn order_and_repetition_mean_nothing() {
        let scopes = Scopes::parse("profile  openid read:books openid").unwrap();
        assert_eq!(scopes, Scopes::parse("openid profile read:books").unwrap());
        assert_eq!(scopes.to_string(), "openid profile read:books");
        assert!(scopes.has(&Scope::OpenId) && !scopes.has(&Scope::Email));
        assert!(Scopes::parse("").unwrap().is_empty());
    }

    #[test]
    fn a_scope_has_the_alphabet_of_the_standard() {
        for bad in ["a\"b", "a\\b", "ä", "a\tb", "a\u{7f}", &"x".repeat(65)] {
            assert_eq!(Scopes::parse(bad), Err(BadScope), "{bad:?}");
        }
        let many: Vec<String> = (0..=Scopes::MOST).map(|n| format!("s{n}")).collect();
        assert_eq!(Scopes::parse(&many.join(" ")), Err(BadScope));
    }

    #[test]
    fn a_set_is_kept_as_its_words() {
        let scopes = Scopes::parse("openid x:y").unwrap();
        let json = serde_json::to_string(&scopes).unwrap();
        assert_eq!(serde_json::from_str::<Scopes>(&json).unwrap(), scopes);
        assert!(serde_json::from_str::<Scopes>(r#"["a b"]"#).is_err());
    }
}
