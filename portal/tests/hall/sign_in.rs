//! A sign-in that goes well.

use axum::http::StatusCode;
use jiff::SignedDuration;

use crate::support::keys::Signing;
use crate::support::provider::SUBJECT;
use crate::support::{parameter, stage, stages};

#[tokio::test]
async fn somebody_signs_in_and_comes_back_to_her_page() {
    for stage in stages().await {
        let mut browser = stage.browser();
        assert!(!browser.is_signed_in().await);
        let asked = browser.begin("/?q=图").await;
        // Another page than ours isn't come back to; `图` has to be encoded.
        let reply = browser.come_back(&stage.provider, &asked).await;
        assert_eq!(
            (reply.status, reply.location()),
            (StatusCode::FOUND, "/".into())
        );
        let home = browser.get("/").await;
        for text in ["李晓雨", "学生 · 计算机学院", "/account\"", "退出登录"] {
            assert!(home.has(text), "{text}");
        }
        assert_eq!(home.headers["cache-control"], "no-store");
        // No token and no code of the provider reaches the browser.
        assert!(!home.has("AT-") && !home.has("RT-") && !home.has(SUBJECT));
    }
}

#[tokio::test]
async fn the_request_has_what_protects_it() {
    let stage = stage().await;
    let mut browser = stage.browser();
    let asked = browser.begin("/a?b=c").await;
    let of = |name: &str| parameter(&asked, name).unwrap_or_default();
    assert_eq!(of("response_type"), "code");
    assert_eq!(of("client_id"), "hall");
    assert_eq!(of("redirect_uri"), "http://localhost:8090/signin/callback");
    assert_eq!(of("code_challenge_method"), "S256");
    assert_eq!(of("scope"), "openid profile campus email phone");
    assert_eq!((of("nonce").len(), of("code_challenge").len()), (43, 43));
    // The provider refuses more than 2 KiB.
    assert!(of("state").len() < 1024, "{}", of("state").len());
    let other = browser.begin("/a?b=c").await;
    for name in ["state", "nonce", "code_challenge"] {
        assert_ne!(Some(of(name)), parameter(&other, name), "{name}");
    }
    let long = format!("/{}", "x".repeat(511));
    let state = parameter(&browser.begin(&long).await, "state").unwrap();
    assert!(state.len() < 2048);
    let reply = browser.come_back(&stage.provider, &asked).await;
    assert_eq!(reply.location(), "/a?b=c");
    assert_eq!(reply.headers["referrer-policy"], "no-referrer");
}

#[tokio::test]
async fn several_tabs_may_be_under_way() {
    let stage = stage().await;
    let mut browser = stage.browser();
    let one = browser.begin("/one").await;
    let two = browser.begin("/two").await;
    let reply = browser.come_back(&stage.provider, &one).await;
    assert_eq!(reply.location(), "/one");
    let reply = browser.come_back(&stage.provider, &two).await;
    assert_eq!(reply.location(), "/two");
    assert!(browser.is_signed_in().await);
}

#[tokio::test] // SES-01
async fn a_sign_in_has_a_cookie_of_its_own_and_the_old_one_dies() {
    let stage = stage().await;
    let mut browser = stage.browser();
    let planted = "x".repeat(43);
    browser.cookies.insert("hall".into(), planted.clone());
    let asked = browser.begin("/").await;
    browser.come_back(&stage.provider, &asked).await;
    let first = browser.cookies["hall"].clone();
    assert_ne!(first, planted);
    let mut again = browser.clone();
    again.cookies.remove("hall");
    let asked = again.begin("/").await;
    again.cookies.insert("hall".into(), first.clone());
    again.come_back(&stage.provider, &asked).await;
    assert_ne!(again.cookies["hall"], first);
    assert!(again.is_signed_in().await);
    assert!(!browser.is_signed_in().await, "the old cookie lives");
}

#[tokio::test] // SES-03, PRT-22
async fn cookies_are_the_halls_own() {
    let stage = stage().await;
    let browser = stage.signed_in().await;
    let names: Vec<_> = browser.cookies.keys().cloned().collect();
    assert_eq!(names, ["hall", "hall-visitor"]);
}

#[tokio::test]
async fn who_is_signed_in_isnt_sent_away() {
    let stage = stage().await;
    let mut browser = stage.signed_in().await;
    let reply = browser.get("/signin?to=/x").await;
    assert_eq!(reply.location(), "/x");
    let reply = browser.get("/signin?to=//evil.example").await;
    assert_eq!(reply.location(), "/");
}

#[tokio::test]
async fn other_algorithms_and_new_keys_are_taken() {
    let stage = stage().await;
    for signing in [Signing::Es256, Signing::EdDsa] {
        stage.provider.told(|conduct| conduct.signing = signing);
        let mut browser = stage.signed_in().await;
        assert!(browser.is_signed_in().await, "{signing:?}");
    }
    // A key that came after we read them.
    stage.provider.told(|conduct| {
        conduct.signing = Signing::Unpublished;
        conduct.all_keys = true;
    });
    stage.clock.advance(SignedDuration::from_secs(30));
    assert!(stage.signed_in().await.is_signed_in().await);
    assert_eq!(stage.provider.count("jwks"), 2);
}

#[tokio::test] // SES-11
async fn a_session_ends_unused_and_in_the_end() {
    for stage in stages().await {
        let mut idle = stage.signed_in().await;
        stage.clock.advance(SignedDuration::from_mins(119));
        assert!(idle.is_signed_in().await);
        stage.clock.advance(SignedDuration::from_mins(121));
        assert!(!idle.is_signed_in().await);
        assert!(!idle.cookies.contains_key("hall"), "taken back");

        let mut used = stage.signed_in().await;
        for _ in 0..7 {
            stage.clock.advance(SignedDuration::from_mins(60));
            assert!(used.is_signed_in().await);
        }
        stage.clock.advance(SignedDuration::from_mins(61));
        assert!(!used.is_signed_in().await, "past the absolute life");
    }
}
