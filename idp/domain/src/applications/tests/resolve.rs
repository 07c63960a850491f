use proptest::prelude::*;
use rand::SeedableRng;
use rand::rngs::StdRng;

use super::{application, entry, registry};
use crate::applications::{Application, ApplicationId, Refusal, RefusedUrl, Registry, ServiceUrl};
use crate::cas::ServiceTicket;

fn owner(registry: &Registry, service: &str) -> Result<String, Refusal> {
    let (application, proven) = registry.resolve(service)?;
    let parsed = ServiceUrl::parse(service)?;
    assert_eq!(proven.canonical(), parsed.canonical());
    Ok(application.id.to_string())
}

#[test] // RED-01
fn a_host_is_compared_whole() {
    let registry = registry(&["https://app.uni.edu.cn/*"]);
    assert_eq!(
        owner(&registry, "https://app.uni.edu.cn/cb").unwrap(),
        "app"
    );
    for (service, refusal) in [
        ("https://app.uni.edu.cn.evil.com/cb", Refusal::Host),
        ("https://xapp.uni.edu.cn/cb", Refusal::Host),
        ("https://uni.edu.cn/cb", Refusal::Host),
        ("https://appxuni.edu.cn/cb", Refusal::Host),
        ("https://app.uni.edu.cn:8443/cb", Refusal::Origin),
        ("http://app.uni.edu.cn/cb", Refusal::Origin),
        ("http://app.uni.edu.cn:443/cb", Refusal::Origin),
        (
            "https://app.uni.edu.cn:443@evil.com/",
            Refusal::Url(RefusedUrl::UserInfo),
        ),
    ] {
        assert_eq!(owner(&registry, service), Err(refusal), "{service}");
    }
}

#[test] // RED-05: 443 and no port are one, every other port is another
fn a_port_is_compared_exactly() {
    let registry = registry(&[
        "https://app.uni.edu.cn:443/cb",
        "http://app.uni.edu.cn:8080/*",
    ]);
    assert!(owner(&registry, "https://app.uni.edu.cn/cb").is_ok());
    assert!(owner(&registry, "HTTPS://APP.uni.edu.cn:443/cb").is_ok());
    assert!(owner(&registry, "http://app.uni.edu.cn:8080/cb").is_ok());
    assert_eq!(
        owner(&registry, "https://app.uni.edu.cn:8443/cb"),
        Err(Refusal::Origin)
    );
    assert_eq!(
        owner(&registry, "http://app.uni.edu.cn/cb"),
        Err(Refusal::Origin)
    );
    assert_eq!(
        owner(&registry, "https://app.uni.edu.cn/CB"),
        Err(Refusal::Path)
    );
}

#[test] // RED-01: a prefix ends with a slash
fn a_path_is_exact_or_a_prefix_that_ends_with_a_slash() {
    let registry = registry(&[
        "https://a.edu.cn/app/*",
        "https://b.edu.cn/cb",
        "https://c.edu.cn/*",
        "https://d.edu.cn/图/*",
    ]);
    for service in [
        "https://a.edu.cn/app/",
        "https://a.edu.cn/app/?x=1",
        "https://a.edu.cn/app/x/y?z",
        "https://a.edu.cn/app//x",
        "https://b.edu.cn/cb",
        "https://b.edu.cn/cb?any=query",
        "https://c.edu.cn",
        "https://c.edu.cn?x=1",
        "https://c.edu.cn/",
        "https://c.edu.cn/a/b",
        "https://d.edu.cn/图/x",
        "https://d.edu.cn/%e5%9b%be/x",
        "https://d.edu.cn/%E5%9b%BE/",
    ] {
        assert_eq!(owner(&registry, service).as_deref(), Ok("app"), "{service}");
    }
    for service in [
        "https://a.edu.cn/",
        "https://a.edu.cn",
        "https://a.edu.cn/app",
        "https://a.edu.cn/app?x=/app/",
        "https://a.edu.cn/apple",
        "https://a.edu.cn/App/",
        "https://a.edu.cn//app/",
        "https://a.edu.cn/app%2fx",
        "https://a.edu.cn/app;x/y",
        "https://a.edu.cn/%61pp/",
        "https://b.edu.cn/cb/",
        "https://b.edu.cn/cb/x",
        "https://b.edu.cn/",
        "https://d.edu.cn/%E5%9B/x",
        "https://d.edu.cn/%E5%9b%BE",
    ] {
        assert_eq!(owner(&registry, service), Err(Refusal::Path), "{service}");
    }
}

