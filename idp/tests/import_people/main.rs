//! `yimen import people`, from files to what can be seen afterwards, on both engines.
#![expect(clippy::unwrap_used, reason = "a test stops where its set-up fails")]

#[path = "../../examples/synthetic/mod.rs"]
mod synthetic;

mod again;
mod campus;
mod faults;
mod hostile;
mod power;
mod reading;
mod taken;
