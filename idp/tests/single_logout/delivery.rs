//! The back channel: who is told, how often, and that nobody waits for it.

use std::collections::BTreeSet;

use idp::demo::STUDENT;
use idp::jobs::notices::deliver_due;
use jiff::SignedDuration;
use serde_json::json;
use tokio::sync::watch;

use crate::application::{Application, Mode};
use crate::browser::{deliver, ledger_address, notices, rows, signed_in};
use crate::support::kit::{register, unregister};
use crate::support::visitor::ORIGIN;
use crate::support::{Campus, each_campus, login};

fn secs(seconds: i64) -> SignedDuration {
    SignedDuration::from_secs(seconds)
}

#[tokio::test] // CAS 50, CAS 52, CAS 53: one is up, one is down, one hangs
async fn the_page_waits_for_nobody_and_who_was_away_is_told_later() {
    each_campus(async |campus| {
        let up = Application::up(campus, "up").await;
        let down = Application::start(campus, "down", Mode::Down, json!({})).await;
        let hanging = Application::start(campus, "hanging", Mode::Hangs, json!({})).await;
        let mut visitor = signed_in(campus).await;
        let mut tickets = Vec::new();
        for application in [&up, &down, &hanging] {
            tickets.push(application.ticket(&mut visitor).await);
        }
        let (stop, stopped) = watch::channel(false);
        let mut jobs = campus.idp.start_jobs(&stopped);

        let page = visitor.get("/cas/logout").await;
        assert_eq!(page.page(), "signed_out", "{}", page.body());
        // The page is there, and this one has answered nobody: it does so when it is told to.
        assert!(
            rows(&page).contains(&"hanging waiting".to_owned()),
            "{:?}",
            rows(&page)
        );
        hanging.has_got(1).await;
        down.has_got(1).await;
        up.has_got(1).await;
        let address = ledger_address(&page);
        let ledger = seen(campus, &address, |rows| {
            rows.contains(&"up delivered".to_owned()) && rows.contains(&"down retrying".to_owned())
        });
        assert!(!ledger.await.contains(&"hanging delivered".to_owned()));

        down.set(Mode::Answers(200));
        hanging.set(Mode::Answers(200));
        campus.advance(secs(7));
        let all = ["down delivered", "hanging delivered", "up delivered"];
        seen(campus, &address, |rows| rows == all).await;
        stop.send_replace(true);
        while jobs.join_next().await.is_some() {}

        assert_eq!(up.documents().len(), 1);
        for (application, ticket) in [&up, &down, &hanging].into_iter().zip(&tickets) {
            let documents = application.documents();
            // XML-09: the same document, and the ticket that this service got.
            let ids: BTreeSet<_> = documents.iter().map(|d| &d.id).collect();
            assert_eq!(ids.len(), 1, "{documents:?}");
            for document in &documents {
                assert_eq!(
                    (&document.session, document.name.as_str()),
                    (ticket, STUDENT)
                );
                assert!(document.id.starts_with("LR-"));
                assert!(
                    document.issued.starts_with("2026-11-21T08:00:"),
                    "{document:?}"
                );
            }
        }
        assert!(down.documents().len() > 1);
    })
    .await;
}

