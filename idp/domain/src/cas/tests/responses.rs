use jiff::Timestamp;
use proptest::prelude::*;
use roxmltree::{Document, Node};
use serde_json::{Value, json};

use crate::cas::{
    AttributeName, Attributes, FailureCode, FailureReason, Format, JSON, PLAIN, ProxyFailureCode,
    ProxyFailureReason, ProxyTicket, Success, XML, plain_no, plain_yes, render_failure,
    render_proxy_failure, render_proxy_success, render_success,
};

const CAS: &str = "http://www.yale.edu/tp/cas";

pub(super) fn attribute(name: &str, values: &[&str]) -> (AttributeName, Vec<String>) {
    let name = AttributeName::parse(name).unwrap();
    (name, values.iter().map(ToString::to_string).collect())
}

pub(super) fn success(user: &str, released: Vec<(AttributeName, Vec<String>)>) -> Success {
    Success {
        user: user.to_owned(),
        attributes: Some(Attributes {
            authentication_date: "2026-11-21T05:18:00.987Z".parse::<Timestamp>().unwrap(),
            long_term: false,
            from_new_login: true,
            factors: vec!["password".into(), "bound_phone".into()],
            released,
        }),
        proxy_granting_ticket: None,
        proxies: Vec::new(),
    }
}

fn children(node: Node<'_, '_>) -> Vec<(String, String)> {
    node.children()
        .filter(Node::is_element)
        .inspect(|n| assert_eq!(n.tag_name().namespace(), Some(CAS)))
        .map(|n| {
            (
                n.tag_name().name().to_owned(),
                n.text().unwrap_or_default().to_owned(),
            )
        })
        .collect()
}

fn names(node: Node<'_, '_>) -> Vec<String> {
    children(node).into_iter().map(|(name, _)| name).collect()
}

fn pair(name: &str, text: &str) -> (String, String) {
    (name.to_owned(), text.to_owned())
}

#[test] // CAS 3.0.3 §2.5.2, Appendix A
fn a_success_reads_as_the_schema_says() {
    let mut full = success(
        "20230001",
        vec![
            attribute("name", &["张三"]),
            attribute("affiliation", &["student", "staff"]),
            attribute("email", &[]),
        ],
    );
    full.proxy_granting_ticket = Some("PGTIOU-1".into());
    full.proxies = vec![
        "https://second.edu.cn/".into(),
        "https://first.edu.cn/".into(),
    ];
    let rendered = render_success(&full, Format::Xml);
    assert_eq!(rendered.media_type, XML);
    let document = Document::parse(&rendered.body).unwrap();
    let root = document.root_element();
    assert_eq!(
        (root.tag_name().name(), root.tag_name().namespace()),
        ("serviceResponse", Some(CAS))
    );
    assert_eq!(names(root), ["authenticationSuccess"]);
    let outcome = root.first_element_child().unwrap();
    assert_eq!(
        names(outcome),
        ["user", "attributes", "proxyGrantingTicket", "proxies"]
    );
    let parts: Vec<_> = outcome.children().filter(Node::is_element).collect();
    assert_eq!(parts[0].text(), Some("20230001"));
    assert_eq!(
        children(parts[1]),
        [
            pair("authenticationDate", "2026-11-21T05:18:00Z"),
            pair("longTermAuthenticationRequestTokenUsed", "false"),
            pair("isFromNewLogin", "true"),
            pair("authenticationMethod", "password"),
            pair("authenticationMethod", "bound_phone"),
            pair("name", "张三"),
            pair("affiliation", "student"),
            pair("affiliation", "staff"),
        ]
    );
    assert_eq!(parts[2].text(), Some("PGTIOU-1"));
    assert_eq!(
        children(parts[3]),
        [
            pair("proxy", "https://second.edu.cn/"),
            pair("proxy", "https://first.edu.cn/")
        ]
    );
}

#[test]
fn a_bare_success_has_the_user_alone() {
    let bare = Success {
        attributes: None,
        ..success("20230001", Vec::new())
    };
    assert_eq!(
        render_success(&bare, Format::Xml).body,
        "<cas:serviceResponse xmlns:cas=\"http://www.yale.edu/tp/cas\">\n  \
         <cas:authenticationSuccess>\n    <cas:user>20230001</cas:user>\n  \
         </cas:authenticationSuccess>\n</cas:serviceResponse>\n"
    );
    let json: Value = serde_json::from_str(&render_success(&bare, Format::Json).body).unwrap();
    assert_eq!(
        json,
        json!({ "serviceResponse": { "authenticationSuccess": { "user": "20230001" } } })
    );
}

