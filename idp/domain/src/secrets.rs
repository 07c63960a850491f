//! Secrets at rest: hashes of what we must recognise, keyed MACs of what can be guessed,
//! ciphertext of what we must read again. One master key, one derived key per use.

mod random;

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use aws_lc_rs::{constant_time, hkdf, hmac};
use rand::CryptoRng;
use zeroize::{Zeroize, ZeroizeOnDrop};

pub(crate) use random::{has_form, random_secrets};
pub use random::{hash_secret, random_base62, random_secret};

/// Bytes of the master key.
pub const MASTER_KEY_BYTES: usize = 32;

/// The key all others are derived from; kept in a file or the environment, never in a backup.
#[derive(Clone, Zeroize, ZeroizeOnDrop)]
pub struct MasterKey([u8; MASTER_KEY_BYTES]);

impl std::fmt::Debug for MasterKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("MasterKey(…)")
    }
}

impl MasterKey {
    pub fn generate(rng: &mut impl CryptoRng) -> Self {
        let mut bytes = [0; MASTER_KEY_BYTES];
        rng.fill_bytes(&mut bytes);
        Self(bytes)
    }

    /// # Errors
    /// [`BadMasterKey`] unless it is 64 hexadecimal digits that look random: a sample value such
    /// as one repeated byte must not reach production.
    pub fn from_hex(text: &str) -> Result<Self, BadMasterKey> {
        let text = text.trim();
        if text.len() != 2 * MASTER_KEY_BYTES || !text.bytes().all(|b| b.is_ascii_hexdigit()) {
            return Err(BadMasterKey::Format);
        }
        let mut bytes = [0; MASTER_KEY_BYTES];
        for (byte, pair) in bytes.iter_mut().zip(text.as_bytes().chunks_exact(2)) {
            let pair = std::str::from_utf8(pair).map_err(|_| BadMasterKey::Format)?;
            *byte = u8::from_str_radix(pair, 16).map_err(|_| BadMasterKey::Format)?;
        }
        let mut seen = bytes;
        seen.sort_unstable();
        let distinct = 1 + seen.windows(2).filter(|w| w[0] != w[1]).count();
        let counting = bytes.windows(2).all(|w| w[1] == w[0].wrapping_add(1));
        if distinct < MASTER_KEY_BYTES / 2 || counting {
            return Err(BadMasterKey::Sample);
        }
        Ok(Self(bytes))
    }

    pub fn to_hex(&self) -> String {
        hex(&self.0)
    }
}

/// Why a master key was refused.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadMasterKey {
    #[error("must be 64 hexadecimal digits")]
    Format,
    #[error("is a sample value; generate one with `openssl rand -hex 32`")]
    Sample,
}

/// What a keyed value is for. Two uses never share a key, so a value of one is worthless as
/// another (TKT-16).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Use {
    IdNumber,
    Phone,
    Email,
    InitialPassword,
    AdmissionNumber,
    ActivationCode,
    OneTimeCode,
    Captcha,
    Csrf,
    AccountKey,
    FailedSecret,
    Throttle,
    Outbox,
    QueueStamp,
    Digest,
    Check,
    /// A ticket that a logout notice will have to name.
    LogoutTicket,
    /// The key under which the SMS gateway counts numbers.
    SmsNumber,
    /// The private part of a key that signs tokens.
    SigningKey,
    /// Refresh tokens: a MAC of the authorization and its generation.
    RefreshToken,
    /// The name of a person towards the applications of one sector.
    PairwiseSubject,
    /// The times that a server nonce stands for.
    DpopNonce,
    /// What a person types in for her device.
    UserCode,
    /// The service hall's client secret, and the key of its own.
    HallSecret,
    /// Where somebody lives or works.
    Address,
}

