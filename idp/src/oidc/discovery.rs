//! What this provider can do, for programs: OpenID Connect Discovery §3, RFC 8414. Made once, from
//! the configuration and the table of routes; no header of a request comes into it (OID-26).

use std::sync::Arc;

use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::Response;
use idp_domain::oidc::Scope;
use idp_domain::oidc::jose::SigningAlgorithm;
use serde_json::{Map, Value};

use super::REGISTER;
use super::document::PublicDocument;
use crate::app::App;
use crate::config::Config;
use crate::routes::ROUTES;

/// What a member says.
#[derive(Clone, Copy, Debug)]
enum Says {
    /// The address of the route.
    Address,
    Is(bool),
    /// Members of the same name are put together.
    Words(&'static [&'static str]),
    Scopes,
    /// Every algorithm that we sign with and read.
    Algorithms,
}

use Says::{Address, Algorithms, Is, Scopes, Words};

/// Where the capabilities are, which their members name.
const AUTHORIZE: &str = "/oidc/authorize";
const TOKEN: &str = "/oidc/token";
const PAR: &str = "/oidc/par";
const USERINFO: &str = "/oidc/userinfo";
const INTROSPECT: &str = "/oidc/introspect";
const REVOKE: &str = "/oidc/revoke";
const LOGOUT: &str = "/oidc/logout";
const DEVICE: &str = "/oidc/device";
const JWKS: &str = "/oidc/jwks";

/// How clients prove who they are.
const CONFIDENTIAL: &[&str] = &[
    "client_secret_basic",
    "client_secret_post",
    "private_key_jwt",
];
const PUBLIC: &[&str] = &["none"];

/// Name, the route without which it would be a lie, and what it says.
const MEMBERS: &[(&str, &str, Says)] = &[
    ("jwks_uri", JWKS, Address),
    ("id_token_signing_alg_values_supported", JWKS, Algorithms),
    (
        "subject_types_supported",
        AUTHORIZE,
        Words(&["public", "pairwise"]),
    ),
    // The authorization endpoint
    ("authorization_endpoint", AUTHORIZE, Address),
    ("response_types_supported", AUTHORIZE, Words(&["code"])),
    (
        "response_modes_supported",
        AUTHORIZE,
        Words(&["query", "form_post"]),
    ),
    (
        "code_challenge_methods_supported",
        AUTHORIZE,
        Words(&["S256"]),
    ),
    (
        "prompt_values_supported",
        AUTHORIZE,
        Words(&["none", "login", "consent", "select_account"]),
    ),
    ("scopes_supported", AUTHORIZE, Scopes),
    ("claim_types_supported", AUTHORIZE, Words(&["normal"])),
    ("claims_parameter_supported", AUTHORIZE, Is(true)),
    ("request_parameter_supported", AUTHORIZE, Is(false)),
    ("request_uri_parameter_supported", AUTHORIZE, Is(false)),
    // RFC 9207 §3
    (
        "authorization_response_iss_parameter_supported",
        AUTHORIZE,
        Is(true),
    ),
    ("ui_locales_supported", AUTHORIZE, Words(&["zh-CN", "en"])),
    (
        "acr_values_supported",
        AUTHORIZE,
        Words(&["urn:yimen:acr:1fa", "urn:yimen:acr:mfa"]),
    ),
    // RFC 9126 §5
    ("pushed_authorization_request_endpoint", PAR, Address),
    ("require_pushed_authorization_requests", PAR, Is(false)),
    // The token endpoint
    ("token_endpoint", TOKEN, Address),
    (
        "grant_types_supported",
        TOKEN,
        Words(&["authorization_code", "refresh_token"]),
    ),
    (
        "grant_types_supported",
        TOKEN,
        Words(&["client_credentials"]),
    ),
    (
        "grant_types_supported",
        DEVICE,
        Words(&["urn:ietf:params:oauth:grant-type:device_code"]),
    ),
    (
        "token_endpoint_auth_methods_supported",
        TOKEN,
        Words(CONFIDENTIAL),
    ),
    (
        "token_endpoint_auth_methods_supported",
        TOKEN,
        Words(PUBLIC),
    ),
    (
        "token_endpoint_auth_signing_alg_values_supported",
        TOKEN,
        Algorithms,
    ),
    // RFC 9449 §5.1
    ("dpop_signing_alg_values_supported", TOKEN, Algorithms),
    ("device_authorization_endpoint", DEVICE, Address),
    // What is done with tokens
    ("userinfo_endpoint", USERINFO, Address),
    (
        "userinfo_signing_alg_values_supported",
        USERINFO,
        Algorithms,
    ),
    ("claims_supported", USERINFO, Words(CLAIMS)),
    ("introspection_endpoint", INTROSPECT, Address),
    (
        "introspection_endpoint_auth_methods_supported",
        INTROSPECT,
        Words(CONFIDENTIAL),
    ),
    (
        "introspection_endpoint_auth_signing_alg_values_supported",
        INTROSPECT,
        Algorithms,
    ),
    ("revocation_endpoint", REVOKE, Address),
    (
        "revocation_endpoint_auth_methods_supported",
        REVOKE,
        Words(CONFIDENTIAL),
    ),
    (
        "revocation_endpoint_auth_methods_supported",
        REVOKE,
        Words(PUBLIC),
    ),
    (
        "revocation_endpoint_auth_signing_alg_values_supported",
        REVOKE,
        Algorithms,
    ),
    // The way out
    ("end_session_endpoint", LOGOUT, Address),
    ("backchannel_logout_supported", LOGOUT, Is(true)),
    ("backchannel_logout_session_supported", LOGOUT, Is(true)),
    ("frontchannel_logout_supported", LOGOUT, Is(true)),
    ("frontchannel_logout_session_supported", LOGOUT, Is(true)),
];

