//! Browsers that completed a sign-in of a person. Not a factor: only a better place in the line
//! and a counter of their own, so that strangers can't slow the owner down (BRU-03).

use idp_domain::Timestamp;
use idp_domain::ids::PersonId;
use idp_domain::secrets::Tag;
use migrations::run;

use crate::{Conn, DbError, Micros, Tx};

migrations::statements! {
    INSERT: "INSERT INTO known_devices (id_hash, person_id, created_at, expires_at)
        VALUES ($1, $2, $3, $4)";
    KNOWS: "SELECT EXISTS (SELECT 1 FROM known_devices
        WHERE id_hash = $1 AND person_id = $2 AND expires_at > $3)";
    DROP_ONE: "DELETE FROM known_devices WHERE id_hash = $1 AND person_id = $2";
    FORGET: "DELETE FROM known_devices WHERE person_id = $1";
}

pub async fn remember(
    tx: &mut Tx,
    id_hash: &Tag,
    person: PersonId,
    now: Timestamp,
    expires_at: Timestamp,
) -> Result<(), DbError> {
    run!(tx, c => sqlx::query(INSERT)
        .bind(id_hash.as_bytes())
        .bind(person.0)
        .bind(Micros::from(now))
        .bind(Micros::from(expires_at))
        .execute(c))?;
    Ok(())
}

/// Whether this very account was signed in with this browser before (CAP-06).
pub async fn knows(
    conn: &mut Conn,
    id_hash: &Tag,
    person: PersonId,
    now: Timestamp,
) -> Result<bool, DbError> {
    run!(conn, c => sqlx::query_scalar(KNOWS)
        .bind(id_hash.as_bytes()).bind(person.0).bind(Micros::from(now)).fetch_one(c))
}

/// Forgets one browser of a person.
pub async fn forget(tx: &mut Tx, id_hash: &Tag, person: PersonId) -> Result<(), DbError> {
    run!(tx, c => sqlx::query(DROP_ONE).bind(id_hash.as_bytes()).bind(person.0).execute(c))?;
    Ok(())
}

/// Forgets all of a person's, as a new password asks for.
pub async fn forget_all(tx: &mut Tx, person: PersonId) -> Result<u64, DbError> {
    run!(tx, c => sqlx::query(FORGET).bind(person.0).execute(c))
}
