//! By what the client proves itself. The text of a secret is in no finding and in no entry.

use serde_json::{Map, Value, json};

use crate::applications::apereo::document::{is_blank, text};
use crate::applications::apereo::notes::Notes;
use crate::applications::{AuthMethod, RegisteredUrl, SecretHash};
use crate::oidc::jose::KeySet;

/// Nothing, with a note of why, where the client couldn't prove itself.
pub(super) fn credentials(
    service: &Value,
    demo: bool,
    side: &mut Map<String, Value>,
    notes: &mut Notes,
) -> Option<()> {
    let path = &["tokenEndpointAuthenticationMethod"];
    let secret = text(&service["clientSecret"]);
    let has_secret = !is_blank(&service["clientSecret"]);
    let asked = text(&service[path[0]]).to_ascii_lowercase();
    let method = match asked.as_str() {
        _ if is_blank(&service[path[0]]) && has_secret => {
            let says = "the old server took the secret in the header and in the form; here in the \
                        header only";
            notes
                .differs(path, says)
                .instead("\"token_endpoint_auth_method\": \"client_secret_post\", if the application does that");
            AuthMethod::ClientSecretBasic
        }
        _ if is_blank(&service[path[0]]) => AuthMethod::None,
        word => {
            let found = AuthMethod::ALL
                .into_iter()
                .find(|method| method.as_str() == word);
            let Some(method) = found else {
                let says = "is no way here in which a client proves itself";
                notes
                    .left_out(path, says)
                    .value(word)
                    .instead("\"client_secret_basic\" or \"private_key_jwt\"");
                return None;
            };
            notes
                .converted(path, "→ \"token_endpoint_auth_method\"")
                .value(word);
            method
        }
    };
    side.insert("token_endpoint_auth_method".into(), json!(method.as_str()));
    match method {
        AuthMethod::None => {}
        AuthMethod::PrivateKeyJwt => keys(service, side, notes)?,
        AuthMethod::ClientSecretBasic | AuthMethod::ClientSecretPost => {
            let says = if secret.starts_with('{') || secret.contains("${") {
                "is encrypted or stands elsewhere"
            } else if !demo && secret.chars().count() < SecretHash::SHORTEST {
                "is too short to be kept"
            } else {
                ""
            };
            if !says.is_empty() || !has_secret {
                let says = if has_secret { says } else { "is missing" };
                notes
                    .left_out(&["clientSecret"], says)
                    .instead("\"client_secret\" with a new one, here and in the application");
                return None;
            }
            notes.converted(&["clientSecret"], "→ \"client_secret_sha256\"");
            let hash = SecretHash::of(&secret).to_hex();
            side.insert("client_secret_sha256".into(), json!(hash));
        }
    }
    if method != AuthMethod::None {
        let says = "the old server didn't ask for PKCE: \"require_pkce\" is false";
        notes
            .differs(&["clientId"], says)
            .instead("\"require_pkce\": true, if the application sends a code_challenge");
        side.insert("require_pkce".into(), json!(false));
    }
    Some(())
}

fn keys(service: &Value, side: &mut Map<String, Value>, notes: &mut Notes) -> Option<()> {
    let path = &["jwks"];
    let jwks = text(&service["jwks"]);
    let set: Option<Value> = serde_json::from_str(&jwks).ok();
    if let Some(set) = set.filter(|set| KeySet::from_json(set).is_ok()) {
        notes.converted(path, "→ \"jwks\"");
        side.insert("jwks".into(), set);
    } else if RegisteredUrl::parse_endpoint(&jwks, false, false).is_ok() {
        notes.converted(path, "→ \"jwks_uri\"").value(&jwks);
        side.insert("jwks_uri".into(), json!(jwks));
    } else {
        notes
            .left_out(
                path,
                "is neither a set of public keys nor an https address of one",
            )
            .instead("\"jwks\": {\"keys\": [ … ]} with the application's public key");
        return None;
    }
    Some(())
}
