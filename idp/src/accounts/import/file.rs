//! Opening a file of people: what it is, how large it may be, and its rows one by one.

use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use super::cell::Row;
use super::{csv_file, xlsx_file};

/// What a file may cost at most (IMP-02, IMP-09).
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    pub file_bytes: u64,
    pub rows: u64,
    pub columns: usize,
    /// Of one line of a CSV file; quotes that are never closed end here.
    pub line_bytes: usize,
    /// Of all parts of a workbook together, unpacked.
    pub inflated_bytes: u64,
    /// Unpacked to packed, of one part of a workbook.
    pub ratio: u64,
}

impl Limits {
    /// Of the command line, where the operator vouches for the file.
    pub const COMMAND_LINE: Self = Self {
        file_bytes: 1 << 30,
        rows: 1_000_000,
        columns: 64,
        line_bytes: 64 << 10,
        inflated_bytes: 1 << 30,
        ratio: 250,
    };
}

/// What a file turned out to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FileKind {
    CsvUtf8,
    CsvGb18030,
    Xlsx,
}

impl std::fmt::Display for FileKind {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::CsvUtf8 => "CSV, UTF-8",
            Self::CsvGb18030 => "CSV, GB18030",
            Self::Xlsx => "XLSX",
        })
    }
}

/// Why a file as a whole can't be read.
#[derive(Debug, thiserror::Error)]
pub enum FileError {
    #[error("{}: {source}", path.display())]
    Io {
        path: PathBuf,
        #[source]
        source: std::io::Error,
    },
    #[error("the file has more than {limit} bytes")]
    TooLarge { limit: u64 },
    #[error("the file has no rows")]
    Empty,
    #[error("the file has more than {limit} rows")]
    TooManyRows { limit: u64 },
    #[error("line {line}: more than {limit} columns")]
    TooManyColumns { line: u64, limit: usize },
    #[error("line {line}: more than {limit} bytes, or a quote that is never closed")]
    LineTooLong { line: u64, limit: usize },
    #[error("the file is neither UTF-8 nor GB18030")]
    Encoding,
    #[error("line {line}: broken UTF-8")]
    BrokenUtf8 { line: u64 },
    #[error("the file contains NUL bytes; is it UTF-16? Save it as CSV UTF-8 or XLSX")]
    Nul,
    #[error("line {line}: {reason}")]
    Csv { line: u64, reason: String },
    #[error("an old .xls workbook: save it as .xlsx")]
    OldWorkbook,
    #[error("the workbook can't be read: {0}")]
    Workbook(String),
    #[error("the workbook's part {part} unpacks to too much")]
    Bomb { part: String },
    #[error("the workbook's part {part} contains a document type declaration")]
    DocumentType { part: String },
    #[error("the workbook's rows are not in order at row {line}")]
    RowOrder { line: u64 },
    #[error("{0}")]
    Header(#[from] super::column::HeaderError),
}

/// Takes each row in turn and may end the reading.
pub(super) type RowSink<'a> = dyn FnMut(Row) -> Result<(), FileError> + Send + 'a;

/// Reads the rows of a file, blank ones left out. What it is shows in its bytes, not in its name.
pub(super) fn read_rows(
    path: &Path,
    limits: &Limits,
    sink: &mut RowSink<'_>,
) -> Result<FileKind, FileError> {
    let io = |source| FileError::Io {
        path: path.to_owned(),
        source,
    };
    let mut file = File::open(path).map_err(io)?;
    if file.metadata().map_err(io)?.len() > limits.file_bytes {
        return Err(FileError::TooLarge {
            limit: limits.file_bytes,
        });
    }
    let mut magic = Vec::with_capacity(8);
    (&mut file).take(8).read_to_end(&mut magic).map_err(io)?;
    file.seek(SeekFrom::Start(0)).map_err(io)?;

    let mut rows = 0;
    let mut bounded = |row: Row| {
        if row.cells.len() > limits.columns {
            return Err(FileError::TooManyColumns {
                line: row.line,
                limit: limits.columns,
            });
        }
        // The header is a row too.
        if rows > limits.rows {
            return Err(FileError::TooManyRows { limit: limits.rows });
        }
        rows += 1;
        sink(row)
    };
    let kind = if magic.starts_with(b"PK\x03\x04") {
        xlsx_file::read(file, limits, &mut bounded)?;
        FileKind::Xlsx
    } else if magic.starts_with(b"\xd0\xcf\x11\xe0") {
        return Err(FileError::OldWorkbook);
    } else {
        csv_file::read(&mut file, path, limits, &mut bounded)?
    };
    if rows == 0 {
        return Err(FileError::Empty);
    }
    Ok(kind)
}
