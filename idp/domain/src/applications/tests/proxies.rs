use std::net::IpAddr;

use proptest::prelude::*;
use serde_json::json;

use super::{application, entry};
use crate::applications::{Application, ApplicationId, Refusal, Registry};

fn portal() -> Application {
    application(
        &json!({ "id": "portal", "name": { "zh-CN": "门户", "en": "Portal" },
            "cas": { "services": ["https://portal.edu.cn/*"],
                "proxy": { "callbacks": ["https://portal.edu.cn/pgt?x=%2f&y", "https://cb.edu.cn"],
                    "targets": ["mail"] } } })
        .to_string(),
    )
}

fn mail() -> Application {
    application(
        &json!({ "id": "mail", "name": { "zh-CN": "邮箱", "en": "Mail" },
            "cas": { "services": ["https://mail.edu.cn/*"],
                "opaque_services": ["imap://mail.edu.cn", "mail"],
                "proxy": { "callbacks": ["https://mail.edu.cn/pgt"] } } })
        .to_string(),
    )
}

fn campus() -> Registry {
    Registry::new(vec![
        portal(),
        mail(),
        entry("plain", &["https://plain.edu.cn/*"]),
    ])
}

fn id(text: &str) -> ApplicationId {
    ApplicationId::parse(text).unwrap()
}

#[test] // TKT-08
fn a_callback_is_one_of_the_applications_own_and_compared_whole() {
    let campus = campus();
    for (raw, identity) in [
        (
            "https://portal.edu.cn/pgt?x=%2f&y",
            "https://portal.edu.cn/pgt?x=%2f&y",
        ),
        (
            "HTTPS://Portal.edu.CN:443/pgt?x=%2F&y",
            "https://portal.edu.cn/pgt?x=%2f&y",
        ),
        ("https://cb.edu.cn/", "https://cb.edu.cn"),
        ("https://cb.edu.cn/?", "https://cb.edu.cn"),
    ] {
        let callback = campus.callback(&id("portal"), raw).unwrap();
        assert_eq!(callback.identity(), identity, "{raw}");
    }
    for raw in [
        "https://portal.edu.cn/pgt",
        "https://portal.edu.cn/pgt?x=%2f&y&z",
        "https://portal.edu.cn/pgt?x=/&y",
        "https://portal.edu.cn/pgt/?x=%2f&y",
        "https://portal.edu.cn/PGT?x=%2f&y",
        "https://portal.edu.cn/pgt?x=%2f&y#",
        "https://portal.edu.cn:8443/pgt?x=%2f&y",
        "http://portal.edu.cn/pgt?x=%2f&y",
        "http://cb.edu.cn:443/",
        "https://cb.edu.cn.evil.com/",
        "https://cb.edu.cn@evil.com/",
        "https://cb.edu.cn\\@evil.com/",
        "https://cb.edu.cn./",
        "https://cb.edu.cn/x",
        " https://cb.edu.cn/",
        "https://169.254.169.254/",
        "https://127.0.0.1:5432/",
        "https://[::1]/",
        "https://mail.edu.cn/pgt",
        "",
    ] {
        assert_eq!(campus.callback(&id("portal"), raw), None, "{raw}");
    }
    // Another application's callback is nobody else's; without a rule there is none.
    assert!(
        campus
            .callback(&id("mail"), "https://mail.edu.cn/pgt")
            .is_some()
    );
    assert_eq!(campus.callback(&id("mail"), "https://cb.edu.cn/"), None);
    assert_eq!(campus.callback(&id("plain"), "https://plain.edu.cn/"), None);
    assert_eq!(campus.callback(&id("nobody"), "https://cb.edu.cn/"), None);
}

#[test] // CAS 3.0.3 §2.5.4
fn a_callback_is_asked_with_its_own_query_first() {
    let campus = campus();
    let asked = |raw| {
        let callback = campus.callback(&id("portal"), raw).unwrap();
        let url = callback.with_pgt("PGT-1", "PGTIOU-2&x");
        assert!(url.is_https() && url.port() == 443);
        assert!(!format!("{url:?}").contains("PGT-1"));
        url.url().as_str().to_owned()
    };
    assert_eq!(
        asked("https://portal.edu.cn/pgt?x=%2f&y"),
        "https://portal.edu.cn/pgt?x=%2f&y&pgtId=PGT-1&pgtIou=PGTIOU-2%26x"
    );
    assert_eq!(
        asked("https://cb.edu.cn/"),
        "https://cb.edu.cn/?pgtId=PGT-1&pgtIou=PGTIOU-2%26x"
    );
}