#[test] // RED-01: where a query is named, no other one is taken
fn a_query_is_any_unless_the_pattern_names_one() {
    let registry = registry(&[
        "https://a.edu.cn/none?",
        "https://a.edu.cn/one?id=5&x=%e5",
        "https://b.edu.cn/*?",
        "https://c.edu.cn/app/*?v=图",
    ]);
    for service in [
        "https://a.edu.cn/none",
        "https://a.edu.cn/none?",
        "https://a.edu.cn/one?id=5&x=%E5",
        "https://b.edu.cn",
        "https://b.edu.cn/x?",
        "https://c.edu.cn/app/?v=%e5%9b%be",
        "https://c.edu.cn/app/x/y?v=图",
    ] {
        assert_eq!(owner(&registry, service).as_deref(), Ok("app"), "{service}");
    }
    for service in [
        "https://a.edu.cn/none?x",
        "https://a.edu.cn/none??",
        "https://a.edu.cn/none?&",
        "https://a.edu.cn/one",
        "https://a.edu.cn/one?x=%E5&id=5",
        "https://a.edu.cn/one?id=5&x=%E5&",
        "https://a.edu.cn/one?ID=5&x=%E5",
        "https://a.edu.cn/one?id=%35&x=%E5",
        "https://b.edu.cn?x=1",
        "https://b.edu.cn/x?tickets=1",
        "https://c.edu.cn/app?v=图",
        "https://c.edu.cn/app/",
    ] {
        assert_eq!(owner(&registry, service), Err(Refusal::Path), "{service}");
    }
}

#[test]
fn the_most_specific_pattern_wins_whatever_the_order() {
    let mut applications = vec![
        entry("whole", &["https://h.edu.cn/*"]),
        entry("mail", &["https://h.edu.cn/mail/*"]),
        entry("archive", &["https://h.edu.cn/mail/archive/*"]),
        entry("exact", &["https://h.edu.cn/mail/archive/cb"]),
        entry("exact-query", &["https://h.edu.cn/mail/archive/cb?id=5"]),
        entry("exact-only", &["https://h.edu.cn/mail/only?id=5"]),
        entry("whole-query", &["https://h.edu.cn/*?id=5"]),
        entry("docs", &["https://h.edu.cn/docs/*"]),
        entry("docs-inside", &["https://h.edu.cn/docs/*+"]),
        entry("any-port", &["http://localhost:*/*"]),
        entry("one-port", &["http://localhost:9000/*"]),
    ];
    for _ in 0..applications.len() {
        applications.rotate_left(1);
        let registry = Registry::new(applications.clone());
        for (service, id) in [
            ("https://h.edu.cn/", "whole"),
            ("https://h.edu.cn/mailbox", "whole"),
            ("https://h.edu.cn/mail", "whole"),
            ("https://h.edu.cn/mail?id=5", "whole-query"),
            ("https://h.edu.cn/mail/?id=5", "mail"),
            ("https://h.edu.cn/mail/only?id=5", "exact-only"),
            ("https://h.edu.cn/mail/only?id=6", "mail"),
            ("https://h.edu.cn/mail/archive/cb?id=5", "exact-query"),
            ("https://h.edu.cn/mail/x", "mail"),
            ("https://h.edu.cn/mail/archive/x", "archive"),
            ("https://h.edu.cn/mail/archive/cb/x", "archive"),
            ("https://h.edu.cn/mail/archive/cb?x", "exact"),
            ("https://h.edu.cn/docs/", "docs"),
            ("https://h.edu.cn/docs/?", "docs"),
            ("https://h.edu.cn/docs/?x", "docs-inside"),
            ("https://h.edu.cn/docs/x", "docs-inside"),
            ("http://localhost:9000/x", "one-port"),
            ("http://localhost:9001/x", "any-port"),
            ("http://localhost/", "any-port"),
        ] {
            assert_eq!(owner(&registry, service).as_deref(), Ok(id), "{service}");
        }
        assert_eq!(registry.iter().count(), registry.len());
    }
}

