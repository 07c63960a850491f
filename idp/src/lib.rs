//! The identity provider: CAS and OpenID Connect, sign-in, accounts, factors, sessions.

pub mod accounts;
pub mod applications;
pub mod config;
pub mod keys;

mod ambient;

pub use ambient::{Clock, Entropy};
