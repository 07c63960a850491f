use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{resource, scope};
use crate::applications::{Application, GrantType, OidcSide};
use crate::factors::Factor;
use crate::oidc::{ClaimsRequest, Disclosure, ErrorCode, Granted, OAuthError, Scope, Scopes};

/// What a device asks for (RFC 8628 §3.1), until a person decides; then also what she gave.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct DeviceRequest {
    pub scopes: Scopes,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub resources: Vec<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub granted: Option<Granted>,
}

impl DeviceRequest {
    /// By the same rules as at the authorization endpoint.
    ///
    /// # Errors
    /// `unauthorized_client`, `invalid_scope`, `invalid_target`.
    pub fn check(
        client: &OidcSide,
        scope: Option<&str>,
        resources: Vec<String>,
    ) -> Result<Self, OAuthError> {
        if !client.grants(GrantType::DeviceCode) {
            return Err(OAuthError::new(
                ErrorCode::UnauthorizedClient,
                "this client may not use the device grant",
            ));
        }
        Ok(Self {
            scopes: scope::permitted(scope.unwrap_or_default(), client)?,
            resources: resource::permitted(resources, client)?,
            granted: None,
        })
    }

    /// What of it the entry still permits when the person decides: it may have changed meanwhile.
    #[must_use]
    pub fn as_of_now(mut self, client: &OidcSide) -> Self {
        let scopes = self.scopes.iter().filter(|scope| client.scopes.has(scope));
        self.scopes = scopes.cloned().collect();
        self.resources.retain(|resource| client.may_name(resource));
        self
    }

    /// What the application learns by it.
    pub fn disclosure(&self, application: &Application) -> Disclosure {
        Disclosure::of(application, &self.scopes, &ClaimsRequest::default())
    }

    /// With what a person gave who signed in then and by these.
    #[must_use]
    pub fn granted(mut self, application: &Application, at: Timestamp, factors: &[Factor]) -> Self {
        self.granted = Some(Granted {
            scopes: self.scopes.clone(),
            claims: ClaimsRequest::default(),
            disclosure: self.disclosure(application),
            nonce: None,
            resources: self.resources.clone(),
            signed_in_at: at,
            factors: factors.to_vec(),
            key_thumbprint: None,
            offline: self.scopes.has(&Scope::OfflineAccess),
        });
        self
    }
}
