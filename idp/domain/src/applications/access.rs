use std::fmt;

use jiff::Timestamp;
use jiff::civil::{Date, Time, Weekday};
use jiff::tz::TimeZone;

use super::NumberRule;
use crate::accounts::{Affiliation, GroupName, OrgPath};
use crate::signin::{HeldNumber, Holder, PersonState};

/// Who may use an application, and when. All that is given must hold; within a list one suffices,
/// and an empty one asks for nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AccessPolicy {
    pub affiliations: Vec<Affiliation>,
    /// Each with all below it. Must hold for a number that has an admitted affiliation.
    pub org_units: Vec<OrgPath>,
    pub groups: Vec<GroupName>,
    pub states: Vec<PersonState>,
    /// The first day, in the school's zone.
    pub from: Option<Date>,
    /// The first day that doesn't count any more.
    pub until: Option<Date>,
    pub times: Vec<TimeWindow>,
}

/// Why a person may not use an application, with what the page tells her.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AccessDenial {
    /// It is switched off for everybody.
    Disabled,
    NotYet {
        from: Date,
    },
    Over {
        until: Date,
    },
    Time {
        windows: Vec<TimeWindow>,
    },
    /// The account's state isn't one of those admitted.
    State,
    Affiliation {
        admitted: Vec<Affiliation>,
    },
    OrgUnit {
        admitted: Vec<OrgPath>,
    },
    Group,
    /// She has no number of the kind that it takes.
    Number {
        rule: NumberRule,
    },
}

impl AccessDenial {
    /// The word in the audit trail.
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::Disabled => "disabled",
            Self::NotYet { .. } => "not_yet",
            Self::Over { .. } => "over",
            Self::Time { .. } => "time",
            Self::State => "state",
            Self::Affiliation { .. } => "affiliation",
            Self::OrgUnit { .. } => "org_unit",
            Self::Group => "group",
            Self::Number { .. } => "number",
        }
    }
}

impl AccessPolicy {
    /// # Errors
    /// The first [`AccessDenial`] that holds.
    pub fn check(
        &self,
        holder: &Holder,
        zone: &TimeZone,
        now: Timestamp,
    ) -> Result<(), AccessDenial> {
        self.check_times(zone, now)?;
        if !self.states.is_empty() && !self.states.contains(&holder.state) {
            return Err(AccessDenial::State);
        }
        let numbers = holder.valid_numbers(now);
        if !numbers.iter().any(|n| self.takes_affiliation(n)) {
            return Err(AccessDenial::Affiliation {
                admitted: self.affiliations.clone(),
            });
        }
        // Both of one number: a student of one school who works in another is no student of it.
        if !numbers.iter().any(|n| self.admits(n)) {
            return Err(AccessDenial::OrgUnit {
                admitted: self.org_units.clone(),
            });
        }
        let member = |group: &GroupName| holder.groups.iter().any(|g| g == group.as_str());
        if !self.groups.is_empty() && !self.groups.iter().any(member) {
            return Err(AccessDenial::Group);
        }
        Ok(())
    }

    /// Whether affiliation and org unit of this number let it in.
    pub fn admits(&self, number: &HeldNumber) -> bool {
        let org = number.org.as_deref().unwrap_or_default();
        self.takes_affiliation(number)
            && (self.org_units.is_empty() || self.org_units.iter().any(|unit| holds(unit, org)))
    }

    fn takes_affiliation(&self, number: &HeldNumber) -> bool {
        self.affiliations.is_empty() || self.affiliations.contains(&number.affiliation)
    }

    fn check_times(&self, zone: &TimeZone, now: Timestamp) -> Result<(), AccessDenial> {
        if self.from.is_none() && self.until.is_none() && self.times.is_empty() {
            return Ok(());
        }
        let local = zone.to_datetime(now);
        if let Some(from) = self.from.filter(|from| local.date() < *from) {
            return Err(AccessDenial::NotYet { from });
        }
        if let Some(until) = self.until.filter(|until| *until <= local.date()) {
            return Err(AccessDenial::Over { until });
        }
        let open = |window: &TimeWindow| window.covers(local.weekday(), local.time());
        if !self.times.is_empty() && !self.times.iter().any(open) {
            return Err(AccessDenial::Time {
                windows: self.times.clone(),
            });
        }
        Ok(())
    }
}

/// By whole names: `计算机学院` holds `计算机学院/软件工程系`, and not `计算机学院二`.
fn holds(unit: &OrgPath, org: &str) -> bool {
    org.strip_prefix(unit.as_str())
        .is_some_and(|below| below.is_empty() || below.starts_with('/'))
}

/// Hours of some days, in the school's zone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TimeWindow {
    /// Every day, where none is named.
    pub days: Vec<Weekday>,
    pub from: ClockTime,
    /// Not included. Before `from`, it is on the next day.
    pub to: ClockTime,
}

impl TimeWindow {
    fn covers(&self, day: Weekday, time: Time) -> bool {
        let on = |day: Weekday| self.days.is_empty() || self.days.contains(&day);
        let now = ClockTime::of(time);
        if self.from < self.to {
            on(day) && self.from <= now && now < self.to
        } else {
            on(day) && self.from <= now || on(day.previous()) && now < self.to
        }
    }
}

/// The words for the days of the week, Monday first.
const DAYS: [(&str, Weekday); 7] = [
    ("mon", Weekday::Monday),
    ("tue", Weekday::Tuesday),
    ("wed", Weekday::Wednesday),
    ("thu", Weekday::Thursday),
    ("fri", Weekday::Friday),
    ("sat", Weekday::Saturday),
    ("sun", Weekday::Sunday),
];

/// The word for a day: `mon` … `sun`.
pub fn day_word(day: Weekday) -> &'static str {
    DAYS.iter().find(|(_, d)| *d == day).map_or("", |(w, _)| w)
}

pub(super) fn parse_day(word: &str) -> Result<Weekday, &'static str> {
    let day = DAYS.iter().find(|(w, _)| *w == word).map(|(_, day)| *day);
    day.ok_or("must be one of mon, tue, wed, thu, fri, sat, sun")
}

/// A day as entries write it, `2026-09-01`, and in no other of the forms that can be read.
pub(super) fn parse_date(text: &str) -> Result<Date, String> {
    text.parse::<Date>()
        .ok()
        .filter(|date| date.to_string() == text)
        .ok_or_else(|| format!("{text:?} must be a day such as 2026-09-01"))
}

/// A time of the day, to the minute: `00:00` to `24:00`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct ClockTime(u16);

impl ClockTime {
    /// # Errors
    /// What to write instead.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let bad = || format!("{text:?} must be a time such as 08:00, at most 24:00");
        let two = |digits: &str| match digits.as_bytes() {
            [a, b] if a.is_ascii_digit() && b.is_ascii_digit() => digits.parse::<u16>().ok(),
            _ => None,
        };
        let (hour, minute) = text.split_once(':').ok_or_else(bad)?;
        match (two(hour), two(minute)) {
            (Some(hour), Some(minute)) if minute < 60 && hour * 60 + minute <= 24 * 60 => {
                Ok(Self(hour * 60 + minute))
            }
            _ => Err(bad()),
        }
    }

    fn of(time: Time) -> Self {
        let minutes = i16::from(time.hour()) * 60 + i16::from(time.minute());
        Self(minutes.unsigned_abs())
    }
}

impl fmt::Display for ClockTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:02}:{:02}", self.0 / 60, self.0 % 60)
    }
}
