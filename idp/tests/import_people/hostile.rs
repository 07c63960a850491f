//! Files that mean no good (IMP-02, IMP-09, XML-04).

use std::io::Write;
use std::time::{Duration, Instant};

use idp::accounts::import::{FileError, ImportError};
use migrations::IDP;
use migrations::testing::engines;
use rust_xlsxwriter::Workbook;

use crate::campus::{Campus, Expected, HEADER, ID_A};

#[tokio::test] // IMP-09
async fn hostile_text_files_are_refused_quickly() {
    for db in engines(&[IDP]).await.take(1) {
        let mut campus = Campus::new(&db);
        let line = format!("s1,李明,{ID_A},学生,,,,,,\n");
        let cases: Vec<(&str, Vec<u8>, Expected)> = vec![
            ("empty", vec![], |e| matches!(e, FileError::Empty)),
            ("blank lines", b"\n\n , , \n".to_vec(), |e| {
                matches!(e, FileError::Empty)
            }),
            (
                "a quote that is never closed",
                format!("{HEADER}\n\"{}", "x,\n".repeat(30_000_000 / 3)).into_bytes(),
                |e| matches!(e, FileError::LineTooLong { line: 2, .. }),
            ),
            ("a line without end", vec![b'a'; 30_000_000], |e| {
                matches!(e, FileError::LineTooLong { line: 1, .. })
            }),
            ("a million columns", vec![b','; 60_000], |e| {
                matches!(e, FileError::Empty)
            }),
            ("too many columns", "a,".repeat(65).into_bytes(), |e| {
                matches!(e, FileError::TooManyColumns { line: 1, limit: 64 })
            }),
            ("NUL", format!("{HEADER}\ns\01{line}").into_bytes(), |e| {
                matches!(e, FileError::Nul)
            }),
            (
                "UTF-16",
                HEADER.encode_utf16().flat_map(u16::to_le_bytes).collect(),
                |e| matches!(e, FileError::Nul | FileError::Encoding),
            ),
            (
                "broken UTF-8",
                [format!("{HEADER}\n{line}").as_bytes(), b"s2,\xe6\x9d,x\n"].concat(),
                |e| matches!(e, FileError::BrokenUtf8 { line: 3 }),
            ),
            (
                "neither encoding",
                b"number,name\n\xff\xff,\x81\x20\n".to_vec(),
                |e| matches!(e, FileError::Encoding),
            ),
            (
                "an old workbook",
                b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1".to_vec(),
                |e| matches!(e, FileError::OldWorkbook),
            ),
        ];
        for (name, content, expected) in cases {
            let path = campus.file("people.csv", content);
            let began = Instant::now();
            match campus.import_file(&path).await {
                Err(ImportError::File(error)) if expected(&error) => {}
                other => panic!("{name}: {other:?}"),
            }
            assert!(
                began.elapsed() < Duration::from_secs(10),
                "{name}: {:?}",
                began.elapsed()
            );
        }
        campus.options.limits.rows = 2;
        let three = "s1,李明,x,学生,,,,,,\n".repeat(3);
        let error = campus.lines(&three).await.unwrap_err();
        assert!(
            matches!(
                error,
                ImportError::File(FileError::TooManyRows { limit: 2 })
            ),
            "{error}"
        );
        campus.options.limits.file_bytes = 10;
        let error = campus.lines(&line).await.unwrap_err();
        assert!(
            matches!(error, ImportError::File(FileError::TooLarge { limit: 10 })),
            "{error}"
        );
        assert_eq!(campus.footprint().await, [0; 5]);
    }
}

/// A workbook of parts.
fn archive(parts: &[(&str, &[u8])]) -> Vec<u8> {
    let mut zip = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    for (name, content) in parts {
        zip.start_file(*name, zip::write::SimpleFileOptions::default())
            .unwrap();
        zip.write_all(content).unwrap();
    }
    zip.finish().unwrap().into_inner()
}

