//! SES: sessions begin under ids that nobody knew before, and end everywhere when what they rest
//! on ends.

use std::collections::HashSet;

use crate::support::kit::{
    PASSWORD, STUDENT, audited_by, changing_nothing, force_change, half_way, scalars, sign_in,
    sign_in_ticking, signed_in, suspend, ticket, up_to_new_password, validate,
};
use crate::support::{SERVICE, Visitor, each_campus, each_campus_with, login};

pub const NEW_PASSWORD: &str = "quiet-lantern-58-river";

async fn is_signed_in(visitor: &Visitor) -> bool {
    let page = visitor.clone().get("/cas/login").await;
    match page.page().as_str() {
        "signed_in" => true,
        "sign_in" => false,
        other => panic!("{other}"),
    }
}

#[tokio::test] // SES-01
async fn planted_cookies_are_never_taken_over() {
    each_campus(async |campus| {
        let planted = "A".repeat(43);
        let mut victim = campus.visitor();
        for name in ["TGC", "signin", "visitor", "device", "queue", "unlock"] {
            victim.cookies.insert(name.into(), planted.clone());
        }
        let mut attacker = victim.clone();
        sign_in(&mut victim).await;
        for name in ["TGC", "device"] {
            assert_ne!(victim.cookies[name], planted, "{name} was adopted");
        }
        assert!(!is_signed_in(&attacker).await);
        assert!(attacker.get(&login(SERVICE)).await.ticket().is_none());
        assert_eq!(
            attacker.get("/signin/continue").await.location(),
            Some("/cas/login")
        );
    })
    .await;
}

#[tokio::test] // SES-01: the attacker's own live session, planted
async fn a_new_sign_in_ends_the_session_that_the_browser_had() {
    each_campus(async |campus| {
        let mut attacker = campus.visitor();
        attacker
            .sign_in(SERVICE, idp::demo::ADMINISTRATOR, PASSWORD)
            .await;
        let mut victim = campus.visitor();
        let planted = attacker.cookies["TGC"].clone();
        victim.cookies.insert("TGC".into(), planted.clone());
        let page = victim.get(&format!("{}&renew=true", login(SERVICE))).await;
        let fields = [("username", STUDENT), ("password", PASSWORD)];
        let reply = victim.submit(&page, &fields).await;
        let reply = victim.leave_the_queue(reply).await;
        assert!(reply.ticket().is_some(), "{}", reply.body());
        assert_ne!(victim.cookies["TGC"], planted);
        let (reply, trail) =
            changing_nothing(campus, async || attacker.get(&login(SERVICE)).await).await;
        assert_eq!(reply.page(), "sign_in");
        assert_eq!(trail, ["session.replay refused ended"]);
    })
    .await;
}

#[tokio::test] // SES-01: the id of the sign-in is never the session's, and dies with it
async fn each_proof_of_identity_brings_a_new_id() {
    each_campus(async |campus| {
        let mut seen = HashSet::new();
        let (mut visitor, page) = half_way(campus).await;
        let signin = visitor.cookies["signin"].clone();
        assert!(seen.insert(signin.clone()) && !visitor.cookies.contains_key("TGC"));
        let done = visitor
            .walk_to(campus, page, "+8613800000001", NEW_PASSWORD, "done")
            .await;
        assert!(!visitor.cookies.contains_key("TGC"));
        assert!(visitor.submit(&done, &[]).await.ticket().is_some());
        assert!(!visitor.cookies.contains_key("signin"), "taken away");
        assert!(seen.insert(visitor.cookies["TGC"].clone()));
        assert!(seen.insert(visitor.cookies["device"].clone()));
        // The old id opens nothing, in either place.
        for name in ["signin", "TGC"] {
            let mut thief = campus.visitor();
            thief.cookies.insert(name.into(), signin.clone());
            assert_eq!(
                thief.get("/signin/continue").await.location(),
                Some("/cas/login")
            );
            assert_eq!(thief.get("/cas/login").await.page(), "sign_in");
        }
        for _ in 0..3 {
            let reply = visitor.get("/cas/logout").await;
            assert_eq!(reply.page(), "signed_out");
            let reply = visitor
                .sign_in(SERVICE, idp::demo::NEWCOMER, NEW_PASSWORD)
                .await;
            assert!(reply.ticket().is_some(), "{}", reply.body());
            assert!(seen.insert(visitor.cookies["TGC"].clone()));
            assert!(seen.insert(visitor.cookies["device"].clone()));
        }
        assert!(seen.iter().all(|id| id.len() == 43), "256 bits: {seen:?}");
    })
    .await;
}

