//! Access tokens, those too that can be read without asking us: whether one is still good is known
//! here, and is as true as its authorization and session (OID-24).

use idp_domain::Timestamp;
use idp_domain::ids::AuthorizationId;
use idp_domain::oidc::Scopes;
use idp_domain::secrets::Tag;
use migrations::run;
use uuid::Uuid;

use crate::{Conn, DbError, Micros, Tx};

migrations::statements! {
    CREATE: "INSERT INTO access_tokens (token_hash, authorization_id, scope, audience,
            key_thumbprint, issued_at, expires_at)
        VALUES ($1, $2, $3, $4, $5, $6, $7)";
    FIND: "SELECT token_hash, authorization_id, scope, audience, key_thumbprint, issued_at,
            expires_at, revoked_at
        FROM access_tokens WHERE token_hash = $1";
    REVOKE: "UPDATE access_tokens SET revoked_at = $2
        WHERE token_hash = $1 AND revoked_at IS NULL";
}

/// A token as its row says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AccessToken {
    /// Of the text, or of the `jti` of one that can be read.
    pub hash: Tag,
    pub authorization: AuthorizationId,
    pub scopes: Scopes,
    /// At least one.
    pub audiences: Vec<String>,
    /// The key that must come along (RFC 9449 §6).
    pub key_thumbprint: Option<String>,
    pub issued_at: Timestamp,
    pub expires_at: Timestamp,
    pub revoked: bool,
}

#[derive(sqlx::FromRow)]
struct TokenRow {
    token_hash: Vec<u8>,
    authorization_id: Uuid,
    scope: String,
    audience: String,
    key_thumbprint: Option<String>,
    issued_at: Micros,
    expires_at: Micros,
    revoked_at: Option<Micros>,
}

impl From<TokenRow> for AccessToken {
    fn from(row: TokenRow) -> Self {
        Self {
            hash: Tag::from_column(&row.token_hash),
            authorization: AuthorizationId(row.authorization_id),
            // What can't be read permits nothing.
            scopes: Scopes::parse(&row.scope).unwrap_or_default(),
            audiences: row.audience.split(' ').map(str::to_owned).collect(),
            key_thumbprint: row.key_thumbprint,
            issued_at: row.issued_at.into(),
            expires_at: row.expires_at.into(),
            revoked: row.revoked_at.is_some(),
        }
    }
}

pub async fn create(tx: &mut Tx, token: &AccessToken) -> Result<(), DbError> {
    run!(tx, c => sqlx::query(CREATE)
        .bind(token.hash.as_bytes())
        .bind(token.authorization.0)
        .bind(token.scopes.to_string())
        // No URI has a space.
        .bind(token.audiences.join(" "))
        .bind(&token.key_thumbprint)
        .bind(Micros::from(token.issued_at))
        .bind(Micros::from(token.expires_at))
        .execute(c))?;
    Ok(())
}

/// The token, good or not.
pub async fn find(conn: &mut Conn, hash: &Tag) -> Result<Option<AccessToken>, DbError> {
    let row: Option<TokenRow> =
        run!(conn, c => sqlx::query_as(FIND).bind(hash.as_bytes()).fetch_optional(c))?;
    Ok(row.map(Into::into))
}

/// Ends one; true for the caller who did.
pub async fn revoke(tx: &mut Tx, hash: &Tag, now: Timestamp) -> Result<bool, DbError> {
    let rows = run!(tx, c => sqlx::query(REVOKE)
        .bind(hash.as_bytes()).bind(Micros::from(now)).execute(c))?;
    Ok(rows == 1)
}
