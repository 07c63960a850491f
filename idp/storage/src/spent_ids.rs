//! Ids of foreign assertions and proofs, each good once (OID-12, RFC 9449 §11.1).

use idp_domain::Timestamp;
use idp_domain::oidc::SpendOnce;
use migrations::run;

use crate::{Conn, DbError, Micros, Tx};

migrations::statements! {
    /// An id whose time is over may come again: what carried it then is worthless.
    SPEND: "INSERT INTO spent_ids (id_hash, expires_at) VALUES ($1, $2)
        ON CONFLICT (id_hash) DO UPDATE SET expires_at = excluded.expires_at
            WHERE spent_ids.expires_at <= $3";
    IS_SPENT: "SELECT EXISTS (SELECT 1 FROM spent_ids WHERE id_hash = $1 AND expires_at > $2)";
}

/// Notes an id; true for exactly one caller.
pub async fn spend(tx: &mut Tx, spend: &SpendOnce, now: Timestamp) -> Result<bool, DbError> {
    let rows = run!(tx, c => sqlx::query(SPEND)
        .bind(spend.id.as_bytes())
        .bind(Micros::from(spend.until))
        .bind(Micros::from(now))
        .execute(c))?;
    Ok(rows == 1)
}

/// Whether somebody noted it before. That nobody did says nothing about the next moment.
pub async fn is_spent(conn: &mut Conn, spend: &SpendOnce, now: Timestamp) -> Result<bool, DbError> {
    run!(conn, c => sqlx::query_scalar(IS_SPENT)
        .bind(spend.id.as_bytes()).bind(Micros::from(now)).fetch_one(c))
}
