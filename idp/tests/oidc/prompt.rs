//! What an application may ask of the person: nothing, credentials, an account, the same person
//! (OpenID Connect Core §3.1.2.1).

use jiff::SignedDuration;
use serde_json::{Value, json};

use crate::support::kit::{
    STUDENT, force_change, give_a_second_number, sign_in_ticking, signed_in,
};
use crate::support::oidc::{Rp, sign_in_at};
use crate::support::{Campus, Visitor, each_campus};

const SILENT: (&str, &str) = ("prompt", "none");

/// What the ID token of a code says.
async fn id_token(campus: &Campus, rp: &Rp, code: &str) -> (String, Value) {
    let reply = rp.redeem(campus, code).await;
    assert_eq!(reply.status, 200, "{}", reply.body());
    let tokens: Value = serde_json::from_slice(&reply.bytes).unwrap();
    let token = tokens["id_token"].as_str().unwrap().to_owned();
    let payload = token.split('.').nth(1).unwrap();
    let payload =
        base64::Engine::decode(&base64::engine::general_purpose::URL_SAFE_NO_PAD, payload);
    (token, serde_json::from_slice(&payload.unwrap()).unwrap())
}

#[tokio::test] // OIDC 11, 12; OID-19: no page, whatever is missing
async fn nobody_is_shown_a_page_who_must_not_be() {
    each_campus(async |campus| {
        let rp = Rp::registered(campus).await;
        let reply = rp.open(&mut campus.visitor(), &[SILENT]).await;
        assert_eq!(rp.error(&reply), "login_required");

        let mut visitor = signed_in(campus).await;
        let (_, first) = id_token(campus, &rp, &rp.code(&mut visitor, &[]).await).await;
        campus.advance(SignedDuration::from_mins(1));
        let code = rp.code(&mut visitor, &[SILENT]).await;
        let (_, silent) = id_token(campus, &rp, &code).await;
        assert_eq!(silent["sub"], first["sub"]);
        assert_eq!(silent["auth_time"], first["auth_time"]);
        assert_eq!(silent["sid"], first["sid"]);

        // She has several numbers, and the application leaves it to her.
        give_a_second_number(campus).await;
        let mut choosing = Rp::entry();
        choosing["account_number"] = "ask".into();
        let rp = Rp::of_entry(campus, &choosing).await;
        let reply = rp.open(&mut visitor, &[SILENT]).await;
        assert_eq!(rp.error(&reply), "interaction_required");
        let rp = Rp::registered(campus).await;

        // A step of the sign-in became due.
        force_change(campus).await;
        let reply = rp.open(&mut visitor, &[SILENT]).await;
        assert_eq!(rp.error(&reply), "interaction_required");
        let page = rp.open(&mut visitor, &[]).await;
        assert_eq!(page.page(), "sign_in", "the sign-in says what is missing");
    })
    .await;
}

#[tokio::test] // OID-19: she wanted to be asked before each application
async fn who_wants_to_be_asked_enters_nothing_silently() {
    each_campus(async |campus| {
        let rp = Rp::registered(campus).await;
        let mut visitor = campus.visitor();
        sign_in_ticking(&mut visitor, &["warn"]).await;
        let reply = rp.open(&mut visitor, &[SILENT]).await;
        assert_eq!(rp.error(&reply), "interaction_required");
        let reply = rp.open(&mut visitor, &[]).await;
        let page = visitor.follow(reply).await;
        assert_eq!(page.page(), "enter_service");
        let reply = visitor.submit(&page, &[]).await;
        rp.code_of(&reply);
    })
    .await;
}

#[tokio::test] // OIDC 14, 16; OID-19: credentials, and a later time of the sign-in
async fn who_must_sign_in_again_does() {
    each_campus(async |campus| {
        let rp = Rp::registered(campus).await;
        let mut visitor = signed_in(campus).await;
        let (_, first) = id_token(campus, &rp, &rp.code(&mut visitor, &[]).await).await;
        for wanting in [("prompt", "login"), ("max_age", "60"), ("max_age", "0")] {
            campus.advance(SignedDuration::from_secs(61));
            let page = rp.open(&mut visitor, &[wanting]).await;
            // Looking away and coming back changes nothing.
            assert_eq!(page.page(), "sign_in", "{wanting:?}");
            let page = rp.open(&mut visitor, &[wanting]).await;
            let reply = sign_in_at(&mut visitor, &page).await;
            let (_, again) = id_token(campus, &rp, &rp.code_of(&reply)).await;
            assert!(
                again["auth_time"].as_i64() > first["auth_time"].as_i64(),
                "{again}"
            );
            assert_eq!(
                (&again["sub"], &again["sid"]),
                (&first["sub"], &first["sid"])
            );
        }
        let relaxed = rp.code(&mut visitor, &[("max_age", "10000")]).await;
        let (_, relaxed) = id_token(campus, &rp, &relaxed).await;
        assert!(relaxed["auth_time"].is_i64());
        campus.advance(SignedDuration::from_secs(61));
        let reply = rp.open(&mut visitor, &[SILENT, ("max_age", "60")]).await;
        assert_eq!(rp.error(&reply), "login_required");
        // The entry's own limit holds where a request says nothing.
        let strict = json!({ "default_max_age": 30 });
        let rp = Rp::registered_with(campus, &strict).await;
        assert_eq!(rp.open(&mut visitor, &[]).await.page(), "sign_in");
    })
    .await;
}

