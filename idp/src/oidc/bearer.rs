//! How a resource asks for a token (RFC 6750 §3, RFC 9449 §7.1).

use idp_domain::oidc::ErrorCode;
use idp_domain::oidc::jose::SigningAlgorithm;

/// A `WWW-Authenticate` value of the scheme `Bearer` or `DPoP`.
pub(super) fn challenge(scheme: &str, error: Option<ErrorCode>, scope: Option<&str>) -> String {
    let mut parameters = vec!["realm=\"oidc\"".to_owned()];
    parameters.extend(error.map(|code| format!("error=\"{}\"", code.as_str())));
    parameters.extend(scope.map(|scope| format!("scope=\"{scope}\"")));
    if scheme == "DPoP" {
        let names = SigningAlgorithm::ALL.map(SigningAlgorithm::as_str);
        parameters.push(format!("algs=\"{}\"", names.join(" ")));
    }
    format!("{scheme} {}", parameters.join(", "))
}
