//! The values that an access strategy asks for, in our words.

use serde_json::Value;

use super::access::Context;
use super::attributes::{AttributeNames, Word};
use super::document::texts;
use super::notes::Notes;
use super::pattern::addresses;
use crate::accounts::{Affiliation, GroupName, OrgPath};

/// The values of an attribute in our words; nothing, and a closed entry, where none can be said.
pub(super) fn admitted(
    name: &str,
    word: Word,
    values: &Value,
    ignore_case: bool,
    context: Context,
    path: &[&str],
    notes: &mut Notes,
) -> Option<Vec<String>> {
    let path = [path, &[name]].concat();
    let mut ours = Vec::new();
    for expression in texts(values) {
        if word == Word::Affiliation && matches!(expression.as_str(), ".*" | ".+") {
            ours.extend(Affiliation::ALL.iter().map(ToString::to_string));
            continue;
        }
        let Ok(spelt) = addresses(&expression) else {
            let says = "this condition isn't a list of values: nobody is admitted by it";
            notes.left_out(&path, says).value(&expression);
            continue;
        };
        for value in spelt {
            let found = translate(word, &value, ignore_case, context.names);
            if found.is_empty() {
                let (says, instead) = unknown(word, &value);
                notes.left_out(&path, says).value(&value).instead(instead);
            }
            ours.extend(found);
        }
    }
    if ours.is_empty() {
        let says = "none of these values has a counterpart";
        notes.closes(&path, says).value(texts(values).join(", "));
        return None;
    }
    Some(ours)
}

fn translate(word: Word, value: &str, ignore_case: bool, names: &AttributeNames) -> Vec<String> {
    match word {
        Word::Affiliation => {
            let same = |theirs: &str| {
                theirs == value || (ignore_case && theirs.eq_ignore_ascii_case(value))
            };
            let known = names.affiliation_values().into_iter();
            let known = known.filter(|(theirs, _)| same(theirs));
            known.map(|(_, ours)| ours.to_string()).collect()
        }
        Word::Org => {
            let unit = OrgPath::parse(names.org_unit(value)).ok();
            unit.map(|unit| unit.as_str().to_owned())
                .into_iter()
                .collect()
        }
        _ => {
            let group = GroupName::parse(names.group(value)).ok();
            group.map(|group| group.to_string()).into_iter().collect()
        }
    }
}

fn unknown(word: Word, value: &str) -> (&'static str, String) {
    match word {
        Word::Affiliation => (
            "is no affiliation known here: nobody is admitted by it",
            format!(
                "in the file of --attributes: [affiliations] {value:?} = \"student\", or another"
            ),
        ),
        Word::Org => (
            "is no name of an org unit: nobody is admitted by it",
            format!("in the file of --attributes: [org_units] {value:?} = \"UNIT\""),
        ),
        _ => (
            "is no name of a group here: nobody is admitted by it",
            format!("in the file of --attributes: [groups] {value:?} = \"NAME\""),
        ),
    }
}
