//! A token that came back: what it is, and whether it is still good. What a token that can be read
//! says of itself is believed for its signature and its `jti`; the rest is in its row (OID-24).

use std::sync::Arc;

use idp_domain::applications::{Application, ApplicationId};
use idp_domain::oidc::jose::Typ;
use idp_domain::oidc::{ClientGrant, OfflineGrant, OpaqueAccessToken};
use idp_domain::secrets::Tag;
use idp_storage::access_tokens::{self, AccessToken};
use idp_storage::authorizations::{self, Authorization};
use migrations::Conn;

use super::authorization::establish;
use super::tokens::jti_hash;
use crate::refusal::Refusal;
use crate::visit::Visit;

/// An access token that we gave, with all that it stands on.
#[derive(Debug)]
pub struct Presented {
    pub token: AccessToken,
    pub authorization: Authorization,
    /// Which the token belongs to, as of now; with an `oidc` side.
    pub application: Arc<Application>,
}

/// In whose name a good token speaks.
#[derive(Debug)]
pub enum Speaks {
    /// On the heap: it holds the person.
    Person(Box<OfflineGrant>),
    Client,
}

/// What the row of a token is found by; nothing for what we never made. A token of another type is
/// none either (OID-17).
pub fn hash_of(visit: &Visit, text: &str) -> Option<Tag> {
    if let Ok(opaque) = OpaqueAccessToken::parse(text) {
        return Some(opaque.hash());
    }
    let claims = visit.app.signing_keys.verify(text, Typ::AccessToken).ok()?;
    let jti = claims.text("jti").ok().flatten()?;
    Some(jti_hash(jti))
}

/// The token, good or not.
pub async fn find(
    visit: &Visit,
    conn: &mut Conn,
    text: &str,
) -> Result<Option<Presented>, Refusal> {
    let Some(hash) = hash_of(visit, text) else {
        return Ok(None);
    };
    let Some(token) = access_tokens::find(conn, &hash).await? else {
        return Ok(None);
    };
    let Some(authorization) = authorizations::find(conn, token.authorization).await? else {
        return Ok(None);
    };
    let registry = visit.app.applications.current();
    let id = ApplicationId::parse(&authorization.application).ok();
    let application = id.and_then(|id| registry.get(&id).cloned());
    let client = application.filter(|application| application.oidc.is_some());
    Ok(client.map(|application| Presented {
        token,
        authorization,
        application,
    }))
}

impl Presented {
    /// Who speaks, while it is good: neither expired nor revoked, and neither is what it stands on.
    pub async fn live(&self, visit: &Visit, conn: &mut Conn) -> Result<Option<Speaks>, Refusal> {
        let over =
            self.token.revoked || visit.now >= self.token.expires_at || self.authorization.revoked;
        if over {
            return Ok(None);
        }
        if self.authorization.person.is_none() {
            let grant = ClientGrant::establish(&self.application);
            return Ok(grant.ok().map(|_| Speaks::Client));
        }
        let grant = establish(visit, conn, &self.authorization, &self.application).await?;
        Ok(grant.ok().map(|grant| Speaks::Person(Box::new(grant))))
    }
}
