//! A registry of a campus, made after Apereo's documentation, and what becomes of it. The report
//! and the entries are kept beside it; `YIMEN_WRITE_SNAPSHOTS=1` writes them anew, to be read line
//! by line before they are committed.
#![expect(clippy::unwrap_used, reason = "a test stops where its set-up fails")]

use std::path::{Path, PathBuf};

use idp_domain::applications::apereo::{
    AttributeNames, Conversion, Mark, Options, SourceFile, convert,
};
use idp_domain::applications::{Registry, parse_entries};
use jiff::tz::TimeZone;
use proptest::prelude::*;

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/apereo")
}

fn registry() -> Vec<SourceFile> {
    let mut files: Vec<SourceFile> = std::fs::read_dir(folder().join("registry"))
        .unwrap()
        .map(|entry| {
            let path = entry.unwrap().path();
            SourceFile {
                name: path.file_name().unwrap().to_str().unwrap().to_owned(),
                content: std::fs::read(&path).unwrap(),
            }
        })
        .collect();
    files.sort_by(|a, b| a.name.cmp(&b.name));
    files
}

fn converted(files: &[SourceFile], names: &AttributeNames, environments: &[String]) -> Conversion {
    let zone = TimeZone::get("Asia/Shanghai").unwrap();
    let options = Options {
        names,
        zone: &zone,
        environments,
        demo: false,
    };
    convert(files, options)
}

fn assert_snapshot(name: &str, text: &str) {
    let file = folder().join(name);
    if std::env::var_os("YIMEN_WRITE_SNAPSHOTS").is_some() {
        std::fs::write(&file, text).unwrap();
    }
    let kept = std::fs::read_to_string(&file).unwrap();
    for (index, (now, before)) in text.lines().zip(kept.lines()).enumerate() {
        assert_eq!(now, before, "{name}, line {}", index + 1);
    }
    assert_eq!(text.lines().count(), kept.lines().count(), "{name}");
}

#[test]
fn the_report_and_the_entries_of_a_campus_are_those_that_were_read() {
    let files = registry();
    assert!(files.len() >= 60, "{}", files.len());
    let conversion = converted(&files, &AttributeNames::default(), &[]);
    assert_snapshot("report.txt", &conversion.report.to_string());
    let mut entries = String::new();
    for entry in &conversion.entries {
        entries.push_str(&serde_json::to_string_pretty(entry).unwrap());
        entries.push('\n');
    }
    assert_snapshot("entries.txt", &entries);
}

#[test]
fn the_entries_can_be_imported_together() {
    let conversion = converted(&registry(), &AttributeNames::default(), &[]);
    let text = serde_json::to_string(&conversion.entries).unwrap();
    let applications = parse_entries(&text, false).unwrap();
    assert_eq!(applications.len(), conversion.entries.len());
    let registry = Registry::new(applications);
    let whose = |url: &str| registry.resolve(url).map(|(a, _)| a.id.to_string()).ok();
    assert_eq!(
        whose("https://lib.example.edu.cn/opac"),
        Some("library".into())
    );
    assert_eq!(
        whose("https://jwxt.example.edu.cn/sso/x"),
        Some("apereo-1002".into())
    );
    assert_eq!(
        whose("https://shared.example.edu.cn/app/x"),
        Some("first".into())
    );
    assert_eq!(
        whose("https://shared.example.edu.cn/other/x"),
        Some("second".into())
    );
    assert_eq!(whose("https://evil.example/"), None);
    assert_eq!(whose("https://oa.example.edu.cn.evil.example/"), None);
}

#[test]
fn ids_stay_whatever_else_is_imported() {
    let all = registry();
    let ids = |files: &[SourceFile]| -> Vec<(String, String)> {
        let report = converted(files, &AttributeNames::default(), &[]).report;
        let known = report.services.into_iter();
        known
            .filter_map(|s| Some((s.file, s.application?.to_string())))
            .collect()
    };
    let whole = ids(&all);
    let fewer: Vec<SourceFile> = all
        .iter()
        .filter(|f| !f.name.starts_with("Library-1069"))
        .cloned()
        .collect();
    let without: Vec<_> = whole
        .iter()
        .filter(|(file, _)| !file.starts_with("Library-1069"))
        .cloned()
        .collect();
    assert_eq!(ids(&fewer), without);
    assert!(whole.contains(&("Library-1001.json".into(), "library".into())));
    assert!(whole.contains(&("Library-1069.json".into(), "library-1069".into())));
}

