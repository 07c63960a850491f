//! Hjson, the dialect of JSON that the registry's files are written in: comments, keys and texts
//! without quotes, texts of several lines, commas where one likes. Keeps the line of each key.
//!
//! Read here and not by one of the crates that are there: of two tried, both panic on letters
//! beyond ASCII behind a quote.

use serde_json::{Map, Number, Value};

use super::document::Unreadable;
use super::places::Places;

/// Objects and lists within one another; a service has a handful.
const MAX_DEPTH: usize = 50;

/// Reads an object or a list.
///
/// # Errors
/// [`Unreadable`], with the line.
pub(super) fn read(text: &str) -> Result<(Value, Places), Unreadable> {
    let mut reader = Reader {
        text,
        at: 0,
        depth: 0,
        counted: (0, 1),
        places: Places::default(),
    };
    reader.blank();
    if !matches!(reader.peek(), Some('{' | '[')) {
        return reader.fail("'{' is missing");
    }
    let value = reader.value()?;
    reader.blank();
    if reader.peek().is_some() {
        return reader.fail("something stands behind the end");
    }
    Ok((value, reader.places))
}

struct Reader<'a> {
    text: &'a str,
    at: usize,
    depth: usize,
    /// Up to where lines were counted, and which one begins or goes on there.
    counted: (usize, usize),
    places: Places,
}

