//! The document by which a CAS server tells a service that a session is over (CAS 3.0.3 §2.3.3 and
//! Appendix C, after SAML 2.0 core §3.7.1), read as strictly as a careful service would.

use jiff::Timestamp;
use quick_xml::XmlVersion;
use quick_xml::escape::resolve_predefined_entity;
use quick_xml::events::Event;
use roxmltree::{Document, Node, NodeType, ParsingOptions};
use thiserror::Error;
use url::form_urlencoded;

const PROTOCOL: &str = "urn:oasis:names:tc:SAML:2.0:protocol";
const ASSERTION: &str = "urn:oasis:names:tc:SAML:2.0:assertion";

/// The form field that every client reads (the text of the protocol names none).
pub const FIELD: &str = "logoutRequest";

/// The most that is read, in bytes: real documents have less than one KiB.
pub const LARGEST: usize = 64 * 1024;

/// Nodes in the tree, so that 64 KiB of empty elements don't become megabytes.
const MOST_NODES: u32 = 2_000;

/// What a logout document says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogoutDocument {
    pub id: String,
    /// `IssueInstant`, whatever its offset was.
    pub issue_instant: Timestamp,
    /// Whose session ends; empty or a placeholder with many servers.
    pub name_id: String,
    /// The service ticket that opened the session.
    pub session_index: String,
}

