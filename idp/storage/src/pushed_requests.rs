//! Requests that applications pushed (RFC 9126). Each is good for one answer, whatever that is:
//! one statement consumes it, and exactly one caller gets it (OID-10).

use idp_domain::Timestamp;
use idp_domain::applications::ApplicationId;
use idp_domain::secrets::Tag;
use migrations::run;
use sqlx::types::Json;

use crate::{Conn, DbError, Micros, Tx};

migrations::statements! {
    /// Unless so many of the application are open.
    CREATE: "INSERT INTO pushed_requests (uri_hash, application_id, parameters, created_at,
            expires_at)
        SELECT $1, $2, $3, $4, $5
        WHERE (SELECT count(*) FROM pushed_requests
            WHERE application_id = $2 AND consumed_at IS NULL AND expires_at > $4) < $6";
    FIND: "SELECT parameters, opened_at FROM pushed_requests
        WHERE uri_hash = $1 AND application_id = $2 AND consumed_at IS NULL AND expires_at > $3";
    /// Once: presenting it again makes nothing last longer.
    OPEN: "UPDATE pushed_requests SET opened_at = $2, expires_at = $3
        WHERE uri_hash = $1 AND opened_at IS NULL AND consumed_at IS NULL AND expires_at > $2";
    CONSUME: "UPDATE pushed_requests SET consumed_at = $2
        WHERE uri_hash = $1 AND consumed_at IS NULL AND expires_at > $2";
}

/// A request to be kept, under the hash of its `request_uri`.
#[derive(Clone, Debug)]
pub struct NewPushed<'a> {
    pub hash: Tag,
    pub application: &'a ApplicationId,
    pub parameters: &'a [(String, String)],
    pub created_at: Timestamp,
    pub expires_at: Timestamp,
}

/// A request that waits for its answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pushed {
    pub parameters: Vec<(String, String)>,
    /// A browser presented it before.
    pub opened: bool,
}

#[derive(sqlx::FromRow)]
struct PushedRow {
    parameters: Json<Vec<(String, String)>>,
    opened_at: Option<Micros>,
}

/// False when `most` of this application are open already; two at once may both be the last.
pub async fn create(tx: &mut Tx, pushed: &NewPushed<'_>, most: i64) -> Result<bool, DbError> {
    let rows = run!(tx, c => sqlx::query(CREATE)
        .bind(pushed.hash.as_bytes())
        .bind(pushed.application.as_str())
        .bind(Json(pushed.parameters))
        .bind(Micros::from(pushed.created_at))
        .bind(Micros::from(pushed.expires_at))
        .bind(most)
        .execute(c))?;
    Ok(rows == 1)
}

/// The request of this application; another one's, one that was answered and one that is too old
/// are none.
pub async fn find(
    conn: &mut Conn,
    hash: &Tag,
    application: &ApplicationId,
    now: Timestamp,
) -> Result<Option<Pushed>, DbError> {
    let row: Option<PushedRow> = run!(conn, c => sqlx::query_as(FIND)
            .bind(hash.as_bytes()).bind(application.as_str()).bind(Micros::from(now))
            .fetch_optional(c))?;
    Ok(row.map(|row| Pushed {
        parameters: row.parameters.0,
        opened: row.opened_at.is_some(),
    }))
}

/// Notes that a browser presented it, and gives its person time to sign in.
pub async fn open(
    tx: &mut Tx,
    hash: &Tag,
    now: Timestamp,
    expires_at: Timestamp,
) -> Result<(), DbError> {
    run!(tx, c => sqlx::query(OPEN)
        .bind(hash.as_bytes()).bind(Micros::from(now)).bind(Micros::from(expires_at))
        .execute(c))?;
    Ok(())
}

/// Uses it up; true for exactly one caller.
pub async fn consume(tx: &mut Tx, hash: &Tag, now: Timestamp) -> Result<bool, DbError> {
    let rows = run!(tx, c => sqlx::query(CONSUME)
        .bind(hash.as_bytes()).bind(Micros::from(now)).execute(c))?;
    Ok(rows == 1)
}
