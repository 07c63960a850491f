//! A refresh token for new tokens (RFC 6749 §6). Each has one successor; who comes with one that
//! had its successor for longer than a lost answer takes ends the family (OID-14).

use idp_domain::audit::{Event, Outcome};
use idp_domain::oidc::token::{PresentedRefresh, RefreshUse, is_disused};
use idp_domain::oidc::{ErrorCode, OfflineGrant, RefreshToken};
use idp_domain::sessions::Authority;
use idp_domain::signin::Denial;
use idp_storage::authorizations::{self, Authorization};
use idp_storage::{audit, sessions};
use migrations::Tx;

use super::{Asked, invalid_grant, target};
use crate::oidc::answer::Fault;
use crate::oidc::authorization::{REFRESH_IDLE, establish, hold_consent};
use crate::oidc::one_use::Noted;
use crate::oidc::tokens::{self, Draft, Given, Issue, Standing};
use crate::visit::Visit;

/// A family ends because one of its tokens came back.
pub const REUSED: &str = "refresh_reuse";

/// What a good refresh token gave, written and not signed yet.
struct Refreshed {
    draft: Draft,
    grant: OfflineGrant,
    successor: RefreshToken,
}

/// Why it gives nothing: a word for the trail, and what the client hears.
struct Unfit(&'static str, Fault);

pub(super) async fn refresh(visit: &mut Visit, asked: &Asked) -> Result<Given, Fault> {
    let text = asked.required("refresh_token", "refresh_token is missing")?;
    // Of those that we made, and of nothing else, is a row looked up.
    let keys = &visit.app.keys;
    let token = RefreshToken::parse(text, keys).map_err(|_| invalid_grant())?;
    let mut tx = visit.app.db.write().await?;
    let Some(held) = authorizations::find(&mut tx, token.authorization).await? else {
        return Err(invalid_grant());
    };
    let noted = asked.one_use.note(&mut tx, visit.now).await?;
    let refreshed = match judge(visit, &mut tx, asked, noted, &held, token).await? {
        Ok(refreshed) => refreshed,
        Err(unfit) => {
            // Whoever has an old token can come with it for ever, and leaves nothing behind.
            if note(visit, &mut tx, asked, &held, unfit.0).await? {
                tx.commit().await?;
            }
            return Err(unfit.1);
        }
    };
    tx.commit()
        .await
        .map_err(|error| Fault::from(error).in_doubt())?;
    let (client, draft) = (&asked.client, &refreshed.draft);
    let standing = Standing {
        grant: &refreshed.grant,
        subject: &held.subject,
        sid: held.grant,
    };
    let granted = Some(refreshed.grant.granted());
    let given = draft.give(visit, client, &held.subject, granted, &asked.binding)?;
    let given = given.with_refresh(visit, Some(refreshed.successor));
    // OpenID Connect Core §12.2: without a nonce, since nobody asked with one.
    given
        .with_id_token(visit, client, draft, standing, None)
        .await
        .map_err(Fault::in_doubt)
}

async fn judge(
    visit: &mut Visit,
    tx: &mut Tx,
    asked: &Asked,
    noted: Noted,
    held: &Authorization,
    token: RefreshToken,
) -> Result<Result<Refreshed, Unfit>, Fault> {
    if let Err(unfit) = belongs(visit, asked, held) {
        return Ok(Err(unfit));
    }
    let (side, now) = (asked.client.side(), visit.now);
    let presented = |held: &Authorization| PresentedRefresh {
        generation: token.generation,
        good: held.generation,
        rotated_at: held.rotated_at,
        now,
    };
    let mut judged = presented(held).judge();
    if judged == RefreshUse::Reused {
        authorizations::revoke(tx, held.id, REUSED, now).await?;
        return Ok(Err(Unfit(REUSED, invalid_grant())));
    }
    if judged == RefreshUse::Unknown {
        return Ok(Err(Unfit("unknown_generation", invalid_grant())));
    }
    let grant = match in_use(visit, tx, asked, held).await? {
        Ok(grant) => grant,
        Err(denial) => return Ok(Err(Unfit(denial.as_str(), invalid_grant()))),
    };
    let target = match target(visit, asked, grant.granted(), asked.form.get("scope")) {
        Ok(target) => target,
        Err(fault) => return Ok(Err(Unfit("target", fault))),
    };
    // FAPI 2.0 Security Profile §5.3.2.1: confidential and bound to its key, it stays the same.
    let rotates = !side.is_fapi2();
    if judged == RefreshUse::Good {
        let done = if rotates {
            authorizations::rotate(tx, held.id, token.generation, now).await?
        } else {
            authorizations::note_use(tx, held.id, token.generation, now).await?
        };
        if !done {
            // Somebody was quicker: the same client twice, or the end of the authorization.
            let newest = authorizations::find(tx, held.id).await?;
            let newest = newest.filter(|newest| !newest.revoked);
            judged = newest.map_or(RefreshUse::Unknown, |newest| presented(&newest).judge());
            if judged != RefreshUse::Again {
                return Ok(Err(Unfit("lost_race", invalid_grant())));
            }
        }
    }
    let successor = if rotates {
        token.successor()
    } else {
        Some(token)
    };
    let Some(successor) = successor else {
        return Ok(Err(Unfit("used_up", invalid_grant())));
    };
    let issue = Issue {
        client: side,
        authorization: held.id,
        target,
        binding: &asked.binding,
    };
    let draft = tokens::issue(visit, tx, Authority::OfflineGrant(&grant), noted, issue).await?;
    let entry = visit
        .audit(Event::TokenRefreshed, Outcome::Success)
        .of(grant.holder().person)
        .at_application(&held.application)
        .with("authorization", held.id.to_string())
        .with("again", judged == RefreshUse::Again);
    audit::record(tx, &entry).await?;
    Ok(Ok(Refreshed {
        draft,
        grant,
        successor,
    }))
}

/// The person's side of it. Her session is used by that: an application asks while she works with
/// it, and without `offline_access` for no other reason. Its end it doesn't move.
async fn in_use(
    visit: &Visit,
    tx: &mut Tx,
    asked: &Asked,
    held: &Authorization,
) -> Result<Result<OfflineGrant, Denial>, Fault> {
    let application = asked.client.application();
    let established = establish(visit, tx, held, application).await?;
    if let Ok(Some(session)) = established.as_ref().map(OfflineGrant::session)
        && !sessions::touch(tx, &session.id_hash, visit.now).await?
    {
        return Ok(Err(Denial::SessionEnded));
    }
    let Some(person) = held.person else {
        return Ok(established);
    };
    // Read once more where she may be asked: she may just have taken it back.
    if hold_consent(tx, person, application).await? {
        return Ok(establish(visit, tx, held, application).await?);
    }
    Ok(established)
}

/// Whether it is this client's, with its key, and not over (OID-15).
fn belongs(visit: &Visit, asked: &Asked, held: &Authorization) -> Result<(), Unfit> {
    let unfit = |word| Err(Unfit(word, invalid_grant()));
    if held.application != asked.client.application().id.as_str() {
        return unfit("other_client");
    }
    if held.revoked {
        return unfit("revoked");
    }
    if visit.now >= held.expires_at || is_disused(held.last_used_at, REFRESH_IDLE, visit.now) {
        return unfit("expired");
    }
    let bound = held.granted.key_thumbprint.as_deref();
    if bound.is_some() && bound != asked.binding.thumbprint() {
        let why = "the DPoP proof is not of the key that the refresh token is bound to";
        return Err(Unfit(
            "other_key",
            Fault::new(ErrorCode::InvalidDpopProof, why),
        ));
    }
    Ok(())
}

/// Writes it down: the end of a family always, the rest so many times an hour. True where
/// something was written.
async fn note(
    visit: &mut Visit,
    tx: &mut Tx,
    asked: &Asked,
    held: &Authorization,
    reason: &'static str,
) -> Result<bool, Fault> {
    let application = &asked.client.application().id;
    let event = match reason {
        REUSED => Event::RefreshReused,
        _ if visit.app.client_refusals.take(application, visit.now) => Event::RefreshRefused,
        _ => return Ok(false),
    };
    let mut entry = visit
        .audit(event, Outcome::Refused)
        .at_application(&held.application)
        .because(reason)
        .with("by", application.to_string())
        .with("authorization", held.id.to_string());
    entry.person = held.person;
    audit::record(tx, &entry).await?;
    Ok(true)
}
