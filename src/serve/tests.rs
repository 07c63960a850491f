//! The clock of these tests is tokio's paused one: it jumps to the next deadline as soon as
//! nothing else can happen, so a minute passes in no time.

use std::time::Duration;

use axum::Router;
use axum::body::Bytes;
use axum::extract::ConnectInfo;
use axum::http::StatusCode;
use axum::routing::{get, post};
use idp::config::Networks;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep};

use super::*;

struct Running {
    address: SocketAddr,
    stop: watch::Sender<bool>,
    task: JoinHandle<()>,
}

async fn start() -> Running {
    start_with(None).await
}

async fn start_with(tls: Option<TlsAcceptor>) -> Running {
    let router = Router::new()
        .route(
            "/",
            get(|ConnectInfo(peer): ConnectInfo<SocketAddr>| async move { peer.ip().to_string() }),
        )
        .route(
            "/body",
            post(|body: Bytes| async move { body.len().to_string() }),
        )
        .route(
            "/slow",
            get(|| async { sleep(Duration::from_secs(5)).await }),
        );
    let listener = Listener::bind(
        "test",
        "127.0.0.1:0".parse().unwrap(),
        tls,
        Crowd::new(Networks::default()),
        router,
    )
    .await
    .unwrap();
    let address = listener.address().unwrap();
    let (stop, stopped) = watch::channel(false);
    let task = tokio::spawn(listener.serve(stopped));
    Running {
        address,
        stop,
        task,
    }
}

/// Reads until the server closes; gives what came and the seconds it took.
async fn to_the_end(stream: &mut TcpStream) -> (String, u64) {
    let begin = Instant::now();
    let mut text = Vec::new();
    // A reset is an end too.
    let _closed = stream.read_to_end(&mut text).await;
    (String::from_utf8(text).unwrap(), begin.elapsed().as_secs())
}

async fn read_answer(stream: &mut TcpStream) -> String {
    let mut buffer = vec![0; 4096];
    let read = stream.read(&mut buffer).await.unwrap();
    String::from_utf8(buffer[..read].to_vec()).unwrap()
}

