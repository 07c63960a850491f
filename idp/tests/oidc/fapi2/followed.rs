//! What a client of the profile has.

use axum::body::Body;
use axum::http::Request;
use idp_domain::oidc::jose::SigningAlgorithm;
use serde_json::json;

use super::{Client, PAR, TOKEN, key};
use crate::given::{fault, good, said};
use crate::support::each_campus;
use crate::support::kit::signed_in;

#[tokio::test] // OIDC 94, 95, 99; FAPI 2.0 §5.3.2.1
async fn who_follows_the_profile_gets_bound_tokens_and_keeps_its_refresh_token() {
    each_campus(async |campus| {
        let client = Client::registered(campus).await;
        let mut visitor = signed_in(campus).await;
        let code = client.code(campus, &mut visitor, None).await;
        let proof = client.own_proof(campus, TOKEN);
        let given = good(&client.redeem(campus, &code, Some(&proof)).await);
        assert_eq!(given["token_type"], "DPoP");
        let (header, _) = said(&given["id_token"]);
        assert_eq!(header["alg"], "PS256");
        let (_, says) = said(&given["access_token"]);
        assert_eq!(says["cnf"]["jkt"], client.bound_to.public().thumbprint());

        // A bound token without its key is nothing.
        let bearer = format!("Bearer {}", given["access_token"].as_str().unwrap());
        let request = Request::get("/oidc/userinfo").header("authorization", bearer);
        let request = request.body(Body::empty()).unwrap();
        let reply = campus.visitor().send(request).await;
        assert_eq!(fault(&reply, 401), "invalid_token");
        // RFC 9449 §7.1: how it would be shown, by the algorithms of the profile alone.
        let challenge = reply.header("www-authenticate").unwrap();
        assert!(challenge.starts_with("DPoP "), "{challenge}");
        assert!(
            challenge.ends_with("algs=\"PS256 ES256 EdDSA\""),
            "{challenge}"
        );

        let token = given["refresh_token"].as_str().unwrap();
        let fields = [("grant_type", "refresh_token"), ("refresh_token", token)];
        let refused = client.post(campus, TOKEN, &fields, None).await;
        assert_eq!(fault(&refused, 400), "invalid_dpop_proof");
        for _ in 0..2 {
            let proof = client.own_proof(campus, TOKEN);
            let again = good(&client.post(campus, TOKEN, &fields, Some(&proof)).await);
            assert_eq!(again["refresh_token"], given["refresh_token"]);
        }
    })
    .await;
}

/// RFC 9449 §5: what a confidential client may refresh hangs on its own proof of who it is, so that
/// it can replace the key that its tokens are bound to.
#[tokio::test] // OIDC 99, OID-15; FAPI 2.0 §5.3.2.1
async fn a_refresh_token_is_bound_to_the_client_and_its_access_tokens_to_the_key_of_each_time() {
    each_campus(async |campus| {
        let client = Client::registered(campus).await;
        let mut visitor = signed_in(campus).await;
        let code = client.code(campus, &mut visitor, None).await;
        let proof = client.own_proof(campus, TOKEN);
        let given = good(&client.redeem(campus, &code, Some(&proof)).await);
        let token = given["refresh_token"].as_str().unwrap();
        let fields = [("grant_type", "refresh_token"), ("refresh_token", token)];

        let other = Client::registered_with(campus, "other", &json!({})).await;
        let proof = other.own_proof(campus, TOKEN);
        let theirs = other.post(campus, TOKEN, &fields, Some(&proof)).await;
        assert_eq!(fault(&theirs, 400), "invalid_grant");
        // With the client's own key for proofs, but another one's word of who it is.
        let proof = client.own_proof(campus, TOKEN);
        let theirs = other.post(campus, TOKEN, &fields, Some(&proof)).await;
        assert_eq!(fault(&theirs, 400), "invalid_grant");

        let newer = key(SigningAlgorithm::EdDsa);
        let proof = client.proof(campus, &newer, TOKEN);
        let again = good(&client.post(campus, TOKEN, &fields, Some(&proof)).await);
        let (_, says) = said(&again["access_token"]);
        assert_eq!(says["cnf"]["jkt"], newer.public().thumbprint());
        assert_eq!(again["token_type"], "DPoP");
    })
    .await;
}

#[tokio::test] // OIDC 102
async fn a_key_that_is_proved_at_the_push_binds_the_code() {
    each_campus(async |campus| {
        let client = Client::registered(campus).await;
        let mut visitor = signed_in(campus).await;
        let pushed_with = client.own_proof(campus, PAR);
        let code = client.code(campus, &mut visitor, Some(&pushed_with)).await;
        let other = client.proof(campus, &key(SigningAlgorithm::EdDsa), TOKEN);
        let refused = client.redeem(campus, &code, Some(&other)).await;
        assert_eq!(fault(&refused, 400), "invalid_dpop_proof");

        let pushed_with = client.own_proof(campus, PAR);
        let code = client.code(campus, &mut visitor, Some(&pushed_with)).await;
        let proof = client.own_proof(campus, TOKEN);
        good(&client.redeem(campus, &code, Some(&proof)).await);

        // The proof and the parameter disagree.
        let thumbprint = key(SigningAlgorithm::Es256).public().thumbprint();
        let proof = client.own_proof(campus, PAR);
        let changes = [("dpop_jkt", thumbprint.as_str())];
        let refused = client.push(campus, &changes, Some(&proof)).await;
        assert_eq!(fault(&refused, 400), "invalid_dpop_proof");
    })
    .await;
}
