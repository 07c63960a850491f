//! Entries as JSON: what an owner writes, what the database keeps. Read strictly: a misspelt key
//! in an access policy must not let everybody in.

use std::fmt;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{
    AccessPolicy, Application, ApplicationId, CasSide, Names, PatternRules, Registry,
    ReleasedAttribute, ServicePattern,
};
use crate::accounts::Affiliation;

/// Characters of a name that still fit into a heading on a phone.
const MAX_NAME_CHARS: usize = 60;
/// Service patterns of one entry.
const MAX_SERVICES: usize = 100;

#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    id: String,
    name: Names,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    cas: Option<EntryCas>,
    #[serde(default)]
    release: Vec<ReleasedAttribute>,
    #[serde(default)]
    access: EntryAccess,
}

#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct EntryCas {
    services: Vec<String>,
    #[serde(default)]
    plain_http: bool,
    #[serde(default)]
    spa_fragment: bool,
}

#[derive(Default, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct EntryAccess {
    #[serde(default)]
    affiliations: Vec<String>,
}

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
        problems.add("cas.services", &clash);
    }
    if problems.found.is_empty() {
        Ok(applications)
    } else {
        Err(BadEntries(problems.found))
    }
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
        let entry = Entry {
            id: self.id.to_string(),
            name: self.names.clone(),
            cas: self.cas.as_ref().map(|cas| EntryCas {
                services: cas.services.iter().map(ToString::to_string).collect(),
                plain_http: cas.plain_http,
                spa_fragment: cas.spa_fragment,
            }),
            release: self.release.clone(),
            access: EntryAccess {
                affiliations: self
                    .access
                    .affiliations
                    .iter()
                    .map(|a| a.as_str().to_owned())
                    .collect(),
            },
        };
        // Strings, booleans and lists of them always have a JSON form.
        serde_json::to_value(entry).unwrap_or(Value::Null)
    }
}

/// Reads the shape, and names the place of what doesn't fit.
fn read<T: DeserializeOwned>(text: &str) -> Result<T, BadEntries> {
    let mut json = serde_json::Deserializer::from_str(text);
    let failed = match serde_path_to_error::deserialize(&mut json) {
        Ok(value) => match json.end() {
            Ok(()) => return Ok(value),
            Err(error) => ("the end of the file".to_owned(), error),
        },
        Err(error) => {
            let place = place_of_path(text, error.path());
            (place, error.into_inner())
        }
    };
    Err(BadEntries(vec![BadEntry {
        place: failed.0,
        problem: failed.1.to_string(),
    }]))
}

/// `entry 2 ("library"), cas.services[0]`; the id is looked up leniently, since the entry is bad.
fn place_of_path(text: &str, path: &serde_path_to_error::Path) -> String {
    use serde_path_to_error::Segment;

    let mut segments = path.iter();
    let (index, inner) = match path.iter().next() {
        Some(Segment::Seq { index }) => {
            segments.next();
            (Some(*index), segments)
        }
        _ => (None, segments),
    };
    let mut key = String::new();
    for segment in inner {
        match segment {
            Segment::Seq { index } => key = format!("{key}[{index}]"),
            other if key.is_empty() => key = other.to_string(),
            other => key = format!("{key}.{other}"),
        }
    }
    let value: Value = serde_json::from_str(text).unwrap_or(Value::Null);
    let entry = index.map_or(Some(&value), |index| value.get(index));
    let id = entry.and_then(|e| e.get("id")).and_then(Value::as_str);
    let place = place_of(index, id);
    if key.is_empty() {
        place
    } else {
        format!("{place}, {key}")
    }
}

fn place_of(index: Option<usize>, id: Option<&str>) -> String {
    let number = index.map_or_else(|| "the entry".to_owned(), |i| format!("entry {}", i + 1));
    match id {
        // Someone else's text: bounded, and quoted with its control characters escaped.
        Some(id) => format!("{number} ({:?})", id.chars().take(64).collect::<String>()),
        None => number,
    }
}

/// What was found wrong so far, and in which entry we are.
#[derive(Default)]
struct Problems {
    entry: String,
    found: Vec<BadEntry>,
}

impl Problems {
    fn add(&mut self, key: &str, problem: impl fmt::Display) {
        let place = if self.entry.is_empty() {
            key.to_owned()
        } else {
            format!("{}, {key}", self.entry)
        };
        self.found.push(BadEntry {
            place,
            problem: problem.to_string(),
        });
    }

    /// The value, or nothing and a note.
    fn note<T, E: fmt::Display>(&mut self, key: &str, result: Result<T, E>) -> Option<T> {
        result.map_err(|error| self.add(key, error)).ok()
    }
}

impl Entry {
    fn check(self, demo: bool, problems: &mut Problems) -> Option<Application> {
        let id = problems.note("id", ApplicationId::parse(&self.id));
        for (key, name) in [("name.zh-CN", &self.name.zh_cn), ("name.en", &self.name.en)] {
            check_name(key, name, problems);
        }
        if self.cas.is_none() {
            problems.add("cas", "is missing: the entry would be reachable by nobody");
        }
        let cas = self.cas.map(|cas| cas.check(demo, problems));
        for (index, attribute) in self.release.iter().enumerate() {
            if self.release[..index].contains(attribute) {
                let key = format!("release[{index}]");
                problems.add(&key, format!("{:?} stands here twice", attribute.as_str()));
            }
        }
        let access = self.access.check(problems);
        Some(Application {
            id: id?,
            names: self.name,
            cas,
            release: self.release,
            access,
        })
    }
}

fn check_name(key: &str, name: &str, problems: &mut Problems) {
    let length = name.chars().count();
    if name.trim().is_empty() || length > MAX_NAME_CHARS || name.chars().any(char::is_control) {
        let limits = format!("must be 1 to {MAX_NAME_CHARS} characters on one line");
        problems.add(key, limits);
    }
}

impl EntryCas {
    fn check(self, demo: bool, problems: &mut Problems) -> CasSide {
        let rules = PatternRules {
            plain_http: self.plain_http,
            demo,
        };
        if self.services.is_empty() || self.services.len() > MAX_SERVICES {
            let limits = format!("must have 1 to {MAX_SERVICES} entries");
            problems.add("cas.services", limits);
        }
        let mut services = Vec::with_capacity(self.services.len());
        for (index, text) in self.services.iter().enumerate() {
            let key = format!("cas.services[{index}]");
            let parsed = ServicePattern::parse(text, rules);
            match problems.note(&key, parsed.map_err(|e| format!("{text:?} {e}"))) {
                Some(pattern) if services.contains(&pattern) => {
                    problems.add(&key, format!("{text:?} stands here twice"));
                }
                pattern => services.extend(pattern),
            }
        }
        CasSide {
            services,
            plain_http: self.plain_http,
            spa_fragment: self.spa_fragment,
        }
    }
}

impl EntryAccess {
    fn check(self, problems: &mut Problems) -> AccessPolicy {
        let mut affiliations: Vec<Affiliation> = Vec::with_capacity(self.affiliations.len());
        for (index, word) in self.affiliations.iter().enumerate() {
            let key = format!("access.affiliations[{index}]");
            let parsed = Affiliation::parse(word).map_err(|e| format!("{word:?}: {e}"));
            match problems.note(&key, parsed) {
                Some(known) if affiliations.contains(&known) => {
                    problems.add(&key, format!("{word:?} stands here twice"));
                }
                known => affiliations.extend(known),
            }
        }
        AccessPolicy { affiliations }
    }
}
