//! SSO sessions. A hop of a signed-in person costs the one read of [`find`] and the short
//! transaction of [`touch`] with what it issues.

use idp_domain::Timestamp;
use idp_domain::factors::Factor;
use idp_domain::ids::{GrantId, PersonId, Sid};
use idp_domain::secrets::Tag;
use idp_domain::sessions::{Session, SessionRules};
use idp_domain::signin::{Holder, Wishes};
use migrations::run;
use sqlx::types::Json;
use uuid::Uuid;

use crate::persons::{HolderRow, gather};
use crate::{Conn, DbError, Micros, Tx, probes};

/// A session with all that decides about its person, in one read: a row for each number.
macro_rules! with_holder {
    ($where:literal) => {
        concat!(
            "SELECT s.id_hash, s.sid, s.factors, s.signed_in_at, s.last_seen_at, s.expires_at,
                s.ended_at, s.warn, s.remembered, p.not_before, ",
            crate::persons::holder_columns!(),
            " FROM sessions s JOIN persons p ON p.id = s.person_id ",
            crate::persons::holder_joins!(),
            " WHERE ",
            $where
        )
    };
}

migrations::statements! {
    INSERT: "INSERT INTO sessions (id_hash, sid, person_id, number, factors, signed_in_at,
            last_seen_at, expires_at, address, user_agent, warn, remembered, kind)
        VALUES ($1, $2, $3, $4, $5, $6, $6, $7, $8, $9, $10, $11, $12)";
    FIND: with_holder!("s.id_hash = $1");
    /// The session behind a ticket, at its redemption.
    FIND_BY_GRANT: with_holder!("s.sid = (SELECT sid FROM grants WHERE id = $1)");
    /// Two nodes' clocks may differ a little: the later use stays.
    TOUCH: "UPDATE sessions
        SET last_seen_at = CASE WHEN last_seen_at < $2 THEN $2 ELSE last_seen_at END
        WHERE id_hash = $1 AND ended_at IS NULL";
    /// The row is this transaction's from here: who ends the session waits, and sees what was done.
    TOUCH_OF_GRANT: "UPDATE sessions
        SET last_seen_at = CASE WHEN last_seen_at < $2 THEN $2 ELSE last_seen_at END
        WHERE sid = (SELECT sid FROM grants WHERE id = $1) AND ended_at IS NULL";
    END: "UPDATE sessions SET ended_at = $2, end_reason = $3
        WHERE id_hash = $1 AND ended_at IS NULL
        RETURNING sid, person_id, number";
    END_OF_PERSON: "UPDATE sessions SET ended_at = $2, end_reason = $3
        WHERE person_id = $1 AND ended_at IS NULL
        RETURNING sid, person_id, number";
    END_RUN_OUT_SQLITE(Sqlite): "UPDATE sessions SET ended_at = $1, end_reason = $2
        WHERE id_hash IN (SELECT id_hash FROM sessions WHERE ended_at IS NULL
                AND (expires_at <= $1
                    OR (NOT remembered AND (signed_in_at <= $3 OR last_seen_at <= $4))
                    OR (remembered AND (signed_in_at <= $5 OR last_seen_at <= $6))) LIMIT $7)
        RETURNING sid, person_id, number";
    /// Never waits for who ends or uses a session now: so two who end several can't block each
    /// other.
    END_RUN_OUT_POSTGRES(Postgres): "UPDATE sessions SET ended_at = $1, end_reason = $2
        WHERE id_hash IN (SELECT id_hash FROM sessions WHERE ended_at IS NULL
                AND (expires_at <= $1
                    OR (NOT remembered AND (signed_in_at <= $3 OR last_seen_at <= $4))
                    OR (remembered AND (signed_in_at <= $5 OR last_seen_at <= $6))) LIMIT $7
                FOR UPDATE SKIP LOCKED)
        RETURNING sid, person_id, number";
    /// The same person signed in again in the same browser: what she has entered stays entered.
    HAND_ON: "UPDATE grants SET sid = $2 WHERE sid = $1";
}

/// Who holds a session's secret.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum SessionKind {
    /// A browser, as its cookie.
    #[default]
    Browser,
    /// An application, as the ticket-granting ticket of CAS's REST protocol.
    Rest,
    /// The application doctor.
    Probe,
}

impl SessionKind {
    /// The word in the row and in the audit trail.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Browser => "browser",
            Self::Rest => "rest",
            Self::Probe => "probe",
        }
    }
}

/// A session to be written.
#[derive(Clone, Debug)]
pub struct NewSession<'a> {
    pub id_hash: Tag,
    pub sid: Sid,
    pub person: PersonId,
    pub number: &'a str,
    pub factors: &'a [Factor],
    pub signed_in_at: Timestamp,
    pub expires_at: Timestamp,
    pub address: Option<String>,
    pub user_agent: Option<&'a str>,
    pub wishes: Wishes,
    pub kind: SessionKind,
}

#[derive(sqlx::FromRow)]
struct SessionRow {
    id_hash: Vec<u8>,
    sid: Uuid,
    factors: Json<Vec<Factor>>,
    signed_in_at: Micros,
    last_seen_at: Micros,
    expires_at: Micros,
    ended_at: Option<Micros>,
    warn: bool,
    remembered: bool,
    not_before: Micros,
    #[sqlx(flatten)]
    holder: HolderRow,
}

pub async fn create(tx: &mut Tx, session: &NewSession<'_>) -> Result<(), DbError> {
    run!(tx, c => sqlx::query(INSERT)
        .bind(session.id_hash.as_bytes())
        .bind(session.sid.0)
        .bind(session.person.0)
        .bind(session.number)
        .bind(Json(session.factors))
        .bind(Micros::from(session.signed_in_at))
        .bind(Micros::from(session.expires_at))
        .bind(&session.address)
        .bind(session.user_agent)
        .bind(session.wishes.warn)
        .bind(session.wishes.remember)
        .bind(session.kind.as_str())
        .execute(c))?;
    Ok(())
}

