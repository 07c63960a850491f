/// The engine that a text is for, where one text can't serve both.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Only {
    Both,
    Sqlite,
    Postgres,
}

/// A query text with its name, for the test that prepares each one on each engine.
#[derive(Clone, Copy, Debug)]
pub struct Statement {
    pub name: &'static str,
    pub sql: &'static str,
    pub only: Only,
}

/// Declares the query texts of a file: one `const` each, and `STATEMENTS` with all of them.
///
/// ```
/// migrations::statements! {
///     /// The sessions that ended before `$1`.
///     PURGE: "DELETE FROM sessions WHERE expires_at < $1";
///     /// Claiming wants `SKIP LOCKED`, which SQLite neither has nor needs.
///     CLAIM_PG(Postgres): "SELECT id FROM outbox LIMIT $1 FOR UPDATE SKIP LOCKED";
/// }
/// ```
#[macro_export]
macro_rules! statements {
    ($($(#[$doc:meta])* $name:ident $(($only:ident))? : $sql:expr;)+) => {
        $($(#[$doc])* const $name: &str = $sql;)+
        /// Every query text of this file.
        pub const STATEMENTS: &[$crate::Statement] = &[
            $($crate::Statement {
                name: concat!(module_path!(), "::", stringify!($name)),
                sql: $name,
                only: $crate::statements!(@only $($only)?),
            }),+
        ];
    };
    (@only) => { $crate::Only::Both };
    (@only $only:ident) => { $crate::Only::$only };
}

/// Runs one query on whichever engine the connection has.
///
/// `run!(conn, c => sqlx::query(SQL).bind(id).execute(c))` gives `Result<_, DbError>`: the text
/// and the binds are written once and compiled twice.
#[macro_export]
macro_rules! run {
    ($conn:expr, $c:ident => $query:expr) => {
        match $conn.engine_mut() {
            $crate::Engine::Sqlite($c) => $query.await.map_err($crate::DbError::from),
            $crate::Engine::Postgres($c) => $query.await.map_err($crate::DbError::from),
        }
    };
}
