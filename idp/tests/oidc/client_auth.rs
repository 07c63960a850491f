//! Clients show who they are by the method of their entry, and by no other.

use axum::body::Body;
use axum::http::Request;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use idp_domain::oidc::jose::{SigningAlgorithm, SigningKey, Typ};
use serde_json::{Value, json};

use crate::given::{code, fault, good};
use crate::support::kit::audited_by;
use crate::support::oidc::{ISSUER, Rp, VERIFIER};
use crate::support::{Campus, Reply, Visitor, each_campus};

const TOKEN: &str = "/oidc/token";
const JWT_BEARER: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

async fn send(campus: &Campus, basic: Option<&str>, fields: &[(&str, &str)]) -> Reply {
    let mut request = Visitor::form_request(TOKEN, fields);
    if let Some(pair) = basic {
        request = request.header("authorization", format!("Basic {}", STANDARD.encode(pair)));
    }
    let body = Body::from(Visitor::encode(fields));
    campus.visitor().send(request.body(body).unwrap()).await
}

/// A header, and fields.
type Shown<'a> = (Option<&'a str>, Vec<(&'a str, &'a str)>);

fn redemption<'a>(code: &'a str, more: &[(&'a str, &'a str)]) -> Vec<(&'a str, &'a str)> {
    let mut fields = vec![
        ("grant_type", "authorization_code"),
        ("code", code),
        ("redirect_uri", Rp::REDIRECT),
        ("code_verifier", VERIFIER),
    ];
    fields.extend_from_slice(more);
    fields
}

#[track_caller]
fn assert_unauthenticated(reply: &Reply) {
    assert_eq!(fault(reply, 401), "invalid_client");
    let challenge = reply.header("www-authenticate").unwrap();
    assert!(challenge.starts_with("Basic realm="), "{challenge}");
}

#[tokio::test] // OIDC 40, 43
async fn only_the_registered_method_counts() {
    each_campus(async |campus| {
        let (id, secret) = (("client_id", Rp::ID), ("client_secret", Rp::SECRET));
        let pair = format!("{}:{}", Rp::ID, Rp::SECRET);
        let ways: [Shown<'_>; 3] = [
            (Some(&pair), vec![]),
            (None, vec![id, secret]),
            (None, vec![id]),
        ];
        for (registered, method) in ["client_secret_basic", "client_secret_post", "none"]
            .into_iter()
            .enumerate()
        {
            let mut change = json!({ "token_endpoint_auth_method": method });
            if method == "none" {
                change["client_secret"] = Value::Null;
            }
            let rp = Rp::registered_with(campus, &change).await;
            for (way, (basic, shown)) in ways.iter().enumerate() {
                let code = code(campus, &rp, "openid").await;
                let reply = send(campus, *basic, &redemption(&code, shown)).await;
                if way == registered {
                    good(&reply);
                } else {
                    assert_unauthenticated(&reply);
                    assert_eq!(
                        campus
                            .count("authorization_codes WHERE consumed_at IS NULL")
                            .await,
                        1
                    );
                    campus
                        .execute("DELETE FROM authorization_codes WHERE consumed_at IS NULL")
                        .await;
                }
            }
        }
    })
    .await;
}

#[tokio::test] // OIDC 42, OIDC 39
async fn two_methods_or_two_values_are_refused() {
    each_campus(async |campus| {
        Rp::registered(campus).await;
        let pair = format!("{}:{}", Rp::ID, Rp::SECRET);
        let (id, secret) = (("client_id", Rp::ID), ("client_secret", Rp::SECRET));
        let assertion = [
            ("client_assertion", "a.b.c"),
            ("client_assertion_type", JWT_BEARER),
        ];
        let grant = ("grant_type", "authorization_code");
        for fields in [
            vec![grant, id, secret],
            vec![grant, assertion[0], assertion[1]],
            vec![grant, ("client_id", "other")],
            vec![grant, grant],
        ] {
            let reply = send(campus, Some(&pair), &fields).await;
            assert_eq!(fault(&reply, 400), "invalid_request", "{fields:?}");
        }
        for fields in [
            vec![grant, id, secret, assertion[0], assertion[1]],
            vec![grant, id, assertion[0]],
            vec![
                grant,
                id,
                ("client_assertion", "a.b.c"),
                ("client_assertion_type", "other"),
            ],
        ] {
            let reply = send(campus, None, &fields).await;
            assert_eq!(fault(&reply, 400), "invalid_request", "{fields:?}");
        }
    })
    .await;
}

