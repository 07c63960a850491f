//! Our own requests to applications, against servers that mean no good (TKT-08, XML-06).

#![expect(clippy::unwrap_used, reason = "a test stops where its set-up fails")]

mod support;

use std::io::ErrorKind;
use std::net::IpAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use idp::Clock;
use idp::config;
use idp::egress::{Answer, BadEgress, Egress, EgressError, Limits, Resolver, WrittenResolver};
use idp_domain::applications::{OutboundUrl, Registry, parse_entries};
use jiff::SignedDuration;
use metrics_exporter_prometheus::PrometheusBuilder;
use support::outside::{Act, Authority, Identity, Outside, say, status};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio::sync::Semaphore;

/// The host of the tests; the resolver says where it is.
const HOST: &str = "app.example.edu";
const LOOPBACK: IpAddr = IpAddr::V4(std::net::Ipv4Addr::LOCALHOST);

/// The address as the registry gives it out.
fn registered(address: &str) -> OutboundUrl {
    let url = url::Url::parse(address).unwrap();
    let entry = serde_json::json!({
        "id": "app",
        "name": { "zh-CN": "应用", "en": "Application" },
        "cas": {
            "services": [format!("{}/*", url.origin().ascii_serialization())],
            "plain_http": url.scheme() == "http",
        },
    });
    let entries = parse_entries(&entry.to_string(), true).unwrap();
    let (_, service) = Registry::new(entries).resolve(address).unwrap();
    service.outbound().unwrap()
}

fn at(port: u16) -> OutboundUrl {
    registered(&format!("https://{HOST}:{port}/callback?a=1&b=%E4%B8%80"))
}

/// A way out that trusts one more authority and knows one name.
struct Way {
    authority: Authority,
    names: WrittenResolver,
    clock: Clock,
    demo: bool,
    limits: Limits,
}

impl Way {
    /// To this machine, as in a demonstration, with time enough for a slow machine.
    fn new() -> Self {
        let enough = Duration::from_mins(2);
        Self {
            authority: Authority::new(),
            names: WrittenResolver::default().with(HOST, &[LOOPBACK]),
            clock: Clock::manual(support::start()),
            demo: true,
            limits: Limits {
                get: enough,
                post: enough,
                ..Limits::default()
            },
        }
    }

    fn to(addresses: &[IpAddr]) -> Self {
        Self {
            names: WrittenResolver::default().with(HOST, addresses),
            ..Self::new()
        }
    }

    /// A host that never ends costs no more than this.
    fn impatient() -> Self {
        let mut way = Self::new();
        way.limits.get = Duration::from_millis(200);
        way
    }

    fn egress(&self) -> Egress {
        let rules = config::Egress {
            ca_file: Some(self.authority.file()),
            ..config::Egress::default()
        };
        let resolver = Resolver::Written(self.names.clone());
        Egress::new(&rules, self.demo, &self.clock, resolver)
            .unwrap()
            .with_limits(self.limits)
    }

    /// A server with a good certificate.
    async fn server(&self, answers: impl Fn(&str) -> Vec<Act> + Send + Sync + 'static) -> Outside {
        Outside::https(self.authority.certify(&[HOST]), answers).await
    }

    async fn get(&self, server: &Outside) -> Result<Answer, EgressError> {
        self.egress().get(&at(server.port())).await
    }
}

/// Asks whether anybody has come, of the system itself.
fn deserted() -> (std::net::TcpListener, u16) {
    let listener = std::net::TcpListener::bind((LOOPBACK, 0)).unwrap();
    listener.set_nonblocking(true).unwrap();
    let port = listener.local_addr().unwrap().port();
    (listener, port)
}

fn assert_nobody_came(listener: &std::net::TcpListener) {
    assert_eq!(listener.accept().unwrap_err().kind(), ErrorKind::WouldBlock);
}

#[tokio::test]
async fn a_request_says_no_more_than_it_must() {
    let way = Way::new();
    let server = way
        .server(|_| say("HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\ngood"))
        .await;
    let answer = way.get(&server).await.unwrap();
    assert_eq!((answer.status, &answer.body[..]), (200, &b"good"[..]));
    assert_eq!(answer.location, None);
    let port = server.port();
    assert_eq!(
        server.requests(),
        [format!(
            "GET /callback?a=1&b=%E4%B8%80 HTTP/1.1\r\nhost: {HOST}:{port}\r\nuser-agent: Yimen\r\n\
             accept: */*\r\nconnection: close\r\n\r\n"
        )]
    );
}

