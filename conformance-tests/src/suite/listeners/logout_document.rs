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
mod tests {
    use proptest::prelude::*;

    use super::*;

    const GOOD: &str = r#"<samlp:LogoutRequest xmlns:samlp="urn:oasis:names:tc:SAML:2.0:protocol"
        ID="LR-1" Version="2.0" IssueInstant="2026-11-20T08:00:00Z"><saml:NameID
        xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion">@NOT_USED@</saml:NameID>
        <samlp:SessionIndex>ST-1</samlp:SessionIndex></samlp:LogoutRequest>"#;

    fn parse(text: &str) -> Result<LogoutDocument, LogoutError> {
        LogoutDocument::parse(text.as_bytes())
    }

    fn form(document: &str) -> String {
        form_urlencoded::Serializer::new(String::new())
            .append_pair(FIELD, document)
            .finish()
    }

    // CAS 53, 54
    #[test]
    fn a_document_is_read_from_its_form_field() {
        let kind = Some("application/x-www-form-urlencoded; charset=utf-8");
        let document = LogoutDocument::from_post(kind, form(GOOD).as_bytes()).unwrap();
        assert_eq!(document.id, "LR-1");
        assert_eq!(document.session_index, "ST-1");
        assert_eq!(document.name_id, "@NOT_USED@");
        assert_eq!(
            document.issue_instant,
            "2026-11-20T08:00:00Z".parse().unwrap()
        );
    }

    #[test]
    fn an_offset_and_a_byte_order_mark_are_read() {
        let moved = GOOD.replace("08:00:00Z", "16:00:00.25+08:00");
        let document = parse(&format!("\u{feff}{moved}")).unwrap();
        let expected = "2026-11-20T08:00:00.25Z".parse().unwrap();
        assert_eq!(document.issue_instant, expected);
    }

    #[test]
    fn a_body_that_is_no_single_field_is_refused() {
        let kind = Some("application/x-www-form-urlencoded");
        let twice = format!("{0}&{0}", form(GOOD));
        assert_eq!(
            LogoutDocument::from_post(kind, twice.as_bytes()),
            Err(LogoutError::Field(2))
        );
        assert_eq!(
            LogoutDocument::from_post(kind, b"LogoutRequest=x"),
            Err(LogoutError::Field(0))
        );
        assert_eq!(
            LogoutDocument::from_post(Some("text/xml"), GOOD.as_bytes()),
            Err(LogoutError::ContentType("text/xml".to_owned()))
        );
        let large = vec![b'a'; LARGEST + 1];
        assert_eq!(
            LogoutDocument::from_post(kind, &large),
            Err(LogoutError::TooLarge(LARGEST + 1))
        );
    }

    // No document type declaration, no entity, no external reference.
    #[test]
    fn a_document_type_is_refused_before_anything_is_parsed() {
        for declaration in [
            "<!DOCTYPE x [<!ENTITY a 'b'>]>",
            "<!DOCTYPE x SYSTEM 'file:///etc/passwd'>",
            "<!doctype html>",
            "<!-- <!DOCTYPE x> -->",
        ] {
            let text = format!("{declaration}{GOOD}");
            assert_eq!(parse(&text), Err(LogoutError::DocumentType), "{text}");
        }
    }

    #[test]
    fn what_is_missing_or_double_is_named() {
        let cases = [
            ("ID=\"LR-1\"", "", LogoutError::Attribute("ID")),
            (
                "Version=\"2.0\"",
                "Version=\"1.1\"",
                LogoutError::Version("1.1".to_owned()),
            ),
            (
                "2026-11-20T08:00:00Z",
                "2026-11-20T08:00:00",
                LogoutError::IssueInstant("2026-11-20T08:00:00".to_owned()),
            ),
            (
                "ST-1</samlp:SessionIndex>",
                "ST-1</samlp:SessionIndex><samlp:SessionIndex>ST-2</samlp:SessionIndex>",
                LogoutError::Count {
                    name: "SessionIndex",
                    count: 2,
                },
            ),
            (
                "SAML:2.0:assertion",
                "SAML:1.0:assertion",
                LogoutError::Count {
                    name: "NameID",
                    count: 0,
                },
            ),
            (">ST-1<", "> <", LogoutError::NoSession),
            (
                ">ST-1<",
                ">ST-1<!-- -->23<",
                LogoutError::NotText("SessionIndex"),
            ),
            (
                ">ST-1<",
                "><b>ST-1</b><",
                LogoutError::NotText("SessionIndex"),
            ),
        ];
        for (from, to, expected) in cases {
            assert_eq!(parse(&GOOD.replace(from, to)), Err(expected), "{to}");
        }
        assert!(matches!(
            parse("<LogoutRequest/>"),
            Err(LogoutError::Root { .. })
        ));
    }

