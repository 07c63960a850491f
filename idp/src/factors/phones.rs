//! Phone numbers as they are kept: sealed, with a blind index to find them by.

use idp_domain::accounts::PhoneNumber;
use idp_domain::ids::{CodeId, PersonId};
use idp_domain::secrets::{Keyring, Unsealable, Use};
use idp_storage::Tx;
use idp_storage::contacts::{self, ContactKind};
use migrations::{Conn, DbError};
use rand::CryptoRng;

use crate::refusal::Refusal;

fn place_of_recipient(code: CodeId) -> Vec<u8> {
    [b"one_time_codes.recipient".as_slice(), code.0.as_bytes()].concat()
}

fn place_of_contact(person: PersonId) -> Vec<u8> {
    [b"contacts.phone".as_slice(), person.0.as_bytes()].concat()
}

/// Seals the number that a code goes to.
pub fn seal_recipient(
    keys: &Keyring,
    code: CodeId,
    phone: &PhoneNumber,
    rng: &mut impl CryptoRng,
) -> Vec<u8> {
    let place = place_of_recipient(code);
    keys.seal(Use::Phone, &place, phone.as_str().as_bytes(), rng)
}

/// # Errors
/// [`Unsealable`] for damaged data.
pub fn open_recipient(
    keys: &Keyring,
    code: CodeId,
    sealed: &[u8],
) -> Result<PhoneNumber, Unsealable> {
    parse(&keys.open_text(Use::Phone, &place_of_recipient(code), sealed)?)
}

fn parse(text: &str) -> Result<PhoneNumber, Unsealable> {
    PhoneNumber::parse(text).map_err(|_| Unsealable)
}

/// Binds a proved number; false when it is somebody else's.
pub async fn bind(
    tx: &mut Tx,
    keys: &Keyring,
    person: PersonId,
    phone: &PhoneNumber,
    now: jiff::Timestamp,
    rng: &mut impl CryptoRng,
) -> Result<bool, DbError> {
    let place = place_of_contact(person);
    let sealed = keys.seal(Use::Phone, &place, phone.as_str().as_bytes(), rng);
    contacts::bind(
        tx,
        person,
        ContactKind::Phone,
        &sealed,
        &phone.index(keys),
        now,
    )
    .await
}

/// The person's bound number.
pub async fn bound(
    conn: &mut Conn,
    keys: &Keyring,
    person: PersonId,
) -> Result<Option<PhoneNumber>, Refusal> {
    let Some(contact) = contacts::find(conn, person, ContactKind::Phone).await? else {
        return Ok(None);
    };
    let text = keys.open_text(Use::Phone, &place_of_contact(person), &contact.value_enc)?;
    Ok(Some(parse(&text)?))
}
