//! The hall over HTTP, against a provider that can be told to lie.
#![expect(clippy::unwrap_used, reason = "a test stops where its set-up fails")]

mod floods;
mod home;
mod leaving;
mod lost_answers;
mod races;
mod refusals;
mod renewal;
mod rows;
mod sign_in;
mod support;
mod told;
