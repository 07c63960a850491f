//! Who has an account, and how it stands, is nobody's to find out (ENM). Times are measured by
//! `make timing`; here the answers and the work behind them are compared.

use idp_domain::secrets::random_secret;

use crate::support::attacks::{NOBODY, STUDENT, STUDENTS_PASSWORD, STUDENTS_PHONE, WRONG};
use crate::support::kit::audited_by;
use crate::support::{Campus, Reply, SERVICE, each_campus};

const TEACHER: &str = "10001";
const ROWS: &[&str] = &["throttle_events", "failed_secrets", "audit_events"];

async fn rows(campus: &Campus) -> Vec<i64> {
    let mut counts = Vec::new();
    for table in ROWS {
        counts.push(campus.count(table).await);
    }
    counts
}

/// One try by somebody new, with what it cost.
async fn tried(campus: &Campus, number: &str, password: &str) -> (String, u64, Vec<i64>) {
    let hashes = campus.idp.app().hashing.computed();
    let before = rows(campus).await;
    let reply = campus.visitor().guess(number, password).await;
    let after = rows(campus).await;
    let cost = campus.idp.app().hashing.computed() - hashes;
    let written = after.iter().zip(before).map(|(a, b)| a - b).collect();
    (reply.masked(number), cost, written)
}

#[tokio::test] // ENM-01
async fn every_refused_sign_in_reads_and_costs_the_same() {
    each_campus(async |campus| {
        // Suspended; with no valid number; not activated; before a forced change.
        let of = |number: &str| format!("(SELECT person_id FROM roster WHERE number = '{number}')");
        for sql in [
            format!(
                "UPDATE persons SET state = 'suspended' WHERE id = {}",
                of(TEACHER)
            ),
            "UPDATE roster SET valid_until = 1 WHERE number = '20230014'".into(),
            format!(
                "UPDATE passwords SET must_change = TRUE WHERE person_id = {}",
                of(STUDENT)
            ),
        ] {
            assert_eq!(campus.execute(&sql).await, 1, "{sql}");
        }
        let (first, cost, written) = tried(campus, NOBODY, WRONG).await;
        assert!(first.contains("data-notice=\"wrong_password\""), "{first}");
        assert_eq!((cost, written.as_slice()), (1, &[1, 1, 1][..]));
        for (number, password) in [
            (STUDENT, WRONG),
            (TEACHER, WRONG),
            (TEACHER, STUDENTS_PASSWORD),
            ("20230001", WRONG),
            ("20230001", STUDENTS_PASSWORD),
            ("20230003", WRONG),
            ("20230004", WRONG),
            ("20230014", WRONG),
            // The right initial password of a number that is over.
            ("20230014", "199169"),
            // What can't be a number at all.
            ("no such number!", WRONG),
        ] {
            let (answer, cost, written) = tried(campus, number, password).await;
            assert_eq!(answer, first, "{number} {password}");
            assert_eq!(
                (cost, written.as_slice()),
                (1, &[1, 1, 1][..]),
                "{number} {password}"
            );
        }
        // Only the right password tells of a forced change.
        let reply = campus.visitor().guess(STUDENT, STUDENTS_PASSWORD).await;
        assert_eq!(reply.location(), Some("/signin/continue"));
        assert_eq!(campus.count("sessions").await, 0);
    })
    .await;
}

#[tokio::test] // ENM-01: an expired number with the right password of its own
async fn a_number_that_is_over_reads_like_a_wrong_password() {
    each_campus(async |campus| {
        let over = format!("UPDATE roster SET valid_until = 1 WHERE number = '{STUDENT}'");
        campus.execute(&over).await;
        let (right, cost, written) = tried(campus, STUDENT, STUDENTS_PASSWORD).await;
        let (unknown, nobodys_cost, nobodys) = tried(campus, NOBODY, WRONG).await;
        assert_eq!((right, cost, written), (unknown, nobodys_cost, nobodys));
        let (_, trail) = audited_by(campus, async || {
            campus.visitor().guess(STUDENT, STUDENTS_PASSWORD).await
        })
        .await;
        assert_eq!(trail, ["signin.password refused no_valid_number"]);
    })
    .await;
}

#[tokio::test] // ENM-02
async fn the_dummy_hash_opens_nothing() {
    each_campus(async |campus| {
        let random = random_secret(&mut campus.idp.app().entropy.rng());
        for password in ["hunter2", "password", "dummy", " ", &random] {
            for number in [NOBODY, "20230004", ""] {
                let reply = campus
                    .visitor()
                    .guess_solved(campus, number, password)
                    .await;
                let notice = if number.is_empty() {
                    "missing"
                } else {
                    "wrong_password"
                };
                assert_eq!(reply.notice().as_deref(), Some(notice), "{password:?}");
            }
        }
        // An empty field costs nothing, whoever is named.
        let hashes = campus.idp.app().hashing.computed();
        let mut answers = Vec::new();
        for number in [STUDENT, NOBODY, "20230001"] {
            answers.push(campus.visitor().guess(number, "").await.masked(number));
        }
        assert!(answers.iter().all(|answer| *answer == answers[0]));
        assert_eq!(campus.idp.app().hashing.computed(), hashes);
    })
    .await;
}

/// How the accounts stand that a stranger asks codes for.
const ASKED: &[&str] = &[
    // Nobody; active with a phone; not activated with one, without one, with an activation code.
    NOBODY, STUDENT, "20230001", "20230004", "20230003", // Suspended; over.
    TEACHER, "20230006",
];

