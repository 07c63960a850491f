//! Required steps: nothing is issued before they are taken, on any path, and each is taken once
//! (PWD-03, TKT-15).

use jiff::SignedDuration;

use crate::support::attacks::{STUDENT, STUDENTS_PASSWORD};
use crate::support::kit::{audited_by, changing_nothing};
use crate::support::{Campus, Reply, SERVICE, Visitor, each_campus, login};

const NEWCOMER: &str = "20230001";
const PHONE: &str = "+8613800000001";
const PASSWORD: &str = "quiet-lantern-58-river";
const STEPS: &[(&str, &str)] = &[
    ("evidence", "/signin/evidence"),
    ("privacy_notice", "/signin/notice"),
    ("new_password", "/signin/password"),
    ("bind_phone", "/signin/phone"),
    ("done", "/signin/done"),
];

/// What may be due, and whether the person may go on to the steps at all.
const DUE: &[(&str, &str, bool)] = &[
    (
        "not activated",
        "UPDATE persons SET activated_at = NULL WHERE id = $",
        true,
    ),
    (
        "must change",
        "UPDATE passwords SET must_change = TRUE WHERE person_id = $",
        true,
    ),
    (
        "must bind",
        "DELETE FROM contacts WHERE person_id = $",
        true,
    ),
    (
        "notice outdated",
        "UPDATE persons SET notice_version = '0' WHERE id = $",
        true,
    ),
    (
        "suspended",
        "UPDATE persons SET state = 'suspended' WHERE id = $",
        false,
    ),
    (
        "number expired",
        "UPDATE roster SET valid_until = 1 WHERE person_id = $",
        false,
    ),
];

async fn make_due(campus: &Campus, sql: &str) {
    let student = format!("(SELECT person_id FROM roster WHERE number = '{STUDENT}')");
    assert_eq!(
        campus.execute(&sql.replace('$', &student)).await,
        1,
        "{sql}"
    );
}

async fn granted(campus: &Campus) -> (i64, i64) {
    (
        campus.count("service_tickets").await,
        campus.count("sessions").await,
    )
}

/// Every way in which a ticket is issued, tried by a browser with a session from before.
#[tokio::test] // PWD-03
async fn nothing_is_issued_while_a_step_is_due() {
    for (due, sql, may_go_on) in DUE {
        each_campus(async |campus| {
            let mut known = campus.visitor();
            let first = known.sign_in(SERVICE, STUDENT, STUDENTS_PASSWORD).await;
            let unspent = first.ticket().unwrap();
            make_due(campus, sql).await;
            let before = granted(campus).await;

            // The session of before: the page, a hop, gateway, with and without another cookie.
            let gateway = format!("{}&gateway=true", login(SERVICE));
            for path in [&login(SERVICE), &gateway] {
                for drop in [&[][..], &["device"], &["visitor"], &["TGC"]] {
                    let mut browser = known.clone();
                    for cookie in drop {
                        browser.cookies.remove(*cookie);
                    }
                    let reply = browser.get(path).await;
                    assert_eq!(reply.ticket(), None, "{due}: {path} without {drop:?}");
                    assert!(!reply.status.is_server_error());
                }
            }
            // A ticket of before, redeemed now.
            let answer = campus.visitor().validate(SERVICE, &unspent).await;
            assert!(answer.contains("authenticationFailure"), "{due}: {answer}");

            // The password, from the browser of the session and from another.
            for mut browser in [known.clone(), campus.visitor()] {
                let page = browser.get(&format!("{}&renew=true", login(SERVICE))).await;
                let fields = [("username", STUDENT), ("password", STUDENTS_PASSWORD)];
                let reply = browser.submit(&page, &fields).await;
                let reply = browser.leave_the_queue(reply).await;
                assert_eq!(reply.ticket(), None, "{due}");
                if !may_go_on {
                    assert_eq!(reply.status, 401, "{due}: {}", reply.body());
                    continue;
                }
                assert_eq!(reply.location(), Some("/signin/continue"), "{due}");
                let step = browser.follow(reply).await;
                // Past the step: the others, the end, the application.
                let hidden = step.hidden();
                let fields: Vec<(&str, &str)> = hidden
                    .iter()
                    .map(|(n, v)| (n.as_str(), v.as_str()))
                    .collect();
                let here = STEPS
                    .iter()
                    .find(|(page, _)| *page == step.page())
                    .unwrap()
                    .1;
                for (_, path) in STEPS.iter().filter(|(_, path)| *path != here) {
                    let reply = browser.post(path, &fields).await;
                    assert_eq!(reply.location(), Some(here), "{due}: {path}");
                    assert_eq!(
                        browser.get(path).await.location(),
                        Some(here),
                        "{due}: {path}"
                    );
                }
                let reply = browser.get(&login(SERVICE)).await;
                assert_eq!(reply.ticket(), None, "{due}");
                let reply = browser.get("/signin/queue").await;
                assert_eq!(reply.location(), Some("/cas/login"), "{due}");
            }
            assert_eq!(granted(campus).await, before, "{due}");
        })
        .await;
    }
}

