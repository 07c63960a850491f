//! What an authorization is worth now.

use idp_domain::applications::{Application, OidcSide};
use idp_domain::ids::PersonId;
use idp_domain::oidc::{Disclosure, Held, OfflineGrant};
use idp_domain::signin::Denial;
use idp_storage::authorizations::Authorization;
use idp_storage::{consents, persons, sessions};
use jiff::SignedDuration;
use migrations::{Conn, DbError, Tx};

use crate::refusal::Refusal;
use crate::visit::Visit;

/// Offline access ends so long after it was given, used or not.
pub const OFFLINE_LIFE: SignedDuration = SignedDuration::from_hours(365 * 24);
/// And a refresh token that nobody used for so long (RFC 9700 §4.14).
pub const REFRESH_IDLE: SignedDuration = SignedDuration::from_hours(30 * 24);

/// Its person's side, judged as of now: session, person, number, access (OID-16). The caller has
/// seen that the authorization itself is good.
pub async fn establish(
    visit: &Visit,
    conn: &mut Conn,
    authorization: &Authorization,
    application: &Application,
) -> Result<Result<OfflineGrant, Denial>, Refusal> {
    let (session, holder) = match (authorization.grant, authorization.person) {
        (Some(grant), _) => match sessions::find_by_grant(conn, grant.0).await? {
            Some((session, holder)) => (Some(session), holder),
            None => return Ok(Err(Denial::SessionEnded)),
        },
        (None, Some(person)) => match persons::holder(conn, person).await? {
            Some(holder) => (None, holder),
            None => return Ok(Err(Denial::NoValidNumber)),
        },
        (None, None) => return Ok(Err(Denial::SessionEnded)),
    };
    let (Some(number), Some(not_before)) = (authorization.number.clone(), authorization.not_before)
    else {
        return Ok(Err(Denial::NoValidNumber));
    };
    let consented = consented(conn, holder.person, application).await?;
    let held = Held {
        id: authorization.id,
        created_at: authorization.created_at,
        number,
        session,
        not_before,
        granted: authorization.granted.clone(),
        consented,
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

/// What she agrees to, where the application is one that people are asked for.
pub async fn consented(
    conn: &mut Conn,
    person: PersonId,
    application: &Application,
) -> Result<Option<Disclosure>, DbError> {
    if asks_people(application) {
        consents::find(conn, person, &application.id).await
    } else {
        Ok(None)
    }
}

/// For who gives tokens: what she agrees to stays until the transaction ends, where it is asked
/// for at all. Whoever takes it back at this moment finds what was given, and takes it back too.
pub async fn hold_consent(
    tx: &mut Tx,
    person: PersonId,
    application: &Application,
) -> Result<bool, DbError> {
    let asks = asks_people(application);
    if asks {
        consents::hold(tx, person, &application.id).await?;
    }
    Ok(asks)
}

fn asks_people(application: &Application) -> bool {
    let client = application.oidc.as_ref();
    client.is_some_and(OidcSide::asks_people)
}
