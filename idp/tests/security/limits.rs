//! NET-04, NET-07, BRU-07: what is too much is refused, early, on a page of ours, and everybody
//! else goes on.

use std::convert::Infallible;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::http::Request;
use idp::routes::ROUTES;
use migrations::{Db, OpenOptions};

use crate::support::kit::{
    PASSWORD, STUDENT, address, assert_own_page, changing_nothing, signed_in, validate,
};
use crate::support::{Campus, Reply, SERVICE, Visitor, each_campus, each_campus_with, login};

const FORM: &str = "application/x-www-form-urlencoded";

async fn post(visitor: &mut Visitor, path: &str, body: Body) -> Reply {
    let request = Request::post(path)
        .header("origin", "http://localhost:8080")
        .header("content-type", FORM);
    visitor.send(request.body(body).unwrap()).await
}

fn posts() -> impl Iterator<Item = &'static str> {
    ROUTES
        .iter()
        // What servers post is no form; each such address has limits of its own.
        .filter(|r| r.method == "POST" && r.csrf.is_some())
        .map(|r| r.path)
}

#[tokio::test] // NET-04
async fn a_form_has_16_kib_and_64_fields() {
    each_campus(async |campus| {
        let mut visitor = signed_in(campus).await;
        for path in posts() {
            for (body, status) in [
                ("a=".to_owned() + &"x".repeat(16 * 1024 - 2), 403),
                ("a=".to_owned() + &"x".repeat(16 * 1024 - 1), 413),
                ("a=".to_owned() + &"x".repeat(1 << 20), 413),
                ("a&".repeat(8_000), 400),
                ("a&".repeat(100_000), 413),
                ("a=b&".repeat(64), 403),
                ("a=b&".repeat(65), 400),
                ("%".repeat(16_000), 403),
            ] {
                let (reply, _) = changing_nothing(campus, async || {
                    post(&mut visitor, path, Body::from(body)).await
                })
                .await;
                assert_own_page(&reply, status, "error");
            }
        }
    })
    .await;
}

#[tokio::test] // NET-04: a body without end is not read to its end
async fn no_more_is_read_than_may_be_sent() {
    each_campus(async |campus| {
        for path in posts() {
            let read = Arc::new(AtomicUsize::new(0));
            let count = Arc::clone(&read);
            let endless = futures_util::stream::repeat_with(move || {
                count.fetch_add(4096, Ordering::Relaxed);
                Ok::<_, Infallible>(Bytes::from_static(&[b'a'; 4096]))
            });
            let reply = post(&mut campus.visitor(), path, Body::from_stream(endless)).await;
            assert_own_page(&reply, 413, "error");
            assert!(
                read.load(Ordering::Relaxed) <= 32 * 1024,
                "{path}: {read:?}"
            );
        }
    })
    .await;
}

#[tokio::test] // NET-04
async fn huge_headers_and_addresses_cost_nothing() {
    each_campus(async |campus| {
        let cookies = (0..10_000).fold(String::new(), |all, n| all + &format!("c{n}=x; "));
        let long = "x".repeat(1 << 20);
        for (name, value) in [
            ("cookie", cookies.as_str()),
            ("cookie", &format!("TGC={long}; visitor={long}")),
            ("cookie", "=; =x; TGC; ;;; TGC==; TGC=\"; visitor=%ff"),
            ("accept-language", &"de;q=0.1,".repeat(50_000)),
            ("user-agent", &long),
            ("x-forwarded-for", &"1.2.3.4,".repeat(50_000)),
            ("referer", &long),
        ] {
            let request = Request::get("/cas/login").header(name, value);
            let request = request.body(Body::empty()).unwrap();
            let reply = campus.visitor().send(request).await;
            assert_eq!(
                (reply.status.as_u16(), reply.page().as_str()),
                (200, "sign_in")
            );
        }
        let mut visitor = campus.visitor();
        let many = "x=y&".repeat(10_000);
        for path in [
            format!("/cas/login?{many}"),
            format!("/cas/login?{}", "&".repeat(50_000)),
            format!("/cas/login?{}", "%".repeat(50_000)),
            format!("/cas/serviceValidate?{many}"),
        ] {
            let reply = visitor.get(&path).await;
            assert_eq!(reply.status, 200);
        }
        let reply = visitor
            .get(&login(&format!("{SERVICE}?{}", "x".repeat(5_000))))
            .await;
        assert_own_page(&reply, 403, "refused_service");
    })
    .await;
}

