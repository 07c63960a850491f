//! Named values of the whole installation.

use migrations::run;

use crate::{Conn, DbError, Tx};

migrations::statements! {
    GET: "SELECT value FROM settings WHERE name = $1";
    INSERT: "INSERT INTO settings (name, value) VALUES ($1, $2) ON CONFLICT (name) DO NOTHING";
    HAS_DATA: "SELECT EXISTS (SELECT 1 FROM persons) OR EXISTS (SELECT 1 FROM settings WHERE name = $1)";
}

/// The check value of the master key that the data was written with.
pub const MASTER_KEY_CHECK: &str = "master_key.check";

pub async fn get(conn: &mut Conn, name: &str) -> Result<Option<String>, DbError> {
    run!(conn, c => sqlx::query_scalar(GET).bind(name).fetch_optional(c))
}

/// True when the value was not there before.
pub async fn insert(tx: &mut Tx, name: &str, value: &str) -> Result<bool, DbError> {
    let inserted = run!(tx, c => sqlx::query(INSERT).bind(name).bind(value).execute(c))?;
    Ok(inserted == 1)
}

/// True when something was written under a master key: then a new key would make it unreadable.
pub async fn has_sealed_data(conn: &mut Conn) -> Result<bool, DbError> {
    run!(conn, c => sqlx::query_scalar(HAS_DATA).bind(MASTER_KEY_CHECK).fetch_one(c))
}
