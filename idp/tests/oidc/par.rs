//! Pushed authorization requests (RFC 9126).

use std::net::IpAddr;

use axum::body::Body;
use jiff::SignedDuration;
use serde_json::{Value, json};

use crate::support::kit::{address, assert_own_page, changing_nothing, signed_in};
use crate::support::oidc::{AUTHORIZE, Rp, sign_in_at};
use crate::support::{Campus, Reply, Visitor, each_campus, each_campus_with};

const PAR: &str = "/oidc/par";

/// Pushes an ordinary request, changed.
async fn push(campus: &Campus, rp: &Rp, changes: &[(&str, &str)]) -> Reply {
    let all = rp.parameters(changes);
    let pairs: Vec<(&str, &str)> = all.iter().map(|(n, v)| (&**n, &**v)).collect();
    rp.post(campus, PAR, &pairs).await
}

/// The `request_uri` of a push that must succeed.
async fn pushed(campus: &Campus, rp: &Rp, changes: &[(&str, &str)]) -> String {
    let reply = push(campus, rp, changes).await;
    assert_eq!(reply.status, 201, "{}", reply.body());
    assert_eq!(reply.header("cache-control"), Some("no-store"));
    let body: Value = serde_json::from_slice(&reply.bytes).unwrap();
    assert_eq!(body["expires_in"], 60);
    body["request_uri"].as_str().unwrap().to_owned()
}

/// The error of a push that must fail.
fn error(reply: &Reply) -> (u16, String) {
    let body: Value = serde_json::from_slice(&reply.bytes).unwrap();
    (
        reply.status.as_u16(),
        body["error"].as_str().unwrap().to_owned(),
    )
}

async fn present(visitor: &mut Visitor, client: &str, uri: &str) -> Reply {
    let pairs = [("client_id", client), ("request_uri", uri)];
    visitor.get(&address(AUTHORIZE, &pairs)).await
}

#[track_caller]
fn assert_spent(reply: &Reply) {
    assert_own_page(reply, 400, "refused_client");
    assert!(reply.body().contains("invalid_request_uri"));
}

#[tokio::test] // OIDC 95, 96; OID-10
async fn a_pushed_request_is_answered_once() {
    each_campus(async |campus| {
        let rp = Rp::registered(campus).await;
        let mut visitor = signed_in(campus).await;
        let uri = pushed(campus, &rp, &[("state", "pushed")]).await;
        assert!(
            uri.starts_with("urn:ietf:params:oauth:request_uri:"),
            "{uri}"
        );
        // What stands beside it counts for nothing.
        let beside = [
            ("client_id", "rp"),
            ("request_uri", &*uri),
            ("state", "beside"),
            ("redirect_uri", "https://evil.example.org/"),
            ("scope", "campus"),
        ];
        let reply = visitor.get(&address(AUTHORIZE, &beside)).await;
        let answer = rp.answer(&reply);
        assert_eq!(answer["state"], "pushed");
        assert_eq!(rp.redeem(campus, &answer["code"]).await.status, 200);
        for prompt in [None, Some(("prompt", "none"))] {
            let mut pairs = vec![("client_id", "rp"), ("request_uri", &*uri)];
            pairs.extend(prompt);
            assert_spent(&visitor.get(&address(AUTHORIZE, &pairs)).await);
        }
        // An error is an answer too.
        let uri = pushed(campus, &rp, &[("prompt", "none")]).await;
        let mut stranger = campus.visitor();
        let reply = present(&mut stranger, "rp", &uri).await;
        assert_eq!(rp.error(&reply), "login_required");
        assert_spent(&present(&mut stranger, "rp", &uri).await);
        assert_spent(&present(&mut visitor, "rp", &uri).await);
    })
    .await;
}

