use std::path::Path;
use std::str::FromStr;
use std::time::Duration;

use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};
use sqlx::{ConnectOptions, Connection, PgConnection, PgPool, SqlitePool};

use crate::conn::Inner;
use crate::{Conn, DbError, Micros, Set, Tx};

/// Which of the two engines, with a value of that engine.
#[derive(Clone, Debug)]
pub enum Engine<S, P> {
    Sqlite(S),
    Postgres(P),
}

/// The two pools of the embedded engine: SQLite takes one writer at a time, and a pool of one
/// makes the waiting fair and quick instead of a race for the file lock.
#[derive(Clone, Debug)]
pub(crate) struct SqlitePools {
    pub(crate) writer: SqlitePool,
    pub(crate) readers: SqlitePool,
}

/// A database of either engine. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Db(pub(crate) Engine<SqlitePools, PgPool>);

/// How to open a database.
#[derive(Clone, Debug)]
pub struct OpenOptions {
    /// Connections of the PostgreSQL pool, and readers of SQLite.
    pub connections: u32,
    /// How long a caller waits for a connection before [`DbError::Unavailable`].
    pub acquire_timeout: Duration,
    /// Make the SQLite file when it isn't there.
    pub create: bool,
}

impl Default for OpenOptions {
    fn default() -> Self {
        Self {
            connections: 8,
            acquire_timeout: Duration::from_secs(2),
            create: true,
        }
    }
}

/// A statement that takes longer than this is a defect, and must not hold the pool.
const STATEMENT_TIMEOUT: &str = "5s";
/// How long SQLite waits for another process' write (an import beside the server).
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);

impl Db {
    /// Opens `sqlite://PATH` or `postgres://…`.
    ///
    /// # Errors
    /// [`DbError::Address`] for another scheme, [`DbError::Unavailable`] when nothing answers.
    pub async fn open(url: &str, options: &OpenOptions) -> Result<Self, DbError> {
        if url.starts_with("sqlite:") {
            Self::open_sqlite(url, options).await
        } else if url.starts_with("postgres:") || url.starts_with("postgresql:") {
            Self::open_postgres(url, options).await
        } else {
            Err(DbError::Address {
                url: without_password(url),
                reason: "must start with sqlite:// or postgres://".into(),
            })
        }
    }

    async fn open_sqlite(url: &str, options: &OpenOptions) -> Result<Self, DbError> {
        if url.contains(":memory:") || url.contains("mode=memory") {
            return Err(DbError::Address {
                url: url.into(),
                // Each connection would see a database of its own.
                reason: "must be a file, the database has several connections".into(),
            });
        }
        let connect = SqliteConnectOptions::from_str(url)
            .map_err(|e| DbError::Address {
                url: url.into(),
                reason: e.to_string(),
            })?
            .create_if_missing(options.create)
            .journal_mode(SqliteJournalMode::Wal)
            // FULL: a commit that was acknowledged survives a power cut, not only a crash.
            .synchronous(SqliteSynchronous::Full)
            .foreign_keys(true)
            .busy_timeout(BUSY_TIMEOUT)
            .disable_statement_logging();
        let writer = SqlitePoolOptions::new()
            .max_connections(1)
            .acquire_timeout(options.acquire_timeout.max(BUSY_TIMEOUT))
            .connect_with(connect.clone())
            .await?;
        let readers = SqlitePoolOptions::new()
            .max_connections(options.connections)
            .acquire_timeout(options.acquire_timeout)
            .connect_with(connect.create_if_missing(false).pragma("query_only", "ON"))
            .await?;
        Ok(Self(Engine::Sqlite(SqlitePools { writer, readers })))
    }

    async fn open_postgres(url: &str, options: &OpenOptions) -> Result<Self, DbError> {
        let connect = PgConnectOptions::from_str(url)
            .map_err(|e| DbError::Address {
                url: without_password(url),
                reason: e.to_string(),
            })?
            .options([("statement_timeout", STATEMENT_TIMEOUT)])
            .application_name("yimen")
            .disable_statement_logging();
        let pool = PgPoolOptions::new()
            .max_connections(options.connections)
            .acquire_timeout(options.acquire_timeout)
            .connect_with(connect)
            .await?;
        Ok(Self(Engine::Postgres(pool)))
    }

    /// A connection to read with.
    pub async fn read(&self) -> Result<Conn, DbError> {
        Ok(Conn(match &self.0 {
            Engine::Sqlite(pools) => Inner::SqliteRead(pools.readers.acquire().await?),
            Engine::Postgres(pool) => Inner::PostgresRead(pool.acquire().await?),
        }))
    }

