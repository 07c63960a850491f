//! Applications that ask for a sign-out (RP-Initiated Logout 1.0): who is believed, who is asked,
//! and where it ends.

use axum::body::Body;
use axum::http::Request;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use idp::demo::{ADMINISTRATOR, STUDENT};
use idp_domain::ids::GrantId;
use idp_domain::oidc::jose::{SigningAlgorithm, Typ};
use jiff::SignedDuration;
use serde_json::json;

use crate::application::{Application, Mode};
use crate::browser::{deliver, renew, signed_in};
use crate::client::{back, sign};
use crate::support::kit::{address, assert_links_stay_here, assert_own_page};
use crate::support::visitor::ORIGIN;
use crate::support::{Campus, Reply, Visitor, each_campus};

const HERE: &str = "/oidc/logout";

/// A client, a browser that is signed in at it, and its ID token.
async fn entered(campus: &Campus) -> (Application, Visitor, String) {
    let client = back(campus, "client", Mode::Answers(200)).await;
    let (visitor, grant) = enter(campus, &client).await;
    let hint = client.id_token(campus, grant);
    (client, visitor, hint)
}

async fn enter(campus: &Campus, client: &Application) -> (Visitor, GrantId) {
    let visitor = signed_in(campus).await;
    let grant = client.enter(campus, &visitor).await;
    (visitor, grant)
}

async fn is_signed_in(visitor: &Visitor) -> bool {
    visitor.clone().get("/cas/login").await.page() == "signed_in"
}

#[track_caller]
fn assert_gone_to(reply: &Reply, to: &str) {
    let seen = (reply.status.as_u16(), reply.location());
    assert_eq!(seen, (302, Some(to)), "{}", reply.body());
    assert_eq!(reply.header("referrer-policy"), Some("no-referrer"));
}

#[track_caller]
fn assert_asks(reply: &Reply) {
    let seen = (reply.status.as_u16(), reply.location());
    assert_eq!(seen, (200, None), "{}", reply.body());
    assert_eq!(reply.page(), "sign_out");
}

#[tokio::test] // OIDC 75, OIDC 79, OIDC 80
async fn a_client_of_this_session_signs_out_at_once_and_gets_its_state() {
    each_campus(async |campus| {
        let client = back(campus, "client", Mode::Answers(200)).await;
        let bye = format!("{}/bye", client.origin);
        let kept = format!("{bye}?kept=1");
        let long = "x".repeat(1024);
        for (uri, state, to) in [
            (&bye, None, bye.clone()),
            (
                &bye,
                Some("af0ifjsldkj"),
                format!("{bye}?state=af0ifjsldkj"),
            ),
            (
                &bye,
                Some("a b&c=ü#\""),
                format!("{bye}?state=a+b%26c%3D%C3%BC%23%22"),
            ),
            (&kept, Some("s"), format!("{kept}&state=s")),
            (&bye, Some(long.as_str()), format!("{bye}?state={long}")),
        ] {
            for named in [false, true] {
                let (mut visitor, grant) = enter(campus, &client).await;
                let (hint, id) = (client.id_token(campus, grant), client.client_id());
                let mut asked = vec![
                    ("id_token_hint", hint.as_str()),
                    ("post_logout_redirect_uri", uri),
                    // What we don't know, and a language of the page.
                    ("logout_hint", "somebody"),
                    ("ui_locales", "en"),
                ];
                asked.extend(state.map(|state| ("state", state)));
                asked.extend(named.then_some(("client_id", id.as_str())));
                let copy = visitor.clone();
                let reply = visitor.get(&address(HERE, &asked)).await;
                assert_gone_to(&reply, &to);
                assert!(!visitor.cookies.contains_key("TGC"));
                assert!(!is_signed_in(&copy).await);
            }
        }
        deliver(campus).await;
        assert_eq!(client.tokens(campus).len(), 10);
    })
    .await;
}

