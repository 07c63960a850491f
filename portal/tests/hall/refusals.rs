//! Answers that sign nobody in.

use axum::http::StatusCode;
use jiff::SignedDuration;
use serde_json::{Value, json};

use crate::support::keys::Signing;
use crate::support::provider::{Pkce, SID, back};
use crate::support::{Stage, parameter, stage, stages};

/// Nobody is signed in, the page says why, and nothing of the answer is said back.
async fn refused(stage: &Stage, why: &str, change: Value) {
    let changes = change.as_object().unwrap().clone();
    stage.provider.told(|conduct| conduct.id_claims = changes);
    refused_now(stage, why, &change.to_string()).await;
    stage.provider.told(|conduct| conduct.id_claims.clear());
}

async fn refused_now(stage: &Stage, why: &str, place: &str) {
    let mut browser = stage.browser();
    let asked = browser.begin("/").await;
    let reply = browser.come_back(&stage.provider, &asked).await;
    assert_eq!(reply.failure(), Some(why), "{place}");
    assert!(!browser.cookies.contains_key("hall"), "{place}");
    assert!(!browser.is_signed_in().await, "{place}");
}

#[tokio::test] // OIDC 3.1.3.7; OID-17, OID-21
async fn an_id_token_that_isnt_for_this_sign_in_is_none() {
    let stage = stage().await;
    let now = stage.clock.now().as_second();
    for change in [
        json!({"iss": "https://evil.example"}),
        json!({"iss": format!("{}/", stage.provider.issuer)}),
        json!({"iss": null}),
        json!({"aud": "other"}),
        json!({"aud": []}),
        json!({"aud": ["hall", "other"]}),
        json!({"azp": "other"}),
        json!({"nonce": "x"}),
        json!({"nonce": null}),
        json!({"exp": now}),
        json!({"exp": now - 1}),
        json!({"iat": now - 601}),
        json!({"iat": now + 31}),
        json!({"at_hash": "x"}),
        json!({"sub": ""}),
        json!({"sub": null}),
    ] {
        refused(&stage, "untrusted", change).await;
    }
    // And with none of these it is.
    assert!(stage.signed_in().await.is_signed_in().await);
}

#[tokio::test] // OID-06, OID-08
async fn a_signature_is_the_providers_or_none() {
    let stage = stage().await;
    for signing in [
        Signing::None,
        Signing::Hs256,
        Signing::Stranger,
        Signing::Unpublished,
        Signing::WrongKey,
    ] {
        stage.provider.told(|conduct| conduct.signing = signing);
        refused_now(&stage, "untrusted", &format!("{signing:?}")).await;
    }
    // Keys are read again for a token that none signed, but not each time.
    assert!(stage.provider.count("jwks") <= 2);
    stage.provider.told(|conduct| {
        conduct.signing = Signing::Es256;
        conduct.with_id_token = false;
    });
    refused_now(&stage, "untrusted", "no ID token").await;
}

#[tokio::test]
async fn userinfo_tells_of_the_same_person_or_nobody() {
    let stage = stage().await;
    stage
        .provider
        .told(|conduct| conduct.userinfo_subject = "somebody else".into());
    refused_now(&stage, "untrusted", "sub").await;
    stage.provider.told(|conduct| conduct.userinfo_status = 401);
    refused_now(&stage, "misconfigured", "401").await;
    stage.provider.told(|conduct| conduct.userinfo_status = 503);
    refused_now(&stage, "away", "503").await;
}

