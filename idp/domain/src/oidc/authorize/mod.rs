//! Authorization requests (OpenID Connect Core §3.1.2.1, RFC 6749 §4.1.1): each check is one file,
//! takes something looser and gives something stricter. A request is checked whole, each time that
//! it comes: at its push, at its first arrival, after the sign-in, after each question.

mod acr;
mod claims;
mod client;
mod device;
mod dpop_jkt;
mod entrance;
mod hint;
mod max_age;
mod nonce;
mod parameters;
mod pkce;
mod prompt;
mod request_object;
mod resource;
mod response;
mod scope;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use jiff::Timestamp;

pub use acr::RequiredAcr;
pub use client::{Addressed, AnswerAddress, Unaddressed};
pub use device::DeviceRequest;
pub use entrance::{Entrance, Here, Open};
pub use hint::ExpectedPerson;
pub use parameters::{Parameters, Unreadable};
pub use pkce::CodeChallenge;
pub use prompt::Prompt;
pub use response::{RESPONSE_TYPE, ResponseMode};

use super::{
    ClaimsRequest, CodeRequest, Disclosure, ErrorCode, Granted, OAuthError, Scope, Scopes,
};
use crate::applications::{Application, OidcSide};
use crate::factors::Factor;

/// By which way a request came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// Through the browser.
    Plain,
    /// Pushed by the application itself (RFC 9126).
    Pushed,
}

/// A request that may be answered with a code, once the person is there and agrees.
#[derive(Clone, Debug)]
pub struct AuthorizeRequest {
    pub application: Arc<Application>,
    /// Of the same application.
    pub client: OidcSide,
    pub answer: AnswerAddress,
    pub redirect_uri: String,
    pub scopes: Scopes,
    pub claims: ClaimsRequest,
    pub required_acr: RequiredAcr,
    pub nonce: Option<String>,
    pub code_challenge: Option<CodeChallenge>,
    pub prompt: Prompt,
    /// Seconds.
    pub max_age: Option<u32>,
    pub expected: ExpectedPerson,
    pub resources: Vec<String>,
    pub key_thumbprint: Option<String>,
    /// What the application believes she would type; nobody relies on it.
    pub login_hint: Option<String>,
}

impl AuthorizeRequest {
    /// Every check, in the order in which the application hears of them.
    ///
    /// # Errors
    /// The first one's, for the answer at `addressed`.
    pub fn check(addressed: &Addressed, way: Way) -> Result<Self, OAuthError> {
        let Addressed {
            application,
            client,
            answer,
            redirect_uri,
            parameters,
        } = addressed;
        if parameters.repeated().is_some() {
            return Err(OAuthError::new(
                ErrorCode::InvalidRequest,
                "a parameter stands more than once",
            ));
        }
        request_object::refuse(parameters)?;
        // RFC 9126 §5, FAPI 2.0 §5.3.2.2
        if way == Way::Plain && client.require_pushed_authorization_requests {
            return Err(OAuthError::new(
                ErrorCode::InvalidRequest,
                "this client must push its requests",
            ));
        }
        ResponseMode::read(parameters)?;
        response::check_type(parameters)?;
        may_use_codes(client)?;
        let claims = claims::read(parameters)?;
        Ok(Self {
            application: Arc::clone(application),
            answer: answer.clone(),
            redirect_uri: redirect_uri.clone(),
            scopes: scope::read(parameters, client)?,
            code_challenge: CodeChallenge::read(parameters, client)?,
            nonce: nonce::read(parameters)?,
            prompt: Prompt::read(parameters)?,
            max_age: max_age::read(parameters, client)?,
            expected: ExpectedPerson::read(parameters, &claims)?,
            required_acr: RequiredAcr::read(&claims)?,
            resources: resource::read(parameters, client)?,
            key_thumbprint: dpop_jkt::read(parameters)?,
            login_hint: parameters.get("login_hint").map(str::to_owned),
            claims,
            client: client.clone(),
        })
    }

    /// What the application learns by it.
    pub fn disclosure(&self) -> Disclosure {
        Disclosure::of(&self.application, &self.scopes, &self.claims)
    }

    /// Whether she is asked, by the entry or by this request.
    pub fn asks_consent(&self) -> bool {
        self.prompt.consent || self.client.asks_people()
    }

    /// Whether what was once agreed to counts again.
    pub fn remembers_consent(&self) -> bool {
        self.client.is_assured()
    }

    /// What its code stands for, of somebody who signed in then and by these.
    pub fn code_request(&self, signed_in_at: Timestamp, factors: &[Factor]) -> CodeRequest {
        CodeRequest {
            redirect_uri: self.redirect_uri.clone(),
            code_challenge: self.code_challenge.as_ref().map(|c| c.as_str().to_owned()),
            granted: Granted {
                scopes: self.scopes.clone(),
                claims: self.claims.clone(),
                disclosure: self.disclosure(),
                nonce: self.nonce.clone(),
                resources: self.resources.clone(),
                signed_in_at,
                factors: factors.to_vec(),
                key_thumbprint: self.key_thumbprint.clone(),
                offline: self.scopes.has(&Scope::OfflineAccess),
            },
        }
    }
}

/// RFC 6749 §4.1.2.1 `unauthorized_client`
fn may_use_codes(client: &OidcSide) -> Result<(), OAuthError> {
    if client.grants(crate::applications::GrantType::AuthorizationCode) {
        Ok(())
    } else {
        Err(OAuthError::new(
            ErrorCode::UnauthorizedClient,
            "this client may not use authorization codes",
        ))
    }
}
