use std::sync::Arc;

use jiff::Timestamp;

use super::ProxyFailureReason;
use crate::applications::{Application, NumberFor};
use crate::ids::{GrantId, ProxyGrantingId};
use crate::sessions::{Session, SessionRules};
use crate::signin::{HeldNumber, Holder, StepPolicy, may_issue};

/// How many applications may act for one another in a row (TKT-11).
pub const LONGEST_CHAIN: u32 = 3;

/// A proxy-granting ticket as its row says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProxyGranting {
    pub id: ProxyGrantingId,
    /// The grant that it came from.
    pub grant: GrantId,
    /// Whose it is.
    pub application: String,
    /// Its callback, by which the application is named in the chain (§2.6.2).
    pub callback: String,
    /// 1 for an application that the person's own browser went to.
    pub depth: u32,
}

/// An application's right to get a ticket for another one in a person's name, now
/// (CAS 3.0.3 §2.7). There is one way to get it.
#[derive(Clone, Debug)]
pub struct ProxyGrant {
    granting: ProxyGranting,
    session: Session,
    number: HeldNumber,
}

impl ProxyGrant {
    /// Judges session, chain and person, each as of now: what was right when the proxy-granting
    /// ticket was made may have changed since. `chain` has the application that asks, then the
    /// ones by which it came to act, the most recent first.
    ///
    /// # Errors
    /// [`ProxyFailureReason`]
    #[expect(clippy::too_many_arguments, reason = "all that the one question needs")]
    pub fn establish(
        granting: ProxyGranting,
        session: Session,
        holder: &Holder,
        (chain, target): (&[Arc<Application>], &Application),
        chosen: Option<&str>,
        rules: &SessionRules,
        policy: &StepPolicy,
        now: Timestamp,
    ) -> Result<Self, ProxyFailureReason> {
        if !session.is_live(rules, now) {
            return Err(ProxyFailureReason::UnknownTicket);
        }
        // Nobody who acts for a person can show her password: the ticket would never validate.
        if target.wants_credentials() {
            return Err(ProxyFailureReason::TargetNotAllowed);
        }
        if granting.depth > LONGEST_CHAIN {
            return Err(ProxyFailureReason::ChainTooLong);
        }
        chain_holds(chain, target, holder, policy, now)?;
        may_issue(holder, Some(target), policy, now)
            .map_err(|_| ProxyFailureReason::NoLongerAllowed)?;
        let NumberFor::One(number) = target.number_for(holder, chosen, now) else {
            return Err(ProxyFailureReason::NoLongerAllowed);
        };
        Ok(Self {
            number: number.clone(),
            granting,
            session,
        })
    }

    pub fn granting(&self) -> &ProxyGranting {
        &self.granting
    }

    pub fn session(&self) -> &Session {
        &self.session
    }

    /// The number by which the target knows her.
    pub fn number(&self) -> &HeldNumber {
        &self.number
    }
}

/// Whether each of `chain`, the most recent first, may still act at the one that it acts at, the
/// first of them at `target`, and whether the person may still use each (TKT-11). One that was
/// withdrawn takes the right of all that came by it.
///
/// # Errors
/// [`ProxyFailureReason::TargetNotAllowed`] for a pair,
/// [`ProxyFailureReason::NoLongerAllowed`] for an application or an empty chain.
pub fn chain_holds(
    chain: &[Arc<Application>],
    target: &Application,
    holder: &Holder,
    policy: &StepPolicy,
    now: Timestamp,
) -> Result<(), ProxyFailureReason> {
    if chain.is_empty() {
        return Err(ProxyFailureReason::NoLongerAllowed);
    }
    let mut acts_at = target;
    for proxy in chain {
        if !proxy.may_proxy_to(&acts_at.id) {
            return Err(ProxyFailureReason::TargetNotAllowed);
        }
        may_issue(holder, Some(proxy), policy, now)
            .map_err(|_| ProxyFailureReason::NoLongerAllowed)?;
        acts_at = proxy;
    }
    Ok(())
}
