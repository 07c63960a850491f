//! What the gateway keeps: decisions by idempotency key, and the attempts that limits count.
//!
//! Locks are taken in one order everywhere (idempotency key, country, number), so that two
//! messages never wait for each other.

use jiff::{SignedDuration, Timestamp};
use migrations::{Conn, Db, DbError, Micros, Tx, run, statements};
use uuid::Uuid;

use crate::Limits;
use crate::key::Mac;

statements! {
    /// One row for exactly one of those who come with the same key; the others wait for its end.
    CLAIM: "INSERT INTO sms_messages
            (id, idempotency_key, request_mac, number_key, purpose, submitted_at)
        VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (idempotency_key) DO NOTHING";
    FIND: "SELECT id, request_mac, retry_at FROM sms_messages WHERE idempotency_key = $1";
    /// The bucket's row is the lock under which its attempts are counted. Clocks of nodes differ
    /// a little, and it must not go back: by it the bucket is purged.
    LOCK: "INSERT INTO sms_buckets (bucket, touched_at) VALUES ($1, $2)
        ON CONFLICT (bucket) DO UPDATE SET touched_at = CASE
            WHEN excluded.touched_at > sms_buckets.touched_at THEN excluded.touched_at
            ELSE sms_buckets.touched_at END";
    TAKE: "INSERT INTO sms_attempts (message_id, bucket, at)
        SELECT $1, $2, $3 WHERE
            (SELECT count(*) FROM sms_attempts WHERE bucket = $2 AND at > $4) < $5
            AND (SELECT count(*) FROM sms_attempts WHERE bucket = $2 AND at > $6) < $7
            AND (SELECT count(*) FROM sms_attempts WHERE bucket = $2 AND at > $8) < $9";
    /// The attempt that must leave the window before another fits into it.
    OLDEST_COUNTED: "SELECT at FROM sms_attempts WHERE bucket = $1 AND at > $2
        ORDER BY at DESC LIMIT 1 OFFSET $3";
    GIVE_BACK: "DELETE FROM sms_attempts WHERE message_id = $1";
    REFUSE: "UPDATE sms_messages SET retry_at = $2 WHERE id = $1";
    PURGE_MESSAGES: "DELETE FROM sms_messages WHERE id IN
        (SELECT id FROM sms_messages WHERE submitted_at <= $1 LIMIT $2)";
    PURGE_BUCKETS: "DELETE FROM sms_buckets WHERE touched_at <= $1 AND bucket IN
        (SELECT bucket FROM sms_buckets WHERE touched_at <= $1 LIMIT $2)";
}

/// The longest of the windows: an older attempt counts nowhere.
pub(crate) const DAY: SignedDuration = SignedDuration::from_hours(24);
/// How long an idempotency key is remembered. A caller's outbox gives up long before.
const KEPT: SignedDuration = SignedDuration::from_hours(7 * 24);
/// Rows that one transaction of the purge deletes, so that no sender waits for it long.
const PURGE_BATCH: i64 = 500;

/// A message as the tables have it.
pub(crate) struct Request<'a> {
    pub(crate) id: Uuid,
    pub(crate) idempotency_key: &'a str,
    pub(crate) mac: Mac,
    pub(crate) number_key: Mac,
    pub(crate) purpose: &'static str,
    pub(crate) now: Timestamp,
}

/// What was decided about an idempotency key when it came first.
#[derive(sqlx::FromRow)]
pub(crate) struct Decided {
    pub(crate) id: Uuid,
    request_mac: Vec<u8>,
    retry_at: Option<Micros>,
}

impl Decided {
    pub(crate) fn is_about(&self, mac: &Mac) -> bool {
        self.request_mac == mac
    }

    /// `None` when the message was accepted.
    pub(crate) fn retry_at(&self) -> Option<Timestamp> {
        self.retry_at.map(Timestamp::from)
    }
}

/// Something whose attempts are limited together.
pub(crate) struct Bucket {
    pub(crate) key: Mac,
    pub(crate) limits: Limits,
}

/// True for the one who came first with this key.
pub(crate) async fn claim(tx: &mut Tx, request: &Request<'_>) -> Result<bool, DbError> {
    let rows = run!(tx, c => sqlx::query(CLAIM)
        .bind(request.id)
        .bind(request.idempotency_key)
        .bind(&request.mac[..])
        .bind(&request.number_key[..])
        .bind(request.purpose)
        .bind(Micros::from(request.now))
        .execute(c))?;
    Ok(rows == 1)
}

