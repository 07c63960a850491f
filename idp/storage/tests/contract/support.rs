//! People to test with, and races from a barrier.

use std::sync::Arc;

use idp_domain::Timestamp;
use idp_domain::accounts::{AccountNumber, Affiliation, PersonName};
use idp_domain::factors::Factor;
use idp_domain::ids::{PersonId, Sid, uuid_v7};
use idp_domain::secrets::Tag;
use idp_domain::sessions::SessionRules;
use idp_domain::signin::Wishes;
use idp_storage::imports::{self, Begun};
use idp_storage::roster::{self, Row};
use idp_storage::sessions::{self, NewSession, SessionKind};
use idp_storage::{Db, Tx};
use jiff::SignedDuration;
use migrations::testing::{TestDb, engines};
use migrations::{IDP, run};
use rand::SeedableRng;
use rand::rngs::StdRng;
use tokio::sync::Barrier;
use uuid::Uuid;

/// How many run at once where a case doesn't say otherwise.
pub const CROWD: usize = 64;

/// A fresh database of each engine.
pub async fn databases() -> impl Iterator<Item = TestDb> {
    engines(&[IDP]).await
}

/// A moment of the tests' own clock.
pub fn at(seconds: i64) -> Timestamp {
    Timestamp::from_second(1_790_000_000 + seconds).unwrap()
}

pub fn minutes(minutes: i64) -> SignedDuration {
    SignedDuration::from_mins(minutes)
}

/// The same id for the same `seed`.
pub fn id(seed: usize) -> Uuid {
    uuid_v7(at(0), &mut StdRng::seed_from_u64(seed as u64))
}

/// A hash, MAC or index that differs for each `seed`.
pub fn tag(seed: usize) -> Tag {
    let mut bytes = [0x5A; 32];
    bytes[..8].copy_from_slice(&(seed as u64).to_be_bytes());
    Tag(bytes)
}

/// A student of the roster who holds `numbers`.
pub async fn student(db: &Db, seed: usize, numbers: &[&str]) -> PersonId {
    let person = PersonId(id(seed));
    let rows: Vec<Row> = numbers.iter().map(|n| row(n, person)).collect();
    let mut tx = db.write().await.unwrap();
    let basis = imports::latest(&mut tx).await.unwrap();
    let begun = imports::begin(&mut tx, "people.csv", basis, at(0), at(-120)).await;
    let Begun::Started { seq } = begun.unwrap() else {
        panic!("another import runs");
    };
    roster::insert_persons(&mut tx, &[person], at(0))
        .await
        .unwrap();
    roster::insert(&mut tx, seq, &rows).await.unwrap();
    assert!(imports::publish(&mut tx, seq, at(0)).await.unwrap());
    tx.commit().await.unwrap();
    person
}

fn row(number: &str, person: PersonId) -> Row {
    Row {
        number: AccountNumber::parse(number).unwrap(),
        person,
        display_number: number.to_uppercase(),
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
        valid_until: None,
        digest: tag(0),
    }
}

/// Eight hours, two of silence; who is remembered has eight hours of either.
pub const RULES: SessionRules = SessionRules {
    ordinary: SignedDuration::from_hours(8),
    idle: SignedDuration::from_hours(2),
    remembered: Some(SignedDuration::from_hours(8)),
};

/// A session that began at second 0 and ends eight hours later.
pub async fn session(tx: &mut Tx, person: PersonId, seed: usize) -> (Tag, Sid) {
    let session = NewSession {
        id_hash: tag(seed),
        sid: Sid(id(1_000_000 + seed)),
        person,
        number: "s1",
        factors: &[Factor::Password],
        signed_in_at: at(0),
        expires_at: at(8 * 3600),
        address: Some("192.0.2.7".to_owned()),
        user_agent: None,
        wishes: Wishes::default(),
        kind: SessionKind::Browser,
    };
    sessions::create(tx, &session).await.unwrap();
    (session.id_hash, session.sid)
}

/// What a count gives.
pub async fn count(db: &Db, sql: &'static str) -> i64 {
    let mut conn = db.read().await.unwrap();
    run!(conn, c => sqlx::query_scalar(sql).fetch_one(c)).unwrap()
}

/// Lets `count` tasks begin at the same moment; gives what each gave, by its index.
pub async fn race<T, F>(db: &Db, count: usize, each: impl Fn(Db, usize) -> F) -> Vec<T>
where
    T: Send + 'static,
    F: Future<Output = T> + Send + 'static,
{
    let barrier = Arc::new(Barrier::new(count));
    let tasks: Vec<_> = (0..count)
        .map(|index| {
            let barrier = Arc::clone(&barrier);
            let task = each(db.clone(), index);
            tokio::spawn(async move {
                barrier.wait().await;
                task.await
            })
        })
        .collect();
    let mut results = Vec::with_capacity(count);
    for task in tasks {
        results.push(task.await.unwrap());
    }
    results
}

/// How many of a race say yes.
pub fn winners(results: &[bool]) -> usize {
    results.iter().filter(|won| **won).count()
}

/// One statement of a suite in a transaction of its own.
#[macro_export]
macro_rules! in_tx {
    ($db:expr, $tx:ident => $call:expr) => {{
        let mut $tx = $db.write().await.unwrap();
        let result = $call.await.unwrap();
        $tx.commit().await.unwrap();
        result
    }};
}
