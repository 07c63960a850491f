use jiff::Timestamp;

/// A moment as the database keeps it: microseconds since the Unix epoch, UTC, in a BIGINT.
///
/// Text times sort wrongly on SQLite (`…00Z < …00.5Z` is false), so both engines keep integers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, sqlx::Type)]
#[sqlx(transparent)]
pub struct Micros(pub i64);

impl From<Timestamp> for Micros {
    fn from(at: Timestamp) -> Self {
        Self(at.as_microsecond())
    }
}

impl From<Micros> for Timestamp {
    /// A value outside of the years −9999…9999 (a damaged row) becomes the nearest moment that
    /// there is.
    fn from(at: Micros) -> Self {
        Self::from_microsecond(at.0).unwrap_or(if at.0 < 0 { Self::MIN } else { Self::MAX })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_survives_the_round_trip_to_the_microsecond() {
        let at: Timestamp = "2026-11-21T05:18:00.123456Z".parse().unwrap();
        assert_eq!(Timestamp::from(Micros::from(at)), at);
        assert_eq!(Timestamp::from(Micros(i64::MAX)), Timestamp::MAX);
        assert_eq!(Timestamp::from(Micros(i64::MIN)), Timestamp::MIN);
    }
}
