//! Authorization codes. One statement consumes a code, whatever else is wrong with the request,
//! and exactly one caller gets it (OID-02, OID-03).

use idp_domain::Timestamp;
use idp_domain::ids::{AuthorizationId, GrantId};
use idp_domain::oidc::CodeRequest;
use idp_domain::secrets::Tag;
use migrations::run;
use sqlx::types::Json;
use uuid::Uuid;

use crate::{Conn, DbError, Micros, Tx};

migrations::statements! {
    CONSUME: "UPDATE authorization_codes SET consumed_at = $2
        WHERE code_hash = $1 AND consumed_at IS NULL
        RETURNING authorization_id, grant_id, application_id, request, expires_at,
            (SELECT g.number FROM grants g WHERE g.id = grant_id) AS number,
            (SELECT g.subject FROM grants g WHERE g.id = grant_id) AS subject";
    SPENT: "SELECT authorization_id, application_id, consumed_at FROM authorization_codes
        WHERE code_hash = $1 AND consumed_at IS NOT NULL";
    EXISTS: "SELECT EXISTS (SELECT 1 FROM authorization_codes WHERE code_hash = $1)";
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
