use serde_json::json;

use crate::accounts::Affiliation;
use crate::applications::{
    AccessPolicy, Application, ApplicationId, LogoutChannel, NumberRule, ReleaseSource,
    ReleasedAttribute, missing_targets, parse_entries,
};
use crate::signin::PersonState;

const LIBRARY: &str = r#"{ "id": "library", "name": {"zh-CN": "图书馆", "en": "Library"},
  "cas": { "services": ["https://lib.example.edu/*"], "plain_http": false },
  "release": ["name", "number", "affiliation", "org", "email", "phone"],
  "access": { "affiliations": ["student", "staff"] } }"#;

fn library(change: impl FnOnce(&mut serde_json::Value)) -> String {
    let mut entry = serde_json::from_str(LIBRARY).unwrap();
    change(&mut entry);
    entry.to_string()
}

fn problems(text: &str) -> String {
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

/// Every key, each with another value than its default.
const WHOLE: &str = r#"{ "id": "library", "name": {"zh-CN": "图书馆", "en": "Library"},
  "enabled": false,
  "contact": {"zh-CN": "图书馆技术部 8721-3456", "en": "Library IT, ext. 3456"},
  "cas": {
    "services": ["https://lib.example.edu.cn/*", "http://lib.example.edu.cn/old?"],
    "opaque_services": ["imap://mail.example.edu.cn"],
    "plain_http": true, "spa_fragment": true, "require_fresh": true,
    "logout": {"channel": "front", "url": "https://lib.example.edu.cn/slo?a=1"},
    "proxy": {"callbacks": ["https://lib.example.edu.cn/pgt?x=1"], "targets": ["mail"]},
    "rest": {"networks": ["10.8.3.0/24", "2001:db8::/32", "10.9.9.9/32"],
      "key_sha256": "2bd806c97f0e00af1a1fc3328fa763a9269723c8db8fac4f93af71db186d6e90"} },
  "account_number": "ask",
  "release": ["name", {"attribute": "number", "as": "uid"}, "numbers", "groups",
    {"constant": "示例大学", "as": "school"}],
  "access": {"affiliations": ["student"], "org_units": ["计算机学院", "数学系/统计"],
    "groups": ["library-admins"], "states": ["active"],
    "from": "2026-09-01", "until": "2027-01-31",
    "times": [{"days": ["mon", "tue"], "from": "08:00", "to": "22:00"},
      {"from": "00:00", "to": "24:00"}] } }"#;

#[test]
fn a_whole_entry_is_read_and_survives_the_database_key_by_key() {
    let whole = parse_entries(WHOLE, false).unwrap().remove(0);
    let cas = whole.cas.as_ref().unwrap();
    assert!(!whole.enabled && cas.require_fresh && cas.spa_fragment);
    assert_eq!(cas.logout.channel, LogoutChannel::Front);
    assert_eq!(whole.account_number, NumberRule::Ask);
    assert_eq!(whole.access.states, [PersonState::Active]);
    assert_eq!(
        whole.release[4].source,
        ReleaseSource::Constant("示例大学".into())
    );
    assert_eq!(
        Application::from_json(&whole.to_json(), false),
        Ok(whole.clone())
    );
    // Nothing is lost, and nothing said that the owner didn't say.
    let written: serde_json::Value = serde_json::from_str(WHOLE).unwrap();
    assert_eq!(whole.to_json(), written);
}

