//! Whom messages go to, how many, and what is said when they don't (SMS, the identity provider's
//! share; the limits of a number are the gateway's).

use jiff::SignedDuration;

use crate::support::attacks::{NOBODY, STUDENT, STUDENTS_PHONE};
use crate::support::{Campus, Reply, SERVICE, Trouble, Visitor, each_campus, each_campus_with};

const NEWCOMER: &str = "20230001";
const PHONE: &str = "+8613800000001";
const PASSWORD: &str = "quiet-lantern-58-river";

fn notice(reply: &Reply) -> String {
    reply.notice().unwrap_or_default()
}

fn at(campus: &Campus, address: &str) -> Visitor {
    let mut visitor = campus.visitor();
    visitor.peer = Some(address.parse().unwrap());
    visitor
}

/// So many requests from an address for as many accounts, and how many messages that made.
async fn bomb(campus: &Campus, address: &str, count: usize) -> i64 {
    let before = campus.count("outbox").await;
    for n in 0..count {
        let mut visitor = at(campus, address);
        visitor.forwarded_for = Some(format!("10.9.8.{n}"));
        let number = format!("2023{n:04}");
        let page = visitor.ask_code(campus, "/signin/unlock", &number).await;
        // The page is the same each time.
        assert_eq!(notice(&page), "code_sent", "{n}");
    }
    campus.deliver().await;
    campus.count("outbox").await - before
}

#[tokio::test] // SMS-02, BRU-07
async fn an_address_has_ten_messages_an_hour() {
    each_campus(async |campus| {
        assert_eq!(bomb(campus, "198.51.100.7:4000", 14).await, 10);
        // Neighbours don't suffer.
        assert_eq!(bomb(campus, "198.51.100.8:4000", 3).await, 3);
        campus.advance(SignedDuration::from_hours(1) - SignedDuration::from_secs(1));
        assert_eq!(bomb(campus, "198.51.100.7:4000", 1).await, 0);
        campus.advance(SignedDuration::from_secs(1));
        assert_eq!(bomb(campus, "198.51.100.7:4000", 12).await, 10);
        assert_eq!(campus.audited("code.request", "refused").await, 4 + 1 + 2);
    })
    .await;
}

fn campus_networks(config: &mut idp::config::Config) {
    config.limits.campus_networks = "10.0.0.0/8".parse().unwrap();
    config.limits.sms_per_campus_address_hour = serde_json::from_value(25.into()).unwrap();
}

#[tokio::test] // SMS-02: thousands behind one address have a budget of their own, not none
async fn a_campus_address_has_a_budget_of_its_own() {
    each_campus_with(campus_networks, async |campus| {
        assert_eq!(bomb(campus, "10.1.2.3:4000", 30).await, 25);
        assert_eq!(bomb(campus, "10.1.2.4:4000", 12).await, 12);
        assert_eq!(bomb(campus, "198.51.100.7:4000", 12).await, 10);
    })
    .await;
}

#[tokio::test] // SMS-02, SMS-10: over all purposes, flows, browsers and addresses
async fn an_account_has_ten_messages_a_day() {
    each_campus(async |campus| {
        // Five of one sign-in, a minute apart.
        let mut visitor = campus.visitor();
        let initial = campus.demo.initial_passwords[0].clone();
        let first = visitor.sign_in(SERVICE, NEWCOMER, &initial).await;
        let mut page = visitor.follow(first).await;
        for n in 0..7 {
            page = visitor.submit(&page, &[("intent", "send")]).await;
            let expected = if n < 5 { "code_sent" } else { "code_limit" };
            assert_eq!(notice(&page), expected, "{n}");
            let soon = visitor.submit(&page, &[("intent", "send")]).await;
            assert_eq!(notice(&soon), "code_limit");
            campus.deliver().await;
            campus.advance(SignedDuration::from_secs(60));
        }
        assert_eq!(campus.sms.count(), 5);
        // Five more by strangers, wherever they are.
        for n in 0..9 {
            let mut stranger = at(campus, &format!("198.51.100.{n}:4000"));
            let page = stranger
                .ask_code(campus, "/signin/activation", NEWCOMER)
                .await;
            assert_eq!(notice(&page), "code_sent");
        }
        campus.deliver().await;
        assert_eq!(campus.sms.count(), 10);
        assert!(campus.sms.sent().iter().all(|(to, _)| to == PHONE));
        campus.advance(SignedDuration::from_hours(24));
        let mut stranger = campus.visitor();
        stranger
            .ask_code(campus, "/signin/activation", NEWCOMER)
            .await;
        campus.deliver().await;
        assert_eq!(campus.sms.count(), 11);
    })
    .await;
}

