//! Reads our own HTML as far as the tests need it: elements, their attributes and parents.

/// A start tag.
#[derive(Clone, Debug)]
pub(crate) struct Element {
    pub(crate) name: String,
    pub(crate) attributes: Vec<(String, String)>,
    /// The names of the elements around it.
    pub(crate) parents: Vec<String>,
    /// The id of the form around it.
    pub(crate) form: Option<String>,
}

impl Element {
    pub(crate) fn get(&self, attribute: &str) -> Option<&str> {
        self.attributes
            .iter()
            .find(|(name, _)| name == attribute)
            .map(|(_, value)| value.as_str())
    }
}

const VOID: [&str; 7] = ["br", "img", "input", "link", "meta", "hr", "source"];

/// All elements in order. Panics on what is not well nested.
pub(crate) fn elements(html: &str) -> Vec<Element> {
    let mut found: Vec<Element> = Vec::new();
    let mut open: Vec<usize> = Vec::new();
    let mut rest = html;
    while let Some(at) = rest.find('<') {
        rest = &rest[at + 1..];
        if rest.starts_with('!') {
            continue;
        }
        if let Some(name) = rest.strip_prefix('/') {
            let name = &name[..name.find('>').unwrap()];
            let last = open.pop().unwrap();
            assert_eq!(found[last].name, name, "not well nested");
            continue;
        }
        let (mut element, closed, after) = start_tag(rest);
        rest = after;
        element.parents = open.iter().map(|&at| found[at].name.clone()).collect();
        let form = open.iter().find(|&&at| found[at].name == "form");
        element.form = form.and_then(|&at| found[at].get("id").map(str::to_owned));
        let stays_open = !closed && !VOID.contains(&element.name.as_str());
        found.push(element);
        if stays_open {
            open.push(found.len() - 1);
        }
    }
    assert!(open.is_empty(), "not closed: {:?}", found[open[0]]);
    found
}

/// One start tag from behind its `<`: the element, whether it ends in `/>`, and what follows.
fn start_tag(text: &str) -> (Element, bool, &str) {
    let end = text.find([' ', '\n', '>', '/']).unwrap();
    let mut element = Element {
        name: text[..end].to_owned(),
        attributes: Vec::new(),
        parents: Vec::new(),
        form: None,
    };
    let mut rest = text[end..].trim_start();
    loop {
        if let Some(after) = rest.strip_prefix("/>") {
            return (element, true, after);
        }
        if let Some(after) = rest.strip_prefix('>') {
            return (element, false, after);
        }
        let end = rest.find([' ', '\n', '=', '>']).unwrap();
        let name = rest[..end].to_owned();
        rest = &rest[end..];
        let mut value = "";
        if let Some(quoted) = rest.strip_prefix("=\"") {
            let end = quoted.find('"').unwrap();
            value = &quoted[..end];
            rest = &quoted[end + 1..];
        }
        assert!(
            !rest.starts_with('='),
            "an attribute without quotes: {name}"
        );
        element.attributes.push((name, value.to_owned()));
        rest = rest.trim_start();
    }
}
