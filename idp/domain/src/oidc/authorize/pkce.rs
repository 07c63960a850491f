use serde::{Deserialize, Serialize};

use super::Parameters;
use crate::applications::OidcSide;
use crate::oidc::{ErrorCode, OAuthError};

/// What the redemption must show the origin of (RFC 7636 §4.2): SHA-256 in base64url.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct CodeChallenge(String);

impl CodeChallenge {
    /// In characters: 32 bytes in base64url, without padding.
    const LENGTH: usize = 43;
    /// The one `code_challenge_method`.
    pub const METHOD: &str = "S256";

    /// # Errors
    /// `invalid_request`: no challenge where one is needed (RFC 9700 §2.1.1), another method than
    /// S256 (absent means `plain`, RFC 7636 §4.3), or a text that no S256 gives (OID-04).
    pub(super) fn read(
        parameters: &Parameters,
        client: &OidcSide,
    ) -> Result<Option<Self>, OAuthError> {
        let refuse = |description| Err(OAuthError::new(ErrorCode::InvalidRequest, description));
        let method = parameters.get("code_challenge_method");
        match (parameters.get("code_challenge"), method) {
            (None, None) if client.require_pkce => refuse("code_challenge is required"),
            (None, None) => Ok(None),
            (None, Some(_)) => refuse("code_challenge is missing"),
            (Some(challenge), Some(Self::METHOD)) if is_s256(challenge) => {
                Ok(Some(Self(challenge.to_owned())))
            }
            (Some(_), Some(Self::METHOD)) => refuse("code_challenge is no SHA-256 in base64url"),
            (Some(_), _) => refuse("code_challenge_method must be S256"),
        }
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

fn is_s256(text: &str) -> bool {
    text.len() == CodeChallenge::LENGTH && text.bytes().all(is_base64url)
}

pub(super) fn is_base64url(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_')
}