#[tokio::test] // OIDC 76
async fn an_id_token_counts_after_its_time() {
    each_campus(async |campus| {
        let (client, mut visitor, hint) = entered(campus).await;
        campus.advance(SignedDuration::from_mins(90));
        let bye = format!("{}/bye", client.origin);
        let asked = [
            ("id_token_hint", hint.as_str()),
            ("post_logout_redirect_uri", &bye),
        ];
        assert_gone_to(&visitor.get(&address(HERE, &asked)).await, &bye);
    })
    .await;
}

/// Tokens that are worth nothing as a hint.
fn bad_hints(campus: &Campus, client: &Application, grant: GrantId) -> Vec<(&'static str, String)> {
    let claims = client.claims(campus, grant);
    let good = client.id_token(campus, grant);
    let [head, body, signature] = good.split('.').collect::<Vec<_>>().try_into().unwrap();
    let encode = |value: &serde_json::Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let with = |name: &str, value: serde_json::Value| {
        let mut claims = claims.clone();
        claims[name] = value;
        claims
    };
    let other = encode(&with("sub", json!("somebody else")));
    let none = encode(&json!({ "alg": "none", "typ": "JWT" }));
    let app = campus.idp.app();
    let now = app.clock.now();
    let typed = |typ| {
        app.signing_keys
            .sign(SigningAlgorithm::Rs256, typ, &claims, now)
            .unwrap()
    };
    vec![
        ("tampered", format!("{head}.{other}.{signature}")),
        ("alg none", format!("{none}.{body}.")),
        ("alg none, signed", format!("{none}.{body}.{signature}")),
        ("no signature", format!("{head}.{body}.")),
        ("an access token", typed(Typ::AccessToken)),
        ("a logout token", typed(Typ::LogoutToken)),
        (
            "another issuer",
            sign(campus, &with("iss", json!("https://evil.example"))),
        ),
        (
            "two audiences",
            sign(campus, &with("aud", json!([client.client_id(), "x"]))),
        ),
        ("no token", "no token".into()),
    ]
}

#[tokio::test] // OIDC 76, OIDC 77, OIDC 79, RED-10
async fn a_bad_hint_leads_nowhere_and_the_person_is_asked() {
    each_campus(async |campus| {
        let client = back(campus, "client", Mode::Answers(200)).await;
        let other = back(campus, "other", Mode::Answers(200)).await;
        let bye = format!("{}/bye", client.origin);
        let (mut visitor, grant) = enter(campus, &client).await;
        let mut asked = Vec::new();
        for (what, hint) in bad_hints(campus, &client, grant) {
            let pairs = [
                ("id_token_hint", hint.as_str()),
                ("post_logout_redirect_uri", &bye),
                ("state", "the-state"),
            ];
            asked.push((what, address(HERE, &pairs)));
        }
        let good = client.id_token(campus, grant);
        let pairs = [
            ("id_token_hint", good.as_str()),
            ("client_id", &other.client_id()),
            ("post_logout_redirect_uri", &bye),
        ];
        asked.push(("another client", address(HERE, &pairs)));
        for (what, path) in &asked {
            let reply = visitor.get(path).await;
            assert_own_page(&reply, 200, "sign_out");
            assert_links_stay_here(&reply);
            let body = reply.body();
            for trace in [bye.as_str(), "the-state", ">client<", &client.client_id()] {
                assert!(!body.contains(trace), "{what}: {trace}");
            }
            assert!(is_signed_in(&visitor).await, "{what}");
            // Who isn't signed in is told so, and goes nowhere either.
            let reply = campus.visitor().get(path).await;
            assert_own_page(&reply, 200, "signed_out");
            assert!(!reply.body().contains(&bye), "{what}");
        }
        let page = visitor.get(&asked[0].1).await;
        let reply = visitor.submit(&page, &[]).await;
        let reply = visitor.follow(reply).await;
        assert_own_page(&reply, 200, "signed_out");
        assert!(!reply.body().contains(&bye));
        assert!(!is_signed_in(&visitor).await);
    })
    .await;
}

