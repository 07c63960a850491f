//! Authorization codes: issued in the name of an authority.

use idp_domain::Timestamp;
use idp_domain::applications::OidcSide;
use idp_domain::audit::{Event, Outcome};
use idp_domain::ids::{AuthorizationId, GrantId};
use idp_domain::oidc::{AuthorizationCode, CODE_TTL, subject};
use idp_domain::sessions::Authority;
use idp_storage::codes::{NewCode, SessionGrant};
use idp_storage::{audit, codes, consents, pushed_requests, sessions};

use super::ask::Asked;
use crate::refusal::Refusal;
use crate::visit::Visit;

/// What came of it.
#[derive(Debug)]
pub enum Issued {
    Code(AuthorizationCode),
    /// Signed out, or what she agreed to taken back, on another tab in this very moment.
    Overtaken,
    /// The pushed request was answered in another tab.
    RequestSpent,
}

/// Issues a code for a request.
///
/// One short transaction: the pushed request if there was one, the use of the session, the consent
/// where one is needed, the grant, the code, the audit row.
pub async fn issue(
    visit: &mut Visit,
    authority: Authority<'_>,
    asked: &Asked,
) -> Result<Issued, Refusal> {
    let now = visit.now;
    let (Some(session), Some(number)) = (authority.session(), authority.number()) else {
        return Ok(Issued::Overtaken);
    };
    let request = &asked.request;
    let application = &request.application.id;
    let code = AuthorizationCode::generate(&mut visit.rng);
    let first = GrantId::new(now, &mut visit.rng);
    let authorization = AuthorizationId::new(now, &mut visit.rng);
    let client = &request.client;
    let known_as = subject(&visit.app.keys, &client.subject_type, session.person);
    let lane = lane(client);
    let stands_for = request.code_request(session.signed_in_at, &session.factors);
    // Who may be told what of whom, without the values.
    let told: Vec<String> = request
        .disclosure()
        .iter()
        .map(ToString::to_string)
        .collect();
    let entry = visit
        .audit(Event::CodeIssued, Outcome::Success)
        .of(session.person)
        .at_application(application.as_str())
        .with("scope", stands_for.granted.scopes.to_string())
        .with("discloses", told)
        .with("authorization", authorization.to_string());
    let mut tx = visit.app.db.write().await?;
    if let Some(pushed) = &asked.pushed
        && !pushed_requests::consume(&mut tx, pushed, now).await?
    {
        return Ok(Issued::RequestSpent);
    }
    if !sessions::touch(&mut tx, &session.id_hash, now).await? {
        return Ok(Issued::Overtaken);
    }
    if request.asks_consent() {
        let agreed = consents::hold(&mut tx, session.person, application).await?;
        if !stands_for
            .granted
            .disclosure
            .is_within(&agreed.unwrap_or_default())
        {
            return Ok(Issued::Overtaken);
        }
    }
    let grant = SessionGrant {
        id: first,
        sid: session.sid,
        application,
        number: &number.number,
        subject: &known_as,
        lane: lane.as_deref(),
        at: now,
    };
    let grant = codes::grant(&mut tx, &grant).await?;
    let row = NewCode {
        hash: code.hash(),
        authorization,
        grant,
        application,
        request: &stands_for,
        number: &number.number,
        subject: &known_as,
        issued_at: now,
        expires_at: now.checked_add(CODE_TTL).unwrap_or(Timestamp::MAX),
    };
    codes::issue(&mut tx, &row).await?;
    audit::record(&mut tx, &entry.with("grant", grant.to_string())).await?;
    tx.commit().await?;
    metrics::counter!("oidc_codes_issued_total").increment(1);
    Ok(Issued::Code(code))
}

/// `host:port` of where a client is told of the logout; nothing where it isn't.
pub(super) fn lane(client: &OidcSide) -> Option<String> {
    let logout = client.back_channel_logout.as_ref()?;
    let url = logout.uri.outbound();
    Some(format!("{}:{}", url.host(), url.port()))
}
