//! Turning pages into responses, with the headers that protect them.

mod assets;
mod face;
mod headers;
mod help;
mod present;
mod respond;
mod words;

pub use assets::asset;
pub(crate) use headers::no_store;
pub use help::help;
pub use present::present;
pub(crate) use words::{page_names, query_of};
