//! A second opinion on a document that our reader accepted.

use quick_xml::NsReader;
use quick_xml::XmlVersion::Implicit1_0;
use quick_xml::events::{BytesStart, Event};
use quick_xml::name::ResolveResult;

/// The texts, without the spaces around them, of all elements at this place (from the root down,
/// as namespace and name), each after the value of `attribute`, if any, on the element above it.
pub fn texts(
    document: &str,
    place: &[(&str, &str)],
    attribute: &str,
) -> Vec<(Option<String>, String)> {
    let mut reader = NsReader::from_str(document);
    reader.config_mut().expand_empty_elements = true;
    let mut depth = 0;
    // How many of the open elements are those of the place.
    let mut at = 0;
    let mut above = None;
    let mut found = Vec::new();
    let mut text = String::new();
    loop {
        let (namespace, event) = reader.read_resolved_event().expect("well-formed");
        match event {
            Event::Start(start) => {
                let is_next = at == depth
                    && place.get(at).is_some_and(|(expected, name)| {
                        is(&namespace, expected) && start.local_name().as_ref() == *name
                    });
                depth += 1;
                if is_next {
                    at += 1;
                    if at + 1 == place.len() {
                        above = value_of(&start, attribute);
                    }
                    text.clear();
                }
            }
            Event::End(_) => {
                if at == depth {
                    if at == place.len() {
                        let value = text.trim_matches([' ', '\t', '\r', '\n']);
                        found.push((above.clone(), value.to_owned()));
                    }
                    at -= 1;
                }
                depth -= 1;
            }
            Event::Text(part) => text.push_str(&part.xml10_content()),
            Event::CData(part) => text.push_str(&part.xml10_content()),
            Event::GeneralRef(reference) => match reference.resolve_char_ref() {
                Ok(Some(c)) => text.push(c),
                _ => text.push_str(
                    quick_xml::escape::resolve_predefined_entity(&reference).unwrap_or("?"),
                ),
            },
            Event::Eof => return found,
            _ => {}
        }
    }
}

fn is(namespace: &ResolveResult<'_>, expected: &str) -> bool {
    matches!(namespace, ResolveResult::Bound(bound) if bound.0 == expected)
}

fn value_of(start: &BytesStart<'_>, attribute: &str) -> Option<String> {
    start
        .attributes()
        .flatten()
        .find(|a| a.key.as_ref() == attribute)
        .and_then(|a| a.normalized_value(Implicit1_0).ok())
        .map(|value| value.into_owned())
}
