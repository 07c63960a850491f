//! SES-15, NET-02: configuration names us and our clients' proxies; no header does.

use std::net::SocketAddr;

use axum::body::Body;
use axum::http::Request;

use crate::support::kit::{
    PASSWORD, STUDENT, address, assert_own_page, changing_nothing, scalars, signed_in,
};
use crate::support::{Campus, Reply, SERVICE, Visitor, each_campus, each_campus_with, login};

const PAGES: &[&str] = &[
    "/",
    "/help",
    "/cas/login",
    "/cas/login?service=http%3A%2F%2F127.0.0.1%3A9000%2Fsecret",
    "/cas/logout",
    "/oidc/logout",
    "/signin/activation",
    "/signin/unlock",
    "/signin/evidence",
    "/signin/switch",
    "/nothing",
];

/// What has named another host to some server or other.
const CLAIMS: &[(&str, &str)] = &[
    ("x-forwarded-host", "evil.com"),
    ("x-forwarded-server", "evil.com"),
    ("x-forwarded-proto", "https"),
    ("x-forwarded-port", "443"),
    ("x-forwarded-prefix", "/evil"),
    ("x-forwarded-uri", "/evil"),
    ("x-original-url", "/evil"),
    ("x-original-host", "evil.com"),
    ("x-rewrite-url", "/evil"),
    ("x-http-host-override", "evil.com"),
    ("x-host", "evil.com"),
    ("forwarded", "host=evil.com;proto=https;for=10.0.0.1"),
    ("base-url", "https://evil.com"),
];

#[tokio::test] // SES-15
async fn another_host_is_answered_by_a_page_that_does_nothing() {
    each_campus(async |campus| {
        for host in [
            "evil.com",
            "localhost:8080.evil.com",
            "evil.com:8080",
            "localhost",
            "localhost:80",
            "localhost:8080@evil.com",
            "localhost:8080,evil.com",
            "localhost:8080:8080",
            "127.0.0.1",
            "[::1]:80",
            "",
        ] {
            for path in PAGES {
                let mut visitor = signed_in(campus).await;
                let request = Request::get(*path).header("host", host);
                let request = request.body(Body::empty()).unwrap();
                let (reply, trail) =
                    changing_nothing(campus, async || visitor.send(request).await).await;
                assert_own_page(&reply, 421, "error");
                assert!(reply.cookies().is_empty(), "{host} {path}");
                assert!(!reply.body().contains("evil"), "{host} {path}");
                assert!(trail.is_empty(), "{trail:?}");
            }
        }
        // The address in the request line comes before the header (RFC 9112 §3.2.2).
        for (uri, status) in [
            ("http://evil.com/cas/login", 421),
            ("http://localhost:8080/cas/login", 200),
        ] {
            let request = Request::get(uri).body(Body::empty()).unwrap();
            assert_eq!(campus.visitor().send(request).await.status, status, "{uri}");
        }
        let mut shouting = campus.visitor();
        shouting.origin = "http://LOCALHOST:8080".into();
        assert_eq!(shouting.get("/cas/login").await.status, 200);
    })
    .await;
}

#[tokio::test] // SES-15, NET-02
async fn what_headers_claim_changes_no_byte() {
    each_campus(async |campus| {
        let inside = signed_in(campus).await;
        for path in PAGES {
            for visitor in [campus.visitor(), inside.clone()] {
                // The page itself, not what it does to a session.
                let visitor = if *path == "/cas/logout" {
                    campus.visitor()
                } else {
                    visitor
                };
                let plain = visitor.clone().get(path).await;
                for (name, value) in CLAIMS {
                    let request = Request::get(*path).header(*name, *value);
                    let request = request.body(Body::empty()).unwrap();
                    let reply = visitor.clone().send(request).await;
                    assert_eq!(looks(&reply), looks(&plain), "{name} {path}");
                }
            }
        }
        // Where it leads, and which cookies are set.
        for (name, value) in CLAIMS {
            let mut visitor = campus.visitor();
            let page = visitor.sign_in_page(SERVICE).await;
            let csrf = page.field("csrf").unwrap();
            let fields = [
                ("csrf", csrf.as_str()),
                ("service", SERVICE),
                ("username", STUDENT),
                ("password", PASSWORD),
            ];
            let request = Visitor::form_request("/cas/login", &fields)
                .header("origin", "http://localhost:8080")
                .header(*name, *value);
            let request = request.body(Body::from(Visitor::encode(&fields))).unwrap();
            let reply = visitor.send(request).await;
            let reply = visitor.leave_the_queue(reply).await;
            assert!(reply.ticket().is_some(), "{name}: {}", reply.body());
            assert!(reply.location().unwrap().starts_with(SERVICE));
            assert!(visitor.cookies.contains_key("TGC"), "{name}");
        }
    })
    .await;
}

