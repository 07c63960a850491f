//! Our own requests to applications: proxy callbacks and logout notices. The one way out, built
//! so that nobody can turn it inwards (design rule 16; TKT-08, XML-06):
//!
//! - Only an `OutboundUrl` can be asked, whose host and port stand in the registry.
//! - The name is resolved once, each address is checked, and the connection goes to a checked
//!   address itself. A second answer of the DNS is never asked for, so none can differ from the
//!   one that was checked (rebinding). Of several addresses those that may not be asked are left
//!   out: a host with a public and an inner address is normal on a campus, and what isn't
//!   connected to can't be reached.
//! - Nothing is followed, taken from the environment, kept or unpacked: no redirects, no proxies,
//!   no cookies, no compression. Time, head and body of an answer are bounded.
//! - `https` needs a certificate from an authority we know; there is no switch.

mod authorities;
mod client;
mod error;
mod policy;
mod reach;
mod resolver;
mod slots;

pub use client::{Answer, Egress, Limits};
pub use error::{BadEgress, EgressError};
pub use reach::{Stage, Unreached};
pub use resolver::{Resolver, SystemResolver, WrittenResolver};