#[tokio::test]
async fn a_form_is_posted() {
    let way = Way::new();
    let server = way.server(|_| status(204)).await;
    let form = [("logoutRequest", "<a b=\"1\">一 &</a>"), ("x", "")];
    let answer = way.egress().post_form(&at(server.port()), &form).await;
    assert_eq!(answer.unwrap().status, 204);
    let requests = server.requests();
    let (head, body) = requests[0].split_once("\r\n\r\n").unwrap();
    assert!(
        head.starts_with("POST /callback?a=1&b=%E4%B8%80 HTTP/1.1\r\n"),
        "{head}"
    );
    assert!(
        head.contains("\r\ncontent-type: application/x-www-form-urlencoded\r\n"),
        "{head}"
    );
    assert_eq!(
        body,
        "logoutRequest=%3Ca+b%3D%221%22%3E%E4%B8%80+%26%3C%2Fa%3E&x="
    );
}

#[tokio::test]
async fn plain_http_is_spoken_where_the_registry_has_it() {
    let way = Way::new();
    let server = Outside::http(|_| status(200)).await;
    let to = registered(&format!("http://{HOST}:{}/", server.port()));
    assert_eq!(way.egress().get(&to).await.unwrap().status, 200);
    assert_eq!(server.requests().len(), 1);
}

#[tokio::test] // TKT-08
async fn a_certificate_must_hold() {
    let way = Way::new();
    let expired = Way::new();
    expired.clock.advance(SignedDuration::from_hours(24 * 42));
    let early = Way::new();
    early.clock.advance(SignedDuration::from_hours(-24 * 365));
    for (what, way, identity) in [
        ("self-signed", &way, Identity::self_signed(&[HOST])),
        (
            "another authority's",
            &way,
            Authority::new().certify(&[HOST]),
        ),
        (
            "another name",
            &way,
            way.authority.certify(&["other.example.edu"]),
        ),
        (
            "a name below",
            &way,
            way.authority.certify(&["a.app.example.edu"]),
        ),
        (
            "the address, not the name",
            &way,
            way.authority.certify(&["127.0.0.1"]),
        ),
        ("expired", &expired, expired.authority.certify(&[HOST])),
        ("not yet good", &early, early.authority.certify(&[HOST])),
    ] {
        let server = Outside::https(identity, |_| status(200)).await;
        let refused = way.get(&server).await;
        assert!(
            matches!(refused, Err(EgressError::Tls(_))),
            "{what}: {refused:?}"
        );
        assert!(server.requests().is_empty(), "{what}");
    }
    let server = way.server(|_| status(200)).await;
    assert_eq!(way.get(&server).await.unwrap().status, 200);
}

#[tokio::test] // TKT-08
async fn https_is_never_given_up() {
    let way = Way::new();
    let listener = TcpListener::bind((LOOPBACK, 0)).await.unwrap();
    let to = at(listener.local_addr().unwrap().port());
    // It speaks as a server without TLS does, whatever it hears.
    let plain = async {
        let (mut stream, _) = listener.accept().await.unwrap();
        let answer = b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n";
        stream.write_all(answer).await.unwrap();
        let mut heard = Vec::new();
        // Reset or closed: the client has gone either way.
        let _ = stream.read_to_end(&mut heard).await;
        heard
    };
    let egress = way.egress();
    let (refused, heard) = tokio::join!(egress.get(&to), plain);
    assert!(matches!(refused, Err(EgressError::Tls(_))), "{refused:?}");
    // A TLS record of the handshake, and nothing of the request.
    assert_eq!(heard[0], 0x16);
    assert!(!heard.windows(8).any(|part| part == b"callback"));
}

