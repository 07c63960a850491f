//! Characters that no name may carry, and how text is folded before it is compared.

use unicode_normalization::UnicodeNormalization;

/// Seen by nobody, yet making two names that look alike differ, or turning the text around them:
/// zero-width, bidirectional controls, fillers, tags (Unicode's `Default_Ignorable_Code_Point`
/// without the variation selectors, which choose the form of a rare Chinese character).
pub(crate) fn is_invisible(c: char) -> bool {
    matches!(c,
        '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}'
        | '\u{180b}'..='\u{180f}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}' | '\u{3164}' | '\u{feff}' | '\u{ffa0}'
        | '\u{fff0}'..='\u{fffb}' | '\u{1bca0}'..='\u{1bca3}' | '\u{1d173}'..='\u{1d17a}'
        | '\u{e0000}'..='\u{e00ff}')
}

/// Control characters, line ends, and what XML 1.0 cannot carry or no text should (XML-01):
/// U+FFFE, U+FFFF and their like on every plane, and the replacement character of a broken
/// decoder.
pub(crate) fn is_forbidden(c: char) -> bool {
    c.is_control()
        || matches!(
            c,
            '\u{2028}' | '\u{2029}' | '\u{fffd}' | '\u{fdd0}'..='\u{fdef}'
        )
        || u32::from(c) & 0xfffe == 0xfffe
}

/// Full-width forms to ASCII, ligatures apart (NFKC), in lower case: for comparing.
pub(super) fn fold(text: &str) -> String {
    text.nfkc().flat_map(char::to_lowercase).collect()
}

/// NFC, without invisible characters, trimmed, inner runs of spaces as one.
pub(super) fn tidy(text: &str) -> String {
    let mut tidy = String::with_capacity(text.len());
    let mut gap = false;
    for c in text.trim().chars().filter(|c| !is_invisible(*c)).nfc() {
        if c.is_whitespace() && !c.is_control() && !matches!(c, '\u{2028}' | '\u{2029}') {
            gap = true;
            continue;
        }
        if gap && !tidy.is_empty() {
            tidy.push(' ');
        }
        gap = false;
        tidy.push(c);
    }
    tidy
}

/// All but the ends of a text, as stars.
pub(super) fn star_out(text: &str, head: usize, tail: usize) -> String {
    let length = text.chars().count();
    text.chars()
        .enumerate()
        .map(|(i, c)| {
            if i < head || i + tail >= length {
                c
            } else {
                '*'
            }
        })
        .collect()
}
