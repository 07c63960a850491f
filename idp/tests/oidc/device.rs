//! The device grant (RFC 8628): what the device, the person and somebody else see.

use jiff::SignedDuration;
use serde_json::{Value, json};

use super::dpop::{key, proof, send};
use super::given::{fault, good, said};
use crate::support::kit::{address, audited_by, signed_in};
use crate::support::oidc::{ISSUER, Rp, sign_in_at};
use crate::support::{Campus, Reply, Visitor, each_campus};

const DEVICE: &str = "/oidc/device";
const VERIFY: &str = "/oidc/device/verify";
pub const GRANT: &str = "urn:ietf:params:oauth:grant-type:device_code";

async fn registered(campus: &Campus) -> Rp {
    let changes = json!({ "grant_types": ["authorization_code", "refresh_token", GRANT] });
    Rp::registered_with(campus, &changes).await
}

/// The device's request for these scopes.
pub async fn ask(campus: &Campus, rp: &Rp, scope: &str) -> Value {
    good(&rp.post(campus, DEVICE, &[("scope", scope)]).await)
}

pub async fn poll(campus: &Campus, rp: &Rp, asked: &Value) -> Reply {
    let code = asked["device_code"].as_str().unwrap();
    let fields = [("grant_type", GRANT), ("device_code", code)];
    rp.post(campus, "/oidc/token", &fields).await
}

/// Types in the code and follows to the page that asks.
async fn question(visitor: &mut Visitor, typed: &str) -> Reply {
    let page = visitor.get(VERIFY).await;
    assert_eq!(page.page(), "device_verify", "{}", page.body());
    let reply = visitor.submit(&page, &[("user_code", typed)]).await;
    let to = reply.location().unwrap().to_owned();
    let page = visitor.get(&to).await;
    assert_eq!(page.page(), "consent", "{}", page.body());
    page
}

pub async fn decide(visitor: &mut Visitor, asked: &Value, decision: &str) -> Reply {
    let page = question(visitor, asked["user_code"].as_str().unwrap()).await;
    visitor.submit(&page, &[("decision", decision)]).await
}

#[tokio::test] // OIDC 103, 104
async fn a_device_is_let_in_and_fetches_its_tokens_once() {
    each_campus(async |campus| {
        let rp = registered(campus).await;
        let (asked, trail) =
            audited_by(campus, async || ask(campus, &rp, "openid profile").await).await;
        assert_eq!(trail, ["oidc.device.ask success -"]);
        assert_eq!(asked["interval"], 5);
        assert_eq!(asked["expires_in"], 600);
        let page = format!("{ISSUER}{VERIFY}");
        assert_eq!(asked["verification_uri"], page);
        let code = asked["user_code"].as_str().unwrap();
        assert_eq!(
            asked["verification_uri_complete"],
            format!("{page}?user_code={code}")
        );
        assert_eq!((code.len(), &code[4..5]), (9, "-"));
        assert_eq!(
            fault(&poll(campus, &rp, &asked).await, 400),
            "authorization_pending"
        );

        let mut visitor = signed_in(campus).await;
        let typed = code.to_lowercase().replace('-', " ");
        let page = question(&mut visitor, &typed).await;
        assert!(page.body().contains(code) && page.body().contains("选课"));
        let (done, trail) = audited_by(campus, async || {
            visitor.submit(&page, &[("decision", "allow")]).await
        })
        .await;
        assert_eq!(
            (done.status.as_u16(), done.page().as_str()),
            (200, "device_answered")
        );
        assert!(
            trail.contains(&"oidc.device.approve success -".to_owned()),
            "{trail:?}"
        );

        campus.clock.advance(SignedDuration::from_secs(5));
        let given = good(&poll(campus, &rp, &asked).await);
        assert_eq!(given["token_type"], "Bearer");
        assert!(given["refresh_token"].is_string());
        let (_, claims) = said(&given["id_token"]);
        assert_eq!(claims["aud"], rp.client_id);
        // Single use, also for the person.
        assert_eq!(
            fault(&poll(campus, &rp, &asked).await, 400),
            "invalid_grant"
        );
        let page = visitor.get(VERIFY).await;
        let again = visitor.submit(&page, &[("user_code", code)]).await;
        assert_eq!(again.status, 400);
        assert!(again.body().contains("wrong_user_code"));
    })
    .await;
}

