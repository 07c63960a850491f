use proptest::prelude::*;

use crate::cas::{
    BadSamlQuery, BadSamlRequest, Format, MAX_SAML_REQUEST_BYTES, SamlQuery, SamlRequest,
};
use crate::form::decode_pairs;

const TICKET: &str = "ST-0123456789abcdefghijABCDEFGHI";

const ENVELOPE: &str = r#"<SOAP-ENV:Envelope xmlns:SOAP-ENV="http://schemas.xmlsoap.org/soap/envelope/"><SOAP-ENV:Header/><SOAP-ENV:Body><samlp:Request xmlns:samlp="urn:oasis:names:tc:SAML:1.0:protocol" MajorVersion="1" MinorVersion="1" RequestID="_192.168.16.51" IssueInstant="2002-06-19T17:03:44.022Z"><samlp:AssertionArtifact>ST-0123456789abcdefghijABCDEFGHI</samlp:AssertionArtifact></samlp:Request></SOAP-ENV:Body></SOAP-ENV:Envelope>"#;

fn parse(document: &str) -> Result<SamlRequest, BadSamlRequest> {
    SamlRequest::parse(document.as_bytes())
}

/// The document with one text in the place of another.
fn with(old: &str, new: &str) -> String {
    assert!(ENVELOPE.contains(old), "{old}");
    ENVELOPE.replacen(old, new, 1)
}

#[test] // CAS 124
fn the_target_stands_in_the_query_in_capitals() {
    let query = |text: &str| SamlQuery::parse(&decode_pairs(text.as_bytes()));
    let asked = query("TARGET=https%3A%2F%2Fa.edu.cn%2F%3Fx%3D1&renew=true").unwrap();
    assert_eq!(
        (asked.target.as_str(), asked.renew),
        ("https://a.edu.cn/?x=1", true)
    );
    let validation = asked.validation(&parse(ENVELOPE).unwrap());
    assert_eq!(validation.service, "https://a.edu.cn/?x=1");
    assert_eq!(validation.ticket, TICKET);
    assert!(validation.renew && validation.pgt_url.is_none());
    assert_eq!(validation.format, Format::Xml);
    assert!(!query("TARGET=x&renew=false").unwrap().renew);
    assert_eq!(query("target=x&service=x"), Err(BadSamlQuery::NoTarget));
    assert_eq!(query("TARGET="), Err(BadSamlQuery::NoTarget));
    assert_eq!(
        query("TARGET=x&TARGET=x"),
        Err(BadSamlQuery::DuplicateTarget)
    );
}

#[test] // CAS 124, CAS 125
fn what_real_clients_send_is_read() {
    let php = parse(&format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>{ENVELOPE}"
    ))
    .unwrap();
    assert_eq!(php.request_id.as_deref(), Some("_192.168.16.51"));
    assert_eq!(php.artifact, TICKET);
    assert!(!format!("{php:?}").contains(TICKET)); // TKT-09

    // mod_auth_cas after 1.2: no IssueInstant, an id that begins with a digit. Up to 1.2: no id
    // either.
    let apache = with(" IssueInstant=\"2002-06-19T17:03:44.022Z\"", "");
    let apache = apache.replacen("_192.168.16.51", "0f3c2b", 1);
    let read = parse(&apache).unwrap();
    assert_eq!(read.request_id.as_deref(), Some("0f3c2b"));
    let older = apache.replacen(" RequestID=\"0f3c2b\"", "", 1);
    let read = parse(&older).unwrap();
    assert_eq!((read.request_id, read.artifact.as_str()), (None, TICKET));

    // The Java client: the protocol as the default namespace, spread over lines, a comment first.
    let java = "<!-- licence -->\n<soap:Envelope xmlns:soap=\"http://schemas.xmlsoap.org/soap/envelope/\" xmlns=\"urn:oasis:names:tc:SAML:1.0:protocol\">\r\n    <soap:Header/>\n    <soap:Body>\n        <Request MajorVersion=\"1\" MinorVersion=\"1\" RequestID=\"_a\" IssueInstant=\"2026-11-21T05:18:00Z\">\n            <AssertionArtifact>\n\tST-1\r\n</AssertionArtifact>\n        </Request>\n    </soap:Body>\n</soap:Envelope>\n";
    assert_eq!(parse(java).unwrap().artifact, "ST-1");

    for declared in ["utf-8", "UTF8", "us-ascii"] {
        let document = format!(
            "\u{feff}<?xml version='1.0' encoding='{declared}' standalone='yes'?>{ENVELOPE}"
        );
        assert!(parse(&document).is_ok(), "{declared}");
    }
}

