//! Entries of the registry, each as its JSON, and the counter by which every node sees a change.

use idp_domain::Timestamp;
use idp_domain::applications::{Application, ApplicationId};
use migrations::run;
use serde_json::Value;
use sqlx::types::Json;

use crate::{Conn, DbError, Micros, Tx};

migrations::statements! {
    LIST: "SELECT id, entry, updated_at FROM applications ORDER BY id";
    FIND: "SELECT id, entry, updated_at FROM applications WHERE id = $1";
    UPSERT: "INSERT INTO applications (id, entry, updated_at) VALUES ($1, $2, $3)
        ON CONFLICT (id) DO UPDATE SET entry = excluded.entry, updated_at = excluded.updated_at";
    REMOVE: "DELETE FROM applications WHERE id = $1";
    /// Whatever comes under the same id later is another application: nothing that this one was
    /// given, or is about to be, is good for it.
    END_AUTHORIZATIONS: "UPDATE authorizations SET revoked_at = $2, revoked_because = 'removed'
        WHERE application_id = $1 AND revoked_at IS NULL AND expires_at > $2";
    BURN_CODES: "UPDATE authorization_codes SET consumed_at = $2
        WHERE application_id = $1 AND consumed_at IS NULL";
    TURN_DEVICES_AWAY: "UPDATE device_grants SET state = 'denied'
        WHERE application_id = $1 AND state IN ('pending', 'approved')";
    FORGET_CONSENTS: "DELETE FROM consents WHERE application_id = $1";
    VERSION: "SELECT CAST(value AS BIGINT) FROM settings WHERE name = 'applications.version'";
    BUMP: "UPDATE settings SET value = CAST(CAST(value AS BIGINT) + 1 AS TEXT)
        WHERE name = 'applications.version'";
}

/// An entry as it was stored; whether this program can still use it is for its reader to find.
#[derive(Clone, Debug, PartialEq)]
pub struct StoredEntry {
    pub id: String,
    pub entry: Value,
    pub updated_at: Timestamp,
}

#[derive(sqlx::FromRow)]
struct EntryRow {
    id: String,
    entry: Json<Value>,
    updated_at: Micros,
}

impl From<EntryRow> for StoredEntry {
    fn from(row: EntryRow) -> Self {
        Self {
            id: row.id,
            entry: row.entry.0,
            updated_at: row.updated_at.into(),
        }
    }
}

/// All entries, by id.
pub async fn list(conn: &mut Conn) -> Result<Vec<StoredEntry>, DbError> {
    let rows: Vec<EntryRow> = run!(conn, c => sqlx::query_as(LIST).fetch_all(c))?;
    Ok(rows.into_iter().map(Into::into).collect())
}

pub async fn find(conn: &mut Conn, id: &ApplicationId) -> Result<Option<StoredEntry>, DbError> {
    let row: Option<EntryRow> =
        run!(conn, c => sqlx::query_as(FIND).bind(id.as_str()).fetch_optional(c))?;
    Ok(row.map(Into::into))
}

/// Differs from what it was whenever an entry changed. Read it *before* [`list`]: then a change in
/// between is seen as one more difference, never missed.
pub async fn version(conn: &mut Conn) -> Result<i64, DbError> {
    run!(conn, c => sqlx::query_scalar(VERSION).fetch_one(c))
}

/// The only way to write entries. It counts the version up first, which makes every node read
/// them again, and whose row is the lock under which two changes run one after the other.
#[derive(Debug)]
pub struct Change<'a> {
    tx: &'a mut Tx,
}

impl<'a> Change<'a> {
    /// Waits for another change to end.
    pub async fn begin(tx: &'a mut Tx) -> Result<Self, DbError> {
        run!(tx, c => sqlx::query(BUMP).execute(c))?;
        Ok(Self { tx })
    }

    /// What stands there now, under the lock.
    pub async fn list(&mut self) -> Result<Vec<StoredEntry>, DbError> {
        list(self.tx).await
    }

    /// Adds the entry, or replaces the one of its id.
    pub async fn upsert(
        &mut self,
        application: &Application,
        now: Timestamp,
    ) -> Result<(), DbError> {
        let entry = Json(application.to_json());
        run!(self.tx, c => sqlx::query(UPSERT)
            .bind(application.id.as_str())
            .bind(&entry)
            .bind(Micros::from(now))
            .execute(c))?;
        Ok(())
    }

    /// Takes the entry out and ends all that the application was given; false when there is none
    /// of this id.
    pub async fn remove(&mut self, id: &ApplicationId, now: Timestamp) -> Result<bool, DbError> {
        let rows = run!(self.tx, c => sqlx::query(REMOVE).bind(id.as_str()).execute(c))?;
        if rows == 0 {
            return Ok(false);
        }
        for dated in [END_AUTHORIZATIONS, BURN_CODES] {
            run!(self.tx, c => sqlx::query(dated)
                .bind(id.as_str()).bind(Micros::from(now)).execute(c))?;
        }
        for undated in [TURN_DEVICES_AWAY, FORGET_CONSENTS] {
            run!(self.tx, c => sqlx::query(undated).bind(id.as_str()).execute(c))?;
        }
        Ok(true)
    }
}
