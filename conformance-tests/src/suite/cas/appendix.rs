//! The schema of Appendix A, by hand: order, number and kind of the elements of an answer.

use anyhow::{Context as _, Result, bail, ensure};
use jiff::Timestamp;
use jiff::civil::DateTime;
use roxmltree::Node;

use crate::suite::answer::{is, text};

/// Checks a whole answer.
pub fn check(root: Node) -> Result<()> {
    ensure!(is(root, "serviceResponse"), "the root is {}", named(root));
    let children = elements(root)?;
    let [child] = children.as_slice() else {
        bail!("serviceResponse has {} children, not one", children.len());
    };
    match child.tag_name().name() {
        _ if !is(*child, child.tag_name().name()) => bail!("{} is of no CAS", named(*child)),
        "authenticationSuccess" => success(*child),
        "authenticationFailure" | "proxyFailure" => failure(*child),
        "proxySuccess" => sequence(*child, &[("proxyTicket", 1, 1)]).map(drop),
        _ => bail!("serviceResponse has {}", named(*child)),
    }
}

/// `AuthenticationSuccessType`.
fn success(node: Node) -> Result<()> {
    let parts = [
        ("user", 1, 1),
        ("attributes", 0, 1),
        ("proxyGrantingTicket", 0, 1),
        ("proxies", 0, 1),
    ];
    for child in sequence(node, &parts)? {
        match child.tag_name().name() {
            "attributes" => attributes(child)?,
            "proxies" => {
                for proxy in sequence(child, &[("proxy", 1, usize::MAX)])? {
                    simple(proxy)?;
                }
            }
            _ => simple(child)?,
        }
    }
    Ok(())
}

fn failure(node: Node) -> Result<()> {
    let code = node.attribute("code");
    let code = code.with_context(|| format!("{} has no code", named(node)))?;
    ensure!(!code.is_empty(), "the code of {} is empty", named(node));
    simple(node)
}

/// `AttributesType`: three of their own in their order, then any.
pub fn attributes(node: Node) -> Result<()> {
    let children = elements(node)?;
    let lead: Vec<&str> = children
        .iter()
        .take(LEAD.len())
        .map(|child| child.tag_name().name())
        .collect();
    ensure!(
        lead == LEAD
            && children
                .iter()
                .take(3)
                .all(|it| is(*it, it.tag_name().name())),
        "attributes begin with {}, not with {}",
        lead.join(", "),
        LEAD.join(", ")
    );
    for name in LEAD {
        let count = children.iter().filter(|child| is(**child, name)).count();
        ensure!(count == 1, "attributes have {count} of {name}");
    }
    ensure!(
        is_date_time(&text(children[0])),
        "authenticationDate is no xs:dateTime: {}",
        text(children[0])
    );
    for flag in &children[1..3] {
        simple(*flag)?;
        ensure!(
            ["true", "false", "1", "0"].contains(&text(*flag).as_str()),
            "{} is no xs:boolean: {}",
            named(*flag),
            text(*flag)
        );
    }
    Ok(())
}

const LEAD: [&str; 3] = [
    "authenticationDate",
    "longTermAuthenticationRequestTokenUsed",
    "isFromNewLogin",
];

/// A date with a time, and with or without an offset.
fn is_date_time(text: &str) -> bool {
    text.as_bytes().get(10) == Some(&b'T')
        && !text.contains('[')
        && (text.parse::<Timestamp>().is_ok() || text.parse::<DateTime>().is_ok())
}

/// Children that are these elements, in this order, so many of each: (name, least, most).
fn sequence<'a, 'i>(
    node: Node<'a, 'i>,
    parts: &[(&str, usize, usize)],
) -> Result<Vec<Node<'a, 'i>>> {
    let children = elements(node)?;
    let mut rest = children.as_slice();
    for (name, least, most) in parts {
        let count = rest.iter().take_while(|child| is(**child, name)).count();
        ensure!(
            (*least..=*most).contains(&count),
            "{} has {count} of {name} at its place",
            named(node)
        );
        rest = &rest[count..];
    }
    if let Some(more) = rest.first() {
        bail!("{} in {} is not at its place", named(*more), named(node));
    }
    Ok(children)
}

