//! Each key of an entry: read, bounded, refused with its place.

use serde_json::json;

use super::entries::problems;
use crate::applications::{Application, LogoutChannel, NumberRule, ReleaseSource, parse_entries};
use crate::signin::PersonState;

/// Every key, each with another value than its default.
pub(super) const WHOLE: &str = r#"{ "id": "library", "name": {"zh-CN": "图书馆", "en": "Library"},
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
pub(super) fn refused(pointer: &str, value: serde_json::Value, place: &str, problem: &str) {
    let mut entry: serde_json::Value = serde_json::from_str(WHOLE).unwrap();
    *entry.pointer_mut(pointer).unwrap() = value;
    let told = problems(&entry.to_string());
    let expected = format!(r#"the entry ("library"), {place}: {problem}"#);
    assert!(told.starts_with(&expected), "{told}\nis not\n{expected}");
    assert_eq!(told.lines().count(), 1, "{told}");
}

/// Where, what as JSON, and the place and the problem that it makes.
const BAD_CAS: &[[&str; 4]] = &[
    ["/enabled", r#""no""#, "enabled", "invalid type"],
    [
        "/contact",
        r#"{ "en": "x" }"#,
        "contact",
        "missing field `zh-CN`",
    ],
    [
        "/contact/zh-CN",
        r#""a\nb""#,
        "contact.zh-CN",
        "must be 1 to 120",
    ],
    [
        "/account_number",
        r#""newest""#,
        "account_number",
        "unknown variant `newest`",
    ],
    [
        "/cas/opaque_services/0",
        r#""https://a.edu.cn/""#,
        "cas.opaque_services[0]",
        r#""https://a.edu.cn/" is a web address"#,
    ],
    [
        "/cas/opaque_services/0",
        r#""imap://a b""#,
        "cas.opaque_services[0]",
        r#""imap://a b" may hold printable ASCII"#,
    ],
    [
        "/cas/require_fresh",
        "1",
        "cas.require_fresh",
        "invalid type",
    ],
    [
        "/cas/logout",
        r#"{ "chanel": "none" }"#,
        "cas.logout.chanel",
        "unknown field",
    ],
    [
        "/cas/logout/channel",
        r#""both""#,
        "cas.logout.channel",
        "unknown variant",
    ],
    [
        "/cas/proxy",
        r#"{ "callback": [] }"#,
        "cas.proxy.callback",
        "unknown field",
    ],
    [
        "/cas/proxy/targets/0",
        r#""Mail""#,
        "cas.proxy.targets[0]",
        r#""Mail" must be 1 to 64"#,
    ],
    ["/cas/rest", "{}", "cas.rest", "missing field `networks`"],
    [
        "/cas/rest/networks",
        "[]",
        "cas.rest.networks",
        "must have 1 to 50",
    ],
    [
        "/cas/rest/networks/0",
        r#""0.0.0.0/0""#,
        "cas.rest.networks[0]",
        r#""0.0.0.0/0" is every address"#,
    ],
    [
        "/cas/rest/networks/1",
        r#""::/0""#,
        "cas.rest.networks[1]",
        r#""::/0" is every address"#,
    ],
    [
        "/cas/rest/networks/0",
        r#""10.8.3.1/24""#,
        "cas.rest.networks[0]",
        r#""10.8.3.1/24" has bits beyond"#,
    ],
    [
        "/cas/rest/networks/0",
        r#""lib.edu.cn""#,
        "cas.rest.networks[0]",
        r#""lib.edu.cn" is no address range"#,
    ],
    [
        "/cas/rest/key_sha256",
        r#""secret""#,
        "cas.rest.key_sha256",
        "must be 64 hex",
    ],
];

const BAD_ACCESS: &[[&str; 4]] = &[
    [
        "/access/org_units/0",
        r#""a//b""#,
        "access.org_units[0]",
        r#""a//b" has an empty"#,
    ],
    [
        "/access/org_units/1",
        r#""计算机学院""#,
        "access.org_units[1]",
        r#""计算机学院" stands here twice"#,
    ],
    [
        "/access/groups/0",
        r#""图书馆""#,
        "access.groups[0]",
        r#""图书馆" must be 1 to 64"#,
    ],
    [
        "/access/states/0",
        r#""suspended""#,
        "access.states[0]",
        r#""suspended" can't be let in"#,
    ],
    [
        "/access/states/0",
        r#""alive""#,
        "access.states[0]",
        r#""alive" is no state"#,
    ],
    [
        "/access/from",
        r#""2026-9-1""#,
        "access.from",
        r#""2026-9-1" must be a day"#,
    ],
    [
        "/access/from",
        r#""20260901""#,
        "access.from",
        r#""20260901" must be a day"#,
    ],
    [
        "/access/from",
        r#""2026-09-01T00:00""#,
        "access.from",
        r#""2026-09-01T00:00" must be"#,
    ],
    [
        "/access/until",
        r#""2027-02-29""#,
        "access.until",
        r#""2027-02-29" must be a day"#,
    ],
    [
        "/access/until",
        r#""2026-09-01""#,
        "access.until",
        r#"must be later than "from""#,
    ],
    [
        "/access/times/0/days",
        "[]",
        "access.times[0].days",
        "is empty; leave it out",
    ],
    [
        "/access/times/0/days/0",
        r#""Mon""#,
        "access.times[0].days[0]",
        r#""Mon" must be one of mon, tue"#,
    ],
    [
        "/access/times/0/days/1",
        r#""mon""#,
        "access.times[0].days[1]",
        r#""mon" stands here twice"#,
    ],
    [
        "/access/times/0/from",
        r#""8:00""#,
        "access.times[0].from",
        r#""8:00" must be a time"#,
    ],
    [
        "/access/times/0/to",
        r#""24:01""#,
        "access.times[0].to",
        r#""24:01" must be a time"#,
    ],
    [
        "/access/times/0/to",
        r#""+9:00""#,
        "access.times[0].to",
        r#""+9:00" must be a time"#,
    ],
    [
        "/access/times/0/to",
        r#""08:00""#,
        "access.times[0].to",
        r#"is "from" itself"#,
    ],
    [
        "/access/times/1",
        r#"{ "from": "00:00" }"#,
        "access.times[1]",
        "missing field `to`",
    ],
];

#[test]
fn each_key_is_checked_and_named_with_its_place() {
    for [pointer, value, place, problem] in BAD_CAS.iter().chain(BAD_ACCESS) {
        refused(
            pointer,
            serde_json::from_str(value).unwrap(),
            place,
            problem,
        );
    }
    for text in ["图".repeat(64), "+".repeat(64), "a".repeat(63)] {
        refused(
            "/cas/rest/key_sha256",
            json!(text),
            "cas.rest.key_sha256",
            "must be 64 hex",
        );
    }
    refused(
        "/contact/en",
        json!("x".repeat(121)),
        "contact.en",
        "must be 1 to 120",
    );
}

#[test]
fn each_list_is_bounded() {
    for (pointer, place, most) in [
        ("/cas/services", "cas.services", 100),
        ("/cas/opaque_services", "cas.opaque_services", 20),
        ("/cas/proxy/callbacks", "cas.proxy.callbacks", 20),
        ("/cas/proxy/targets", "cas.proxy.targets", 100),
        ("/cas/rest/networks", "cas.rest.networks", 50),
        ("/access/affiliations", "access.affiliations", 8),
        ("/access/org_units", "access.org_units", 200),
        ("/access/groups", "access.groups", 100),
        ("/access/states", "access.states", 1),
        ("/access/times/0/days", "access.times[0].days", 7),
    ] {
        let problem = format!("must have at most {most} entries");
        refused(pointer, json!(vec!["x"; most + 1]), place, &problem);
    }
    let window = json!({ "from": "00:00", "to": "01:00" });
    refused(
        "/access/times",
        json!(vec![window; 51]),
        "access.times",
        "must have at most 50",
    );
    refused(
        "/release",
        json!(vec!["name"; 51]),
        "release",
        "must have at most 50",
    );
}
