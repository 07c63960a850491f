//! OpenID Connect's and OAuth's own words: requests, checks, claims, tokens. What happens in
//! between is the identity provider's. One check of the protocol is one small file, which cites
//! its clause.

pub mod authorize;
pub mod claims;
pub mod client_assertion;
pub mod dpop;
pub mod jose;
pub mod logout;
pub mod registration;
pub mod token;

mod acr;
#[cfg(test)]
mod arbitrary;
mod claims_request;
mod client_grant;
mod disclosure;
mod error;
mod granted;
mod id_token_hint;
mod offline_grant;
mod refresh;
mod scope;
mod spend_once;
mod subject;
mod tokens;
mod user_code;

pub use acr::{Acr, amr};
pub use claims_request::{ClaimAsk, ClaimsRequest};
pub use client_grant::ClientGrant;
pub use disclosure::{BadDisclosed, Disclosed, Disclosure};
pub use error::{ErrorCode, OAuthError};
pub use granted::{CodeRequest, Granted};
pub use id_token_hint::IdTokenHint;
pub use offline_grant::{Held, OfflineGrant};
pub use refresh::{BadRefreshToken, RefreshToken};
pub use scope::{BadScope, Scope, Scopes};
pub use spend_once::SpendOnce;
pub use subject::subject;
pub use tokens::{
    ACCESS_TOKEN_TTL, AuthorizationCode, BadToken, CODE_TTL, DEVICE_TTL, DeviceCode,
    InitialAccessToken, OpaqueAccessToken, PUSHED_REQUEST_TTL, PushedRequest, REFRESH_GRACE,
    RegistrationToken, SECRET_KINDS,
};
pub use user_code::{BadUserCode, UserCode};