/// All of an answer but what is drawn anew each time: tokens, the ticket, the request's id.
fn looks(reply: &Reply) -> String {
    let mut text = reply.masked("");
    for (before, after) in [("<code>", "</code>"), ("ticket=", "\n")] {
        if let Some(at) = text.find(before) {
            let end = text[at..].find(after).map_or(text.len(), |n| at + n);
            text.replace_range(at..end, "");
        }
    }
    text
}

/// The client address that the audit trail has of a request.
async fn recorded(campus: &Campus, peer: &str, headers: &[(&str, &str)]) -> String {
    let mut visitor = campus.visitor();
    visitor.peer = Some(peer.parse().unwrap());
    let mut request = Request::get(login("https://evil.com/"));
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let reply = visitor.send(request.body(Body::empty()).unwrap()).await;
    let id = reply.header("x-request-id").unwrap();
    let sql = format!("SELECT address FROM audit_events WHERE request_id = '{id}'");
    scalars(campus, &sql).await.remove(0)
}

#[tokio::test] // NET-02: without configured proxies nobody's word counts
async fn a_stranger_can_not_name_her_address() {
    each_campus(async |campus| {
        for name in [
            "x-forwarded-for",
            "x-real-ip",
            "forwarded",
            "x-client-ip",
            "true-client-ip",
            "cf-connecting-ip",
            "x-cluster-client-ip",
            "client-ip",
        ] {
            for value in ["10.0.0.1", "127.0.0.1", "for=10.0.0.1", "::1"] {
                let address = recorded(campus, "203.0.113.9:4711", &[(name, value)]).await;
                assert_eq!(address, "203.0.113.9", "{name}: {value}");
            }
        }
    })
    .await;
}

#[tokio::test] // NET-02: behind proxies, the last address that none of them is
async fn only_configured_proxies_are_believed() {
    let proxies = |config: &mut idp::config::Config| {
        config.server.trusted_proxies = "10.0.0.0/8,2001:db8:ffff::/48".parse().unwrap();
    };
    each_campus_with(proxies, async |campus| {
        let proxy = "10.0.0.5:80";
        for (peer, forwarded, expected) in [
            (proxy, vec![], "10.0.0.5"),
            (proxy, vec!["203.0.113.7"], "203.0.113.7"),
            (proxy, vec!["1.2.3.4, 203.0.113.7"], "203.0.113.7"),
            (proxy, vec!["1.2.3.4, 203.0.113.7, 10.0.0.9"], "203.0.113.7"),
            (proxy, vec!["1.2.3.4", "203.0.113.7"], "203.0.113.7"),
            (proxy, vec!["203.0.113.7", "10.9.9.9"], "203.0.113.7"),
            (proxy, vec!["10.1.1.1, 10.2.2.2"], "10.1.1.1"),
            (proxy, vec!["1.2.3.4, nonsense"], "10.0.0.5"),
            (proxy, vec!["1.2.3.4, nonsense, 10.0.0.9"], "10.0.0.9"),
            (proxy, vec!["1.2.3.4,"], "10.0.0.5"),
            (proxy, vec!["203.0.113.7:4711"], "10.0.0.5"),
            (proxy, vec!["2001:db8::7"], "2001:db8::7"),
            (proxy, vec!["::ffff:203.0.113.7"], "203.0.113.7"),
            ("[::ffff:10.0.0.5]:80", vec!["203.0.113.7"], "203.0.113.7"),
            ("[2001:db8:ffff::1]:80", vec!["203.0.113.7"], "203.0.113.7"),
            ("203.0.113.9:80", vec!["10.0.0.1"], "203.0.113.9"),
            ("203.0.113.9:80", vec!["10.0.0.1, 10.0.0.5"], "203.0.113.9"),
            (
                "[2001:db8:fffe::1]:80",
                vec!["10.0.0.1"],
                "2001:db8:fffe::1",
            ),
        ] {
            let headers: Vec<_> = forwarded.iter().map(|f| ("x-forwarded-for", *f)).collect();
            let address = recorded(campus, peer, &headers).await;
            assert_eq!(address, expected, "{peer} {forwarded:?}");
        }
        // Other headers say nothing, from a proxy either.
        let address = recorded(
            campus,
            proxy,
            &[("x-real-ip", "1.2.3.4"), ("forwarded", "for=1.2.3.4")],
        );
        assert_eq!(address.await, "10.0.0.5");
    })
    .await;
}

