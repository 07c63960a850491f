//! Refresh tokens: one successor each, told again for a moment, and never a fork; and what a person
//! may not have any more, her applications may not either.

use std::collections::BTreeSet;
use std::sync::Arc;

use jiff::SignedDuration;
use serde_json::{Value, json};
use tokio::sync::Barrier;

use crate::device;
use crate::given::{code_for, fault, good, request, said, tokens};
use crate::support::kit::{
    STUDENT, audited_by, force_change, register, scalars, signed_in, suspend, unregister,
};
use crate::support::oidc::{Rp, sign_in_at};
use crate::support::{Campus, Reply, Visitor, each_campus};

const TOKEN: &str = "/oidc/token";
const ONLINE: &str = "openid profile";
const BOOKS: &str = "https://books.example.edu";
const OFFLINE: &str = "openid profile offline_access";

async fn refreshing(campus: &Campus, more: &Value) -> Rp {
    let mut change = json!({ "grant_types": ["authorization_code", "refresh_token"] });
    for (name, value) in more.as_object().unwrap() {
        change[name] = value.clone();
    }
    Rp::registered_with(campus, &change).await
}

fn fields<'a>(token: &'a str, more: &[(&'a str, &'a str)]) -> Vec<(&'a str, &'a str)> {
    let mut fields = vec![("grant_type", "refresh_token"), ("refresh_token", token)];
    fields.extend_from_slice(more);
    fields
}

async fn refresh(campus: &Campus, rp: &Rp, token: &str) -> Reply {
    rp.post(campus, TOKEN, &fields(token, &[])).await
}

fn of(given: &Value) -> String {
    given["refresh_token"].as_str().unwrap().to_owned()
}

#[tokio::test] // OIDC 51, 52, OID-15
async fn new_tokens_say_what_the_first_ones_said() {
    each_campus(async |campus| {
        let rp = refreshing(campus, &json!({})).await;
        let first = tokens(campus, &rp, "openid profile email").await;
        let before = said(&first["id_token"]).1;
        campus.advance(SignedDuration::from_mins(5));
        let reply = rp
            .post(
                campus,
                TOKEN,
                &fields(&of(&first), &[("scope", "openid email")]),
            )
            .await;
        let second = good(&reply);
        let after = said(&second["id_token"]).1;
        for same in ["iss", "sub", "aud", "auth_time", "sid", "acr", "amr"] {
            assert_eq!(before[same], after[same], "{same}");
        }
        assert!(after["iat"].as_i64() > before["iat"].as_i64());
        assert_eq!(after.get("nonce"), None);
        assert_eq!(second["scope"], "openid email");
        // A narrower token takes nothing from what was granted.
        let third = good(&refresh(campus, &rp, &of(&second)).await);
        assert_eq!(third["scope"], "openid profile email");
        for more in ["openid phone", "admin"] {
            let reply = rp
                .post(campus, TOKEN, &fields(&of(&third), &[("scope", more)]))
                .await;
            assert_eq!(fault(&reply, 400), "invalid_scope");
        }
        good(&refresh(campus, &rp, &of(&third)).await);
    })
    .await;
}

