use crate::{Db, DbError, Engine, Set};

/// How the tables of a set stand to this program.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SchemaState {
    /// There are none yet.
    Empty,
    /// Migrations are still to be run.
    Behind,
    Current,
    /// A newer program has migrated; programs of one version's difference run together.
    Ahead,
}

const EXISTS_SQLITE: &str =
    "SELECT EXISTS (SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = $1)";
const EXISTS_POSTGRES: &str = "SELECT to_regclass($1) IS NOT NULL";

const IDP_VERSION: &str = "SELECT coalesce(max(version), 0) FROM idp_schema_versions WHERE success";
const SMS_VERSION: &str = "SELECT coalesce(max(version), 0) FROM sms_schema_versions WHERE success";
const PORTAL_VERSION: &str =
    "SELECT coalesce(max(version), 0) FROM portal_schema_versions WHERE success";

impl Db {
    /// Compares the newest migration that was run with the newest one this program knows.
    pub async fn schema_state(&self, set: Set) -> Result<SchemaState, DbError> {
        let newest = set.newest();
        Ok(match self.schema_version(set).await? {
            0 => SchemaState::Empty,
            version if version < newest => SchemaState::Behind,
            version if version > newest => SchemaState::Ahead,
            _ => SchemaState::Current,
        })
    }

    /// The number of the newest migration that was run, 0 for none.
    async fn schema_version(&self, set: Set) -> Result<i64, DbError> {
        let version = match set {
            crate::SMS => SMS_VERSION,
            crate::PORTAL => PORTAL_VERSION,
            _ => IDP_VERSION,
        };
        let table = set.version_table;
        let newest = match &self.0 {
            Engine::Sqlite(pools) => {
                let pool = &pools.readers;
                if !sqlx::query_scalar(EXISTS_SQLITE)
                    .bind(table)
                    .fetch_one(pool)
                    .await?
                {
                    return Ok(0);
                }
                sqlx::query_scalar(version).fetch_one(pool).await?
            }
            Engine::Postgres(pool) => {
                if !sqlx::query_scalar(EXISTS_POSTGRES)
                    .bind(table)
                    .fetch_one(pool)
                    .await?
                {
                    return Ok(0);
                }
                sqlx::query_scalar(version).fetch_one(pool).await?
            }
        };
        Ok(newest)
    }
}
