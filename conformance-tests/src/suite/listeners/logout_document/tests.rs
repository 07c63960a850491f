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
