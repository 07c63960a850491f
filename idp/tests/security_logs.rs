//! AUD-03, AUD-04: what goes into logs and metrics. The collectors are the process's own, so this
//! is a program of its own, with one test.

#![expect(clippy::unwrap_used, reason = "a test stops where its set-up fails")]

mod support;

use std::io::Write;
use std::sync::{Arc, Mutex};

use axum::body::Body;
use axum::http::Request;
use metrics_exporter_prometheus::PrometheusBuilder;
use support::{Campus, SERVICE, Visitor, each_campus, login};
use tracing_subscriber::fmt::MakeWriter;

/// Typed, sent or issued, and never to be read anywhere.
const PASSWORD: &str = "canary-lantern-58-river";
const WRONG: &str = "canary-wrong-lantern-59";
const PHONE: &str = "+8613800000001";
/// The newcomer's, as the demonstration's file has it.
const ID_NUMBER: &str = "330106200506123507";

#[derive(Clone, Debug, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Log {
    type Writer = Self;
    fn make_writer(&'a self) -> Self {
        self.clone()
    }
}

impl Log {
    fn text(&self) -> String {
        String::from_utf8_lossy(&self.0.lock().unwrap()).into_owned()
    }
}

/// Goes through a whole life, with failures and a database that breaks; gives each secret of it.
async fn live(campus: &Campus) -> Vec<(&'static str, String)> {
    let mut secrets = vec![
        ("password", PASSWORD.to_owned()),
        ("wrong password", WRONG.to_owned()),
        ("phone", PHONE.to_owned()),
        ("id number", ID_NUMBER.to_owned()),
        ("initial password", campus.demo.initial_passwords[0].clone()),
        (
            "activation code",
            campus.demo.activation_code.clone().unwrap(),
        ),
    ];
    let mut visitor = campus.visitor();
    let initial = campus.demo.initial_passwords[0].clone();
    let mut reply = visitor.sign_in(SERVICE, "20230001", &initial).await;
    for stop in ["evidence", "new_password", "bind_phone", "done"] {
        reply = visitor.walk_to(campus, reply, PHONE, PASSWORD, stop).await;
        secrets.push(("token", reply.field("csrf").unwrap()));
    }
    keep(&mut secrets, &visitor);
    let reply = visitor.submit(&reply, &[]).await;
    secrets.push(("ticket", reply.ticket().unwrap()));
    keep(&mut secrets, &visitor);
    let ticket = visitor.get(&login(SERVICE)).await.ticket().unwrap();
    for _ in 0..2 {
        campus.visitor().validate(SERVICE, &ticket).await;
    }
    secrets.push(("ticket", ticket.clone()));
    by_program(campus, &mut secrets).await;

    for _ in 0..3 {
        let mut robot = campus.visitor();
        robot.guess("20230002", WRONG).await;
        robot.guess(WRONG, WRONG).await;
    }
    let asked = visitor.ask_code(campus, "/signin/unlock", "20230001").await;
    keep(&mut secrets, &visitor);
    visitor.enter(&asked, "000000").await;
    let code = campus.code_for(PHONE).await;
    visitor.enter(&asked, &code).await;
    keep(&mut secrets, &visitor);
    for (_, code) in campus.sms.sent() {
        secrets.push(("one-time code", code));
    }
    campus.sms.set_broken(true);
    visitor
        .ask_code(campus, "/signin/activation", "20230001")
        .await;
    campus.deliver().await;
    fail(campus, &ticket).await;
    secrets
}

