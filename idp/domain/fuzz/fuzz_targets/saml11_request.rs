//! The reader of SAML 1.1 requests against another one, of another making: what we take for the
//! ticket is what anybody finds at that place (XML-04).

#![no_main]

mod reading;

use idp_domain::cas::{BadSamlRequest, SamlAnswer, SamlFailure, SamlRequest, render_saml_failure};
use libfuzzer_sys::fuzz_target;
use roxmltree::Document;

const SOAP: &str = "http://schemas.xmlsoap.org/soap/envelope/";
const PROTOCOL: &str = "urn:oasis:names:tc:SAML:1.0:protocol";

fuzz_target!(|data: &[u8]| {
    let Ok(request) = SamlRequest::parse(data) else {
        return;
    };
    let text = std::str::from_utf8(data).expect("only UTF-8 is read");
    assert!(!text.to_ascii_uppercase().contains("<!DOCTYPE"));
    let place = [
        (SOAP, "Envelope"),
        (SOAP, "Body"),
        (PROTOCOL, "Request"),
        (PROTOCOL, "AssertionArtifact"),
    ];
    let found = reading::texts(text, &place, "RequestID");
    assert_eq!(
        found,
        [(request.request_id.clone(), request.artifact.clone())],
        "{text}"
    );

    let answer = SamlAnswer {
        issuer: "https://id.edu.cn/cas",
        response_id: "_r",
        in_response_to: request.request_id.as_deref(),
        recipient: Some(&request.artifact),
        now: jiff::Timestamp::UNIX_EPOCH,
    };
    let body = render_saml_failure(&answer, SamlFailure::Request(BadSamlRequest::Artifact)).body;
    let document = Document::parse(&body).expect("what we write is well-formed");
    let said = |name| {
        document
            .descendants()
            .find_map(|n| n.attribute(name))
            .map(str::to_owned)
    };
    assert_eq!(said("InResponseTo"), request.request_id);
    assert_eq!(said("Recipient"), Some(request.artifact));
});
