//! 退出登录: out of everything.

use axum::http::StatusCode;
use url::Url;

use crate::support::{ORIGIN_OF_HALL, parameter, stage, stages};

#[tokio::test] // RP-Initiated Logout 1.0 §2
async fn signing_out_goes_on_to_the_provider() {
    for stage in stages().await {
        let mut browser = stage.signed_in().await;
        let mut stolen = browser.clone();
        let csrf = browser.csrf().await;
        let reply = browser
            .post("/signout", ORIGIN_OF_HALL, &[("csrf", &csrf)])
            .await;
        assert_eq!(reply.status, StatusCode::SEE_OTHER);
        let to = Url::parse(&reply.location()).unwrap();
        assert!(
            reply
                .location()
                .starts_with(&format!("{}/logout?", stage.provider.issuer))
        );
        assert!(parameter(&to, "id_token_hint").unwrap().contains('.'));
        assert_eq!(parameter(&to, "client_id").unwrap(), "hall");
        assert_eq!(
            parameter(&to, "post_logout_redirect_uri").unwrap(),
            format!("{ORIGIN_OF_HALL}/")
        );
        assert!(!browser.is_signed_in().await && !stolen.is_signed_in().await);
        // Back, once.
        let state = parameter(&to, "state").unwrap();
        let home = browser.get(&format!("/?state={state}")).await;
        assert!(home.has("data-said=\"signed_out\""), "{}", home.body);
        let home = browser.get(&format!("/?state={state}")).await;
        assert!(!home.has("data-said="));
        assert!(!home.has(&state));
    }
}

#[tokio::test]
async fn a_state_that_isnt_ours_says_nothing() {
    let stage = stage().await;
    let home = stage.browser().get("/?state=x").await;
    assert!(!home.has("data-said="));
    let home = stage.browser().get("/?left=here").await;
    assert!(!home.has("data-said="));
}

#[tokio::test] // SES-04, SES-07
async fn a_form_from_elsewhere_signs_nobody_out() {
    let stage = stage().await;
    let mut browser = stage.signed_in().await;
    let csrf = browser.csrf().await;
    let mut other = stage.signed_in().await;
    let foreign = other.csrf().await;
    for (origin, csrf) in [
        ("https://evil.example", csrf.as_str()),
        ("null", &csrf),
        ("http://localhost:8080", &csrf),
        (ORIGIN_OF_HALL, ""),
        (ORIGIN_OF_HALL, &foreign),
    ] {
        let reply = browser.post("/signout", origin, &[("csrf", csrf)]).await;
        assert_eq!(reply.status, StatusCode::FORBIDDEN, "{origin} {csrf}");
    }
    let request = axum::http::Request::post("/signout")
        .header("content-type", "application/x-www-form-urlencoded");
    let reply = browser.send(request, format!("csrf={csrf}")).await;
    assert_eq!(
        reply.status,
        StatusCode::FORBIDDEN,
        "neither Origin nor Referer"
    );
    let request = axum::http::Request::post("/signout")
        .header("content-type", "text/plain")
        .header("origin", ORIGIN_OF_HALL);
    let reply = browser.send(request, format!("csrf={csrf}")).await;
    assert_eq!(reply.status, StatusCode::BAD_REQUEST);
    assert_eq!(
        browser.get("/signout").await.status,
        StatusCode::METHOD_NOT_ALLOWED
    );
    assert!(browser.is_signed_in().await);
}
