//! By what a client proves itself.

use serde_json::Value;

use super::sha256;
use crate::applications::entry::place::Problems;
use crate::applications::entry::shape::EntryOidc;
use crate::applications::{AuthMethod, ClientAuthentication, ClientKeys, Profile, SecretHash};
use crate::oidc::jose::{KeySet, SigningAlgorithm};

/// The proof, and keys beside it; nothing with a note of why.
pub(super) fn check(
    entry: &EntryOidc,
    demo: bool,
    problems: &mut Problems,
) -> Option<(ClientAuthentication, Option<ClientKeys>)> {
    let method = entry.token_endpoint_auth_method;
    let algorithm = entry.token_endpoint_auth_signing_alg;
    if algorithm.is_some() && method != AuthMethod::PrivateKeyJwt {
        let problem = needs_no(method);
        problems.add("oidc.token_endpoint_auth_signing_alg", problem);
    }
    let keys = keys(entry, demo, problems);
    let secret = secret(entry, demo, problems);
    let authentication = match method {
        AuthMethod::None => ClientAuthentication::None,
        AuthMethod::ClientSecretBasic => ClientAuthentication::SecretBasic(secret?),
        AuthMethod::ClientSecretPost => ClientAuthentication::SecretPost(secret?),
        AuthMethod::PrivateKeyJwt => {
            let keys = keys?;
            return Some((
                ClientAuthentication::PrivateKeyJwt { keys, algorithm },
                None,
            ));
        }
    };
    Some((authentication, keys))
}

fn secret(entry: &EntryOidc, demo: bool, problems: &mut Problems) -> Option<SecretHash> {
    let method = entry.token_endpoint_auth_method;
    let wanted = matches!(
        method,
        AuthMethod::ClientSecretBasic | AuthMethod::ClientSecretPost
    );
    let (key, secret) = match (&entry.client_secret, &entry.client_secret_sha256) {
        (None, None) => {
            if wanted {
                let problem = "is missing; for a client that has none write \
                               \"token_endpoint_auth_method\": \"none\"";
                problems.add("oidc.client_secret", problem);
            }
            return None;
        }
        (Some(_), Some(_)) => {
            let problem = "stands beside \"client_secret\": write one of them";
            problems.add("oidc.client_secret_sha256", problem);
            return None;
        }
        (Some(secret), None) => ("oidc.client_secret", hash(secret, demo)),
        (None, Some(text)) => {
            let hash = sha256(text)
                .map(SecretHash::from_tag)
                .map_err(str::to_owned);
            ("oidc.client_secret_sha256", hash)
        }
    };
    if !wanted {
        problems.add(key, needs_no(method));
        return None;
    }
    problems.note(key, secret)
}

fn needs_no(method: AuthMethod) -> String {
    let method = method.as_str();
    format!("isn't for \"token_endpoint_auth_method\": \"{method}\"; leave it out")
}

/// Its text is in no message.
fn hash(secret: &str, demo: bool) -> Result<SecretHash, String> {
    let shortest = if demo { 1 } else { SecretHash::SHORTEST };
    let characters = secret.chars().count();
    if !(shortest..=SecretHash::LONGEST).contains(&characters) {
        let longest = SecretHash::LONGEST;
        Err(format!(
            "must be {shortest} to {longest} characters, drawn at random"
        ))
    } else if secret.chars().any(char::is_control) {
        Err("has a control character".to_owned())
    } else {
        Ok(SecretHash::of(secret))
    }
}

fn keys(entry: &EntryOidc, demo: bool, problems: &mut Problems) -> Option<ClientKeys> {
    let uri = entry.jwks_uri.as_deref();
    match &entry.jwks {
        Some(_) if uri.is_some() => {
            let problem = "stands beside \"jwks\": write one of them";
            problems.add("oidc.jwks_uri", problem);
            None
        }
        Some(set) => problems.note("oidc.jwks", key_set(entry, set)),
        None if uri.is_some() => {
            let address = entry.address("jwks_uri", uri, demo, problems)?;
            Some(ClientKeys::Uri(address))
        }
        None => {
            if entry.token_endpoint_auth_method == AuthMethod::PrivateKeyJwt {
                let problem = "is missing; \"private_key_jwt\" needs \"jwks\" or \"jwks_uri\"";
                problems.add("oidc.jwks", problem);
            }
            None
        }
    }
}

fn key_set(entry: &EntryOidc, set: &Value) -> Result<ClientKeys, String> {
    let keys = KeySet::from_json(set).map_err(|bad| bad.to_string())?;
    let of_profile = match entry.profile {
        Some(Profile::Fapi2) => SigningAlgorithm::FAPI.as_slice(),
        None => SigningAlgorithm::ALL.as_slice(),
    };
    let named = entry.token_endpoint_auth_signing_alg;
    let permitted = named.as_ref().map_or(of_profile, std::slice::from_ref);
    // Beside a secret they are nobody's proof.
    let spare = entry.token_endpoint_auth_method != AuthMethod::PrivateKeyJwt;
    if spare || keys.has_key_for(permitted) {
        Ok(ClientKeys::Set(keys))
    } else {
        let permitted: Vec<&str> = permitted.iter().map(|alg| alg.as_str()).collect();
        Err(format!("has no key for {}", permitted.join(", ")))
    }
}
