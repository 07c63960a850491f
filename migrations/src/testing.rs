//! Databases for tests, on both engines: `YIMEN_TEST_POSTGRES` names a PostgreSQL server whose
//! role may create databases; SQLite needs nothing.
//!
//! ```no_run
//! # async fn a_test() {
//! for db in migrations::testing::engines(&[migrations::IDP]).await {
//!     let mut tx = db.write().await.unwrap();
//!     // …
//! }
//! # }
//! ```
#![expect(
    clippy::expect_used,
    clippy::print_stderr,
    reason = "a test without its database must stop, and say why"
)]

use std::env;
use std::ops::Deref;
use std::sync::Once;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use sqlx::postgres::PgConnectOptions;
use sqlx::{AssertSqlSafe, ConnectOptions, Connection, Executor, PgConnection, SqlSafeStr};
use tempfile::TempDir;

use crate::{Db, Engine, Only, OpenOptions, Set, Statement, sqlite_url};

/// Names the PostgreSQL server of the tests.
pub const POSTGRES_VARIABLE: &str = "YIMEN_TEST_POSTGRES";

/// A fresh, migrated database that is gone when the value is dropped.
#[derive(Debug)]
pub struct TestDb {
    db: Db,
    url: String,
    place: Place,
}

#[derive(Debug)]
enum Place {
    /// Removed with everything in it when dropped.
    Folder(#[expect(dead_code, reason = "held for its Drop")] TempDir),
    Server {
        url: String,
        database: String,
    },
}

impl TestDb {
    /// The address that another process opens this database with.
    pub fn url(&self) -> &str {
        &self.url
    }
}

impl Deref for TestDb {
    type Target = Db;
    fn deref(&self) -> &Db {
        &self.db
    }
}

impl Drop for TestDb {
    fn drop(&mut self) {
        let Place::Server { url, database } = &self.place else {
            return;
        };
        let (url, database) = (url.clone(), database.clone());
        // A runtime can't be waited for inside of another one, so the waiting has a thread.
        let dropping = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()
                .expect("a runtime");
            runtime.block_on(async {
                let mut server = connect(&url).await;
                administer(
                    &mut server,
                    &format!("DROP DATABASE IF EXISTS {database} WITH (FORCE)"),
                )
                .await;
            });
        });
        if dropping.join().is_err() && !std::thread::panicking() {
            eprintln!("a test database stayed behind: drop it by hand");
        }
    }
}

/// One fresh database for each engine, with the tables of `sets`. The engine's name goes to
/// stderr, so that a failing test shows where it failed.
///
/// Without a PostgreSQL server only SQLite is tested, and it is said; with `CI` or
/// `YIMEN_REQUIRE_POSTGRES` set that is a failure.
pub async fn engines(sets: &[Set]) -> impl Iterator<Item = TestDb> + use<> {
    let empty = empty_engines().await;
    let mut migrated = Vec::new();
    for test_db in empty {
        for set in sets {
            test_db.migrate(*set).await.expect("migrations apply");
        }
        migrated.push(test_db);
    }
    migrated
        .into_iter()
        .inspect(|test_db| eprintln!("on {}:", test_db.engine_name()))
}

/// One database without any table for each engine.
pub async fn empty_engines() -> Vec<TestDb> {
    let mut databases = vec![sqlite().await];
    match env::var(POSTGRES_VARIABLE) {
        Ok(url) => databases.push(postgres(&url).await),
        Err(_) => without_postgres(),
    }
    databases
}

fn without_postgres() {
    static SAID: Once = Once::new();
    let required = ["CI", "YIMEN_REQUIRE_POSTGRES"]
        .into_iter()
        .find(|name| env::var_os(name).is_some());
    if let Some(name) = required {
        panic!(
            "{name} is set, so PostgreSQL must be tested, but {POSTGRES_VARIABLE} names no server"
        );
    }
    SAID.call_once(|| {
        eprintln!("{POSTGRES_VARIABLE} is unset: only SQLite is tested (see postgres.sh)");
    });
}

async fn sqlite() -> TestDb {
    let folder = TempDir::new().expect("a temporary folder");
    let url = sqlite_url(&folder.path().join("test.db"));
    TestDb {
        db: open(&url).await,
        url,
        place: Place::Folder(folder),
    }
}

async fn postgres(server_url: &str) -> TestDb {
    static COUNTER: AtomicU32 = AtomicU32::new(0);
    let database = format!(
        "yimen_test_{}_{}",
        std::process::id(),
        COUNTER.fetch_add(1, Ordering::Relaxed)
    );
    let mut server = connect(server_url).await;
    // A process that was killed may have left one of the same name.
    administer(
        &mut server,
        &format!("DROP DATABASE IF EXISTS {database} WITH (FORCE)"),
    )
    .await;
    administer(&mut server, &format!("CREATE DATABASE {database}")).await;
    server.close().await.expect("a clean close");

    let url = server_options(server_url)
        .database(&database)
        .to_url_lossy()
        .to_string();
    TestDb {
        db: open(&url).await,
        url,
        place: Place::Server {
            url: server_url.to_owned(),
            database,
        },
    }
}

async fn open(url: &str) -> Db {
    // Tests share two cores with a compiler: waiting long is not the fault they look for.
    let options = OpenOptions {
        acquire_timeout: Duration::from_mins(1),
        ..OpenOptions::default()
    };
    Db::open(url, &options)
        .await
        .expect("the test database opens")
}

fn server_options(url: &str) -> PgConnectOptions {
    url.parse()
        .unwrap_or_else(|error| panic!("{POSTGRES_VARIABLE}: {error}"))
}

async fn connect(url: &str) -> PgConnection {
    PgConnection::connect_with(&server_options(url))
        .await
        .unwrap_or_else(|error| panic!("{POSTGRES_VARIABLE}: the server doesn't answer: {error}"))
}

async fn administer(server: &mut PgConnection, sql: &str) {
    sqlx::raw_sql(AssertSqlSafe(sql))
        .execute(&mut *server)
        .await
        .unwrap_or_else(|error| panic!("{sql}: {error}"));
}

/// Prepares every text on the engine that it is for, which finds a wrong table, column or type
/// without running it. Panics with the name of each text that the engine refuses.
pub async fn assert_prepares(db: &Db, statements: &[Statement]) {
    let mut refused = Vec::new();
    for statement in statements {
        if let Err(error) = prepare(db, statement).await {
            refused.push(format!("{}: {error}", statement.name));
        }
    }
    assert!(
        refused.is_empty(),
        "{} refuses:\n{}",
        db.engine_name(),
        refused.join("\n")
    );
}

async fn prepare(db: &Db, statement: &Statement) -> Result<(), sqlx::Error> {
    match (&db.0, statement.only) {
        (Engine::Sqlite(pools), Only::Both | Only::Sqlite) => {
            pools
                .writer
                .acquire()
                .await?
                .prepare(statement.sql.into_sql_str())
                .await?;
        }
        (Engine::Postgres(pool), Only::Both | Only::Postgres) => {
            pool.acquire()
                .await?
                .prepare(statement.sql.into_sql_str())
                .await?;
        }
        _ => {}
    }
    Ok(())
}
