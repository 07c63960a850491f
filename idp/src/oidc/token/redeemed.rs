//! What a person let an application have, and it comes for: with her code, or as the device that
//! she let in.

use idp_domain::applications::{Application, GrantType};
use idp_domain::audit::{Event, Outcome};
use idp_domain::ids::{AuthorizationId, GrantId};
use idp_domain::oidc::token::Target;
use idp_domain::oidc::{ACCESS_TOKEN_TTL, Granted, Held, OfflineGrant, RefreshToken};
use idp_domain::sessions::Authority;
use idp_domain::signin::Denial;
use idp_storage::authorizations::{self, NewAuthorization};
use idp_storage::{audit, sessions};
use migrations::Tx;

use super::Asked;
use crate::oidc::answer::Fault;
use crate::oidc::authorization::{OFFLINE_LIFE, consented, hold_consent};
use crate::oidc::one_use::Noted;
use crate::oidc::tokens::{self, Draft, Given, Issue, Standing, later};
use crate::visit::Visit;

/// What may be fetched once; the caller has just consumed it.
pub(super) struct Ripe<'a> {
    /// Of the authorization that it becomes.
    pub(super) authorization: AuthorizationId,
    pub(super) grant: GrantId,
    /// Canonical account number that the application knows the person by.
    pub(super) number: Option<&'a str>,
    pub(super) subject: Option<&'a str>,
    pub(super) granted: &'a Granted,
    /// How the trail calls its fetching.
    pub(super) event: Event,
}

/// What it gave, written and not signed yet.
pub(super) struct Redeemed {
    draft: Draft,
    grant: OfflineGrant,
    granted: Granted,
    subject: String,
    sid: GrantId,
    refresh: Option<RefreshToken>,
}

impl Ripe<'_> {
    /// Whether session, person and number still are what they were when she agreed.
    pub(super) async fn establish(
        &self,
        visit: &Visit,
        tx: &mut Tx,
        application: &Application,
    ) -> Result<Result<OfflineGrant, Denial>, Fault> {
        // Held to the end of the transaction: what is written now is seen by who ends the session,
        // and ends with it (SES-10).
        if !sessions::touch_of_grant(tx, self.grant, visit.now).await? {
            return Ok(Err(Denial::SessionEnded));
        }
        let found = sessions::find_by_grant(tx, self.grant.0).await?;
        let (Some((session, holder)), Some(number)) = (found, self.number) else {
            return Ok(Err(Denial::SessionEnded));
        };
        hold_consent(tx, holder.person, application).await?;
        let held = Held {
            id: self.authorization,
            created_at: visit.now,
            number: number.to_owned(),
            not_before: session.not_before,
            session: Some(session),
            granted: self.granted.clone(),
            consented: consented(tx, holder.person, application).await?,
        };
        let (rules, policy) = (visit.app.session_rules(), visit.app.step_policy());
        Ok(OfflineGrant::establish(
            held,
            holder,
            application,
            &rules,
            &policy,
            visit.now,
        ))
    }

    /// The authorization, its first token, the audit row.
    pub(super) async fn write(
        &self,
        visit: &mut Visit,
        tx: &mut Tx,
        (asked, noted): (&Asked, Noted),
        grant: OfflineGrant,
        target: Target,
    ) -> Result<Redeemed, Fault> {
        let (side, now) = (asked.client.side(), visit.now);
        let subject = self.subject.unwrap_or_default().to_owned();
        let granted = Granted {
            key_thumbprint: asked.binding.of_refresh(side),
            ..grant.granted().clone()
        };
        let refreshes = side.grants(GrantType::RefreshToken);
        // What is bound to a session ends with whichever session its grant is in by then
        // (`sessions::hand_on`): that is looked up each time, and not written down here.
        let life = if refreshes {
            OFFLINE_LIFE
        } else {
            ACCESS_TOKEN_TTL
        };
        let new = NewAuthorization {
            id: self.authorization,
            application: &grant.application().id,
            person: Some(grant.holder().person),
            grant: (!granted.offline).then_some(self.grant),
            number: Some(&grant.number().number),
            subject: &subject,
            granted: &granted,
            created_at: now,
            expires_at: later(now, life),
        };
        authorizations::create(tx, &new).await?;
        let issue = Issue {
            client: side,
            authorization: self.authorization,
            target,
            binding: &asked.binding,
        };
        let draft = tokens::issue(visit, tx, Authority::OfflineGrant(&grant), noted, issue).await?;
        let entry = visit
            .audit(self.event, Outcome::Success)
            .of(grant.holder().person)
            .at_application(grant.application().id.as_str())
            .with("authorization", self.authorization.to_string())
            .with("scope", granted.scopes.to_string());
        audit::record(tx, &entry).await?;
        let refresh = refreshes.then(|| RefreshToken::new(self.authorization, 0));
        Ok(Redeemed {
            draft,
            grant,
            granted,
            subject,
            sid: self.grant,
            refresh,
        })
    }
}

impl Redeemed {
    /// The answer, signed.
    ///
    /// # Errors
    /// [`Fault`] when a claim can't be read or a key can't sign.
    pub(super) async fn give(self, visit: &Visit, asked: &Asked) -> Result<Given, Fault> {
        let standing = Standing {
            grant: &self.grant,
            subject: &self.subject,
            sid: Some(self.sid),
        };
        let (client, draft) = (&asked.client, &self.draft);
        let nonce = self.granted.nonce.as_deref();
        let granted = Some(&self.granted);
        let given = draft.give(visit, client, &self.subject, granted, &asked.binding)?;
        let given = given.with_refresh(visit, self.refresh);
        given
            .with_id_token(visit, client, draft, standing, nonce)
            .await
    }
}
