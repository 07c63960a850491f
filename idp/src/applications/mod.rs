//! The one registry of applications: how entries come in, and how each node holds them.

mod handle;
mod import;
mod listed;
#[cfg(test)]
mod tests;

pub use handle::ApplicationRegistry;
pub use import::{Here, ImportError, ImportReport, import, remove};
pub use listed::listed;