/// Looks at a ledger until it is as wanted.
async fn seen(campus: &Campus, address: &str, wanted: impl Fn(&[String]) -> bool) -> Vec<String> {
    let mut last = Vec::new();
    for _ in 0..3_000 {
        last = rows(&campus.visitor().get(address).await);
        if wanted(&last) {
            return last;
        }
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
    panic!("the ledger stays {last:?}")
}

#[tokio::test] // XML-06: three retries, each later than the one before, then an end
async fn after_three_retries_a_notice_is_given_up() {
    each_campus(async |campus| {
        let broken = Application::start(campus, "broken", Mode::Answers(500), json!({})).await;
        let mut visitor = signed_in(campus).await;
        broken.ticket(&mut visitor).await;
        let page = visitor.get("/cas/logout").await;
        // Just before the earliest moment of each retry, and at its latest.
        for (tries, (early, late)) in [(1, (3, 6)), (2, (47, 72)), (3, (239, 360))] {
            deliver(campus).await;
            assert_eq!(broken.documents().len(), tries);
            assert_eq!(notices(campus, "broken").await, ["retrying status_500"]);
            campus.advance(secs(early));
            deliver(campus).await;
            assert_eq!(broken.documents().len(), tries, "too early");
            campus.advance(secs(late - early));
        }
        deliver(campus).await;
        assert_eq!(notices(campus, "broken").await, ["failed status_500"]);
        campus.advance(secs(3600));
        deliver(campus).await;
        let documents = broken.documents();
        assert_eq!(documents.len(), 4);
        let ids: BTreeSet<_> = documents.iter().map(|d| &d.id).collect();
        assert_eq!(ids.len(), 1);
        assert_eq!(campus.count("outbox WHERE done_at IS NULL").await, 0);
        // Its ten minutes are over by now.
        assert!(rows(&visitor.get(&ledger_address(&page)).await).is_empty());
    })
    .await;
}

#[tokio::test] // CAS 52
async fn what_an_answer_says_decides_whether_it_is_tried_again() {
    each_campus(async |campus| {
        for (status, outcome) in [
            (200, "delivered -"),
            (204, "delivered -"),
            // Nobody follows it.
            (302, "failed status_302"),
            (404, "failed status_404"),
            (405, "failed status_405"),
            (408, "retrying status_408"),
            (429, "retrying status_429"),
            (503, "retrying status_503"),
        ] {
            let id = format!("answers-{status}");
            let one = Application::start(campus, &id, Mode::Answers(status), json!({})).await;
            let mut visitor = signed_in(campus).await;
            one.ticket(&mut visitor).await;
            assert_eq!(visitor.get("/cas/logout").await.status, 200);
            deliver(campus).await;
            assert_eq!(notices(campus, &id).await, [outcome], "{status}");
            assert_eq!(one.documents().len(), 1);
            campus.execute("DELETE FROM outbox").await;
        }
    })
    .await;
}

/// The application can't be asked what it made of the notice: a stranger is sent there as well.
#[tokio::test] // CAS 52
async fn who_sends_the_notice_to_our_login_is_told_but_confirms_nothing() {
    each_campus(async |campus| {
        let login = |origin: &str| format!("{origin}/cas/login?service=http%3A%2F%2Fa.edu%2F");
        for (id, status, location, outcome) in [
            ("apache", 302, login(ORIGIN), "told status_302"),
            ("other", 303, login(ORIGIN), "told status_303"),
            ("keeps-post", 307, login(ORIGIN), "told status_307"),
            // No redirect, whatever it names.
            ("not-new", 304, login(ORIGIN), "failed status_304"),
            ("forbids", 403, login(ORIGIN), "failed status_403"),
            ("breaks", 503, login(ORIGIN), "retrying status_503"),
            // Another sign-in, and others of our addresses.
            (
                "scheme",
                302,
                login("https://localhost:8080"),
                "failed status_302",
            ),
            (
                "port",
                302,
                login("http://localhost:8081"),
                "failed status_302",
            ),
            (
                "alike",
                302,
                login(&format!("{ORIGIN}.evil.example")),
                "failed status_302",
            ),
            (
                "user",
                302,
                login(&format!("{ORIGIN}@evil.example")),
                "failed status_302",
            ),
            ("its-own", 302, "/cas/login".to_owned(), "failed status_302"),
            ("home", 302, format!("{ORIGIN}/"), "failed status_302"),
            (
                "logout",
                302,
                format!("{ORIGIN}/cas/logout"),
                "failed status_302",
            ),
            (
                "below",
                302,
                format!("{ORIGIN}/cas/login/x"),
                "failed status_302",
            ),
        ] {
            let mode = Mode::Redirects(status, location);
            let one = Application::start(campus, id, mode, json!({})).await;
            let mut visitor = signed_in(campus).await;
            one.ticket(&mut visitor).await;
            let page = visitor.get("/cas/logout").await;
            deliver(campus).await;
            assert_eq!(notices(campus, id).await, [outcome], "{id}");
            let (state, _) = outcome.split_once(' ').unwrap();
            let again = visitor.get(&ledger_address(&page)).await;
            assert_eq!(rows(&again), [format!("{id} {state}")]);
            let open = campus.count("outbox WHERE done_at IS NULL").await;
            assert_eq!(open, i64::from(state == "retrying"), "{id}");
            assert_eq!(one.documents().len(), 1);
            campus.execute("DELETE FROM outbox").await;
        }
    })
    .await;
}

#[tokio::test] // XML-06, TKT-08: a name that leads inside, and one that leads nowhere
async fn an_address_inside_is_not_asked() {
    each_campus(async |campus| {
        let inner = "http://inner.example.edu:8443/app";
        let entry = json!({ "id": "inner", "name": { "zh-CN": "inner", "en": "inner" },
            "cas": { "services": ["http://inner.example.edu:8443/*"], "plain_http": true } });
        register(campus, &entry).await;
        campus
            .parts
            .names
            .write("inner.example.edu", &["10.0.0.5".parse().unwrap()]);
        let mut visitor = signed_in(campus).await;
        assert!(visitor.get(&login(inner)).await.ticket().is_some());
        let page = visitor.get("/cas/logout").await;
        deliver(campus).await;
        assert_eq!(notices(campus, "inner").await, ["failed forbidden"]);
        assert_eq!(campus.parts.names.asked(), ["inner.example.edu"]);
        let again = visitor.get(&ledger_address(&page)).await;
        assert_eq!(rows(&again), ["inner failed"]);
        assert!(!again.body().contains("10.0.0.5"));
    })
    .await;
}

#[tokio::test] // XML-06: four at once, over all nodes, and the others go on
async fn a_slow_host_is_asked_four_times_at_once_and_holds_up_nobody() {
    each_campus(async |campus| {
        let second = campus.second_node().await;
        let slow = Application::start(campus, "slow", Mode::Hangs, json!({})).await;
        let quick = Application::up(campus, "quick").await;
        let mut visitor = signed_in(campus).await;
        for _ in 0..12 {
            slow.ticket(&mut visitor).await;
        }
        quick.ticket(&mut visitor).await;
        second
            .app()
            .applications
            .refresh_if_changed(&second.app().db)
            .await
            .unwrap();
        visitor.get("/cas/logout").await;
        let both: Vec<_> = [&campus.idp, &second]
            .map(|node| {
                let app = node.app().clone();
                tokio::spawn(async move { deliver_due(&app).await.unwrap() })
            })
            .into();
        slow.has_got(4).await;
        quick.has_got(1).await;
        // The lane is full: whoever looks now finds nothing.
        assert_eq!(deliver_due(campus.idp.app()).await.unwrap(), 0);
        assert_eq!(slow.documents().len(), 4);
        slow.set(Mode::Answers(200));
        for node in both {
            node.await.unwrap();
        }
        deliver(campus).await;
        assert_eq!(slow.most_at_once(), 4);
        let told: BTreeSet<_> = slow.documents().into_iter().map(|d| d.session).collect();
        assert_eq!((slow.documents().len(), told.len()), (12, 12));
    })
    .await;
}

#[tokio::test] // XML-09: the node dies while the application works on the notice
async fn when_a_node_dies_another_delivers_the_same_document() {
    each_campus(async |campus| {
        let slow = Application::start(campus, "slow", Mode::Hangs, json!({})).await;
        let mut visitor = signed_in(campus).await;
        let ticket = slow.ticket(&mut visitor).await;
        let second = campus.second_node().await;
        visitor.get("/cas/logout").await;
        let app = campus.idp.app().clone();
        let dying = tokio::spawn(async move { deliver_due(&app).await });
        slow.has_got(1).await;
        dying.abort();
        assert!(dying.await.unwrap_err().is_cancelled());
        slow.set(Mode::Answers(200));
        assert_eq!(deliver_due(second.app()).await.unwrap(), 0, "leased");
        campus.advance(secs(31));
        assert_eq!(deliver_due(second.app()).await.unwrap(), 1);
        let documents = slow.documents();
        assert_eq!(documents.len(), 2);
        assert_eq!(documents[0].id, documents[1].id);
        assert!(documents.iter().all(|d| d.session == ticket));
        assert_eq!(notices(campus, "slow").await, ["delivered -"]);
    })
    .await;
}

#[tokio::test] // TKT-08: the registry of now decides
async fn who_left_the_registry_or_takes_no_notices_is_not_asked() {
    each_campus(async |campus| {
        let gone = Application::up(campus, "gone").await;
        let none = json!({ "logout": { "channel": "none" } });
        let quiet = Application::start(campus, "quiet", Mode::Answers(200), none).await;
        let own = json!({ "logout": { "channel": "back", "url": "HERE/slo" } });
        let other = Application::start(campus, "other", Mode::Answers(200), own).await;
        let mut visitor = signed_in(campus).await;
        for application in [&gone, &quiet, &other] {
            application.ticket(&mut visitor).await;
        }
        visitor.get("/cas/logout").await;
        unregister(campus, "gone").await;
        deliver(campus).await;
        assert!(gone.requests().is_empty() && quiet.requests().is_empty());
        assert_eq!(notices(campus, "gone").await, ["skipped unregistered"]);
        assert_eq!(notices(campus, "quiet").await, ["skipped channel_none"]);
        assert_eq!(notices(campus, "other").await, ["delivered -"]);
        assert!(other.requests()[0].starts_with("POST /slo HTTP/1.1\r\n"));
        assert_eq!(other.documents().len(), 1);
    })
    .await;
}