/// What entries can release, and what the protocol itself says.
const CLAIMS: &[&str] = &[
    "sub",
    "iss",
    "aud",
    "exp",
    "iat",
    "auth_time",
    "nonce",
    "acr",
    "amr",
    "sid",
    "name",
    "preferred_username",
    "email",
    "email_verified",
    "phone_number",
    "phone_number_verified",
    "address",
    "numbers",
    "org",
    "groups",
    "eduperson_affiliation",
    "eduperson_scoped_affiliation",
];

/// What is known at the start, and true until the end.
pub(crate) fn document(config: &Config) -> PublicDocument {
    let exists = |path: &str| ROUTES.iter().any(|route| route.path == path);
    let issuer = config.server.issuer.as_str();
    let mut members = Map::new();
    members.insert("issuer".to_owned(), issuer.into());
    if config.oidc.registration {
        let place = format!("{issuer}{REGISTER}");
        members.insert("registration_endpoint".to_owned(), place.into());
    }
    for (name, route, says) in MEMBERS.iter().filter(|(_, route, _)| exists(route)) {
        let value = match says {
            Address => format!("{issuer}{route}").into(),
            Is(whether) => Value::Bool(*whether),
            Words(words) => (*words).into(),
            Scopes => list(Scope::OURS.iter().map(Scope::as_str)),
            Algorithms => list(SigningAlgorithm::ALL.iter().map(|alg| alg.as_str())),
        };
        match (members.get_mut(*name), value) {
            (Some(Value::Array(all)), Value::Array(more)) => all.extend(more),
            (_, value) => drop(members.insert((*name).to_owned(), value)),
        }
    }
    PublicDocument::new(&Value::Object(members))
}

fn list<'a>(words: impl Iterator<Item = &'a str>) -> Value {
    words.map(Value::from).collect()
}

/// `GET /.well-known/openid-configuration` and `GET /.well-known/oauth-authorization-server`.
pub async fn show(State(app): State<Arc<App>>, request: HeaderMap) -> Response {
    app.discovery.answer(&request, "public, max-age=3600")
}

/// `GET /oidc/jwks`: kept for minutes only, since a key may be replaced at once; who meets an
/// unknown one asks again anyway.
pub async fn jwks(State(app): State<Arc<App>>, request: HeaderMap) -> Response {
    let published = app.signing_keys.published();
    published.document.answer(&request, "public, max-age=300")
}
