//! Whatever ends a session, each ticket's application is told of it once.

use std::collections::BTreeSet;

use idp::demo::{ADMINISTRATOR, PASSWORD, STUDENT};
use idp::jobs::expiry::sweep;
use jiff::SignedDuration;

use crate::application::Application;
use crate::browser::{deliver, renew, signed_in};
use crate::support::kit::{force_change, up_to_new_password};
use crate::support::{SERVICE, each_campus, login};

const NEW_PASSWORD: &str = "quiet-lantern-58-river";

fn sessions(application: &Application) -> Vec<String> {
    let mut sessions: Vec<_> = application
        .documents()
        .into_iter()
        .map(|document| document.session)
        .collect();
    sessions.sort();
    sessions
}

fn sorted<const N: usize>(mut tickets: [String; N]) -> Vec<String> {
    tickets.sort();
    tickets.into()
}

#[tokio::test] // SES-10, XML-09
async fn a_new_password_tells_the_applications_of_every_session() {
    each_campus(async |campus| {
        let up = Application::up(campus, "up").await;
        let (mut a, mut b) = (signed_in(campus).await, signed_in(campus).await);
        let tickets = [up.ticket(&mut a).await, up.ticket(&mut b).await];
        force_change(campus).await;
        let page = up_to_new_password(&mut a).await;
        campus.advance(SignedDuration::from_secs(1));
        let fields = [("password", NEW_PASSWORD), ("password_again", NEW_PASSWORD)];
        assert_eq!(a.submit(&page, &fields).await.status, 303);
        deliver(campus).await;
        assert_eq!(sessions(&up), sorted(tickets));
        let ended = "audit_events WHERE event = 'session.end' AND reason = 'password_change'";
        assert_eq!(campus.count(ended).await, 2);
    })
    .await;
}

#[tokio::test] // XML-09: whoever comes first, each ticket is told once
async fn signing_out_while_the_password_changes_tells_each_ticket_once() {
    each_campus(async |campus| {
        let up = Application::up(campus, "up").await;
        let mut changing = signed_in(campus).await;
        let mut browsers = Vec::new();
        let mut tickets = BTreeSet::from([up.ticket(&mut changing).await]);
        for _ in 0..3 {
            let mut browser = signed_in(campus).await;
            tickets.insert(up.ticket(&mut browser).await);
            browsers.push(browser);
        }
        force_change(campus).await;
        let page = up_to_new_password(&mut changing).await;
        campus.advance(SignedDuration::from_secs(1));
        let fields = [("password", NEW_PASSWORD), ("password_again", NEW_PASSWORD)];
        let outs = browsers
            .iter_mut()
            .map(|browser| browser.get("/cas/logout"));
        let outs = futures_util::future::join_all(outs);
        let (changed, outs) = tokio::join!(changing.submit(&page, &fields), outs);
        assert_eq!(changed.status, 303);
        assert!(outs.iter().all(|reply| reply.page() == "signed_out"));
        deliver(campus).await;
        let told = sessions(&up);
        assert_eq!(told.len(), 4);
        assert_eq!(told.into_iter().collect::<BTreeSet<_>>(), tickets);
        let ids: BTreeSet<_> = up.documents().into_iter().map(|d| d.id).collect();
        assert_eq!(ids.len(), 4);
    })
    .await;
}

