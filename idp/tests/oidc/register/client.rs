//! What a registered client has: the flow, what it is told, and its own registration.

use idp_domain::oidc::jose::{SigningAlgorithm, SigningKey};
use serde_json::{Value, json};

use super::{LABEL, created, each_open_campus, initial_token, manage, metadata, post, registered};
use super::{rp, text};
use crate::given::{fault, good, said};
use crate::support::kit::{rows, signed_in};
use crate::support::oidc::{ISSUER, Rp};
use crate::support::{Campus, Reply, Visitor};

/// The page on which she is asked about it.
async fn question(rp: &Rp, visitor: &mut Visitor) -> Reply {
    let wanted = [("scope", "openid profile email phone address campus")];
    let reply = rp.open(visitor, &wanted).await;
    let page = visitor.follow(reply).await;
    assert_eq!(page.page(), "consent", "{} {}", page.status, page.body());
    page
}

/// The tokens that she lets it have.
async fn tokens(campus: &Campus, rp: &Rp, visitor: &mut Visitor) -> Value {
    let page = question(rp, visitor).await;
    let reply = visitor.submit(&page, &[("decision", "allow")]).await;
    good(&rp.redeem(campus, &rp.code_of(&reply)).await)
}

async fn userinfo(campus: &Campus, tokens: &Value) -> Value {
    let bearer = format!("Bearer {}", text(tokens, "access_token"));
    let request = axum::http::Request::get("/oidc/userinfo").header("authorization", bearer);
    let request = request.body(axum::body::Body::empty()).unwrap();
    good(&campus.visitor().send(request).await)
}

#[tokio::test] // OID-30; RFC 7591 §3.2.1
async fn a_registered_client_signs_people_in_who_were_asked_and_learns_what_its_token_permits() {
    each_open_campus(async |campus| {
        let mut asked = metadata();
        asked["consent"] = "implicit".into();
        asked["release"] = json!(["phone", "address"]);
        let document = registered(campus, &asked).await;
        assert_eq!(document["client_secret_expires_at"], 0);
        let now = campus.clock.now().as_second();
        assert_eq!(document["client_id_issued_at"], now);
        let place = format!("{ISSUER}/oidc/register/{}", text(&document, "client_id"));
        assert_eq!(document["registration_client_uri"], place);
        assert_eq!(document["redirect_uris"], json!([Rp::REDIRECT]));
        assert_eq!(document["client_name"], "Courses");

        let rp = rp(&document);
        let mut visitor = signed_in(campus).await;
        let page = question(&rp, &mut visitor).await;
        // Whom to ask about it: the school doesn't know it.
        assert!(page.body().contains(LABEL), "{}", page.body());
        let reply = visitor.submit(&page, &[("decision", "deny")]).await;
        assert_eq!(rp.error(&reply), "access_denied");

        let given = tokens(campus, &rp, &mut visitor).await;
        let (_, claims) = said(&given["id_token"]);
        assert_eq!(claims["aud"], rp.client_id);
        let told = userinfo(campus, &given).await;
        let mut members: Vec<&str> = told.as_object().unwrap().keys().map(|k| &**k).collect();
        members.sort_unstable();
        assert_eq!(members, ["name", "sub"], "{told}");
    })
    .await;
}

#[tokio::test] // secrets are shown once, and kept as hashes
async fn what_a_client_was_given_stands_nowhere() {
    each_open_campus(async |campus| {
        let initial = initial_token(campus, 1).await;
        let document = created(&post(campus, Some(&initial), &metadata()).await);
        let secret = text(&document, "client_secret");
        let own = text(&document, "registration_access_token");
        assert!(secret.len() >= 43 && own.starts_with("RR-"));
        for table in [
            "applications",
            "registered_clients",
            "initial_access_tokens",
            "audit_events",
        ] {
            let kept = rows(campus, table).await;
            for given in [secret, own, initial.as_str()] {
                assert!(!kept.contains(given), "{table}");
            }
        }
        // It reads what is registered as often as it likes, but its secret no second time.
        for _ in 0..2 {
            let mut read = good(&manage(campus, "GET", &document, Some(own)).await);
            assert_eq!(read.get("client_secret"), None);
            let mut expected = document.clone();
            for once in ["client_secret", "client_secret_expires_at"] {
                expected.as_object_mut().unwrap().remove(once);
            }
            assert_eq!(read, expected);
            assert!(read["client_secret_sha256"].take().is_null());
        }
    })
    .await;
}

#[tokio::test] // RFC 7592 §2.1
async fn only_its_own_token_opens_a_registration() {
    each_open_campus(async |campus| {
        let one = registered(campus, &metadata()).await;
        let other = registered(campus, &metadata()).await;
        assert_ne!(one["client_id"], other["client_id"]);
        let initial = initial_token(campus, 1).await;
        let wrong = format!("RR-{}", "x".repeat(43));
        let theirs = text(&other, "registration_access_token");
        let secret = text(&one, "client_secret");
        for token in [
            None,
            Some(theirs),
            Some(&*initial),
            Some(&*wrong),
            Some(secret),
        ] {
            for method in ["GET", "DELETE"] {
                let reply = manage(campus, method, &one, token).await;
                assert_eq!(fault(&reply, 401), "invalid_token", "{method} {token:?}");
            }
        }
        // A client of the school's own is at no such address.
        Rp::registered(campus).await;
        let mut school = one.clone();
        school["registration_client_uri"] = format!("{ISSUER}/oidc/register/{}", Rp::ID).into();
        let own = text(&one, "registration_access_token");
        let reply = manage(campus, "DELETE", &school, Some(own)).await;
        assert_eq!(fault(&reply, 401), "invalid_token");
        // What can't be done with one (RFC 7592 §2.2 is an option).
        let reply = manage(campus, "PUT", &one, Some(own)).await;
        assert_eq!(reply.status, 405);
        assert_eq!(campus.count("registered_clients").await, 2);
    })
    .await;
}

#[tokio::test]
async fn a_public_client_and_one_with_a_key_get_no_secret() {
    each_open_campus(async |campus| {
        let key = SigningKey::generate(SigningAlgorithm::Es256).unwrap();
        let key = SigningKey::from_pkcs8(SigningAlgorithm::Es256, &key).unwrap();
        for (method, jwks) in [
            ("none", Value::Null),
            (
                "private_key_jwt",
                json!({ "keys": [key.public().to_jwk()] }),
            ),
        ] {
            let mut asked = metadata();
            asked["token_endpoint_auth_method"] = method.into();
            asked["jwks"] = jwks;
            let document = registered(campus, &asked).await;
            assert_eq!(document["token_endpoint_auth_method"], method);
            assert_eq!(document.get("client_secret"), None);
            if method == "none" {
                let rp = rp(&document);
                let mut visitor = signed_in(campus).await;
                let given = tokens(campus, &rp, &mut visitor).await;
                assert_eq!(given["token_type"], "Bearer");
            }
        }
    })
    .await;
}
