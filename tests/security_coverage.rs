//! docs/security-coverage.md says of each case of the security catalogue which test covers it, or
//! why none does. Here it is held to the sources, and to the catalogue where that lies beside the
//! project.
#![expect(clippy::unwrap_used, reason = "a test stops where its set-up fails")]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

const AREAS: [&str; 23] = [
    "RED", "TKT", "XML", "OID", "SES", "ENM", "BRU", "CAP", "SMS", "OTP", "REC", "PWD", "BND",
    "WCM", "MFA", "ADM", "IMP", "AUD", "NET", "INJ", "PRT", "FLT", "PRV",
];
/// `TKT-02`
const ID_LENGTH: usize = 6;
const CASES: usize = 248;
const REPAIR: &str = "run scripts/security-coverage.py --write";

/// A row of the page.
#[derive(Debug)]
struct Row {
    id: String,
    severity: String,
    state: String,
    tests: Vec<String>,
    note: String,
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn rows() -> Vec<Row> {
    let page = fs::read_to_string(root().join("docs/security-coverage.md")).unwrap();
    page.lines().filter_map(row).collect()
}

fn row(line: &str) -> Option<Row> {
    let cells: Vec<&str> = line.trim().trim_matches('|').split('|').collect();
    let [id, severity, title, state, tests, note] = cells[..] else {
        return None;
    };
    let id = id.trim();
    if !is_id(id) {
        return None;
    }
    assert!(!title.trim().is_empty(), "{id} has no title");
    Some(Row {
        id: id.to_owned(),
        severity: severity.trim().to_owned(),
        state: state.trim().to_owned(),
        tests: tests
            .split("<br>")
            .map(|file| file.trim().trim_matches('`').to_owned())
            .filter(|file| !file.is_empty())
            .collect(),
        note: note.trim().to_owned(),
    })
}

fn is_id(text: &str) -> bool {
    text.len() == ID_LENGTH
        && text.split_once('-').is_some_and(|(area, number)| {
            AREAS.contains(&area) && number.bytes().all(|b| b.is_ascii_digit())
        })
}

/// The ids that a text names.
fn ids(text: &str) -> BTreeSet<String> {
    text.split(|c: char| !c.is_ascii_alphanumeric() && c != '-')
        .filter(|word| is_id(word))
        .map(str::to_owned)
        .collect()
}

/// Every Rust file of the project but this one, with its path from the root.
fn sources() -> Vec<(String, String)> {
    let mut found = Vec::new();
    let mut folders = vec![root().to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            let name = name_of(&path);
            let hidden = path
                .file_name()
                .is_some_and(|n| n.to_string_lossy().starts_with('.'));
            if path.is_dir() && name != "target" && !hidden {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") && name != file!()
            {
                found.push((name, fs::read_to_string(&path).unwrap()));
            }
        }
    }
    found
}

fn name_of(path: &Path) -> String {
    path.strip_prefix(root()).unwrap().display().to_string()
}

/// The part of a file that tests: all of it, or what follows `#[cfg(test)]`.
fn test_code<'a>(name: &str, text: &'a str) -> &'a str {
    let path = Path::new(name);
    let folders: Vec<_> = path
        .parent()
        .into_iter()
        .flat_map(Path::iter)
        .map(|folder| folder.to_string_lossy())
        .collect();
    let all_of_it = folders.iter().any(|folder| folder == "tests")
        || folders.first().is_some_and(|f| f == "conformance-tests")
        || path.ends_with("tests.rs");
    if all_of_it {
        text
    } else {
        text.split_once("#[cfg(test)]")
            .map_or("", |(_, tests)| tests)
    }
}

fn assert_none(faults: &[String], what: &str) {
    assert!(
        faults.is_empty(),
        "{what} ({REPAIR}):\n{}",
        faults.join("\n")
    );
}

