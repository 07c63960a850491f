//! Captchas: without the right answer nothing else is done, and each is good once (CAP).

use jiff::SignedDuration;

use crate::support::attacks::{STUDENT, STUDENTS_PASSWORD, WRONG};
use crate::support::{Campus, Reply, SERVICE, Visitor, each_campus, each_campus_with, login};
use idp_domain::factors::{Captcha, CaptchaKind};

async fn three_failures(campus: &Campus) -> Visitor {
    let mut visitor = campus.visitor();
    for _ in 0..3 {
        visitor.guess(STUDENT, WRONG).await;
    }
    visitor
}

#[tokio::test] // CAP-01: absent, empty, twice, of a wrong type, unknown, too old
async fn no_way_around_the_answer() {
    each_campus(async |campus| {
        let mut visitor = three_failures(campus).await;
        let (id, answer) = visitor.solved_captcha(campus).await;
        let (old, old_answer) = visitor.solved_captcha(campus).await;
        campus.advance(SignedDuration::from_mins(10));
        let (fresh, fresh_answer) = visitor.solved_captcha(campus).await;
        let made_up = fresh.replace(&fresh[fresh.len() - 4..], "0000");
        let attempts: &[&[(&str, &str)]] = &[
            &[],
            &[("captcha_id", ""), ("captcha", "")],
            &[("captcha", &fresh_answer)],
            &[("captcha_id", ""), ("captcha", &fresh_answer)],
            &[("captcha_id[]", &fresh), ("captcha[]", &fresh_answer)],
            &[("captcha_id", "null"), ("captcha", "null")],
            &[("captcha_id", "null"), ("captcha", "")],
            &[("captcha_id", &made_up), ("captcha", "")],
            &[("captcha_id", &made_up), ("captcha", &fresh_answer)],
            &[("captcha_id", &old), ("captcha", &old_answer)],
            &[("captcha_id", &id), ("captcha", &answer)],
            // The first value counts.
            &[
                ("captcha_id", ""),
                ("captcha_id", &fresh),
                ("captcha", &fresh_answer),
            ],
        ];
        let hashes = campus.idp.app().hashing.computed();
        let page = visitor.sign_in_page(SERVICE).await;
        for captcha in attempts {
            let mut fields = vec![("username", STUDENT), ("password", STUDENTS_PASSWORD)];
            fields.extend_from_slice(captcha);
            let reply = visitor.submit(&page, &fields).await;
            assert_eq!(reply.status, 400, "{captcha:?}");
            assert_eq!(reply.page(), "sign_in");
            assert!(reply.captcha_id().is_some(), "{captcha:?}");
        }
        assert_eq!(campus.idp.app().hashing.computed(), hashes);
        assert_eq!(campus.count("throttle_events").await, 3);
        assert_eq!(campus.audited("signin.password", "refused").await, 3);

        // An id that is none of ours reads like a wrong answer.
        let unknown = visitor.guess_with(STUDENT, WRONG, &made_up, &answer).await;
        let (id, _) = visitor.solved_captcha(campus).await;
        let wrong = visitor.guess_with(STUDENT, WRONG, &id, "00000").await;
        assert_eq!(wrong.notice().as_deref(), Some("wrong_captcha"));
        assert_eq!(unknown.masked(STUDENT), wrong.masked(STUDENT));

        // The right one, typed by a person.
        let typed = format!(" {} ", fresh_answer.to_lowercase());
        let reply = visitor
            .guess_with(STUDENT, STUDENTS_PASSWORD, &fresh, &typed)
            .await;
        assert!(reply.ticket().is_some(), "{}", reply.body());
    })
    .await;
}

