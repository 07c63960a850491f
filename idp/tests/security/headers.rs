//! SES-03, SES-08, SES-09, OID-34, NET-09: what every response carries, from every route, good or
//! bad, over http and https.

use std::collections::BTreeSet;

use axum::body::Body;
use axum::http::Request;
use idp::routes::ROUTES;
use serde_json::json;

use crate::sessions::{at_https, over_https};
use crate::support::kit::{
    PASSWORD, STUDENT, address, give_a_second_number, half_way, register, sign_in_ticking,
};
use crate::support::{Campus, Reply, SERVICE, Visitor, each_campus, each_campus_with, login};

/// Goes everywhere and does everything once, well and badly; gives all replies by what they were.
async fn crawl(campus: &Campus, https: bool) -> Vec<(String, Reply)> {
    let visitor = || {
        if https {
            at_https(campus.visitor())
        } else {
            campus.visitor()
        }
    };
    let mut all = Vec::new();
    // The first sign-in, page by page.
    let mut newcomer = visitor();
    let initial = campus.demo.initial_passwords[0].clone();
    let mut reply = newcomer
        .sign_in(SERVICE, idp::demo::NEWCOMER, &initial)
        .await;
    for stop in [
        "evidence",
        "privacy_notice",
        "new_password",
        "bind_phone",
        "done",
    ] {
        all.push((format!("before {stop}"), reply.clone()));
        reply = newcomer
            .walk_to(
                campus,
                reply,
                "+8613800000001",
                "quiet-lantern-58-river",
                stop,
            )
            .await;
        all.push((stop.to_owned(), reply.clone()));
    }
    all.push((
        "a step by GET".into(),
        newcomer.get("/signin/evidence").await,
    ));
    all.push(("我已完成".into(), newcomer.submit(&reply, &[]).await));
    all.push(("a hop".into(), newcomer.get(&login(SERVICE)).await));
    let staff = json!({ "id": "staff", "name": { "zh-CN": "人事", "en": "Staff" },
        "cas": { "services": ["https://staff.uni.edu.cn/*"] },
        "access": { "affiliations": ["faculty"] } });
    register(campus, &staff).await;
    let hop = newcomer.get(&login("https://staff.uni.edu.cn/")).await;
    all.push(("no access".into(), hop));
    for path in [
        "/cas/login",
        "/signin/switch",
        "/oidc/logout",
        "/cas/logout",
        "/cas/logout",
        "/oidc/logout",
    ] {
        all.push((format!("signed in: {path}"), newcomer.get(path).await));
    }
    on_the_way(campus, visitor(), &mut all).await;
    // Codes for strangers, and a browser that is let try again.
    let mut stranger = visitor();
    let mut asked = stranger.get("/signin/unlock").await;
    for path in ["/signin/activation", "/signin/unlock"] {
        asked = stranger.ask_code(campus, path, STUDENT).await;
        all.push((format!("a code at {path}"), asked.clone()));
        all.push((
            format!("a wrong code at {path}"),
            stranger.enter(&asked, "000000").await,
        ));
    }
    let code = campus.code_for("+8613800000002").await;
    all.push(("unlocked".into(), stranger.enter(&asked, &code).await));
    // Every page, to a stranger; with the choice of a language.
    for route in ROUTES.iter().filter(|r| r.method == "GET") {
        let captcha = visitor().get("/signin/unlock").await.captcha_id().unwrap();
        let path = route.path.replace("{file}", &format!("{captcha}.png"));
        let path = path.replace("{version}/{name}", "x/style.css");
        all.push((path.clone(), visitor().get(&path).await));
        let path = format!("{path}?locale=en");
        all.push((path.clone(), visitor().get(&path).await));
        let request = Request::head(&path).body(Body::empty()).unwrap();
        all.push((format!("HEAD {path}"), visitor().send(request).await));
    }
    all.push((
        "refused password".into(),
        visitor().sign_in(SERVICE, STUDENT, "wrong").await,
    ));
    all.extend(errors(visitor()).await);
    all
}

