//! Guessing the password of one account (BRU).

use jiff::SignedDuration;

use crate::support::attacks::{NOBODY, STUDENT, STUDENTS_PASSWORD, STUDENTS_PHONE, WRONG};
use crate::support::kit::audited_by;
use crate::support::{Campus, Reply, SERVICE, Visitor, each_campus};

/// Fails until only the second channel is left: 20 times, with every captcha solved and every
/// delay waited for.
pub async fn exhaust(campus: &Campus, number: &str) {
    let mut attacker = campus.visitor();
    for n in 0..20 {
        if n > 10 {
            campus.advance(SignedDuration::from_mins(15));
        }
        let password = format!("{WRONG}{n}");
        let reply = attacker.guess_solved(campus, number, &password).await;
        assert_eq!(reply.notice().as_deref(), Some("wrong_password"), "{n}");
        if n == 9 {
            campus.advance(SignedDuration::from_mins(15));
        }
    }
}

/// All guesses at once, from as many browsers, over two nodes.
async fn volley(
    campus: &Campus,
    nodes: [&idp::Idp; 2],
    passwords: Vec<String>,
    solved: bool,
) -> Vec<Reply> {
    let mut ready = Vec::new();
    for (n, password) in passwords.into_iter().enumerate() {
        let mut visitor = campus.visitor_at(nodes[n % 2]);
        let (id, answer) = if solved {
            visitor.solved_captcha(campus).await
        } else {
            Default::default()
        };
        let page = visitor.sign_in_page(SERVICE).await;
        ready.push((visitor, page, password, id, answer));
    }
    let barrier = std::sync::Arc::new(tokio::sync::Barrier::new(ready.len()));
    let guesses = ready
        .into_iter()
        .map(|(mut visitor, page, password, id, answer)| {
            let barrier = barrier.clone();
            tokio::spawn(async move {
                let fields = [
                    ("username", STUDENT),
                    ("password", &password),
                    ("captcha_id", &id),
                    ("captcha", &answer),
                ];
                barrier.wait().await;
                let reply = visitor.submit(&page, &fields).await;
                visitor.leave_the_queue(reply).await
            })
        });
    let guesses: Vec<_> = guesses.collect();
    let mut replies = Vec::new();
    for guess in guesses {
        replies.push(guess.await.unwrap());
    }
    replies
}

fn noticed(replies: &[Reply], notice: &str) -> usize {
    let is = |reply: &&Reply| reply.notice().as_deref() == Some(notice);
    replies.iter().filter(is).count()
}

fn wrong(count: usize) -> Vec<String> {
    (0..count).map(|n| format!("{WRONG}{n}")).collect()
}

/// Hashes of both nodes, failures in the audit, failures that are counted.
async fn counted(campus: &Campus, other: &idp::Idp) -> (u64, i64, i64) {
    let hashes = |node: &idp::Idp| node.app().hashing.computed();
    (
        hashes(&campus.idp) + hashes(other),
        campus.audited("signin.password", "refused").await,
        campus.count("throttle_events").await,
    )
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)] // BRU-02, FLT-16
async fn parallel_guesses_never_pass_the_limits() {
    each_campus(async |campus| {
        let other = campus.second_node().await;
        let nodes = [&campus.idp, &other];
        let start = counted(campus, &other).await;
        assert_eq!((start.1, start.2), (0, 0));

        // 255 wrong and the right one among them, from robots that solve no captcha.
        let mut passwords = wrong(256);
        passwords[128] = STUDENTS_PASSWORD.to_owned();
        let replies = volley(campus, nodes, passwords, false).await;
        let inside = replies.iter().filter(|r| r.ticket().is_some()).count();
        let refused = noticed(&replies, "wrong_password");
        let (hashes, audited, events) = counted(campus, &other).await;
        assert!(refused <= 3, "{refused} wrong ones were compared");
        assert_eq!(hashes - start.0, (refused + inside) as u64);
        let counted_as = i64::try_from(refused).unwrap();
        assert_eq!((audited, events), (counted_as, counted_as));
        let rest = noticed(&replies, "captcha_wanted");
        assert_eq!(rest + refused + inside, 256);
        assert!(replies.iter().all(|r| !r.status.is_server_error()));

        // The same with captchas solved: ten failures, then fifteen minutes.
        let replies = volley(campus, nodes, wrong(48), true).await;
        assert_eq!(
            noticed(&replies, "wrong_password") + noticed(&replies, "slowed"),
            48
        );
        let now = counted(campus, &other).await;
        assert_eq!(
            (now.0 - start.0, now.1, now.2),
            (10 + inside as u64, 10, 10)
        );

        // One each fifteen minutes, of however many at once, and after twenty none.
        for failures in 11..=20 {
            campus.advance(SignedDuration::from_mins(15));
            let replies = volley(campus, nodes, wrong(8), true).await;
            assert_eq!(noticed(&replies, "wrong_password"), 1);
            let now = counted(campus, &other).await;
            assert_eq!((now.1, now.2), (failures, failures));
        }
        campus.advance(SignedDuration::from_mins(15));
        let right = vec![STUDENTS_PASSWORD.to_owned(); 8];
        let replies = volley(campus, nodes, right, true).await;
        assert_eq!(noticed(&replies, "second_channel"), 8);
        assert_eq!(
            counted(campus, &other).await.0 - start.0,
            20 + inside as u64
        );
    })
    .await;
}