impl Use {
    fn label(self) -> &'static [u8] {
        match self {
            Self::IdNumber => b"yimen/id-number",
            Self::Phone => b"yimen/phone",
            Self::Email => b"yimen/email",
            Self::InitialPassword => b"yimen/initial-password",
            Self::AdmissionNumber => b"yimen/admission-number",
            Self::ActivationCode => b"yimen/activation-code",
            Self::OneTimeCode => b"yimen/one-time-code",
            Self::Captcha => b"yimen/captcha",
            Self::Csrf => b"yimen/csrf",
            Self::AccountKey => b"yimen/account-key",
            Self::FailedSecret => b"yimen/failed-secret",
            Self::Throttle => b"yimen/throttle",
            Self::Outbox => b"yimen/outbox",
            Self::QueueStamp => b"yimen/queue-stamp",
            Self::Digest => b"yimen/digest",
            Self::Check => b"yimen/check",
            Self::LogoutTicket => b"yimen/logout-ticket",
            Self::SmsNumber => b"yimen/sms-number",
            Self::SigningKey => b"yimen/signing-key",
            Self::RefreshToken => b"yimen/refresh-token",
            Self::PairwiseSubject => b"yimen/pairwise-subject",
            Self::DpopNonce => b"yimen/dpop-nonce",
            Self::UserCode => b"yimen/user-code",
            Self::HallSecret => b"yimen/hall-secret",
            Self::Address => b"yimen/address",
        }
    }

    const ALL: [Self; 25] = [
        Self::IdNumber,
        Self::Phone,
        Self::Email,
        Self::InitialPassword,
        Self::AdmissionNumber,
        Self::ActivationCode,
        Self::OneTimeCode,
        Self::Captcha,
        Self::Csrf,
        Self::AccountKey,
        Self::FailedSecret,
        Self::Throttle,
        Self::Outbox,
        Self::QueueStamp,
        Self::Digest,
        Self::Check,
        Self::LogoutTicket,
        Self::SmsNumber,
        Self::SigningKey,
        Self::RefreshToken,
        Self::PairwiseSubject,
        Self::DpopNonce,
        Self::UserCode,
        Self::HallSecret,
        Self::Address,
    ];
}

/// A keyed MAC or a hash: 32 bytes, compared in constant time.
#[derive(Clone, Copy, Eq)]
pub struct Tag(pub [u8; 32]);

impl PartialEq for Tag {
    fn eq(&self, other: &Self) -> bool {
        constant_time::verify_slices_are_equal(&self.0, &other.0).is_ok()
    }
}

impl std::hash::Hash for Tag {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        self.0.hash(state);
    }
}

impl std::fmt::Debug for Tag {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Tag({}…)", &hex(&self.0[..4]))
    }
}

impl Tag {
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// From a column; a damaged one (another length) equals nothing that we make.
    pub fn from_column(bytes: &[u8]) -> Self {
        let mut tag = [0; 32];
        if bytes.len() == tag.len() {
            tag.copy_from_slice(bytes);
        }
        Self(tag)
    }

    pub fn to_hex(&self) -> String {
        hex(&self.0)
    }
}

/// The derived keys. Cheap to share behind an `Arc`; never printed.
pub struct Keyring {
    // On the heap: some hundred bytes for each use would swell every future that holds a ring.
    macs: Box<[hmac::Key]>,
    seals: Box<[LessSafeKey]>,
}

impl std::fmt::Debug for Keyring {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Keyring(…)")
    }
}

/// A ciphertext that can't be opened: another key, another place, or damage.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("a sealed value can't be opened: wrong master key, or damaged data")]
pub struct Unsealable;

impl Keyring {
    /// Derives every key from the master key (HKDF-SHA-256, RFC 5869).
    pub fn new(master: &MasterKey) -> Self {
        let prk = hkdf::Salt::new(hkdf::HKDF_SHA256, b"yimen").extract(&master.0);
        Self {
            macs: Use::ALL
                .iter()
                .map(|u| hmac::Key::new(hmac::HMAC_SHA256, &derive(&prk, *u, b"mac")))
                .collect(),
            seals: Use::ALL
                .iter()
                .map(|u| seal_key(&derive(&prk, *u, b"seal")))
                .collect(),
        }
    }

    /// HMAC-SHA-256 over the parts, each with its length, so that no two lists of parts collide.
    pub fn mac(&self, purpose: Use, parts: &[&[u8]]) -> Tag {
        let mut context = hmac::Context::with_key(&self.macs[purpose as usize]);
        for part in parts {
            context.update(&(part.len() as u64).to_be_bytes());
            context.update(part);
        }
        let mut tag = [0; 32];
        tag.copy_from_slice(context.sign().as_ref());
        Tag(tag)
    }

    /// Encrypts with AES-256-GCM under a fresh nonce. `place` (table, column, owner) is
    /// authenticated, so that a ciphertext moved elsewhere can't be opened there.
    pub fn seal(
        &self,
        purpose: Use,
        place: &[u8],
        clear: &[u8],
        rng: &mut impl CryptoRng,
    ) -> Vec<u8> {
        let mut nonce = [0; NONCE_LEN];
        rng.fill_bytes(&mut nonce);
        let mut sealed = nonce.to_vec();
        let mut body = clear.to_vec();
        // Fails only for messages of 64 GiB; ours are bounded to kilobytes.
        if self.seals[purpose as usize]
            .seal_in_place_append_tag(
                Nonce::assume_unique_for_key(nonce),
                Aad::from(place),
                &mut body,
            )
            .is_err()
        {
            body.clear();
        }
        sealed.extend_from_slice(&body);
        sealed
    }

