//! The registry of applications: entries as their owners write them, and the one way from a
//! request's `service` to an address that a browser may be sent to.
//!
//! `raw text → ServiceUrl → Registry::resolve → ProvenService → ProvenRedirect`: each step takes
//! a looser type and returns a stricter one, and the last has no other origin, so that an open
//! redirect can't be written.

mod application;
mod entry;
mod origin;
mod outbound;
mod pattern;
mod proven;
mod registry;
mod service_url;
#[cfg(test)]
mod tests;

pub use application::{
    AccessPolicy, Application, ApplicationId, BadApplicationId, CasSide, Names, ReleasedAttribute,
};
pub use entry::{BadEntries, BadEntry, parse_entries};
pub use origin::Scheme;
pub use outbound::OutboundUrl;
pub use pattern::{BadPattern, PatternPort, PatternRules, ServicePattern};
pub use proven::{ProvenRedirect, ProvenService};
pub use registry::{Clash, Refusal, Registry};
pub use service_url::{MAX_SERVICE_BYTES, RefusedUrl, ServiceUrl};
