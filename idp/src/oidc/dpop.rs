//! Proofs of a client's key (RFC 9449). They are checked here, and noted with what they permit
//! (`one_use.rs`).

use axum::http::{HeaderMap, StatusCode};
use idp_domain::applications::OidcSide;
use idp_domain::oidc::dpop::{self, BadProof, Expected, Proof};
use idp_domain::oidc::jose::SigningAlgorithm;
use idp_domain::oidc::{ErrorCode, OAuthError};

use super::address;
use super::answer::Fault;
use super::bearer::{Scheme, challenge};
use crate::visit::Visit;

const HEADER: &str = "dpop";

/// Why a proof is refused.
#[derive(Debug)]
pub enum ProofFault {
    /// Something is wrong with it.
    Bad(&'static str),
    /// It must hold this nonce (§8).
    Nonce(String),
}

impl ProofFault {
    pub const USED: Self = Self::Bad("the DPoP proof was used before");

    fn error(&self) -> OAuthError {
        match self {
            Self::Bad(why) => OAuthError::new(ErrorCode::InvalidDpopProof, why),
            Self::Nonce(_) => {
                let why = "the DPoP proof must carry the nonce of this answer";
                OAuthError::new(ErrorCode::UseDpopNonce, why)
            }
        }
    }

    /// As a resource tells it: 401 with a challenge (§7.1, §9).
    pub(super) fn at_resource(self, client: &OidcSide) -> Fault {
        let error = self.error();
        let challenge = challenge(Scheme::Dpop(algorithms(client)), Some(error.code), None);
        let fault = Fault::at(StatusCode::UNAUTHORIZED, Some(error)).challenging(&challenge);
        match self {
            Self::Bad(_) => fault,
            Self::Nonce(nonce) => fault.with_nonce(nonce),
        }
    }
}

/// As the token endpoint tells it (§5, §8).
impl From<ProofFault> for Fault {
    fn from(fault: ProofFault) -> Self {
        let error = fault.error();
        match fault {
            ProofFault::Bad(_) => error.into(),
            ProofFault::Nonce(nonce) => Self::from(error).with_nonce(nonce),
        }
    }
}

/// Those that a client's proofs may be signed by (FAPI 2.0 Security Profile §5.4.1).
pub(super) fn algorithms(client: &OidcSide) -> &'static [SigningAlgorithm] {
    if client.is_fapi2() {
        &SigningAlgorithm::FAPI
    } else {
        &SigningAlgorithm::ALL
    }
}

/// The key that this request proves, if it has a proof. Nothing is written.
///
/// # Errors
/// [`ProofFault`]
pub fn proof(
    visit: &Visit,
    headers: &HeaderMap,
    method: &str,
    access_token: Option<&str>,
    client: &OidcSide,
) -> Result<Option<Proof>, ProofFault> {
    let mut proofs = headers.get_all(HEADER).iter();
    let Some(proof) = proofs.next() else {
        return Ok(None);
    };
    // §4.3, 1: of two, another reader might take the other.
    if proofs.next().is_some() {
        return Err(ProofFault::Bad("more than one DPoP header"));
    }
    let expected = Expected {
        method,
        address: &address(visit, &visit.path),
        access_token,
        nonce_required: client.dpop_nonce,
        algorithms: algorithms(client),
        now: visit.now,
    };
    let keys = &visit.app.keys;
    let checked = dpop::check(proof.to_str().unwrap_or_default(), keys, expected);
    checked.map(Some).map_err(|bad| match bad {
        BadProof::Nonce => ProofFault::Nonce(dpop::nonce(keys, visit.now)),
        bad => {
            tracing::info!(%bad, "a DPoP proof is refused");
            ProofFault::Bad(described(bad))
        }
    })
}

/// For the client's developers.
fn described(bad: BadProof) -> &'static str {
    match bad {
        BadProof::Token(_) | BadProof::Key(_) => "the DPoP proof is not signed as it must be",
        BadProof::Claim(_) => "the DPoP proof lacks a claim",
        BadProof::Request => "the DPoP proof is for another method or address",
        BadProof::Time => "the DPoP proof is too old, or from the future",
        BadProof::AccessToken => "the DPoP proof is for another access token",
        BadProof::Nonce => "the DPoP proof lacks a nonce",
    }
}
