//! Back-Channel Logout 1.0: the provider tells, and is believed only whole.

use axum::http::{Request, StatusCode};
use jiff::SignedDuration;
use serde_json::json;

use crate::support::keys::Signing;
use crate::support::provider::SUBJECT;
use crate::support::{Reply, Stage, encode, stage, stages};

const TYP: &str = "logout+jwt";

pub async fn post(stage: &Stage, token: &str) -> Reply {
    // A server: another site's origin wouldn't matter, and it has no cookie.
    let request = Request::post("/signin/backchannel")
        .header("content-type", "application/x-www-form-urlencoded");
    let mut server = stage.browser();
    let reply = server
        .send(request, encode(&[("logout_token", token)]))
        .await;
    assert_eq!(reply.headers["cache-control"], "no-store");
    assert!(!reply.headers.contains_key("set-cookie"));
    reply
}

#[tokio::test] // OIDC back-channel logout
async fn a_logout_token_ends_the_session_of_its_sid() {
    for stage in stages().await {
        let mut hers = stage.signed_in().await;
        stage.provider.told(|conduct| conduct.sid = "other".into());
        let mut other = stage.signed_in().await;
        let token = stage.provider.logout_token(Signing::Es256, TYP, &json!({}));
        assert_eq!(post(&stage, &token).await.status, StatusCode::OK);
        assert!(!hers.is_signed_in().await);
        assert!(other.is_signed_in().await);
        // Used once (§2.6); who didn't hear the answer tells it by another token, and hears that
        // it is done (§2.7).
        assert_eq!(post(&stage, &token).await.status, StatusCode::BAD_REQUEST);
        let again = json!({"jti": "jti-again"});
        let token = stage.provider.logout_token(Signing::Es256, TYP, &again);
        assert_eq!(post(&stage, &token).await.status, StatusCode::OK);
        // By its subject alone: every session of the person.
        let by_subject = json!({"sid": null, "jti": "jti-2"});
        let token = stage
            .provider
            .logout_token(Signing::EdDsa, "JWT", &by_subject);
        assert_eq!(post(&stage, &token).await.status, StatusCode::OK);
        assert!(!other.is_signed_in().await);
        // Nothing to end is no error.
        let token = stage
            .provider
            .logout_token(Signing::Es256, TYP, &json!({"jti": "jti-3"}));
        assert_eq!(post(&stage, &token).await.status, StatusCode::OK);
    }
}

#[tokio::test] // OID-06, OID-08, OID-17
async fn what_isnt_a_logout_token_for_us_ends_nothing() {
    let stage = stage().await;
    let mut browser = stage.signed_in().await;
    let now = stage.clock.now().as_second();
    let event = "http://schemas.openid.net/event/backchannel-logout";
    for change in [
        json!({"iss": "https://evil.example"}),
        json!({"aud": "other"}),
        json!({"aud": ["other"]}),
        json!({"aud": null}),
        json!({"exp": now - 31}),
        json!({"exp": now + 3600}),
        json!({"exp": null}),
        json!({"iat": now - 3600}),
        json!({"iat": now + 60}),
        json!({"iat": null}),
        json!({"jti": null}),
        json!({"jti": ""}),
        json!({"events": null}),
        json!({"events": {}}),
        json!({"events": {event: true}}),
        json!({"nonce": "x"}),
        json!({"sid": null, "sub": null}),
        // Not an ID token: it has a nonce and no event.
        json!({"events": null, "nonce": "x"}),
    ] {
        let token = stage.provider.logout_token(Signing::Es256, TYP, &change);
        let status = post(&stage, &token).await.status;
        assert_eq!(status, StatusCode::BAD_REQUEST, "{change}");
    }
    for signing in [
        Signing::None,
        Signing::Hs256,
        Signing::Stranger,
        Signing::Unpublished,
        Signing::WrongKey,
    ] {
        let token = stage.provider.logout_token(signing, TYP, &json!({}));
        let status = post(&stage, &token).await.status;
        assert_eq!(status, StatusCode::BAD_REQUEST, "{signing:?}");
    }
    let access = stage
        .provider
        .logout_token(Signing::Es256, "at+jwt", &json!({}));
    let whole = stage.provider.logout_token(Signing::Es256, TYP, &json!({}));
    let mut bent = whole.clone();
    let middle = whole.len() - 20;
    let other = if &whole[middle..=middle] == "A" {
        "B"
    } else {
        "A"
    };
    bent.replace_range(middle..=middle, other);
    let cut = whole.rsplit_once('.').unwrap().0.to_owned();
    let long = "x".repeat(20_000);
    for token in ["", "x", "a.b.c", "..", &access, &bent, &cut] {
        let status = post(&stage, token).await.status;
        assert_eq!(status, StatusCode::BAD_REQUEST, "{token}");
    }
    assert_eq!(
        post(&stage, &long).await.status,
        StatusCode::PAYLOAD_TOO_LARGE
    );
    // Of another person's session with the same name of it.
    let other = json!({"sub": "somebody else"});
    let token = stage.provider.logout_token(Signing::Es256, TYP, &other);
    post(&stage, &token).await;
    assert!(browser.is_signed_in().await);
    // Keys aren't fetched for each token that none of them signed.
    assert!(stage.provider.count("jwks") <= 2);
}

#[tokio::test]
async fn a_token_of_a_new_key_is_believed_once_the_key_is_there() {
    let stage = stage().await;
    let mut browser = stage.signed_in().await;
    stage.provider.told(|conduct| conduct.all_keys = true);
    stage.clock.advance(SignedDuration::from_secs(15));
    let token = stage
        .provider
        .logout_token(Signing::Unpublished, TYP, &json!({}));
    assert_eq!(post(&stage, &token).await.status, StatusCode::OK);
    assert!(!browser.is_signed_in().await);
}

#[tokio::test] // a refusal would be final (Back-Channel Logout 1.0 §2.8)
async fn a_token_whose_key_cant_be_read_now_may_come_again() {
    let stage = stage().await;
    let mut browser = stage.signed_in().await;
    stage.clock.advance(SignedDuration::from_secs(15));
    stage.provider.told(|conduct| {
        conduct.all_keys = true;
        conduct.away = true;
    });
    let token = stage
        .provider
        .logout_token(Signing::Unpublished, TYP, &json!({}));
    // In vain, and once more before it may be asked again.
    for _ in 0..2 {
        let status = post(&stage, &token).await.status;
        assert_eq!(status, StatusCode::SERVICE_UNAVAILABLE);
    }
    assert!(browser.is_signed_in().await);
    stage.provider.told(|conduct| conduct.away = false);
    stage.clock.advance(SignedDuration::from_secs(4));
    assert_eq!(post(&stage, &token).await.status, StatusCode::OK);
    assert!(!browser.is_signed_in().await);
}

#[tokio::test]
async fn what_cant_be_checked_isnt_said_to_be_done() {
    let stage = stage().await;
    // Its keys were never read.
    stage.provider.told(|conduct| conduct.away = true);
    let token = stage.provider.logout_token(Signing::Es256, TYP, &json!({}));
    let status = post(&stage, &token).await.status;
    assert_eq!(status, StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(SUBJECT.len(), 36);
    // Nothing was done, so the same token isn't used yet (§2.6, §2.8).
    stage.provider.told(|conduct| conduct.away = false);
    stage.clock.advance(SignedDuration::from_secs(4));
    assert_eq!(post(&stage, &token).await.status, StatusCode::OK);
    assert_eq!(post(&stage, &token).await.status, StatusCode::BAD_REQUEST);
}
