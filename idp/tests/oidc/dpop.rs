//! Tokens that are bound to a client's key (RFC 9449).

use axum::body::Body;
use axum::http::Request;
use idp_domain::oidc::jose::{SigningAlgorithm, SigningKey, sha256_base64url};
use serde_json::{Value, json};

use crate::given::{code_for, fault, good, request, said};
use crate::support::oidc::{ISSUER, Rp, VERIFIER};
use crate::support::{Campus, Reply, Visitor, each_campus};

const TOKEN: &str = "/oidc/token";
const USERINFO: &str = "/oidc/userinfo";

/// A client's key.
pub fn key() -> SigningKey {
    let algorithm = SigningAlgorithm::Es256;
    SigningKey::from_pkcs8(algorithm, &SigningKey::generate(algorithm).unwrap()).unwrap()
}

/// A proof, some of its claims replaced.
pub fn proof(campus: &Campus, key: &SigningKey, method: &str, path: &str, more: &Value) -> String {
    use std::sync::atomic::{AtomicU32, Ordering};
    static IDS: AtomicU32 = AtomicU32::new(0);
    let mut claims = json!({
        "jti": format!("id-{}", IDS.fetch_add(1, Ordering::Relaxed)),
        "htm": method,
        "htu": format!("{ISSUER}{path}"),
        "iat": campus.clock.now().as_second(),
    });
    for (name, value) in more.as_object().unwrap() {
        claims[name] = value.clone();
    }
    key.sign_proof(&claims).unwrap()
}

/// Posts to the token endpoint with proofs.
pub async fn send(campus: &Campus, proofs: &[&str], fields: &[(&str, &str)]) -> Reply {
    let mut request = Visitor::form_request(TOKEN, fields);
    for proof in proofs {
        request = request.header("dpop", *proof);
    }
    let body = Body::from(Visitor::encode(fields));
    campus.visitor().send(request.body(body).unwrap()).await
}

async fn redeem(campus: &Campus, rp: &Rp, code: &str, proofs: &[&str]) -> Reply {
    let fields = [
        ("grant_type", "authorization_code"),
        ("code", code),
        ("redirect_uri", &rp.redirect_uri),
        ("code_verifier", VERIFIER),
        ("client_id", &rp.client_id),
    ];
    send(campus, proofs, &fields).await
}

async fn public(campus: &Campus, more: &Value) -> Rp {
    let mut change = json!({ "client_secret": null, "token_endpoint_auth_method": "none",
        "grant_types": ["authorization_code", "refresh_token"] });
    for (name, value) in more.as_object().unwrap() {
        change[name] = value.clone();
    }
    Rp::registered_with(campus, &change).await
}

async fn show(campus: &Campus, scheme: &str, token: &str, proof: Option<&str>) -> Reply {
    let mut request = Request::get(USERINFO).header("authorization", format!("{scheme} {token}"));
    if let Some(proof) = proof {
        request = request.header("dpop", proof);
    }
    campus
        .visitor()
        .send(request.body(Body::empty()).unwrap())
        .await
}

#[tokio::test] // OIDC 98, 99, 100
async fn a_bound_token_comes_with_its_key() {
    each_campus(async |campus| {
        let (key, other) = (key(), key());
        let rp = public(campus, &json!({})).await;
        let code = code_for(campus, &rp, &request(campus, &rp, "openid")).await;
        let none = json!({});
        let proven = proof(campus, &key, "POST", TOKEN, &none);
        let given = good(&redeem(campus, &rp, &code, &[&proven]).await);
        assert_eq!(given["token_type"], "DPoP");
        assert_eq!(
            said(&given["access_token"]).1["cnf"],
            json!({ "jkt": key.kid() })
        );

        let token = given["access_token"].as_str().unwrap();
        let ath = json!({ "ath": sha256_base64url(token) });
        let at_userinfo = |key: &SigningKey| proof(campus, key, "GET", USERINFO, &ath);
        good(&show(campus, "DPoP", token, Some(&at_userinfo(&key))).await);
        // As Bearer, without a proof, with another key, for another token, twice.
        let own = at_userinfo(&key);
        let bearer = show(campus, "Bearer", token, None).await;
        assert_eq!(fault(&bearer, 401), "invalid_token");
        assert!(
            bearer
                .header("www-authenticate")
                .unwrap()
                .starts_with("DPoP ")
        );
        let bearer = show(campus, "Bearer", token, Some(&own)).await;
        assert_eq!(fault(&bearer, 401), "invalid_token");
        assert_eq!(
            fault(&show(campus, "DPoP", token, None).await, 401),
            "invalid_token"
        );
        let theirs = show(campus, "DPoP", token, Some(&at_userinfo(&other))).await;
        assert_eq!(fault(&theirs, 401), "invalid_token");
        let unnamed = proof(campus, &key, "GET", USERINFO, &none);
        let reply = show(campus, "DPoP", token, Some(&unnamed)).await;
        assert_eq!(fault(&reply, 401), "invalid_dpop_proof");
        let challenge = reply.header("www-authenticate").unwrap();
        assert!(
            challenge.starts_with("DPoP ") && challenge.contains("algs="),
            "{challenge}"
        );
        good(&show(campus, "DPoP", token, Some(&own)).await);
        let again = show(campus, "DPoP", token, Some(&own)).await;
        assert_eq!(fault(&again, 401), "invalid_dpop_proof");
    })
    .await;
}