#[tokio::test] // CAP-01, SMS-03: a message costs a captcha too
async fn no_message_without_a_captcha() {
    each_campus(async |campus| {
        for path in ["/signin/unlock", "/signin/activation"] {
            for number in [STUDENT, "20230001"] {
                let mut visitor = campus.visitor();
                let page = visitor.get(path).await;
                for captcha in ["", "00000"] {
                    let fields = [
                        ("username", number),
                        ("method", "sms"),
                        ("intent", "send"),
                        ("captcha", captcha),
                    ];
                    let reply = visitor.submit(&page, &fields).await;
                    assert_eq!(reply.notice().as_deref(), Some("wrong_captcha"));
                    assert!(!visitor.cookies.contains_key("unlock"));
                }
            }
        }
        campus.deliver().await;
        assert_eq!(campus.sms.count(), 0);
        assert_eq!(campus.count("outbox").await, 0);
        assert_eq!(campus.count("one_time_codes").await, 0);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)] // CAP-01
async fn an_answer_is_good_once_however_it_is_sent() {
    each_campus(async |campus| {
        let mut visitor = three_failures(campus).await;
        let (id, answer) = visitor.solved_captcha(campus).await;
        let first = visitor.guess_with(STUDENT, WRONG, &id, &answer).await;
        assert_eq!(first.notice().as_deref(), Some("wrong_password"));
        let again = visitor.guess_with(STUDENT, WRONG, &id, &answer).await;
        assert_eq!(again.notice().as_deref(), Some("wrong_captcha"));
        // A wrong answer uses it up as well.
        let (id, answer) = visitor.solved_captcha(campus).await;
        visitor.guess_with(STUDENT, WRONG, &id, "00000").await;
        let late = visitor.guess_with(STUDENT, WRONG, &id, &answer).await;
        assert_eq!(late.notice().as_deref(), Some("wrong_captcha"));

        let other = campus.second_node().await;
        for _ in 0..4 {
            let hashes = || campus.idp.app().hashing.computed() + other.app().hashing.computed();
            let before = hashes();
            let (id, answer) = campus.visitor().solved_captcha(campus).await;
            let guesses: Vec<_> = (0..32)
                .map(|n| {
                    let mut visitor = campus.visitor_at([&campus.idp, &other][n % 2]);
                    let (id, answer) = (id.clone(), answer.clone());
                    tokio::spawn(
                        async move { visitor.guess_with(STUDENT, WRONG, &id, &answer).await },
                    )
                })
                .collect();
            let mut passed = 0;
            for guess in guesses {
                let reply: Reply = guess.await.unwrap();
                passed += usize::from(reply.notice().as_deref() == Some("wrong_password"));
            }
            assert_eq!(passed, 1);
            assert_eq!(hashes() - before, 1);
        }
    })
    .await;
}

#[tokio::test] // CAP-04: a cost, whose answer never leaves the server as text
async fn the_answer_is_not_in_what_is_sent() {
    each_campus(async |campus| {
        let mut answers = std::collections::HashSet::new();
        for _ in 0..40 {
            let mut visitor = campus.visitor();
            let page = visitor
                .get(&format!("{}&captcha=new", login(SERVICE)))
                .await;
            let id = page.captcha_id().unwrap();
            let picture = visitor.get(&format!("/signin/captcha/{id}.png")).await;
            let sound = visitor.get(&format!("/signin/captcha/{id}.wav")).await;
            let captcha = Captcha::parse(&id, campus.keys(), campus.clock.now()).unwrap();
            for kind in [CaptchaKind::Image, CaptchaKind::Audio] {
                let answer = captcha.answer(campus.keys(), kind);
                for reply in [&page, &picture, &sound] {
                    let headers = format!("{:?}", reply.headers);
                    assert!(!headers.contains(&answer), "{answer}: {headers}");
                    assert!(!reply.body().contains(&answer), "{answer}");
                }
                answers.insert(answer);
            }
        }
        assert_eq!(answers.len(), 80, "answers repeat themselves");
        // Nothing was stored for any of it.
        assert_eq!(campus.count("spent_captchas").await, 0);
    })
    .await;
}

#[tokio::test] // CAP-05
async fn captchas_are_drawn_thirty_times_a_minute_and_in_one_size() {
    let adjust = |config: &mut idp::config::Config| {
        config.limits.captcha_per_minute = serde_json::from_value(30.into()).unwrap();
    };
    each_campus_with(adjust, async |campus| {
        let mut visitor = campus.visitor();
        let (id, _) = visitor.solved_captcha(campus).await;
        let path = format!("/signin/captcha/{id}.png");
        let sized = format!("{path}?width=20000&height=20000");
        // Width and height, from the PNG's header.
        let size = |picture: &Reply| picture.bytes[16..24].to_vec();
        let own = size(&visitor.get(&path).await);
        let mut drawn = 1;
        let refused = loop {
            let picture = visitor.get(&sized).await;
            if picture.status != 200 {
                break picture;
            }
            assert_eq!(size(&picture), own);
            assert_eq!(picture.header("cache-control"), Some("no-store"));
            drawn += 1;
        };
        // The budget fills up again by one each two seconds, also while this test draws.
        assert!((30..=50).contains(&drawn), "{drawn}");
        assert_eq!(
            (refused.status.as_u16(), refused.page().as_str()),
            (429, "error")
        );
        assert!(refused.header("retry-after").is_some());
        // Another household has a budget of its own, and pages still come.
        let mut elsewhere = campus.visitor();
        elsewhere.peer = Some("198.51.100.7:4000".parse().unwrap());
        assert_eq!(elsewhere.get(&path).await.status, 200);
        assert_eq!(visitor.sign_in_page(SERVICE).await.status, 200);
        // Not even drawn: what isn't ours.
        for name in ["x.png", "../x.png", "x", ".png", "x.gif"] {
            let reply = elsewhere.get(&format!("/signin/captcha/{name}")).await;
            assert_eq!(reply.status, 404, "{name}");
        }
    })
    .await;
}
