//! Imports, roster and org units, on both engines.
#![expect(clippy::unwrap_used, reason = "a test stops where its set-up fails")]

use idp_domain::Timestamp;
use idp_domain::accounts::{AccountNumber, Affiliation, IdKind, IdNumber, OrgPath, PersonName};
use idp_domain::ids::{OrgUnitId, PersonId};
use idp_domain::secrets::{Keyring, MasterKey, Tag};
use idp_storage::imports::{self, Begun, Tidied};
use idp_storage::roster::{self, Row, Sealed};
use idp_storage::{Db, org_units, persons, roles};
use jiff::{SignedDuration, ToSpan};
use migrations::testing::{assert_prepares, engines};
use migrations::{IDP, run};
use rand::SeedableRng;
use rand::rngs::StdRng;

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_second(1_790_000_000 + seconds).unwrap()
}

fn person(n: u64) -> PersonId {
    PersonId::new(at(0), &mut StdRng::seed_from_u64(n))
}

fn number(text: &str) -> AccountNumber {
    AccountNumber::parse(text).unwrap()
}

fn id_tag(value: &str) -> Tag {
    let keys = Keyring::new(&MasterKey::generate(&mut StdRng::seed_from_u64(0)));
    IdNumber::parse(IdKind::Passport, value)
        .unwrap()
        .index(&keys)
}

fn row(of: &str, holder: PersonId) -> Row {
    Row {
        number: number(of),
        person: holder,
        display_number: of.to_uppercase(),
        name: PersonName::parse("李明").unwrap(),
        sex: None,
        affiliation: Affiliation::Student,
        org_unit: None,
        id_number: None,
        phone: None,
        email: None,
        address: None,
        initial_mac: None,
        admission_mac: None,
        valid_from: None,
        valid_until: Some(at(1_000_000)),
        digest: Tag([7; 32]),
    }
}

fn with_id(mut row: Row, value: &str) -> Row {
    let sealed = Sealed {
        sealed: vec![1, 2, 3],
        index: id_tag(value),
    };
    row.id_number = Some((IdKind::Passport, sealed));
    row
}

/// Begins an import that must start.
async fn begin(db: &Db, now: Timestamp) -> i64 {
    let mut tx = db.write().await.unwrap();
    let basis = imports::latest(&mut tx).await.unwrap();
    let begun = imports::begin(&mut tx, "people.csv", basis, now, now - 2.minutes()).await;
    tx.commit().await.unwrap();
    match begun.unwrap() {
        Begun::Started { seq } => seq,
        other => panic!("{other:?}"),
    }
}

async fn stage(db: &Db, seq: i64, new: &[PersonId], rows: &[Row], now: Timestamp) -> bool {
    let mut tx = db.write().await.unwrap();
    if !imports::beat(&mut tx, seq, i64::try_from(rows.len()).unwrap(), now)
        .await
        .unwrap()
    {
        return false;
    }
    roster::insert_persons(&mut tx, new, now).await.unwrap();
    roster::insert(&mut tx, seq, rows).await.unwrap();
    tx.commit().await.unwrap();
    true
}

async fn publish(db: &Db, seq: i64, now: Timestamp) -> bool {
    let mut tx = db.write().await.unwrap();
    let published = imports::publish(&mut tx, seq, now).await.unwrap();
    tx.commit().await.unwrap();
    published
}

/// A whole import at second `second`.
async fn import(db: &Db, new: &[PersonId], rows: &[Row], second: i64) -> i64 {
    let seq = begin(db, at(second)).await;
    assert!(stage(db, seq, new, rows, at(second)).await);
    assert!(publish(db, seq, at(second)).await);
    seq
}

async fn holder(db: &Db, of: &str) -> Option<PersonId> {
    let mut conn = db.read().await.unwrap();
    let known = roster::known(&mut conn, &number(of)).await.unwrap();
    let by_sign_in = persons::id_of_number(&mut conn, of).await.unwrap();
    assert_eq!(known.as_ref().map(roster::Known::person), by_sign_in);
    by_sign_in
}

