//! Codes for tokens: once, for the client that they were made for, by it alone.

use idp_domain::oidc::jose::{SigningAlgorithm, Typ};
use idp_domain::oidc::token::at_hash;
use jiff::SignedDuration;
use serde_json::{Value, json};

use crate::given::{code, code_for, fault, good, request, said, tokens};
use crate::support::kit::{STUDENT, force_change};
use crate::support::kit::{audited_by, suspend, unregister};
use crate::support::oidc::{ISSUER, Rp, VERIFIER};
use crate::support::{Campus, each_campus};

const TOKEN: &str = "/oidc/token";

async fn refreshing(campus: &Campus) -> Rp {
    let grants = json!({ "grant_types": ["authorization_code", "refresh_token"] });
    Rp::registered_with(campus, &grants).await
}

fn fields<'a>(rp: &'a Rp, code: &'a str) -> Vec<(&'a str, &'a str)> {
    vec![
        ("grant_type", "authorization_code"),
        ("code", code),
        ("redirect_uri", &rp.redirect_uri),
        ("code_verifier", VERIFIER),
    ]
}

#[tokio::test] // OIDC 47, 56, 57, 59, 60; RFC 9068 §2
async fn a_code_gives_tokens_that_say_what_happened() {
    each_campus(async |campus| {
        let rp = Rp::registered(campus).await;
        let given = tokens(campus, &rp, "openid profile email").await;
        assert_eq!(given["token_type"], "Bearer");
        assert_eq!(given["expires_in"], 600);
        assert_eq!(given["scope"], "openid profile email");
        assert_eq!(given.get("refresh_token"), None);

        let (header, id) = said(&given["id_token"]);
        assert_eq!(
            (&header["alg"], &header["typ"]),
            (&json!("RS256"), &json!("JWT"))
        );
        let now = campus.clock.now().as_second();
        assert_eq!(
            (&id["iss"], &id["aud"]),
            (&json!(ISSUER), &json!(rp.client_id))
        );
        assert_eq!((&id["iat"], &id["exp"]), (&json!(now), &json!(now + 600)));
        assert_eq!(
            (&id["auth_time"], &id["nonce"]),
            (&json!(now), &json!("n-0S6"))
        );
        assert_eq!(
            (&id["acr"], &id["amr"]),
            (&json!("urn:yimen:acr:1fa"), &json!(["pwd"]))
        );
        let access = given["access_token"].as_str().unwrap();
        assert_eq!(id["at_hash"], at_hash(access, SigningAlgorithm::Rs256));
        assert!(id["sid"].is_string() && id.get("azp").is_none());
        // Scopes speak of userinfo (OpenID Connect Core §5.4).
        assert_eq!((id.get("name"), id.get("email")), (None, None));

        let (header, says) = said(&given["access_token"]);
        assert_eq!(header["typ"], "at+jwt");
        assert_eq!(
            (&says["iss"], &says["aud"]),
            (&json!(ISSUER), &json!(ISSUER))
        );
        assert_eq!(
            (&says["sub"], &says["client_id"]),
            (&id["sub"], &json!(rp.client_id))
        );
        assert_eq!(says["scope"], "openid profile email");
        assert_eq!(
            says["exp"].as_i64().unwrap() - says["iat"].as_i64().unwrap(),
            600
        );
        assert!(says["jti"].as_str().unwrap().len() >= 43 && says.get("cnf").is_none());
        let keys = &campus.idp.app().signing_keys;
        keys.verify(access, Typ::AccessToken).unwrap();
        keys.verify(given["id_token"].as_str().unwrap(), Typ::IdToken)
            .unwrap();
    })
    .await;
}

#[tokio::test] // OIDC 9
async fn without_openid_there_is_no_id_token() {
    each_campus(async |campus| {
        let rp = Rp::registered(campus).await;
        let given = tokens(campus, &rp, "profile").await;
        assert_eq!(given.get("id_token"), None);
        assert!(given["access_token"].is_string());
    })
    .await;
}

#[tokio::test] // OID-06, OIDC 58
async fn tokens_are_signed_as_the_entry_says() {
    each_campus(async |campus| {
        for alg in ["RS256", "PS256", "ES256", "EdDSA"] {
            let change = json!({ "id_token_signed_response_alg": alg });
            let rp = Rp::registered_with(campus, &change).await;
            let given = tokens(campus, &rp, "openid").await;
            for name in ["id_token", "access_token"] {
                assert_eq!(said(&given[name]).0["alg"], alg);
            }
        }
        let opaque = Rp::registered_with(campus, &json!({ "access_token_format": "opaque" })).await;
        let given = tokens(campus, &opaque, "openid").await;
        let text = given["access_token"].as_str().unwrap();
        assert!(text.starts_with("AT-") && text.len() == 46, "{text}");
        assert_eq!(campus.count("access_tokens").await, 5);
    })
    .await;
}

