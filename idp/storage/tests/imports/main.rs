//! Imports, roster and org units, on both engines.
#![expect(clippy::unwrap_used, reason = "a test stops where its set-up fails")]

mod published;
mod publishing;
mod rows;