#[tokio::test] // OIDC 79, RED-01
async fn only_its_own_addresses_are_gone_to() {
    each_campus(async |campus| {
        let client = back(campus, "client", Mode::Answers(200)).await;
        let other = back(campus, "other", Mode::Answers(200)).await;
        let bye = format!("{}/bye", client.origin);
        for uri in [
            "https://evil.example/".to_owned(),
            format!("{bye}/"),
            format!("{bye}?added=1"),
            format!("{bye}#fragment"),
            format!("{bye}?kept=1&added=2"),
            bye.to_uppercase(),
            format!("{}/bye", other.origin),
            format!("{}/callback", client.origin),
        ] {
            let (mut visitor, grant) = enter(campus, &client).await;
            let hint = client.id_token(campus, grant);
            let asked = [
                ("id_token_hint", hint.as_str()),
                ("post_logout_redirect_uri", &uri),
                ("state", "the-state"),
            ];
            let reply = visitor.get(&address(HERE, &asked)).await;
            assert_own_page(&reply, 200, "signed_out");
            assert!(!reply.body().contains("the-state"), "{uri}");
            assert!(!reply.body().contains("evil.example"), "{uri}");
            assert!(!is_signed_in(&visitor).await, "{uri}");
        }
    })
    .await;
}

#[tokio::test] // OIDC 78
async fn who_shows_no_token_of_this_session_has_the_person_asked() {
    each_campus(async |campus| {
        let client = back(campus, "client", Mode::Answers(200)).await;
        let bye = format!("{}/bye", client.origin);
        let (_, elsewhere) = enter(campus, &client).await;
        let (visitor, grant) = enter(campus, &client).await;
        let of_another = {
            let mut claims = client.claims(campus, grant);
            claims["sub"] = json!("the administrator's name here");
            sign(campus, &claims)
        };
        let hints = [
            None,
            // The same person in another browser, and another person.
            Some(client.id_token(campus, elsewhere)),
            Some(of_another),
        ];
        for hint in &hints {
            let mut visitor = visitor.clone();
            let id = client.client_id();
            let mut asked = vec![
                ("client_id", id.as_str()),
                ("post_logout_redirect_uri", &bye),
                ("state", "s"),
            ];
            asked.extend(hint.as_deref().map(|hint| ("id_token_hint", hint)));
            let page = visitor.get(&address(HERE, &asked)).await;
            assert_asks(&page);
            // Who is signed in, and which application asks.
            let body = page.body();
            assert!(
                body.contains(STUDENT) && body.contains("“client”"),
                "{body}"
            );
            assert!(is_signed_in(&visitor).await);
            let policy = page.header("content-security-policy").unwrap();
            let action = format!("form-action 'self' {}", client.origin);
            assert!(policy.ends_with(&action), "{policy}");
            // No link or field has the token.
            assert!(
                hint.as_ref()
                    .is_none_or(|hint| !body.contains(hint.as_str()))
            );
            // Not by a page elsewhere (SES-04).
            let forged = visitor.clone().post("/oidc/logout/confirm", &asked).await;
            assert_eq!(forged.status, 403);
            assert!(is_signed_in(&visitor).await);
        }
        let mut visitor = visitor;
        let asked = [
            ("client_id", "client-client"),
            ("post_logout_redirect_uri", bye.as_str()),
            ("state", "s"),
        ];
        let page = visitor.get(&address(HERE, &asked)).await;
        let reply = visitor.submit(&page, &[]).await;
        let to = format!("{bye}?state=s");
        assert_eq!(
            (reply.status.as_u16(), reply.location()),
            (303, Some(to.as_str()))
        );
        assert!(!is_signed_in(&visitor).await);
        deliver(campus).await;
        assert_eq!(client.tokens(campus).len(), 1);
    })
    .await;
}