#[test]
fn the_file_of_attributes_says_what_they_mean() {
    let names: AttributeNames = serde_json::from_value(serde_json::json!({
        "attributes": { "sn": "name", "mail": "none" },
        "affiliations": { "教师": "faculty" },
        "groups": { "CN=Lib,OU=Groups,DC=example": "library" },
        "return_all": ["cn", "memberOf"],
    }))
    .unwrap();
    let conversion = converted(&registry(), &names, &[]);
    let entry = |id: &str| conversion.entries.iter().find(|e| e["id"] == id).unwrap();
    assert_eq!(
        entry("allowed")["release"],
        serde_json::json!([
            { "attribute": "number", "as": "uid" },
            { "attribute": "name", "as": "cn" },
            { "attribute": "name", "as": "sn" },
        ])
    );
    assert_eq!(
        entry("groups")["access"],
        serde_json::json!({ "groups": ["library", "library-admins"] })
    );
    assert_eq!(
        entry("all")["release"],
        serde_json::json!([
            { "attribute": "name", "as": "cn" },
            { "attribute": "groups", "as": "memberOf" },
        ])
    );
    assert!(
        serde_json::from_value::<AttributeNames>(serde_json::json!({ "atributes": {} })).is_err()
    );
    assert!(
        serde_json::from_value::<AttributeNames>(
            serde_json::json!({ "attributes": { "x": "pasword" } })
        )
        .is_err()
    );
}

#[test]
fn services_of_other_environments_are_passed_over() {
    let of = |names: &[&str]| {
        let names: Vec<String> = names.iter().map(ToString::to_string).collect();
        let report = converted(&registry(), &AttributeNames::default(), &names).report;
        report
            .services
            .into_iter()
            .find(|s| s.file.starts_with("Testing"))
            .unwrap()
    };
    let unsaid = of(&[]);
    assert!(unsaid.application.is_some() && !unsaid.open);
    let elsewhere = of(&["production"]);
    assert_eq!(
        (elsewhere.application.as_ref(), elsewhere.mark()),
        (None, Mark::Converted)
    );
    let here = of(&["production", "test"]);
    assert!(here.application.is_some() && here.open);
}

#[test]
fn a_hostile_file_is_a_line_of_the_report() {
    for content in [
        "[".repeat(100_000),
        format!("{{\"a\": {}", "{\"a\":".repeat(100_000)),
        "\u{0}".repeat(10),
        " ".repeat(2 << 20),
        "[]]]]".to_owned(),
        "'''".to_owned(),
        "{a:\n'''\nb ''".to_owned(),
        "{a:'''b'".to_owned(),
        "{\"a\":\"\\u图图\"}".to_owned(),
        "{\"@class\":\"a.CasRegisteredService\",\"serviceId\":{\"a\":1},\"name\":[],\"id\":\"x\"}".to_owned(),
        format!(
            "{{\"@class\":\"a.CasRegisteredService\",\"name\":\"a\",\"id\":1,\"serviceId\":\"https://a.example.edu/{}\"}}",
            "(a|b".repeat(900)
        ),
        "{\"@class\":\"a.CasRegisteredService\",\"name\":\"a\",\"id\":1,\"serviceId\":\"https://a.example.edu/((a{90}){90}){90}\"}".to_owned(),
        "{\"@class\":\"a.CasRegisteredService\",\"name\":\"a\",\"id\":1,\"serviceId\":\"https://a.example.edu/(){4000000000}\"}".to_owned(),
    ] {
        let file = SourceFile { name: "x.json".into(), content: content.into_bytes() };
        let conversion = converted(&[file], &AttributeNames::default(), &[]);
        assert!(conversion.entries.is_empty());
        assert!(conversion.report.services.len() <= 2);
    }
}

proptest! {
    #[test]
    fn no_soup_of_what_files_are_made_of_stops_the_reader(
        soup in prop::collection::vec(prop::sample::select(&[
            "{", "}", "[", "]", ":", ",", "\n", "\r", " ", "\"", "'", "'''", "#", "//", "/*", "*/", "\\",
            "\\u", "图", "a", "1", "-", "1e5", "true", "null", "\"@class\":", "\"CasRegisteredService\"",
            "serviceId:", "\"https://a.example.edu/.*\"", "name: x\n", "id: 1\n", "\u{feff}", "\u{2028}",
        ][..]), 0..40),
    ) {
        let file = SourceFile { name: "x.json".into(), content: soup.concat().into_bytes() };
        converted(&[file], &AttributeNames::default(), &[]);
    }
}