/// Why a document is not one.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum LogoutError {
    #[error("the body is {0} bytes long, more than {LARGEST}")]
    TooLarge(usize),
    #[error("the body is not UTF-8")]
    Encoding,
    #[error("the content type is {0:?}, not application/x-www-form-urlencoded")]
    ContentType(String),
    #[error("the form has {0} fields named {FIELD}, not one")]
    Field(usize),
    #[error("the document has a document type declaration")]
    DocumentType,
    #[error("the document is not XML: {0}")]
    Xml(String),
    #[error("the root is {{{namespace}}}{name}, not a samlp:LogoutRequest")]
    Root { namespace: String, name: String },
    #[error("the attribute {0} is missing or empty")]
    Attribute(&'static str),
    #[error("the attribute Version is {0:?}, not \"2.0\"")]
    Version(String),
    #[error("the attribute IssueInstant is no xs:dateTime with an offset: {0:?}")]
    IssueInstant(String),
    #[error("there are {count} elements {name}, not one")]
    Count { name: &'static str, count: usize },
    #[error("samlp:SessionIndex stands before saml:NameID")]
    Order,
    #[error("{0} holds something else than text")]
    NotText(&'static str),
    #[error("samlp:SessionIndex is empty")]
    NoSession,
}

impl LogoutDocument {
    /// Reads the body of a POST: one form field [`FIELD`] with the document. `content_type` is the
    /// header's value, if there was one.
    pub fn from_post(content_type: Option<&str>, body: &[u8]) -> Result<Self, LogoutError> {
        let given = content_type.unwrap_or_default();
        let essence = given.split(';').next().unwrap_or_default().trim();
        if !essence.eq_ignore_ascii_case("application/x-www-form-urlencoded") {
            return Err(LogoutError::ContentType(given.to_owned()));
        }
        if body.len() > LARGEST {
            return Err(LogoutError::TooLarge(body.len()));
        }
        let mut documents = form_urlencoded::parse(body).filter(|(name, _)| name == FIELD);
        match (documents.next(), documents.count()) {
            (Some((_, document)), 0) => Self::parse(document.as_bytes()),
            (first, more) => Err(LogoutError::Field(usize::from(first.is_some()) + more)),
        }
    }

    /// Reads the document itself.
    pub fn parse(document: &[u8]) -> Result<Self, LogoutError> {
        if document.len() > LARGEST {
            return Err(LogoutError::TooLarge(document.len()));
        }
        let text = std::str::from_utf8(document).map_err(|_| LogoutError::Encoding)?;
        // Before the parser sees anything: no entity is worth a look at its definition.
        if has_document_type(text) {
            return Err(LogoutError::DocumentType);
        }
        // Declares nothing, but roxmltree takes it for the default namespace: we would find a
        // logout request where others find none.
        if text.contains(":xmlns") {
            return Err(LogoutError::Xml("an attribute is named x:xmlns".to_owned()));
        }
        if begins_name_with_colon(text) {
            return Err(LogoutError::Xml("a name begins with a colon".to_owned()));
        }
        if !is_well_formed(text) {
            return Err(LogoutError::Xml("it is not well-formed".to_owned()));
        }
        let options = ParsingOptions {
            allow_dtd: false,
            nodes_limit: MOST_NODES,
            ..ParsingOptions::default()
        };
        let tree = Document::parse_with_options(text.trim_start_matches('\u{feff}'), options)
            .map_err(|error| LogoutError::Xml(error.to_string()))?;
        Self::read(tree.root_element())
    }

    fn read(root: Node) -> Result<Self, LogoutError> {
        if !root.has_tag_name((PROTOCOL, "LogoutRequest")) {
            let tag = root.tag_name();
            return Err(LogoutError::Root {
                namespace: tag.namespace().unwrap_or_default().to_owned(),
                name: tag.name().to_owned(),
            });
        }
        let version = attribute(root, "Version")?;
        if version != "2.0" {
            return Err(LogoutError::Version(version.to_owned()));
        }
        let id = attribute(root, "ID")?.to_owned();
        let instant = attribute(root, "IssueInstant")?;
        let issue_instant =
            date_time(instant).ok_or_else(|| LogoutError::IssueInstant(instant.to_owned()))?;
        let name = only(root, ASSERTION, "NameID")?;
        let session = only(root, PROTOCOL, "SessionIndex")?;
        if session.range().start < name.range().start {
            return Err(LogoutError::Order);
        }
        let session_index = text_of(session, "SessionIndex")?.trim().to_owned();
        if session_index.is_empty() {
            return Err(LogoutError::NoSession);
        }
        Ok(Self {
            id,
            issue_instant,
            name_id: text_of(name, "NameID")?.trim().to_owned(),
            session_index,
        })
    }
}

/// `:a` is no name (XML Namespaces 1.0 §4), but roxmltree takes it for `a`, of attributes, start
/// tags and end tags alike.
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

/// True if the text may declare a document type, wherever and however it is written: no logout
/// document has these letters.
fn has_document_type(text: &str) -> bool {
    const NEEDLE: &[u8] = b"<!doctype";
    text.as_bytes()
        .windows(NEEDLE.len())
        .any(|window| window.eq_ignore_ascii_case(NEEDLE))
}

/// An `xs:dateTime` with an offset. The parser of timestamps takes more than that: a space for the
/// `T`, a zone in brackets.
fn date_time(text: &str) -> Option<Timestamp> {
    let is_date_time = text.as_bytes().get(10) == Some(&b'T') && !text.contains('[');
    text.parse().ok().filter(|_| is_date_time)
}

fn attribute<'a>(root: Node<'a, '_>, name: &'static str) -> Result<&'a str, LogoutError> {
    root.attribute(name)
        .filter(|value| !value.trim().is_empty())
        .ok_or(LogoutError::Attribute(name))
}

/// The only child of this name.
fn only<'a, 'input>(
    root: Node<'a, 'input>,
    namespace: &str,
    name: &'static str,
) -> Result<Node<'a, 'input>, LogoutError> {
    let mut found = root
        .children()
        .filter(|child| child.has_tag_name((namespace, name)));
    match (found.next(), found.count()) {
        (Some(node), 0) => Ok(node),
        (first, more) => Err(LogoutError::Count {
            name,
            count: usize::from(first.is_some()) + more,
        }),
    }
}

/// The text of an element that has nothing but text. A comment within would let two readers see
/// two values: one that stops at it and one that reads on.
fn text_of<'a>(node: Node<'a, '_>, name: &'static str) -> Result<&'a str, LogoutError> {
    let mut children = node.children();
    let first = children.next();
    if children.next().is_some() || first.is_some_and(|only| only.node_type() != NodeType::Text) {
        return Err(LogoutError::NotText(name));
    }
    Ok(first.and_then(|only| only.text()).unwrap_or_default())
}

#[cfg(test)]
mod tests;
