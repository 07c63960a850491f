//! The ledger of logouts: each session that ended with somebody to tell, and below it a notice for
//! each grant, of whichever protocol. A notice's message in the outbox has the grant's id, and so has
//! what is said of it: who delivers it twice says the same (XML-09).

use idp_domain::Timestamp;
use idp_domain::ids::{GrantId, OutboxId, PersonId, Sid};
use idp_domain::secrets::Tag;
use migrations::run;
use uuid::Uuid;

use crate::sessions::EndedSession;
use crate::{Conn, DbError, Micros, Tx, outbox};

/// The kinds of the messages that tell applications; [`open`] writes them as `protocol _logout`.
pub const KINDS: [&str; 2] = ["cas_logout", "oidc_logout"];

/// The grants that somebody is told of: a CAS service is by its ticket, where that was kept, and an
/// OpenID Connect client by the grant itself.
macro_rules! is_told {
    () => {
        "(g.ticket_enc IS NOT NULL OR g.protocol = 'oidc')"
    };
}

macro_rules! notices_where {
    ($where:literal) => {
        concat!(
            "SELECT n.grant_id, n.application_id, n.protocol, n.state, g.service, g.subject, g.ticket_enc,
                coalesce(r.display_number, g.number) AS number
            FROM logout_notices n JOIN grants g ON g.id = n.grant_id
                LEFT JOIN current_roster r ON r.number = g.number
            WHERE ",
            $where,
            " ORDER BY n.grant_id"
        )
    };
}

migrations::statements! {
    HAS_NOTICES: concat!(
        "SELECT EXISTS (SELECT 1 FROM grants g WHERE g.sid = $1 AND ", is_told!(), ")");
    /// A session ends once, and so its logout has its id.
    OPEN: "INSERT INTO logouts (id, sid, person_id, number, reason, ended_at, view_hash,
            view_expires_at)
        VALUES ($1, $1, $2, $3, $4, $5, $6, $7) ON CONFLICT (id) DO NOTHING";
    /// One for each grant, whoever else ends the session now.
    NOTICES: concat!(
        "INSERT INTO logout_notices (grant_id, logout_id, application_id, protocol, state)
        SELECT g.id, l.id, g.application_id, g.protocol, 'waiting'
            FROM logouts l JOIN grants g ON g.sid = l.sid
            WHERE l.id = $1 AND ", is_told!(), " ON CONFLICT (grant_id) DO NOTHING");
    /// What a client is told is signed anew at each try, so there is nothing to keep.
    MESSAGES: "INSERT INTO outbox (id, kind, payload_enc, lane, created_at, next_at)
        SELECT g.id, g.protocol || '_logout', coalesce(g.ticket_enc, $2), coalesce(g.lane, ''),
                l.ended_at, l.ended_at
            FROM logout_notices n JOIN logouts l ON l.id = n.logout_id
                JOIN grants g ON g.id = n.grant_id
            WHERE n.logout_id = $1 AND n.state = 'waiting'
        ON CONFLICT (id) DO NOTHING";
    OF_LOGOUT: notices_where!("n.logout_id = $1 AND n.state = $2");
    APPLICATIONS: "SELECT DISTINCT application_id, protocol FROM logout_notices
        WHERE logout_id = $1";
    OF_GRANT: notices_where!("n.grant_id = $1");
    ATTEMPTED: "UPDATE logout_notices SET state = 'retrying', attempts = $2, reason = $3
        WHERE grant_id = $1 AND state IN ('waiting', 'retrying')";
    SETTLE: "UPDATE logout_notices SET state = $2, attempts = $3, reason = $4, settled_at = $5
        WHERE grant_id = $1 AND state IN ('waiting', 'retrying')";
    HAND_OVER: "UPDATE logout_notices SET state = 'handed'
        WHERE grant_id = $1 AND state = 'waiting'";
    SHOW: "UPDATE logout_notices SET state = 'shown', attempts = 1, settled_at = $2
        WHERE grant_id = $1 AND state = 'handed'";
    BY_VIEW: "SELECT id, view_expires_at FROM logouts
        WHERE view_hash = $1 AND view_expires_at > $2";
    STATES: "SELECT DISTINCT application_id, state FROM logout_notices WHERE logout_id = $1
        ORDER BY application_id";
    LIST: "SELECT l.ended_at, l.reason AS ended_because,
            coalesce(r.display_number, l.number) AS number,
            n.application_id, n.state, n.attempts, n.reason, n.settled_at
        FROM logouts l JOIN logout_notices n ON n.logout_id = l.id
            LEFT JOIN current_roster r ON r.number = l.number
        WHERE l.ended_at >= $1 AND (NOT $2 OR l.person_id = $3)
            AND (NOT $4 OR n.application_id = $5)
        ORDER BY l.ended_at DESC, n.grant_id DESC LIMIT $6";
    COUNTS: "SELECT n.application_id, n.state, count(*) AS notices
        FROM logouts l JOIN logout_notices n ON n.logout_id = l.id
        WHERE l.ended_at >= $1 GROUP BY n.application_id, n.state
        ORDER BY n.application_id, n.state";
}