#[tokio::test] // SES-02, SES-05, OID-21
async fn state_is_the_browsers_own() {
    let stage = stage().await;
    let provider = &stage.provider;
    let mut browser = stage.browser();
    let asked = browser.begin("/").await;
    let state = parameter(&asked, "state").unwrap();
    let code = provider.code(&asked);
    let expired = async |pairs: &[(&str, &str)], browser: &mut crate::support::Browser| {
        let reply = browser.get(&back(pairs)).await;
        assert_eq!(reply.status, StatusCode::BAD_REQUEST, "{pairs:?}");
        assert_eq!(reply.failure(), Some("expired"), "{pairs:?}");
        assert!(!browser.cookies.contains_key("hall"));
    };
    let iss = ("iss", provider.issuer.as_str());
    let good = [("code", code.as_str()), ("state", state.as_str()), iss];
    expired(&[("code", &code), iss], &mut browser).await;
    expired(&[("code", &code), ("state", ""), iss], &mut browser).await;
    expired(&[("code", &code), ("state", "x"), iss], &mut browser).await;
    let mut bent = state.clone();
    bent.replace_range(40..41, if &state[40..41] == "A" { "B" } else { "A" });
    expired(&[("code", &code), ("state", &bent), iss], &mut browser).await;
    // Another browser: one that never was here, and one with a sign-in of its own under way.
    expired(&good, &mut stage.browser()).await;
    let mut other = stage.browser();
    other.begin("/").await;
    expired(&good, &mut other).await;
    // Too late.
    stage.clock.advance(SignedDuration::from_mins(10));
    expired(&good, &mut browser).await;
    assert_eq!(provider.count("token"), 0, "no code was redeemed");
}

#[tokio::test] // OID-21: with PKCE, and by the nonce where a provider forgot about PKCE
async fn a_code_of_another_sign_in_signs_nobody_in() {
    let stage = stage().await;
    let provider = &stage.provider;
    for (pkce, why) in [(Pkce::Checked, "expired"), (Pkce::Forgotten, "untrusted")] {
        provider.told(|conduct| conduct.pkce = pkce);
        let stolen = provider.code(&stage.browser().begin("/").await);
        let mut victim = stage.browser();
        let asked = victim.begin("/").await;
        let state = parameter(&asked, "state").unwrap();
        let pairs = [
            ("code", stolen.as_str()),
            ("state", state.as_str()),
            ("iss", provider.issuer.as_str()),
        ];
        let reply = victim.get(&back(&pairs)).await;
        assert_eq!(reply.failure(), Some(why));
        assert!(!victim.cookies.contains_key("hall"));
        assert!(!victim.is_signed_in().await);
    }
}

#[tokio::test]
async fn an_answer_serves_once() {
    for stage in stages().await {
        let mut browser = stage.browser();
        let asked = browser.begin("/x").await;
        let back = stage.provider.answer(&asked);
        assert_eq!(browser.get(&back).await.location(), "/x");
        let cookie = browser.cookies["hall"].clone();
        // Reloaded: nothing happens, and by HEAD neither.
        let request = axum::http::Request::head(&back);
        let reply = browser.send(request, String::new()).await;
        assert_eq!(reply.status, StatusCode::BAD_REQUEST);
        let reply = browser.get(&back).await;
        assert_eq!(
            (reply.status, reply.location()),
            (StatusCode::FOUND, "/x".into())
        );
        assert_eq!(browser.cookies["hall"], cookie);
        // Without the session: nobody is signed in by it.
        browser.cookies.remove("hall");
        let reply = browser.get(&back).await;
        assert_eq!(reply.failure(), Some("expired"));
        assert_eq!(stage.provider.count("token"), 1);
    }
}

#[tokio::test]
async fn of_many_at_once_one_signs_in() {
    for stage in stages().await {
        let mut browser = stage.browser();
        let asked = browser.begin("/x").await;
        let back = stage.provider.answer(&asked);
        let tries = (0..12).map(|_| {
            let (mut browser, back) = (browser.clone(), back.clone());
            tokio::spawn(async move { browser.get(&back).await.status })
        });
        let mut statuses = Vec::new();
        for one in tries.collect::<Vec<_>>() {
            statuses.push(one.await.unwrap());
        }
        let done = statuses.iter().filter(|s| **s == StatusCode::FOUND).count();
        assert_eq!(done, 1, "{statuses:?}");
        assert_eq!(stage.provider.count("token"), 1);
    }
}

#[tokio::test] // OID-05
async fn an_answer_names_its_issuer() {
    let stage = stage().await;
    let issuer = stage.provider.issuer.clone();
    let slash = format!("{issuer}/");
    for iss in [None, Some("https://evil.example"), Some(slash.as_str())] {
        let mut browser = stage.browser();
        let asked = browser.begin("/").await;
        let (state, code) = (
            parameter(&asked, "state").unwrap(),
            stage.provider.code(&asked),
        );
        let mut pairs = vec![("code", code.as_str()), ("state", state.as_str())];
        pairs.extend(iss.map(|iss| ("iss", iss)));
        let reply = browser.get(&back(&pairs)).await;
        assert_eq!(reply.failure(), Some("untrusted"), "{iss:?}");
        // A parameter that comes twice is none.
        pairs.truncate(2);
        pairs.extend([("iss", issuer.as_str()), ("iss", issuer.as_str())]);
        let reply = browser.get(&back(&pairs)).await;
        assert_eq!(reply.failure(), Some("untrusted"));
    }
    assert_eq!(stage.provider.count("token"), 0);
}

