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
