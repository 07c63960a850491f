//! The file of bad lines: the columns as they were, each line's faults beside them, id numbers
//! masked (IMP-07), nothing that a spreadsheet would calculate (IMP-01).

use std::borrow::Cow;
use std::collections::HashMap;
use std::fs::{File, OpenOptions};
use std::io::{BufWriter, Write};
use std::path::Path;

use super::cell::{Row, guard_formula};
use super::column::{Column, Header};
use super::file::{FileError, Limits, read_rows};
use super::report::BadLine;

const REASON: &str = "原因 (reason)";
/// A run of so many digits is an id number, in whichever column it came.
const ID_NUMBER_DIGITS: usize = 15;

/// Writes the bad lines of `source` to `target`, readable by its owner only.
pub(super) fn write(
    source: &Path,
    limits: &Limits,
    header: &Header,
    bad: &[BadLine],
    target: &Path,
) -> Result<(), RejectsError> {
    if std::fs::canonicalize(target)
        .is_ok_and(|t| std::fs::canonicalize(source).is_ok_and(|s| s == t))
    {
        return Err(RejectsError::Same);
    }
    let mut reasons: HashMap<u64, Vec<String>> = HashMap::new();
    for bad in bad {
        let reason = match bad.column {
            Some(column) => format!("{}: {}", column.chinese(), bad.reason),
            None => bad.reason.clone(),
        };
        reasons.entry(bad.line).or_default().push(reason);
    }
    let mut file = BufWriter::new(create(target)?);
    // Without the mark, Excel takes the file for the local code page.
    file.write_all("\u{feff}".as_bytes())?;
    let mut writer = csv::Writer::from_writer(file);
    writer.write_record(
        header
            .titles
            .iter()
            .map(|t| guard_formula(t))
            .chain([Cow::Borrowed(REASON)])
            .map(Cow::into_owned),
    )?;
    let mut failed = None;
    read_rows(source, limits, &mut |row| {
        if let Some(reasons) = reasons.get(&row.line)
            && failed.is_none()
        {
            failed = writer.write_record(line(header, &row, reasons)).err();
        }
        Ok(())
    })?;
    if let Some(error) = failed {
        return Err(error.into());
    }
    writer
        .into_inner()
        .map_err(csv::IntoInnerError::into_error)?
        .into_inner()
        .map_err(std::io::IntoInnerError::into_error)?
        .sync_all()?;
    Ok(())
}

/// Why the file of bad lines could not be written.
#[derive(Debug, thiserror::Error)]
pub enum RejectsError {
    #[error(transparent)]
    Io(#[from] std::io::Error),
    #[error(transparent)]
    Csv(#[from] csv::Error),
    #[error("is the file to be imported; name another one for its bad lines")]
    Same,
    #[error("the source could not be read again: {0}")]
    Source(#[from] FileError),
}

fn create(target: &Path) -> std::io::Result<File> {
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(target)
}

fn line(header: &Header, row: &Row, reasons: &[String]) -> Vec<String> {
    let mut cells: Vec<String> = (0..header.titles.len())
        .map(|at| {
            let text = row
                .cells
                .get(at)
                .map(|cell| cell.text())
                .unwrap_or_default();
            let is_id = header.columns().get(at) == Some(&Column::IdNumber);
            let masked = if is_id {
                mask(&text)
            } else {
                mask_long_digits(&text)
            };
            guard_formula(&masked).into_owned()
        })
        .collect();
    cells.push(guard_formula(&reasons.join("; ")).into_owned());
    cells
}

/// All but a quarter at each end, four characters at most.
fn mask(text: &str) -> String {
    let length = text.chars().count();
    let shown = (length / 4).min(4);
    text.chars()
        .enumerate()
        .map(|(at, c)| {
            if at < shown || at + shown >= length {
                c
            } else {
                '*'
            }
        })
        .collect()
}

fn mask_long_digits(text: &str) -> String {
    let mut masked = String::with_capacity(text.len());
    let mut run = String::new();
    for c in text.chars().chain(['\0']) {
        if c.is_ascii_digit()
            || ('０'..='９').contains(&c)
            || (!run.is_empty() && "xXｘＸ".contains(c))
        {
            run.push(c);
            continue;
        }
        let long = run.chars().count() >= ID_NUMBER_DIGITS;
        masked.push_str(&if long {
            mask(&run)
        } else {
            std::mem::take(&mut run)
        });
        run.clear();
        masked.push(c);
    }
    masked.pop();
    masked
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test] // IMP-07
    fn id_numbers_are_masked_wherever_they_stand() {
        assert_eq!(mask("11010519491231002X"), "1101**********002X");
        assert_eq!(mask("E1234"), "E***4");
        assert_eq!(mask_long_digits("11010519491231002X"), "1101**********002X");
        assert_eq!(
            mask_long_digits("id 110105194912310 ok"),
            "id 110*********310 ok"
        );
        assert_eq!(
            mask_long_digits("１１０１０５１９４９１２３１００２Ｘ")
                .chars()
                .filter(|c| *c == '*')
                .count(),
            10
        );
        for same in [
            "",
            "李明",
            "20230001",
            "+8613800000001",
            "2026-09-01",
            "xyz",
        ] {
            assert_eq!(mask_long_digits(same), same);
        }
    }
}