#[tokio::test] // OID-10, OIDC 6: which of two counts would be a guess
async fn a_pushed_request_is_named_once() {
    each_campus(async |campus| {
        let rp = Rp::registered(campus).await;
        let mut visitor = signed_in(campus).await;
        let (one, two) = (
            pushed(campus, &rp, &[]).await,
            pushed(campus, &rp, &[("state", "another")]).await,
        );
        for more in [
            ("request_uri", two.as_str()),
            ("request_uri", &one),
            ("request_uri", "https://evil.example.org/request"),
            ("request", "e30.e30."),
            ("client_id", "rp"),
        ] {
            let pairs = [("client_id", "rp"), ("request_uri", &*one), more];
            for pairs in [pairs, [more, pairs[0], pairs[1]]] {
                let path = address(AUTHORIZE, &pairs);
                let (reply, _) = changing_nothing(campus, async || visitor.get(&path).await).await;
                assert_own_page(&reply, 400, "refused_client");
                assert!(reply.body().contains("repeated_parameter"), "{more:?}");
            }
        }
        // Nothing of it used the request up.
        rp.code_of(&present(&mut visitor, "rp", &one).await);
        // By value and beside an address that is proven, too.
        let twice = format!("{}&request=e30.e30.&request=e30.e30.", rp.authorize(&[]));
        assert_own_page(&visitor.get(&twice).await, 400, "refused_client");
    })
    .await;
}

#[tokio::test] // OID-10: bound to its client, and to its minute
async fn a_pushed_request_is_its_clients_for_a_minute() {
    each_campus(async |campus| {
        let rp = Rp::registered(campus).await;
        let mut entry = Rp::entry();
        entry["id"] = "second".into();
        entry["oidc"]["client_id"] = "second".into();
        Rp::of_entry(campus, &entry).await;
        let mut visitor = signed_in(campus).await;
        let uri = pushed(campus, &rp, &[]).await;
        let (reply, _) =
            changing_nothing(campus, async || present(&mut visitor, "second", &uri).await).await;
        assert_spent(&reply);
        let mut guess = uri.clone();
        guess.replace_range(uri.len() - 1.., if uri.ends_with('A') { "B" } else { "A" });
        assert_spent(&present(&mut visitor, "rp", &guess).await);
        assert_spent(&present(&mut visitor, "rp", "urn:ietf:params:oauth:request_uri:").await);
        campus.advance(SignedDuration::from_secs(61));
        assert_spent(&present(&mut visitor, "rp", &uri).await);
    })
    .await;
}

#[tokio::test] // who can name a public client must not be able to lock everybody out of it
async fn of_a_public_client_each_address_has_its_own_share() {
    let few = |config: &mut idp::config::Config| {
        config.limits.stranger_per_minute = serde_json::from_value(10.into()).unwrap();
    };
    each_campus_with(few, async |campus| {
        let public = json!({ "client_secret": null, "token_endpoint_auth_method": "none" });
        let rp = Rp::registered_with(campus, &public).await;
        let mut all = rp.parameters(&[]);
        all.retain(|(name, _)| name != "client_id");
        all.push(("client_id".into(), "rp".into()));
        let pairs: Vec<(&str, &str)> = all.iter().map(|(n, v)| (&**n, &**v)).collect();
        let from = async |address: &str| {
            let mut program = campus.visitor();
            program.peer = Some((address.parse::<IpAddr>().unwrap(), 443).into());
            let request = Visitor::form_request(PAR, &pairs);
            let body = Body::from(Visitor::encode(&pairs));
            program.send(request.body(body).unwrap()).await
        };
        let mut refused = None;
        for _ in 0..30 {
            let reply = from("198.51.100.7").await;
            if reply.status != 201 {
                refused = Some(reply);
                break;
            }
        }
        let refused = refused.expect("one address has no end of it");
        assert_eq!(error(&refused), (429, "temporarily_unavailable".into()));
        let wait: u32 = refused.header("retry-after").unwrap().parse().unwrap();
        assert!((1..=60).contains(&wait), "{wait}");
        // Everybody else goes on, and so do clients that prove who they are.
        assert_eq!(from("198.51.100.8").await.status, 201);
        let mut entry = Rp::entry();
        entry["id"] = "second".into();
        entry["oidc"]["client_id"] = "second".into();
        let proven = Rp::of_entry(campus, &entry).await;
        for _ in 0..40 {
            assert_eq!(push(campus, &proven, &[]).await.status, 201);
        }
    })
    .await;
}

