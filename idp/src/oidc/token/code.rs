//! A code for tokens (RFC 6749 §4.1.3). A request of a client that we know burns the code that it
//! names, whatever is wrong with the rest (OID-02, OID-03).

use idp_domain::applications::{Application, GrantType};
use idp_domain::audit::{Event, Outcome};
use idp_domain::ids::GrantId;
use idp_domain::oidc::token::{CodeFault, PresentedCode, audiences, narrow};
use idp_domain::oidc::{
    ACCESS_TOKEN_TTL, AuthorizationCode, Granted, Held, OfflineGrant, RefreshToken,
};
use idp_domain::secrets::Tag;
use idp_domain::sessions::Authority;
use idp_domain::signin::Denial;
use idp_storage::authorizations::{self, NewAuthorization};
use idp_storage::codes::{self, ConsumedCode};
use idp_storage::{audit, sessions};
use jiff::SignedDuration;
use migrations::Tx;

use super::{Asked, invalid_grant};
use crate::oidc::answer::Fault;
use crate::oidc::authorization::OFFLINE_LIFE;
use crate::oidc::tokens::{self, Draft, Given, Issue, Standing, later};
use crate::visit::Visit;

/// Who comes so soon after the first is the same client twice, or a race that the first has won;
/// who comes later has found or stolen the code (OID-02).
const RACE: SignedDuration = SignedDuration::from_secs(2);

/// What a good code gave, written and not signed yet.
struct Redeemed {
    draft: Draft,
    grant: OfflineGrant,
    granted: Granted,
    subject: String,
    sid: GrantId,
    refresh: Option<RefreshToken>,
}

pub(super) async fn redeem(visit: &mut Visit, asked: &Asked) -> Result<Given, Fault> {
    let text = asked.required("code", "code is missing")?;
    let code = AuthorizationCode::parse(text).map_err(|_| invalid_grant())?;
    let hash = code.hash();
    // What never was a code costs a read: anybody can invent one, and the writer is everybody's.
    if !codes::exists(&mut visit.app.db.read().await?, &hash).await? {
        return Err(invalid_grant());
    }
    let mut tx = visit.app.db.write().await?;
    let consumed = codes::consume(&mut tx, &hash, visit.now).await?;
    let redeemed = if let Some(consumed) = consumed {
        judge(visit, &mut tx, asked, consumed).await?
    } else {
        replayed(visit, &mut tx, asked, &hash).await?;
        Err(invalid_grant())
    };
    // Committed in any case: the code is gone.
    tx.commit().await?;
    let redeemed = redeemed?;
    let standing = Standing {
        grant: &redeemed.grant,
        subject: &redeemed.subject,
        granted: &redeemed.granted,
        sid: Some(redeemed.sid),
    };
    let (client, draft) = (&asked.client, &redeemed.draft);
    let nonce = redeemed.granted.nonce.as_deref();
    let granted = Some(&redeemed.granted);
    let given = draft.give(visit, client, &redeemed.subject, granted, &asked.binding)?;
    let given = given.with_refresh(visit, redeemed.refresh);
    given
        .with_id_token(visit, client, draft, standing, nonce)
        .await
}

/// Whether the code that was just consumed is good for this request.
async fn judge(
    visit: &mut Visit,
    tx: &mut Tx,
    asked: &Asked,
    consumed: ConsumedCode,
) -> Result<Result<Redeemed, Fault>, Fault> {
    let application = asked.client.application();
    let presented = PresentedCode {
        application: &application.id,
        redirect_uri: asked.form.get("redirect_uri"),
        code_verifier: asked.form.get("code_verifier"),
        key_thumbprint: asked.binding.thumbprint(),
        at: visit.now,
    };
    let judged = presented.judge(
        &consumed.application,
        &consumed.request,
        consumed.expires_at,
    );
    if let Err(fault) = judged {
        refuse(visit, tx, &consumed, fault.as_str()).await?;
        // RFC 9449 §10 leaves the word open; the client should look at its proof.
        return Ok(Err(match fault {
            CodeFault::OtherKey => Fault::new(
                idp_domain::oidc::ErrorCode::InvalidDpopProof,
                "the DPoP proof is not of the key that the request announced",
            ),
            _ => invalid_grant(),
        }));
    }
    let grant = match establish(visit, tx, application, &consumed).await? {
        Ok(grant) => grant,
        Err(denial) => {
            refuse(visit, tx, &consumed, denial.as_str()).await?;
            return Ok(Err(invalid_grant()));
        }
    };
    // The code stands for all that was granted; a narrower token may be asked for (RFC 8707 §2.2).
    let granted = &consumed.request.granted;
    let issuer = visit.app.config.server.issuer.as_str();
    let scopes = narrow(&granted.scopes, None);
    let audiences = audiences(&granted.resources, asked.form.all("resource"), issuer);
    match (scopes, audiences) {
        (Ok(scopes), Ok(audiences)) => {
            let issue = Issue {
                client: asked.client.side(),
                authorization: consumed.authorization,
                scopes,
                audiences,
                binding: &asked.binding,
            };
            let redeemed = write(visit, tx, asked, grant, &consumed, issue).await?;
            Ok(Ok(redeemed))
        }
        (Err(error), _) | (_, Err(error)) => {
            refuse(visit, tx, &consumed, "target").await?;
            Ok(Err(error.into()))
        }
    }
}

