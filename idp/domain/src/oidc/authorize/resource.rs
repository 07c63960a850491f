use super::Parameters;
use crate::applications::OidcSide;
use crate::oidc::{ErrorCode, OAuthError};

/// The resources that access tokens shall be for: those of the entry, byte for byte
/// (RFC 8707 §2).
///
/// # Errors
/// `invalid_target` for any other one.
pub(super) fn read(parameters: &Parameters, client: &OidcSide) -> Result<Vec<String>, OAuthError> {
    permitted(parameters.resources().to_vec(), client)
}

/// As [`read`], of a list.
pub(super) fn permitted(
    mut named: Vec<String>,
    client: &OidcSide,
) -> Result<Vec<String>, OAuthError> {
    named.sort_unstable();
    named.dedup();
    if named.iter().all(|resource| client.may_name(resource)) {
        Ok(named)
    } else {
        Err(OAuthError::new(
            ErrorCode::InvalidTarget,
            "resource is none that this client may name",
        ))
    }
}
