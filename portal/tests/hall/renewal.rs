//! Tokens that run out, and what the hall learns by renewing them.

use jiff::SignedDuration;
use serde_json::json;

use crate::support::{stage, stages};

/// Past the ten minutes of an access token.
const LATER: SignedDuration = SignedDuration::from_mins(11);

#[tokio::test]
async fn tokens_are_renewed_while_the_hall_is_used() {
    for stage in stages().await {
        let mut browser = stage.signed_in().await;
        let before = stage.provider.count("token");
        assert!(browser.is_signed_in().await);
        assert_eq!(
            stage.provider.count("token"),
            before,
            "not before it is due"
        );
        stage.provider.told(|conduct| conduct.name = "李晓".into());
        stage.clock.advance(LATER);
        let home = browser.get("/").await;
        assert!(home.has(">李晓<"), "what the provider tells now");
        assert_eq!(stage.provider.count("token"), before + 1);
        assert!(!home.has("AT-") && !home.has("RT-"));
        assert!(browser.is_signed_in().await);
        assert_eq!(stage.provider.count("token"), before + 1);
    }
}

#[tokio::test]
async fn of_many_requests_one_renews() {
    for stage in stages().await {
        let browser = stage.signed_in().await;
        let before = stage.provider.count("token");
        stage.clock.advance(LATER);
        let requests: Vec<_> = (0..16)
            .map(|_| {
                let mut browser = browser.clone();
                tokio::spawn(async move { browser.is_signed_in().await })
            })
            .collect();
        for request in requests {
            assert!(request.await.unwrap());
        }
        assert_eq!(stage.provider.count("token"), before + 1);
    }
}

#[tokio::test]
async fn a_session_that_is_over_at_the_provider_is_over_here() {
    for stage in stages().await {
        let mut browser = stage.signed_in().await;
        stage
            .provider
            .told(|conduct| conduct.token_error = Some((400, "invalid_grant")));
        assert!(
            browser.is_signed_in().await,
            "until the access token runs out"
        );
        stage.clock.advance(LATER);
        assert!(!browser.is_signed_in().await);
        assert!(!browser.cookies.contains_key("hall"));
        stage.provider.told(|conduct| conduct.token_error = None);
        assert!(!browser.is_signed_in().await);
    }
}

#[tokio::test]
async fn while_the_provider_is_away_sessions_go_on() {
    let stage = stage().await;
    let mut browser = stage.signed_in().await;
    stage
        .provider
        .told(|conduct| conduct.token_error = Some((503, "temporarily_unavailable")));
    stage.clock.advance(LATER);
    let before = stage.provider.count("token");
    assert!(browser.is_signed_in().await);
    assert!(browser.is_signed_in().await);
    assert_eq!(
        stage.provider.count("token"),
        before + 1,
        "not at each click"
    );
    stage.provider.told(|conduct| conduct.token_error = None);
    stage.clock.advance(SignedDuration::from_secs(31));
    assert!(browser.is_signed_in().await);
    assert_eq!(stage.provider.count("token"), before + 2);
}

#[tokio::test] // OIDC Core 12.2
async fn a_renewal_for_somebody_else_ends_the_session() {
    let stage = stage().await;
    let mut browser = stage.signed_in().await;
    let other = json!({"sub": "somebody else"});
    stage
        .provider
        .told(|conduct| conduct.id_claims = other.as_object().unwrap().clone());
    stage.clock.advance(LATER);
    assert!(!browser.is_signed_in().await);
}

#[tokio::test]
async fn a_renewal_need_not_bring_an_id_token() {
    let stage = stage().await;
    let mut browser = stage.signed_in().await;
    stage.provider.told(|conduct| conduct.with_id_token = false);
    stage.clock.advance(LATER);
    assert!(browser.is_signed_in().await);
    let csrf = browser.csrf().await;
    let origin = crate::support::ORIGIN_OF_HALL;
    let reply = browser.post("/signout", origin, &[("csrf", &csrf)]).await;
    assert!(
        reply.location().contains("id_token_hint="),
        "the first one serves"
    );
}
