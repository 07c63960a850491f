//! What `docs/integrate.md` tells people to copy, so that the tests can run it. A block that is
//! tried here has a second word after its language: ```` ```apache mod_auth_openidc ````.

use std::fs;

use anyhow::{Context as _, Result};
use url::Url;

use crate::binary::crate_folder;

/// The addresses of the documents' school.
const PROVIDER: &str = "https://id.example.edu";
const APPLICATION: &str = "https://lib.example.edu";
/// What stands where a secret of the school belongs.
const SECRET: &str = "THE-SECRET";
const FENCE: &str = "```";

/// In both languages.
pub const DOCUMENTS: [&str; 2] = ["integrate.md", "integrate.zh-CN.md"];

/// A block of code.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Example {
    /// After the language; empty for one that no test runs.
    pub name: String,
    pub code: String,
}

impl Example {
    /// The one of that name in the English document.
    pub fn named(name: &str) -> Result<Self> {
        let all = Self::all(DOCUMENTS[0])?;
        let found = all.into_iter().find(|example| example.name == name);
        found.with_context(|| format!("{} has no block «{name}»", DOCUMENTS[0]))
    }

    /// Every block of a document of `docs/`, in its order.
    pub fn all(document: &str) -> Result<Vec<Self>> {
        let path = crate_folder().join("../docs").join(document);
        let text = fs::read_to_string(&path).with_context(|| path.display().to_string())?;
        Ok(blocks(&text))
    }

    /// The code, as an owner would write it for these addresses (without a slash at the end) and
    /// this secret.
    pub fn at(&self, issuer: &Url, own: &str, secret: &str) -> String {
        let issuer = issuer.as_str().trim_end_matches('/');
        self.code
            .replace(PROVIDER, issuer)
            .replace(APPLICATION, own)
            .replace(SECRET, secret)
    }
}

fn blocks(text: &str) -> Vec<Example> {
    let mut found = Vec::new();
    let mut open: Option<Example> = None;
    for line in text.lines() {
        match (&mut open, line.strip_prefix(FENCE)) {
            (None, Some(information)) => {
                let name = information.split_whitespace().nth(1).unwrap_or_default();
                open = Some(Example {
                    name: name.to_owned(),
                    code: String::new(),
                });
            }
            (Some(_), Some(_)) => found.extend(open.take()),
            (Some(example), None) => {
                example.code.push_str(line);
                example.code.push('\n');
            }
            (None, None) => {}
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_block_is_known_by_the_word_after_its_language() {
        let text = "words\n```apache module\nA on\n\nB off\n```\nmore\n```\nplain\n```\n";
        let example = |name: &str, code: &str| Example {
            name: name.to_owned(),
            code: code.to_owned(),
        };
        let expected = [example("module", "A on\n\nB off\n"), example("", "plain\n")];
        assert_eq!(blocks(text), expected);
    }

    #[test]
    fn both_languages_have_the_same_code() -> Result<()> {
        let [english, chinese] = DOCUMENTS;
        assert_eq!(Example::all(english)?, Example::all(chinese)?);
        Ok(())
    }
}
