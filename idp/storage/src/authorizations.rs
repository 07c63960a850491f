//! What applications may do for people, or for themselves. Refresh tokens live here: one guarded
//! UPDATE takes a generation's place, so that no family forks (OID-14).

use idp_domain::Timestamp;
use idp_domain::applications::ApplicationId;
use idp_domain::ids::{AuthorizationId, GrantId, PersonId};
use idp_domain::oidc::Granted;
use migrations::run;
use sqlx::types::Json;
use uuid::Uuid;

use crate::{Conn, DbError, Micros, Tx};

migrations::statements! {
    CREATE: "INSERT INTO authorizations (id, application_id, person_id, grant_id, number, subject,
            scope, detail, created_at, last_used_at, expires_at)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $9, $10)";
    FIND: "SELECT a.id, a.application_id, a.person_id, a.grant_id, a.number, a.subject, a.detail,
            a.generation, a.rotated_at, a.created_at, a.last_used_at, a.expires_at, a.revoked_at,
            p.not_before
        FROM authorizations a LEFT JOIN persons p ON p.id = a.person_id
        WHERE a.id = $1";
    ROTATE: "UPDATE authorizations
        SET generation = generation + 1, rotated_at = $3, last_used_at = $3
        WHERE id = $1 AND generation = $2 AND revoked_at IS NULL AND expires_at > $3";
    USE: "UPDATE authorizations SET last_used_at = $3
        WHERE id = $1 AND generation = $2 AND revoked_at IS NULL AND expires_at > $3";
    REVOKE: "UPDATE authorizations SET revoked_at = $2, revoked_because = $3
        WHERE id = $1 AND revoked_at IS NULL";
    REVOKE_ALL: "UPDATE authorizations SET revoked_at = $3, revoked_because = $4
        WHERE person_id = $1 AND application_id = $2 AND revoked_at IS NULL AND expires_at > $3";
    END_ALL: "UPDATE authorizations SET revoked_at = $2, revoked_because = $3
        WHERE person_id = $1 AND revoked_at IS NULL AND expires_at > $2";
    /// What outlives her sessions, and nothing that her own doings have overtaken.
    OFFLINE: "SELECT a.application_id, a.detail, a.created_at, a.last_used_at, a.expires_at
        FROM authorizations a JOIN persons p ON p.id = a.person_id
        WHERE a.person_id = $1 AND a.grant_id IS NULL AND a.revoked_at IS NULL
            AND a.expires_at > $2 AND a.created_at >= p.not_before
        ORDER BY a.last_used_at DESC, a.id LIMIT $3";
    REUSED: "SELECT a.application_id, a.revoked_at FROM authorizations a
        WHERE a.person_id = $1 AND a.revoked_because = $2 AND a.revoked_at > $3
        ORDER BY a.revoked_at DESC LIMIT $4";
}

/// An authorization to be written.
#[derive(Clone, Debug)]
pub struct NewAuthorization<'a> {
    pub id: AuthorizationId,
    pub application: &'a ApplicationId,
    /// Nobody, for what an application may do for itself.
    pub person: Option<PersonId>,
    /// What it ends with; nothing for offline access and for an application itself.
    pub grant: Option<GrantId>,
    /// Canonical account number that the application knows the person by.
    pub number: Option<&'a str>,
    pub subject: &'a str,
    pub granted: &'a Granted,
    pub created_at: Timestamp,
    pub expires_at: Timestamp,
}

/// An authorization as its row says.
#[derive(Clone, Debug)]
pub struct Authorization {
    pub id: AuthorizationId,
    pub application: String,
    pub person: Option<PersonId>,
    pub grant: Option<GrantId>,
    pub number: Option<String>,
    pub subject: String,
    pub granted: Granted,
    /// Of the refresh token that is good now.
    pub generation: u32,
    pub rotated_at: Option<Timestamp>,
    pub created_at: Timestamp,
    pub last_used_at: Timestamp,
    pub expires_at: Timestamp,
    pub revoked: bool,
    /// The person's: nothing older than this counts.
    pub not_before: Option<Timestamp>,
}

#[derive(sqlx::FromRow)]
pub(crate) struct AuthorizationRow {
    id: Uuid,
    application_id: String,
    person_id: Option<Uuid>,
    grant_id: Option<Uuid>,
    number: Option<String>,
    subject: String,
    detail: Json<Granted>,
    generation: i64,
    rotated_at: Option<Micros>,
    created_at: Micros,
    last_used_at: Micros,
    expires_at: Micros,
    revoked_at: Option<Micros>,
    not_before: Option<Micros>,
}

impl From<AuthorizationRow> for Authorization {
    fn from(row: AuthorizationRow) -> Self {
        Self {
            id: AuthorizationId(row.id),
            application: row.application_id,
            person: row.person_id.map(PersonId),
            grant: row.grant_id.map(GrantId),
            number: row.number,
            subject: row.subject,
            granted: row.detail.0,
            // A generation that no token can have is nobody's.
            generation: u32::try_from(row.generation).unwrap_or(u32::MAX),
            rotated_at: row.rotated_at.map(Into::into),
            created_at: row.created_at.into(),
            last_used_at: row.last_used_at.into(),
            expires_at: row.expires_at.into(),
            revoked: row.revoked_at.is_some(),
            not_before: row.not_before.map(Into::into),
        }
    }
}

