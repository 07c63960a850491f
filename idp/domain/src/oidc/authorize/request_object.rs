use super::Parameters;
use crate::oidc::{ErrorCode, OAuthError};

/// Requests by value and by reference are refused in so many words, never ignored: what was signed
/// would differ from what is done (OpenID Connect Core §6, §3.1.2.6). What an application pushed
/// (RFC 9126) was replaced by its parameters before.
///
/// # Errors
/// `request_not_supported`, `request_uri_not_supported`, `registration_not_supported`
pub(super) fn refuse(parameters: &Parameters) -> Result<(), OAuthError> {
    const REFUSED: [(&str, ErrorCode, &str); 3] = [
        (
            "request",
            ErrorCode::RequestNotSupported,
            "request objects are not supported",
        ),
        (
            "request_uri",
            ErrorCode::RequestUriNotSupported,
            "request_uri is supported for pushed requests only",
        ),
        (
            "registration",
            ErrorCode::RegistrationNotSupported,
            "registration is not supported",
        ),
    ];
    let refused = REFUSED
        .into_iter()
        .find(|(name, ..)| parameters.get(name).is_some());
    match refused {
        Some((_, code, description)) => Err(OAuthError::new(code, description)),
        None => Ok(()),
    }
}