pub(crate) async fn find(conn: &mut Conn, idempotency_key: &str) -> Result<Decided, DbError> {
    run!(conn, c => sqlx::query_as(FIND).bind(idempotency_key).fetch_one(c))
}

/// Counts an attempt in every bucket, or in none: then gives the moment from which on it would
/// fit, and keeps it as the outcome.
pub(crate) async fn count_attempt(
    tx: &mut Tx,
    request: &Request<'_>,
    buckets: &[Bucket],
) -> Result<Option<Timestamp>, DbError> {
    for bucket in buckets {
        lock(tx, bucket, request.now).await?;
    }
    let mut retry_at = None;
    for bucket in buckets {
        if !take(tx, request, bucket).await? {
            retry_at = retry_at.max(Some(free_at(tx, bucket, request.now).await?));
        }
    }
    if let Some(at) = retry_at {
        run!(tx, c => sqlx::query(GIVE_BACK).bind(request.id).execute(c))?;
        run!(tx, c => sqlx::query(REFUSE).bind(request.id).bind(Micros::from(at)).execute(c))?;
    }
    Ok(retry_at)
}

async fn lock(tx: &mut Tx, bucket: &Bucket, now: Timestamp) -> Result<(), DbError> {
    run!(tx, c => sqlx::query(LOCK).bind(&bucket.key[..]).bind(Micros::from(now)).execute(c))?;
    Ok(())
}

async fn take(tx: &mut Tx, request: &Request<'_>, bucket: &Bucket) -> Result<bool, DbError> {
    let [minute, hour, day] = windows(&bucket.limits);
    let since = |window: SignedDuration| Micros::from(before(request.now, window));
    let rows = run!(tx, c => sqlx::query(TAKE)
        .bind(request.id)
        .bind(&bucket.key[..])
        .bind(Micros::from(request.now))
        .bind(since(minute.0))
        .bind(minute.1)
        .bind(since(hour.0))
        .bind(hour.1)
        .bind(since(day.0))
        .bind(day.1)
        .execute(c))?;
    Ok(rows == 1)
}

/// The first moment at which every window has room again.
async fn free_at(tx: &mut Tx, bucket: &Bucket, now: Timestamp) -> Result<Timestamp, DbError> {
    let mut free = now;
    for (window, limit) in windows(&bucket.limits) {
        let blocking: Option<Micros> = run!(tx, c => sqlx::query_scalar(OLDEST_COUNTED)
            .bind(&bucket.key[..])
            .bind(Micros::from(before(now, window)))
            .bind(limit - 1)
            .fetch_optional(c))?;
        if let Some(at) = blocking {
            free = free.max(after(at.into(), window));
        }
    }
    Ok(free)
}

fn windows(limits: &Limits) -> [(SignedDuration, i64); 3] {
    [
        (SignedDuration::from_mins(1), limits.per_minute.into()),
        (SignedDuration::from_hours(1), limits.per_hour.into()),
        (DAY, limits.per_day.into()),
    ]
}

/// Deletes what no decision needs any more, in short transactions.
pub(crate) async fn purge(db: &Db, now: Timestamp) -> Result<u64, DbError> {
    let messages = purge_with(db, PURGE_MESSAGES, before(now, KEPT)).await?;
    let buckets = purge_with(db, PURGE_BUCKETS, before(now, DAY)).await?;
    Ok(messages + buckets)
}

/// Runs a deleting text with `$1` a moment and `$2` a number of rows until nothing is left for it.
pub(crate) async fn purge_with(
    db: &Db,
    text: &'static str,
    until: Timestamp,
) -> Result<u64, DbError> {
    let mut total = 0;
    loop {
        let mut tx = db.write().await?;
        let rows = run!(tx, c => sqlx::query(text)
            .bind(Micros::from(until))
            .bind(PURGE_BATCH)
            .execute(c))?;
        tx.commit().await?;
        total += rows;
        if rows == 0 {
            return Ok(total);
        }
    }
}

/// The first and the last moment there is are no moments of this program.
pub(crate) fn before(now: Timestamp, window: SignedDuration) -> Timestamp {
    now.saturating_sub(window).unwrap_or(Timestamp::MIN)
}

fn after(at: Timestamp, window: SignedDuration) -> Timestamp {
    at.saturating_add(window).unwrap_or(Timestamp::MAX)
}

#[cfg(test)]
mod tests {
    use migrations::testing;

    #[tokio::test]
    async fn every_statement_prepares() {
        for db in testing::engines(&[migrations::SMS]).await {
            testing::assert_prepares(&db, super::STATEMENTS).await;
            testing::assert_prepares(&db, crate::inbox::STATEMENTS).await;
        }
    }
}