    /// A writing transaction.
    pub async fn write(&self) -> Result<Tx, DbError> {
        Ok(Tx(Conn(match &self.0 {
            // A deferred transaction that reads first and writes later fails with "database is
            // locked" whenever another one wrote in between.
            Engine::Sqlite(pools) => {
                Inner::SqliteTx(pools.writer.begin_with("BEGIN IMMEDIATE").await?)
            }
            Engine::Postgres(pool) => Inner::PostgresTx(pool.begin().await?),
        })))
    }

    /// Brings the tables of `set` up to date; a second call does nothing.
    pub async fn migrate(&self, set: Set) -> Result<(), DbError> {
        self.run_migrations(set, None).await
    }

    /// Stops after migration `number`: for the tests that upgrade from each landed schema.
    pub async fn migrate_to(&self, set: Set, number: i64) -> Result<(), DbError> {
        self.run_migrations(set, Some(number)).await
    }

    async fn run_migrations(&self, set: Set, target: Option<i64>) -> Result<(), DbError> {
        let result = match &self.0 {
            Engine::Sqlite(pools) => {
                let migrator = set.sqlite();
                match target {
                    Some(number) => migrator.run_to(number, &pools.writer).await,
                    None => migrator.run(&pools.writer).await,
                }
            }
            Engine::Postgres(pool) => {
                let migrator = set.postgres();
                let mut connection = unhurried(pool).await?;
                let result = match target {
                    Some(number) => migrator.run_to(number, &mut connection).await,
                    None => migrator.run(&mut connection).await,
                };
                connection.close().await?;
                result
            }
        };
        result.map_err(|source| DbError::Migrate {
            set: set.name,
            source,
        })
    }

    /// The database's own clock, to compare with ours. SQLite has none but the machine's.
    pub async fn clock(&self) -> Result<Option<Micros>, DbError> {
        match &self.0 {
            Engine::Sqlite(_) => Ok(None),
            Engine::Postgres(pool) => {
                let micros: i64 = sqlx::query_scalar(
                    "SELECT (extract(epoch FROM clock_timestamp()) * 1000000)::bigint",
                )
                .fetch_one(pool)
                .await?;
                Ok(Some(Micros(micros)))
            }
        }
    }

    /// The word for logs and messages.
    pub fn engine_name(&self) -> &'static str {
        match self.0 {
            Engine::Sqlite(_) => "SQLite",
            Engine::Postgres(_) => "PostgreSQL",
        }
    }

    /// True for the embedded engine, whose migrations the server runs itself.
    pub fn is_embedded(&self) -> bool {
        matches!(self.0, Engine::Sqlite(_))
    }

    /// Closes every connection; on SQLite this also folds the write-ahead log into the file.
    pub async fn close(&self) {
        match &self.0 {
            Engine::Sqlite(pools) => {
                pools.readers.close().await;
                pools.writer.close().await;
            }
            Engine::Postgres(pool) => pool.close().await,
        }
    }
}

/// The `sqlite://` address of a file.
pub fn sqlite_url(path: &Path) -> String {
    let path = path.display().to_string();
    format!("sqlite://{}", path.replace('%', "%25").replace('?', "%3F"))
}

/// A connection of its own for migrations: building an index, or waiting until another node has
/// migrated, may take longer than a statement is given otherwise.
async fn unhurried(pool: &PgPool) -> Result<PgConnection, DbError> {
    let mut connection = pool.acquire().await?.detach();
    sqlx::query("SET statement_timeout TO 0")
        .execute(&mut connection)
        .await?;
    Ok(connection)
}

/// An address for messages: what stands before `@` or after `?` is nobody's to read.
fn without_password(url: &str) -> String {
    let url = url.split_once('?').map_or(url, |(before, _)| before);
    match (url.find("://"), url.rfind('@')) {
        (Some(scheme), Some(at)) if at > scheme => {
            format!("{}://…{}", &url[..scheme], &url[at..])
        }
        _ => url.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn an_unknown_scheme_is_named_without_its_password() {
        let error = Db::open("mysql://u:secret@h/db", &OpenOptions::default())
            .await
            .unwrap_err()
            .to_string();
        assert!(error.contains("sqlite:// or postgres://"), "{error}");
        assert!(!error.contains("secret"), "{error}");
        assert_eq!(
            without_password("postgres://h/db?user=u&password=secret"),
            "postgres://h/db"
        );
    }

    #[tokio::test]
    async fn a_database_in_memory_is_refused() {
        let error = Db::open("sqlite::memory:", &OpenOptions::default()).await;
        assert!(matches!(error, Err(DbError::Address { .. })));
    }

    #[tokio::test]
    async fn a_file_name_with_signs_of_addresses_is_that_file() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("100%25?x 学校.db");
        let db = Db::open(&sqlite_url(&file), &OpenOptions::default())
            .await
            .unwrap();
        db.close().await;
        assert!(file.exists());
    }
}
