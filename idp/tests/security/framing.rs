//! NET-01: a request ends where its one meaning says. What two servers might cut differently is
//! refused, and the connection with it.

use std::net::SocketAddr;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use crate::support::{Campus, each_campus};

/// Serves the campus on a port of its own; gives the address, and what ends it.
async fn serve(campus: &Campus) -> (SocketAddr, tokio::task::JoinHandle<()>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let service = campus
        .idp
        .router()
        .into_make_service_with_connect_info::<SocketAddr>();
    let server = tokio::spawn(async move {
        axum::serve(listener, service).await.unwrap();
    });
    (address, server)
}

/// Everything that comes back until the server closes, or says no more for a while.
async fn exchange(address: SocketAddr, request: &str) -> (Vec<String>, bool) {
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    let mut closed = false;
    let mut buffer = vec![0; 16 * 1024];
    while let Ok(read) =
        tokio::time::timeout(Duration::from_millis(400), stream.read(&mut buffer)).await
    {
        match read {
            Ok(0) | Err(_) => {
                closed = true;
                break;
            }
            Ok(bytes) => answer.extend_from_slice(&buffer[..bytes]),
        }
    }
    let answer = String::from_utf8_lossy(&answer).into_owned();
    // A page's last line has no end, so an answer may begin in the middle of one.
    let statuses = answer.split("HTTP/1.1 ").skip(1);
    let statuses = statuses.map(|rest| rest[..3].to_owned());
    (statuses.collect(), closed)
}

const HEAD: &str = "POST /cas/login HTTP/1.1\r\nHost: localhost:8080\r\n\
    Content-Type: application/x-www-form-urlencoded\r\nOrigin: http://localhost:8080\r\n";
const HIDDEN: &str = "GET /help HTTP/1.1\r\nHost: localhost:8080\r\n\r\n";

#[tokio::test] // NET-01
async fn a_request_with_two_lengths_is_refused() {
    each_campus(async |campus| {
        let (address, server) = serve(campus).await;
        let chunked = "0\r\n\r\n";
        for (headers, body) in [
            ("Content-Length: 5\r\nContent-Length: 6\r\n", "a=bcd"),
            ("Content-Length: 5, 6\r\n", "a=bcd"),
            ("Content-Length: +5\r\n", "a=bcd"),
            ("Content-Length: -5\r\n", "a=bcd"),
            ("Content-Length: 0x5\r\n", "a=bcd"),
            ("Content-Length: 5 5\r\n", "a=bcd"),
            ("Content-Length: 18446744073709551616\r\n", "a=bcd"),
            ("Content-Length: \r\n", ""),
            ("Content-Length : 5\r\n", "a=bcd"),
            (" Content-Length: 5\r\n", "a=bcd"),
            ("X: a\r\n Content-Length: 5\r\n", "a=bcd"),
            ("Transfer-Encoding: chunked, identity\r\n", chunked),
            ("Transfer-Encoding: xchunked\r\n", chunked),
            ("Transfer-Encoding: gzip\r\n", chunked),
            ("Transfer-Encoding : chunked\r\n", chunked),
            ("Transfer-Encoding:\u{b}chunked\r\n", chunked),
            ("X\0: a\r\n", ""),
            ("X: a\rb\r\n", ""),
        ] {
            let request = format!("{HEAD}{headers}\r\n{body}{HIDDEN}");
            let (statuses, closed) = exchange(address, &request).await;
            assert_eq!(statuses, ["400"], "{headers:?}");
            assert!(closed, "{headers:?}");
        }
        server.abort();
    })
    .await;
}

#[tokio::test] // NET-01: what follows a bad body is not a request
async fn nothing_is_hidden_in_a_body() {
    each_campus(async |campus| {
        let (address, server) = serve(campus).await;
        for (name, headers, body) in [
            (
                "a chunk of 2^64",
                "Transfer-Encoding: chunked\r\n",
                "10000000000000000\r\na\r\n0\r\n\r\n",
            ),
            (
                "a negative chunk",
                "Transfer-Encoding: chunked\r\n",
                "-1\r\na\r\n0\r\n\r\n",
            ),
            (
                "a chunk that is no number",
                "Transfer-Encoding: chunked\r\n",
                "0x1\r\na\r\n0\r\n\r\n",
            ),
            (
                "a chunk without its end",
                "Transfer-Encoding: chunked\r\n",
                "1\r\nab\r\n0\r\n\r\n",
            ),
            (
                "a bare line feed",
                "Transfer-Encoding: chunked\r\n",
                "1\na\n0\n\n",
            ),
            (
                "both lengths",
                "Content-Length: 6\r\nTransfer-Encoding: chunked\r\n",
                "0\r\n\r\n",
            ),
            (
                "both lengths, turned",
                "Transfer-Encoding: chunked\r\nContent-Length: 6\r\n",
                "0\r\n\r\n",
            ),
        ] {
            let request = format!("{HEAD}{headers}\r\n{body}{HIDDEN}");
            let (statuses, closed) = exchange(address, &request).await;
            // hyper takes chunks before a length, as RFC 9112 §6.3 permits, and closes.
            let status = if name.starts_with("both") {
                "403"
            } else {
                "400"
            };
            assert_eq!(statuses, [status], "{name}");
            assert!(closed, "{name}");
        }
        // The same two requests, cut by one right length, are two.
        let request = format!("{HEAD}Content-Length: 5\r\n\r\na=bcd{HIDDEN}");
        assert_eq!(exchange(address, &request).await.0, ["403", "200"]);
        server.abort();
    })
    .await;
}