#[tokio::test] // OIDC 15: as who she is, or as somebody else
async fn who_is_asked_for_an_account_chooses_one() {
    each_campus(async |campus| {
        let rp = Rp::registered(campus).await;
        let choose = [("prompt", "select_account")];
        let mut visitor = signed_in(campus).await;
        let reply = rp.open(&mut visitor, &choose).await;
        let page = visitor.follow(reply).await;
        assert_eq!(page.page(), "select_account");
        assert!(page.body().contains(STUDENT));
        let reply = visitor.submit(&page, &[]).await;
        rp.code_of(&reply);
        // The other way leads through the sign-out, and back.
        let reply = rp.open(&mut visitor, &choose).await;
        let page = visitor.follow(reply).await;
        let body = page.body().replace("&amp;", "&");
        let at = body.find("/signin/switch?via=oidc&client_id=rp").unwrap();
        let link = body[at..].split('"').next().unwrap().to_owned();
        let page = visitor.get(&link).await;
        let reply = visitor.submit(&page, &[]).await;
        let form = visitor.follow(reply).await;
        let reply = sign_in_at(&mut visitor, &form).await;
        rp.code_of(&reply);
        // Who signs in has chosen.
        let mut stranger = campus.visitor();
        let reply = rp.sign_in(&mut stranger, &choose).await;
        rp.code_of(&reply);
    })
    .await;
}

/// Signs somebody else in than the student.
async fn somebody_else(campus: &Campus) -> Visitor {
    let (mut visitor, page) = crate::support::kit::half_way(campus).await;
    let reply = visitor
        .activate(campus, page, "+8613800000001", "quiet-lantern-58-river")
        .await;
    assert!(reply.ticket().is_some());
    visitor
}

#[tokio::test] // OIDC 17, 27: nobody but the one who is meant
async fn an_answer_is_about_the_person_who_was_meant() {
    each_campus(async |campus| {
        let rp = Rp::registered(campus).await;
        let mut visitor = signed_in(campus).await;
        let (hint, said) = id_token(campus, &rp, &rp.code(&mut visitor, &[]).await).await;
        let sub = said["sub"].as_str().unwrap();
        let claims = format!(r#"{{"id_token":{{"sub":{{"value":"{sub}"}}}}}}"#);
        campus.advance(SignedDuration::from_mins(50));
        let mut other = somebody_else(campus).await;
        for meant in [("id_token_hint", hint.as_str()), ("claims", &claims)] {
            // Old as it is, it is a hint of ours.
            rp.code(&mut visitor, &[meant, SILENT]).await;
            let reply = rp.open(&mut other, &[meant, SILENT]).await;
            assert_eq!(rp.error(&reply), "login_required", "{meant:?}");
            let page = rp.open(&mut other, &[meant]).await;
            assert_eq!(page.page(), "sign_in", "{meant:?}");
            // The one who was meant signs in.
            let mut switched = other.clone();
            let reply = sign_in_at(&mut switched, &page).await;
            rp.code_of(&reply);
        }
        // And where somebody else does, there is no code.
        let mut stranger = campus.visitor();
        let page = rp.open(&mut stranger, &[("id_token_hint", &hint)]).await;
        let typed = [
            ("username", idp::demo::NEWCOMER),
            ("password", "quiet-lantern-58-river"),
        ];
        let reply = stranger.submit(&page, &typed).await;
        let reply = stranger.leave_the_queue(reply).await;
        assert_eq!(rp.error(&reply), "login_required");
        // OID-06: what isn't ours, or another client's, hints at nobody.
        let (head, rest) = hint.split_at(hint.len() - 4);
        let forged = format!("{head}{}", if rest == "AAAA" { "BBBB" } else { "AAAA" });
        let mut entry = Rp::entry();
        entry["id"] = "second".into();
        entry["oidc"]["client_id"] = "second".into();
        let second = Rp::of_entry(campus, &entry).await;
        let reply = rp.open(&mut visitor, &[("id_token_hint", &forged)]).await;
        assert_eq!(rp.error(&reply), "invalid_request");
        let reply = second.open(&mut visitor, &[("id_token_hint", &hint)]).await;
        assert_eq!(second.error(&reply), "invalid_request");
    })
    .await;
}

#[tokio::test] // OIDC 19: what is essential is reached, or there is no code
async fn a_required_acr_is_reached_or_told() {
    each_campus(async |campus| {
        let rp = Rp::registered(campus).await;
        let mut visitor = signed_in(campus).await;
        let acr = |word: &str, essential: bool| {
            let how = json!({ "essential": essential, "values": [word] });
            json!({ "id_token": { "acr": how } }).to_string()
        };
        for unmet in ["urn:yimen:acr:mfa", "urn:somewhere:else"] {
            let reply = rp
                .open(&mut visitor, &[("claims", &acr(unmet, true))])
                .await;
            assert_eq!(rp.error(&reply), "unmet_authentication_requirements");
            rp.code(&mut visitor, &[("claims", &acr(unmet, false))])
                .await;
        }
        let code = rp
            .code(&mut visitor, &[("claims", &acr("urn:yimen:acr:1fa", true))])
            .await;
        let (_, said) = id_token(campus, &rp, &code).await;
        assert_eq!(said["acr"], "urn:yimen:acr:1fa");
        let wished = [("acr_values", "urn:x urn:yimen:acr:mfa")];
        rp.code(&mut visitor, &wished).await;
    })
    .await;
}