/// How far a notice is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum NoticeState {
    /// Nobody has tried yet.
    Waiting,
    /// Tried in vain, and tried again.
    Retrying,
    /// The browser is to deliver it with its next page.
    Handed,
    /// On a page for the browser to deliver; what came of it nobody knows.
    Shown,
    /// The application answered that it knows.
    Delivered,
    /// The application has it, and nobody knows what came of it.
    Told,
    /// Given up.
    Failed,
    /// The registry wants no notice: the application is gone, or takes none.
    Skipped,
}

impl NoticeState {
    pub const ALL: [Self; 8] = [
        Self::Waiting,
        Self::Retrying,
        Self::Handed,
        Self::Shown,
        Self::Delivered,
        Self::Told,
        Self::Failed,
        Self::Skipped,
    ];

    pub fn as_str(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Retrying => "retrying",
            Self::Handed => "handed",
            Self::Shown => "shown",
            Self::Delivered => "delivered",
            Self::Told => "told",
            Self::Failed => "failed",
            Self::Skipped => "skipped",
        }
    }

    /// A word that we don't write is a notice that nobody will deliver.
    fn from_column(word: &str) -> Self {
        let known = Self::ALL.into_iter().find(|state| state.as_str() == word);
        known.unwrap_or(Self::Failed)
    }
}

/// Where a person may look at a logout for a while.
#[derive(Clone, Copy, Debug)]
pub struct View {
    /// The hash of the secret in its address.
    pub hash: Tag,
    pub expires_at: Timestamp,
}

/// A notice with what its message is made of.
#[derive(Clone, Debug)]
pub struct Notice {
    pub grant: GrantId,
    pub application: String,
    /// The word of the grant's protocol: `cas`, `oidc`.
    pub protocol: String,
    pub state: NoticeState,
    /// Canonical service that the ticket was for; empty in OpenID Connect.
    pub service: String,
    /// By which the application knows the person; empty in CAS.
    pub subject: String,
    /// The account number that the application knows, as the school writes it.
    pub number: String,
    /// Empty in OpenID Connect.
    pub ticket_enc: Vec<u8>,
}

#[derive(sqlx::FromRow)]
struct NoticeRow {
    grant_id: Uuid,
    application_id: String,
    protocol: String,
    state: String,
    service: Option<String>,
    subject: Option<String>,
    number: Option<String>,
    ticket_enc: Option<Vec<u8>>,
}

