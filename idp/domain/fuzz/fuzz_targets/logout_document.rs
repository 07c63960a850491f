//! The reader of logout documents of the conformance suite, against another reader, and against
//! our own writer: what it reads can be written again and reads the same.

#![no_main]
#![allow(dead_code, reason = "the file is the suite's, which uses all of it")]

#[path = "../../../../conformance-tests/src/suite/listeners/logout_document.rs"]
mod document;
mod reading;

use document::LogoutDocument;
use idp_domain::cas::render_logout_request;
use jiff::{Timestamp, Unit};
use libfuzzer_sys::fuzz_target;

const PROTOCOL: &str = "urn:oasis:names:tc:SAML:2.0:protocol";

fuzz_target!(|data: &[u8]| {
    let _ = LogoutDocument::from_post(Some("application/x-www-form-urlencoded"), data);
    let Ok(read) = LogoutDocument::parse(data) else {
        return;
    };
    let text = std::str::from_utf8(data).expect("only UTF-8 is read");
    assert!(!text.to_ascii_uppercase().contains("<!DOCTYPE"));
    let place = [(PROTOCOL, "LogoutRequest"), (PROTOCOL, "SessionIndex")];
    let found = reading::texts(text, &place, "ID");
    assert_eq!(
        found,
        [(Some(read.id.clone()), read.session_index.clone())],
        "{text}"
    );

    let instant = read
        .issue_instant
        .round(Unit::Second)
        .unwrap_or(Timestamp::UNIX_EPOCH);
    let written = render_logout_request(&read.id, instant, &read.name_id, &read.session_index);
    let again = LogoutDocument::parse(written.as_bytes()).expect("what we write can be read");
    assert_eq!(
        again,
        LogoutDocument {
            issue_instant: instant,
            ..read
        }
    );
});
