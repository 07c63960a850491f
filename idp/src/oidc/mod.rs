//! OpenID Connect's endpoints.

pub mod keys;
