//! Entries as JSON: what an owner writes, what the database keeps. Read strictly: a misspelt key
//! in an access policy must not let everybody in.

mod check;
mod place;
mod shape;

use std::fmt;

use serde_json::Value;

pub(crate) use self::check::is_line;
use self::place::{Problems, place_of, read};
use self::shape::Entry;
use super::{Application, ApplicationId, Registry};

/// One thing that is wrong, and where: `entry 2 ("library"), cas.services[0]: …`.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{place}: {problem}")]
pub struct BadEntry {
    pub place: String,
    pub problem: String,
}

/// Everything that was found wrong; none of the entries may be used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BadEntries(pub Vec<BadEntry>);

impl fmt::Display for BadEntries {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, bad) in self.0.iter().enumerate() {
            let end = if index + 1 < self.0.len() { "\n" } else { "" };
            write!(f, "{bad}{end}")?;
        }
        Ok(())
    }
}

impl std::error::Error for BadEntries {}

/// Reads a file: one entry, or an array of them. `demo` permits loopback hosts and any of their
/// ports.
///
/// # Errors
/// [`BadEntries`], each with its place: the first where the JSON itself or its shape is wrong,
/// else all.
pub fn parse_entries(text: &str, demo: bool) -> Result<Vec<Application>, BadEntries> {
    // Windows editors put a byte order mark there.
    let text = text.trim_start_matches('\u{feff}').trim_start();
    let entries: Vec<Entry> = if text.starts_with('[') {
        read(text)?
    } else {
        vec![read(text)?]
    };
    let single = entries.len() == 1 && !text.starts_with('[');
    let mut problems = Problems::default();
    let mut applications: Vec<Application> = Vec::with_capacity(entries.len());
    for (index, entry) in entries.into_iter().enumerate() {
        problems.entry = place_of((!single).then_some(index), Some(&entry.id));
        if applications.iter().any(|a| a.id.as_str() == entry.id) {
            problems.add("id", "stands here a second time");
        }
        applications.extend(entry.check(demo, &mut problems));
    }
    problems.entry.clear();
    for clash in Registry::clashes(&applications) {
        problems.add(clash.key, &clash);
    }
    if problems.found.is_empty() {
        Ok(applications)
    } else {
        Err(BadEntries(problems.found))
    }
}

/// The proxy targets of these entries, in the order of their file, that aren't `known`.
pub fn missing_targets(
    entries: &[Application],
    known: impl Fn(&ApplicationId) -> bool,
) -> Vec<BadEntry> {
    let mut missing = Vec::new();
    for (index, entry) in entries.iter().enumerate() {
        let place = place_of(
            (entries.len() > 1).then_some(index),
            Some(entry.id.as_str()),
        );
        let rule = entry.cas.as_ref().and_then(|cas| cas.proxy.as_ref());
        let targets = rule.iter().flat_map(|rule| &rule.targets).enumerate();
        missing.extend(
            targets
                .filter(|(_, id)| !known(id))
                .map(|(i, id)| BadEntry {
                    place: format!("{place}, cas.proxy.targets[{i}]"),
                    problem: format!("no application \"{id}\" is registered"),
                }),
        );
    }
    missing
}

impl Application {
    /// Reads one entry, as the database keeps it.
    ///
    /// # Errors
    /// [`BadEntries`] as [`parse_entries`].
    pub fn from_json(entry: &Value, demo: bool) -> Result<Self, BadEntries> {
        let bad = |place: String, problem: String| BadEntries(vec![BadEntry { place, problem }]);
        let text = entry.to_string();
        let mut applications = parse_entries(&text, demo)?;
        match applications.pop() {
            Some(application) if applications.is_empty() => Ok(application),
            _ => Err(bad("the text".into(), "holds no single entry".into())),
        }
    }

    /// The entry with every key, defaults included.
    pub fn to_json(&self) -> Value {
        let entry = Entry::of(self);
        // Objects, lists, strings and booleans always have a JSON form.
        serde_json::to_value(entry).unwrap_or(Value::Null)
    }
}
