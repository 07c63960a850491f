//! An `OidcRegisteredService` as a client of ours. The old server finds it by its client id and
//! compares the redirect URI with `serviceId`; here each redirect URI is written out.

mod addresses;
mod credentials;

use serde_json::{Map, Value, json};

use self::addresses::{logout, redirect_uris};
use self::credentials::credentials;
use super::Options;
use super::document::{Document, class, flag, is_blank, text, texts};
use super::notes::Notes;
use crate::applications::{ClientId, GrantType, RegisteredUrl};
use crate::oidc::Scope;
use crate::oidc::jose::SigningAlgorithm;

/// Keys of such a service that are dealt with here.
pub(super) const KNOWN: [&str; 17] = [
    "clientId",
    "clientSecret",
    "tokenEndpointAuthenticationMethod",
    "jwks",
    "scopes",
    "supportedGrantTypes",
    "supportedResponseTypes",
    "generateRefreshToken",
    "bypassApprovalPrompt",
    "subjectType",
    "sectorIdentifierUri",
    "idTokenSigningAlg",
    "signIdToken",
    "userInfoSigningAlg",
    "jwtAccessToken",
    "encryptIdToken",
    "applicationType",
];

/// The `oidc` side, and what its scopes tell about people; nothing where no client can be made.
pub(super) fn convert(
    document: &Document,
    options: Options,
    fresh: bool,
    notes: &mut Notes,
) -> Option<(Map<String, Value>, Vec<&'static str>)> {
    let service = &document.value;
    let mut side = Map::new();
    let id = text(&service["clientId"]);
    if let Err(error) = ClientId::parse(&id) {
        notes
            .left_out(&["clientId"], error.to_string())
            .value(id)
            .instead("a client id of this alphabet, here and in the application");
        return None;
    }
    notes.converted(&["clientId"], "→ \"client_id\"").value(&id);
    side.insert("client_id".into(), json!(id));
    let native = text(&service["applicationType"]).eq_ignore_ascii_case("native");
    if native {
        side.insert("application_type".into(), json!("native"));
    }
    let grants = grants(service, notes);
    let uris = redirect_uris(service, native, options.demo, &mut side, notes);
    if uris.is_empty() && grants.contains(&GrantType::AuthorizationCode) {
        return None;
    }
    let words: Vec<&str> = grants.iter().map(|grant| grant.as_str()).collect();
    side.insert("grant_types".into(), json!(words));
    credentials(service, options.demo, &mut side, notes)?;
    logout(service, &uris, options.demo, &mut side, notes);
    let told = scopes(service, &grants, &mut side, notes);
    consent(service, &mut side, notes);
    tokens(service, &mut side, notes);
    subject(service, &mut side, notes);
    if fresh {
        side.insert("default_max_age".into(), json!(0));
    }
    Some((side, told))
}

fn grants(service: &Value, notes: &mut Notes) -> Vec<GrantType> {
    let path = &["supportedGrantTypes"];
    let mut grants = Vec::new();
    for word in texts(&service["supportedGrantTypes"]) {
        let lower = word.to_ascii_lowercase();
        let found = match lower.as_str() {
            "device_code" => Some(GrantType::DeviceCode),
            other => GrantType::parse(other),
        };
        match found {
            Some(grant) if grants.contains(&grant) => {}
            Some(grant) => grants.push(grant),
            None => {
                let says = "is no way to a token here";
                notes.left_out(path, says).value(word);
            }
        }
    }
    if is_blank(&service["supportedGrantTypes"]) {
        let says = "says nothing, and the old server took every grant; here it is the code's only";
        notes.differs(path, says);
        grants.push(GrantType::AuthorizationCode);
    } else if grants.is_empty() {
        grants.push(GrantType::AuthorizationCode);
    }
    let person =
        grants.contains(&GrantType::AuthorizationCode) || grants.contains(&GrantType::DeviceCode);
    if flag(service, "generateRefreshToken", false)
        && person
        && !grants.contains(&GrantType::RefreshToken)
    {
        notes.converted(&["generateRefreshToken"], "→ \"refresh_token\"");
        grants.push(GrantType::RefreshToken);
    }
    grants.retain(|grant| person || *grant != GrantType::RefreshToken);
    for word in texts(&service["supportedResponseTypes"]) {
        if !word.eq_ignore_ascii_case("code") {
            let says = "puts tokens into addresses, which isn't done here";
            notes
                .left_out(&["supportedResponseTypes"], says)
                .value(word);
        }
    }
    grants
}

