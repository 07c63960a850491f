//! How a request may come, and what is answered when it can’t be done.

use axum::body::Body;
use axum::http::Request;

use super::leaving::{HERE, assert_gone_to, bye, entered, is_signed_in, leaving};
use crate::support::kit::{address, assert_own_page};
use crate::support::visitor::ORIGIN;
use crate::support::{Visitor, each_campus};

#[tokio::test] // OIDC 75: from the application's page, without our cookies
async fn a_form_leads_to_the_get_with_the_same_parameters() {
    each_campus(async |campus| {
        let (client, mut visitor, hint) = entered(campus).await;
        let bye = bye(&client);
        let asked = [
            ("id_token_hint", hint.as_str()),
            ("post_logout_redirect_uri", &bye),
            ("state", "a b&c=ü"),
        ];
        let post = |kind: &str, body: String| {
            let request = Request::post(HERE)
                .header("origin", &client.origin)
                .header("content-type", kind);
            request.body(Body::from(body)).unwrap()
        };
        let form = "application/x-www-form-urlencoded";
        let body = format!("{}&more=1", Visitor::encode(&asked));
        let reply = campus.visitor().send(post(form, body.clone())).await;
        let to = address(HERE, &asked);
        assert_eq!(
            (reply.status.as_u16(), reply.location()),
            (303, Some(to.as_str()))
        );
        assert!(reply.cookies().is_empty(), "{:?}", reply.cookies());
        // Nothing else happened, and another kind of body is none.
        assert!(is_signed_in(&visitor).await);
        assert_eq!(
            visitor.clone().send(post("text/plain", body)).await.status,
            400
        );
        let state = "a+b%26c%3D%C3%BC";
        assert_gone_to(
            &visitor.follow(reply).await,
            &format!("{bye}?state={state}"),
        );
        assert!(!is_signed_in(&visitor).await);
    })
    .await;
}

#[tokio::test]
async fn of_a_parameter_that_stands_twice_none_counts() {
    each_campus(async |campus| {
        let (client, mut visitor, hint) = entered(campus).await;
        let bye = bye(&client);
        for name in [
            "id_token_hint",
            "client_id",
            "post_logout_redirect_uri",
            "state",
        ] {
            let asked = [
                ("id_token_hint", hint.as_str()),
                ("client_id", "client-client"),
                ("post_logout_redirect_uri", &bye),
                ("state", "s"),
                (name, "x"),
            ];
            let reply = visitor.get(&address(HERE, &asked)).await;
            assert_own_page(&reply, 400, "error");
            assert!(is_signed_in(&visitor).await, "{name}");
        }
    })
    .await;
}

#[tokio::test] // RFC 9110 §9.2.1
async fn a_head_signs_nobody_out() {
    each_campus(async |campus| {
        let (client, mut visitor, hint) = entered(campus).await;
        let request = Request::head(leaving(&client, &hint, &[])).body(Body::empty());
        visitor.send(request.unwrap()).await;
        assert!(is_signed_in(&visitor).await);
    })
    .await;
}

#[tokio::test] // OID-24
async fn without_the_database_it_is_a_503_and_nobody_is_told_that_it_is_done() {
    each_campus(async |campus| {
        let (client, mut visitor, hint) = entered(campus).await;
        let shown = leaving(&client, &hint, &[]);
        let question = visitor.get(HERE).await;
        assert_eq!(question.page(), "sign_out");
        // What can't be written didn't happen.
        campus
            .execute("ALTER TABLE audit_events RENAME TO audit_events_away")
            .await;
        let mut copy = visitor.clone();
        for reply in [copy.get(&shown).await, copy.submit(&question, &[]).await] {
            assert_own_page(&reply, 500, "error");
            assert!(reply.cookies().is_empty(), "{:?}", reply.cookies());
        }
        campus
            .execute("ALTER TABLE audit_events_away RENAME TO audit_events")
            .await;
        assert!(is_signed_in(&visitor).await);
        campus.parts.db.close().await;
        for reply in [
            visitor.get(&shown).await,
            visitor.get(HERE).await,
            visitor.submit(&question, &[]).await,
        ] {
            assert_own_page(&reply, 503, "error");
            assert!(reply.header("retry-after").is_some());
        }
        assert!(
            visitor.cookies.contains_key("TGC"),
            "she is signed in still"
        );
        assert!(client.requests().is_empty());
    })
    .await;
}

#[tokio::test] // OIDC 73, OIDC 82
async fn what_we_can_is_published() {
    each_campus(async |campus| {
        let reply = campus
            .visitor()
            .get("/.well-known/openid-configuration")
            .await;
        let document: serde_json::Value = serde_json::from_str(&reply.body()).unwrap();
        assert_eq!(document["end_session_endpoint"], format!("{ORIGIN}{HERE}"));
        for name in [
            "backchannel_logout_supported",
            "backchannel_logout_session_supported",
            "frontchannel_logout_supported",
            "frontchannel_logout_session_supported",
        ] {
            assert_eq!(document[name], true, "{name}");
        }
    })
    .await;
}
