use super::Parameters;
use crate::oidc::{ErrorCode, OAuthError};

const MOST_BYTES: usize = 1024;

/// What comes back in the ID token, unchanged (OpenID Connect Core §3.1.2.1).
///
/// # Errors
/// `invalid_request` for more than 1 KiB (OID-20).
pub(super) fn read(parameters: &Parameters) -> Result<Option<String>, OAuthError> {
    match parameters.get("nonce") {
        Some(nonce) if nonce.len() > MOST_BYTES => Err(OAuthError::new(
            ErrorCode::InvalidRequest,
            "nonce is longer than 1 KiB",
        )),
        Some(nonce) if nonce.chars().any(char::is_control) => Err(OAuthError::new(
            ErrorCode::InvalidRequest,
            "nonce has control characters",
        )),
        nonce => Ok(nonce.map(str::to_owned)),
    }
}
