//! What callers of the gateway rely on, races included, on both engines.

#![expect(clippy::unwrap_used, reason = "a test stops where its set-up fails")]

use std::collections::BTreeSet;

use jiff::{SignedDuration, Timestamp};
use migrations::testing::{TestDb, engines};
use migrations::{SMS, run};
use rand::SeedableRng;
use rand::rngs::StdRng;
use sms_gateway::{
    Code, Config, Country, Deployment, Gateway, Message, NumberKey, Outcome, PhoneNumber, Purpose,
    Refusal, SubmitError, Template,
};
use themes::Locale;

const NUMBER: &str = "+8613800000001";

fn start() -> Timestamp {
    "2026-11-21T08:00:00Z".parse().unwrap()
}

fn seconds(seconds: i64) -> SignedDuration {
    SignedDuration::from_secs(seconds)
}

fn hours(hours: i64) -> SignedDuration {
    SignedDuration::from_hours(hours)
}

fn config() -> Config {
    let mut config = Config::inbox("一门大学");
    config.countries.insert("HK".into(), Country { per_day: 3 });
    config
}

fn gateway(db: &TestDb) -> Gateway {
    let key = NumberKey::new(&[7; 32]);
    Gateway::new((**db).clone(), config(), key, Deployment::Test).unwrap()
}

fn message(key: impl Into<String>, to: &str) -> Message {
    Message {
        idempotency_key: key.into(),
        to: PhoneNumber::parse(to).unwrap(),
        signed_in: false,
        purpose: Purpose::Binding,
        template: Template::Code {
            code: Code::parse("482913").unwrap(),
            minutes: 5,
        },
        locale: Locale::ZhCn,
    }
}

async fn submit(gateway: &Gateway, message: &Message, now: Timestamp) -> Outcome {
    // Ids must differ, and nothing else depends on the randomness.
    let seed = message
        .idempotency_key
        .bytes()
        .fold(0, |n: u64, b| n.wrapping_mul(257) + u64::from(b));
    let mut rng = StdRng::seed_from_u64(seed);
    gateway.submit(message, now, &mut rng).await.unwrap()
}

fn accepted(outcome: Outcome) -> bool {
    matches!(outcome, Outcome::Accepted { .. })
}

#[tokio::test] // SMS-01: one budget for every spelling and purpose
async fn spellings_and_purposes_share_the_budget_of_the_number() {
    let spellings = [
        "13800000001",
        "+86 138 0000 0001",
        "086-138-0000-0001",
        "0086 13800000001",
        "１３８００００ ０００１",
    ];
    for db in engines(&[SMS]).await {
        let gateway = gateway(&db);
        let mut sent = 0;
        for attempt in 0..100 {
            let mut message = message(format!("k{attempt}"), spellings[attempt % spellings.len()]);
            message.purpose = Purpose::ALL[attempt % Purpose::ALL.len()];
            sent += usize::from(accepted(submit(&gateway, &message, start()).await));
        }
        assert_eq!(sent, 1);
        assert_eq!(gateway.inbox_count().await.unwrap(), 1);
    }
}

#[tokio::test] // SMS-01: 1 a minute, 5 an hour, 10 a day, in every rolling window
async fn no_rolling_window_holds_more_than_its_limit() {
    for db in engines(&[SMS]).await {
        let gateway = gateway(&db);
        let mut sent: Vec<Timestamp> = Vec::new();
        for step in 0..1600 {
            let now = start() + seconds(step * 57);
            if accepted(submit(&gateway, &message(format!("k{step}"), NUMBER), now).await) {
                sent.push(now);
            }
        }
        for (window, limit) in [(seconds(60), 1), (hours(1), 5), (hours(24), 10)] {
            let most = sent
                .iter()
                .map(|&end| {
                    sent.iter()
                        .filter(|&&at| at <= end && at > end - window)
                        .count()
                })
                .max();
            assert_eq!(most, Some(limit), "{window:?}");
        }
        // The second day has room again: refusals don't count.
        assert!(sent.iter().any(|&at| at > start() + hours(24)), "{sent:?}");
    }
}

#[tokio::test]
async fn a_limited_message_is_told_the_first_moment_that_has_room() {
    for db in engines(&[SMS]).await {
        let gateway = gateway(&db);
        let mut now = start();
        for (number, wait) in [60, 60, 60, 60, 3360].into_iter().enumerate() {
            assert!(accepted(
                submit(&gateway, &message(format!("a{number}"), NUMBER), now).await
            ));
            let expected = Outcome::Limited {
                retry_at: now + seconds(wait),
            };
            let soon = now + seconds(1);
            let limited = submit(&gateway, &message(format!("b{number}"), NUMBER), soon).await;
            assert_eq!(limited, expected);
            let early = now + seconds(wait) - SignedDuration::from_micros(1);
            let limited = submit(&gateway, &message(format!("c{number}"), NUMBER), early).await;
            assert_eq!(limited, expected);
            now += seconds(wait);
        }
        assert!(accepted(submit(&gateway, &message("d", NUMBER), now).await));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)] // SMS-01 under a race
