//! What a service or proxy ticket is worth when it comes back. A request that names an existing
//! one burns it, whatever is wrong with the rest (CAS 3.0.3 §2.5.3, §3.1.1).

use std::sync::Arc;

use idp_domain::applications::{Application, ApplicationId, Registry};
use idp_domain::audit::{Event, Outcome};
use idp_domain::cas::{
    Endpoint, FailureReason, ProxyGranting, ProxyTicket, ServiceTicket, Success, TicketKind,
    ValidateRequest, chain_holds,
};
use idp_domain::ids::GrantId;
use idp_domain::secrets::Tag;
use idp_domain::sessions::Session;
use idp_domain::signin::{HeldNumber, Holder, PROBE, may_issue};
use idp_storage::proxy_granting_tickets::{self, Proxy};
use idp_storage::tickets::{self, Consumed};
use idp_storage::{audit, sessions};
use migrations::Tx;

use super::attributes;
use super::callback::Wanted;
use super::proxy;
use crate::refusal::Refusal;
use crate::visit::Visit;

/// Characters of a probed application's service that are noted.
const MOST_OF_SERVICE: usize = 300;

/// What a name can be looked up by; nothing for what we never made.
fn hash(text: &str) -> Option<Tag> {
    match TicketKind::of(text)? {
        TicketKind::Service => ServiceTicket::parse(text).ok().map(|ticket| ticket.hash()),
        TicketKind::Proxy => ProxyTicket::parse(text).ok().map(|ticket| ticket.hash()),
        _ => None,
    }
}

/// Consumes a ticket for `request`, judges it, and asks the proxy callback when there is one.
pub(super) async fn redeem(
    visit: &mut Visit,
    endpoint: Endpoint,
    request: &ValidateRequest,
) -> Result<Result<Success, FailureReason>, Refusal> {
    let Some((mut tx, consumed)) = consume(visit, &request.ticket).await? else {
        return Ok(Err(FailureReason::UnknownTicket));
    };
    let judged = judge(visit, &mut tx, endpoint, request, &consumed).await?;
    // Committed in any case: the ticket is gone.
    tx.commit().await?;
    let (mut success, wanted) = match judged {
        Ok(judged) => judged,
        Err(reason) => return Ok(Err(reason)),
    };
    if let Some(wanted) = wanted {
        match wanted.deliver(visit).await? {
            Ok(iou) => success.proxy_granting_ticket = Some(iou.as_str().to_owned()),
            Err(reason) => return Ok(Err(reason)),
        }
    }
    Ok(Ok(success))
}

/// Burns what a request names that can't be judged.
pub(super) async fn burn(visit: &mut Visit, pairs: &[(String, String)]) -> Result<(), Refusal> {
    /// A client names one; whoever names many gets no more work done.
    const MOST: usize = 4;
    let named = pairs.iter().filter(|(name, _)| name == "ticket");
    for (_, text) in named.take(MOST) {
        if let Some((mut tx, consumed)) = consume(visit, text).await? {
            let entry = visit
                .audit(Event::TicketRefused, Outcome::Refused)
                .at_application(&consumed.application)
                .because("INVALID_REQUEST");
            audit::record(&mut tx, &entry).await?;
            tx.commit().await?;
        }
    }
    Ok(())
}

/// The ticket, consumed in a transaction that the caller commits.
async fn consume(visit: &mut Visit, text: &str) -> Result<Option<(Tx, Consumed)>, Refusal> {
    let Some(hash) = hash(text) else {
        return Ok(None);
    };
    // What never was a ticket costs a read and is counted: anybody can invent one, and the writer
    // is everybody's.
    if !tickets::exists(&mut visit.app.db.read().await?, &hash).await? {
        return Ok(None);
    }
    let mut tx = visit.app.db.write().await?;
    if let Some(consumed) = tickets::consume(&mut tx, &hash, visit.now).await? {
        return Ok(Some((tx, consumed)));
    }
    let entry = visit
        .audit(Event::TicketReplayed, Outcome::Refused)
        .because("used_ticket");
    audit::record(&mut tx, &entry).await?;
    tx.commit().await?;
    Ok(None)
}

/// What a good ticket stands for.
struct Holding {
    application: Arc<Application>,
    session: Session,
    holder: Holder,
    number: HeldNumber,
    /// By which a proxy ticket was made, with the chain that ends with it.
    proxied_by: Option<(ProxyGranting, Vec<Proxy>)>,
}

type Judged = Result<(Success, Option<Wanted>), FailureReason>;

