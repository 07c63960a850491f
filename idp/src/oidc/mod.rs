//! OpenID Connect and OAuth 2: what clients ask for, and what they get. One endpoint is one file or
//! folder; the protocol's own checks are `idp_domain::oidc`'s.

pub(crate) mod answer;
pub(crate) mod client_auth;
pub(crate) mod cors;
pub mod discovery;
pub(crate) mod form;
pub mod keys;
pub mod logout;
pub mod notices;
pub mod remote_keys;

mod document;

pub use document::PublicDocument;

use crate::visit::Visit;

/// Where clients post.
pub(crate) const TOKEN: &str = "/oidc/token";
pub(crate) const PAR: &str = "/oidc/par";

/// An address of ours as clients know it: made of the configured issuer, never of a header.
pub(crate) fn address(visit: &Visit, path: &str) -> String {
    format!("{}{path}", visit.app.config.server.issuer.as_str())
}