async fn of_parallel_messages_to_a_number_one_is_accepted() {
    for db in engines(&[SMS]).await {
        let gateway = gateway(&db);
        for round in 0..4 {
            let number = format!("1380000000{round}");
            // The number is known: making its row anew would put the racers in line by itself.
            let earlier = message(format!("earlier{round}"), &number);
            assert!(accepted(
                submit(&gateway, &earlier, start() - seconds(120)).await
            ));

            let racer = |n| message(format!("k{round}-{n}"), &number);
            let outcomes = in_parallel(&gateway, racer).await;
            let limited = Outcome::Limited {
                retry_at: start() + seconds(60),
            };
            let refused = outcomes.iter().filter(|outcome| **outcome == limited);
            assert_eq!(refused.count(), 63);
            assert_eq!(
                outcomes
                    .into_iter()
                    .filter(|&outcome| accepted(outcome))
                    .count(),
                1
            );
        }
        assert_eq!(gateway.inbox_count().await.unwrap(), 8);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)] // SMS-08 under a race
async fn a_key_submitted_in_parallel_sends_once() {
    for db in engines(&[SMS]).await {
        let gateway = gateway(&db);
        let outcomes = in_parallel(&gateway, |_| message("the-key", NUMBER)).await;
        assert!(
            outcomes.iter().all(|outcome| *outcome == outcomes[0]),
            "{outcomes:?}"
        );
        assert!(accepted(outcomes[0]));
        assert_eq!(gateway.inbox_count().await.unwrap(), 1);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)] // SMS-05 under a race
async fn a_country_has_a_cap_of_its_own() {
    for db in engines(&[SMS]).await {
        let gateway = gateway(&db);
        let outcomes = in_parallel(&gateway, |n| {
            message(format!("k{n}"), &format!("+852912345{n:02}"))
        })
        .await;
        let sent = outcomes
            .iter()
            .filter(|outcome| accepted(**outcome))
            .count();
        assert_eq!(sent, 3);
        // The budget of a number that the country's cap stopped is untouched a day later, and a
        // mainland number has nothing to do with it.
        assert!(accepted(
            submit(&gateway, &message("cn", NUMBER), start()).await
        ));
        let next_day = start() + hours(24);
        assert!(accepted(
            submit(&gateway, &message("hk", "+85291234563"), next_day).await
        ));
    }
}

async fn in_parallel(gateway: &Gateway, message: impl Fn(usize) -> Message) -> Vec<Outcome> {
    let tasks: Vec<_> = (0..64)
        .map(|n| {
            let (gateway, message) = (gateway.clone(), message(n));
            tokio::spawn(async move { submit(&gateway, &message, start()).await })
        })
        .collect();
    let mut outcomes = Vec::new();
    for task in tasks {
        outcomes.push(task.await.unwrap());
    }
    outcomes
}

#[tokio::test]
async fn a_number_limited_by_itself_takes_nothing_from_its_country() {
    for db in engines(&[SMS]).await {
        let gateway = gateway(&db);
        for n in 0..5 {
            submit(&gateway, &message(format!("a{n}"), "+85291234567"), start()).await;
        }
        for n in 0..2 {
            let other = message(format!("b{n}"), &format!("+8529123456{n}"));
            assert!(accepted(submit(&gateway, &other, start()).await));
        }
        let fourth = submit(&gateway, &message("c", "+85291234565"), start()).await;
        assert_eq!(
            fourth,
            Outcome::Limited {
                retry_at: start() + hours(24)
            }
        );
    }
}

#[tokio::test] // SMS-08: the same key, the same outcome, also when the limit is long over
async fn a_key_keeps_its_outcome() {
    for db in engines(&[SMS]).await {
        let gateway = gateway(&db);
        let (first, second) = (message("first", NUMBER), message("second", NUMBER));
        let was = submit(&gateway, &first, start()).await;
        let limited = submit(&gateway, &second, start()).await;
        assert!(accepted(was) && !accepted(limited));
        for later in [seconds(1), hours(2), hours(48)] {
            assert_eq!(submit(&gateway, &first, start() + later).await, was);
            assert_eq!(submit(&gateway, &second, start() + later).await, limited);
        }
        assert_eq!(gateway.inbox_count().await.unwrap(), 1);
    }
}

#[tokio::test]
async fn a_key_belongs_to_one_message() {
    let mut rng = StdRng::seed_from_u64(1);
    for db in engines(&[SMS]).await {
        let gateway = gateway(&db);
        submit(&gateway, &message("k", NUMBER), start()).await;
        let mut other_code = message("k", NUMBER);
        other_code.template = Template::Code {
            code: Code::parse("482914").unwrap(),
            minutes: 5,
        };
        for other in [message("k", "13900000001"), other_code] {
            let error = gateway.submit(&other, start(), &mut rng).await.unwrap_err();
            assert!(matches!(error, SubmitError::KeyReused), "{error}");
        }
        for key in ["", "a b", "键", &"k".repeat(129)] {
            let bad = message(key, "13900000001");
            let error = gateway.submit(&bad, start(), &mut rng).await.unwrap_err();
            assert!(matches!(error, SubmitError::KeyFormat), "{error}");
        }
        assert_eq!(gateway.inbox_count().await.unwrap(), 1);
    }
}

