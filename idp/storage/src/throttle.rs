//! Counters that decide. The bucket's row is taken first, as the lock under which its events are
//! counted and the new one added, so that parallel tries never pass a limit (BRU-02, OTP-02).

use idp_domain::Timestamp;
use idp_domain::factors::Limit;
use idp_domain::ids::EventId;
use idp_domain::secrets::Tag;
use migrations::run;

use crate::{DbError, Micros, Tx};

migrations::statements! {
    LOCK: "INSERT INTO throttles (bucket, touched_at) VALUES ($1, $2)
        ON CONFLICT (bucket) DO UPDATE SET touched_at = excluded.touched_at";
    COUNT: "SELECT count(*) AS events, max(at) AS last, min(at) AS first
        FROM throttle_events WHERE bucket = $1 AND at > $2";
    ADD: "INSERT INTO throttle_events (id, bucket, at) VALUES ($1, $2, $3)";
    RELEASE: "DELETE FROM throttle_events WHERE id = $1";
}

/// What a bucket holds in a window.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tally {
    pub events: u32,
    pub first: Option<Timestamp>,
    pub last: Option<Timestamp>,
}

#[derive(sqlx::FromRow)]
struct TallyRow {
    events: i64,
    first: Option<Micros>,
    last: Option<Micros>,
}

/// Takes the bucket for this transaction; others wait for its end.
pub async fn lock(tx: &mut Tx, bucket: &Tag, now: Timestamp) -> Result<(), DbError> {
    run!(tx, c => sqlx::query(LOCK).bind(bucket.as_bytes()).bind(Micros::from(now)).execute(c))?;
    Ok(())
}

/// Counts the events after `since`. Call it under [`lock`].
pub async fn tally(tx: &mut Tx, bucket: &Tag, since: Timestamp) -> Result<Tally, DbError> {
    let row: TallyRow = run!(tx, c => sqlx::query_as(COUNT)
        .bind(bucket.as_bytes()).bind(Micros::from(since)).fetch_one(c))?;
    Ok(Tally {
        events: u32::try_from(row.events).unwrap_or(u32::MAX),
        first: row.first.map(Into::into),
        last: row.last.map(Into::into),
    })
}

/// Adds an event. Call it under [`lock`].
pub async fn add(tx: &mut Tx, id: EventId, bucket: &Tag, now: Timestamp) -> Result<(), DbError> {
    run!(tx, c => sqlx::query(ADD)
        .bind(id.0).bind(bucket.as_bytes()).bind(Micros::from(now)).execute(c))?;
    Ok(())
}

/// Takes one place under every limit, or none.
///
/// # Errors
/// Inside of `Ok`: the moment from which the tightest limit lets the next event pass.
pub async fn reserve(
    tx: &mut Tx,
    id: EventId,
    bucket: &Tag,
    limits: &[Limit],
    now: Timestamp,
) -> Result<Result<(), Timestamp>, DbError> {
    lock(tx, bucket, now).await?;
    let mut retry_at = None;
    for limit in limits {
        let since = now.checked_sub(limit.window).unwrap_or(Timestamp::MIN);
        let tally = tally(tx, bucket, since).await?;
        if tally.events >= limit.count {
            let free = tally
                .first
                .and_then(|first| first.checked_add(limit.window).ok())
                .unwrap_or(now);
            retry_at = retry_at.max(Some(free));
        }
    }
    match retry_at {
        Some(at) => Ok(Err(at)),
        None => add(tx, id, bucket, now).await.map(Ok),
    }
}

/// Gives a place back: the try was no failure after all.
pub async fn release(tx: &mut Tx, id: EventId) -> Result<(), DbError> {
    run!(tx, c => sqlx::query(RELEASE).bind(id.0).execute(c))?;
    Ok(())
}
