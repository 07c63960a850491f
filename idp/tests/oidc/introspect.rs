//! Introspection and revocation: for the clients that they concern, and never untrue.

use idp_domain::ids::AuthorizationId;
use idp_domain::oidc::RefreshToken;
use jiff::SignedDuration;
use serde_json::{Value, json};

use crate::given::{code_for, fault, good, request, tokens};
use crate::support::kit::{audited_by, changing_nothing};
use crate::support::oidc::{ISSUER, Rp};
use crate::support::{Campus, Reply, each_campus};
use crate::userinfo;

const INTROSPECT: &str = "/oidc/introspect";
const REVOKE: &str = "/oidc/revoke";

async fn ask(campus: &Campus, rp: &Rp, token: &str) -> Value {
    good(&rp.post(campus, INTROSPECT, &[("token", token)]).await)
}

/// Whether a client hears that the access token of an answer is good.
pub async fn is_active(campus: &Campus, rp: &Rp, given: &Value) -> bool {
    let seen = ask(campus, rp, given["access_token"].as_str().unwrap()).await;
    if seen["active"] != true {
        assert_eq!(seen, json!({ "active": false }));
    }
    seen["active"] == true
}

async fn revoke(campus: &Campus, rp: &Rp, token: &str) -> Reply {
    rp.post(campus, REVOKE, &[("token", token)]).await
}

async fn other(campus: &Campus, more: Value) -> Rp {
    let mut change = more;
    change["client_id"] = json!("other");
    let mut entry = Rp::entry_with(&change);
    entry["id"] = json!("other");
    Rp::of_entry(campus, &entry).await
}

async fn refreshing(campus: &Campus) -> Rp {
    let change = json!({ "grant_types": ["authorization_code", "refresh_token"] });
    Rp::registered_with(campus, &change).await
}

#[tokio::test] // OIDC 90, 91, 92, OID-23
async fn a_token_is_told_of_to_whom_it_concerns() {
    each_campus(async |campus| {
        let books = "https://books.example.edu";
        for format in ["jwt", "opaque"] {
            let change = json!({ "access_token_format": format, "audiences": [books] });
            let rp = Rp::registered_with(campus, &change).await;
            let stranger = other(campus, json!({})).await;
            let mut asked = request(campus, &rp, "openid profile");
            asked.granted.resources = vec![books.into()];
            let given = good(
                &rp.redeem(campus, &code_for(campus, &rp, &asked).await)
                    .await,
            );
            let token = given["access_token"].as_str().unwrap();
            let seen = ask(campus, &rp, token).await;
            let now = campus.clock.now().as_second();
            for (name, value) in [
                ("active", json!(true)),
                ("iss", json!(ISSUER)),
                ("client_id", json!(Rp::ID)),
                ("scope", json!("openid profile")),
                ("aud", json!(books)),
                ("token_type", json!("Bearer")),
                ("iat", json!(now)),
                ("exp", json!(now + 600)),
            ] {
                assert_eq!(seen[name], value, "{name}");
            }
            assert!(!is_active(campus, &stranger, &given).await);
            // Who may ask for tokens for it isn't therefore the one that they are for.
            let neighbour = other(campus, json!({ "audiences": [books] })).await;
            assert!(!is_active(campus, &neighbour, &given).await);
            let elsewhere = json!({ "resource_server_for": ["https://rooms.example.edu"] });
            let elsewhere = other(campus, elsewhere).await;
            assert!(!is_active(campus, &elsewhere, &given).await);
            let resource = other(campus, json!({ "resource_server_for": [books] })).await;
            assert!(is_active(campus, &resource, &given).await);
            campus.advance(SignedDuration::from_mins(10));
            assert!(!is_active(campus, &rp, &given).await);
        }
        let rp = Rp::registered(campus).await;
        let unknown = ["x", "AT-x", "a.b.c", "RT-AAAA"];
        for token in unknown {
            assert_eq!(
                ask(campus, &rp, token).await,
                json!({ "active": false }),
                "{token}"
            );
        }
        let empty = rp.post(campus, INTROSPECT, &[]).await;
        assert_eq!(fault(&empty, 400), "invalid_request");
        let wrong = Rp {
            secret: Some("a-wrong-secret-of-it".into()),
            ..rp.clone()
        };
        let reply = wrong.post(campus, INTROSPECT, &[("token", "x")]).await;
        assert_eq!(fault(&reply, 401), "invalid_client");
        let public = json!({ "client_secret": null, "token_endpoint_auth_method": "none" });
        let public = other(campus, public).await;
        let reply = public.post(campus, INTROSPECT, &[("token", "x")]).await;
        assert_eq!(fault(&reply, 401), "invalid_client");
    })
    .await;
}