impl From<NoticeRow> for Notice {
    fn from(row: NoticeRow) -> Self {
        Self {
            grant: GrantId(row.grant_id),
            application: row.application_id,
            protocol: row.protocol,
            state: NoticeState::from_column(&row.state),
            service: row.service.unwrap_or_default(),
            subject: row.subject.unwrap_or_default(),
            number: row.number.unwrap_or_default(),
            ticket_enc: row.ticket_enc.unwrap_or_default(),
        }
    }
}

/// Writes the ledger of a session that the caller ended in this transaction, and the messages that
/// tell of it; gives the number of notices. With none to send there is no ledger.
pub async fn open(
    tx: &mut Tx,
    ended: &EndedSession,
    reason: &'static str,
    view: Option<View>,
    now: Timestamp,
) -> Result<u64, DbError> {
    let sid = ended.sid.0;
    let has: bool = run!(tx, c => sqlx::query_scalar(HAS_NOTICES).bind(sid).fetch_one(c))?;
    if !has {
        return Ok(0);
    }
    run!(tx, c => sqlx::query(OPEN)
        .bind(sid)
        .bind(ended.person.0)
        .bind(&ended.number)
        .bind(reason)
        .bind(Micros::from(now))
        .bind(view.as_ref().map(|view| view.hash.as_bytes()))
        .bind(view.map(|view| Micros::from(view.expires_at)))
        .execute(c))?;
    let notices = run!(tx, c => sqlx::query(NOTICES).bind(sid).execute(c))?;
    let empty: &[u8] = &[];
    run!(tx, c => sqlx::query(MESSAGES).bind(sid).bind(empty).execute(c))?;
    Ok(notices)
}

/// The applications that a logout is told to, and by which protocol.
pub async fn applications(conn: &mut Conn, logout: Sid) -> Result<Vec<(String, String)>, DbError> {
    run!(conn, c => sqlx::query_as(APPLICATIONS).bind(logout.0).fetch_all(c))
}

/// The notices of a logout that are in this state.
pub async fn notices(
    conn: &mut Conn,
    logout: Sid,
    state: NoticeState,
) -> Result<Vec<Notice>, DbError> {
    let rows: Vec<NoticeRow> = run!(conn, c => sqlx::query_as(OF_LOGOUT).bind(logout.0).bind(state.as_str()).fetch_all(c))?;
    Ok(rows.into_iter().map(Notice::from).collect())
}

/// The notice of a grant; nothing once the session was swept.
pub async fn notice(conn: &mut Conn, grant: GrantId) -> Result<Option<Notice>, DbError> {
    let row: Option<NoticeRow> =
        run!(conn, c => sqlx::query_as(OF_GRANT).bind(grant.0).fetch_optional(c))?;
    Ok(row.map(Notice::from))
}

/// Notes a try in vain; another follows.
pub async fn attempted(
    tx: &mut Tx,
    grant: GrantId,
    attempts: i64,
    reason: &str,
) -> Result<(), DbError> {
    run!(tx, c => sqlx::query(ATTEMPTED)
        .bind(grant.0).bind(attempts).bind(reason).execute(c))?;
    Ok(())
}

/// Ends a notice and its message; true for exactly one caller.
pub async fn settle(
    tx: &mut Tx,
    grant: GrantId,
    state: NoticeState,
    attempts: i64,
    reason: Option<&str>,
    now: Timestamp,
) -> Result<bool, DbError> {
    // First the message, then its notice, as a retry does.
    outbox::done(tx, OutboxId(grant.0), state.as_str(), now).await?;
    let rows = run!(tx, c => sqlx::query(SETTLE)
        .bind(grant.0).bind(state.as_str()).bind(attempts).bind(reason).bind(Micros::from(now))
        .execute(c))?;
    Ok(rows == 1)
}

/// Leaves a notice to the person's browser: the outbox has nothing more to do.
pub async fn hand_over(tx: &mut Tx, grant: GrantId, now: Timestamp) -> Result<bool, DbError> {
    let rows = run!(tx, c => sqlx::query(HAND_OVER).bind(grant.0).execute(c))?;
    if rows == 1 {
        outbox::done(tx, OutboxId(grant.0), NoticeState::Handed.as_str(), now).await?;
    }
    Ok(rows == 1)
}