/// TKT-09: the address of a program's ticket-granting ticket holds it.
async fn by_program(campus: &Campus, secrets: &mut Vec<(&'static str, String)>) {
    let entry = serde_json::json!({ "id": "print", "name": { "zh-CN": "打印", "en": "Print" },
        "cas": { "services": ["https://print.uni.edu.cn/*"],
            "rest": { "networks": ["127.0.0.1"] } } });
    support::kit::register(campus, &entry).await;
    let mut program = campus.visitor();
    let fields = [("username", "20230001"), ("password", PASSWORD)];
    let reply = program.post("/cas/v1/tickets", &fields).await;
    let address = reply.location().unwrap().to_owned();
    let (_, path) = address.split_once("localhost:8080").unwrap();
    let service = [("service", "https://print.uni.edu.cn/")];
    let ticket = program.post(path, &service).await.body();
    assert!(ticket.starts_with("ST-"), "{ticket}");
    secrets.push(("ticket", ticket));
    let granting = path.rsplit('/').next().unwrap().to_owned();
    secrets.push(("ticket-granting ticket", granting));
    let end = Request::delete(path).body(Body::empty()).unwrap();
    assert_eq!(program.send(end).await.status, 200);
    assert_eq!(program.get(path).await.status, 404);
}

/// Every cookie of a browser.
fn keep(secrets: &mut Vec<(&'static str, String)>, visitor: &Visitor) {
    let cookies = visitor.cookies.iter();
    let random = cookies.filter(|(name, _)| *name != "locale");
    secrets.extend(random.map(|(_, value)| ("cookie", value.clone())));
}

/// The errors of a database tell about queries, and not what was bound to them.
async fn fail(campus: &Campus, ticket: &str) {
    for table in [
        "audit_events",
        "persons",
        "service_tickets",
        "throttle_events",
    ] {
        campus
            .execute(&format!("ALTER TABLE {table} RENAME TO away"))
            .await;
        let mut visitor = campus.visitor();
        let page = visitor.sign_in_page(SERVICE).await;
        let fields = [("username", "20230001"), ("password", PASSWORD)];
        let failed = visitor.submit(&page, &fields).await;
        assert!(
            failed.status.is_server_error(),
            "{table}: {}",
            failed.status
        );
        let path = format!("/cas/serviceValidate?service={SERVICE}&ticket={ticket}");
        visitor.get(&path).await;
        campus
            .execute(&format!("ALTER TABLE away RENAME TO {table}"))
            .await;
    }
}

/// AUD-03: what would be a line of its own, a colour, or the end of a JSON text.
async fn inject(campus: &Campus) {
    for evil in [
        "x\r\n{\"level\":\"ERROR\",\"fake\":true}",
        "\u{1b}[2J\u{1b}[31mfake",
        "\u{2028}fake\u{2029}",
        "\",\"fake\":\"true",
    ] {
        let mut visitor = campus.visitor();
        visitor.guess(evil, evil).await;
        visitor.get(&login(evil)).await;
        let path = format!("/{}", &Visitor::encode(&[("", evil)])[1..]);
        visitor.get(&path).await;
        let agent = axum::http::HeaderValue::from_bytes(
            evil.replace(['\r', '\n', '\u{1b}'], "?").as_bytes(),
        );
        let request = Request::get("/cas/login").header("user-agent", agent.unwrap());
        visitor.send(request.body(Body::empty()).unwrap()).await;
    }
}

#[tokio::test] // AUD-03, AUD-04
async fn logs_metrics_and_trail_hold_no_secret_and_one_event_a_line() {
    let log = Log::default();
    tracing_subscriber::fmt()
        .json()
        .with_max_level(tracing_subscriber::filter::LevelFilter::TRACE)
        .with_writer(log.clone())
        .init();
    let metrics = PrometheusBuilder::new().install_recorder().unwrap();
    each_campus(async |campus| {
        let secrets = live(campus).await;
        inject(campus).await;
        let (log, metrics) = (log.text(), metrics.render());
        assert!(
            log.contains("a query failed"),
            "the log has what it should have"
        );
        assert!(log.contains("\"answered\""), "each request has its line");
        assert!(metrics.contains("cas_tickets_issued_total"), "{metrics}");
        let trail = trail(campus).await;
        for (kind, secret) in &secrets {
            assert!(secret.len() >= 6, "{kind}");
            for (place, text) in [("log", &log), ("metrics", &metrics), ("trail", &trail)] {
                // Six digits come up by chance in times and ids; a code is looked for as a word.
                let found = text
                    .match_indices(secret.as_str())
                    .find(|(at, _)| is_word(text, *at, secret.len()));
                if let Some((at, _)) = found {
                    let around = text.get(at.saturating_sub(200)..at + secret.len());
                    panic!("a {kind} in the {place}: {around:?}");
                }
            }
        }
        for line in log.lines() {
            let event: serde_json::Value = serde_json::from_str(line).unwrap();
            assert!(
                event["level"].is_string() && event["fake"].is_null(),
                "{line}"
            );
            assert!(
                !line.contains('\u{1b}') && !line.contains('\u{2028}'),
                "{line}"
            );
        }
    })
    .await;
}

/// The facts of every audit row.
async fn trail(campus: &Campus) -> String {
    let sql = "SELECT CAST(detail AS TEXT) || ' ' || coalesce(reason, '') FROM audit_events";
    let mut conn = campus.parts.db.read().await.unwrap();
    let rows: Vec<String> =
        migrations::run!(conn, c => sqlx::query_scalar(sql).fetch_all(c)).unwrap();
    rows.join("\n")
}

/// Neither a digit nor a letter goes on before or after it.
fn is_word(text: &str, at: usize, length: usize) -> bool {
    let alone = |c: Option<char>| c.is_none_or(|c| !c.is_ascii_alphanumeric());
    alone(text[..at].chars().next_back()) && alone(text[at + length..].chars().next())
}
