use jiff::Timestamp;
use proptest::prelude::*;
use rand::SeedableRng;
use rand::rngs::StdRng;
use roxmltree::{Document, Node};

use super::responses::{as_xml_text, attribute, evil_text, success};
use crate::cas::{
    BadSamlQuery, BadSamlRequest, FailureReason, SAML, SamlAnswer, SamlFailure, Success,
    render_saml_failure, render_saml_success, saml_id,
};

const SOAP: &str = "http://schemas.xmlsoap.org/soap/envelope/";
const PROTOCOL: &str = "urn:oasis:names:tc:SAML:1.0:protocol";
const ASSERTION: &str = "urn:oasis:names:tc:SAML:1.0:assertion";

fn answer() -> SamlAnswer<'static> {
    SamlAnswer {
        issuer: "https://id.example.edu.cn/cas",
        response_id: "_r",
        in_response_to: Some("_q"),
        recipient: Some("https://lib.example.edu.cn/app?x=1&y=2"),
        now: "2026-11-21T05:18:30.9Z".parse::<Timestamp>().unwrap(),
    }
}

fn child<'a, 'i>(node: Node<'a, 'i>, name: (&'static str, &'static str)) -> Node<'a, 'i> {
    let mut found = node.children().filter(|n| n.has_tag_name(name));
    let child = found.next().unwrap_or_else(|| panic!("no {name:?}"));
    assert!(found.next().is_none(), "two {name:?}");
    child
}

/// Envelope, body, response: `mod_auth_cas` walks them child by child.
fn response<'a, 'i>(document: &'a Document<'i>) -> Node<'a, 'i> {
    let envelope = document.root_element();
    assert!(envelope.has_tag_name((SOAP, "Envelope")));
    child(child(envelope, (SOAP, "Body")), (PROTOCOL, "Response"))
}

fn attributes(assertion: Node<'_, '_>) -> Vec<(String, Vec<String>)> {
    child(assertion, (ASSERTION, "AttributeStatement"))
        .children()
        .filter(|n| n.has_tag_name((ASSERTION, "Attribute")))
        .map(|n| {
            assert_eq!(
                n.attribute("AttributeNamespace"),
                Some("http://www.ja-sig.org/products/cas/")
            );
            let name = n.attribute("AttributeName").unwrap().to_owned();
            let values = n.children().filter(Node::is_element);
            (
                name,
                values
                    .map(|v| v.text().unwrap_or_default().to_owned())
                    .collect(),
            )
        })
        .collect()
}

#[test] // CAS 126
fn a_response_says_what_it_answers_and_for_how_long() {
    let told = success("20230001", Vec::new());
    let rendered = render_saml_success(&answer(), "_a", &told);
    assert_eq!(rendered.media_type, SAML);
    assert!(
        rendered
            .body
            .starts_with("<?xml version=\"1.0\" encoding=\"UTF-8\"?><SOAP-ENV:Envelope")
    );
    let document = Document::parse(&rendered.body).unwrap();
    let response = response(&document);
    for (name, value) in [
        ("ResponseID", "_r"),
        ("InResponseTo", "_q"),
        ("Recipient", "https://lib.example.edu.cn/app?x=1&y=2"),
        ("IssueInstant", "2026-11-21T05:18:30Z"),
        ("MajorVersion", "1"),
        ("MinorVersion", "1"),
    ] {
        assert_eq!(response.attribute(name), Some(value), "{name}");
    }
    // mod_auth_cas compares what follows the first colon.
    let code = child(
        child(response, (PROTOCOL, "Status")),
        (PROTOCOL, "StatusCode"),
    );
    assert_eq!(
        code.attribute("Value").unwrap().split_once(':').unwrap().1,
        "Success"
    );

    let assertion = child(response, (ASSERTION, "Assertion"));
    assert_eq!(assertion.attribute("AssertionID"), Some("_a"));
    assert_eq!(
        assertion.attribute("Issuer"),
        Some("https://id.example.edu.cn/cas")
    );
    let order: Vec<_> = assertion.children().map(|n| n.tag_name().name()).collect();
    assert_eq!(
        order,
        [
            "Conditions",
            "AuthenticationStatement",
            "AttributeStatement"
        ]
    );
    let conditions = child(assertion, (ASSERTION, "Conditions"));
    assert_eq!(
        conditions.attribute("NotBefore"),
        Some("2026-11-21T05:17:30Z")
    );
    assert_eq!(
        conditions.attribute("NotOnOrAfter"),
        Some("2026-11-21T05:19:30Z")
    );
    let audience = child(
        child(conditions, (ASSERTION, "AudienceRestrictionCondition")),
        (ASSERTION, "Audience"),
    );
    assert_eq!(
        audience.text(),
        Some("https://lib.example.edu.cn/app?x=1&y=2")
    );
}

