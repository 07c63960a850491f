//! A CAS server just large enough for the suite to have nothing to say of it, and a defect of
//! choice.

use std::collections::HashMap;
use std::fmt::Write as _;
use std::sync::{Arc, Mutex};

use anyhow::Result;
use axum::Router;
use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, Method, Response, StatusCode, Uri};
use tokio::net::TcpListener;
use url::{Url, form_urlencoded};

pub const USER: &str = "u";
pub const PASSWORD: &str = "p&p";
pub const SERVICE: &str = "http://app.test/a";
pub const OTHER: &str = "http://other.test/b";

/// What a server may get wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Defect {
    None,
    TakesAnyPassword,
    TakesAnyService,
    EntersSilentlyDespiteRenew,
    AsksDespiteGateway,
    RepeatsThePost,
    GivesTwoTickets,
    LetsCachesKeepIt,
    KeepsTheSessionAlive,
    LeavesTheCookie,
    LeadsAnywhereAfterLogout,
    FollowsUrl,
    DropsTheQuery,
    TakesCapitals,
    SaysNothingOfFailedTrust,
}

#[derive(Debug)]
struct Tiny {
    defect: Defect,
    memory: Mutex<Memory>,
}

#[derive(Debug, Default)]
struct Memory {
    count: u32,
    sessions: Vec<String>,
    /// Service by ticket, and whether credentials were shown for it.
    tickets: HashMap<String, (String, bool)>,
}

/// Its base; it ends with the runtime of the test.
pub async fn start(defect: Defect) -> Result<Url> {
    let socket = TcpListener::bind("127.0.0.1:0").await?;
    let base = format!("http://{}/cas", socket.local_addr()?).parse()?;
    let tiny = Arc::new(Tiny {
        defect,
        memory: Mutex::default(),
    });
    let router = Router::new().fallback(answer).with_state(tiny);
    tokio::spawn(async move { axum::serve(socket, router).await });
    Ok(base)
}

type Fields = HashMap<String, String>;

async fn answer(
    State(tiny): State<Arc<Tiny>>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: String,
) -> Response<Body> {
    let read = |text: &str| -> Fields {
        form_urlencoded::parse(text.as_bytes())
            .into_owned()
            .collect()
    };
    let mut fields = read(uri.query().unwrap_or_default());
    if tiny.defect == Defect::TakesCapitals {
        fields = fields
            .into_iter()
            .map(|(name, value)| (name.to_lowercase(), value))
            .collect();
    }
    let cookie = headers
        .get("cookie")
        .and_then(|it| it.to_str().ok())
        .unwrap_or_default();
    let session = cookie
        .split("; ")
        .find_map(|it| it.strip_prefix("TGC="))
        .map(str::to_owned);
    match uri.path() {
        "/cas/login" if method == Method::POST => tiny.accept(&read(&body)),
        "/cas/login"
            if headers.contains_key("authorization")
                && tiny.is(Defect::SaysNothingOfFailedTrust) =>
        {
            negotiating(page(""))
        }
        "/cas/login" => tiny.login(&fields, session.as_deref()),
        "/cas/logout" => tiny.logout(&fields, session.as_deref()),
        "/cas/validate" | "/cas/proxy" => page(""),
        path if path.ends_with("Validate") => tiny.validate(&fields),
        _ => Response::builder().status(404).body(Body::empty()).unwrap(),
    }
}

impl Tiny {
    fn is(&self, defect: Defect) -> bool {
        self.defect == defect
    }

    fn known(&self, service: &str) -> bool {
        self.is(Defect::TakesAnyService)
            || [SERVICE, OTHER].iter().any(|it| service.starts_with(it))
    }

    fn id(&self, prefix: &str) -> String {
        let mut memory = self.memory.lock().unwrap();
        memory.count += 1;
        format!("{prefix}-{}", memory.count)
    }

    fn login(&self, fields: &Fields, session: Option<&str>) -> Response<Body> {
        let is_true = |name: &str| fields.get(name).is_some_and(|it| it == "true");
        let service = fields.get("service").map(String::as_str);
        let live =
            session.filter(|it| self.memory.lock().unwrap().sessions.iter().any(|s| s == it));
        let renew = is_true("renew") && !self.is(Defect::EntersSilentlyDespiteRenew);
        if service.is_some_and(|service| !self.known(service)) {
            return page("This application is not registered.");
        }
        match (service, live) {
            (Some(service), Some(_)) if !renew => self.enter(service, false, None),
            (None, Some(_)) if !renew => page("You are signed in."),
            (Some(service), None)
                if is_true("gateway") && !renew && !self.is(Defect::AsksDespiteGateway) =>
            {
                redirect(302, service, None)
            }
            _ => self.form(service, ""),
        }
    }

    fn form(&self, service: Option<&str>, notice: &str) -> Response<Body> {
        let mut fields = String::new();
        if let Some(service) = service {
            let service = service
                .replace('&', "&amp;")
                .replace('"', "&quot;")
                .replace('<', "&lt;");
            let _ = write!(
                fields,
                "<input type=hidden name=service value=\"{service}\">"
            );
        }
        negotiating(page(&format!(
            "<form method=post action=/cas/login>{fields}Sign in {notice}<input name=username>\
             <input type=password name=password><button>Go</button></form>"
        )))
        .without_store(!self.is(Defect::LetsCachesKeepIt))
    }

