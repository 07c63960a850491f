//! OpenID Connect's endpoints.

pub mod discovery;
pub mod keys;
pub mod logout;
pub mod notices;
pub mod remote_keys;

mod document;

pub use document::PublicDocument;
