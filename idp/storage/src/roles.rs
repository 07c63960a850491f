//! Who administers.

use idp_domain::Timestamp;
use idp_domain::ids::PersonId;
use migrations::run;

use crate::{Conn, DbError, Micros, Tx};

migrations::statements! {
    GRANT: "INSERT INTO roles (person_id, role, granted_at) VALUES ($1, $2, $3)
        ON CONFLICT (person_id, role) DO NOTHING";
    REVOKE: "DELETE FROM roles WHERE person_id = $1 AND role = $2";
    LIST: "SELECT o.role, r.display_number, r.name FROM roles o
        JOIN current_roster r ON r.person_id = o.person_id
        ORDER BY o.role, r.display_number";
}

/// The role of this first release: everything.
pub const ADMINISTRATOR: &str = "administrator";

/// A role with a number of its holder.
#[derive(Clone, Debug, sqlx::FromRow)]
pub struct RoleHolder {
    pub role: String,
    pub display_number: String,
    pub name: String,
}

/// False when the person has it already.
pub async fn grant(
    tx: &mut Tx,
    person: PersonId,
    role: &str,
    now: Timestamp,
) -> Result<bool, DbError> {
    let rows = run!(tx, c => sqlx::query(GRANT)
        .bind(person.0).bind(role).bind(Micros::from(now)).execute(c))?;
    Ok(rows == 1)
}

/// False when the person doesn't have it.
pub async fn revoke(tx: &mut Tx, person: PersonId, role: &str) -> Result<bool, DbError> {
    let rows = run!(tx, c => sqlx::query(REVOKE).bind(person.0).bind(role).execute(c))?;
    Ok(rows == 1)
}

pub async fn list(conn: &mut Conn) -> Result<Vec<RoleHolder>, DbError> {
    run!(conn, c => sqlx::query_as(LIST).fetch_all(c))
}