    fn accept(&self, fields: &Fields) -> Response<Body> {
        let right = |name: &str, value: &str| fields.get(name).is_some_and(|it| it == value);
        let service = fields.get("service").map(String::as_str);
        if service.is_some_and(|service| !self.known(service)) {
            return page("This application is not registered.");
        }
        let known = right("username", USER)
            && (right("password", PASSWORD) || self.is(Defect::TakesAnyPassword));
        if !known {
            return self.form(service, "Wrong password.");
        }
        let session = self.id("TGT");
        self.memory.lock().unwrap().sessions.push(session.clone());
        let cookie = format!("TGC={session}; Path=/cas; HttpOnly");
        match service {
            Some(service) => self.enter(service, true, Some(&cookie)),
            None => with(page("You are signed in."), "set-cookie", &cookie),
        }
    }

    fn enter(&self, service: &str, fresh: bool, cookie: Option<&str>) -> Response<Body> {
        let ticket = self.id("ST");
        let issued = (service.to_owned(), fresh);
        self.memory
            .lock()
            .unwrap()
            .tickets
            .insert(ticket.clone(), issued);
        let (address, fragment) = service.split_at(service.find('#').unwrap_or(service.len()));
        let mut target = address.to_owned();
        if self.is(Defect::DropsTheQuery) {
            target.truncate(target.find('?').unwrap_or(target.len()));
        }
        target.push(if target.contains('?') { '&' } else { '?' });
        let _ = write!(target, "ticket={ticket}");
        if self.is(Defect::GivesTwoTickets) {
            let _ = write!(target, "&ticket={ticket}");
        }
        target.push_str(fragment);
        let repeats = fresh && self.is(Defect::RepeatsThePost);
        redirect(if repeats { 307 } else { 303 }, &target, cookie)
            .without_store(!self.is(Defect::LetsCachesKeepIt))
    }

    fn logout(&self, fields: &Fields, session: Option<&str>) -> Response<Body> {
        if !self.is(Defect::KeepsTheSessionAlive) {
            self.memory
                .lock()
                .unwrap()
                .sessions
                .retain(|it| Some(it.as_str()) != session);
        }
        let anywhere = self.is(Defect::LeadsAnywhereAfterLogout);
        let named = fields
            .get("service")
            .filter(|it| anywhere || self.known(it));
        let old = fields.get("url").filter(|_| self.is(Defect::FollowsUrl));
        let answer = match named.or(old) {
            Some(service) => redirect(302, service, None),
            None => page("You are signed out."),
        };
        if self.is(Defect::LeavesTheCookie) {
            answer
        } else {
            with(answer, "set-cookie", "TGC=; Path=/cas; Max-Age=0")
        }
    }

    fn validate(&self, fields: &Fields) -> Response<Body> {
        let ticket = fields.get("ticket").map(String::as_str).unwrap_or_default();
        let issued = self.memory.lock().unwrap().tickets.remove(ticket);
        let renew = fields.contains_key("renew");
        let good = issued.is_some_and(|(service, fresh)| {
            fields.get("service") == Some(&service) && (fresh || !renew)
        });
        let inside = if good {
            format!(
                "<cas:authenticationSuccess><cas:user>{USER}</cas:user></cas:authenticationSuccess>"
            )
        } else {
            "<cas:authenticationFailure code=\"INVALID_TICKET\">no</cas:authenticationFailure>"
                .to_owned()
        };
        page(&format!(
            "<cas:serviceResponse xmlns:cas=\"http://www.yale.edu/tp/cas\">{inside}</cas:serviceResponse>"
        ))
    }
}

trait Store {
    fn without_store(self, wanted: bool) -> Self;
}

impl Store for Response<Body> {
    fn without_store(self, wanted: bool) -> Self {
        if wanted {
            with(self, "cache-control", "no-store")
        } else {
            self
        }
    }
}

fn page(text: &str) -> Response<Body> {
    Response::builder()
        .header("content-type", "text/html")
        .body(Body::from(text.to_owned()))
        .unwrap()
}

/// Would rather have the browser sign in by itself (RFC 4559).
fn negotiating(mut page: Response<Body>) -> Response<Body> {
    *page.status_mut() = StatusCode::UNAUTHORIZED;
    with(page, "www-authenticate", "Negotiate")
}

fn redirect(status: u16, target: &str, cookie: Option<&str>) -> Response<Body> {
    let mut answer = Response::builder()
        .status(status)
        .header("location", target);
    if let Some(cookie) = cookie {
        answer = answer.header("set-cookie", cookie);
    }
    answer.body(Body::empty()).unwrap()
}

fn with(mut answer: Response<Body>, name: &'static str, value: &str) -> Response<Body> {
    answer.headers_mut().insert(name, value.parse().unwrap());
    answer
}
