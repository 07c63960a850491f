//! Service and proxy tickets. One statement consumes a ticket, whatever else is wrong with the request, and
//! exactly one caller gets it (TKT-01, TKT-02, TKT-03).

use idp_domain::Timestamp;
use idp_domain::applications::ApplicationId;
use idp_domain::ids::{GrantId, ProxyGrantingId, Sid};
use idp_domain::secrets::Tag;
use migrations::run;
use uuid::Uuid;

use crate::{Conn, DbError, Micros, Tx};

migrations::statements! {
    GRANT: "INSERT INTO grants (id, sid, application_id, protocol, created_at, number, service,
            lane, ticket_enc)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)";
    ISSUE: "INSERT INTO service_tickets (ticket_hash, grant_id, service, from_new_login,
            issued_at, expires_at, proxied_by)
        VALUES ($1, $2, $3, $4, $5, $6, $7)";
    CONSUME: "UPDATE service_tickets SET consumed_at = $2
        WHERE ticket_hash = $1 AND consumed_at IS NULL
        RETURNING grant_id, service, from_new_login, issued_at, expires_at, proxied_by,
            (SELECT g.application_id FROM grants g WHERE g.id = grant_id) AS application_id,
            (SELECT g.number FROM grants g WHERE g.id = grant_id) AS number";
    EXISTS: "SELECT EXISTS (SELECT 1 FROM service_tickets WHERE ticket_hash = $1)";
}

/// A service or proxy ticket to be written, with the grant that it makes.
#[derive(Clone, Debug)]
pub struct NewTicket<'a> {
    pub hash: Tag,
    pub grant: GrantId,
    pub sid: Sid,
    pub application: &'a ApplicationId,
    /// Canonical account number that the application knows the person by.
    pub number: &'a str,
    /// The canonical service that it is bound to.
    pub service: &'a str,
    /// How it is told of the logout; nothing for a service that no notice can reach.
    pub logout: Option<LogoutNotice>,
    /// By which a proxy ticket is made.
    pub proxied_by: Option<ProxyGrantingId>,
    pub from_new_login: bool,
    pub issued_at: Timestamp,
    pub expires_at: Timestamp,
}

/// What a logout notice will need.
#[derive(Clone, Debug)]
pub struct LogoutNotice {
    /// `host:port`: notices to one are delivered a few at a time.
    pub lane: String,
    /// The ticket, sealed: the notice says it again.
    pub ticket_enc: Vec<u8>,
}

/// A ticket that this caller consumed.
#[derive(Clone, Debug)]
pub struct Consumed {
    pub grant: Uuid,
    pub application: String,
    /// Nothing for a ticket of a former version.
    pub number: Option<String>,
    /// Set for a proxy ticket.
    pub proxied_by: Option<ProxyGrantingId>,
    pub service: String,
    pub from_new_login: bool,
    pub expires_at: Timestamp,
}

#[derive(sqlx::FromRow)]
struct ConsumedRow {
    grant_id: Uuid,
    application_id: String,
    number: Option<String>,
    proxied_by: Option<Uuid>,
    service: String,
    from_new_login: bool,
    expires_at: Micros,
}

/// Writes the grant and its ticket. The caller has touched the session in this transaction
/// ([`crate::sessions::touch`]), so that it can't end in between without telling this grant.
pub async fn issue(tx: &mut Tx, ticket: &NewTicket<'_>) -> Result<(), DbError> {
    let issued_at = Micros::from(ticket.issued_at);
    run!(tx, c => sqlx::query(GRANT)
        .bind(ticket.grant.0)
        .bind(ticket.sid.0)
        .bind(ticket.application.as_str())
        .bind("cas")
        .bind(issued_at)
        .bind(ticket.number)
        .bind(ticket.service)
        .bind(ticket.logout.as_ref().map(|notice| &notice.lane))
        .bind(ticket.logout.as_ref().map(|notice| &notice.ticket_enc))
        .execute(c))?;
    run!(tx, c => sqlx::query(ISSUE)
        .bind(ticket.hash.as_bytes())
        .bind(ticket.grant.0)
        .bind(ticket.service)
        .bind(ticket.from_new_login)
        .bind(issued_at)
        .bind(Micros::from(ticket.expires_at))
        .bind(ticket.proxied_by.map(|id| id.0))
        .execute(c))?;
    Ok(())
}

/// Consumes a ticket. Whether it is too old or for another service is the caller's to judge: it
/// is gone in any case.
pub async fn consume(tx: &mut Tx, hash: &Tag, now: Timestamp) -> Result<Option<Consumed>, DbError> {
    let row: Option<ConsumedRow> = run!(tx, c => sqlx::query_as(CONSUME)
        .bind(hash.as_bytes()).bind(Micros::from(now)).fetch_optional(c))?;
    Ok(row.map(|row| Consumed {
        grant: row.grant_id,
        application: row.application_id,
        number: row.number,
        proxied_by: row.proxied_by.map(ProxyGrantingId),
        service: row.service,
        from_new_login: row.from_new_login,
        expires_at: row.expires_at.into(),
    }))
}

/// True for a ticket that was issued and isn't swept yet, consumed or not.
pub async fn exists(conn: &mut Conn, hash: &Tag) -> Result<bool, DbError> {
    run!(conn, c => sqlx::query_scalar(EXISTS).bind(hash.as_bytes()).fetch_one(c))
}