/// Whether the ticket that was just consumed is good for this request.
async fn judge(
    visit: &mut Visit,
    tx: &mut Tx,
    endpoint: Endpoint,
    request: &ValidateRequest,
    consumed: &Consumed,
) -> Result<Judged, Refusal> {
    let registry = visit.app.applications.current();
    let held = sessions::find_by_grant(tx, consumed.grant).await?;
    let person = held.as_ref().map(|(session, _)| session.person);
    let result = match addressed(visit, &registry, endpoint, request, consumed) {
        Err(reason) => Err(reason),
        Ok(application) => match standing(visit, tx, &registry, application, held, consumed).await?
        {
            None => Err(FailureReason::NoLongerAllowed),
            Some(holding) => answer(visit, tx, endpoint, request, consumed, holding).await?,
        },
    };
    let mut entry = match &result {
        Ok(_) => visit.audit(Event::TicketValidated, Outcome::Success),
        Err(FailureReason::OtherService | FailureReason::UnknownService) => {
            let asked = registry.resolve_target(&request.service).ok();
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
    if person == Some(PROBE) {
        // The doctor has to find its own ticket, and to say what the application got wrong.
        let sent = request.service.replace(&request.ticket, "…");
        let sent: String = sent.chars().take(MOST_OF_SERVICE).collect();
        entry = entry
            .with("grant", consumed.grant.to_string())
            .with("service", sent);
    }
    entry.application = ApplicationId::parse(&consumed.application)
        .ok()
        .map(|id| id.to_string());
    audit::record(tx, &entry).await?;
    Ok(result)
}

/// Whether it came in time, by the right address and for the service that it was made for.
fn addressed(
    visit: &Visit,
    registry: &Registry,
    endpoint: Endpoint,
    request: &ValidateRequest,
    consumed: &Consumed,
) -> Result<Arc<Application>, FailureReason> {
    if visit.now >= consumed.expires_at {
        return Err(FailureReason::UnknownTicket);
    }
    // §2.5: told apart from other failures, since it is a mistake in the client's set-up.
    if consumed.proxied_by.is_some() && !endpoint.takes_proxy_tickets() {
        return Err(FailureReason::ProxyTicket);
    }
    let (application, service) = registry
        .resolve_target(&request.service)
        .map_err(|_| FailureReason::UnknownService)?;
    if service.canonical() != consumed.service || application.id.as_str() != consumed.application {
        return Err(FailureReason::OtherService);
    }
    if (request.renew || application.wants_credentials()) && !consumed.from_new_login {
        return Err(FailureReason::NotFresh);
    }
    Ok(application)
}

/// Whether session, person, number and chain still are what they were at issue.
async fn standing(
    visit: &Visit,
    tx: &mut Tx,
    registry: &Registry,
    application: Arc<Application>,
    held: Option<(Session, Holder)>,
    consumed: &Consumed,
) -> Result<Option<Holding>, Refusal> {
    let now = visit.now;
    let Some((session, holder)) = held else {
        return Ok(None);
    };
    let policy = visit.app.step_policy();
    if !session.is_live(&visit.app.session_rules(), now)
        || may_issue(&holder, Some(&application), &policy, now).is_err()
    {
        return Ok(None);
    }
    // The one that it was issued with, so that a choice or an import in between changes nothing.
    let candidates = application.candidates(&holder, now);
    let number = candidates
        .into_iter()
        .find(|number| consumed.number.as_ref().is_none_or(|n| *n == number.number))
        .cloned();
    let Some(number) = number else {
        return Ok(None);
    };
    let proxied_by = match consumed.proxied_by {
        None => None,
        Some(id) => {
            let Some(granting) = proxy_granting_tickets::by_id(tx, id).await? else {
                return Ok(None);
            };
            let chain = proxy_granting_tickets::chain(tx, id).await?;
            // TKT-11: all that the ticket was made by is still permitted.
            let holds = proxy::registered(registry, &chain).is_some_and(|proxies| {
                chain_holds(&proxies, &application, &holder, &policy, now).is_ok()
            });
            if !holds {
                return Ok(None);
            }
            Some((granting, chain))
        }
    };
    Ok(Some(Holding {
        application,
        session,
        holder,
        number,
        proxied_by,
    }))
}

/// The answer, and the callback to ask before it is given.
async fn answer(
    visit: &Visit,
    tx: &mut Tx,
    endpoint: Endpoint,
    request: &ValidateRequest,
    consumed: &Consumed,
    holding: Holding,
) -> Result<Judged, Refusal> {
    let Holding {
        application,
        session,
        holder,
        number,
        proxied_by,
    } = holding;
    let wanted = match &request.pgt_url {
        // CAS 1.0 knows no proxies.
        Some(raw) if endpoint != Endpoint::Validate => {
            let who = (GrantId(consumed.grant), session.person);
            let parent = proxied_by.as_ref().map(|(granting, _)| granting);
            match Wanted::check(visit, &application, raw, who, parent) {
                Ok(wanted) => Some(wanted),
                Err(reason) => return Ok(Err(reason)),
            }
        }
        _ => None,
    };
    let mut success = attributes::success(
        visit,
        tx,
        &application,
        &session,
        &holder,
        &number,
        consumed,
    )
    .await?;
    if let Some((_, chain)) = proxied_by {
        success.proxies = chain.into_iter().map(|proxy| proxy.callback).collect();
    }
    Ok(Ok((success, wanted)))
}
