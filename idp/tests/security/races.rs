//! RACE: 64 at once, from a barrier, over two nodes; what is good once succeeds once, each round.

use std::collections::BTreeMap;
use std::sync::Arc;

use tokio::sync::Barrier;

use crate::support::kit::{
    address, give_a_second_number, half_way, register, sign_in_ticking, signed_in, ticket,
    validate, verdict,
};
use crate::support::oidc::{AUTHORIZE, Rp};
use crate::support::{Campus, OTHER_SERVICE, Reply, SERVICE, Visitor, each_campus, login};

const AT_ONCE: usize = 64;

/// Lets every visitor do her part at the same moment.
async fn at_once<T: Send + 'static, F: Future<Output = T> + Send + 'static>(
    visitors: impl IntoIterator<Item = Visitor>,
    act: impl Fn(usize, Visitor) -> F,
) -> Vec<T> {
    let visitors: Vec<Visitor> = visitors.into_iter().collect();
    let barrier = Arc::new(Barrier::new(visitors.len()));
    let mut tasks = Vec::new();
    for (index, visitor) in visitors.into_iter().enumerate() {
        let (barrier, part) = (Arc::clone(&barrier), act(index, visitor));
        tasks.push(tokio::spawn(async move {
            barrier.wait().await;
            part.await
        }));
    }
    let mut results = Vec::new();
    for task in tasks {
        results.push(task.await.unwrap());
    }
    results
}

fn tally<K: Ord>(results: impl IntoIterator<Item = K>) -> BTreeMap<K, usize> {
    let mut tally = BTreeMap::new();
    for result in results {
        *tally.entry(result).or_insert(0) += 1;
    }
    tally
}

/// As many copies of a browser, at one node and the other in turn.
async fn copies(campus: &Campus, visitor: &Visitor) -> Vec<Visitor> {
    let second = campus.second_node().await;
    let copies = (0..AT_ONCE).map(|index| {
        let mut copy = visitor.clone();
        if index % 2 == 1 {
            copy.route_to(second.router());
        }
        copy
    });
    copies.collect()
}

fn request(service: &str, ticket: &str) -> String {
    let pairs = [("service", service), ("ticket", ticket)];
    address("/cas/p3/serviceValidate", &pairs)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)] // TKT-02
