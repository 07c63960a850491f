//! Where in a file something is wrong.

use std::fmt;

use serde::de::DeserializeOwned;
use serde_json::Value;

use super::{BadEntries, BadEntry};

/// Reads the shape, and names the place of what doesn't fit.
pub(super) fn read<T: DeserializeOwned>(text: &str) -> Result<T, BadEntries> {
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

pub(super) fn place_of(index: Option<usize>, id: Option<&str>) -> String {
    let number = index.map_or_else(|| "the entry".to_owned(), |i| format!("entry {}", i + 1));
    match id {
        // Someone else's text: bounded, and quoted with its control characters escaped.
        Some(id) => format!("{number} ({:?})", id.chars().take(64).collect::<String>()),
        None => number,
    }
}

/// What was found wrong so far, and in which entry we are.
#[derive(Default)]
pub(super) struct Problems {
    pub(super) entry: String,
    pub(super) found: Vec<BadEntry>,
}

impl Problems {
    pub(super) fn add(&mut self, key: &str, problem: impl fmt::Display) {
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
    pub(super) fn note<T, E: fmt::Display>(
        &mut self,
        key: &str,
        result: Result<T, E>,
    ) -> Option<T> {
        result.map_err(|error| self.add(key, error)).ok()
    }

    /// A list of texts, each read by `parse`; too many are not read at all. Duplicates are noted.
    pub(super) fn list<T: PartialEq, E: fmt::Display>(
        &mut self,
        key: &str,
        texts: &[String],
        most: usize,
        parse: impl Fn(&str) -> Result<T, E>,
    ) -> Vec<T> {
        if texts.len() > most {
            self.add(key, format!("must have at most {most} entries"));
            return Vec::new();
        }
        let mut values = Vec::with_capacity(texts.len());
        for (index, text) in texts.iter().enumerate() {
            let key = format!("{key}[{index}]");
            let parsed = parse(text).map_err(|error| format!("{text:?} {error}"));
            match self.note(&key, parsed) {
                Some(value) if values.contains(&value) => {
                    self.add(&key, format!("{text:?} stands here twice"));
                }
                value => values.extend(value),
            }
        }
        values
    }
}
