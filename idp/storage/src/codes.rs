//! Authorization codes. One statement consumes a code, whatever else is wrong with the request,
//! and exactly one caller gets it (OID-02, OID-03).

use idp_domain::Timestamp;
use idp_domain::applications::ApplicationId;
use idp_domain::ids::{AuthorizationId, GrantId, Sid};
use idp_domain::oidc::CodeRequest;
use idp_domain::secrets::Tag;
use migrations::run;
use sqlx::types::Json;
use uuid::Uuid;

use crate::{Conn, DbError, Micros, Tx};

migrations::statements! {
    /// An application has one grant in a session, however many codes it asks for; what it knows
    /// the person by is what it was told last.
    GRANT: "INSERT INTO grants (id, sid, application_id, protocol, created_at, number, subject,
            lane)
        VALUES ($1, $2, $3, 'oidc', $4, $5, $6, $7)
        ON CONFLICT (sid, application_id) WHERE protocol = 'oidc'
            DO UPDATE SET number = excluded.number, subject = excluded.subject,
                lane = excluded.lane
        RETURNING id";
    ISSUE: "INSERT INTO authorization_codes (code_hash, authorization_id, grant_id,
            application_id, request, number, subject, issued_at, expires_at)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)";
    CONSUME: "UPDATE authorization_codes SET consumed_at = $2
        WHERE code_hash = $1 AND consumed_at IS NULL
        RETURNING authorization_id, grant_id, application_id, request, number, subject,
            expires_at";
    SPENT: "SELECT authorization_id, application_id, consumed_at FROM authorization_codes
        WHERE code_hash = $1 AND consumed_at IS NOT NULL";
    EXISTS: "SELECT EXISTS (SELECT 1 FROM authorization_codes WHERE code_hash = $1)";
}

/// An application's grant in a session.
#[derive(Clone, Copy, Debug)]
pub struct SessionGrant<'a> {
    /// Its id, if it is the first one.
    pub id: GrantId,
    pub sid: Sid,
    pub application: &'a ApplicationId,
    /// Canonical account number that the application knows the person by.
    pub number: &'a str,
    /// The name by which it knows her.
    pub subject: &'a str,
    /// `host:port` of where it is told of the logout; nothing where it isn't.
    pub lane: Option<&'a str>,
    pub at: Timestamp,
}

/// A code to be written.
#[derive(Clone, Debug)]
pub struct NewCode<'a> {
    pub hash: Tag,
    /// Of the authorization that its redemption gives.
    pub authorization: AuthorizationId,
    pub grant: GrantId,
    pub application: &'a ApplicationId,
    pub request: &'a CodeRequest,
    /// As the grant had them at this moment: another code of the session may change those.
    pub number: &'a str,
    pub subject: &'a str,
    pub issued_at: Timestamp,
    pub expires_at: Timestamp,
}

/// Writes the grant, or finds the one that is there; gives its id. The caller has touched the
/// session in this transaction (`sessions::touch`).
pub async fn grant(tx: &mut Tx, grant: &SessionGrant<'_>) -> Result<GrantId, DbError> {
    let id: Uuid = run!(tx, c => sqlx::query_scalar(GRANT)
        .bind(grant.id.0)
        .bind(grant.sid.0)
        .bind(grant.application.as_str())
        .bind(Micros::from(grant.at))
        .bind(grant.number)
        .bind(grant.subject)
        .bind(grant.lane)
        .fetch_one(c))?;
    Ok(GrantId(id))
}

/// Writes a code upon a grant.
pub async fn issue(tx: &mut Tx, code: &NewCode<'_>) -> Result<(), DbError> {
    run!(tx, c => sqlx::query(ISSUE)
        .bind(code.hash.as_bytes())
        .bind(code.authorization.0)
        .bind(code.grant.0)
        .bind(code.application.as_str())
        .bind(Json(code.request))
        .bind(code.number)
        .bind(code.subject)
        .bind(Micros::from(code.issued_at))
        .bind(Micros::from(code.expires_at))
        .execute(c))?;
    Ok(())
}

/// A code that this caller consumed.
#[derive(Clone, Debug)]
pub struct ConsumedCode {
    /// Of the authorization that it gives.
    pub authorization: AuthorizationId,
    pub grant: GrantId,
    pub application: String,
    pub request: CodeRequest,
    pub expires_at: Timestamp,
    /// Canonical account number that the application knows the person by.
    pub number: Option<String>,
    pub subject: Option<String>,
}

#[derive(sqlx::FromRow)]
struct ConsumedRow {
    authorization_id: Uuid,
    grant_id: Uuid,
    application_id: String,
    request: Json<CodeRequest>,
    expires_at: Micros,
    number: Option<String>,
    subject: Option<String>,
}

/// A code that somebody consumed before.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SpentCode {
    pub authorization: AuthorizationId,
    pub application: String,
    pub consumed_at: Timestamp,
}

/// Consumes a code. Whether it is too old, or another client's, is the caller's to judge: it is
/// gone in any case.
pub async fn consume(
    tx: &mut Tx,
    hash: &Tag,
    now: Timestamp,
) -> Result<Option<ConsumedCode>, DbError> {
    let row: Option<ConsumedRow> = run!(tx, c => sqlx::query_as(CONSUME)
        .bind(hash.as_bytes()).bind(Micros::from(now)).fetch_optional(c))?;
    Ok(row.map(|row| ConsumedCode {
        authorization: AuthorizationId(row.authorization_id),
        grant: GrantId(row.grant_id),
        application: row.application_id,
        request: row.request.0,
        expires_at: row.expires_at.into(),
        number: row.number,
        subject: row.subject,
    }))
}

/// What became of a code that can't be consumed any more.
pub async fn spent(conn: &mut Conn, hash: &Tag) -> Result<Option<SpentCode>, DbError> {
    let row: Option<(Uuid, String, Micros)> =
        run!(conn, c => sqlx::query_as(SPENT).bind(hash.as_bytes()).fetch_optional(c))?;
    Ok(
        row.map(|(authorization, application, consumed_at)| SpentCode {
            authorization: AuthorizationId(authorization),
            application,
            consumed_at: consumed_at.into(),
        }),
    )
}

/// True for a code that was issued and isn't swept yet, consumed or not.
pub async fn exists(conn: &mut Conn, hash: &Tag) -> Result<bool, DbError> {
    run!(conn, c => sqlx::query_scalar(EXISTS).bind(hash.as_bytes()).fetch_one(c))
}
