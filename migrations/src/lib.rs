//! The database handle of every part of Yimen: two engines, one query text.
//!
//! * [`Db`] is SQLite (embedded; one writer connection, several readers) or PostgreSQL (a pool).
//! * [`Conn`] reads; [`Tx`] reads and writes. A function that writes takes `&mut Tx`, so a write
//!   on a reading connection does not compile.
//! * [`run!`] expands one query over both engines; [`statements!`] declares the texts, so that a
//!   test can prepare each of them on both.
//! * [`Set`] names the migrations of a part that runs alone, with a version table of its own.

mod conn;
mod db;
mod error;
mod micros;
mod sets;
mod statements;
#[cfg(feature = "testing")]
pub mod testing;
mod version;

pub use conn::{Conn, Tx};
pub use db::{Db, Engine, OpenOptions, sqlite_url};
pub use error::DbError;
pub use micros::Micros;
pub use sets::{IDP, PORTAL, SMS, Set};
pub use statements::{Only, Statement};
pub use version::SchemaState;

// For the macros, which expand in crates that name only what they use.
#[doc(hidden)]
pub use sqlx;