#[tokio::test] // IMP-02, XML-04
async fn hostile_workbooks_are_refused_before_they_are_unpacked() {
    for db in engines(&[IDP]).await.take(1) {
        let campus = Campus::new(&db);
        let zeros = vec![b' '; 40 << 20];
        let many: Vec<(String, &[u8])> = (0..1001)
            .map(|n| (format!("p{n}.xml"), b"<a/>".as_slice()))
            .collect();
        let many: Vec<(&str, &[u8])> = many.iter().map(|(n, c)| (n.as_str(), *c)).collect();
        let laughs = br#"<?xml version="1.0"?><!DocType x [<!ENTITY a "aaaaaaaaaa">]><x>&a;</x>"#;
        let padded = [vec![b' '; (64 << 10) - 4], b"<!DOCTYPE x>".to_vec()].concat();
        let long_text = [
            b"<sst><si><t>".to_vec(),
            vec![b'x'; (1 << 20) + 2],
            b"</t></si></sst>".to_vec(),
        ]
        .concat();
        let utf16: Vec<u8> = "<x/>".encode_utf16().flat_map(u16::to_le_bytes).collect();
        let cases: Vec<(&str, Vec<u8>, Expected)> = vec![
            (
                "ratio",
                archive(&[("xl/worksheets/sheet1.xml", &zeros)]),
                |e| matches!(e, FileError::Bomb { part } if part.contains("sheet1")),
            ),
            (
                "a large small part",
                archive(&[("xl/media/image.png", &zeros)]),
                |e| matches!(e, FileError::Bomb { .. }),
            ),
            (
                "entities",
                archive(&[("xl/workbook.xml", laughs)]),
                |e| matches!(e, FileError::DocumentType { part } if part == "xl/workbook.xml"),
            ),
            (
                "across two reads",
                archive(&[("xl/styles.xml", &padded)]),
                |e| matches!(e, FileError::DocumentType { .. }),
            ),
            (
                "a text of a megabyte",
                archive(&[("xl/sharedStrings.xml", &long_text)]),
                |e| matches!(e, FileError::Bomb { .. }),
            ),
            ("UTF-16", archive(&[("xl/workbook.xml", &utf16)]), |e| {
                matches!(e, FileError::Workbook(_))
            }),
            (
                "parts",
                archive(&many),
                |e| matches!(e, FileError::Workbook(why) if why.contains("1000 parts")),
            ),
            ("nothing in it", archive(&[("readme.txt", b"x")]), |e| {
                matches!(e, FileError::Workbook(_))
            }),
            (
                "cut off",
                archive(&[("a.xml", b"<a/>")])[..40].to_vec(),
                |e| matches!(e, FileError::Workbook(_)),
            ),
            (
                "zip64",
                [archive(&[("a.xml", b"<a/>")]).as_slice(), b"PK\x06\x07"].concat(),
                |e| matches!(e, FileError::Workbook(_)),
            ),
        ];
        for (name, content, expected) in cases {
            let path = campus.file("people.xlsx", content);
            let began = Instant::now();
            match campus.import_file(&path).await {
                Err(ImportError::File(error)) if expected(&error) => {}
                other => panic!("{name}: {other:?}"),
            }
            assert!(
                began.elapsed() < Duration::from_secs(20),
                "{name}: {:?}",
                began.elapsed()
            );
        }
    }
}

#[tokio::test] // IMP-02
async fn a_workbook_that_is_too_wide_or_in_disorder_is_refused() {
    for db in engines(&[IDP]).await.take(1) {
        let campus = Campus::new(&db);
        let mut workbook = Workbook::new();
        workbook
            .add_worksheet()
            .write_string(0, 16_383, "far away")
            .unwrap();
        let path = campus.file("people.xlsx", workbook.save_to_buffer().unwrap());
        let error = campus.import_file(&path).await.unwrap_err();
        assert!(
            matches!(
                error,
                ImportError::File(FileError::TooManyColumns { line: 1, limit: 64 })
            ),
            "{error}"
        );

        let mut plain = Workbook::new();
        plain.add_worksheet().write_string(0, 0, "x").unwrap();
        let plain = plain.save_to_buffer().unwrap();
        let rows = |first: u32, then: u32| {
            format!(
                "<worksheet><sheetData><row r=\"{first}\"><c r=\"A{first}\" t=\"str\"><v>a</v></c></row><row r=\"{then}\"><c r=\"A{then}\" t=\"str\"><v>b</v></c></row></sheetData></worksheet>"
            )
        };
        let path = campus.file("people.xlsx", with_sheet(&plain, rows(5, 2).as_bytes()));
        let error = campus.import_file(&path).await.unwrap_err();
        assert!(
            matches!(error, ImportError::File(FileError::RowOrder { line: 2 })),
            "{error}"
        );
    }
}

/// The workbook with another first sheet.
fn with_sheet(workbook: &[u8], sheet: &[u8]) -> Vec<u8> {
    let mut source = zip::ZipArchive::new(std::io::Cursor::new(workbook)).unwrap();
    let mut parts = Vec::new();
    for index in 0..source.len() {
        let mut part = source.by_index(index).unwrap();
        let name = part.name().unwrap().into_owned();
        let mut content = Vec::new();
        std::io::Read::read_to_end(&mut part, &mut content).unwrap();
        parts.push((name, content));
    }
    let parts: Vec<(&str, &[u8])> = parts
        .iter()
        .map(|(name, content)| {
            let replaced = name.contains("worksheets/sheet1.xml");
            (
                name.as_str(),
                if replaced { sheet } else { content.as_slice() },
            )
        })
        .collect();
    archive(&parts)
}
