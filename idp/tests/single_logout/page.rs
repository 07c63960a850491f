//! The logged-out page: the ledger at its random address, and the front channel.

use idp::demo::STUDENT;
use idp_domain::cas::{front_channel_value, render_logout_request};
use jiff::SignedDuration;
use serde_json::json;

use crate::application::{Application, Mode};
use crate::browser::{deliver, ledger_address, notices, rows, signed_in};
use crate::support::kit::{self, assert_own_page};
use crate::support::{Campus, Reply, SERVICE, each_campus};

fn front() -> serde_json::Value {
    json!({ "logout": { "channel": "front", "url": "HERE/out?from=sso" } })
}

/// The addresses of the page's frames.
pub fn frames(page: &Reply) -> Vec<String> {
    page.body()
        .split("<iframe")
        .skip(1)
        .map(|tag| {
            let tag = tag.split('>').next().unwrap();
            assert!(tag.contains("referrerpolicy=\"no-referrer\""), "{tag}");
            let (_, src) = tag.split_once("src=\"").unwrap();
            let src = src.split('"').next().unwrap();
            src.replace("&#x2f;", "/").replace("&amp;", "&")
        })
        .collect()
}

/// The addresses of the page's links.
pub fn onward(page: &Reply) -> Vec<String> {
    let body = page.body();
    let links = body.split("href=\"").skip(1);
    links
        .map(|link| link.split('"').next().unwrap().replace("&#x2f;", "/"))
        .collect()
}

pub fn frame_src(page: &Reply) -> Option<&str> {
    let policy = page.header("content-security-policy").unwrap();
    policy
        .split("; ")
        .find_map(|directive| directive.strip_prefix("frame-src "))
}

fn origin(application: &Application) -> String {
    let address = url::Url::parse(&application.service).unwrap();
    address.origin().ascii_serialization()
}

#[tokio::test] // XML-07
async fn the_front_channel_has_the_document_and_nothing_else() {
    each_campus(async |campus| {
        let old = Application::start(campus, "old", Mode::Answers(200), front()).await;
        let up = Application::up(campus, "up").await;
        let mut visitor = signed_in(campus).await;
        let ticket = old.ticket(&mut visitor).await;
        up.ticket(&mut visitor).await;
        let page = visitor.get("/cas/logout").await;
        deliver(campus).await;

        let [address] = frames(&page).try_into().unwrap();
        let address = url::Url::parse(&address).unwrap();
        assert_eq!(address.origin().ascii_serialization(), origin(&old));
        let grant = "SELECT CAST(detail->>'grant' AS TEXT) FROM audit_events
            WHERE event = 'cas.ticket.issue' AND application_id = 'old'";
        let mut conn = campus.parts.db.read().await.unwrap();
        let grant: String =
            migrations::run!(conn, c => sqlx::query_scalar(grant).fetch_one(c)).unwrap();
        drop(conn);
        let id = format!("LR-{grant}");
        let document = render_logout_request(&id, campus.clock.now(), STUDENT, &ticket);
        let expected = [
            ("from".to_owned(), "sso".to_owned()),
            ("logoutRequest".to_owned(), front_channel_value(&document)),
        ];
        let pairs: Vec<_> = address.query_pairs().into_owned().collect();
        assert_eq!(pairs, expected);
        assert_eq!(address.path(), "/out");

        assert_eq!(frame_src(&page), Some(origin(&old).as_str()));
        assert_eq!(page.header("referrer-policy"), Some("no-referrer"));
        // Our server asks the other one alone.
        assert!(old.requests().is_empty());
        assert_eq!(up.documents().len(), 1);
        assert_eq!(notices(campus, "old").await, ["shown -"]);
        // Looked at again it shows nothing twice, and frames nobody.
        let again = visitor.get(&ledger_address(&page)).await;
        assert_eq!(rows(&again), ["old shown", "up delivered"]);
        assert_eq!((frames(&again).len(), frame_src(&again)), (0, None));
        assert_eq!(again.header("referrer-policy"), Some("no-referrer"));
    })
    .await;
}

#[tokio::test] // CAS 46, XML-07
async fn a_registered_service_comes_after_the_frames() {
    each_campus(async |campus| {
        let old = Application::start(campus, "old", Mode::Answers(200), front()).await;
        let address = format!("/cas/logout?service={SERVICE}");
        let mut visitor = signed_in(campus).await;
        old.ticket(&mut visitor).await;
        let page = visitor.get(&address).await;
        assert_eq!((page.status.as_u16(), frames(&page).len()), (200, 1));
        assert!(onward(&page).contains(&SERVICE.to_owned()));

        // By the button: to the address of the ledger first, which has them once.
        let mut visitor = signed_in(campus).await;
        old.ticket(&mut visitor).await;
        let form = visitor.get("/cas/login").await;
        let reply = visitor.submit(&form, &[("service", SERVICE)]).await;
        assert_eq!(reply.status, 303);
        let to = reply.location().unwrap().to_owned();
        assert!(
            to.starts_with("/cas/logout/") && to.contains("?service="),
            "{to}"
        );
        let page = visitor.get(&to).await;
        assert_eq!(frames(&page).len(), 1);
        assert!(onward(&page).contains(&SERVICE.to_owned()));
        assert_eq!(frames(&visitor.get(&to).await).len(), 0);

        // Without frames it is a plain redirect, and the notice goes out behind it.
        let up = Application::up(campus, "up").await;
        let mut visitor = signed_in(campus).await;
        up.ticket(&mut visitor).await;
        let reply = visitor.get(&address).await;
        assert_eq!(
            (reply.status.as_u16(), reply.location()),
            (302, Some(SERVICE))
        );
        deliver(campus).await;
        assert_eq!(up.documents().len(), 1);
    })
    .await;
}