#[tokio::test] // OIDC 104
async fn a_device_that_asks_too_often_waits_longer_from_then_on() {
    each_campus(async |campus| {
        let rp = registered(campus).await;
        let asked = ask(campus, &rp, "openid").await;
        let expect = async |seconds, error: &str| {
            campus.clock.advance(SignedDuration::from_secs(seconds));
            assert_eq!(fault(&poll(campus, &rp, &asked).await, 400), error);
        };
        expect(0, "authorization_pending").await;
        expect(5, "authorization_pending").await;
        // Far too early, that is said without a note: the next in time is in time.
        let ((), rows) = crate::support::kit::changing_nothing(campus, async || {
            expect(0, "slow_down").await;
        })
        .await;
        assert_eq!(rows, Vec::<String>::new());
        expect(5, "authorization_pending").await;
        expect(4, "slow_down").await;
        expect(9, "slow_down").await;
        expect(15, "authorization_pending").await;
        expect(14, "slow_down").await;
        expect(20, "authorization_pending").await;
        expect(600, "expired_token").await;
    })
    .await;
}

#[tokio::test] // OIDC 104
async fn who_says_no_turns_the_device_away() {
    each_campus(async |campus| {
        let rp = registered(campus).await;
        let asked = ask(campus, &rp, "openid").await;
        let mut visitor = signed_in(campus).await;
        let (done, trail) =
            audited_by(campus, async || decide(&mut visitor, &asked, "deny").await).await;
        assert_eq!(done.page(), "device_answered");
        assert!(
            trail.contains(&"oidc.device.deny refused -".to_owned()),
            "{trail:?}"
        );
        for _ in 0..2 {
            assert_eq!(
                fault(&poll(campus, &rp, &asked).await, 400),
                "access_denied"
            );
        }
        assert_eq!(campus.count("authorizations").await, 0);
    })
    .await;
}

#[tokio::test] // OIDC 105
async fn the_code_in_an_address_is_still_confirmed_after_the_sign_in() {
    each_campus(async |campus| {
        let rp = registered(campus).await;
        let asked = ask(campus, &rp, "openid").await;
        let code = asked["user_code"].as_str().unwrap();
        let mut visitor = campus.visitor();
        let to_sign_in = visitor.get(&address(VERIFY, &[("user_code", code)])).await;
        let to = to_sign_in.location().unwrap().to_owned();
        let page = visitor.get(&to).await;
        let reply = sign_in_at(&mut visitor, &page).await;
        let to = reply.location().unwrap().to_owned();
        assert!(to.starts_with(VERIFY), "{to}");
        let page = visitor.get(&to).await;
        assert_eq!(page.page(), "device_verify");
        assert!(page.body().contains(code));
        // Nothing was decided by all that.
        assert_eq!(
            fault(&poll(campus, &rp, &asked).await, 400),
            "authorization_pending"
        );
        let reply = visitor.submit(&page, &[("user_code", code)]).await;
        let to = reply.location().unwrap().to_owned();
        assert_eq!(visitor.get(&to).await.page(), "consent");
        assert_eq!(
            campus.count("device_grants WHERE state = 'pending'").await,
            1
        );
    })
    .await;
}

#[tokio::test] // OIDC 105
async fn codes_are_guessed_ten_times_an_hour_and_not_more() {
    each_campus(async |campus| {
        let rp = registered(campus).await;
        let asked = ask(campus, &rp, "openid").await;
        let right = asked["user_code"].as_str().unwrap();
        let mut visitor = signed_in(campus).await;
        let page = visitor.get(VERIFY).await;
        let wrong = if right == "BBBB-BBBB" {
            "CCCC-CCCC"
        } else {
            "BBBB-BBBB"
        };
        for _ in 0..10 {
            let reply = visitor.submit(&page, &[("user_code", wrong)]).await;
            assert_eq!(reply.status, 400);
        }
        // The right one too, and in another session of hers.
        let reply = visitor.submit(&page, &[("user_code", right)]).await;
        assert_eq!(reply.status, 429);
        let mut other = signed_in(campus).await;
        let page = other.get(VERIFY).await;
        let reply = other.submit(&page, &[("user_code", right)]).await;
        assert_eq!(reply.status, 429);
        campus.clock.advance(SignedDuration::from_secs(3_601));
        let fresh = ask(campus, &rp, "openid").await;
        let typed = [("user_code", fresh["user_code"].as_str().unwrap())];
        let reply = other.submit(&page, &typed).await;
        assert_eq!(reply.status, 303);
    })
    .await;
}