/// The whole entry with one value changed, and the problem that it makes.
#[track_caller]
fn refused(pointer: &str, value: serde_json::Value, place: &str, problem: &str) {
    let mut entry: serde_json::Value = serde_json::from_str(WHOLE).unwrap();
    *entry.pointer_mut(pointer).unwrap() = value;
    let told = problems(&entry.to_string());
    let expected = format!(r#"the entry ("library"), {place}: {problem}"#);
    assert!(told.starts_with(&expected), "{told}\nis not\n{expected}");
    assert_eq!(told.lines().count(), 1, "{told}");
}

#[test]
fn each_key_is_checked_and_named_with_its_place() {
    let many = |n: usize| json!(vec!["x"; n]);
    for (pointer, value, place, problem) in [
        ("/enabled", json!("no"), "enabled", "invalid type"),
        (
            "/contact",
            json!({ "en": "x" }),
            "contact",
            "missing field `zh-CN`",
        ),
        (
            "/contact/en",
            json!("x".repeat(121)),
            "contact.en",
            "must be 1 to 120",
        ),
        (
            "/contact/zh-CN",
            json!("a\nb"),
            "contact.zh-CN",
            "must be 1 to 120",
        ),
        (
            "/account_number",
            json!("newest"),
            "account_number",
            "unknown variant `newest`",
        ),
        (
            "/cas/opaque_services/0",
            json!("https://a.edu.cn/"),
            "cas.opaque_services[0]",
            r#""https://a.edu.cn/" is a web address"#,
        ),
        (
            "/cas/opaque_services/0",
            json!("imap://a b"),
            "cas.opaque_services[0]",
            r#""imap://a b" may hold printable ASCII"#,
        ),
        (
            "/cas/opaque_services",
            many(21),
            "cas.opaque_services",
            "must have at most 20",
        ),
        (
            "/cas/services",
            many(101),
            "cas.services",
            "must have at most 100",
        ),
        (
            "/cas/require_fresh",
            json!(1),
            "cas.require_fresh",
            "invalid type",
        ),
        (
            "/cas/logout",
            json!({ "chanel": "none" }),
            "cas.logout.chanel",
            "unknown field",
        ),
        (
            "/cas/logout/channel",
            json!("both"),
            "cas.logout.channel",
            "unknown variant",
        ),
        (
            "/cas/proxy",
            json!({ "callback": [] }),
            "cas.proxy.callback",
            "unknown field",
        ),
        (
            "/cas/proxy/targets/0",
            json!("Mail"),
            "cas.proxy.targets[0]",
            r#""Mail" must be 1 to 64"#,
        ),
        (
            "/cas/proxy/targets",
            many(101),
            "cas.proxy.targets",
            "must have at most 100",
        ),
        (
            "/cas/proxy/callbacks",
            many(21),
            "cas.proxy.callbacks",
            "must have at most 20",
        ),
        (
            "/cas/rest/networks",
            json!([]),
            "cas.rest.networks",
            "must have 1 to 50",
        ),
        (
            "/cas/rest/networks/0",
            json!("0.0.0.0/0"),
            "cas.rest.networks[0]",
            r#""0.0.0.0/0" is every address"#,
        ),
        (
            "/cas/rest/networks/1",
            json!("::/0"),
            "cas.rest.networks[1]",
            r#""::/0" is every"#,
        ),
        (
            "/cas/rest/networks/0",
            json!("10.8.3.1/24"),
            "cas.rest.networks[0]",
            r#""10.8.3.1/24" has bits beyond"#,
        ),
        (
            "/cas/rest/networks/0",
            json!("lib.edu.cn"),
            "cas.rest.networks[0]",
            r#""lib.edu.cn" is no address range"#,
        ),
        (
            "/cas/rest/key_sha256",
            json!("secret"),
            "cas.rest.key_sha256",
            "must be 64 hex",
        ),
        (
            "/cas/rest/key_sha256",
            json!("图".repeat(64)),
            "cas.rest.key_sha256",
            "must be 64",
        ),
        (
            "/cas/rest/key_sha256",
            json!("+".repeat(64)),
            "cas.rest.key_sha256",
            "must be 64",
        ),
        (
            "/access/org_units/0",
            json!("a//b"),
            "access.org_units[0]",
            r#""a//b" has an empty"#,
        ),
        (
            "/access/org_units/1",
            json!("计算机学院"),
            "access.org_units[1]",
            r#""计算机学院" stands here twice"#,
        ),
        (
            "/access/groups/0",
            json!("图书馆"),
            "access.groups[0]",
            r#""图书馆" must be 1 to 64"#,
        ),
        (
            "/access/groups",
            many(101),
            "access.groups",
            "must have at most 100",
        ),
        (
            "/access/states/0",
            json!("suspended"),
            "access.states[0]",
            r#""suspended" can't be let in"#,
        ),
        (
            "/access/states/0",
            json!("alive"),
            "access.states[0]",
            r#""alive" is no state"#,
        ),
        (
            "/access/from",
            json!("2026-9-1"),
            "access.from",
            r#""2026-9-1" must be a day"#,
        ),
        (
            "/access/from",
            json!("20260901"),
            "access.from",
            r#""20260901" must be a day"#,
        ),
        (
            "/access/from",
            json!("2026-09-01T00:00"),
            "access.from",
            r#""2026-09-01T00:00" must"#,
        ),
        (
            "/access/until",
            json!("2027-02-29"),
            "access.until",
            r#""2027-02-29" must be a day"#,
        ),
        (
            "/access/until",
            json!("2026-09-01"),
            "access.until",
            r#"must be later than "from""#,
        ),
        (
            "/access/times/0/days",
            json!([]),
            "access.times[0].days",
            "is empty; leave it out",
        ),
        (
            "/access/times/0/days/0",
            json!("Mon"),
            "access.times[0].days[0]",
            r#""Mon" must be one of mon, tue"#,
        ),
        (
            "/access/times/0/days/1",
            json!("mon"),
            "access.times[0].days[1]",
            r#""mon" stands here twice"#,
        ),
        (
            "/access/times/0/from",
            json!("8:00"),
            "access.times[0].from",
            r#""8:00" must be a time"#,
        ),
        (
            "/access/times/0/to",
            json!("24:01"),
            "access.times[0].to",
            r#""24:01" must be a time"#,
        ),
        (
            "/access/times/0/to",
            json!("+9:00"),
            "access.times[0].to",
            r#""+9:00" must be a time"#,
        ),
        (
            "/access/times/0/to",
            json!("08:00"),
            "access.times[0].to",
            r#"is "from" itself"#,
        ),
        (
            "/access/times",
            json!(vec![json!({"from": "00:00", "to": "01:00"}); 51]),
            "access.times",
            "must have at most 50",
        ),
        (
            "/access/times/1",
            json!({ "from": "00:00" }),
            "access.times[1]",
            "missing field `to`",
        ),
    ] {
        refused(pointer, value, place, problem);
    }
}

#[test]
fn a_release_has_one_source_and_a_name_that_the_answer_can_carry() {
    for (value, place, problem) in [
        (
            json!("password"),
            "release[1]",
            "unknown variant `password`",
        ),
        (
            json!(7),
            "release[1]",
            r#"invalid type: integer `7`, expected a word"#,
        ),
        (
            json!({ "attribute": "number" }),
            "release[1]",
            "missing field `as`",
        ),
        (
            json!({ "as": "uid" }),
            "release[1]",
            r#"must have either "attribute" or"#,
        ),
        (
            json!({ "attribute": "name", "constant": "x", "as": "uid" }),
            "release[1]",
            r#"must have either "attribute" or"#,
        ),
        (
            json!({ "attribute": "number", "as": "uid", "to": "x" }),
            "release[1].to",
            "unknown field `to`",
        ),
        (
            json!({ "attribute": "wage", "as": "uid" }),
            "release[1].attribute",
            "unknown variant `wage`",
        ),
        (
            json!({ "constant": "\u{1}", "as": "uid" }),
            "release[1]",
            "the constant must be 1 to 200",
        ),
        (
            json!({ "attribute": "number", "as": "name" }),
            "release[1]",
            r#""name" stands here twice"#,
        ),
        (
            json!({ "attribute": "number", "as": "学号" }),
            "release[1]",
            r#""学号" can't be the name of an attribute"#,
        ),
    ] {
        refused("/release/1", value, place, problem);
    }
    // XML-01: nothing that the answer itself says can be said by an entry.
    for name in [
        "user",
        "attributes",
        "proxies",
        "proxy",
        "proxyGrantingTicket",
        "authenticationDate",
        "authenticationMethod",
        "isFromNewLogin",
        "longTermAuthenticationRequestTokenUsed",
    ] {
        let value = json!({ "constant": "x", "as": name });
        refused(
            "/release/1",
            value,
            "release[1]",
            &format!("{name:?} can't be"),
        );
    }
    refused(
        "/release",
        json!(vec!["name"; 51]),
        "release",
        "must have at most 50",
    );
}

#[test] // TKT-08, RED-13
fn callbacks_and_logout_addresses_are_checked_like_services() {
    for (url, problem) in [
        ("http://lib.example.edu.cn/pgt", "must start with https://"),
        ("https://lib.example.edu.cn/*", "has a '*'"),
        ("https://*.example.edu.cn/pgt", "has a host that is empty"),
        ("https://lib.example.edu.cn/pgt#x", "has a fragment"),
        (
            "https://lib.example.edu.cn/pgt?pgtId=1",
            "has a parameter pgtId",
        ),
        (
            "https://lib.example.edu.cn/pgt?x&pgt%49ou=1",
            "has a parameter pgtId",
        ),
        ("https://localhost/pgt", "names this machine itself"),
        ("https://127.0.0.1:5432/", "names this machine itself"),
        (
            "https://169.254.169.254/",
            "names an address that is no server's",
        ),
        ("https://[::1]/", "names its host by an IPv6 address"),
        ("https://intranet/pgt", "names a host without a dot"),
        (
            "https://u@lib.example.edu.cn/pgt",
            "may name only host and port",
        ),
        ("https://lib.example.edu.cn/a/../pgt", "has a path with '.'"),
        ("ftp://lib.example.edu.cn/pgt", "must start with https://"),
    ] {
        let problem = format!("{url:?} {problem}");
        refused(
            "/cas/proxy/callbacks/0",
            json!(url),
            "cas.proxy.callbacks[0]",
            &problem,
        );
    }
    for (url, problem) in [
        (
            "https://evil.example.com/slo",
            "is at none of this entry's services",
        ),
        (
            "https://lib.example.edu.cn:8443/slo",
            "is at none of this entry's services",
        ),
        (
            "https://www.lib.example.edu.cn/slo",
            "is at none of this entry's services",
        ),
        ("https://lib.example.edu.cn/slo#x", "has a fragment"),
        ("https://lib.example.edu.cn/*", "has a '*'"),
        ("javascript:alert(1)", "must start with https://"),
    ] {
        let problem = format!("{url:?} {problem}");
        refused("/cas/logout/url", json!(url), "cas.logout.url", &problem);
    }
    // An old application that is registered with http may be told over http.
    let mut entry: serde_json::Value = serde_json::from_str(WHOLE).unwrap();
    entry["cas"]["logout"]["url"] = json!("http://lib.example.edu.cn/slo");
    assert!(parse_entries(&entry.to_string(), false).is_ok());
}

#[test] // TKT-11
fn targets_that_nobody_registered_are_found_with_their_place() {
    let library = parse_entries(WHOLE, false).unwrap();
    let knows = |known: &'static str| move |id: &ApplicationId| id.as_str() == known;
    assert!(missing_targets(&library, knows("mail")).is_empty());
    assert_eq!(
        missing_targets(&library, knows("male"))[0].to_string(),
        r#"the entry ("library"), cas.proxy.targets[0]: no application "mail" is registered"#
    );
    let two = [library.clone(), library].concat();
    assert_eq!(
        missing_targets(&two, knows("x"))[1].place,
        r#"entry 2 ("library"), cas.proxy.targets[0]"#
    );
}

#[test]
fn an_opaque_service_has_one_owner() {
    let other = WHOLE
        .replace("\"library\"", "\"other\"")
        .replace("https://lib.", "https://other.")
        .replace("http://lib.", "http://other.");
    assert_eq!(
        problems(&format!("[{WHOLE},{other}]")),
        r#"cas.services: imap://mail.example.edu.cn is claimed by both "library" and "other""#
    );
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
