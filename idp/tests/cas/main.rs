//! The CAS protocol over HTTP: what a browser and an application's server see. One program, so
//! that one link serves them all.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test stops where its set-up fails"
)]

#[path = "../support/mod.rs"]
mod support;

mod budgets;
mod chains;
mod entering;
mod kinds;
mod numbers;
mod proxies;
mod proxying;
mod rest;
mod saml;