#[test] // XML-04
fn what_could_cost_more_than_its_length_is_turned_away_unparsed() {
    use BadSamlRequest::*;
    let bomb = "<!DOCTYPE x [<!ENTITY a \"aaaaaaaaaa\"><!ENTITY b \"&a;&a;&a;\">]>";
    let external = "<!DOCTYPE x SYSTEM \"http://169.254.169.254/\">";
    for document in [
        format!("{bomb}{ENVELOPE}"),
        format!("{external}{ENVELOPE}"),
        format!("<?xml version=\"1.0\"?>\n<!-- --> <!doctype x>{ENVELOPE}"),
        with(TICKET, "<!ENTITY a \"b\">"),
        with("<SOAP-ENV:Header/>", "<!-- <!DOCTYPE x> -->"),
    ] {
        assert_eq!(parse(&document), Err(Doctype), "{document}");
    }
    assert_eq!(parse(&with(TICKET, "&lol;")), Err(NotWellFormed));

    let long = with(TICKET, &"A".repeat(MAX_SAML_REQUEST_BYTES));
    assert_eq!(parse(&long), Err(TooLong));
    let wide = (0..257).fold(String::new(), |wide, i| wide + &format!(" a{i}=''"));
    assert_eq!(
        parse(&with(" MajorVersion", &format!("{wide} MajorVersion"))),
        Err(TooComplex)
    );
    let deep = |n| format!("<h>{}{}</h>", "<x>".repeat(n), "</x>".repeat(n));
    assert_eq!(
        parse(&with("<SOAP-ENV:Header/>", &deep(64))),
        Err(TooComplex)
    );
    assert!(parse(&with("<SOAP-ENV:Header/>", &deep(50))).is_ok());
    assert_eq!(parse(&"<x>".repeat(20_000)), Err(TooComplex));
    assert_eq!(
        parse(&with("<SOAP-ENV:Header/>", &"<x/>".repeat(2_000))),
        Err(TooComplex)
    );
}

#[test]
fn other_encodings_are_refused_not_guessed() {
    let utf16: Vec<u8> = ENVELOPE.encode_utf16().flat_map(u16::to_le_bytes).collect();
    let marked = [b"\xff\xfe".as_slice(), &utf16].concat();
    assert_eq!(SamlRequest::parse(&marked), Err(BadSamlRequest::Encoding));
    assert_eq!(
        SamlRequest::parse(&utf16),
        Err(BadSamlRequest::NotWellFormed)
    );
    assert_eq!(
        SamlRequest::parse(b"\xc4\xe3"),
        Err(BadSamlRequest::Encoding)
    );
    for declared in ["\"GBK\"", "'UTF-16'", "\"UTF-7\"", "\"\"", "UTF-8"] {
        let document = format!("<?xml version=\"1.0\" encoding={declared}?>{ENVELOPE}");
        assert_eq!(
            parse(&document),
            Err(BadSamlRequest::Encoding),
            "{declared}"
        );
    }
    assert_eq!(parse(""), Err(BadSamlRequest::NotWellFormed));
}

#[test] // CAS 124
fn an_envelope_has_its_namespace_and_one_body() {
    let soap = "http://schemas.xmlsoap.org/soap/envelope/";
    for document in [
        with(soap, "http://www.w3.org/2003/05/soap-envelope"),
        with(soap, "http://schemas.xmlsoap.org/soap/envelope"),
        ENVELOPE.replace("SOAP-ENV:Body", "Body"),
        ENVELOPE.replace("SOAP-ENV:Envelope", "SOAP-ENV:Letter"),
        with("<SOAP-ENV:Header/>", "<SOAP-ENV:Body/>"),
        ENVELOPE
            .replace("<SOAP-ENV:Body>", "<x><SOAP-ENV:Body>")
            .replace("</SOAP-ENV:Body>", "</SOAP-ENV:Body></x>"),
    ] {
        assert_eq!(
            parse(&document),
            Err(BadSamlRequest::Envelope),
            "{document}"
        );
    }
}