#[tokio::test] // SMS-05: refused before anything is kept
async fn countries_and_virtual_operators_are_refused() {
    for db in engines(&[SMS]).await {
        let gateway = gateway(&db);
        let abroad = submit(&gateway, &message("a", "+447911123456"), start()).await;
        assert_eq!(abroad, Outcome::Refused(Refusal::Country));
        for range in ["162", "165", "167", "170", "171"] {
            let mut message = message(format!("b{range}"), &format!("{range}00000001"));
            let stranger = submit(&gateway, &message, start()).await;
            assert_eq!(stranger, Outcome::Refused(Refusal::VirtualOperator));
            message.signed_in = true;
            assert!(accepted(submit(&gateway, &message, start()).await));
        }
        let rows = count(&db, "SELECT count(*) FROM sms_messages").await;
        assert_eq!(rows, 5);
    }
}

#[tokio::test]
async fn purging_forgets_texts_after_a_day_and_keys_after_a_week() {
    for db in engines(&[SMS]).await {
        let gateway = gateway(&db);
        let first = message("first", NUMBER);
        let was = submit(&gateway, &first, start()).await;
        for n in 0..9 {
            let at = start() + hours(1 + n);
            assert!(accepted(
                submit(&gateway, &message(format!("k{n}"), NUMBER), at).await
            ));
        }

        let almost = start() + hours(24) - SignedDuration::from_micros(1);
        assert_eq!(gateway.purge(almost).await.unwrap(), 0);
        let full = submit(&gateway, &message("full", NUMBER), almost).await;
        assert_eq!(
            full,
            Outcome::Limited {
                retry_at: start() + hours(24)
            }
        );

        assert_eq!(gateway.purge(start() + hours(24)).await.unwrap(), 1);
        assert_eq!(gateway.inbox_count().await.unwrap(), 9);
        assert_eq!(submit(&gateway, &first, start() + hours(24)).await, was);

        gateway.purge(start() + hours(9 * 24)).await.unwrap();
        for table in ["sms_messages", "sms_buckets", "sms_attempts", "sms_inbox"] {
            let query: &'static str = format!("SELECT count(*) FROM {table}").leak();
            assert_eq!(count(&db, query).await, 0, "{table}");
        }
    }
}

#[tokio::test]
async fn the_inbox_gives_the_newest_first() {
    for db in engines(&[SMS]).await {
        let gateway = gateway(&db);
        for (n, to) in [(0, NUMBER), (60, "13900000002"), (120, NUMBER)] {
            let at = start() + seconds(n);
            submit(&gateway, &message(format!("k{n}"), to), at).await;
        }
        let number = PhoneNumber::parse(NUMBER).unwrap();
        let its = gateway.inbox(Some(&number), 10).await.unwrap();
        let times: Vec<Timestamp> = its.iter().map(|message| message.received_at).collect();
        assert_eq!(times, [start() + seconds(120), start()]);
        assert!(
            its[0].body.starts_with("【一门大学】验证码482913，"),
            "{}",
            its[0].body
        );
        let newest = gateway.inbox(None, 2).await.unwrap();
        let numbers: Vec<&str> = newest
            .iter()
            .map(|message| message.number.as_str())
            .collect();
        assert_eq!(numbers, [NUMBER, "+8613900000002"]);
    }
}

#[tokio::test]
async fn numbers_lie_in_the_tables_under_the_key_alone() {
    for db in engines(&[SMS]).await {
        let one = gateway(&db);
        submit(&one, &message("a", NUMBER), start()).await;
        let other_key = NumberKey::new(&[8; 32]);
        let other = Gateway::new((*db).clone(), config(), other_key, Deployment::Test).unwrap();
        submit(&other, &message("b", NUMBER), start()).await;

        let mut conn = db.read().await.unwrap();
        let keys: Vec<Vec<u8>> = run!(conn, c => sqlx::query_scalar(
            "SELECT number_key FROM sms_messages UNION ALL SELECT bucket FROM sms_buckets"
        ).fetch_all(c))
        .unwrap();
        assert_eq!(keys.len(), 4);
        assert_eq!(keys.iter().collect::<BTreeSet<_>>().len(), 2);
        assert!(keys.iter().all(|key| key.len() == 32));
    }
}

async fn count(db: &TestDb, query: &'static str) -> i64 {
    let mut conn = db.read().await.unwrap();
    run!(conn, c => sqlx::query_scalar(query).fetch_one(c)).unwrap()
}
