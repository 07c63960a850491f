//! OpenID Connect over HTTP: what a browser and an application's server see. One program, so that
//! one link serves them all.

#![expect(clippy::unwrap_used, reason = "a test stops where its set-up fails")]

#[path = "../support/mod.rs"]
mod support;

mod account;
mod again;
mod agreed;
mod authorize;
mod claims_parameter;
mod client_auth;
mod consent;
mod device;
mod discovery;
mod dpop;
mod fapi2;
mod given;
mod introspect;
mod keys;
mod languages;
mod leaving;
mod one_use;
mod par;
mod prompt;
mod recycled;
mod refresh;
mod refused;
mod register;
mod remote_keys;
mod room;
mod token;
mod token_kinds;
mod userinfo;
