//! What the school says of a person and nobody else may read: how it is sealed at import and
//! opened again.

use idp_domain::accounts::{IdKind, IdNumber, PhoneNumber};
use idp_domain::secrets::{Keyring, Unsealable, Use};
use rand::CryptoRng;

const ROSTER_PHONE: &[u8] = b"roster.phone";
const ROSTER_EMAIL: &[u8] = b"roster.email";
const ROSTER_ID_NUMBER: &[u8] = b"roster.id_number";

/// The phone that the school has.
pub fn seal_phone(keys: &Keyring, phone: &PhoneNumber, rng: &mut impl CryptoRng) -> Vec<u8> {
    keys.seal(Use::Phone, ROSTER_PHONE, phone.as_str().as_bytes(), rng)
}

/// # Errors
/// [`Unsealable`] for damaged data.
pub fn open_phone(keys: &Keyring, sealed: &[u8]) -> Result<PhoneNumber, Unsealable> {
    let text = keys.open_text(Use::Phone, ROSTER_PHONE, sealed)?;
    PhoneNumber::parse(&text).map_err(|_| Unsealable)
}

/// The address that the school has.
pub fn seal_email(keys: &Keyring, email: &str, rng: &mut impl CryptoRng) -> Vec<u8> {
    keys.seal(Use::Email, ROSTER_EMAIL, email.as_bytes(), rng)
}

/// # Errors
/// [`Unsealable`] for damaged data.
pub fn open_email(keys: &Keyring, sealed: &[u8]) -> Result<String, Unsealable> {
    keys.open_text(Use::Email, ROSTER_EMAIL, sealed)
}

/// The number of the identity document, with its kind: `resident_id:…`.
pub fn seal_id_number(keys: &Keyring, id: &IdNumber, rng: &mut impl CryptoRng) -> Vec<u8> {
    let text = format!("{}:{}", id.kind().as_str(), id.value());
    keys.seal(Use::IdNumber, ROSTER_ID_NUMBER, text.as_bytes(), rng)
}

/// # Errors
/// [`Unsealable`] for damaged data.
pub fn open_id_number(keys: &Keyring, sealed: &[u8]) -> Result<IdNumber, Unsealable> {
    let text = keys.open_text(Use::IdNumber, ROSTER_ID_NUMBER, sealed)?;
    let (kind, value) = text.split_once(':').ok_or(Unsealable)?;
    let kind = IdKind::parse(kind).map_err(|_| Unsealable)?;
    IdNumber::parse(kind, value).map_err(|_| Unsealable)
}
