use std::fmt;

use aws_lc_rs::digest::{SHA256, digest};

use super::RegisteredUrl;
use crate::oidc::jose::KeySet;
use crate::secrets::Tag;

/// The name of a client: 1–128 of the characters that no encoding touches (RFC 3986 §2.3), so
/// that it is the same in a form, in an `Authorization` header and in a log.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ClientId(String);

/// Why a text is no [`ClientId`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("must be 1 to {longest} of A-Z, a-z, 0-9, '.', '_', '~' and '-'", longest = ClientId::LONGEST)]
pub struct BadClientId;

impl ClientId {
    /// In bytes.
    pub const LONGEST: usize = 128;

    /// # Errors
    /// [`BadClientId`] for another alphabet or length.
    pub fn parse(text: &str) -> Result<Self, BadClientId> {
        let unreserved =
            |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'~' | b'-');
        if (1..=Self::LONGEST).contains(&text.len()) && text.bytes().all(unreserved) {
            Ok(Self(text.to_owned()))
        } else {
            Err(BadClientId)
        }
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for ClientId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// SHA-256 of a client's secret; the secret itself is kept nowhere. Compared in constant time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SecretHash(Tag);

impl SecretHash {
    /// The fewest characters of a secret, outside of a demonstration.
    pub const SHORTEST: usize = 16;
    /// The most characters of a secret.
    pub const LONGEST: usize = 256;

    pub fn of(secret: &str) -> Self {
        Self(Tag::from_column(
            digest(&SHA256, secret.as_bytes()).as_ref(),
        ))
    }

    pub(super) fn from_tag(tag: Tag) -> Self {
        Self(tag)
    }

    pub fn to_hex(self) -> String {
        self.0.to_hex()
    }

    /// Whether this is the secret.
    pub fn is_of(&self, secret: &str) -> bool {
        Self::of(secret) == *self
    }
}

/// The public keys of a client.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ClientKeys {
    /// As the entry has them; for a client that proves itself by a key, at least one that fits.
    Set(KeySet),
    /// Where such a set can be fetched.
    Uri(RegisteredUrl),
}
