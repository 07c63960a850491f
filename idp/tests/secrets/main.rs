//! Attacks on what people know and receive: passwords, captchas, one-time codes. Each test names
//! its id in the project's catalogue of security cases.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test stops where its set-up fails"
)]

#[path = "../support/mod.rs"]
mod support;

mod binding;
mod captchas;
mod codes;
mod cohort;
mod enumeration;
mod faults;
mod guessing;
mod initial;
mod messages;
mod passwords;
mod spraying;
mod wizard;
