//! The keys by which our tokens are signed, and the counter by which every node sees a change. Of
//! nodes that make the next key of an algorithm at once, one does: its generation is unique.

use idp_domain::Timestamp;
use idp_domain::oidc::jose::SigningAlgorithm;
use migrations::run;
use serde_json::Value;
use sqlx::types::Json;

use crate::{Conn, DbError, Micros, Tx};

migrations::statements! {
    LIST: "SELECT kid, algorithm, generation, private_enc, public_jwk, created_at, active_from,
            expires_at
        FROM signing_keys ORDER BY algorithm, generation";
    INSERT: "INSERT INTO signing_keys (kid, algorithm, generation, private_enc, public_jwk,
            created_at, active_from)
        VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT DO NOTHING";
    /// Of two ends the earlier one holds.
    RETIRE: "UPDATE signing_keys SET expires_at = $3
        WHERE algorithm = $1 AND generation < $2 AND (expires_at IS NULL OR expires_at > $3)";
    /// One that signs already keeps its moment.
    ADVANCE: "UPDATE signing_keys SET active_from = $3
        WHERE algorithm = $1 AND generation = $2 AND active_from > $3";
    /// Only one that signs no more: a later one of its algorithm does.
    WITHDRAW: "DELETE FROM signing_keys WHERE kid = $1 AND EXISTS (SELECT 1 FROM signing_keys n
        WHERE n.algorithm = signing_keys.algorithm AND n.generation > signing_keys.generation
            AND n.active_from <= $2)";
    VERSION: "SELECT CAST(value AS BIGINT) FROM settings WHERE name = 'oidc.keys.version'";
    BUMP: "INSERT INTO settings (name, value) VALUES ('oidc.keys.version', '1')
        ON CONFLICT (name) DO UPDATE
        SET value = CAST(CAST(settings.value AS BIGINT) + 1 AS TEXT)";
}

/// A key as it was stored; whether this program can still use it is for its reader to find.
#[derive(Clone, Debug, PartialEq)]
pub struct StoredKey {
    pub kid: String,
    pub algorithm: String,
    pub generation: i64,
    /// PKCS #8, sealed.
    pub private_enc: Vec<u8>,
    pub public_jwk: Value,
    pub created_at: Timestamp,
    /// Published before, signs from then on.
    pub active_from: Timestamp,
    /// Published until then; nothing while no later one is there.
    pub expires_at: Option<Timestamp>,
}

#[derive(sqlx::FromRow)]
struct KeyRow {
    kid: String,
    algorithm: String,
    generation: i64,
    private_enc: Vec<u8>,
    public_jwk: Json<Value>,
    created_at: Micros,
    active_from: Micros,
    expires_at: Option<Micros>,
}

impl From<KeyRow> for StoredKey {
    fn from(row: KeyRow) -> Self {
        Self {
            kid: row.kid,
            algorithm: row.algorithm,
            generation: row.generation,
            private_enc: row.private_enc,
            public_jwk: row.public_jwk.0,
            created_at: row.created_at.into(),
            active_from: row.active_from.into(),
            expires_at: row.expires_at.map(Into::into),
        }
    }
}

/// A key to be written.
#[derive(Clone, Debug)]
pub struct NewKey<'a> {
    pub kid: &'a str,
    pub algorithm: SigningAlgorithm,
    pub generation: i64,
    pub private_enc: &'a [u8],
    pub public_jwk: &'a Value,
    pub created_at: Timestamp,
    pub active_from: Timestamp,
}

/// All keys, by algorithm and generation.
pub async fn list(conn: &mut Conn) -> Result<Vec<StoredKey>, DbError> {
    let rows: Vec<KeyRow> = run!(conn, c => sqlx::query_as(LIST).fetch_all(c))?;
    Ok(rows.into_iter().map(Into::into).collect())
}

/// True for exactly one of those who make this generation of the algorithm.
pub async fn insert(tx: &mut Tx, key: &NewKey<'_>) -> Result<bool, DbError> {
    let rows = run!(tx, c => sqlx::query(INSERT)
        .bind(key.kid)
        .bind(key.algorithm.as_str())
        .bind(key.generation)
        .bind(key.private_enc)
        .bind(Json(key.public_jwk))
        .bind(Micros::from(key.created_at))
        .bind(Micros::from(key.active_from))
        .execute(c))?;
    Ok(rows == 1)
}

/// The algorithm's keys before `generation` are published until `expires_at`, and no longer than
/// was settled before.
pub async fn retire_before(
    tx: &mut Tx,
    algorithm: SigningAlgorithm,
    generation: i64,
    expires_at: Timestamp,
) -> Result<(), DbError> {
    run!(tx, c => sqlx::query(RETIRE)
        .bind(algorithm.as_str())
        .bind(generation)
        .bind(Micros::from(expires_at))
        .execute(c))?;
    Ok(())
}

/// Lets a key sign from `active_from`; false when it does so earlier already.
pub async fn advance(
    tx: &mut Tx,
    algorithm: SigningAlgorithm,
    generation: i64,
    active_from: Timestamp,
) -> Result<bool, DbError> {
    let rows = run!(tx, c => sqlx::query(ADVANCE)
        .bind(algorithm.as_str())
        .bind(generation)
        .bind(Micros::from(active_from))
        .execute(c))?;
    Ok(rows == 1)
}

/// Removes a key with all that is kept of it; false where there is none of this id, or it signs or
/// waits to.
pub async fn withdraw(tx: &mut Tx, kid: &str, now: Timestamp) -> Result<bool, DbError> {
    let rows = run!(tx, c => sqlx::query(WITHDRAW)
        .bind(kid).bind(Micros::from(now)).execute(c))?;
    Ok(rows == 1)
}

/// Differs from what it was whenever a key changed; zero before the first. Read it *before*
/// [`list`]: then a change in between is seen as one more difference, never missed.
pub async fn version(conn: &mut Conn) -> Result<i64, DbError> {
    let version: Option<i64> = run!(conn, c => sqlx::query_scalar(VERSION).fetch_optional(c))?;
    Ok(version.unwrap_or_default())
}

/// Makes every node read the keys again.
pub async fn bump(tx: &mut Tx) -> Result<(), DbError> {
    run!(tx, c => sqlx::query(BUMP).execute(c))?;
    Ok(())
}
