//! The line for the password hash, as visitors meet it (PWD-08): a place, then the outcome, and
//! the rest of the server as quick as ever.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test stops where its set-up fails"
)]

mod support;

use std::time::Duration;

use idp::config::Config;
use jiff::SignedDuration;
use support::attacks::{NOBODY, STUDENT, STUDENTS_PASSWORD, WRONG};
use support::{Campus, Reply, SERVICE, Visitor, each_campus, each_campus_with, login};
use tokio::sync::oneshot::Receiver;
use zeroize::Zeroizing;

/// Nothing is worked on and some wait already; dropped, the line moves again.
struct Rush {
    _jobs: Vec<Receiver<Option<String>>>,
    _hold: Box<dyn std::any::Any>,
}

fn rush(node: &idp::Idp, waiting: usize) -> Rush {
    let app = node.app();
    let hold = Box::new(app.hashing.hold());
    let mut rng = app.entropy.rng();
    let mut job = || {
        let password = Zeroizing::new("somebody".to_owned());
        app.hashing.hash(app.clock.now(), password, &mut rng)
    };
    Rush {
        _jobs: (0..waiting).map(|_| job().expect("a place")).collect(),
        _hold: hold,
    }
}

fn place(page: &Reply) -> u32 {
    assert_eq!((page.status.as_u16(), page.page().as_str()), (200, "queue"));
    let body = page.body();
    assert!(body.contains("http-equiv=\"refresh\""), "{body}");
    let (_, rest) = body
        .split_once("class=\"turn\" aria-hidden=\"true\"><span>")
        .unwrap();
    rest.split_once('<').unwrap().0.parse().unwrap()
}