/// Puts a handed notice on a page; true for exactly one page.
pub async fn show(tx: &mut Tx, grant: GrantId, now: Timestamp) -> Result<bool, DbError> {
    let rows = run!(tx, c => sqlx::query(SHOW)
        .bind(grant.0).bind(Micros::from(now)).execute(c))?;
    Ok(rows == 1)
}

/// The logout that a random address shows, until when; nothing once its time is over.
pub async fn by_view(
    conn: &mut Conn,
    view_hash: &Tag,
    now: Timestamp,
) -> Result<Option<(Sid, Timestamp)>, DbError> {
    let row: Option<(Uuid, Micros)> = run!(conn, c => sqlx::query_as(BY_VIEW)
        .bind(view_hash.as_bytes()).bind(Micros::from(now)).fetch_optional(c))?;
    Ok(row.map(|(id, expires_at)| (Sid(id), expires_at.into())))
}

/// The states that the notices of a logout are in, by application; each once.
pub async fn states(conn: &mut Conn, logout: Sid) -> Result<Vec<(String, NoticeState)>, DbError> {
    let rows: Vec<(String, String)> =
        run!(conn, c => sqlx::query_as(STATES).bind(logout.0).fetch_all(c))?;
    Ok(rows
        .into_iter()
        .map(|(application, state)| (application, NoticeState::from_column(&state)))
        .collect())
}

/// Which part of the ledger an administrator looks at.
#[derive(Clone, Debug)]
pub struct Filter<'a> {
    pub since: Timestamp,
    pub person: Option<PersonId>,
    pub application: Option<&'a str>,
}

/// A line of the ledger.
#[derive(Clone, Debug)]
pub struct Line {
    pub ended_at: Timestamp,
    /// Why the session ended.
    pub ended_because: String,
    pub number: String,
    pub application: String,
    pub state: NoticeState,
    pub attempts: i64,
    /// Why it isn't delivered.
    pub reason: Option<String>,
    pub settled_at: Option<Timestamp>,
}

#[derive(sqlx::FromRow)]
struct LineRow {
    ended_at: Micros,
    ended_because: String,
    number: String,
    application_id: String,
    state: String,
    attempts: i64,
    reason: Option<String>,
    settled_at: Option<Micros>,
}

/// The newest `limit` lines.
pub async fn list(conn: &mut Conn, filter: &Filter<'_>, limit: i64) -> Result<Vec<Line>, DbError> {
    let rows: Vec<LineRow> = run!(conn, c => sqlx::query_as(LIST)
        .bind(Micros::from(filter.since))
        .bind(filter.person.is_some())
        .bind(filter.person.map(|person| person.0))
        .bind(filter.application.is_some())
        .bind(filter.application)
        .bind(limit)
        .fetch_all(c))?;
    Ok(rows
        .into_iter()
        .map(|row| Line {
            ended_at: row.ended_at.into(),
            ended_because: row.ended_because,
            number: row.number,
            application: row.application_id,
            state: NoticeState::from_column(&row.state),
            attempts: row.attempts,
            reason: row.reason,
            settled_at: row.settled_at.map(Timestamp::from),
        })
        .collect())
}

/// How many notices of each application are in each state, of sessions that ended since then.
pub async fn counts(
    conn: &mut Conn,
    since: Timestamp,
) -> Result<Vec<(String, NoticeState, i64)>, DbError> {
    let rows: Vec<(String, String, i64)> = run!(conn, c => sqlx::query_as(COUNTS)
        .bind(Micros::from(since)).fetch_all(c))?;
    Ok(rows
        .into_iter()
        .map(|(application, state, count)| (application, NoticeState::from_column(&state), count))
        .collect())
}