#[tokio::test]
async fn errors_of_the_provider_are_pages_that_say_nothing_of_it_back() {
    let stage = stage().await;
    for (error, why) in [
        ("access_denied", "denied"),
        ("login_required", "required"),
        ("interaction_required", "required"),
        ("temporarily_unavailable", "away"),
        ("server_error", "away"),
        ("invalid_scope", "misconfigured"),
        ("<script>alert(1)</script>", "misconfigured"),
    ] {
        let mut browser = stage.browser();
        let asked = browser.begin("/x").await;
        let state = parameter(&asked, "state").unwrap();
        let there = back(&[
            ("error", error),
            ("error_description", "<b>evil words</b>"),
            ("state", &state),
            ("iss", &stage.provider.issuer),
        ]);
        let reply = browser.get(&there).await;
        assert_eq!(reply.failure(), Some(why), "{error}");
        assert!(!reply.has("evil words") && !reply.has("alert(1)") && !reply.has(&state));
        // Again, to where she was going.
        assert!(reply.has("/signin?to=%2Fx"), "{}", reply.body);
    }
}

#[tokio::test]
async fn a_provider_that_refuses_the_code_signs_nobody_in() {
    let stage = stage().await;
    for (status, error, why) in [
        (400, "invalid_grant", "expired"),
        (401, "invalid_client", "misconfigured"),
        (400, "unauthorized_client", "misconfigured"),
    ] {
        stage
            .provider
            .told(|conduct| conduct.token_error = Some((status, error)));
        refused_now(&stage, why, error).await;
    }
    stage.provider.told(|conduct| conduct.away = true);
    let mut browser = stage.browser();
    let asked = browser.begin("/").await;
    let reply = browser.come_back(&stage.provider, &asked).await;
    assert_eq!(reply.failure(), Some("away"), "503 without a word");
}

#[tokio::test] // signed out at the provider while the code was on its way
async fn a_session_that_ended_meanwhile_isnt_revived() {
    for stage in stages().await {
        let mut browser = stage.browser();
        let asked = browser.begin("/").await;
        let back = stage.provider.answer(&asked);
        let token = stage
            .provider
            .logout_token(Signing::Es256, "logout+jwt", &json!({"sid": SID}));
        let told = crate::told::post(&stage, &token).await;
        assert_eq!(told.status, StatusCode::OK);
        let reply = browser.get(&back).await;
        assert_eq!(reply.failure(), Some("ended"));
        assert!(!browser.is_signed_in().await);
    }
}

#[tokio::test] // SES-15, OID-34, SES-08, SES-09
async fn hosts_methods_and_headers() {
    let stage = stage().await;
    let mut browser = stage.browser();
    let request = axum::http::Request::get("/").header("host", "evil.example");
    let reply = browser.send(request, String::new()).await;
    assert_eq!(reply.status, StatusCode::MISDIRECTED_REQUEST);
    assert!(!reply.has("evil.example"));
    let reply = browser
        .post("/signin/callback", "http://localhost:8090", &[])
        .await;
    assert_eq!(reply.status, StatusCode::METHOD_NOT_ALLOWED);
    let reply = browser.get("/nothing?x=%3Cb%3E").await;
    assert_eq!(reply.status, StatusCode::NOT_FOUND);
    let policy = reply.headers["content-security-policy"].to_str().unwrap();
    assert!(policy.contains("frame-ancestors 'none'") && policy.contains("default-src 'none'"));
    assert!(!policy.contains("unsafe"));
    assert!(policy.ends_with(&format!("form-action 'self' {}", stage.provider.issuer)));
    assert_eq!(reply.headers["x-frame-options"], "DENY");
    assert_eq!(reply.headers["x-content-type-options"], "nosniff");
}
