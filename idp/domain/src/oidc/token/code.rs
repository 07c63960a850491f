use jiff::Timestamp;

use super::pkce;
use crate::applications::ApplicationId;
use crate::oidc::CodeRequest;

/// A code with what came along (RFC 6749 §4.1.3).
#[derive(Clone, Copy, Debug)]
pub struct PresentedCode<'a> {
    pub application: &'a ApplicationId,
    pub redirect_uri: Option<&'a str>,
    pub code_verifier: Option<&'a str>,
    /// Of the key whose proof came along.
    pub key_thumbprint: Option<&'a str>,
    pub at: Timestamp,
}

/// Why a code gives nothing; the client hears `invalid_grant`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CodeFault {
    Expired,
    OtherClient,
    OtherRedirect,
    OtherVerifier,
    OtherKey,
}

impl CodeFault {
    /// The word in the audit trail.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Expired => "expired",
            Self::OtherClient => "other_client",
            Self::OtherRedirect => "other_redirect_uri",
            Self::OtherVerifier => "other_verifier",
            Self::OtherKey => "other_key",
        }
    }
}

impl PresentedCode<'_> {
    /// Whether it was made for this client, and came back by it alone (OID-03).
    ///
    /// # Errors
    /// The first [`CodeFault`].
    pub fn judge(
        &self,
        application: &str,
        request: &CodeRequest,
        expires_at: Timestamp,
    ) -> Result<(), CodeFault> {
        if self.at >= expires_at {
            return Err(CodeFault::Expired);
        }
        if self.application.as_str() != application {
            return Err(CodeFault::OtherClient);
        }
        if self.redirect_uri != Some(&request.redirect_uri) {
            return Err(CodeFault::OtherRedirect);
        }
        if !pkce::holds(request.code_challenge.as_deref(), self.code_verifier) {
            return Err(CodeFault::OtherVerifier);
        }
        // RFC 9449 §10: the key that was announced with the request.
        let announced = request.granted.key_thumbprint.as_deref();
        if announced.is_some() && announced != self.key_thumbprint {
            return Err(CodeFault::OtherKey);
        }
        Ok(())
    }
}
