use super::tree::Node;
use super::{ConfigError, Place};
use crate::{master_key, telemetry};

/// What every variable of ours begins with.
const PREFIX: &str = "YIMEN_";

/// Variables that are no keys of the file: the file itself, the keys that never stand in one,
/// and the log filter.
const OTHERS: [&str; 4] = [
    "YIMEN_CONFIG",
    master_key::VARIABLE,
    master_key::HALL_VARIABLE,
    telemetry::VARIABLE,
];

/// The test suites' own, which reach the servers that they start.
const TESTS: [&str; 3] = ["YIMEN_BIN", "YIMEN_REQUIRE_POSTGRES", "YIMEN_TEST_POSTGRES"];

/// Lays `YIMEN_SERVER__ISSUER` over `server.issuer`, and so on. An unknown one is found by the
/// reader, as an unknown key of the file is.
pub(crate) fn overlay(tree: &mut Node, variables: &[(String, String)]) -> Result<(), ConfigError> {
    for (name, value) in variables {
        let Some(key) = name.strip_prefix(PREFIX) else {
            continue;
        };
        if OTHERS.contains(&name.as_str()) || TESTS.contains(&name.as_str()) {
            continue;
        }
        let key = key.to_ascii_lowercase();
        let path: Vec<&str> = key.split("__").map(spelling).collect();
        tree.set(&path, value, &Place::Variable(name.clone()))?;
    }
    Ok(())
}

/// A variable's name can't hold the hyphen of `school.name.zh-CN`.
fn spelling(segment: &str) -> &str {
    if segment == "zh_cn" { "zh-CN" } else { segment }
}

/// The variables of this process that are ours.
pub(crate) fn variables() -> Result<Vec<(String, String)>, ConfigError> {
    std::env::vars_os()
        .filter_map(|(name, value)| Some((name.to_str()?.to_owned(), value)))
        .filter(|(name, _)| name.starts_with(PREFIX))
        .map(|(name, value)| match value.into_string() {
            Ok(value) => Ok((name, value)),
            Err(_) => Err(ConfigError {
                place: Place::Variable(name),
                key: String::new(),
                reason: "is no UTF-8".into(),
            }),
        })
        .collect()
}
