//! The authorization endpoint (OpenID Connect Core §3.1.2, RFC 6749 §4.1, RFC 9207).

use axum::body::Body;
use axum::http::Request;
use jiff::SignedDuration;

use crate::again::id_token;
use crate::support::kit::{STUDENT, address, audited_by, signed_in};
use crate::support::oidc::{AUTHORIZE, ISSUER, Rp, sign_in_at};
use crate::support::{Campus, Reply, Visitor, each_campus};

#[tokio::test] // OIDC 7, 8, 24, 93; OID-05
async fn a_live_session_is_answered_with_a_code_at_once() {
    each_campus(async |campus| {
        let rp = Rp::registered(campus).await;
        let mut visitor = signed_in(campus).await;
        let (reply, trail) = audited_by(campus, async || rp.open(&mut visitor, &[]).await).await;
        assert_eq!(reply.status, 302);
        assert_eq!(trail, ["oidc.code.issue success -"]);
        let answer = rp.answer(&reply);
        let names: Vec<&str> = answer.keys().map(String::as_str).collect();
        assert_eq!(names, ["code", "iss", "state"]);
        assert_eq!(answer["iss"], ISSUER);
        assert_eq!(answer["state"], "a state & more");
        let code = &answer["code"];
        assert!(code.starts_with("AC-") && code.len() == 46, "{code}");
        assert_eq!(reply.header("cache-control"), Some("no-store"));
        assert_eq!(reply.header("referrer-policy"), Some("no-referrer"));
        assert_eq!(campus.count("authorization_codes").await, 1);
        // Kept as a hash.
        let kept = format!("authorization_codes WHERE CAST(request AS TEXT) LIKE '%{code}%'");
        assert_eq!(campus.count(&kept).await, 0);

        // The order of parameters and scopes means nothing.
        let mut turned = rp.parameters(&[("scope", "profile openid")]);
        turned.reverse();
        let pairs: Vec<(&str, &str)> = turned.iter().map(|(n, v)| (&**n, &**v)).collect();
        let reply = visitor.get(&address(AUTHORIZE, &pairs)).await;
        rp.code_of(&reply);
        // One grant, however many codes.
        assert_eq!(campus.count("grants WHERE protocol = 'oidc'").await, 1);
        assert_eq!(campus.count("authorization_codes").await, 2);
    })
    .await;
}

#[tokio::test] // OID-20: carried, handed back, and never read as markup
async fn state_and_nonce_come_back_as_they_went() {
    each_campus(async |campus| {
        let rp = Rp::registered(campus).await;
        let state = "</form><script>alert(1)</script>\"'&amp;%0d%0a 一\u{2028}";
        let nonce = "<img src=x>&\"'";
        let mut visitor = campus.visitor();
        let wishes = [("state", state), ("nonce", nonce)];
        let page = rp.open(&mut visitor, &wishes).await;
        for markup in ["<script>alert", "<img src=x>"] {
            assert!(!page.body().contains(markup), "{markup}");
        }
        let reply = sign_in_at(&mut visitor, &page).await;
        let answer = rp.answer(&reply);
        assert_eq!(answer["state"], state);
        let said = id_token(campus, &rp, &answer["code"]).await;
        assert_eq!(said["nonce"], nonce);
    })
    .await;
}

#[tokio::test] // OID-29: who was told what of whom, and nothing of what it was
async fn the_trail_has_what_is_disclosed_and_no_value() {
    each_campus(async |campus| {
        let rp = Rp::registered(campus).await;
        let mut visitor = signed_in(campus).await;
        let scope = ("scope", "openid profile campus email");
        let code = rp.code(&mut visitor, &[scope]).await;
        id_token(campus, &rp, &code).await;
        let issued = "audit_events WHERE event = 'oidc.code.issue' AND application_id = 'rp'
            AND person_id IS NOT NULL AND CAST(detail AS TEXT) LIKE";
        for word in ["affiliation", "groups", "name", "number", "numbers", "org"] {
            let told = format!("{issued} '%\"discloses\"%\"{word}\"%'");
            assert_eq!(campus.count(&told).await, 1, "{word}");
        }
        // The entry doesn't release it, so it isn't disclosed.
        assert_eq!(
            campus.count(&format!("{issued} '%\"email\"%discl%'")).await,
            0
        );
        assert_eq!(campus.count(&format!("{issued} '%{STUDENT}%'")).await, 0);
    })
    .await;
}

