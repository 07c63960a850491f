use std::fmt;

use jiff::Timestamp;
use jiff::civil::DateTime;
use quick_xml::XmlVersion;
use quick_xml::escape::resolve_predefined_entity;
use quick_xml::events::Event;
use roxmltree::{Document, Node, ParsingOptions};

use super::{PROTOCOL, SOAP};

/// The longest envelope that is read. A real one has half a KiB, a signed one three.
pub const MAX_SAML_REQUEST_BYTES: usize = 64 * 1024;

/// Elements, texts and comments of one envelope; a real one has ten.
const MAX_NODES: u32 = 1024;
const MAX_DEPTH: usize = 64;
const MAX_ATTRIBUTES: usize = 256;
/// Characters of an artifact or of an id. The longest ticket that a service must take (§3.1.1).
const MAX_VALUE_CHARACTERS: usize = 256;

/// What a client asks (§4.2.2).
#[derive(Clone, PartialEq, Eq)]
pub struct SamlRequest {
    /// Said back as `InResponseTo`. Printable ASCII; None where the client sent none.
    pub request_id: Option<String>,
    /// The ticket, as it came, of whatever kind.
    pub artifact: String,
}

impl fmt::Debug for SamlRequest {
    /// Without the ticket.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SamlRequest")
            .field("request_id", &self.request_id)
            .finish_non_exhaustive()
    }
}

/// Why an envelope isn't answered with an assertion. The texts go back to the client's log.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadSamlRequest {
    #[error("the request is longer than {MAX_SAML_REQUEST_BYTES} bytes")]
    TooLong,
    #[error("the request must be XML in UTF-8")]
    Encoding,
    #[error("the request holds a document type declaration")]
    Doctype,
    #[error("the request has too many attributes, too many elements, or nests them too deep")]
    TooComplex,
    #[error("the request is not well-formed XML")]
    NotWellFormed,
    #[error("the request must be a SOAP 1.1 envelope with one body")]
    Envelope,
    #[error("the body must hold exactly one samlp:Request, and nothing else")]
    Request,
    #[error("the version of the request must be SAML 1.x")]
    Version,
    #[error("a RequestID must be up to {MAX_VALUE_CHARACTERS} printable characters")]
    RequestId,
    #[error("IssueInstant must be an xs:dateTime")]
    IssueInstant,
    #[error("the request must hold exactly one samlp:AssertionArtifact with the ticket")]
    Artifact,
}

impl SamlRequest {
    /// Strict where a second reading would be possible: one request, one artifact, each in its
    /// one place, so that no two readers of the document can see different tickets.
    ///
    /// `RequestID` and `IssueInstant` may be absent: `mod_auth_cas` 1.2 sends neither. Nor is the
    /// latter compared with the clock: phpCAS always sends the same of 2002. What guards against
    /// replay is the ticket.
    ///
    /// # Errors
    /// [`BadSamlRequest`]
    pub fn parse(body: &[u8]) -> Result<Self, BadSamlRequest> {
        let text = readable(body)?;
        let options = ParsingOptions {
            allow_dtd: false,
            nodes_limit: MAX_NODES,
            ..ParsingOptions::default()
        };
        let document = Document::parse_with_options(text, options).map_err(|e| match e {
            roxmltree::Error::DtdDetected => BadSamlRequest::Doctype,
            roxmltree::Error::NodesLimitReached => BadSamlRequest::TooComplex,
            _ => BadSamlRequest::NotWellFormed,
        })?;
        check_shape(&document)?;
        let request = request_of(&document)?;
        // An unknown minor version is answered in ours (saml-core-1.1 §4.2).
        if request.attribute("MajorVersion") != Some("1") {
            return Err(BadSamlRequest::Version);
        }
        let request_id = request.attribute("RequestID");
        if !request_id.is_none_or(is_value) {
            return Err(BadSamlRequest::RequestId);
        }
        if !request.attribute("IssueInstant").is_none_or(is_date_time) {
            return Err(BadSamlRequest::IssueInstant);
        }
        Ok(Self {
            request_id: request_id.map(str::to_owned),
            artifact: artifact_of(&document, request)?.to_owned(),
        })
    }
}

/// XML-04: what could cost more than its length is turned away before the parser sees it.
fn readable(body: &[u8]) -> Result<&str, BadSamlRequest> {
    if body.len() > MAX_SAML_REQUEST_BYTES {
        return Err(BadSamlRequest::TooLong);
    }
    let text = std::str::from_utf8(body).map_err(|_| BadSamlRequest::Encoding)?;
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let holds = |word: &[u8]| {
        text.as_bytes()
            .windows(word.len())
            .any(|w| w.eq_ignore_ascii_case(word))
    };
    if holds(b"<!DOCTYPE") || holds(b"<!ENTITY") {
        return Err(BadSamlRequest::Doctype);
    }
    // Each attribute has its equals sign, so this many attributes at most.
    if text.bytes().filter(|b| *b == b'=').count() > MAX_ATTRIBUTES {
        return Err(BadSamlRequest::TooComplex);
    }
    if names_another_encoding(text) {
        return Err(BadSamlRequest::Encoding);
    }
    // An attribute `x:xmlns` declares nothing, but roxmltree takes it for the default namespace:
    // our reader would find a request where others find none.
    if text.contains(":xmlns") || begins_name_with_colon(text) || !is_well_formed(text) {
        return Err(BadSamlRequest::NotWellFormed);
    }
    Ok(text)
}