/// The elements in an element that has no text beside them.
fn elements<'a, 'i>(node: Node<'a, 'i>) -> Result<Vec<Node<'a, 'i>>> {
    let stray = node
        .children()
        .filter(Node::is_text)
        .filter_map(|it| it.text());
    for text in stray {
        let stray = text.trim();
        ensure!(stray.is_empty(), "{} has the text {stray:?}", named(node));
    }
    Ok(node.children().filter(Node::is_element).collect())
}

/// An element of text only.
pub fn simple(node: Node) -> Result<()> {
    let child = node.children().find(Node::is_element);
    child.map_or(Ok(()), |child| {
        bail!("{} holds {}", named(node), named(child))
    })
}

fn named(node: Node) -> String {
    let tag = node.tag_name();
    format!("{{{}}}{}", tag.namespace().unwrap_or_default(), tag.name())
}

#[cfg(test)]
mod tests {
    use roxmltree::Document;

    use super::*;

    const FULL: &str = "<cas:authenticationSuccess><cas:user>a</cas:user><cas:attributes>\
        <cas:authenticationDate>2026-11-20T08:00:00Z</cas:authenticationDate>\
        <cas:longTermAuthenticationRequestTokenUsed>false</cas:longTermAuthenticationRequestTokenUsed>\
        <cas:isFromNewLogin>true</cas:isFromNewLogin><cas:mail>x</cas:mail><cas:mail>y</cas:mail>\
        </cas:attributes><cas:proxyGrantingTicket>PGTIOU-1</cas:proxyGrantingTicket>\
        <cas:proxies><cas:proxy>p</cas:proxy><cas:proxy>q</cas:proxy></cas:proxies>\
        </cas:authenticationSuccess>";

    fn checked(inner: &str) -> Result<()> {
        let text = format!(
            "<cas:serviceResponse xmlns:cas='http://www.yale.edu/tp/cas'>{inner}</cas:serviceResponse>"
        );
        check(Document::parse(&text).unwrap().root_element())
    }

    // CAS 73
    #[test]
    fn answers_of_the_schema_pass() {
        for good in [
            FULL,
            "<cas:authenticationSuccess><cas:user>a</cas:user></cas:authenticationSuccess>",
            "<cas:authenticationFailure code='INVALID_TICKET'> why </cas:authenticationFailure>",
            "<cas:proxySuccess><cas:proxyTicket>PT-1</cas:proxyTicket></cas:proxySuccess>",
            "<cas:proxyFailure code='INVALID_REQUEST'/>",
        ] {
            checked(good).unwrap();
        }
    }

    #[test]
    fn answers_beside_the_schema_fail() {
        let swaps = [
            ("<cas:user>a</cas:user>", ""),
            (
                "<cas:user>a</cas:user>",
                "<cas:user>a</cas:user><cas:user>b</cas:user>",
            ),
            ("<cas:user>a</cas:user>", "<user>a</user>"),
            ("<cas:user>a</cas:user>", "<cas:user><cas:b/></cas:user>"),
            ("<cas:user>a</cas:user>", "stray<cas:user>a</cas:user>"),
            (
                "</cas:attributes>",
                "</cas:attributes><cas:attribute name='a'/>",
            ),
            ("2026-11-20T08:00:00Z", "2026-11-20"),
            ("<cas:isFromNewLogin>true", "<cas:isFromNewLogin>yes"),
            (
                "<cas:mail>x</cas:mail>",
                "<cas:isFromNewLogin>true</cas:isFromNewLogin>",
            ),
            ("<cas:proxy>p</cas:proxy><cas:proxy>q</cas:proxy>", ""),
        ];
        for (from, to) in swaps {
            assert!(checked(&FULL.replace(from, to)).is_err(), "{from} → {to}");
        }
        for bad in [
            "",
            "<cas:other/>",
            "<cas:authenticationFailure>why</cas:authenticationFailure>",
            "<cas:authenticationFailure code='A'/><cas:authenticationFailure code='A'/>",
            "<cas:proxySuccess/>",
        ] {
            assert!(checked(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn dates_are_those_of_xml_schema() {
        for good in [
            "2026-11-20T08:00:00Z",
            "2026-11-20T08:00:00.123+08:00",
            "2026-11-20T08:00:00",
        ] {
            assert!(is_date_time(good), "{good}");
        }
        for bad in [
            "",
            "2026-11-20",
            "2026-11-20 08:00:00Z",
            "2026-11-20T08:00:00Z[UTC]",
            "now",
        ] {
            assert!(!is_date_time(bad), "{bad}");
        }
    }
}
