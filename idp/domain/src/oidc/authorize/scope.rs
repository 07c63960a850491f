use super::Parameters;
use crate::applications::OidcSide;
use crate::oidc::{ErrorCode, OAuthError, Scope, Scopes};

/// What of it the entry permits. Scopes that it doesn't name are left out, as OpenID Connect Core
/// §3.1.2.1 asks for those that nobody understands; the token response says what was granted
/// (RFC 6749 §3.3).
///
/// # Errors
/// `invalid_scope` for words that are none, and where nothing is left.
pub(super) fn read(parameters: &Parameters, client: &OidcSide) -> Result<Scopes, OAuthError> {
    permitted(parameters.get("scope").unwrap_or_default(), client)
}

/// As [`read`], of a text.
pub(super) fn permitted(text: &str, client: &OidcSide) -> Result<Scopes, OAuthError> {
    let asked = Scopes::parse(text)
        .map_err(|_| OAuthError::new(ErrorCode::InvalidScope, "scope has a word that is none"))?;
    let permitted: Scopes = asked
        .iter()
        .filter(|scope| client.scopes.has(scope))
        .cloned()
        .collect();
    if permitted.is_empty() {
        return Err(OAuthError::new(
            ErrorCode::InvalidScope,
            "scope names nothing that this client may ask for",
        ));
    }
    // Core §11: offline access is an OpenID request's.
    if permitted.has(&Scope::OpenId) {
        Ok(permitted)
    } else {
        Ok(permitted.without(&Scope::OfflineAccess))
    }
}