#[tokio::test] // OID-03, OID-04, OIDC 35, 37, 44, 45
async fn a_code_that_came_back_otherwise_is_refused_and_burnt() {
    each_campus(async |campus| {
        let rp = Rp::registered(campus).await;
        let mut other = rp.clone();
        let mut entry = Rp::entry_with(&json!({ "client_id": "other" }));
        entry["id"] = json!("other");
        other.client_id = Rp::of_entry(campus, &entry).await.client_id;
        let long = "a".repeat(129);
        let short = &VERIFIER[..42];
        let cases: [(&str, &str, &str); 8] = [
            (
                "redirect_uri",
                "https://rp.example.edu/callback/",
                "other_redirect_uri",
            ),
            ("redirect_uri", "", "other_redirect_uri"),
            ("code_verifier", "", "other_verifier"),
            ("code_verifier", short, "other_verifier"),
            ("code_verifier", &long, "other_verifier"),
            (
                "code_verifier",
                "another-verifier-of-the-tests-0123456789-abcd",
                "other_verifier",
            ),
            ("client", "other", "other_client"),
            ("resource", "https://nobody.example", "target"),
        ];
        for (name, value, reason) in cases {
            let code = code(campus, &rp, "openid").await;
            let mut sent = fields(&rp, &code);
            sent.retain(|(n, _)| *n != name);
            sent.push((name, value));
            let asker = if name == "client" { &other } else { &rp };
            let act = async || asker.post(campus, TOKEN, &sent).await;
            let (reply, trail) = audited_by(campus, act).await;
            let word = if name == "resource" {
                "invalid_target"
            } else {
                "invalid_grant"
            };
            assert_eq!(fault(&reply, 400), word, "{name}={value}");
            assert_eq!(trail, [format!("oidc.code.refuse refused {reason}")]);
            assert_eq!(fault(&rp.redeem(campus, &code).await, 400), "invalid_grant");
        }
        // A verifier where there was no challenge: somebody took it out (RFC 9700 §4.8.2).
        let mut without = request(campus, &rp, "openid");
        without.code_challenge = None;
        let code = code_for(campus, &rp, &without).await;
        assert_eq!(fault(&rp.redeem(campus, &code).await, 400), "invalid_grant");
        assert_eq!(campus.count("authorizations").await, 0);
    })
    .await;
}

#[tokio::test] // OIDC 24
async fn a_code_lives_a_minute() {
    each_campus(async |campus| {
        let rp = Rp::registered(campus).await;
        let (early, late) = (
            code(campus, &rp, "openid").await,
            code(campus, &rp, "openid").await,
        );
        campus.advance(SignedDuration::from_secs(59));
        good(&rp.redeem(campus, &early).await);
        campus.advance(SignedDuration::from_secs(1));
        let (reply, trail) = audited_by(campus, async || rp.redeem(campus, &late).await).await;
        assert_eq!(fault(&reply, 400), "invalid_grant");
        assert_eq!(trail, ["oidc.code.refuse refused expired"]);
    })
    .await;
}

#[tokio::test] // OID-02, OIDC 46
async fn a_code_that_comes_again_ends_what_it_gave() {
    each_campus(async |campus| {
        let rp = refreshing(campus).await;
        let code = code(campus, &rp, "openid").await;
        let given = good(&rp.redeem(campus, &code).await);
        // The same client twice, a moment later: it fails and nothing is lost.
        campus.advance(SignedDuration::from_secs(2));
        let (reply, trail) = audited_by(campus, async || rp.redeem(campus, &code).await).await;
        assert_eq!(fault(&reply, 400), "invalid_grant");
        assert_eq!(trail, ["oidc.code.replay refused race"]);
        assert_eq!(
            campus
                .count("authorizations WHERE revoked_at IS NULL")
                .await,
            1
        );

        campus.advance(SignedDuration::from_millis(1));
        let (reply, trail) = audited_by(campus, async || rp.redeem(campus, &code).await).await;
        assert_eq!(fault(&reply, 400), "invalid_grant");
        assert_eq!(trail, ["oidc.code.replay refused replay"]);
        let refresh = given["refresh_token"].as_str().unwrap();
        let again = [("grant_type", "refresh_token"), ("refresh_token", refresh)];
        assert_eq!(
            fault(&rp.post(campus, TOKEN, &again).await, 400),
            "invalid_grant"
        );
    })
    .await;
}