#[test]
fn two_claims_on_one_pattern_are_found_and_decided_alike_everywhere() {
    let a = entry("a", &["https://h.edu.cn:443/x", "https://other.edu.cn/*"]);
    // Another query rule is another claim, a more specific one.
    let b = entry("b", &["https://H.edu.cn/x", "https://other.edu.cn/*?"]);
    let clashes = Registry::clashes([&a, &b]);
    assert_eq!(clashes.len(), 1);
    assert_eq!(
        clashes[0].to_string(),
        r#"https://h.edu.cn/x is claimed by both "a" and "b""#
    );
    for order in [vec![a.clone(), b.clone()], vec![b, a]] {
        assert_eq!(
            owner(&Registry::new(order), "https://h.edu.cn/x").as_deref(),
            Ok("a")
        );
    }
}

#[test]
fn an_application_is_found_by_its_id() {
    let registry = registry(&["https://h.edu.cn/x"]);
    let id = |text| ApplicationId::parse(text).unwrap();
    assert_eq!(registry.get(&id("app")).unwrap().id, id("app"));
    assert!(registry.get(&id("other")).is_none());
    assert!(Registry::default().is_empty());
    assert_eq!(
        owner(&Registry::default(), "https://h.edu.cn/x"),
        Err(Refusal::Host)
    );
}

fn ticket() -> ServiceTicket {
    ServiceTicket::generate(&mut StdRng::seed_from_u64(1))
}

#[test] // RED-08, CAS 3.0.3 §2.2.4
fn a_ticket_is_appended_and_the_rest_kept_byte_for_byte() {
    let registry = registry(&["https://h.edu.cn/*"]);
    let ticket = ticket();
    let st = ticket.as_str();
    for (service, redirect) in [
        ("https://h.edu.cn", format!("https://h.edu.cn?ticket={st}")),
        (
            "https://h.edu.cn/a",
            format!("https://h.edu.cn/a?ticket={st}"),
        ),
        (
            "https://h.edu.cn/a?",
            format!("https://h.edu.cn/a?ticket={st}"),
        ),
        (
            "https://h.edu.cn/a?x",
            format!("https://h.edu.cn/a?x&ticket={st}"),
        ),
        (
            "https://h.edu.cn/a?b=%252F&c=%26%2b+%e4%BD",
            format!("https://h.edu.cn/a?b=%252F&c=%26%2b+%e4%BD&ticket={st}"),
        ),
        (
            "https://h.edu.cn/你?好",
            format!("https://h.edu.cn/%E4%BD%A0?%E5%A5%BD&ticket={st}"),
        ),
        // CAS 35: exactly one, and the new one.
        (
            "https://h.edu.cn/a?ticket=ST-old&x=1&%74icket=2",
            format!("https://h.edu.cn/a?x=1&ticket={st}"),
        ),
        (
            "https://h.edu.cn/a?next=https://evil.com/?x=1",
            format!("https://h.edu.cn/a?next=https://evil.com/?x=1&ticket={st}"),
        ),
    ] {
        let (_, proven) = registry.resolve(service).unwrap();
        assert_eq!(proven.with_ticket(&ticket).as_str(), redirect);
        assert_eq!(proven.plain().as_str(), proven.canonical());
        assert_eq!(proven.origin(), "https://h.edu.cn");
        assert!(!format!("{:?}", proven.with_ticket(&ticket)).contains(st));
    }
}

#[test] // RED-08
fn a_fragment_is_for_entries_that_say_so() {
    let service = "https://h.edu.cn/a?x=1#/home?y=2";
    assert_eq!(
        owner(&registry(&["https://h.edu.cn/*"]), service),
        Err(Refusal::Fragment)
    );
    let spa = application(
        r#"{ "id": "spa", "name": { "zh-CN": "单页", "en": "SPA" },
             "cas": { "services": ["https://h.edu.cn/*"], "spa_fragment": true } }"#,
    );
    let registry = Registry::new(vec![spa]);
    let (_, proven) = registry.resolve(service).unwrap();
    let ticket = ticket();
    assert_eq!(
        proven.with_ticket(&ticket).as_str(),
        format!(
            "https://h.edu.cn/a?x=1&ticket={}#/home?y=2",
            ticket.as_str()
        )
    );
    assert_eq!(proven.plain().as_str(), service);
    assert_eq!(proven.canonical(), "https://h.edu.cn/a?x=1");
    // At validation the client may leave the fragment out: the same canonical text.
    let (_, bare) = registry.resolve("https://h.edu.cn/a?x=1").unwrap();
    assert_eq!(bare.canonical(), proven.canonical());
}

