use super::text::{is_forbidden, tidy};

/// A person's name as it is shown: NFC, one line, nothing invisible. Rare characters, private-use
/// ones of old rosters among them, and the middle dot of 阿依古丽·买买提 are welcome.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct PersonName(String);

/// Why a text is no name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadName {
    #[error("must have 1 to 100 characters")]
    Length,
    #[error("contains a control character or one that XML can't carry")]
    Character,
}

impl PersonName {
    /// In code points.
    pub const LONGEST: usize = 100;

    /// Invisible and bidirectional characters are dropped and spaces tidied (INJ-04), because
    /// spreadsheets are full of them; control characters are refused (XML-01).
    ///
    /// # Errors
    /// [`BadName`]; also for a text without any letter.
    pub fn parse(text: &str) -> Result<Self, BadName> {
        // Decomposed, a letter may take several code points, but never eight on average.
        if text.len() > Self::LONGEST * 32 {
            return Err(BadName::Length);
        }
        let name = tidy(text);
        if name.chars().any(is_forbidden) {
            return Err(BadName::Character);
        }
        let visible = name
            .chars()
            .any(|c| !c.is_whitespace() && !c.is_ascii_punctuation() && c != '·');
        if !visible || name.chars().count() > Self::LONGEST {
            return Err(BadName::Length);
        }
        Ok(Self(name))
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Display for PersonName {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn name(text: &str) -> Result<String, BadName> {
        PersonName::parse(text).map(|n| n.0)
    }

    #[test]
    fn names_of_all_sorts_pass_unchanged() {
        for text in [
            "李明",
            "阿依古丽·买买提",
            "Zoë O’Neil-Åström",
            "𠮷野家",
            "张\u{e863}",
            "葛\u{e0100}城",
            "محمد",
            "欧阳 娜娜",
            "=HYPERLINK(1)",
            "<b>&\"]]>",
        ] {
            assert_eq!(name(text).as_deref(), Ok(text));
        }
    }

    #[test] // INJ-04: what can't be seen is gone, and one name has one spelling
    fn invisible_characters_and_spaces_are_tidied() {
        assert_eq!(
            name(" \u{3000}李\u{200b}明\u{202e}\u{feff} ").as_deref(),
            Ok("李明")
        );
        assert_eq!(name("Ana\u{a0}\u{3000} Li").as_deref(), Ok("Ana Li"));
        assert_eq!(name("Zoe\u{308}"), name("Zo\u{eb}"));
        assert_eq!(name("李明\n").as_deref(), Ok("李明"));
    }

    #[test] // XML-01: what XML 1.0 can't carry never gets in
    fn control_and_illegal_characters_are_refused() {
        for c in [
            '\0',
            '\u{1}',
            '\u{8}',
            '\u{b}',
            '\u{1f}',
            '\u{7f}',
            '\u{85}',
            '\t',
            '\n',
            '\r',
            '\u{2028}',
            '\u{fffe}',
            '\u{ffff}',
            '\u{1fffe}',
            '\u{fdd0}',
            '\u{fffd}',
        ] {
            assert_eq!(name(&format!("李{c}明")), Err(BadName::Character), "{c:?}");
        }
    }

    #[test]
    fn a_name_has_1_to_100_characters_and_something_to_read() {
        for text in ["", " ", "\u{200b}\u{200b}", "·", "---", "\u{3164}"] {
            assert_eq!(name(text), Err(BadName::Length), "{text:?}");
        }
        assert!(name(&"𠮷".repeat(100)).is_ok());
        assert_eq!(name(&"𠮷".repeat(101)), Err(BadName::Length));
        assert_eq!(name(&"a".repeat(100_000)), Err(BadName::Length));
        assert_eq!(
            name(&format!("a{}", "\u{301}".repeat(1500))),
            Err(BadName::Length)
        );
    }

    proptest! {
        #[test]
        fn whatever_is_accepted_is_stable_and_printable(text in any::<String>()) {
            if let Ok(first) = name(&text) {
                prop_assert!(!first.chars().any(char::is_control));
                prop_assert_eq!(name(&first), Ok(first));
            }
        }
    }
}
