//! Signed tokens (JWS, RFC 7515) and keys (JWK, RFC 7517): reading and checking what others
//! signed, and signing ourselves.
//!
//! What a token says of itself decides nothing. The algorithm comes from our record of the client
//! or from the key, one for each key (RFC 8725 §3.1); the header must agree with it. A key that a
//! header carries or points at is never used, but the one of a `DPoP` proof, which proves nothing
//! but that its sender holds it.

mod algorithm;
mod claims;
mod compact;
mod key_set;
mod object;
mod public_key;
mod signing_key;
mod typ;

#[cfg(test)]
mod tests;

pub use algorithm::SigningAlgorithm;
pub use claims::{Claims, NotAClaim};
pub use compact::{BadToken, MAX_TOKEN_BYTES, Unverified};
pub use key_set::{BadKeySet, KeySet, MAX_KEY_SET_BYTES, MAX_KEYS};
pub use object::{NotAnObject, object};
pub use public_key::{BadKey, PublicKey};
pub use signing_key::{CantSign, SigningKey};
pub use typ::Typ;

use aws_lc_rs::digest;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

/// Base64url without padding (RFC 7515 §2).
pub fn base64url(bytes: impl AsRef<[u8]>) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

/// The only spelling of the bytes: padding, blanks and stray bits are refused, so that no two
/// texts mean the same.
fn from_base64url(text: &str) -> Option<Vec<u8>> {
    URL_SAFE_NO_PAD.decode(text).ok()
}

/// The hash of a text as protocols compare it, in base64url: `code_challenge`, `ath`, a
/// thumbprint.
pub fn sha256_base64url(text: &str) -> String {
    base64url(digest::digest(&digest::SHA256, text.as_bytes()))
}
