//! Whatever somebody outside may write as JSON, for the property tests of those who read it.

use proptest::prelude::*;
use serde_json::{Map, Value};

pub fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        "\\PC{0,20}".prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 40, 6, |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
            proptest::collection::btree_map("[a-z_]{1,8}", inner, 0..6)
                .prop_map(|map| Value::Object(map.into_iter().collect())),
        ]
    })
}

pub fn any_object() -> impl Strategy<Value = Value> {
    proptest::collection::btree_map("[a-z_]{1,8}", any_json(), 0..6)
        .prop_map(|map| Value::Object(map.into_iter().collect()))
}

/// A good object of which some members are replaced by anything, and some are gone.
pub fn any_change(good: Value) -> impl Strategy<Value = Map<String, Value>> {
    let names: Vec<String> = good
        .as_object()
        .into_iter()
        .flat_map(Map::keys)
        .cloned()
        .collect();
    let change = (prop::sample::select(names), prop::option::of(any_json()));
    proptest::collection::vec(change, 0..4).prop_map(move |changes| {
        let mut changed = good.as_object().cloned().unwrap_or_default();
        for (name, value) in changes {
            match value {
                Some(value) => drop(changed.insert(name, value)),
                None => drop(changed.remove(&name)),
            }
        }
        changed
    })
}
