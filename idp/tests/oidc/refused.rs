//! Requests that get no code (OpenID Connect Core §3.1.2.6, RFC 6749 §4.1.2.1).

use serde_json::json;

use crate::authorize::rp_half_way;
use crate::support::kit::{
    PASSWORD, STUDENT, assert_own_page, audited_by, changing_nothing, signed_in, unregister,
};
use crate::support::oidc::Rp;
use crate::support::{Reply, each_campus};

#[tokio::test] // OIDC 2, 5, 29; OID-01, OID-05, OID-20, RED-11: a page of ours, and nothing of the request on it
async fn nothing_is_sent_to_an_address_that_is_not_registered() {
    each_campus(async |campus| {
        let rp = Rp::registered(campus).await;
        let mut visitor = signed_in(campus).await;
        for (changes, reason) in [
            (("client_id", "evil-client-name"), "unknown_client"),
            (
                ("redirect_uri", "https://evil.example.org/cb"),
                "unregistered_redirect_uri",
            ),
            (
                ("redirect_uri", "https://rp.example.edu/callback/"),
                "unregistered_redirect_uri",
            ),
            (
                ("redirect_uri", "https://rp.example.edu/callback?x"),
                "unregistered_redirect_uri",
            ),
            (
                ("redirect_uri", "https://rp.example.edu/callback%00"),
                "unregistered_redirect_uri",
            ),
            (("redirect_uri", ""), "no_redirect_uri"),
            (("state", &*"x".repeat(2049)), "long_state"),
            (("state", &*"x".repeat(20_000)), "too_long"),
            (("state", "a\r\nSet-Cookie: a=b"), "bad_characters"),
        ] {
            let (reply, trail) =
                changing_nothing(campus, async || rp.open(&mut visitor, &[changes]).await).await;
            assert_own_page(&reply, 400, "refused_client");
            assert!(
                reply.body().contains(reason),
                "{changes:?} {}",
                reply.body()
            );
            assert!(!reply.body().contains("evil"), "{}", reply.body());
            assert_eq!(trail, [format!("oidc.client.reject refused {reason}")]);
        }
        // Octets that no text has.
        let reply = visitor.get(&format!("{}&x=%ff", rp.authorize(&[]))).await;
        assert_own_page(&reply, 400, "refused_client");
        // A switched-off client is none.
        let mut off = Rp::entry();
        off["enabled"] = false.into();
        Rp::of_entry(campus, &off).await;
        let reply = rp.open(&mut visitor, &[]).await;
        assert_own_page(&reply, 400, "refused_client");
    })
    .await;
}

#[tokio::test] // OIDC 4, 6, 7, 22, 23, 25, 32; OID-04, OID-05, OID-20, OID-22, RED-11
async fn behind_a_proven_address_the_application_hears_what_is_wrong() {
    each_campus(async |campus| {
        let rp = Rp::registered(campus).await;
        let mut visitor = signed_in(campus).await;
        let state = "<b>\"x\"</b> 一 %41&a=b;c=d#e";
        for (changes, error) in [
            (("response_type", ""), "invalid_request"),
            (("response_type", "token"), "unsupported_response_type"),
            (
                ("response_type", "id_token token"),
                "unsupported_response_type",
            ),
            (("response_mode", "fragment"), "invalid_request"),
            (("scope", "nothing:known"), "invalid_scope"),
            (("code_challenge", ""), "invalid_request"),
            (("code_challenge_method", "plain"), "invalid_request"),
            (("code_challenge_method", ""), "invalid_request"),
            (("prompt", "none login"), "invalid_request"),
            (("max_age", "-1"), "invalid_request"),
            (
                ("request", "eyJhbGciOiJub25lIn0.e30."),
                "request_not_supported",
            ),
            (
                ("request_uri", "http://169.254.169.254/"),
                "request_uri_not_supported",
            ),
            (("resource", "https://api.example.edu"), "invalid_target"),
            (
                ("id_token_hint", "eyJhbGciOiJub25lIn0.e30."),
                "invalid_request",
            ),
        ] {
            let reply = rp.open(&mut visitor, &[changes, ("state", state)]).await;
            assert_eq!(rp.error(&reply), error, "{changes:?}");
            assert_eq!(rp.answer(&reply)["state"], state);
        }
        let repeated = format!("{}&nonce=2", rp.authorize(&[]));
        let reply = visitor.get(&repeated).await;
        assert_eq!(rp.error(&reply), "invalid_request");
        let no_state = rp
            .open(&mut visitor, &[("state", ""), ("scope", "x")])
            .await;
        assert!(!rp.answer(&no_state).contains_key("state"));
        // What nobody knows harms nobody.
        let odd = rp
            .open(&mut visitor, &[("extra", "foobar"), ("state", state)])
            .await;
        assert_eq!(rp.answer(&odd)["state"], state);
        rp.code_of(&odd);
        assert_eq!(campus.count("authorization_codes").await, 1);
    })
    .await;
}

