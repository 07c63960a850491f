//! What single expressions and settings become. Whole registries are read in `tests/apereo.rs`,
//! and that nothing gets wider is shown in `tests/apereo_narrower.rs`.

use jiff::tz::TimeZone;
use serde_json::{Value, json};

use super::*;

fn convert_one(service: &Value) -> (Option<Value>, ServiceReport) {
    let zone = TimeZone::get("Asia/Shanghai").unwrap();
    let file = SourceFile {
        name: "Sample-7.json".into(),
        content: service.to_string().into_bytes(),
    };
    let options = Options {
        names: &AttributeNames::default(),
        zone: &zone,
        environments: &[],
        demo: false,
    };
    let mut conversion = convert(&[file], options);
    (
        conversion.entries.pop(),
        conversion.report.services.remove(0),
    )
}

fn service(with: Value) -> Value {
    let mut service = json!({
        "@class": "org.apereo.cas.services.CasRegisteredService",
        "serviceId": "^https://lib\\.example\\.edu/app/.*",
        "name": "Sample",
        "id": 7,
    });
    let Value::Object(with) = with else {
        panic!("an object")
    };
    service.as_object_mut().unwrap().extend(with);
    service
}

fn patterns(expression: &str) -> Vec<String> {
    let (entry, _) = convert_one(&service(json!({ "serviceId": expression })));
    entry.map_or_else(Vec::new, |entry| {
        let services = entry["cas"]["services"].as_array().unwrap();
        services
            .iter()
            .map(|s| s.as_str().unwrap().to_owned())
            .collect()
    })
}

#[test]
fn an_expression_becomes_the_patterns_it_stands_for() {
    for (expression, expected) in [
        (
            "^https://lib\\.example\\.edu/.*",
            vec!["https://lib.example.edu/*"],
        ),
        (
            "https://lib.example.edu/.*",
            vec!["https://lib.example.edu/*"],
        ),
        (
            "^https://lib\\.example\\.edu/.+",
            vec!["https://lib.example.edu/*+"],
        ),
        (
            "https://lib\\.example\\.edu",
            vec!["https://lib.example.edu/?"],
        ),
        (
            "https://lib\\.example\\.edu(/.*)?$",
            vec!["https://lib.example.edu/*"],
        ),
        (
            "https://lib\\.example\\.edu/app(/.*)?",
            vec![
                "https://lib.example.edu/app?",
                "https://lib.example.edu/app/*",
            ],
        ),
        (
            "https://lib\\.example\\.edu/app/?.*",
            vec![
                "https://lib.example.edu/app",
                "https://lib.example.edu/app/*",
            ],
        ),
        (
            "https://lib\\.example\\.edu/app(\\?.*)?",
            vec!["https://lib.example.edu/app"],
        ),
        (
            "https://lib\\.example\\.edu/app/[^?]*",
            vec!["https://lib.example.edu/app/*?"],
        ),
        (
            "https://lib\\.example\\.edu/app/[^?]*(\\?.*)?",
            vec!["https://lib.example.edu/app/*"],
        ),
        (
            "^(http|https)://(www\\.)?a\\.example\\.edu(:8443)?/x$",
            vec![
                "http://a.example.edu/x?",
                "http://a.example.edu:8443/x?",
                "http://www.a.example.edu/x?",
                "http://www.a.example.edu:8443/x?",
                "https://a.example.edu/x?",
                "https://a.example.edu:8443/x?",
                "https://www.a.example.edu/x?",
                "https://www.a.example.edu:8443/x?",
            ],
        ),
        (
            "^https://a\\.example\\.edu(:\\d+)?/.*",
            vec!["https://a.example.edu/*"],
        ),
        (
            "^https://app[12]\\.example\\.edu/.*|^https://b\\.example\\.edu/cas\\?x=1",
            vec![
                "https://app1.example.edu/*",
                "https://app2.example.edu/*",
                "https://b.example.edu/cas?x=1",
            ],
        ),
        (
            "https://lib\\.example\\.edu.*",
            vec!["https://lib.example.edu/*"],
        ),
        (
            "\\Qhttps://lib.example.edu/a\\E",
            vec!["https://lib.example.edu/a?"],
        ),
        (
            "(?i)https://LIB\\.example\\.edu/A",
            vec!["https://lib.example.edu/A?"],
        ),
        (
            "https://图书馆\\.example\\.edu/.*",
            vec!["https://xn--1jq52s681d.example.edu/*"],
        ),
    ] {
        assert_eq!(patterns(expression), expected, "{expression}");
    }
}

#[test]
fn what_would_be_wider_is_left_out() {
    for expression in [
        ".*",
        "^https://.*",
        "^(https|imaps)://.*",
        "https?://.*\\.example\\.edu/.*",
        "https://[^/]+\\.example\\.edu/app/.*",
        "https://app\\d+\\.example\\.edu/.*",
        "https://a\\.example\\.edu/[a-z]+/callback",
        "https://a\\.example\\.edu/.*\\.do",
        "https://a\\.example\\.edu/app/\\*",
        "https://a\\.example\\.edu/app\\?id=.*",
        "https://a\\.example\\.edu/app\\?.+",
        "https://a\\.example\\.edu/#/.*",
        "https://a\\.example\\.edu:.*/",
        "https://a\\.example\\.edu/.{3,}",
        "https://user:secret@a\\.example\\.edu/",
        "https://a\\.example\\.edu\\\\@evil\\.example/.*",
        "https://(?!evil).*\\.example\\.edu/.*",
        "https://(a)\\1\\.example\\.edu/",
        "https://a\\.example\\.edu/.*+",
        "https://a\\.example\\.edu/[a-z&&[^b]]*",
        "https://a\\.example\\.edu/\\p{Alpha}*",
        "https://localhost/.*",
        "https://intranet/.*",
        "https://127\\.0\\.0\\.1/.*",
        "${app.url}",
        "testId",
        "",
        "https://a\\.example\\.edu/(a|b|c|d|e)(a|b|c|d|e)(a|b|c|d|e)(a|b|c|d|e)",
    ] {
        let (entry, report) = convert_one(&service(json!({ "serviceId": expression })));
        assert_eq!(entry, None, "{expression}");
        assert_eq!(report.mark(), Mark::LeftOut);
    }
}
