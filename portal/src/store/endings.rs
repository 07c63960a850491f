//! The names by which logout tokens speak: whoever begins or ends sessions of a name holds its row
//! until the end of the transaction. So a sign-in that completes while its logout arrives is either
//! ended by it or refused; PostgreSQL's own isolation would let both pass each other.

use jiff::Timestamp;
use migrations::{DbError, Micros, Tx, run};

use crate::secrets::{Hash, hash};

migrations::statements! {
    /// Writes in any case, and so waits for whoever holds the row.
    HOLD: "INSERT INTO portal_endings (kind, hash, expires_at) VALUES ($1, $2, $3)
        ON CONFLICT (kind, hash) DO UPDATE SET expires_at =
            CASE WHEN portal_endings.expires_at > excluded.expires_at
                THEN portal_endings.expires_at ELSE excluded.expires_at END
        RETURNING ended_at";
    END: "INSERT INTO portal_endings (kind, hash, ended_at, expires_at) VALUES ($1, $2, $3, $4)
        ON CONFLICT (kind, hash) DO UPDATE SET
            ended_at = CASE WHEN portal_endings.ended_at > excluded.ended_at
                THEN portal_endings.ended_at ELSE excluded.ended_at END,
            expires_at = CASE WHEN portal_endings.expires_at > excluded.expires_at
                THEN portal_endings.expires_at ELSE excluded.expires_at END";
    PURGE: "DELETE FROM portal_endings WHERE expires_at <= $1";
}

/// A name of sessions. Where both are held, the provider's session comes first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Name<'a> {
    /// `sid`
    Session(&'a str),
    /// `sub`
    Person(&'a str),
}

impl Name<'_> {
    fn kind(self) -> &'static str {
        match self {
            Self::Session(_) => "sid",
            Self::Person(_) => "sub",
        }
    }

    fn hash(self) -> Hash {
        let (Self::Session(text) | Self::Person(text)) = self;
        hash(self.kind(), &[text])
    }
}

/// Until when sessions of this name were ended; none: never, as far as is remembered. Nobody ends
/// one until the transaction is over.
pub(crate) async fn hold(
    tx: &mut Tx,
    name: Name<'_>,
    expires_at: Timestamp,
) -> Result<Option<Timestamp>, DbError> {
    let ended: Option<Micros> = run!(tx, c => sqlx::query_scalar(HOLD)
        .bind(name.kind())
        .bind(name.hash().to_vec())
        .bind(Micros::from(expires_at))
        .fetch_one(c))?;
    Ok(ended.map(Into::into))
}

/// Remembers until `expires_at` that sessions of this name ended. Nobody begins one until the
/// transaction is over.
pub(crate) async fn end(
    tx: &mut Tx,
    name: Name<'_>,
    ended_at: Timestamp,
    expires_at: Timestamp,
) -> Result<(), DbError> {
    run!(tx, c => sqlx::query(END)
        .bind(name.kind())
        .bind(name.hash().to_vec())
        .bind(Micros::from(ended_at))
        .bind(Micros::from(expires_at))
        .execute(c))
    .map(drop)
}

/// How many rows went.
pub(crate) async fn purge(tx: &mut Tx, now: Timestamp) -> Result<u64, DbError> {
    run!(tx, c => sqlx::query(PURGE).bind(Micros::from(now)).execute(c))
}
