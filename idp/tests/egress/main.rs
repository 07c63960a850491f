//! Our own requests to applications, against servers that mean no good (TKT-08, XML-06).

#![expect(clippy::unwrap_used, reason = "a test stops where its set-up fails")]

#[path = "../support/mod.rs"]
mod support;

mod addresses;
mod asking;
mod certificates;
mod limits;
mod way;