/// What a signed-in person is shown between two applications, and on the way out of them.
async fn on_the_way(campus: &Campus, mut browser: Visitor, all: &mut Vec<(String, Reply)>) {
    give_a_second_number(campus).await;
    let entries = json!([
        { "id": "meals", "name": { "zh-CN": "食堂", "en": "Canteen" },
            "cas": { "services": ["https://meals.uni.edu.cn/*"] }, "account_number": "ask" },
        { "id": "old", "name": { "zh-CN": "旧系统", "en": "Old" },
            "cas": { "services": ["https://old.uni.edu.cn/*"], "logout": { "channel": "front" } } },
    ]);
    register(campus, &entries).await;
    let by_form = ("method", "POST");
    let signed_in = sign_in_ticking(&mut browser, &["warn", "rememberMe"]).await;
    all.push(("a remembered sign-in".into(), signed_in));
    for (service, pages) in [
        (
            "https://meals.uni.edu.cn/",
            &["choose_number", "enter_service"][..],
        ),
        ("https://old.uni.edu.cn/", &["enter_service"]),
    ] {
        let path = address("/cas/login", &[("service", service), by_form]);
        let mut reply = browser.get(&path).await;
        for page in pages {
            all.push((format!("before {page}"), reply.clone()));
            let asked = browser.follow(reply).await;
            assert_eq!(asked.page(), *page, "{}", asked.body());
            all.push(((*page).to_owned(), asked.clone()));
            let answer = match *page {
                "choose_number" => &[("number", "t2026001")][..],
                _ => &[],
            };
            reply = browser.submit(&asked, answer).await;
        }
        assert_eq!(reply.page(), "post_ticket", "{}", reply.body());
        all.push(("post_ticket".into(), reply));
    }
    let by_header = address("/cas/login", &[("service", SERVICE), ("method", "HEADER")]);
    all.push((
        "asked on the way to a header".into(),
        browser.get(&by_header).await,
    ));
    let out = browser.get("/cas/logout").await;
    assert!(out.body().contains("<iframe"), "{}", out.body());
    all.push(("signed_out with a ledger and a frame".into(), out));
    for (name, body) in [
        ("no envelope", "x"),
        ("an envelope with a DOCTYPE", "<!DOCTYPE x><x/>"),
    ] {
        let request = Request::post("/cas/samlValidate?TARGET=https://old.uni.edu.cn/")
            .header("content-type", "text/xml")
            .body(Body::from(body));
        let reply = browser.send(request.unwrap()).await;
        all.push((format!("{name} for /cas/samlValidate"), reply));
    }
}

/// Each kind of error page.
async fn errors(visitor: Visitor) -> Vec<(String, Reply)> {
    let mut all = Vec::new();
    let mut get = async |name: &str, path: &str| {
        all.push((name.to_owned(), visitor.clone().get(path).await));
    };
    get("403 service", &login("https://evil.com/")).await;
    get("400 flow", "/signin/evidence").await;
    get("404 page", "/nothing").await;
    get("404 asset", "/assets/x/nothing.js").await;
    get("404 captcha", "/signin/captcha/x.png").await;
    get(
        "refused ticket",
        &address("/cas/serviceValidate", &[("ticket", "ST-1")]),
    )
    .await;
    all.push((
        "403 forgery".into(),
        visitor.clone().post("/signin/done", &[]).await,
    ));
    let put = Request::put("/cas/login").body(Body::empty()).unwrap();
    all.push(("405".into(), visitor.clone().send(put).await));
    let big = "x".repeat(20_000);
    let fields = [("password", big.as_str())];
    all.push((
        "413".into(),
        visitor.clone().post("/cas/login", &fields).await,
    ));
    let mut lost = visitor.clone();
    lost.origin = "https://evil.com".into();
    all.push(("421".into(), lost.get("/cas/login").await));
    let old = Request::get("/cas/login").header("user-agent", "Mozilla/4.0 (compatible; MSIE 8.0)");
    let old = old.body(Body::empty()).unwrap();
    all.push(("an old browser".into(), visitor.clone().send(old).await));
    let mut guesser = visitor;
    for _ in 0..4 {
        let reply = guesser.sign_in(SERVICE, "20239999", "wrong").await;
        all.push(("guess".into(), reply));
    }
    all
}

#[track_caller]
fn check(name: &str, reply: &Reply, https: bool) {
    let header = |header: &str| {
        let values: Vec<_> = reply.headers.get_all(header).iter().collect();
        assert!(values.len() <= 1, "{name}: {header} is there twice");
        reply.header(header).unwrap_or_default()
    };
    let policy = header("content-security-policy");
    for directive in [
        "default-src 'none'",
        "object-src 'none'",
        "base-uri 'none'",
        "frame-ancestors 'none'",
        "form-action ",
    ] {
        assert!(policy.contains(directive), "{name}: {policy}");
    }
    // Every script is a file of ours: stricter than nonces, and nothing inline runs.
    for never in ["unsafe", "data:", "*", "http:", "nonce-"] {
        let policy = policy.replace("form-action 'self' http://127.0.0.1:9000", "");
        assert!(!policy.contains(never), "{name}: {policy}");
    }
    assert_eq!(header("x-frame-options"), "DENY", "{name}");
    assert_eq!(header("x-content-type-options"), "nosniff", "{name}");
    assert_eq!(
        header("cross-origin-opener-policy"),
        "same-origin",
        "{name}"
    );
    assert!(!header("permissions-policy").is_empty(), "{name}");
    assert!(!header("x-request-id").is_empty(), "{name}");
    assert_eq!(
        header("strict-transport-security"),
        if https { "max-age=31536000" } else { "" }
    );
    for never in ["server", "x-powered-by"] {
        assert_eq!(header(never), "", "{name}");
    }
    // What anybody may read, programs in browsers too, and nothing else.
    let path = name.strip_prefix("HEAD ").unwrap_or(name);
    let public = path.starts_with("/.well-known/o") || path.starts_with("/oidc/jwks");
    let origins = header("access-control-allow-origin");
    assert!(origins.is_empty() || public && origins == "*", "{name}");
    let page = header("content-type").starts_with("text/html");
    // XML-07: the logged-out page has no form, and its address may be a secret.
    // A HEAD shows no page to tell it by.
    let heads = ["HEAD /cas/logout", "HEAD /oidc/logout"];
    let logged_out =
        reply.page() == "signed_out" || heads.into_iter().any(|head| name.starts_with(head));
    let posts = page && !logged_out;
    assert_eq!(
        header("referrer-policy"),
        if posts { "same-origin" } else { "no-referrer" },
        "{name}"
    );
    if page || reply.location().is_some() || name.contains("/cas/") {
        assert_eq!(header("cache-control"), "no-store", "{name}");
    }
    // OID-34
    assert!(!matches!(reply.status.as_u16(), 301 | 307 | 308), "{name}");
    assert!(!reply.status.is_server_error(), "{name}: {}", reply.body());
    if page {
        check_page(name, &reply.body());
    }
}

