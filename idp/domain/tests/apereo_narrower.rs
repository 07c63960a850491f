//! No converted entry accepts an address that its expression, compared with the whole of it,
//! doesn't: what our registry accepts is generated, and held against the expression itself.
//! RED-01, RED-07
#![expect(clippy::unwrap_used, reason = "a test stops where its set-up fails")]

use idp_domain::applications::apereo::{AttributeNames, Options, SourceFile, convert};
use idp_domain::applications::{Registry, ServiceUrl, parse_entries};
use jiff::tz::TimeZone;
use proptest::prelude::*;
use proptest::sample::select;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;
use regex::Regex;
use serde_json::json;

// What is common stands here several times, so that most expressions are converted.
const SCHEMES: &[&str] = &[
    "https://",
    "https://",
    "https://",
    "^https://",
    "^https://",
    "^https://",
    "https?://",
    "^(http|https)://",
    "http://",
    "^(https|imaps)://",
    ".*://",
    "^(https://|)",
    "",
];

const HOSTS: &[&str] = &[
    r"a\.example\.edu",
    r"a\.example\.edu",
    r"a\.example\.edu",
    r"a\.example\.edu",
    r"a\.example\.edu",
    r"a\.example\.edu",
    "a.example.edu",
    r"A\.Example\.edu",
    r"(www\.)?a\.example\.edu",
    r"(a|b)\.example\.edu",
    r"[ab]\.example\.edu",
    r"app[0-9]\.example\.edu",
    r"(x\.)*example\.edu",
    r"[^.]+\.example\.edu",
    r".*\.example\.edu",
    r"\w+\.example\.edu",
    r"a\.example\.edu.*",
    r"a\.example\.edu.+",
    r"a\.example\.edu[^/]*",
    r"a\.example.*",
];

const PORTS: &[&str] = &[
    "",
    "",
    "",
    "",
    "",
    "",
    "",
    r"(:\d+)?",
    ":8443",
    "(:8443)?",
    ":443",
    "(:80|:443)?",
    ":[0-9]+",
    ":.*",
    ":?",
];

const PIECES: &[&str] = &[
    "/",
    "/",
    "/app",
    "/app/",
    ".*",
    ".*",
    ".+",
    "/?",
    "(/.*)?",
    "(/.+)?",
    "[^?]*",
    "[^?]+",
    "[^/]*",
    "[^#]*",
    r"\S*",
    r"\?.*",
    r"\?.+",
    r"(\?.*)?",
    r"\?id=5",
    r"(\?id=5)?",
    r"\?",
    "x",
    ".",
    "?",
    "/%e4",
    "/%E4b",
    "[a-c]",
    r"\w+",
    "(a|b)",
    "/*",
    "/+",
    "$",
    "^",
    r"\*",
    "{2}",
    "{0,2}",
    "(/x)*",
    "(/x)+",
    "#.*",
    "(/[^?]*)?",
    "(?:/y)?",
    "..*",
    ".{2,}",
    "/图",
    "(.*)?",
    r"\.do",
    "&b=1",
    "/..",
    "/./",
    "//",
    "(/a|/b/.*)",
    "[^?#]*",
    "(.*)*",
    "(/.*|)",
    "|",
    "%",
    "=",
    "(",
    ")",
    r"\/",
    "-",
    "/~",
];

/// Ends as registries have them.
const TYPICAL: &[&str] = &[
    "/.*",
    "/.+",
    "/app/.*",
    "/app/.+",
    "/app.*",
    "/app.+",
    "/app/?.*",
    "/app(/.*)?",
    "/app(/.+)?$",
    r"/app(\?.*)?",
    r"/app\?.*",
    "/[^?]+",
    "/app[^?]*",
    r"/app/[^?]*(\?.*)?",
    "/app/..*",
    "/app/.{2,}",
    "/app.{2,}",
    "/app$",
    "/?",
    "/app/[a-z]*",
    r"/app\?id=.*",
    "/app/.*/x",
];

