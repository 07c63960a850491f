//! What a sign-out leaves of OpenID Connect, and the ID tokens that applications show for it.

use idp::oidc::keys::{KeyLife, Why, rotate};
use jiff::SignedDuration;
use serde_json::{Value, json};

use crate::support::kit::{address, assert_own_page, register, signed_in};
use crate::support::oidc::Rp;
use crate::support::{Campus, Reply, Visitor, each_campus};

const BYE: &str = "https://rp.example.edu/bye";

fn entry() -> Value {
    Rp::entry_with(&json!({
        "grant_types": ["authorization_code", "refresh_token"],
        "post_logout_redirect_uris": [BYE],
    }))
}

/// What a code gave.
async fn tokens(campus: &Campus, rp: &Rp, visitor: &mut Visitor, scope: &str) -> Value {
    let code = rp.code(visitor, &[("scope", scope)]).await;
    let reply = rp.redeem(campus, &code).await;
    assert_eq!(reply.status, 200, "{}", reply.body());
    serde_json::from_slice(&reply.bytes).unwrap()
}

async fn refresh(campus: &Campus, rp: &Rp, tokens: &Value) -> Reply {
    let token = tokens["refresh_token"].as_str().unwrap();
    let fields = [("grant_type", "refresh_token"), ("refresh_token", token)];
    rp.post(campus, "/oidc/token", &fields).await
}

async fn sign_out(visitor: &mut Visitor, hint: &str) -> Reply {
    let asked = [("id_token_hint", hint), ("post_logout_redirect_uri", BYE)];
    visitor.get(&address("/oidc/logout", &asked)).await
}

#[tokio::test] // OIDC 81, OIDC 86
async fn after_a_sign_out_nobody_is_there_and_only_offline_access_lives_on() {
    each_campus(async |campus| {
        let rp = Rp::of_entry(campus, &entry()).await;
        let mut visitor = signed_in(campus).await;
        let bound = tokens(campus, &rp, &mut visitor, "openid").await;
        let offline = tokens(campus, &rp, &mut visitor, "openid offline_access").await;
        let silent = [("prompt", "none")];
        rp.code(&mut visitor, &silent).await;
        let mut copy = visitor.clone();
        let hint = bound["id_token"].as_str().unwrap();
        let reply = sign_out(&mut visitor, hint).await;
        assert_eq!(reply.location(), Some(BYE), "{}", reply.body());
        // With the hint, and by a copy of the cookie, neither.
        for asked in [vec![silent[0]], vec![silent[0], ("id_token_hint", hint)]] {
            for browser in [&mut visitor, &mut copy] {
                let reply = rp.open(browser, &asked).await;
                assert_eq!(rp.error(&reply), "login_required");
            }
        }
        assert_eq!(refresh(campus, &rp, &bound).await.status, 400);
        let lives = refresh(campus, &rp, &offline).await;
        assert_eq!(lives.status, 200, "{}", lives.body());
    })
    .await;
}

#[tokio::test] // OIDC 17, OIDC 76: applications keep an ID token longer than we publish its key
async fn an_id_token_is_a_hint_after_its_key() {
    each_campus(async |campus| {
        let rp = Rp::of_entry(campus, &entry()).await;
        let mut visitor = signed_in(campus).await;
        let kept = tokens(campus, &rp, &mut visitor, "openid").await;
        let kept = kept["id_token"].as_str().unwrap();
        let app = campus.idp.app();
        let life = KeyLife::of(&app.config);
        let mut rng = app.entropy.rng();
        let at = campus.clock.now();
        let made = rotate(&app.db, &app.keys, Why::AtOnce, &life, at, &mut rng).await;
        assert!(!made.unwrap().is_empty());
        campus.advance(life.keep + SignedDuration::from_hours(1));
        let keys = &app.signing_keys;
        let now = campus.clock.now();
        assert!(
            keys.refresh_if_changed(&app.db, &app.keys, now)
                .await
                .unwrap()
        );
        for sweep in idp_storage::expiry::SWEEPS {
            let mut tx = app.db.write().await.unwrap();
            idp_storage::expiry::sweep(&mut tx, sweep, now, 1000)
                .await
                .unwrap();
            tx.commit().await.unwrap();
        }
        let published = campus.visitor().get("/oidc/jwks").await.body();
        let head = kept.split('.').next().unwrap();
        let head = base64::Engine::decode(&base64::engine::general_purpose::URL_SAFE_NO_PAD, head);
        let head: Value = serde_json::from_slice(&head.unwrap()).unwrap();
        assert!(!published.contains(head["kid"].as_str().unwrap()));

        let mut visitor = signed_in(campus).await;
        let hint = [("prompt", "none"), ("id_token_hint", kept)];
        rp.code(&mut visitor, &hint).await;
        // It is of another session than hers of now: she is asked.
        assert_eq!(sign_out(&mut visitor, kept).await.page(), "sign_out");
        // Who isn't signed in goes on by it.
        let reply = sign_out(&mut campus.visitor(), kept).await;
        assert_eq!(reply.location(), Some(BYE));
        // It opens nothing.
        assert!(
            keys.verify(kept, idp_domain::oidc::jose::Typ::IdToken)
                .is_err()
        );
    })
    .await;
}

#[tokio::test] // RED-10: what is switched off asks for nothing and is gone to by nobody
async fn a_switched_off_client_signs_nobody_out() {
    each_campus(async |campus| {
        let rp = Rp::of_entry(campus, &entry()).await;
        let mut visitor = signed_in(campus).await;
        let tokens = tokens(campus, &rp, &mut visitor, "openid").await;
        let hint = tokens["id_token"].as_str().unwrap();
        let mut off = entry();
        off["enabled"] = false.into();
        register(campus, &off).await;
        let page = sign_out(&mut visitor, hint).await;
        assert_own_page(&page, 200, "sign_out");
        assert!(!page.body().contains(BYE) && !page.body().contains("选课"));
        let reply = visitor.submit(&page, &[]).await;
        let out = visitor.follow(reply).await;
        assert_own_page(&out, 200, "signed_out");
        let reply = sign_out(&mut campus.visitor(), hint).await;
        assert_own_page(&reply, 200, "signed_out");
    })
    .await;
}
