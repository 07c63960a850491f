//! Whoever asks too often waits, and nobody else.

use std::net::{IpAddr, SocketAddr};

use axum::extract::ConnectInfo;
use axum::http::header::{ORIGIN, RETRY_AFTER};
use axum::http::{Request, StatusCode};
use portal::{Clients, Hall};

use crate::support::{Browser, ORIGIN_OF_HALL, Reply, Stage, client, parts, stage};

const STRANGER: &str = "192.0.2.1";
const CAMPUS: &str = "10.0.0.1";

/// A browser at a hall where strangers may ask three times a minute, and the campus five times.
async fn narrow(stage: &Stage) -> Browser {
    let mut parts = parts(&stage.db, &stage.provider.issuer, &stage.clock);
    parts.clients = Clients::new(client, 3, 5);
    let mut browser = stage.browser();
    browser.router = Hall::start(parts).await.unwrap().router();
    browser
}

async fn get(browser: &mut Browser, from: &str, path: &str) -> Reply {
    let peer: IpAddr = from.parse().unwrap();
    let request = Request::get(path).extension(ConnectInfo(SocketAddr::new(peer, 1)));
    browser.send(request, String::new()).await
}

#[tokio::test] // BRU-07
async fn each_client_has_a_budget() {
    let stage = stage().await;
    let mut browser = narrow(&stage).await;
    for path in ["/", "/signin", "/?q=x"] {
        let status = get(&mut browser, STRANGER, path).await.status;
        assert!(status.is_success() || status.is_redirection(), "{path}");
    }
    for path in ["/", "/signin", "/signin/callback?state=x", "/nowhere"] {
        let reply = get(&mut browser, STRANGER, path).await;
        assert_eq!(reply.status, StatusCode::TOO_MANY_REQUESTS, "{path}");
        let wait: u32 = reply.headers[RETRY_AFTER]
            .to_str()
            .unwrap()
            .parse()
            .unwrap();
        assert!((1..=20).contains(&wait), "{wait}");
        assert_eq!(reply.failure(), Some("too_many"));
        assert!(reply.has(&format!("{wait} ")), "the page says it too");
        assert!(reply.headers.contains_key("content-security-policy"));
    }
    let elsewhere = get(&mut browser, "192.0.2.2", "/").await.status;
    assert_eq!(elsewhere, StatusCode::OK);
    let campus = [(); 6].map(|()| CAMPUS);
    let mut refused = 0;
    for from in campus {
        let reply = get(&mut browser, from, "/").await;
        refused += u32::from(reply.status == StatusCode::TOO_MANY_REQUESTS);
    }
    assert_eq!(refused, 1, "one address of the campus has more people");
}

#[tokio::test] // BRU-07
async fn files_and_the_providers_notices_have_none() {
    let stage = stage().await;
    let mut browser = narrow(&stage).await;
    for _ in 0..4 {
        get(&mut browser, STRANGER, "/").await;
    }
    let peer: IpAddr = STRANGER.parse().unwrap();
    for _ in 0..5 {
        let file = get(&mut browser, STRANGER, "/assets/x/style.css").await;
        assert_eq!(file.status, StatusCode::OK);
        let notice = Request::post("/signin/backchannel")
            .header(ORIGIN, ORIGIN_OF_HALL)
            .header("content-type", "application/x-www-form-urlencoded")
            .extension(ConnectInfo(SocketAddr::new(peer, 1)));
        let notice = browser.send(notice, "logout_token=x".into()).await;
        assert_eq!(notice.status, StatusCode::BAD_REQUEST);
    }
}
