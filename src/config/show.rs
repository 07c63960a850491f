use serde_json::Value;

use super::settings::Settings;
use super::{Loaded, Place};

/// Every value in force with where it was written, one key a line; what is secret is masked.
pub(crate) fn lines(loaded: &Loaded) -> Result<Vec<String>, serde_json::Error> {
    let values = serde_json::to_value(Settings::of(&loaded.resolved))?;
    let mut lines = Vec::new();
    walk(loaded, "", &values, &mut lines);
    Ok(lines)
}

fn walk(loaded: &Loaded, key: &str, value: &Value, lines: &mut Vec<String>) {
    match value {
        Value::Object(entries) => {
            for (name, value) in entries {
                let key = if key.is_empty() {
                    name.clone()
                } else {
                    format!("{key}.{name}")
                };
                walk(loaded, &key, value, lines);
            }
        }
        Value::Null => {}
        _ => {
            let origin = match loaded.tree.place_of(key) {
                Place::Default => "default".to_owned(),
                place => place.to_string(),
            };
            lines.push(format!("{key} = {value}  # {origin}"));
        }
    }
}
