//! Alarms that change what strangers are asked for, on every node.

use idp_domain::Timestamp;
use migrations::run;

use crate::{Conn, DbError, Micros, Tx};

migrations::statements! {
    RAISE: "INSERT INTO alarms (kind, raised_at, until, detail) VALUES ($1, $2, $3, $4)
        ON CONFLICT (kind) DO UPDATE SET until = excluded.until, detail = excluded.detail,
            raised_at = CASE WHEN alarms.until > excluded.raised_at THEN alarms.raised_at
                ELSE excluded.raised_at END
        RETURNING raised_at";
    ACTIVE: "SELECT EXISTS (SELECT 1 FROM alarms WHERE kind = $1 AND until > $2)";
}

/// One password on many accounts, or failures far above the usual (BRU-04, PWD-02).
pub const SPRAYING: &str = "spraying";

/// Raises or prolongs an alarm; true when it was not standing before.
pub async fn raise(
    tx: &mut Tx,
    kind: &str,
    detail: &str,
    now: Timestamp,
    until: Timestamp,
) -> Result<bool, DbError> {
    let raised_at: Micros = run!(tx, c => sqlx::query_scalar(RAISE)
        .bind(kind).bind(Micros::from(now)).bind(Micros::from(until)).bind(detail).fetch_one(c))?;
    Ok(raised_at == Micros::from(now))
}

pub async fn is_active(conn: &mut Conn, kind: &str, now: Timestamp) -> Result<bool, DbError> {
    run!(conn, c => sqlx::query_scalar(ACTIVE)
        .bind(kind).bind(Micros::from(now)).fetch_one(c))
}
