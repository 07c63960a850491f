//! The registry of applications: entries as their owners write them, and the one way from a
//! request's `service` to an address that a browser may be sent to.
//!
//! `raw text → ServiceUrl → Registry::resolve → ProvenService → ProvenRedirect`: each step takes
//! a looser type and returns a stricter one, and the last has no other origin, so that an open
//! redirect can't be written.

mod access;
pub mod apereo;
mod application;
mod cas_side;
mod client;
pub mod doctor;
mod entry;
mod facts;
mod listing;
mod numbers;
mod oidc_side;
mod origin;
mod outbound;
mod pattern;
mod proven;
mod redirect_uri;
mod registered;
mod registry;
mod release;
mod service_url;
mod target;
#[cfg(test)]
mod tests;

pub use access::{AccessDenial, AccessPolicy, ClockTime, TimeWindow, day_word};
pub use application::{Application, ApplicationId, BadApplicationId, Names};
pub use cas_side::{CasSide, LogoutChannel, LogoutRule, ProxyRule, RestRule};
pub use client::{BadClientId, ClientId, ClientKeys, SecretHash};
pub(crate) use entry::is_line;
pub use entry::{BadEntries, BadEntry, missing_targets, parse_entries};
pub use facts::Facts;
pub use listing::{Listing, PageUrl};
pub use numbers::{NumberFor, NumberRule};
pub use oidc_side::{
    AccessTokenFormat, ApplicationType, AuthMethod, ClientAuthentication, Consent, GrantType,
    LogoutUri, OidcSide, Profile, SubjectType,
};
pub use origin::Scheme;
pub(crate) use origin::canonical_host;
pub use outbound::OutboundUrl;
pub use pattern::{BadPattern, PatternPort, PatternRules, ServicePattern};
pub use proven::{ProvenRedirect, ProvenService};
pub use redirect_uri::{BadRedirect, RedirectRules, RedirectUri};
pub use registered::{BadAddress, RegisteredUrl};
pub use registry::{Clash, Refusal, Registry};
pub use release::{Release, ReleaseSource, ReleasedAttribute};
pub use service_url::{MAX_SERVICE_BYTES, RefusedUrl, ServiceUrl};
pub use target::{BadOpaqueService, OpaqueService, ProvenCallback, ProvenTarget};
