//! Service and proxy tickets: issued in the name of an authority.

use idp_domain::Timestamp;
use idp_domain::applications::Application;
use idp_domain::audit::{Event, Outcome};
use idp_domain::cas::SERVICE_TICKET_TTL;
use idp_domain::ids::GrantId;
use idp_domain::secrets::{Tag, Use};
use idp_domain::sessions::Authority;
use idp_storage::tickets::{LogoutNotice, NewTicket};
use idp_storage::{audit, sessions, tickets};

use crate::refusal::Refusal;
use crate::visit::Visit;

/// A ticket in clear with what it is bound to.
#[derive(Clone, Copy, Debug)]
pub struct Bound<'a> {
    pub hash: Tag,
    pub text: &'a str,
    /// Canonical.
    pub service: &'a str,
    /// `host[:port]` of the service; nothing where no notice can reach it.
    pub lane: Option<&'a str>,
}

/// Issues a ticket bound to a service. False when the session ended in this moment.
///
/// One short transaction: the use of the session, the grant, the ticket, the audit row.
pub async fn issue(
    visit: &mut Visit,
    authority: Authority<'_>,
    application: &Application,
    bound: Bound<'_>,
) -> Result<bool, Refusal> {
    let now = visit.now;
    // What stands on no session can't end with one: no ticket.
    let (Some(session), Some(number)) = (authority.session(), authority.number()) else {
        return Ok(false);
    };
    let grant = GrantId::new(now, &mut visit.rng);
    let logout = bound.lane.map(|lane| LogoutNotice {
        lane: lane.to_owned(),
        ticket_enc: visit.context.app.keys.seal(
            Use::LogoutTicket,
            grant.0.as_bytes(),
            bound.text.as_bytes(),
            &mut visit.rng,
        ),
    });
    let row = NewTicket {
        hash: bound.hash,
        grant,
        sid: session.sid,
        application: &application.id,
        number: &number.number,
        service: bound.service,
        logout,
        proxied_by: authority.proxied_by(),
        from_new_login: authority.is_fresh(),
        issued_at: now,
        expires_at: now
            .checked_add(SERVICE_TICKET_TTL)
            .unwrap_or(Timestamp::MAX),
    };
    let entry = visit
        .audit(Event::TicketIssued, Outcome::Success)
        .of(session.person)
        .at_application(application.id.as_str())
        .with("grant", row.grant.to_string())
        .with("proxied_by", row.proxied_by.map(|id| id.to_string()));
    let mut tx = visit.app.db.write().await?;
    if !sessions::touch(&mut tx, &session.id_hash, now).await? {
        return Ok(false);
    }
    tickets::issue(&mut tx, &row).await?;
    audit::record(&mut tx, &entry).await?;
    tx.commit().await?;
    metrics::counter!("cas_tickets_issued_total").increment(1);
    Ok(true)
}
