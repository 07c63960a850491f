//! One number belongs to one person, and to whom proved it (BND).

use jiff::SignedDuration;

use super::cohort::{Freshman, enrol};
use crate::support::attacks::{STUDENT, STUDENTS_PHONE};
use crate::support::kit::{rows, scalars};
use crate::support::{Campus, Reply, SERVICE, Visitor, each_campus};

const PASSWORD: &str = "quiet-lantern-58-river";
const A: &str = "+8613911110001";
const B: &str = "+8613911110002";

fn notice(reply: &Reply) -> String {
    reply.notice().unwrap_or_default()
}

/// Somebody new at the page that binds a phone.
async fn at_binding(campus: &Campus, number: &str, initial: &str, phone: &str) -> (Visitor, Reply) {
    let mut visitor = campus.visitor();
    let first = visitor.sign_in(SERVICE, number, initial).await;
    let page = visitor
        .walk_to(campus, first, phone, PASSWORD, "bind_phone")
        .await;
    (visitor, page)
}

async fn freshman(campus: &Campus, who: &Freshman) -> (Visitor, Reply) {
    let phone = who.phone.as_deref().expect("one with a phone");
    at_binding(campus, &who.number, &who.initial, phone).await
}

async fn newcomer(campus: &Campus) -> (Visitor, Reply) {
    let initial = campus.demo.initial_passwords[0].clone();
    at_binding(campus, "20230001", &initial, "+8613800000001").await
}

async fn ask(campus: &Campus, visitor: &mut Visitor, page: &Reply, phone: &str) -> Reply {
    campus.advance(SignedDuration::from_secs(60));
    let reply = visitor
        .submit(page, &[("intent", "send"), ("phone", phone)])
        .await;
    assert_eq!(notice(&reply), "code_sent", "{phone}");
    reply
}

/// The phone that the newcomer's account shows to applications.
async fn bound(campus: &Campus, visitor: &mut Visitor, reply: Reply) -> String {
    let done = visitor.follow(reply).await;
    assert_eq!(done.page(), "done", "{}", done.body());
    let ticket = visitor.submit(&done, &[]).await.ticket().expect("a ticket");
    let answer = campus.visitor().validate(SERVICE, &ticket).await;
    let (_, rest) = answer.split_once("<cas:phone>").expect("a phone");
    rest.split_once('<').unwrap().0.to_owned()
}

#[tokio::test] // BND-02, OTP-03: the number that is bound is the one that the code went to
async fn a_code_for_one_number_never_binds_another() {
    each_campus(async |campus| {
        let (mut visitor, page) = newcomer(campus).await;
        let for_a = ask(campus, &mut visitor, &page, A).await;
        let code = campus.code_for(A).await;
        let fields = [
            ("intent", "verify"),
            ("code", code.as_str()),
            ("phone", B),
            ("recipient", B),
        ];
        let reply = visitor.submit(&for_a, &fields).await;
        assert_eq!(bound(campus, &mut visitor, reply).await, A);
    })
    .await;
}

#[tokio::test] // BND-02: another number asked for meanwhile, in this tab or another
async fn a_code_dies_when_another_number_is_asked_for() {
    each_campus(async |campus| {
        let (mut visitor, page) = newcomer(campus).await;
        let for_a = ask(campus, &mut visitor, &page, A).await;
        let first = campus.code_for(A).await;
        let page = visitor.submit(&for_a, &[("intent", "change")]).await;
        assert_eq!(notice(&visitor.enter(&for_a, &first).await), "dead_code");
        let for_b = ask(campus, &mut visitor, &page, B).await;
        let second = campus.code_for(B).await;
        if first != second {
            assert_eq!(notice(&visitor.enter(&for_a, &first).await), "wrong_code");
        }
        // A resend that names no number goes where the last one went.
        campus.advance(SignedDuration::from_secs(60));
        let again = visitor
            .submit(&for_a, &[("intent", "send"), ("phone", "")])
            .await;
        assert_eq!(notice(&again), "code_sent");
        campus.deliver().await;
        assert_eq!(campus.sms.sent().last().unwrap().0, B);
        let code = campus.code_for(B).await;
        let reply = visitor.enter(&for_b, &code).await;
        assert_eq!(bound(campus, &mut visitor, reply).await, B);
    })
    .await;
}

#[tokio::test] // BND-02, BND-09: what was proved is the server's to know
async fn keeping_a_number_needs_its_proof() {
    each_campus(async |campus| {
        // Activated with a code: the school's number was never proved.
        let (mut visitor, page) = {
            let code = campus.demo.activation_code.clone().unwrap();
            let initial = campus.demo.initial_passwords[1].clone();
            let mut visitor = campus.visitor();
            let first = visitor.sign_in(SERVICE, "20230003", &initial).await;
            let page = visitor.follow(first).await;
            let fields = [("intent", "activation"), ("activation_code", code.as_str())];
            let first = visitor.submit(&page, &fields).await;
            let page = visitor
                .walk_to(campus, first, "", PASSWORD, "bind_phone")
                .await;
            (visitor, page)
        };
        for name in ["verified", "phone", "proof", "bound_phone"] {
            visitor.cookies.insert(name.into(), "1".into());
        }
        for fields in [
            &[("intent", "keep")][..],
            &[
                ("intent", "keep"),
                ("phone", STUDENTS_PHONE),
                ("verified", "1"),
            ],
            &[("intent", "verify"), ("code", "000000"), ("phone", A)],
            &[("intent", "bound"), ("phone", A), ("proved", "true")],
        ] {
            let reply = visitor.submit(&page, fields).await;
            assert_eq!(reply.page(), "bind_phone", "{fields:?}");
        }
        assert_eq!(campus.audited("contact.phone.bind", "success").await, 0);
        assert_eq!(campus.count("contacts").await, 2, "the demonstration's two");
        // And one who did prove it keeps it without another code.
        let (mut proved, page) = newcomer(campus).await;
        let reply = proved.submit(&page, &[("intent", "keep")]).await;
        assert_eq!(bound(campus, &mut proved, reply).await, "+8613800000001");
    })
    .await;
}

