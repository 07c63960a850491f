//! Each sweep takes what is over and nothing else, a few rows at a time.

use idp_domain::Timestamp;
use idp_storage::Db;
use idp_storage::expiry::{SWEEPS, Sweep, sweep};
use idp_storage::throttle;
use jiff::SignedDuration;
use migrations::run;

use crate::in_tx;
use crate::support::{at, count, databases, id, session, student, tag};

/// One row of each swept table whose end is at `$1`, named by the sweep.
const ROWS: &[(&str, &str)] = &[
    (
        "service_tickets",
        "INSERT INTO service_tickets (ticket_hash, grant_id, service, from_new_login, issued_at,
            expires_at) VALUES ($2, (SELECT id FROM grants), 's', TRUE, 0, $1)",
    ),
    (
        "signins",
        "INSERT INTO signins (id_hash, person_id, number, purpose, destination, created_at,
            expires_at) VALUES ($2, (SELECT id FROM persons), 's1', 'sign_in', '{}', 0, $1)",
    ),
    (
        "hops",
        "INSERT INTO hops (id_hash, sid, destination, fresh, created_at, expires_at)
            VALUES ($2, (SELECT sid FROM sessions WHERE address IS NOT NULL), '{}', FALSE, 0, $1)",
    ),
    (
        "sessions",
        "INSERT INTO sessions (id_hash, sid, person_id, number, factors, signed_in_at,
            last_seen_at, expires_at, ended_at) VALUES ($2, $3, (SELECT id FROM persons), 's1',
            '[]', 0, 0, $1, $1)",
    ),
    (
        "spent_captchas",
        "INSERT INTO spent_captchas (id_hash, expires_at) VALUES ($2, $1)",
    ),
    (
        "one_time_codes",
        "INSERT INTO one_time_codes (id, flow_hash, purpose, recipient_enc, recipient_index,
            code_mac, created_at, expires_at) VALUES ($3, $2, 'evidence', $2, $2, $2, 0, $1)",
    ),
    (
        "known_devices",
        "INSERT INTO known_devices (id_hash, person_id, created_at, expires_at)
            VALUES ($2, (SELECT id FROM persons), 0, $1)",
    ),
    (
        "throttles",
        "INSERT INTO throttles (bucket, touched_at) VALUES ($2, $1)",
    ),
    (
        "failed_secrets",
        "INSERT INTO failed_secrets (id, at, account_key, secret_mac, initial)
            VALUES ($3, $1, $2, $2, FALSE)",
    ),
    (
        "outbox",
        "INSERT INTO outbox (id, kind, payload_enc, created_at, next_at, done_at)
            VALUES ($3, 'sms_code', $2, 0, 0, $1)",
    ),
    (
        "signing_keys",
        "INSERT INTO signing_keys (kid, algorithm, generation, private_enc, public_jwk, created_at,
            active_from, expires_at)
            VALUES ((SELECT CAST(count(*) AS TEXT) FROM signing_keys), 'ES256',
            (SELECT count(*) FROM signing_keys), $2, '{}', 0, 0, $1)",
    ),
    (
        "access_tokens",
        "INSERT INTO access_tokens (token_hash, authorization_id, scope, audience, issued_at,
            expires_at) VALUES ($2, (SELECT id FROM authorizations WHERE subject = 'kept'),
            'openid', 'a', 0, $1)",
    ),
    (
        "authorization_codes",
        "INSERT INTO authorization_codes (code_hash, authorization_id, grant_id, application_id,
            request, issued_at, expires_at)
            VALUES ($2, $3, (SELECT id FROM grants), 'library', '{}', 0, $1)",
    ),
    (
        "authorizations",
        "INSERT INTO authorizations (id, application_id, subject, scope, detail, created_at,
            last_used_at, expires_at) VALUES ($2, 'library', 's', 'openid', '{}', 0, 0, $1)",
    ),
    (
        "pushed_requests",
        "INSERT INTO pushed_requests (uri_hash, application_id, parameters, created_at, expires_at)
            VALUES ($2, 'library', '[]', 0, $1)",
    ),
    (
        "spent_ids",
        "INSERT INTO spent_ids (id_hash, expires_at) VALUES ($2, $1)",
    ),
    (
        "device_grants",
        "INSERT INTO device_grants (device_hash, user_code_mac, authorization_id, application_id,
            request, poll_seconds, created_at, expires_at)
            VALUES ($2, $2, $3, 'library', '{}', 5, 0, $1)",
    ),
    (
        "initial_access_tokens",
        "INSERT INTO initial_access_tokens (token_hash, label, releasable, uses_left, created_at,
            expires_at) VALUES ($2, 'course', '[]', 1, 0, $1)",
    ),
    (
        "logouts",
        "INSERT INTO logouts (id, sid, person_id, number, reason, ended_at, view_hash)
            VALUES ($3, $3, (SELECT id FROM persons), 's1', 'signed_out', $1, $2)",
    ),
];

