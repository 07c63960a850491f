//! What the school says of a person and nobody else may read: how it is sealed at import and
//! opened again.

use idp_domain::accounts::{IdKind, IdNumber, PhoneNumber, PostalAddress};
use idp_domain::ids::PersonId;
use idp_domain::secrets::{Keyring, Unsealable, Use};
use rand::CryptoRng;

const ROSTER_PHONE: &[u8] = b"roster.phone";
const ROSTER_EMAIL: &[u8] = b"roster.email";
const ROSTER_ADDRESS: &[u8] = b"roster.address";
const ROSTER_ID_NUMBER: &[u8] = b"roster.id_number";

/// A value moved to another person's row can't be opened there.
fn place(column: &[u8], person: PersonId) -> Vec<u8> {
    [column, person.0.as_bytes()].concat()
}

/// The phone that the school has.
pub fn seal_phone(
    keys: &Keyring,
    person: PersonId,
    phone: &PhoneNumber,
    rng: &mut impl CryptoRng,
) -> Vec<u8> {
    keys.seal(
        Use::Phone,
        &place(ROSTER_PHONE, person),
        phone.as_str().as_bytes(),
        rng,
    )
}

/// # Errors
/// [`Unsealable`] for damaged data.
pub fn open_phone(
    keys: &Keyring,
    person: PersonId,
    sealed: &[u8],
) -> Result<PhoneNumber, Unsealable> {
    let text = keys.open_text(Use::Phone, &place(ROSTER_PHONE, person), sealed)?;
    PhoneNumber::parse(&text).map_err(|_| Unsealable)
}

/// Where she lives or works, as the school says.
pub fn seal_address(
    keys: &Keyring,
    person: PersonId,
    address: &PostalAddress,
    rng: &mut impl CryptoRng,
) -> Vec<u8> {
    keys.seal(
        Use::Address,
        &place(ROSTER_ADDRESS, person),
        address.as_str().as_bytes(),
        rng,
    )
}

/// # Errors
/// [`Unsealable`] for damaged data.
pub fn open_address(keys: &Keyring, person: PersonId, sealed: &[u8]) -> Result<String, Unsealable> {
    keys.open_text(Use::Address, &place(ROSTER_ADDRESS, person), sealed)
}

/// The e-mail address that the school has.
pub fn seal_email(
    keys: &Keyring,
    person: PersonId,
    email: &str,
    rng: &mut impl CryptoRng,
) -> Vec<u8> {
    keys.seal(
        Use::Email,
        &place(ROSTER_EMAIL, person),
        email.as_bytes(),
        rng,
    )
}

/// # Errors
/// [`Unsealable`] for damaged data.
pub fn open_email(keys: &Keyring, person: PersonId, sealed: &[u8]) -> Result<String, Unsealable> {
    keys.open_text(Use::Email, &place(ROSTER_EMAIL, person), sealed)
}

/// The number of the identity document, with its kind: `resident_id:…`.
pub fn seal_id_number(
    keys: &Keyring,
    person: PersonId,
    id: &IdNumber,
    rng: &mut impl CryptoRng,
) -> Vec<u8> {
    let text = format!("{}:{}", id.kind().as_str(), id.value());
    keys.seal(
        Use::IdNumber,
        &place(ROSTER_ID_NUMBER, person),
        text.as_bytes(),
        rng,
    )
}

/// # Errors
/// [`Unsealable`] for damaged data.
pub fn open_id_number(
    keys: &Keyring,
    person: PersonId,
    sealed: &[u8],
) -> Result<IdNumber, Unsealable> {
    let text = keys.open_text(Use::IdNumber, &place(ROSTER_ID_NUMBER, person), sealed)?;
    let (kind, value) = text.split_once(':').ok_or(Unsealable)?;
    let kind = IdKind::parse(kind).map_err(|_| Unsealable)?;
    IdNumber::parse(kind, value).map_err(|_| Unsealable)
}
