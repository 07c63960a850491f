//! Clients that register themselves (RFC 7591): the tokens that let them, of which one statement
//! takes a use, and the tokens by which they come back (RFC 7592).

use idp_domain::Timestamp;
use idp_domain::applications::{ApplicationId, ReleasedAttribute};
use idp_domain::oidc::registration::Permission;
use idp_domain::secrets::Tag;
use migrations::run;
use sqlx::types::Json;

use crate::{Conn, DbError, Micros, Tx};

migrations::statements! {
    MAKE: "INSERT INTO initial_access_tokens (token_hash, label, releasable, hosts, uses_left,
            created_at, expires_at)
        VALUES ($1, $2, $3, $4, $5, $6, $7)";
    USE: "UPDATE initial_access_tokens SET uses_left = uses_left - 1
        WHERE token_hash = $1 AND uses_left > 0 AND expires_at > $2
        RETURNING label, releasable, hosts";
    LIST: "SELECT token_hash, label, releasable, hosts, uses_left, created_at, expires_at
        FROM initial_access_tokens ORDER BY created_at DESC, token_hash";
    FIND: "SELECT token_hash, label, releasable, hosts, uses_left, created_at, expires_at
        FROM initial_access_tokens WHERE token_hash = $1";
    REVOKE: "DELETE FROM initial_access_tokens WHERE token_hash = $1";
    /// Its entry is there already.
    KEEP: "INSERT INTO registered_clients (application_id, token_hash, label, created_at)
        VALUES ($1, $2, $3, $4)";
    OF: "SELECT created_at FROM registered_clients WHERE application_id = $1 AND token_hash = $2";
    CLIENTS: "SELECT application_id, label, created_at FROM registered_clients
        ORDER BY application_id";
}

/// A token that an administrator hands out.
#[derive(Clone, Debug)]
pub struct NewInitialToken<'a> {
    pub hash: Tag,
    pub permission: &'a Permission,
    /// How many clients may register by it.
    pub uses: u32,
    pub created_at: Timestamp,
    pub expires_at: Timestamp,
}

/// A token as its row says; good or not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InitialToken {
    pub hash: Tag,
    pub permission: Permission,
    pub uses_left: u32,
    pub created_at: Timestamp,
    pub expires_at: Timestamp,
}

/// A client that registered itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RegisteredClient {
    pub application: String,
    /// Of the token that it used.
    pub label: String,
    pub created_at: Timestamp,
}

#[derive(sqlx::FromRow)]
struct PermissionRow {
    label: String,
    releasable: Json<Vec<ReleasedAttribute>>,
    hosts: Json<Vec<String>>,
}

impl From<PermissionRow> for Permission {
    fn from(row: PermissionRow) -> Self {
        Self {
            label: row.label,
            releasable: row.releasable.0,
            hosts: row.hosts.0,
        }
    }
}

#[derive(sqlx::FromRow)]
struct TokenRow {
    token_hash: Vec<u8>,
    #[sqlx(flatten)]
    permission: PermissionRow,
    uses_left: i64,
    created_at: Micros,
    expires_at: Micros,
}

impl From<TokenRow> for InitialToken {
    fn from(row: TokenRow) -> Self {
        Self {
            // One of another length is nobody's.
            hash: Tag(row.token_hash.try_into().unwrap_or_default()),
            permission: row.permission.into(),
            uses_left: u32::try_from(row.uses_left).unwrap_or_default(),
            created_at: row.created_at.into(),
            expires_at: row.expires_at.into(),
        }
    }
}

pub async fn make(tx: &mut Tx, new: &NewInitialToken<'_>) -> Result<(), DbError> {
    run!(tx, c => sqlx::query(MAKE)
        .bind(new.hash.as_bytes())
        .bind(&new.permission.label)
        .bind(Json(&new.permission.releasable))
        .bind(Json(&new.permission.hosts))
        .bind(i64::from(new.uses))
        .bind(Micros::from(new.created_at))
        .bind(Micros::from(new.expires_at))
        .execute(c))?;
    Ok(())
}

/// Takes one use; nothing for a token that is unknown, used up or too old.
pub async fn take_use(
    tx: &mut Tx,
    hash: &Tag,
    now: Timestamp,
) -> Result<Option<Permission>, DbError> {
    let row: Option<PermissionRow> = run!(tx, c => sqlx::query_as(USE)
        .bind(hash.as_bytes()).bind(Micros::from(now)).fetch_optional(c))?;
    Ok(row.map(Into::into))
}

/// Every token that the sweep has left, good or not, the newest first.
pub async fn list(conn: &mut Conn) -> Result<Vec<InitialToken>, DbError> {
    let rows: Vec<TokenRow> = run!(conn, c => sqlx::query_as(LIST).fetch_all(c))?;
    Ok(rows.into_iter().map(Into::into).collect())
}

/// The token, good or not.
pub async fn find(conn: &mut Conn, hash: &Tag) -> Result<Option<InitialToken>, DbError> {
    let row: Option<TokenRow> =
        run!(conn, c => sqlx::query_as(FIND).bind(hash.as_bytes()).fetch_optional(c))?;
    Ok(row.map(Into::into))
}

/// Takes the token away; false when there is none. Clients that registered by it stay.
pub async fn revoke(tx: &mut Tx, hash: &Tag) -> Result<bool, DbError> {
    let rows = run!(tx, c => sqlx::query(REVOKE).bind(hash.as_bytes()).execute(c))?;
    Ok(rows == 1)
}

/// Keeps the token by which a client reads and removes itself. Its row goes with its entry.
pub async fn keep(
    tx: &mut Tx,
    application: &ApplicationId,
    hash: &Tag,
    label: &str,
    now: Timestamp,
) -> Result<(), DbError> {
    run!(tx, c => sqlx::query(KEEP)
        .bind(application.as_str())
        .bind(hash.as_bytes())
        .bind(label)
        .bind(Micros::from(now))
        .execute(c))?;
    Ok(())
}

/// When the client registered, if this is the token of this very one.
pub async fn registered_at(
    conn: &mut Conn,
    application: &ApplicationId,
    hash: &Tag,
) -> Result<Option<Timestamp>, DbError> {
    let at: Option<Micros> = run!(conn, c => sqlx::query_scalar(OF)
        .bind(application.as_str()).bind(hash.as_bytes()).fetch_optional(c))?;
    Ok(at.map(Into::into))
}

/// Every client that registered itself and is still there, by id.
pub async fn clients(conn: &mut Conn) -> Result<Vec<RegisteredClient>, DbError> {
    let rows: Vec<(String, String, Micros)> =
        run!(conn, c => sqlx::query_as(CLIENTS).fetch_all(c))?;
    let client = |(application, label, created_at): (String, String, Micros)| RegisteredClient {
        application,
        label,
        created_at: created_at.into(),
    };
    Ok(rows.into_iter().map(client).collect())
}
