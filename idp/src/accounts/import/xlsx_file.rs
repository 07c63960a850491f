//! XLSX: the first sheet of a workbook. The archive is weighed before it is read (IMP-02).

use std::fs::File;
use std::io::{BufReader, Read, Seek, SeekFrom};

use calamine::{DataRef, Reader, Xlsx};
use jiff::civil::Date;
use zip::ZipArchive;

use super::cell::{Cell, Row};
use super::file::{FileError, Limits, RowSink};

/// Parts of an honest workbook: sheets, styles, pictures.
const MOST_PARTS: usize = 1000;
/// Parts that are read whole into memory and hold no rows.
const SMALL_PART: u64 = 32 << 20;
/// The texts of all cells, which are held in memory while the sheet is read.
const SHARED_TEXTS: u64 = 256 << 20;
/// A text of one cell, or the attributes of one element. Excel's own limit is 32,767 characters.
const LONGEST_TEXT: usize = 1 << 20;
/// Small parts pack well without any guile.
const RATIO_COUNTS_FROM: u64 = 1 << 20;

pub(super) fn read(
    mut file: File,
    limits: &Limits,
    sink: &mut RowSink<'_>,
) -> Result<(), FileError> {
    weigh(&mut file, limits)?;
    let mut workbook: Xlsx<_> = Xlsx::new(BufReader::new(file)).map_err(damaged)?;
    let Some(sheet) = workbook.sheet_names().into_iter().next() else {
        return Err(FileError::Empty);
    };
    let mut cells = workbook.worksheet_cells_reader(&sheet).map_err(damaged)?;
    let mut row = Row {
        line: 0,
        cells: Vec::new(),
    };
    while let Some(cell) = cells.next_cell().map_err(damaged)? {
        let (at, column) = cell.get_position();
        let line = u64::from(at) + 1;
        if line < row.line {
            return Err(FileError::RowOrder { line });
        }
        if line > row.line {
            finish(&mut row, sink)?;
            row.line = line;
        }
        put(&mut row, column as usize, cell.get_value(), limits)?;
    }
    finish(&mut row, sink)
}

fn put(
    row: &mut Row,
    column: usize,
    value: &DataRef<'_>,
    limits: &Limits,
) -> Result<(), FileError> {
    let cell = cell_of(value);
    if cell.is_blank() {
        return Ok(());
    }
    if column >= limits.columns {
        return Err(FileError::TooManyColumns {
            line: row.line,
            limit: limits.columns,
        });
    }
    if row.cells.len() <= column {
        row.cells.resize(column + 1, Cell::Text(String::new()));
    }
    row.cells[column] = cell;
    Ok(())
}

fn finish(row: &mut Row, sink: &mut RowSink<'_>) -> Result<(), FileError> {
    let cells = std::mem::take(&mut row.cells);
    if cells.is_empty() {
        return Ok(());
    }
    sink(Row {
        line: row.line,
        cells,
    })
}

fn cell_of(value: &DataRef<'_>) -> Cell {
    match value {
        DataRef::Empty => Cell::Text(String::new()),
        DataRef::SharedString(text) => Cell::Text((*text).to_owned()),
        DataRef::Int(number) => Cell::Text(number.to_string()),
        DataRef::Float(number) => number_cell(*number),
        DataRef::Bool(truth) => Cell::Text(truth.to_string()),
        DataRef::DateTime(at) => {
            let (year, month, day, ..) = at.to_ymd_hms_milli();
            date_cell(year, month, day)
        }
        DataRef::String(text) | DataRef::DateTimeIso(text) | DataRef::DurationIso(text) => {
            Cell::Text(text.clone())
        }
        DataRef::Error(_) => Cell::Fault,
    }
}

/// A number typed as a number: `20230001`, never `2.0230001E7`. Spreadsheets keep 15 digits.
fn number_cell(number: f64) -> Cell {
    if !number.is_finite() {
        Cell::Fault
    } else if number.abs() >= 1e15 {
        Cell::Lossy
    } else {
        // Display of an f64 never uses an exponent.
        Cell::Text(number.to_string())
    }
}

fn date_cell(year: u16, month: u8, day: u8) -> Cell {
    let date = i16::try_from(year)
        .ok()
        .zip(i8::try_from(month).ok().zip(i8::try_from(day).ok()))
        .and_then(|(year, (month, day))| Date::new(year, month, day).ok());
    date.map_or(Cell::Fault, Cell::Date)
}

