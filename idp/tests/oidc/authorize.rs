//! The authorization endpoint (OpenID Connect Core §3.1.2, RFC 6749 §4.1, RFC 9207).

use crate::support::each_campus;
use crate::support::kit::{address, audited_by, signed_in};
use crate::support::oidc::{AUTHORIZE, ISSUER, Rp, sign_in_at};

#[tokio::test] // OIDC 7, 8, 24, 93; OID-05
async fn a_live_session_is_answered_with_a_code_at_once() {
    each_campus(async |campus| {
        let rp = Rp::registered(campus).await;
        let mut visitor = signed_in(campus).await;
        let (reply, trail) = audited_by(campus, async || rp.open(&mut visitor, &[]).await).await;
        assert_eq!(reply.status, 302);
        assert_eq!(trail, ["oidc.code.issue success -"]);
        let answer = rp.answer(&reply);
        let names: Vec<&str> = answer.keys().map(String::as_str).collect();
        assert_eq!(names, ["code", "iss", "state"]);
        assert_eq!(answer["iss"], ISSUER);
        assert_eq!(answer["state"], "a state & more");
        let code = &answer["code"];
        assert!(code.starts_with("AC-") && code.len() == 46, "{code}");
        assert_eq!(reply.header("cache-control"), Some("no-store"));
        assert_eq!(reply.header("referrer-policy"), Some("no-referrer"));
        assert_eq!(campus.count("authorization_codes").await, 1);
        // Kept as a hash.
        let kept = format!("authorization_codes WHERE CAST(request AS TEXT) LIKE '%{code}%'");
        assert_eq!(campus.count(&kept).await, 0);

        // The order of parameters and scopes means nothing.
        let mut turned = rp.parameters(&[("scope", "profile openid")]);
        turned.reverse();
        let pairs: Vec<(&str, &str)> = turned.iter().map(|(n, v)| (&**n, &**v)).collect();
        let reply = visitor.get(&address(AUTHORIZE, &pairs)).await;
        rp.code_of(&reply);
        // One grant, however many codes.
        assert_eq!(campus.count("grants WHERE protocol = 'oidc'").await, 1);
        assert_eq!(campus.count("authorization_codes").await, 2);
    })
    .await;
}

#[tokio::test] // OIDC 28, 30; OID-34
async fn a_stranger_signs_in_and_goes_on() {
    each_campus(async |campus| {
        let rp = Rp::registered(campus).await;
        let mut visitor = campus.visitor();
        let page = rp.open(&mut visitor, &[("login_hint", "20230001")]).await;
        assert_eq!(page.status, 200);
        assert_eq!(page.page(), "sign_in");
        assert!(page.body().contains("Courses") || page.body().contains("选课"));
        assert!(page.body().contains("20230001"), "login_hint is typed in");
        let policy = page.header("content-security-policy").unwrap();
        assert!(
            policy.ends_with("form-action 'self' https://rp.example.edu"),
            "{policy}"
        );
        assert_eq!(campus.count("sessions").await, 0);
        let reply = sign_in_at(&mut visitor, &page).await;
        assert_eq!(reply.status, 303);
        let answer = rp.answer(&reply);
        assert!(answer.contains_key("code"), "{answer:?}");
        assert_eq!(answer["state"], "a state & more");
    })
    .await;
}
