//! What leaves the house: written in the transaction of its cause, delivered afterwards by
//! whichever node leases it, with retry and an end.

use idp_domain::Timestamp;
use idp_domain::ids::OutboxId;
use migrations::run;
use uuid::Uuid;

use crate::{Conn, DbError, Micros, Tx};

/// Of kinds `$2` and `$5`, what is due at `$1` and has a place in its lane, at most `$3`: of each
/// lane `$4` are under way at once, whatever their kind, and the oldest come first.
macro_rules! free_in_lanes {
    () => {
        "WITH busy AS (SELECT lane, count(*) AS under_way FROM outbox
                WHERE kind IN ($2, $5) AND done_at IS NULL AND leased_until >= $1 GROUP BY lane),
            due AS (SELECT id, lane, next_at,
                    row_number() OVER (PARTITION BY lane ORDER BY next_at, id) AS place
                FROM outbox WHERE kind IN ($2, $5) AND done_at IS NULL AND next_at <= $1
                    AND (leased_until IS NULL OR leased_until < $1))
        SELECT due.id FROM due LEFT JOIN busy ON busy.lane = due.lane
            WHERE due.place + coalesce(busy.under_way, 0) <= $4
            ORDER BY due.next_at, due.id LIMIT $3"
    };
}

migrations::statements! {
    INSERT: "INSERT INTO outbox (id, kind, payload_enc, created_at, next_at)
        VALUES ($1, $2, $3, $4, $4)";
    /// SQLite has one writer, so nobody else reads the same rows in between.
    CLAIM_SQLITE(Sqlite): "UPDATE outbox SET leased_until = $2, attempts = attempts + 1
        WHERE id IN (SELECT id FROM outbox WHERE kind = $4 AND done_at IS NULL AND next_at <= $1
            AND (leased_until IS NULL OR leased_until < $1) ORDER BY next_at LIMIT $3)
        RETURNING id, kind, payload_enc, attempts, created_at";
    CLAIM_POSTGRES(Postgres): "UPDATE outbox SET leased_until = $2, attempts = attempts + 1
        WHERE id IN (SELECT id FROM outbox WHERE kind = $4 AND done_at IS NULL AND next_at <= $1
            AND (leased_until IS NULL OR leased_until < $1) ORDER BY next_at LIMIT $3
            FOR UPDATE SKIP LOCKED)
        RETURNING id, kind, payload_enc, attempts, created_at";
    /// What two nodes count at the same moment they would both take: one claims after the other.
    TAKE_TURNS_POSTGRES(Postgres): "SELECT pg_advisory_xact_lock(hashtext($1))";
    /// The transaction has the one writer already.
    TAKE_TURNS_SQLITE(Sqlite): "SELECT $1";
    CLAIM_BY_LANE: concat!("UPDATE outbox SET leased_until = $6, attempts = attempts + 1
        WHERE id IN (", free_in_lanes!(), ") AND done_at IS NULL
        RETURNING id, kind, payload_enc, attempts, created_at");
    /// What a claim would find, without the writer: a long backlog of a full lane is looked at by
    /// every node twice a second.
    CLAIMABLE: concat!("SELECT EXISTS (", free_in_lanes!(), ")");
    DONE: "UPDATE outbox SET done_at = $2, result = $3, leased_until = NULL, payload_enc = $4
        WHERE id = $1 AND done_at IS NULL";
    /// Only the worker whose lease it still is puts it back.
    RETRY: "UPDATE outbox SET next_at = $2, leased_until = NULL
        WHERE id = $1 AND attempts = $3 AND done_at IS NULL";
    PENDING: "SELECT count(*) FROM outbox WHERE kind = $1 AND done_at IS NULL";
}

/// What a worker takes.
#[derive(Clone, Copy, Debug)]
pub struct Claim<'a> {
    pub kind: &'a str,
    /// The lease's end.
    pub until: Timestamp,
    /// At most so many now.
    pub limit: i64,
}

/// What a worker takes whose messages go in lanes.
#[derive(Clone, Copy, Debug)]
pub struct LaneClaim<'a> {
    /// Both share the lanes.
    pub kinds: [&'a str; 2],
    /// Of a lane so many are under way at once, over all nodes.
    pub per_lane: i64,
    /// The lease's end.
    pub until: Timestamp,
    /// At most so many now.
    pub limit: i64,
}

/// A message that this worker leased.
#[derive(Clone, Debug)]
pub struct Leased {
    pub id: OutboxId,
    pub kind: String,
    pub payload_enc: Vec<u8>,
    /// How often it was leased, this time included.
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

impl From<LeasedRow> for Leased {
    fn from(row: LeasedRow) -> Self {
        Self {
            id: OutboxId(row.id),
            kind: row.kind,
            payload_enc: row.payload_enc,
            attempts: row.attempts,
            created_at: row.created_at.into(),
        }
    }
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

/// Leases due messages of a kind, the oldest first.
pub async fn claim(tx: &mut Tx, what: Claim<'_>, now: Timestamp) -> Result<Vec<Leased>, DbError> {
    let sql = tx.pick(CLAIM_SQLITE, CLAIM_POSTGRES);
    let rows: Vec<LeasedRow> = run!(tx, c => sqlx::query_as(sql)
        .bind(Micros::from(now)).bind(Micros::from(what.until)).bind(what.limit).bind(what.kind)
        .fetch_all(c))?;
    Ok(rows.into_iter().map(Leased::from).collect())
}

/// The same of two kinds, with so many of a lane under way at once over all nodes (XML-06): a slow
/// lane holds up nobody but itself.
pub async fn claim_by_lane(
    tx: &mut Tx,
    what: LaneClaim<'_>,
    now: Timestamp,
) -> Result<Vec<Leased>, DbError> {
    let take_turns = tx.pick(TAKE_TURNS_SQLITE, TAKE_TURNS_POSTGRES);
    let [first, second] = what.kinds;
    run!(tx, c => sqlx::query(take_turns).bind(first).execute(c))?;
    let rows: Vec<LeasedRow> = run!(tx, c => sqlx::query_as(CLAIM_BY_LANE)
        .bind(Micros::from(now)).bind(first).bind(what.limit).bind(what.per_lane)
        .bind(second).bind(Micros::from(what.until)).fetch_all(c))?;
    Ok(rows.into_iter().map(Leased::from).collect())
}

/// Whether [`claim_by_lane`] would find something.
pub async fn is_claimable(
    conn: &mut Conn,
    kinds: [&str; 2],
    per_lane: i64,
    now: Timestamp,
) -> Result<bool, DbError> {
    let [first, second] = kinds;
    run!(conn, c => sqlx::query_scalar(CLAIMABLE)
        .bind(Micros::from(now)).bind(first).bind(1_i64).bind(per_lane).bind(second)
        .fetch_one(c))
}

/// Ends a message, delivered or dead; its content goes with it. True for exactly one caller.
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

/// Tries again at `next_at`; not when the lease ran out and another worker has it.
pub async fn retry(tx: &mut Tx, leased: &Leased, next_at: Timestamp) -> Result<bool, DbError> {
    let rows = run!(tx, c => sqlx::query(RETRY)
        .bind(leased.id.0).bind(Micros::from(next_at)).bind(leased.attempts).execute(c))?;
    Ok(rows == 1)
}

/// How many of a kind wait.
pub async fn pending(conn: &mut Conn, kind: &str) -> Result<i64, DbError> {
    run!(conn, c => sqlx::query_scalar(PENDING).bind(kind).fetch_one(c))
}