#[test] // TKT-11
fn a_target_is_a_web_address_or_an_opaque_service_byte_for_byte() {
    let campus = campus();
    let target = |raw| {
        let (application, target) = campus.resolve_target(raw)?;
        assert_eq!(target.service().is_some(), raw.starts_with("http"));
        Ok::<_, Refusal>((application.id.to_string(), target.canonical().to_owned()))
    };
    let found = |application: &str, canonical: &str| Ok((application.into(), canonical.into()));
    assert_eq!(
        target("imap://mail.edu.cn"),
        found("mail", "imap://mail.edu.cn")
    );
    assert_eq!(target("mail"), found("mail", "mail"));
    assert_eq!(
        target("https://MAIL.edu.cn/x"),
        found("mail", "https://mail.edu.cn/x")
    );
    for raw in [
        "IMAP://mail.edu.cn",
        "imap://mail.edu.cn/",
        "imap://mail.edu.cn ",
        "imaps://mail.edu.cn",
        "Mail",
        "",
    ] {
        assert!(matches!(target(raw), Err(Refusal::Url(_))), "{raw}");
    }
    assert_eq!(target("https://evil.com/"), Err(Refusal::Host));
    // For people's browsers an opaque service is no address.
    assert!(campus.resolve("imap://mail.edu.cn").is_err());

    let rule = portal().cas.unwrap().proxy.unwrap();
    assert!(rule.reaches(&id("mail")));
    assert!(!rule.reaches(&id("plain")) && !rule.reaches(&id("portal")));
    assert!(!mail().cas.unwrap().proxy.unwrap().reaches(&id("portal")));
}

#[test]
fn a_logout_is_told_at_the_service_or_at_the_address_of_the_entry() {
    let with = |logout: serde_json::Value| {
        let entry = application(
            &json!({ "id": "a", "name": { "zh-CN": "甲", "en": "A" },
                "cas": { "services": ["https://a.edu.cn/*"], "logout": logout } })
            .to_string(),
        );
        let registry = Registry::new(vec![entry]);
        let (application, service) = registry.resolve("https://a.edu.cn/x?y=z").unwrap();
        let target = application.cas.as_ref().unwrap().logout_target(&service);
        target.map(|url| url.url().to_string())
    };
    let service = Some("https://a.edu.cn/x?y=z".to_owned());
    assert_eq!(with(json!({})), service);
    assert_eq!(with(json!({ "channel": "front" })), service);
    assert_eq!(with(json!({ "channel": "none" })), None);
    let url = "https://a.edu.cn/slo?b";
    assert_eq!(with(json!({ "url": url })).as_deref(), Some(url));
    assert_eq!(with(json!({ "channel": "none", "url": url })), None);
}

#[test]
fn a_program_comes_from_its_network_and_with_its_key() {
    let rest = |rest: serde_json::Value| {
        let entry = application(
            &json!({ "id": "a", "name": { "zh-CN": "甲", "en": "A" },
                "cas": { "services": ["https://a.edu.cn/*"], "rest": rest } })
            .to_string(),
        );
        entry.cas.unwrap().rest.unwrap()
    };
    let ip = |text: &str| text.parse::<IpAddr>().unwrap();
    let open = rest(json!({ "networks": ["10.8.3.0/24", "2001:db8::7"] }));
    for near in ["10.8.3.1", "::ffff:10.8.3.1", "2001:db8::7"] {
        assert!(
            open.admits(ip(near), None) && open.admits(ip(near), Some("x")),
            "{near}"
        );
    }
    for far in ["10.8.4.1", "127.0.0.1", "2001:db8::8", "::1"] {
        assert!(!open.admits(ip(far), None), "{far}");
    }
    let keyed = rest(json!({ "networks": ["10.8.3.0/24"],
        "key_sha256": "2BB80D537B1DA3E38BD30361AA855686BDE0EACD7162FEF6A25FE97BF527A25B" }));
    assert!(keyed.admits(ip("10.8.3.1"), Some("secret")));
    assert!(!keyed.admits(ip("10.8.4.1"), Some("secret")));
    for key in [None, Some(""), Some("Secret"), Some("secret ")] {
        assert!(!keyed.admits(ip("10.8.3.1"), key), "{key:?}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 5_000, failure_persistence: None, ..ProptestConfig::default() })]

    // TKT-08: whatever is accepted means the registered address to the program that asks it.
    #[test]
    fn an_accepted_callback_is_the_registered_one_to_every_parser(
        pieces in proptest::collection::vec(proptest::sample::select(&[
            "https://", "HTTPS://", "http://", "cb.edu.cn", "CB.edu.cn", ":443", ":80", "/", "?", "#",
            "@", "\\", "evil.com", ".", "%2e", " ", "x", "portal.edu.cn", "/pgt", "?x=%2f&y", "%2F",
        ][..]), 1..6),
    ) {
        let raw = pieces.concat();
        if let Some(callback) = campus().callback(&id("portal"), &raw) {
            let came = url::Url::parse(&raw).unwrap();
            let registered = url::Url::parse(callback.identity()).unwrap();
            prop_assert_eq!(came.origin(), registered.origin());
            prop_assert_eq!(came.path(), registered.path());
            prop_assert_eq!(came.username(), "");
            let asked = callback.with_pgt("PGT-1", "PGTIOU-1");
            prop_assert_eq!(asked.url().origin(), registered.origin());
            prop_assert_eq!(asked.url().path(), registered.path());
        }
    }
}