#[tokio::test] // TKT-08
async fn a_redirect_is_not_followed() {
    let way = Way::new();
    let (inside, port) = deserted();
    let aim = format!("http://127.0.0.1:{port}/inside");
    for code in [301, 302, 303, 307, 308] {
        let answer = format!("HTTP/1.1 {code} Go\r\nlocation: {aim}\r\ncontent-length: 0\r\n\r\n");
        let server = way.server(move |_| say(&answer)).await;
        let answer = way.get(&server).await.unwrap();
        assert_eq!((answer.status, answer.location), (code, Some(aim.clone())));
        assert_eq!(server.requests().len(), 1);
    }
    assert_nobody_came(&inside);
}

#[tokio::test] // TKT-08
async fn nothing_but_the_registered_host_is_resolved_and_that_once() {
    let way = Way::new();
    // A second answer would lead elsewhere.
    way.names.write(HOST, &["10.0.0.1".parse().unwrap()]);
    let server = way
        .server(|_| {
            say(
                "HTTP/1.1 302 Go\r\nlocation: https://inside.example.edu/\r\n\
                 set-cookie: a=b\r\ncontent-length: 0\r\n\r\n",
            )
        })
        .await;
    assert_eq!(way.get(&server).await.unwrap().status, 302);
    assert_eq!(way.names.asked(), [HOST]);
}

#[tokio::test] // TKT-08: DNS rebinding
async fn a_second_answer_of_the_dns_is_never_used() {
    let (inside, port) = deserted();
    // Each first answer is refused; the second would be let in.
    for first in [
        "10.0.0.1",
        "169.254.169.254",
        "::ffff:192.168.0.1",
        "fd00:ec2::254",
    ] {
        let way = Way::to(&[first.parse().unwrap()]);
        way.names.write(HOST, &[LOOPBACK]);
        let refused = way.egress().get(&at(port)).await;
        assert!(
            matches!(refused, Err(EgressError::Forbidden(_))),
            "{refused:?}"
        );
        assert_eq!(way.names.asked(), [HOST]);
    }
    assert_nobody_came(&inside);
}

#[tokio::test] // TKT-08, XML-06
async fn a_name_that_leads_inside_is_not_connected_to() {
    let (inside, port) = deserted();
    let all: Vec<IpAddr> = ["127.0.0.1", "::1", "::ffff:127.0.0.1", "10.0.0.1"]
        .map(|address| address.parse().unwrap())
        .to_vec();
    let way = Way {
        demo: false,
        ..Way::to(&all)
    };
    let refused = way.egress().get(&at(port)).await;
    let Err(EgressError::Forbidden(addresses)) = refused else {
        panic!("{refused:?}");
    };
    assert_eq!(addresses, all);
    assert_nobody_came(&inside);
}

#[tokio::test] // TKT-08, XML-06
async fn a_host_that_is_an_address_goes_through_the_same_check() {
    let (inside, port) = deserted();
    let way = Way {
        demo: false,
        ..Way::new()
    };
    for host in ["127.0.0.1", "10.0.0.1", "192.168.1.1"] {
        for scheme in ["https", "http"] {
            let to = registered(&format!("{scheme}://{host}:{port}/"));
            let refused = way.egress().get(&to).await;
            assert!(
                matches!(refused, Err(EgressError::Forbidden(_))),
                "{refused:?}"
            );
        }
    }
    assert_nobody_came(&inside);
    // Where it is allowed the certificate has to name the address.
    let way = Way::new();
    for (name, good) in [("127.0.0.1", true), (HOST, false)] {
        let identity = way.authority.certify(&[name]);
        let server = Outside::https(identity, |_| status(200)).await;
        let to = registered(&format!("https://127.0.0.1:{}/", server.port()));
        assert_eq!(way.egress().get(&to).await.is_ok(), good, "{name}");
    }
    assert!(way.names.asked().is_empty());
}

#[tokio::test]
async fn a_dead_address_does_not_hide_a_living_one() {
    // ::1 has no listener at this port; 10.0.0.1 may not be asked at all.
    let way = Way::to(&["10.0.0.1", "::1", "127.0.0.1"].map(|address| address.parse().unwrap()));
    let server = way.server(|_| status(200)).await;
    assert_eq!(way.get(&server).await.unwrap().status, 200);
}