#[tokio::test] // OID-21: by default, for clients with a secret too
async fn a_code_in_another_persons_session_is_worth_nothing() {
    each_campus(async |campus| {
        let rp = Rp::registered(campus).await;
        // The attacker's own code, of a request of hers.
        let mut attacker = signed_in(campus).await;
        let challenge = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";
        let hers = [("code_challenge", challenge), ("nonce", "the attacker's")];
        let code = rp.code(&mut attacker, &hers).await;
        // The victim's session at the application redeems it by its own verifier.
        let reply = rp.redeem(campus, &code).await;
        assert_eq!(reply.status, 400);
        assert!(reply.body().contains("invalid_grant"), "{}", reply.body());
        assert_eq!(campus.count("authorizations").await, 0);
        // A request without a challenge gets no code that could be put anywhere.
        let none = [("code_challenge", ""), ("code_challenge_method", "")];
        let reply = rp.open(&mut attacker, &none).await;
        assert_eq!(rp.error(&reply), "invalid_request");
    })
    .await;
}

#[tokio::test] // OIDC 28, 30; OID-34
async fn a_stranger_signs_in_and_goes_on() {
    each_campus(async |campus| {
        let rp = Rp::registered(campus).await;
        let mut visitor = campus.visitor();
        let page = rp.open(&mut visitor, &[("login_hint", "20230001")]).await;
        assert_eq!(page.status, 200);
        assert_eq!(page.page(), "sign_in");
        assert!(page.body().contains("Courses") || page.body().contains("选课"));
        assert!(page.body().contains("20230001"), "login_hint is typed in");
        let policy = page.header("content-security-policy").unwrap();
        assert!(
            policy.ends_with("form-action 'self' https://rp.example.edu"),
            "{policy}"
        );
        assert_eq!(campus.count("sessions").await, 0);
        let reply = sign_in_at(&mut visitor, &page).await;
        assert_eq!(reply.status, 303);
        let answer = rp.answer(&reply);
        assert!(answer.contains_key("code"), "{answer:?}");
        assert_eq!(answer["state"], "a state & more");
    })
    .await;
}

#[tokio::test] // OIDC 1, 31; OID-34
async fn a_posted_request_is_the_same_and_an_answer_may_be_posted() {
    each_campus(async |campus| {
        let rp = Rp::registered(campus).await;
        let mut visitor = signed_in(campus).await;
        let all = rp.parameters(&[("response_mode", "form_post"), ("state", "\"<s>&'")]);
        let mut pairs: Vec<(&str, &str)> = all.iter().map(|(n, v)| (&**n, &**v)).collect();
        pairs.push(("unknown", "parameter"));
        // From the application's page, without our cookies.
        let request =
            Visitor::form_request(AUTHORIZE, &pairs).header("origin", "https://rp.example.edu");
        let body = Body::from(Visitor::encode(&pairs));
        let mut nobody = campus.visitor();
        let reply = nobody.send(request.body(body).unwrap()).await;
        assert_eq!(reply.status, 303);
        assert!(reply.cookies().is_empty());
        let again = reply.location().unwrap().to_owned();
        assert!(again.starts_with("/oidc/authorize?") && !again.contains("unknown"));
        let page = visitor.get(&again).await;
        assert_eq!(
            (page.status.as_u16(), page.page()),
            (200, "post_ticket".into())
        );
        assert_eq!(page.location(), None);
        assert_eq!(page.header("cache-control"), Some("no-store"));
        let policy = page.header("content-security-policy").unwrap();
        assert!(
            policy.ends_with("form-action 'self' https://rp.example.edu"),
            "{policy}"
        );
        assert_eq!(page.action(), rp.redirect_uri);
        let fields = page.hidden();
        let names: Vec<&str> = fields.iter().map(|(name, _)| name.as_str()).collect();
        assert_eq!(names, ["code", "state", "iss"]);
        assert_eq!(page.field("state").as_deref(), Some("\"<s>&'"));
        let redeemed = rp.redeem(campus, &page.field("code").unwrap()).await;
        assert_eq!(redeemed.status, 200, "{}", redeemed.body());
        // Errors go the same way.
        let page = rp
            .open(
                &mut visitor,
                &[("response_mode", "form_post"), ("scope", "x")],
            )
            .await;
        assert_eq!(page.field("error").as_deref(), Some("invalid_scope"));
        assert_eq!(page.field("code"), None);
        // Other bodies are no request.
        let text = Request::post(AUTHORIZE).header("content-type", "text/plain");
        let reply = nobody
            .send(text.body(Body::from("client_id=rp")).unwrap())
            .await;
        assert_eq!(reply.status, 400);
    })
    .await;
}

