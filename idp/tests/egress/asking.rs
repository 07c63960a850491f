//! What is sent, and what is not.

use metrics_exporter_prometheus::PrometheusBuilder;

use crate::support::outside::{Outside, say, status};
use crate::way::{HOST, Way, at, registered};

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
