//! `/cas/login` (CAS 3.0.3 §2.1, §2.2).

use std::sync::Arc;

use axum::http::{HeaderValue, StatusCode};
use axum::response::Response;
use idp_domain::applications::NumberFor;
use idp_domain::applications::{Application, ProvenService};
use idp_domain::audit::{Event, Outcome as AuditOutcome};
use idp_domain::cas::{LoginRequest, Method, ServiceTicket};
use idp_domain::form::decode_pairs;
use idp_domain::oidc::Disclosure;
use idp_domain::sessions::{ActiveSession, Authority};
use idp_domain::signin::{AccountPage, Denial, Destination, Question, Wishes};
use idp_storage::audit;
use themes::pages::{Notice, PostTicket, RefusedService, SignedIn};

use super::tickets;
use crate::forgery::{Csrf, Fields};
use crate::pages::{page_names, query_of};
use crate::refusal::Refusal;
use crate::sessions::{self, Arrival};
use crate::signin::carried::Carried;
use crate::signin::form::{Shown, SignInForm};
use crate::signin::goal::Goal;
use crate::signin::submit::submit as sign_in;
use crate::signin::{hop, no_access};
use crate::visit::Visit;

/// A request whose service, if it names one, was found in the registry.
struct Asked {
    request: LoginRequest,
    service: Option<(Arc<Application>, ProvenService)>,
}

impl Asked {
    fn form(&self) -> SignInForm {
        SignInForm {
            action: "/cas/login",
            carried: Carried::cas(&self.request),
            application: self
                .service
                .as_ref()
                .map(|(application, _)| page_names(application.names.clone())),
            target: self
                .service
                .as_ref()
                .map(|(_, service)| service.origin().to_owned()),
            wishes: self.wishes(),
        }
    }

    fn wishes(&self) -> Wishes {
        Wishes {
            warn: self.request.warn,
            remember: self.request.remember,
        }
    }

    /// Whether a session is not enough (§2.1.1 `renew`).
    fn wants_credentials(&self) -> bool {
        self.request.renew
            || self
                .service
                .as_ref()
                .is_some_and(|(application, _)| application.wants_credentials())
    }

    fn destination(&self) -> Destination {
        match &self.request.service {
            Some(service) => Destination::Cas {
                service: service.clone(),
                method: self.request.method,
            },
            None => Destination::Home,
        }
    }
}

/// Validates the request's parameters, whole, each time that they come.
fn ask(visit: &Visit, pairs: &[(String, String)]) -> Result<Asked, &'static str> {
    let request = LoginRequest::parse(pairs).map_err(|_| "duplicate_service")?;
    let service = match &request.service {
        Some(raw) => Some(
            visit
                .app
                .applications
                .current()
                .resolve(raw)
                .map_err(idp_domain::applications::Refusal::reason)?,
        ),
        None => None,
    };
    Ok(Asked { request, service })
}

/// `GET /cas/login`: a ticket for who is signed in, the form for who isn't.
pub async fn show(mut visit: Visit) -> Result<Response, Refusal> {
    let query = visit.query.clone().unwrap_or_default();
    let pairs = decode_pairs(query.as_bytes());
    let mut asked = match ask(&visit, &pairs) {
        Ok(asked) => asked,
        Err(reason) => return refuse_service(&mut visit, reason).await,
    };
    // §4.1.1: never ticked in advance, whatever the address says.
    asked.request.remember = false;
    // A stranger has no cookie, and costs the database nothing.
    let session = sessions::current(&mut visit).await?;
    if let Some(arrival) = session
        && !asked.wants_credentials()
    {
        return match &asked.service {
            Some((application, service)) => {
                let entry = Entry {
                    gateway: asked.request.gateway,
                    method: asked.request.method,
                };
                enter(&mut visit, arrival, application, service, entry).await
            }
            None => signed_in(&mut visit, &arrival),
        };
    }
    if let (true, Some((_, service))) = (asked.request.gateway, &asked.service) {
        // §2.1.1: no ticket, and no page either.
        return Ok(visit.redirect_out(&service.plain()));
    }
    let has = |name: &str| pairs.iter().any(|(n, _)| n == name);
    let shown = Shown {
        notice: has("switched").then_some(Notice::SwitchedAccount),
        captcha: has("captcha"),
        ..Shown::default()
    };
    asked.form().render(&mut visit, StatusCode::OK, shown)
}

