//! An application in this process that speaks CAS, rightly or not.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use idp::{CantExamine, Examination, Idp, Plan};
use idp_domain::applications::ApplicationId;
use idp_domain::applications::doctor::{Finding, Severity, Side};
use jiff::SignedDuration;
use serde_json::{Value, json};
use tokio::sync::Semaphore;

use crate::support::kit::register;
use crate::support::outside::{Act, Outside, say, status};
use crate::support::visitor::ORIGIN;
use crate::support::{Campus, Visitor};

/// What it does with a visitor, where that isn't right.
#[derive(Clone, Debug, Default)]
pub struct Manners {
    /// The service that it names at the login, where `PORT` is its own port; its own where nothing
    /// is said.
    pub login_service: Option<String>,
    /// Where it sends visitors without a ticket; to the login with a service otherwise.
    pub sends_to: Option<String>,
    /// What it answers to visitors without a ticket, instead of sending them anywhere.
    pub page: Option<u16>,
    /// It doesn't have tickets validated.
    pub ignores_tickets: bool,
    /// The query of its validation, where `TICKET` is the ticket and `SERVICE` its own address; the
    /// right one otherwise.
    pub validation: Option<String>,
    /// It waits so long before it asks; the clock is moved.
    pub waits: SignedDuration,
    /// What it answers to a ticket.
    pub entered: Option<Vec<Act>>,
    /// What it answers to the notice of a logout.
    pub logout: Option<Vec<Act>>,
}

type Answers = Arc<Mutex<Vec<String>>>;

pub struct Application {
    pub outside: Outside,
    /// What it was answered to its validations.
    answers: Answers,
    pub service: String,
}

impl Application {
    /// Starts it, and brings it into the registry as `library` with these further keys of `cas`.
    pub async fn start(campus: &Campus, manners: Manners, cas: Value) -> Self {
        let router = campus.idp.router();
        let clock = campus.clock.clone();
        let answers = Answers::default();
        let kept = Arc::clone(&answers);
        let outside = Outside::http(move |request| {
            let waits = manners.waits;
            let clock = clock.clone();
            let server = Server {
                router: router.clone(),
                wait: Box::new(move || clock.advance(waits)),
                answers: Arc::clone(&kept),
            };
            answer(request, &manners, server)
        })
        .await;
        let service = format!("http://127.0.0.1:{}/app", outside.port());
        let application = Self {
            outside,
            answers,
            service,
        };
        application.register(campus, cas).await;
        application
    }

    pub async fn right(campus: &Campus) -> Self {
        Self::start(campus, Manners::default(), json!({})).await
    }

    pub fn answers(&self) -> Vec<String> {
        self.answers.lock().unwrap().clone()
    }

    async fn register(&self, campus: &Campus, cas: Value) {
        let pattern = format!("http://127.0.0.1:{}/*", self.outside.port());
        let mut side = json!({ "services": [self.service, pattern], "plain_http": true });
        for (key, value) in cas.as_object().unwrap() {
            side[key] = value.clone();
        }
        register(
            campus,
            &json!({
                "id": "library", "name": { "zh-CN": "图书馆", "en": "Library" }, "cas": side,
                "access": { "groups": ["nobody-is-in-it"] },
                "release": ["name", "affiliation", "groups", "phone",
                    { "constant": "Example University", "as": "school" }],
            }),
        )
        .await;
    }
}

/// How it asks us.
struct Server {
    router: Router,
    wait: Box<dyn FnOnce() + Send>,
    answers: Answers,
}

/// What the application does with a request.
fn answer(request: &str, manners: &Manners, server: Server) -> Vec<Act> {
    let line = request.lines().next().unwrap();
    if line.starts_with("POST ") {
        return manners.logout.clone().unwrap_or_else(|| status(200));
    }
    let host = request.lines().find_map(|l| l.strip_prefix("host: "));
    let host = host.or_else(|| request.lines().find_map(|l| l.strip_prefix("Host: ")));
    let own = format!("http://{}/app", host.unwrap());
    let path = line.split(' ').nth(1).unwrap();
    let ticket = path.split_once("ticket=").map(|(_, ticket)| ticket);
    match ticket {
        None => without_ticket(manners, &own),
        Some(_) if manners.ignores_tickets => {
            manners.entered.clone().unwrap_or_else(|| status(200))
        }
        Some(ticket) => {
            let query = manners.validation.as_deref();
            let query = query.unwrap_or("service=SERVICE&ticket=TICKET");
            let query = query
                .replace("SERVICE", Visitor::encode(&[("", &own)]).trim_matches('='))
                .replace("TICKET", ticket);
            let validated = Arc::new(Semaphore::new(0));
            let done = Arc::clone(&validated);
            tokio::spawn(async move {
                (server.wait)();
                let mut asking = Visitor::new(server.router);
                let path = format!("/cas/p3/serviceValidate?{query}");
                let answer = asking.get(&path).await.body();
                server.answers.lock().unwrap().push(answer);
                done.add_permits(1);
            });
            let mut acts = vec![Act::Wait(validated)];
            acts.extend(manners.entered.clone().unwrap_or_else(|| redirect(&own)));
            acts
        }
    }
}

fn without_ticket(manners: &Manners, own: &str) -> Vec<Act> {
    if let Some(page) = manners.page {
        return status(page);
    }
    let port = own.trim_end_matches("/app").rsplit(':').next().unwrap();
    let service = manners.login_service.as_deref().unwrap_or(own);
    let service = service.replace("PORT", port);
    let login = format!(
        "{ORIGIN}/cas/login?{}",
        Visitor::encode(&[("service", &service)])
    );
    redirect(manners.sends_to.as_deref().unwrap_or(&login))
}

pub fn redirect(to: &str) -> Vec<Act> {
    say(&format!(
        "HTTP/1.1 302 Found\r\nlocation: {to}\r\ncontent-length: 0\r\n\r\n"
    ))
}

pub async fn examine_at(
    node: &Idp,
    service: Option<&str>,
    within: u64,
) -> Result<Examination, CantExamine> {
    let application = ApplicationId::parse("library").unwrap();
    let plan = Plan {
        application: &application,
        service,
        within: Duration::from_millis(within),
        patience: Duration::from_secs(20),
    };
    // On the heap: a round trip is too large for the frames of the tests around it.
    Box::pin(node.examine(&plan)).await
}

/// The findings on the one application there is, which has long enough.
pub async fn examine(campus: &Campus) -> Vec<Finding> {
    examine_at(&campus.idp, None, 20_000)
        .await
        .unwrap()
        .findings
}

/// The findings that aren't well, with the side they lie on.
pub fn complaints(findings: &[Finding]) -> Vec<(&Finding, Side)> {
    findings
        .iter()
        .filter(|finding| finding.severity() != Severity::Well)
        .map(|finding| (finding, finding.side().unwrap()))
        .collect()
}

/// The one complaint.
#[track_caller]
pub fn the_complaint(findings: &[Finding]) -> (&Finding, Side) {
    let complaints = complaints(findings);
    assert_eq!(complaints.len(), 1, "{findings:?}");
    complaints[0]
}