#[test] // CAS 126, CAS 128
fn a_success_reads_as_its_clients_read_it() {
    let mut told = success(
        "20230001",
        vec![
            attribute("name", &["张三"]),
            attribute("affiliation", &["student", "staff"]),
            attribute("email", &[]),
        ],
    );
    told.attributes.as_mut().unwrap().long_term = true;
    let body = render_saml_success(&answer(), "_a", &told).body;
    let document = Document::parse(&body).unwrap();
    let assertion = child(response(&document), (ASSERTION, "Assertion"));

    let shown = child(assertion, (ASSERTION, "AuthenticationStatement"));
    assert_eq!(
        shown.attribute("AuthenticationInstant"),
        Some("2026-11-21T05:18:00Z")
    );
    assert_eq!(
        shown.attribute("AuthenticationMethod"),
        Some("urn:oasis:names:tc:SAML:1.0:am:password")
    );
    for statement in [shown, child(assertion, (ASSERTION, "AttributeStatement"))] {
        let subject = child(statement, (ASSERTION, "Subject"));
        assert_eq!(
            child(subject, (ASSERTION, "NameIdentifier")).text(),
            Some("20230001")
        );
        let confirmation = child(subject, (ASSERTION, "SubjectConfirmation"));
        assert_eq!(
            child(confirmation, (ASSERTION, "ConfirmationMethod")).text(),
            Some("urn:oasis:names:tc:SAML:1.0:cm:artifact")
        );
    }
    let pair = |name: &str, values: &[&str]| {
        (
            name.to_owned(),
            values.iter().map(ToString::to_string).collect(),
        )
    };
    assert_eq!(
        attributes(assertion),
        [
            pair("authenticationDate", &["2026-11-21T05:18:00Z"]),
            pair("longTermAuthenticationRequestTokenUsed", &["true"]),
            pair("isFromNewLogin", &["true"]),
            pair("authenticationMethod", &["password", "bound_phone"]),
            pair("name", &["张三"]),
            pair("affiliation", &["student", "staff"]),
        ]
    );
}

#[test] // CAS 127
fn without_attributes_there_is_still_a_name() {
    let bare = Success {
        attributes: None,
        ..success("20230001", Vec::new())
    };
    let body = render_saml_success(&answer(), "_a", &bare).body;
    assert!(!body.contains("AttributeStatement"));
    let document = Document::parse(&body).unwrap();
    let shown = child(
        child(response(&document), (ASSERTION, "Assertion")),
        (ASSERTION, "AuthenticationStatement"),
    );
    assert_eq!(
        shown.attribute("AuthenticationMethod"),
        Some("urn:oasis:names:tc:SAML:1.0:am:unspecified")
    );
    let name = child(
        child(shown, (ASSERTION, "Subject")),
        (ASSERTION, "NameIdentifier"),
    );
    assert_eq!(name.text(), Some("20230001"));
}