/// `POST /cas/login`: number and password.
pub async fn submit(mut visit: Visit, form: Fields) -> Result<Response, Refusal> {
    let asked = match ask(&visit, form.pairs()) {
        Ok(asked) => asked,
        Err(reason) => return refuse_service(&mut visit, reason).await,
    };
    sign_in(&mut visit, &form, &asked.form(), asked.destination()).await
}

/// A complete sign-in arrives, with the service as it was asked for at its beginning.
pub async fn arrive(
    visit: &mut Visit,
    arrival: Arrival,
    service: &str,
    method: Method,
) -> Result<Response, Refusal> {
    let resolved = visit.app.applications.current().resolve(service);
    let entry = Entry {
        gateway: false,
        method,
    };
    match resolved {
        Ok((application, service)) => enter(visit, arrival, &application, &service, entry).await,
        Err(refusal) => refuse_service(visit, refusal.reason()).await,
    }
}

/// How a service wants its ticket.
#[derive(Clone, Copy)]
struct Entry {
    /// Without any page of ours.
    gateway: bool,
    method: Method,
}

/// On to the service with a ticket, if the person may have one and nothing is to be asked.
async fn enter(
    visit: &mut Visit,
    arrival: Arrival,
    application: &Application,
    service: &ProvenService,
    entry: Entry,
) -> Result<Response, Refusal> {
    // §2.1.1: no ticket, and no page either.
    let by_gateway = |visit: &mut Visit| Ok(visit.redirect_out(&service.plain()));
    if application.wants_credentials() && !arrival.fresh {
        return Ok(again(visit, service, entry.method));
    }
    let chosen = hop::chosen_number(visit, &arrival.holder, application).await?;
    let established = ActiveSession::establish(
        arrival.session.clone(),
        arrival.holder.clone(),
        Some(application),
        chosen.as_deref(),
        &visit.app.step_policy(),
        arrival.fresh,
        visit.now,
    );
    // §2.2.1: who wanted to be warned enters no further application silently.
    let warned = arrival.session.warn && !arrival.fresh && !arrival.answers.has(Question::Enter);
    match established {
        Ok(_) | Err(Denial::MustChooseNumber) if entry.gateway && warned => by_gateway(visit),
        Err(_) if entry.gateway => by_gateway(visit),
        Ok(session) if !warned => {
            let authority = Authority::ActiveSession(&session);
            let ticket = ServiceTicket::generate(&mut visit.rng);
            let bound = tickets::Bound {
                hash: ticket.hash(),
                text: ticket.as_str(),
                service: service.canonical(),
                lane: Some(service.lane()),
            };
            if tickets::issue(visit, authority, application, bound).await? {
                deliver(visit, application, service, &ticket, entry.method)
            } else {
                // Signed out on another tab in this very moment.
                Ok(visit.redirect_home("/cas/login"))
            }
        }
        Ok(_) | Err(Denial::MustChooseNumber) => {
            let destination = Destination::Cas {
                service: service.plain().as_str().to_owned(),
                method: entry.method,
            };
            hop::ask(visit, &arrival, destination).await
        }
        Err(Denial::NoAccess(denial)) => {
            no_access::refuse(visit, application, &arrival, denial).await
        }
        // A step became due since the sign-in, or the account was stopped: ask again, and let
        // the sign-in say what is missing.
        Err(_) => Ok(again(visit, service, entry.method)),
    }
}

