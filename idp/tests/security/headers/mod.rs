//! SES-03, SES-08, SES-09, OID-34, NET-09: what every response carries, from every route, good or
//! bad, over http and https.

mod crawl;

use std::collections::BTreeSet;

use self::crawl::crawl;
use crate::sessions::over_https;
use crate::support::kit::{PASSWORD, half_way};
use crate::support::{Reply, SERVICE, each_campus, each_campus_with};

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
        let mut policy = policy.to_owned();
        for target in [" http://127.0.0.1:9000", " http://localhost:8080"] {
            policy = policy.replace(&format!("form-action 'self'{target}"), "");
        }
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
    let heads = [
        "HEAD /cas/logout",
        "HEAD /oidc/logout",
        "HEAD /signin/switch/",
    ];
    let logged_out =
        reply.page() == "signed_out" || heads.into_iter().any(|head| name.starts_with(head));
    let posts = page && !logged_out;
    assert_eq!(
        header("referrer-policy"),
        if posts { "same-origin" } else { "no-referrer" },
        "{name}"
    );
    let program = name.contains("/cas/") || name.starts_with("answer: ");
    if page || reply.location().is_some() || program {
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
