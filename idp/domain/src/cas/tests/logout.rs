use std::collections::HashSet;
use std::io::Read;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use flate2::read::ZlibDecoder;
use jiff::Timestamp;
use proptest::prelude::*;
use rand::SeedableRng;
use rand::rngs::StdRng;
use roxmltree::{Document, Node};

use super::responses::{as_xml_text, evil_text};
use crate::cas::{front_channel_value, logout_request_id, render_logout_request};

const PROTOCOL: &str = "urn:oasis:names:tc:SAML:2.0:protocol";
const ASSERTION: &str = "urn:oasis:names:tc:SAML:2.0:assertion";

fn now() -> Timestamp {
    "2026-11-21T05:18:30.9Z".parse().unwrap()
}

#[test] // CAS 53
fn the_document_is_the_one_of_the_appendix() {
    assert_eq!(
        render_logout_request("LR-1", now(), "20230001", "ST-1"),
        "<samlp:LogoutRequest xmlns:samlp=\"urn:oasis:names:tc:SAML:2.0:protocol\" ID=\"LR-1\" \
         Version=\"2.0\" IssueInstant=\"2026-11-21T05:18:30Z\">\
         <saml:NameID xmlns:saml=\"urn:oasis:names:tc:SAML:2.0:assertion\">20230001</saml:NameID>\
         <samlp:SessionIndex>ST-1</samlp:SessionIndex></samlp:LogoutRequest>"
    );
}

#[test] // CAS 53
fn each_document_has_an_id_of_its_own() {
    let mut rng = StdRng::seed_from_u64(5);
    let ids: HashSet<_> = (0..1_000).map(|_| logout_request_id(&mut rng)).collect();
    assert_eq!(ids.len(), 1_000);
    for id in ids {
        let random = id.strip_prefix("LR-").unwrap();
        assert!(random.len() == 29 && random.bytes().all(|b| b.is_ascii_alphanumeric()));
    }
}

/// As the Java client does it: base64, zlib, and room for ten times the compressed length.
fn read_front_channel(value: &str) -> String {
    let compressed = STANDARD.decode(value).unwrap();
    let mut text = String::new();
    ZlibDecoder::new(compressed.as_slice())
        .read_to_string(&mut text)
        .unwrap();
    assert!(text.len() <= compressed.len() * 10);
    text
}

#[test]
fn the_front_channel_carries_the_same_document() {
    let document = render_logout_request("LR-1", now(), "张三", "ST-1");
    let value = front_channel_value(&document);
    // Else the client takes it for a document that isn't compressed.
    assert!(!value.contains("SessionIndex"));
    assert_eq!(read_front_channel(&value), document);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test] // XML-01, XML-03
    fn any_value_comes_back_as_it_was(id in evil_text(), name in evil_text(), ticket in evil_text()) {
        let text = render_logout_request(&id, now(), &name, &ticket);
        let document = Document::parse(&text).unwrap();
        let root = document.root_element();
        prop_assert!(root.has_tag_name((PROTOCOL, "LogoutRequest")));
        prop_assert_eq!(root.attribute("ID").unwrap(), as_xml_text(&id));
        let children: Vec<_> = root
            .children()
            .filter(Node::is_element)
            .map(|n| (n.tag_name().namespace().unwrap(), n.tag_name().name(), n.text().unwrap_or_default().to_owned()))
            .collect();
        prop_assert_eq!(
            children,
            [
                (ASSERTION, "NameID", as_xml_text(&name)),
                (PROTOCOL, "SessionIndex", as_xml_text(&ticket)),
            ]
        );
        prop_assert_eq!(read_front_channel(&front_channel_value(&text)), text);
    }
}
