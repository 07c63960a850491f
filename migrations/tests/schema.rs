//! The SQL files: pairs, both engines alike, and every landed schema can be upgraded from.
#![expect(clippy::unwrap_used, reason = "a test stops where its set-up fails")]

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use migrations::testing::{TestDb, empty_engines, engines};
use migrations::{Conn, Db, IDP, PORTAL, SMS, Set, run};
use sqlx::AssertSqlSafe;

const SETS: [Set; 3] = [IDP, PORTAL, SMS];

#[test]
fn migrations_are_paired_by_number_and_name() {
    for set in SETS {
        let [sqlite, postgres] = set.pairs();
        assert!(!sqlite.is_empty(), "{} has no migrations", set.name);
        assert_eq!(sqlite, postgres, "{}", set.name);
        let numbers: Vec<i64> = sqlite.iter().map(|(number, _)| *number).collect();
        let without_gaps: Vec<i64> = (1..).take(numbers.len()).collect();
        assert_eq!(numbers, without_gaps, "{}", set.name);
    }
}

/// A binary that was built before a file was added would hold back that migration unseen.
#[test]
fn every_file_is_embedded() {
    for set in SETS {
        for (engine, embedded) in ["sqlite", "postgres"].into_iter().zip(set.pairs()) {
            let folder = root().join(set.name).join(engine);
            let files = std::fs::read_dir(&folder).unwrap().count();
            assert_eq!(files, embedded.len(), "{}", folder.display());
        }
    }
}

#[tokio::test]
async fn migrating_twice_changes_nothing() {
    for db in engines(&SETS).await {
        let before = columns(&db).await;
        for set in SETS {
            db.migrate(set).await.unwrap();
        }
        assert_eq!(columns(&db).await, before);
    }
}

/// Nodes that start together must not trip over each other.
#[tokio::test]
async fn two_nodes_may_migrate_at_once() {
    for db in empty_engines().await {
        let (one, other) = tokio::join!(db.migrate(IDP), db.migrate(IDP));
        one.unwrap();
        other.unwrap();
    }
}

#[tokio::test]
async fn both_engines_have_the_same_tables_and_columns() {
    let mut schemas = Vec::new();
    for db in engines(&SETS).await {
        schemas.push(columns(&db).await);
    }
    assert!(schemas[0].contains_key("sessions") && schemas[0].contains_key("sms_messages"));
    for schema in &schemas[1..] {
        assert_eq!(schema, &schemas[0]);
    }
}

/// What SQLite calls a wrong type it stores all the same, unless the table is STRICT.
#[tokio::test]
async fn every_sqlite_table_is_strict() {
    for db in engines(&SETS).await.filter(|db| db.is_embedded()) {
        let lax: Vec<String> = names(
            &db,
            "SELECT name FROM pragma_table_list WHERE schema = 'main' AND type = 'table'
                AND strict = 0 AND name NOT LIKE 'sqlite%' AND name NOT LIKE '%_schema_versions'",
        )
        .await;
        assert_eq!(lax, Vec::<String>::new());
    }
}

#[tokio::test]
async fn one_import_is_staging_at_a_time() {
    for db in engines(&[IDP]).await {
        let mut tx = db.write().await.unwrap();
        let stage = |seq: i64| {
            sql(format!(
                "INSERT INTO imports (seq, file_name, started_at, heartbeat_at)
                    VALUES ({seq}, 'a.csv', 0, 0)"
            ))
        };
        run!(tx, c => sqlx::raw_sql(stage(1)).execute(c)).unwrap();
        run!(tx, c => sqlx::raw_sql(sql("UPDATE imports SET published_at = 1")).execute(c))
            .unwrap();
        run!(tx, c => sqlx::raw_sql(stage(2)).execute(c)).unwrap();
        let third = run!(tx, c => sqlx::raw_sql(stage(3)).execute(c)).unwrap_err();
        assert!(third.is_conflict(), "{third}");
    }
}

#[tokio::test]
async fn every_landed_schema_upgrades_with_its_rows() {
    for set in SETS {
        let [migrations, _] = set.pairs();
        for (number, _) in migrations {
            for db in empty_engines().await {
                upgrade_from(&db, set, number).await;
            }
        }
    }
}

async fn upgrade_from(db: &TestDb, set: Set, number: i64) {
    db.migrate_to(set, number).await.unwrap();
    let engine = if db.is_embedded() {
        "sqlite"
    } else {
        "postgres"
    };
    let file = root().join(format!("fixtures/{}/{number:04}.{engine}.sql", set.name));
    let rows = std::fs::read_to_string(&file).unwrap_or_else(|e| panic!("{}: {e}", file.display()));
    let mut tx = db.write().await.unwrap();
    run!(tx, c => sqlx::raw_sql(AssertSqlSafe(rows)).execute(c))
        .unwrap_or_else(|e| panic!("{}: {e}", file.display()));
    tx.commit().await.unwrap();

    let before = row_counts(db).await;
    let empty: Vec<_> = before.iter().filter(|(_, rows)| **rows == 0).collect();
    assert!(
        empty.is_empty(),
        "{} fills no row of {empty:?}",
        file.display()
    );

    db.migrate(set).await.unwrap();
    let after = row_counts(db).await;
    for (table, rows) in before {
        assert_eq!(
            after.get(&table),
            Some(&rows),
            "{table} on {}",
            db.engine_name()
        );
    }
}

async fn row_counts(db: &Db) -> BTreeMap<String, i64> {
    let mut counts = BTreeMap::new();
    for table in columns(db).await.into_keys() {
        let count = format!("SELECT count(*) FROM {table}");
        let mut conn = db.read().await.unwrap();
        let rows = run!(conn, c => sqlx::query_scalar(sql(&count)).fetch_one(c)).unwrap();
        counts.insert(table, rows);
    }
    counts
}

/// Table and view → its columns, without the engines' and the migrations' own.
async fn columns(db: &Db) -> BTreeMap<String, BTreeSet<String>> {
    let conn: Conn = db.read().await.unwrap();
    let pairs = names(
        db,
        conn.pick(
            "SELECT t.name || ' ' || c.name FROM pragma_table_list t, pragma_table_info(t.name) c
                WHERE t.schema = 'main' AND t.name NOT LIKE 'sqlite%'",
            "SELECT table_name || ' ' || column_name FROM information_schema.columns
                WHERE table_schema = 'public'",
        ),
    )
    .await;
    let mut tables: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for pair in pairs {
        let (table, column) = pair.split_once(' ').unwrap();
        if !table.ends_with("_schema_versions") {
            tables
                .entry(table.into())
                .or_default()
                .insert(column.into());
        }
    }
    tables
}

async fn names(db: &Db, text: &'static str) -> Vec<String> {
    let mut conn = db.read().await.unwrap();
    run!(conn, c => sqlx::query_scalar(text).fetch_all(c)).unwrap()
}

fn sql(text: impl Into<String>) -> AssertSqlSafe<String> {
    AssertSqlSafe(text.into())
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).to_owned()
}