#[tokio::test] // BND-02, ENM-04: whose number it is is told only to who proved that it is hers
async fn a_taken_number_is_told_only_after_its_code() {
    each_campus(async |campus| {
        let (mut visitor, page) = newcomer(campus).await;
        let holders = rows(campus, "contacts").await;
        let page = ask(campus, &mut visitor, &page, STUDENTS_PHONE).await;
        assert_eq!(notice(&visitor.enter(&page, "00000").await), "wrong_code");
        let code = campus.code_for(STUDENTS_PHONE).await;
        let reply = visitor.enter(&page, &code).await;
        assert_eq!(notice(&reply), "phone_taken");
        assert_eq!(rows(campus, "contacts").await, holders);
        // The code is used up, and another number may be tried.
        assert_eq!(notice(&visitor.enter(&page, &code).await), "dead_code");
        let page = ask(campus, &mut visitor, &reply, A).await;
        let code = campus.code_for(A).await;
        let reply = visitor.enter(&page, &code).await;
        assert_eq!(bound(campus, &mut visitor, reply).await, A);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)] // BND-02, FLT-16, invariant 10
async fn two_at_once_with_one_number_bind_it_once() {
    each_campus(async |campus| {
        let other = campus.second_node().await;
        let freshmen = enrol(campus, 24).await;
        let with_phone: Vec<&Freshman> = freshmen.iter().filter(|f| f.phone.is_some()).collect();
        for (round, pair) in with_phone.chunks_exact(2).enumerate() {
            let phone = format!("+86137{round:08}");
            let mut ready = Vec::new();
            for (who, node) in pair.iter().zip([&campus.idp, &other]) {
                let (mut visitor, page) = freshman(campus, who).await;
                let page = ask(campus, &mut visitor, &page, &phone).await;
                let code = campus.code_for(&phone).await;
                let mut moved = campus.visitor_at(node);
                moved.cookies = visitor.cookies;
                ready.push((moved, page, code));
            }
            let barrier = std::sync::Arc::new(tokio::sync::Barrier::new(2));
            let entered: Vec<_> = ready
                .into_iter()
                .map(|(mut visitor, page, code)| {
                    let barrier = barrier.clone();
                    tokio::spawn(async move {
                        barrier.wait().await;
                        visitor.enter(&page, &code).await
                    })
                })
                .collect();
            let mut told = Vec::new();
            for reply in entered {
                let reply = reply.await.unwrap();
                told.push((reply.status.as_u16(), notice(&reply)));
            }
            told.sort();
            let expected = [(200, "phone_taken".to_owned()), (303, String::new())];
            assert_eq!(told, expected, "round {round}");
            let bound = i64::try_from(round).unwrap() + 1;
            assert_eq!(campus.audited("contact.phone.bind", "success").await, bound);
            assert_eq!(campus.audited("contact.phone.bind", "refused").await, bound);
            assert_eq!(campus.count("contacts").await, bound + 2);
        }
    })
    .await;
}

#[tokio::test] // BND-10: knowing the number of an account without a credential gives nothing
async fn an_account_without_a_password_is_not_claimed_by_its_number() {
    each_campus(async |campus| {
        for number in ["20230001", "20230003", "20230004"] {
            for password in [number, "", "000000", "null"] {
                let reply = campus
                    .visitor()
                    .guess_solved(campus, number, password)
                    .await;
                assert!(
                    matches!(reply.status.as_u16(), 400 | 401),
                    "{number} {password}"
                );
            }
            let mut visitor = campus.visitor();
            let page = visitor.get("/signin/activation").await;
            for fields in [
                &[
                    ("method", "code"),
                    ("activation_code", ""),
                    ("intent", "send"),
                ][..],
                &[
                    ("method", "code"),
                    ("activation_code", number),
                    ("intent", "send"),
                ],
                &[("method", "none"), ("intent", "activate")],
                &[("intent", "verify"), ("code", "")],
                &[("intent", "verify"), ("code", "000000")],
            ] {
                let mut all = vec![("username", number)];
                all.extend_from_slice(fields);
                let page = visitor.get("/signin/activation").await;
                let reply = visitor.submit_solved(campus, &page, &all).await;
                assert_eq!(
                    (reply.status.as_u16(), reply.page().as_str()),
                    (200, "activation")
                );
            }
            assert_eq!(page.page(), "activation");
            assert!(!visitor.cookies.contains_key("signin"));
        }
        let started = scalars(campus, "SELECT number FROM signins").await;
        assert!(started.is_empty(), "{started:?}");
        assert_eq!(campus.count("sessions").await, 0);
        let changed = format!(
            "passwords p JOIN roster r ON r.person_id = p.person_id
            WHERE r.number NOT IN ('{STUDENT}', '10001')"
        );
        assert_eq!(campus.count(&changed).await, 0);
    })
    .await;
}
