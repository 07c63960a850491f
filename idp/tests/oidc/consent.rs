//! What applications may learn: asked, remembered, refused, taken back (OpenID Connect Core
//! §3.1.2.4, RFC 6749 §10.2).

use axum::body::Body;
use axum::http::Request;
use serde_json::{Value, json};

use crate::support::kit::{STUDENT, audited_by, register, signed_in};
use crate::support::oidc::{Rp, sign_in_at};
use crate::support::{Campus, Reply, Visitor, each_campus};

/// A client that people are asked about.
async fn asking(campus: &Campus) -> Rp {
    Rp::registered_with(campus, &json!({ "consent": "ask" })).await
}

/// The page of the question that a request leads to.
async fn question(rp: &Rp, visitor: &mut Visitor, changes: &[(&str, &str)]) -> Reply {
    let reply = rp.open(visitor, changes).await;
    assert_eq!(reply.status, 302);
    let page = visitor.follow(reply).await;
    assert_eq!(page.page(), "consent", "{} {}", page.status, page.body());
    page
}

#[tokio::test] // OID-27; OIDC 20, 21: asked once, for what is told, with the values
async fn who_agreed_is_not_asked_again_until_more_is_wanted() {
    each_campus(async |campus| {
        let rp = asking(campus).await;
        let mut visitor = signed_in(campus).await;
        let page = question(&rp, &mut visitor, &[]).await;
        let body = page.body();
        assert!(
            body.contains(STUDENT) && body.contains("<span>姓名</span>"),
            "{body}"
        );
        assert!(body.contains("https://rp.example.edu"), "{body}");
        assert!(
            !body.contains("groups"),
            "nobody asked for the campus scope"
        );
        assert_eq!(campus.count("authorization_codes").await, 0);
        assert_eq!(campus.count("consents").await, 0);
        let (reply, trail) = audited_by(campus, async || {
            visitor.submit(&page, &[("decision", "allow")]).await
        })
        .await;
        assert_eq!(reply.status, 303);
        rp.code_of(&reply);
        assert_eq!(
            trail,
            ["oidc.code.issue success -", "oidc.consent.give success -"]
        );

        // The second time there is nothing to ask, in another session neither.
        rp.code(&mut visitor, &[]).await;
        let mut elsewhere = signed_in(campus).await;
        rp.code(&mut elsewhere, &[("prompt", "none")]).await;
        // More than she agreed to is asked for.
        let more = [("scope", "openid profile campus")];
        let page = question(&rp, &mut elsewhere, &more).await;
        let reply = elsewhere.submit(&page, &[("decision", "allow")]).await;
        rp.code_of(&reply);
        // Both together are remembered.
        rp.code(&mut visitor, &more).await;
        rp.code(&mut visitor, &[]).await;
        // `prompt=consent` asks whatever was agreed to.
        question(&rp, &mut visitor, &[("prompt", "consent")]).await;
        assert_eq!(campus.count("consents").await, 1);
    })
    .await;
}

#[tokio::test] // OID-27: no is no, and keeps nothing
async fn who_does_not_agree_sends_the_application_away() {
    each_campus(async |campus| {
        let rp = asking(campus).await;
        let mut visitor = signed_in(campus).await;
        let page = question(&rp, &mut visitor, &[]).await;
        let (reply, trail) = audited_by(campus, async || {
            visitor.submit(&page, &[("decision", "deny")]).await
        })
        .await;
        assert_eq!(reply.status, 303);
        assert_eq!(rp.error(&reply), "access_denied");
        assert_eq!(trail, ["oidc.consent.refuse refused -"]);
        assert_eq!(campus.count("consents").await, 0);
        assert_eq!(campus.count("authorization_codes").await, 0);
        // Nothing sticks: it may ask again.
        question(&rp, &mut visitor, &[]).await;
    })
    .await;
}

#[tokio::test] // OID-27, SES-07: bound to the session, the page, the token against forgery, and one use
async fn an_agreement_is_hers_for_what_she_saw_and_once() {
    each_campus(async |campus| {
        let mut entry = Rp::entry_with(&json!({ "consent": "ask" }));
        entry["release"] = json!(["name"]);
        let rp = Rp::of_entry(campus, &entry).await;
        let mut visitor = signed_in(campus).await;
        let page = question(&rp, &mut visitor, &[]).await;
        let mut stranger = signed_in(campus).await;
        let link = format!("/signin/hop/{}", page.field("hop").unwrap());
        assert_eq!(stranger.get(&link).await.status, 400);
        let theirs = question(&rp, &mut stranger, &[]).await;
        let token = theirs.field("csrf").unwrap();
        for fields in [
            vec![("decision", "allow"), ("csrf", token.as_str())],
            vec![("decision", "allow"), ("csrf", "")],
        ] {
            assert_eq!(visitor.submit(&page, &fields).await.status, 403);
        }
        // Another session's question, with her own token.
        let foreign = theirs.field("hop").unwrap();
        let reply = visitor
            .submit(&page, &[("decision", "allow"), ("hop", &foreign)])
            .await;
        assert_eq!(reply.status, 400);
        // Neither yes nor no, or to another question, is no answer.
        for fields in [
            vec![("decision", "")],
            vec![("decision", "yes")],
            vec![("decision", "allow"), ("question", "enter")],
            vec![("decision", "allow"), ("shown", "0000")],
        ] {
            let reply = visitor.submit(&page, &fields).await;
            assert_eq!(
                (reply.status.as_u16(), reply.page()),
                (200, "consent".into())
            );
        }
        // Meanwhile the entry tells more than she saw.
        let mut wider = Rp::entry_with(&json!({ "consent": "ask" }));
        wider["release"] = json!(["name", "number"]);
        register(campus, &wider).await;
        let reply = visitor.submit(&page, &[("decision", "allow")]).await;
        assert_eq!(
            reply.page(),
            "consent",
            "what is agreed to is what was shown"
        );
        assert_eq!(campus.count("consents").await, 0);
        let reply = visitor.submit(&reply, &[("decision", "allow")]).await;
        rp.code_of(&reply);
        let again = visitor.submit(&page, &[("decision", "allow")]).await;
        assert_eq!(again.status, 400);
        assert_eq!(campus.count("authorization_codes").await, 1);
    })
    .await;
}

