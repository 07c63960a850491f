use std::sync::Arc;

use super::{Parameters, ResponseMode, Unreadable};
use crate::applications::{Application, OidcSide, ProvenRedirect, Registry};
use crate::oidc::OAuthError;

/// A request whose application is known, and the address to which its browser may be sent: from
/// here on the application hears what is wrong (RFC 6749 §4.1.2.1).
#[derive(Clone, Debug)]
pub struct Addressed {
    pub application: Arc<Application>,
    /// Of the same application.
    pub client: OidcSide,
    pub answer: AnswerAddress,
    /// As it came; the redemption must name the same (RFC 6749 §4.1.3).
    pub redirect_uri: String,
    pub parameters: Parameters,
}

/// Where an answer goes, and what it hands back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AnswerAddress {
    pub redirect: ProvenRedirect,
    pub mode: ResponseMode,
    /// Bit by bit as it came.
    pub state: Option<String>,
}

/// Why a request leads nowhere. The person sees a page of ours; the word goes to the audit trail
/// and to the application's developers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}", self.reason())]
pub enum Unaddressed {
    #[error(transparent)]
    Unreadable(#[from] Unreadable),
    #[error("no client id")]
    NoClient,
    #[error("unknown client")]
    UnknownClient,
    #[error("switched off")]
    Disabled,
    #[error("no redirect URI")]
    NoRedirect,
    /// Not one of the registered ones, byte for byte (OID-01).
    #[error("a redirect URI that isn't registered")]
    UnknownRedirect,
}

impl Unaddressed {
    /// A fixed word, nothing of the request.
    pub fn reason(self) -> &'static str {
        match self {
            Self::Unreadable(unreadable) => unreadable.reason(),
            Self::NoClient => "no_client_id",
            Self::UnknownClient => "unknown_client",
            Self::Disabled => "disabled",
            Self::NoRedirect => "no_redirect_uri",
            Self::UnknownRedirect => "unregistered_redirect_uri",
        }
    }
}

impl Addressed {
    /// Client first, then redirect URI; nothing else is looked at (OpenID Connect Core §3.1.2.2).
    ///
    /// # Errors
    /// [`Unaddressed`]
    pub fn of(parameters: Parameters, registry: &Registry) -> Result<Self, Unaddressed> {
        let client_id = parameters.get("client_id").ok_or(Unaddressed::NoClient)?;
        let application = registry
            .client(client_id)
            .ok_or(Unaddressed::UnknownClient)?;
        let client = application.oidc.clone().ok_or(Unaddressed::UnknownClient)?;
        if !application.enabled {
            return Err(Unaddressed::Disabled);
        }
        let redirect_uri = parameters
            .get("redirect_uri")
            .ok_or(Unaddressed::NoRedirect)?
            .to_owned();
        let redirect = registry
            .redirect(&application, &redirect_uri)
            .ok_or(Unaddressed::UnknownRedirect)?;
        let answer = AnswerAddress {
            redirect,
            // A mode that is none is told in the ordinary one.
            mode: ResponseMode::read(&parameters).unwrap_or_default(),
            state: parameters.get("state").map(str::to_owned),
        };
        Ok(Self {
            application,
            client,
            answer,
            redirect_uri,
            parameters,
        })
    }
}

impl AnswerAddress {
    /// The parameters of an answer with an error (§3.1.2.6); `iss` against mix-ups (RFC 9207 §2).
    pub fn refusal<'a>(
        &'a self,
        error: &'a OAuthError,
        issuer: &'a str,
    ) -> Vec<(&'a str, &'a str)> {
        let said = vec![
            ("error", error.code.as_str()),
            ("error_description", error.description.as_ref()),
        ];
        self.complete(said, issuer)
    }

    /// The parameters of an answer with a code (§3.1.2.5).
    pub fn success<'a>(&'a self, code: &'a str, issuer: &'a str) -> Vec<(&'a str, &'a str)> {
        self.complete(vec![("code", code)], issuer)
    }

    fn complete<'a>(
        &'a self,
        mut said: Vec<(&'a str, &'a str)>,
        issuer: &'a str,
    ) -> Vec<(&'a str, &'a str)> {
        said.extend(self.state.as_deref().map(|state| ("state", state)));
        said.push(("iss", issuer));
        said
    }
}
