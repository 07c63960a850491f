//! Only the registered host is asked, at an address where it may be (TKT-08, XML-06).

use std::net::IpAddr;

use idp::egress::{EgressError, WrittenResolver};

use crate::support::outside::{Outside, say, status};
use crate::way::{HOST, LOOPBACK, Way, assert_nobody_came, at, deserted, registered};

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
