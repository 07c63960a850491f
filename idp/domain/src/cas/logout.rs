//! What an application reads when the session ends that its ticket came from (CAS 3.0.3 §2.3.3,
//! Appendix C).

use std::io::Write;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use flate2::Compression;
use flate2::write::ZlibEncoder;
use jiff::Timestamp;
use rand::CryptoRng;

use super::response::date;
use super::xml::Writer;
use crate::secrets::random_base62;

/// The parameter with the document: a form field of the POST on the back channel, where the text
/// has none (§2.3.3 is silent; all clients look here), and of the query on the front channel.
pub const LOGOUT_PARAMETER: &str = "logoutRequest";

/// The document's id: drawn once for each application and kept with the notice, so that a repeated
/// delivery is recognised as the same (172 bits, an XML name).
pub fn logout_request_id(rng: &mut impl CryptoRng) -> String {
    format!("LR-{}", random_base62(29, rng))
}

/// The `samlp:LogoutRequest` of Appendix C. `session_index` is the ticket that the application
/// got; `name_id` whom it knows by it.
///
/// Without an XML declaration, on one line, and with these prefixes: phpCAS finds the ticket by a
/// regular expression that has `<samlp:SessionIndex>` in it.
pub fn render_logout_request(
    id: &str,
    issue_instant: Timestamp,
    name_id: &str,
    session_index: &str,
) -> String {
    let mut xml = Writer::fragment();
    xml.open(
        "samlp:LogoutRequest",
        &[
            ("xmlns:samlp", "urn:oasis:names:tc:SAML:2.0:protocol"),
            ("ID", id),
            ("Version", "2.0"),
            ("IssueInstant", &date(issue_instant)),
        ],
    );
    let namespace = [("xmlns:saml", "urn:oasis:names:tc:SAML:2.0:assertion")];
    xml.text("saml:NameID", &namespace, name_id);
    xml.text("samlp:SessionIndex", &[], session_index);
    xml.finish()
}

/// The document as it stands in an address: zlib and base64, as Apereo's server sends it on the
/// front channel and its Java client reads it. That is not the raw DEFLATE of SAML's own redirect
/// binding. Still to be percent-encoded.
pub fn front_channel_value(document: &str) -> String {
    let mut encoder = ZlibEncoder::new(Vec::new(), Compression::default());
    // Into memory, where no write fails; if one did, the document goes out as it is, which the
    // Java client reads as well.
    let compressed = encoder
        .write_all(document.as_bytes())
        .and_then(|()| encoder.finish());
    compressed.map_or_else(|_| document.to_owned(), |bytes| STANDARD.encode(bytes))
}
