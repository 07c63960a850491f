//! Tokens that run out are renewed by the server while somebody uses the hall. By that the hall
//! also learns that the session at the provider is over, within an access token's life.

use jiff::{SignedDuration, Timestamp};

use super::session::{Inside, Person, Session, renew_at};
use crate::app::App;
use crate::provider::BadAnswer;
use crate::refusal::Refusal;
use crate::store::sessions;

/// Longer than an answer is waited for.
const CLAIM: SignedDuration = SignedDuration::from_secs(15);
/// While the provider is away, a session goes on with what it has, and tries again after this.
const AGAIN: SignedDuration = SignedDuration::from_secs(30);

/// The session with renewed tokens where they run out; none when it is over at the provider.
pub(super) async fn if_due(
    app: &App,
    session: Session,
    now: Timestamp,
) -> Result<Option<Session>, Refusal> {
    if session.row.renew_at().is_none_or(|at| at > now) {
        return Ok(Some(session));
    }
    let until = now.saturating_add(CLAIM).unwrap_or(now);
    let mut tx = app.db.write().await?;
    let (id, version) = (session.row.id, session.row.version);
    let ours = sessions::claim(&mut tx, id, version, until, now).await?;
    tx.commit().await?;
    if !ours {
        // Another request does; what we have serves for the page.
        return Ok(Some(session));
    }
    renew(app, session, now).await
}

async fn renew(app: &App, session: Session, now: Timestamp) -> Result<Option<Session>, Refusal> {
    let Session { row, inside } = session;
    let (provider, config) = (&app.provider, &app.config);
    let refreshed = provider.refresh(config, &row.subject, &inside.tokens, now);
    let outcome = match refreshed.await {
        Ok((tokens, until)) => {
            let told = provider.userinfo(config, &row.subject, &tokens.access, now);
            let person = match told.await {
                Ok(told) => Person::of(&told),
                Err(error) => {
                    tracing::warn!(%error, "userinfo");
                    inside.person
                }
            };
            let at = renew_at(&tokens, until);
            Some((Inside { person, tokens }, at, "renewed"))
        }
        Err(BadAnswer::Away(reason) | BadAnswer::Refused(reason)) => {
            tracing::warn!(reason, "tokens can't be renewed now");
            let again = now.saturating_add(AGAIN).unwrap_or(now);
            Some((inside, Some(again), "put_off"))
        }
        // The provider's session is over, or somebody else speaks for it.
        Err(BadAnswer::Ended) => None,
        Err(BadAnswer::Untrusted(reason)) => {
            tracing::warn!(reason, "renewed tokens are not believed");
            None
        }
    };
    let mut tx = app.db.write().await?;
    let Some((inside, at, word)) = outcome else {
        sessions::end(&mut tx, row.id).await?;
        tx.commit().await?;
        metrics::counter!("hall_renewals_total", "outcome" => "ended").increment(1);
        return Ok(None);
    };
    let sealed = inside.seal(app, row.id);
    let kept = sessions::renewed(&mut tx, row.id, row.version, &sealed, at).await?;
    tx.commit().await?;
    metrics::counter!("hall_renewals_total", "outcome" => word).increment(1);
    // Not kept: a logout token came meanwhile.
    Ok(kept.then_some(Session { row, inside }))
}