#[tokio::test] // SMS-03
async fn messages_go_only_to_numbers_of_the_account() {
    each_campus(async |campus| {
        let victim = "+8613911112222";
        for path in ["/signin/unlock", "/signin/activation"] {
            for number in [NOBODY, victim, STUDENT, NEWCOMER, "20230004"] {
                let mut visitor = campus.visitor();
                let page = visitor.get(path).await;
                let fields = [
                    ("username", number),
                    ("method", "sms"),
                    ("intent", "send"),
                    ("phone", victim),
                    ("to", victim),
                ];
                visitor.submit_solved(campus, &page, &fields).await;
            }
        }
        let mut visitor = campus.visitor();
        let initial = campus.demo.initial_passwords[0].clone();
        let first = visitor.sign_in(SERVICE, NEWCOMER, &initial).await;
        let page = visitor.follow(first).await;
        visitor
            .submit(&page, &[("intent", "send"), ("phone", victim)])
            .await;
        campus.deliver().await;
        let mut numbers: Vec<String> = campus.sms.sent().into_iter().map(|(to, _)| to).collect();
        numbers.sort();
        assert_eq!(numbers, [PHONE, PHONE, STUDENTS_PHONE]);
        // Binding needs evidence, notice and password first.
        let fields = page.hidden();
        let mut all: Vec<(&str, &str)> = fields
            .iter()
            .map(|(n, v)| (n.as_str(), v.as_str()))
            .collect();
        all.extend([("intent", "send"), ("phone", victim)]);
        let reply = visitor.post("/signin/phone", &all).await;
        assert_eq!(reply.location(), Some("/signin/evidence"));
        campus.deliver().await;
        assert_eq!(campus.sms.count(), 3);
    })
    .await;
}

#[tokio::test] // SMS-08
async fn a_gateway_that_is_away_is_asked_again_with_the_same_key() {
    each_campus(async |campus| {
        let mut visitor = campus.visitor();
        let initial = campus.demo.initial_passwords[0].clone();
        let first = visitor.sign_in(SERVICE, NEWCOMER, &initial).await;
        let page = visitor.follow(first).await;
        campus.sms.set_trouble(Trouble::Away);
        let page = visitor.submit(&page, &[("intent", "send")]).await;
        assert_eq!(notice(&page), "code_sent");
        for _ in 0..4 {
            campus.deliver().await;
            campus.advance(SignedDuration::from_secs(16));
        }
        assert_eq!(campus.sms.count(), 0);
        // It takes the message, and its answer is lost: asked again, under the same key.
        campus.sms.set_trouble(Trouble::Deaf);
        campus.advance(SignedDuration::from_secs(32));
        campus.deliver().await;
        campus.sms.set_trouble(Trouble::None);
        campus.advance(SignedDuration::from_secs(64));
        campus.deliver().await;
        let keys = campus.sms.keys();
        assert!(keys.len() >= 4, "{keys:?}");
        assert!(keys.iter().all(|key| *key == keys[0]), "{keys:?}");
        let sent = campus.sms.sent();
        assert!(sent.iter().all(|message| *message == sent[0]), "{sent:?}");
        assert_eq!(campus.count("outbox WHERE result = 'sent'").await, 1);
        campus.advance(SignedDuration::from_mins(2));
        campus.deliver().await;
        assert_eq!(
            campus.sms.keys().len(),
            keys.len(),
            "sent again after it was done"
        );
        // Another one has another key.
        let page = visitor.get("/signin/evidence").await;
        visitor.submit(&page, &[("intent", "send")]).await;
        campus.deliver().await;
        assert_ne!(campus.sms.keys().last(), keys.last());
    })
    .await;
}

