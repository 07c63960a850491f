//! `/account/consents`: what applications have of a person, and its end.

use axum::body::Body;
use jiff::SignedDuration;
use serde_json::{Value, json};

use crate::support::kit::{audited_by, half_way, register, signed_in, unregister};
use crate::support::oidc::Rp;
use crate::support::{Campus, Reply, Visitor, each_campus};

const HERE: &str = "/account/consents";
const REVOKE: &str = "/account/consents/revoke";

/// A client of the school's own, which keeps access.
async fn keeping(campus: &Campus) -> Rp {
    let grants = json!({ "grant_types": ["authorization_code", "refresh_token"] });
    Rp::registered_with(campus, &grants).await
}

async fn tokens(campus: &Campus, rp: &Rp, visitor: &mut Visitor, scope: &str) -> Value {
    let code = rp.code(visitor, &[("scope", scope)]).await;
    let reply = rp.redeem(campus, &code).await;
    assert_eq!(reply.status, 200, "{}", reply.body());
    serde_json::from_slice(&reply.bytes).unwrap()
}

async fn refresh(campus: &Campus, rp: &Rp, token: &Value) -> Reply {
    let token = token["refresh_token"].as_str().unwrap();
    let fields = [("grant_type", "refresh_token"), ("refresh_token", token)];
    rp.post(campus, "/oidc/token", &fields).await
}

#[tokio::test] // OIDC 86: what lives on after the sign-out is hers to see and to end
async fn access_that_nobody_asked_her_about_is_listed_and_ended() {
    each_campus(async |campus| {
        let rp = keeping(campus).await;
        let mut visitor = signed_in(campus).await;
        tokens(campus, &rp, &mut visitor, "openid profile").await;
        let list = visitor.get(HERE).await;
        assert!(
            !list.body().contains("选课"),
            "what ends with the session is no access of its own"
        );
        let kept = tokens(campus, &rp, &mut visitor, "openid profile offline_access").await;
        campus.advance(SignedDuration::from_mins(20));
        let kept = refresh(campus, &rp, &kept).await;
        let kept: Value = serde_json::from_slice(&kept.bytes).unwrap();
        let mut visitor = signed_in(campus).await;
        let list = visitor.get(HERE).await;
        let body = list.body();
        assert!(body.contains("选课"), "{body}");
        assert!(body.contains("由学校登记"), "{body}");
        // What it learns, when it began, when it was used, when it ends.
        for told in ["姓名", ":00 起", ":20，", "2027-"] {
            assert!(body.contains(told), "{told}: {body}");
        }
        assert_eq!(campus.count("consents").await, 0);
        // Another person sees and ends none of it.
        let (mut other, page) = half_way(campus).await;
        other
            .activate(campus, page, "+8613800000001", "quiet-lantern-58-river")
            .await;
        let theirs = other.get(HERE).await;
        assert!(!theirs.body().contains("选课"));
        let csrf = other.get("/account").await.field("csrf").unwrap();
        let foreign = [("csrf", csrf.as_str()), ("application", Rp::ID)];
        let reply = other.post(REVOKE, &foreign).await;
        assert_eq!(reply.location(), Some(HERE), "there was nothing");

        let csrf = list.field("csrf").unwrap();
        let fields = [("csrf", csrf.as_str()), ("application", Rp::ID)];
        let (reply, trail) = audited_by(campus, async || visitor.post(REVOKE, &fields).await).await;
        assert_eq!(reply.location(), Some("/account/consents?withdrawn=true"));
        assert_eq!(trail, ["oidc.consent.withdraw success -"]);
        assert_eq!(refresh(campus, &rp, &kept).await.status, 400);
        let list = visitor.follow(reply).await;
        assert_eq!(list.notice().as_deref(), Some("consent_withdrawn"));
        assert!(!list.body().contains("由学校登记"));
    })
    .await;
}

#[tokio::test] // SES-07
async fn nobody_else_takes_it_back() {
    each_campus(async |campus| {
        let rp = keeping(campus).await;
        let mut visitor = signed_in(campus).await;
        let kept = tokens(campus, &rp, &mut visitor, "openid offline_access").await;
        let own = visitor.get(HERE).await.field("csrf").unwrap();
        let foreign = signed_in(campus).await.get("/account").await;
        let foreign = foreign.field("csrf").unwrap();
        for csrf in ["", "x", &foreign] {
            let fields = [("csrf", csrf), ("application", Rp::ID)];
            assert_eq!(visitor.post(REVOKE, &fields).await.status, 403);
        }
        // Its own token, from a page elsewhere.
        let fields = [("csrf", own.as_str()), ("application", Rp::ID)];
        let request =
            Visitor::form_request(REVOKE, &fields).header("origin", "https://evil.example.org");
        let body = Body::from(Visitor::encode(&fields));
        let reply = visitor.send(request.body(body).unwrap()).await;
        assert_eq!(reply.status, 403);
        assert_eq!(visitor.get(REVOKE).await.status, 405);
        assert_eq!(refresh(campus, &rp, &kept).await.status, 200);
    })
    .await;
}

#[tokio::test] // OID-14: the person is told
async fn who_reused_a_refresh_token_is_told_of() {
    each_campus(async |campus| {
        let rp = keeping(campus).await;
        let mut visitor = signed_in(campus).await;
        let stolen = tokens(campus, &rp, &mut visitor, "openid offline_access").await;
        assert_eq!(refresh(campus, &rp, &stolen).await.status, 200);
        campus.advance(SignedDuration::from_mins(5));
        assert_eq!(visitor.get(HERE).await.notice(), None);
        assert_eq!(refresh(campus, &rp, &stolen).await.status, 400);
        let told = visitor.get(HERE).await;
        assert_eq!(told.notice().as_deref(), Some("access_reused"));
        assert!(told.body().contains("“选课”"), "{}", told.body());
        let english = visitor.get(&format!("{HERE}?locale=en")).await;
        assert!(english.body().contains("used twice"), "{}", english.body());
        // Also when the application is gone; a month later nobody is told any more.
        let mut renamed = Rp::entry();
        renamed["id"] = "another".into();
        unregister(campus, Rp::ID).await;
        register(campus, &renamed).await;
        assert!(visitor.get(HERE).await.body().contains("“rp”"));
        campus.advance(SignedDuration::from_hours(31 * 24));
        let mut later = signed_in(campus).await;
        assert_eq!(later.get(HERE).await.notice(), None);
    })
    .await;
}
