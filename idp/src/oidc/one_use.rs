//! What counts once of what a request shows: its client's assertion, and the proof of its key.

use idp_domain::Timestamp;
use idp_domain::oidc::SpendOnce;
use idp_storage::spent_ids;
use migrations::Tx;

use super::answer::Fault;
use super::client_auth;
use super::dpop::ProofFault;
use crate::visit::Visit;

/// Their ids. Both were checked, neither is noted yet: it happens in the transaction of what they
/// permit, so that who has nothing to fetch writes nothing.
#[derive(Debug, Default)]
pub struct OneUse {
    pub assertion: Option<SpendOnce>,
    pub proof: Option<SpendOnce>,
}

/// They were noted in the transaction at hand: what is issued in it asks for this.
#[derive(Clone, Copy, Debug)]
pub struct Noted(());

impl OneUse {
    /// Notes both. After an error nothing of the transaction may stay.
    ///
    /// # Errors
    /// [`Fault`] where one was seen before.
    pub async fn note(&self, tx: &mut Tx, now: Timestamp) -> Result<Noted, Fault> {
        if let Some(assertion) = &self.assertion
            && !spent_ids::spend(tx, assertion, now).await?
        {
            return Err(client_auth::refused("used_assertion"));
        }
        if let Some(proof) = &self.proof
            && !spent_ids::spend(tx, proof, now).await?
        {
            return Err(ProofFault::USED.into());
        }
        Ok(Noted(()))
    }

    /// The answer to a request. One that was refused used up its assertion all the same, which
    /// its client alone could make (OID-12); a proof anybody can make, and without a grant it
    /// stays unwritten. Who is asked to come again as she is has lost neither.
    ///
    /// # Errors
    /// The [`Fault`] that there is, or ours.
    pub async fn settle<T>(&self, visit: &Visit, answered: Result<T, Fault>) -> Result<T, Fault> {
        if let (Err(fault), Some(assertion)) = (&answered, &self.assertion)
            && !fault.invites_again()
        {
            let mut tx = visit.app.db.write().await?;
            spent_ids::spend(&mut tx, assertion, visit.now).await?;
            tx.commit().await?;
        }
        answered
    }
}