#[test] // CAS 126
fn a_failure_names_nobody_and_says_why() {
    let failures = FailureReason::ALL.map(SamlFailure::Ticket);
    let others = [
        SamlFailure::PlainHttp,
        SamlFailure::Query(BadSamlQuery::NoTarget),
        SamlFailure::Request(BadSamlRequest::Doctype),
        SamlFailure::Request(BadSamlRequest::Version),
    ];
    for failure in failures.into_iter().chain(others) {
        let anonymous = SamlAnswer {
            in_response_to: None,
            recipient: None,
            ..answer()
        };
        for answer in [answer(), anonymous] {
            let rendered = render_saml_failure(&answer, failure);
            assert_eq!(rendered.media_type, SAML);
            assert!(
                !rendered.body.contains("NameIdentifier") && !rendered.body.contains("Assertion")
            );
            let document = Document::parse(&rendered.body).unwrap();
            let response = response(&document);
            assert_eq!(response.attribute("InResponseTo"), answer.in_response_to);
            assert_eq!(response.attribute("Recipient"), answer.recipient);
            let status = child(response, (PROTOCOL, "Status"));
            let message = child(status, (PROTOCOL, "StatusMessage")).text().unwrap();
            let (code, text) = message.split_once(": ").unwrap();
            assert!(
                code.bytes().all(|b| b.is_ascii_uppercase() || b == b'_'),
                "{code}"
            );
            assert!(text.len() > 10, "{text}");
        }
    }
    let codes = |failure| {
        let body = render_saml_failure(&answer(), failure).body;
        let document = Document::parse(&body).unwrap();
        document
            .descendants()
            .filter_map(|n| n.attribute("Value").map(str::to_owned))
            .collect::<Vec<_>>()
    };
    assert_eq!(
        codes(SamlFailure::Ticket(FailureReason::UnknownTicket)),
        ["saml1p:Requester", "saml1p:RequestDenied"]
    );
    assert_eq!(
        codes(SamlFailure::Ticket(FailureReason::Internal)),
        ["saml1p:Responder"]
    );
    assert_eq!(
        codes(SamlFailure::Request(BadSamlRequest::Version)),
        ["saml1p:VersionMismatch"]
    );
}

#[test]
fn ids_are_xml_names_that_never_repeat() {
    let mut rng = StdRng::seed_from_u64(4);
    let ids: std::collections::HashSet<_> = (0..1_000).map(|_| saml_id(&mut rng)).collect();
    assert_eq!(ids.len(), 1_000);
    for id in ids {
        assert!(id.starts_with('_') && id.len() == 30);
        assert!(id[1..].bytes().all(|b| b.is_ascii_alphanumeric()));
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 800, failure_persistence: None, ..ProptestConfig::default() })]

    #[test] // XML-01, CAS 74
    fn any_value_comes_back_as_it_was(
        user in evil_text(), value in evil_text(), service in evil_text(), id in evil_text(),
    ) {
        let told = success(&user, vec![attribute("name", &[&value, &value])]);
        let answer = SamlAnswer { in_response_to: Some(&id), recipient: Some(&service), ..answer() };
        let body = render_saml_success(&answer, "_a", &told).body;
        let document = Document::parse(&body).unwrap();
        let response = response(&document);
        let (id, service) = (as_xml_text(&id), as_xml_text(&service));
        prop_assert_eq!(response.attribute("InResponseTo"), Some(id.as_str()));
        prop_assert_eq!(response.attribute("Recipient"), Some(service.as_str()));
        let texts = |name| -> Vec<String> {
            document
                .descendants()
                .filter(|n| n.has_tag_name((ASSERTION, name)))
                .map(|n| n.text().unwrap_or_default().to_owned())
                .collect()
        };
        prop_assert_eq!(texts("NameIdentifier"), vec![as_xml_text(&user); 2]);
        prop_assert_eq!(texts("Audience"), [service]);
        let told = attributes(child(response, (ASSERTION, "Assertion")));
        prop_assert_eq!(&told.last().unwrap().1, &vec![as_xml_text(&value); 2]);
        prop_assert_eq!(told.len(), 5);

        let failed = render_saml_failure(&answer, SamlFailure::PlainHttp).body;
        let document = Document::parse(&failed).unwrap();
        prop_assert_eq!(document.descendants().filter(|n| n.has_tag_name((ASSERTION, "Assertion"))).count(), 0);
    }
}
