use std::time::Duration;

use idp_domain::audit::{Event, Outcome};
use idp_domain::ids::{AuditId, PersonId};
use idp_storage::audit::{self, Entry};
use idp_storage::contacts::{self, ContactKind};
use idp_storage::{Db, Tx};
use tokio::time::timeout;

use crate::in_tx;
use crate::support::{at, count, databases, id, race, student, tag, winners};

async fn bind(tx: &mut Tx, person: PersonId, number: usize) -> bool {
    let sealed = number.to_be_bytes();
    contacts::bind(tx, person, ContactKind::Phone, &sealed, &tag(number), at(1))
        .await
        .unwrap()
}

async fn bind_alone(db: &Db, person: PersonId, number: usize) -> bool {
    let mut tx = db.write().await.unwrap();
    let bound = bind(&mut tx, person, number).await;
    tx.commit().await.unwrap();
    bound
}

async fn owned(db: &Db, person: PersonId) -> Option<Vec<u8>> {
    let mut conn = db.read().await.unwrap();
    let contact = contacts::find(&mut conn, person, ContactKind::Phone)
        .await
        .unwrap();
    contact.map(|c| {
        assert_eq!(c.value_enc, c.value_index[..8]);
        c.value_index
    })
}

#[tokio::test]
async fn a_number_is_one_persons_and_a_person_has_one() {
    for db in databases().await {
        let (one, two) = (
            student(&db, 1, &["s1"]).await,
            student(&db, 2, &["s2"]).await,
        );
        assert_eq!(owned(&db, one).await, None);
        assert!(bind_alone(&db, one, 100).await);
        assert!(bind_alone(&db, one, 100).await, "again, her own");
        assert!(!bind_alone(&db, two, 100).await);
        assert_eq!(owned(&db, two).await, None);
        assert!(bind_alone(&db, two, 200).await);
        assert!(
            !bind_alone(&db, one, 200).await,
            "another one's, with one of her own"
        );
        assert_eq!(owned(&db, one).await, Some(tag(100).as_bytes().to_vec()));
        // Changed, the old number is free.
        assert!(bind_alone(&db, one, 300).await);
        assert!(bind_alone(&db, two, 100).await);
        assert_eq!(count(&db, "SELECT count(*) FROM contacts").await, 2);
    }
}

#[tokio::test]
async fn a_phone_and_an_address_are_apart() {
    for db in databases().await {
        let (one, two) = (
            student(&db, 1, &["s1"]).await,
            student(&db, 2, &["s2"]).await,
        );
        assert!(bind_alone(&db, one, 100).await);
        let bound = in_tx!(db, tx => contacts::bind(
            &mut tx, two, ContactKind::Email, b"e", &tag(100), at(1)));
        assert!(bound);
        assert_eq!(owned(&db, two).await, None);
    }
}

/// The loser's transaction goes on: on PostgreSQL a conflict would end it, and the audit row with
/// it.
#[tokio::test(flavor = "multi_thread")]
async fn of_two_people_who_bind_one_number_one_gets_it_and_both_are_audited() {
    for db in databases().await {
        let people = [
            student(&db, 1, &["s1"]).await,
            student(&db, 2, &["s2"]).await,
        ];
        for round in 0..20 {
            let bound = race(&db, 2, move |db, index| async move {
                let mut tx = db.write().await.unwrap();
                let bound = bind(&mut tx, people[index], 100 + round).await;
                let entry = Entry::new(
                    AuditId(id(100 + 2 * round + index)),
                    at(1),
                    Event::PhoneBound,
                    Outcome::Refused,
                );
                audit::record(&mut tx, &entry).await.unwrap();
                tx.commit().await.unwrap();
                bound
            })
            .await;
            assert_eq!(winners(&bound), 1, "round {round}");
            let winner = people[usize::from(bound[1])];
            assert_eq!(
                owned(&db, winner).await,
                Some(tag(100 + round).as_bytes().to_vec())
            );
        }
        assert_eq!(count(&db, "SELECT count(*) FROM audit_events").await, 40);
    }
}

/// The race that every run takes: the second binds while the first has not committed.
#[tokio::test(flavor = "multi_thread")]
async fn who_waits_for_an_uncommitted_binding_is_refused_when_it_commits() {
    for db in databases().await {
        if db.is_embedded() {
            continue; // One writer: the second can't even begin.
        }
        let (one, two) = (
            student(&db, 1, &["s1"]).await,
            student(&db, 2, &["s2"]).await,
        );
        let mut first = db.write().await.unwrap();
        assert!(bind(&mut first, one, 100).await);
        let second = {
            let db: Db = (*db).clone();
            tokio::spawn(async move { bind_alone(&db, two, 100).await })
        };
        timeout(Duration::from_mins(1), until_somebody_waits(&db))
            .await
            .unwrap();
        first.commit().await.unwrap();
        assert!(!second.await.unwrap());
    }
}

async fn until_somebody_waits(db: &Db) {
    const WAITING: &str = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'
            AND datname = current_database()";
    while count(db, WAITING).await == 0 {
        tokio::task::yield_now().await;
    }
}
