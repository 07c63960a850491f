//! The probe's session and its ticket.

use idp_domain::applications::ProvenService;
use idp_domain::cas::ServiceTicket;
use idp_domain::ids::Sid;
use idp_domain::secrets::random_base62;
use idp_domain::sessions::{ActiveSession, Authority, Session};
use idp_domain::signin::{Holder, PROBE_NUMBER, Wishes};
use idp_storage::sessions::{NewSession, SessionKind};
use idp_storage::{probes, sessions};
use jiff::{SignedDuration, Timestamp};

use super::{CantExamine, Doctor};
use crate::cas::tickets;
use crate::sessions::cookie_hash;
use crate::visit::Visit;

/// How much longer than the doctor waits its session lives, at most.
const GRACE: SignedDuration = SignedDuration::from_mins(1);

impl Doctor<'_> {
    /// A ticket for a service of the application, with the session that it stands on; nothing where
    /// the probe may not have one.
    pub(super) async fn issue(
        &self,
        visit: &mut Visit,
        service: &ProvenService,
    ) -> Result<Option<(Session, ServiceTicket)>, CantExamine> {
        let session = self.open_session(visit).await?;
        let issuing = ActiveSession::establish(
            session.clone(),
            Holder::probe_of(self.application.id.clone()),
            Some(&self.application),
            None,
            &self.app.step_policy(),
            // As after a sign-in: an application may want that (`renew`, `require_fresh`).
            true,
            visit.now,
        );
        let Ok(active) = issuing else {
            return Ok(None);
        };
        let ticket = ServiceTicket::generate(&mut visit.rng);
        let bound = tickets::Bound {
            hash: ticket.hash(),
            text: ticket.as_str(),
            service: service.canonical(),
            lane: Some(service.lane()),
        };
        let authority = Authority::ActiveSession(&active);
        let issued = tickets::issue(visit, authority, &self.application, bound).await?;
        Ok(issued.then_some((session, ticket)))
    }

    /// A session of the probe's. Nobody knows its secret, and by it nobody would find it.
    async fn open_session(&self, visit: &mut Visit) -> Result<Session, CantExamine> {
        let now = visit.now;
        let within = SignedDuration::try_from(self.plan.within).unwrap_or(GRACE);
        let id_hash = cookie_hash(&random_base62(43, &mut visit.rng));
        let sid = Sid::new(now, &mut visit.rng);
        let mut tx = self.app.db.write().await?;
        let person = probes::ensure(&mut tx, now).await?;
        let session = Session {
            id_hash,
            sid,
            person,
            factors: Vec::new(),
            signed_in_at: now,
            last_seen_at: now,
            expires_at: now
                .checked_add(within.saturating_add(GRACE))
                .unwrap_or(Timestamp::MAX),
            ended: false,
            warn: false,
            remembered: false,
            not_before: Timestamp::UNIX_EPOCH,
        };
        let row = NewSession {
            id_hash,
            sid,
            person,
            number: PROBE_NUMBER,
            factors: &session.factors,
            signed_in_at: now,
            expires_at: session.expires_at,
            address: None,
            user_agent: None,
            wishes: Wishes::default(),
            kind: SessionKind::Probe,
        };
        sessions::create(&mut tx, &row).await?;
        tx.commit().await?;
        Ok(session)
    }
}
