//! What leaves the house: written in the transaction of its cause, delivered afterwards by
//! whichever node leases it, with retry and an end.

use idp_domain::Timestamp;
use idp_domain::ids::OutboxId;
use migrations::run;
use uuid::Uuid;

use crate::{Conn, DbError, Micros, Tx};

migrations::statements! {
    INSERT: "INSERT INTO outbox (id, kind, payload_enc, created_at, next_at)
        VALUES ($1, $2, $3, $4, $4)";
    /// SQLite has one writer, so nobody else reads the same rows in between.
    CLAIM_SQLITE(Sqlite): "UPDATE outbox SET leased_until = $2, attempts = attempts + 1
        WHERE id IN (SELECT id FROM outbox WHERE done_at IS NULL AND next_at <= $1
            AND (leased_until IS NULL OR leased_until < $1) ORDER BY next_at LIMIT $3)
        RETURNING id, kind, payload_enc, attempts, created_at";
    CLAIM_POSTGRES(Postgres): "UPDATE outbox SET leased_until = $2, attempts = attempts + 1
        WHERE id IN (SELECT id FROM outbox WHERE done_at IS NULL AND next_at <= $1
            AND (leased_until IS NULL OR leased_until < $1) ORDER BY next_at LIMIT $3
            FOR UPDATE SKIP LOCKED)
        RETURNING id, kind, payload_enc, attempts, created_at";
    DONE: "UPDATE outbox SET done_at = $2, result = $3, leased_until = NULL, payload_enc = $4
        WHERE id = $1 AND done_at IS NULL";
    RETRY: "UPDATE outbox SET next_at = $2, leased_until = NULL WHERE id = $1 AND done_at IS NULL";
    PENDING: "SELECT count(*) FROM outbox WHERE done_at IS NULL";
}

/// A message that this worker leased.
#[derive(Clone, Debug)]
pub struct Leased {
    pub id: OutboxId,
    pub kind: String,
    pub payload_enc: Vec<u8>,
    pub attempts: i64,
    pub created_at: Timestamp,
}

#[derive(sqlx::FromRow)]
struct LeasedRow {
    id: Uuid,
    kind: String,
    payload_enc: Vec<u8>,
    attempts: i64,
    created_at: Micros,
}

pub async fn put(
    tx: &mut Tx,
    id: OutboxId,
    kind: &str,
    payload_enc: &[u8],
    now: Timestamp,
) -> Result<(), DbError> {
    run!(tx, c => sqlx::query(INSERT)
        .bind(id.0).bind(kind).bind(payload_enc).bind(Micros::from(now)).execute(c))?;
    Ok(())
}

/// Leases up to `limit` due messages until `until`.
pub async fn claim(
    tx: &mut Tx,
    now: Timestamp,
    until: Timestamp,
    limit: i64,
) -> Result<Vec<Leased>, DbError> {
    let sql = tx.pick(CLAIM_SQLITE, CLAIM_POSTGRES);
    let rows: Vec<LeasedRow> = run!(tx, c => sqlx::query_as(sql)
        .bind(Micros::from(now)).bind(Micros::from(until)).bind(limit).fetch_all(c))?;
    Ok(rows
        .into_iter()
        .map(|row| Leased {
            id: OutboxId(row.id),
            kind: row.kind,
            payload_enc: row.payload_enc,
            attempts: row.attempts,
            created_at: row.created_at.into(),
        })
        .collect())
}

/// Ends a message, delivered or dead; its content goes with it.
pub async fn done(
    tx: &mut Tx,
    id: OutboxId,
    result: &str,
    now: Timestamp,
) -> Result<bool, DbError> {
    let empty: &[u8] = &[];
    let rows = run!(tx, c => sqlx::query(DONE)
        .bind(id.0).bind(Micros::from(now)).bind(result).bind(empty).execute(c))?;
    Ok(rows == 1)
}

/// Tries again at `next_at`.
pub async fn retry(tx: &mut Tx, id: OutboxId, next_at: Timestamp) -> Result<(), DbError> {
    run!(tx, c => sqlx::query(RETRY).bind(id.0).bind(Micros::from(next_at)).execute(c))?;
    Ok(())
}

/// How many wait.
pub async fn pending(conn: &mut Conn) -> Result<i64, DbError> {
    run!(conn, c => sqlx::query_scalar(PENDING).fetch_one(c))
}
