//! A token of this session is believed, and nothing else.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use idp_domain::ids::GrantId;
use idp_domain::oidc::jose::{SigningAlgorithm, Typ};
use jiff::SignedDuration;
use serde_json::json;

use super::leaving::{HERE, assert_gone_to, bye, enter, entered, is_signed_in, leaving};
use crate::application::{Application, Mode};
use crate::browser::deliver;
use crate::client::{back, sign};
use crate::support::kit::{address, assert_links_stay_here, assert_own_page};
use crate::support::{Campus, each_campus};

#[tokio::test] // OIDC 75, OIDC 79, OIDC 80
async fn a_client_of_this_session_signs_out_at_once_and_gets_its_state() {
    each_campus(async |campus| {
        let client = back(campus, "client", Mode::Answers(200)).await;
        let bye = bye(&client);
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
        let bye = bye(&client);
        let path = leaving(&client, &hint, &[]);
        assert_gone_to(&visitor.get(&path).await, &bye);
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
        let bye = bye(&client);
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
        let bye = bye(&client);
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