/// Knocks until somebody has had enough: how often it was answered, and the refusal.
async fn knock(visitor: &mut Visitor, path: &str) -> (usize, Reply) {
    for answered in 0..200 {
        let reply = visitor.get(path).await;
        if reply.status == 429 {
            return (answered, reply);
        }
        assert_eq!(reply.status, 200, "{}", reply.body());
    }
    panic!("no limit on {path}");
}

fn from(campus: &Campus, address: &str) -> Visitor {
    let mut visitor = campus.visitor();
    visitor.peer = Some(address.parse().unwrap());
    visitor
}

fn tight(config: &mut idp::config::Config) {
    config.limits.stranger_per_minute = serde_json::from_value(10.into()).unwrap();
    config.limits.campus_per_minute = serde_json::from_value(40.into()).unwrap();
    config.limits.captcha_per_minute = serde_json::from_value(3.into()).unwrap();
    config.limits.campus_networks = "198.51.100.0/24".parse().unwrap();
    config.server.trusted_proxies = "10.0.0.0/8".parse().unwrap();
}

#[tokio::test] // BRU-07, NET-02: a coarse first line, per address; the counters that decide are others
async fn each_network_has_a_budget_of_its_own() {
    each_campus_with(tight, async |campus| {
        let page = login(SERVICE);
        // The budget fills up meanwhile, a little: one in six seconds.
        let within = |answered: usize, budget: usize| (budget..=budget + 3).contains(&answered);
        let (answered, reply) = knock(&mut from(campus, "203.0.113.1:1"), &page).await;
        assert!(within(answered, 10), "{answered}");
        assert_own_page(&reply, 429, "error");
        let retry: u32 = reply.header("retry-after").unwrap().parse().unwrap();
        assert!((1..=60).contains(&retry), "{retry}");
        assert!(reply.body().contains("data-failure=\"too_many\""));
        // The same with a claimed address, another page, another port; and the neighbour's.
        let mut liar = from(campus, "203.0.113.1:2");
        liar.forwarded_for = Some("198.51.100.7".into());
        assert!(knock(&mut liar, "/help").await.0 <= 3);
        let (answered, _) = knock(&mut from(campus, "203.0.113.2:1"), &page).await;
        assert!(within(answered, 10), "{answered}");

        // IPv6: a household is a /64.
        let (answered, _) = knock(&mut from(campus, "[2001:db8:1:2::1]:1"), &page).await;
        assert!(within(answered, 10), "{answered}");
        assert!(
            knock(&mut from(campus, "[2001:db8:1:2:ffff::9]:1"), &page)
                .await
                .0
                <= 3
        );
        let (answered, _) = knock(&mut from(campus, "[2001:db8:1:3::1]:1"), &page).await;
        assert!(within(answered, 10), "{answered}");
        // An IPv4 address in IPv6 dress is the same address.
        assert!(
            knock(&mut from(campus, "[::ffff:203.0.113.1]:1"), &page)
                .await
                .0
                <= 3
        );

        // Thousands share an address of the campus, behind a proxy too.
        let mut dormitory = from(campus, "10.0.0.1:1");
        dormitory.forwarded_for = Some("198.51.100.7".into());
        let (answered, _) = knock(&mut dormitory, &page).await;
        assert!(within(answered, 40), "{answered}");
    })
    .await;
}

#[tokio::test] // CAP-05, NET-04: applications' servers and files are nobody's flood
async fn tickets_and_files_are_not_counted_and_captchas_are_counted_more() {
    each_campus_with(tight, async |campus| {
        let mut server = from(campus, "203.0.113.50:1");
        let file = {
            let body = server.get("/help").await.body();
            let at = body.find("/assets/").unwrap();
            body[at..].split('"').next().unwrap().to_owned()
        };
        for _ in 0..100 {
            let path = address(
                "/cas/serviceValidate",
                &[("service", SERVICE), ("ticket", "ST-1")],
            );
            assert_eq!(server.get(&path).await.status, 200);
            assert_eq!(server.get(&file).await.status, 200);
        }
        let page = server.get("/signin/unlock").await;
        let picture = format!("/signin/captcha/{}.png", page.captcha_id().unwrap());
        let (answered, reply) = knock(&mut server, &picture).await;
        assert!((3..=4).contains(&answered), "{answered}");
        assert_own_page(&reply, 429, "error");
        assert_eq!(server.get("/help").await.status, 200);
    })
    .await;
}