pub async fn create(tx: &mut Tx, new: &NewAuthorization<'_>) -> Result<(), DbError> {
    run!(tx, c => sqlx::query(CREATE)
        .bind(new.id.0)
        .bind(new.application.as_str())
        .bind(new.person.map(|id| id.0))
        .bind(new.grant.map(|id| id.0))
        .bind(new.number)
        .bind(new.subject)
        .bind(new.granted.scopes.to_string())
        .bind(Json(new.granted))
        .bind(Micros::from(new.created_at))
        .bind(Micros::from(new.expires_at))
        .execute(c))?;
    Ok(())
}

/// The authorization, good or not.
pub async fn find(conn: &mut Conn, id: AuthorizationId) -> Result<Option<Authorization>, DbError> {
    let row: Option<AuthorizationRow> =
        run!(conn, c => sqlx::query_as(FIND).bind(id.0).fetch_optional(c))?;
    Ok(row.map(Into::into))
}

/// Makes the next generation the good one; true for exactly one caller.
pub async fn rotate(
    tx: &mut Tx,
    id: AuthorizationId,
    generation: u32,
    now: Timestamp,
) -> Result<bool, DbError> {
    let rows = run!(tx, c => sqlx::query(ROTATE)
        .bind(id.0).bind(i64::from(generation)).bind(Micros::from(now)).execute(c))?;
    Ok(rows == 1)
}

/// Notes the use of a refresh token that stays good.
pub async fn note_use(
    tx: &mut Tx,
    id: AuthorizationId,
    generation: u32,
    now: Timestamp,
) -> Result<bool, DbError> {
    let rows = run!(tx, c => sqlx::query(USE)
        .bind(id.0).bind(i64::from(generation)).bind(Micros::from(now)).execute(c))?;
    Ok(rows == 1)
}

/// Ends it with all of its tokens; true for the caller who did.
pub async fn revoke(
    tx: &mut Tx,
    id: AuthorizationId,
    because: &'static str,
    now: Timestamp,
) -> Result<bool, DbError> {
    let rows = run!(tx, c => sqlx::query(REVOKE)
        .bind(id.0).bind(Micros::from(now)).bind(because).execute(c))?;
    Ok(rows == 1)
}

/// Ends all that an application holds of a person; gives how many.
pub async fn revoke_all(
    tx: &mut Tx,
    person: PersonId,
    application: &ApplicationId,
    because: &'static str,
    now: Timestamp,
) -> Result<u64, DbError> {
    run!(tx, c => sqlx::query(REVOKE_ALL)
        .bind(person.0)
        .bind(application.as_str())
        .bind(Micros::from(now))
        .bind(because)
        .execute(c))
}

/// Ends all that applications hold of a person (SES-10): also what was given a moment ago, and goes
/// on without her session. Gives how many.
pub async fn end_all(
    tx: &mut Tx,
    person: PersonId,
    because: &'static str,
    now: Timestamp,
) -> Result<u64, DbError> {
    run!(tx, c => sqlx::query(END_ALL)
        .bind(person.0)
        .bind(Micros::from(now))
        .bind(because)
        .execute(c))
}

/// Access that an application has while a person isn't there.
#[derive(Clone, Debug, PartialEq)]
pub struct Offline {
    pub application: String,
    pub granted: Granted,
    pub created_at: Timestamp,
    pub last_used_at: Timestamp,
    pub expires_at: Timestamp,
}

#[derive(sqlx::FromRow)]
struct OfflineRow {
    application_id: String,
    detail: Json<Granted>,
    created_at: Micros,
    last_used_at: Micros,
    expires_at: Micros,
}

/// What applications may do for a person while she isn't there, at most `limit`, the last used
/// first.
pub async fn offline(
    conn: &mut Conn,
    person: PersonId,
    now: Timestamp,
    limit: i64,
) -> Result<Vec<Offline>, DbError> {
    let rows: Vec<OfflineRow> = run!(conn, c => sqlx::query_as(OFFLINE)
        .bind(person.0).bind(Micros::from(now)).bind(limit).fetch_all(c))?;
    let all = rows.into_iter().map(|row| Offline {
        application: row.application_id,
        granted: row.detail.0,
        created_at: row.created_at.into(),
        last_used_at: row.last_used_at.into(),
        expires_at: row.expires_at.into(),
    });
    Ok(all.collect())
}

/// Something of a person's that we ended for a reason, to be told to her.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Revoked {
    pub application: String,
    pub at: Timestamp,
}

/// The newest `limit` of a person's that were ended `because` of this after `since`.
pub async fn revoked(
    conn: &mut Conn,
    person: PersonId,
    because: &'static str,
    since: Timestamp,
    limit: i64,
) -> Result<Vec<Revoked>, DbError> {
    let rows: Vec<(String, Micros)> = run!(conn, c => sqlx::query_as(REUSED)
        .bind(person.0).bind(because).bind(Micros::from(since)).bind(limit).fetch_all(c))?;
    let told = rows.into_iter().map(|(application, at)| Revoked {
        application,
        at: at.into(),
    });
    Ok(told.collect())
}
