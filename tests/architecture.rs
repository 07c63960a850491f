//! The shape of the house, checked: which part may know which, what SQL is made of, how long a
//! file is, and whether ARCHITECTURE.md names what is there.
#![expect(clippy::unwrap_used, reason = "a test stops where its set-up fails")]

#[path = "architecture/source.rs"]
mod source;
#[path = "architecture/tables.rs"]
mod tables;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use source::{named_roots, without_tests};
use tables::{FOLDERS, NO_RULE, PARTS};

const MOST_LINES: usize = 400;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn manifest(folder: &str) -> toml::Table {
    fs::read_to_string(root().join(folder).join("Cargo.toml"))
        .unwrap()
        .parse()
        .unwrap()
}

/// Every `.rs` file below a folder.
fn sources(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files.extend(sources(&path));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
    files.sort();
    files
}

/// The files that make up the product: every part's `src`, tests left out.
fn product_sources() -> Vec<(PathBuf, String)> {
    PARTS
        .iter()
        .filter(|(name, ..)| *name != "conformance-tests")
        .flat_map(|(_, folder, _)| sources(&root().join(folder).join("src")))
        .filter(|path| !source::is_test(path))
        .map(|path| {
            let text = without_tests(&fs::read_to_string(&path).unwrap()).to_owned();
            (path.strip_prefix(root()).unwrap().to_owned(), text)
        })
        .collect()
}

fn assert_none(faults: &[String], what: &str) {
    assert!(faults.is_empty(), "{what}:\n{}", faults.join("\n"));
}

#[test]
fn every_part_stands_in_the_table() {
    let members: Vec<String> = manifest(".")["workspace"]["members"]
        .as_array()
        .unwrap()
        .iter()
        .map(|member| member.as_str().unwrap().to_owned())
        .collect();
    for member in &members {
        assert!(
            PARTS.iter().any(|(_, folder, _)| folder == member),
            "{member}"
        );
    }
    assert_eq!(members.len() + 1, PARTS.len());
}

#[test]
fn parts_depend_one_way() {
    let mut faults = Vec::new();
    for (name, folder, allowed) in PARTS {
        let manifest = manifest(folder);
        assert_eq!(manifest["package"]["name"].as_str(), Some(*name));
        for table in ["dependencies", "build-dependencies"] {
            let Some(dependencies) = manifest.get(table).and_then(toml::Value::as_table) else {
                continue;
            };
            for dependency in dependencies.keys() {
                let ours = PARTS.iter().any(|(part, ..)| part == dependency);
                if ours && !allowed.contains(&dependency.as_str()) {
                    faults.push(format!("{name} → {dependency}"));
                }
            }
        }
    }
    assert_none(&faults, "arrows between parts that the design doesn't draw");
}

#[test]
fn the_rules_know_no_io() {
    for folder in ["idp/domain", "portal/flow"] {
        let manifest = manifest(folder);
        let dependencies = manifest.get("dependencies").and_then(toml::Value::as_table);
        for dependency in dependencies.into_iter().flat_map(|table| table.keys()) {
            assert!(
                !NO_RULE.contains(&dependency.as_str()),
                "{folder} → {dependency}"
            );
        }
        for path in sources(&root().join(folder).join("src")) {
            let text = fs::read_to_string(&path).unwrap();
            let asynchronous = without_tests(&text)
                .lines()
                .find(|line| line.contains("async "));
            assert!(
                asynchronous.is_none_or(|line| line.trim_start().starts_with("//")),
                "{}: {asynchronous:?}",
                path.display()
            );
        }
    }
}

#[test]
fn folders_of_the_identity_provider_use_each_other_one_way() {
    let base = root().join("idp/src");
    let allowed: BTreeMap<&str, &[&str]> = FOLDERS.iter().copied().collect();
    let mut faults = Vec::new();
    for entry in fs::read_dir(&base).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap().to_owned();
        if !path.is_dir() {
            continue;
        }
        let Some(may_use) = allowed.get(name.as_str()) else {
            faults.push(format!("{name}: a folder that is missing in the table"));
            continue;
        };
        for file in sources(&path)
            .into_iter()
            .filter(|file| !source::is_test(file))
        {
            let relative = file.strip_prefix(&base).unwrap();
            let text = fs::read_to_string(&file).unwrap();
            for used in named_roots(relative, without_tests(&text)) {
                let folder = allowed.contains_key(used.as_str());
                if folder && used != name && !may_use.contains(&used.as_str()) {
                    faults.push(format!("{} → {used}", relative.display()));
                }
            }
        }
    }
    assert_none(
        &faults,
        "arrows between folders of idp/src that the design doesn't draw",
    );
}

