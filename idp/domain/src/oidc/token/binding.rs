use crate::applications::OidcSide;
use crate::oidc::{ErrorCode, OAuthError};

/// The key that tokens are bound to, if they are (RFC 9449 §5).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Binding(Option<String>);

/// The word of `token_type`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TokenType {
    Bearer,
    Dpop,
}

impl TokenType {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Bearer => "Bearer",
            Self::Dpop => "DPoP",
        }
    }
}

impl Binding {
    /// By the proof that came along.
    ///
    /// # Errors
    /// `invalid_dpop_proof` where the entry wants bound tokens and none came (RFC 9449 §5.2).
    pub fn of(client: &OidcSide, thumbprint: Option<String>) -> Result<Self, OAuthError> {
        if client.dpop_bound_access_tokens && thumbprint.is_none() {
            let why = "this client gets DPoP-bound tokens only: a DPoP proof is missing";
            return Err(OAuthError::new(ErrorCode::InvalidDpopProof, why));
        }
        Ok(Self(thumbprint))
    }

    /// RFC 7638.
    pub fn thumbprint(&self) -> Option<&str> {
        self.0.as_deref()
    }

    /// The key to which its refresh tokens are bound: a public client has nothing else that it
    /// could show. A confidential one shows who it is at each refresh, which binds them better than
    /// a key that it may want to replace (RFC 9449 §5, also for FAPI 2.0 Security Profile §5.3.2.1,
    /// which binds access tokens to keys and refresh tokens to clients).
    pub fn of_refresh(&self, client: &OidcSide) -> Option<String> {
        self.0.clone().filter(|_| client.is_public())
    }

    pub fn token_type(&self) -> TokenType {
        match self.0 {
            Some(_) => TokenType::Dpop,
            None => TokenType::Bearer,
        }
    }
}
