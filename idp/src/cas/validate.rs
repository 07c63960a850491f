//! `/cas/validate`, `/cas/serviceValidate`, `/cas/p3/serviceValidate` (CAS 3.0.3 §2.4–§2.8).
//!
//! A request with both parameters that names an existing ticket burns it, whatever is wrong with
//! the rest.

use axum::body::Body;
use axum::http::HeaderValue;
use axum::http::header::CONTENT_TYPE;
use axum::response::Response;
use idp_domain::applications::{ApplicationId, NumberFor};
use idp_domain::audit::{Event, Outcome};
use idp_domain::cas::{
    Endpoint, FailureReason, Rendered, ServiceTicket, Success, TicketKind, ValidateRequest,
    decode_pairs, plain_no, plain_yes, render_failure, render_success,
};
use idp_domain::signin::may_issue;
use idp_storage::tickets::{self, Consumed};
use idp_storage::{audit, sessions};
use migrations::Tx;

use super::attributes;
use crate::refusal::Refusal;
use crate::visit::Visit;

/// `GET /cas/validate`
pub async fn cas1(visit: Visit) -> Result<Response, Refusal> {
    answer(visit, Endpoint::Validate).await
}

/// `GET /cas/serviceValidate`
pub async fn cas2(visit: Visit) -> Result<Response, Refusal> {
    answer(visit, Endpoint::ServiceValidate).await
}

/// `GET /cas/p3/serviceValidate`
pub async fn cas3(visit: Visit) -> Result<Response, Refusal> {
    answer(visit, Endpoint::P3ServiceValidate).await
}

async fn answer(mut visit: Visit, endpoint: Endpoint) -> Result<Response, Refusal> {
    let query = visit.query.clone().unwrap_or_default();
    let (format, result) = match ValidateRequest::parse(endpoint, &decode_pairs(query.as_bytes())) {
        Err(bad) => (bad.format, Err(bad.reason)),
        Ok(request) => (
            request.format,
            validate(&mut visit, endpoint, &request).await?,
        ),
    };
    let rendered = match (endpoint, &result) {
        (Endpoint::Validate, Ok(success)) => plain_yes(&success.user),
        (Endpoint::Validate, Err(_)) => plain_no(),
        (_, Ok(success)) => render_success(success, format),
        (_, Err(reason)) => render_failure(*reason, format),
    };
    let result = if result.is_ok() { "success" } else { "failure" };
    metrics::counter!("cas_validations_total", "result" => result).increment(1);
    Ok(respond(rendered))
}

fn respond(rendered: Rendered) -> Response {
    let mut response = Response::new(Body::from(rendered.body));
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(rendered.media_type));
    crate::pages::no_store(headers);
    response
}

async fn validate(
    visit: &mut Visit,
    endpoint: Endpoint,
    request: &ValidateRequest,
) -> Result<Result<Success, FailureReason>, Refusal> {
    if TicketKind::of(&request.ticket) == Some(TicketKind::Proxy) && !endpoint.takes_proxy_tickets()
    {
        return Ok(Err(FailureReason::ProxyTicket));
    }
    let Ok(ticket) = ServiceTicket::parse(&request.ticket) else {
        return Ok(Err(FailureReason::UnknownTicket));
    };
    // What never was a ticket costs a read and is counted: anybody can invent one, and the writer
    // is everybody's.
    let hash = ticket.hash();
    if !tickets::exists(&mut visit.app.db.read().await?, &hash).await? {
        return Ok(Err(FailureReason::UnknownTicket));
    }
    let mut tx = visit.app.db.write().await?;
    let Some(consumed) = tickets::consume(&mut tx, &hash, visit.now).await? else {
        let entry = visit
            .audit(Event::TicketReplayed, Outcome::Refused)
            .because("used_ticket");
        audit::record(&mut tx, &entry).await?;
        tx.commit().await?;
        return Ok(Err(FailureReason::UnknownTicket));
    };
    let judged = judge(visit, &mut tx, request, &consumed).await?;
    // Committed in any case: the ticket is gone.
    tx.commit().await?;
    Ok(judged)
}

/// Whether the ticket that was just consumed is good for this request. Access and state are
/// checked again: what was right at issue may have changed since.
async fn judge(
    visit: &mut Visit,
    tx: &mut Tx,
    request: &ValidateRequest,
    consumed: &Consumed,
) -> Result<Result<Success, FailureReason>, Refusal> {
    let now = visit.now;
    let registry = visit.app.applications.current();
    let service = registry.resolve(&request.service);
    let failure = match &service {
        _ if now >= consumed.expires_at => Some(FailureReason::UnknownTicket),
        Err(_) => Some(FailureReason::UnknownService),
        Ok((application, service))
            if service.canonical() != consumed.service
                || application.id.as_str() != consumed.application =>
        {
            Some(FailureReason::OtherService)
        }
        Ok(_) if request.renew && !consumed.from_new_login => Some(FailureReason::NotFresh),
        Ok(_) => None,
    };
    let held = sessions::find_by_grant(tx, consumed.grant).await?;
    let person = held.as_ref().map(|(session, _)| session.person);
    let result = match (failure, service, held) {
        (Some(reason), _, _) => Err(reason),
        (None, Ok((application, _)), Some((session, holder)))
            if session.is_live(&visit.app.session_rules(), now)
                && may_issue(&holder, Some(&application), &visit.app.step_policy(), now)
                    .is_ok() =>
        {
            match application.number_for(&holder, None, now) {
                NumberFor::One(number) => Ok(attributes::success(
                    visit,
                    tx,
                    &application,
                    &session,
                    &holder,
                    number,
                    consumed,
                )
                .await?),
                NumberFor::Ask(_) | NumberFor::None => Err(FailureReason::NoLongerAllowed),
            }
        }
        _ => Err(FailureReason::NoLongerAllowed),
    };
    let mut entry = match &result {
        Ok(_) => visit.audit(Event::TicketValidated, Outcome::Success),
        Err(FailureReason::OtherService | FailureReason::UnknownService) => {
            let asked = registry.resolve(&request.service).ok();
            visit.audit(Event::TicketMismatch, Outcome::Refused).with(
                "validated_for",
                asked.map(|(application, _)| application.id.to_string()),
            )
        }
        Err(reason) => visit
            .audit(Event::TicketRefused, Outcome::Refused)
            .because(reason.code().as_str()),
    };
    entry.person = person;
    entry.application = ApplicationId::parse(&consumed.application)
        .ok()
        .map(|id| id.to_string());
    audit::record(tx, &entry).await?;
    Ok(result)
}