async fn count(db: &Db, sql: &'static str) -> i64 {
    let mut conn = db.read().await.unwrap();
    run!(conn, c => sqlx::query_scalar(sql).fetch_one(c)).unwrap()
}

const ROWS: &str = "SELECT count(*) FROM roster";
const PERSONS: &str = "SELECT count(*) FROM persons";

async fn tidy_all(db: &Db, limit: i64) -> Tidied {
    let mut total = Tidied::default();
    for _ in 0..1000 {
        let mut tx = db.write().await.unwrap();
        let tidied = imports::tidy(&mut tx, at(9000), limit).await.unwrap();
        tx.commit().await.unwrap();
        assert!(
            i64::try_from(tidied.rows).unwrap() <= 3 * limit,
            "{tidied:?}"
        );
        total.rows += tidied.rows;
        total.persons += tidied.persons;
        if tidied.done {
            return total;
        }
    }
    panic!("tidying doesn't end");
}

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

#[tokio::test]
async fn the_newest_published_row_of_a_number_counts() {
    for db in engines(&[IDP]).await {
        import(
            &db,
            &[person(1)],
            &[with_id(row("s1", person(1)), "A11111")],
            0,
        )
        .await;
        // A second number of the same person.
        import(&db, &[], &[with_id(row("m1", person(1)), "A11111")], 1).await;
        assert_eq!(holder(&db, "m1").await, holder(&db, "s1").await);
        // The first number goes to somebody else.
        import(
            &db,
            &[person(2)],
            &[with_id(row("s1", person(2)), "B22222")],
            2,
        )
        .await;
        assert_eq!(holder(&db, "s1").await, Some(person(2)));
        assert_eq!(holder(&db, "m1").await, Some(person(1)));

        let mut conn = db.read().await.unwrap();
        let by_id = roster::id_holders(&mut conn, &id_tag("A11111"))
            .await
            .unwrap();
        assert_eq!(
            by_id
                .iter()
                .map(roster::IdHolder::person)
                .collect::<Vec<_>>(),
            [person(1)]
        );
        assert!(
            roster::id_holders(&mut conn, &id_tag("C33333"))
                .await
                .unwrap()
                .is_empty()
        );
    }
}

#[tokio::test]
async fn tidying_removes_what_was_replaced_a_few_at_a_time() {
    for db in engines(&[IDP]).await {
        let everybody: Vec<PersonId> = (0..25).map(person).collect();
        let rows: Vec<Row> = (0..25)
            .map(|n| row(&format!("s{n:02}"), person(n)))
            .collect();
        import(&db, &everybody, &rows, 0).await;
        import(&db, &[], &rows, 1).await;
        // Two numbers go to others; of their holders before, one has activated.
        let mut tx = db.write().await.unwrap();
        assert!(persons::activate(&mut tx, person(1), at(2)).await.unwrap());
        tx.commit().await.unwrap();
        let moved = [row("s00", person(90)), row("s01", person(91))];
        import(&db, &[person(90), person(91)], &moved, 3).await;

        assert_eq!(count(&db, ROWS).await, 52);
        assert_eq!(
            tidy_all(&db, 4).await,
            Tidied {
                rows: 27,
                persons: 1,
                done: false
            }
        );
        assert_eq!(count(&db, ROWS).await, 25);
        assert_eq!(count(&db, "SELECT count(*) FROM current_roster").await, 25);
        assert_eq!(count(&db, PERSONS).await, 26);
        assert_eq!(holder(&db, "s00").await, Some(person(90)));
        assert_eq!(holder(&db, "s24").await, Some(person(24)));
        // Nothing is left to do.
        let mut tx = db.write().await.unwrap();
        let again = imports::tidy(&mut tx, at(9000), 4).await.unwrap();
        assert_eq!(
            again,
            Tidied {
                done: true,
                ..Tidied::default()
            }
        );
    }
}

