//! What an import says to the operator. Never a whole id number (IMP-07).

use super::column::Column;
use super::file::FileKind;

/// What is wrong with one line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BadLine {
    /// As an editor or a spreadsheet counts them, from 1.
    pub line: u64,
    /// [`None`] where the line as a whole is wrong.
    pub column: Option<Column>,
    pub reason: String,
}

impl std::fmt::Display for BadLine {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.column {
            Some(column) => write!(f, "line {}, {column}: {}", self.line, self.reason),
            None => write!(f, "line {}: {}", self.line, self.reason),
        }
    }
}

/// What is allowed, and yet worth a look.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Warning {
    /// Several persons of the file have one phone: whoever holds it can activate each of them.
    SharedPhone { masked: String, lines: Vec<u64> },
    /// One id number with two names.
    OtherName { line: u64, first: u64 },
}

impl std::fmt::Display for Warning {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::SharedPhone { masked, lines } => {
                let shown: Vec<String> = lines.iter().take(10).map(u64::to_string).collect();
                let more = if lines.len() > shown.len() {
                    " …"
                } else {
                    ""
                };
                write!(
                    f,
                    "the phone {masked} belongs to {} persons (lines {}{more}): whoever holds it \
                     can activate each of them",
                    lines.len(),
                    shown.join(", ")
                )
            }
            Self::OtherName { line, first } => {
                write!(
                    f,
                    "line {line}: the id number of line {first} with another name"
                )
            }
        }
    }
}

/// How many lines came to what.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Lines with content, without the header.
    pub lines: u64,
    /// Numbers of people who were not known.
    pub new: u64,
    pub changed: u64,
    pub unchanged: u64,
    /// Further numbers of people who have one, here or in the database.
    pub aliases: u64,
    /// Numbers that went to the holder of another id number.
    pub reassigned: u64,
    /// Lines with a fault.
    pub refused: u64,
}

/// What an import did, or would do.
#[derive(Clone, Debug)]
pub struct ImportReport {
    pub kind: FileKind,
    pub counts: Counts,
    /// Every fault of every bad line, in the order of the file.
    pub bad: Vec<BadLine>,
    pub warnings: Vec<Warning>,
    /// The published import; [`None`] after a dry run and where nothing was written.
    pub published: Option<i64>,
}

impl std::fmt::Display for ImportReport {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let c = &self.counts;
        write!(
            f,
            "{} lines: {} new, {} further numbers, {} changed, {} unchanged, {} reassigned, {} refused",
            c.lines, c.new, c.aliases, c.changed, c.unchanged, c.reassigned, c.refused
        )
    }
}