#[tokio::test] // OID-27; RFC 8252 §8.6: anybody's program can stand where a native client stands
async fn a_client_that_anybody_can_be_asks_each_time() {
    each_campus(async |campus| {
        let native = Rp::entry_with(&json!({
            "client_id": "app",
            "client_secret": null,
            "token_endpoint_auth_method": "none",
            "application_type": "native",
            "redirect_uris": ["http://127.0.0.1/callback"],
            "consent": "ask",
        }));
        let rp = Rp::of_entry(campus, &native).await;
        let mut visitor = signed_in(campus).await;
        let silent = rp.open(&mut visitor, &[("prompt", "none")]).await;
        assert_eq!(rp.error(&silent), "consent_required");
        for _ in 0..2 {
            let page = question(&rp, &mut visitor, &[]).await;
            let reply = visitor.submit(&page, &[("decision", "allow")]).await;
            rp.code_of(&reply);
        }
        let silent = rp.open(&mut visitor, &[("prompt", "none")]).await;
        assert_eq!(rp.error(&silent), "consent_required");
        // She sees it among those that she allowed all the same.
        assert_eq!(campus.count("consents").await, 1);
    })
    .await;
}

#[tokio::test] // with the consent go the code on its way and the tokens
async fn who_takes_it_back_ends_all_that_stood_on_it() {
    each_campus(async |campus| {
        let rp = asking(campus).await;
        let mut visitor = signed_in(campus).await;
        let page = question(&rp, &mut visitor, &[]).await;
        let reply = visitor.submit(&page, &[("decision", "allow")]).await;
        let redeemed = rp.redeem(campus, &rp.code_of(&reply)).await;
        assert_eq!(redeemed.status, 200, "{}", redeemed.body());
        let tokens: Value = serde_json::from_slice(&redeemed.bytes).unwrap();
        let token = tokens["access_token"].as_str().unwrap();
        assert_eq!(userinfo(campus, token).await, 200);
        let on_its_way = rp.code(&mut visitor, &[]).await;

        let account = visitor.get("/account").await;
        assert_eq!(account.page(), "account");
        assert!(account.body().contains("/account/consents"));
        let list = visitor.get("/account/consents").await;
        assert_eq!(list.page(), "consents");
        assert!(list.body().contains("选课") || list.body().contains("Courses"));
        let fields = [
            ("csrf", list.field("csrf").unwrap()),
            ("application", Rp::ID.to_owned()),
        ];
        let fields: Vec<(&str, &str)> = fields.iter().map(|(n, v)| (*n, &**v)).collect();
        let (reply, trail) = audited_by(campus, async || {
            visitor.post("/account/consents/revoke", &fields).await
        })
        .await;
        assert_eq!(reply.location(), Some("/account/consents?withdrawn=true"));
        assert_eq!(trail, ["oidc.consent.withdraw success -"]);
        let list = visitor.follow(reply).await;
        assert_eq!(list.notice().as_deref(), Some("consent_withdrawn"));
        assert_eq!(userinfo(campus, token).await, 401);
        assert_eq!(rp.redeem(campus, &on_its_way).await.status, 400);
        // Once.
        let again = visitor.post("/account/consents/revoke", &fields).await;
        assert_eq!(again.location(), Some("/account/consents"));
        question(&rp, &mut visitor, &[]).await;
    })
    .await;
}

async fn userinfo(campus: &Campus, token: &str) -> u16 {
    let request = Request::get("/oidc/userinfo").header("authorization", format!("Bearer {token}"));
    let request = request.body(Body::empty()).unwrap();
    campus.visitor().send(request).await.status.as_u16()
}

#[tokio::test] // her consents are nobody else's, and a stranger comes back after signing in
async fn an_account_is_its_persons() {
    each_campus(async |campus| {
        let mut visitor = campus.visitor();
        for path in ["/account", "/account/consents"] {
            let reply = visitor.get(path).await;
            let page = visitor.follow(reply).await;
            assert_eq!(page.page(), "sign_in", "{path}");
        }
        let reply = visitor.get("/account/consents").await;
        let page = visitor.follow(reply).await;
        let reply = sign_in_at(&mut visitor, &page).await;
        assert_eq!(reply.location(), Some("/account/consents"));
        assert_eq!(visitor.follow(reply).await.page(), "consents");
        // Who is signed in already is not asked.
        let reply = visitor.get("/signin?page=consents").await;
        assert_eq!(reply.location(), Some("/account/consents"));
    })
    .await;
}
