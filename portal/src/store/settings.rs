//! Named values of this hall's database.

use migrations::{Conn, DbError, Tx, run};

migrations::statements! {
    GET: "SELECT value FROM portal_settings WHERE name = $1";
    INSERT: "INSERT INTO portal_settings (name, value) VALUES ($1, $2)
        ON CONFLICT (name) DO NOTHING";
}

pub(crate) async fn get(conn: &mut Conn, name: &str) -> Result<Option<String>, DbError> {
    run!(conn, c => sqlx::query_scalar(GET).bind(name).fetch_optional(c))
}

/// Leaves the value that is there already.
pub(crate) async fn insert(tx: &mut Tx, name: &str, value: &str) -> Result<(), DbError> {
    run!(tx, c => sqlx::query(INSERT).bind(name).bind(value).execute(c)).map(drop)
}
