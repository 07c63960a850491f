use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{ClaimsRequest, Disclosed, Disclosure, Scope, Scopes};
use crate::factors::Factor;

/// What a person's decision, or the school's, gave an application: all that its tokens say later.
/// Kept with the code, then with the authorization.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Granted {
    pub scopes: Scopes,
    #[serde(default)]
    pub claims: ClaimsRequest,
    /// What was agreed to, by her or for her: nothing else is told under it, whatever the entry
    /// releases by then (OID-27, OID-29).
    #[serde(default)]
    pub disclosure: Disclosure,
    /// Comes back in the ID token (OpenID Connect Core §2).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub nonce: Option<String>,
    /// Resources that its access tokens may be for (RFC 8707); without one they are for us.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub resources: Vec<String>,
    /// When and by what she signed in: `auth_time`, `acr`, `amr`.
    pub signed_in_at: Timestamp,
    pub factors: Vec<Factor>,
    /// The key that the tokens are bound to (RFC 9449 §10, §6).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key_thumbprint: Option<String>,
    /// Its refresh tokens outlive the session (§11).
    #[serde(default)]
    pub offline: bool,
}

impl Granted {
    /// What holds of it where she agrees to no more than `consented` by now.
    #[must_use]
    pub fn within(&self, consented: &Disclosure) -> Self {
        let holds = |scope: &&Scope| match scope {
            Scope::OfflineAccess => consented.has(&Disclosed::Offline),
            Scope::Other(name) => consented.has(&Disclosed::Scope(name.clone())),
            _ => true,
        };
        Self {
            scopes: self.scopes.iter().filter(holds).cloned().collect(),
            disclosure: self.disclosure.both(consented),
            ..self.clone()
        }
    }
}

/// What a code stands for between the two endpoints (RFC 6749 §4.1.2, §4.1.3).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CodeRequest {
    /// As it came; the redemption must name the same.
    pub redirect_uri: String,
    /// S256 (RFC 7636 §4.2).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code_challenge: Option<String>,
    pub granted: Granted,
}