/// The session of this cookie, live or not, with its person.
pub async fn find(conn: &mut Conn, id_hash: &Tag) -> Result<Option<(Session, Holder)>, DbError> {
    let rows: Vec<SessionRow> =
        run!(conn, c => sqlx::query_as(FIND).bind(id_hash.as_bytes()).fetch_all(c))?;
    Ok(assemble(rows))
}

/// The session that a grant belongs to, a probe's too: there is no other way to find one of those.
pub async fn find_by_grant(
    conn: &mut Conn,
    grant: Uuid,
) -> Result<Option<(Session, Holder)>, DbError> {
    let rows: Vec<SessionRow> =
        run!(conn, c => sqlx::query_as(FIND_BY_GRANT).bind(grant).fetch_all(c))?;
    match assemble(rows) {
        Some(found) => Ok(Some(found)),
        // The probe is in no roster.
        None => probes::find_by_grant(conn, grant).await,
    }
}

fn assemble(rows: Vec<SessionRow>) -> Option<(Session, Holder)> {
    let first = rows.first()?;
    let session = Session {
        id_hash: Tag::from_column(&first.id_hash),
        sid: Sid(first.sid),
        person: PersonId(first.holder.person_id),
        factors: first.factors.0.clone(),
        signed_in_at: first.signed_in_at.into(),
        last_seen_at: first.last_seen_at.into(),
        expires_at: first.expires_at.into(),
        ended: first.ended_at.is_some(),
        warn: first.warn,
        remembered: first.remembered,
        not_before: first.not_before.into(),
    };
    let holder = gather(rows.into_iter().map(|row| row.holder))?;
    Some((session, holder))
}

/// Notes the use. False when the session ended in the meantime: then nothing may be issued.
pub async fn touch(tx: &mut Tx, id_hash: &Tag, now: Timestamp) -> Result<bool, DbError> {
    let rows = run!(tx, c => sqlx::query(TOUCH)
        .bind(id_hash.as_bytes()).bind(Micros::from(now)).execute(c))?;
    Ok(rows == 1)
}

/// Notes a use of the session that a grant is in, and holds it; false when it has ended.
pub async fn touch_of_grant(tx: &mut Tx, grant: GrantId, now: Timestamp) -> Result<bool, DbError> {
    // Handed on while we waited, the grant is in another session by the second time.
    for _ in 0..2 {
        let rows = run!(tx, c => sqlx::query(TOUCH_OF_GRANT)
            .bind(grant.0).bind(Micros::from(now)).execute(c))?;
        if rows == 1 {
            return Ok(true);
        }
    }
    Ok(false)
}

/// A session that this caller ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EndedSession {
    pub sid: Sid,
    pub person: PersonId,
    /// Canonical number that was typed.
    pub number: String,
}

#[derive(sqlx::FromRow)]
struct EndedRow {
    sid: Uuid,
    person_id: Uuid,
    number: String,
}

impl From<EndedRow> for EndedSession {
    fn from(row: EndedRow) -> Self {
        Self {
            sid: Sid(row.sid),
            person: PersonId(row.person_id),
            number: row.number,
        }
    }
}

/// Ends one; exactly one caller gets it.
pub async fn end(
    tx: &mut Tx,
    id_hash: &Tag,
    reason: &'static str,
    now: Timestamp,
) -> Result<Option<EndedSession>, DbError> {
    let row: Option<EndedRow> = run!(tx, c => sqlx::query_as(END)
        .bind(id_hash.as_bytes()).bind(Micros::from(now)).bind(reason).fetch_optional(c))?;
    Ok(row.map(EndedSession::from))
}

/// Ends all of a person's.
pub async fn end_all(
    tx: &mut Tx,
    person: PersonId,
    reason: &'static str,
    now: Timestamp,
) -> Result<Vec<EndedSession>, DbError> {
    let rows: Vec<EndedRow> = run!(tx, c => sqlx::query_as(END_OF_PERSON)
        .bind(person.0).bind(Micros::from(now)).bind(reason).fetch_all(c))?;
    Ok(rows.into_iter().map(EndedSession::from).collect())
}

/// Ends at most `limit` that have run out by `rules`, as [`Session::is_live`] has it.
pub async fn end_run_out(
    tx: &mut Tx,
    reason: &'static str,
    rules: &SessionRules,
    now: Timestamp,
    limit: i64,
) -> Result<Vec<EndedSession>, DbError> {
    let sql = tx.pick(END_RUN_OUT_SQLITE, END_RUN_OUT_POSTGRES);
    let [ordinary, remembered] = [false, true].map(|kind| rules.live_since(kind, now));
    let rows: Vec<EndedRow> = run!(tx, c => sqlx::query_as(sql)
        .bind(Micros::from(now)).bind(reason)
        .bind(Micros::from(ordinary.signed_in)).bind(Micros::from(ordinary.seen))
        .bind(Micros::from(remembered.signed_in)).bind(Micros::from(remembered.seen))
        .bind(limit)
        .fetch_all(c))?;
    Ok(rows.into_iter().map(EndedSession::from).collect())
}

/// Gives the grants of a session that ended to the one that took its place.
pub async fn hand_on(tx: &mut Tx, from: Sid, to: Sid) -> Result<u64, DbError> {
    run!(tx, c => sqlx::query(HAND_ON).bind(from.0).bind(to.0).execute(c))
}
