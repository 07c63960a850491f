//! An application for itself (RFC 6749 §4.4).

use idp_domain::audit::{Event, Outcome};
use idp_domain::ids::AuthorizationId;
use idp_domain::oidc::token::{Target, audiences, narrow};
use idp_domain::oidc::{
    ACCESS_TOKEN_TTL, ClaimsRequest, ClientGrant, Disclosure, ErrorCode, Granted, Scope, Scopes,
};
use idp_domain::sessions::Authority;
use idp_storage::audit;
use idp_storage::authorizations::{self, NewAuthorization};

use super::Asked;
use crate::oidc::answer::Fault;
use crate::oidc::tokens::{self, Given, Issue, later};
use crate::visit::Visit;

pub(super) async fn grant(visit: &mut Visit, asked: &Asked) -> Result<Given, Fault> {
    let (application, side) = (asked.client.application(), asked.client.side());
    let unauthorized = |why| Fault::new(ErrorCode::UnauthorizedClient, why);
    if side.is_public() {
        return Err(unauthorized("only a client that shows who it is"));
    }
    let grant = ClientGrant::establish(application)
        .map_err(|_| unauthorized("the application is disabled"))?;
    // Those of the resources: the others speak of people.
    let others = side
        .scopes
        .iter()
        .filter(|scope| matches!(scope, Scope::Other(_)));
    let permitted: Scopes = others.cloned().collect();
    let scopes = narrow(&permitted, asked.form.get("scope"))?;
    let issuer = visit.app.config.server.issuer.as_str();
    let named: Vec<&str> = asked.form.all("resource").collect();
    let permitted = if named.is_empty() {
        &[][..]
    } else {
        &side.audiences
    };
    let audiences = audiences(permitted, named.into_iter(), issuer)?;

    let now = visit.now;
    let id = AuthorizationId::new(now, &mut visit.rng);
    // No UUID and no pairwise name equals it (RFC 9700 §4.15).
    let subject = format!("client:{}", side.client_id);
    let granted = Granted {
        scopes: scopes.clone(),
        claims: ClaimsRequest::default(),
        disclosure: Disclosure::default(),
        nonce: None,
        resources: Vec::new(),
        signed_in_at: now,
        factors: Vec::new(),
        key_thumbprint: None,
        offline: false,
    };
    let new = NewAuthorization {
        id,
        application: &grant.application().id,
        person: None,
        grant: None,
        number: None,
        subject: &subject,
        granted: &granted,
        created_at: now,
        expires_at: later(now, ACCESS_TOKEN_TTL),
    };
    let entry = visit
        .audit(Event::ClientTokenIssued, Outcome::Success)
        .at_application(application.id.as_str())
        .with("scope", granted.scopes.to_string());
    let mut tx = visit.app.db.write().await?;
    let noted = asked.one_use.note(&mut tx, now).await?;
    authorizations::create(&mut tx, &new).await?;
    let issue = Issue {
        client: side,
        authorization: id,
        target: Target { scopes, audiences },
        binding: &asked.binding,
    };
    let draft = tokens::issue(visit, &mut tx, Authority::Client(&grant), noted, issue).await?;
    audit::record(&mut tx, &entry).await?;
    tx.commit().await?;
    draft.give(visit, &asked.client, &subject, None, &asked.binding)
}
