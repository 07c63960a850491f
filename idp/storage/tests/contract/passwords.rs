use idp_storage::{passwords, persons};

use crate::in_tx;
use crate::support::{at, count, databases, race, student, winners};

#[tokio::test]
async fn the_newest_passwords_are_remembered_the_oldest_forgotten() {
    for db in databases().await {
        let (one, two) = (
            student(&db, 1, &["s1"]).await,
            student(&db, 2, &["s2"]).await,
        );
        in_tx!(db, tx => passwords::set(&mut tx, two, "other", false, 3, at(0)));
        for (second, phc) in [(1, "a"), (2, "b"), (3, "c"), (4, "d"), (5, "e")] {
            in_tx!(db, tx => passwords::set(&mut tx, one, phc, false, 3, at(second)));
        }
        let mut conn = db.read().await.unwrap();
        assert_eq!(
            passwords::history(&mut conn, one, 9).await.unwrap(),
            ["e", "d", "c", "b"]
        );
        assert_eq!(
            passwords::history(&mut conn, one, 2).await.unwrap(),
            ["e", "d"]
        );
        assert_eq!(
            passwords::history(&mut conn, two, 9).await.unwrap(),
            ["other"]
        );
        assert_eq!(count(&db, "SELECT count(*) FROM password_history").await, 3);
        let account = persons::for_sign_in(&mut conn, "s1")
            .await
            .unwrap()
            .unwrap();
        assert_eq!(account.password_phc.as_deref(), Some("e"));
    }
}

#[tokio::test]
async fn a_stronger_hash_replaces_only_the_one_that_was_read() {
    for db in databases().await {
        let person = student(&db, 1, &["s1"]).await;
        in_tx!(db, tx => passwords::set(&mut tx, person, "weak", true, 3, at(1)));
        assert!(in_tx!(db, tx => passwords::rehash(&mut tx, person, "weak", "strong")));
        assert!(!in_tx!(db, tx => passwords::rehash(&mut tx, person, "weak", "late")));
        let mut conn = db.read().await.unwrap();
        assert_eq!(
            passwords::history(&mut conn, person, 9).await.unwrap(),
            ["strong"]
        );
        let standing = persons::standing(&mut conn, person).await.unwrap().unwrap();
        assert!(standing.must_change_password, "a hash is no new password");
        in_tx!(db, tx => passwords::set(&mut tx, person, "own", false, 3, at(2)));
        let standing = persons::standing(&mut conn, person).await.unwrap().unwrap();
        assert!(!standing.must_change_password);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rehash_that_races_a_change_never_brings_the_old_password_back() {
    for db in databases().await {
        let person = student(&db, 1, &["s1"]).await;
        for round in 0..10 {
            in_tx!(db, tx => passwords::set(&mut tx, person, "old", false, 0, at(round)));
            let done = race(&db, 2, move |db, index| async move {
                if index == 0 {
                    in_tx!(db, tx => passwords::rehash(&mut tx, person, "old", "old, stronger"))
                } else {
                    in_tx!(db, tx => passwords::set(&mut tx, person, "new", false, 0, at(round)));
                    true
                }
            })
            .await;
            assert!(winners(&done) >= 1);
            let mut conn = db.read().await.unwrap();
            assert_eq!(
                passwords::history(&mut conn, person, 1).await.unwrap(),
                ["new"]
            );
        }
    }
}
