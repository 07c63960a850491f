//! Clients of OpenID Connect that our server tells (Back-Channel Logout 1.0), alone and beside
//! services of CAS.

use std::collections::BTreeSet;

use idp::jobs::notices::deliver_due;
use jiff::SignedDuration;
use serde_json::json;

use crate::application::{Application, Mode};
use crate::browser::{deliver, ledger_address, notices, rows, signed_in};
use crate::client::{self, SUBJECT, back};
use crate::support::kit::{scalars, unregister};
use crate::support::oidc::Rp;
use crate::support::visitor::ORIGIN;
use crate::support::{Campus, each_campus, login};

fn secs(seconds: i64) -> SignedDuration {
    SignedDuration::from_secs(seconds)
}

const EVENT: &str = "http://schemas.openid.net/event/backchannel-logout";

#[tokio::test] // OIDC 83, OIDC 84, OIDC 85
async fn each_client_of_the_session_gets_a_token_of_its_own() {
    each_campus(async |campus| {
        let algorithms = [("one", "RS256"), ("two", "ES256"), ("three", "EdDSA")];
        let mut clients = Vec::new();
        let mut visitor = signed_in(campus).await;
        for (id, algorithm) in algorithms {
            let more = json!({
                "backchannel_logout_uri": "HERE/out?from=sso",
                "id_token_signed_response_alg": algorithm,
            });
            let client = client::with(campus, id, Mode::Answers(200), &more).await;
            let grant = client.enter(campus, &visitor).await;
            clients.push((client, grant, algorithm));
        }
        // Somebody else's session goes on.
        let other = signed_in(campus).await;
        clients[0].0.enter(campus, &other).await;
        let page = visitor.get("/cas/logout").await;
        assert_eq!(rows(&page), ["one waiting", "three waiting", "two waiting"]);
        deliver(campus).await;
        for (client, grant, algorithm) in &clients {
            let requests = client.requests();
            assert!(
                requests[0].starts_with("POST /out?from=sso "),
                "{requests:?}"
            );
            let [(head, claims)] = client.tokens(campus).try_into().unwrap();
            assert_eq!(
                (&head["typ"], &head["alg"]),
                (&json!("logout+jwt"), &json!(algorithm))
            );
            let mut members = claims.members().clone();
            let id = members.remove("jti").unwrap();
            assert!(id.as_str().unwrap().len() >= 22, "{id}");
            let now = campus.clock.now().as_second();
            // No nonce, and nothing else of the person.
            let expected = json!({
                "iss": ORIGIN, "aud": client.client_id(), "sub": SUBJECT,
                "sid": grant.to_string(), "iat": now, "exp": now + 120, "events": { EVENT: {} },
            });
            assert_eq!(serde_json::Value::Object(members), expected);
        }
        let again = visitor.get(&ledger_address(&page)).await;
        assert_eq!(
            rows(&again),
            ["one delivered", "three delivered", "two delivered"]
        );
        assert_eq!(campus.count("logouts").await, 1);
    })
    .await;
}

#[tokio::test] // OIDC 83: tokens live for two minutes, and retries go on for longer
async fn each_retry_is_signed_anew() {
    each_campus(async |campus| {
        let broken = back(campus, "broken", Mode::Answers(503)).await;
        let mut visitor = signed_in(campus).await;
        broken.enter(campus, &visitor).await;
        visitor.get("/cas/logout").await;
        for later in [6, 72, 360, 3600] {
            deliver(campus).await;
            campus.advance(secs(later));
        }
        deliver(campus).await;
        assert_eq!(notices(campus, "broken").await, ["failed status_503"]);
        let tokens = broken.tokens(campus);
        assert_eq!(tokens.len(), 4);
        let all = |name: &str| -> BTreeSet<String> {
            let values = tokens
                .iter()
                .map(|(_, claims)| claims.get(name).unwrap().to_string());
            values.collect()
        };
        assert_eq!(
            (all("jti").len(), all("iat").len(), all("exp").len()),
            (4, 4, 4)
        );
        assert_eq!((all("sid").len(), all("sub").len()), (1, 1));
        assert_eq!(campus.count("outbox WHERE done_at IS NULL").await, 0);
    })
    .await;
}

