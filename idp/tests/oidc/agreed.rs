//! What was agreed to is a limit for as long as it is used, and so is what the entry and the person
//! say today.

use std::sync::Arc;

use serde_json::{Value, json};
use tokio::sync::Barrier;

use crate::given::{code_for, fault, good, request, said, tokens};
use crate::support::kit::{audited_by, register, signed_in};
use crate::support::oidc::Rp;
use crate::support::{Campus, Visitor, each_campus};
use crate::userinfo::{claims, is_good};

const TOKEN: &str = "/oidc/token";
const BOOKS: &str = "https://books.example.edu";
const ROOMS: &str = "https://rooms.example.edu";

fn entry(oidc: &Value, release: &Value) -> Value {
    let mut change = json!({ "grant_types": ["authorization_code", "refresh_token"] });
    for (name, value) in oidc.as_object().unwrap() {
        change[name] = value.clone();
    }
    let mut entry = Rp::entry_with(&change);
    entry["release"] = release.clone();
    entry
}

async fn refresh(campus: &Campus, rp: &Rp, given: &Value) -> crate::support::Reply {
    let token = given["refresh_token"].as_str().unwrap();
    let fields = [("grant_type", "refresh_token"), ("refresh_token", token)];
    rp.post(campus, TOKEN, &fields).await
}

fn names(told: &Value) -> Vec<&str> {
    told.as_object()
        .unwrap()
        .keys()
        .map(String::as_str)
        .collect()
}

#[tokio::test] // OID-27, OID-29
async fn a_longer_release_tells_nothing_more_under_what_was_given_before() {
    each_campus(async |campus| {
        let before = entry(&json!({}), &json!(["name", "number"]));
        let rp = Rp::of_entry(campus, &before).await;
        let mut asked = request(campus, &rp, "openid profile phone offline_access");
        asked.granted.claims = serde_json::from_value(json!({
            "id_token": { "name": {}, "phone_number": {} }
        }))
        .unwrap();
        let code = code_for(campus, &rp, &asked).await;
        let mut given = good(&rp.redeem(campus, &code).await);
        assert_eq!(
            names(&claims(campus, &given).await),
            ["name", "preferred_username", "sub"]
        );

        register(
            campus,
            &entry(&json!({}), &json!(["name", "number", "phone"])),
        )
        .await;
        for _ in 0..2 {
            let told = claims(campus, &given).await;
            assert_eq!(names(&told), ["name", "preferred_username", "sub"]);
            let id = said(&given["id_token"]).1;
            assert!(
                id["name"].is_string() && id.get("phone_number").is_none(),
                "{id}"
            );
            given = good(&refresh(campus, &rp, &given).await);
        }
        // A shorter one counts at once, in what is out already too.
        register(campus, &entry(&json!({}), &json!(["number", "phone"]))).await;
        assert_eq!(
            names(&claims(campus, &given).await),
            ["preferred_username", "sub"]
        );
        given = good(&refresh(campus, &rp, &given).await);
        assert_eq!(said(&given["id_token"]).1.get("name"), None);
        // Whoever signs in again is told of by the entry of now.
        let again = tokens(campus, &rp, "openid profile phone").await;
        assert!(names(&claims(campus, &again).await).contains(&"phone_number"));
    })
    .await;
}

#[tokio::test] // OID-15, OID-16
async fn what_an_entry_lost_no_refresh_gives_back() {
    each_campus(async |campus| {
        let release = json!(["name"]);
        let whole = json!({ "audiences": [BOOKS, ROOMS],
            "scopes": ["openid", "profile", "offline_access", "read"] });
        let rp = Rp::of_entry(campus, &entry(&whole, &release)).await;
        let mut asked = request(campus, &rp, "openid profile offline_access read");
        asked.granted.resources = vec![BOOKS.into(), ROOMS.into()];
        let code = code_for(campus, &rp, &asked).await;
        let given = good(&rp.redeem(campus, &code).await);
        assert_eq!(said(&given["access_token"]).1["aud"], json!([BOOKS, ROOMS]));

        let less = json!({ "audiences": [ROOMS], "scopes": ["openid", "offline_access"] });
        register(campus, &entry(&less, &release)).await;
        let given = good(&refresh(campus, &rp, &given).await);
        assert_eq!(given["scope"], "openid offline_access");
        assert_eq!(said(&given["access_token"]).1["aud"], ROOMS);
        // None left is not the same as none asked for.
        let none = json!({ "audiences": [], "scopes": ["openid", "offline_access"] });
        register(campus, &entry(&none, &release)).await;
        let (reply, trail) = audited_by(campus, async || refresh(campus, &rp, &given).await).await;
        assert_eq!(fault(&reply, 400), "invalid_target");
        assert_eq!(trail, ["oidc.refresh.refuse refused target"]);
        // Access without her isn't its any more.
        let online = json!({ "audiences": [ROOMS], "scopes": ["openid"] });
        register(campus, &entry(&online, &release)).await;
        let (reply, trail) = audited_by(campus, async || refresh(campus, &rp, &given).await).await;
        assert_eq!(fault(&reply, 400), "invalid_grant");
        assert_eq!(trail, ["oidc.refresh.refuse refused consent_withdrawn"]);
        // A refusal takes nothing: it holds for as long as the entry says so.
        register(campus, &entry(&whole, &release)).await;
        good(&refresh(campus, &rp, &given).await);
    })
    .await;
}

