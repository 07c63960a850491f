//! Wrong secrets of the last hours, as keyed MACs: one password tried on many accounts shows here
//! though each account saw it once.

use idp_domain::Timestamp;
use idp_domain::ids::EventId;
use idp_domain::secrets::Tag;
use migrations::run;

use crate::{Conn, DbError, Micros, Tx};

migrations::statements! {
    INSERT: "INSERT INTO failed_secrets (id, at, account_key, secret_mac, initial)
        VALUES ($1, $2, $3, $4, $5)";
    SPRAY: "SELECT coalesce(max(accounts), 0) FROM (
            SELECT count(DISTINCT account_key) AS accounts FROM failed_secrets
            WHERE at > $1 GROUP BY secret_mac) AS spread";
    ACCOUNTS: "SELECT count(DISTINCT account_key) FROM failed_secrets
        WHERE at > $1 AND initial = $2";
}

pub async fn note(
    tx: &mut Tx,
    id: EventId,
    account_key: &Tag,
    secret_mac: &Tag,
    initial: bool,
    now: Timestamp,
) -> Result<(), DbError> {
    run!(tx, c => sqlx::query(INSERT)
        .bind(id.0)
        .bind(Micros::from(now))
        .bind(account_key.as_bytes())
        .bind(secret_mac.as_bytes())
        .bind(initial)
        .execute(c))?;
    Ok(())
}

/// On how many accounts the most widespread wrong secret was tried after `since`.
pub async fn widest_spread(conn: &mut Conn, since: Timestamp) -> Result<i64, DbError> {
    run!(conn, c => sqlx::query_scalar(SPRAY).bind(Micros::from(since)).fetch_one(c))
}

/// How many accounts saw a wrong secret after `since`; `initial`: of those not yet activated.
pub async fn accounts_tried(
    conn: &mut Conn,
    initial: bool,
    since: Timestamp,
) -> Result<i64, DbError> {
    run!(conn, c => sqlx::query_scalar(ACCOUNTS).bind(Micros::from(since)).bind(initial).fetch_one(c))
}