/// Whether session, person and number still are what they were when the code was issued.
async fn establish(
    visit: &Visit,
    tx: &mut Tx,
    application: &Application,
    consumed: &ConsumedCode,
) -> Result<Result<OfflineGrant, Denial>, Fault> {
    let found = sessions::find_by_grant(tx, consumed.grant.0).await?;
    let (Some((session, holder)), Some(number)) = (found, consumed.number.clone()) else {
        return Ok(Err(Denial::SessionEnded));
    };
    let held = Held {
        id: consumed.authorization,
        created_at: visit.now,
        number,
        not_before: session.not_before,
        session: Some(session),
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
async fn write(
    visit: &mut Visit,
    tx: &mut Tx,
    asked: &Asked,
    grant: OfflineGrant,
    consumed: &ConsumedCode,
    issue: Issue<'_>,
) -> Result<Redeemed, Fault> {
    let (side, now) = (asked.client.side(), visit.now);
    let subject = consumed.subject.clone().unwrap_or_default();
    let granted = Granted {
        key_thumbprint: asked.binding.of_refresh(side),
        ..consumed.request.granted.clone()
    };
    let refreshes = side.grants(GrantType::RefreshToken);
    let session_end = grant
        .session()
        .map(|s| s.ends_at(&visit.app.session_rules()));
    let expires_at = match session_end {
        _ if !refreshes => later(now, ACCESS_TOKEN_TTL),
        Some(end) if !granted.offline => end.max(later(now, ACCESS_TOKEN_TTL)),
        _ => later(now, OFFLINE_LIFE),
    };
    let new = NewAuthorization {
        id: consumed.authorization,
        application: &grant.application().id,
        person: Some(grant.holder().person),
        grant: (!granted.offline).then_some(consumed.grant),
        number: Some(&grant.number().number),
        subject: &subject,
        granted: &granted,
        created_at: now,
        expires_at,
    };
    authorizations::create(tx, &new).await?;
    let draft = tokens::issue(visit, tx, Authority::OfflineGrant(&grant), issue).await?;
    let entry = visit
        .audit(Event::CodeRedeemed, Outcome::Success)
        .of(grant.holder().person)
        .at_application(grant.application().id.as_str())
        .with("authorization", consumed.authorization.to_string())
        .with("scope", granted.scopes.to_string());
    audit::record(tx, &entry).await?;
    let refresh = refreshes.then(|| RefreshToken::new(consumed.authorization, 0));
    Ok(Redeemed {
        draft,
        grant,
        granted,
        subject,
        sid: consumed.grant,
        refresh,
    })
}

async fn refuse(
    visit: &mut Visit,
    tx: &mut Tx,
    consumed: &ConsumedCode,
    reason: &'static str,
) -> Result<(), Fault> {
    let entry = visit
        .audit(Event::CodeRefused, Outcome::Refused)
        .at_application(&consumed.application)
        .because(reason);
    audit::record(tx, &entry).await?;
    Ok(())
}

/// The code was consumed before: what it gave ends, unless this is the race that it lost.
async fn replayed(visit: &mut Visit, tx: &mut Tx, asked: &Asked, hash: &Tag) -> Result<(), Fault> {
    let Some(spent) = codes::spent(tx, hash).await? else {
        return Ok(());
    };
    let now = visit.now;
    let late = now.duration_since(spent.consumed_at) > RACE;
    let revoked =
        late && authorizations::revoke(tx, spent.authorization, "code_replay", now).await?;
    let application = &asked.client.application().id;
    // Whoever has a spent code can come with it for ever: what changes nothing is told so often.
    if revoked || visit.app.client_refusals.take(application, now) {
        let entry = visit
            .audit(Event::CodeReplayed, Outcome::Refused)
            .at_application(&spent.application)
            .because(if late { "replay" } else { "race" })
            .with("by", application.to_string())
            .with("authorization", spent.authorization.to_string())
            .with("revoked", revoked);
        audit::record(tx, &entry).await?;
    }
    Ok(())
}
