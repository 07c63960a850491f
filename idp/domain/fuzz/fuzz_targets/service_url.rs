//! Our decision about a `service` against what a browser makes of the same text: the `url` crate,
//! which follows the WHATWG standard (RED-14). Whatever we accept must mean one place to both.

#![no_main]

use std::sync::LazyLock;

use idp_domain::applications::{ProvenService, Registry, ServiceUrl, parse_entries};
use idp_domain::cas::{LoginRequest, ServiceTicket};
use idp_domain::form::decode_pairs;
use libfuzzer_sys::fuzz_target;
use url::Url;

/// What the entries say, read by hand: scheme, host, port (none: any), path, query.
struct Rule {
    application: &'static str,
    scheme: &'static str,
    host: &'static str,
    port: Option<u16>,
    path: Path,
    query: Query,
    fragment: bool,
}

enum Path {
    Exact(&'static str),
    Below(&'static str),
}

enum Query {
    Any,
    None,
    Exact(&'static str),
}

const fn rule(application: &'static str, host: &'static str, path: Path) -> Rule {
    Rule {
        application,
        scheme: "https",
        host,
        port: Some(443),
        path,
        query: Query::Any,
        fragment: false,
    }
}

const RULES: [Rule; 11] = [
    rule("exact", "exact.edu.cn", Path::Exact("/cb")),
    rule("root", "root.edu.cn", Path::Exact("/")),
    rule("below", "lib.edu.cn", Path::Below("/app/")),
    rule("nested", "lib.edu.cn", Path::Below("/app/inner/")),
    Rule {
        port: Some(8443),
        ..rule("port", "port.edu.cn", Path::Below("/"))
    },
    rule("idn", "xn--1jq52s681d.edu.cn", Path::Below("/")),
    Rule {
        scheme: "http",
        port: Some(80),
        ..rule("plain", "plain.edu.cn", Path::Below("/"))
    },
    Rule {
        query: Query::Exact("id=5&x=%E4"),
        ..rule("query", "q.edu.cn", Path::Exact("/app"))
    },
    Rule {
        query: Query::None,
        ..rule("query", "q.edu.cn", Path::Below("/none/"))
    },
    Rule {
        fragment: true,
        ..rule("spa", "spa.edu.cn", Path::Below("/"))
    },
    Rule {
        scheme: "http",
        port: None,
        ..rule("local", "localhost", Path::Below("/x/"))
    },
];

/// The same as entries. `图书馆` is the host of `idn`.
const ENTRIES: [(&str, &[&str]); 10] = [
    ("exact", &["https://exact.edu.cn/cb"]),
    ("root", &["https://root.edu.cn"]),
    ("below", &["https://lib.edu.cn/app/*"]),
    ("nested", &["https://lib.edu.cn/app/inner/*"]),
    ("port", &["https://port.edu.cn:8443/*"]),
    ("idn", &["https://图书馆.edu.cn/*"]),
    ("plain", &["http://plain.edu.cn/*"]),
    (
        "query",
        &[
            "https://q.edu.cn/app?id=5&x=%e4",
            "https://q.edu.cn/none/*?",
        ],
    ),
    ("spa", &["https://spa.edu.cn/*"]),
    ("local", &["http://localhost:*/x/*"]),
];

static REGISTRY: LazyLock<Registry> = LazyLock::new(|| {
    let entries: Vec<String> = ENTRIES
        .iter()
        .map(|(id, services)| {
            format!(
                r#"{{"id": "{id}", "name": {{"zh-CN": "{id}", "en": "{id}"}}, "cas": {{
                "services": {services:?}, "plain_http": {}, "spa_fragment": {}}}}}"#,
                matches!(*id, "plain" | "local"),
                *id == "spa",
            )
        })
        .collect();
    Registry::new(parse_entries(&format!("[{}]", entries.join(",")), true).unwrap())
});

fuzz_target!(|data: &[u8]| {
    // As a query, where the form decoder comes first, or as the decoded text.
    match data.split_first() {
        Some((b'=', encoded)) => {
            let pairs = decode_pairs(&[b"service=".as_slice(), encoded].concat());
            if let Ok(LoginRequest {
                service: Some(service),
                ..
            }) = LoginRequest::parse(&pairs)
            {
                check(&service);
            }
        }
        _ => check(&String::from_utf8_lossy(data)),
    }
});