#[tokio::test] // XML-07: where no browser is, nobody can show it
async fn a_front_channel_without_a_browser_is_skipped() {
    each_campus(async |campus| {
        let old = Application::start(campus, "old", Mode::Answers(200), front()).await;
        let mut visitor = signed_in(campus).await;
        old.ticket(&mut visitor).await;
        campus.advance(SignedDuration::from_hours(2));
        idp::jobs::expiry::sweep(campus.idp.app()).await.unwrap();
        deliver(campus).await;
        assert_eq!(notices(campus, "old").await, ["skipped no_browser"]);
        assert!(old.requests().is_empty());
    })
    .await;
}

async fn signed_out(campus: &Campus) -> (Application, Reply) {
    let up = Application::up(campus, "up").await;
    let mut visitor = signed_in(campus).await;
    up.ticket(&mut visitor).await;
    let page = visitor.get("/cas/logout").await;
    (up, page)
}

#[tokio::test] // CAS 42, CAS 43, CAS 45, RED-10
async fn the_ledger_is_seen_for_ten_minutes_by_who_has_its_address() {
    each_campus(async |campus| {
        let (_up, page) = signed_out(campus).await;
        let address = ledger_address(&page);
        let (_, secret) = address.rsplit_once('/').unwrap();
        assert!(secret.len() >= 43, "256 bits");
        // RED-10: this address leads to registered services alone, too.
        for evil in [
            "https://evil.example/",
            "//evil.example",
            "javascript:alert(1)",
        ] {
            let path = kit::address(&address, &[("service", evil), ("url", evil)]);
            let reply = campus.visitor().get(&path).await;
            assert_own_page(&reply, 200, "signed_out");
            assert!(!reply.body().contains("evil.example"), "{evil}");
            assert!(!reply.body().contains("alert"), "{evil}");
        }
        assert_eq!(rows(&page), ["up waiting"]);
        deliver(campus).await;
        let mut anybody = campus.visitor();
        for address in [address.clone(), format!("{address}?locale=en")] {
            let again = anybody.get(&address).await;
            assert_eq!(rows(&again), ["up delivered"]);
            // Nothing of the person.
            assert!(!again.body().contains(STUDENT));
            assert!(
                again.body().contains(secret),
                "the other language is the same ledger"
            );
        }
        campus.advance(SignedDuration::from_secs(600));
        for address in [address.as_str(), "/cas/logout/x", "/cas/logout/%00"] {
            let over = anybody.get(address).await;
            assert_eq!(
                (over.status.as_u16(), over.page().as_str()),
                (200, "signed_out")
            );
            assert!(rows(&over).is_empty());
            assert!(!over.body().contains(address), "{address}");
        }
        // At rest it is a hash.
        let hashed = format!("logouts WHERE CAST(view_hash AS TEXT) LIKE '%{secret}%'");
        assert_eq!(campus.count(&hashed).await, 0);
    })
    .await;
}

#[tokio::test] // CAS 44, CAS 45, CAS 47, CAS 48, CAS 49
async fn signing_out_leads_to_registered_services_alone() {
    each_campus(async |campus| {
        const EVIL: &str = "https://evil.example/";
        for query in [
            String::new(),
            format!("?service={EVIL}"),
            format!("?url={EVIL}"),
            format!("?url={SERVICE}"),
            format!("?Service={SERVICE}"),
        ] {
            let mut visitor = signed_in(campus).await;
            let session = visitor.clone();
            for cookie in ["a session", "none any more"] {
                let reply = visitor.get(&format!("/cas/logout{query}")).await;
                let told = (reply.status.as_u16(), reply.page(), reply.location());
                assert_eq!(told, (200, "signed_out".into(), None), "{query} {cookie}");
                assert!(!reply.body().contains("evil.example"), "{query}");
            }
            assert_eq!(session.clone().get("/cas/login").await.page(), "sign_in");
        }
        let mut stranger = campus.visitor();
        let reply = stranger
            .get(&format!("/cas/logout?service={SERVICE}"))
            .await;
        assert_eq!(reply.location(), Some(SERVICE));
    })
    .await;
}

#[tokio::test] // XML-03
async fn a_logout_request_that_comes_in_ends_nothing() {
    each_campus(async |campus| {
        let up = Application::up(campus, "up").await;
        let mut visitor = signed_in(campus).await;
        let ticket = up.ticket(&mut visitor).await;
        let document = render_logout_request("LR-1", campus.clock.now(), STUDENT, &ticket);
        for path in ["/", "/cas/login", "/cas/logout"] {
            let reply = visitor
                .clone()
                .post(path, &[("logoutRequest", &document)])
                .await;
            assert!(reply.status.is_client_error(), "{path} {}", reply.status);
            let address = format!(
                "{path}?{}",
                crate::support::Visitor::encode(&[("logoutRequest", &document)])
            );
            if path != "/cas/logout" {
                assert!(visitor.clone().get(&address).await.status.as_u16() < 400);
            }
        }
        assert_eq!(campus.count("sessions WHERE ended_at IS NOT NULL").await, 0);
        assert_eq!(campus.count("logouts").await, 0);
        assert_eq!(visitor.get("/cas/login").await.page(), "signed_in");
    })
    .await;
}
