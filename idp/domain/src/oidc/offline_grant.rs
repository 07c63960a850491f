use jiff::Timestamp;

use crate::applications::{AccessDenial, Application};
use crate::ids::AuthorizationId;
use crate::oidc::{Disclosure, Granted, Scope};
use crate::sessions::{Session, SessionRules};
use crate::signin::{Denial, HeldNumber, Holder, StepPolicy, may_issue};

/// An authorization as its row says.
#[derive(Clone, Debug)]
pub struct Held {
    pub id: AuthorizationId,
    pub created_at: Timestamp,
    /// The canonical number that the application was given.
    pub number: String,
    /// The session that it ends with; nothing for offline access.
    pub session: Option<Session>,
    /// The person's: nothing older than this counts.
    pub not_before: Timestamp,
    pub granted: Granted,
    /// What she agrees to by now, where the application is one that people are asked for.
    pub consented: Option<Disclosure>,
}

/// An application's right to tokens of a person who needn't be there: with a code that she sent,
/// with a refresh token, with a device that she let in. There is one way to get it.
#[derive(Clone, Debug)]
pub struct OfflineGrant {
    held: Held,
    holder: Holder,
    application: Application,
    number: HeldNumber,
    granted: Granted,
}

impl OfflineGrant {
    /// Judges session, person, number and consent, each as of now (OID-16).
    ///
    /// # Errors
    /// The [`Denial`] of [`may_issue`]; [`Denial::SessionEnded`] where the session, or the time
    /// before which nothing counts, has overtaken it; [`Denial::ConsentWithdrawn`].
    pub fn establish(
        held: Held,
        holder: Holder,
        application: &Application,
        rules: &SessionRules,
        policy: &StepPolicy,
        now: Timestamp,
    ) -> Result<Self, Denial> {
        let lives = match &held.session {
            Some(session) => session.is_live(rules, now),
            None => held.created_at >= held.not_before,
        };
        if !lives {
            return Err(Denial::SessionEnded);
        }
        may_issue(&holder, Some(application), policy, now)?;
        // The one that it was given, so that a choice or an import in between changes nothing.
        let candidates = application.candidates(&holder, now);
        let number = candidates.into_iter().find(|n| n.number == held.number);
        let number = number
            .cloned()
            .ok_or(Denial::NoAccess(AccessDenial::Number {
                rule: application.account_number,
            }))?;
        let granted = held.granted_by_now(application)?;
        Ok(Self {
            held,
            holder,
            application: application.clone(),
            number,
            granted,
        })
    }

    pub fn id(&self) -> AuthorizationId {
        self.held.id
    }

    pub fn session(&self) -> Option<&Session> {
        self.held.session.as_ref()
    }

    pub fn holder(&self) -> &Holder {
        &self.holder
    }

    pub fn application(&self) -> &Application {
        &self.application
    }

    /// The number by which the application knows her.
    pub fn number(&self) -> &HeldNumber {
        &self.number
    }

    /// What holds by now of what was granted.
    pub fn granted(&self) -> &Granted {
        &self.granted
    }
}

impl Held {
    fn granted_by_now(&self, application: &Application) -> Result<Granted, Denial> {
        let Some(client) = &application.oidc else {
            return Err(Denial::ConsentWithdrawn);
        };
        let mut granted = match &self.consented {
            _ if !client.asks_people() => self.granted.clone(),
            Some(consented) => self.granted.within(consented),
            // Who was told nothing had nothing to agree to.
            None if self.granted.disclosure.is_empty() => self.granted.clone(),
            None => return Err(Denial::ConsentWithdrawn),
        };
        granted.scopes = granted.scopes.both(&client.scopes);
        if granted.offline && !granted.scopes.has(&Scope::OfflineAccess) {
            return Err(Denial::ConsentWithdrawn);
        }
        Ok(granted)
    }
}