fn damaged(error: impl std::fmt::Display) -> FileError {
    FileError::Workbook(error.to_string())
}

/// Unpacks every part once, to count: what the archive says of itself need not be true.
fn weigh(file: &mut File, limits: &Limits) -> Result<(), FileError> {
    refuse_zip64(file).map_err(damaged)?;
    let mut archive = ZipArchive::new(BufReader::new(&mut *file)).map_err(damaged)?;
    if archive.len() > MOST_PARTS {
        return Err(FileError::Workbook(format!(
            "it has more than {MOST_PARTS} parts"
        )));
    }
    let mut total = 0;
    for index in 0..archive.len() {
        let part = archive.by_index(index).map_err(damaged)?;
        let name = part.name().map_err(damaged)?.into_owned();
        let own = if name.contains("worksheets/") {
            limits.inflated_bytes
        } else if name.contains("sharedStrings") {
            SHARED_TEXTS
        } else {
            SMALL_PART
        };
        let most = own.min(limits.inflated_bytes - total).min(
            part.compressed_size()
                .saturating_mul(limits.ratio)
                .max(RATIO_COUNTS_FROM),
        );
        total += weigh_part(part, &name, most)?;
    }
    drop(archive);
    file.seek(SeekFrom::Start(0)).map_err(damaged)?;
    Ok(())
}

/// Counts the bytes of a part and looks for what no workbook needs (XML-04).
fn weigh_part(mut part: impl Read, name: &str, most: u64) -> Result<u64, FileError> {
    const NEEDLE: &[u8] = b"<!doctype";
    let lower = name.to_ascii_lowercase();
    let is_xml = [".xml", ".rels", ".vml"]
        .iter()
        .any(|ending| lower.ends_with(ending));
    let bomb = || FileError::Bomb {
        part: name.to_owned(),
    };
    let mut chunk = vec![0; 64 << 10];
    let mut tail: Vec<u8> = Vec::new();
    let (mut total, mut text) = (0_u64, 0_usize);
    loop {
        let count = part.read(&mut chunk).map_err(damaged)?;
        if count == 0 {
            return Ok(total);
        }
        total += count as u64;
        if total > most {
            return Err(bomb());
        }
        if !is_xml {
            continue;
        }
        for byte in &chunk[..count] {
            text = if *byte == b'<' { 0 } else { text + 1 };
            if text > LONGEST_TEXT {
                return Err(bomb());
            }
        }
        // Also catches UTF-16, in which the needle would not be found.
        if chunk[..count].contains(&0) {
            return Err(FileError::Workbook(format!("{name} is not UTF-8")));
        }
        tail.extend(chunk[..count].iter().map(u8::to_ascii_lowercase));
        if tail.windows(NEEDLE.len()).any(|window| window == NEEDLE) {
            return Err(FileError::DocumentType {
                part: name.to_owned(),
            });
        }
        tail.drain(..tail.len().saturating_sub(NEEDLE.len() - 1));
    }
}

/// Only an archive of 65,535 parts or 4 GiB needs the larger format, and its directory could fill
/// the memory before anything is counted.
fn refuse_zip64(file: &mut File) -> std::io::Result<()> {
    const TAIL: u64 = (64 << 10) + 64;
    let length = file.seek(SeekFrom::End(0))?;
    file.seek(SeekFrom::Start(length.saturating_sub(TAIL)))?;
    let mut tail = Vec::new();
    (&mut *file).take(TAIL).read_to_end(&mut tail)?;
    file.seek(SeekFrom::Start(0))?;
    if tail.windows(4).any(|window| window == b"PK\x06\x07") {
        return Err(std::io::Error::other("a zip64 archive"));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_keep_their_digits_and_say_when_they_lost_some() {
        assert_eq!(number_cell(20_230_001.0), Cell::Text("20230001".into()));
        assert_eq!(
            number_cell(13_800_000_001.0),
            Cell::Text("13800000001".into())
        );
        assert_eq!(
            number_cell(999_999_999_999_999.0),
            Cell::Text("999999999999999".into())
        );
        assert_eq!(number_cell(1.5), Cell::Text("1.5".into()));
        assert_eq!(number_cell(110_105_194_912_310_000.0), Cell::Lossy);
        assert_eq!(number_cell(f64::NAN), Cell::Fault);
    }
}
