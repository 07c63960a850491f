//! Clients of OpenID Connect that the browser tells (Front-Channel Logout 1.0).

use jiff::SignedDuration;
use serde_json::json;

use crate::application::{Application, Mode};
use crate::browser::{deliver, ledger_address, notices, rows, signed_in};
use crate::client;
use crate::page::{frame_src, frames, onward};
use crate::support::kit::address;
use crate::support::visitor::ORIGIN;
use crate::support::{Campus, SERVICE, each_campus};

async fn front(campus: &Campus, id: &str, session_required: bool) -> Application {
    let more = json!({
        "frontchannel_logout_uri": "HERE/out?from=sso",
        "frontchannel_logout_session_required": session_required,
    });
    client::with(campus, id, Mode::Answers(200), &more).await
}

#[tokio::test] // OIDC 85, XML-07
async fn a_frame_has_issuer_and_session_where_they_are_wanted_and_nothing_else() {
    each_campus(async |campus| {
        let told = front(campus, "told", true).await;
        let plain = front(campus, "plain", false).await;
        let mut visitor = signed_in(campus).await;
        let grant = told.enter(campus, &visitor).await;
        plain.enter(campus, &visitor).await;
        let page = visitor.get("/cas/logout").await;
        let mut addresses = frames(&page);
        addresses.sort();
        let mut expected = [
            address(
                &format!("{}/out", told.origin),
                &[
                    ("from", "sso"),
                    ("iss", ORIGIN),
                    ("sid", &grant.to_string()),
                ],
            ),
            format!("{}/out?from=sso", plain.origin),
        ];
        expected.sort();
        assert_eq!(addresses, expected);
        let mut origins = [told.origin.clone(), plain.origin.clone()];
        origins.sort();
        assert_eq!(frame_src(&page), Some(origins.join(" ").as_str()));
        deliver(campus).await;
        // Our server asks neither.
        assert!(told.requests().is_empty() && plain.requests().is_empty());
        assert_eq!(notices(campus, "told").await, ["shown -"]);
        let again = visitor.get(&ledger_address(&page)).await;
        assert_eq!(rows(&again), ["plain shown", "told shown"]);
        assert!(frames(&again).is_empty());
    })
    .await;
}

#[tokio::test] // OIDC 79, OIDC 80
async fn the_application_comes_after_the_frames() {
    each_campus(async |campus| {
        let told = front(campus, "told", true).await;
        let (bye, state) = (format!("{}/bye", told.origin), "a b&c=ü");
        let to = address(&bye, &[("state", state)]);
        let mut visitor = signed_in(campus).await;
        let grant = told.enter(campus, &visitor).await;
        let hint = told.id_token(campus, grant);
        let asked = [
            ("id_token_hint", hint.as_str()),
            ("post_logout_redirect_uri", &bye),
            ("state", state),
        ];
        let page = visitor.get(&address("/oidc/logout", &asked)).await;
        assert_eq!((page.status.as_u16(), page.location()), (200, None));
        assert_eq!(frames(&page).len(), 1);
        assert!(onward(&page).contains(&to), "{:?}", onward(&page));

        // By the button: to the address of the ledger first, which has them once.
        let mut visitor = signed_in(campus).await;
        told.enter(campus, &visitor).await;
        let asked = [
            ("client_id", "client-told"),
            ("post_logout_redirect_uri", bye.as_str()),
            ("state", state),
        ];
        let question = visitor.get(&address("/oidc/logout", &asked)).await;
        assert_eq!(question.page(), "sign_out", "{}", question.body());
        let reply = visitor.submit(&question, &[]).await;
        assert_eq!(reply.status, 303);
        let ledger = reply.location().unwrap().to_owned();
        assert!(ledger.starts_with("/oidc/logout/"), "{ledger}");
        let page = visitor.get(&ledger).await;
        assert_eq!(frames(&page).len(), 1);
        assert!(onward(&page).contains(&to), "{:?}", onward(&page));
        assert!(frames(&visitor.get(&ledger).await).is_empty());
    })
    .await;
}

#[tokio::test] // our server reaches it whatever becomes of the browser
async fn who_takes_both_is_told_by_our_server() {
    each_campus(async |campus| {
        let more = json!({
            "frontchannel_logout_uri": "HERE/front",
            "backchannel_logout_uri": "HERE/back",
        });
        let client = client::with(campus, "client", Mode::Answers(200), &more).await;
        let mut visitor = signed_in(campus).await;
        client.enter(campus, &visitor).await;
        let page = visitor.get("/cas/logout").await;
        assert!(frames(&page).is_empty());
        deliver(campus).await;
        assert_eq!(client.tokens(campus).len(), 1);
    })
    .await;
}

#[tokio::test] // XML-07: where no browser is, nobody can show it
async fn without_a_browser_it_is_skipped() {
    each_campus(async |campus| {
        let told = front(campus, "told", true).await;
        let visitor = signed_in(campus).await;
        told.enter(campus, &visitor).await;
        campus.advance(SignedDuration::from_hours(2));
        idp::jobs::expiry::sweep(campus.idp.app()).await.unwrap();
        deliver(campus).await;
        assert_eq!(notices(campus, "told").await, ["skipped no_browser"]);
    })
    .await;
}

#[tokio::test] // who comes next at this browser must not be taken for who went
async fn it_is_told_too_when_somebody_else_is_to_sign_in() {
    each_campus(async |campus| {
        let told = front(campus, "told", true).await;
        let mut visitor = signed_in(campus).await;
        told.enter(campus, &visitor).await;
        let question = visitor
            .get(&address("/signin/switch", &[("service", SERVICE)]))
            .await;
        let reply = visitor.submit(&question, &[]).await;
        assert_eq!(reply.status, 303);
        let on_the_way = reply.location().unwrap().to_owned();
        assert!(on_the_way.starts_with("/signin/switch/"), "{on_the_way}");
        let page = visitor.get(&on_the_way).await;
        assert_eq!((page.status.as_u16(), frames(&page).len()), (200, 1));
        assert_eq!(notices(campus, "told").await, ["shown -"]);
        assert!(frames(&visitor.get(&on_the_way).await).is_empty());
        // On to the sign-in for the same application, where she isn't named.
        let links = onward(&page);
        let to_sign_in = links.iter().find(|link| link.contains("switched=true"));
        let sign_in = visitor
            .get(&to_sign_in.unwrap().replace("&amp;", "&"))
            .await;
        assert_eq!(sign_in.page(), "sign_in", "{}", sign_in.body());
        assert_eq!(sign_in.field("service"), Some(SERVICE.to_owned()));

        // Where our server tells everybody, nothing stands between.
        let mut visitor = signed_in(campus).await;
        let question = visitor.get("/signin/switch").await;
        let reply = visitor.submit(&question, &[]).await;
        assert_eq!(reply.location(), Some("/cas/login?switched=true"));
    })
    .await;
}
