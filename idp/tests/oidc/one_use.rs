//! What a request shows a single time is written down with what it gets, and by nobody else: a
//! stranger with the name of a public client fills no table.

use axum::body::Body;
use idp_domain::oidc::DeviceCode;
use idp_domain::oidc::jose::{SigningKey, Typ, sha256_base64url};
use jiff::SignedDuration;
use serde_json::{Value, json};

use crate::dpop::{key, proof};
use crate::given::{code, code_for, fault, good, request};
use crate::support::kit::{changing_nothing, scalars};
use crate::support::oidc::{ISSUER, Rp, VERIFIER};
use crate::support::{Campus, Reply, Visitor, each_campus, each_campus_with};

const TOKEN: &str = "/oidc/token";
const USERINFO: &str = "/oidc/userinfo";
const JWT_BEARER: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";
const DEVICE: &str = "urn:ietf:params:oauth:grant-type:device_code";

fn public() -> Value {
    json!({ "client_secret": null, "token_endpoint_auth_method": "none",
        "grant_types": ["authorization_code", "refresh_token", DEVICE] })
}

async fn send(campus: &Campus, path: &str, proof: Option<&str>, fields: &[(&str, &str)]) -> Reply {
    let mut request = Visitor::form_request(path, fields);
    if let Some(proof) = proof {
        request = request.header("dpop", proof);
    }
    let body = Body::from(Visitor::encode(fields));
    campus.visitor().send(request.body(body).unwrap()).await
}

/// A request of a public client, with a new proof of a key that nobody knows.
async fn proven(campus: &Campus, key: &SigningKey, fields: &[(&str, &str)]) -> Reply {
    let proof = proof(campus, key, "POST", TOKEN, &json!({}));
    let fields: Vec<_> = [("client_id", Rp::ID)]
        .into_iter()
        .chain(fields.iter().copied())
        .collect();
    send(campus, TOKEN, Some(&proof), &fields).await
}

fn redemption(code: &str) -> [(&str, &str); 4] {
    [
        ("grant_type", "authorization_code"),
        ("code", code),
        ("redirect_uri", Rp::REDIRECT),
        ("code_verifier", VERIFIER),
    ]
}

#[tokio::test] // OID-12, OID-14, OIDC 98
async fn who_has_nothing_to_fetch_writes_nothing() {
    each_campus(async |campus| {
        let (own, thief) = (key(), key());
        let rp = Rp::registered_with(campus, &public()).await;
        let spent = code_for(campus, &rp, &request(campus, &rp, "openid")).await;
        let given = good(&proven(campus, &own, &redemption(&spent)).await);
        let bound = given["refresh_token"].as_str().unwrap();
        let stale = code_for(campus, &rp, &request(campus, &rp, "openid")).await;
        let family = good(&proven(campus, &own, &redemption(&stale)).await);
        let ended = family["refresh_token"].as_str().unwrap();
        let fields = [("token", ended), ("client_id", Rp::ID)];
        send(campus, "/oidc/revoke", None, &fields).await;
        let invented = DeviceCode::generate(&mut campus.idp.app().entropy.rng());
        let refresh = |token| [("grant_type", "refresh_token"), ("refresh_token", token)];
        let cases = [
            redemption("AC-0123456789012345678901234567890123456789012").to_vec(),
            redemption(&spent).to_vec(),
            refresh("RT-AAAA").to_vec(),
            refresh(ended).to_vec(),
            // Hers, with a key that isn't.
            refresh(bound).to_vec(),
            vec![("grant_type", DEVICE), ("device_code", invented.as_str())],
            vec![("grant_type", "password")],
        ];
        let each = async || {
            for fields in &cases {
                let refused = proven(campus, &thief, fields).await;
                assert_eq!(refused.status, 400, "{fields:?}");
            }
        };
        // An hour has twenty rows of the trail for an application; then there is nothing any more.
        for _ in 0..10 {
            each().await;
        }
        let ((), trail) = changing_nothing(campus, async || {
            for _ in 0..5 {
                each().await;
            }
            for token in ["AT-x", "x", ended] {
                let ath = json!({ "ath": sha256_base64url(token) });
                let proof = proof(campus, &thief, "GET", USERINFO, &ath);
                assert_eq!(show(campus, token, &proof).await.status, 401);
            }
            // Her token, with a key that isn't hers.
            let token = given["access_token"].as_str().unwrap();
            let ath = json!({ "ath": sha256_base64url(token) });
            let theirs = proof(campus, &thief, "GET", USERINFO, &ath);
            assert_eq!(show(campus, token, &theirs).await.status, 401);
            for path in ["/oidc/introspect", "/oidc/revoke"] {
                let fields = [("token", "AT-x"), ("client_id", Rp::ID)];
                send(campus, path, None, &fields).await;
            }
        })
        .await;
        assert!(trail.is_empty(), "{trail:?}");
    })
    .await;
}

