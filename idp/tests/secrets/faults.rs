//! Defects and failures: refused, not opened; and nothing told of the inside (FLT, ENM-11, BRU-08).

use axum::body::Body;
use axum::http::Request;
use tower::ServiceExt;

use crate::support::attacks::{STUDENT, STUDENTS_PASSWORD, WRONG};
use crate::support::{Campus, Reply, SERVICE, Trouble, each_campus, login};

/// An error page with nothing but a number to call with.
#[track_caller]
fn assert_discreet(reply: &Reply, status: u16) {
    assert_eq!(
        (reply.status.as_u16(), reply.page().as_str()),
        (status, "error")
    );
    assert_tells_nothing(reply);
}

/// Whatever it is written in.
#[track_caller]
fn assert_tells_nothing(reply: &Reply) {
    assert_eq!(reply.location(), None);
    let body = reply.body();
    let request = reply.header("x-request-id").unwrap();
    assert!(body.contains(request), "no number to call with: {body}");
    for inside in [
        "SELECT",
        "INSERT",
        "sqlx",
        "sqlite",
        "SQLite",
        "postgres",
        "Postgres",
        "relation",
        "no such",
        "one_time_codes",
        "signins",
        "throttle",
        ".rs",
        "panick",
        "idp_",
        "idp::",
        "a defect of the test",
    ] {
        assert!(!body.contains(inside), "{inside:?} in {body}");
    }
}

async fn health(campus: &Campus, path: &str) -> u16 {
    let request = Request::get(path).body(Body::empty()).unwrap();
    let response = campus.idp.management(None).oneshot(request).await.unwrap();
    response.status().as_u16()
}

#[tokio::test] // ENM-11: an error of every route that asks the database
async fn an_error_tells_its_number_and_nothing_else() {
    each_campus(async |campus| {
        let mut signed_in = campus.visitor();
        signed_in.sign_in(SERVICE, STUDENT, STUDENTS_PASSWORD).await;
        let mut half_way = campus.visitor();
        let initial = campus.demo.initial_passwords[0].clone();
        let first = half_way.sign_in(SERVICE, "20230001", &initial).await;
        let evidence = half_way.follow(first).await;
        let mut stranger = campus.visitor();
        let sign_in = stranger.sign_in_page(SERVICE).await;
        let unlock = stranger.get("/signin/unlock").await;
        for table in [
            "sessions",
            "signins",
            "current_roster",
            "throttles",
            "audit_events",
        ] {
            let kind = if table == "current_roster" {
                "VIEW"
            } else {
                "TABLE"
            };
            if kind == "TABLE" {
                campus
                    .execute(&format!("ALTER TABLE {table} RENAME TO hidden_{table}"))
                    .await;
            }
            let mut answers = Vec::new();
            answers.push(signed_in.clone().get(&login(SERVICE)).await);
            answers.push(signed_in.clone().get("/signin/switch").await);
            for path in ["/signin/continue", "/signin/evidence", "/signin/done"] {
                answers.push(half_way.clone().get(path).await);
            }
            answers.push(
                half_way
                    .clone()
                    .submit(&evidence, &[("intent", "send")])
                    .await,
            );
            let fields = [("username", STUDENT), ("password", WRONG)];
            answers.push(stranger.clone().submit(&sign_in, &fields).await);
            let fields = [("username", STUDENT), ("intent", "send")];
            let mut asking = stranger.clone();
            answers.push(asking.submit_solved(campus, &unlock, &fields).await);
            let path = "/cas/p3/serviceValidate?service=a&ticket=ST-1";
            answers.push(stranger.clone().get(path).await);
            let failed: Vec<&Reply> = answers.iter().filter(|r| r.status == 500).collect();
            for reply in &failed {
                assert_discreet(reply, 500);
            }
            if kind == "TABLE" {
                assert!(!failed.is_empty(), "nothing needs {table}");
                campus
                    .execute(&format!("ALTER TABLE hidden_{table} RENAME TO {table}"))
                    .await;
            }
        }
    })
    .await;
}

