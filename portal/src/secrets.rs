//! What the hall keeps secret: one key, from which one key for each use is derived.

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use aws_lc_rs::{constant_time, digest, hkdf, hmac};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use rand::CryptoRng;
use zeroize::{Zeroize, ZeroizeOnDrop};

/// The hall's own key: of a file of its own, or derived from the provider's master key.
#[derive(Clone, Zeroize, ZeroizeOnDrop)]
pub struct HallKey([u8; 32]);

impl HallKey {
    pub fn new(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }
}

impl std::fmt::Debug for HallKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("HallKey(…)")
    }
}

/// A SHA-256 hash, as a column has it.
pub(crate) type Hash = [u8; 32];

/// The derived keys; never printed.
pub(crate) struct Keys {
    sessions: LessSafeKey,
    states: LessSafeKey,
    forms: hmac::Key,
    check: hmac::Key,
}

impl std::fmt::Debug for Keys {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Keys(…)")
    }
}

/// What a sealed text is for. A text of one use can't be opened as another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Sealed {
    /// A session's row.
    Session,
    /// The `state` of a sign-in under way.
    State,
}

impl Keys {
    /// HKDF-SHA-256 (RFC 5869).
    pub(crate) fn new(key: &HallKey) -> Self {
        let prk = hkdf::Salt::new(hkdf::HKDF_SHA256, b"yimen-hall").extract(&key.0);
        let derive = |label: &'static [u8]| {
            let mut bytes = [0; 32];
            // 32 bytes are one block of HKDF-SHA-256: neither call can fail.
            if let Ok(okm) = prk.expand(&[label], hkdf::HKDF_SHA256) {
                let _filled = okm.fill(&mut bytes);
            }
            bytes
        };
        Self {
            sessions: aes(&derive(b"sessions")),
            states: aes(&derive(b"states")),
            forms: hmac::Key::new(hmac::HMAC_SHA256, &derive(b"forms")),
            check: hmac::Key::new(hmac::HMAC_SHA256, &derive(b"check")),
        }
    }

    fn seal_key(&self, of: Sealed) -> &LessSafeKey {
        match of {
            Sealed::Session => &self.sessions,
            Sealed::State => &self.states,
        }
    }

    /// AES-256-GCM under a fresh nonce. `place` is authenticated: elsewhere it can't be opened.
    pub(crate) fn seal(
        &self,
        of: Sealed,
        place: &[u8],
        clear: &[u8],
        rng: &mut impl CryptoRng,
    ) -> Vec<u8> {
        let mut nonce = [0; NONCE_LEN];
        rng.fill_bytes(&mut nonce);
        let mut body = clear.to_vec();
        // Fails only for messages of 64 GiB; ours are bounded to kilobytes.
        let sealed = self.seal_key(of).seal_in_place_append_tag(
            Nonce::assume_unique_for_key(nonce),
            Aad::from(place),
            &mut body,
        );
        if sealed.is_err() {
            body.zeroize();
        }
        [nonce.as_slice(), &body].concat()
    }

    /// None where key, use, place or bytes differ from what was sealed.
    pub(crate) fn open(&self, of: Sealed, place: &[u8], sealed: &[u8]) -> Option<Vec<u8>> {
        let (nonce, body) = sealed.split_at_checked(NONCE_LEN)?;
        let nonce = Nonce::try_assume_unique_for_key(nonce).ok()?;
        let mut body = body.to_vec();
        let clear = self
            .seal_key(of)
            .open_in_place(nonce, Aad::from(place), &mut body)
            .ok()?;
        Some(clear.to_vec())
    }

    /// The token of a form, for the cookie that it was given with.
    pub(crate) fn form_token(&self, kind: &str, cookie: &str) -> String {
        URL_SAFE_NO_PAD.encode(sign(&self.forms, &[kind, cookie]))
    }

    /// By which another key than the one that the data were written with is told.
    pub(crate) fn check_value(&self) -> String {
        URL_SAFE_NO_PAD.encode(sign(&self.check, &["hall"]))
    }
}

fn sign(key: &hmac::Key, parts: &[&str]) -> hmac::Tag {
    let mut context = hmac::Context::with_key(key);
    for part in parts {
        context.update(&(part.len() as u64).to_be_bytes());
        context.update(part.as_bytes());
    }
    context.sign()
}

fn aes(bytes: &[u8; 32]) -> LessSafeKey {
    match UnboundKey::new(&AES_256_GCM, bytes) {
        Ok(key) => LessSafeKey::new(key),
        Err(_) => unreachable!("32 bytes are an AES-256 key"),
    }
}

/// SHA-256, prefixed by what it is of.
pub(crate) fn hash(kind: &str, parts: &[&str]) -> Hash {
    let mut context = digest::Context::new(&digest::SHA256);
    for part in std::iter::once(&kind).chain(parts) {
        context.update(&(part.len() as u64).to_be_bytes());
        context.update(part.as_bytes());
    }
    let mut hash = [0; 32];
    hash.copy_from_slice(context.finish().as_ref());
    hash
}

/// Whether two texts are the same, told in the same time whatever they are.
pub(crate) fn same(a: &str, b: &str) -> bool {
    constant_time::verify_slices_are_equal(&hash("same", &[a]), &hash("same", &[b])).is_ok()
}

/// 256 random bits as 43 characters that cookies and addresses can hold.
pub(crate) fn random_secret(rng: &mut impl CryptoRng) -> String {
    let mut bytes = [0; 32];
    rng.fill_bytes(&mut bytes);
    let text = URL_SAFE_NO_PAD.encode(bytes);
    bytes.zeroize();
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::SeedableRng;
    use rand::rngs::StdRng;

    #[test]
    fn a_sealed_text_opens_only_with_its_key_use_and_place() {
        let mut rng = StdRng::seed_from_u64(1);
        let keys = Keys::new(&HallKey::new([7; 32]));
        let other = Keys::new(&HallKey::new([8; 32]));
        let sealed = keys.seal(Sealed::Session, b"one", b"token", &mut rng);
        let open = |keys: &Keys, of, place: &[u8]| keys.open(of, place, &sealed);
        assert_eq!(
            open(&keys, Sealed::Session, b"one").unwrap(),
            b"token".to_vec()
        );
        assert_eq!(open(&keys, Sealed::Session, b"two"), None);
        assert_eq!(open(&keys, Sealed::State, b"one"), None);
        assert_eq!(open(&other, Sealed::Session, b"one"), None);
        assert_eq!(keys.open(Sealed::Session, b"one", &sealed[..8]), None);
        assert_ne!(keys.check_value(), other.check_value());
    }

    #[test]
    fn hashes_and_tokens_know_where_a_part_ends() {
        assert_ne!(hash("a", &["bc", "d"]), hash("a", &["b", "cd"]));
        let keys = Keys::new(&HallKey::new([7; 32]));
        assert_ne!(keys.form_token("ab", "c"), keys.form_token("a", "bc"));
    }
}