/// What she has agreed to at the application: these words, or nothing at all.
async fn agree(campus: &Campus, words: Option<&Value>) {
    campus.execute("DELETE FROM consents").await;
    if let Some(words) = words {
        let sql = format!(
            "INSERT INTO consents (person_id, application_id, granted, granted_at)
                SELECT person_id, 'rp', '{words}', 0 FROM sessions
                ORDER BY signed_in_at LIMIT 1"
        );
        campus.execute(&sql).await;
    }
}

#[tokio::test] // OID-16, OID-27
async fn what_she_took_back_is_told_by_nothing_that_was_given_before() {
    each_campus(async |campus| {
        let asking = entry(&json!({ "consent": "ask" }), &json!(["name", "number"]));
        let rp = Rp::of_entry(campus, &asking).await;
        drop(signed_in(campus).await);
        agree(campus, Some(&json!(["name", "number", "offline"]))).await;
        let given = tokens(campus, &rp, "openid profile offline_access").await;
        let online = tokens(campus, &rp, "openid profile").await;
        assert_eq!(
            names(&claims(campus, &given).await),
            ["name", "preferred_username", "sub"]
        );

        agree(campus, Some(&json!(["number", "offline"]))).await;
        assert_eq!(
            names(&claims(campus, &given).await),
            ["preferred_username", "sub"]
        );
        let given = good(&refresh(campus, &rp, &given).await);
        // Without offline access what outlives the session ends.
        agree(campus, Some(&json!(["number"]))).await;
        let reply = refresh(campus, &rp, &given).await;
        assert_eq!(fault(&reply, 400), "invalid_grant");
        let online = good(&refresh(campus, &rp, &online).await);

        let code = crate::given::code(campus, &rp, "openid profile").await;
        agree(campus, None).await;
        for given in [&given, &online] {
            assert!(!is_good(campus, given).await);
            assert!(!crate::introspect::is_active(campus, &rp, given).await);
            let (reply, trail) =
                audited_by(campus, async || refresh(campus, &rp, given).await).await;
            assert_eq!(fault(&reply, 400), "invalid_grant");
            assert_eq!(trail, ["oidc.refresh.refuse refused consent_withdrawn"]);
        }
        let (reply, trail) = audited_by(campus, async || rp.redeem(campus, &code).await).await;
        assert_eq!(fault(&reply, 400), "invalid_grant");
        assert_eq!(trail, ["oidc.code.refuse refused consent_withdrawn"]);
    })
    .await;
}

