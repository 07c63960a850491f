//! One import at a time, seen as a whole or never.

use idp_domain::ids::PersonId;
use idp_domain::secrets::Tag;
use idp_storage::imports::{self, Begun, Tidied};
use idp_storage::roster::{self, Row, Sealed};
use idp_storage::{Db, org_units, persons};
use jiff::{SignedDuration, ToSpan};
use migrations::IDP;
use migrations::testing::{assert_prepares, engines};

use crate::rows::{
    PERSONS, ROWS, at, begin, count, holder, id_tag, import, number, person, publish, row, stage,
    tidy_all, with_id,
};

#[tokio::test]
async fn every_statement_prepares() {
    for db in engines(&[IDP]).await {
        assert_prepares(&db, imports::STATEMENTS).await;
        assert_prepares(&db, roster::STATEMENTS).await;
        assert_prepares(&db, org_units::STATEMENTS).await;
    }
}

#[tokio::test] // IMP-03: nobody of a half-done import can sign in
async fn rows_are_unseen_until_the_import_is_published() {
    for db in engines(&[IDP]).await {
        let seq = begin(&db, at(0)).await;
        let rows: Vec<Row> = (0..120)
            .map(|n| row(&format!("s{n:04}"), person(n)))
            .collect();
        let new: Vec<PersonId> = (0..120).map(person).collect();
        assert!(stage(&db, seq, &new, &rows, at(1)).await);
        assert_eq!(holder(&db, "s0000").await, None);
        assert_eq!(count(&db, "SELECT count(*) FROM current_roster").await, 0);
        assert!(publish(&db, seq, at(2)).await);
        assert_eq!(count(&db, "SELECT count(*) FROM current_roster").await, 120);
        assert_eq!(holder(&db, "s0119").await, Some(person(119)));
        assert_eq!(count(&db, "SELECT row_count FROM imports").await, 120);
        // Published once, for good.
        assert!(!publish(&db, seq, at(3)).await);
        assert!(!stage(&db, seq, &[], &[], at(3)).await);
    }
}

#[tokio::test]
async fn a_row_survives_the_round_trip() {
    for db in engines(&[IDP]).await {
        let mut full = with_id(row("s1", person(1)), "E12345");
        full.initial_mac = Some(Tag([1; 32]));
        full.admission_mac = Some(Tag([2; 32]));
        full.phone = Some(Sealed {
            sealed: vec![9],
            index: Tag([3; 32]),
        });
        import(&db, &[person(1)], &[full], 0).await;
        let mut conn = db.read().await.unwrap();
        let account = persons::for_sign_in(&mut conn, "s1")
            .await
            .unwrap()
            .unwrap();
        assert_eq!(account.person, person(1));
        assert_eq!(account.display_number, "S1");
        assert_eq!(account.name, "李明");
        assert_eq!(account.initial_mac, Some(Tag([1; 32])));
        assert_eq!(account.admission_mac, Some(Tag([2; 32])));
        assert_eq!(account.school_phone, Some((vec![9], Tag([3; 32]))));
        assert_eq!(
            (account.valid_from, account.valid_until),
            (None, Some(at(1_000_000)))
        );
        let known = roster::known(&mut conn, &number("s1"))
            .await
            .unwrap()
            .unwrap();
        assert_eq!(known.digest(), Tag([7; 32]));
        assert_eq!(known.id_number_index(), Some(id_tag("E12345")));
    }
}

