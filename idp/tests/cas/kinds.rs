//! TKT-16: every secret of the CAS protocol in every place that takes another one.

use axum::body::Body;
use axum::http::Request;

use crate::proxying::{MAIL, PORTAL, each_proxying_campus, granted_with_iou, proxy_ticket};
use crate::support::kit::{PASSWORD, STUDENT, address, ticket};
use crate::support::{Campus, Visitor, login};

/// Her browser, and one live secret of each kind.
async fn secrets(
    campus: &Campus,
    callbacks: &crate::proxying::Callbacks,
) -> (Visitor, Vec<(&'static str, String)>) {
    let mut visitor = campus.visitor();
    let page = visitor.sign_in_page(PORTAL).await;
    let fields = [
        ("username", STUDENT),
        ("password", PASSWORD),
        ("warn", "true"),
    ];
    let reply = visitor.submit(&page, &fields).await;
    let first = visitor.leave_the_queue(reply).await.ticket().unwrap();
    let at = ("/cas/serviceValidate", PORTAL, "portal");
    let (pgt, iou) = granted_with_iou(campus, callbacks, at, &first).await;
    let hop = visitor.get(&login(MAIL)).await;
    let hop = hop
        .location()
        .unwrap()
        .rsplit('/')
        .next()
        .unwrap()
        .to_owned();

    // The ledger of another session of hers.
    let mut leaving = crate::support::kit::signed_in(campus).await;
    ticket(&mut leaving, PORTAL).await;
    let home = leaving.get("/cas/login").await;
    let out = leaving.submit(&home, &[]).await;
    let view = out
        .location()
        .unwrap()
        .rsplit('/')
        .next()
        .unwrap()
        .to_owned();

    let mut other = crate::support::kit::signed_in(campus).await;
    let secrets = vec![
        ("service ticket", ticket(&mut other, PORTAL).await),
        (
            "proxy ticket",
            proxy_ticket(campus, &pgt, MAIL).await.unwrap(),
        ),
        ("proxy-granting ticket", pgt),
        ("iou", iou),
        ("session", visitor.cookies["TGC"].clone()),
        ("device", visitor.cookies["device"].clone()),
        ("visitor", visitor.cookies["visitor"].clone()),
        ("hop", hop),
        ("view", view),
    ];
    (visitor, secrets)
}

#[tokio::test] // TKT-16
async fn no_secret_of_cas_is_good_as_another() {
    each_proxying_campus(200, async |campus, callbacks| {
        let (mut visitor, secrets) = secrets(campus, callbacks).await;
        for (kind, secret) in &secrets {
            assert_pgt(campus, kind, secret).await;
            assert_session(campus, kind, secret).await;
            assert_artifact(campus, kind, secret).await;
            let hop = visitor.get(&format!("/signin/hop/{secret}")).await;
            assert_eq!(hop.status == 200, *kind == "hop", "{kind} as a hop");
            let view = campus.visitor().get(&format!("/cas/logout/{secret}")).await;
            let shows = view.body().contains("Portal") || view.body().contains("门户");
            assert_eq!(shows, *kind == "view", "{kind} as a view");
        }
        // Last, since a ticket is gone afterwards.
        for (kind, secret) in &secrets {
            let mut places = [(PORTAL, "serviceValidate"), (MAIL, "proxyValidate")];
            if *kind == "proxy ticket" {
                places.reverse();
            }
            for (service, path) in places {
                let pairs = [("service", service), ("ticket", secret.as_str())];
                let path = address(&format!("/cas/{path}"), &pairs);
                let body = campus.visitor().get(&path).await.body();
                let right = matches!(
                    (*kind, service),
                    ("service ticket", PORTAL) | ("proxy ticket", MAIL)
                );
                assert_eq!(body.contains("cas:user"), right, "{kind} at {path}: {body}");
                if right {
                    break;
                }
            }
        }
    })
    .await;
}

async fn assert_pgt(campus: &Campus, kind: &str, secret: &str) {
    let granted = proxy_ticket(campus, secret, MAIL).await;
    assert_eq!(
        granted.is_ok(),
        kind == "proxy-granting ticket",
        "{kind} as a PGT"
    );
}

async fn assert_session(campus: &Campus, kind: &str, secret: &str) {
    let mut holder = campus.visitor();
    holder.cookies.insert("TGC".into(), secret.to_owned());
    let page = holder.get("/cas/login").await.page();
    assert_eq!(
        page == "signed_in",
        kind == "session",
        "{kind} as a session"
    );
}

/// An artifact names a service ticket alone; what isn't one burns nothing.
async fn assert_artifact(campus: &Campus, kind: &str, secret: &str) {
    if kind.ends_with(" ticket") && kind != "proxy-granting ticket" {
        return;
    }
    let body = super::saml::envelope(secret);
    let request = Request::post(address("/cas/samlValidate", &[("TARGET", PORTAL)]))
        .header("content-type", "text/xml")
        .body(Body::from(body))
        .unwrap();
    let reply = campus.visitor().send(request).await;
    assert!(
        !reply.body().contains("NameIdentifier"),
        "{kind} as an artifact"
    );
}