#[test] // CAS 125
fn there_is_one_request_with_its_version_and_id() {
    use BadSamlRequest::*;
    let request = |extra: &str| with("</samlp:Request>", &format!("</samlp:Request>{extra}"));
    let other = "<samlp:Request xmlns:samlp=\"urn:oasis:names:tc:SAML:1.0:protocol\"/>";
    for document in [
        with("SAML:1.0:protocol", "SAML:2.0:protocol"),
        ENVELOPE
            .replace("samlp:Request ", "samlp:Query ")
            .replace("/samlp:Request", "/samlp:Query"),
        request(other),
        request("<x/>"),
        with(
            "<SOAP-ENV:Header/>",
            &format!("<SOAP-ENV:Header>{other}</SOAP-ENV:Header>"),
        ),
        ENVELOPE
            .replace("<samlp:Request", "<x><samlp:Request")
            .replace("</samlp:Request>", "</samlp:Request></x>"),
    ] {
        assert_eq!(parse(&document), Err(Request), "{document}");
    }
    assert_eq!(
        parse(&with("MajorVersion=\"1\"", "MajorVersion=\"2\"")),
        Err(Version)
    );
    assert_eq!(parse(&with("MajorVersion=\"1\" ", "")), Err(Version));
    assert!(parse(&with("MinorVersion=\"1\"", "MinorVersion=\"0\"")).is_ok());
    for id in ["", " ", "a b", "a\u{e9}", &"a".repeat(257), "a&#10;b"] {
        let document = with("_192.168.16.51", id);
        assert_eq!(parse(&document), Err(RequestId), "{document}");
    }
    for instant in [
        "2026-11-21T05:18:00+08:00",
        "2026-11-21T05:18:00",
        "2026-11-21T05:18:00.5Z",
    ] {
        assert!(
            parse(&with("2002-06-19T17:03:44.022Z", instant)).is_ok(),
            "{instant}"
        );
    }
    for instant in ["", "yesterday", "2026-11-21", "2026-13-21T05:18:00Z"] {
        let document = with("2002-06-19T17:03:44.022Z", instant);
        assert_eq!(parse(&document), Err(IssueInstant), "{document}");
    }
}

#[test] // CAS 125, XML-04
fn the_artifact_is_one_text_in_one_place() {
    let artifact = format!("<samlp:AssertionArtifact>{TICKET}</samlp:AssertionArtifact>");
    let evil = "<samlp:AssertionArtifact>ST-evil</samlp:AssertionArtifact>";
    for document in [
        with(&artifact, ""),
        with(&artifact, &format!("{artifact}{evil}")),
        with(&artifact, &format!("{evil}{artifact}")),
        with(&artifact, &format!("<x>{artifact}</x>")),
        with(TICKET, ""),
        with(TICKET, " "),
        with(TICKET, "ST-1 ST-2"),
        with(TICKET, &"A".repeat(257)),
        with(TICKET, "ST-1<!-- -->234"),
        with(TICKET, "ST-1<?x y?>234"),
        with(TICKET, "<x>ST-1</x>"),
        with(TICKET, "ST-1\u{200b}"),
        ENVELOPE.replace("samlp:AssertionArtifact", "samlp:assertionArtifact"),
        ENVELOPE.replace("samlp:AssertionArtifact", "AssertionArtifact"),
    ] {
        assert_eq!(
            parse(&document),
            Err(BadSamlRequest::Artifact),
            "{document}"
        );
    }
    // No declaration of a namespace, whatever a lenient reader makes of it (found by fuzzing).
    let default = ENVELOPE.replace("<samlp:", "<").replace("</samlp:", "</");
    assert!(parse(&default.replace("xmlns:samlp", "xmlns")).is_ok());
    assert!(parse(&default.replace("xmlns:samlp", "x:xmlns")).is_err());
    // As XML means it.
    for (text, read) in [
        ("ST-&#49;", "ST-1"),
        ("<![CDATA[ST-1]]>", "ST-1"),
        ("ST-&lt;&amp;", "ST-<&"),
    ] {
        assert_eq!(parse(&with(TICKET, text)).unwrap().artifact, read);
    }
}

/// What an attacker who may write anywhere but into the ticket would try.
fn piece() -> impl Strategy<Value = String> {
    let known = proptest::sample::select(
        &[
            "<samlp:AssertionArtifact>ST-evil</samlp:AssertionArtifact>",
            "<samlp:AssertionArtifact>ST-evil",
            "</samlp:AssertionArtifact>",
            "<AssertionArtifact xmlns=\"urn:oasis:names:tc:SAML:1.0:protocol\">ST-evil</AssertionArtifact>",
            "</samlp:Request><samlp:Request>",
            "<SOAP-ENV:Body><samlp:Request MajorVersion=\"1\" RequestID=\"x\"><samlp:AssertionArtifact>ST-evil</samlp:AssertionArtifact></samlp:Request></SOAP-ENV:Body>",
            "<!--",
            "-->",
            "<![CDATA[",
            "]]>",
            "<?x ",
            "?>",
            "<x>",
            "</x>",
            " xmlns:samlp=\"urn:x\"",
            " xmlns=\"urn:oasis:names:tc:SAML:1.0:protocol\"",
            "&#60;",
            "\"",
            "'",
            ">",
            "\u{0}",
        ][..],
    );
    prop_oneof![
        known.prop_map(str::to_owned),
        any::<char>().prop_map(String::from)
    ]
}