#[tokio::test] // SES-01: with https, what a sub-domain can plant is not read
async fn cookies_without_their_prefix_are_nobodys() {
    each_campus_with(over_https, async |campus| {
        let mut visitor = at_https(campus.visitor());
        sign_in(&mut visitor).await;
        assert!(is_signed_in(&visitor).await);
        let mut tossed = at_https(campus.visitor());
        for (name, value) in &visitor.cookies {
            let bare = name.strip_prefix("__Host-").expect("every cookie has it");
            tossed.cookies.insert(bare.to_owned(), value.clone());
            tossed
                .cookies
                .insert(format!("__host-{bare}"), value.clone());
            tossed
                .cookies
                .insert(format!("__Secure-{bare}"), value.clone());
        }
        assert!(!is_signed_in(&tossed).await);
    })
    .await;
}

pub fn over_https(config: &mut idp::config::Config) {
    config.server.issuer = "https://id.example.edu".parse().unwrap();
}

pub fn at_https(mut visitor: Visitor) -> Visitor {
    visitor.origin = "https://id.example.edu".into();
    visitor
}

#[tokio::test] // SES-10, PWD-03
async fn a_new_password_ends_everything_that_rests_on_the_old_one() {
    each_campus(async |campus| {
        let second = campus.second_node().await;
        let mut a = signed_in(campus).await;
        let mut b = signed_in(campus).await;
        // A remembered one is no exception.
        let mut c = campus.visitor();
        assert!(
            sign_in_ticking(&mut c, &["rememberMe"])
                .await
                .ticket()
                .is_some()
        );
        let formerly = a.clone();
        let unused = ticket(&mut b, SERVICE).await;
        let mut bystander = campus.visitor();
        let reply = bystander
            .sign_in(SERVICE, idp::demo::ADMINISTRATOR, PASSWORD)
            .await;
        assert!(reply.ticket().is_some());
        force_change(campus).await;
        // SES-10, invariant 9: while the change is due, no session gets anything.
        let reply = b.get(&login(SERVICE)).await;
        assert_eq!(reply.ticket(), None);
        assert!(validate(campus, SERVICE, &unused).await.is_err());

        let mut elsewhere = campus.visitor();
        let their_page = up_to_new_password(&mut elsewhere).await;
        let page = up_to_new_password(&mut a).await;
        campus.advance(jiff::SignedDuration::from_secs(1));
        let fields = [("password", NEW_PASSWORD), ("password_again", NEW_PASSWORD)];
        let (reply, trail) = audited_by(campus, async || a.submit(&page, &fields).await).await;
        let ended = "session.end success password_change";
        assert_eq!(trail, ["password.change success -", ended, ended, ended]);
        let ended = scalars(
            campus,
            "SELECT CAST(detail->>'sessions_ended' AS TEXT) FROM audit_events WHERE event = 'password.change'",
        );
        assert_eq!(ended.await, ["3"]);

        for node in [&campus.idp, &second] {
            for session in [&b, &c, &formerly] {
                let mut copy = session.clone();
                copy.route_to(node.router());
                assert!(!is_signed_in(&copy).await);
                assert_eq!(copy.get(&login(SERVICE)).await.ticket(), None);
            }
        }
        // The other sign-in under way, which showed the old password.
        let (reply_elsewhere, _) = changing_nothing(campus, async || {
            elsewhere.submit(&their_page, &fields).await
        })
        .await;
        assert_eq!(reply_elsewhere.status, 400);
        // No browser is known any more, until it signs in anew.
        let known = "known_devices WHERE person_id =
            (SELECT person_id FROM current_roster WHERE number = '20230002')";
        assert_eq!(campus.count(known).await, 0);

        let done = a.follow(reply).await;
        assert_eq!(done.page(), "done", "{}", done.body());
        let reply = a.submit(&done, &[]).await;
        let new = reply.ticket().expect("on to the service");
        assert_eq!(validate(campus, SERVICE, &new).await, Ok(STUDENT.into()));
        assert_ne!(a.cookies["TGC"], formerly.cookies["TGC"]);
        assert_eq!(campus.count(known).await, 1);
        // The old password opens nothing, the new one does, nobody else was touched.
        let reply = c.sign_in(SERVICE, STUDENT, PASSWORD).await;
        assert_eq!(reply.status, 401, "{}", reply.body());
        let reply = c.sign_in(SERVICE, STUDENT, NEW_PASSWORD).await;
        assert!(reply.ticket().is_some(), "{}", reply.body());
        assert!(is_signed_in(&bystander).await);
        // Invariant 4: every grant of hers since then is of a session begun since then.
        let stale = "grants g JOIN sessions s ON s.sid = g.sid JOIN persons p ON p.id = s.person_id
            WHERE g.created_at > p.not_before AND s.signed_in_at < p.not_before";
        assert_eq!(campus.count(stale).await, 0);
    })
    .await;
}