#[tokio::test] // OIDC 48, 104
async fn only_the_client_that_asked_gets_anything_and_only_if_its_entry_says_so() {
    each_campus(async |campus| {
        let rp = registered(campus).await;
        let asked = ask(campus, &rp, "openid").await;
        decide(&mut signed_in(campus).await, &asked, "allow").await;
        let mut entry = Rp::entry_with(&json!({ "client_id": "other", "grant_types": [GRANT] }));
        entry["id"] = json!("other");
        let other = Rp::of_entry(campus, &entry).await;
        assert_eq!(
            fault(&poll(campus, &other, &asked).await, 400),
            "invalid_grant"
        );
        // Theirs didn't use it up.
        good(&poll(campus, &rp, &asked).await);

        let without = Rp::registered(campus).await;
        let refused = without.post(campus, DEVICE, &[("scope", "openid")]).await;
        assert_eq!(fault(&refused, 400), "unauthorized_client");
        let refused = other.post(campus, DEVICE, &[("scope", "nothing")]).await;
        assert_eq!(fault(&refused, 400), "invalid_scope");
    })
    .await;
}

#[tokio::test] // OID-16
async fn who_signs_out_takes_her_yes_back() {
    each_campus(async |campus| {
        let rp = registered(campus).await;
        let asked = ask(campus, &rp, "openid").await;
        let mut visitor = signed_in(campus).await;
        decide(&mut visitor, &asked, "allow").await;
        visitor.get("/cas/logout").await;
        let page = visitor.get("/cas/logout").await;
        if page.page() == "sign_out" {
            visitor.submit(&page, &[]).await;
        }
        assert_eq!(campus.count("sessions WHERE ended_at IS NULL").await, 0);
        assert_eq!(
            fault(&poll(campus, &rp, &asked).await, 400),
            "access_denied"
        );
        assert_eq!(campus.count("authorizations").await, 0);
    })
    .await;
}

#[tokio::test] // OID-16, OID-27
async fn what_she_takes_back_a_device_can_not_fetch_any_more() {
    each_campus(async |campus| {
        let rp = registered(campus).await;
        let asked = ask(campus, &rp, "openid profile").await;
        let mut visitor = signed_in(campus).await;
        decide(&mut visitor, &asked, "allow").await;
        let page = visitor.get("/account/consents").await;
        let csrf = page.field("csrf").unwrap();
        let fields = [("csrf", &*csrf), ("application", Rp::ID)];
        visitor.post("/account/consents/revoke", &fields).await;
        assert_eq!(campus.count("consents").await, 0);
        assert_eq!(
            fault(&poll(campus, &rp, &asked).await, 400),
            "access_denied"
        );
        assert_eq!(campus.count("authorizations").await, 0);
    })
    .await;
}

#[tokio::test] // OIDC 98, 99, 103: what a device is given is good with its key alone
async fn a_device_that_proves_a_key_gets_tokens_of_that_key() {
    each_campus(async |campus| {
        let public = json!({
            "client_secret": null,
            "token_endpoint_auth_method": "none",
            "grant_types": ["authorization_code", "refresh_token", GRANT],
            "dpop_bound_access_tokens": true,
        });
        let rp = Rp::registered_with(campus, &public).await;
        let asked = ask(campus, &rp, "openid").await;
        let (own, thief) = (key(), key());
        let proven = |key| proof(campus, key, "POST", "/oidc/token", &json!({}));
        let code = asked["device_code"].as_str().unwrap();
        let fields = [
            ("grant_type", GRANT),
            ("device_code", code),
            ("client_id", Rp::ID),
        ];
        let reply = send(campus, &[], &fields).await;
        assert_eq!(fault(&reply, 400), "invalid_dpop_proof");
        let reply = send(campus, &[&proven(&own)], &fields).await;
        assert_eq!(fault(&reply, 400), "authorization_pending");
        decide(&mut signed_in(campus).await, &asked, "allow").await;
        campus.clock.advance(SignedDuration::from_secs(5));
        // A missing proof uses nothing up.
        let reply = send(campus, &[], &fields).await;
        assert_eq!(fault(&reply, 400), "invalid_dpop_proof");
        let given = good(&send(campus, &[&proven(&own)], &fields).await);
        assert_eq!(given["token_type"], "DPoP");
        let (_, says) = said(&given["access_token"]);
        assert_eq!(says["cnf"], json!({ "jkt": own.kid() }));

        let token = given["refresh_token"].as_str().unwrap();
        let fields = [
            ("grant_type", "refresh_token"),
            ("refresh_token", token),
            ("client_id", Rp::ID),
        ];
        for proofs in [vec![], vec![proven(&thief)]] {
            let proofs: Vec<&str> = proofs.iter().map(String::as_str).collect();
            let reply = send(campus, &proofs, &fields).await;
            assert_eq!(fault(&reply, 400), "invalid_dpop_proof");
        }
        let newer = good(&send(campus, &[&proven(&own)], &fields).await);
        assert_eq!(said(&newer["access_token"]).1["cnf"]["jkt"], own.kid());
    })
    .await;
}