async fn show(campus: &Campus, token: &str, proof: &str) -> Reply {
    let request = axum::http::Request::get(USERINFO)
        .header("authorization", format!("DPoP {token}"))
        .header("dpop", proof);
    let request = request.body(Body::empty()).unwrap();
    campus.visitor().send(request).await
}

#[tokio::test] // BRU-07
async fn clients_that_prove_nothing_share_the_budget_of_their_address() {
    let tight = |config: &mut idp::config::Config| {
        config.limits.stranger_per_minute = serde_json::from_value(10.into()).unwrap();
    };
    each_campus_with(tight, async |campus| {
        let rp = Rp::registered_with(campus, &public()).await;
        let mut entry = Rp::entry_with(&json!({ "client_id": "proven" }));
        entry["id"] = json!("proven");
        let proven = Rp::of_entry(campus, &entry).await;
        let ask = async |rp: &Rp, path: &str, fields: &[(&str, &str)]| -> u16 {
            let reply = rp.post(campus, path, fields).await;
            if reply.status == 429 {
                assert_eq!(fault(&reply, 429), "temporarily_unavailable");
                let retry: u32 = reply.header("retry-after").unwrap().parse().unwrap();
                assert!((1..=60).contains(&retry), "{retry}");
            }
            reply.status.as_u16()
        };
        let poll = [("grant_type", DEVICE), ("device_code", "x")];
        let mut answered = 0;
        while ask(&rp, TOKEN, &poll).await != 429 {
            answered += 1;
            // It fills up meanwhile, a little.
            assert!(answered <= 14);
        }
        assert!(answered >= 10, "{answered}");
        // Whichever of its endpoints it asks.
        for path in [TOKEN, "/oidc/par", "/oidc/revoke", "/oidc/device"] {
            let all = [0; 4];
            let mut limited = false;
            for _ in all {
                limited |= ask(&rp, path, &poll).await == 429;
            }
            assert!(limited, "{path}");
        }
        // A thousand people's application, at its server's one address.
        for _ in 0..40 {
            assert_eq!(ask(&proven, TOKEN, &redemption("x")).await, 400);
        }
    })
    .await;
}

fn assertion(campus: &Campus, key: &SigningKey, jti: &str) -> String {
    let now = campus.clock.now().as_second();
    let claims = json!({ "iss": Rp::ID, "sub": Rp::ID, "aud": ISSUER, "jti": jti,
        "iat": now, "exp": now + 60 });
    key.sign(Typ::ClientAssertion, &claims).unwrap()
}

async fn with_keys(campus: &Campus, key: &SigningKey, more: &Value) -> Rp {
    let mut change = json!({
        "client_secret": null,
        "token_endpoint_auth_method": "private_key_jwt",
        "jwks": { "keys": [key.public().to_jwk()] },
        "grant_types": ["authorization_code", "refresh_token"],
    });
    for (name, value) in more.as_object().unwrap() {
        change[name] = value.clone();
    }
    Rp::registered_with(campus, &change).await
}

fn with_assertion<'a>(
    assertion: &'a str,
    fields: &[(&'a str, &'a str)],
) -> Vec<(&'a str, &'a str)> {
    let shown = [
        ("client_assertion_type", JWT_BEARER),
        ("client_assertion", assertion),
    ];
    shown.into_iter().chain(fields.iter().copied()).collect()
}