#[tokio::test] // OID-33
async fn what_is_no_form_is_refused_and_nothing_breaks() {
    each_campus(async |campus| {
        Rp::registered(campus).await;
        let pair = format!(
            "Basic {}",
            STANDARD.encode(format!("{}:{}", Rp::ID, Rp::SECRET))
        );
        let form = "application/x-www-form-urlencoded";
        let send = async |media: &str, body: Vec<u8>| {
            let request = Request::post(TOKEN)
                .header("content-type", media)
                .header("authorization", &pair);
            campus
                .visitor()
                .send(request.body(Body::from(body)).unwrap())
                .await
        };
        let huge = format!(
            "grant_type=refresh_token&refresh_token={}",
            "A".repeat(1_000_000)
        );
        let many: Vec<String> = (0..65).map(|n| format!("p{n}=1")).collect();
        let cases: Vec<(&str, Vec<u8>, u16)> = vec![
            (
                "application/json",
                br#"{"grant_type":"authorization_code"}"#.to_vec(),
                400,
            ),
            ("multipart/form-data; boundary=x", b"--x--".to_vec(), 400),
            ("", Vec::new(), 400),
            (form, b"grant_type=%ff".to_vec(), 400),
            (
                form,
                b"grant_type=authorization_code&code=%00".to_vec(),
                400,
            ),
            (
                form,
                b"grant_type=authorization_code&code=a&code=b".to_vec(),
                400,
            ),
            (form, vec![0xff, 0xfe, 0x00], 400),
            (form, many.join("&").into_bytes(), 400),
            (form, huge.into_bytes(), 413),
        ];
        for (media, body, status) in cases {
            let reply = send(media, body).await;
            assert_eq!(fault(&reply, status), "invalid_request", "{media}");
        }
        for header in [
            "Basic",
            "Basic !",
            "Bearer x",
            "Negotiate abc",
            "Basic Zm9v",
        ] {
            let request = Request::post(TOKEN)
                .header("content-type", form)
                .header("authorization", header);
            let reply = campus
                .visitor()
                .send(request.body(Body::empty()).unwrap())
                .await;
            assert_unauthenticated(&reply);
        }
        // Refresh tokens that are none, of every size and alphabet.
        let refreshing = json!({ "grant_types": ["authorization_code", "refresh_token"] });
        let rp = Rp::registered_with(campus, &refreshing).await;
        for token in [
            "RT-",
            "RT-é",
            "x",
            &"A".repeat(10_000),
            "RT-AAAA",
            "AC-x",
            "%",
            "\u{7f}",
        ] {
            let fields = [("grant_type", "refresh_token"), ("refresh_token", token)];
            let reply = rp.post(campus, TOKEN, &fields).await;
            assert_eq!(fault(&reply, 400), "invalid_grant", "{token}");
        }
    })
    .await;
}

#[tokio::test]
async fn strangers_cannot_fill_the_trail() {
    each_campus(async |campus| {
        Rp::registered(campus).await;
        let act = async || {
            for _ in 0..50 {
                let wrong = send(campus, Some("rp:wrong"), &[("grant_type", "x")]).await;
                assert_unauthenticated(&wrong);
                let unknown = send(campus, Some("nobody:wrong"), &[("grant_type", "x")]).await;
                assert_unauthenticated(&unknown);
                let (wrong, unknown) = (wrong.body(), unknown.body());
                // Whether a client exists can't be told.
                let words = |body: &str| {
                    let value: Value = serde_json::from_str(body).unwrap();
                    (value["error"].clone(), value["error_description"].clone())
                };
                assert_eq!(words(&wrong), words(&unknown));
            }
        };
        let ((), trail) = audited_by(campus, act).await;
        assert_eq!(
            trail,
            vec!["oidc.client_auth.refuse refused wrong_secret"; 20]
        );
    })
    .await;
}

fn key(algorithm: SigningAlgorithm) -> SigningKey {
    SigningKey::from_pkcs8(algorithm, &SigningKey::generate(algorithm).unwrap()).unwrap()
}

async fn by_assertion(campus: &Campus, assertion: &str) -> Reply {
    let fields = [
        ("grant_type", "client_credentials"),
        ("client_assertion_type", JWT_BEARER),
        ("client_assertion", assertion),
    ];
    send(campus, None, &fields).await
}

