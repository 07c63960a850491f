//! How a resource asks for a token (RFC 6750 §3, RFC 9449 §7.1).

use idp_domain::oidc::ErrorCode;
use idp_domain::oidc::jose::SigningAlgorithm;

/// How a token is shown.
#[derive(Clone, Copy, Debug)]
pub(super) enum Scheme {
    Bearer,
    /// With a proof that is signed by one of these.
    Dpop(&'static [SigningAlgorithm]),
}

/// A `WWW-Authenticate` value.
pub(super) fn challenge(scheme: Scheme, error: Option<ErrorCode>, scope: Option<&str>) -> String {
    let mut parameters = vec!["realm=\"oidc\"".to_owned()];
    parameters.extend(error.map(|code| format!("error=\"{}\"", code.as_str())));
    parameters.extend(scope.map(|scope| format!("scope=\"{scope}\"")));
    let name = match scheme {
        Scheme::Bearer => "Bearer",
        Scheme::Dpop(algorithms) => {
            let names: Vec<&str> = algorithms.iter().map(|alg| alg.as_str()).collect();
            parameters.push(format!("algs=\"{}\"", names.join(" ")));
            "DPoP"
        }
    };
    format!("{name} {}", parameters.join(", "))
}