#[tokio::test] // OIDC 84
async fn what_a_client_answers_decides_whether_it_is_told_again() {
    each_campus(async |campus| {
        let answers = [
            (Mode::Answers(200), "delivered -"),
            (Mode::Answers(204), "delivered -"),
            (Mode::Answers(400), "failed status_400"),
            (Mode::Answers(404), "failed status_404"),
            (Mode::Answers(408), "retrying status_408"),
            (Mode::Answers(429), "retrying status_429"),
            (Mode::Answers(501), "retrying status_501"),
            (Mode::Down, "retrying unreachable"),
            // Not the answer of a service of CAS, which it would be told by.
            (Mode::Redirects(302, login(ORIGIN)), "failed status_302"),
        ];
        let mut clients = Vec::new();
        let mut visitor = signed_in(campus).await;
        for (index, (mode, _)) in answers.iter().enumerate() {
            let client = back(campus, &format!("client{index}"), mode.clone()).await;
            client.enter(campus, &visitor).await;
            clients.push(client);
        }
        visitor.get("/cas/logout").await;
        deliver(campus).await;
        for (client, (mode, outcome)) in clients.iter().zip(&answers) {
            let told = notices(campus, &client.id).await;
            let same = told.len() == 1
                && (told[0] == *outcome || *mode == Mode::Down && told[0].starts_with("retrying "));
            assert!(same, "{mode:?} {told:?}");
        }
    })
    .await;
}

#[tokio::test] // TKT-08: the registry of now decides
async fn who_left_or_takes_no_notices_is_skipped() {
    each_campus(async |campus| {
        let gone = back(campus, "gone", Mode::Answers(200)).await;
        let silent = client::with(campus, "silent", Mode::Answers(200), &json!({})).await;
        let mut visitor = signed_in(campus).await;
        gone.enter(campus, &visitor).await;
        silent.enter(campus, &visitor).await;
        unregister(campus, "gone").await;
        let page = visitor.get("/cas/logout").await;
        deliver(campus).await;
        assert_eq!(notices(campus, "gone").await, ["skipped unregistered"]);
        assert_eq!(notices(campus, "silent").await, ["skipped channel_none"]);
        assert!(gone.requests().is_empty() && silent.requests().is_empty());
        assert!(rows(&visitor.get(&ledger_address(&page)).await).is_empty());
    })
    .await;
}

/// One that speaks both protocols.
async fn both(campus: &Campus, id: &str, mode: Mode) -> Application {
    let oidc = client::side(id, &json!({ "backchannel_logout_uri": "HERE/out" }));
    let cas = json!({ "services": ["HERE/*"], "plain_http": true });
    Application::start_as(campus, id, mode, &json!({ "cas": cas, "oidc": oidc })).await
}

#[tokio::test] // one ledger: whichever protocol signs out, each is told by its own
async fn one_sign_out_ends_both_protocols() {
    each_campus(async |campus| {
        let service = Application::up(campus, "service").await;
        let client = back(campus, "client", Mode::Answers(200)).await;
        let both = both(campus, "both", Mode::Answers(200)).await;
        for path in ["/cas/logout", "/oidc/logout"] {
            let seen = both.requests().len();
            let mut visitor = signed_in(campus).await;
            service.ticket(&mut visitor).await;
            both.ticket(&mut visitor).await;
            both.enter(campus, &visitor).await;
            let grant = client.enter(campus, &visitor).await;
            let page = if path == "/cas/logout" {
                visitor.get(path).await
            } else {
                let hint = client.id_token(campus, grant);
                visitor.get(&format!("{path}?id_token_hint={hint}")).await
            };
            assert_eq!(page.page(), "signed_out", "{path}");
            let address = ledger_address(&page);
            assert!(address.starts_with(&format!("{path}/")), "{address}");
            deliver(campus).await;
            let rows = rows(&visitor.get(&address).await);
            let once = ["both delivered", "client delivered", "service delivered"];
            assert_eq!(rows, once, "{path}");
            let mut told: Vec<_> = both.requests()[seen..]
                .iter()
                .map(|request| crate::application::posted(request).0)
                .collect();
            told.sort();
            assert_eq!(told, ["logoutRequest", "logout_token"], "{path}");
            assert_eq!(visitor.get("/cas/login").await.page(), "sign_in");
        }
        assert_eq!(
            (service.documents().len(), client.tokens(campus).len()),
            (2, 2)
        );
        assert_eq!(campus.count("logouts").await, 2);
    })
    .await;
}

