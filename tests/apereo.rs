//! `yimen import apereo`, as an administrator meets it.
#![expect(clippy::unwrap_used, reason = "a test stops where its set-up fails")]

mod support;

use serde_json::Value;
use support::Yimen;

const REGISTRY: &str = concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/idp/domain/tests/apereo/registry"
);

fn service(name: &str, id: u32, expression: &str) -> String {
    let id = id.to_string();
    format!(
        r#"{{ // a comment
            "@class": "org.apereo.cas.services.CasRegisteredService",
            "serviceId": "{expression}", name: {name}
            id: {id}, }}"#
    )
}

fn json(yimen: &Yimen, file: &str) -> Value {
    let text = std::fs::read_to_string(yimen.path().join(file)).unwrap();
    serde_json::from_str(&text).unwrap()
}

#[test]
fn a_campus_is_imported_with_its_report_and_again_without_a_change() {
    let yimen = Yimen::new();
    let dry = yimen.run(&["import", "apereo", REGISTRY, "--dry-run"]);
    assert_eq!(dry.code, Some(3), "{dry:?}");
    assert!(dry.out.contains("(dry run, nothing was changed)"));
    assert_eq!(yimen.run(&["application", "list"]).out, "");

    let said = yimen.run(&["import", "apereo", REGISTRY, "--report", "report.json"]);
    assert_eq!(said.code, Some(3), "{said:?}");
    assert!(
        said.out.contains("47 added, 0 changed, 0 unchanged"),
        "{}",
        said.out
    );
    let kept = include_str!("../idp/domain/tests/apereo/report.txt");
    assert!(
        said.out.starts_with(kept.trim_end()),
        "the report is that of the conversion"
    );
    let report = json(&yimen, "report.json");
    assert_eq!(report["services"].as_array().unwrap().len(), 71);
    let broken = report["services"].as_array().unwrap().iter();
    let broken = broken
        .clone()
        .find(|s| s["file"] == "Broken-1065.json")
        .unwrap();
    assert_eq!(broken["findings"][0]["mark"], "left_out");
    assert_eq!(broken["findings"][0]["line"], 3);
    let listed = yimen.run(&["application", "list"]).out;
    assert_eq!(listed.lines().count(), 47);
    assert!(
        listed.contains("library\tLibrary\thttps://lib.example.edu.cn/*\n"),
        "{listed}"
    );
    assert!(listed.contains("apereo-1002\t教务系统\t"), "{listed}");

    let again = yimen.run(&["import", "apereo", REGISTRY]);
    assert!(
        again.out.contains("0 added, 0 changed, 47 unchanged"),
        "{}",
        again.out
    );
}

#[test]
fn the_exit_code_tells_whether_something_is_left_to_look_at() {
    let yimen = Yimen::new();
    std::fs::create_dir_all(yimen.path().join("cas/below")).unwrap();
    let good = service("Library", 1, "^https://lib\\\\.example\\\\.edu/.*");
    yimen.file("cas/below/Library-1.json", &good);
    yimen.file("cas/notes.txt", "no service");
    let whole = yimen.run(&["import", "apereo", "cas"]);
    assert_eq!(whole.code, Some(0), "{whole:?}");
    assert!(whole.out.contains("1 added"));

    yimen.file("cas/Wide-2.json", &service("Wide", 2, "^https://.*"));
    yimen.file("cas/Other.yml", "---");
    let part = yimen.run(&["import", "apereo", "cas"]);
    assert_eq!(part.code, Some(3), "{part:?}");
    assert!(part.out.contains("0 added, 0 changed, 1 unchanged"));
    assert!(part.err.contains("Other.yml isn't read"), "{part:?}");

    std::fs::remove_dir_all(yimen.path().join("cas/below")).unwrap();
    let nothing = yimen.run(&["import", "apereo", "cas"]);
    assert_eq!(nothing.code, Some(1), "{nothing:?}");
    assert!(nothing.err.contains("no service of cas could be converted"));
    std::fs::create_dir(yimen.path().join("empty")).unwrap();
    for (folder, problem) in [("empty", "there is no .json file"), ("missing", "missing")] {
        let said = yimen.run(&["import", "apereo", folder]);
        assert_eq!(said.code, Some(1), "{said:?}");
        assert!(said.err.contains(problem), "{said:?}");
    }
}

#[test]
fn a_clash_with_an_entry_that_is_there_imports_nothing() {
    let yimen = Yimen::new();
    yimen.file(
        "opac.json",
        r#"{ "id": "opac", "name": { "zh-CN": "馆藏", "en": "OPAC" },
             "cas": { "services": ["https://lib.example.edu/*"] } }"#,
    );
    assert_eq!(
        yimen.run(&["import", "applications", "opac.json"]).code,
        Some(0)
    );
    std::fs::create_dir(yimen.path().join("cas")).unwrap();
    yimen.file(
        "cas/A-1.json",
        &service("A", 1, "https://a\\\\.example\\\\.edu/.*"),
    );
    yimen.file(
        "cas/B-2.json",
        &service("B", 2, "https://lib\\\\.example\\\\.edu/.*"),
    );
    let said = yimen.run(&["import", "apereo", "cas"]);
    assert_eq!(said.code, Some(1), "{said:?}");
    assert!(said.err.contains("nothing was imported"), "{said:?}");
    assert!(
        said.err.contains(r#"claimed by both "b" and "opac""#),
        "{said:?}"
    );
    assert_eq!(yimen.run(&["application", "list"]).out.lines().count(), 1);
}

#[test]
fn entries_can_be_edited_before_they_are_imported() {
    let yimen = Yimen::new();
    std::fs::create_dir(yimen.path().join("cas")).unwrap();
    yimen.file(
        "cas/Staff-1.json",
        r#"{ "@class": "org.apereo.cas.services.CasRegisteredService", "name": "Staff", "id": 1,
             "serviceId": "https://staff\\.example\\.edu/.*",
             "accessStrategy": { "requiredAttributes": { "rylx": [ "java.util.HashSet", [ "JS" ] ] } } }"#,
    );
    yimen.file(
        "names.toml",
        "[attributes]\nrylx = \"affiliation\"\n[affiliations]\nJS = \"faculty\"\n",
    );
    let closed = yimen.run(&["import", "apereo", "cas", "--entries", "closed.json"]);
    assert_eq!(closed.code, Some(3), "{closed:?}");
    assert_eq!(json(&yimen, "closed.json")[0]["enabled"], false);
    let said = yimen.run(&[
        "import",
        "apereo",
        "cas",
        "--entries",
        "apps.json",
        "--attributes",
        "names.toml",
    ]);
    assert_eq!(said.code, Some(0), "{said:?}");
    assert!(
        said.out
            .contains("entries written to apps.json: 1; nothing was imported")
    );
    let entry = &json(&yimen, "apps.json")[0];
    assert_eq!(entry["access"]["affiliations"][0], "faculty");
    assert_eq!(yimen.run(&["application", "list"]).out, "");
    assert_eq!(
        yimen.run(&["import", "applications", "apps.json"]).code,
        Some(0)
    );

    yimen.file("names.toml", "[attribute]\n");
    let said = yimen.run(&["import", "apereo", "cas", "--attributes", "names.toml"]);
    assert_eq!(said.code, Some(1), "{said:?}");
    assert!(
        said.err.contains("names.toml") && said.err.contains("attribute"),
        "{said:?}"
    );
}
