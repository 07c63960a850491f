//! XML-08: a logout token, as an application really got it, is good for nothing but being told of
//! the end of a session.

use axum::body::Body;
use axum::http::Request;
use serde_json::{Value, json};

use crate::application::{Mode, posted};
use crate::browser::{deliver, signed_in};
use crate::client::back;
use crate::support::kit::changing_nothing;
use crate::support::oidc::Rp;
use crate::support::{Campus, Reply, each_campus};

/// One that was sent.
async fn sent(campus: &Campus) -> String {
    let client = back(campus, "client", Mode::Answers(200)).await;
    let mut visitor = signed_in(campus).await;
    client.enter(campus, &visitor).await;
    assert_eq!(visitor.get("/cas/logout").await.page(), "signed_out");
    deliver(campus).await;
    let [request] = client.requests().try_into().unwrap();
    posted(&request).1
}

#[track_caller]
fn error(reply: &Reply) -> (u16, String) {
    let document: Value = serde_json::from_slice(&reply.bytes).unwrap();
    let error = document["error"].as_str().unwrap().to_owned();
    (reply.status.as_u16(), error)
}

#[tokio::test] // XML-08, OID-17
async fn a_logout_token_opens_nothing() {
    each_campus(async |campus| {
        let token = sent(campus).await;
        let token = token.as_str();
        let changes = json!({ "grant_types": ["authorization_code", "refresh_token"] });
        let rp = Rp::registered_with(campus, &changes).await;
        let mut visitor = signed_in(campus).await;
        let ((), _) = changing_nothing(campus, async || {
            let bearer = Request::get("/oidc/userinfo")
                .header("authorization", format!("Bearer {token}"))
                .body(Body::empty());
            let reply = campus.visitor().send(bearer.unwrap()).await;
            assert_eq!(error(&reply), (401, "invalid_token".into()));
            let exchange = "urn:ietf:params:oauth:grant-type:token-exchange";
            let assertion = "urn:ietf:params:oauth:grant-type:jwt-bearer";
            let saying = "urn:ietf:params:oauth:token-type:jwt";
            for (fields, expected) in [
                (
                    vec![
                        ("grant_type", exchange),
                        ("subject_token", token),
                        ("subject_token_type", saying),
                    ],
                    "unsupported_grant_type",
                ),
                (
                    vec![("grant_type", assertion), ("assertion", token)],
                    "unsupported_grant_type",
                ),
                (
                    vec![("grant_type", "refresh_token"), ("refresh_token", token)],
                    "invalid_grant",
                ),
                (
                    vec![
                        ("grant_type", "authorization_code"),
                        ("code", token),
                        ("redirect_uri", Rp::REDIRECT),
                    ],
                    "invalid_grant",
                ),
            ] {
                let reply = rp.post(campus, "/oidc/token", &fields).await;
                assert_eq!(error(&reply), (400, expected.into()), "{fields:?}");
            }
            let reply = rp
                .post(campus, "/oidc/introspect", &[("token", token)])
                .await;
            let seen: Value = serde_json::from_slice(&reply.bytes).unwrap();
            assert_eq!(seen, json!({ "active": false }));
            // As the proof of a client, whoever it says that it is.
            let shown = [
                ("grant_type", "authorization_code"),
                ("code", "x"),
                ("client_id", "client-client"),
                (
                    "client_assertion_type",
                    "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
                ),
                ("client_assertion", token),
            ];
            let reply = campus.visitor().post("/oidc/token", &shown).await;
            assert_eq!(error(&reply).1, "invalid_client", "{}", reply.body());
            // As a hint to who signs in, it is no ID token.
            let reply = rp
                .open(&mut visitor.clone(), &[("id_token_hint", token)])
                .await;
            assert_eq!(rp.error(&reply), "invalid_request");
            let mut thief = campus.visitor();
            thief.cookies.insert("TGC".into(), token.to_owned());
            assert_eq!(thief.get("/cas/login").await.page(), "sign_in");
        })
        .await;
        assert_eq!(visitor.get("/cas/login").await.page(), "signed_in");
    })
    .await;
}