fn assertion(campus: &Campus, jti: &str) -> Value {
    let now = campus.clock.now().as_second();
    json!({ "iss": Rp::ID, "sub": Rp::ID, "aud": ISSUER, "jti": jti, "iat": now, "exp": now + 60 })
}

async fn with_keys(campus: &Campus, key: &SigningKey, more: &Value) -> Rp {
    let mut change = json!({
        "client_secret": null,
        "token_endpoint_auth_method": "private_key_jwt",
        "jwks": { "keys": [key.public().to_jwk()] },
        "grant_types": ["authorization_code", "client_credentials"],
        "scopes": ["openid", "books"],
    });
    for (name, value) in more.as_object().unwrap() {
        change[name] = value.clone();
    }
    Rp::registered_with(campus, &change).await
}

#[tokio::test] // OID-12, OIDC 49
async fn an_assertion_is_good_once_for_us_and_now() {
    each_campus(async |campus| {
        let key = key(SigningAlgorithm::Es256);
        with_keys(campus, &key, &json!({})).await;
        let sign = |claims: &Value| key.sign(Typ::ClientAssertion, claims).unwrap();
        let first = sign(&assertion(campus, "one"));
        good(&by_assertion(campus, &first).await);
        assert_unauthenticated(&by_assertion(campus, &first).await);
        let mut posted_to = assertion(campus, "two");
        posted_to["aud"] = json!(format!("{ISSUER}/oidc/token"));
        good(&by_assertion(campus, &sign(&posted_to)).await);

        let day = campus.clock.now().as_second() + 86_400;
        for (name, value) in [
            ("jti", Value::Null),
            ("exp", json!(day)),
            ("exp", Value::Null),
            ("aud", json!(format!("{ISSUER}/oidc/introspect"))),
            ("aud", json!([ISSUER, "https://other.example"])),
            ("iss", json!("other")),
            ("sub", json!("other")),
        ] {
            let mut claims = assertion(campus, "three");
            claims[name] = value;
            if claims[name].is_null() {
                claims.as_object_mut().unwrap().remove(name);
            }
            assert_unauthenticated(&by_assertion(campus, &sign(&claims)).await);
        }
        good(&by_assertion(campus, &sign(&assertion(campus, "three"))).await);
    })
    .await;
}

#[tokio::test] // OID-06, OID-08, OID-17
async fn an_assertion_is_signed_by_the_registered_key_alone() {
    each_campus(async |campus| {
        let (own, foreign) = (key(SigningAlgorithm::Ps256), key(SigningAlgorithm::Ps256));
        with_keys(
            campus,
            &own,
            &json!({ "token_endpoint_auth_signing_alg": "PS256" }),
        )
        .await;
        let claims = |jti: &str| assertion(campus, jti);
        good(
            &by_assertion(
                campus,
                &own.sign(Typ::ClientAssertion, &claims("a")).unwrap(),
            )
            .await,
        );
        let mut bad = vec![
            foreign.sign(Typ::ClientAssertion, &claims("b")).unwrap(),
            // It carries its own key.
            foreign.sign_proof(&claims("c")).unwrap(),
            own.sign(Typ::AccessToken, &claims("d")).unwrap(),
            String::new(),
            "a.b.c".into(),
        ];
        let encode = |text: String| base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(text);
        for alg in ["none", "None", "nOnE", "HS256", "RS256"] {
            let header = encode(json!({ "alg": alg, "typ": "JWT" }).to_string());
            let signature = if alg.len() == 4 {
                String::new()
            } else {
                encode("x".repeat(32))
            };
            bad.push(format!(
                "{header}.{}.{signature}",
                encode(claims("e").to_string())
            ));
        }
        for assertion in bad {
            let reply = by_assertion(campus, &assertion).await;
            let status = if assertion.is_empty() { 400 } else { 401 };
            assert_eq!(reply.status.as_u16(), status, "{assertion}");
        }
        // An access token of ours is no proof of a client.
        let given = good(
            &by_assertion(
                campus,
                &own.sign(Typ::ClientAssertion, &claims("f")).unwrap(),
            )
            .await,
        );
        let access = given["access_token"].as_str().unwrap();
        assert_unauthenticated(&by_assertion(campus, access).await);
    })
    .await;
}
