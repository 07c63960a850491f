//! TKT-15, SES-02: a sign-in under way lives in the server's row, found by the cookie of one
//! browser; its steps are taken in order and once.

use idp::routes::{Auth, ROUTES};

use crate::support::kit::{assert_own_page, changing_nothing, half_way, signed_in};
use crate::support::{Campus, Reply, Visitor, each_campus};

const PHONE: &str = "+8613800000001";
const PASSWORD: &str = "quiet-lantern-58-river";

/// Walks the whole wizard, and keeps each page with its form.
async fn recorded_walk(campus: &Campus) -> (Visitor, Vec<Reply>) {
    let (mut visitor, mut page) = half_way(campus).await;
    let mut pages = vec![page.clone()];
    for stop in ["privacy_notice", "new_password", "bind_phone", "done"] {
        page = visitor.walk_to(campus, page, PHONE, PASSWORD, stop).await;
        pages.push(page.clone());
    }
    (visitor, pages)
}

/// Posts the form of a page as if it were new, with everything that any step asks for.
async fn replay(visitor: &mut Visitor, page: &Reply) -> Reply {
    let fields = [
        ("intent", "send"),
        ("code", "123456"),
        ("activation_code", "ABCD-EFGH-JKLM"),
        ("accept", "yes"),
        ("password", "another-lantern-59-lake"),
        ("password_again", "another-lantern-59-lake"),
        ("phone", "+8613800000099"),
        ("username", "10001"),
        ("person", "10001"),
        ("destination", "https://evil.com/"),
    ];
    visitor.submit(page, &fields).await
}

#[tokio::test] // TKT-15: an earlier step, shown again
async fn a_step_that_was_taken_is_not_taken_again() {
    each_campus(async |campus| {
        let (mut visitor, pages) = recorded_walk(campus).await;
        let (last, earlier) = pages.split_last().unwrap();
        assert_eq!(last.page(), "done");
        for page in earlier {
            let (reply, trail) =
                changing_nothing(campus, async || replay(&mut visitor, page).await).await;
            assert_eq!(
                (reply.status.as_u16(), reply.location()),
                (303, Some("/signin/done"))
            );
            assert!(trail.is_empty(), "{trail:?}");
        }
    })
    .await;
}

#[tokio::test] // TKT-15: a later step, before its time
async fn no_step_is_skipped() {
    each_campus(async |campus| {
        let (mut visitor, page) = half_way(campus).await;
        for path in [
            "/signin/notice",
            "/signin/password",
            "/signin/phone",
            "/signin/done",
        ] {
            let mut hidden = page.hidden();
            hidden.push(("intent".into(), "keep".into()));
            let fields: Vec<_> = hidden
                .iter()
                .map(|(n, v)| (n.as_str(), v.as_str()))
                .collect();
            for method in ["GET", "POST"] {
                let (reply, _) = changing_nothing(campus, async || {
                    if method == "GET" {
                        visitor.get(path).await
                    } else {
                        visitor.post(path, &fields).await
                    }
                })
                .await;
                assert_eq!(
                    reply.location(),
                    Some("/signin/evidence"),
                    "{method} {path}"
                );
            }
        }
        // Nor is anything issued on any other way, as long as it isn't over.
        for path in ["/cas/login?service=http://127.0.0.1:9000/", "/cas/login"] {
            assert_eq!(visitor.get(path).await.page(), "sign_in");
        }
        assert_eq!(campus.count("sessions").await, 0);
    })
    .await;
}

#[tokio::test] // TKT-15: after the end, with everything copied
async fn a_sign_in_that_is_over_stays_over() {
    each_campus(async |campus| {
        let (mut visitor, pages) = recorded_walk(campus).await;
        let mut thief = visitor.clone();
        let last = visitor.submit(pages.last().unwrap(), &[]).await;
        assert!(last.ticket().is_some(), "{}", last.body());
        for signed_out in [false, true] {
            for page in &pages {
                let mut copy = thief.clone();
                let (reply, trail) =
                    changing_nothing(campus, async || replay(&mut copy, page).await).await;
                assert_own_page(&reply, 400, "error");
                assert_eq!(trail, ["signin.flow_expired refused -"], "{}", page.page());
            }
            if !signed_out {
                visitor.get("/cas/logout").await;
            }
        }
        let reply = thief.get("/signin/continue").await;
        assert_eq!(reply.location(), Some("/cas/login"));
    })
    .await;
}

#[tokio::test] // TKT-15, SES-02: another browser, with the form and without its cookie
async fn a_form_is_worthless_in_another_browser() {
    each_campus(async |campus| {
        let (_, page) = half_way(campus).await;
        // One that is half-way in herself.
        let mut other = campus.visitor();
        let initial = campus.demo.initial_passwords[1].clone();
        let first = other
            .sign_in(
                "http://localhost:1/",
                idp::demo::NEWCOMER_WITHOUT_PHONE,
                &initial,
            )
            .await;
        assert_eq!(first.location(), Some("/signin/continue"));
        for mut visitor in [campus.visitor(), other, signed_in(campus).await] {
            let (reply, trail) =
                changing_nothing(campus, async || replay(&mut visitor, &page).await).await;
            assert_own_page(&reply, 403, "error");
            assert_eq!(trail.len(), 1, "{trail:?}");
            assert!(trail[0].starts_with("csrf.reject refused "), "{trail:?}");
        }
    })
    .await;
}

#[tokio::test] // SES-02: an address never names a sign-in
async fn a_link_with_somebodys_sign_in_opens_nothing() {
    each_campus(async |campus| {
        let (attacker, page) = half_way(campus).await;
        let id = attacker.cookies["signin"].clone();
        let csrf = page.field("csrf").unwrap();
        for route in ROUTES
            .iter()
            .filter(|r| r.auth == Auth::SignIn && r.method == "GET")
        {
            for name in ["flow", "signin", "execution", "id", "session", "version"] {
                let path = format!("{}?{name}={id}&csrf={csrf}", route.path);
                let mut victim = campus.visitor();
                let (reply, _) = changing_nothing(campus, async || victim.get(&path).await).await;
                if route.path == "/signin/continue" {
                    assert_eq!(reply.location(), Some("/cas/login"));
                } else {
                    assert_own_page(&reply, 400, "error");
                    assert!(reply.body().contains("data-failure=\"flow_expired\""));
                }
                assert!(!victim.cookies.contains_key("signin"), "adopted");
                assert!(!reply.body().contains(&id));
            }
        }
    })
    .await;
}

#[tokio::test] // TKT-15: it lives an hour, and no longer than what it rests on
async fn a_sign_in_grows_old() {
    each_campus(async |campus| {
        let (mut visitor, page) = half_way(campus).await;
        campus.advance(jiff::SignedDuration::from_secs(3599));
        assert_eq!(visitor.get("/signin/evidence").await.page(), "evidence");
        campus.advance(jiff::SignedDuration::from_secs(1));
        let (reply, trail) =
            changing_nothing(campus, async || replay(&mut visitor, &page).await).await;
        assert_own_page(&reply, 400, "error");
        assert_eq!(trail, ["signin.flow_expired refused -"]);
    })
    .await;
}
