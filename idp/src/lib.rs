//! The identity provider: CAS and OpenID Connect, sign-in, accounts, factors, sessions.

pub mod accounts;
pub mod applications;
