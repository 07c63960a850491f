//! CSV: UTF-8 with or without BOM, else GB18030; separated by comma, semicolon or tab.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::path::Path;

use csv::{ReaderBuilder, StringRecord};
use encoding_rs::{Decoder, DecoderResult, GB18030, UTF_8};

use super::cell::{Cell, Row, unguard_formula};
use super::file::{FileError, FileKind, Limits, RowSink};

const CHUNK: usize = 64 << 10;
const READ_AHEAD: usize = 8 << 10;
/// Bytes of one character in UTF-8: a smaller buffer may not take any.
const LONGEST_CHARACTER: usize = 4;
/// A GB18030 text is no UTF-8 from its first Chinese characters on; a text with so many valid
/// ones before the first broken is UTF-8 that was damaged.
const CHANCE: usize = 8;

pub(super) fn read(
    file: &mut File,
    path: &Path,
    limits: &Limits,
    sink: &mut RowSink<'_>,
) -> Result<FileKind, FileError> {
    let io = |source| FileError::Io {
        path: path.to_owned(),
        source,
    };
    let kind = encoding_of(file, &io)?;
    file.seek(SeekFrom::Start(0)).map_err(io)?;
    let delimiter = delimiter_of(Decoded::new(&mut *file, kind, limits.line_bytes));
    file.seek(SeekFrom::Start(0)).map_err(io)?;

    let mut reader = ReaderBuilder::new()
        .delimiter(delimiter)
        .has_headers(false)
        .flexible(true)
        .buffer_capacity(READ_AHEAD)
        .from_reader(Decoded::new(file, kind, limits.line_bytes));
    let mut record = StringRecord::new();
    let mut records = 0;
    loop {
        let line = reader.position().line();
        match reader.read_record(&mut record) {
            Ok(false) => return Ok(kind),
            Ok(true) => {}
            Err(error) => return Err(csv_error(error, line, limits, &io)),
        }
        reader.get_mut().row_done();
        records += 1;
        let begins = record.position().map_or(line, csv::Position::line);
        // A file of the old Macintosh has no line feeds to count.
        let line = if reader.get_ref().line_feeds {
            begins
        } else {
            records
        };
        let cells: Vec<Cell> = record
            .iter()
            .map(|text| Cell::Text(unguard_formula(text).to_owned()))
            .collect();
        if !cells.iter().all(Cell::is_blank) {
            sink(Row { line, cells })?;
        }
    }
}

fn csv_error(
    error: csv::Error,
    line: u64,
    limits: &Limits,
    io: &impl Fn(io::Error) -> FileError,
) -> FileError {
    let reason = error.to_string();
    match error.into_kind() {
        csv::ErrorKind::Io(source) if source.kind() == io::ErrorKind::FileTooLarge => {
            FileError::LineTooLong {
                line,
                limit: limits.line_bytes,
            }
        }
        csv::ErrorKind::Io(source) => io(source),
        _ => FileError::Csv { line, reason },
    }
}

/// Reads the whole file once: a text is UTF-8 when all of it is.
fn encoding_of(
    file: &mut File,
    io: &impl Fn(io::Error) -> FileError,
) -> Result<FileKind, FileError> {
    let utf8 = scan(file, UTF_8.new_decoder_without_bom_handling()).map_err(io)?;
    if utf8.nul {
        return Err(FileError::Nul);
    }
    let Some(broken_line) = utf8.broken_at else {
        return Ok(FileKind::CsvUtf8);
    };
    if utf8.chinese > CHANCE || utf8.bom {
        return Err(FileError::BrokenUtf8 { line: broken_line });
    }
    file.seek(SeekFrom::Start(0)).map_err(io)?;
    let gb18030 = scan(file, GB18030.new_decoder_without_bom_handling()).map_err(io)?;
    if gb18030.nul {
        return Err(FileError::Nul);
    }
    match gb18030.broken_at {
        None => Ok(FileKind::CsvGb18030),
        Some(_) => Err(FileError::Encoding),
    }
}

#[derive(Default)]
struct Scan {
    nul: bool,
    bom: bool,
    /// Chinese characters before the first broken one.
    chinese: usize,
    /// The line of the first broken character.
    broken_at: Option<u64>,
}