/// The octets are UTF-8; a declaration that says otherwise means that somebody else would read
/// other characters.
fn names_another_encoding(text: &str) -> bool {
    let declaration = text
        .strip_prefix("<?xml")
        .and_then(|rest| rest.split_once("?>"))
        .map(|(declaration, _)| declaration);
    let Some((_, value)) = declaration.and_then(|text| text.split_once("encoding")) else {
        return false;
    };
    let name = value.trim_matches(|c: char| c.is_ascii_whitespace() || c == '=');
    let name = name
        .strip_prefix('"')
        .and_then(|rest| rest.split_once('"'))
        .or_else(|| {
            name.strip_prefix('\'')
                .and_then(|rest| rest.split_once('\''))
        });
    !name.is_some_and(|(name, _)| {
        ["utf-8", "utf8", "us-ascii"]
            .iter()
            .any(|known| name.eq_ignore_ascii_case(known))
    })
}

fn check_shape(document: &Document<'_>) -> Result<(), BadSamlRequest> {
    let too_deep = document
        .descendants()
        .any(|node| node.ancestors().nth(MAX_DEPTH + 1).is_some());
    if too_deep {
        Err(BadSamlRequest::TooComplex)
    } else {
        Ok(())
    }
}

/// `:Request` is no name (XML Namespaces 1.0 §4), but roxmltree takes it for `Request`, of
/// attributes, start tags and end tags alike: our reader would find what others don't.
fn begins_name_with_colon(text: &str) -> bool {
    text.contains("<:")
        || text.contains("</:")
        || text
            .split_ascii_whitespace()
            .skip(1)
            .any(|word| word.starts_with(':'))
}

/// roxmltree takes some documents that are none, such as those with a namespace declared twice or
/// a reference to no character: we would read in them what others don't. What a reader of another
/// making refuses is refused.
fn is_well_formed(text: &str) -> bool {
    let mut reader = quick_xml::Reader::from_str(text);
    reader.config_mut().check_comments = true;
    loop {
        let is_read = match reader.read_event() {
            Ok(Event::Start(tag) | Event::Empty(tag)) => tag.attributes().all(|attribute| {
                attribute.is_ok_and(|a| a.normalized_value(XmlVersion::Implicit1_0).is_ok())
            }),
            Ok(Event::GeneralRef(name)) => match name.resolve_char_ref() {
                Ok(Some(_)) => true,
                Ok(None) => resolve_predefined_entity(&name).is_some(),
                Err(_) => false,
            },
            Ok(Event::Eof) => return true,
            other => other.is_ok(),
        };
        if !is_read {
            return false;
        }
    }
}

/// The one request of the one body of the envelope (SOAP 1.1 §4).
fn request_of<'a, 'i>(document: &'a Document<'i>) -> Result<Node<'a, 'i>, BadSamlRequest> {
    let envelope = document.root_element();
    if !envelope.has_tag_name((SOAP, "Envelope")) {
        return Err(BadSamlRequest::Envelope);
    }
    let body = only(document, (SOAP, "Body"))
        .filter(|body| body.parent() == Some(envelope))
        .ok_or(BadSamlRequest::Envelope)?;
    only(document, (PROTOCOL, "Request"))
        .filter(|request| {
            request.parent() == Some(body) && body.children().filter(Node::is_element).count() == 1
        })
        .ok_or(BadSamlRequest::Request)
}

/// The text of the one artifact. One text node: a comment within it would be skipped by one
/// reader and be an end to another.
fn artifact_of<'a>(
    document: &'a Document<'_>,
    request: Node<'a, '_>,
) -> Result<&'a str, BadSamlRequest> {
    let artifact = only(document, (PROTOCOL, "AssertionArtifact"))
        .filter(|artifact| artifact.parent() == Some(request))
        .ok_or(BadSamlRequest::Artifact)?;
    let mut children = artifact.children();
    match (children.next(), children.next()) {
        (Some(only), None) if only.is_text() => only
            .text()
            .map(|text| text.trim_matches([' ', '\t', '\r', '\n']))
            .filter(|text| is_value(text))
            .ok_or(BadSamlRequest::Artifact),
        _ => Err(BadSamlRequest::Artifact),
    }
}

/// The element of this name, if the whole document has one and no more.
fn only<'a, 'i>(
    document: &'a Document<'i>,
    name: (&'static str, &'static str),
) -> Option<Node<'a, 'i>> {
    let mut found = document.descendants().filter(|n| n.has_tag_name(name));
    match (found.next(), found.next()) {
        (Some(node), None) => Some(node),
        _ => None,
    }
}

fn is_value(text: &str) -> bool {
    (1..=MAX_VALUE_CHARACTERS).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_graphic())
}

fn is_date_time(text: &str) -> bool {
    text.contains('T') && (text.parse::<Timestamp>().is_ok() || text.parse::<DateTime>().is_ok())
}
