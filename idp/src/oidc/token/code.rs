//! A code for tokens (RFC 6749 §4.1.3). A request of a client that we know burns the code that it
//! names, whatever is wrong with the rest (OID-02, OID-03).

use idp_domain::audit::{Event, Outcome};
use idp_domain::oidc::AuthorizationCode;
use idp_domain::oidc::token::{CodeFault, PresentedCode};
use idp_domain::secrets::Tag;
use idp_storage::codes::{self, ConsumedCode};
use idp_storage::{audit, authorizations};
use jiff::SignedDuration;
use migrations::Tx;

use super::redeemed::{Redeemed, Ripe};
use super::{Asked, invalid_grant, target};
use crate::oidc::answer::Fault;
use crate::oidc::one_use::Noted;
use crate::oidc::tokens::Given;
use crate::visit::Visit;

/// Who comes so soon after the first is the same client twice, or a race that the first has won;
/// who comes later has found or stolen the code (OID-02).
const RACE: SignedDuration = SignedDuration::from_secs(2);

pub(super) async fn redeem(visit: &mut Visit, asked: &Asked) -> Result<Given, Fault> {
    let text = asked.required("code", "code is missing")?;
    let code = AuthorizationCode::parse(text).map_err(|_| invalid_grant())?;
    let hash = code.hash();
    // What never was a code costs a read: anybody can invent one, and the writer is everybody's.
    if !codes::exists(&mut visit.app.db.read().await?, &hash).await? {
        return Err(invalid_grant());
    }
    let mut tx = visit.app.db.write().await?;
    let noted = asked.one_use.note(&mut tx, visit.now).await?;
    let consumed = codes::consume(&mut tx, &hash, visit.now).await?;
    let Some(consumed) = consumed else {
        // Whoever has a spent code can come with it for ever, and leaves nothing behind.
        if replayed(visit, &mut tx, asked, &hash).await? {
            tx.commit().await?;
        }
        return Err(invalid_grant());
    };
    let redeemed = judge(visit, &mut tx, asked, noted, consumed).await?;
    // Committed in any case: the code is gone.
    tx.commit()
        .await
        .map_err(|error| Fault::from(error).in_doubt())?;
    let given = redeemed?.give(visit, asked).await;
    given.map_err(Fault::in_doubt)
}

/// Whether the code that was just consumed is good for this request.
async fn judge(
    visit: &mut Visit,
    tx: &mut Tx,
    asked: &Asked,
    noted: Noted,
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
    let ripe = Ripe {
        authorization: consumed.authorization,
        grant: consumed.grant,
        number: consumed.number.as_deref(),
        subject: consumed.subject.as_deref(),
        granted: &consumed.request.granted,
        event: Event::CodeRedeemed,
    };
    let grant = match ripe.establish(visit, tx, application).await? {
        Ok(grant) => grant,
        Err(denial) => {
            refuse(visit, tx, &consumed, denial.as_str()).await?;
            return Ok(Err(invalid_grant()));
        }
    };
    // The code stands for all that was granted; a narrower token may be asked for (RFC 8707 §2.2).
    match target(visit, asked, grant.granted(), None) {
        Ok(target) => {
            let redeemed = ripe.write(visit, tx, (asked, noted), grant, target);
            Ok(Ok(redeemed.await?))
        }
        Err(fault) => {
            refuse(visit, tx, &consumed, "target").await?;
            Ok(Err(fault))
        }
    }
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

/// The code was consumed before: what it gave ends, unless this is the race that it lost. True
/// where something was written.
async fn replayed(
    visit: &mut Visit,
    tx: &mut Tx,
    asked: &Asked,
    hash: &Tag,
) -> Result<bool, Fault> {
    let Some(spent) = codes::spent(tx, hash).await? else {
        return Ok(false);
    };
    let now = visit.now;
    let late = now.duration_since(spent.consumed_at) > RACE;
    let revoked =
        late && authorizations::revoke(tx, spent.authorization, "code_replay", now).await?;
    let application = &asked.client.application().id;
    // What changes nothing is told so many times an hour.
    let told = revoked || visit.app.client_refusals.take(application, now);
    if told {
        let entry = visit
            .audit(Event::CodeReplayed, Outcome::Refused)
            .at_application(&spent.application)
            .because(if late { "replay" } else { "race" })
            .with("by", application.to_string())
            .with("authorization", spent.authorization.to_string())
            .with("revoked", revoked);
        audit::record(tx, &entry).await?;
    }
    Ok(told)
}