async fn of_64_validations_of_one_ticket_one_succeeds() {
    const ROUNDS: i64 = 10;
    each_campus(async |campus| {
        let mut visitor = signed_in(campus).await;
        let servers = copies(campus, &campus.visitor()).await;
        for _ in 0..ROUNDS {
            let ticket = ticket(&mut visitor, SERVICE).await;
            let answers = at_once(servers.clone(), |_, mut server| {
                let ticket = ticket.clone();
                async move { verdict(&server.get(&request(SERVICE, &ticket)).await.body()) }
            })
            .await;
            let expected = [
                (Ok("20230002".to_owned()), 1),
                (Err("INVALID_TICKET".to_owned()), AT_ONCE - 1),
            ];
            assert_eq!(tally(answers), BTreeMap::from(expected));
        }
        assert_eq!(
            campus.audited("cas.ticket.validate", "success").await,
            ROUNDS
        );
        let replays = campus.audited("cas.ticket.replay", "refused").await;
        assert_eq!(replays, ROUNDS * i64::try_from(AT_ONCE - 1).unwrap());
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)] // TKT-02, TKT-03
async fn a_ticket_is_used_or_burnt_and_never_both() {
    each_campus(async |campus| {
        let mut visitor = signed_in(campus).await;
        let servers = copies(campus, &campus.visitor()).await;
        for _ in 0..5 {
            let ticket = ticket(&mut visitor, SERVICE).await;
            let answers = at_once(servers.clone(), |index, mut server| {
                let ticket = ticket.clone();
                let service = if index % 4 < 2 {
                    SERVICE
                } else {
                    OTHER_SERVICE
                };
                async move {
                    let reply = server.get(&request(service, &ticket)).await;
                    verdict(&reply.body()).map(|_| ())
                }
            })
            .await;
            let tally = tally(answers);
            let first = tally.get(&Ok(())).unwrap_or(&0)
                + tally.get(&Err("INVALID_SERVICE".into())).unwrap_or(&0);
            assert_eq!(first, 1, "{tally:?}");
            assert_eq!(tally[&Err("INVALID_TICKET".into())], AT_ONCE - 1);
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)] // TKT-15: 我已完成, clicked 64 times
async fn a_sign_in_ends_in_one_session() {
    each_campus(async |campus| {
        let (mut visitor, page) = half_way(campus).await;
        let done = visitor
            .walk_to(
                campus,
                page,
                "+8613800000001",
                "quiet-lantern-58-river",
                "done",
            )
            .await;
        let replies: Vec<Reply> = at_once(copies(campus, &visitor).await, |_, mut copy| {
            let done = done.clone();
            async move { copy.submit(&done, &[]).await }
        })
        .await;
        let through: Vec<_> = replies.iter().filter(|r| r.ticket().is_some()).collect();
        assert_eq!(through.len(), 1);
        for late in replies.iter().filter(|r| r.ticket().is_none()) {
            assert_eq!(late.status, 400, "{}", late.body());
            assert_eq!((late.page().as_str(), late.location()), ("error", None));
        }
        for (rows, count) in [
            ("sessions", 1),
            ("grants", 1),
            ("service_tickets", 1),
            (
                "audit_events WHERE event = 'activation.complete' AND reason IS NULL",
                1,
            ),
            ("audit_events WHERE event = 'signin.complete'", 1),
        ] {
            assert_eq!(campus.count(rows).await, count, "{rows}");
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)] // TKT-15, PWD-03
async fn of_64_new_passwords_one_is_set() {
    each_campus(async |campus| {
        let (mut visitor, page) = half_way(campus).await;
        let page = visitor
            .walk_to(campus, page, "+8613800000001", "", "new_password")
            .await;
        let replies = at_once(copies(campus, &visitor).await, |index, mut copy| {
            let page = page.clone();
            let password = format!("quiet-lantern-58-river-{index}");
            async move {
                let fields = [
                    ("password", password.as_str()),
                    ("password_again", password.as_str()),
                ];
                copy.submit(&page, &fields).await
            }
        })
        .await;
        assert!(
            replies.iter().all(|r| r.status == 303),
            "{:?}",
            tally(replies.iter().map(|r| r.status.as_u16()))
        );
        assert_eq!(campus.audited("password.change", "success").await, 1);
        assert_eq!(campus.count("password_history").await, 0);
        assert_eq!(
            campus.count("proofs WHERE factor = 'new_password'").await,
            1
        );
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)] // TKT-13, SES-10: no ticket outlives it
async fn tickets_issued_while_signing_out_are_worthless() {
    each_campus(async |campus| {
        let visitor = signed_in(campus).await;
        let replies = at_once(
            copies(campus, &visitor).await,
            |index, mut copy| async move {
                if index % 8 == 7 {
                    copy.get("/cas/logout").await
                } else {
                    copy.get(&login(SERVICE)).await
                }
            },
        )
        .await;
        assert!(replies.iter().all(|r| !r.status.is_server_error()));
        assert_eq!(campus.audited("session.end", "success").await, 1);
        for reply in &replies {
            if let Some(ticket) = reply.ticket() {
                assert_eq!(
                    validate(campus, SERVICE, &ticket).await,
                    Err("INVALID_TICKET".into())
                );
            }
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)] // TKT-02, TKT-15: 进入, clicked 64 times
async fn a_way_to_a_service_is_gone_once() {
    each_campus(async |campus| {
        let mut visitor = campus.visitor();
        sign_in_ticking(&mut visitor, &["warn"]).await;
        give_a_second_number(campus).await;
        let entry = serde_json::json!({ "id": "meals", "name": { "zh-CN": "食堂", "en": "Canteen" },
            "cas": { "services": ["https://meals.uni.edu.cn/*"] }, "account_number": "ask" });
        register(campus, &entry).await;
        for (service, page) in [
            (OTHER_SERVICE, "enter_service"),
            ("https://meals.uni.edu.cn/in", "choose_number"),
        ] {
            let (grants, choices) = (campus.count("grants").await, campus.count("number_choices"));
            assert_eq!(choices.await, 0);
            let reply = visitor.get(&login(service)).await;
            let asked = visitor.follow(reply).await;
            assert_eq!(asked.page(), page, "{}", asked.body());
            let replies = at_once(copies(campus, &visitor).await, |index, mut copy| {
                let asked = asked.clone();
                // Two hands, two numbers: one choice is kept.
                let number = if index % 2 == 0 {
                    "t2026001"
                } else {
                    "20230002"
                };
                let answer = vec![("number", number)];
                let answer = if page == "choose_number" {
                    answer
                } else {
                    Vec::new()
                };
                async move { copy.submit(&asked, &answer).await }
            })
            .await;
            let statuses = tally(replies.iter().map(|reply| reply.status.as_u16()));
            assert_eq!(statuses[&400], AT_ONCE - 1, "{page}: {statuses:?}");
            // After the choice she is still asked whether to enter: she wanted to be warned.
            let tickets: Vec<_> = replies.iter().filter_map(Reply::ticket).collect();
            let entered = usize::from(page == "enter_service");
            assert_eq!(tickets.len(), entered, "{page}");
            assert_eq!(
                campus.count("grants").await,
                grants + i64::try_from(entered).unwrap()
            );
        }
        assert_eq!(campus.count("number_choices").await, 1);
        assert_eq!(campus.audited("number.choose", "success").await, 1);
    })
    .await;
}

/// What an application pushes.
async fn pushed(campus: &Campus, rp: &Rp) -> String {
    let all = rp.parameters(&[]);
    let pairs: Vec<(&str, &str)> = all.iter().map(|(n, v)| (&**n, &**v)).collect();
    let reply = rp.post(campus, "/oidc/par", &pairs).await;
    assert_eq!(reply.status, 201, "{}", reply.body());
    let body: serde_json::Value = serde_json::from_slice(&reply.bytes).unwrap();
    body["request_uri"].as_str().unwrap().to_owned()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)] // OID-10
async fn of_64_who_present_a_pushed_request_one_gets_a_code() {
    const ROUNDS: i64 = 5;
    each_campus(async |campus| {
        let rp = Rp::registered(campus).await;
        let visitor = signed_in(campus).await;
        let browsers = copies(campus, &visitor).await;
        for round in 1..=ROUNDS {
            let uri = pushed(campus, &rp).await;
            let replies = at_once(browsers.clone(), |index, mut browser| {
                // Half of them on the silent path.
                let mut pairs = vec![("client_id", Rp::ID), ("request_uri", uri.as_str())];
                pairs.extend((index % 4 < 2).then_some(("prompt", "none")));
                let path = address(AUTHORIZE, &pairs);
                async move { browser.get(&path).await }
            })
            .await;
            let (with, without): (Vec<_>, Vec<_>) =
                replies.iter().partition(|reply| reply.status == 302);
            assert_eq!((with.len(), without.len()), (1, AT_ONCE - 1), "{round}");
            rp.code_of(with[0]);
            for reply in without {
                assert_eq!(reply.status, 400, "{}", reply.body());
                assert!(reply.body().contains("invalid_request_uri"));
            }
            assert_eq!(campus.count("authorization_codes").await, round);
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)] // OID-02: redeemed by two nodes at once
async fn of_64_redemptions_one_gets_tokens() {
    const ROUNDS: i64 = 5;
    each_campus(async |campus| {
        let rp = Rp::registered(campus).await;
        let mut visitor = signed_in(campus).await;
        let servers = copies(campus, &campus.visitor()).await;
        for _ in 0..ROUNDS {
            let code = rp.code(&mut visitor, &[]).await;
            let statuses = at_once(servers.clone(), |_, mut server| {
                let request = rp.redemption(&code);
                async move { server.send(request).await.status.as_u16() }
            })
            .await;
            let expected = [(200, 1), (400, AT_ONCE - 1)];
            assert_eq!(tally(statuses), BTreeMap::from(expected));
        }
        assert_eq!(campus.count("authorizations").await, ROUNDS);
        let revoked = "authorizations WHERE revoked_at IS NOT NULL";
        assert_eq!(campus.count(revoked).await, 0);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)] // OID-27: 同意, clicked 64 times
async fn an_agreement_gives_one_code() {
    each_campus(async |campus| {
        let changes = serde_json::json!({ "consent": "ask" });
        let rp = Rp::registered_with(campus, &changes).await;
        let mut visitor = signed_in(campus).await;
        let reply = rp.open(&mut visitor, &[]).await;
        let asked = visitor.follow(reply).await;
        assert_eq!(asked.page(), "consent", "{}", asked.body());
        let replies = at_once(copies(campus, &visitor).await, |_, mut copy| {
            let asked = asked.clone();
            async move { copy.submit(&asked, &[("decision", "allow")]).await }
        })
        .await;
        let (with, without): (Vec<_>, Vec<_>) =
            replies.iter().partition(|reply| reply.status == 303);
        assert_eq!((with.len(), without.len()), (1, AT_ONCE - 1));
        rp.code_of(with[0]);
        assert!(without.iter().all(|reply| reply.status == 400));
        for rows in ["authorization_codes", "consents"] {
            assert_eq!(campus.count(rows).await, 1, "{rows}");
        }
    })
    .await;
}