#[tokio::test] // the wizard leads on to the application
async fn a_first_sign_in_goes_on_to_the_application() {
    each_campus(async |campus| {
        let rp = Rp::registered(campus).await;
        let (mut visitor, page) = rp_half_way(campus, &rp).await;
        let done = visitor
            .walk_to(
                campus,
                page,
                "+8613800000001",
                "quiet-lantern-58-river",
                "done",
            )
            .await;
        assert!(done.body().contains("选课"));
        let policy = done.header("content-security-policy").unwrap();
        assert!(policy.ends_with("https://rp.example.edu"), "{policy}");
        let reply = visitor.submit(&done, &[]).await;
        rp.code_of(&reply);
    })
    .await;
}

/// A newcomer on her way to the client, and the first page of her wizard.
pub async fn rp_half_way(campus: &Campus, rp: &Rp) -> (Visitor, Reply) {
    let mut visitor = campus.visitor();
    let page = rp.open(&mut visitor, &[]).await;
    let initial = campus.demo.initial_passwords[0].clone();
    let typed = [("username", idp::demo::NEWCOMER), ("password", &*initial)];
    let reply = visitor.submit(&page, &typed).await;
    let reply = visitor.leave_the_queue(reply).await;
    let page = visitor.follow(reply).await;
    assert_eq!(page.page(), "evidence", "{}", page.body());
    (visitor, page)
}

#[tokio::test] // languages, other accounts and lost ways keep the request
async fn the_links_of_the_form_keep_the_request() {
    each_campus(async |campus| {
        let rp = Rp::registered(campus).await;
        let mut visitor = campus.visitor();
        let page = rp.open(&mut visitor, &[]).await;
        let wrong = [("username", STUDENT), ("password", "wrong")];
        let reply = visitor.submit(&page, &wrong).await;
        let reply = visitor.leave_the_queue(reply).await;
        assert_eq!(
            (reply.status.as_u16(), reply.page()),
            (401, "sign_in".into())
        );
        let body = reply.body().replace("&amp;", "&");
        assert!(
            body.contains("/oidc/authorize?client_id=rp"),
            "the language switch: {body}"
        );
        assert!(body.contains("/signin/activation?via=oidc&client_id=rp"));
        assert!(body.contains("/signin/unlock?via=oidc&client_id=rp"));
        let english = format!("{}&locale=en", rp.authorize(&[]));
        assert!(visitor.get(&english).await.body().contains("Courses"));
        // Signed in, and then as somebody else.
        sign_in_at(&mut visitor, &reply).await;
        let switch = rp
            .authorize(&[])
            .replace("/oidc/authorize?", "/signin/switch?via=oidc&");
        let page = visitor.get(&switch).await;
        assert_eq!(page.page(), "switch_account");
        let reply = visitor.submit(&page, &[]).await;
        let form = visitor.follow(reply).await;
        assert_eq!(
            (form.page(), form.notice()),
            ("sign_in".into(), Some("switched_account".into()))
        );
        let reply = sign_in_at(&mut visitor, &form).await;
        rp.code_of(&reply);
    })
    .await;
}

#[tokio::test] // OID-02, OIDC 24: a code that waits too long is worth nothing
async fn a_code_lives_a_minute() {
    each_campus(async |campus| {
        let rp = Rp::registered(campus).await;
        let mut visitor = signed_in(campus).await;
        let code = rp.code(&mut visitor, &[]).await;
        campus.advance(SignedDuration::from_secs(61));
        assert_eq!(rp.redeem(campus, &code).await.status, 400);
        let code = rp.code(&mut visitor, &[]).await;
        campus.advance(SignedDuration::from_secs(59));
        assert_eq!(rp.redeem(campus, &code).await.status, 200);
    })
    .await;
}

#[tokio::test] // 64 tabs at once: each has its code, all upon one grant
async fn codes_of_one_session_share_their_grant() {
    each_campus(async |campus| {
        let rp = Rp::registered(campus).await;
        let visitor = signed_in(campus).await;
        let tabs = (0..64).map(|_| {
            let (mut tab, rp) = (visitor.clone(), rp.clone());
            async move { rp.code(&mut tab, &[]).await }
        });
        let mut codes = futures_util::future::join_all(tabs).await;
        codes.sort();
        codes.dedup();
        assert_eq!(codes.len(), 64);
        assert_eq!(campus.count("grants WHERE protocol = 'oidc'").await, 1);
    })
    .await;
}