#[tokio::test]
async fn of_many_imports_at_once_one_starts() {
    for db in engines(&[IDP]).await {
        let mut tasks = tokio::task::JoinSet::new();
        for _ in 0..8 {
            let db: Db = (*db).clone();
            tasks.spawn(async move {
                let mut tx = db.write().await.unwrap();
                let begun = imports::begin(&mut tx, "x.csv", 0, at(0), at(-120))
                    .await
                    .unwrap();
                let started = matches!(begun, Begun::Started { .. });
                if started {
                    tx.commit().await.unwrap();
                } else {
                    assert!(matches!(begun, Begun::Busy(_)), "{begun:?}");
                }
                started
            });
        }
        let started = tasks.join_all().await.into_iter().filter(|s| *s).count();
        assert_eq!(started, 1);
        let mut tx = db.write().await.unwrap();
        let second = imports::begin(&mut tx, "y.csv", 0, at(60), at(60) - 2.minutes())
            .await
            .unwrap();
        let Begun::Busy(Some(other)) = second else {
            panic!("{second:?}")
        };
        assert_eq!(
            (other.file_name.as_str(), other.heartbeat_at),
            ("x.csv", at(0))
        );
    }
}

#[tokio::test] // IMP-03: killed at any row, nothing of it is ever seen
async fn an_import_that_died_is_given_up_and_can_never_come_back() {
    for db in engines(&[IDP]).await {
        let dead = begin(&db, at(0)).await;
        assert!(stage(&db, dead, &[person(1)], &[row("s1", person(1))], at(1)).await);
        // Two minutes and a second after its last word, another one starts.
        let next = begin(&db, at(122)).await;
        assert!(next > dead);
        assert!(!stage(&db, dead, &[person(2)], &[row("s2", person(2))], at(123)).await);
        assert!(!publish(&db, dead, at(123)).await);
        assert!(stage(&db, next, &[person(3)], &[row("s1", person(3))], at(124)).await);
        assert!(publish(&db, next, at(125)).await);
        assert_eq!(holder(&db, "s1").await, Some(person(3)));

        assert_eq!(
            tidy_all(&db, 10).await,
            Tidied {
                rows: 1,
                persons: 1,
                done: false
            }
        );
        assert_eq!((count(&db, ROWS).await, count(&db, PERSONS).await), (1, 1));
        assert_eq!(holder(&db, "s1").await, Some(person(3)));
    }
}

#[tokio::test]
async fn a_heartbeat_keeps_an_import_alive() {
    for db in engines(&[IDP]).await {
        let slow = begin(&db, at(0)).await;
        for minute in 1..5 {
            let now = at(60 * minute);
            assert!(stage(&db, slow, &[], &[], now).await);
            let mut tx = db.write().await.unwrap();
            let begun = imports::begin(
                &mut tx,
                "x",
                0,
                now + SignedDuration::from_secs(59),
                now - 1.minute(),
            )
            .await;
            assert!(matches!(begun.unwrap(), Begun::Busy(Some(_))));
        }
        assert!(publish(&db, slow, at(400)).await);
    }
}

#[tokio::test]
async fn a_plan_on_an_older_import_is_stale() {
    for db in engines(&[IDP]).await {
        let first = import(&db, &[person(1)], &[row("s1", person(1))], 0).await;
        let mut tx = db.write().await.unwrap();
        assert_eq!(
            imports::begin(&mut tx, "x", 0, at(1), at(-119))
                .await
                .unwrap(),
            Begun::Stale
        );
        assert!(matches!(
            imports::begin(&mut tx, "x", first, at(1), at(-119))
                .await
                .unwrap(),
            Begun::Started { .. }
        ));
    }
}

#[tokio::test]
async fn an_import_is_published_or_given_up_never_both() {
    for db in engines(&[IDP]).await {
        for round in 0..20 {
            let seq = begin(&db, at(round)).await;
            let (one, other): (Db, Db) = ((*db).clone(), (*db).clone());
            let publishing = tokio::spawn(async move { publish(&one, seq, at(round)).await });
            let giving_up = tokio::spawn(async move {
                let mut tx = other.write().await.unwrap();
                let given_up = imports::abandon(&mut tx, seq, at(round)).await.unwrap();
                tx.commit().await.unwrap();
                given_up
            });
            let (published, given_up) = (publishing.await.unwrap(), giving_up.await.unwrap());
            assert!(published != given_up, "{published} {given_up}");
        }
    }
}
