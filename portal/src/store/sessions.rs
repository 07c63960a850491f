//! Who is signed in, under the hash of the cookie.

use jiff::Timestamp;
use migrations::{Conn, DbError, Micros, Tx, run};
use uuid::Uuid;

use crate::secrets::Hash;

migrations::statements! {
    INSERT: "INSERT INTO portal_sessions (id, cookie_hash, subject, sid, sealed, version, renew_at,
            began_at, seen_at, ends_at)
        VALUES ($1, $2, $3, $4, $5, 1, $6, $7, $7, $8)";
    FIND: "SELECT id, subject, sealed, version, renew_at, seen_at
        FROM portal_sessions WHERE cookie_hash = $1 AND ends_at > $2 AND seen_at > $3";
    EXISTS: "SELECT EXISTS (SELECT 1 FROM portal_sessions WHERE id = $1)";
    SEEN: "UPDATE portal_sessions SET seen_at = $2 WHERE id = $1 AND seen_at < $2";
    /// One at a time renews; one that died in between is waited for no longer than that, and
    /// leaves behind when it sent the token first.
    CLAIM: "UPDATE portal_sessions
        SET renewing_until = $3, renewal_sent_at = COALESCE(renewal_sent_at, $4)
        WHERE id = $1 AND version = $2 AND (renewing_until IS NULL OR renewing_until <= $4)
        RETURNING renewal_sent_at";
    PROLONG: "UPDATE portal_sessions SET renewing_until = $4
        WHERE id = $1 AND version = $2 AND renewing_until = $3";
    PUT_OFF: "UPDATE portal_sessions
        SET renew_at = $4, renewal_sent_at = $5, renewing_until = NULL
        WHERE id = $1 AND version = $2 AND renewing_until = $3";
    RENEWED: "UPDATE portal_sessions
        SET sealed = $3, renew_at = $4, renewing_until = NULL, renewal_sent_at = NULL,
            version = version + 1
        WHERE id = $1 AND version = $2";
    TOLD: "UPDATE portal_sessions SET sealed = $3, version = version + 1
        WHERE id = $1 AND version = $2";
    END: "DELETE FROM portal_sessions WHERE id = $1";
    END_VERSION: "DELETE FROM portal_sessions WHERE id = $1 AND version = $2";
    END_BY_COOKIE: "DELETE FROM portal_sessions WHERE cookie_hash = $1";
    END_BY_SID: "DELETE FROM portal_sessions WHERE sid = $1";
    END_BY_SID_AND_SUBJECT: "DELETE FROM portal_sessions WHERE sid = $1 AND subject = $2";
    END_BY_SUBJECT: "DELETE FROM portal_sessions WHERE subject = $1";
    PURGE: "DELETE FROM portal_sessions WHERE ends_at <= $1 OR seen_at <= $2";
}

/// A session as it is stored.
#[derive(Clone, Debug, sqlx::FromRow)]
pub(crate) struct Row {
    pub(crate) id: Uuid,
    pub(crate) subject: String,
    pub(crate) sealed: Vec<u8>,
    pub(crate) version: i64,
    renew_at: Option<Micros>,
    seen_at: Micros,
}

impl Row {
    /// When the tokens are to be renewed; none: they can't be.
    pub(crate) fn renew_at(&self) -> Option<Timestamp> {
        self.renew_at.map(Into::into)
    }

    pub(crate) fn seen_at(&self) -> Timestamp {
        self.seen_at.into()
    }
}

/// A session that begins.
#[derive(Clone, Debug)]
pub(crate) struct New<'a> {
    pub(crate) id: Uuid,
    pub(crate) cookie: &'a Hash,
    pub(crate) subject: &'a str,
    pub(crate) sid: Option<&'a str>,
    pub(crate) sealed: &'a [u8],
    pub(crate) renew_at: Option<Timestamp>,
    pub(crate) now: Timestamp,
    pub(crate) ends_at: Timestamp,
}

pub(crate) async fn insert(tx: &mut Tx, new: &New<'_>) -> Result<(), DbError> {
    run!(tx, c => sqlx::query(INSERT)
        .bind(new.id)
        .bind(new.cookie.as_slice())
        .bind(new.subject)
        .bind(new.sid)
        .bind(new.sealed)
        .bind(new.renew_at.map(Micros::from))
        .bind(Micros::from(new.now))
        .bind(Micros::from(new.ends_at))
        .execute(c))
    .map(drop)
}

/// The live session of a cookie; `idle_since`: not seen since then is over.
pub(crate) async fn find(
    conn: &mut Conn,
    cookie: &Hash,
    now: Timestamp,
    idle_since: Timestamp,
) -> Result<Option<Row>, DbError> {
    run!(conn, c => sqlx::query_as(FIND)
        .bind(cookie.as_slice())
        .bind(Micros::from(now))
        .bind(Micros::from(idle_since))
        .fetch_optional(c))
}

pub(crate) async fn exists(conn: &mut Conn, id: Uuid) -> Result<bool, DbError> {
    run!(conn, c => sqlx::query_scalar(EXISTS).bind(id).fetch_one(c))
}

