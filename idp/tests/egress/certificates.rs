//! A certificate must hold, and https is never given up (TKT-08).

use std::path::Path;

use idp::egress::{BadEgress, Egress, EgressError, Resolver};
use idp::{Clock, config};
use jiff::SignedDuration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use crate::support;
use crate::support::outside::{Authority, Identity, Outside, status};
use crate::way::{HOST, LOOPBACK, Way, at};

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
