//! A program's passwords are counted with everybody's, and tell no more.

use std::time::Duration;

use jiff::SignedDuration;

use super::{Server, fault, two_applications};
use crate::support::attacks::{NOBODY, WRONG};
use crate::support::kit::{PASSWORD, STUDENT, audited_by, changing_nothing};
use crate::support::{each_campus, each_campus_with};

#[tokio::test] // BRU-01
async fn the_form_and_the_program_share_one_count() {
    each_campus(async |campus| {
        two_applications(campus).await;
        let (mut server, mut form) = (Server::portal(campus), campus.visitor());
        // A browser that knows the account: its cookie is nothing here.
        let known = crate::support::kit::signed_in(campus).await;
        for _ in 0..2 {
            let reply = server.sign_in(STUDENT, WRONG).await;
            assert_eq!(fault(&reply, 401), "wrong_credentials");
        }
        let third = form.guess(STUDENT, WRONG).await;
        assert_eq!(third.notice().as_deref(), Some("wrong_password"));
        server.visitor.cookies.clone_from(&known.cookies);
        for password in [WRONG, PASSWORD] {
            let hashes = campus.idp.app().hashing.computed();
            let (reply, trail) =
                changing_nothing(campus, async || server.sign_in(STUDENT, password).await).await;
            assert_eq!(fault(&reply, 423), "browser_wanted");
            assert_eq!(reply.header("retry-after"), Some("3600"));
            assert_eq!(trail, ["signin.hold refused captcha_wanted"]);
            assert_eq!(campus.idp.app().hashing.computed(), hashes);
        }
        assert_eq!(
            form.guess(STUDENT, WRONG).await.notice().as_deref(),
            Some("captcha_wanted")
        );

        for _ in 0..7 {
            form.guess_solved(campus, STUDENT, WRONG).await;
        }
        let reply = server.sign_in(STUDENT, PASSWORD).await;
        assert_eq!(fault(&reply, 429), "slowed");
        let wait: i64 = reply.header("retry-after").unwrap().parse().unwrap();
        assert!((890..=901).contains(&wait), "{wait}");
        // Another account is nobody's business of hers.
        let other = server.sign_in(idp::demo::ADMINISTRATOR, PASSWORD).await;
        assert_eq!(other.status, 201);
        // After a day it is forgotten.
        campus.advance(SignedDuration::from_hours(24));
        assert_eq!(server.sign_in(STUDENT, PASSWORD).await.status, 201);
    })
    .await;
}

#[tokio::test] // ENM-01
async fn no_answer_says_whose_number_it_is() {
    each_campus(async |campus| {
        two_applications(campus).await;
        let suspended = format!(
            "UPDATE persons SET state = 'suspended'
             WHERE id = (SELECT person_id FROM current_roster WHERE number = '{}')",
            idp::demo::ADMINISTRATOR
        );
        assert_eq!(campus.execute(&suspended).await, 1);
        let mut server = Server::portal(campus);
        let mut seen = std::collections::BTreeSet::new();
        for (number, password) in [
            (STUDENT, WRONG),
            (NOBODY, WRONG),
            ("no number at all", WRONG),
            (idp::demo::NEWCOMER, WRONG),
            (idp::demo::ADMINISTRATOR, PASSWORD),
        ] {
            let hashes = campus.idp.app().hashing.computed();
            let (reply, trail) =
                audited_by(campus, async || server.sign_in(number, password).await).await;
            assert_eq!(fault(&reply, 401), "wrong_credentials", "{number}");
            assert_eq!(campus.idp.app().hashing.computed(), hashes + 1, "{number}");
            assert!(
                trail[0].starts_with("signin.password refused "),
                "{trail:?}"
            );
            seen.insert(
                reply
                    .masked(number)
                    .replace(reply.header("x-request-id").unwrap(), ""),
            );
        }
        assert_eq!(seen.len(), 1, "{seen:?}");
    })
    .await;
}

#[tokio::test] // invariant 9: nothing for who must still do something
async fn who_misses_a_step_gets_nothing_from_a_program() {
    each_campus(async |campus| {
        two_applications(campus).await;
        let must_change = format!(
            "UPDATE passwords SET must_change = TRUE WHERE person_id =
             (SELECT person_id FROM current_roster WHERE number = '{STUDENT}')"
        );
        assert_eq!(campus.execute(&must_change).await, 1);
        let initial = campus.demo.initial_passwords[0].clone();
        let mut server = Server::portal(campus);
        for (number, password) in [(idp::demo::NEWCOMER, &*initial), (STUDENT, PASSWORD)] {
            let (reply, trail) =
                changing_nothing(campus, async || server.sign_in(number, password).await).await;
            assert_eq!(fault(&reply, 403), "steps_missing", "{number}");
            assert_eq!(trail, ["signin.password success -"]);
        }
        assert_eq!(campus.count("throttle_events").await, 0);
    })
    .await;
}

#[tokio::test] // PWD-08: who stopped waiting has no session that nobody knows
async fn an_abandoned_attempt_is_settled_and_leaves_nothing() {
    each_campus(async |campus| {
        two_applications(campus).await;
        let hold = campus.idp.app().hashing.hold();
        let mut server = Server::portal(campus);
        let waits = tokio::spawn(async move { server.sign_in(STUDENT, PASSWORD).await });
        while campus.idp.app().hashing.waiting() == 0 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        waits.abort();
        assert!(waits.await.unwrap_err().is_cancelled());
        drop(hold);
        while campus.audited("signin.password", "success").await == 0 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        assert_eq!(campus.count("throttle_events").await, 0);
        assert_eq!(campus.count("sessions").await, 0);
        assert_eq!(campus.audited("signin.complete", "success").await, 0);
    })
    .await;
}

#[tokio::test] // PWD-08: what finds no place in the line was not tried
async fn a_full_line_counts_nothing() {
    // One place in each of the three lanes.
    let short = |config: &mut idp::config::Config| {
        config.limits.queue_length = serde_json::from_value(3.into()).unwrap();
    };
    each_campus_with(short, async |campus| {
        two_applications(campus).await;
        let hold = campus.idp.app().hashing.hold();
        let (mut first, mut second) = (Server::portal(campus), Server::portal(campus));
        let waits = tokio::spawn(async move { first.sign_in(STUDENT, PASSWORD).await });
        while campus.idp.app().hashing.waiting() == 0 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        let counted = campus.count("throttle_events").await;
        let reply = second.sign_in(idp::demo::ADMINISTRATOR, PASSWORD).await;
        assert_eq!(fault(&reply, 503), "busy");
        assert_eq!(reply.header("retry-after"), Some("30"));
        assert_eq!(campus.count("throttle_events").await, counted);
        drop(hold);
        assert_eq!(waits.await.unwrap().status, 201);
    })
    .await;
}