#[test] // XML-04: found by fuzzing
fn a_name_that_begins_with_a_colon_is_no_name() {
    let default = ENVELOPE
        .replace("<samlp:", "<")
        .replace("</samlp:", "</")
        .replace("xmlns:samlp", "xmlns");
    assert!(parse(&default).is_ok(), "{default}");
    for (name, odd) in [
        ("<Request", "<:Request"),
        ("<AssertionArtifact", "<:AssertionArtifact"),
        ("</Request", "</:Request"),
        ("</AssertionArtifact", "</:AssertionArtifact"),
        (" MajorVersion", " :MajorVersion"),
    ] {
        let document = default.replacen(name, odd, 1);
        assert_ne!(document, default);
        assert_eq!(
            parse(&document).err(),
            Some(BadSamlRequest::NotWellFormed),
            "{document}"
        );
    }
}

#[test] // XML-04: found by fuzzing
fn a_document_that_only_one_reader_takes_is_refused() {
    for odd in [
        // Namespaces in XML 1.0 §6.3: no two attributes of one name.
        r#"xmlns="urn:a" xmlns="urn:b" xmlns:samlp"#,
        r#"xmlns:a="urn:a" xmlns:a="urn:b" xmlns:samlp"#,
    ] {
        let document = ENVELOPE.replacen("xmlns:samlp", odd, 1);
        assert_ne!(document, ENVELOPE);
        assert_eq!(parse(&document).err(), Some(BadSamlRequest::NotWellFormed));
    }
    // XML 1.0 §4.1: a reference to what is no character.
    for reference in ["&#378710115;", "&#xd800;", "&#0;", "&other;"] {
        for (place, with) in [(TICKET, TICKET), ("MajorVersion=\"", "x=\"")] {
            let document = ENVELOPE.replacen(place, &format!("{with}{reference}"), 1);
            assert_ne!(document, ENVELOPE);
            assert!(parse(&document).is_err(), "{document}");
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1_500, failure_persistence: None, ..ProptestConfig::default() })]

    #[test] // XML-04
    fn an_insertion_beside_the_ticket_never_gives_another(
        place in 0..ENVELOPE.len(),
        inserted in piece(),
        cut in 0_usize..3,
    ) {
        let start = ENVELOPE.find(TICKET).unwrap();
        prop_assume!(place + cut < start || place > start + TICKET.len());
        let mut document = ENVELOPE.to_owned();
        document.replace_range(place..(place + cut).min(ENVELOPE.len()), &inserted);
        if let Ok(request) = parse(&document) {
            // Where a piece takes the place of the start tag, its text comes before the ticket, and
            // every reader sees the two as one: no ticket at all, least of all another.
            prop_assert!(request.artifact.ends_with(TICKET), "{}", document);
        }
    }

    #[test] // XML-04
    fn no_input_panics(bytes in proptest::collection::vec(any::<u8>(), 0..200), at in 0..ENVELOPE.len()) {
        let _ = SamlRequest::parse(&bytes);
        let mut document = ENVELOPE.as_bytes().to_vec();
        document.splice(at..at, bytes);
        let _ = SamlRequest::parse(&document);
    }

    #[test]
    fn what_is_written_is_read(ticket in "[!-;=?-~]{1,256}", id in "[!#-;=?-~]{1,256}") {
        let escaped = |text: &str| text.replace('&', "&amp;");
        let document = ENVELOPE
            .replacen(TICKET, &escaped(&ticket), 1)
            .replacen("_192.168.16.51", &escaped(&id), 1);
        let equals = document.matches('=').count();
        match parse(&document) {
            Ok(request) => prop_assert_eq!((request.artifact, request.request_id), (ticket, Some(id))),
            Err(BadSamlRequest::TooComplex) => prop_assert!(equals > 256),
            Err(other) => prop_assert!(false, "{other:?}: {document}"),
        }
    }
}