fn scan(file: &mut File, mut decoder: Decoder) -> io::Result<Scan> {
    let mut found = Scan::default();
    let mut raw = vec![0; CHUNK];
    let mut text = vec![0; 4 * CHUNK];
    let mut lines = 1;
    let mut first = true;
    loop {
        let count = file.read(&mut raw)?;
        let (result, _, written) =
            decoder.decode_to_utf8_without_replacement(&raw[..count], &mut text, count == 0);
        let decoded = &text[..written];
        if std::mem::take(&mut first) {
            found.bom = decoded.starts_with("\u{feff}".as_bytes());
        }
        found.nul |= decoded.contains(&0) || raw[..count].contains(&0);
        lines += decoded.split(|b| *b == b'\n').count() as u64 - 1;
        // U+4E00 to U+9FFF begin with E4 to E9.
        found.chinese += decoded
            .iter()
            .filter(|b| (0xe4..=0xe9).contains(*b))
            .count();
        if let DecoderResult::Malformed(..) = result {
            found.broken_at = Some(lines);
            return Ok(found);
        }
        if found.nul || count == 0 {
            return Ok(found);
        }
    }
}

/// The separator that the first line has most of, outside of quotes.
fn delimiter_of(mut text: Decoded<impl Read>) -> u8 {
    let mut head = vec![0; text.line_bytes];
    let mut length = 0;
    while head.len() - length >= LONGEST_CHARACTER && !head[..length].contains(&b'\n') {
        match text.read(&mut head[length..]) {
            // A fault shows again, and is told, when the rows are read.
            Ok(0) | Err(_) => break,
            Ok(count) => length += count,
        }
    }
    let mut counts = [(b',', 0_usize), (b';', 0), (b'\t', 0)];
    let mut quoted = false;
    for byte in &head[..length] {
        match byte {
            b'"' => quoted = !quoted,
            b'\n' | b'\r' if !quoted => break,
            byte if !quoted => {
                if let Some((_, count)) = counts.iter_mut().find(|(d, _)| d == byte) {
                    *count += 1;
                }
            }
            _ => {}
        }
    }
    // Of equals the last is taken, so the comma stands last.
    counts.reverse();
    counts
        .iter()
        .max_by_key(|(_, count)| count)
        .map_or(b',', |(d, _)| *d)
}

/// The text of a file as UTF-8, no more than `line_bytes` (and one buffer) of it per row.
struct Decoded<R> {
    source: R,
    decoder: Decoder,
    line_bytes: usize,
    raw: Vec<u8>,
    raw_range: std::ops::Range<usize>,
    ended: bool,
    /// The decoder gave all it had, and may not be asked again.
    finished: bool,
    since_row: usize,
    /// True once a line feed was seen.
    line_feeds: bool,
}

impl<R: Read> Decoded<R> {
    fn new(source: R, kind: FileKind, line_bytes: usize) -> Self {
        let encoding = if kind == FileKind::CsvGb18030 {
            GB18030
        } else {
            UTF_8
        };
        Self {
            source,
            decoder: encoding.new_decoder_with_bom_removal(),
            line_bytes,
            raw: vec![0; READ_AHEAD],
            raw_range: 0..0,
            ended: false,
            finished: false,
            since_row: 0,
            line_feeds: false,
        }
    }

    fn row_done(&mut self) {
        self.since_row = 0;
    }
}

impl<R: Read> Read for Decoded<R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        if self.since_row > self.line_bytes + READ_AHEAD {
            return Err(io::ErrorKind::FileTooLarge.into());
        }
        if self.finished {
            return Ok(0);
        }
        loop {
            if self.raw_range.is_empty() && !self.ended {
                let count = self.source.read(&mut self.raw)?;
                self.raw_range = 0..count;
                self.ended = count == 0;
            }
            let (result, taken, written) = self.decoder.decode_to_utf8_without_replacement(
                &self.raw[self.raw_range.clone()],
                into,
                self.ended,
            );
            self.raw_range.start += taken;
            match result {
                DecoderResult::Malformed(..) => return Err(io::ErrorKind::InvalidData.into()),
                DecoderResult::OutputFull if written == 0 => {
                    return Err(io::ErrorKind::InvalidInput.into());
                }
                DecoderResult::OutputFull => {}
                DecoderResult::InputEmpty => self.finished = self.ended,
            }
            if written > 0 || self.finished {
                self.since_row += written;
                self.line_feeds |= into[..written].contains(&b'\n');
                return Ok(written);
            }
        }
    }
}