#[tokio::test] // OID-14
async fn a_lost_answer_is_given_again_and_a_late_one_ends_the_family() {
    each_campus(async |campus| {
        let rp = refreshing(campus, &json!({})).await;
        let first = of(&tokens(campus, &rp, OFFLINE).await);
        let second = of(&good(&refresh(campus, &rp, &first).await));
        campus.advance(SignedDuration::from_secs(10));
        assert_eq!(of(&good(&refresh(campus, &rp, &first).await)), second);
        let third = of(&good(&refresh(campus, &rp, &second).await));
        assert_ne!(third, second);

        campus.advance(SignedDuration::from_secs(11));
        let (reply, trail) = audited_by(campus, async || refresh(campus, &rp, &second).await).await;
        assert_eq!(fault(&reply, 400), "invalid_grant");
        assert_eq!(trail, ["oidc.refresh.reuse refused refresh_reuse"]);
        for token in [&first, &second, &third] {
            assert_eq!(
                fault(&refresh(campus, &rp, token).await, 400),
                "invalid_grant"
            );
        }
        let ended = "authorizations WHERE revoked_because = 'refresh_reuse'";
        assert_eq!(campus.count(ended).await, 1);
        assert_eq!(campus.audited("oidc.refresh.reuse", "refused").await, 1);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)] // OID-14, OIDC 53
async fn of_64_refreshes_at_once_all_get_one_successor() {
    each_campus(async |campus| {
        let rp = refreshing(campus, &json!({})).await;
        let nodes = [campus.idp.router(), campus.second_node().await.router()];
        let mut token = of(&tokens(campus, &rp, OFFLINE).await);
        for _ in 0..3 {
            let replies = at_once(campus, &rp, &nodes, &fields(&token, &[])).await;
            let successors: BTreeSet<String> = replies.iter().map(|r| of(&good(r))).collect();
            assert_eq!(successors.len(), 1);
            token = successors.into_iter().next().unwrap();
        }
        let generation = scalars(
            campus,
            "SELECT CAST(generation AS TEXT) FROM authorizations",
        );
        assert_eq!(generation.await, ["3"]);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)] // OID-02
async fn of_64_redemptions_of_one_code_one_succeeds() {
    each_campus(async |campus| {
        let rp = refreshing(campus, &json!({})).await;
        let nodes = [campus.idp.router(), campus.second_node().await.router()];
        for round in 1..=3 {
            let code = crate::given::code(campus, &rp, ONLINE).await;
            let sent = [
                ("grant_type", "authorization_code"),
                ("code", code.as_str()),
                ("redirect_uri", Rp::REDIRECT),
                ("code_verifier", crate::support::oidc::VERIFIER),
            ];
            let replies = at_once(campus, &rp, &nodes, &sent).await;
            let (good, bad): (Vec<_>, Vec<_>) = replies.iter().partition(|r| r.status == 200);
            assert_eq!((good.len(), bad.len()), (1, 63));
            for reply in bad {
                assert_eq!(fault(reply, 400), "invalid_grant");
            }
            // The losers of the race took nothing from the winner.
            let given: Value = serde_json::from_slice(&good[0].bytes).unwrap();
            crate::given::good(&refresh(campus, &rp, &of(&given)).await);
            assert_eq!(campus.count("authorizations").await, round);
        }
        assert_eq!(
            campus
                .count("authorizations WHERE revoked_at IS NOT NULL")
                .await,
            0
        );
    })
    .await;
}

/// The header by which the client shows who it is.
pub fn basic(rp: &Rp) -> String {
    use base64::Engine;
    let secret = rp.secret.as_deref().unwrap_or_default();
    let both = format!("{}:{secret}", rp.client_id);
    format!(
        "Basic {}",
        base64::engine::general_purpose::STANDARD.encode(both)
    )
}

/// The same request 64 times from a barrier, at one node and the other in turn.
async fn at_once(
    campus: &Campus,
    rp: &Rp,
    nodes: &[axum::Router; 2],
    fields: &[(&str, &str)],
) -> Vec<Reply> {
    let barrier = Arc::new(Barrier::new(64));
    let (basic, encoded) = (basic(rp), Visitor::encode(fields));
    let tasks: Vec<_> = (0..64)
        .map(|index| {
            let mut visitor = campus.visitor();
            visitor.route_to(nodes[index % 2].clone());
            let (barrier, encoded) = (Arc::clone(&barrier), encoded.clone());
            let request = Visitor::form_request(TOKEN, &[])
                .header("authorization", &basic)
                .body(axum::body::Body::from(encoded))
                .unwrap();
            tokio::spawn(async move {
                barrier.wait().await;
                visitor.send(request).await
            })
        })
        .collect();
    let mut replies = Vec::new();
    for task in tasks {
        replies.push(task.await.unwrap());
    }
    replies
}

#[tokio::test] // OID-15
async fn a_refresh_token_is_its_clients_alone() {
    each_campus(async |campus| {
        let rp = refreshing(campus, &json!({})).await;
        let mut entry = Rp::entry_with(&json!({
            "client_id": "other", "grant_types": ["authorization_code", "refresh_token"]
        }));
        entry["id"] = json!("other");
        let other = Rp::of_entry(campus, &entry).await;
        let token = of(&tokens(campus, &rp, OFFLINE).await);
        let (reply, trail) =
            audited_by(campus, async || refresh(campus, &other, &token).await).await;
        assert_eq!(fault(&reply, 400), "invalid_grant");
        assert_eq!(trail, ["oidc.refresh.refuse refused other_client"]);
        // Nor does a stranger end it for her.
        good(&refresh(campus, &rp, &token).await);
    })
    .await;
}

#[tokio::test] // OIDC 54, 86
async fn without_offline_access_it_dies_with_the_session() {
    each_campus(async |campus| {
        let rp = refreshing(campus, &json!({})).await;
        let online = of(&tokens(campus, &rp, ONLINE).await);
        let offline = of(&tokens(campus, &rp, OFFLINE).await);
        campus
            .execute("UPDATE sessions SET ended_at = last_seen_at")
            .await;
        let (reply, trail) = audited_by(campus, async || refresh(campus, &rp, &online).await).await;
        assert_eq!(fault(&reply, 400), "invalid_grant");
        assert_eq!(trail, ["oidc.refresh.refuse refused session_ended"]);
        let given = good(&refresh(campus, &rp, &offline).await);
        // Disuse ends it (RFC 9700 §4.14).
        campus.advance(SignedDuration::from_hours(30 * 24 - 1));
        let given = good(&refresh(campus, &rp, &of(&given)).await);
        campus.advance(SignedDuration::from_hours(30 * 24));
        let reply = refresh(campus, &rp, &of(&given)).await;
        assert_eq!(fault(&reply, 400), "invalid_grant");
    })
    .await;
}

#[tokio::test] // OIDC 54, SES-11
async fn who_works_with_an_application_is_not_idle_and_is_signed_out_in_time() {
    each_campus(async |campus| {
        let rp = refreshing(campus, &json!({})).await;
        let given = tokens(campus, &rp, ONLINE).await;
        let offline = of(&tokens(campus, &rp, OFFLINE).await);
        let mut token = of(&given);
        // Eight hours from the sign-in, of which two may be silent.
        for _ in 0..4 {
            campus.advance(SignedDuration::from_mins(119));
            token = of(&good(&refresh(campus, &rp, &token).await));
        }
        campus.advance(SignedDuration::from_mins(4));
        let (reply, trail) = audited_by(campus, async || refresh(campus, &rp, &token).await).await;
        assert_eq!(fault(&reply, 400), "invalid_grant");
        assert_eq!(trail, ["oidc.refresh.refuse refused session_ended"]);
        good(&refresh(campus, &rp, &offline).await);
    })
    .await;
}

#[tokio::test] // OIDC 54, SES-11
async fn what_she_does_elsewhere_and_what_outlives_her_is_no_use_of_a_session() {
    each_campus(async |campus| {
        let rp = refreshing(campus, &json!({})).await;
        let online = of(&tokens(campus, &rp, ONLINE).await);
        let mut offline = of(&tokens(campus, &rp, OFFLINE).await);
        for _ in 0..2 {
            campus.advance(SignedDuration::from_mins(60));
            offline = of(&good(&refresh(campus, &rp, &offline).await));
        }
        let reply = refresh(campus, &rp, &online).await;
        assert_eq!(fault(&reply, 400), "invalid_grant");
    })
    .await;
}

#[tokio::test] // OIDC 54
async fn a_session_that_was_renewed_keeps_its_applications_to_its_own_end() {
    each_campus(async |campus| {
        let rp = refreshing(campus, &json!({})).await;
        let mut visitor = signed_in(campus).await;
        let code = rp.code(&mut visitor, &[]).await;
        let mut token = of(&good(&rp.redeem(campus, &code).await));
        campus.advance(SignedDuration::from_mins(119));
        // She signs in again in the same browser: the application goes on in the new session.
        let page = rp.open(&mut visitor, &[("prompt", "login")]).await;
        let reply = sign_in_at(&mut visitor, &page).await;
        let reply = visitor.follow(reply).await;
        rp.code_of(&reply);
        for _ in 0..4 {
            campus.advance(SignedDuration::from_mins(119));
            token = of(&good(&refresh(campus, &rp, &token).await));
        }
        let seen = rp
            .post(campus, "/oidc/introspect", &[("token", &token)])
            .await;
        let left = good(&seen)["exp"].as_i64().unwrap() - campus.clock.now().as_second();
        assert_eq!(left, 4 * 60);
        campus.advance(SignedDuration::from_mins(4));
        let reply = refresh(campus, &rp, &token).await;
        assert_eq!(fault(&reply, 400), "invalid_grant");
    })
    .await;
}

/// A state that takes the right away, and the word for it in the trail.
type State = (&'static str, &'static str);

const STATES: [State; 7] = [
    ("suspended", "suspended"),
    ("must change", "must_change_password"),
    ("number ended", "no_valid_number"),
    ("not before", "session_ended"),
    ("group taken", "no_access"),
    ("disabled", "invalid_client"),
    ("removed", "invalid_client"),
];

async fn enter(campus: &Campus, state: &str, entry: &Value) {
    match state {
        "suspended" => suspend(campus, STUDENT).await,
        "must change" => force_change(campus).await,
        "number ended" => {
            let sql = format!("UPDATE roster SET valid_until = 1 WHERE number = '{STUDENT}'");
            campus.execute(&sql).await;
        }
        "not before" => {
            let later = campus.clock.now().as_microsecond() + 1;
            let sql = format!("UPDATE persons SET not_before = {later}");
            campus.execute(&sql).await;
        }
        "group taken" => {
            let mut entry = entry.clone();
            entry["access"] = json!({ "groups": ["nobody-is-in-it"] });
            register(campus, &entry).await;
        }
        "disabled" => {
            let mut entry = entry.clone();
            entry["enabled"] = json!(false);
            register(campus, &entry).await;
        }
        _ => unregister(campus, Rp::ID).await,
    }
}

#[tokio::test] // OID-16: states × paths
async fn who_may_not_have_it_any_more_gets_it_by_no_path() {
    for (state, word) in STATES {
        each_campus(async |campus| {
            let grants = ["authorization_code", "refresh_token", device::GRANT];
            let change = json!({ "grant_types": grants, "audiences": [BOOKS] });
            let entry = Rp::entry_with(&change);
            let rp = Rp::of_entry(campus, &entry).await;
            // Who else may ask about its tokens.
            let mut watcher = Rp::entry_with(&json!({ "client_id": "watcher",
                "resource_server_for": [BOOKS] }));
            watcher["id"] = json!("watcher");
            let watcher = Rp::of_entry(campus, &watcher).await;
            let code = crate::given::code(campus, &rp, ONLINE).await;
            let (online, offline) = (
                tokens(campus, &rp, ONLINE).await,
                tokens(campus, &rp, OFFLINE).await,
            );
            assert!(crate::userinfo::is_good(campus, &online).await);
            let mut abroad = request(campus, &rp, OFFLINE);
            abroad.granted.resources = vec![BOOKS.into()];
            let abroad = code_for(campus, &rp, &abroad).await;
            let abroad = good(&rp.redeem(campus, &abroad).await);
            assert!(crate::introspect::is_active(campus, &watcher, &abroad).await);

            let asked = device::ask(campus, &rp, ONLINE).await;
            device::decide(&mut signed_in(campus).await, &asked, "allow").await;

            enter(campus, state, &entry).await;
            let known = word != "invalid_client";
            let (status, expected) = if known {
                (400, "invalid_grant")
            } else {
                (401, word)
            };
            let (reply, trail) = audited_by(campus, async || rp.redeem(campus, &code).await).await;
            assert_eq!(fault(&reply, status), expected, "{state}: code");
            if known {
                assert_eq!(trail, [format!("oidc.code.refuse refused {word}")]);
            }
            let expected_of_device = if known { "access_denied" } else { word };
            let reply = device::poll(campus, &rp, &asked).await;
            assert_eq!(fault(&reply, status), expected_of_device, "{state}: device");
            for given in [&online, &offline] {
                let reply = refresh(campus, &rp, &of(given)).await;
                assert_eq!(fault(&reply, status), expected, "{state}: refresh");
                assert!(!crate::userinfo::is_good(campus, given).await, "{state}");
            }
            let active = crate::introspect::is_active(campus, &watcher, &abroad).await;
            assert!(!active, "{state}: introspection");
        })
        .await;
    }
}

#[tokio::test] // RFC 8707 §2.2
async fn a_token_is_for_the_resource_that_is_named() {
    each_campus(async |campus| {
        let (books, rooms) = ("https://books.example.edu", "https://rooms.example.edu");
        let rp = refreshing(campus, &json!({ "audiences": [books, rooms] })).await;
        let mut asked = request(campus, &rp, ONLINE);
        asked.granted.resources = vec![books.into(), rooms.into()];
        let code = code_for(campus, &rp, &asked).await;
        let given = good(&rp.redeem(campus, &code).await);
        assert_eq!(said(&given["access_token"]).1["aud"], json!([books, rooms]));
        let reply = rp
            .post(campus, TOKEN, &fields(&of(&given), &[("resource", rooms)]))
            .await;
        let narrowed = good(&reply);
        assert_eq!(said(&narrowed["access_token"]).1["aud"], rooms);
        let reply = rp
            .post(
                campus,
                TOKEN,
                &fields(&of(&narrowed), &[("resource", "https://x.example")]),
            )
            .await;
        assert_eq!(fault(&reply, 400), "invalid_target");
    })
    .await;
}
