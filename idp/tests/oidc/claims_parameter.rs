//! Single claims, asked for by name (OpenID Connect Core §5.5).

use serde_json::{Value, json};

use crate::support::kit::signed_in;
use crate::support::oidc::Rp;
use crate::support::{Campus, Visitor, each_campus};

/// What the consent page of a request lists, as the words of its texts.
async fn listed(rp: &Rp, visitor: &mut Visitor, claims: &Value) -> String {
    let claims = claims.to_string();
    let changes = [
        ("scope", "openid"),
        ("claims", &*claims),
        ("prompt", "consent"),
    ];
    let reply = rp.open(visitor, &changes).await;
    let page = visitor.follow(reply).await;
    assert_eq!(page.page(), "consent", "{}", page.body());
    let body = page.body();
    let list = body.split_once("<ul class=\"disclosed\">");
    list.map_or(String::new(), |(_, rest)| {
        rest.split_once("</ul>").unwrap().0.to_owned()
    })
}

async fn asking(campus: &Campus) -> Rp {
    Rp::registered_with(campus, &json!({ "consent": "ask" })).await
}

#[tokio::test] // OID-29: what nobody released is not even asked about
async fn only_what_the_entry_releases_can_be_asked_for() {
    each_campus(async |campus| {
        let rp = asking(campus).await;
        let mut visitor = signed_in(campus).await;
        let unreleased = json!({ "userinfo": {
            "phone_number": { "essential": true },
            "email": null,
            "id_number": { "essential": true },
            "address": null,
        }});
        assert_eq!(listed(&rp, &mut visitor, &unreleased).await, "");
        let some = json!({ "id_token": { "name": null }, "userinfo": { "groups": null } });
        let list = listed(&rp, &mut visitor, &some).await;
        assert!(list.contains("姓名") && list.contains("群组"), "{list}");
        assert!(!list.contains("学工号"), "{list}");
    })
    .await;
}

#[tokio::test] // OIDC 27: agreed to one by one, and asked again for the next
async fn a_single_claim_is_agreed_to_like_a_scope() {
    each_campus(async |campus| {
        let rp = asking(campus).await;
        let mut visitor = signed_in(campus).await;
        let name = json!({ "userinfo": { "name": { "essential": true } } }).to_string();
        let changes = [("scope", "openid"), ("claims", &*name)];
        let reply = rp.open(&mut visitor, &changes).await;
        let page = visitor.follow(reply).await;
        let reply = visitor.submit(&page, &[("decision", "allow")]).await;
        let redeemed = rp.redeem(campus, &rp.code_of(&reply)).await;
        assert_eq!(redeemed.status, 200, "{}", redeemed.body());
        rp.code(&mut visitor, &changes).await;
        // The scope asks for the number as well.
        let reply = rp.open(&mut visitor, &[]).await;
        assert_eq!(visitor.follow(reply).await.page(), "consent");
        // And what isn't understood is no reason to stop.
        let odd = json!({ "userinfo": { "shoe_size": null }, "transaction": 7 }).to_string();
        rp.code(&mut visitor, &[("scope", "openid"), ("claims", &odd)])
            .await;
        for bad in ["{", "[]", r#"{"id_token":{"sub":"x"}}"#] {
            let reply = rp.open(&mut visitor, &[("claims", bad)]).await;
            assert_eq!(rp.error(&reply), "invalid_request", "{bad}");
        }
    })
    .await;
}
