use proptest::prelude::*;
use serde::Deserialize;
use url::Url;

use crate::applications::{RefusedUrl, ServiceUrl};

/// Fixed vectors: what peers were fooled by, and what real clients send. Every disagreement that
/// is ever found becomes one of them; other parsers can be run over the same file.
const CORPUS: &str = include_str!("service_urls.json");

#[derive(Deserialize)]
struct Corpus {
    accepted: Vec<Accepted>,
    refused: Vec<Refused>,
}

#[derive(Deserialize)]
struct Accepted {
    raw: String,
    /// Where another text than `raw`.
    canonical: Option<String>,
    origin: String,
}

#[derive(Deserialize)]
struct Refused {
    raw: String,
    reason: String,
}

fn corpus() -> Corpus {
    serde_json::from_str(CORPUS).unwrap()
}

#[test] // RED-01, RED-02, RED-03, RED-05, RED-07, RED-08, RED-14
fn the_corpus_is_judged_as_written() {
    let corpus = corpus();
    assert!(corpus.accepted.len() > 30 && corpus.refused.len() > 90);
    for vector in corpus.accepted {
        let url = ServiceUrl::parse(&vector.raw).unwrap_or_else(|e| panic!("{}: {e}", vector.raw));
        assert_eq!(url.origin(), vector.origin, "{}", vector.raw);
        let canonical = vector.canonical.as_deref().unwrap_or(&vector.raw);
        assert_eq!(url.canonical(), canonical, "{}", vector.raw);
        assert_same_to_browsers(&vector.raw, &url);
    }
    for vector in corpus.refused {
        match ServiceUrl::parse(&vector.raw) {
            Ok(url) => panic!("{:?} became {url:?}", vector.raw),
            Err(refused) => assert_eq!(refused.reason(), vector.reason, "{:?}", vector.raw),
        }
    }
}

/// What we matched, what we bind to and what a browser opens are the same place.
fn assert_same_to_browsers(raw: &str, url: &ServiceUrl) {
    let mut came = Url::parse(raw).unwrap();
    came.set_fragment(None);
    leave_out_tickets(&mut came);
    let ours = Url::parse(url.canonical()).unwrap();
    assert_eq!(came, ours, "{raw:?}");
    assert_eq!(
        ours.origin().ascii_serialization(),
        Url::parse(url.origin())
            .unwrap()
            .origin()
            .ascii_serialization()
    );
    assert!(
        ours.username().is_empty() && ours.password().is_none(),
        "{raw:?}"
    );
    // No dot segment was resolved: the path that we compared is the path that is opened.
    let path = if url.path().is_empty() {
        "/"
    } else {
        url.path()
    };
    assert_eq!(
        ours.path().matches('/').count(),
        path.matches('/').count(),
        "{raw:?}"
    );
    assert!(
        url.canonical().bytes().all(|b| b.is_ascii_graphic()),
        "{raw:?}"
    );
}

/// As the `url` crate reads its parameters. A service's own `ticket` stands where the new one will
/// be looked for.
fn leave_out_tickets(url: &mut Url) {
    let is_ticket = |pair: &&str| {
        url::form_urlencoded::parse(pair.as_bytes()).any(|(name, _)| name == "ticket")
    };
    let query = url.query().unwrap_or_default().to_owned();
    if query.split('&').any(|pair| is_ticket(&pair)) {
        let own: Vec<&str> = query.split('&').filter(|pair| !is_ticket(pair)).collect();
        let own = own.join("&");
        url.set_query((!own.is_empty()).then_some(own.as_str()));
    }
}

#[test] // RED-05
fn host_and_scheme_lose_their_case_and_path_and_query_keep_it() {
    let url = ServiceUrl::parse("HTTPS://App.Uni.Edu.CN:443/Cb?Q=%e4A").unwrap();
    assert_eq!(url.canonical(), "https://app.uni.edu.cn/Cb?Q=%e4A");
    assert_eq!(
        ServiceUrl::parse("https://app.uni.edu.cn./cb"),
        Err(RefusedUrl::Host)
    );
    let other_port = ServiceUrl::parse("https://app.uni.edu.cn:8443/cb").unwrap();
    assert_eq!(other_port.origin(), "https://app.uni.edu.cn:8443");
}