#[test] // CAS 3.0.3 §2.5.2
fn json_has_the_documented_shape() {
    let mut full = success(
        "u",
        vec![
            attribute("name", &["张三"]),
            attribute("affiliation", &["student", "staff"]),
            attribute("email", &[]),
        ],
    );
    full.proxy_granting_ticket = Some("PGTIOU-1".into());
    full.proxies = vec!["https://p.edu.cn/".into()];
    let rendered = render_success(&full, Format::Json);
    assert_eq!(rendered.media_type, JSON);
    assert_eq!(
        serde_json::from_str::<Value>(&rendered.body).unwrap(),
        json!({ "serviceResponse": { "authenticationSuccess": {
            "user": "u",
            "proxyGrantingTicket": "PGTIOU-1",
            "proxies": ["https://p.edu.cn/"],
            "attributes": {
                "authenticationDate": "2026-11-21T05:18:00Z",
                "longTermAuthenticationRequestTokenUsed": false,
                "isFromNewLogin": true,
                "authenticationMethod": ["password", "bound_phone"],
                "name": "张三",
                "affiliation": ["student", "staff"],
            },
        } } })
    );
}

#[test] // CAS 90: the most recent first, in both forms
fn a_chain_of_proxies_keeps_its_order() {
    let chain = [
        "https://third/?a=1&b=2",
        "https://second/",
        "https://first/",
    ];
    let mut proxied = success("u", Vec::new());
    proxied.proxies = chain.map(str::to_owned).to_vec();
    let xml = render_success(&proxied, Format::Xml).body;
    let document = Document::parse(&xml).unwrap();
    let told: Vec<_> = document
        .descendants()
        .filter(|n| n.has_tag_name((CAS, "proxy")))
        .filter_map(|n| n.text())
        .collect();
    assert_eq!(told, chain);
    let json: Value = serde_json::from_str(&render_success(&proxied, Format::Json).body).unwrap();
    assert_eq!(
        json["serviceResponse"]["authenticationSuccess"]["proxies"],
        json!(chain)
    );
}

#[test] // CAS 94
fn a_proxy_ticket_is_told_in_both_forms() {
    let ticket = ProxyTicket::parse(&format!("PT-{}", "a".repeat(29))).unwrap();
    let rendered = render_proxy_success(&ticket, Format::Xml);
    assert_eq!(rendered.media_type, XML);
    let document = Document::parse(&rendered.body).unwrap();
    assert_eq!(names(document.root_element()), ["proxySuccess"]);
    let outcome = document.root_element().first_element_child().unwrap();
    assert_eq!(children(outcome), [pair("proxyTicket", ticket.as_str())]);
    let rendered = render_proxy_success(&ticket, Format::Json);
    assert_eq!(rendered.media_type, JSON);
    assert_eq!(
        serde_json::from_str::<Value>(&rendered.body).unwrap(),
        json!({ "serviceResponse": { "proxySuccess": { "proxyTicket": ticket.as_str() } } })
    );
}

#[test] // CAS 95, CAS 96
fn every_proxy_failure_has_a_code_and_a_description_in_both_forms() {
    let mut codes = Vec::new();
    for reason in ProxyFailureReason::ALL {
        let xml = render_proxy_failure(reason, Format::Xml).body;
        let document = Document::parse(&xml).unwrap();
        assert_eq!(names(document.root_element()), ["proxyFailure"]);
        let failure = document.root_element().first_element_child().unwrap();
        let code = failure.attribute("code").unwrap().to_owned();
        let description = failure.text().unwrap().to_owned();
        assert!(description.len() > 10);
        let json = render_proxy_failure(reason, Format::Json);
        assert_eq!(
            serde_json::from_str::<Value>(&json.body).unwrap(),
            json!({ "serviceResponse": { "proxyFailure": { "code": code, "description": description } } })
        );
        codes.push(code);
    }
    for code in [
        ProxyFailureCode::InvalidRequest,
        ProxyFailureCode::UnauthorizedService,
        ProxyFailureCode::InvalidTicket,
        ProxyFailureCode::InternalError,
    ] {
        assert!(
            codes.iter().any(|c| c == code.as_str()),
            "{code:?} is never said"
        );
    }
    assert_eq!(
        ProxyFailureReason::TargetNotAllowed.code(),
        ProxyFailureCode::UnauthorizedService
    );
}

#[test] // CAS 3.0.3 §2.5.3
fn every_failure_has_a_code_and_a_description_in_both_forms() {
    let mut codes = Vec::new();
    for reason in FailureReason::ALL {
        let xml = render_failure(reason, Format::Xml);
        assert_eq!(xml.media_type, XML);
        let document = Document::parse(&xml.body).unwrap();
        assert_eq!(children(document.root_element()).len(), 1);
        let failure = document.root_element().first_element_child().unwrap();
        assert_eq!(failure.tag_name().name(), "authenticationFailure");
        let code = failure.attribute("code").unwrap().to_owned();
        let description = failure.text().unwrap().to_owned();
        assert!(description.len() > 10 && !xml.body.contains("<cas:user>"));

        let json = render_failure(reason, Format::Json);
        assert_eq!(
            serde_json::from_str::<Value>(&json.body).unwrap(),
            json!({ "serviceResponse": { "authenticationFailure": { "code": code, "description": description } } })
        );
        codes.push(code);
    }
    for code in [
        FailureCode::InvalidRequest,
        FailureCode::InvalidTicketSpec,
        FailureCode::UnauthorizedServiceProxy,
        FailureCode::InvalidProxyCallback,
        FailureCode::InvalidTicket,
        FailureCode::InvalidService,
        FailureCode::InternalError,
    ] {
        assert!(
            codes.iter().any(|c| c == code.as_str()),
            "{code:?} is never said"
        );
    }
    assert_eq!(
        FailureReason::ProxyTicket.code(),
        FailureCode::InvalidTicketSpec
    ); // TKT-07
    assert_eq!(FailureReason::NotFresh.code(), FailureCode::InvalidTicket); // TKT-06
    assert_eq!(
        FailureReason::OtherService.code(),
        FailureCode::InvalidService
    ); // TKT-03
}