/// A step that becomes due while the sign-in is at its end.
#[tokio::test] // PWD-03
async fn a_step_that_becomes_due_stops_the_last_click() {
    for (due, sql, _) in DUE {
        if *due == "not activated" {
            continue;
        }
        each_campus(async |campus| {
            // The activated student comes to `done` by a new notice, taken back at the last moment.
            make_due(
                campus,
                "UPDATE persons SET notice_version = '0' WHERE id = $",
            )
            .await;
            make_due(
                campus,
                "UPDATE persons SET activated_at = NULL WHERE id = $",
            )
            .await;
            let mut browser = campus.visitor();
            let first = browser.sign_in(SERVICE, STUDENT, STUDENTS_PASSWORD).await;
            let done = browser.walk_to(campus, first, "", PASSWORD, "done").await;
            make_due(campus, sql).await;
            let before = granted(campus).await;
            let reply = browser.submit(&done, &[]).await;
            assert_eq!(reply.ticket(), None, "{due}: {}", reply.body());
            let after = granted(campus).await;
            assert_eq!(after, before, "{due}");
            assert_eq!(browser.get(&login(SERVICE)).await.ticket(), None, "{due}");
        })
        .await;
    }
}

async fn begin(campus: &Campus) -> (Visitor, Reply) {
    let mut visitor = campus.visitor();
    let initial = campus.demo.initial_passwords[0].clone();
    let first = visitor.sign_in(SERVICE, NEWCOMER, &initial).await;
    (visitor, first)
}