#[test]
fn every_case_stands_once_with_a_state_and_its_reason() {
    let rows = rows();
    let distinct: BTreeSet<&str> = rows.iter().map(|row| row.id.as_str()).collect();
    assert_eq!((rows.len(), distinct.len()), (CASES, CASES));
    let faults: Vec<String> = rows
        .iter()
        .filter(|row| {
            let severity = ["Critical", "High", "Medium", "Low"].contains(&row.severity.as_str());
            !severity
                || match row.state.as_str() {
                    "test" => row.tests.is_empty(),
                    "deferred" | "not applicable" => !row.tests.is_empty() || row.note.is_empty(),
                    _ => true,
                }
        })
        .map(|row| format!("{}: {:?} {:?}", row.id, row.state, row.note))
        .collect();
    assert_none(&faults, "neither tested nor explained");
}

#[test]
fn a_named_test_carries_the_id_of_its_case() {
    let sources: BTreeMap<String, String> = sources().into_iter().collect();
    let mut faults = Vec::new();
    for row in rows() {
        for file in &row.tests {
            let carries = sources
                .get(file)
                .is_some_and(|text| ids(test_code(file, text)).contains(&row.id));
            if !carries {
                faults.push(format!("{}: not in {file}", row.id));
            }
        }
    }
    assert_none(&faults, "named, but not there");
}

#[test]
fn every_id_in_the_sources_is_in_the_page_and_none_is_called_untested_that_has_a_test() {
    let rows: BTreeMap<String, Row> = rows().into_iter().map(|r| (r.id.clone(), r)).collect();
    let mut faults = Vec::new();
    for (file, text) in sources() {
        for id in ids(&text) {
            if !rows.contains_key(&id) {
                faults.push(format!("{file}: {id} is no case"));
            }
        }
        for id in ids(test_code(&file, &text)) {
            if rows.get(&id).is_some_and(|row| row.state != "test") {
                faults.push(format!("{file}: {id} is tested here"));
            }
        }
    }
    assert_none(&faults, "the page doesn't know");
}

/// Where the catalogue lies beside the project, it has the same cases of the same severity.
#[test]
fn the_cases_are_those_of_the_catalogue() {
    let Some(catalogue) = catalogue() else {
        return; // The number of cases is checked above.
    };
    let mut cases = BTreeSet::new();
    for entry in fs::read_dir(catalogue).unwrap() {
        let text = fs::read_to_string(entry.unwrap().path()).unwrap();
        cases.extend(text.lines().filter_map(heading));
    }
    let page: BTreeSet<(String, String)> = rows()
        .into_iter()
        .map(|row| (row.id, row.severity))
        .collect();
    let faults: Vec<String> = cases
        .symmetric_difference(&page)
        .map(|(id, severity)| format!("{id} {severity}"))
        .collect();
    assert!(faults.is_empty(), "differ:\n{}", faults.join("\n"));
}

fn catalogue() -> Option<PathBuf> {
    let folder = root().parent()?.join("shared/security");
    folder.is_dir().then_some(folder)
}

/// `**TKT-02 · Critical · R — …**`
fn heading(line: &str) -> Option<(String, String)> {
    let mut parts = line.strip_prefix("**")?.split(" · ");
    let (id, severity) = (parts.next()?, parts.next()?);
    is_id(id).then(|| (id.to_owned(), severity.to_owned()))
}

#[test]
fn ids_are_told_from_other_words() {
    let text = "// TKT-01: `SES-10`; PWD-02, UTF-08 AES-256 TKT-1 TKT-123 XTKT-01 x-TKT-01";
    let found: Vec<String> = ids(text).into_iter().collect();
    assert_eq!(found, ["PWD-02", "SES-10", "TKT-01"]);
}

#[test]
fn only_code_that_tests_counts() {
    let text = "// TKT-01\n#[cfg(test)]\n// TKT-02";
    assert_eq!(ids(test_code("idp/src/a.rs", text)).len(), 1);
    assert_eq!(ids(test_code("idp/src/tests.rs", text)).len(), 2);
    assert_eq!(ids(test_code("idp/tests/a.rs", text)).len(), 2);
    assert_eq!(ids(test_code("conformance-tests/src/a.rs", text)).len(), 2);
    assert!(test_code("idp/src/a.rs", "// TKT-01").is_empty());
}
