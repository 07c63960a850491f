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

/// Runs one query on whichever engine the connection has: the text and the binds are written once
/// and compiled twice.
///
/// * `run!(tx, c => sqlx::query(SQL).bind(id).execute(c))` gives `Result<u64, DbError>`, the
///   number of rows that changed;
/// * `run!(conn, c => sqlx::query_as(SQL).bind(id).fetch_optional(c))` and the other `fetch_…`
///   give what they fetch, `Result<_, DbError>`.
#[macro_export]
macro_rules! run {
    // Walks to the end of the query, method by method: what `execute` gives has a type of its own
    // on each engine, which only the number of rows brings together.
    (@ $conn:expr, $c:ident, [$($query:tt)+] . execute($arg:ident $(,)?)) => {
        match $conn.engine_mut() {
            $crate::Engine::Sqlite($c) => $($query)+.execute($arg).await
                .map(|done| done.rows_affected()).map_err($crate::DbError::from),
            $crate::Engine::Postgres($c) => $($query)+.execute($arg).await
                .map(|done| done.rows_affected()).map_err($crate::DbError::from),
        }
    };
    (@ $conn:expr, $c:ident, [$($query:tt)+]) => {
        match $conn.engine_mut() {
            $crate::Engine::Sqlite($c) => $($query)+.await.map_err($crate::DbError::from),
            $crate::Engine::Postgres($c) => $($query)+.await.map_err($crate::DbError::from),
        }
    };
    (@ $conn:expr, $c:ident, [$($query:tt)*] . $method:ident ($($arg:tt)*) $($rest:tt)*) => {
        $crate::run!(@ $conn, $c, [$($query)* . $method($($arg)*)] $($rest)*)
    };
    (@ $conn:expr, $c:ident, [$($query:tt)*] $next:tt $($rest:tt)*) => {
        $crate::run!(@ $conn, $c, [$($query)* $next] $($rest)*)
    };
    ($conn:expr, $c:ident => $($query:tt)+) => {
        $crate::run!(@ $conn, $c, [] $($query)+)
    };
}
