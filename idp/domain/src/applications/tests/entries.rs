use serde_json::json;

use crate::accounts::Affiliation;
use crate::applications::{
    AccessPolicy, Application, LogoutChannel, NumberRule, ReleaseSource, ReleasedAttribute,
    parse_entries,
};

const LIBRARY: &str = r#"{ "id": "library", "name": {"zh-CN": "图书馆", "en": "Library"},
  "cas": { "services": ["https://lib.example.edu/*"], "plain_http": false },
  "release": ["name", "number", "affiliation", "org", "email", "phone"],
  "access": { "affiliations": ["student", "staff"] } }"#;

fn library(change: impl FnOnce(&mut serde_json::Value)) -> String {
    let mut entry = serde_json::from_str(LIBRARY).unwrap();
    change(&mut entry);
    entry.to_string()
}

pub(super) fn problems(text: &str) -> String {
    parse_entries(text, false).unwrap_err().to_string()
}

#[test]
fn the_documented_entry_is_read() {
    let applications = parse_entries(LIBRARY, false).unwrap();
    let [library] = applications.as_slice() else {
        panic!("{applications:?}")
    };
    assert_eq!(library.id.as_str(), "library");
    assert_eq!(library.names.zh_cn, "图书馆");
    assert_eq!(library.names.en, "Library");
    let cas = library.cas.as_ref().unwrap();
    assert_eq!(cas.services[0].to_string(), "https://lib.example.edu/*");
    assert!(!cas.plain_http && !cas.spa_fragment);
    assert_eq!(library.release.len(), 6);
    assert_eq!(library.release[1].name.as_str(), "number");
    assert_eq!(
        library.release[1].source,
        ReleaseSource::Attribute(ReleasedAttribute::Number)
    );
    assert_eq!(
        library.access.affiliations,
        [Affiliation::Student, Affiliation::Staff]
    );
}

#[test]
fn the_entries_of_the_documentation_are_read() {
    for page in [
        include_str!(concat!(
            env!("CARGO_MANIFEST_DIR"),
            "/../../docs/applications.md"
        )),
        include_str!(concat!(
            env!("CARGO_MANIFEST_DIR"),
            "/../../docs/applications.zh-CN.md"
        )),
    ] {
        let blocks = page.split("```json").skip(1);
        let entries: Vec<_> = blocks
            .map(|block| {
                parse_entries(block.split("```").next().unwrap(), false)
                    .unwrap()
                    .remove(0)
            })
            .collect();
        assert_eq!(entries.len(), 3);
        let written = |index| {
            let block = page.split("```json").nth(index).unwrap();
            let block = block.split("```").next().unwrap();
            serde_json::from_str::<serde_json::Value>(block).unwrap()
        };
        // The second has every key but those of "oidc", so that none stays undocumented.
        assert_eq!(entries[1].to_json(), written(2));
        for key in entries[1].to_json()["cas"].as_object().unwrap().keys() {
            assert!(page.contains(&format!("| `cas.{key}` |")), "{key}");
        }
        assert_eq!(entries[2].to_json()["oidc"], written(3)["oidc"]);
        // The reader names every key that it knows when it meets one that it doesn't.
        let unknown = problems(&super::oidc_entries::entry(&json!({ "x": 1 })));
        let known: Vec<&str> = unknown.split('`').skip(3).step_by(2).collect();
        assert!(
            known.len() > 30 && known.contains(&"client_id"),
            "{unknown}"
        );
        for key in known {
            assert!(page.contains(&format!("`oidc.{key}`")), "{key}");
        }
    }
}

#[test]
fn a_file_holds_one_entry_or_an_array_and_may_start_with_a_byte_order_mark() {
    assert_eq!(
        parse_entries(&format!("\u{feff} [{LIBRARY}]"), false)
            .unwrap()
            .len(),
        1
    );
    assert_eq!(parse_entries(" [ ] ", false).unwrap().len(), 0);
    assert_eq!(
        problems(&format!("{LIBRARY} {LIBRARY}")),
        "the end of the file: trailing characters at line 4 column 56"
    );
}

#[test]
fn what_is_left_out_is_narrow_but_access_is_for_everyone() {
    let text = r#"{ "id": "a", "name": {"zh-CN": "甲", "en": "A"}, "cas": { "services": ["https://a.edu.cn/cb"] } }"#;
    let a = parse_entries(text, false).unwrap().remove(0);
    assert!(a.release.is_empty());
    assert_eq!(a.access, AccessPolicy::default());
    assert!(a.enabled && a.contact.is_none() && a.account_number == NumberRule::Latest);
    let cas = a.cas.as_ref().unwrap();
    assert!(!a.takes_fragments() && !cas.require_fresh && !cas.plain_http);
    assert!(cas.proxy.is_none() && cas.rest.is_none() && cas.opaque_services.is_empty());
    assert_eq!(cas.logout.channel, LogoutChannel::Back);
    assert!(cas.logout.url.is_none());
}