#[tokio::test] // OID-16: the state of each moment counts, not that of the request
async fn a_code_gives_nothing_to_who_may_not_have_it_any_more() {
    each_campus(async |campus| {
        let rp = Rp::registered(campus).await;
        let waiting = code(campus, &rp, "openid").await;
        force_change(campus).await;
        let (reply, trail) = audited_by(campus, async || rp.redeem(campus, &waiting).await).await;
        assert_eq!(fault(&reply, 400), "invalid_grant");
        assert_eq!(trail, ["oidc.code.refuse refused must_change_password"]);
        campus
            .execute("UPDATE passwords SET must_change = FALSE")
            .await;

        let waiting = code(campus, &rp, "openid").await;
        suspend(campus, STUDENT).await;
        assert_eq!(
            fault(&rp.redeem(campus, &waiting).await, 400),
            "invalid_grant"
        );
        campus
            .execute("UPDATE persons SET state = 'active' WHERE state = 'suspended'")
            .await;

        let waiting = code(campus, &rp, "openid").await;
        campus
            .execute("UPDATE sessions SET ended_at = last_seen_at")
            .await;
        let (reply, trail) = audited_by(campus, async || rp.redeem(campus, &waiting).await).await;
        assert_eq!(fault(&reply, 400), "invalid_grant");
        assert_eq!(trail, ["oidc.code.refuse refused session_ended"]);

        let waiting = code(campus, &rp, "openid").await;
        unregister(campus, Rp::ID).await;
        assert_eq!(
            fault(&rp.redeem(campus, &waiting).await, 401),
            "invalid_client"
        );
    })
    .await;
}

#[tokio::test] // OIDC 48, 50, OID-22
async fn other_ways_to_tokens_do_not_exist() {
    each_campus(async |campus| {
        let rp = Rp::registered(campus).await;
        for (grant_type, word) in [
            ("password", "unsupported_grant_type"),
            ("implicit", "unsupported_grant_type"),
            (
                "urn:ietf:params:oauth:grant-type:jwt-bearer",
                "unsupported_grant_type",
            ),
            ("", "invalid_request"),
            ("refresh_token", "unauthorized_client"),
            ("client_credentials", "unauthorized_client"),
        ] {
            let fields = [
                ("grant_type", grant_type),
                ("username", "u"),
                ("password", "p"),
            ];
            let reply = rp.post(campus, TOKEN, &fields).await;
            assert_eq!(fault(&reply, 400), word, "{grant_type}");
        }
        assert_eq!(campus.visitor().get(TOKEN).await.status, 405);
    })
    .await;
}

#[tokio::test] // OIDC 108, RFC 9700 §4.15
async fn an_application_gets_a_token_for_itself() {
    each_campus(async |campus| {
        let change = json!({
            "grant_types": ["authorization_code", "client_credentials"],
            "scopes": ["openid", "profile", "books:read", "books:write"],
            "audiences": ["https://books.example.edu"],
        });
        let rp = Rp::registered_with(campus, &change).await;
        let ask = async |more: &[(&str, &str)]| {
            let mut fields = vec![("grant_type", "client_credentials")];
            fields.extend_from_slice(more);
            rp.post(campus, TOKEN, &fields).await
        };
        let given = good(&ask(&[("resource", "https://books.example.edu")]).await);
        assert_eq!(given["scope"], "books:read books:write");
        assert_eq!(
            (given.get("id_token"), given.get("refresh_token")),
            (None, None)
        );
        let says: Value = said(&given["access_token"]).1;
        assert_eq!(says["sub"], "client:rp");
        assert_eq!(says["aud"], "https://books.example.edu");
        assert_eq!((says.get("auth_time"), says.get("acr")), (None, None));
        let less = good(&ask(&[("scope", "books:read")]).await);
        assert_eq!(less["scope"], "books:read");
        for scope in ["openid", "profile", "admin"] {
            assert_eq!(fault(&ask(&[("scope", scope)]).await, 400), "invalid_scope");
        }
        let elsewhere = ask(&[("resource", "https://other.example.edu")]).await;
        assert_eq!(fault(&elsewhere, 400), "invalid_target");
        assert_eq!(
            campus.audited("oidc.client_credentials", "success").await,
            2
        );
        // RFC 6749 §3.3: a scope has a word at least. Without any there is none to be told.
        let scopeless = json!({ "grant_types": ["client_credentials"], "scopes": [] });
        let rp = Rp::registered_with(campus, &scopeless).await;
        let fields = [("grant_type", "client_credentials")];
        let given = good(&rp.post(campus, TOKEN, &fields).await);
        assert_eq!(given.get("scope"), None);
        assert_eq!(said(&given["access_token"]).1.get("scope"), None);
        let token = given["access_token"].as_str().unwrap();
        let seen = good(
            &rp.post(campus, "/oidc/introspect", &[("token", token)])
                .await,
        );
        assert_eq!((&seen["active"], seen.get("scope")), (&json!(true), None));
    })
    .await;
}