impl<'a> Reader<'a> {
    fn rest(&self) -> &'a str {
        self.text.get(self.at..).unwrap_or_default()
    }

    fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }

    fn next(&mut self) -> Option<char> {
        let c = self.peek()?;
        self.at += c.len_utf8();
        Some(c)
    }

    fn take(&mut self, text: &str) -> bool {
        let found = self.rest().starts_with(text);
        if found {
            self.at += text.len();
        }
        found
    }

    /// What stands before `end`, and past that; nothing where it never comes.
    fn until(&mut self, end: &str) -> Option<&'a str> {
        let (before, _) = self.rest().split_once(end)?;
        self.at += before.len() + end.len();
        Some(before)
    }

    fn line(&mut self) -> usize {
        let (from, line) = self.counted;
        let passed = self.text.get(from..self.at).unwrap_or_default();
        self.counted = (self.at, line + passed.matches('\n').count());
        self.counted.1
    }

    fn fail<T>(&mut self, problem: &str) -> Result<T, Unreadable> {
        let next: String = self.rest().chars().take(20).collect();
        Err(Unreadable {
            line: Some(self.line()),
            problem: format!("the file can't be read: {problem} at {next:?}"),
        })
    }

    /// Passes spaces and comments.
    fn blank(&mut self) {
        loop {
            let rest = self.rest();
            let text = rest.trim_start();
            self.at += rest.len() - text.len();
            if text.starts_with('#') || text.starts_with("//") {
                self.at += text.find('\n').unwrap_or(text.len());
            } else if text.starts_with("/*") {
                self.at += text.find("*/").map_or(text.len(), |end| end + 2);
            } else {
                return;
            }
        }
    }

    fn value(&mut self) -> Result<Value, Unreadable> {
        match self.peek() {
            Some('{') => self.nested(Self::object),
            Some('[') => self.nested(Self::list),
            Some('\'') if self.take("'''") => self.lines().map(Value::String),
            Some('"' | '\'') => self.quoted().map(Value::String),
            Some(',' | ':' | ']' | '}') | None => self.fail("a value is missing"),
            Some(_) => Ok(self.plain()),
        }
    }

    fn nested(
        &mut self,
        read: fn(&mut Self) -> Result<Value, Unreadable>,
    ) -> Result<Value, Unreadable> {
        if self.depth == MAX_DEPTH {
            return self.fail("too many brackets within brackets");
        }
        self.depth += 1;
        self.next();
        let value = read(self)?;
        self.depth -= 1;
        Ok(value)
    }

    fn object(&mut self) -> Result<Value, Unreadable> {
        let mut object = Map::new();
        loop {
            self.blank();
            if self.take("}") {
                return Ok(Value::Object(object));
            }
            let line = self.line();
            let key = self.key()?;
            self.blank();
            if !self.take(":") {
                return self.fail("':' is missing");
            }
            self.places.add(self.depth, line, &key);
            self.blank();
            let value = self.value()?;
            object.insert(key, value);
            self.blank();
            self.take(",");
        }
    }

    fn list(&mut self) -> Result<Value, Unreadable> {
        let mut list = Vec::new();
        loop {
            self.blank();
            if self.take("]") {
                return Ok(Value::Array(list));
            }
            list.push(self.value()?);
            self.blank();
            self.take(",");
        }
    }

    fn key(&mut self) -> Result<String, Unreadable> {
        if matches!(self.peek(), Some('"' | '\'')) {
            return self.quoted();
        }
        let ends = |c: char| c.is_whitespace() || ",:[]{}".contains(c);
        let rest = self.rest();
        let key = &rest[..rest.find(ends).unwrap_or(rest.len())];
        if key.is_empty() {
            return self.fail("a key is missing");
        }
        self.at += key.len();
        Ok(key.to_owned())
    }

    /// A number or a word of JSON; else a text that goes to the end of its line.
    fn plain(&mut self) -> Value {
        let rest = self.rest();
        let line = rest.split('\n').next().unwrap_or_default();
        let ends = [",", "}", "]", "#", "//", "/*"];
        let end = ends.iter().filter_map(|end| line.find(end)).min();
        let word = &line[..end.unwrap_or(line.len())];
        let value = match word.trim() {
            "true" => Some(Value::Bool(true)),
            "false" => Some(Value::Bool(false)),
            "null" => Some(Value::Null),
            number => number.parse::<Number>().ok().map(Value::Number),
        };
        let (passed, value) = match value {
            Some(value) => (word, value),
            None => (line, Value::String(line.trim().to_owned())),
        };
        self.at += passed.len();
        value
    }

    fn quoted(&mut self) -> Result<String, Unreadable> {
        let quote = self.next();
        let mut text = String::new();
        loop {
            match self.next() {
                c if c == quote => return Ok(text),
                Some('\\') => text.push(self.escaped()?),
                Some('\n') | None => return self.fail("the end of a text in quotes is missing"),
                Some(c) => text.push(c),
            }
        }
    }

    fn escaped(&mut self) -> Result<char, Unreadable> {
        let known = match self.next() {
            Some(c @ ('"' | '\'' | '\\' | '/')) => Some(c),
            Some('b') => Some('\u{8}'),
            Some('f') => Some('\u{c}'),
            Some('n') => Some('\n'),
            Some('r') => Some('\r'),
            Some('t') => Some('\t'),
            Some('u') => self.code_point(),
            _ => None,
        };
        match known {
            Some(c) => Ok(c),
            None => self.fail("no such escape (in JSON a backslash is written twice)"),
        }
    }

    /// The four digits of `\u`, of two where the first are half of a pair.
    fn code_point(&mut self) -> Option<char> {
        let first = self.unit()?;
        let pair = if (0xd800..0xdc00).contains(&first) && self.take("\\u") {
            [first, self.unit()?]
        } else {
            [first, 0]
        };
        char::decode_utf16(pair).next()?.ok()
    }

    fn unit(&mut self) -> Option<u16> {
        let digits = self.rest().get(..4)?;
        self.at += 4;
        u16::from_str_radix(digits, 16).ok()
    }

    /// A text between `'''`, without the indentation of its begin.
    fn lines(&mut self) -> Result<String, Unreadable> {
        let before = self.text.get(..self.at - 3).unwrap_or_default();
        let indent = before.chars().rev().take_while(|c| *c != '\n').count();
        let Some(text) = self.until("'''") else {
            return self.fail("the end of a text between ''' is missing");
        };
        let outdented = |line: &'a str| {
            let blanks = line.char_indices().take_while(|(_, c)| c.is_whitespace());
            let cut = blanks.take(indent).last();
            &line[cut.map_or(0, |(at, c)| at + c.len_utf8())..]
        };
        let lines: Vec<&str> = text.lines().map(outdented).collect();
        Ok(lines.join("\n").trim_matches(['\n', '\r']).to_owned())
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn json_is_read_as_json() {
        let value = json!({
            "a": [1, -2.5, 1e9, true, false, null, "x\"y\\\n\t/", "图🎓"],
            "b": { "c": {}, "d": [] }, "": ""
        });
        assert_eq!(read(&value.to_string()).unwrap().0, value);
        assert_eq!(
            read(&serde_json::to_string_pretty(&value).unwrap())
                .unwrap()
                .0,
            value
        );
        assert_eq!(
            read(r#"["\u56fe\ud83c\udf93\/"]"#).unwrap().0,
            json!(["图🎓/"])
        );
    }

    #[test]
    fn what_the_dialect_adds_is_read() {
        let text = "# one\n{ // two\n a: 1, /* three\n */ 'b': '图书馆', \"c\": x y: z, w\n\
                    d: [ 1 2,\n true\n ] e: ^https://a\\.example/.*  \n f: '''\n     one\n       two\n    '''\n\
                    g: 12a\n h: false # said\n}";
        let expected = json!({
            "a": 1, "b": "图书馆", "c": "x y: z, w", "d": ["1 2,", true],
            "e": "^https://a\\.example/.*", "f": " one\n   two", "g": "12a", "h": false
        });
        assert_eq!(read(text).unwrap().0, expected);
    }

    #[test]
    fn a_mistake_is_told_with_its_line() {
        for (text, line, problem) in [
            ("", 1, "'{' is missing"),
            ("{\n \"a\": \"\\d\"", 2, "no such escape"),
            ("{\n\"a\" 1}", 2, "':' is missing"),
            ("{ a: }", 1, "a value is missing"),
            ("{ a: 'b\n'", 2, "the end of a text in quotes"),
            ("{ a: '''b", 1, "the end of a text between"),
            ("{} {}", 1, "something stands behind"),
            ("[\"\\ud83c\"]", 1, "no such escape"),
        ] {
            let unreadable = read(text).unwrap_err();
            assert_eq!(unreadable.line, Some(line), "{text}");
            assert!(unreadable.problem.contains(problem), "{unreadable:?}");
        }
        assert!(read(&"[".repeat(1_000_000)).is_err());
    }
}
