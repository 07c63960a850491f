use std::collections::BTreeMap;

use super::{ConfigError, Place};

/// A value and where it was written.
#[derive(Clone, Debug)]
pub(crate) struct Node {
    pub(crate) place: Place,
    pub(crate) value: Value,
}

#[derive(Clone, Debug)]
pub(crate) enum Value {
    /// A string of the file, or a date and time as written there.
    Text(String),
    /// From a variable or a flag: becomes a number or a list where the key asks for one.
    Loose(String),
    Integer(i64),
    Float(f64),
    Boolean(bool),
    List(Vec<Node>),
    Table(BTreeMap<String, Entry>),
}

/// A key's own place, which an unknown key is reported by, and its value.
#[derive(Clone, Debug)]
pub(crate) struct Entry {
    pub(crate) key_place: Place,
    pub(crate) node: Node,
}

impl Node {
    pub(crate) fn empty(place: Place) -> Self {
        Self {
            place,
            value: Value::Table(BTreeMap::new()),
        }
    }

    /// Lays a text over whatever is at `path`.
    pub(crate) fn set(
        &mut self,
        path: &[&str],
        text: &str,
        place: &Place,
    ) -> Result<(), ConfigError> {
        let mut node = self;
        for (depth, key) in path.iter().enumerate() {
            let Value::Table(entries) = &mut node.value else {
                return Err(ConfigError {
                    place: place.clone(),
                    key: path.join("."),
                    reason: format!("{} is no table, it has no keys", path[..depth].join(".")),
                });
            };
            let entry = entries.entry((*key).to_owned()).or_insert_with(|| Entry {
                key_place: place.clone(),
                node: Self::empty(place.clone()),
            });
            node = &mut entry.node;
        }
        *node = Self {
            place: place.clone(),
            value: Value::Loose(text.to_owned()),
        };
        Ok(())
    }

    /// Where the value of a dotted key was written, if anywhere.
    pub(crate) fn place_of(&self, key: &str) -> Place {
        let mut node = self;
        for part in key.split('.') {
            match &node.value {
                Value::Table(entries) => match entries.get(part) {
                    Some(entry) => node = &entry.node,
                    None => return Place::Default,
                },
                _ => return node.place.clone(),
            }
        }
        node.place.clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_later_text_takes_the_place_of_an_earlier_one() {
        let mut tree = Node::empty(Place::Default);
        let (variable, flag) = (Place::Variable("YIMEN_A__B".into()), Place::Flag("--b"));
        tree.set(&["a", "b"], "1", &variable).unwrap();
        assert_eq!(tree.place_of("a.b"), variable);
        tree.set(&["a", "b"], "2", &flag).unwrap();
        assert_eq!(tree.place_of("a.b"), flag);
        assert_eq!(tree.place_of("a.c"), Place::Default);
        let error = tree.set(&["a", "b", "c"], "3", &flag).unwrap_err();
        assert_eq!(
            error.to_string(),
            "--b: a.b.c: a.b is no table, it has no keys"
        );
    }
}
