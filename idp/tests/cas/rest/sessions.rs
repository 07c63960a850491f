//! The session behind a ticket-granting ticket ends like any other, and its secret opens nothing
//! else.

use jiff::SignedDuration;

use super::{PORTAL, Server, TICKETS, fault, two_applications};
use crate::support::kit::{
    PASSWORD, STUDENT, address, audited_by, changing_nothing, sign_in, signed_in, ticket, verdict,
};
use crate::support::{Campus, SERVICE, each_campus, login};

/// Neither a ticket nor a sign of life.
async fn is_dead(server: &mut Server, path: &str) {
    for reply in [
        server.ticket(path, PORTAL).await,
        server.send("GET", path, None).await,
    ] {
        assert_eq!(fault(&reply, 404), "unknown_ticket");
    }
}

fn text(path: &str) -> String {
    path.replace(&format!("{TICKETS}/"), "")
}

#[tokio::test] // TKT-13, XML-09
async fn a_program_signs_its_person_out_and_applications_are_told() {
    each_campus(async |campus| {
        two_applications(campus).await;
        let mut server = Server::portal(campus);
        let (path, other) = (server.granting().await, server.granting().await);
        server.ticket(&path, PORTAL).await;
        let (reply, trail) =
            audited_by(campus, async || server.send("DELETE", &path, None).await).await;
        assert_eq!((reply.status.as_u16(), reply.body()), (200, text(&path)));
        assert_eq!(trail, ["session.end success signed_out"]);
        let told = "logout_notices WHERE application_id = 'portal'";
        assert_eq!(campus.count(told).await, 1);
        is_dead(&mut server, &path).await;
        // Again is no mistake, and tells nobody anything.
        let (reply, trail) =
            changing_nothing(campus, async || server.send("DELETE", &path, None).await).await;
        assert_eq!(reply.status, 200);
        assert_eq!(trail, ["session.replay refused ended"]);
        // One program's session is not another's.
        assert_eq!(server.ticket(&other, PORTAL).await.status, 200);
        let invented = format!("{TICKETS}/TGT-{}", "A".repeat(43));
        for odd in [&*invented, "/cas/v1/tickets/x", "/cas/v1/tickets/%ff"] {
            is_dead(&mut server, odd).await;
        }
        let (reply, trail) = changing_nothing(campus, async || {
            server.send("DELETE", &invented, None).await
        })
        .await;
        assert_eq!(reply.status, 200);
        assert!(trail.is_empty(), "{trail:?}");
    })
    .await;
}

#[tokio::test] // SES-11: used or not, as a browser's
async fn it_lives_as_long_as_a_browsers_session() {
    each_campus(async |campus| {
        two_applications(campus).await;
        let mut server = Server::portal(campus);
        let (idle, busy) = (server.granting().await, server.granting().await);
        for _ in 0..4 {
            campus.advance(SignedDuration::from_mins(119));
            assert_eq!(server.ticket(&busy, PORTAL).await.status, 200);
        }
        is_dead(&mut server, &idle).await;
        campus.advance(SignedDuration::from_mins(4));
        is_dead(&mut server, &busy).await;
    })
    .await;
}

async fn change_password(campus: &Campus) {
    let change = format!(
        "UPDATE passwords SET must_change = TRUE WHERE person_id =
         (SELECT person_id FROM current_roster WHERE number = '{STUDENT}')"
    );
    assert_eq!(campus.execute(&change).await, 1);
    let mut browser = campus.visitor();
    let reply = browser.sign_in(SERVICE, STUDENT, PASSWORD).await;
    let page = browser.follow(reply).await;
    campus.advance(SignedDuration::from_secs(1));
    let new = "quiet-lantern-58-river";
    let fields = [("password", new), ("password_again", new)];
    assert_eq!(browser.submit(&page, &fields).await.status, 303);
}

#[tokio::test] // SES-10
async fn a_new_password_ends_it() {
    each_campus(async |campus| {
        two_applications(campus).await;
        let mut server = Server::portal(campus);
        let path = server.granting().await;
        let ticket = server.ticket(&path, PORTAL).await.body();
        change_password(campus).await;
        is_dead(&mut server, &path).await;
        let answer = campus.visitor().validate(PORTAL, &ticket).await;
        assert_eq!(verdict(&answer), Err("INVALID_TICKET".into()));
        let reply = server.sign_in(STUDENT, PASSWORD).await;
        assert_eq!(fault(&reply, 401), "wrong_credentials");
    })
    .await;
}

#[tokio::test] // SES-10: a suspended account has no live session
async fn a_suspension_ends_its_use() {
    each_campus(async |campus| {
        two_applications(campus).await;
        let mut server = Server::portal(campus);
        let path = server.granting().await;
        campus
            .execute("UPDATE persons SET state = 'suspended'")
            .await;
        is_dead(&mut server, &path).await;
    })
    .await;
}

#[tokio::test] // TKT-16
async fn no_secret_of_another_kind_is_a_ticket_granting_ticket() {
    each_campus(async |campus| {
        two_applications(campus).await;
        let mut server = Server::portal(campus);
        let path = server.granting().await;
        let granting = text(&path);
        let random = granting.strip_prefix("TGT-").unwrap();

        // It is no cookie, whole or in part.
        for value in [&*granting, random] {
            let mut browser = campus.visitor();
            browser.cookies.insert("TGC".into(), value.to_owned());
            let reply = browser.get(&login(SERVICE)).await;
            assert_eq!((reply.page().as_str(), reply.ticket()), ("sign_in", None));
        }
        // Nor a ticket, nor what an application gets proxy tickets for.
        let pgt = format!("PGT-{random}");
        for (at, pairs) in [
            (
                "/cas/p3/serviceValidate",
                [("service", PORTAL), ("ticket", &*granting)],
            ),
            (
                "/cas/p3/proxyValidate",
                [("service", PORTAL), ("ticket", &*granting)],
            ),
            (
                "/cas/proxy",
                [("targetService", PORTAL), ("pgt", &*granting)],
            ),
            ("/cas/proxy", [("targetService", PORTAL), ("pgt", &*pgt)]),
        ] {
            let path = address(at, &pairs);
            let (reply, _) =
                changing_nothing(campus, async || campus.visitor().get(&path).await).await;
            assert!(reply.body().contains("INVALID_TICKET"), "{}", reply.body());
        }
        // And nothing else is one.
        let mut browser = signed_in(campus).await;
        sign_in(&mut campus.visitor()).await;
        let service = ticket(&mut browser, SERVICE).await;
        let cookie = browser.cookies["TGC"].clone();
        for other in [
            cookie.clone(),
            format!("TGT-{cookie}"),
            format!("TGC-{cookie}"),
            service.clone(),
            format!("TGT-{}", service.strip_prefix("ST-").unwrap()),
            random.to_owned(),
        ] {
            is_dead(&mut server, &format!("{TICKETS}/{other}")).await;
        }
        assert_eq!(server.ticket(&path, PORTAL).await.status, 200);
        assert!(browser.get(&login(SERVICE)).await.ticket().is_some());
    })
    .await;
}
