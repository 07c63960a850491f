//! The files of a JSON service registry, read as leniently as it reads them itself.

use serde_json::Value;

use super::hjson;
use super::places::Places;

/// Bytes of a file that are read.
const MAX_BYTES: usize = 1 << 20;

/// A file of the registry.
#[derive(Clone, Debug)]
pub struct SourceFile {
    /// Its path below the registry's folder.
    pub name: String,
    pub content: Vec<u8>,
}

/// One registered service as it stands in a file.
#[derive(Debug)]
pub(super) struct Document {
    pub(super) file: String,
    pub(super) value: Value,
    pub(super) places: Places,
}

/// Why a file can't be read, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Unreadable {
    pub(super) line: Option<usize>,
    pub(super) problem: String,
}

impl Unreadable {
    fn new(problem: impl Into<String>) -> Self {
        Self {
            line: None,
            problem: problem.into(),
        }
    }
}

/// The services of a file: one, or an array of them.
pub(super) fn read(file: &SourceFile) -> Result<Vec<Document>, Unreadable> {
    if file.content.len() > MAX_BYTES {
        return Err(Unreadable::new("the file is larger than 1 MiB"));
    }
    let text = std::str::from_utf8(&file.content).map_err(|error| Unreadable {
        line: Some(1 + count_lines(&file.content[..error.valid_up_to()])),
        problem: "the file isn't UTF-8; save it so and try again".to_owned(),
    })?;
    let text = text.trim_start_matches('\u{feff}');
    let (value, places) = hjson::read(text)?;
    let document = |(index, value, places): (usize, Value, &Places)| Document {
        file: if index == 0 {
            file.name.clone()
        } else {
            format!("{} ({})", file.name, index + 1)
        },
        value,
        places: places.clone(),
    };
    match value {
        Value::Object(_) => Ok(vec![document((0, value, &places))]),
        Value::Array(_) => {
            let services = list(&value).into_iter().enumerate();
            Ok(services
                .map(|(index, value)| document((index, value.clone(), &places.part(index))))
                .collect())
        }
        _ => Err(Unreadable::new("the file holds no object")),
    }
}

fn count_lines(bytes: &[u8]) -> usize {
    bytes.split(|b| *b == b'\n').count() - 1
}

/// The elements of a list, also of one with its Java class: `["java.util.ArrayList", [ … ]]`. A
/// single value is a list of one.
pub(super) fn list(value: &Value) -> Vec<&Value> {
    match value {
        Value::Array(items) => match items.as_slice() {
            [Value::String(class), Value::Array(inner)] if class.starts_with("java.util.") => {
                inner.iter().collect()
            }
            items => items.iter().collect(),
        },
        Value::Null => Vec::new(),
        single => vec![single],
    }
}

/// The texts of a list; other things in it as JSON writes them.
pub(super) fn texts(value: &Value) -> Vec<String> {
    list(value).into_iter().map(text).collect()
}

/// A text as it is, anything else as JSON writes it.
pub(super) fn text(value: &Value) -> String {
    value
        .as_str()
        .map_or_else(|| value.to_string(), ToOwned::to_owned)
}

/// The pairs of a map, without its Java class.
pub(super) fn pairs(value: &Value) -> Vec<(&str, &Value)> {
    let pairs = value.as_object().into_iter().flatten();
    pairs
        .filter(|(key, _)| *key != "@class")
        .map(|(key, value)| (key.as_str(), value))
        .collect()
}

/// The last part of a Java class's name; empty where none is named.
pub(super) fn class(value: &Value) -> &str {
    let name = value["@class"].as_str().unwrap_or_default();
    name.rsplit('.').next().unwrap_or_default()
}

/// A switch, also written as a text; its default where it is missing.
pub(super) fn flag(value: &Value, key: &str, default: bool) -> bool {
    match &value[key] {
        Value::Bool(flag) => *flag,
        Value::String(text) if text.eq_ignore_ascii_case("true") => true,
        Value::String(text) if text.eq_ignore_ascii_case("false") => false,
        _ => default,
    }
}

/// Whether a setting says nothing: missing, null, empty.
pub(super) fn is_blank(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::String(text) => text.trim().is_empty(),
        Value::Array(_) => list(value).is_empty(),
        Value::Object(_) => pairs(value).is_empty() && class(value).is_empty(),
        Value::Bool(_) | Value::Number(_) => false,
    }
}