/// Its scopes; gives the facts that they told, which are no more than they are here.
fn scopes(
    service: &Value,
    grants: &[GrantType],
    side: &mut Map<String, Value>,
    notes: &mut Notes,
) -> Vec<&'static str> {
    let path = &["scopes"];
    let asked = texts(&service["scopes"]);
    // Without scopes the release policy counts alone.
    if asked.is_empty() {
        return Vec::new();
    }
    let mut scopes = vec![Scope::OpenId];
    for word in asked {
        match Scope::OURS.into_iter().find(|ours| ours.as_str() == word) {
            Some(Scope::OfflineAccess) if !grants.contains(&GrantType::RefreshToken) => {
                notes.left_out(path, "needs \"refresh_token\"").value(word);
            }
            Some(scope) if scopes.contains(&scope) => {}
            Some(scope) => scopes.push(scope),
            None => {
                notes
                    .left_out(path, "is no scope that is known here")
                    .value(word);
            }
        }
    }
    let words: Vec<&str> = scopes.iter().map(Scope::as_str).collect();
    notes.converted(path, format!("→ \"scopes\": {}", json!(words)));
    side.insert("scopes".into(), json!(words));
    let facts = [
        (Scope::Profile, "name"),
        (Scope::Email, "email"),
        (Scope::Phone, "phone"),
    ];
    let told = facts
        .into_iter()
        .filter(|(scope, _)| scopes.contains(scope));
    told.map(|(_, fact)| fact).collect()
}

fn consent(service: &Value, side: &mut Map<String, Value>, notes: &mut Notes) {
    let bypass = flag(service, "bypassApprovalPrompt", false);
    let public = side["token_endpoint_auth_method"] == "none";
    let consent = if bypass && !(public && side.contains_key("application_type")) {
        "implicit"
    } else {
        "ask"
    };
    notes.converted(
        &["bypassApprovalPrompt"],
        format!("→ \"consent\": \"{consent}\""),
    );
    side.insert("consent".into(), json!(consent));
}

fn tokens(service: &Value, side: &mut Map<String, Value>, notes: &mut Notes) {
    for (key, ours) in [
        ("idTokenSigningAlg", "id_token_signed_response_alg"),
        ("userInfoSigningAlg", "userinfo_signed_response_alg"),
    ] {
        if is_blank(&service[key]) {
            continue;
        }
        let word = text(&service[key]);
        match word.parse::<SigningAlgorithm>() {
            Ok(algorithm) => {
                notes.converted(&[key], format!("→ \"{ours}\"")).value(word);
                side.insert(ours.into(), json!(algorithm.as_str()));
            }
            Err(error) => {
                notes.left_out(&[key], error.to_string()).value(word);
            }
        }
    }
    if flag(service, "encryptIdToken", false) {
        let says = "ID tokens are signed here, and not encrypted";
        notes.left_out(&["encryptIdToken"], says);
    }
    let format = if flag(service, "jwtAccessToken", false) {
        "jwt"
    } else {
        "opaque"
    };
    side.insert("access_token_format".into(), json!(format));
}

/// `sub` was the user name there, and is nobody's number here.
fn subject(service: &Value, side: &mut Map<String, Value>, notes: &mut Notes) {
    let says = "\"sub\" was a user name, and is a permanent id here: the application knows nobody \
                by it any more";
    notes
        .differs(&["usernameAttributeProvider"], says)
        .instead("let the application know people by \"preferred_username\", the account number");
    if !text(&service["subjectType"]).eq_ignore_ascii_case("pairwise") {
        return;
    }
    side.insert("subject_type".into(), json!("pairwise"));
    let uri = text(&service["sectorIdentifierUri"]);
    if let Ok(uri) = RegisteredUrl::parse_endpoint(&uri, false, false) {
        let sector = uri.outbound().host().to_owned();
        side.insert("sector_identifier".into(), json!(sector));
    }
    notes.converted(&["subjectType"], "→ \"subject_type\": \"pairwise\"");
}

/// The release policy's own, and what the scopes told; the account number if it was the `sub`.
pub(super) fn release(service: &Value, policy: &Value, told: &[&str]) -> Value {
    let by_number = matches!(
        class(&service["usernameAttributeProvider"]),
        "" | "DefaultRegisteredServiceUsernameProvider"
    );
    let known = by_number
        && is_blank(&service["usernameAttribute"])
        && !flag(service, "anonymousAccess", false)
        && !text(&service["subjectType"]).eq_ignore_ascii_case("pairwise");
    let mut release = policy.as_array().cloned().unwrap_or_default();
    let name = |entry: &Value| entry["as"].as_str().or(entry.as_str()).map(str::to_owned);
    for fact in known.then_some(&"number").into_iter().chain(told) {
        if !release
            .iter()
            .any(|entry| name(entry).as_deref() == Some(fact))
        {
            release.push(json!(fact));
        }
    }
    Value::Array(release)
}
