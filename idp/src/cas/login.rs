//! `/cas/login` (CAS 3.0.3 §2.1, §2.2).

use std::sync::Arc;

use axum::http::StatusCode;
use axum::response::Response;
use idp_domain::applications::{Application, ProvenService};
use idp_domain::audit::{Event, Outcome as AuditOutcome};
use idp_domain::cas::{LoginRequest, ServiceTicket, decode_pairs};
use idp_domain::sessions::{ActiveSession, Authority};
use idp_domain::signin::{Denial, Destination};
use idp_storage::audit;
use themes::pages::{Notice, RefusedService, SignedIn};

use super::{no_access, tickets};
use crate::factors::captcha::Answer;
use crate::forgery::{Csrf, Fields};
use crate::refusal::Refusal;
use crate::sessions::{self, Arrival};
use crate::signin::complete;
use crate::signin::done::page_names;
use crate::signin::form::{Shown, SignInForm, query_of};
use crate::signin::password::{self, Attempt, Begun, Outcome};
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
            carried: self
                .request
                .to_pairs()
                .into_iter()
                .map(|(name, value)| (name.to_owned(), value.to_owned()))
                .collect(),
            application: self
                .service
                .as_ref()
                .map(|(application, _)| page_names(application.names.clone())),
            target: self
                .service
                .as_ref()
                .map(|(_, service)| service.origin().to_owned()),
        }
    }

    fn destination(&self) -> Destination {
        match &self.request.service {
            Some(service) => Destination::Cas {
                service: service.clone(),
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
    let asked = match ask(&visit, &pairs) {
        Ok(asked) => asked,
        Err(reason) => return refuse_service(&mut visit, reason).await,
    };
    // A stranger has no cookie, and costs the database nothing.
    let session = sessions::current(&mut visit).await?;
    if let Some(arrival) = session
        && !asked.request.renew
    {
        return match &asked.service {
            Some((application, service)) => {
                let gateway = asked.request.gateway;
                enter(&mut visit, arrival, application, service, gateway).await
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
    let captcha = (!form.get("captcha_id").is_empty()).then(|| Answer {
        id: form.get("captcha_id"),
        text: form.get("captcha"),
    });
    let attempt = Attempt {
        username: form.get("username"),
        password: form.get("password"),
        captcha,
        destination: asked.destination(),
    };
    let sign_in = asked.form();
    match password::begin(&mut visit, attempt, &sign_in).await? {
        Begun::Waiting => Ok(visit.redirect_home("/signin/queue")),
        Begun::Finished(Outcome::Complete) => {
            complete::arrive(&mut visit, &asked.destination()).await
        }
        Begun::Finished(Outcome::Steps) => Ok(visit.redirect_home("/signin/continue")),
        Begun::Finished(Outcome::Refused { notice, captcha }) => {
            let status = match notice {
                Notice::WrongPassword => StatusCode::UNAUTHORIZED,
                Notice::Slowed { .. } | Notice::SecondChannel => StatusCode::TOO_MANY_REQUESTS,
                _ => StatusCode::BAD_REQUEST,
            };
            let shown = Shown {
                notice: Some(notice),
                username: form.get("username").chars().take(64).collect(),
                captcha,
            };
            sign_in.render(&mut visit, status, shown)
        }
    }
}

/// A complete sign-in arrives, with the service as it was asked for at its beginning.
pub async fn arrive(
    visit: &mut Visit,
    arrival: Arrival,
    service: &str,
) -> Result<Response, Refusal> {
    let resolved = visit.app.applications.current().resolve(service);
    match resolved {
        Ok((application, service)) => enter(visit, arrival, &application, &service, false).await,
        Err(refusal) => refuse_service(visit, refusal.reason()).await,
    }
}

/// On to the service with a ticket, if the person may have one.
async fn enter(
    visit: &mut Visit,
    arrival: Arrival,
    application: &Application,
    service: &ProvenService,
    gateway: bool,
) -> Result<Response, Refusal> {
    let who = name_and_number(&arrival, visit);
    let person = arrival.session.person;
    let established = ActiveSession::establish(
        arrival.session,
        arrival.holder,
        Some(application),
        None,
        &visit.app.step_policy(),
        arrival.fresh,
        visit.now,
    );
    match established {
        Ok(session) => {
            let authority = Authority::ActiveSession(session);
            let ticket = ServiceTicket::generate(&mut visit.rng);
            let bound = tickets::Bound {
                hash: ticket.hash(),
                text: ticket.as_str(),
                service: service.canonical(),
                lane: Some(service.lane()),
            };
            Ok(
                if tickets::issue(visit, &authority, application, bound).await? {
                    visit.redirect_out(&service.with_ticket(&ticket))
                } else {
                    // Signed out on another tab in this very moment.
                    visit.redirect_home("/cas/login")
                },
            )
        }
        // §2.1.1: no ticket, and no page either.
        Err(_) if gateway => Ok(visit.redirect_out(&service.plain())),
        Err(Denial::NoAccess(denial)) => {
            no_access::refuse(visit, application, person, who, denial).await
        }
        // A step became due since the sign-in, or the account was stopped: ask again, and let
        // the sign-in say what is missing.
        Err(_) => {
            let again = vec![
                ("service".to_owned(), service.canonical().to_owned()),
                ("renew".to_owned(), "true".to_owned()),
            ];
            Ok(visit.redirect_home(&format!("/cas/login{}", query_of(&again))))
        }
    }
}

fn name_and_number(arrival: &Arrival, visit: &Visit) -> (String, String) {
    arrival
        .holder
        .latest_number(visit.now)
        .map(|number| (number.name.clone(), number.display.clone()))
        .unwrap_or_default()
}

/// The page that says one is signed in (§2.1.1: no service, live session).
pub fn signed_in(visit: &mut Visit, arrival: &Arrival) -> Result<Response, Refusal> {
    let number = arrival.holder.latest_number(visit.now);
    let page = SignedIn {
        name: number.map(|n| n.name.clone()).unwrap_or_default(),
        number: number.map(|n| n.display.clone()).unwrap_or_default(),
        since: visit.date_time(arrival.session.signed_in_at),
        until: visit.date_time(arrival.session.expires_at),
        sign_out: visit.form(Csrf::Session, "/cas/logout", Vec::new()),
        switch: visit.form(Csrf::Session, "/signin/switch", Vec::new()),
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