#[tokio::test] // NET-04, NET-07: who refuses, and where, doesn't matter
async fn a_program_that_is_refused_reads_no_page() {
    each_campus_with(tight, async |campus| {
        let text = |reply: &Reply, status: u16, says: &str| {
            assert_eq!(reply.status, status, "{}", reply.body());
            let kind = reply.header("content-type").unwrap();
            assert_eq!(kind, "text/plain; charset=utf-8");
            assert_eq!(reply.header("cache-control"), Some("no-store"));
            assert!(reply.body().contains(says), "{}", reply.body());
            let id = reply.header("x-request-id").unwrap();
            assert!(reply.body().contains(id), "{}", reply.body());
        };
        let mut program = from(campus, "203.0.113.60:1");
        let nothing = program.get("/cas/v1/nothing").await;
        text(&nothing, 404, "nothing at this address");
        let put = Request::put("/cas/v1/tickets").body(Body::empty()).unwrap();
        let refused = program.send(put).await;
        text(&refused, 405, "method");
        assert_eq!(refused.header("allow"), Some("POST"));
        let mut limited = program.get("/cas/v1/nothing").await;
        for _ in 0..20 {
            limited = program.get("/cas/v1/nothing").await;
        }
        text(&limited, 429, "too many requests");
        assert!(limited.header("retry-after").is_some());
        // An application's server, which has no limit of its address: the same.
        let post = Request::post("/cas/proxy").body(Body::empty()).unwrap();
        text(&program.send(post).await, 405, "method");
        program.origin = "https://evil.com".into();
        let path = address("/cas/serviceValidate", &[("ticket", "ST-1")]);
        text(&program.get(&path).await, 421, "host");
        // Programs of OpenID Connect have their own language; people a page.
        program.origin = campus.visitor().origin;
        program.peer = Some("203.0.113.61:1".parse().unwrap());
        let nothing = program.get("/oidc/token/nothing").await;
        assert_eq!(nothing.header("content-type"), Some("application/json"));
        let body: serde_json::Value = serde_json::from_str(&nothing.body()).unwrap();
        assert_eq!(
            (nothing.status.as_u16(), &body["error"]),
            (404, &"invalid_request".into())
        );
        assert_own_page(&program.get("/oidc/nothing").await, 404, "error");
    })
    .await;
}

#[tokio::test] // NET-07
async fn a_database_without_a_free_connection_is_a_503_and_no_collapse() {
    each_campus(async |campus| {
        let mut parts = campus.parts.clone();
        let options = OpenOptions {
            connections: 1,
            acquire_timeout: Duration::from_millis(100),
            ..OpenOptions::default()
        };
        parts.db = Db::open(&campus.url, &options).await.unwrap();
        let node = campus.node(&parts).await;
        let mut inside = signed_in(campus).await;
        inside.route_to(node.router());
        let mut stranger = campus.visitor_at(&node);
        let page = stranger.sign_in_page(SERVICE).await;

        let busy = parts.db.read().await.unwrap();
        let ((), trail) = changing_nothing(campus, async || {
            let hop = inside.get(&login(SERVICE)).await;
            let fields = [("username", STUDENT), ("password", PASSWORD)];
            let attempt = stranger.submit(&page, &fields).await;
            for reply in [hop, attempt] {
                assert_own_page(&reply, 503, "error");
                assert!(reply.header("retry-after").is_some());
                assert!(reply.body().contains("data-failure=\"busy\""));
            }
            // A stranger's page needs no database.
            assert_eq!(stranger.sign_in_page(SERVICE).await.page(), "sign_in");
        })
        .await;
        assert!(trail.is_empty(), "{trail:?}");
        drop(busy);
        let ticket = inside
            .get(&login(SERVICE))
            .await
            .ticket()
            .expect("well again");
        assert_eq!(validate(campus, SERVICE, &ticket).await, Ok(STUDENT.into()));
        parts.db.close().await;
    })
    .await;
}