#[test]
fn refusals_have_distinct_words_for_the_audit_trail() {
    let words = [
        Refusal::Host,
        Refusal::Origin,
        Refusal::Path,
        Refusal::Fragment,
        Refusal::Url(RefusedUrl::Backslash),
    ]
    .map(Refusal::reason);
    assert_eq!(words, ["host", "origin", "path", "fragment", "backslash"]);
}

fn some_path() -> impl Strategy<Value = String> {
    proptest::collection::vec(proptest::sample::select(&["a", "b", "ab", ""][..]), 0..5)
        .prop_map(|segments| segments.iter().fold(String::new(), |p, s| p + "/" + s))
}

fn some_query() -> impl Strategy<Value = &'static str> {
    proptest::sample::select(&["", "", "?", "?a=1", "?a=%e5"][..])
}

fn some_pattern() -> impl Strategy<Value = String> {
    let segments = proptest::collection::vec(proptest::sample::select(&["a", "b", "ab"][..]), 0..4);
    let origin = proptest::sample::select(
        &[
            "https://h.edu.cn",
            "http://h.edu.cn",
            "https://h.edu.cn:8443",
            "http://localhost:*",
        ][..],
    );
    (origin, segments, any::<bool>(), some_query()).prop_map(|(origin, segments, below, query)| {
        let path = segments.iter().fold(String::new(), |p, s| p + "/" + s);
        format!("{origin}{path}{}{query}", if below { "/*" } else { "" })
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, failure_persistence: None, ..ProptestConfig::default() })]

    // The index finds what comparing with every pattern would find.
    #[test]
    fn the_index_agrees_with_a_linear_search(
        patterns in proptest::collection::btree_set(some_pattern(), 1..8),
        origin in proptest::sample::select(&["https://h.edu.cn", "http://h.edu.cn", "https://h.edu.cn:8443", "http://localhost:7"][..]),
        path in some_path(),
        query in some_query(),
    ) {
        let applications: Vec<Application> = patterns.iter().enumerate()
            .map(|(i, pattern)| entry(&format!("app{i}"), &[pattern]))
            .collect();
        let service = format!("{origin}{path}{query}");
        let url = ServiceUrl::parse(&service).unwrap();
        let found = Registry::new(applications.clone()).resolve(&service);
        let all: Vec<_> = applications.iter()
            .filter(|a| url.matches(&a.cas.as_ref().unwrap().services[0]))
            .map(|a| (a.cas.as_ref().unwrap().services[0].to_string(), &a.id))
            .collect();
        // An exact pattern is as long as the path; of prefixes the longer is more specific, of
        // one path that with a query.
        let best = all.iter().max_by_key(|(text, _)| {
            let path = text.split('?').next().unwrap_or_default();
            (!path.ends_with("/*"), path.len(), text.contains('?'))
        });
        match (found, best) {
            (Ok((application, _)), Some((_, id))) => prop_assert_eq!(&application.id, *id),
            (Err(_), None) => {}
            (found, best) => prop_assert!(false, "{:?} but {:?}", found.map(|f| f.0.id.clone()), best),
        }
    }
}

#[test]
fn a_long_path_costs_no_more_than_its_segments() {
    let many = (0..500)
        .map(|i| entry(&format!("app{i}"), &[&format!("https://h.edu.cn/app{i}/*")]))
        .collect();
    let registry = Registry::new(many);
    let service = format!("https://h.edu.cn{}", "/a".repeat(2000));
    assert_eq!(owner(&registry, &service), Err(Refusal::Path));
    assert_eq!(
        owner(&registry, "https://h.edu.cn/app499/x").as_deref(),
        Ok("app499")
    );
}