/// The sign-in once more, with credentials.
fn again(visit: &mut Visit, service: &ProvenService, method: Method) -> Response {
    let request = LoginRequest {
        service: Some(service.plain().as_str().to_owned()),
        renew: true,
        method,
        ..LoginRequest::default()
    };
    let pairs: Vec<_> = request
        .to_pairs()
        .into_iter()
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect();
    visit.redirect_home(&format!("/cas/login{}", query_of(&pairs)))
}

/// The ticket on its way, as the service asked for it (§2.1.1 `method`).
fn deliver(
    visit: &mut Visit,
    application: &Application,
    service: &ProvenService,
    ticket: &ServiceTicket,
    method: Method,
) -> Result<Response, Refusal> {
    match method {
        Method::Get => Ok(visit.redirect_out(&service.with_ticket(ticket))),
        Method::Post => {
            visit.context.here.clear();
            let page = PostTicket {
                target: service.plain().as_str().to_owned(),
                fields: vec![("ticket".into(), ticket.as_str().to_owned())],
                application: page_names(application.names.clone()),
            };
            visit.page_leading_to(StatusCode::OK, &page, Some(service.origin()))
        }
        Method::Header => {
            let mut response = visit.with_cookies(Response::default());
            let headers = response.headers_mut();
            crate::pages::no_store(headers);
            for (name, value) in [
                ("service", service.plain().as_str()),
                ("ticket", ticket.as_str()),
            ] {
                let value = HeaderValue::from_str(value).map_err(|_| Refusal::INTERNAL)?;
                headers.insert(name, value);
            }
            Ok(response)
        }
    }
}

/// Where a service leads; what is open is asked by the hop.
pub async fn goal(
    visit: &Visit,
    service: &str,
    arrival: Option<&Arrival>,
) -> Result<Option<Goal>, Refusal> {
    let Ok((application, service)) = visit.app.applications.current().resolve(service) else {
        return Ok(None);
    };
    let question = match arrival {
        Some(arrival) => {
            let holder = &arrival.holder;
            let chosen = hop::chosen_number(visit, holder, &application).await?;
            match application.number_for(holder, chosen.as_deref(), visit.now) {
                NumberFor::Ask(_) => Some(Question::Number),
                NumberFor::One(_) | NumberFor::None => Some(Question::Enter),
            }
        }
        None => None,
    };
    Ok(Some(Goal {
        application,
        origin: service.origin().to_owned(),
        question,
        disclosure: Disclosure::default(),
        remembers_consent: false,
        device: None,
    }))
}

/// The page that says one is signed in (§2.1.1: no service, live session).
pub fn signed_in(visit: &mut Visit, arrival: &Arrival) -> Result<Response, Refusal> {
    let number = arrival.holder.latest_number(visit.now);
    let page = SignedIn {
        name: number.map(|n| n.name.clone()).unwrap_or_default(),
        number: number.map(|n| n.display.clone()).unwrap_or_default(),
        since: visit.date_time(arrival.session.signed_in_at),
        until: visit.date_time(arrival.session.ends_at(&visit.app.session_rules())),
        sign_out: visit.form(Csrf::Session, "/cas/logout", Vec::new()),
        switch: visit.form(Csrf::Session, "/signin/switch", Vec::new()),
        account: AccountPage::Overview.path().into(),
    };
    visit.page(StatusCode::OK, &page)
}

/// RED-01…RED-08: 403 on our own origin, no `Location`, nothing of the request reflected.
async fn refuse_service(visit: &mut Visit, reason: &'static str) -> Result<Response, Refusal> {
    let entry = visit
        .audit(Event::ServiceRefused, AuditOutcome::Refused)
        .because(reason);
    let mut tx = visit.app.db.write().await?;
    audit::record(&mut tx, &entry).await?;
    tx.commit().await?;
    visit.context.here.clear();
    let page = RefusedService {
        sign_in: "/cas/login".into(),
        request_id: visit.request_id.clone(),
    };
    visit.page(StatusCode::FORBIDDEN, &page)
}
