//! Passwords, as argon2id PHC strings, and the ones before.

use idp_domain::Timestamp;
use idp_domain::ids::PersonId;
use migrations::run;

use crate::{Conn, DbError, Micros, Tx};

migrations::statements! {
    REMEMBER: "INSERT INTO password_history (person_id, set_at, phc)
        SELECT person_id, set_at, phc FROM passwords WHERE person_id = $1
        ON CONFLICT (person_id, set_at) DO NOTHING";
    SET: "INSERT INTO passwords (person_id, phc, set_at, must_change) VALUES ($1, $2, $3, $4)
        ON CONFLICT (person_id) DO UPDATE SET phc = excluded.phc, set_at = excluded.set_at,
            must_change = excluded.must_change";
    REHASH: "UPDATE passwords SET phc = $3 WHERE person_id = $1 AND phc = $2";
    /// Takes the row, so that a change which is under way is waited for.
    HOLD: "UPDATE passwords SET phc = phc WHERE person_id = $1 AND phc = $2";
    FORCE_CHANGE: "UPDATE passwords SET must_change = TRUE WHERE person_id = $1";
    /// The newest `$2` hashes, the one in force first.
    HISTORY: "SELECT phc FROM (
            SELECT phc, set_at FROM passwords WHERE person_id = $1
            UNION ALL SELECT phc, set_at FROM password_history WHERE person_id = $1) AS known
        ORDER BY set_at DESC LIMIT $2";
    FORGET: "DELETE FROM password_history WHERE person_id = $1 AND set_at NOT IN (
            SELECT set_at FROM password_history WHERE person_id = $1
            ORDER BY set_at DESC LIMIT $2)";
}

/// Sets a password; the one before goes into the history, of which the newest `keep` stay.
pub async fn set(
    tx: &mut Tx,
    person: PersonId,
    phc: &str,
    must_change: bool,
    keep: i64,
    now: Timestamp,
) -> Result<(), DbError> {
    run!(tx, c => sqlx::query(REMEMBER).bind(person.0).execute(c))?;
    run!(tx, c => sqlx::query(SET)
        .bind(person.0).bind(phc).bind(Micros::from(now)).bind(must_change).execute(c))?;
    run!(tx, c => sqlx::query(FORGET).bind(person.0).bind(keep).execute(c))?;
    Ok(())
}

/// Replaces a hash by a stronger one of the same password; nothing when it changed meanwhile.
pub async fn rehash(tx: &mut Tx, person: PersonId, old: &str, new: &str) -> Result<bool, DbError> {
    let rows = run!(tx, c => sqlx::query(REHASH).bind(person.0).bind(old).bind(new).execute(c))?;
    Ok(rows == 1)
}

/// True when this very hash is still in force, and stays so until the transaction ends.
pub async fn hold(tx: &mut Tx, person: PersonId, phc: &str) -> Result<bool, DbError> {
    let rows = run!(tx, c => sqlx::query(HOLD).bind(person.0).bind(phc).execute(c))?;
    Ok(rows == 1)
}

/// The person must choose another one at the next sign-in.
pub async fn force_change(tx: &mut Tx, person: PersonId) -> Result<bool, DbError> {
    let rows = run!(tx, c => sqlx::query(FORCE_CHANGE).bind(person.0).execute(c))?;
    Ok(rows == 1)
}

/// The hashes a new password must not match, newest first.
pub async fn history(
    conn: &mut Conn,
    person: PersonId,
    count: i64,
) -> Result<Vec<String>, DbError> {
    run!(conn, c => sqlx::query_scalar(HISTORY).bind(person.0).bind(count).fetch_all(c))
}
