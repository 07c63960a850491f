use idp_domain::factors::Limit;
use idp_domain::ids::EventId;
use idp_storage::throttle;
use jiff::SignedDuration;

use crate::in_tx;
use crate::support::{CROWD, at, count, databases, id, minutes, race, tag};

const EVENTS: &str = "SELECT count(*) FROM throttle_events";

#[tokio::test(flavor = "multi_thread")] // BRU-02
async fn exactly_as_many_pass_as_the_limit_says() {
    for db in databases().await {
        for (bucket, limit) in [(1, 1), (2, 7), (3, 100)] {
            let limits = [Limit::new(limit, minutes(1))];
            let passed = race(&db, CROWD, move |db, index| async move {
                let event = EventId(id(bucket * 1000 + index));
                in_tx!(db, tx => throttle::reserve(&mut tx, event, &tag(bucket), &limits, at(0)))
            })
            .await;
            let won = passed.iter().filter(|r| r.is_ok()).count();
            assert_eq!(won, CROWD.min(limit as usize), "limit {limit}");
            assert!(passed.iter().all(|r| r.is_ok() || *r == Err(at(60))));
        }
        assert_eq!(count(&db, EVENTS).await, 1 + 7 + 64);
    }
}

#[tokio::test]
async fn every_limit_holds_and_a_window_rolls() {
    for db in databases().await {
        let limits = [Limit::new(1, minutes(1)), Limit::new(3, minutes(60))];
        let mut seed = 0;
        let mut reserve = async |second: i64| {
            seed += 1;
            in_tx!(db, tx => throttle::reserve(
                &mut tx, EventId(id(seed)), &tag(1), &limits, at(second)))
        };
        assert_eq!(reserve(0).await, Ok(()));
        assert_eq!(reserve(59).await, Err(at(60)), "one a minute");
        assert_eq!(reserve(60).await, Ok(()));
        assert_eq!(reserve(120).await, Ok(()));
        assert_eq!(reserve(130).await, Err(at(3600)), "the later of two limits");
        assert_eq!(reserve(3599).await, Err(at(3600)), "three an hour");
        assert_eq!(reserve(3600).await, Ok(()), "the first has left the hour");
        // What was refused was not counted.
        assert_eq!(count(&db, EVENTS).await, 4);
    }
}

#[tokio::test]
async fn buckets_are_apart_and_a_place_can_be_given_back() {
    for db in databases().await {
        let limits = [Limit::per_day(1)];
        let reserve = async |seed: usize, bucket: usize| {
            in_tx!(db, tx => throttle::reserve(
                &mut tx, EventId(id(seed)), &tag(bucket), &limits, at(0)))
        };
        assert!(reserve(1, 1).await.is_ok());
        assert!(reserve(2, 2).await.is_ok());
        assert!(reserve(3, 1).await.is_err());
        in_tx!(db, tx => throttle::release(&mut tx, EventId(id(1))));
        assert!(reserve(4, 1).await.is_ok());
        assert!(reserve(5, 2).await.is_err());
    }
}

#[tokio::test]
async fn a_tally_tells_the_first_and_the_last() {
    for db in databases().await {
        let mut tx = db.write().await.unwrap();
        throttle::lock(&mut tx, &tag(1), at(0)).await.unwrap();
        let none = throttle::tally(&mut tx, &tag(1), at(-100)).await.unwrap();
        assert_eq!((none.events, none.first, none.last), (0, None, None));
        for (seed, second) in [(1, 5), (2, 9), (3, 7)] {
            throttle::add(&mut tx, EventId(id(seed)), &tag(1), at(second))
                .await
                .unwrap();
        }
        let all = throttle::tally(&mut tx, &tag(1), at(0)).await.unwrap();
        assert_eq!(
            (all.events, all.first, all.last),
            (3, Some(at(5)), Some(at(9)))
        );
        let since = at(5) + SignedDuration::from_micros(1);
        let some = throttle::tally(&mut tx, &tag(1), since).await.unwrap();
        assert_eq!((some.events, some.first), (2, Some(at(7))));
    }
}