fn check(raw: &str) {
    if let Ok(url) = ServiceUrl::parse(raw) {
        let browser = Url::parse(raw).expect("a browser reads what we accept");
        let canonical = Url::parse(url.canonical()).expect("and its canonical text");
        assert_eq!(browser.origin(), canonical.origin(), "{raw:?}");
        assert_eq!(browser.path(), canonical.path(), "{raw:?}");
        assert!(
            browser.username().is_empty() && browser.password().is_none(),
            "{raw:?}"
        );
        let again = ServiceUrl::parse(url.canonical()).expect("canonical is accepted");
        assert_eq!(again.canonical(), url.canonical());
    }
    if let Ok((application, service)) = REGISTRY.resolve(raw) {
        let browser = Url::parse(raw).expect("a browser reads what we accept");
        assert!(
            RULES
                .iter()
                .any(|rule| rule.application == application.id.as_str() && rule.covers(&browser)),
            "{raw:?} is none of {:?}",
            application.id
        );
        check_redirects(&browser, &service);
        // Validation compares what the client sends then with what it sent first.
        let (other, again) = REGISTRY
            .resolve(service.canonical())
            .expect("canonical resolves");
        assert_eq!(
            (other.id.as_str(), again.canonical()),
            (application.id.as_str(), service.canonical())
        );
    }
}

impl Rule {
    fn covers(&self, browser: &Url) -> bool {
        let path = upper_case_octets(browser.path());
        // A ticket of the service's own is dropped.
        let own: Vec<&str> = browser
            .query()
            .unwrap_or_default()
            .split('&')
            .filter(|pair| !is_ticket(pair))
            .collect();
        let query = upper_case_octets(&own.join("&"));
        browser.scheme() == self.scheme
            && browser.host_str() == Some(self.host)
            && self
                .port
                .is_none_or(|port| browser.port_or_known_default() == Some(port))
            && (self.fragment || browser.fragment().is_none())
            && match self.path {
                Path::Exact(exact) => path == exact,
                Path::Below(prefix) => path.starts_with(prefix),
            }
            && match self.query {
                Query::Any => true,
                Query::None => query.is_empty(),
                Query::Exact(exact) => query == exact,
            }
    }
}

fn is_ticket(pair: &str) -> bool {
    url::form_urlencoded::parse(pair.as_bytes()).any(|(name, _)| name == "ticket")
}

/// RFC 3986 §6.2.2.1.
fn upper_case_octets(text: &str) -> String {
    let mut written = String::with_capacity(text.len());
    let mut digits = 0_u8;
    for (at, c) in text.char_indices() {
        let octet = || {
            text.as_bytes()
                .get(at + 1..at + 3)
                .is_some_and(|d| d.iter().all(u8::is_ascii_hexdigit))
        };
        if digits > 0 {
            digits -= 1;
            written.push(c.to_ascii_uppercase());
        } else {
            digits = if c == '%' && octet() { 2 } else { 0 };
            written.push(c);
        }
    }
    written
}

/// The browser follows the `Location` to the same page, with one ticket and nothing else changed.
fn check_redirects(asked: &Url, service: &ProvenService) {
    let ticket = ServiceTicket::parse("ST-0123456789abcdefghijABCDEFGHI").unwrap();
    let (plain, entered) = (service.plain(), service.with_ticket(&ticket));
    for location in [plain.as_str(), entered.as_str()] {
        assert!(
            location.bytes().all(|b| b.is_ascii_graphic()),
            "{location:?}"
        );
        let followed = Url::parse(location).expect("a browser follows us");
        assert_eq!(followed.origin(), asked.origin(), "{location:?}");
        assert_eq!(followed.path(), asked.path(), "{location:?}");
        assert_eq!(followed.fragment(), asked.fragment(), "{location:?}");
    }
    let tickets = |location: &str| -> Vec<String> {
        Url::parse(location)
            .unwrap()
            .query_pairs()
            .filter(|(name, _)| name == "ticket")
            .map(|(_, value)| value.into_owned())
            .collect()
    };
    assert!(tickets(plain.as_str()).is_empty(), "{plain:?} has a ticket");
    assert_eq!(tickets(entered.as_str()), [ticket.as_str()]);
    // The service's own parameters, byte for byte.
    let own = |location: &str| -> Vec<String> {
        let url = Url::parse(location).unwrap();
        let pairs = url.query().unwrap_or_default().split('&');
        pairs
            .filter(|pair| !pair.is_empty() && !is_ticket(pair))
            .map(str::to_owned)
            .collect()
    };
    assert_eq!(own(entered.as_str()), own(asked.as_str()), "{entered:?}");
}