#[test]
fn an_entry_survives_the_database() {
    let library = parse_entries(LIBRARY, false).unwrap().remove(0);
    assert_eq!(
        Application::from_json(&library.to_json(), false),
        Ok(library.clone())
    );
    assert_eq!(
        library.to_json()["cas"],
        json!({ "services": ["https://lib.example.edu/*"], "plain_http": false,
            "spa_fragment": false, "require_fresh": false, "logout": { "channel": "back" } })
    );
    assert!(Application::from_json(&json!([library.to_json()]), false).is_ok());
    let two = json!([library.to_json(), library.to_json()]);
    assert!(Application::from_json(&two, false).is_err());
    assert!(Application::from_json(&json!([]), false).is_err());
}

#[test] // RED-13: what a demonstration registered is dead in production
fn a_loopback_entry_is_readable_in_a_demonstration_only() {
    let text = library(|e| e["cas"]["services"] = json!(["https://localhost:*/*"]));
    let demo = parse_entries(&text, true).unwrap().remove(0);
    assert!(Application::from_json(&demo.to_json(), true).is_ok());
    let bad = Application::from_json(&demo.to_json(), false)
        .unwrap_err()
        .to_string();
    assert!(
        bad.starts_with(
            r#"the entry ("library"), cas.services[0]: "https://localhost:*/*" names this machine"#
        ),
        "{bad}"
    );
}

#[test]
fn a_problem_names_the_entry_and_the_place() {
    let unknown_key = library(|e| e["acess"] = json!({}));
    let place = r#"the entry ("library"), acess: unknown field `acess`"#;
    assert!(
        problems(&unknown_key).starts_with(place),
        "{}",
        problems(&unknown_key)
    );

    let nested = format!(
        "[{LIBRARY}, {}]",
        library(|e| {
            e["id"] = json!("mail");
            e["cas"]["service"] = json!("x");
        })
    );
    let place = r#"entry 2 ("mail"), cas.service: unknown field"#;
    assert!(
        problems(&nested).starts_with(place),
        "{}",
        problems(&nested)
    );

    let wrong_type = library(|e| e["cas"]["services"] = json!(["https://a.edu.cn/", 7]));
    let place = r#"the entry ("library"), cas.services[1]: invalid type: integer `7`"#;
    assert!(
        problems(&wrong_type).starts_with(place),
        "{}",
        problems(&wrong_type)
    );

    let release = library(|e| e["release"] = json!(["name", "password"]));
    let place = r#"the entry ("library"), release[1]: unknown variant `password`"#;
    assert!(
        problems(&release).starts_with(place),
        "{}",
        problems(&release)
    );

    let broken = problems("{ \"id\": ");
    assert!(
        broken.contains("EOF") && broken.contains("line 1"),
        "{broken}"
    );
}

#[test]
fn all_bad_values_are_told_at_once() {
    let bad = library(|e| {
        e["id"] = json!("Library 1");
        e["name"]["en"] = json!(" ");
        e["name"]["zh-CN"] = json!("图".repeat(61));
        e["cas"]["services"] = json!(["https://*", "https://a.edu.cn/", "https://A.edu.cn"]);
        e["release"] = json!(["name", "name"]);
        e["access"]["affiliations"] = json!(["student", "wizard", "student"]);
    });
    let told = problems(&bad);
    let places: Vec<_> = told
        .lines()
        .map(|line| line.split(": ").next().unwrap().split(", ").nth(1).unwrap())
        .collect();
    assert_eq!(
        places,
        [
            "id",
            "name.zh-CN",
            "name.en",
            "cas.services[0]",
            "cas.services[2]",
            "release[1]",
            "access.affiliations[1]",
            "access.affiliations[2]"
        ],
        "{told}"
    );
    assert!(told.contains("write https://host/*"), "{told}");
}

#[test]
fn duplicates_and_clashes_in_a_file_are_refused() {
    assert!(
        problems(&format!("[{LIBRARY},{LIBRARY}]"))
            .contains(r#"entry 2 ("library"), id: stands here a second time"#)
    );
    let other = library(|e| e["id"] = json!("other"));
    assert_eq!(
        problems(&format!("[{LIBRARY},{other}]")),
        r#"cas.services: https://lib.example.edu/* is claimed by both "library" and "other""#
    );
    let twice = LIBRARY.replacen(r#""id""#, r#""id": "a", "id""#, 1);
    assert!(
        problems(&twice).contains("duplicate field `id`"),
        "{}",
        problems(&twice)
    );
}

#[test]
fn an_entry_that_nobody_can_reach_is_refused() {
    let nothing = library(|e| {
        e.as_object_mut().unwrap().remove("cas");
    });
    assert!(problems(&nothing).contains("cas: is missing"));
    let none = library(|e| e["cas"]["services"] = json!([]));
    assert!(problems(&none).contains("cas.services: must have 1 to 100"));
}

#[test]
fn an_id_is_quoted_and_bounded_in_messages() {
    let told = problems(&library(|e| {
        e["id"] = json!(format!("\n\u{1b}[31m{}", "x".repeat(9999)));
    }));
    assert!(
        told.len() < 300 && !told.contains(['\n', '\u{1b}']),
        "{told}"
    );
}
