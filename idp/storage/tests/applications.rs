//! Entries of the registry, on both engines.
#![expect(clippy::unwrap_used, reason = "a test that can't go on must stop")]

use idp_domain::Timestamp;
use idp_domain::applications::{Application, ApplicationId, parse_entries};
use idp_storage::applications::{Change, STATEMENTS, find, list, version};
use migrations::IDP;
use migrations::testing::{assert_prepares, engines};

fn application(id: &str, path: &str) -> Application {
    let entry = format!(
        r#"{{ "id": "{id}", "name": {{ "zh-CN": "图书馆", "en": "Library" }},
             "cas": {{ "services": ["https://{id}.example.edu/{path}"] }},
             "release": ["name"], "access": {{ "affiliations": ["student"] }} }}"#
    );
    parse_entries(&entry, false).unwrap().remove(0)
}

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(second).unwrap()
}

#[tokio::test]
async fn every_statement_prepares() {
    for db in engines(&[IDP]).await {
        assert_prepares(&db, STATEMENTS).await;
    }
}

#[tokio::test]
async fn an_entry_comes_back_as_it_was_and_is_replaced_and_removed() {
    for db in engines(&[IDP]).await {
        let (library, mail) = (application("library", "*"), application("mail", "cb"));
        let mut tx = db.write().await.unwrap();
        let mut change = Change::begin(&mut tx).await.unwrap();
        change.upsert(&mail, at(1)).await.unwrap();
        change.upsert(&library, at(1)).await.unwrap();
        tx.commit().await.unwrap();

        let mut conn = db.read().await.unwrap();
        let entries = list(&mut conn).await.unwrap();
        let read: Vec<_> = entries
            .iter()
            .map(|e| Application::from_json(&e.entry, false).unwrap())
            .collect();
        assert_eq!(read, [library.clone(), mail.clone()], "by id");

        let changed = application("library", "app/*");
        let mut tx = db.write().await.unwrap();
        let mut change = Change::begin(&mut tx).await.unwrap();
        change.upsert(&changed, at(2)).await.unwrap();
        assert!(change.remove(&mail.id, at(2)).await.unwrap());
        assert!(!change.remove(&mail.id, at(2)).await.unwrap());
        assert_eq!(change.list().await.unwrap().len(), 1);
        tx.commit().await.unwrap();

        let stored = find(&mut conn, &library.id).await.unwrap().unwrap();
        assert_eq!(stored.id, "library");
        assert_eq!(Application::from_json(&stored.entry, false), Ok(changed));
        assert_eq!(stored.updated_at, at(2));
        let gone = ApplicationId::parse("mail").unwrap();
        assert!(find(&mut conn, &gone).await.unwrap().is_none());
    }
}

#[tokio::test]
async fn the_version_moves_with_a_committed_change_only() {
    for db in engines(&[IDP]).await {
        let mut conn = db.read().await.unwrap();
        let before = version(&mut conn).await.unwrap();

        let mut tx = db.write().await.unwrap();
        let mut change = Change::begin(&mut tx).await.unwrap();
        change
            .upsert(&application("library", "*"), at(1))
            .await
            .unwrap();
        tx.rollback().await.unwrap();
        assert_eq!(version(&mut conn).await.unwrap(), before);
        assert!(list(&mut conn).await.unwrap().is_empty());

        let mut tx = db.write().await.unwrap();
        Change::begin(&mut tx).await.unwrap();
        tx.commit().await.unwrap();
        assert_ne!(version(&mut conn).await.unwrap(), before);
    }
}

/// Two imports at once may not each find the other's entries missing.
#[tokio::test(flavor = "multi_thread")]
async fn parallel_changes_run_one_after_the_other() {
    for db in engines(&[IDP]).await {
        let seen = change_in_parallel(16, &db).await;
        // Each saw exactly what those before it had committed: 0, 1, 2, …
        let expected: Vec<usize> = (0..16).collect();
        assert_eq!(seen, expected);
    }
}

async fn change_in_parallel(count: usize, db: &migrations::Db) -> Vec<usize> {
    let tasks: Vec<_> = (0..count)
        .map(|i| {
            let db = db.clone();
            tokio::spawn(async move {
                let mut tx = db.write().await.unwrap();
                let mut change = Change::begin(&mut tx).await.unwrap();
                let seen = change.list().await.unwrap().len();
                let entry = application(&format!("app{i}"), "*");
                change.upsert(&entry, at(1)).await.unwrap();
                tx.commit().await.unwrap();
                seen
            })
        })
        .collect();
    let mut seen = Vec::new();
    for task in tasks {
        seen.push(task.await.unwrap());
    }
    seen.sort_unstable();
    seen
}