/// One guess on an account and on none: the answers must be the same.
async fn same_for_all(
    campus: &Campus,
    visitors: &mut [Visitor; 2],
    password: &str,
    solved: bool,
) -> Reply {
    let mut replies = Vec::new();
    for (visitor, number) in visitors.iter_mut().zip([STUDENT, NOBODY]) {
        replies.push(if solved {
            visitor.guess_solved(campus, number, password).await
        } else {
            visitor.guess(number, password).await
        });
    }
    assert_eq!(replies[0].masked(STUDENT), replies[1].masked(NOBODY));
    replies.remove(0)
}

fn said(reply: &Reply) -> (u16, String) {
    (reply.status.as_u16(), reply.notice().unwrap_or_default())
}

#[tokio::test] // BRU-01, ENM-01: step by step, for known and unknown numbers alike
async fn guessing_gets_slower_and_ends_for_the_day() {
    each_campus(async |campus| {
        let mut visitors = [campus.visitor(), campus.visitor()];
        for n in 1..=3 {
            let reply = same_for_all(campus, &mut visitors, WRONG, false).await;
            assert_eq!(said(&reply), (401, "wrong_password".into()));
            // The third page asks for what the fourth try needs.
            assert_eq!(reply.captcha_id().is_some(), n == 3, "{n}");
        }
        let hashes = campus.idp.app().hashing.computed();
        let reply = same_for_all(campus, &mut visitors, WRONG, false).await;
        assert_eq!(said(&reply), (400, "captcha_wanted".into()));
        assert_eq!(campus.idp.app().hashing.computed(), hashes);
        for _ in 4..=10 {
            let reply = same_for_all(campus, &mut visitors, WRONG, true).await;
            assert_eq!(said(&reply), (401, "wrong_password".into()));
        }
        // Also the right password has to wait now.
        let reply = same_for_all(campus, &mut visitors, STUDENTS_PASSWORD, true).await;
        assert_eq!(said(&reply), (429, "slowed".into()));
        // 08:15 UTC, in the school's zone.
        assert!(reply.body().contains("16:15"), "{}", reply.body());
        campus.advance(SignedDuration::from_mins(15) - SignedDuration::from_secs(1));
        let reply = same_for_all(campus, &mut visitors, WRONG, true).await;
        assert_eq!(said(&reply), (429, "slowed".into()));
        campus.advance(SignedDuration::from_secs(1));
        for _ in 11..=20 {
            let reply = same_for_all(campus, &mut visitors, WRONG, true).await;
            assert_eq!(said(&reply), (401, "wrong_password".into()));
            campus.advance(SignedDuration::from_mins(15));
        }
        let reply = same_for_all(campus, &mut visitors, STUDENTS_PASSWORD, true).await;
        assert_eq!(said(&reply), (429, "second_channel".into()));
        assert_eq!(campus.audited("signin.password", "refused").await, 40);

        // A rolling day: the first ten were at 08:00.
        campus.advance(SignedDuration::from_hours(24) - SignedDuration::from_mins(15 * 11));
        let reply = visitors[0]
            .guess_solved(campus, STUDENT, STUDENTS_PASSWORD)
            .await;
        assert!(reply.ticket().is_some(), "{}", reply.body());
    })
    .await;
}

#[tokio::test] // BRU-01, BRU-03: the second channel is the owner's way in, and nobody else's
async fn a_code_to_the_bound_phone_lets_the_owner_in() {
    each_campus(async |campus| {
        exhaust(campus, STUDENT).await;
        let mut owner = campus.visitor();
        let reply = owner.guess_solved(campus, STUDENT, STUDENTS_PASSWORD).await;
        assert_eq!(said(&reply), (429, "second_channel".into()));
        let page = owner.ask_code(campus, "/signin/unlock", STUDENT).await;
        let code = campus.code_for(STUDENTS_PHONE).await;
        let (unlocked, trail) = audited_by(campus, async || owner.enter(&page, &code).await).await;
        assert_eq!(unlocked.status, 303, "{}", unlocked.body());
        assert_eq!(trail, ["code.try success -", "signin.unlock success -"]);
        // The code is no sign-in: the password is asked for as ever.
        assert!(!owner.cookies.contains_key("TGC") && !owner.cookies.contains_key("signin"));
        let reply = owner.guess(STUDENT, WRONG).await;
        assert_eq!(said(&reply), (401, "wrong_password".into()));
        let reply = owner.guess(STUDENT, STUDENTS_PASSWORD).await;
        assert!(reply.ticket().is_some(), "{}", reply.body());
        // Strangers stay out.
        let mut stranger = campus.visitor();
        let reply = stranger
            .guess_solved(campus, STUDENT, STUDENTS_PASSWORD)
            .await;
        assert_eq!(said(&reply), (429, "second_channel".into()));
    })
    .await;
}