#[tokio::test]
async fn tidying_leaves_an_import_that_is_staging_alone() {
    for db in engines(&[IDP]).await {
        import(&db, &[person(1)], &[row("s1", person(1))], 0).await;
        let staging = begin(&db, at(1)).await;
        assert!(
            stage(
                &db,
                staging,
                &[person(2)],
                &[row("s1", person(2)), row("s2", person(2))],
                at(1)
            )
            .await
        );
        assert_eq!(tidy_all(&db, 10).await, Tidied::default());
        assert!(publish(&db, staging, at(2)).await);
        assert_eq!(holder(&db, "s2").await, Some(person(2)));
        assert_eq!(tidy_all(&db, 10).await.rows, 1);
    }
}

#[tokio::test] // IMP-05
async fn an_import_that_touches_an_administrator_is_seen() {
    for db in engines(&[IDP]).await {
        let rows = [row("s1", person(1)), row("s2", person(2))];
        import(&db, &[person(1), person(2)], &rows, 0).await;
        let harmless = begin(&db, at(1)).await;
        assert!(stage(&db, harmless, &[], &[row("s2", person(2))], at(1)).await);
        let mut tx = db.write().await.unwrap();
        assert!(
            !imports::touches_administrator(&mut tx, harmless)
                .await
                .unwrap()
        );
        assert!(
            roles::grant(&mut tx, person(1), roles::ADMINISTRATOR, at(1))
                .await
                .unwrap()
        );
        assert!(
            !imports::touches_administrator(&mut tx, harmless)
                .await
                .unwrap()
        );
        assert!(
            roles::grant(&mut tx, person(2), roles::ADMINISTRATOR, at(1))
                .await
                .unwrap()
        );
        assert!(
            imports::touches_administrator(&mut tx, harmless)
                .await
                .unwrap()
        );
        imports::abandon(&mut tx, harmless, at(2)).await.unwrap();
        tx.commit().await.unwrap();
        // A number taken from an administrator says nothing of the administrator in its row.
        let taking = begin(&db, at(3)).await;
        assert!(stage(&db, taking, &[person(3)], &[row("s1", person(3))], at(3)).await);
        let mut conn = db.read().await.unwrap();
        assert!(
            imports::touches_administrator(&mut conn, taking)
                .await
                .unwrap()
        );
        let known = roster::known(&mut conn, &number("s1"))
            .await
            .unwrap()
            .unwrap();
        assert!(known.administrator);
    }
}

#[tokio::test]
async fn a_unit_is_made_once_with_those_above_it() {
    for db in engines(&[IDP]).await {
        let mut tasks = tokio::task::JoinSet::new();
        for n in 0..6_u64 {
            let db: Db = (*db).clone();
            tasks.spawn(async move {
                let mut rng = StdRng::seed_from_u64(100 + n);
                let path = OrgPath::parse("计算机学院/软件工程系").unwrap();
                let mut tx = db.write().await.unwrap();
                let id = org_units::ensure(&mut tx, &path, || OrgUnitId::new(at(0), &mut rng))
                    .await
                    .unwrap();
                tx.commit().await.unwrap();
                id
            });
        }
        let ids: std::collections::HashSet<OrgUnitId> =
            tasks.join_all().await.into_iter().collect();
        assert_eq!(ids.len(), 1);
        assert_eq!(count(&db, "SELECT count(*) FROM org_units").await, 2);
        let mut conn = db.read().await.unwrap();
        let parent = OrgPath::parse("计算机学院").unwrap();
        assert!(
            org_units::by_path(&mut conn, &parent)
                .await
                .unwrap()
                .is_some()
        );
        let other = OrgPath::parse("软件工程系").unwrap();
        assert_eq!(org_units::by_path(&mut conn, &other).await.unwrap(), None);
    }
}
