//! The application doctor's probe: a person without a number in the roster, with sessions of their
//! own kind. A statement that asks the roster doesn't see it, and every way to sign in does.

use idp_domain::Timestamp;
use idp_domain::applications::ApplicationId;
use idp_domain::factors::Factor;
use idp_domain::ids::{PersonId, Sid};
use idp_domain::secrets::Tag;
use idp_domain::sessions::Session;
use idp_domain::signin::{Holder, PROBE, PersonState};
use migrations::run;
use sqlx::types::Json;
use uuid::Uuid;

use crate::audit::Recorded;
use crate::sessions::SessionKind;
use crate::{Conn, DbError, Micros, Tx};

migrations::statements! {
    ENSURE: "INSERT INTO persons (id, created_at, state, activated_at) VALUES ($1, $2, $3, $2)
        ON CONFLICT (id) DO NOTHING";
    /// For the application of its first grant, whatever else came to hang on the session.
    FIND_BY_GRANT: "SELECT s.id_hash, s.sid, s.factors, s.signed_in_at, s.last_seen_at,
            s.expires_at, s.ended_at, p.not_before,
            (SELECT g.application_id FROM grants g WHERE g.sid = s.sid
                ORDER BY g.id LIMIT 1) AS application_id
        FROM sessions s JOIN persons p ON p.id = s.person_id
        WHERE s.sid = (SELECT sid FROM grants WHERE id = $1)
            AND s.kind = $2 AND p.id = $3 AND p.state = $4";
    TICKET: "SELECT grant_id, expires_at, consumed_at FROM service_tickets WHERE ticket_hash = $1";
    TRAIL: "SELECT event, result, reason, person_id, application_id, detail FROM audit_events
        WHERE person_id = $1 AND at >= $2 AND event LIKE 'cas.ticket.%' ORDER BY id LIMIT 200";
}

#[derive(sqlx::FromRow)]
struct ProbeRow {
    id_hash: Vec<u8>,
    sid: Uuid,
    factors: Json<Vec<Factor>>,
    signed_in_at: Micros,
    last_seen_at: Micros,
    expires_at: Micros,
    ended_at: Option<Micros>,
    not_before: Micros,
    application_id: String,
}

/// Makes the probe where there is none yet.
pub async fn ensure(tx: &mut Tx, now: Timestamp) -> Result<PersonId, DbError> {
    run!(tx, c => sqlx::query(ENSURE)
        .bind(PROBE.0)
        .bind(Micros::from(now))
        .bind(PersonState::Probe.as_str())
        .execute(c))?;
    Ok(PROBE)
}

/// The probe's session that a grant belongs to; nothing for any person's.
pub(crate) async fn find_by_grant(
    conn: &mut Conn,
    grant: Uuid,
) -> Result<Option<(Session, Holder)>, DbError> {
    let row: Option<ProbeRow> = run!(conn, c => sqlx::query_as(FIND_BY_GRANT)
        .bind(grant)
        .bind(SessionKind::Probe.as_str())
        .bind(PROBE.0)
        .bind(PersonState::Probe.as_str())
        .fetch_optional(c))?;
    Ok(row.and_then(|row| {
        let holder = Holder::probe_of(ApplicationId::parse(&row.application_id).ok()?);
        let session = Session {
            id_hash: Tag::from_column(&row.id_hash),
            sid: Sid(row.sid),
            person: PROBE,
            factors: row.factors.0,
            signed_in_at: row.signed_in_at.into(),
            last_seen_at: row.last_seen_at.into(),
            expires_at: row.expires_at.into(),
            ended: row.ended_at.is_some(),
            warn: false,
            remembered: false,
            not_before: row.not_before.into(),
        };
        Some((session, holder))
    }))
}

/// What became of a ticket so far.
#[derive(Clone, Copy, Debug)]
pub struct TicketState {
    pub grant: Uuid,
    pub expires_at: Timestamp,
    pub consumed_at: Option<Timestamp>,
}

/// A ticket's state; nothing once it was swept.
pub async fn ticket(conn: &mut Conn, hash: &Tag) -> Result<Option<TicketState>, DbError> {
    let row: Option<(Uuid, Micros, Option<Micros>)> =
        run!(conn, c => sqlx::query_as(TICKET).bind(hash.as_bytes()).fetch_optional(c))?;
    Ok(row.map(|(grant, expires_at, consumed_at)| TicketState {
        grant,
        expires_at: expires_at.into(),
        consumed_at: consumed_at.map(Timestamp::from),
    }))
}

/// What the trail says of the probe's tickets since then, the oldest first.
pub async fn trail(conn: &mut Conn, since: Timestamp) -> Result<Vec<Recorded>, DbError> {
    run!(conn, c => sqlx::query_as(TRAIL)
        .bind(PROBE.0).bind(Micros::from(since)).fetch_all(c))
}