#[tokio::test] // OIDC 98, 99
async fn a_bad_proof_gives_nothing_and_burns_nothing() {
    each_campus(async |campus| {
        let key = key();
        let rp = public(campus, &json!({ "dpop_bound_access_tokens": true })).await;
        let code = code_for(campus, &rp, &request(campus, &rp, "openid")).await;
        let none = json!({});
        let now = campus.clock.now().as_second();
        let good_one = proof(campus, &key, "POST", TOKEN, &none);
        let second = proof(campus, &key, "POST", TOKEN, &none);
        let bad = [
            vec![],
            vec!["x".to_owned()],
            vec![good_one.clone(), second],
            vec![proof(campus, &key, "GET", TOKEN, &none)],
            vec![proof(campus, &key, "POST", USERINFO, &none)],
            vec![proof(
                campus,
                &key,
                "POST",
                TOKEN,
                &json!({ "iat": now - 600 }),
            )],
            vec![proof(
                campus,
                &key,
                "POST",
                TOKEN,
                &json!({ "iat": now + 600 }),
            )],
            vec![proof(campus, &key, "POST", TOKEN, &json!({ "jti": "" }))],
        ];
        for proofs in &bad {
            let proofs: Vec<&str> = proofs.iter().map(String::as_str).collect();
            let reply = redeem(campus, &rp, &code, &proofs).await;
            assert_eq!(fault(&reply, 400), "invalid_dpop_proof", "{proofs:?}");
        }
        good(&redeem(campus, &rp, &code, &[&good_one]).await);
        let reply = redeem(campus, &rp, &code, &[&good_one]).await;
        assert_eq!(fault(&reply, 400), "invalid_dpop_proof");
    })
    .await;
}

#[tokio::test] // OIDC 99, OID-15
async fn a_public_clients_refresh_token_is_bound_too() {
    each_campus(async |campus| {
        let (key, thief) = (key(), key());
        let rp = public(campus, &json!({})).await;
        let code = code_for(campus, &rp, &request(campus, &rp, "openid")).await;
        let none = json!({});
        let proven = |key: &SigningKey| proof(campus, key, "POST", TOKEN, &none);
        let given = good(&redeem(campus, &rp, &code, &[&proven(&key)]).await);
        let refresh = given["refresh_token"].as_str().unwrap();
        let fields = [
            ("grant_type", "refresh_token"),
            ("refresh_token", refresh),
            ("client_id", Rp::ID),
        ];
        assert_eq!(
            fault(&send(campus, &[], &fields).await, 400),
            "invalid_dpop_proof"
        );
        let reply = send(campus, &[&proven(&thief)], &fields).await;
        assert_eq!(fault(&reply, 400), "invalid_dpop_proof");
        let newer = good(&send(campus, &[&proven(&key)], &fields).await);
        assert_eq!(said(&newer["access_token"]).1["cnf"]["jkt"], key.kid());
    })
    .await;
}

#[tokio::test] // OIDC 102
async fn a_code_is_bound_to_the_key_that_was_announced() {
    each_campus(async |campus| {
        let (key, thief) = (key(), key());
        let rp = public(campus, &json!({})).await;
        let mut asked = request(campus, &rp, "openid");
        asked.granted.key_thumbprint = Some(key.kid().to_owned());
        let none = json!({});
        let proven = |key: &SigningKey| proof(campus, key, "POST", TOKEN, &none);
        for proofs in [vec![], vec![proven(&thief)]] {
            let code = code_for(campus, &rp, &asked).await;
            let proofs: Vec<&str> = proofs.iter().map(String::as_str).collect();
            let reply = redeem(campus, &rp, &code, &proofs).await;
            assert_eq!(fault(&reply, 400), "invalid_dpop_proof");
        }
        let code = code_for(campus, &rp, &asked).await;
        good(&redeem(campus, &rp, &code, &[&proven(&key)]).await);
    })
    .await;
}

#[tokio::test] // OIDC 101
async fn who_must_use_a_nonce_is_told_one_and_comes_again() {
    each_campus(async |campus| {
        let key = key();
        let rp = public(campus, &json!({ "dpop_nonce": true })).await;
        let code = code_for(campus, &rp, &request(campus, &rp, "openid")).await;
        let without = proof(campus, &key, "POST", TOKEN, &json!({}));
        let reply = redeem(campus, &rp, &code, &[&without]).await;
        assert_eq!(fault(&reply, 400), "use_dpop_nonce");
        let nonce = reply.header("dpop-nonce").unwrap().to_owned();
        let with = proof(campus, &key, "POST", TOKEN, &json!({ "nonce": nonce }));
        let given = good(&redeem(campus, &rp, &code, &[&with]).await);
        let token = given["access_token"].as_str().unwrap();
        let ath = sha256_base64url(token);
        let without = proof(campus, &key, "GET", USERINFO, &json!({ "ath": ath }));
        let reply = show(campus, "DPoP", token, Some(&without)).await;
        assert_eq!(fault(&reply, 401), "use_dpop_nonce");
        assert!(reply.header("dpop-nonce").is_some());
        let with = json!({ "ath": ath, "nonce": nonce });
        let with = proof(campus, &key, "GET", USERINFO, &with);
        good(&show(campus, "DPoP", token, Some(&with)).await);
    })
    .await;
}
