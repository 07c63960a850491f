//! Codes that a school prints for those who have neither a phone on file nor a password.

use idp_domain::Timestamp;
use idp_domain::ids::PersonId;
use idp_domain::secrets::Tag;
use migrations::run;
use uuid::Uuid;

use crate::{Conn, DbError, Micros, Tx};

migrations::statements! {
    SET: "INSERT INTO activation_codes (person_id, code_mac, created_at, expires_at, used_at)
        VALUES ($1, $2, $3, $4, NULL)
        ON CONFLICT (person_id) DO UPDATE SET code_mac = excluded.code_mac,
            created_at = excluded.created_at, expires_at = excluded.expires_at, used_at = NULL";
    USE: "UPDATE activation_codes SET used_at = $2 WHERE person_id = $1 AND used_at IS NULL";
    /// Who still waits for an activation, in pages by number.
    WAITING: "SELECT r.person_id, r.number, r.display_number, r.name, u.path AS org_path
        FROM current_roster r JOIN persons p ON p.id = r.person_id
        LEFT JOIN org_units u ON u.id = r.org_unit_id
        WHERE p.activated_at IS NULL AND p.state = 'active' AND r.number > $1
            AND (r.valid_until IS NULL OR r.valid_until > $3)
            AND ($2 = '' OR u.path = $2 OR u.path LIKE $4 ESCAPE '!')
        ORDER BY r.number LIMIT $5";
}

/// A person who has not activated the account yet.
#[derive(Clone, Debug, sqlx::FromRow)]
pub struct Waiting {
    pub person_id: Uuid,
    pub number: String,
    pub display_number: String,
    pub name: String,
    pub org_path: Option<String>,
}

/// Sets the code of a person; the one before is worthless from now on.
pub async fn set(
    tx: &mut Tx,
    person: PersonId,
    code_mac: &Tag,
    now: Timestamp,
    expires_at: Timestamp,
) -> Result<(), DbError> {
    run!(tx, c => sqlx::query(SET)
        .bind(person.0)
        .bind(code_mac.as_bytes())
        .bind(Micros::from(now))
        .bind(Micros::from(expires_at))
        .execute(c))?;
    Ok(())
}

/// Uses the code up, whatever it is; true for exactly one caller.
pub async fn use_up(tx: &mut Tx, person: PersonId, now: Timestamp) -> Result<bool, DbError> {
    let rows = run!(tx, c => sqlx::query(USE)
        .bind(person.0).bind(Micros::from(now)).execute(c))?;
    Ok(rows == 1)
}

/// The next `limit` people after `number` who wait, of the org unit `org` and below (all: `""`).
pub async fn waiting(
    conn: &mut Conn,
    after: &str,
    org: &str,
    now: Timestamp,
    limit: i64,
) -> Result<Vec<Waiting>, DbError> {
    let below = format!(
        "{}/%",
        org.replace('!', "!!").replace('%', "!%").replace('_', "!_")
    );
    run!(conn, c => sqlx::query_as(WAITING)
        .bind(after).bind(org).bind(Micros::from(now)).bind(&below).bind(limit).fetch_all(c))
}
