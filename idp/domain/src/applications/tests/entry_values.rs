//! Values of an entry that must fit one another.

use serde_json::json;

use super::entries::problems;
use super::entry_keys::{WHOLE, refused};
use crate::applications::{ApplicationId, missing_targets, parse_entries};

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
            "invalid type: integer `7`, expected a word",
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
}

#[test] // TKT-08, RED-02, RED-07, RED-13
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
        r#"cas.opaque_services: imap://mail.example.edu.cn is claimed by both "library" and "other""#
    );
}