/// Nothing in a page needs what the policy forbids.
#[track_caller]
fn check_page(name: &str, body: &str) {
    for tag in body.split("<script").skip(1) {
        assert!(
            tag.trim_start().starts_with("src=\"/assets/"),
            "{name}: inline"
        );
    }
    for never in [
        "<style",
        " style=",
        " onclick=",
        " onload=",
        " onerror=",
        "javascript:",
    ] {
        assert!(!body.contains(never), "{name}: {never}");
    }
}

#[tokio::test] // SES-08, SES-09, OID-34, NET-09
async fn every_response_protects_itself() {
    for https in [false, true] {
        each_campus_with(
            |config| {
                if https {
                    over_https(config);
                }
            },
            async |campus| {
                let replies = crawl(campus, https).await;
                let mut statuses = BTreeSet::new();
                let mut pages = BTreeSet::new();
                for (name, reply) in &replies {
                    statuses.insert(reply.status.as_u16());
                    pages.insert(reply.page());
                    check(name, reply, https);
                }
                // The crawl itself got around.
                let expected = [200, 302, 303, 400, 401, 403, 404, 405, 413, 421];
                assert!(
                    expected.iter().all(|s| statuses.contains(s)),
                    "{statuses:?}"
                );
                assert!(pages.len() >= 20, "{pages:?}");
            },
        )
        .await;
    }
}

#[tokio::test] // SES-03: the whole list, with every flag
async fn every_cookie_of_every_route_is_closed() {
    for https in [false, true] {
        each_campus_with(
            |config| {
                if https {
                    over_https(config);
                }
            },
            async |campus| {
                let replies = crawl(campus, https).await;
                let mut seen = BTreeSet::new();
                for cookie in replies.iter().flat_map(|(_, reply)| reply.cookies()) {
                    let (name, rest) = cookie.split_once('=').unwrap();
                    let (value, flags) = rest.split_once(';').unwrap();
                    let kind = if value.is_empty() { "removed" } else { "set" };
                    seen.insert(format!("{name} {kind};{flags}"));
                }
                let (prefix, secure) = if https {
                    ("__Host-", "; Secure")
                } else {
                    ("", "")
                };
                let all = "Path=/; HttpOnly; SameSite=Lax";
                let mut expected = BTreeSet::new();
                for (cookie, age) in [
                    ("TGC set", ""),
                    // CAS 123: a remembered one.
                    ("TGC set", "; Max-Age=2592000"),
                    ("TGC removed", "; Max-Age=0"),
                    ("device set", "; Max-Age=2592000"),
                    ("locale set", "; Max-Age=31536000"),
                    ("queue removed", "; Max-Age=0"),
                    ("signin set", ""),
                    ("signin removed", "; Max-Age=0"),
                    ("unlock set", ""),
                    ("unlock removed", "; Max-Age=0"),
                    ("visitor set", ""),
                ] {
                    expected.insert(format!("{prefix}{cookie}; {all}{age}{secure}"));
                }
                assert_eq!(seen, expected);
            },
        )
        .await;
    }
}

#[tokio::test] // SES-09: a form may lead to its own proven target and no further
async fn only_the_pages_on_the_way_name_the_target() {
    each_campus(async |campus| {
        let own = "form-action 'self'";
        let and_target = "form-action 'self' http://127.0.0.1:9000";
        let policy = |reply: &Reply| {
            let policy = reply.header("content-security-policy").unwrap();
            policy[policy.find("form-action").unwrap()..].to_owned()
        };
        let mut stranger = campus.visitor();
        assert_eq!(policy(&stranger.sign_in_page(SERVICE).await), and_target);
        assert_eq!(policy(&stranger.get("/cas/login").await), own);
        assert_eq!(policy(&stranger.get("/help").await), own);
        let (mut visitor, mut page) = half_way(campus).await;
        for (stop, expected) in [
            ("evidence", own),
            ("new_password", own),
            ("bind_phone", own),
            ("done", and_target),
        ] {
            page = visitor
                .walk_to(campus, page, "+8613800000001", PASSWORD, stop)
                .await;
            assert_eq!(policy(&page), expected, "{stop}");
        }
    })
    .await;
}
