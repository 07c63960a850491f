//! The lives of accounts: import, activation, binding.

pub mod activation_codes;
pub mod groups;
pub mod import;
pub mod initial_cap;
pub mod roles;
pub(crate) mod sealed;

use idp_domain::accounts::AccountNumber;
use idp_domain::ids::PersonId;
use idp_storage::{Conn, DbError, persons};

/// A command names somebody by a number.
#[derive(Debug, thiserror::Error)]
pub enum UnknownNumber {
    #[error("nobody has the number {0}")]
    Nobody(String),
    #[error(transparent)]
    Db(#[from] DbError),
}

async fn holder_of(conn: &mut Conn, number: &AccountNumber) -> Result<PersonId, UnknownNumber> {
    persons::id_of_number(conn, number.as_str())
        .await?
        .ok_or_else(|| UnknownNumber::Nobody(number.as_str().to_owned()))
}
