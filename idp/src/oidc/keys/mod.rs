//! The keys by which our tokens are signed: made at the first start, sealed under the master key,
//! replaced on a schedule, the same on every node.
//!
//! A key is for one algorithm and named by its thumbprint (RFC 7638). Its life: it is *published*
//! for a while before it signs, so that verifiers have it; it *signs* until the next one of its
//! algorithm does; it *stays published* until everything that it signed has ended. Moments are
//! written into its row once, so that nodes needn't agree on more than the time, and a node whose
//! clock is off by less than the time ahead signs with a published key all the same.

mod held;
mod made;
mod plan;
mod rotation;
mod withdrawal;

#[cfg(test)]
mod tests;

pub use held::{HeldKey, Published, SigningKeys};
pub use made::{Material, install};
pub use plan::{KeyLife, Why};
pub use rotation::{KeysError, MadeKey, rotate};
pub use withdrawal::withdraw;
