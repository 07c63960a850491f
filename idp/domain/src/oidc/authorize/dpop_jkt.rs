use super::Parameters;
use super::pkce::is_base64url;
use crate::oidc::{ErrorCode, OAuthError};

/// The thumbprint (RFC 7638) of the key that the code is bound to (RFC 9449 §10).
///
/// # Errors
/// `invalid_request` for what no thumbprint looks like.
pub(super) fn read(parameters: &Parameters) -> Result<Option<String>, OAuthError> {
    match parameters.get("dpop_jkt") {
        None => Ok(None),
        Some(text) if text.len() == 43 && text.bytes().all(is_base64url) => {
            Ok(Some(text.to_owned()))
        }
        Some(_) => Err(OAuthError::new(
            ErrorCode::InvalidRequest,
            "dpop_jkt is no SHA-256 thumbprint",
        )),
    }
}
