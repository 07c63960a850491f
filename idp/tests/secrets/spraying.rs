//! One password on many accounts, which no counter of an account sees (BRU-04, PWD-02).

use idp::jobs::spraying::watch;
use jiff::SignedDuration;

use super::cohort::{enrol, tail};
use crate::support::attacks::{NOBODY, STUDENT, STUDENTS_PASSWORD, WRONG};
use crate::support::{Campus, SERVICE, each_campus};

async fn look(campus: &Campus, node: &idp::Idp) -> bool {
    campus.advance(SignedDuration::from_secs(10));
    watch(node.app()).await.unwrap();
    campus.count("alarms").await > 0
}

#[tokio::test] // BRU-04, BRU-03
async fn one_password_on_many_accounts_raises_the_alarm() {
    each_campus(async |campus| {
        let mut known = campus.visitor();
        known.sign_in(SERVICE, STUDENT, STUDENTS_PASSWORD).await;
        known.cookies.remove("TGC");
        let accounts = enrol(campus, 250).await;
        let mut tried = 0;
        while !look(campus, &campus.idp).await {
            for _ in 0..5 {
                // From elsewhere each time.
                let mut robot = campus.visitor();
                robot.peer = Some(format!("198.51.100.{tried}:4000").parse().unwrap());
                robot
                    .guess(&accounts[tried].number, "Spring-2026-campus")
                    .await;
                tried += 1;
            }
            assert!(tried < 200, "no alarm after {tried} accounts");
        }
        assert!(
            tried >= 20,
            "an alarm after {tried} accounts is a false one"
        );
        assert_eq!(campus.audited("alarm.raise", "success").await, 1);

        // Strangers give a captcha at once, whatever account they name, and the page has it.
        let page = campus.visitor().sign_in_page(SERVICE).await;
        assert!(page.captcha_id().is_some());
        for number in ["10001", NOBODY] {
            let reply = campus.visitor().guess(number, STUDENTS_PASSWORD).await;
            assert_eq!(
                reply.notice().as_deref(),
                Some("captcha_wanted"),
                "{number}"
            );
        }
        let reply = campus
            .visitor()
            .guess_solved(campus, "10001", STUDENTS_PASSWORD)
            .await;
        assert!(reply.ticket().is_some(), "{}", reply.body());
        // Known browsers notice nothing.
        let reply = known.guess(STUDENT, STUDENTS_PASSWORD).await;
        assert!(reply.ticket().is_some(), "{}", reply.body());

        // Another node learns of it at its next look, and it is one alarm.
        let other = campus.second_node().await;
        look(campus, &other).await;
        let reply = campus
            .visitor_at(&other)
            .guess("10001", STUDENTS_PASSWORD)
            .await;
        assert_eq!(reply.notice().as_deref(), Some("captcha_wanted"));
        assert_eq!(campus.audited("alarm.raise", "success").await, 1);

        // It ends when the hour that it looks back on is quiet, and half an hour more.
        campus.advance(SignedDuration::from_mins(91));
        look(campus, &campus.idp).await;
        let page = campus.visitor().sign_in_page(SERVICE).await;
        assert!(page.captcha_id().is_none());
    })
    .await;
}

#[tokio::test] // BRU-04: forgetful people are no attack
async fn everyday_failures_raise_nothing() {
    each_campus(async |campus| {
        for n in 0..60 {
            let mut visitor = campus.visitor();
            let number = format!("2023{:04}", n % 30);
            visitor.guess(&number, &format!("{WRONG}{n}")).await;
        }
        assert!(!look(campus, &campus.idp).await);
        // One who forgot it tries the same again and again.
        for _ in 0..25 {
            let mut visitor = campus.visitor();
            visitor.guess_solved(campus, NOBODY, WRONG).await;
        }
        assert!(!look(campus, &campus.idp).await);
        // And numbers that nobody has are no school: inventing them annoys nobody.
        for n in 0..60 {
            let mut visitor = campus.visitor();
            visitor.guess(&format!("9999{n:04}"), WRONG).await;
        }
        assert!(!look(campus, &campus.idp).await);
    })
    .await;
}

#[tokio::test] // PWD-01, PWD-02: tails of id numbers, whose region and birth date are known
async fn a_spray_of_initial_passwords_takes_no_account_and_is_seen() {
    each_campus(async |campus| {
        let freshmen = enrol(campus, 220).await;
        let (mut tried, mut hits) = (0, 0);
        for (n, freshman) in freshmen.iter().enumerate() {
            // Another tail on each, so that no secret repeats; now and then it is the right one.
            let n = u32::try_from(n).unwrap();
            let guess = if n % 20 == 7 { n + 1 } else { 999 - n };
            let mut robot = campus.visitor();
            let reply = robot.guess(&freshman.number, &tail(guess)).await;
            tried += 1;
            if reply.location() == Some("/signin/continue") {
                hits += 1;
                let page = robot.follow(reply).await;
                assert_eq!(page.page(), "evidence");
                assert!(!robot.cookies.contains_key("TGC"));
            }
            if tried % 10 == 0 && look(campus, &campus.idp).await {
                break;
            }
        }
        assert!(tried < 200, "no alarm after {tried} attempts");
        assert!(hits > 0, "the simulation never hit");
        assert_eq!(campus.count("sessions").await, 0);
        assert_eq!(campus.count("service_tickets").await, 0);
        let activated = "persons WHERE activated_at IS NOT NULL";
        assert_eq!(campus.count(activated).await, 2, "the demonstration's two");
        let reply = campus
            .visitor()
            .guess(&freshmen[219].number, &freshmen[219].initial)
            .await;
        assert_eq!(reply.notice().as_deref(), Some("captcha_wanted"));
    })
    .await;
}