#[tokio::test]
async fn a_request_is_answered_and_its_peer_known() {
    let server = start().await;
    let mut stream = TcpStream::connect(server.address).await.unwrap();
    stream
        .write_all(b"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
        .await
        .unwrap();
    let (answer, _) = to_the_end(&mut stream).await;
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    assert!(answer.ends_with("127.0.0.1"), "{answer}");
}

#[tokio::test(start_paused = true)] // NET-03: header 10 s
async fn a_silent_connection_ends_after_ten_seconds() {
    let server = start().await;
    let mut stream = TcpStream::connect(server.address).await.unwrap();
    let (answer, seconds) = to_the_end(&mut stream).await;
    assert_eq!((answer.as_str(), seconds), ("", 10));
}

#[tokio::test(start_paused = true)] // NET-03: slowloris
async fn a_dripping_header_ends_after_ten_seconds() {
    let server = start().await;
    let mut stream = TcpStream::connect(server.address).await.unwrap();
    let begin = Instant::now();
    let mut dripped = 0;
    stream
        .write_all(b"GET / HTTP/1.1\r\nHost: a\r\nX: ")
        .await
        .unwrap();
    while stream.write_all(b"a").await.is_ok() && dripped < 1_000 {
        dripped += 1;
        sleep(Duration::from_secs(1)).await;
        let mut byte = [0; 1];
        if let Ok(Ok(_)) =
            tokio::time::timeout(Duration::from_millis(1), stream.read(&mut byte)).await
        {
            break;
        }
    }
    assert!(
        (10..=12).contains(&begin.elapsed().as_secs()),
        "{:?}",
        begin.elapsed()
    );
}

#[tokio::test(start_paused = true)] // NET-03: body 30 s
async fn a_dripping_body_ends_after_thirty_seconds() {
    let server = start().await;
    let mut stream = TcpStream::connect(server.address).await.unwrap();
    stream
        .write_all(b"POST /body HTTP/1.1\r\nHost: a\r\nContent-Length: 1000\r\n\r\n")
        .await
        .unwrap();
    let (mut read, mut write) = stream.split();
    let begin = Instant::now();
    let drip = async {
        while write.write_all(b"a").await.is_ok() {
            sleep(Duration::from_secs(1)).await;
        }
    };
    let mut buffer = vec![0; 1024];
    let length = tokio::select! {
        length = read.read(&mut buffer) => length.unwrap(),
        () = drip => 0,
    };
    let answer = String::from_utf8_lossy(&buffer[..length]).into_owned();
    assert!(
        (30..=32).contains(&begin.elapsed().as_secs()),
        "{:?}",
        begin.elapsed()
    );
    assert!(
        answer.is_empty() || answer.starts_with("HTTP/1.1 4"),
        "{answer}"
    );
}

#[tokio::test(start_paused = true)] // NET-03: idle 60 s
async fn a_kept_connection_ends_a_minute_after_its_last_request() {
    let server = start().await;
    let mut stream = TcpStream::connect(server.address).await.unwrap();
    for _ in 0..2 {
        stream
            .write_all(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
            .await
            .unwrap();
        assert!(read_answer(&mut stream).await.starts_with("HTTP/1.1 200"));
        sleep(Duration::from_secs(50)).await;
    }
    let (rest, seconds) = to_the_end(&mut stream).await;
    assert_eq!(
        (rest.as_str(), seconds),
        ("", 10),
        "50 s of the 60 had passed"
    );
}

#[tokio::test] // NET-04
async fn a_huge_header_is_refused() {
    let server = start().await;
    let mut stream = TcpStream::connect(server.address).await.unwrap();
    let header = format!(
        "GET / HTTP/1.1\r\nHost: a\r\nX: {}\r\n\r\n",
        "a".repeat(2 * HEADER_BYTES)
    );
    let _reset = stream.write_all(header.as_bytes()).await;
    let (answer, _) = to_the_end(&mut stream).await;
    assert!(
        answer.is_empty() || answer.starts_with("HTTP/1.1 431"),
        "{answer}"
    );
}

#[tokio::test(start_paused = true)]
async fn a_stop_finishes_what_is_under_way_and_accepts_no_more() {
    let server = start().await;
    let mut stream = TcpStream::connect(server.address).await.unwrap();
    stream
        .write_all(b"GET /slow HTTP/1.1\r\nHost: a\r\n\r\n")
        .await
        .unwrap();
    sleep(Duration::from_secs(1)).await;
    server.stop.send(true).unwrap();
    let (answer, _) = to_the_end(&mut stream).await;
    let status = StatusCode::OK.as_str();
    assert!(
        answer.starts_with(&format!("HTTP/1.1 {status}")),
        "{answer}"
    );
    server.task.await.unwrap();
    assert!(TcpStream::connect(server.address).await.is_err());
}

fn fixture(name: &str) -> std::path::PathBuf {
    std::path::Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("src/serve/fixtures")
        .join(name)
}

fn files(cert: &str, key: &str) -> idp::config::Tls {
    idp::config::Tls {
        cert: fixture(cert),
        key: fixture(key),
    }
}

/// A client that trusts the fixture and speaks one version.
fn client(
    version: &'static rustls::SupportedProtocolVersion,
    alpn: &[u8],
) -> tokio_rustls::TlsConnector {
    use rustls::pki_types::pem::PemObject;
    let mut roots = rustls::RootCertStore::empty();
    roots
        .add(
            rustls::pki_types::CertificateDer::from_pem_file(fixture("localhost-cert.pem"))
                .unwrap(),
        )
        .unwrap();
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let mut config = rustls::ClientConfig::builder_with_provider(provider)
        .with_protocol_versions(&[version])
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    config.alpn_protocols = vec![alpn.to_vec()];
    tokio_rustls::TlsConnector::from(Arc::new(config))
}

#[tokio::test] // NET-10
async fn tls_is_spoken_in_both_versions_and_protocols() {
    let server = start_with(Some(
        acceptor(&files("localhost-cert.pem", "localhost-key.pem")).unwrap(),
    ))
    .await;
    for version in [&rustls::version::TLS12, &rustls::version::TLS13] {
        for alpn in [&b"http/1.1"[..], b"h2"] {
            let stream = TcpStream::connect(server.address).await.unwrap();
            let name = "localhost".try_into().unwrap();
            let mut stream = client(version, alpn).connect(name, stream).await.unwrap();
            assert_eq!(stream.get_ref().1.alpn_protocol(), Some(alpn));
            if alpn == b"h2" {
                let (mut requests, connection) = hyper::client::conn::http2::handshake(
                    TokioExecutor::new(),
                    TokioIo::new(stream),
                )
                .await
                .unwrap();
                tokio::spawn(connection);
                let request = Request::get("https://localhost/")
                    .body(Body::empty())
                    .unwrap();
                assert_eq!(
                    requests.send_request(request).await.unwrap().status(),
                    StatusCode::OK
                );
            } else {
                stream
                    .write_all(b"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
                    .await
                    .unwrap();
                let mut answer = String::new();
                stream.read_to_string(&mut answer).await.unwrap();
                assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
            }
        }
    }
}

#[tokio::test(start_paused = true)] // NET-03: a handshake that never ends
async fn a_silent_tls_connection_ends_after_ten_seconds() {
    let server = start_with(Some(
        acceptor(&files("localhost-cert.pem", "localhost-key.pem")).unwrap(),
    ))
    .await;
    let mut stream = TcpStream::connect(server.address).await.unwrap();
    let (answer, seconds) = to_the_end(&mut stream).await;
    assert_eq!((answer.as_str(), seconds), ("", 10));
}

#[test] // NET-10: a certificate that can't be used stops the start, by its key
fn bad_certificates_are_named() {
    for (cert, key, expected) in [
        ("none.pem", "localhost-key.pem", "server.tls.cert: "),
        (
            "localhost-key.pem",
            "localhost-key.pem",
            "server.tls.cert: ",
        ),
        ("localhost-cert.pem", "none.pem", "server.tls.key: "),
        (
            "localhost-cert.pem",
            "localhost-cert.pem",
            "server.tls.key: ",
        ),
        (
            "localhost-cert.pem",
            "other-key.pem",
            "server.tls: certificate and key don't fit",
        ),
    ] {
        let Err(error) = acceptor(&files(cert, key)) else {
            panic!("{cert} {key}")
        };
        assert!(format!("{error:#}").starts_with(expected), "{error:#}");
    }
}