    #[test]
    fn a_namespace_is_declared_as_the_standard_says_or_not_at_all() {
        let default = GOOD.replace("<samlp:", "<").replace("</samlp:", "</");
        let declared = default.replace("xmlns:samlp", "xmlns");
        assert_eq!(parse(&declared).unwrap().session_index, "ST-1");
        let odd = default.replace("xmlns:samlp", "x:xmlns");
        assert!(matches!(parse(&odd), Err(LogoutError::Xml(_))));
        for tag in ["<", "</"] {
            let (name, odd) = (
                format!("{tag}LogoutRequest"),
                format!("{tag}:LogoutRequest"),
            );
            let odd = declared.replacen(&name, &odd, 1);
            assert_ne!(odd, declared);
            assert!(matches!(parse(&odd), Err(LogoutError::Xml(_))));
        }
        for more in [r#" xmlns="urn:a""#, r#" x="&#378710115;""#] {
            let odd = declared.replacen(" xmlns=", &format!("{more} xmlns="), 1);
            assert_ne!(odd, declared);
            assert!(matches!(parse(&odd), Err(LogoutError::Xml(_))));
        }
    }

    #[test]
    fn a_deep_tree_neither_overflows_nor_passes() {
        let deep = "<a>".repeat(LARGEST / 3);
        assert!(matches!(parse(&deep), Err(LogoutError::Xml(_))));
        let wide = GOOD.replace("<samlp:SessionIndex>", &"<a/>".repeat(3_000));
        assert!(matches!(parse(&wide), Err(LogoutError::Xml(_))));
    }

    /// Text that needs no escaping of ours; XML has no room for control characters.
    fn plain() -> impl Strategy<Value = String> {
        "[A-Za-z0-9@.\u{4e00}-\u{4fff}-]{1,40}"
    }

    proptest! {
        #[test]
        fn no_bytes_make_it_panic(bytes in proptest::collection::vec(any::<u8>(), 0..600)) {
            let _ = LogoutDocument::parse(&bytes);
            let kind = Some("application/x-www-form-urlencoded");
            let _ = LogoutDocument::from_post(kind, &bytes);
        }

        /// Cuts and swaps of a good document, where random bytes would hardly come.
        #[test]
        fn no_mutilation_makes_it_panic(at in 0..GOOD.len(), length in 0..40_usize, with in "\\PC{0,6}") {
            let end = (at + length).min(GOOD.len());
            let mutilated = format!("{}{with}{}", &GOOD[..at], &GOOD[end..]);
            if let Ok(document) = parse(&mutilated) {
                prop_assert!(!document.session_index.is_empty() && !document.id.is_empty());
            }
        }

        #[test]
        fn what_is_written_is_read(id in plain(), name in plain(), ticket in "ST-[A-Za-z0-9-]{1,253}") {
            let text = GOOD.replace("LR-1", &id).replace("@NOT_USED@", &name);
            let document = parse(&text.replace("ST-1", &ticket)).unwrap();
            prop_assert_eq!(document.id, id);
            prop_assert_eq!(document.name_id, name);
            prop_assert_eq!(document.session_index, ticket);
        }

        #[test]
        fn a_document_type_never_passes(at in 0..GOOD.len()) {
            let text = format!("{}<!DOCTYPE a>{}", &GOOD[..at], &GOOD[at..]);
            prop_assert_eq!(parse(&text), Err(LogoutError::DocumentType));
        }
    }
}