/// Asks for a code, then enters wrong ones until none is taken any more.
async fn ask_and_fail(campus: &Campus, path: &str, number: &str) -> Vec<String> {
    let mut visitor = campus.visitor();
    let mut answers = Vec::new();
    let mut page: Reply = visitor.ask_code(campus, path, number).await;
    answers.push(page.masked(number));
    campus.deliver().await;
    for n in 0..7 {
        // Never by chance the right one: five digits.
        let reply = visitor.enter(&page, &format!("{n:05}")).await;
        answers.push(reply.masked(number));
        if reply.body().contains("name=\"code\"") {
            page = reply;
        }
    }
    answers
}

#[tokio::test] // ENM-01, ENM-03, ENM-04, ENM-10
async fn asking_for_codes_reads_the_same_for_all() {
    each_campus(async |campus| {
        let suspended = format!(
            "UPDATE persons SET state = 'suspended'
             WHERE id = (SELECT person_id FROM roster WHERE number = '{TEACHER}')"
        );
        campus.execute(&suspended).await;
        campus
            .execute("UPDATE roster SET valid_until = 1 WHERE number = '20230006'")
            .await;
        for (path, number, phone) in [
            ("/signin/unlock", STUDENT, STUDENTS_PHONE),
            ("/signin/activation", "20230001", "+8613800000001"),
        ] {
            campus.execute("DELETE FROM throttles").await;
            let first = ask_and_fail(campus, path, "20239998").await;
            assert!(
                first[0].contains("data-notice=\"code_sent\""),
                "{}",
                first[0]
            );
            assert!(
                first[1].contains("data-notice=\"wrong_code\""),
                "{}",
                first[1]
            );
            assert!(
                !first[6].contains("data-notice=\"wrong_code\""),
                "{}",
                first[6]
            );
            for asked in ASKED {
                let (sent, lines) = (campus.sms.count(), campus.count("outbox").await);
                let codes = campus.count("one_time_codes").await;
                let answers = ask_and_fail(campus, path, asked).await;
                for (answer, expected) in answers.iter().zip(&first) {
                    assert_eq!(answer, expected, "{path} {asked}");
                    assert!(!answer.contains("138****"), "a masked number: {answer}");
                }
                // The same rows whether or not there is anybody to send to.
                assert_eq!(campus.count("outbox").await, lines + 1);
                assert_eq!(campus.count("one_time_codes").await, codes + 1);
                if *asked == number {
                    assert_eq!(campus.sms.sent()[sent].0, phone);
                } else if *asked == NOBODY || *asked == "20230004" {
                    assert_eq!(campus.sms.count(), sent, "{path} {asked}");
                }
            }
            let ended = "outbox WHERE result <> 'sent' OR done_at IS NULL";
            assert_eq!(campus.count(ended).await, 0);
        }
        // Nothing went to the suspended, to who is over, or to who has no part in it.
        let numbers: Vec<String> = campus.sms.sent().into_iter().map(|(to, _)| to).collect();
        assert!(
            !numbers.contains(&"+8613800000103".to_owned()),
            "{numbers:?}"
        );
    })
    .await;
}

#[tokio::test] // ENM-01, ENM-10: also where the limits are used up, and where delivery fails
async fn limits_and_failed_deliveries_tell_nothing() {
    each_campus(async |campus| {
        for path in ["/signin/unlock", "/signin/activation"] {
            let mut told = Vec::new();
            for (nth, number) in [NOBODY, STUDENT, "20230001"].into_iter().enumerate() {
                let mut answers = Vec::new();
                for n in 0..12 {
                    let mut visitor = campus.visitor();
                    // From elsewhere each time, so that the account's own limit is met.
                    let address = format!("198.51.{nth}.{n}:4000");
                    visitor.peer = Some(address.parse().unwrap());
                    campus.sms.set_trouble(if n == 3 {
                        crate::support::Trouble::Limited
                    } else {
                        crate::support::Trouble::None
                    });
                    let page = visitor.ask_code(campus, path, number).await;
                    campus.deliver().await;
                    let wrong = visitor.enter(&page, "00000").await;
                    answers.push(page.masked(number));
                    answers.push(wrong.masked(number));
                }
                told.push(answers);
            }
            assert!(
                told[0]
                    .last()
                    .unwrap()
                    .contains("data-notice=\"code_limit\"")
            );
            for others in &told[1..] {
                for (n, (answer, nobodys)) in others.iter().zip(&told[0]).enumerate() {
                    assert_eq!(answer, nobodys, "{path}, answer {n}");
                }
            }
            campus.execute("DELETE FROM throttles").await;
        }
    })
    .await;
}

#[tokio::test] // ENM-01: an activation code for whom there is none
async fn activation_codes_tell_nothing() {
    each_campus(async |campus| {
        let mut told: Vec<String> = Vec::new();
        for number in ASKED {
            for _ in 0..12 {
                let mut visitor = campus.visitor();
                let page = visitor.get("/signin/activation").await;
                let fields = [
                    ("username", *number),
                    ("method", "code"),
                    ("intent", "send"),
                    ("activation_code", "0000-0000-0000"),
                ];
                let reply = visitor.submit_solved(campus, &page, &fields).await;
                told.push(reply.masked(number));
            }
        }
        assert!(told[0].contains("data-notice=\"wrong_activation_code\""));
        for answer in &told {
            assert_eq!(*answer, told[0]);
        }
        let mut visitor = campus.visitor();
        assert_eq!(visitor.sign_in_page(SERVICE).await.status, 200);
    })
    .await;
}
