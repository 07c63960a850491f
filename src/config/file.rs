use std::path::Path;
use std::sync::Arc;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::tree::{Entry, Node, Value};
use super::{ConfigError, Place};

/// More than any configuration holds: a wrong `--config` must not fill the memory.
const MAX_BYTES: u64 = 1 << 20;

/// Reads a TOML file into a tree that knows its places.
pub(crate) fn read(path: &Path) -> Result<Node, ConfigError> {
    let file: Arc<Path> = path.into();
    let fail = |place: Place, reason: String| ConfigError {
        place,
        key: String::new(),
        reason,
    };
    let unreadable = |e: std::io::Error| fail(Place::File(Arc::clone(&file)), e.to_string());
    if std::fs::metadata(path).map_err(unreadable)?.len() > MAX_BYTES {
        return Err(fail(Place::File(file), "is larger than 1 MiB".into()));
    }
    let text = std::fs::read_to_string(path).map_err(unreadable)?;
    match DeTable::parse(&text) {
        Ok(table) => node(&Source { file, text: &text }, &table.map(DeValue::Table)),
        Err(e) => {
            let offset = e.span().map_or(0, |span| span.start);
            Err(fail(
                Place::at(&file, &text, offset),
                e.message().to_owned(),
            ))
        }
    }
}

struct Source<'a> {
    file: Arc<Path>,
    text: &'a str,
}

trait MapSpanned<T> {
    fn map<U>(self, with: impl FnOnce(T) -> U) -> Spanned<U>;
}

impl<T> MapSpanned<T> for Spanned<T> {
    fn map<U>(self, with: impl FnOnce(T) -> U) -> Spanned<U> {
        let span = self.span();
        Spanned::new(span, with(self.into_inner()))
    }
}

fn node(source: &Source<'_>, spanned: &Spanned<DeValue<'_>>) -> Result<Node, ConfigError> {
    let place = Place::at(&source.file, source.text, spanned.span().start);
    let value = match spanned.get_ref() {
        DeValue::String(text) => Value::Text(text.clone().into_owned()),
        DeValue::Datetime(datetime) => Value::Text(datetime.to_string()),
        DeValue::Boolean(value) => Value::Boolean(*value),
        DeValue::Integer(digits) => match i64::from_str_radix(digits.as_str(), digits.radix()) {
            Ok(value) => Value::Integer(value),
            Err(_) => return Err(beyond(place, digits.as_str())),
        },
        DeValue::Float(digits) => match digits.as_str().parse() {
            Ok(value) => Value::Float(value),
            Err(_) => return Err(beyond(place, digits.as_str())),
        },
        DeValue::Array(items) => Value::List(
            items
                .iter()
                .map(|item| node(source, item))
                .collect::<Result<_, _>>()?,
        ),
        DeValue::Table(entries) => Value::Table(
            entries
                .iter()
                .map(|(key, value)| {
                    let entry = Entry {
                        key_place: Place::at(&source.file, source.text, key.span().start),
                        node: node(source, value)?,
                    };
                    Ok((key.get_ref().clone().into_owned(), entry))
                })
                .collect::<Result<_, _>>()?,
        ),
    };
    Ok(Node { place, value })
}

fn beyond(place: Place, digits: &str) -> ConfigError {
    ConfigError {
        place,
        key: String::new(),
        reason: format!("{digits} is beyond what a number may be"),
    }
}