#[tokio::test] // OID-16, OID-27
async fn an_entry_that_begins_to_ask_asks_about_what_it_has() {
    each_campus(async |campus| {
        let rp = Rp::of_entry(campus, &entry(&json!({}), &json!(["name"]))).await;
        let given = tokens(campus, &rp, "openid profile").await;
        register(
            campus,
            &entry(&json!({ "consent": "ask" }), &json!(["name"])),
        )
        .await;
        assert!(!is_good(campus, &given).await);
        assert_eq!(
            fault(&refresh(campus, &rp, &given).await, 400),
            "invalid_grant"
        );
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)] // OID-27: RACE
async fn no_code_and_no_token_outlives_a_consent_that_was_taken_back_meanwhile() {
    each_campus(async |campus| {
        let asking = entry(&json!({ "consent": "ask" }), &json!(["name", "number"]));
        let rp = Rp::of_entry(campus, &asking).await;
        let nodes = [campus.idp.router(), campus.second_node().await.router()];
        let mut owner = signed_in(campus).await;
        for _ in 0..3 {
            let page = rp.open(&mut owner, &[]).await;
            let page = owner.follow(page).await;
            let reply = owner.submit(&page, &[("decision", "allow")]).await;
            let held = good(&rp.redeem(campus, &rp.code_of(&reply)).await);
            let consents = owner.get("/account/consents").await;
            let csrf = consents.field("csrf").unwrap();
            let barrier = Arc::new(Barrier::new(33));
            let takers: Vec<_> = (0..32)
                .map(|index| {
                    let mut browser = campus.visitor();
                    browser.route_to(nodes[index % 2].clone());
                    browser.cookies = owner.cookies.clone();
                    let (barrier, rp) = (Arc::clone(&barrier), rp.clone());
                    tokio::spawn(async move {
                        barrier.wait().await;
                        let reply = rp.open(&mut browser, &[]).await;
                        let to = reply.location().unwrap().to_owned();
                        to.starts_with(&rp.redirect_uri).then(|| rp.code_of(&reply))
                    })
                })
                .collect();
            barrier.wait().await;
            let fields = [("csrf", &*csrf), ("application", Rp::ID)];
            let withdrawn = owner.post("/account/consents/revoke", &fields).await;
            assert_eq!(withdrawn.status, 303);
            for taker in takers {
                // Issued or asked again; in either case there is nothing to fetch.
                if let Some(code) = taker.await.unwrap() {
                    let reply = rp.redeem(campus, &code).await;
                    assert_eq!(fault(&reply, 400), "invalid_grant");
                }
            }
            assert_eq!(campus.count("consents").await, 0);
            assert_eq!(
                campus
                    .count("authorizations WHERE revoked_at IS NULL")
                    .await,
                0
            );
            assert!(!is_good(campus, &held).await);
        }
    })
    .await;
}

/// The same with who redeems: what was given first is ended, what comes later gets nothing.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)] // OID-16, OID-27: RACE
async fn no_redemption_and_no_refresh_passes_a_withdrawal() {
    each_campus(async |campus| {
        let asking = entry(&json!({ "consent": "ask" }), &json!(["name", "number"]));
        let rp = Rp::of_entry(campus, &asking).await;
        let mut owner = signed_in(campus).await;
        let page = rp.open(&mut owner, &[]).await;
        let page = owner.follow(page).await;
        let reply = owner.submit(&page, &[("decision", "allow")]).await;
        let held = good(&rp.redeem(campus, &rp.code_of(&reply)).await);
        let mut requests = Vec::new();
        for _ in 0..16 {
            let code = rp.code(&mut owner, &[]).await;
            requests.push(redemption(&code));
        }
        let token = held["refresh_token"].as_str().unwrap().to_owned();
        requests.extend((0..16).map(|_| {
            let fields = [("grant_type", "refresh_token"), ("refresh_token", &*token)];
            Visitor::encode(&fields)
        }));
        let consents = owner.get("/account/consents").await;
        let csrf = consents.field("csrf").unwrap();
        let nodes = [campus.idp.router(), campus.second_node().await.router()];
        let barrier = Arc::new(Barrier::new(requests.len() + 1));
        let basic = crate::refresh::basic(&rp);
        let redeemers: Vec<_> = requests
            .into_iter()
            .enumerate()
            .map(|(index, body)| {
                let mut visitor = campus.visitor();
                visitor.route_to(nodes[index % 2].clone());
                let request = Visitor::form_request(TOKEN, &[]).header("authorization", &basic);
                let request = request.body(axum::body::Body::from(body)).unwrap();
                let barrier = Arc::clone(&barrier);
                tokio::spawn(async move {
                    barrier.wait().await;
                    visitor.send(request).await
                })
            })
            .collect();
        barrier.wait().await;
        let fields = [("csrf", &*csrf), ("application", Rp::ID)];
        owner.post("/account/consents/revoke", &fields).await;
        for redeemer in redeemers {
            let reply = redeemer.await.unwrap();
            if reply.status == 200 {
                // She was later, by a little.
                assert!(!is_good(campus, &good(&reply)).await);
            } else {
                assert_eq!(fault(&reply, 400), "invalid_grant");
            }
        }
        assert_eq!(
            campus
                .count("authorizations WHERE revoked_at IS NULL")
                .await,
            0
        );
    })
    .await;
}

fn redemption(code: &str) -> String {
    Visitor::encode(&[
        ("grant_type", "authorization_code"),
        ("code", code),
        ("redirect_uri", Rp::REDIRECT),
        ("code_verifier", crate::support::oidc::VERIFIER),
    ])
}

#[tokio::test] // OID-15, OID-23
async fn what_an_entry_lost_introspection_tells_nobody() {
    each_campus(async |campus| {
        let release = json!(["name"]);
        let whole = json!({ "audiences": [BOOKS, ROOMS], "scopes": ["openid", "profile", "read"] });
        let rp = Rp::of_entry(campus, &entry(&whole, &release)).await;
        let mut asked = request(campus, &rp, "openid profile read");
        asked.granted.resources = vec![BOOKS.into(), ROOMS.into()];
        let code = code_for(campus, &rp, &asked).await;
        let given = good(&rp.redeem(campus, &code).await);
        let token = given["access_token"].as_str().unwrap();
        let seen = async || {
            good(
                &rp.post(campus, "/oidc/introspect", &[("token", token)])
                    .await,
            )
        };
        let first = seen().await;
        assert_eq!(
            (&first["aud"], &first["scope"]),
            (&json!([BOOKS, ROOMS]), &given["scope"])
        );
        let less = json!({ "audiences": [ROOMS], "scopes": ["openid", "profile"] });
        register(campus, &entry(&less, &release)).await;
        let second = seen().await;
        assert_eq!(second["active"], true);
        assert_eq!(
            (&second["aud"], &second["scope"]),
            (&json!(ROOMS), &json!("openid profile"))
        );
        let none = json!({ "audiences": [], "scopes": ["openid", "profile"] });
        register(campus, &entry(&none, &release)).await;
        assert_eq!(seen().await, json!({ "active": false }));
    })
    .await;
}