#[tokio::test] // OID-12
async fn a_request_that_came_to_nothing_used_its_assertion_up() {
    each_campus(async |campus| {
        let own = key();
        let rp = with_keys(campus, &own, &json!({})).await;
        for (turn, fields) in [
            redemption("AC-0123456789012345678901234567890123456789012").to_vec(),
            vec![("grant_type", "refresh_token"), ("refresh_token", "x")],
            vec![("grant_type", "password")],
            vec![],
        ]
        .into_iter()
        .enumerate()
        {
            let assertion = assertion(campus, &own, &format!("turn-{turn}"));
            let first = send(campus, TOKEN, None, &with_assertion(&assertion, &fields)).await;
            assert_eq!(first.status, 400, "{fields:?}");
            // Whoever finds it in a log opens nothing with it.
            let code = code(campus, &rp, "openid").await;
            let stolen = with_assertion(&assertion, &redemption(&code));
            let again = send(campus, TOKEN, None, &stolen).await;
            assert_eq!(fault(&again, 401), "invalid_client");
        }
        for path in ["/oidc/introspect", "/oidc/revoke", "/oidc/par"] {
            let assertion = assertion(campus, &own, path);
            let fields = with_assertion(&assertion, &[("token", "x")]);
            send(campus, path, None, &fields).await;
            let again = send(campus, path, None, &fields).await;
            assert_eq!(fault(&again, 401), "invalid_client", "{path}");
        }
    })
    .await;
}

#[tokio::test] // OIDC 101
async fn a_demand_for_a_nonce_takes_nothing() {
    each_campus(async |campus| {
        let (own, dpop) = (key(), key());
        let rp = with_keys(campus, &own, &json!({ "dpop_nonce": true })).await;
        let code = code(campus, &rp, "openid").await;
        let assertion = assertion(campus, &own, "once");
        let fields = with_assertion(&assertion, &redemption(&code));
        let bare = proof(campus, &dpop, "POST", TOKEN, &json!({}));
        let ask = async || send(campus, TOKEN, Some(&bare), &fields).await;
        let (reply, trail) = changing_nothing(campus, ask).await;
        assert_eq!(fault(&reply, 400), "use_dpop_nonce");
        assert!(trail.is_empty(), "{trail:?}");
        let nonce = json!({ "nonce": reply.header("dpop-nonce").unwrap() });
        let with = proof(campus, &dpop, "POST", TOKEN, &nonce);
        good(&send(campus, TOKEN, Some(&with), &fields).await);
    })
    .await;
}

/// Of PostgreSQL each row says which transaction wrote it last.
const WRITERS: &str = "SELECT DISTINCT x FROM (
    SELECT xmin::text AS x FROM spent_ids
    UNION ALL SELECT xmin::text FROM authorizations
    UNION ALL SELECT xmin::text FROM access_tokens
    UNION ALL SELECT xmin::text FROM authorization_codes
    UNION ALL SELECT xmin::text FROM audit_events WHERE event = 'oidc.code.redeem') w";

#[tokio::test] // The writer is everybody's.
async fn client_key_and_code_are_one_transaction() {
    each_campus(async |campus| {
        let (own, dpop) = (key(), key());
        let rp = with_keys(campus, &own, &json!({})).await;
        let code = code(campus, &rp, "openid").await;
        let shown = assertion(campus, &own, "one");
        let proof = proof(campus, &dpop, "POST", TOKEN, &json!({}));
        let fields = with_assertion(&shown, &redemption(&code));
        good(&send(campus, TOKEN, Some(&proof), &fields).await);
        assert_eq!(campus.count("spent_ids").await, 2);
        if campus.url.starts_with("postgres") {
            assert_eq!(scalars(campus, WRITERS).await.len(), 1);
        }
        // The code with the same proof, by another assertion: neither code nor proof is looked at
        // further, and the authorization stays.
        let second = assertion(campus, &own, "two");
        let fields = with_assertion(&second, &redemption(&code));
        campus.advance(SignedDuration::from_secs(3));
        let reply = send(campus, TOKEN, Some(&proof), &fields).await;
        assert_eq!(fault(&reply, 400), "invalid_dpop_proof");
        let ended = "authorizations WHERE revoked_at IS NOT NULL";
        assert_eq!(campus.count(ended).await, 0);
    })
    .await;
}
