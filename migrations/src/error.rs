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
            // PostgreSQL's classes 08 (connection), 40 (deadlock, serialization), 53 (resources),
            // 55 (lock not available) and 57 (operator intervention, statement timeout).
            E::Database(db) => match db.code().as_deref() {
                Some(code) if is_sqlite_trouble(code) => Self::Unavailable(error),
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

/// `SQLite`'s result codes have at most four digits, the primary one in the low byte: BUSY, LOCKED,
/// IOERR and FULL pass when the other writer is done, or the disk has room again.
fn is_sqlite_trouble(code: &str) -> bool {
    const PRIMARY: [u32; 4] = [5, 6, 10, 13];
    code.len() < 5
        && code
            .parse::<u32>()
            .is_ok_and(|code| PRIMARY.contains(&(code & 0xff)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_of_sqlite_are_read_by_their_primary_one() {
        for code in ["5", "6", "261", "262", "517", "13", "10", "266", "778"] {
            assert!(is_sqlite_trouble(code), "{code}");
        }
        for code in ["1", "19", "2067", "787", "53300", "57014", ""] {
            assert!(!is_sqlite_trouble(code), "{code}");
        }
    }
}
