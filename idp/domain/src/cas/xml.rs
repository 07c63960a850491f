//! Writing XML: values are anybody's, and stay text (XML-01).

/// A document in the making. Elements with text have it on one line: there are clients that read
/// XML line by line.
pub(super) struct ServiceResponse(String);

impl ServiceResponse {
    pub(super) fn open() -> Self {
        Self("<cas:serviceResponse xmlns:cas=\"http://www.yale.edu/tp/cas\">\n".to_owned())
    }

    pub(super) fn line(&mut self, depth: usize, markup: &str) {
        self.0.extend(std::iter::repeat_n("  ", depth));
        self.0.push_str(markup);
        self.0.push('\n');
    }

    /// `name` and `attribute` are ours; `text` is anybody's.
    pub(super) fn element(&mut self, depth: usize, name: &str, attribute: &str, text: &str) {
        let text = escape(text);
        self.line(
            depth,
            &format!("<cas:{name}{attribute}>{text}</cas:{name}>"),
        );
    }

    pub(super) fn close(mut self) -> String {
        self.line(0, "</cas:serviceResponse>");
        self.0
    }
}

/// Any other document, on one line. Closes what is open, so that it is well-formed whatever the
/// caller forgets; names are ours, values anybody's.
pub(super) struct Writer {
    text: String,
    open: Vec<&'static str>,
}

impl Writer {
    /// With an XML declaration.
    pub(super) fn new() -> Self {
        Self {
            text: "<?xml version=\"1.0\" encoding=\"UTF-8\"?>".to_owned(),
            open: Vec::new(),
        }
    }

    /// Without one.
    pub(super) fn fragment() -> Self {
        Self {
            text: String::new(),
            open: Vec::new(),
        }
    }

    pub(super) fn open(&mut self, name: &'static str, attributes: &[(&str, &str)]) {
        self.tag(name, attributes, ">");
        self.open.push(name);
    }

    pub(super) fn empty(&mut self, name: &'static str, attributes: &[(&str, &str)]) {
        self.tag(name, attributes, "/>");
    }

    pub(super) fn text(&mut self, name: &'static str, attributes: &[(&str, &str)], text: &str) {
        self.open(name, attributes);
        self.text.push_str(&escape(text));
        self.close();
    }

    pub(super) fn close(&mut self) {
        if let Some(name) = self.open.pop() {
            self.text.extend(["</", name, ">"]);
        }
    }

    pub(super) fn finish(mut self) -> String {
        while !self.open.is_empty() {
            self.close();
        }
        self.text
    }

    fn tag(&mut self, name: &str, attributes: &[(&str, &str)], end: &str) {
        self.text.extend(["<", name]);
        for (attribute, value) in attributes {
            let value = escape_attribute(value);
            self.text.extend([" ", attribute, "=\"", &value, "\""]);
        }
        self.text.push_str(end);
    }
}

/// A value between double quotes, where a reader turns tabs and line breaks into spaces unless
/// they are references (XML 1.0 §3.3.3).
fn escape_attribute(value: &str) -> String {
    escape(value).replace('\t', "&#9;").replace('\n', "&#10;")
}

/// Text content. Characters that XML 1.0 can't hold at all, not even escaped (§2.2 of it), become
/// U+FFFD; a carriage return survives only as a reference.
pub(super) fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            '\r' => escaped.push_str("&#13;"),
            '\t' | '\n' | '\u{20}'..='\u{fffd}' | '\u{10000}'.. => escaped.push(c),
            _ => escaped.push(char::REPLACEMENT_CHARACTER),
        }
    }
    escaped
}