/// Looks again, as the page's refresh does, until the place is gone.
async fn wait(visitor: &mut Visitor) -> Reply {
    for _ in 0..600 {
        let reply = visitor.get("/signin/queue").await;
        if reply.page() != "queue" {
            return reply;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("the line does not move")
}

/// Lines up, and tells the place.
async fn queued(visitor: &mut Visitor, number: &str, password: &str) -> u32 {
    let page = visitor.sign_in_page(SERVICE).await;
    let fields = [("username", number), ("password", password)];
    let reply = visitor.submit(&page, &fields).await;
    assert_eq!(reply.location(), Some("/signin/queue"), "{}", reply.body());
    place(&visitor.get("/signin/queue").await)
}

#[tokio::test] // PWD-08
async fn who_waits_sees_a_place_and_then_the_outcome() {
    each_campus(async |campus| {
        let mut owner = campus.visitor();
        let mut guesser = campus.visitor();
        let mut newcomer = campus.visitor();
        let mut signed_in = campus.visitor();
        let arrival = signed_in.sign_in(SERVICE, "10001", STUDENTS_PASSWORD).await;
        assert!(arrival.ticket().is_some(), "{}", arrival.body());

        let rush = rush(&campus.idp, 3);
        let initial = campus.demo.initial_passwords[0].clone();
        let places = tokio::join!(
            queued(&mut owner, STUDENT, STUDENTS_PASSWORD),
            queued(&mut guesser, NOBODY, WRONG),
            queued(&mut newcomer, "20230001", &initial),
        );
        // Three wait in the lane of known browsers, but lanes are served in turn: before the first
        // of the clean lane comes one of the others, before the second two.
        let mut places = [places.0, places.1, places.2];
        places.sort_unstable();
        assert_eq!(places, [2, 4, 6]);
        everything_else_answers(campus, &mut signed_in).await;
        assert_eq!(campus.idp.app().hashing.waiting(), 6);
        // Nobody but the browser that waits sees it.
        let stranger = campus.visitor().get("/signin/queue").await;
        assert_eq!(stranger.location(), Some("/cas/login"));

        drop(rush);
        let right = wait(&mut owner).await;
        assert!(right.ticket().is_some(), "{}", right.body());
        let wrong = wait(&mut guesser).await;
        assert_eq!(
            (wrong.status.as_u16(), wrong.notice().as_deref()),
            (401, Some("wrong_password"))
        );
        // The form still knows who tried, and where she was going.
        assert!(wrong.body().contains(&format!("value=\"{NOBODY}\"")));
        assert_eq!(wrong.field("service").as_deref(), Some(SERVICE));
        let steps = wait(&mut newcomer).await;
        let steps = newcomer.follow(steps).await;
        assert_eq!(steps.page(), "evidence");
        // An outcome is fetched once.
        let again = owner.get("/signin/queue").await;
        assert_eq!(again.location(), Some("/cas/login"));
        assert_eq!(campus.audited("signin.password", "refused").await, 1);
    })
    .await;
}

/// Pages, hops and validations go on, though not one hash is free.
async fn everything_else_answers(campus: &Campus, signed_in: &mut Visitor) {
    for path in [
        &login(SERVICE),
        "/help",
        "/signin/activation",
        "/signin/unlock",
    ] {
        assert_eq!(campus.visitor().get(path).await.status, 200, "{path}");
    }
    for _ in 0..10 {
        let hop = signed_in.get(&login(SERVICE)).await;
        let ticket = hop.ticket().expect("a ticket");
        let answer = campus.visitor().validate(SERVICE, &ticket).await;
        assert!(answer.contains("<cas:user>10001</cas:user>"), "{answer}");
    }
}

/// One may wait in each lane.
fn short(config: &mut Config) {
    config.limits.queue_length = serde_json::from_value(1.into()).unwrap();
}

#[tokio::test] // PWD-08
async fn a_full_line_says_when_to_come_back_and_counts_nothing() {
    each_campus_with(short, async |campus| {
        let mut signed_in = campus.visitor();
        signed_in.sign_in(SERVICE, "10001", STUDENTS_PASSWORD).await;
        let rush = rush(&campus.idp, 0);
        let mut first = campus.visitor();
        queued(&mut first, "20239990", WRONG).await;
        let before = campus.count("throttle_events").await;
        for (number, password) in [
            (STUDENT, STUDENTS_PASSWORD),
            (NOBODY, WRONG),
            ("20230001", campus.demo.initial_passwords[0].as_str()),
        ] {
            for _ in 0..4 {
                let reply = campus.visitor().sign_in(SERVICE, number, password).await;
                assert_eq!(reply.status, 503, "{}", reply.body());
                assert_eq!(reply.header("retry-after"), Some("30"));
                assert_eq!(reply.page(), "error");
            }
        }
        // Invariant 5: a failure is a verification really done.
        assert_eq!(campus.count("throttle_events").await, before);
        assert_eq!(campus.count("persons WHERE initial_tries > 0").await, 0);
        assert_eq!(campus.audited("signin.password", "refused").await, 0);
        everything_else_answers(campus, &mut signed_in).await;
        drop(rush);
        assert_eq!(wait(&mut first).await.status, 401);
        let reply = campus.visitor().guess(STUDENT, STUDENTS_PASSWORD).await;
        assert!(reply.ticket().is_some(), "{}", reply.body());
    })
    .await;
}

#[tokio::test]
async fn the_stamp_keeps_the_place_on_another_node() {
    each_campus(async |campus| {
        let (mut early, mut late) = (campus.visitor(), campus.visitor());
        // Known browsers share a lane, whatever happened before.
        for (visitor, number) in [(&mut early, STUDENT), (&mut late, "10001")] {
            visitor.sign_in(SERVICE, number, STUDENTS_PASSWORD).await;
            assert!(visitor.cookies.contains_key("device"));
            visitor.cookies.remove("TGC");
        }
        let other = campus.second_node().await;
        let (here, there) = (rush(&campus.idp, 0), rush(&other, 0));
        queued(&mut early, STUDENT, STUDENTS_PASSWORD).await;
        campus.advance(SignedDuration::from_mins(1));
        let mut late = at_node(&other, late);
        assert_eq!(queued(&mut late, "10001", STUDENTS_PASSWORD).await, 1);
        campus.advance(SignedDuration::from_mins(1));

        // Her node is lost: the other one knows nothing of her attempt, and asks again.
        let mut early = at_node(&other, early);
        let lost = early.get("/signin/queue").await;
        assert_eq!(lost.location(), Some("/cas/login"));
        let (mut forger, mut swapped) = (early.clone(), late.clone());
        assert_eq!(queued(&mut early, STUDENT, STUDENTS_PASSWORD).await, 1);
        assert_eq!(place(&late.get("/signin/queue").await), 2);

        // A stamp counts as it was signed, and for its own account.
        let stamp = forger.cookies["queue"].clone();
        swapped.cookies.insert("queue".into(), stamp.clone());
        let mut parts = stamp.split('-');
        let (id, mac) = (parts.next().unwrap(), parts.nth(1).unwrap());
        let earlier = campus.clock.now() - SignedDuration::from_mins(9);
        let forged = format!("{id}-{:x}-{mac}", earlier.as_microsecond());
        forger.cookies.insert("queue".into(), forged);
        assert_eq!(queued(&mut forger, STUDENT, STUDENTS_PASSWORD).await, 3);
        assert_eq!(queued(&mut swapped, "10001", STUDENTS_PASSWORD).await, 4);

        drop((here, there));
        assert!(wait(&mut early).await.ticket().is_some());
        assert!(wait(&mut late).await.ticket().is_some());
    })
    .await;
}

#[tokio::test]
async fn a_stamp_is_good_for_half_an_hour() {
    each_campus(async |campus| {
        let mut visitor = campus.visitor();
        let rushing = rush(&campus.idp, 0);
        queued(&mut visitor, STUDENT, WRONG).await;
        drop(rushing);
        wait(&mut visitor.clone()).await;
        // Somebody else of the same lane.
        let mut other = campus.visitor();
        other.guess(NOBODY, WRONG).await;

        campus.advance(SignedDuration::from_mins(30));
        let _rush = rush(&campus.idp, 0);
        assert_eq!(queued(&mut other, NOBODY, WRONG).await, 1);
        campus.advance(SignedDuration::from_secs(1));
        assert_eq!(queued(&mut visitor, STUDENT, WRONG).await, 2);
    })
    .await;
}

/// The same browser, sent to another node.
fn at_node(node: &idp::Idp, visitor: Visitor) -> Visitor {
    let mut moved = Visitor::new(node.router());
    moved.cookies = visitor.cookies;
    moved
}
