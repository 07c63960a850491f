//! What this provider can do, for programs: OpenID Connect Discovery §3, RFC 8414. Made once, from
//! the configuration and the table of routes; no header of a request comes into it (OID-26).

use std::sync::Arc;

use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::Response;
use idp_domain::applications::{AuthMethod, GrantType, ReleasedAttribute, SubjectType};
use idp_domain::oidc::authorize::{CodeChallenge, Prompt, RESPONSE_TYPE, ResponseMode};
use idp_domain::oidc::jose::SigningAlgorithm;
use idp_domain::oidc::{Acr, Scope};
use serde_json::{Map, Value};
use themes::Locale;

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
    /// What the checks themselves go by. Members of the same name are put together.
    Words(fn() -> Vec<&'static str>),
}

use Says::{Address, Is, Words};

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
fn confidential() -> Vec<&'static str> {
    let methods = AuthMethod::ALL.into_iter();
    let proving = methods.filter(|method| *method != AuthMethod::None);
    proving.map(AuthMethod::as_str).collect()
}

fn public() -> Vec<&'static str> {
    vec![AuthMethod::None.as_str()]
}

/// Every algorithm that we sign with and read.
fn algorithms() -> Vec<&'static str> {
    SigningAlgorithm::ALL.map(SigningAlgorithm::as_str).to_vec()
}

fn scopes() -> Vec<&'static str> {
    Scope::OURS.iter().map(Scope::as_str).collect()
}

/// Those that need nothing but the token endpoint.
fn grant_types() -> Vec<&'static str> {
    let all = GrantType::ALL.into_iter();
    let ours = all.filter(|grant| *grant != GrantType::DeviceCode);
    ours.map(GrantType::as_str).collect()
}

/// What the protocol itself says, and what entries can release.
fn claims() -> Vec<&'static str> {
    const OWN: [&str; 10] = [
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
    ];
    let released = ReleasedAttribute::ALL.into_iter();
    let released = released.flat_map(|attribute| attribute.claims().iter().copied());
    OWN.into_iter().chain(released).collect()
}

/// Name, the route without which it would be a lie, and what it says.
const MEMBERS: &[(&str, &str, Says)] = &[
    ("jwks_uri", JWKS, Address),
    (
        "id_token_signing_alg_values_supported",
        JWKS,
        Words(algorithms),
    ),
    (
        "subject_types_supported",
        AUTHORIZE,
        Words(|| SubjectType::WORDS.to_vec()),
    ),
    // The authorization endpoint
    ("authorization_endpoint", AUTHORIZE, Address),
    (
        "response_types_supported",
        AUTHORIZE,
        Words(|| vec![RESPONSE_TYPE]),
    ),
    (
        "response_modes_supported",
        AUTHORIZE,
        Words(|| ResponseMode::ALL.map(ResponseMode::as_str).to_vec()),
    ),
    (
        "code_challenge_methods_supported",
        AUTHORIZE,
        Words(|| vec![CodeChallenge::METHOD]),
    ),
    (
        "prompt_values_supported",
        AUTHORIZE,
        Words(|| Prompt::WORDS.to_vec()),
    ),
    ("scopes_supported", AUTHORIZE, Words(scopes)),
    ("claim_types_supported", AUTHORIZE, Words(|| vec!["normal"])),
    ("claims_parameter_supported", AUTHORIZE, Is(true)),
    ("request_parameter_supported", AUTHORIZE, Is(false)),
    ("request_uri_parameter_supported", AUTHORIZE, Is(false)),
    // RFC 9207 §3
    (
        "authorization_response_iss_parameter_supported",
        AUTHORIZE,
        Is(true),
    ),
    (
        "ui_locales_supported",
        AUTHORIZE,
        Words(|| Locale::ALL.map(Locale::tag).to_vec()),
    ),
    (
        "acr_values_supported",
        AUTHORIZE,
        Words(|| Acr::ALL.map(Acr::as_str).to_vec()),
    ),
    // RFC 9126 §5
    ("pushed_authorization_request_endpoint", PAR, Address),
    ("require_pushed_authorization_requests", PAR, Is(false)),
    // The token endpoint
    ("token_endpoint", TOKEN, Address),
    ("grant_types_supported", TOKEN, Words(grant_types)),
    (
        "grant_types_supported",
        DEVICE,
        Words(|| vec![GrantType::DeviceCode.as_str()]),
    ),
    (
        "token_endpoint_auth_methods_supported",
        TOKEN,
        Words(confidential),
    ),
    (
        "token_endpoint_auth_methods_supported",
        TOKEN,
        Words(public),
    ),
    (
        "token_endpoint_auth_signing_alg_values_supported",
        TOKEN,
        Words(algorithms),
    ),
    // RFC 9449 §5.1
    (
        "dpop_signing_alg_values_supported",
        TOKEN,
        Words(algorithms),
    ),
    ("device_authorization_endpoint", DEVICE, Address),
    // What is done with tokens
    ("userinfo_endpoint", USERINFO, Address),
    (
        "userinfo_signing_alg_values_supported",
        USERINFO,
        Words(algorithms),
    ),
    ("claims_supported", USERINFO, Words(claims)),
    ("introspection_endpoint", INTROSPECT, Address),
    (
        "introspection_endpoint_auth_methods_supported",
        INTROSPECT,
        Words(confidential),
    ),
    (
        "introspection_endpoint_auth_signing_alg_values_supported",
        INTROSPECT,
        Words(algorithms),
    ),
    ("revocation_endpoint", REVOKE, Address),
    (
        "revocation_endpoint_auth_methods_supported",
        REVOKE,
        Words(confidential),
    ),
    (
        "revocation_endpoint_auth_methods_supported",
        REVOKE,
        Words(public),
    ),
    (
        "revocation_endpoint_auth_signing_alg_values_supported",
        REVOKE,
        Words(algorithms),
    ),
    // The way out
    ("end_session_endpoint", LOGOUT, Address),
    ("backchannel_logout_supported", LOGOUT, Is(true)),
    ("backchannel_logout_session_supported", LOGOUT, Is(true)),
    ("frontchannel_logout_supported", LOGOUT, Is(true)),
    ("frontchannel_logout_session_supported", LOGOUT, Is(true)),
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
            Words(words) => words().into(),
        };
        match (members.get_mut(*name), value) {
            (Some(Value::Array(all)), Value::Array(more)) => all.extend(more),
            (_, value) => drop(members.insert((*name).to_owned(), value)),
        }
    }
    PublicDocument::new(&Value::Object(members))
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
