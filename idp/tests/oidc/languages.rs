//! `ui_locales` (OpenID Connect Core §3.1.2.1): the language that the application wishes for, on
//! every page until its answer. What a person chose herself counts more.

use serde_json::{Value, json};

use crate::support::kit::{PASSWORD, STUDENT, address, register, signed_in};
use crate::support::oidc::{AUTHORIZE, Rp, sign_in_at};
use crate::support::{Reply, each_campus};

const ENGLISH: (&str, &str) = ("ui_locales", "se fr-CA en-GB zh");

#[track_caller]
fn language(reply: &Reply) -> String {
    let body = reply.body();
    let at = body
        .find("<html lang=\"")
        .unwrap_or_else(|| panic!("{body}"));
    let rest = &body[at + "<html lang=\"".len()..];
    rest.split('"').next().unwrap().to_owned()
}

#[tokio::test] // OIDC 18: every page of the way
async fn the_first_language_that_we_have_is_spoken_until_the_answer() {
    each_campus(async |campus| {
        let rp = Rp::registered_with(campus, &json!({ "consent": "ask" })).await;
        let mut visitor = campus.visitor();
        let chinese = rp.open(&mut visitor, &[]).await;
        assert_eq!(language(&chinese), "zh-CN");
        for unknown in ["se fr-CA", "", "*", "e n", "zh-TW en"] {
            let page = rp.open(&mut visitor, &[("ui_locales", unknown)]).await;
            assert_eq!(language(&page), "zh-CN", "{unknown}");
        }
        let page = rp.open(&mut visitor, &[ENGLISH]).await;
        assert_eq!(language(&page), "en");
        assert!(
            !page.cookies().iter().any(|cookie| cookie.contains("en;")),
            "a wish isn't kept: {:?}",
            page.cookies()
        );
        // A wrong password, and the pages that every protocol leads to.
        let typed = [("username", STUDENT), ("password", "wrong")];
        let wrong = visitor.submit(&page, &typed).await;
        let wrong = visitor.leave_the_queue(wrong).await;
        assert_eq!(
            (wrong.status.as_u16(), language(&wrong)),
            (401, "en".into())
        );
        for shared in ["/signin/activation?", "/signin/unlock?"] {
            let body = page.body().replace("&amp;", "&");
            let at = body.find(shared).unwrap();
            let link = body[at..].split('"').next().unwrap().to_owned();
            let opened = visitor.get(&link).await;
            assert_eq!(language(&opened), "en", "{link}");
            let again = visitor.submit(&opened, &[("intent", "send")]).await;
            assert_eq!(language(&again), "en", "{link}");
        }
        let reply = sign_in_at(&mut visitor, &wrong).await;
        let question = visitor.follow(reply).await;
        assert_eq!(
            (question.page(), language(&question)),
            ("consent".into(), "en".into())
        );
        let unanswered = visitor.submit(&question, &[("decision", "")]).await;
        assert_eq!(language(&unanswered), "en");
        // Another application wishes for nothing, and gets what the browser prefers.
        assert_eq!(language(&visitor.get("/account").await), "zh-CN");
    })
    .await;
}

#[tokio::test] // the wizard goes on in it
async fn a_first_sign_in_is_gone_through_in_it() {
    each_campus(async |campus| {
        let rp = Rp::registered(campus).await;
        let mut visitor = campus.visitor();
        let page = rp.open(&mut visitor, &[ENGLISH]).await;
        let initial = campus.demo.initial_passwords[0].clone();
        let typed = [("username", idp::demo::NEWCOMER), ("password", &*initial)];
        let reply = visitor.submit(&page, &typed).await;
        let reply = visitor.leave_the_queue(reply).await;
        let page = visitor.follow(reply).await;
        assert_eq!(
            (page.page(), language(&page)),
            ("evidence".into(), "en".into())
        );
    })
    .await;
}

#[tokio::test]
async fn what_she_chose_herself_counts_more() {
    each_campus(async |campus| {
        let rp = Rp::registered(campus).await;
        let mut visitor = campus.visitor();
        let page = rp.open(&mut visitor, &[ENGLISH]).await;
        // The switch on the page.
        let body = page.body().replace("&amp;", "&");
        let at = body.find("locale=zh-CN").unwrap();
        let begin = body[..at].rfind('"').unwrap() + 1;
        let link = body[begin..].split('"').next().unwrap().to_owned();
        assert_eq!(language(&visitor.get(&link).await), "zh-CN");
        let page = rp.open(&mut visitor, &[ENGLISH]).await;
        assert_eq!(language(&page), "zh-CN");
        let typed = [("username", STUDENT), ("password", PASSWORD)];
        let reply = visitor.submit(&page, &typed).await;
        let reply = visitor.leave_the_queue(reply).await;
        rp.code_of(&reply);
    })
    .await;
}

#[tokio::test] // RFC 9126: what was pushed counts, in this as well
async fn a_pushed_request_is_spoken_of_in_its_language() {
    each_campus(async |campus| {
        let rp = Rp::registered(campus).await;
        let all = rp.parameters(&[ENGLISH]);
        let pairs: Vec<(&str, &str)> = all.iter().map(|(n, v)| (&**n, &**v)).collect();
        let pushed = rp.post(campus, "/oidc/par", &pairs).await;
        let pushed: Value = serde_json::from_slice(&pushed.bytes).unwrap();
        let uri = pushed["request_uri"].as_str().unwrap();
        let path = address(AUTHORIZE, &[("client_id", "rp"), ("request_uri", uri)]);
        let mut visitor = campus.visitor();
        let page = visitor.get(&path).await;
        assert_eq!(language(&page), "en");
        let typed = [("username", STUDENT), ("password", "wrong")];
        let wrong = visitor.submit(&page, &typed).await;
        let wrong = visitor.leave_the_queue(wrong).await;
        assert_eq!(language(&wrong), "en");
        let reply = sign_in_at(&mut visitor, &wrong).await;
        rp.code_of(&reply);
    })
    .await;
}

#[tokio::test] // RP-Initiated Logout 1.0 §2
async fn the_way_out_is_spoken_of_in_it_too() {
    each_campus(async |campus| {
        let mut entry = Rp::entry();
        entry["oidc"]["post_logout_redirect_uris"] = json!(["https://rp.example.edu/bye"]);
        register(campus, &entry).await;
        let mut visitor = signed_in(campus).await;
        for more in [
            None,
            Some(("post_logout_redirect_uri", "https://rp.example.edu/bye")),
        ] {
            let mut asked = vec![("client_id", "rp"), ENGLISH];
            asked.extend(more);
            let page = visitor.get(&address("/oidc/logout", &asked)).await;
            assert_eq!(
                (page.page(), language(&page)),
                ("sign_out".into(), "en".into())
            );
            assert_eq!(page.field("ui_locales").as_deref(), Some(ENGLISH.1));
        }
        let page = visitor
            .get(&address("/oidc/logout", &[("client_id", "rp"), ENGLISH]))
            .await;
        let reply = visitor.submit(&page, &[]).await;
        let out = visitor.follow(reply).await;
        assert_eq!(out.page(), "signed_out");
    })
    .await;
}
