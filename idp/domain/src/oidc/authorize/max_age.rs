use super::Parameters;
use crate::applications::OidcSide;
use crate::oidc::{ErrorCode, OAuthError};

/// How many seconds ago she may have signed in (OpenID Connect Core §3.1.2.1); where the request
/// says nothing, the entry's default (Registration §2).
///
/// # Errors
/// `invalid_request` for what is no number of seconds.
pub(super) fn read(parameters: &Parameters, client: &OidcSide) -> Result<Option<u32>, OAuthError> {
    match parameters.get("max_age") {
        None => Ok(client.default_max_age),
        Some(text) if !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit()) => {
            // More seconds than we count are no limit that anybody meets.
            Ok(Some(text.parse().unwrap_or(u32::MAX)))
        }
        Some(_) => Err(OAuthError::new(
            ErrorCode::InvalidRequest,
            "max_age must be a number of seconds",
        )),
    }
}
