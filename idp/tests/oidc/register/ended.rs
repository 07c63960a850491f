//! The end of a registration: by the client, by an administrator, for a time or for good.

use idp_domain::applications::ApplicationId;
use idp_storage::applications as stored;
use serde_json::{Value, json};

use super::{each_open_campus, manage, metadata, registered, rp, text};
use crate::given::{fault, good};
use crate::support::kit::{audited_by, register, signed_in, unregister};
use crate::support::oidc::Rp;
use crate::support::{Campus, Visitor};

/// A client with offline access, as a person let it have.
async fn with_tokens(campus: &Campus) -> (Value, Rp, Visitor, Value) {
    let mut asked = metadata();
    asked["grant_types"] = json!(["authorization_code", "refresh_token"]);
    let document = registered(campus, &asked).await;
    let rp = rp(&document);
    let mut visitor = signed_in(campus).await;
    let wanted = [("scope", "openid offline_access"), ("prompt", "consent")];
    let reply = rp.open(&mut visitor, &wanted).await;
    let page = visitor.follow(reply).await;
    let reply = visitor.submit(&page, &[("decision", "allow")]).await;
    let given = good(&rp.redeem(campus, &rp.code_of(&reply)).await);
    assert!(given["refresh_token"].is_string(), "{given}");
    (document, rp, visitor, given)
}

async fn refresh(campus: &Campus, rp: &Rp, given: &Value) -> crate::support::Reply {
    let token = text(given, "refresh_token");
    let fields = [("grant_type", "refresh_token"), ("refresh_token", token)];
    rp.post(campus, "/oidc/token", &fields).await
}

async fn userinfo_status(campus: &Campus, given: &Value) -> u16 {
    let bearer = format!("Bearer {}", text(given, "access_token"));
    let request = axum::http::Request::get("/oidc/userinfo").header("authorization", bearer);
    let request = request.body(axum::body::Body::empty()).unwrap();
    campus.visitor().send(request).await.status.as_u16()
}

/// Its entry, as `yimen application show` prints it.
async fn entry(campus: &Campus, rp: &Rp) -> Value {
    let id = ApplicationId::parse(&rp.client_id).unwrap();
    let mut conn = campus.parts.db.read().await.unwrap();
    stored::find(&mut conn, &id).await.unwrap().unwrap().entry
}

#[tokio::test] // RFC 7592 §2.3
async fn a_client_that_removes_itself_leaves_nothing_that_is_good() {
    each_open_campus(async |campus| {
        let (document, rp, mut visitor, given) = with_tokens(campus).await;
        let kept = entry(campus, &rp).await;
        assert_eq!(userinfo_status(campus, &given).await, 200);
        let own = text(&document, "registration_access_token");
        let (reply, trail) = audited_by(campus, async || {
            manage(campus, "DELETE", &document, Some(own)).await
        })
        .await;
        assert_eq!((reply.status.as_u16(), reply.body().as_str()), (204, ""));
        assert_eq!(
            trail,
            [
                "application.remove success -",
                "oidc.client.unregister success -"
            ]
        );
        assert_eq!(userinfo_status(campus, &given).await, 401);
        assert_eq!(
            fault(&refresh(campus, &rp, &given).await, 401),
            "invalid_client"
        );
        let page = rp.open(&mut visitor, &[]).await;
        assert_eq!((page.status.as_u16(), page.location()), (400, None));
        for method in ["GET", "DELETE"] {
            let reply = manage(campus, method, &document, Some(own)).await;
            assert_eq!(fault(&reply, 401), "invalid_token");
        }
        assert_eq!(campus.count("registered_clients").await, 0);
        assert_eq!(campus.count("consents").await, 0);

        // Whoever comes under its id is another one: nothing of it lives again.
        register(campus, &kept).await;
        assert_eq!(
            fault(&refresh(campus, &rp, &given).await, 400),
            "invalid_grant"
        );
        assert_eq!(userinfo_status(campus, &given).await, 401);
        let reply = manage(campus, "GET", &document, Some(own)).await;
        assert_eq!(fault(&reply, 401), "invalid_token");
    })
    .await;
}

#[tokio::test]
async fn one_that_an_administrator_switches_off_does_nothing_until_it_is_switched_on() {
    each_open_campus(async |campus| {
        let (document, rp, mut visitor, given) = with_tokens(campus).await;
        let own = text(&document, "registration_access_token");
        let mut off = entry(campus, &rp).await;
        off["enabled"] = false.into();
        register(campus, &off).await;
        for method in ["GET", "DELETE"] {
            let reply = manage(campus, method, &document, Some(own)).await;
            assert_eq!(fault(&reply, 403), "access_denied", "{method}");
        }
        assert_eq!(userinfo_status(campus, &given).await, 401);
        assert!(refresh(campus, &rp, &given).await.status.is_client_error());
        let reply = rp.open(&mut visitor, &[]).await;
        let refused = visitor.follow(reply).await;
        assert!(refused.location().is_none_or(|to| !to.contains("code=")));
        assert_eq!(campus.count("registered_clients").await, 1);

        off["enabled"] = true.into();
        register(campus, &off).await;
        good(&manage(campus, "GET", &document, Some(own)).await);
        let reply = manage(campus, "DELETE", &document, Some(own)).await;
        assert_eq!(reply.status, 204);
    })
    .await;
}

#[tokio::test]
async fn one_that_an_administrator_removes_can_not_come_back() {
    each_open_campus(async |campus| {
        let (document, rp, _, given) = with_tokens(campus).await;
        unregister(campus, &rp.client_id).await;
        let own = text(&document, "registration_access_token");
        let reply = manage(campus, "GET", &document, Some(own)).await;
        assert_eq!(fault(&reply, 401), "invalid_token");
        assert_eq!(
            fault(&refresh(campus, &rp, &given).await, 401),
            "invalid_client"
        );
        assert_eq!(campus.count("registered_clients").await, 0);
    })
    .await;
}

#[tokio::test] // the registry is the same on every node
async fn another_node_knows_a_client_as_soon_as_it_looks() {
    each_open_campus(async |campus| {
        let node = campus.second_node().await;
        let document = registered(campus, &metadata()).await;
        let app = node.app();
        app.applications.refresh_if_changed(&app.db).await.unwrap();
        let mut visitor = campus.visitor_at(&node);
        let page = rp(&document).open(&mut visitor, &[]).await;
        assert_eq!(page.page(), "sign_in", "{}", page.body());
    })
    .await;
}
