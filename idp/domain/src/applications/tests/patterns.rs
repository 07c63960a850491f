use crate::applications::{BadPattern, PatternRules, RefusedUrl, ServicePattern, ServiceUrl};

const CAMPUS: PatternRules = PatternRules {
    plain_http: false,
    demo: false,
};
const DEMO: PatternRules = PatternRules {
    plain_http: true,
    demo: true,
};

fn refused(text: &str, rules: PatternRules) -> BadPattern {
    match ServicePattern::parse(text, rules) {
        Err(bad) => bad,
        Ok(pattern) => panic!("{text} became {pattern}"),
    }
}

#[test]
fn a_pattern_is_read_into_its_one_form() {
    for (text, form) in [
        ("https://lib.example.edu/*", "https://lib.example.edu/*"),
        (
            "HTTPS://Lib.Example.EDU:443/Cb",
            "https://lib.example.edu/Cb",
        ),
        ("https://lib.example.edu", "https://lib.example.edu/"),
        (
            "https://lib.example.edu:8443/a/b/*",
            "https://lib.example.edu:8443/a/b/*",
        ),
        (
            "https://lib.example.edu/图/*",
            "https://lib.example.edu/%E5%9B%BE/*",
        ),
        (
            "https://lib.example.edu/%e5%9b%be",
            "https://lib.example.edu/%E5%9B%BE",
        ),
        (
            "https://图书馆.example.edu/*",
            "https://xn--1jq52s681d.example.edu/*",
        ),
        ("https://10.20.30.40/app/*", "https://10.20.30.40/app/*"),
        ("https://lib.example.edu?", "https://lib.example.edu/?"),
        ("https://lib.example.edu/*?", "https://lib.example.edu/*?"),
        (
            "https://lib.example.edu/a/*?v=%e5%9B&w=%zz",
            "https://lib.example.edu/a/*?v=%E5%9B&w=%zz",
        ),
        (
            "https://lib.example.edu/a?名=/../?x",
            "https://lib.example.edu/a?%E5%90%8D=/../?x",
        ),
    ] {
        let pattern = ServicePattern::parse(text, CAMPUS).unwrap();
        assert_eq!(pattern.to_string(), form);
        assert_eq!(ServicePattern::parse(form, CAMPUS), Ok(pattern));
    }
}

#[test] // RED-13
fn footguns_are_refused_at_registration() {
    for (text, bad) in [
        ("https://*", BadPattern::HostWildcard),
        ("https://*/", BadPattern::HostWildcard),
        ("https://*.edu.cn/*", BadPattern::HostWildcard),
        ("https://app.example.edu*", BadPattern::HostWildcard),
        ("*.edu.cn", BadPattern::Url(RefusedUrl::Scheme)),
        ("https://localhost/*", BadPattern::Loopback),
        ("https://LOCALHOST:8443/*", BadPattern::Loopback),
        ("https://app.localhost/*", BadPattern::Loopback),
        ("https://127.0.0.1/*", BadPattern::Loopback),
        ("https://127.8.9.10/*", BadPattern::Loopback),
        ("https://0.0.0.0/*", BadPattern::Address),
        ("https://169.254.169.254/*", BadPattern::Address),
        ("https://255.255.255.255/*", BadPattern::Address),
        ("https://224.0.0.1/*", BadPattern::Address),
        ("https://intranet/*", BadPattern::SingleLabel),
        ("https://[2001:db8::1]/*", BadPattern::Url(RefusedUrl::Ipv6)),
        ("https://127.1/*", BadPattern::Url(RefusedUrl::Host)),
        ("https://2130706433/*", BadPattern::Url(RefusedUrl::Host)),
        ("https://0x7f.0.0.1/*", BadPattern::Url(RefusedUrl::Host)),
        (
            "https://app.example.edu./*",
            BadPattern::Url(RefusedUrl::Host),
        ),
        ("https:///*", BadPattern::Url(RefusedUrl::Host)),
        ("https://app.example.edu:*/*", BadPattern::AnyPort),
        ("https://app.example.edu:80*/*", BadPattern::AnyPort),
        (
            "https://app.example.edu:0/*",
            BadPattern::Url(RefusedUrl::Port),
        ),
        (
            "https://app.example.edu:/*",
            BadPattern::Url(RefusedUrl::Port),
        ),
        (
            "https://app.example.edu:65536/*",
            BadPattern::Url(RefusedUrl::Port),
        ),
        (
            "https://u:p@app.example.edu/*",
            BadPattern::Url(RefusedUrl::UserInfo),
        ),
        ("https://app.example.edu/cb?a=*", BadPattern::QueryWildcard),
        ("https://app.example.edu/*?*", BadPattern::QueryWildcard),
        (
            "https://app.example.edu/cb?a=%0d%0a",
            BadPattern::Url(RefusedUrl::ControlByte),
        ),
        ("https://app.example.edu?a#b", BadPattern::Fragment),
        ("https://app.example.edu/a*?a=1", BadPattern::PathWildcard),
        ("https://app.example.edu/cb#x", BadPattern::Fragment),
        ("https://app.example.edu/a*", BadPattern::PathWildcard),
        ("https://app.example.edu/*/b", BadPattern::PathWildcard),
        ("https://app.example.edu/**", BadPattern::PathWildcard),
        ("https://app.example.edu/a//*", BadPattern::EmptySegment),
        ("https://app.example.edu//", BadPattern::EmptySegment),
        (
            "https://app.example.edu/a/../b",
            BadPattern::Url(RefusedUrl::Path),
        ),
        (
            "https://app.example.edu/%2e%2e/*",
            BadPattern::Url(RefusedUrl::Path),
        ),
        (
            "https://app.example.edu/%zz",
            BadPattern::Url(RefusedUrl::Path),
        ),
    ] {
        assert_eq!(refused(text, CAMPUS), bad, "{text}");
    }
}

