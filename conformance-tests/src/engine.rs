//! Which database a server is tested on.

use std::env;
use std::sync::atomic::{AtomicU32, Ordering};

use anyhow::{Context as _, Result};
use sqlx::postgres::PgConnectOptions;
use sqlx::{AssertSqlSafe, ConnectOptions as _, Connection as _, PgConnection};

/// Names a PostgreSQL server whose role may create databases (`scripts/postgres.sh`).
pub const POSTGRES_VARIABLE: &str = "YIMEN_TEST_POSTGRES";

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Engine {
    Sqlite,
    Postgres,
}

impl Engine {
    /// What a tool measures: PostgreSQL where a server is named, else SQLite.
    pub fn of_tools() -> Self {
        if env::var_os(POSTGRES_VARIABLE).is_some() {
            Self::Postgres
        } else {
            Self::Sqlite
        }
    }
}

/// False where no PostgreSQL server is named and none is required. Panics where `CI` or
/// `YIMEN_REQUIRE_POSTGRES` require one: a skipped test must not look like a passed one.
#[expect(clippy::print_stderr, reason = "a test that is left out says so")]
pub fn postgres_is_wanted() -> bool {
    if env::var_os(POSTGRES_VARIABLE).is_some() {
        return true;
    }
    for variable in ["CI", "YIMEN_REQUIRE_POSTGRES"] {
        assert!(
            env::var_os(variable).is_none(),
            "{variable} is set, so PostgreSQL must be tested, but {POSTGRES_VARIABLE} names no server"
        );
    }
    eprintln!("{POSTGRES_VARIABLE} is unset: not tested on PostgreSQL (see scripts/postgres.sh)");
    false
}

/// A fresh PostgreSQL database.
#[derive(Clone, Debug)]
pub struct Database {
    server: PgConnectOptions,
    name: String,
}

impl Database {
    /// Makes an empty one, named after this process.
    pub async fn create() -> Result<Self> {
        static COUNTER: AtomicU32 = AtomicU32::new(0);
        let server = env::var(POSTGRES_VARIABLE)
            .with_context(|| format!("{POSTGRES_VARIABLE} must name a PostgreSQL server"))?
            .parse::<PgConnectOptions>()
            .context(POSTGRES_VARIABLE)?;
        let name = format!(
            "yimen_conformance_{}_{}",
            std::process::id(),
            COUNTER.fetch_add(1, Ordering::Relaxed)
        );
        let database = Self { server, name };
        // A process that was killed may have left one of the same name.
        database.drop_now().await?;
        database.administer("CREATE DATABASE", "").await?;
        Ok(database)
    }

    /// What `--database` takes.
    pub fn url(&self) -> String {
        let options = self.server.clone().database(&self.name);
        options.to_url_lossy().to_string()
    }

    /// Removes it, whoever is connected.
    pub async fn drop_now(&self) -> Result<()> {
        self.administer("DROP DATABASE IF EXISTS", "WITH (FORCE)")
            .await
    }

    async fn administer(&self, verb: &str, options: &str) -> Result<()> {
        let mut server = PgConnection::connect_with(&self.server)
            .await
            .context("the PostgreSQL server doesn't answer")?;
        // The name is made above, of letters and digits.
        let sql = AssertSqlSafe(format!("{verb} {} {options}", self.name));
        sqlx::raw_sql(sql).execute(&mut server).await?;
        server.close().await?;
        Ok(())
    }
}
