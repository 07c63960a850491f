//! Each way off the profile, and that it leads nowhere.

use axum::body::Body;
use idp_domain::oidc::jose::SigningAlgorithm;
use jiff::SignedDuration;
use serde_json::json;

use super::{Client, PAR, TOKEN, key, post};
use crate::given::{fault, good};
use crate::support::kit::signed_in;
use crate::support::oidc::{ISSUER, Rp, VERIFIER};
use crate::support::{Visitor, each_campus};

#[tokio::test] // OIDC 97; FAPI 2.0 §5.3.2.2
async fn a_request_that_deviates_is_refused() {
    each_campus(async |campus| {
        let client = Client::registered(campus).await;
        let mut visitor = signed_in(campus).await;
        // Not pushed.
        let plain = client.rp.open(&mut visitor, &[]).await;
        assert_eq!(client.rp.error(&plain), "invalid_request");
        for (changes, error) in [
            (
                vec![("response_type", "code id_token")],
                "unsupported_response_type",
            ),
            (
                vec![("response_type", "token")],
                "unsupported_response_type",
            ),
            (vec![("response_mode", "fragment")], "invalid_request"),
            (
                vec![("code_challenge", ""), ("code_challenge_method", "")],
                "invalid_request",
            ),
            (
                vec![
                    ("code_challenge", VERIFIER),
                    ("code_challenge_method", "plain"),
                ],
                "invalid_request",
            ),
            (vec![("redirect_uri", "")], "invalid_request"),
            (
                vec![("redirect_uri", "https://rp.example.edu/other")],
                "invalid_request",
            ),
            (
                vec![("request_uri", "https://rp.example.edu/r")],
                "invalid_request",
            ),
            (vec![("request", "a.b.c")], "request_not_supported"),
        ] {
            let pushed = client.push(campus, &changes, None).await;
            assert_eq!(fault(&pushed, 400), error, "{changes:?}");
        }
        assert_eq!(campus.count("pushed_requests").await, 0);
    })
    .await;
}

#[tokio::test] // OID-12, OIDC 49; FAPI 2.0 §5.3.2.1
async fn an_assertion_names_the_issuer_and_nothing_else() {
    each_campus(async |campus| {
        let client = Client::registered(campus).await;
        let all = client.rp.parameters(&[]);
        let fields: Vec<(&str, &str)> = all.iter().map(|(n, v)| (&**n, &**v)).collect();
        for audience in [
            json!(format!("{ISSUER}{TOKEN}")),
            json!(format!("{ISSUER}{PAR}")),
            json!([ISSUER, format!("{ISSUER}{TOKEN}")]),
            json!([ISSUER]),
            json!("https://other.example"),
        ] {
            let assertion = client.assertion(campus, &audience);
            let reply = post(campus, PAR, &assertion, &fields, None).await;
            assert_eq!(fault(&reply, 401), "invalid_client", "{audience}");
        }
        // Nor is it known by its name.
        let mut named = fields.clone();
        named.push(("client_secret", "a-secret-of-the-tests"));
        let request = Visitor::form_request(PAR, &named);
        let body = Body::from(Visitor::encode(&named));
        let reply = campus.visitor().send(request.body(body).unwrap()).await;
        assert_eq!(fault(&reply, 401), "invalid_client");
    })
    .await;
}

#[tokio::test] // OIDC 98, 99; FAPI 2.0 §5.3.2.1, §5.4.1
async fn a_code_gives_nothing_without_a_proof_of_the_profile() {
    each_campus(async |campus| {
        let client = Client::registered(campus).await;
        let mut visitor = signed_in(campus).await;
        let code = client.code(campus, &mut visitor, None).await;
        let refused = client.redeem(campus, &code, None).await;
        assert_eq!(fault(&refused, 400), "invalid_dpop_proof");
        let proof = client.proof(campus, &key(SigningAlgorithm::Rs256), TOKEN);
        let refused = client.redeem(campus, &code, Some(&proof)).await;
        assert_eq!(fault(&refused, 400), "invalid_dpop_proof");
        let elsewhere = client.own_proof(campus, PAR);
        let refused = client.redeem(campus, &code, Some(&elsewhere)).await;
        assert_eq!(fault(&refused, 400), "invalid_dpop_proof");
        assert_eq!(campus.count("authorizations").await, 0);
        // None of it was the code's fault.
        let proof = client.own_proof(campus, TOKEN);
        good(&client.redeem(campus, &code, Some(&proof)).await);
    })
    .await;
}