#[test] // RED-07
fn only_http_and_https_can_be_registered() {
    for text in [
        "javascript:alert(1)//https://app.example.edu/*",
        "JaVaScRiPt://app.example.edu/%0aalert(1)",
        "data:text/html,x",
        "vbscript:x",
        "file:///etc/passwd",
        "ftp://app.example.edu/*",
        "//app.example.edu/*",
        "/cb",
        "app.example.edu/*",
        "",
    ] {
        assert_eq!(
            refused(text, DEMO),
            BadPattern::Url(RefusedUrl::Scheme),
            "{text}"
        );
    }
    let plain = "http://app.example.edu/*";
    assert_eq!(refused(plain, CAMPUS), BadPattern::PlainHttp);
    assert!(ServicePattern::parse(plain, DEMO).is_ok());
}

#[test] // RED-13: loopback belongs to a demonstration
fn any_port_is_for_loopback_in_a_demonstration() {
    for text in [
        "http://127.0.0.1:*/*",
        "http://localhost:*/*",
        "https://localhost:*/cb",
    ] {
        let pattern = ServicePattern::parse(text, DEMO).unwrap();
        assert_eq!(pattern.to_string(), text);
        let campus = PatternRules {
            demo: false,
            ..DEMO
        };
        assert_eq!(refused(text, campus), BadPattern::Loopback);
    }
    assert_eq!(
        refused("http://app.example.edu:*/*", DEMO),
        BadPattern::AnyPort
    );
}

fn read(text: &str) -> ServicePattern {
    ServicePattern::parse(text, CAMPUS).unwrap()
}

#[test]
fn a_wildcard_with_a_plus_asks_for_something_behind_the_folder() {
    let beyond = read("https://lib.example.edu/app/*+");
    assert_eq!(beyond.to_string(), "https://lib.example.edu/app/*+");
    let matches = |url: &str| ServiceUrl::parse(url).unwrap().matches(&beyond);
    assert!(matches("https://lib.example.edu/app/x") && matches("https://lib.example.edu/app/?x"));
    assert!(!matches("https://lib.example.edu/app/") && !matches("https://lib.example.edu/app/?"));
    assert!(!matches("https://lib.example.edu/app") && !matches("https://lib.example.edu/apple"));
    assert!(
        !read("https://lib.example.edu/app/+").holds(&beyond),
        "a plus alone is a name"
    );
    let refusal = refused("https://lib.example.edu/app*+", CAMPUS);
    assert_eq!(refusal, BadPattern::PathWildcard);
}

#[test]
fn a_pattern_holds_another_that_covers_no_more() {
    let all = [
        "https://a.example/*",
        "https://a.example/*+",
        "https://a.example/*?",
        "https://a.example/x",
        "https://a.example/x?",
        "https://a.example/x?q=1",
        "https://a.example/x/*",
        "https://a.example/x/*+",
        "https://a.example/x/",
        "https://a.example/",
        "https://a.example:8443/*",
        "https://b.example/*",
    ];
    let samples = [
        "https://a.example",
        "https://a.example/?q",
        "https://a.example/x",
        "https://a.example/x?q=1",
        "https://a.example/x/",
        "https://a.example/x/?q",
        "https://a.example/x/y",
        "https://a.example/x/y?q",
        "https://a.example:8443/x",
        "https://b.example/",
    ];
    for outer in all.map(read) {
        for inner in all.map(read) {
            let both = samples.map(|url| {
                let url = ServiceUrl::parse(url).unwrap();
                (url.matches(&outer), url.matches(&inner))
            });
            let held = both.iter().all(|(outer, inner)| *outer || !inner);
            assert_eq!(outer.holds(&inner), held, "{outer} and {inner}");
        }
    }
}
