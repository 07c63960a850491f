//! Attacks over HTTP, each by its id in the project's catalogue of security cases. One program, so
//! that one link serves them all.

#![expect(clippy::unwrap_used, reason = "a test stops where its set-up fails")]

#[path = "../support/mod.rs"]
mod support;

mod answers;
mod confusion;
mod flows;
mod forgery;
mod framing;
mod headers;
mod heads;
mod held;
mod hosts;
mod injection;
mod limits;
mod races;
mod services;
mod sessions;
mod tickets;
mod trail;
mod xml;
