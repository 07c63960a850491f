//! What a sign-in under way has to remember. It travels sealed in `state`, so that a stranger's
//! page view stores nothing and any number of tabs can be under way; it opens only for the browser
//! that it was made for, for ten minutes, and once.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::{SignedDuration, Timestamp};
use rand::CryptoRng;
use serde::{Deserialize, Serialize};

use crate::secrets::{Hash, Keys, Sealed, hash, random_secret};

/// A person types a password, and finds her phone for a code.
pub(super) const LIFE: SignedDuration = SignedDuration::from_mins(10);
const MOST_BYTES: usize = 2048;

/// A sign-in under way.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct State {
    /// Microseconds since 1970.
    began: i64,
    /// Ties the ID token to this sign-in.
    pub(super) nonce: String,
    /// PKCE: proves at the token endpoint that the code was ours to get.
    pub(super) verifier: String,
    /// The path of ours to come back to.
    pub(super) to: String,
}

impl State {
    pub(super) fn new(to: &str, now: Timestamp, rng: &mut impl CryptoRng) -> Self {
        Self {
            began: now.as_microsecond(),
            nonce: random_secret(rng),
            verifier: random_secret(rng),
            to: to.to_owned(),
        }
    }

    /// For this browser.
    pub(super) fn seal(&self, keys: &Keys, visitor: &str, rng: &mut impl CryptoRng) -> String {
        // Strings and a number always serialize.
        let clear = serde_json::to_vec(self).unwrap_or_default();
        URL_SAFE_NO_PAD.encode(keys.seal(Sealed::State, visitor.as_bytes(), &clear, rng))
    }

    /// None for another browser, and for what we didn't seal.
    pub(super) fn open(text: &str, keys: &Keys, visitor: &str) -> Option<Self> {
        if text.len() > MOST_BYTES {
            return None;
        }
        let sealed = URL_SAFE_NO_PAD.decode(text).ok()?;
        let clear = keys.open(Sealed::State, visitor.as_bytes(), &sealed)?;
        serde_json::from_slice(&clear).ok()
    }

    pub(super) fn is_alive(&self, now: Timestamp) -> bool {
        let age = now.duration_since(Timestamp::from_microsecond(self.began).unwrap_or_default());
        (SignedDuration::ZERO..LIFE).contains(&age)
    }

    /// What it is known by once it was used.
    pub(super) fn hash(&self) -> Hash {
        hash("state", &[&self.nonce])
    }
}