#[tokio::test] // a person has time to type, to reload, to change the language
async fn who_opened_it_has_ten_minutes() {
    each_campus(async |campus| {
        let rp = Rp::registered(campus).await;
        let uri = pushed(campus, &rp, &[]).await;
        let mut visitor = campus.visitor();
        let page = present(&mut visitor, "rp", &uri).await;
        assert_eq!(page.page(), "sign_in");
        let names: Vec<String> = page.hidden().into_iter().map(|(name, _)| name).collect();
        assert_eq!(names, ["csrf", "client_id", "request_uri"]);
        campus.advance(SignedDuration::from_mins(9));
        let page = present(&mut visitor, "rp", &uri).await;
        let reply = sign_in_at(&mut visitor, &page).await;
        rp.code_of(&reply);

        let uri = pushed(campus, &rp, &[("prompt", "login")]).await;
        let page = present(&mut visitor, "rp", &uri).await;
        campus.advance(SignedDuration::from_mins(11));
        let typed = [("username", "x"), ("password", "y")];
        assert_spent(&visitor.submit(&page, &typed).await);
    })
    .await;
}

#[tokio::test] // OID-10
async fn of_64_who_present_it_one_gets_the_code() {
    each_campus(async |campus| {
        let rp = Rp::registered(campus).await;
        let visitor = signed_in(campus).await;
        let uri = pushed(campus, &rp, &[]).await;
        let tabs = (0..64).map(|_| {
            let (mut tab, uri) = (visitor.clone(), uri.clone());
            async move { present(&mut tab, "rp", &uri).await }
        });
        let replies = futures_util::future::join_all(tabs).await;
        let codes = replies.iter().filter(|reply| reply.status == 302);
        assert_eq!(codes.count(), 1);
        for reply in replies.iter().filter(|reply| reply.status != 302) {
            assert_spent(reply);
        }
        assert_eq!(campus.count("authorization_codes").await, 1);
    })
    .await;
}

#[tokio::test] // OIDC 94, 95, 96: checked as if a browser had brought it
async fn a_push_is_checked_whole() {
    each_campus(async |campus| {
        let rp = Rp::registered(campus).await;
        for (change, code) in [
            (
                ("request_uri", "urn:ietf:params:oauth:request_uri:PR-x"),
                "invalid_request",
            ),
            (("request", "e30.e30."), "request_not_supported"),
            (
                ("redirect_uri", "https://evil.example.org/"),
                "invalid_request",
            ),
            (("redirect_uri", ""), "invalid_request"),
            (("response_type", "token"), "unsupported_response_type"),
            (("scope", "nothing:known"), "invalid_scope"),
            (("code_challenge", ""), "invalid_request"),
            (("state", &*"x".repeat(2049)), "invalid_request"),
            (("resource", "https://elsewhere"), "invalid_target"),
        ] {
            let reply = push(campus, &rp, &[change]).await;
            assert_eq!(error(&reply), (400, code.into()), "{change:?}");
        }
        let mut stranger = rp.clone();
        stranger.secret = Some("another-secret-than-the-one".into());
        let reply = push(campus, &stranger, &[]).await;
        assert_eq!(error(&reply), (401, "invalid_client".into()));
        let long = "x".repeat(20_000);
        assert_eq!(
            push(campus, &rp, &[("login_hint", &long)]).await.status,
            413
        );
        assert_eq!(campus.visitor().get(PAR).await.status, 405);
        assert_eq!(campus.count("pushed_requests").await, 0);
    })
    .await;
}

#[tokio::test] // OIDC 97
async fn who_must_push_can_not_ask_otherwise() {
    each_campus(async |campus| {
        let only = json!({ "require_pushed_authorization_requests": true });
        let rp = Rp::registered_with(campus, &only).await;
        let mut visitor = signed_in(campus).await;
        let reply = rp.open(&mut visitor, &[]).await;
        assert_eq!(rp.error(&reply), "invalid_request");
        let uri = pushed(campus, &rp, &[]).await;
        let reply = present(&mut visitor, "rp", &uri).await;
        rp.code_of(&reply);
    })
    .await;
}
