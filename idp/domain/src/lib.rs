//! The rules of the identity provider, as pure functions and types: no async, no I/O, no clock,
//! no SQL. Time and randomness are arguments.

pub mod accounts;
pub mod applications;
pub mod audit;
pub mod cas;
pub mod factors;
pub mod form;
pub mod ids;
pub mod oidc;
pub mod secrets;
pub mod sessions;
pub mod signin;

pub use jiff::Timestamp;
