//! Every query text of this crate prepares on both engines, and none stands where this test can't
//! see it.
#![expect(clippy::unwrap_used, reason = "a test stops where its set-up fails")]

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use idp_storage::STATEMENTS;
use migrations::testing::{assert_prepares, engines};
use migrations::{IDP, Statement};

/// The one file that builds texts: the number of rows of an INSERT can't be known beforehand.
const BUILDS_TEXTS: &str = "roster";

#[tokio::test]
async fn every_text_prepares_on_both_engines() {
    let all: Vec<Statement> = STATEMENTS.concat();
    for db in engines(&[IDP]).await {
        assert_prepares(&db, &all).await;
    }
}

#[test]
fn every_file_with_queries_declares_them_and_is_listed() {
    let listed: BTreeSet<String> = STATEMENTS
        .iter()
        .flat_map(|file| file.iter())
        .filter_map(|statement| Some(statement.name.split("::").nth(1)?.to_owned()))
        .collect();
    let with_queries: BTreeSet<String> = sources()
        .into_iter()
        .filter(|(_, text)| text.contains("run!("))
        .map(|(name, _)| name)
        .collect();
    assert!(with_queries.len() > 20, "{with_queries:?}");
    assert_eq!(with_queries, listed, "files with `run!`, and STATEMENTS");
}

#[test]
fn no_text_stands_outside_of_a_declaration() {
    for (name, text) in sources() {
        // Without its blanks, so that a text on the next line is found too.
        let dense: String = text.split_whitespace().collect();
        for literal in [
            "query(\"",
            "query_as(\"",
            "query_scalar(\"",
            "query(r#",
            "query_as(r#",
            "query_scalar(r#",
            "query(concat!",
            "query_as(concat!",
            "query_scalar(concat!",
            "AssertSqlSafe",
            "raw_sql",
        ] {
            assert!(!dense.contains(literal), "{name}.rs has {literal}");
        }
        assert!(
            name == BUILDS_TEXTS || !dense.contains("QueryBuilder"),
            "{name}.rs builds a text"
        );
    }
}

#[test]
fn names_are_unique_and_texts_have_no_engine_of_their_own() {
    let mut names = BTreeSet::new();
    for statement in STATEMENTS.concat() {
        assert!(names.insert(statement.name), "{} twice", statement.name);
        assert!(
            !statement.sql.contains('?'),
            "{}: `?` is SQLite's alone, `$1` is both engines'",
            statement.name
        );
    }
}

/// The name of each file of the crate, with its text.
fn sources() -> Vec<(String, String)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    fs::read_dir(folder)
        .unwrap()
        .map(|entry| {
            let path = entry.unwrap().path();
            assert!(path.is_file(), "{} is not read here", path.display());
            let name = path.file_stem().unwrap().to_string_lossy().into_owned();
            (name, fs::read_to_string(&path).unwrap())
        })
        .filter(|(name, _)| name != "lib")
        .collect()
}
