//! Who shows no token of the session that is there has the person asked.

use idp::demo::{ADMINISTRATOR, STUDENT};
use jiff::SignedDuration;
use serde_json::json;

use super::leaving::{
    HERE, assert_asks, assert_gone_to, bye, enter, entered, is_signed_in, leaving,
};
use crate::application::Mode;
use crate::browser::{deliver, renew, signed_in};
use crate::client::{back, sign};
use crate::support::each_campus;
use crate::support::kit::{address, assert_own_page};

#[tokio::test] // OIDC 78
async fn who_shows_no_token_of_this_session_has_the_person_asked() {
    each_campus(async |campus| {
        let client = back(campus, "client", Mode::Answers(200)).await;
        let bye = bye(&client);
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
        let bye = bye(&client);
        let path = leaving(&client, &hint, &[]);
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
        let path = leaving(&client, &hint, &[]);
        assert_gone_to(&hers.get(&path).await, &bye);
    })
    .await;
}

#[tokio::test] // OIDC 79
async fn who_is_signed_out_already_goes_on_by_a_token_alone() {
    each_campus(async |campus| {
        let (client, mut visitor, hint) = entered(campus).await;
        let bye = bye(&client);
        let shown = leaving(&client, &hint, &[("state", "s")]);
        let named = [
            ("client_id", "client-client"),
            ("post_logout_redirect_uri", bye.as_str()),
            ("state", "s"),
        ];
        assert_eq!(visitor.get("/cas/logout").await.page(), "signed_out");
        let to = format!("{bye}?state=s");
        assert_gone_to(&visitor.get(&shown).await, &to);
        let reply = visitor.get(&address(HERE, &named)).await;
        assert_own_page(&reply, 200, "signed_out");
        assert!(!reply.body().contains(&bye));
        // With a session that ran out it is the same, and its applications are told of it.
        let (mut late, _) = enter(campus, &client).await;
        campus.advance(SignedDuration::from_hours(3));
        assert_gone_to(&late.get(&shown).await, &to);
        assert_eq!(campus.count("sessions WHERE ended_at IS NULL").await, 0);
        deliver(campus).await;
        assert_eq!(client.tokens(campus).len(), 2);
    })
    .await;
}
