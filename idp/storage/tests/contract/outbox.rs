use std::collections::BTreeSet;

use idp_domain::ids::OutboxId;
use idp_storage::Db;
use idp_storage::outbox::{self, Claim, LaneClaim, Leased};
use migrations::run;

use crate::in_tx;
use crate::support::{at, count, databases, id, race};

const KIND: &str = "sms_code";
/// Two whose lanes are the same.
const KINDS: [&str; 2] = [KIND, "oidc_logout"];
/// The notices' limit in the product.
const PER_LANE: i64 = 4;

async fn put(db: &Db, messages: std::ops::Range<usize>) {
    let mut tx = db.write().await.unwrap();
    for seed in messages {
        let due = at(i64::try_from(seed).unwrap());
        outbox::put(&mut tx, OutboxId(id(seed)), KIND, b"sealed", due)
            .await
            .unwrap();
    }
    tx.commit().await.unwrap();
}

fn for_a_minute(second: i64, limit: i64) -> Claim<'static> {
    Claim {
        kind: KIND,
        until: at(second + 60),
        limit,
    }
}

async fn lease(db: &Db, second: i64, limit: i64) -> Vec<Leased> {
    in_tx!(db, tx => outbox::claim(&mut tx, for_a_minute(second, limit), at(second)))
}