#[tokio::test] // SMS-08: she is told, and what was asked for counts
async fn a_message_that_never_went_is_said_so() {
    each_campus(async |campus| {
        let mut visitor = campus.visitor();
        let initial = campus.demo.initial_passwords[0].clone();
        let first = visitor.sign_in(SERVICE, NEWCOMER, &initial).await;
        let page = visitor.follow(first).await;
        campus.sms.set_trouble(Trouble::Limited);
        visitor.submit(&page, &[("intent", "send")]).await;
        campus.deliver().await;
        let page = visitor.get("/signin/evidence").await;
        assert_eq!(notice(&page), "code_limit");
        assert!(!page.body().contains("name=\"code\""));

        campus.sms.set_trouble(Trouble::Away);
        campus.advance(SignedDuration::from_secs(60));
        let page = visitor.submit(&page, &[("intent", "send")]).await;
        assert_eq!(notice(&page), "code_sent");
        let asked = campus.sms.keys().len();
        for _ in 0..60 {
            campus.deliver().await;
            campus.advance(SignedDuration::from_secs(10));
        }
        // With growing pauses, and an end: a code of ten minutes ago is worth nothing.
        let attempts = campus.sms.keys().len() - asked;
        assert!((4..=10).contains(&attempts), "{attempts}");
        assert_eq!(campus.count("outbox WHERE result = 'failed'").await, 1);
        assert_eq!(campus.sms.count(), 0);
        let sends = "audit_events WHERE event = 'code.request' AND result = 'success'";
        assert_eq!(campus.count(sends).await, 2);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)] // SMS-02, SMS-08: one worker each
async fn parallel_requests_and_workers_send_once() {
    each_campus(async |campus| {
        let other = campus.second_node().await;
        let mut visitor = campus.visitor();
        let initial = campus.demo.initial_passwords[0].clone();
        let first = visitor.sign_in(SERVICE, NEWCOMER, &initial).await;
        let page = visitor.follow(first).await;
        let asks: Vec<_> = (0..32)
            .map(|n| {
                let mut tab = campus.visitor_at([&campus.idp, &other][n % 2]);
                tab.cookies = visitor.cookies.clone();
                let page = page.clone();
                tokio::spawn(async move { tab.submit(&page, &[("intent", "send")]).await })
            })
            .collect();
        let mut sent = 0;
        for ask in asks {
            sent += usize::from(notice(&ask.await.unwrap()) == "code_sent");
        }
        assert_eq!(sent, 1);
        let workers: Vec<_> = (0..8)
            .map(|n| {
                let app = [&campus.idp, &other][n % 2].app().clone();
                tokio::spawn(async move { idp::jobs::outbox::deliver_due(&app).await.unwrap() })
            })
            .collect();
        for worker in workers {
            worker.await.unwrap();
        }
        assert_eq!(campus.sms.keys().len(), 1);
        assert_eq!(campus.sms.count(), 1);
    })
    .await;
}

#[tokio::test] // SMS-12: in no page, header, cookie or row of the trail (logs: security_logs.rs)
async fn a_code_is_in_the_message_and_nowhere_else() {
    each_campus(async |campus| {
        let mut seen: Vec<Reply> = Vec::new();
        let mut visitor = campus.visitor();
        let initial = campus.demo.initial_passwords[0].clone();
        let mut page = visitor.sign_in(SERVICE, NEWCOMER, &initial).await;
        for stop in [
            "evidence",
            "privacy_notice",
            "new_password",
            "bind_phone",
            "done",
        ] {
            seen.push(page.clone());
            page = match stop {
                "evidence" => visitor.follow(page).await,
                "done" => {
                    let fields = [("intent", "send"), ("phone", PHONE)];
                    campus.advance(SignedDuration::from_secs(60));
                    let asked = visitor.submit(&page, &fields).await;
                    let wrong = visitor.enter(&asked, "00000").await;
                    seen.extend([asked.clone(), wrong]);
                    let code = campus.code_for(PHONE).await;
                    visitor.enter(&asked, &code).await
                }
                _ => visitor.walk_to(campus, page, PHONE, PASSWORD, stop).await,
            };
        }
        seen.push(page);
        let mut owner = campus.visitor();
        let page = owner.ask_code(campus, "/signin/unlock", STUDENT).await;
        seen.push(page.clone());
        seen.push(owner.enter(&page, "00000").await);
        let code = campus.code_for(STUDENTS_PHONE).await;
        seen.push(owner.enter(&page, &code).await);
        let codes: Vec<String> = campus
            .sms
            .sent()
            .into_iter()
            .map(|(_, code)| code)
            .collect();
        assert_eq!(codes.len(), 3);
        for code in &codes {
            for reply in &seen {
                let all = format!("{:?}{}", reply.headers, visible(&reply.body()));
                assert!(!all.contains(code.as_str()), "{code} in {all}");
            }
            for table in ["audit_events", "signins", "proofs", "throttle_events"] {
                assert!(!details(campus, table).await.contains(code), "{table}");
            }
        }
    })
    .await;
}

/// A page without its tokens, in whose hundreds of random digits a code may stand by chance.
fn visible(body: &str) -> String {
    body.split('"')
        .filter(|part| part.len() < 60 && !part.contains("/captcha/") && !part.contains("/assets/"))
        .collect()
}

/// The words of a table, without its random ids and times.
async fn details(campus: &Campus, table: &str) -> String {
    match table {
        "audit_events" => {
            crate::support::kit::scalars(campus, "SELECT CAST(detail AS TEXT) FROM audit_events")
                .await
                .iter()
                .map(|detail| {
                    // Session and grant ids are random hexadecimal digits.
                    detail
                        .split(',')
                        .filter(|part| part.len() < 40)
                        .collect::<String>()
                })
                .collect()
        }
        "signins" => {
            crate::support::kit::scalars(campus, "SELECT CAST(destination AS TEXT) FROM signins")
                .await
                .concat()
        }
        "proofs" => crate::support::kit::scalars(campus, "SELECT factor FROM proofs")
            .await
            .concat(),
        _ => String::new(),
    }
}
