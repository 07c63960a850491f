//! HEAD is safe (RFC 9110 §9.2.1), also where CAS has a GET that signs out or issues.

use axum::body::Body;
use axum::http::Request;
use idp::routes::{Auth, ROUTES};

use crate::support::kit::{address, changing_nothing, signed_in, ticket, validate};
use crate::support::{Reply, SERVICE, Visitor, each_campus, login};

async fn head(visitor: &Visitor, path: &str) -> Reply {
    let request = Request::head(path).body(Body::empty()).unwrap();
    visitor.clone().send(request).await
}

#[tokio::test] // SES-04
async fn a_head_by_a_signed_in_browser_does_nothing() {
    each_campus(async |campus| {
        let mut browser = signed_in(campus).await;
        let unused = ticket(&mut browser, SERVICE).await;
        let (replies, trail) = changing_nothing(campus, async || {
            let mut replies = Vec::new();
            for route in ROUTES.iter().filter(|r| r.method == "GET") {
                let path = route.path.replace("{version}/{name}", "x/style.css");
                let pairs = [("service", SERVICE), ("ticket", &unused)];
                let path = address(&path.replace("{file}", "x.png"), &pairs);
                replies.push((route, head(&browser, &path).await));
            }
            replies
        })
        .await;
        assert!(trail.is_empty(), "{trail:?}");
        for (route, reply) in replies {
            let name = route.path;
            assert_eq!(reply.ticket(), None, "{name}");
            assert!(reply.cookies().is_empty(), "{name}: {:?}", reply.cookies());
            assert!(!reply.status.is_server_error(), "{name}");
            if route.auth == Auth::Application && !route.audit.is_empty() {
                assert_eq!(reply.status, 405, "{name}");
                assert_eq!(reply.header("allow"), Some("GET"), "{name}");
            }
        }
        // Still signed in, and her ticket is still good.
        assert!(browser.get(&login(SERVICE)).await.ticket().is_some());
        assert!(validate(campus, SERVICE, &unused).await.is_ok());
    })
    .await;
}

#[tokio::test]
async fn monitors_and_link_checkers_find_what_a_stranger_finds() {
    each_campus(async |campus| {
        let (stranger, person) = (campus.visitor(), signed_in(campus).await);
        for path in ["/", "/cas/login", &login(SERVICE), "/cas/logout", "/help"] {
            let got = stranger.clone().get(path).await;
            for visitor in [&stranger, &person] {
                let reply = head(visitor, path).await;
                assert_eq!(reply.status, got.status, "{path}");
                assert_eq!(reply.location(), got.location(), "{path}");
                assert_eq!(
                    reply.header("content-type"),
                    got.header("content-type"),
                    "{path}"
                );
            }
        }
        assert_eq!(head(&stranger, "/cas/login").await.status, 200);
    })
    .await;
}
