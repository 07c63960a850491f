//! The main job: a student who never signed in before lands on the page she wanted.

mod support;

use support::{OTHER_SERVICE, SERVICE, each_campus, login};

const PASSWORD: &str = "quiet-lantern-58-river";
const PHONE: &str = "+8613800000001";

#[tokio::test]
async fn a_newcomer_lands_where_she_was_going() {
    each_campus(async |campus| {
        let mut visitor = campus.visitor();
        let initial = campus.demo.initial_passwords[0].clone();
        let first = visitor.sign_in(SERVICE, "20230001", &initial).await;
        assert_eq!(first.status, 303, "{}", first.body());
        let last = visitor.activate(campus, first, PHONE, PASSWORD).await;
        assert_eq!(last.status, 303, "{}", last.body());
        let ticket = last.ticket().expect("a ticket");
        assert!(last.location().unwrap().starts_with(SERVICE));

        let answer = campus.visitor().validate(SERVICE, &ticket).await;
        assert!(answer.contains("<cas:user>20230001</cas:user>"), "{answer}");
        assert!(answer.contains("<cas:name>林知夏</cas:name>"), "{answer}");
        assert!(
            answer.contains("<cas:phone>+8613800000001</cas:phone>"),
            "{answer}"
        );
        assert!(
            answer.contains("<cas:isFromNewLogin>true</cas:isFromNewLogin>"),
            "{answer}"
        );

        // Signed in: the next application costs no password.
        let hop = visitor.get(&login(OTHER_SERVICE)).await;
        assert_eq!(hop.status, 302);
        let ticket = hop.ticket().expect("a ticket");
        assert_eq!(
            hop.location(),
            Some(format!("{OTHER_SERVICE}&ticket={ticket}").as_str())
        );
        let answer = campus.visitor().validate(OTHER_SERVICE, &ticket).await;
        assert!(
            answer.contains("<cas:isFromNewLogin>false</cas:isFromNewLogin>"),
            "{answer}"
        );

        // Signed out: asked again.
        let out = visitor.get("/cas/logout").await;
        assert_eq!(out.page(), "signed_out");
        assert_eq!(visitor.get(&login(SERVICE)).await.page(), "sign_in");
        // The new password opens it, the initial one does not any more.
        let mut other = campus.visitor();
        let refused = other.sign_in(SERVICE, "20230001", &initial).await;
        assert_eq!(
            (refused.status.as_u16(), refused.notice().as_deref()),
            (401, Some("wrong_password"))
        );
        let back = other.sign_in(SERVICE, "20230001", PASSWORD).await;
        assert!(back.ticket().is_some(), "{}", back.body());
        assert_eq!(campus.audited("activation.complete", "success").await, 3);
    })
    .await;
}

#[tokio::test]
async fn a_strangers_page_needs_no_database() {
    each_campus(async |campus| {
        campus.parts.db.close().await;
        let mut visitor = campus.visitor();
        for path in [
            &login(SERVICE),
            "/cas/login",
            "/signin/activation",
            "/signin/unlock",
            "/help",
        ] {
            let page = visitor.get(path).await;
            assert_eq!(page.status, 200, "{path}: {}", page.body());
        }
        let page = visitor.get("/signin/activation").await;
        let captcha = page.captcha_id().unwrap();
        let picture = visitor.get(&format!("/signin/captcha/{captcha}.png")).await;
        assert_eq!(
            (picture.status.as_u16(), picture.header("content-type")),
            (200, Some("image/png"))
        );
        let sound = visitor.get(&format!("/signin/captcha/{captcha}.wav")).await;
        assert_eq!(
            (sound.status.as_u16(), sound.header("content-type")),
            (200, Some("audio/wav"))
        );
        // What needs it says so, and when to come back.
        let reply = visitor.sign_in(SERVICE, "20230001", "whatever").await;
        assert_eq!(reply.status, 503);
        assert!(reply.header("retry-after").is_some());
    })
    .await;
}

#[tokio::test] // SES-10: what was right when it lined up opens nothing after the password changed
async fn an_attempt_that_waited_past_a_password_change_is_refused() {
    each_campus(async |campus| {
        let mut visitor = campus.visitor();
        let line = campus.idp.app().hashing.hold();
        let page = visitor.sign_in_page(SERVICE).await;
        let fields = [("username", "20230002"), ("password", idp::demo::PASSWORD)];
        let waiting = visitor.submit(&page, &fields).await;
        assert_eq!(waiting.location(), Some("/signin/queue"));
        let changed = campus
            .execute("UPDATE passwords SET phc = replace(phc, 'm=', 'm=1')")
            .await;
        assert!(changed > 0);
        drop(line);
        let page = visitor.leave_the_queue(waiting).await;
        assert_eq!(page.notice().as_deref(), Some("wrong_password"));
        assert_eq!(campus.count("sessions").await, 0);
    })
    .await;
}

#[tokio::test]
async fn who_began_with_an_activation_code_and_lost_the_browser_begins_again_with_it() {
    each_campus(async |campus| {
        let initial = campus.demo.initial_passwords[1].clone();
        let code = campus.demo.activation_code.clone().unwrap();
        let evidence = async || {
            let mut visitor = campus.visitor();
            let first = visitor.sign_in(SERVICE, "20230003", &initial).await;
            let page = visitor.follow(first).await;
            assert_eq!(page.page(), "evidence", "{}", page.body());
            let fields = [("intent", "activation"), ("activation_code", code.as_str())];
            let reply = visitor.submit(&page, &fields).await;
            let next = visitor.follow(reply).await;
            (visitor, next)
        };
        let (_, lost) = evidence().await;
        assert_eq!(lost.page(), "privacy_notice");
        let (mut visitor, page) = evidence().await;
        assert_eq!(page.page(), "privacy_notice");
        let last = visitor
            .activate(campus, page, "+8613800000009", PASSWORD)
            .await;
        assert!(last.ticket().is_some(), "{}", last.body());
        // Once a password stands, the code is used up.
        assert_eq!(
            campus.count("activation_codes WHERE used_at IS NULL").await,
            0
        );
    })
    .await;
}
