use std::ops::{Deref, DerefMut};

use sqlx::pool::PoolConnection;
use sqlx::{PgConnection, Postgres, Sqlite, SqliteConnection, Transaction};

use crate::{DbError, Engine};

/// A connection to read with: outside of a transaction, or inside of one as a [`Tx`].
#[derive(Debug)]
pub struct Conn(pub(crate) Inner);

#[derive(Debug)]
pub(crate) enum Inner {
    SqliteRead(PoolConnection<Sqlite>),
    PostgresRead(PoolConnection<Postgres>),
    SqliteTx(Transaction<'static, Sqlite>),
    PostgresTx(Transaction<'static, Postgres>),
}

impl Conn {
    /// The engine's own connection, for [`run!`](crate::run).
    #[doc(hidden)]
    pub fn engine_mut(&mut self) -> Engine<&mut SqliteConnection, &mut PgConnection> {
        match &mut self.0 {
            Inner::SqliteRead(c) => Engine::Sqlite(&mut **c),
            Inner::SqliteTx(c) => Engine::Sqlite(&mut **c),
            Inner::PostgresRead(c) => Engine::Postgres(&mut **c),
            Inner::PostgresTx(c) => Engine::Postgres(&mut **c),
        }
    }

    /// The one of two texts that this engine takes, where one can't serve both.
    pub fn pick(&self, sqlite: &'static str, postgres: &'static str) -> &'static str {
        match self.0 {
            Inner::SqliteRead(_) | Inner::SqliteTx(_) => sqlite,
            Inner::PostgresRead(_) | Inner::PostgresTx(_) => postgres,
        }
    }
}

/// A writing transaction. Dropped without [`commit`](Tx::commit), nothing of it happened.
///
/// On SQLite it holds the one writer from its start (`BEGIN IMMEDIATE`), so keep it short and
/// never wait for anything but the database in between.
#[derive(Debug)]
pub struct Tx(pub(crate) Conn);

impl Tx {
    /// Makes all of it durable.
    pub async fn commit(self) -> Result<(), DbError> {
        match self.0.0 {
            Inner::SqliteTx(tx) => tx.commit().await?,
            Inner::PostgresTx(tx) => tx.commit().await?,
            // `Db::write` makes no other.
            Inner::SqliteRead(_) | Inner::PostgresRead(_) => {}
        }
        Ok(())
    }

    /// Undoes all of it now, rather than when the value is dropped.
    pub async fn rollback(self) -> Result<(), DbError> {
        match self.0.0 {
            Inner::SqliteTx(tx) => tx.rollback().await?,
            Inner::PostgresTx(tx) => tx.rollback().await?,
            Inner::SqliteRead(_) | Inner::PostgresRead(_) => {}
        }
        Ok(())
    }
}

impl Deref for Tx {
    type Target = Conn;
    fn deref(&self) -> &Conn {
        &self.0
    }
}

impl DerefMut for Tx {
    fn deref_mut(&mut self) -> &mut Conn {
        &mut self.0
    }
}
