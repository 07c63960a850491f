//! What every part relies on: writers in turn, all or nothing, no write by a reader.
#![expect(clippy::unwrap_used, reason = "a test stops where its set-up fails")]

use std::sync::Arc;

use migrations::testing::{TestDb, empty_engines, engines};
use migrations::{Conn, Db, DbError, IDP, Micros, Tx, run, statements, testing};

statements! {
    READ: "SELECT value FROM settings WHERE name = $1";
    /// The lock under which PostgreSQL's read-modify-write is exact; SQLite has one writer anyway.
    READ_LOCKED_PG(Postgres): "SELECT value FROM settings WHERE name = $1 FOR UPDATE";
    WRITE: "INSERT INTO settings (name, value) VALUES ($1, $2)
            ON CONFLICT (name) DO UPDATE SET value = $2";
    ADD: "INSERT INTO settings (name, value) VALUES ($1, $2)";
}

async fn read(conn: &mut Conn) -> Result<Option<String>, DbError> {
    run!(conn, c => sqlx::query_scalar(READ).bind("counter").fetch_optional(c))
}

async fn write(tx: &mut Tx, value: &str) -> Result<(), DbError> {
    let rows = run!(tx, c => sqlx::query(WRITE).bind("counter").bind(value).execute(c))?;
    assert_eq!(rows, 1);
    Ok(())
}

async fn increment(db: &Db) -> Result<(), DbError> {
    let mut tx = db.write().await?;
    let text = tx.pick(READ, READ_LOCKED_PG);
    let value: String = run!(tx, c => sqlx::query_scalar(text).bind("counter").fetch_one(c))?;
    // Gives the other tasks every chance to come in between.
    tokio::task::yield_now().await;
    let next = value.parse::<u32>().unwrap() + 1;
    write(&mut tx, &next.to_string()).await?;
    tx.commit().await
}

async fn with_counter(db: &TestDb) {
    let mut tx = db.write().await.unwrap();
    write(&mut tx, "0").await.unwrap();
    tx.commit().await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn parallel_read_modify_write_loses_nothing() {
    for db in engines(&[IDP]).await {
        with_counter(&db).await;
        let db = Arc::new(db);
        let tasks: Vec<_> = (0..8)
            .map(|_| {
                let db = Arc::clone(&db);
                tokio::spawn(async move {
                    for _ in 0..200 {
                        increment(&db).await.unwrap();
                    }
                })
            })
            .collect();
        for task in tasks {
            task.await.unwrap();
        }
        let mut conn = db.read().await.unwrap();
        assert_eq!(read(&mut conn).await.unwrap().as_deref(), Some("1600"));
    }
}

#[tokio::test]
async fn a_dropped_transaction_changed_nothing() {
    for db in engines(&[IDP]).await {
        with_counter(&db).await;
        let mut dropped = db.write().await.unwrap();
        write(&mut dropped, "7").await.unwrap();
        drop(dropped);
        let mut undone = db.write().await.unwrap();
        write(&mut undone, "8").await.unwrap();
        undone.rollback().await.unwrap();
        // The next writer waits for the end of the first, so this also reads after it.
        let mut tx = db.write().await.unwrap();
        assert_eq!(read(&mut tx).await.unwrap().as_deref(), Some("0"));
    }
}

#[tokio::test]
async fn a_reader_sees_only_what_was_committed() {
    for db in engines(&[IDP]).await {
        with_counter(&db).await;
        let mut tx = db.write().await.unwrap();
        write(&mut tx, "1").await.unwrap();
        let mut reader = db.read().await.unwrap();
        assert_eq!(read(&mut reader).await.unwrap().as_deref(), Some("0"));
        tx.commit().await.unwrap();
        assert_eq!(read(&mut reader).await.unwrap().as_deref(), Some("1"));
    }
}

#[tokio::test]
async fn a_taken_key_is_a_conflict() {
    for db in engines(&[IDP]).await {
        with_counter(&db).await;
        let mut tx = db.write().await.unwrap();
        let error =
            run!(tx, c => sqlx::query(ADD).bind("counter").bind("1").execute(c)).unwrap_err();
        assert!(error.is_conflict(), "{error}");
    }
}

#[tokio::test]
async fn sqlite_readers_do_not_write() {
    for db in engines(&[IDP]).await.filter(|db| db.is_embedded()) {
        let mut reader = db.read().await.unwrap();
        let error = run!(reader, c => sqlx::query(ADD).bind("a").bind("1").execute(c)).unwrap_err();
        assert!(error.to_string().contains("readonly"), "{error}");
    }
}

#[tokio::test]
async fn every_statement_prepares_and_a_wrong_one_is_named() {
    statements_of_a_typo::check().await;
    for db in engines(&[IDP]).await {
        testing::assert_prepares(&db, STATEMENTS).await;
    }
}

mod statements_of_a_typo {
    migrations::statements! {
        TYPO: "SELECT valeu FROM settings";
    }

    pub(crate) async fn check() {
        for db in migrations::testing::engines(&[migrations::IDP]).await {
            let checking = tokio::spawn(async move {
                migrations::testing::assert_prepares(&db, STATEMENTS).await;
            });
            let panic = checking.await.unwrap_err().into_panic();
            let message = panic.downcast_ref::<String>().unwrap();
            assert!(message.contains("::TYPO: "), "{message}");
            assert!(message.contains("valeu"), "{message}");
            assert!(!TYPO.is_empty());
        }
    }
}

#[tokio::test]
async fn the_database_tells_its_clock() {
    for db in empty_engines().await {
        let clock = db.clock().await.unwrap();
        assert_eq!(clock.is_none(), db.is_embedded());
        // Any time after this was written.
        assert!(clock.is_none_or(|at| at > Micros(1_790_000_000_000_000)));
    }
}

#[tokio::test]
async fn a_closed_database_is_unavailable() {
    for db in empty_engines().await {
        db.close().await;
        assert!(matches!(db.read().await, Err(DbError::Unavailable(_))));
    }
}
