//! What the FAPI 2.0 Security Profile leaves of a client's choices (§5.3.2).

use crate::applications::entry::place::Problems;
use crate::applications::entry::shape::EntryOidc;
use crate::applications::{AuthMethod, GrantType};
use crate::oidc::jose::SigningAlgorithm;

/// Notes each of `entry`'s values that the profile forbids.
pub(super) fn check(entry: &EntryOidc, problems: &mut Problems) {
    let mut refuse = |wrong: bool, key: &str, must: &str| {
        if wrong {
            problems.add(
                &format!("oidc.{key}"),
                format!("{must} with \"profile\": \"fapi2\""),
            );
        }
    };
    // §5.3.2.1: confidential clients only, that prove themselves by a key.
    refuse(
        entry.token_endpoint_auth_method != AuthMethod::PrivateKeyJwt,
        "token_endpoint_auth_method",
        "must be \"private_key_jwt\"",
    );
    refuse(!entry.require_pkce, "require_pkce", "must be true");
    refuse(
        entry.require_pushed_authorization_requests == Some(false),
        "require_pushed_authorization_requests",
        "must be true",
    );
    refuse(
        entry.dpop_bound_access_tokens == Some(false),
        "dpop_bound_access_tokens",
        "must be true",
    );
    refuse(entry.plain_http, "plain_http", "must be false");
    let device = entry
        .grant_types
        .iter()
        .position(|g| *g == GrantType::DeviceCode);
    refuse(
        device.is_some(),
        &format!("grant_types[{}]", device.unwrap_or_default()),
        "must not be the device grant",
    );
    // §5.4.1
    for (key, algorithm) in [
        (
            "token_endpoint_auth_signing_alg",
            entry.token_endpoint_auth_signing_alg,
        ),
        (
            "id_token_signed_response_alg",
            entry.id_token_signed_response_alg,
        ),
        (
            "userinfo_signed_response_alg",
            entry.userinfo_signed_response_alg,
        ),
    ] {
        let wrong = algorithm.is_some_and(|algorithm| !SigningAlgorithm::FAPI.contains(&algorithm));
        refuse(wrong, key, "must be \"PS256\", \"ES256\" or \"EdDSA\"");
    }
}