/// A table that permits a circle would permit everything inside it.
#[test]
fn the_tables_have_no_circle() {
    fn reaches<'a>(
        of: &dyn Fn(&'a str) -> &'a [&'a str],
        from: &'a str,
        to: &str,
        depth: usize,
    ) -> bool {
        depth > 0
            && of(from)
                .iter()
                .any(|next| *next == to || reaches(of, next, to, depth - 1))
    }
    let parts = |name: &str| {
        PARTS
            .iter()
            .find(|(part, ..)| *part == name)
            .map_or(&[][..], |part| part.2)
    };
    for (name, ..) in PARTS {
        assert!(!reaches(&parts, name, name, PARTS.len()), "{name}");
    }
    let folders = |name: &str| {
        FOLDERS
            .iter()
            .find(|(folder, _)| *folder == name)
            .map_or(&[][..], |f| f.1)
    };
    for (name, _) in FOLDERS {
        assert!(!reaches(&folders, name, name, FOLDERS.len()), "{name}");
    }
}

/// TKT-08, XML-06: what connects anywhere is `egress`; the databases' drivers have their own way.
#[test]
fn there_is_one_way_out() {
    let mut faults = Vec::new();
    for (path, text) in product_sources() {
        // The hall asks its provider alone, at the address of its configuration.
        let hall = path.starts_with("portal/src/provider/http.rs");
        if path.starts_with("idp/src/egress") || hall {
            continue;
        }
        for connects in [
            "TcpStream::connect",
            "TcpSocket",
            "lookup_host",
            "reqwest",
            "hyper::client",
        ] {
            if text.contains(connects) {
                faults.push(format!("{}: {connects}", path.display()));
            }
        }
    }
    assert_none(&faults, "requests of our own that egress doesn't make");
}

/// OID-32: whoever brings `rsa`, whose private keys leak by timing, only verifies with it; the
/// provider, which signs, has nothing of it. `deny.toml` says the same where cargo-deny runs.
#[test]
fn rsa_is_there_for_public_keys_alone() {
    let lock = fs::read_to_string(root().join("Cargo.lock")).unwrap();
    let lock: toml::Table = lock.parse().unwrap();
    let packages = lock["package"].as_array().unwrap();
    let needs = |wanted: &str| -> Vec<&str> {
        let needs = |package: &&toml::Value| {
            let needed = package.get("dependencies").and_then(toml::Value::as_array);
            let mut names = needed.into_iter().flatten().filter_map(toml::Value::as_str);
            names.any(|name| name.split(' ').next() == Some(wanted))
        };
        let found = packages.iter().filter(needs);
        found
            .map(|package| package["name"].as_str().unwrap())
            .collect()
    };
    assert_eq!(needs("rsa"), ["openidconnect"]);
    assert_eq!(needs("openidconnect"), ["portal"]);
}

/// INJ-01: texts of queries are constants; sqlx takes others only when told to, or in parts.
#[test]
fn no_query_is_put_together_from_values() {
    let mut faults = Vec::new();
    for (path, text) in product_sources() {
        // Databases for tests, named by the test.
        if path.ends_with("migrations/src/testing.rs") || path.ends_with("src/testing.rs") {
            continue;
        }
        if text.contains("AssertSqlSafe") || text.contains("SqlSafeStr") {
            faults.push(format!("{}: AssertSqlSafe", path.display()));
        }
        for call in source::arguments_of(
            &text,
            &["sqlx::query", "QueryBuilder::new", "QueryBuilder::with"],
        ) {
            if call.contains("format!") {
                faults.push(format!("{}: format! in {call}", path.display()));
            }
        }
        if text.contains("QueryBuilder") {
            for call in source::arguments_of(&text, &[".push("]) {
                if !call.trim_start().starts_with(['"', ')']) && !source::is_constant(&call) {
                    faults.push(format!("{}: push({call})", path.display()));
                }
            }
        }
    }
    assert_none(&faults, "SQL that isn't a constant");
}

#[test]
fn files_are_short_enough_to_be_read() {
    let faults: Vec<String> = product_sources()
        .into_iter()
        .map(|(path, text)| (text.lines().count(), path))
        .filter(|(lines, _)| *lines > MOST_LINES)
        .map(|(lines, path)| format!("{}: {lines} lines", path.display()))
        .collect();
    assert_none(&faults, "longer than 400 lines without their tests");
}

#[test]
fn architecture_names_only_what_is_there() {
    let text = fs::read_to_string(root().join("ARCHITECTURE.md")).unwrap();
    let paths = source::named_paths(&text);
    assert!(
        paths.len() > 10,
        "ARCHITECTURE.md follows a sign-in through the files: {paths:?}"
    );
    let missing: Vec<String> = paths
        .into_iter()
        .filter(|path| !root().join(path).exists())
        .collect();
    assert_none(&missing, "named in ARCHITECTURE.md, but not there");
}
