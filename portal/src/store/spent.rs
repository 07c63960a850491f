//! What was used once, until nobody could use it any more for its age.

use jiff::Timestamp;
use migrations::{DbError, Micros, Tx, run};

use crate::secrets::Hash;

migrations::statements! {
    SPEND: "INSERT INTO portal_spent (kind, hash, expires_at) VALUES ($1, $2, $3)
        ON CONFLICT (kind, hash) DO NOTHING";
    PURGE: "DELETE FROM portal_spent WHERE expires_at <= $1";
}

/// What is used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// The `state` of a sign-in that came back.
    State,
    /// The `jti` of a logout token.
    LogoutToken,
}

impl Kind {
    fn name(self) -> &'static str {
        match self {
            Self::State => "state",
            Self::LogoutToken => "jti",
        }
    }
}

/// True for exactly one caller, until `expires_at`.
pub(crate) async fn spend(
    tx: &mut Tx,
    kind: Kind,
    hash: &Hash,
    expires_at: Timestamp,
) -> Result<bool, DbError> {
    let rows = run!(tx, c => sqlx::query(SPEND)
        .bind(kind.name())
        .bind(hash.as_slice())
        .bind(Micros::from(expires_at))
        .execute(c))?;
    Ok(rows == 1)
}

/// How many rows went.
pub(crate) async fn purge(tx: &mut Tx, now: Timestamp) -> Result<u64, DbError> {
    run!(tx, c => sqlx::query(PURGE).bind(Micros::from(now)).execute(c))
}
