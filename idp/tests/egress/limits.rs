//! No server takes more than its time, its size and its share (TKT-08, XML-06).

use std::sync::Arc;
use std::time::Duration;

use idp::egress::EgressError;
use tokio::sync::Semaphore;

use crate::support::outside::{Act, Outside, say, status};
use crate::way::{HOST, LOOPBACK, Way, at, deserted, registered};

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