#[tokio::test]
async fn a_host_without_an_address_is_no_host() {
    let nowhere = Way::to(&[]);
    let unknown = Way {
        names: WrittenResolver::default(),
        ..Way::new()
    };
    for way in [nowhere, unknown] {
        let refused = way.egress().get(&at(443)).await;
        assert!(
            matches!(refused, Err(EgressError::Unresolved(_))),
            "{refused:?}"
        );
    }
    let (listener, port) = deserted();
    drop(listener);
    let refused = Way::new().egress().get(&at(port)).await;
    assert!(
        matches!(refused, Err(EgressError::Unreachable(_))),
        "{refused:?}"
    );
}

#[tokio::test] // TKT-08, XML-06
async fn a_slow_server_is_left() {
    let way = Way::impatient();
    // Accepted by the system, and by nobody else.
    let (_silent, port) = deserted();
    let refused = way.egress().get(&at(port)).await;
    assert!(matches!(refused, Err(EgressError::TimedOut)), "{refused:?}");
    let beginnings = [
        "",
        "HTTP/1.1 20",
        "HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nhalf",
    ];
    for beginning in beginnings {
        let acts = [say(beginning), vec![Act::Hang]].concat();
        let server = Outside::http(move |_| acts.clone()).await;
        let to = registered(&format!("http://{HOST}:{}/", server.port()));
        let refused = way.egress().get(&to).await;
        assert!(
            matches!(refused, Err(EgressError::TimedOut)),
            "{beginning}: {refused:?}"
        );
    }
}

#[tokio::test] // XML-06
async fn a_post_has_a_time_of_its_own() {
    let mut way = Way::new();
    way.limits.post = Duration::from_millis(200);
    let server = way.server(|_| vec![Act::Hang]).await;
    let refused = way.egress().post_form(&at(server.port()), &[]).await;
    assert!(matches!(refused, Err(EgressError::TimedOut)), "{refused:?}");
}

#[tokio::test] // TKT-08
async fn a_body_is_read_to_4_kib_and_no_further() {
    let way = Way::new();
    let head = "HTTP/1.1 200 OK\r\n";
    let endless = [
        say(&format!("{head}transfer-encoding: chunked\r\n\r\n")),
        vec![Act::SayForever(
            b"3e8\r\n"
                .iter()
                .copied()
                .chain([b'x'; 1000])
                .chain(*b"\r\n")
                .collect(),
        )],
    ]
    .concat();
    let long = [
        say(&format!("{head}content-length: 100000000\r\n\r\n")),
        vec![Act::SayForever(vec![b'x'; 1000])],
    ]
    .concat();
    for acts in [endless, long] {
        let server = way.server(move |_| acts.clone()).await;
        assert_eq!(way.get(&server).await.unwrap().body, [b'x'; 4096]);
    }
}

#[tokio::test] // TKT-08
async fn nothing_is_unpacked() {
    let way = Way::new();
    let server = way
        .server(|_| {
            say("HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\ncontent-length: 5\r\n\r\n\u{1f}bomb")
        })
        .await;
    assert_eq!(way.get(&server).await.unwrap().body, b"\x1fbomb");
    assert!(!server.requests()[0].contains("accept-encoding"));
}

#[tokio::test]
async fn a_head_has_bounds() {
    let way = Way::new();
    let long = format!("HTTP/1.1 200 OK\r\nx: {}\r\n\r\n", "x".repeat(100_000));
    let lines = format!("HTTP/1.1 200 OK\r\n{}\r\n", "x: y\r\n".repeat(200));
    for answer in [
        long,
        lines,
        "SSH-2.0-OpenSSH\r\n\r\n".to_owned(),
        String::new(),
    ] {
        let shown = answer.chars().take(40).collect::<String>();
        let server = way.server(move |_| say(&answer)).await;
        let refused = way.get(&server).await;
        assert!(
            matches!(refused, Err(EgressError::Broken(_))),
            "{shown:?}: {refused:?}"
        );
    }
}

#[tokio::test]
async fn no_cookie_is_kept() {
    let way = Way::new();
    let answer = "HTTP/1.1 200 OK\r\nset-cookie: a=b; Path=/\r\ncontent-length: 0\r\n\r\n";
    let server = way.server(move |_| say(answer)).await;
    let egress = way.egress();
    for _ in 0..2 {
        egress.get(&at(server.port())).await.unwrap();
    }
    let requests = server.requests();
    assert_eq!(requests[0], requests[1]);
    assert!(!requests[1].to_lowercase().contains("cookie"));
}

