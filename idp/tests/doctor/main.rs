//! The application doctor against applications in this process: each has one mistake, and the
//! finding names it.

#![expect(clippy::unwrap_used, reason = "a test stops where its set-up fails")]

#[path = "../support/mod.rs"]
mod support;

mod application;
mod login;
mod probe;
mod round_trip;
mod unreachable;
