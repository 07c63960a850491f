//! Times as the registry writes them, and the days of ours that lie wholly on one side of them.

use jiff::civil::{Date, DateTime, Time};
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan, Zoned};

/// A point in time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Moment(Timestamp);

/// Reads ISO 8601 with or without a zone, a date alone, and the American forms. Where no zone
/// stands there it is that of the name.
pub(super) fn read(text: &str, zone: &str) -> Option<Moment> {
    let text = text.trim();
    if let Ok(timestamp) = text.parse::<Timestamp>() {
        return Some(Moment(timestamp));
    }
    if let Ok(zoned) = text.parse::<Zoned>() {
        return Some(Moment(zoned.timestamp()));
    }
    let local = text
        .parse::<DateTime>()
        .ok()
        .or_else(|| text.parse::<Date>().ok().map(|d| d.at(0, 0, 0, 0)))
        .or_else(|| american(text))?;
    let zone = TimeZone::get(zone).ok()?;
    let zoned = local.to_zoned(zone).ok()?;
    Some(Moment(zoned.timestamp()))
}

fn american(text: &str) -> Option<DateTime> {
    let forms = ["%m/%d/%Y %I:%M %p", "%m/%d/%Y %H:%M"];
    let time = forms
        .iter()
        .find_map(|form| DateTime::strptime(form, text).ok());
    time.or_else(|| Some(Date::strptime("%m/%d/%Y", text).ok()?.at(0, 0, 0, 0)))
}

impl Moment {
    /// The first day that begins at this moment or later, and whether it begins right then.
    pub(super) fn first_whole_day(self, zone: &TimeZone) -> (Date, bool) {
        let local = zone.to_datetime(self.0);
        if local.time() == Time::midnight() {
            (local.date(), true)
        } else {
            (local.date().saturating_add(1.day()), false)
        }
    }

    /// The day in which it lies, of which nothing may count any more, and whether that loses
    /// nothing.
    pub(super) fn first_day_after(self, zone: &TimeZone) -> (Date, bool) {
        let local = zone.to_datetime(self.0);
        (local.date(), local.time() == Time::midnight())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_day_begins_before_or_ends_after_its_moment() {
        let zone = TimeZone::get("Asia/Shanghai").unwrap();
        let day = |text: &str| text.parse::<Date>().unwrap();
        for (text, from, until, exact) in [
            (
                "2026-09-01T00:00:00+08:00",
                "2026-09-01",
                "2026-09-01",
                true,
            ),
            ("2026-08-31T16:00:00Z", "2026-09-01", "2026-09-01", true),
            (
                "2026-09-01T00:00:00.001+08:00",
                "2026-09-02",
                "2026-09-01",
                false,
            ),
            (
                "2027-01-31T23:59:59+08:00",
                "2027-02-01",
                "2027-01-31",
                false,
            ),
            (
                "2015-11-01T13:19:54.132-07:00",
                "2015-11-03",
                "2015-11-02",
                false,
            ),
            ("2026-09-01T00:00:00", "2026-09-01", "2026-09-01", true),
            ("2026-09-01", "2026-09-01", "2026-09-01", true),
            ("09/24/2014 6:30 AM", "2014-09-25", "2014-09-24", false),
            ("09/24/2013 18:45", "2013-09-25", "2013-09-24", false),
            ("09/24/2017", "2017-09-24", "2017-09-24", true),
        ] {
            let moment = read(text, "Asia/Shanghai").expect(text);
            assert_eq!(moment.first_whole_day(&zone), (day(from), exact), "{text}");
            assert_eq!(moment.first_day_after(&zone), (day(until), exact), "{text}");
        }
        assert_eq!(read("soon", "UTC"), None);
        assert_eq!(read("2026-09-01", "Mars/Base"), None);
    }
}
