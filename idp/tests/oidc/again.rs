//! Who must show credentials again, and leaves the way on the way (OID-19).

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use idp::demo::ADMINISTRATOR;
use jiff::SignedDuration;
use serde_json::{Value, json};

use crate::support::kit::{PASSWORD, STUDENT, signed_in};
use crate::support::oidc::{Rp, sign_in_at};
use crate::support::{Campus, each_campus};

/// What the ID token of a code says.
pub async fn id_token(campus: &Campus, rp: &Rp, code: &str) -> Value {
    let reply = rp.redeem(campus, code).await;
    assert_eq!(reply.status, 200, "{}", reply.body());
    let tokens: Value = serde_json::from_slice(&reply.bytes).unwrap();
    let token = tokens["id_token"].as_str().unwrap();
    let payload = URL_SAFE_NO_PAD.decode(token.split('.').nth(1).unwrap());
    serde_json::from_slice(&payload.unwrap()).unwrap()
}

#[tokio::test] // OID-19: leaving the form on any way brings no code without credentials
async fn who_cancels_or_begins_again_is_judged_again() {
    each_campus(async |campus| {
        let rp = Rp::registered(campus).await;
        let mut visitor = signed_in(campus).await;
        let again = [("prompt", "login")];
        rp.open(&mut visitor, &again).await;
        for way in [
            "/signin/continue",
            "/signin/queue",
            "/cas/login",
            "/account",
        ] {
            let reply = visitor.get(way).await;
            let to = reply.location().unwrap_or_default();
            assert!(!to.contains("code="), "{way}: {to}");
        }
        assert_eq!(rp.open(&mut visitor, &again).await.page(), "sign_in");
        assert_eq!(campus.count("authorization_codes").await, 0);
        // A wrong password leaves the session as it was, and the request unanswered.
        let page = rp.open(&mut visitor, &again).await;
        let typed = [("username", STUDENT), ("password", "wrong")];
        let reply = visitor.submit(&page, &typed).await;
        let reply = visitor.leave_the_queue(reply).await;
        assert_eq!(reply.status, 401);
        assert_eq!(rp.open(&mut visitor, &again).await.page(), "sign_in");
        rp.code(&mut visitor, &[]).await;
    })
    .await;
}

#[tokio::test] // OID-19: another person's session is another one, under another cookie
async fn who_signs_in_as_somebody_else_takes_nothing_over() {
    each_campus(async |campus| {
        let rp = Rp::registered(campus).await;
        let mut visitor = signed_in(campus).await;
        let code = rp.code(&mut visitor, &[]).await;
        let first = id_token(campus, &rp, &code).await;
        let mut before = visitor.clone();
        let page = rp.open(&mut visitor, &[("prompt", "login")]).await;
        let typed = [("username", ADMINISTRATOR), ("password", PASSWORD)];
        let reply = visitor.submit(&page, &typed).await;
        let reply = visitor.leave_the_queue(reply).await;
        let other = id_token(campus, &rp, &rp.code_of(&reply)).await;
        for name in ["sub", "sid"] {
            assert_ne!(other[name], first[name], "{name}");
        }
        assert_ne!(visitor.cookies["TGC"], before.cookies["TGC"]);
        let reply = rp.open(&mut before, &[("prompt", "none")]).await;
        assert_eq!(rp.error(&reply), "login_required");
    })
    .await;
}

#[tokio::test] // OID-19, OIDC 16: a question that lay open
async fn who_read_for_longer_than_the_limit_signs_in_once_more() {
    each_campus(async |campus| {
        let rp = Rp::registered_with(campus, &json!({ "consent": "ask" })).await;
        for (waited, is_asked) in [(50, false), (70, true)] {
            let mut visitor = campus.visitor();
            let wishes = [("max_age", "60"), ("prompt", "consent")];
            let reply = rp.sign_in(&mut visitor, &wishes).await;
            let page = visitor.follow(reply).await;
            assert_eq!(page.page(), "consent");
            campus.advance(SignedDuration::from_secs(waited));
            let reply = visitor.submit(&page, &[("decision", "allow")]).await;
            if !is_asked {
                rp.code_of(&reply);
                continue;
            }
            let seen = (reply.status.as_u16(), reply.page());
            assert_eq!(seen, (200, "sign_in".into()));
            let reply = sign_in_at(&mut visitor, &reply).await;
            let page = visitor.follow(reply).await;
            let reply = visitor.submit(&page, &[("decision", "allow")]).await;
            let said = id_token(campus, &rp, &rp.code_of(&reply)).await;
            let age = campus.clock.now().as_second() - said["auth_time"].as_i64().unwrap();
            assert!(age <= 60, "{age}");
        }
    })
    .await;
}
