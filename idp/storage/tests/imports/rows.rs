//! Rows of the roster, and what brings them in.

use idp_domain::Timestamp;
use idp_domain::accounts::{AccountNumber, Affiliation, IdKind, IdNumber, PersonName};
use idp_domain::ids::PersonId;
use idp_domain::secrets::{Keyring, MasterKey, Tag};
use idp_storage::imports::{self, Begun, Tidied};
use idp_storage::roster::{self, Row, Sealed};
use idp_storage::{Db, persons};
use jiff::ToSpan;
use migrations::run;
use rand::SeedableRng;
use rand::rngs::StdRng;

pub fn at(seconds: i64) -> Timestamp {
    Timestamp::from_second(1_790_000_000 + seconds).unwrap()
}

pub fn person(n: u64) -> PersonId {
    PersonId::new(at(0), &mut StdRng::seed_from_u64(n))
}

pub fn number(text: &str) -> AccountNumber {
    AccountNumber::parse(text).unwrap()
}

pub fn id_tag(value: &str) -> Tag {
    let keys = Keyring::new(&MasterKey::generate(&mut StdRng::seed_from_u64(0)));
    IdNumber::parse(IdKind::Passport, value)
        .unwrap()
        .index(&keys)
}

pub fn row(of: &str, holder: PersonId) -> Row {
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

pub fn with_id(mut row: Row, value: &str) -> Row {
    let sealed = Sealed {
        sealed: vec![1, 2, 3],
        index: id_tag(value),
    };
    row.id_number = Some((IdKind::Passport, sealed));
    row
}

/// Begins an import that must start.
pub async fn begin(db: &Db, now: Timestamp) -> i64 {
    let mut tx = db.write().await.unwrap();
    let basis = imports::latest(&mut tx).await.unwrap();
    let begun = imports::begin(&mut tx, "people.csv", basis, now, now - 2.minutes()).await;
    tx.commit().await.unwrap();
    match begun.unwrap() {
        Begun::Started { seq } => seq,
        other => panic!("{other:?}"),
    }
}

pub async fn stage(db: &Db, seq: i64, new: &[PersonId], rows: &[Row], now: Timestamp) -> bool {
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

pub async fn publish(db: &Db, seq: i64, now: Timestamp) -> bool {
    let mut tx = db.write().await.unwrap();
    let published = imports::publish(&mut tx, seq, now).await.unwrap();
    tx.commit().await.unwrap();
    published
}

/// A whole import at second `second`.
pub async fn import(db: &Db, new: &[PersonId], rows: &[Row], second: i64) -> i64 {
    let seq = begin(db, at(second)).await;
    assert!(stage(db, seq, new, rows, at(second)).await);
    assert!(publish(db, seq, at(second)).await);
    seq
}

pub async fn holder(db: &Db, of: &str) -> Option<PersonId> {
    let mut conn = db.read().await.unwrap();
    let known = roster::known(&mut conn, &number(of)).await.unwrap();
    let by_sign_in = persons::id_of_number(&mut conn, of).await.unwrap();
    assert_eq!(known.as_ref().map(roster::Known::person), by_sign_in);
    by_sign_in
}

pub async fn count(db: &Db, sql: &'static str) -> i64 {
    let mut conn = db.read().await.unwrap();
    run!(conn, c => sqlx::query_scalar(sql).fetch_one(c)).unwrap()
}

pub const ROWS: &str = "SELECT count(*) FROM roster";

pub const PERSONS: &str = "SELECT count(*) FROM persons";

pub async fn tidy_all(db: &Db, limit: i64) -> Tidied {
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