#[tokio::test] // BRU-03, CAP-06
async fn strangers_never_hinder_a_known_browser() {
    each_campus(async |campus| {
        let mut owner = campus.visitor();
        owner.sign_in(SERVICE, STUDENT, STUDENTS_PASSWORD).await;
        let mut other_owner = campus.visitor();
        other_owner
            .sign_in(SERVICE, "10001", STUDENTS_PASSWORD)
            .await;
        exhaust(campus, STUDENT).await;

        // Her browser has a counter of its own, no captcha and no delay.
        owner.cookies.remove("TGC");
        let reply = owner.guess(STUDENT, WRONG).await;
        assert_eq!(said(&reply), (401, "wrong_password".into()));
        let reply = owner.guess(STUDENT, STUDENTS_PASSWORD).await;
        assert!(reply.ticket().is_some(), "{}", reply.body());
        owner.cookies.remove("TGC");
        // And limits of its own: a stolen cookie is no way around them.
        for _ in 0..3 {
            owner.guess(STUDENT, WRONG).await;
        }
        let reply = owner.guess(STUDENT, STUDENTS_PASSWORD).await;
        assert_eq!(said(&reply), (400, "captcha_wanted".into()));
    })
    .await;
}

#[tokio::test] // CAP-06
async fn a_device_cookie_is_of_one_account_dies_and_cannot_be_made_up() {
    each_campus(async |campus| {
        let mut owner = campus.visitor();
        owner.sign_in(SERVICE, STUDENT, STUDENTS_PASSWORD).await;
        let device = owner.cookies["device"].clone();
        let mut teacher = campus.visitor();
        teacher.sign_in(SERVICE, "10001", STUDENTS_PASSWORD).await;
        exhaust(campus, STUDENT).await;
        let shut_out = async |cookie: &str| {
            let mut visitor = campus.visitor();
            visitor.cookies.insert("device".into(), cookie.into());
            let reply = visitor
                .guess_solved(campus, STUDENT, STUDENTS_PASSWORD)
                .await;
            assert_eq!(said(&reply), (429, "second_channel".into()), "{cookie}");
        };
        shut_out(&teacher.cookies["device"]).await;
        shut_out(STUDENT).await;
        shut_out(&device[1..]).await;
        shut_out(&device.to_lowercase()).await;
        shut_out("A".repeat(43).as_str()).await;

        // A new password makes every browser a stranger but the one in which it was set.
        campus
            .execute("UPDATE passwords SET must_change = TRUE")
            .await;
        let mut elsewhere = campus.visitor();
        elsewhere.cookies.insert("device".into(), device.clone());
        let first = elsewhere.guess(STUDENT, STUDENTS_PASSWORD).await;
        let page = elsewhere.follow(first).await;
        let new = "another-lantern-71-creek";
        let fields = [("password", new), ("password_again", new)];
        elsewhere.submit(&page, &fields).await;
        let mut old = campus.visitor();
        old.cookies.insert("device".into(), device);
        let reply = old.guess_solved(campus, STUDENT, new).await;
        assert_eq!(said(&reply), (429, "second_channel".into()));
    })
    .await;
}

#[tokio::test] // CAP-06: thirty days
async fn a_device_cookie_expires() {
    each_campus(async |campus| {
        let mut owner = campus.visitor();
        owner.sign_in(SERVICE, STUDENT, STUDENTS_PASSWORD).await;
        owner.cookies.remove("TGC");
        campus.advance(SignedDuration::from_hours(30 * 24 - 6));
        exhaust(campus, STUDENT).await;
        // The very browser, as it was before it is used again.
        let reply = owner.guess(STUDENT, WRONG).await;
        assert_eq!(said(&reply), (401, "wrong_password".into()));
        campus.advance(SignedDuration::from_hours(6));
        let reply = owner.guess_solved(campus, STUDENT, STUDENTS_PASSWORD).await;
        assert_eq!(said(&reply), (429, "second_channel".into()));
    })
    .await;
}

#[tokio::test] // BRU-07: nobody but a configured proxy says who the client is
async fn a_made_up_address_changes_nothing() {
    each_campus(async |campus| {
        let mut visitor = campus.visitor();
        visitor.peer = Some("198.51.100.7:4000".parse().unwrap());
        visitor.forwarded_for = Some("10.0.0.1".into());
        visitor.guess(STUDENT, WRONG).await;
        let noted = |address: &str| format!("audit_events WHERE address = '{address}'");
        assert_eq!(campus.count(&noted("198.51.100.7")).await, 1);
        assert_eq!(campus.count(&noted("10.0.0.1")).await, 0);
    })
    .await;
}