async fn claim(db: &Db, second: i64, limit: i64) -> Vec<(OutboxId, i64)> {
    let claimed = lease(db, second, limit).await;
    claimed
        .into_iter()
        .map(|message| {
            assert_eq!(
                (message.kind.as_str(), &*message.payload_enc),
                (KIND, &b"sealed"[..])
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
        let leased = Leased {
            id: OutboxId(id(1)),
            kind: KIND.to_owned(),
            payload_enc: Vec::new(),
            attempts: 1,
            created_at: at(1),
        };
        assert!(in_tx!(db, tx => outbox::retry(&mut tx, &leased, at(50))));
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
        assert_eq!(outbox::pending(&mut conn, KIND).await.unwrap(), 2);
        in_tx!(db, tx => outbox::done(&mut tx, OutboxId(id(0)), "dead", at(1)));
        assert_eq!(outbox::pending(&mut conn, KIND).await.unwrap(), 1);
        let empty = "SELECT count(*) FROM outbox WHERE length(payload_enc) = 0";
        assert_eq!(count(&db, empty).await, 1);
    }
}

#[tokio::test]
async fn a_message_of_a_change_that_did_not_happen_is_not_sent() {
    for db in databases().await {
        let mut tx = db.write().await.unwrap();
        outbox::put(&mut tx, OutboxId(id(1)), KIND, b"sealed", at(0))
            .await
            .unwrap();
        tx.rollback().await.unwrap();
        assert_eq!(claim(&db, 10, 9).await, []);
    }
}

#[tokio::test] // FLT-01
async fn who_lost_the_lease_does_not_put_back_what_another_works_on() {
    for db in databases().await {
        put(&db, 0..1).await;
        let lost = lease(&db, 0, 9).await.remove(0);
        let held = lease(&db, 61, 9).await.remove(0);
        assert!(!in_tx!(db, tx => outbox::retry(&mut tx, &lost, at(62))));
        assert_eq!(claim(&db, 100, 9).await, [], "still leased");
        assert!(in_tx!(db, tx => outbox::retry(&mut tx, &held, at(105))));
        assert_eq!(claim(&db, 104, 9).await, []);
        assert_eq!(claim(&db, 105, 9).await, [(held.id, 3)]);
    }
}

#[tokio::test]
async fn a_worker_takes_its_own_kind_alone() {
    for db in databases().await {
        put(&db, 0..2).await;
        in_lane(&db, 5, "cas_logout", "a.example.edu:443").await;
        assert_eq!(claim(&db, 200, 9).await.len(), 2);
        assert_eq!(by_lane(&db, 300, 9).await.len(), 2);
        let mut conn = db.read().await.unwrap();
        assert_eq!(outbox::pending(&mut conn, "cas_logout").await.unwrap(), 1);
    }
}

/// A message that is due at second 0.
async fn in_lane(db: &Db, seed: usize, kind: &'static str, lane: &str) {
    let sql = "INSERT INTO outbox (id, kind, payload_enc, lane, created_at, next_at)
        VALUES ($1, $2, $3, $4, $5, $5)";
    let mut tx = db.write().await.unwrap();
    run!(tx, c => sqlx::query(sql)
        .bind(id(seed))
        .bind(kind)
        .bind(&b"sealed"[..])
        .bind(lane)
        .bind(at(0).as_microsecond())
        .execute(c))
    .unwrap();
    tx.commit().await.unwrap();
}

async fn by_lane(db: &Db, second: i64, limit: i64) -> Vec<Leased> {
    let what = LaneClaim {
        kinds: KINDS,
        per_lane: PER_LANE,
        until: at(second + 60),
        limit,
    };
    in_tx!(db, tx => outbox::claim_by_lane(&mut tx, what, at(second)))
}

#[tokio::test] // XML-06
async fn a_slow_lane_holds_up_nobody_but_itself() {
    for db in databases().await {
        for seed in 0..50 {
            in_lane(&db, seed, KINDS[seed % 2], "slow.example.edu:443").await;
        }
        for seed in 50..53 {
            in_lane(&db, seed, KIND, "quick.example.edu:443").await;
        }
        let first = by_lane(&db, 1, 32).await;
        assert_eq!(first.len(), 4 + 3);
        assert!(by_lane(&db, 2, 32).await.is_empty(), "four are under way");
        let mut conn = db.read().await.unwrap();
        let mut claimable = async |second| {
            let found = outbox::is_claimable(&mut conn, KINDS, PER_LANE, at(second)).await;
            found.unwrap()
        };
        assert!(!claimable(2).await);
        assert!(claimable(62).await);
        drop(conn);
        let slow = first.iter().find(|m| (0..50).any(|s| id(s) == m.id.0));
        let slow = slow.unwrap();
        in_tx!(db, tx => outbox::done(&mut tx, slow.id, "delivered", at(3)));
        assert_eq!(by_lane(&db, 4, 32).await.len(), 1, "one place is free");
        // The leases of a node that died run out.
        assert_eq!(by_lane(&db, 62, 32).await.len(), 3 + 3);
        assert_eq!(by_lane(&db, 65, 2).await.len(), 1, "that of second 4");
    }
}

#[tokio::test(flavor = "multi_thread")] // XML-06
async fn of_many_nodes_four_notices_of_a_lane_are_under_way() {
    for db in databases().await {
        for seed in 0..60 {
            let lane = ["a.example.edu:443", "b.example.edu:443"][seed % 2];
            in_lane(&db, seed, KINDS[seed / 2 % 2], lane).await;
        }
        let leased = race(&db, 16, |db, _| async move { by_lane(&db, 1, 32).await }).await;
        let leased: Vec<_> = leased.into_iter().flatten().map(|m| m.id).collect();
        assert_eq!(leased.len(), 8);
        assert_eq!(leased.iter().collect::<BTreeSet<_>>().len(), 8);
    }
}

#[tokio::test(flavor = "multi_thread")] // XML-09
async fn of_many_nodes_one_leases_each_notice() {
    for db in databases().await {
        for seed in 0..40 {
            let lane = ["a.example.edu:443", "b.example.edu:443"][seed % 2];
            in_lane(&db, seed, KIND, lane).await;
        }
        let delivered = race(&db, 8, |db, _| async move {
            let mut mine = Vec::new();
            while outbox::pending(&mut db.read().await.unwrap(), KIND)
                .await
                .unwrap()
                > 0
            {
                for message in by_lane(&db, 1, 3).await {
                    assert!(
                        in_tx!(db, tx => outbox::done(&mut tx, message.id, "delivered", at(2)))
                    );
                    mine.push(message.id);
                }
            }
            mine
        })
        .await;
        let delivered: Vec<_> = delivered.into_iter().flatten().collect();
        assert_eq!(delivered.len(), 40);
        assert_eq!(delivered.iter().collect::<BTreeSet<_>>().len(), 40);
    }
}