#[tokio::test] // OIDC 87, 88, 89, OID-23
async fn what_is_revoked_is_dead_at_once() {
    each_campus(async |campus| {
        let rp = refreshing(campus).await;
        let stranger = other(campus, json!({})).await;
        let given = tokens(campus, &rp, "openid offline_access").await;
        let (access, refresh) = (
            given["access_token"].as_str().unwrap(),
            given["refresh_token"].as_str().unwrap(),
        );
        // Another client's is not its to end.
        for token in [access, refresh, "x", "a.b.c"] {
            let (reply, trail) =
                changing_nothing(campus, async || revoke(campus, &stranger, token).await).await;
            assert_eq!((reply.status.as_u16(), reply.body().as_str()), (200, ""));
            assert!(trail.is_empty(), "{trail:?}");
        }
        assert!(userinfo::is_good(campus, &given).await);

        let act = async || {
            let fields = [("token", access), ("token_type_hint", "refresh_token")];
            rp.post(campus, REVOKE, &fields).await
        };
        let (reply, trail) = audited_by(campus, act).await;
        assert_eq!(reply.status, 200);
        assert_eq!(trail, ["oidc.revoke success access_token"]);
        assert!(!userinfo::is_good(campus, &given).await);
        assert!(!is_active(campus, &rp, &given).await);
        assert_eq!(revoke(campus, &rp, access).await.status, 200);

        // A refresh token takes the access tokens with it.
        let fields = [("grant_type", "refresh_token"), ("refresh_token", refresh)];
        let newer = good(&rp.post(campus, "/oidc/token", &fields).await);
        assert!(userinfo::is_good(campus, &newer).await);
        assert_eq!(
            ask(campus, &rp, newer["refresh_token"].as_str().unwrap()).await["active"],
            true
        );
        let (reply, trail) = audited_by(campus, async || revoke(campus, &rp, refresh).await).await;
        assert_eq!(reply.status, 200);
        assert_eq!(trail, ["oidc.revoke success refresh_token"]);
        assert!(!userinfo::is_good(campus, &newer).await);
        let newest = newer["refresh_token"].as_str().unwrap();
        assert_eq!(ask(campus, &rp, newest).await, json!({ "active": false }));
        let fields = [("grant_type", "refresh_token"), ("refresh_token", newest)];
        let reply = rp.post(campus, "/oidc/token", &fields).await;
        assert_eq!(fault(&reply, 400), "invalid_grant");
    })
    .await;
}

#[tokio::test] // OID-24
async fn a_revocation_that_fails_says_so() {
    each_campus(async |campus| {
        let rp = refreshing(campus).await;
        let given = tokens(campus, &rp, "openid").await;
        for name in ["access_token", "refresh_token"] {
            campus
                .execute("ALTER TABLE audit_events RENAME TO audit_events_away")
                .await;
            let reply = revoke(campus, &rp, given[name].as_str().unwrap()).await;
            campus
                .execute("ALTER TABLE audit_events_away RENAME TO audit_events")
                .await;
            assert!(reply.status.is_server_error(), "{}", reply.status);
            assert_eq!(reply.header("cache-control"), Some("no-store"));
            // Nothing of it happened.
            assert!(userinfo::is_good(campus, &given).await, "{name}");
        }
        for name in ["access_token", "refresh_token"] {
            assert_eq!(
                revoke(campus, &rp, given[name].as_str().unwrap())
                    .await
                    .status,
                200
            );
        }
        assert!(!userinfo::is_good(campus, &given).await);
    })
    .await;
}

#[tokio::test] // OID-16, OIDC 92: a token dies with the session
async fn the_end_of_the_session_is_known_at_once() {
    each_campus(async |campus| {
        let rp = refreshing(campus).await;
        let online = tokens(campus, &rp, "openid").await;
        let offline = tokens(campus, &rp, "openid offline_access").await;
        campus
            .execute("UPDATE sessions SET ended_at = last_seen_at")
            .await;
        assert!(!userinfo::is_good(campus, &online).await);
        assert!(!is_active(campus, &rp, &online).await);
        assert!(userinfo::is_good(campus, &offline).await);
        assert!(is_active(campus, &rp, &offline).await);
    })
    .await;
}

#[tokio::test] // OID-33
async fn a_genuine_token_of_no_row_is_unknown() {
    each_campus(async |campus| {
        let rp = refreshing(campus).await;
        let id = AuthorizationId(uuid::Uuid::from_u128(7));
        let token = RefreshToken::new(id, 0).render(campus.keys());
        let fields = [
            ("grant_type", "refresh_token"),
            ("refresh_token", token.as_str()),
        ];
        let reply = rp.post(campus, "/oidc/token", &fields).await;
        assert_eq!(fault(&reply, 400), "invalid_grant");
        assert_eq!(ask(campus, &rp, &token).await, json!({ "active": false }));
        assert_eq!(revoke(campus, &rp, &token).await.status, 200);
    })
    .await;
}
