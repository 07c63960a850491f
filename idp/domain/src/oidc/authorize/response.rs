use serde::{Deserialize, Serialize};

use super::Parameters;
use crate::oidc::{ErrorCode, OAuthError};

/// How the answer goes to the application.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ResponseMode {
    /// In the query of the redirect URI (RFC 6749 §4.1.2).
    #[default]
    Query,
    /// In a form that the browser posts there (OAuth 2.0 Form Post Response Mode §2).
    FormPost,
}

impl ResponseMode {
    /// The words, for the discovery document.
    pub const ALL: [Self; 2] = [Self::Query, Self::FormPost];

    pub fn as_str(self) -> &'static str {
        match self {
            Self::Query => "query",
            Self::FormPost => "form_post",
        }
    }

    /// One of which we know no place for an answer is told in the query.
    ///
    /// # Errors
    /// `invalid_request`. A code in the fragment would be the page's scripts' (RFC 9700 §2.1.2).
    pub(super) fn read(parameters: &Parameters) -> Result<Self, OAuthError> {
        let Some(word) = parameters.get("response_mode") else {
            return Ok(Self::default());
        };
        Self::ALL
            .into_iter()
            .find(|mode| mode.as_str() == word)
            .ok_or(OAuthError::new(
                ErrorCode::InvalidRequest,
                "response_mode must be query or form_post",
            ))
    }
}

/// The one `response_type`.
pub const RESPONSE_TYPE: &str = "code";

/// Only codes are answered with (RFC 9700 §2.1.2, OID-22).
///
/// # Errors
/// `invalid_request` where it is missing, else `unsupported_response_type`.
pub(super) fn check_type(parameters: &Parameters) -> Result<(), OAuthError> {
    match parameters.get("response_type") {
        Some(RESPONSE_TYPE) => Ok(()),
        Some(_) => Err(OAuthError::new(
            ErrorCode::UnsupportedResponseType,
            "response_type must be code",
        )),
        None => Err(OAuthError::new(
            ErrorCode::InvalidRequest,
            "response_type is missing",
        )),
    }
}