#[tokio::test] // OID-19, OID-22: what comes back from the form is checked whole again
async fn a_form_can_not_be_bent_on_its_way() {
    each_campus(async |campus| {
        let rp = Rp::registered(campus).await;
        for (field, value, page) in [
            (
                "redirect_uri",
                "https://evil.example.org/",
                Some("refused_client"),
            ),
            ("client_id", "other", Some("refused_client")),
            ("response_type", "token", None),
            ("code_challenge", "", None),
        ] {
            let mut visitor = campus.visitor();
            let form = rp.open(&mut visitor, &[]).await;
            let typed = [
                ("username", STUDENT),
                ("password", PASSWORD),
                (field, value),
            ];
            let reply = visitor.submit(&form, &typed).await;
            match page {
                Some(page) => assert_own_page(&reply, 400, page),
                None => assert!(!rp.answer(&reply).contains_key("code")),
            }
            assert_eq!(campus.count("sessions").await, 0);
        }
    })
    .await;
}

#[tokio::test] // an application that was removed or narrowed meanwhile gets nothing
async fn a_request_is_checked_again_on_arrival() {
    each_campus(async |campus| {
        let rp = Rp::registered(campus).await;
        let (mut visitor, page) = rp_half_way(campus, &rp).await;
        unregister(campus, Rp::ID).await;
        let done = visitor
            .walk_to(
                campus,
                page,
                "+8613800000001",
                "quiet-lantern-58-river",
                "done",
            )
            .await;
        let reply = visitor.submit(&done, &[]).await;
        assert_own_page_after_sign_in(&reply);
        assert_eq!(campus.count("authorization_codes").await, 0);
    })
    .await;
}

#[track_caller]
fn assert_own_page_after_sign_in(reply: &Reply) {
    assert_eq!(
        (reply.status.as_u16(), reply.page()),
        (400, "refused_client".into())
    );
    assert_eq!(reply.location(), None);
}

#[tokio::test] // who may not enter reads why here; the application hears it only where no page may be shown
async fn who_may_not_enter_stays_here() {
    each_campus(async |campus| {
        let mut entry = Rp::entry();
        entry["access"] = json!({ "affiliations": ["staff"] });
        let rp = Rp::of_entry(campus, &entry).await;
        let mut visitor = signed_in(campus).await;
        let (page, trail) = audited_by(campus, async || rp.open(&mut visitor, &[]).await).await;
        assert_eq!(
            (page.status.as_u16(), page.page()),
            (403, "no_access".into())
        );
        assert_eq!(page.location(), None);
        assert_eq!(trail, ["access.deny refused no_access"]);
        let silent = [("prompt", "none")];
        let (silent, trail) =
            audited_by(campus, async || rp.open(&mut visitor, &silent).await).await;
        assert_eq!(rp.error(&silent), "access_denied");
        assert_eq!(trail, ["access.deny refused no_access"]);
        assert_eq!(campus.count("authorization_codes").await, 0);
    })
    .await;
}
