//! The identity provider's SQL, one file per aggregate. A state change is a guarded UPDATE that
//! says whether it happened; nothing that may be used once is read first and written later.

pub mod applications;
pub mod imports;
pub mod org_units;
pub mod roster;

pub use migrations::{Conn, Db, DbError, Micros, Tx};
