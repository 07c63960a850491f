//! `id_token_hint`, wherever it comes.

use idp_domain::oidc::IdTokenHint;
use idp_domain::oidc::jose::Typ;

use crate::visit::Visit;

/// An ID token of ours, expired or not, and also when its key isn't published any more.
pub fn read(visit: &Visit, token: &str) -> Option<IdTokenHint> {
    let keys = &visit.app.signing_keys;
    let claims = keys.verify_former(token, Typ::IdToken).ok()?;
    IdTokenHint::read(&claims, visit.app.config.server.issuer.as_str())
}
