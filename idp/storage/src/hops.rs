//! Signed-in people on the way to an application, while they are asked something: which number it
//! shall know them by, whether they want to enter at all. Each is good once, for its session.

use idp_domain::Timestamp;
use idp_domain::ids::Sid;
use idp_domain::secrets::Tag;
use idp_domain::signin::{Answers, Destination};
use migrations::run;
use sqlx::types::Json;

use crate::{Conn, DbError, Micros, Tx};

migrations::statements! {
    INSERT: "INSERT INTO hops (id_hash, sid, destination, fresh, answers, created_at, expires_at)
        VALUES ($1, $2, $3, $4, $5, $6, $7)";
    /// What lies open longest goes first.
    KEEP_NEWEST: "DELETE FROM hops WHERE sid = $1 AND id_hash NOT IN (SELECT id_hash
        FROM hops WHERE sid = $1 ORDER BY created_at DESC, id_hash LIMIT $2)";
    FIND: "SELECT destination, fresh, answers FROM hops
        WHERE id_hash = $1 AND sid = $2 AND expires_at > $3";
    TAKE: "DELETE FROM hops WHERE id_hash = $1 AND sid = $2 AND expires_at > $3";
}

/// Open at once in one session: more pages than anybody reads, and few enough that addresses
/// opened by a script fill no table.
const MOST_OPEN: i64 = 32;

/// Where she was going.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hop {
    pub destination: Destination,
    /// Credentials were shown in this request chain (CAS `renew`).
    pub fresh: bool,
    /// What was answered in it already.
    pub answers: Answers,
}

#[derive(sqlx::FromRow)]
struct HopRow {
    destination: Json<Destination>,
    fresh: bool,
    answers: Json<Answers>,
}

/// Writes a hop; of those that are open in its session the oldest make room.
pub async fn create(
    tx: &mut Tx,
    id_hash: &Tag,
    sid: Sid,
    hop: &Hop,
    now: Timestamp,
    expires_at: Timestamp,
) -> Result<(), DbError> {
    run!(tx, c => sqlx::query(INSERT)
        .bind(id_hash.as_bytes())
        .bind(sid.0)
        .bind(Json(&hop.destination))
        .bind(hop.fresh)
        .bind(Json(&hop.answers))
        .bind(Micros::from(now))
        .bind(Micros::from(expires_at))
        .execute(c))?;
    run!(tx, c => sqlx::query(KEEP_NEWEST).bind(sid.0).bind(MOST_OPEN).execute(c))?;
    Ok(())
}

/// The hop of this session; another session's is none (SES-02).
pub async fn find(
    conn: &mut Conn,
    id_hash: &Tag,
    sid: Sid,
    now: Timestamp,
) -> Result<Option<Hop>, DbError> {
    let row: Option<HopRow> = run!(conn, c => sqlx::query_as(FIND)
        .bind(id_hash.as_bytes()).bind(sid.0).bind(Micros::from(now)).fetch_optional(c))?;
    Ok(row.map(|row| Hop {
        destination: row.destination.0,
        fresh: row.fresh,
        answers: row.answers.0,
    }))
}

/// Uses it up; true for exactly one caller.
pub async fn take(tx: &mut Tx, id_hash: &Tag, sid: Sid, now: Timestamp) -> Result<bool, DbError> {
    let rows = run!(tx, c => sqlx::query(TAKE)
        .bind(id_hash.as_bytes()).bind(sid.0).bind(Micros::from(now)).execute(c))?;
    Ok(rows == 1)
}
