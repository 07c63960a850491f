//! The words of OpenID Connect's logouts: RP-Initiated Logout 1.0 and Back-Channel Logout 1.0.

mod request;
mod token;

#[cfg(test)]
mod tests;

pub use request::{LogoutRequest, UnreadableLogout};
pub use token::{LOGOUT_TOKEN_TTL, LogoutToken};
