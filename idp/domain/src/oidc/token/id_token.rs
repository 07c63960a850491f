use aws_lc_rs::digest::{SHA256, SHA512, digest};
use serde::Serialize;
use serde_json::{Map, Value};

use crate::oidc::jose::{SigningAlgorithm, base64url};

/// What an ID token says (OpenID Connect Core §2).
#[derive(Clone, Debug, Serialize)]
pub struct IdTokenClaims<'a> {
    pub iss: &'a str,
    pub sub: &'a str,
    /// The client; it alone, so there is no `azp`.
    pub aud: &'a str,
    /// Seconds since 1970.
    pub iat: i64,
    pub exp: i64,
    /// When she signed in: the same in each refreshed one (§12.2).
    pub auth_time: i64,
    pub acr: &'a str,
    pub amr: Vec<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub nonce: Option<&'a str>,
    /// The session as this application knows it, which its logout notice says again
    /// (Back-Channel Logout §2.1).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sid: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub at_hash: Option<String>,
    /// What was asked for by name; none of the names above.
    #[serde(flatten)]
    pub told: Map<String, Value>,
}

/// Which access token came with it (§3.1.3.6): half of its hash, by the algorithm that the
/// signature hashes with. Ed25519's is SHA-512 (RFC 8032 §5.1).
pub fn at_hash(access_token: &str, algorithm: SigningAlgorithm) -> String {
    let hash = match algorithm {
        SigningAlgorithm::EdDsa => &SHA512,
        SigningAlgorithm::Rs256 | SigningAlgorithm::Ps256 | SigningAlgorithm::Es256 => &SHA256,
    };
    let hashed = digest(hash, access_token.as_bytes());
    base64url(&hashed.as_ref()[..hashed.as_ref().len() / 2])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test] // OIDC 59; OpenID Connect Core, appendix A.3
    fn at_hash_is_half_of_the_hash() {
        let token = "jHkWEdUXMU1BwAsC4vtUsZwnNvTIxEl0z9K3vx5KF0Y";
        for algorithm in [SigningAlgorithm::Rs256, SigningAlgorithm::Es256] {
            assert_eq!(at_hash(token, algorithm), "77QmUPtjPfzWtF2AnpK9RQ");
        }
        assert_eq!(at_hash(token, SigningAlgorithm::EdDsa).len(), 43);
    }
}
