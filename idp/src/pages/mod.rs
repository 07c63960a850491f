//! Turning pages into responses, with the headers that protect them.

mod assets;
mod face;
mod headers;
mod help;
mod present;
mod respond;

pub use assets::asset;
pub(crate) use headers::no_store;
pub use help::help;
pub use present::present;
