//! Service tickets: issued in the name of an authority, consumed by one statement.

use idp_domain::Timestamp;
use idp_domain::applications::{Application, ProvenService};
use idp_domain::audit::{Event, Outcome};
use idp_domain::cas::{SERVICE_TICKET_TTL, ServiceTicket};
use idp_domain::ids::GrantId;
use idp_domain::sessions::Authority;
use idp_storage::tickets::NewTicket;
use idp_storage::{audit, sessions, tickets};

use crate::refusal::Refusal;
use crate::visit::Visit;

/// Issues a ticket bound to a service. `None` when the session ended in this moment.
///
/// One short transaction: the use of the session, the grant, the ticket, the audit row.
pub async fn issue(
    visit: &mut Visit,
    authority: &Authority,
    application: &Application,
    service: &ProvenService,
) -> Result<Option<ServiceTicket>, Refusal> {
    let Authority::ActiveSession(active) = authority;
    let now = visit.now;
    let ticket = ServiceTicket::generate(&mut visit.rng);
    let row = NewTicket {
        hash: ticket.hash(),
        grant: GrantId::new(now, &mut visit.rng),
        sid: active.session().sid,
        application: &application.id,
        service: service.canonical(),
        from_new_login: active.is_fresh(),
        issued_at: now,
        expires_at: now
            .checked_add(SERVICE_TICKET_TTL)
            .unwrap_or(Timestamp::MAX),
    };
    let entry = visit
        .audit(Event::TicketIssued, Outcome::Success)
        .of(active.session().person)
        .at_application(application.id.as_str())
        .with("grant", row.grant.to_string());
    let mut tx = visit.app.db.write().await?;
    if !sessions::touch(&mut tx, &active.session().id_hash, now).await? {
        return Ok(None);
    }
    tickets::issue(&mut tx, &row).await?;
    audit::record(&mut tx, &entry).await?;
    tx.commit().await?;
    metrics::counter!("cas_tickets_issued_total").increment(1);
    Ok(Some(ticket))
}