#[tokio::test] // CAS 51, SES-11
async fn a_session_that_runs_out_is_told_of_too() {
    each_campus(async |campus| {
        let up = Application::up(campus, "up").await;
        let (mut silent, mut busy) = (signed_in(campus).await, signed_in(campus).await);
        let ticket = up.ticket(&mut silent).await;
        let other = up.ticket(&mut busy).await;
        campus.advance(SignedDuration::from_mins(119));
        let third = up.ticket(&mut busy).await;
        sweep(campus.idp.app()).await.unwrap();
        deliver(campus).await;
        assert!(up.documents().is_empty());
        campus.advance(SignedDuration::from_mins(1));
        sweep(campus.idp.app()).await.unwrap();
        deliver(campus).await;
        assert_eq!(sessions(&up), std::slice::from_ref(&ticket));
        let expired = "logouts WHERE reason = 'expired'";
        assert_eq!(campus.count(expired).await, 1);
        assert_eq!(campus.audited("session.end", "success").await, 1);
        // By its age in the end.
        for _ in 0..4 {
            campus.advance(SignedDuration::from_mins(100));
            busy.get("/cas/login").await;
        }
        sweep(campus.idp.app()).await.unwrap();
        deliver(campus).await;
        assert_eq!(sessions(&up), sorted([ticket, other, third]));
    })
    .await;
}

#[tokio::test] // CAS 50
async fn signing_in_again_tells_nobody_of_the_same_person_and_all_of_another() {
    each_campus(async |campus| {
        let up = Application::up(campus, "up").await;
        let mut visitor = signed_in(campus).await;
        let first = up.ticket(&mut visitor).await;
        renew(&mut visitor, STUDENT).await;
        deliver(campus).await;
        assert!(up.documents().is_empty(), "she is still in it");
        let second = up.ticket(&mut visitor).await;
        renew(&mut visitor, ADMINISTRATOR).await;
        deliver(campus).await;
        assert_eq!(sessions(&up), sorted([first, second]));
        assert!(
            up.documents()
                .iter()
                .all(|document| document.name == STUDENT)
        );
    })
    .await;
}

#[tokio::test] // CAS 51, SES-11: whoever comes first, the next sign-in or the sweep
async fn signing_in_again_after_the_session_ran_out_tells_everybody() {
    each_campus(async |campus| {
        let up = Application::up(campus, "up").await;
        let mut visitor = signed_in(campus).await;
        let ticket = up.ticket(&mut visitor).await;
        let page = visitor.get(&format!("{}&renew=true", login(SERVICE))).await;
        campus.advance(SignedDuration::from_mins(120));
        let fields = [("username", STUDENT), ("password", PASSWORD)];
        let reply = visitor.submit(&page, &fields).await;
        let reply = visitor.leave_the_queue(reply).await;
        assert!(reply.ticket().is_some(), "{}", reply.body());
        deliver(campus).await;
        assert_eq!(sessions(&up), [ticket]);
        assert_eq!(campus.count("logouts WHERE reason = 'expired'").await, 1);
    })
    .await;
}

#[tokio::test] // CAS 50
async fn switching_the_account_tells_everybody() {
    each_campus(async |campus| {
        let up = Application::up(campus, "up").await;
        let mut visitor = signed_in(campus).await;
        let ticket = up.ticket(&mut visitor).await;
        let page = visitor.get("/signin/switch").await;
        assert_eq!(visitor.submit(&page, &[]).await.status, 303);
        deliver(campus).await;
        assert_eq!(sessions(&up), [ticket]);
    })
    .await;
}

#[tokio::test] // AUD-01: no notice of what did not happen
async fn a_sign_out_that_cannot_be_audited_tells_nobody() {
    each_campus(async |campus| {
        let up = Application::up(campus, "up").await;
        let mut visitor = signed_in(campus).await;
        let ticket = up.ticket(&mut visitor).await;
        let away = "ALTER TABLE audit_events RENAME TO audit_events_away";
        campus.execute(away).await;
        let mut copy = visitor.clone();
        assert!(copy.get("/cas/logout").await.status.is_server_error());
        campus
            .execute("ALTER TABLE audit_events_away RENAME TO audit_events")
            .await;
        deliver(campus).await;
        assert!(up.requests().is_empty());
        assert_eq!(campus.count("logouts").await, 0);
        assert_eq!(visitor.get("/cas/logout").await.page(), "signed_out");
        deliver(campus).await;
        assert_eq!(sessions(&up), [ticket]);
    })
    .await;
}