#[tokio::test] // OIDC 78: a token says whose session it was, also after she signed in once more
async fn the_grant_goes_on_with_the_person_and_ends_with_her() {
    each_campus(async |campus| {
        let (client, mut visitor, hint) = entered(campus).await;
        let bye = format!("{}/bye", client.origin);
        let asked = [
            ("id_token_hint", hint.as_str()),
            ("post_logout_redirect_uri", &bye),
        ];
        let path = address(HERE, &asked);
        renew(&mut visitor, STUDENT).await;
        let mut copy = visitor.clone();
        renew(&mut copy, ADMINISTRATOR).await;
        // The administrator isn't signed out by the student's token.
        assert_asks(&copy.get(&path).await);
        let (mut again, _) = enter(campus, &client).await;
        assert_asks(&again.get(&path).await);
        let mut hers = signed_in(campus).await;
        let grant = client.enter(campus, &hers).await;
        renew(&mut hers, STUDENT).await;
        let hint = client.id_token(campus, grant);
        let asked = [
            ("id_token_hint", hint.as_str()),
            ("post_logout_redirect_uri", &bye),
        ];
        assert_gone_to(&hers.get(&address(HERE, &asked)).await, &bye);
    })
    .await;
}

#[tokio::test] // OIDC 79
async fn who_is_signed_out_already_goes_on_by_a_token_alone() {
    each_campus(async |campus| {
        let (client, mut visitor, hint) = entered(campus).await;
        let bye = format!("{}/bye", client.origin);
        let shown = [
            ("id_token_hint", hint.as_str()),
            ("post_logout_redirect_uri", &bye),
            ("state", "s"),
        ];
        let named = [
            ("client_id", "client-client"),
            ("post_logout_redirect_uri", bye.as_str()),
            ("state", "s"),
        ];
        assert_eq!(visitor.get("/cas/logout").await.page(), "signed_out");
        let to = format!("{bye}?state=s");
        assert_gone_to(&visitor.get(&address(HERE, &shown)).await, &to);
        let reply = visitor.get(&address(HERE, &named)).await;
        assert_own_page(&reply, 200, "signed_out");
        assert!(!reply.body().contains(&bye));
        // With a session that ran out it is the same, and its applications are told of it.
        let (mut late, _) = enter(campus, &client).await;
        campus.advance(SignedDuration::from_hours(3));
        assert_gone_to(&late.get(&address(HERE, &shown)).await, &to);
        assert_eq!(campus.count("sessions WHERE ended_at IS NULL").await, 0);
        deliver(campus).await;
        assert_eq!(client.tokens(campus).len(), 2);
    })
    .await;
}

#[tokio::test] // OIDC 75: from the application's page, without our cookies
async fn a_form_leads_to_the_get_with_the_same_parameters() {
    each_campus(async |campus| {
        let (client, mut visitor, hint) = entered(campus).await;
        let bye = format!("{}/bye", client.origin);
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
        let bye = format!("{}/bye", client.origin);
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
        let bye = format!("{}/bye", client.origin);
        let asked = [
            ("id_token_hint", hint.as_str()),
            ("post_logout_redirect_uri", &bye),
        ];
        let request = Request::head(address(HERE, &asked)).body(Body::empty());
        visitor.send(request.unwrap()).await;
        assert!(is_signed_in(&visitor).await);
    })
    .await;
}

#[tokio::test] // OID-24
async fn without_the_database_it_is_a_503_and_nobody_is_told_that_it_is_done() {
    each_campus(async |campus| {
        let (client, mut visitor, hint) = entered(campus).await;
        let bye = format!("{}/bye", client.origin);
        let shown = [
            ("id_token_hint", hint.as_str()),
            ("post_logout_redirect_uri", &bye),
        ];
        let question = visitor.get(HERE).await;
        assert_eq!(question.page(), "sign_out");
        // What can't be written didn't happen.
        campus
            .execute("ALTER TABLE audit_events RENAME TO audit_events_away")
            .await;
        let mut copy = visitor.clone();
        for reply in [
            copy.get(&address(HERE, &shown)).await,
            copy.submit(&question, &[]).await,
        ] {
            assert_own_page(&reply, 500, "error");
            assert!(reply.cookies().is_empty(), "{:?}", reply.cookies());
        }
        campus
            .execute("ALTER TABLE audit_events_away RENAME TO audit_events")
            .await;
        assert!(is_signed_in(&visitor).await);
        campus.parts.db.close().await;
        for reply in [
            visitor.get(&address(HERE, &shown)).await,
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