/// Notes that it is used.
pub(crate) async fn seen(tx: &mut Tx, id: Uuid, now: Timestamp) -> Result<(), DbError> {
    run!(tx, c => sqlx::query(SEEN).bind(id).bind(Micros::from(now)).execute(c)).map(drop)
}

/// For the one that may renew the tokens of this version until `until`: when the refresh token was
/// first sent, which is `now` unless a renewal before this one was left open.
pub(crate) async fn claim(
    tx: &mut Tx,
    id: Uuid,
    version: i64,
    until: Timestamp,
    now: Timestamp,
) -> Result<Option<Timestamp>, DbError> {
    let sent: Option<Micros> = run!(tx, c => sqlx::query_scalar(CLAIM)
        .bind(id)
        .bind(version)
        .bind(Micros::from(until))
        .bind(Micros::from(now))
        .fetch_optional(c))?;
    Ok(sent.map(Into::into))
}

/// Holds the claim that ends at `claimed` until `until`; false where somebody else has it.
pub(crate) async fn prolong(
    tx: &mut Tx,
    id: Uuid,
    version: i64,
    claimed: Timestamp,
    until: Timestamp,
) -> Result<bool, DbError> {
    let rows = run!(tx, c => sqlx::query(PROLONG)
        .bind(id)
        .bind(version)
        .bind(Micros::from(claimed))
        .bind(Micros::from(until))
        .execute(c))?;
    Ok(rows == 1)
}

/// Gives back the claim that ends at `claimed`, nothing renewed; `sent_at`: the refresh token may
/// have been used since then. False where the session ended or somebody else has the claim.
pub(crate) async fn put_off(
    tx: &mut Tx,
    id: Uuid,
    version: i64,
    claimed: Timestamp,
    renew_at: Timestamp,
    sent_at: Option<Timestamp>,
) -> Result<bool, DbError> {
    let rows = run!(tx, c => sqlx::query(PUT_OFF)
        .bind(id)
        .bind(version)
        .bind(Micros::from(claimed))
        .bind(Micros::from(renew_at))
        .bind(sent_at.map(Micros::from))
        .execute(c))?;
    Ok(rows == 1)
}

/// Puts what was renewed in place of `version`; false when the session ended or changed meanwhile.
pub(crate) async fn renewed(
    tx: &mut Tx,
    id: Uuid,
    version: i64,
    sealed: &[u8],
    renew_at: Option<Timestamp>,
) -> Result<bool, DbError> {
    let rows = run!(tx, c => sqlx::query(RENEWED)
        .bind(id)
        .bind(version)
        .bind(sealed)
        .bind(renew_at.map(Micros::from))
        .execute(c))?;
    Ok(rows == 1)
}

/// Puts what was told since in place of `version`; false as for [`renewed`].
pub(crate) async fn told(
    tx: &mut Tx,
    id: Uuid,
    version: i64,
    sealed: &[u8],
) -> Result<bool, DbError> {
    let rows = run!(tx, c => sqlx::query(TOLD)
        .bind(id)
        .bind(version)
        .bind(sealed)
        .execute(c))?;
    Ok(rows == 1)
}

/// Ends it, unless it was renewed since `version`.
pub(crate) async fn end_version(tx: &mut Tx, id: Uuid, version: i64) -> Result<bool, DbError> {
    let rows = run!(tx, c => sqlx::query(END_VERSION).bind(id).bind(version).execute(c))?;
    Ok(rows == 1)
}

pub(crate) async fn end(tx: &mut Tx, id: Uuid) -> Result<u64, DbError> {
    run!(tx, c => sqlx::query(END).bind(id).execute(c))
}

pub(crate) async fn end_by_cookie(tx: &mut Tx, cookie: &Hash) -> Result<u64, DbError> {
    run!(tx, c => sqlx::query(END_BY_COOKIE).bind(cookie.as_slice()).execute(c))
}

/// Ends what a logout token names: the session of its `sid`, which must be of its `sub` where it
/// has both, or every session of its `sub`. How many went.
pub(crate) async fn end_told(
    tx: &mut Tx,
    sid: Option<&str>,
    subject: Option<&str>,
) -> Result<u64, DbError> {
    match (sid, subject) {
        (Some(sid), Some(subject)) => run!(tx, c => sqlx::query(END_BY_SID_AND_SUBJECT)
            .bind(sid)
            .bind(subject)
            .execute(c)),
        (Some(sid), None) => run!(tx, c => sqlx::query(END_BY_SID).bind(sid).execute(c)),
        (None, Some(subject)) => {
            run!(tx, c => sqlx::query(END_BY_SUBJECT).bind(subject).execute(c))
        }
        (None, None) => Ok(0),
    }
}

/// Those that ended by themselves. How many went.
pub(crate) async fn purge(
    tx: &mut Tx,
    now: Timestamp,
    idle_since: Timestamp,
) -> Result<u64, DbError> {
    run!(tx, c => sqlx::query(PURGE)
        .bind(Micros::from(now))
        .bind(Micros::from(idle_since))
        .execute(c))
}