#[tokio::test] // PWD-03, TKT-15: each step out of order, replayed, and from a second tab
async fn steps_are_taken_in_order_and_once() {
    each_campus(async |campus| {
        let (mut visitor, mut reply) = begin(campus).await;
        let mut former: Vec<(Vec<(String, String)>, &str)> = Vec::new();
        for (stop, here) in STEPS {
            let page = visitor.walk_to(campus, reply, PHONE, PASSWORD, stop).await;
            // Forms of former steps come again, as they were.
            for (fields, path) in &former {
                let fields: Vec<(&str, &str)> = fields
                    .iter()
                    .map(|(n, v)| (n.as_str(), v.as_str()))
                    .collect();
                let (reply, trail) =
                    changing_nothing(campus, async || visitor.post(path, &fields).await).await;
                assert_eq!(reply.location(), Some(*here), "{path} again at {here}");
                assert!(trail.is_empty(), "{trail:?}");
            }
            // Forms of later steps come too early, with this page's version.
            let hidden = page.hidden();
            let mut early: Vec<(&str, &str)> = hidden
                .iter()
                .map(|(n, v)| (n.as_str(), v.as_str()))
                .collect();
            early.extend([
                ("accept", "yes"),
                ("password", PASSWORD),
                ("password_again", PASSWORD),
                ("intent", "send"),
                ("phone", "+8613911112222"),
            ]);
            for (_, path) in STEPS.iter().filter(|(_, path)| path != here) {
                let (reply, _) =
                    changing_nothing(campus, async || visitor.post(path, &early).await).await;
                assert_eq!(reply.location(), Some(*here), "{path} at {here}");
            }
            // A version of another time.
            for version in ["99", "-1", "", "0x0"] {
                let stale: Vec<(&str, &str)> = early
                    .iter()
                    .map(|(n, v)| (*n, if *n == "version" { version } else { *v }))
                    .collect();
                let (reply, _) =
                    changing_nothing(campus, async || visitor.post(here, &stale).await).await;
                assert_eq!(
                    reply.location(),
                    Some(*here),
                    "version {version:?} at {here}"
                );
            }
            let mut own = page.hidden();
            own.extend(
                [
                    ("accept", "yes"),
                    ("password", PASSWORD),
                    ("password_again", PASSWORD),
                    ("intent", "verify"),
                    ("code", "000000"),
                ]
                .map(|(n, v)| (n.to_owned(), v.to_owned())),
            );
            former.push((own, here));
            reply = page;
        }
        let last = visitor.submit(&reply, &[]).await;
        assert!(last.ticket().is_some(), "{}", last.body());
        // It is over: every form of it, and every page.
        let mut again = visitor.clone();
        for (fields, path) in &former {
            let fields: Vec<(&str, &str)> = fields
                .iter()
                .map(|(n, v)| (n.as_str(), v.as_str()))
                .collect();
            assert_eq!(again.post(path, &fields).await.status, 403, "{path}");
            assert_eq!(again.get(path).await.status, 400, "{path}");
        }
        assert_eq!(campus.count("sessions").await, 1);
        assert_eq!(campus.count("service_tickets").await, 1);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)] // PWD-03, SES-01, FLT-16
async fn the_last_click_counts_once() {
    each_campus(async |campus| {
        let other = campus.second_node().await;
        let (mut visitor, first) = begin(campus).await;
        let done = visitor
            .walk_to(campus, first, PHONE, PASSWORD, "done")
            .await;
        let clicks: Vec<_> = (0..64)
            .map(|n| {
                let mut tab = campus.visitor_at([&campus.idp, &other][n % 2]);
                tab.cookies = visitor.cookies.clone();
                let done = done.clone();
                tokio::spawn(async move { tab.submit(&done, &[]).await })
            })
            .collect();
        let mut tickets = 0;
        for click in clicks {
            let reply = click.await.unwrap();
            tickets += usize::from(reply.ticket().is_some());
            assert!(!reply.status.is_server_error(), "{}", reply.body());
        }
        assert_eq!(tickets, 1);
        assert_eq!(granted(campus).await, (1, 1));
        assert_eq!(campus.audited("signin.complete", "success").await, 1);
        // The demonstration's two were activated by its making.
        assert_eq!(campus.audited("activation.complete", "success").await, 3);
    })
    .await;
}

#[tokio::test] // PWD-03
async fn a_half_finished_activation_resumes_on_another_device() {
    each_campus(async |campus| {
        let (mut phone, first) = begin(campus).await;
        phone
            .walk_to(campus, first, PHONE, PASSWORD, "bind_phone")
            .await;
        // The old initial password opens nothing any more.
        let initial = campus.demo.initial_passwords[0].clone();
        let reply = campus.visitor().guess(NEWCOMER, &initial).await;
        assert_eq!(reply.notice().as_deref(), Some("wrong_password"));
        // Elsewhere, on another day: straight to what is missing.
        campus.advance(SignedDuration::from_hours(24));
        let mut laptop = campus.visitor();
        let first = laptop.sign_in(SERVICE, NEWCOMER, PASSWORD).await;
        assert_eq!(first.ticket(), None);
        let page = laptop.follow(first).await;
        assert_eq!(page.page(), "bind_phone");
        let done = laptop.walk_to(campus, page, PHONE, PASSWORD, "done").await;
        assert!(laptop.submit(&done, &[]).await.ticket().is_some());
        // The first sign-in is too old by now.
        assert_eq!(phone.get("/signin/phone").await.status, 400);
        assert_eq!(campus.count("sessions").await, 1);
    })
    .await;
}

#[tokio::test] // PWD-01, PWD-03: who sat waiting with the initial password loses the place
async fn a_new_password_ends_other_sign_ins_under_way() {
    each_campus(async |campus| {
        let (mut attacker, first) = begin(campus).await;
        let waiting = attacker.follow(first).await;
        let mut second = campus.visitor();
        let page = second
            .ask_code(campus, "/signin/activation", NEWCOMER)
            .await;
        let code = campus.code_for(PHONE).await;
        let first = second.enter(&page, &code).await;
        second
            .walk_to(campus, first, PHONE, PASSWORD, "new_password")
            .await;

        campus.advance(SignedDuration::from_secs(60));
        let (mut owner, first) = begin(campus).await;
        owner
            .walk_to(campus, first, PHONE, PASSWORD, "bind_phone")
            .await;
        let (reply, trail) = audited_by(campus, async || {
            attacker.submit(&waiting, &[("intent", "send")]).await
        })
        .await;
        assert_eq!(reply.status, 400, "{}", reply.body());
        assert_eq!(trail, ["signin.flow_expired refused -"]);
        for visitor in [&mut attacker, &mut second] {
            let reply = visitor.get("/signin/continue").await;
            assert_eq!(reply.location(), Some("/cas/login"));
        }
    })
    .await;
}
