//! OpenID Connect and OAuth 2: what clients ask for, and what they get. One endpoint is one file or
//! folder; the protocol's own checks are `idp_domain::oidc`'s.

pub(crate) mod answer;
mod ask;
pub(crate) mod authorization;
pub(crate) mod authorize;
pub(crate) mod client_auth;
pub(crate) mod cors;
pub(crate) mod device;
pub mod discovery;
pub(crate) mod dpop;
pub(crate) mod form;
mod hint;
pub(crate) mod introspect;
mod issue;
pub mod keys;
pub mod logout;
pub mod notices;
mod one_use;
pub(crate) mod par;
pub(crate) mod register;
pub mod remote_keys;
pub(crate) mod resource;
pub(crate) mod revoke;
pub(crate) mod token;
pub(crate) mod tokens;
pub(crate) mod userinfo;

mod bearer;
mod document;
mod respond;
mod routes;

pub use document::PublicDocument;
pub(crate) use routes::ROUTES;

use crate::visit::Visit;

/// Where clients post.
pub(crate) const TOKEN: &str = "/oidc/token";
pub(crate) const PAR: &str = "/oidc/par";
pub(crate) const DEVICE: &str = "/oidc/device";
pub(crate) const REGISTER: &str = "/oidc/register";
pub(crate) const USERINFO: &str = "/oidc/userinfo";
pub(crate) const INTROSPECT: &str = "/oidc/introspect";
pub(crate) const REVOKE: &str = "/oidc/revoke";

/// An address of ours as clients know it: made of the configured issuer, never of a header.
pub(crate) fn address(visit: &Visit, path: &str) -> String {
    format!("{}{path}", visit.app.config.server.issuer.as_str())
}