#[tokio::test] // OID-06, OID-12; FAPI 2.0 §5.3.2.1, §5.4.1
async fn an_assertion_is_the_clients_own_by_an_algorithm_of_the_profile() {
    each_campus(async |campus| {
        let (rsa, good_one) = (key(SigningAlgorithm::Rs256), key(SigningAlgorithm::Ps256));
        let keys = json!({ "keys": [rsa.public().to_jwk(), good_one.public().to_jwk()] });
        let client = Client::registered_with(campus, Rp::ID, &json!({ "jwks": keys })).await;
        let all = client.rp.parameters(&[]);
        let fields: Vec<(&str, &str)> = all.iter().map(|(n, v)| (&**n, &**v)).collect();
        let stranger = key(SigningAlgorithm::Ps256);
        for (by, changes) in [
            (&rsa, json!({})),
            (&stranger, json!({})),
            (&good_one, json!({ "iss": null })),
            (&good_one, json!({ "iss": "other" })),
            (&good_one, json!({ "jti": null })),
            (&good_one, json!({ "exp": null })),
        ] {
            let assertion = client.assertion_with(campus, by, &changes);
            let reply = post(campus, PAR, &assertion, &fields, None).await;
            assert_eq!(fault(&reply, 401), "invalid_client", "{changes}");
        }
        // In the name of another client than the request's own.
        let assertion = client.assertion_with(campus, &good_one, &json!({ "sub": "other" }));
        let reply = post(campus, PAR, &assertion, &fields, None).await;
        assert_eq!(fault(&reply, 400), "invalid_request");
        let assertion = client.assertion_with(campus, &good_one, &json!({}));
        let pushed = post(campus, PAR, &assertion, &fields, None).await;
        assert_eq!(pushed.status, 201, "{}", pushed.body());
        // And once.
        let reply = post(campus, PAR, &assertion, &fields, None).await;
        assert_eq!(fault(&reply, 401), "invalid_client");
    })
    .await;
}

#[tokio::test] // FAPI 2.0 §5.3.2.1, §5.3.2.2: a minute, the same address, the verifier
async fn a_code_is_redeemed_in_its_minute_with_what_it_was_asked_for() {
    each_campus(async |campus| {
        let client = Client::registered(campus).await;
        let mut visitor = signed_in(campus).await;
        let own = client.rp.redirect_uri.clone();
        for (seconds, redirect_uri, verifier) in [
            (61, &*own, VERIFIER),
            (1, "https://rp.example.edu/other", VERIFIER),
            (1, &*own, "another-verifier-0123456789-abcdefghijklmnopq"),
        ] {
            let code = client.code(campus, &mut visitor, None).await;
            campus.advance(SignedDuration::from_secs(seconds));
            let fields = [
                ("grant_type", "authorization_code"),
                ("code", &*code),
                ("redirect_uri", redirect_uri),
                ("code_verifier", verifier),
            ];
            let proof = client.own_proof(campus, TOKEN);
            let reply = client.post(campus, TOKEN, &fields, Some(&proof)).await;
            assert_eq!(fault(&reply, 400), "invalid_grant", "{fields:?}");
        }
        let code = client.code(campus, &mut visitor, None).await;
        campus.advance(SignedDuration::from_secs(59));
        let proof = client.own_proof(campus, TOKEN);
        good(&client.redeem(campus, &code, Some(&proof)).await);
    })
    .await;
}

#[tokio::test] // OID-01; FAPI 2.0 §5.3.2.2: no other port, as RFC 8252 §7.3 would have it
async fn a_loopback_address_is_compared_whole() {
    each_campus(async |campus| {
        let native = json!({
            "application_type": "native",
            "redirect_uris": ["http://127.0.0.1:7000/callback"],
        });
        let client = Client::registered_with(campus, Rp::ID, &native).await;
        for other in [
            "http://127.0.0.1:7001/callback",
            "http://127.0.0.1/callback",
        ] {
            let pushed = client.push(campus, &[("redirect_uri", other)], None).await;
            assert_eq!(fault(&pushed, 400), "invalid_request", "{other}");
        }
        let pushed = client.push(campus, &[], None).await;
        assert_eq!(pushed.status, 201, "{}", pushed.body());
    })
    .await;
}
