//! `/cas/proxy` (CAS 3.0.3 §2.7): an application gets a ticket for another one.

use std::sync::Arc;

use axum::response::Response;
use idp_domain::applications::{Application, ApplicationId, ProvenService, ProvenTarget, Registry};
use idp_domain::audit::{Event, Outcome};
use idp_domain::cas::{
    ProxyFailureReason, ProxyGrant, ProxyGrantingTicket, ProxyRequest, ProxyTicket,
    render_proxy_failure, render_proxy_success,
};
use idp_domain::form::decode_pairs;
use idp_domain::ids::{EventId, PersonId, ProxyGrantingId};
use idp_domain::secrets::Use;
use idp_domain::sessions::Authority;
use idp_storage::proxy_granting_tickets::{self, Proxy};
use idp_storage::{audit, sessions, throttle};

use super::tickets;
use super::validate::respond;
use crate::refusal::Refusal;
use crate::signin::hop;
use crate::visit::Visit;

/// `GET /cas/proxy`
pub async fn show(mut visit: Visit) -> Result<Response, Refusal> {
    let query = visit.query.clone().unwrap_or_default();
    let (format, result) = match ProxyRequest::parse(&decode_pairs(query.as_bytes())) {
        Err(bad) => (bad.format, Err(bad.reason)),
        Ok(request) => (request.format, grant(&mut visit, &request).await?),
    };
    let word = match &result {
        Ok(_) => "success",
        Err(ProxyFailureReason::TooMany) => "limited",
        Err(_) => "failure",
    };
    metrics::counter!("cas_proxy_requests_total", "result" => word).increment(1);
    Ok(respond(match &result {
        Ok(ticket) => render_proxy_success(ticket, format),
        Err(reason) => render_proxy_failure(*reason, format),
    }))
}

async fn grant(
    visit: &mut Visit,
    request: &ProxyRequest,
) -> Result<Result<ProxyTicket, ProxyFailureReason>, Refusal> {
    let unknown = Ok(Err(ProxyFailureReason::UnknownTicket));
    let Ok(ticket) = ProxyGrantingTicket::parse(&request.pgt) else {
        return unknown;
    };
    let mut conn = visit.app.db.read().await?;
    let Some(granting) = proxy_granting_tickets::find(&mut conn, &ticket.hash()).await? else {
        return unknown;
    };
    let Some((session, holder)) = sessions::find_by_grant(&mut conn, granting.grant.0).await?
    else {
        return unknown;
    };
    let chain = proxy_granting_tickets::chain(&mut conn, granting.id).await?;
    drop(conn);
    if !may_ask(visit, granting.id).await? {
        return Ok(Err(ProxyFailureReason::TooMany));
    }
    let person = session.person;
    let asking = granting.application.clone();
    let registry = visit.app.applications.current();
    let Some(chain) = registered(&registry, &chain) else {
        return refuse(visit, person, &asking, ProxyFailureReason::NoLongerAllowed).await;
    };
    // Which targets exist is nobody else's affair: unknown and forbidden ones sound alike.
    let Ok((target, service)) = registry.resolve_target(&request.target_service) else {
        let reason = ProxyFailureReason::TargetNotAllowed;
        return refuse(visit, person, &asking, reason).await;
    };
    let chosen = hop::chosen_number(visit, &holder, &target).await?;
    let established = ProxyGrant::establish(
        granting,
        session,
        &holder,
        (&chain, &target),
        chosen.as_deref(),
        &visit.app.session_rules(),
        &visit.app.step_policy(),
        visit.now,
    );
    match established {
        Ok(grant) => issue(visit, grant, &target, &service).await,
        Err(reason) => refuse(visit, person, &asking, reason).await,
    }
}

/// An application that asks in a loop would fill tables and audit trail as long as the session
/// lives. So many requests for one ticket, counted in the store before anything is judged, whether
/// granted or refused; beyond them only a metric counts.
async fn may_ask(visit: &mut Visit, granting: ProxyGrantingId) -> Result<bool, Refusal> {
    let now = visit.now;
    let event = EventId::new(now, &mut visit.rng);
    let parts = [b"proxy".as_slice(), granting.0.as_bytes()];
    let bucket = visit.app.keys.mac(Use::Throttle, &parts);
    let limit = [visit.app.config.limits.proxy_requests()];
    let mut tx = visit.app.db.write().await?;
    let place = throttle::reserve(&mut tx, event, &bucket, &limit, now).await?;
    if place.is_ok() {
        tx.commit().await?;
    }
    Ok(place.is_ok())
}

/// A chain as the registry has it now; nothing when one of it isn't there any more.
pub(super) fn registered(registry: &Registry, chain: &[Proxy]) -> Option<Vec<Arc<Application>>> {
    chain
        .iter()
        .map(|proxy| {
            let id = ApplicationId::parse(&proxy.application).ok()?;
            registry.get(&id).cloned()
        })
        .collect()
}

async fn issue(
    visit: &mut Visit,
    grant: ProxyGrant,
    target: &Application,
    service: &ProvenTarget,
) -> Result<Result<ProxyTicket, ProxyFailureReason>, Refusal> {
    let authority = Authority::ProxyGrant(&grant);
    let ticket = ProxyTicket::generate(&mut visit.rng);
    let bound = tickets::Bound {
        hash: ticket.hash(),
        text: ticket.as_str(),
        service: service.canonical(),
        lane: service.service().map(ProvenService::lane),
    };
    let issued = tickets::issue(visit, authority, target, bound).await?;
    // Signed out in this very moment.
    Ok(if issued {
        Ok(ticket)
    } else {
        Err(ProxyFailureReason::UnknownTicket)
    })
}

async fn refuse(
    visit: &mut Visit,
    person: PersonId,
    application: &str,
    reason: ProxyFailureReason,
) -> Result<Result<ProxyTicket, ProxyFailureReason>, Refusal> {
    let entry = visit
        .audit(Event::ProxyRefused, Outcome::Refused)
        .of(person)
        .at_application(application)
        .because(reason.code().as_str());
    let mut tx = visit.app.db.write().await?;
    audit::record(&mut tx, &entry).await?;
    tx.commit().await?;
    Ok(Err(reason))
}
