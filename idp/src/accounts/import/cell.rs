//! One cell of a file, whatever the file is.

use std::borrow::Cow;

use jiff::civil::Date;

/// What stands in a cell.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Cell {
    Text(String),
    Date(Date),
    /// A number with more digits than a spreadsheet keeps: an id number in a column that wasn't
    /// formatted as text has lost its last digits for good.
    Lossy,
    /// `#N/A` and its like.
    Fault,
}

/// A row that isn't blank, with the line of the file where it begins.
#[derive(Clone, Debug)]
pub(super) struct Row {
    pub(super) line: u64,
    pub(super) cells: Vec<Cell>,
}

impl Cell {
    pub(super) fn is_blank(&self) -> bool {
        matches!(self, Self::Text(text) if text.trim().is_empty())
    }

    /// As text, for reading and for showing again.
    pub(super) fn text(&self) -> Cow<'_, str> {
        match self {
            Self::Text(text) => Cow::Borrowed(text),
            Self::Date(date) => Cow::Owned(date.to_string()),
            Self::Lossy | Self::Fault => Cow::Borrowed("#"),
        }
    }
}

/// A text that a spreadsheet would take for a formula begins with one of these (IMP-01).
fn begins_formula(text: &str) -> bool {
    text.starts_with(['=', '+', '-', '@', '\t', '\r', '\n', '＝', '＋', '－', '＠'])
}

/// Marks what a spreadsheet would take for a formula.
pub(super) fn guard_formula(text: &str) -> Cow<'_, str> {
    if begins_formula(text) {
        Cow::Owned(format!("'{text}"))
    } else {
        Cow::Borrowed(text)
    }
}

/// Takes our own mark off again, and nothing else.
pub(super) fn unguard_formula(text: &str) -> &str {
    match text.strip_prefix('\'') {
        Some(rest) if begins_formula(rest) => rest,
        _ => text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test] // IMP-01
    fn formulas_are_marked_and_only_our_own_mark_comes_off() {
        for text in [
            "=HYPERLINK(\"http://x\")",
            "+1",
            "-1",
            "@SUM(A1)",
            "\t=1",
            "\r=1",
            "＝1",
            "－1",
            "＋1",
            "＠x",
        ] {
            let guarded = guard_formula(text);
            assert_eq!(guarded, format!("'{text}"));
            assert_eq!(unguard_formula(&guarded), text);
        }
        for text in ["", "李明", "'quoted'", "'", "20230001", "o'neil"] {
            assert_eq!(guard_formula(text), text);
            assert_eq!(unguard_formula(text), text);
        }
    }
}
