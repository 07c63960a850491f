//! The proxy callback (CAS 3.0.3 §2.5.4): an application that validates a ticket with `pgtUrl`
//! gets a proxy-granting ticket by a request of ours to an address that its entry names.
//!
//! Only a 200 counts; everything else fails the validation alike, so that nobody learns from the
//! answer what stands behind an address (TKT-08).

use idp_domain::applications::{Application, ProvenCallback};
use idp_domain::audit::{Event, Outcome};
use idp_domain::cas::{
    FailureReason, LONGEST_CHAIN, ProxyGranting, ProxyGrantingIou, ProxyGrantingTicket,
};
use idp_domain::ids::{GrantId, PersonId, ProxyGrantingId};
use idp_storage::audit;
use idp_storage::proxy_granting_tickets::{self, NewProxyGranting};

use crate::refusal::Refusal;
use crate::visit::Visit;

/// A callback that may be asked, for a ticket that was valid.
#[derive(Debug)]
pub(super) struct Wanted {
    callback: ProvenCallback,
    grant: GrantId,
    person: PersonId,
    application: String,
    parent: Option<ProxyGrantingId>,
    depth: u32,
}

impl Wanted {
    /// What the registry says of `raw`, before anything leaves the house.
    pub(super) fn check(
        visit: &Visit,
        application: &Application,
        raw: &str,
        (grant, person): (GrantId, PersonId),
        parent: Option<&ProxyGranting>,
    ) -> Result<Self, FailureReason> {
        let depth = parent.map_or(0, |parent| parent.depth).saturating_add(1);
        if !application.may_proxy() || depth > LONGEST_CHAIN {
            return Err(FailureReason::ProxyNotAllowed);
        }
        let callback = visit
            .app
            .applications
            .current()
            .callback(&application.id, raw)
            .ok_or(FailureReason::ProxyCallback)?;
        Ok(Self {
            callback,
            grant,
            person,
            application: application.id.to_string(),
            parent: parent.map(|parent| parent.id),
            depth,
        })
    }

    /// Asks the callback, outside of any transaction, and keeps the ticket when it answered 200.
    pub(super) async fn deliver(
        self,
        visit: &mut Visit,
    ) -> Result<Result<ProxyGrantingIou, FailureReason>, Refusal> {
        let ticket = ProxyGrantingTicket::generate(&mut visit.rng);
        let iou = ProxyGrantingIou::generate(&mut visit.rng);
        let address = self.callback.with_pgt(ticket.as_str(), iou.as_str());
        let answer = visit.app.egress.get(&address).await;
        let reached = matches!(&answer, Ok(answer) if answer.status == 200);
        if let Err(error) = &answer {
            tracing::info!(%error, application = self.application, "a proxy callback failed");
        }
        let row = NewProxyGranting {
            id: ProxyGrantingId::new(visit.now, &mut visit.rng),
            hash: ticket.hash(),
            grant: self.grant,
            parent: self.parent,
            callback: self.callback.identity(),
            depth: self.depth,
            created_at: visit.now,
        };
        let mut tx = visit.app.db.write().await?;
        let issued = reached && proxy_granting_tickets::issue(&mut tx, &row).await?;
        let outcome = if issued {
            Outcome::Success
        } else {
            Outcome::Refused
        };
        let mut entry = visit
            .audit(Event::ProxyGranted, outcome)
            .of(self.person)
            .at_application(&self.application);
        if !issued {
            entry = entry.because(if reached { "session_ended" } else { "callback" });
        }
        audit::record(&mut tx, &entry).await?;
        tx.commit().await?;
        Ok(if issued {
            Ok(iou)
        } else {
            Err(FailureReason::ProxyCallback)
        })
    }
}