fn insert_into(table: &str) -> &'static str {
    let known = ROWS.iter().find(|(name, _)| *name == table);
    known
        .unwrap_or_else(|| panic!("no sample row for the sweep of {table}"))
        .1
}

fn rows_of(table: &str) -> &'static str {
    match table {
        "service_tickets" => "SELECT count(*) FROM service_tickets",
        "signins" => "SELECT count(*) FROM signins",
        "hops" => "SELECT count(*) FROM hops",
        "sessions" => "SELECT count(*) FROM sessions WHERE address IS NULL",
        "spent_captchas" => "SELECT count(*) FROM spent_captchas",
        "one_time_codes" => "SELECT count(*) FROM one_time_codes",
        "known_devices" => "SELECT count(*) FROM known_devices",
        "throttles" => "SELECT count(*) FROM throttles",
        "failed_secrets" => "SELECT count(*) FROM failed_secrets",
        "outbox" => "SELECT count(*) FROM outbox",
        "signing_keys" => "SELECT count(*) FROM signing_keys",
        "access_tokens" => "SELECT count(*) FROM access_tokens",
        "authorization_codes" => "SELECT count(*) FROM authorization_codes",
        "authorizations" => "SELECT count(*) FROM authorizations WHERE subject <> 'kept'",
        "pushed_requests" => "SELECT count(*) FROM pushed_requests",
        "spent_ids" => "SELECT count(*) FROM spent_ids",
        "device_grants" => "SELECT count(*) FROM device_grants",
        "initial_access_tokens" => "SELECT count(*) FROM initial_access_tokens",
        "logouts" => "SELECT count(*) FROM logouts",
        other => panic!("{other}"),
    }
}

/// Takes the statements that [`ROWS`] holds, which use `$1` to `$3` as they need them.
async fn insert(db: &Db, table: &str, seed: usize, end: Timestamp) {
    let sql = insert_into(table);
    let (hash, id) = (tag(seed), id(10_000 + seed));
    let end = end.as_microsecond();
    let mut tx = db.write().await.unwrap();
    let done = match (sql.contains("$2"), sql.contains("$3")) {
        // Nothing of it is a hash.
        _ if table == "authorizations" => {
            run!(tx, c => sqlx::query(sql).bind(end).bind(id).execute(c))
        }
        (true, true) => run!(tx, c => sqlx::query(sql)
            .bind(end).bind(hash.as_bytes()).bind(id).execute(c)),
        _ => run!(tx, c => sqlx::query(sql).bind(end).bind(hash.as_bytes()).execute(c)),
    };
    done.unwrap();
    tx.commit().await.unwrap();
}

async fn prepare(db: &Db) {
    let person = student(db, 1, &["s1"]).await;
    let mut tx = db.write().await.unwrap();
    let (_, sid) = session(&mut tx, person, 999_999).await;
    let grant = "INSERT INTO grants (id, sid, application_id, protocol, created_at)
        VALUES ($1, $2, 'library', 'cas', 0)";
    run!(tx, c => sqlx::query(grant).bind(id(5)).bind(sid.0).execute(c)).unwrap();
    // One that ends after everything.
    let kept = "INSERT INTO authorizations (id, application_id, subject, scope, detail, created_at,
        last_used_at, expires_at)
        VALUES ($1, 'library', 'kept', 'openid', '{}', 0, 0, 9000000000000000000)";
    run!(tx, c => sqlx::query(kept).bind(id(6)).execute(c)).unwrap();
    tx.commit().await.unwrap();
}

async fn run_sweep(db: &Db, which: &Sweep, now: Timestamp, limit: i64) -> u64 {
    in_tx!(db, tx => sweep(&mut tx, which, now, limit))
}

/// The longest that any row stays after its end.
const LONG: SignedDuration = SignedDuration::from_hours(365 * 24);

#[tokio::test]
async fn a_sweep_takes_what_is_over_in_batches_and_leaves_the_rest() {
    for db in databases().await {
        prepare(&db).await;
        for which in SWEEPS {
            for seed in 0..7 {
                insert(&db, which.name, seed, at(0)).await;
            }
            for seed in 7..10 {
                insert(&db, which.name, seed, at(0) + LONG).await;
            }
            let now = at(1) + LONG;
            let mut batches = Vec::new();
            loop {
                let swept = run_sweep(&db, which, now, 3).await;
                batches.push(swept);
                if swept == 0 {
                    break;
                }
            }
            let left = count(&db, rows_of(which.name)).await;
            // Where rows go at their end, the later ones are over as well.
            let expected: (&[u64], i64) = match which.name {
                "spent_captchas" | "known_devices" | "hops" => (&[3, 3, 3, 1, 0], 0),
                _ => (&[3, 3, 1, 0], 3),
            };
            assert_eq!((batches.as_slice(), left), expected, "{}", which.name);
        }
    }
}

