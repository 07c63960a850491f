//! The two languages say the same things, and nothing that no page says.

#![expect(clippy::unwrap_used, reason = "helpers of tests fail as tests do")]

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
};

fn default_theme() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("default")
}

/// The texts of a language, with the names of the values in each.
fn texts(locale: &str) -> BTreeMap<String, BTreeSet<String>> {
    let path = default_theme().join(format!("locales/{locale}.ftl"));
    let mut found: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    let mut key = String::new();
    for line in fs::read_to_string(path).unwrap().lines() {
        if line.starts_with(|first: char| first.is_ascii_lowercase()) {
            line.split(" =").next().unwrap().clone_into(&mut key);
        }
        if !line.starts_with('#') && !key.is_empty() {
            let names = line.split("{ $").skip(1).map(|rest| {
                let end = rest.find([' ', '}']).unwrap();
                rest[..end].to_owned()
            });
            found.entry(key.clone()).or_default().extend(names);
        }
    }
    found
}

fn templates(folder: &Path, all: &mut String) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            templates(&path, all);
        } else {
            *all += &fs::read_to_string(&path).unwrap();
        }
    }
}

#[test]
fn both_languages_have_the_same_texts_with_the_same_values() {
    let (zh, en) = (texts("zh-CN"), texts("en"));
    assert!(zh.len() > 150);
    let keys = |texts: &BTreeMap<_, _>| texts.keys().cloned().collect::<BTreeSet<String>>();
    let differing: Vec<_> = keys(&zh)
        .symmetric_difference(&keys(&en))
        .cloned()
        .collect();
    assert!(differing.is_empty(), "only in one language: {differing:?}");
    for (key, values) in &zh {
        assert_eq!(Some(values), en.get(key), "{key}");
    }
}

#[test]
fn every_text_is_used() {
    let mut source = String::new();
    templates(&default_theme().join("templates"), &mut source);
    let mut used = BTreeSet::from(["desk-unnamed".to_owned()]);
    let mut prefixes = Vec::new();
    for function in ["t('", "t_or('"] {
        for rest in source.split(function).skip(1) {
            let (key, after) = rest.split_once('\'').unwrap();
            if after.trim_start().starts_with('~') {
                prefixes.push(key.to_owned());
            } else {
                used.insert(key.to_owned());
            }
        }
    }
    let unused: Vec<_> = texts("en")
        .into_keys()
        .filter(|key| !used.contains(key) && !prefixes.iter().any(|one| key.starts_with(one)))
        .collect();
    assert!(unused.is_empty(), "no template uses {unused:?}");
}

#[test]
fn no_template_marks_a_value_as_safe() {
    let mut source = String::new();
    templates(&default_theme().join("templates"), &mut source);
    for forbidden in ["|safe", "| safe", "autoescape false", "autoescape off"] {
        assert!(!source.contains(forbidden), "{forbidden}");
    }
}