#[test] // RED-08
fn the_fragment_is_no_part_of_what_a_ticket_is_bound_to() {
    let url = ServiceUrl::parse("https://app.example.edu/x?a=1#/路由?ticket=1").unwrap();
    assert_eq!(url.canonical(), "https://app.example.edu/x?a=1");
    assert_eq!(url.fragment(), Some("/%E8%B7%AF%E7%94%B1?ticket=1"));
    let empty = ServiceUrl::parse("https://app.example.edu/x#").unwrap();
    assert_eq!(empty.fragment(), Some(""));
}

#[test]
fn an_endless_service_is_refused_at_once() {
    let long = format!("https://app.example.edu/{}", "a".repeat(4096));
    assert_eq!(ServiceUrl::parse(&long), Err(RefusedUrl::TooLong));
    // Three bytes as they came, nine on their way out: the client must be able to send them back.
    for place in ["?q=", "#"] {
        let fits = format!("https://app.example.edu/{place}{}", "图".repeat(450));
        let grown = format!("https://app.example.edu/{place}{}", "图".repeat(460));
        assert!(grown.len() < 4096 / 2);
        assert!(ServiceUrl::parse(&fits).is_ok());
        assert_eq!(ServiceUrl::parse(&grown), Err(RefusedUrl::TooLong));
    }
    let nested = format!("https://app.example.edu/%{}2e", "25".repeat(1000));
    assert_eq!(ServiceUrl::parse(&nested), Err(RefusedUrl::Path));
}

/// Pieces that parsers disagree about.
const PIECES: [&str; 72] = [
    "https:",
    "http:",
    "HTTPS:",
    "javascript:",
    "//",
    "/",
    "///",
    "\\",
    "\\\\",
    ":",
    "@",
    "%40",
    "%2f",
    "%5c",
    "%2e",
    "%252e",
    ".",
    "..",
    "..;",
    ";",
    "?",
    "#",
    "&",
    "=",
    "[",
    "]",
    "::1",
    "app.uni.edu.cn",
    "evil.com",
    "APP",
    "127.0.0.1",
    "127.1",
    "0x7f.1",
    "2130706433",
    "localhost",
    ":443",
    ":80",
    ":8443",
    ":",
    ":0",
    ":00443",
    " ",
    "\t",
    "\n",
    "\r",
    "\0",
    "\u{7f}",
    "%00",
    "%0d%0a",
    "%09",
    "%zz",
    "%",
    "\u{3002}",
    "\u{ff0e}",
    "\u{ff0f}",
    "\u{ff20}",
    "\u{ad}",
    "\u{200d}",
    "\u{2025}",
    "xn--",
    "xn--a",
    "ß",
    "图",
    "é",
    "e\u{301}",
    "a",
    "_",
    "-",
    "*",
    "!",
    "<",
    "|",
];

fn mutated() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        4 => proptest::sample::select(&PIECES[..]).prop_map(str::to_owned),
        1 => any::<char>().prop_map(String::from),
    ];
    let pieces = || proptest::collection::vec(piece.clone(), 0..5).prop_map(|p| p.concat());
    prop_oneof![
        // Anything, something near a URL, and a good URL with a wound in each of its parts.
        1 => proptest::collection::vec(piece.clone(), 0..12).prop_map(|p| p.concat()),
        1 => pieces().prop_map(|tail| format!("https://{tail}")),
        2 => pieces().prop_map(|host| format!("https://app{host}.uni.edu.cn/cb")),
        2 => pieces().prop_map(|tail| format!("https://app.uni.edu.cn{tail}")),
        2 => (pieces(), pieces()).prop_map(|(a, b)| format!("https://app.uni.edu.cn/a{a}/{b}")),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 30_000, failure_persistence: None, ..ProptestConfig::default() })]

    // RED-02, RED-03, RED-14: no disagreement with the browsers' rules where we accept
    #[test]
    fn whatever_is_accepted_means_the_same_to_browsers(raw in mutated()) {
        if let Ok(url) = ServiceUrl::parse(&raw) {
            assert_same_to_browsers(&raw, &url);
            // A client sends back what it received: the canonical text stays what it is.
            let again = ServiceUrl::parse(url.canonical()).unwrap();
            prop_assert_eq!(again.canonical(), url.canonical());
        }
    }
}

#[test]
fn the_mutations_reach_both_outcomes() {
    use proptest::strategy::ValueTree;
    use proptest::test_runner::TestRunner;
    let mut runner = TestRunner::deterministic();
    let strategy = mutated();
    let accepted = (0..2000)
        .filter(|_| ServiceUrl::parse(&strategy.new_tree(&mut runner).unwrap().current()).is_ok())
        .count();
    assert!((100..1900).contains(&accepted), "{accepted} of 2000");
}