#[tokio::test]
async fn what_has_not_ended_stays() {
    for db in databases().await {
        prepare(&db).await;
        for which in SWEEPS {
            insert(&db, which.name, 1, at(10)).await;
            assert_eq!(run_sweep(&db, which, at(10), 9).await, 0, "{}", which.name);
            assert_eq!(count(&db, rows_of(which.name)).await, 1, "{}", which.name);
        }
    }
}

#[tokio::test]
async fn an_open_message_is_never_swept() {
    for db in databases().await {
        let open = "INSERT INTO outbox (id, kind, payload_enc, created_at, next_at)
            VALUES ($1, 'sms_code', $2, 0, 0)";
        let mut tx = db.write().await.unwrap();
        run!(tx, c => sqlx::query(open).bind(id(1)).bind(tag(1).as_bytes()).execute(c)).unwrap();
        tx.commit().await.unwrap();
        let outbox = SWEEPS.iter().find(|s| s.name == "outbox").unwrap();
        assert_eq!(run_sweep(&db, outbox, at(0) + LONG * 9, 9).await, 0);
        assert_eq!(count(&db, rows_of("outbox")).await, 1);
    }
}

#[tokio::test]
async fn a_swept_session_or_bucket_takes_along_what_hangs_on_it() {
    for db in databases().await {
        prepare(&db).await;
        insert(&db, "service_tickets", 1, at(0)).await;
        let all = "UPDATE sessions SET ended_at = 0";
        in_tx!(db, tx => async { run!(tx, c => sqlx::query(all).execute(c)) });
        let event = idp_domain::ids::EventId(id(3));
        in_tx!(db, tx => throttle::reserve(&mut tx, event, &tag(3), &[], at(0))).unwrap();
        for which in SWEEPS.iter().filter(|s| s.name != "service_tickets") {
            run_sweep(&db, which, at(0) + LONG * 9, 9).await;
        }
        for empty in [
            "SELECT count(*) FROM sessions",
            "SELECT count(*) FROM grants",
            "SELECT count(*) FROM service_tickets",
            "SELECT count(*) FROM throttle_events",
        ] {
            assert_eq!(count(&db, empty).await, 0, "{empty}");
        }
    }
}

#[tokio::test] // OTP-05
async fn a_code_is_gone_an_hour_after_its_end() {
    for db in databases().await {
        insert(&db, "one_time_codes", 1, at(0)).await;
        let codes = SWEEPS.iter().find(|s| s.name == "one_time_codes").unwrap();
        assert_eq!(run_sweep(&db, codes, at(3600), 9).await, 0);
        assert_eq!(run_sweep(&db, codes, at(3601), 9).await, 1);
    }
}

#[tokio::test] // CAS 51: somebody is still to be told
async fn a_session_that_nobody_ended_is_never_swept() {
    for db in databases().await {
        prepare(&db).await;
        let sessions = SWEEPS.iter().find(|s| s.name == "sessions").unwrap();
        assert_eq!(run_sweep(&db, sessions, at(0) + LONG, 9).await, 0);
        assert_eq!(count(&db, "SELECT count(*) FROM grants").await, 1);
    }
}

#[tokio::test]
async fn a_logout_stays_ninety_days_with_its_notices() {
    for db in databases().await {
        prepare(&db).await;
        insert(&db, "logouts", 1, at(0)).await;
        let notice = "INSERT INTO logout_notices (grant_id, logout_id, application_id, protocol,
            state) SELECT $1, id, 'library', 'cas', 'delivered' FROM logouts";
        let mut tx = db.write().await.unwrap();
        run!(tx, c => sqlx::query(notice).bind(id(5)).execute(c)).unwrap();
        tx.commit().await.unwrap();
        let logouts = SWEEPS.iter().find(|s| s.name == "logouts").unwrap();
        let kept = SignedDuration::from_hours(90 * 24);
        assert_eq!(run_sweep(&db, logouts, at(0) + kept, 9).await, 0);
        assert_eq!(run_sweep(&db, logouts, at(1) + kept, 9).await, 1);
        assert_eq!(count(&db, "SELECT count(*) FROM logout_notices").await, 0);
    }
}