#[test] // CAS 3.0.3 §2.4.2
fn cas_1_is_two_lines() {
    assert_eq!(
        (plain_yes("u").media_type, plain_yes("u").body.as_str()),
        (PLAIN, "yes\nu\n")
    );
    assert_eq!(
        (plain_no().media_type, plain_no().body.as_str()),
        (PLAIN, "no\n\n")
    );
    assert_eq!(plain_yes("u\nadmin\r").body, "yes\nuadmin\n");
}

#[test] // CAS 3.0.3 §2.5.7
fn names_that_would_break_the_document_can_not_be_made() {
    for name in ["name", "org", "eduPersonAffiliation", "_x", "a.b-c_1"] {
        assert_eq!(AttributeName::parse(name).unwrap().as_str(), name);
    }
    for name in [
        "",
        "1a",
        "-a",
        ".a",
        "a b",
        "a:b",
        "a>",
        "a/",
        "姓名",
        "user",
        "proxies",
        "isFromNewLogin",
        "authenticationMethod",
        &"a".repeat(65),
    ] {
        assert_eq!(AttributeName::parse(name), None, "{name}");
    }
}

#[test] // XML-01
fn markup_in_values_stays_text() {
    for evil in [
        "</cas:attribute><cas:user>admin</cas:user>",
        "</cas:name></cas:attributes><cas:user>admin</cas:user><cas:attributes><cas:name>",
        "]]><cas:user>admin</cas:user>",
        "<![CDATA[",
        "<!-- ",
        "&lt;&#60;&amp;&quot;\"'",
        "<!DOCTYPE x [<!ENTITY e \"x\">]>&e;",
    ] {
        let rendered = render_success(
            &success(evil, vec![attribute("name", &[evil])]),
            Format::Xml,
        );
        assert_one_user(&rendered.body, evil);
    }
}

/// What an XML reader sees of a text: characters that XML can't hold are replaced.
pub(super) fn as_xml_text(text: &str) -> String {
    text.chars()
        .map(|c| match c {
            '\t' | '\n' | '\r' => c,
            c if c < ' ' || c == '\u{fffe}' || c == '\u{ffff}' => '\u{fffd}',
            c => c,
        })
        .collect()
}

fn assert_one_user(body: &str, user: &str) {
    let document = Document::parse(body).unwrap_or_else(|e| panic!("{e}\n{body}"));
    let users: Vec<_> = document
        .descendants()
        .filter(|n| n.has_tag_name((CAS, "user")))
        .collect();
    assert_eq!(users.len(), 1, "{body}");
    assert_eq!(
        users[0].text().unwrap_or_default(),
        as_xml_text(user),
        "{body}"
    );
    assert_eq!(
        document
            .descendants()
            .filter(|n| n.has_tag_name((CAS, "authenticationSuccess")))
            .count(),
        1
    );
}

pub(super) fn evil_text() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        any::<char>().prop_map(String::from),
        (0_u8..0x20).prop_map(|b| char::from(b).to_string()),
        proptest::sample::select(
            &[
                "<cas:user>",
                "</cas:user>",
                "]]>",
                "<![CDATA[",
                "&",
                "&#0;",
                "\"",
                "'",
                "\u{fffe}",
                "\u{ffff}",
                "\r\n",
                "\u{85}",
                "\u{2028}",
                "x"
            ][..]
        )
        .prop_map(str::to_owned),
    ];
    proptest::collection::vec(piece, 0..12).prop_map(|pieces| pieces.concat())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 4_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test] // XML-01
    fn any_value_gives_a_well_formed_document_with_one_user(user in evil_text(), value in evil_text()) {
        let name = attribute("name", &[&value, &value]);
        let said = success(&user, vec![name]);
        let xml = render_success(&said, Format::Xml).body;
        assert_one_user(&xml, &user);
        let document = Document::parse(&xml).unwrap();
        let values: Vec<_> = document.descendants()
            .filter(|n| n.has_tag_name((CAS, "name")))
            .map(|n| n.text().unwrap_or_default().to_owned())
            .collect();
        prop_assert_eq!(values, vec![as_xml_text(&value); 2]);

        let json: Value = serde_json::from_str(&render_success(&said, Format::Json).body).unwrap();
        let told = &json["serviceResponse"]["authenticationSuccess"];
        prop_assert_eq!(&told["user"], &json!(user));
        prop_assert_eq!(&told["attributes"]["name"], &json!([value, value]));
        prop_assert_eq!(plain_yes(&user).body.lines().count(), 2);
    }
}