#[tokio::test] // SES-12
async fn a_suspended_person_holds_nothing_on_any_node() {
    each_campus(async |campus| {
        let second = campus.second_node().await;
        let mut remembered = campus.visitor();
        sign_in_ticking(&mut remembered, &["rememberMe"]).await;
        let mut visitor = signed_in(campus).await;
        let unused = ticket(&mut visitor, SERVICE).await;
        suspend(campus, STUDENT).await;
        assert_eq!(
            validate(campus, SERVICE, &unused).await,
            Err("INVALID_TICKET".into())
        );
        for node in [&campus.idp, &second] {
            for session in [&visitor, &remembered] {
                for path in [login(SERVICE), "/cas/login".into(), "/signin/switch".into()] {
                    let mut copy = session.clone();
                    copy.route_to(node.router());
                    let reply = copy.get(&path).await;
                    let reply = copy.follow(reply).await;
                    assert_eq!(
                        (reply.page().as_str(), reply.ticket()),
                        ("sign_in", None),
                        "{path}"
                    );
                }
            }
        }
        // ENM-01: and a new sign-in says what it says to everybody.
        let reply = campus.visitor().sign_in(SERVICE, STUDENT, PASSWORD).await;
        assert_eq!(
            (reply.status.as_u16(), reply.notice().as_deref()),
            (401, Some("wrong_password"))
        );
        assert_eq!(campus.count("sessions").await, 2);
        assert_eq!(campus.audited("signin.password", "refused").await, 1);
    })
    .await;
}

#[tokio::test] // SES-12: half-way in, at each step
async fn a_suspended_newcomer_goes_no_further() {
    for stop in [
        "evidence",
        "privacy_notice",
        "new_password",
        "bind_phone",
        "done",
    ] {
        each_campus(async |campus| {
            let (mut visitor, page) = half_way(campus).await;
            let page = visitor
                .walk_to(campus, page, "+8613800000001", NEW_PASSWORD, stop)
                .await;
            suspend(campus, idp::demo::NEWCOMER).await;
            let fields = [
                ("intent", "send"),
                ("accept", "yes"),
                ("password", NEW_PASSWORD),
                ("password_again", NEW_PASSWORD),
                ("phone", "+8613800000001"),
            ];
            let (reply, trail) =
                changing_nothing(campus, async || visitor.submit(&page, &fields).await).await;
            assert_eq!(
                (reply.status.as_u16(), reply.page().as_str()),
                (400, "error"),
                "{stop}"
            );
            assert_eq!(trail, ["signin.flow_expired refused -"], "{stop}");
            assert_eq!(visitor.get(&page.action()).await.status, 400, "{stop}");
            assert_eq!(campus.count("sessions").await, 0);
        })
        .await;
    }
}

#[tokio::test] // SES-12: a number that is no longer valid
async fn an_affiliation_that_ended_gets_no_ticket() {
    each_campus(async |campus| {
        let mut visitor = signed_in(campus).await;
        let unused = ticket(&mut visitor, SERVICE).await;
        let now = campus.clock.now().as_microsecond();
        let sql = format!("UPDATE roster SET valid_until = {now} WHERE number = '{STUDENT}'");
        assert_eq!(campus.execute(&sql).await, 1);
        assert!(validate(campus, SERVICE, &unused).await.is_err());
        let reply = visitor.get(&login(SERVICE)).await;
        assert_eq!(reply.ticket(), None);
        assert_eq!(visitor.follow(reply).await.page(), "sign_in");
        let reply = campus.visitor().sign_in(SERVICE, STUDENT, PASSWORD).await;
        assert_eq!(reply.status, 401);
    })
    .await;
}
