use crate::accounts::{Affiliation, GroupName, OrgPath};
use crate::applications::access::{parse_date, parse_day};
use crate::applications::entry::place::Problems;
use crate::applications::entry::shape::{EntryAccess, EntryWindow};
use crate::applications::{AccessPolicy, ClockTime, TimeWindow};
use crate::signin::PersonState;

const MAX_ORG_UNITS: usize = 200;
const MAX_GROUPS: usize = 100;
const MAX_WINDOWS: usize = 50;

impl EntryAccess {
    pub(super) fn check(self, problems: &mut Problems) -> AccessPolicy {
        let most = Affiliation::ALL.len();
        let affiliations = problems.list(
            "access.affiliations",
            &self.affiliations,
            most,
            Affiliation::parse,
        );
        let org_units = problems.list(
            "access.org_units",
            &self.org_units,
            MAX_ORG_UNITS,
            OrgPath::parse,
        );
        let groups = problems.list("access.groups", &self.groups, MAX_GROUPS, GroupName::parse);
        let states = problems.list("access.states", &self.states, 1, state);
        let mut date = |key: &str, text: Option<String>| {
            text.and_then(|text| problems.note(key, parse_date(&text)))
        };
        let from = date("access.from", self.from);
        let until = date("access.until", self.until);
        if from.zip(until).is_some_and(|(from, until)| until <= from) {
            problems.add("access.until", "must be later than \"from\"");
        }
        AccessPolicy {
            affiliations,
            org_units,
            groups,
            states,
            from,
            until,
            times: check_windows(self.times, problems),
        }
    }
}

fn state(word: &str) -> Result<PersonState, &'static str> {
    if word == PersonState::Active.as_str() {
        Ok(PersonState::Active)
    } else if word == PersonState::Suspended.as_str() {
        Err("can't be let in: a suspended account gets nothing anywhere")
    } else {
        Err("is no state of an account; write \"active\"")
    }
}

fn check_windows(entries: Vec<EntryWindow>, problems: &mut Problems) -> Vec<TimeWindow> {
    if entries.len() > MAX_WINDOWS {
        problems.add(
            "access.times",
            format!("must have at most {MAX_WINDOWS} entries"),
        );
        return Vec::new();
    }
    let mut windows = Vec::with_capacity(entries.len());
    for (index, entry) in entries.into_iter().enumerate() {
        let key = format!("access.times[{index}]");
        windows.extend(entry.check(&key, problems));
    }
    windows
}

impl EntryWindow {
    fn check(self, key: &str, problems: &mut Problems) -> Option<TimeWindow> {
        let days_key = format!("{key}.days");
        if self.days.as_ref().is_some_and(Vec::is_empty) {
            problems.add(&days_key, "is empty; leave it out for every day");
        }
        let days = self.days.unwrap_or_default();
        let days = problems.list(&days_key, &days, 7, parse_day);
        let from = problems.note(&format!("{key}.from"), ClockTime::parse(&self.from));
        let to = problems.note(&format!("{key}.to"), ClockTime::parse(&self.to));
        let (from, to) = (from?, to?);
        if from == to {
            let place = format!("{key}.to");
            problems.add(
                &place,
                "is \"from\" itself; for a whole day write 00:00 to 24:00",
            );
        }
        Some(TimeWindow { days, from, to })
    }
}
