//! Proxy-granting tickets: an application's right to act for a signed-in person, as long as her
//! session lives.

use idp_domain::Timestamp;
use idp_domain::cas::ProxyGranting;
use idp_domain::ids::{GrantId, ProxyGrantingId};
use idp_domain::secrets::Tag;
use migrations::run;
use uuid::Uuid;

use crate::{Conn, DbError, Micros, Tx};

/// The columns of [`Row`], of `proxy_granting_tickets t`.
macro_rules! columns {
    () => {
        "t.id, t.grant_id, t.callback, t.depth, g.application_id
            FROM proxy_granting_tickets t JOIN grants g ON g.id = t.grant_id"
    };
}

migrations::statements! {
    /// Nothing for a session that ended since the ticket was validated (CAS 113).
    ISSUE: "INSERT INTO proxy_granting_tickets
            (id, ticket_hash, grant_id, parent_id, callback, depth, created_at)
        SELECT $1, $2, g.id, $4, $5, $6, $7
        FROM grants g JOIN sessions s ON s.sid = g.sid
        WHERE g.id = $3 AND s.ended_at IS NULL";
    BY_HASH: concat!("SELECT ", columns!(), " WHERE t.ticket_hash = $1");
    BY_ID: concat!("SELECT ", columns!(), " WHERE t.id = $1");
    CHAIN: "WITH RECURSIVE chain (grant_id, callback, parent_id, depth) AS (
            SELECT grant_id, callback, parent_id, depth FROM proxy_granting_tickets WHERE id = $1
            UNION ALL
            SELECT t.grant_id, t.callback, t.parent_id, t.depth
            FROM proxy_granting_tickets t JOIN chain c ON t.id = c.parent_id)
        SELECT g.application_id AS application, c.callback
            FROM chain c JOIN grants g ON g.id = c.grant_id ORDER BY c.depth DESC";
}

/// A ticket to be written.
#[derive(Clone, Debug)]
pub struct NewProxyGranting<'a> {
    pub id: ProxyGrantingId,
    pub hash: Tag,
    /// The grant whose ticket was validated with a callback.
    pub grant: GrantId,
    /// By which the validated ticket was made itself, if it was a proxy ticket.
    pub parent: Option<ProxyGrantingId>,
    pub callback: &'a str,
    /// 1 for a service that the person's browser carried a ticket to.
    pub depth: u32,
    pub created_at: Timestamp,
}

#[derive(sqlx::FromRow)]
struct Row {
    id: Uuid,
    grant_id: Uuid,
    application_id: String,
    callback: String,
    depth: i64,
}

impl From<Row> for ProxyGranting {
    fn from(row: Row) -> Self {
        Self {
            id: ProxyGrantingId(row.id),
            grant: GrantId(row.grant_id),
            application: row.application_id,
            callback: row.callback,
            depth: u32::try_from(row.depth).unwrap_or(u32::MAX),
        }
    }
}

/// False when the session ended in the meantime: then there is no ticket.
pub async fn issue(tx: &mut Tx, ticket: &NewProxyGranting<'_>) -> Result<bool, DbError> {
    let rows = run!(tx, c => sqlx::query(ISSUE)
        .bind(ticket.id.0)
        .bind(ticket.hash.as_bytes())
        .bind(ticket.grant.0)
        .bind(ticket.parent.map(|parent| parent.0))
        .bind(ticket.callback)
        .bind(i64::from(ticket.depth))
        .bind(Micros::from(ticket.created_at))
        .execute(c))?;
    Ok(rows == 1)
}

/// The ticket; whether its session lives is the caller's to judge.
pub async fn find(conn: &mut Conn, hash: &Tag) -> Result<Option<ProxyGranting>, DbError> {
    let row: Option<Row> =
        run!(conn, c => sqlx::query_as(BY_HASH).bind(hash.as_bytes()).fetch_optional(c))?;
    Ok(row.map(Into::into))
}

/// The one by which a proxy ticket was made.
pub async fn by_id(conn: &mut Conn, id: ProxyGrantingId) -> Result<Option<ProxyGranting>, DbError> {
    let row: Option<Row> = run!(conn, c => sqlx::query_as(BY_ID).bind(id.0).fetch_optional(c))?;
    Ok(row.map(Into::into))
}

/// An application that acts for a person, in a chain of such.
#[derive(Clone, Debug, PartialEq, Eq, sqlx::FromRow)]
pub struct Proxy {
    pub application: String,
    /// By which it is named to who validates a ticket (CAS 3.0.3 §2.6.2).
    pub callback: String,
}

/// The chain that ends with this one: the most recent proxy first.
pub async fn chain(conn: &mut Conn, id: ProxyGrantingId) -> Result<Vec<Proxy>, DbError> {
    run!(conn, c => sqlx::query_as(CHAIN).bind(id.0).fetch_all(c))
}