    /// # Errors
    /// [`Unsealable`] when key, place or bytes differ from what was sealed.
    pub fn open(&self, purpose: Use, place: &[u8], sealed: &[u8]) -> Result<Vec<u8>, Unsealable> {
        let (nonce, body) = sealed.split_at_checked(NONCE_LEN).ok_or(Unsealable)?;
        let nonce = Nonce::try_assume_unique_for_key(nonce).map_err(|_| Unsealable)?;
        let mut body = body.to_vec();
        let clear = self.seals[purpose as usize]
            .open_in_place(nonce, Aad::from(place), &mut body)
            .map_err(|_| Unsealable)?;
        Ok(clear.to_vec())
    }

    /// Opens a text.
    pub fn open_text(
        &self,
        purpose: Use,
        place: &[u8],
        sealed: &[u8],
    ) -> Result<String, Unsealable> {
        String::from_utf8(self.open(purpose, place, sealed)?).map_err(|_| Unsealable)
    }
}

fn derive(prk: &hkdf::Prk, purpose: Use, kind: &[u8]) -> [u8; 32] {
    let mut key = [0; 32];
    // Only a length over 255 hashes fails; this one is a single hash.
    if let Ok(okm) = prk.expand(&[purpose.label(), b"/", kind], hkdf::HKDF_SHA256) {
        let _filled = okm.fill(&mut key);
    }
    key
}

fn seal_key(bytes: &[u8; 32]) -> LessSafeKey {
    match UnboundKey::new(&AES_256_GCM, bytes) {
        Ok(key) => LessSafeKey::new(key),
        Err(_) => unreachable!("32 bytes are an AES-256 key"),
    }
}

/// Lower-case hexadecimal.
pub fn hex(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    bytes
        .iter()
        .flat_map(|b| [DIGITS[usize::from(b >> 4)], DIGITS[usize::from(b & 15)]])
        .map(char::from)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::SeedableRng;
    use rand::rngs::StdRng;

    fn ring(seed: u64) -> (Keyring, StdRng) {
        let mut rng = StdRng::seed_from_u64(seed);
        (Keyring::new(&MasterKey::generate(&mut rng)), rng)
    }

    #[test]
    fn a_sealed_value_opens_only_with_its_key_use_and_place() {
        let (keys, mut rng) = ring(1);
        let sealed = keys.seal(Use::Phone, b"person-1", b"+8613800000001", &mut rng);
        assert_eq!(
            keys.open(Use::Phone, b"person-1", &sealed).unwrap(),
            b"+8613800000001"
        );
        assert_eq!(keys.open(Use::Phone, b"person-2", &sealed), Err(Unsealable));
        assert_eq!(keys.open(Use::Email, b"person-1", &sealed), Err(Unsealable));
        assert_eq!(
            ring(2).0.open(Use::Phone, b"person-1", &sealed),
            Err(Unsealable)
        );
        assert_eq!(
            keys.open(Use::Phone, b"person-1", &sealed[..5]),
            Err(Unsealable)
        );
    }

    #[test]
    fn macs_differ_by_use_and_by_the_border_between_parts() {
        let (keys, _) = ring(1);
        assert_ne!(
            keys.mac(Use::Phone, &[b"ab", b"c"]),
            keys.mac(Use::Phone, &[b"a", b"bc"])
        );
        for a in Use::ALL {
            for b in Use::ALL {
                assert_eq!(
                    a == b,
                    keys.mac(a, &[b"x"]) == keys.mac(b, &[b"x"]),
                    "{a:?} {b:?}"
                );
            }
        }
    }

    #[test] // OID-31: no sample secret reaches production
    fn sample_master_keys_are_refused() {
        assert_eq!(MasterKey::from_hex("00").err(), Some(BadMasterKey::Format));
        assert_eq!(
            MasterKey::from_hex(&"ab".repeat(32)).err(),
            Some(BadMasterKey::Sample)
        );
        let counting = hex(&(0..32).collect::<Vec<u8>>());
        assert_eq!(
            MasterKey::from_hex(&counting).err(),
            Some(BadMasterKey::Sample)
        );
        let mut rng = StdRng::seed_from_u64(7);
        let key = MasterKey::generate(&mut rng);
        assert_eq!(
            MasterKey::from_hex(&key.to_hex()).map(|k| k.0).ok(),
            Some(key.0)
        );
    }
}
