//! The ledger of logouts: one notice for each grant, whatever races.

mod given;
mod ledger;
mod told;
