/// What a query can end in, split by what the caller can do about it.
#[derive(Debug, thiserror::Error)]
pub enum DbError {
    /// No connection in time, or it broke: worth trying again, a 503 to the visitor.
    #[error("the database can't be reached: {0}")]
    Unavailable(#[source] sqlx::Error),
    /// A unique or foreign key forbids the row: somebody else was first.
    #[error("a constraint of the database forbids the row: {0}")]
    Conflict(#[source] sqlx::Error),
    /// The schema isn't the one this program was built for.
    #[error("migrations of {set}: {source}")]
    Migrate {
        set: &'static str,
        #[source]
        source: sqlx::migrate::MigrateError,
    },
    /// The address of the database can't be used.
    #[error("the database address {url:?}: {reason}")]
    Address { url: String, reason: String },
    /// Everything else: a defect here, or a damaged database.
    #[error("the database refused: {0}")]
    Query(#[source] sqlx::Error),
}

impl DbError {
    /// True when a unique key was already taken.
    pub fn is_conflict(&self) -> bool {
        matches!(self, Self::Conflict(_))
    }
}

impl From<sqlx::Error> for DbError {
    fn from(error: sqlx::Error) -> Self {
        use sqlx::Error as E;
        match &error {
            E::PoolTimedOut | E::PoolClosed | E::Io(_) | E::Tls(_) | E::WorkerCrashed => {
                Self::Unavailable(error)
            }
            E::Database(db) if db.is_unique_violation() || db.is_foreign_key_violation() => {
                Self::Conflict(error)
            }
            // SQLITE_BUSY and SQLITE_LOCKED with their extended codes; PostgreSQL's classes 08
            // (connection), 40 (deadlock, serialization), 53 (resources), 55 (lock not available)
            // and 57 (operator intervention, statement timeout).
            E::Database(db) => match db.code().as_deref() {
                Some("5" | "6" | "261" | "262" | "517") => Self::Unavailable(error),
                Some(code)
                    if code.len() == 5
                        && ["08", "40", "53", "55", "57"]
                            .iter()
                            .any(|class| code.starts_with(class)) =>
                {
                    Self::Unavailable(error)
                }
                _ => Self::Query(error),
            },
            _ => Self::Query(error),
        }
    }
}