#[tokio::test] // XML-06
async fn one_host_takes_four_requests_at_once_and_others_go_on() {
    let way = Way::new();
    way.names.write("other.example.edu", &[LOOPBACK]);
    let gate = Arc::new(Semaphore::new(0));
    let closed = Arc::clone(&gate);
    let slow = way
        .server(move |_| [vec![Act::Wait(Arc::clone(&closed))], status(200)].concat())
        .await;
    let other = Outside::https(way.authority.certify(&["other.example.edu"]), |_| {
        status(200)
    })
    .await;
    let egress = Arc::new(way.egress());
    let mut asking = tokio::task::JoinSet::new();
    for _ in 0..12 {
        let (egress, to) = (Arc::clone(&egress), at(slow.port()));
        asking.spawn(async move { egress.get(&to).await.unwrap().status });
    }
    while slow.requests().len() < 4 {
        tokio::task::yield_now().await;
    }
    // Whole requests to another host, after each of which a fifth one would have come too.
    for _ in 0..4 {
        let to = registered(&format!("https://other.example.edu:{}/", other.port()));
        assert_eq!(egress.get(&to).await.unwrap().status, 200);
    }
    assert_eq!(slow.requests().len(), 4);
    gate.add_permits(12);
    assert_eq!(asking.join_all().await, [200; 12]);
}

#[tokio::test]
async fn who_finds_no_place_in_time_is_told_so() {
    let way = Way::new();
    let server = way.server(|_| vec![Act::Hang]).await;
    let mut limits = way.limits;
    limits.post = Duration::ZERO;
    let egress = Arc::new(way.egress().with_limits(limits));
    let mut asking = tokio::task::JoinSet::new();
    for _ in 0..4 {
        let (egress, to) = (Arc::clone(&egress), at(server.port()));
        asking.spawn(async move { egress.get(&to).await });
    }
    while server.requests().len() < 4 {
        tokio::task::yield_now().await;
    }
    let refused = egress.post_form(&at(server.port()), &[]).await;
    assert!(matches!(refused, Err(EgressError::Busy)), "{refused:?}");
}

#[tokio::test]
async fn results_are_counted() {
    let recorder = PrometheusBuilder::new().build_recorder();
    let _guard = metrics::set_default_local_recorder(&recorder);
    let way = Way::new();
    let server = way.server(|_| status(500)).await;
    way.get(&server).await.unwrap();
    let inwards = Way::to(&["169.254.169.254".parse().unwrap()]);
    inwards.get(&server).await.unwrap_err();
    let metrics = recorder.handle().render();
    for line in [
        "egress_requests_total{result=\"answered\"} 1\n",
        "egress_requests_total{result=\"forbidden\"} 1\n",
    ] {
        assert!(metrics.contains(line), "{metrics}");
    }
}

#[test] // FLT-11
fn a_file_of_authorities_is_checked_at_the_start() {
    let folder = tempfile::tempdir().unwrap();
    let start = |file: &Path| {
        let rules = config::Egress {
            ca_file: Some(file.to_owned()),
            ..config::Egress::default()
        };
        let clock = Clock::manual(support::start());
        Egress::new(&rules, false, &clock, Resolver::system()).map(drop)
    };
    assert!(start(&Authority::new().file()).is_ok());
    let missing = folder.path().join("missing.pem");
    for (text, reason) in [
        (None, "No such file"),
        (Some(""), "holds no certificate"),
        (Some("# nothing\n"), "holds no certificate"),
        (
            Some("-----BEGIN CERTIFICATE-----\nAAAA\n"),
            "is no PEM file",
        ),
        (
            Some("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"),
            "certificate 1 can't be an authority's",
        ),
    ] {
        let file = folder.path().join("ca.pem");
        let file = match text {
            Some(text) => {
                std::fs::write(&file, text).unwrap();
                file
            }
            None => missing.clone(),
        };
        let refused: BadEgress = start(&file).unwrap_err();
        let message = refused.to_string();
        let place = format!("egress.ca_file: {}: ", file.display());
        assert!(
            message.starts_with(&place) && message.contains(reason),
            "{message}"
        );
    }
}