#[tokio::test] // NET-02, PWD-01: no header opens what an address opens
async fn a_spoofed_campus_address_opens_no_wizard() {
    let tail_only = |config: &mut idp::config::Config| {
        let open =
            serde_json::json!({ "networks": ["10.0.0.0/8"], "since": "2026-11-20T00:00:00Z" });
        config.activation.tail_only = Some(serde_json::from_value(open).unwrap());
    };
    each_campus_with(tail_only, async |campus| {
        // Has neither phone nor activation code.
        let (number, tail) = ("20230004", "049504");
        for (peer, opens) in [("203.0.113.9:80", false), ("10.1.2.3:80", true)] {
            let mut visitor = campus.visitor();
            visitor.peer = Some(peer.parse::<SocketAddr>().unwrap());
            let page = visitor.sign_in_page(SERVICE).await;
            let csrf = page.field("csrf").unwrap();
            let fields = [
                ("csrf", csrf.as_str()),
                ("service", SERVICE),
                ("username", number),
                ("password", tail),
            ];
            let mut request = Visitor::form_request("/cas/login", &fields)
                .header("origin", "http://localhost:8080");
            for name in ["x-forwarded-for", "x-real-ip", "forwarded"] {
                request = request.header(name, "10.1.2.3");
            }
            let request = request.body(Body::from(Visitor::encode(&fields))).unwrap();
            let reply = visitor.send(request).await;
            let reply = visitor.leave_the_queue(reply).await;
            let page = visitor.follow(reply).await.page();
            let expected = if opens { "privacy_notice" } else { "evidence" };
            assert_eq!(page, expected, "{peer}");
        }
    })
    .await;
}

#[tokio::test] // NET-11: nothing of the operators' is on the public listener
async fn what_is_not_in_the_table_is_not_there() {
    each_campus(async |campus| {
        let mut visitor = signed_in(campus).await;
        for path in [
            "/metrics",
            "/healthz",
            "/readyz",
            "/health",
            "/debug",
            "/debug/pprof",
            "/actuator",
            "/status",
            "/.git/config",
            "/.env",
            "/backup.zip",
            "/yimen.db",
            "/data/master.key",
            "/admin",
            "/api/v1/people",
            "/dev/inbox",
            "/assets/x/style.css.map",
            "/assets/x/..%2f..%2fCargo.toml",
            "/assets/x/%2e%2e%2ftemplates%2fsign_in.html",
            "/cas/login/",
            "/cas//login",
            "/CAS/login",
            "/cas/login%00",
            "/cas/login;jsessionid=1",
        ] {
            let (reply, _) = changing_nothing(campus, async || visitor.get(path).await).await;
            assert_own_page(&reply, 404, "error");
        }
        // Nor does a query make one.
        let path = address("/nothing", &[("service", SERVICE), ("ticket", "ST-x")]);
        assert_own_page(&visitor.get(&path).await, 404, "error");
    })
    .await;
}
