//! Writes a file of synthetic people, to try an import with:
//!
//! ```sh
//! cargo run --release -p idp --example generate_people -- 100000 people.csv
//! cargo run --release -p idp --example generate_people -- 100000 people.xlsx
//! cargo run --release -p idp --example generate_people -- 100000 people.csv --gb18030 --seed 7
//! ```

mod synthetic;

use std::error::Error;
use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::Path;

use encoding_rs::GB18030;
use rust_xlsxwriter::Workbook;
use synthetic::{HEADER, people};

fn main() -> Result<(), Box<dyn Error>> {
    let mut positional = Vec::new();
    let (mut seed, mut gb18030) = (1, false);
    let mut words = std::env::args().skip(1);
    while let Some(word) = words.next() {
        match word.as_str() {
            "--seed" => seed = words.next().ok_or("--seed needs a number")?.parse()?,
            "--gb18030" => gb18030 = true,
            _ => positional.push(word),
        }
    }
    let [count, path] = positional.as_slice() else {
        return Err("usage: generate_people N FILE [--seed S] [--gb18030]".into());
    };
    let (count, path) = (count.parse()?, Path::new(path));
    if path
        .extension()
        .is_some_and(|ending| ending.eq_ignore_ascii_case("xlsx"))
    {
        write_xlsx(path, count, seed)
    } else {
        write_csv(path, count, seed, gb18030)
    }
}

fn write_csv(path: &Path, count: usize, seed: u64, gb18030: bool) -> Result<(), Box<dyn Error>> {
    let mut file = BufWriter::new(File::create(path)?);
    let mut line = |cells: &[String]| -> std::io::Result<()> {
        let text = cells.join(",") + "\r\n";
        if gb18030 {
            file.write_all(&GB18030.encode(&text).0)
        } else {
            file.write_all(text.as_bytes())
        }
    };
    line(&HEADER.map(str::to_owned))?;
    for row in people(count, seed) {
        line(&row)?;
    }
    Ok(file.flush()?)
}

fn write_xlsx(path: &Path, count: usize, seed: u64) -> Result<(), Box<dyn Error>> {
    let mut workbook = Workbook::new();
    let sheet = workbook.add_worksheet();
    for (row, cells) in std::iter::once(HEADER.map(str::to_owned))
        .chain(people(count, seed))
        .enumerate()
    {
        for (column, text) in cells.iter().enumerate() {
            sheet.write_string(u32::try_from(row)?, u16::try_from(column)?, text)?;
        }
    }
    Ok(workbook.save(path)?)
}