/// One expression, mostly well formed.
fn expression() -> impl Strategy<Value = String> {
    let one = || {
        let path = prop_oneof![
            select(TYPICAL).prop_map(|end| vec![end]),
            prop::collection::vec(select(PIECES), 0..5),
            (select(PIECES), select(TYPICAL)).prop_map(|(piece, end)| vec![piece, end]),
        ];
        (select(SCHEMES), select(HOSTS), select(PORTS), path)
            .prop_map(|(scheme, host, port, path)| format!("{scheme}{host}{port}{}", path.concat()))
    };
    prop_oneof![
        6 => one(),
        1 => (one(), one()).prop_map(|(a, b)| format!("{a}|{b}")),
        1 => (one(), one()).prop_map(|(a, b)| format!("({a}|{b})/?")),
    ]
}

const TAILS: &[&str] = &[
    "",
    "x",
    "a/b",
    "apple",
    "?",
    "?id=5",
    "?id=5&b=1",
    "/",
    "x?y=/z",
    "%e4",
    "%E4",
    "图",
    ".do",
    "x#f",
    "?a=%e4",
    "\"<>`{}|^'",
    "a b",
    "~x",
    "*",
    "+",
];

/// What stands behind the begin of a pattern, and what is done to the whole afterwards.
#[derive(Clone, Debug)]
struct Bend {
    tail: String,
    /// What is put in, and where.
    with: Option<(prop::sample::Index, &'static str)>,
    cut: bool,
}

fn bend() -> impl Strategy<Value = Bend> {
    const INSERTED: &[&str] = &[
        "/", "?", "x", ".", ":8443", ":443", ":80", "@", "%2e", "#", "..", "//", "A", "evil.", "-",
        "%E4", "?id=5", "/app", "*", "&",
    ];
    let inserted = (any::<prop::sample::Index>(), select(INSERTED));
    (select(TAILS), prop::option::of(inserted), any::<bool>()).prop_map(|(tail, with, cut)| Bend {
        tail: tail.to_owned(),
        with,
        cut,
    })
}

impl Bend {
    fn apply(&self, pattern: &str) -> String {
        let begin = pattern.trim_end_matches(['*', '+', '?']);
        let mut url = format!("{begin}{}", self.tail);
        let Some((at, with)) = self.with else {
            return url;
        };
        let borders: Vec<usize> = url.char_indices().map(|(at, _)| at).collect();
        if borders.is_empty() {
            return url;
        }
        let at = borders[at.index(borders.len())];
        if self.cut {
            url.remove(at);
        }
        url.insert_str(at, with);
        url
    }
}

/// Addresses that lie near what the expressions name, whatever was made of them.
const NEAR: &[&str] = &[
    "https://a.example.edu",
    "https://a.example.edu/",
    "https://a.example.edu/app",
    "https://a.example.edu/app/",
    "https://a.example.edu:8443/app/",
    "http://a.example.edu/",
    "https://www.a.example.edu/x",
    "https://b.example.edu/app?id=5",
    "https://example.edu/",
    "https://app7.example.edu/app",
    "https://a.example.edu.evil.example/",
    "https://aXexample.edu/",
];

/// The ways to write one address that our registry takes for the same: letter case of scheme and
/// host, the default port, an empty path, a `?` with nothing behind it as none, and the letter case
/// of octets, or an octet that is no ASCII as it is.
fn spellings(raw: &str) -> Vec<String> {
    let url = ServiceUrl::parse(raw).unwrap();
    let (scheme, host_port) = url.origin().split_once("://").unwrap();
    let rest = &url.canonical()[url.origin().len()..];
    let (path, query) = match rest.split_once('?') {
        Some((path, query)) => (path, Some(query)),
        None => (rest, None),
    };
    let mut origins = vec![host_port.to_owned()];
    if !host_port.contains(':') {
        let port = if scheme == "https" { 443 } else { 80 };
        origins.push(format!("{host_port}:{port}"));
    }
    let cased = origins.iter().map(|o| o.replace("a.example", "A.Example"));
    let origins: Vec<String> = cased.chain(origins.iter().cloned()).collect();
    let paths = if path.is_empty() || path == "/" {
        vec![String::new(), "/".to_owned()]
    } else {
        octets(path)
    };
    let queries = match query {
        None => vec![String::new()],
        Some("") => vec![String::new(), "?".to_owned()],
        Some(query) => octets(query).into_iter().map(|q| format!("?{q}")).collect(),
    };
    let mut all = vec![raw.to_owned()];
    for origin in &origins {
        for path in &paths {
            all.extend(
                queries
                    .iter()
                    .map(|query| format!("{scheme}://{origin}{path}{query}")),
            );
        }
    }
    all
}

/// With octets in upper case, as the expressions are made to have them too, and with those of what
/// may not stand in a URL as they are or decoded.
fn octets(text: &str) -> Vec<String> {
    let upper = upper_octets(text);
    let decoded = upper.replace("%E5%9B%BE", "图").replace("%20", " ");
    vec![upper, decoded]
}

fn upper_octets(text: &str) -> String {
    let hex = Regex::new("%[0-9A-Fa-f]{2}").unwrap();
    let upper = |found: &regex::Captures| found[0].to_uppercase();
    hex.replace_all(text, upper).into_owned()
}

/// How many of the addresses the converted entry accepts; panics if one is wider.
fn accepted(expression: &str, bends: &[Bend]) -> usize {
    let service = json!({
        "@class": "org.apereo.cas.services.RegexRegisteredService",
        "serviceId": expression, "name": "Sample", "id": 1,
    });
    let file = SourceFile {
        name: "Sample-1.json".into(),
        content: service.to_string().into_bytes(),
    };
    let options = Options {
        names: &AttributeNames::default(),
        zone: &TimeZone::UTC,
        environments: &[],
        demo: false,
    };
    let conversion = convert(&[file], options);
    let Some(entry) = conversion.entries.first() else {
        return 0;
    };
    let whole = Regex::new(&format!("^(?:{})$", upper_octets(expression))).unwrap();
    let registry = Registry::new(parse_entries(&entry.to_string(), false).unwrap());
    let patterns: Vec<&str> = entry["cas"]["services"]
        .as_array()
        .unwrap()
        .iter()
        .map(|pattern| pattern.as_str().unwrap())
        .collect();
    let bent = bends
        .iter()
        .flat_map(|bend| patterns.iter().map(|p| bend.apply(p)));
    let near = bends
        .iter()
        .flat_map(|bend| NEAR.iter().map(|p| bend.apply(p)));
    let mut count = 0;
    for url in bent.chain(near) {
        if registry.resolve(&url).is_ok() {
            count += 1;
            assert!(
                spellings(&url)
                    .iter()
                    .any(|spelling| whole.is_match(spelling)),
                "{url} isn't matched by {expression}, which became {patterns:?}"
            );
        }
    }
    count
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1500))]

    #[test]
    fn nothing_gets_wider(
        expression in expression(),
        bends in prop::collection::vec(bend(), 1..20),
    ) {
        accepted(&expression, &bends);
    }
}

#[test]
fn every_typical_end_is_held_against_every_tail() {
    let tails: Vec<Bend> = TAILS
        .iter()
        .map(|tail| Bend {
            tail: (*tail).to_owned(),
            with: None,
            cut: false,
        })
        .collect();
    for end in TYPICAL {
        accepted(&format!(r"https://a\.example\.edu{end}"), &tails);
    }
}

#[test]
fn the_generated_addresses_are_often_accepted() {
    let mut runner = TestRunner::deterministic();
    let mut total = 0;
    let mut converted = 0;
    for _ in 0..400 {
        let expression = expression().new_tree(&mut runner).unwrap().current();
        let bends = prop::collection::vec(bend(), 10)
            .new_tree(&mut runner)
            .unwrap();
        let count = accepted(&expression, &bends.current());
        total += count;
        converted += usize::from(count > 0);
    }
    assert!(
        converted > 80,
        "{converted} of 400 expressions were converted and accepted something"
    );
    assert!(total > 1000, "{total} addresses were accepted");
}
