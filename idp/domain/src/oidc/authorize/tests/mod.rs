mod entrance;
mod properties;
mod requests;
mod wishes;

use serde_json::json;

use super::*;
use crate::applications::{Registry, parse_entries};
use crate::oidc::ErrorCode as E;

const REDIRECT: &str = "https://rp.example.edu/callback?fixed=1";

/// A registry with one client, some of whose members are replaced.
fn registry(changes: &serde_json::Value) -> Registry {
    let mut oidc = json!({
        "client_id": "rp",
        "client_secret": "a-secret-of-the-tests",
        "redirect_uris": [REDIRECT],
        "grant_types": ["authorization_code", "refresh_token"],
        "audiences": ["https://api.example.edu/"],
        "consent": "implicit",
    });
    for (name, value) in changes.as_object().unwrap() {
        oidc[name] = value.clone();
    }
    let entry = json!({
        "id": "rp", "name": { "zh-CN": "甲", "en": "A" },
        "oidc": oidc,
        "release": ["name", "number", "phone", { "attribute": "email", "as": "mail" }],
    });
    Registry::new(parse_entries(&entry.to_string(), false).unwrap())
}

fn pairs(changes: &[(&str, &str)]) -> Vec<(String, String)> {
    let challenge = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";
    let mut all = vec![
        ("client_id", "rp"),
        ("redirect_uri", REDIRECT),
        ("response_type", "code"),
        ("scope", "openid profile"),
        ("code_challenge", challenge),
        ("code_challenge_method", "S256"),
    ];
    all.retain(|(name, _)| !changes.iter().any(|(changed, _)| changed == name));
    all.extend_from_slice(changes);
    let owned = all.into_iter().map(|(n, v)| (n.to_owned(), v.to_owned()));
    owned.collect()
}

fn addressed(registry: &Registry, changes: &[(&str, &str)]) -> Result<Addressed, Unaddressed> {
    Addressed::of(Parameters::read(&pairs(changes))?, registry)
}

fn check(changes: &[(&str, &str)]) -> Result<AuthorizeRequest, ErrorCode> {
    check_at(&registry(&json!({})), changes)
}

fn check_at(registry: &Registry, changes: &[(&str, &str)]) -> Result<AuthorizeRequest, ErrorCode> {
    let addressed = addressed(registry, changes).unwrap();
    AuthorizeRequest::check(&addressed, Way::Plain).map_err(|error| {
        let permitted = |c: char| (' '..='~').contains(&c) && c != '"' && c != '\\';
        assert!(error.description.chars().all(permitted), "OIDC 23: {error}");
        error.code
    })
}