#[tokio::test] // FLT-15
async fn a_panic_costs_one_request() {
    each_campus(async |campus| {
        let mut visitor = campus.visitor();
        let initial = campus.demo.initial_passwords[0].clone();
        let first = visitor.sign_in(SERVICE, "20230001", &initial).await;
        let phone = "+8613800000001";
        let password = "quiet-lantern-58-river";
        let page = visitor
            .walk_to(campus, first, phone, password, "bind_phone")
            .await;
        let send = [("intent", "send"), ("phone", "+8613900001111")];
        campus.sms.set_trouble(Trouble::Panics);
        let before = crate::support::kit::state(campus).await;
        for _ in 0..20 {
            let reply = visitor.submit(&page, &send).await;
            assert_discreet(&reply, 500);
            // Others, and the same browser elsewhere, are served.
            assert_eq!(campus.visitor().get(&login(SERVICE)).await.status, 200);
            assert_eq!(visitor.get("/signin/phone").await.status, 200);
        }
        let changed =
            crate::support::kit::differences(&before, &crate::support::kit::state(campus).await);
        assert!(changed.is_empty(), "{changed:?}");
        campus.sms.set_trouble(Trouble::None);
        let reply = visitor.submit(&page, &send).await;
        assert_eq!(reply.notice().as_deref(), Some("code_sent"));
    })
    .await;
}

#[tokio::test] // FLT-03, BRU-08, FLT-04: without the counters nothing is tried and nothing sent
async fn without_the_database_nothing_is_granted() {
    each_campus(async |campus| {
        let mut signed_in = campus.visitor();
        signed_in.sign_in(SERVICE, STUDENT, STUDENTS_PASSWORD).await;
        let mut half_way = campus.visitor();
        let initial = campus.demo.initial_passwords[0].clone();
        let first = half_way.sign_in(SERVICE, "20230001", &initial).await;
        let evidence = half_way.follow(first).await;
        let hashes = campus.idp.app().hashing.computed();
        campus.parts.db.close().await;
        assert_eq!(health(campus, "/healthz").await, 200);
        assert_eq!(health(campus, "/readyz").await, 503);

        let mut answers = Vec::new();
        for password in [WRONG, STUDENTS_PASSWORD] {
            answers.push(campus.visitor().guess(STUDENT, password).await);
            answers.push(
                campus
                    .visitor()
                    .guess_solved(campus, STUDENT, password)
                    .await,
            );
        }
        for path in ["/signin/unlock", "/signin/activation"] {
            answers.push(campus.visitor().ask_code(campus, path, STUDENT).await);
        }
        answers.push(half_way.submit(&evidence, &[("intent", "send")]).await);
        answers.push(half_way.get("/signin/done").await);
        answers.push(signed_in.get(&login(SERVICE)).await);
        let path = "/cas/p3/serviceValidate?service=http://127.0.0.1:9000/secret&ticket=ST-AbcdefghijklmnopqrstuvwxyZ012";
        // A program asks: it gets text.
        let validation = signed_in.get(path).await;
        assert_eq!(validation.status.as_u16(), 503);
        assert!(validation.header("content-type").unwrap().starts_with("text/plain"));
        assert!(validation.header("retry-after").is_some());
        assert_tells_nothing(&validation);
        for (nth, reply) in answers.iter().enumerate() {
            assert_discreet(reply, 503);
            assert!(reply.header("retry-after").is_some(), "{nth}");
            assert_eq!(reply.ticket(), None);
        }
        assert_eq!(campus.idp.app().hashing.computed(), hashes);
        assert_eq!(campus.sms.count(), 0);
        // The cookie stays: she is signed in again when the database is back.
        assert!(signed_in.cookies.contains_key("TGC"));
    })
    .await;
}
