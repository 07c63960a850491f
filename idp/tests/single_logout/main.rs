//! Single logout over HTTP: applications in this process that are up, down or hang, a clock that
//! only the test moves, and both engines.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test stops where its set-up fails"
)]

#[path = "../support/mod.rs"]
mod support;

mod application;
mod back_channel;
mod browser;
mod client;
mod delivery;
mod endings;
mod front_channel;
mod initiated;
mod misuse;
mod page;
