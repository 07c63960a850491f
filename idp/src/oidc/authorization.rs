//! What an authorization is worth now.

use idp_domain::applications::Application;
use idp_domain::oidc::{Held, OfflineGrant};
use idp_domain::signin::Denial;
use idp_storage::authorizations::Authorization;
use idp_storage::{persons, sessions};
use jiff::SignedDuration;
use migrations::Conn;

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
    let held = Held {
        id: authorization.id,
        created_at: authorization.created_at,
        number,
        session,
        not_before,
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
