//! Turning pages into responses, with the headers that protect them.

mod assets;
mod headers;
mod present;
mod respond;

pub(crate) use assets::asset;
pub(crate) use headers::no_store;
pub(crate) use present::present;
