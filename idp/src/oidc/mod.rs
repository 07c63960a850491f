//! OpenID Connect's endpoints.

pub mod discovery;
pub mod keys;
pub mod remote_keys;

mod document;

pub use document::PublicDocument;