#[tokio::test] // XML-06: a server is asked by both protocols together no more than by one
async fn the_protocols_share_the_lanes() {
    each_campus(async |campus| {
        let slow = both(campus, "slow", Mode::Hangs).await;
        let quick = back(campus, "quick", Mode::Answers(200)).await;
        for _ in 0..4 {
            let mut visitor = signed_in(campus).await;
            slow.ticket(&mut visitor).await;
            slow.enter(campus, &visitor).await;
            quick.enter(campus, &visitor).await;
            visitor.get("/cas/logout").await;
        }
        let work = async { while deliver_due(campus.idp.app()).await.unwrap() > 0 {} };
        let look = async {
            slow.has_got(4).await;
            quick.has_got(4).await;
            slow.set(Mode::Answers(200));
        };
        tokio::join!(work, look);
        assert_eq!(slow.most_at_once(), 4);
        assert_eq!(slow.requests().len(), 8);
        assert_eq!(notices(campus, "slow").await, vec!["delivered -"; 8]);
        assert_eq!(notices(campus, "quick").await, vec!["delivered -"; 4]);
    })
    .await;
}

#[tokio::test] // XML-09, OIDC 84: of many sign-outs at once, one tells
async fn of_racing_sign_outs_each_grant_is_told_once() {
    each_campus(async |campus| {
        let client = back(campus, "client", Mode::Answers(200)).await;
        let service = Application::up(campus, "service").await;
        let mut visitor = signed_in(campus).await;
        service.ticket(&mut visitor).await;
        let grant = client.enter(campus, &visitor).await;
        let by_client = format!(
            "/oidc/logout?id_token_hint={}",
            client.id_token(campus, grant)
        );
        let mut copies: Vec<_> = (0..8).map(|_| visitor.clone()).collect();
        let outs = copies.iter_mut().enumerate().map(|(index, copy)| {
            let path = if index % 2 == 0 {
                "/cas/logout"
            } else {
                &by_client
            };
            copy.get(path)
        });
        let (outs, delivered) = tokio::join!(futures_util::future::join_all(outs), deliver(campus));
        let () = delivered;
        assert!(outs.iter().all(|reply| reply.page() == "signed_out"));
        deliver(campus).await;
        assert_eq!(
            (service.documents().len(), client.tokens(campus).len()),
            (1, 1)
        );
        assert_eq!(campus.count("logouts").await, 1);
        assert_eq!(campus.audited("session.end", "success").await, 1);
    })
    .await;
}

#[tokio::test] // OIDC 83: what the authorization endpoint writes is what notices go by
async fn a_client_that_got_a_code_is_told_in_its_own_lane() {
    each_campus(async |campus| {
        let client = back(campus, "client", Mode::Answers(200)).await;
        let rp = Rp {
            client_id: client.client_id(),
            secret: None,
            redirect_uri: format!("{}/callback", client.origin),
        };
        let mut visitor = signed_in(campus).await;
        // Anybody's program can stand at such an address: the person is asked.
        let hop = rp.open(&mut visitor, &[]).await;
        let asked = visitor.follow(hop).await;
        let agreed = visitor.submit(&asked, &[("decision", "allow")]).await;
        let code = rp.code_of(&agreed);
        let lanes = scalars(campus, "SELECT lane FROM grants WHERE protocol = 'oidc'").await;
        assert_eq!(lanes, [client.lane.as_str()]);
        assert_eq!(rp.redeem(campus, &code).await.status, 200);
        visitor.get("/cas/logout").await;
        deliver(campus).await;
        assert_eq!(client.tokens(campus).len(), 1);
    })
    .await;
}
