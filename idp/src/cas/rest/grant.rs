//! A service ticket for a ticket-granting ticket.

use axum::extract::Request;
use axum::response::Response;
use idp_domain::applications::{Application, ProvenService};
use idp_domain::audit::{Event, Outcome};
use idp_domain::cas::ServiceTicket;
use idp_domain::ids::PersonId;
use idp_domain::sessions::{ActiveSession, Authority};
use idp_domain::signin::Denial;
use idp_storage::audit;

use super::answer::{self, Fault};
use super::caller::Caller;
use super::{form, live};
use crate::cas::tickets;
use crate::sessions::Arrival;
use crate::signin::{hop, no_access};
use crate::visit::Visit;

pub(super) async fn grant(visit: &mut Visit, request: Request) -> Result<Response, Fault> {
    let (parts, body) = request.into_parts();
    let caller = Caller::trusted(visit, &parts.headers)?;
    let form = form(&parts.headers, body).await?;
    // Of two, another reader might take the other.
    let mut services = form.pairs().iter().filter(|(name, _)| name == "service");
    let raw = match (services.next(), services.next()) {
        (Some((_, raw)), None) if !raw.is_empty() => raw,
        _ => return Err(Fault::NO_SERVICE),
    };
    let (_, arrival) = live(visit).await?;
    let person = arrival.session.person;
    // Which services exist is nobody else's affair: unknown and foreign ones sound alike.
    let (application, service) = match visit.app.applications.current().resolve(raw) {
        Ok(resolved) => resolved,
        Err(refusal) => return refuse(visit, person, None, refusal.reason()).await,
    };
    if !caller.is_admitted_by(&application) {
        return refuse(visit, person, Some(&application), "rest").await;
    }
    // A password that was shown to get the ticket is not shown now.
    if application.wants_credentials() {
        return Err(Fault::FRESH);
    }
    issue(visit, arrival, &application, &service).await
}

async fn issue(
    visit: &mut Visit,
    arrival: Arrival,
    application: &Application,
    service: &ProvenService,
) -> Result<Response, Fault> {
    let person = arrival.session.person;
    let chosen = hop::chosen_number(visit, &arrival.holder, application).await?;
    let established = ActiveSession::establish(
        arrival.session,
        arrival.holder,
        Some(application),
        chosen.as_deref(),
        &visit.app.step_policy(),
        false,
        visit.now,
    );
    let session = match established {
        Ok(session) => session,
        Err(Denial::NoAccess(denial)) => {
            no_access::note(visit, application, person, &denial).await?;
            return Err(Fault::NO_ACCESS);
        }
        Err(Denial::MustChooseNumber) => return Err(Fault::NUMBER),
        // A step became due since the sign-in, or no number is valid any more.
        Err(_) => return Err(Fault::STEPS),
    };
    let ticket = ServiceTicket::generate(&mut visit.rng);
    let bound = tickets::Bound {
        hash: ticket.hash(),
        text: ticket.as_str(),
        service: service.canonical(),
        lane: Some(service.lane()),
    };
    let authority = Authority::ActiveSession(&session);
    if tickets::issue(visit, authority, application, bound).await? {
        Ok(answer::plain(ticket.as_str()))
    } else {
        // Signed out in this very moment.
        Err(Fault::UNKNOWN_TICKET)
    }
}

async fn refuse(
    visit: &mut Visit,
    person: PersonId,
    application: Option<&Application>,
    reason: &'static str,
) -> Result<Response, Fault> {
    let mut entry = visit
        .audit(Event::ServiceRefused, Outcome::Refused)
        .of(person)
        .because(reason);
    entry.application = application.map(|application| application.id.to_string());
    let mut tx = visit.app.db.write().await?;
    audit::record(&mut tx, &entry).await?;
    tx.commit().await?;
    Err(Fault::SERVICE)
}
