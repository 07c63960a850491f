use std::collections::BTreeSet;

use idp_domain::ids::OutboxId;
use idp_storage::Db;
use idp_storage::outbox;

use crate::in_tx;
use crate::support::{at, count, databases, id, race};

async fn put(db: &Db, messages: std::ops::Range<usize>) {
    let mut tx = db.write().await.unwrap();
    for seed in messages {
        let due = at(i64::try_from(seed).unwrap());
        outbox::put(&mut tx, OutboxId(id(seed)), "sms_code", b"sealed", due)
            .await
            .unwrap();
    }
    tx.commit().await.unwrap();
}

async fn claim(db: &Db, second: i64, limit: i64) -> Vec<(OutboxId, i64)> {
    let claimed = in_tx!(db, tx => outbox::claim(&mut tx, at(second), at(second + 60), limit));
    claimed
        .into_iter()
        .map(|message| {
            assert_eq!(
                (message.kind.as_str(), &*message.payload_enc),
                ("sms_code", &b"sealed"[..])
            );
            (message.id, message.attempts)
        })
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn of_many_workers_one_leases_each_message() {
    for db in databases().await {
        put(&db, 0..100).await;
        let leased = race(&db, 16, move |db, _| async move {
            let mut mine = Vec::new();
            loop {
                let claimed = claim(&db, 200, 7).await;
                if claimed.is_empty() {
                    return mine;
                }
                mine.extend(claimed);
            }
        })
        .await;
        let leased: Vec<_> = leased.into_iter().flatten().collect();
        assert_eq!(leased.len(), 100);
        assert!(leased.iter().all(|(_, attempts)| *attempts == 1));
        let distinct: BTreeSet<_> = leased.into_iter().map(|(message, _)| message).collect();
        assert_eq!(distinct.len(), 100);
    }
}

#[tokio::test] // FLT-01: a worker that died gives its messages back
async fn a_lease_ends_and_the_next_one_counts_up() {
    for db in databases().await {
        put(&db, 0..1).await;
        let message = OutboxId(id(0));
        assert_eq!(claim(&db, 0, 9).await, [(message, 1)]);
        assert_eq!(claim(&db, 60, 9).await, [], "leased to the last moment");
        assert_eq!(claim(&db, 61, 9).await, [(message, 2)]);
        assert!(in_tx!(db, tx => outbox::done(&mut tx, message, "sent", at(62))));
        assert!(!in_tx!(db, tx => outbox::done(&mut tx, message, "sent", at(63))));
        assert_eq!(claim(&db, 500, 9).await, []);
    }
}

#[tokio::test]
async fn messages_come_when_they_are_due_the_oldest_first() {
    for db in databases().await {
        put(&db, 0..5).await;
        assert_eq!(claim(&db, 2, 1).await, [(OutboxId(id(0)), 1)]);
        let mut due: Vec<_> = claim(&db, 2, 9).await;
        due.sort_unstable();
        let mut expected = [(OutboxId(id(1)), 1), (OutboxId(id(2)), 1)];
        expected.sort_unstable();
        assert_eq!(due, expected);
        in_tx!(db, tx => outbox::retry(&mut tx, OutboxId(id(1)), at(50)));
        assert_eq!(claim(&db, 4, 9).await.len(), 2, "3 and 4");
        assert_eq!(claim(&db, 49, 9).await, []);
        assert_eq!(claim(&db, 50, 9).await, [(OutboxId(id(1)), 2)]);
    }
}

#[tokio::test] // SMS-12
async fn what_was_done_keeps_no_content() {
    for db in databases().await {
        put(&db, 0..2).await;
        let mut conn = db.read().await.unwrap();
        assert_eq!(outbox::pending(&mut conn).await.unwrap(), 2);
        in_tx!(db, tx => outbox::done(&mut tx, OutboxId(id(0)), "dead", at(1)));
        assert_eq!(outbox::pending(&mut conn).await.unwrap(), 1);
        let empty = "SELECT count(*) FROM outbox WHERE length(payload_enc) = 0";
        assert_eq!(count(&db, empty).await, 1);
    }
}

#[tokio::test]
async fn a_message_of_a_change_that_did_not_happen_is_not_sent() {
    for db in databases().await {
        let mut tx = db.write().await.unwrap();
        outbox::put(&mut tx, OutboxId(id(1)), "sms_code", b"sealed", at(0))
            .await
            .unwrap();
        tx.rollback().await.unwrap();
        assert_eq!(claim(&db, 10, 9).await, []);
    }
}
