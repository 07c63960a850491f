//! Files are read as people see them.

use idp::accounts::import::{Column, FileKind, ImportError};
use idp_domain::accounts::AdmissionNumber;
use migrations::IDP;
use migrations::testing::engines;
use rust_xlsxwriter::{ExcelDateTime, Format, Formula, Workbook};

use crate::campus::{Campus, ID_A};

#[tokio::test]
async fn encodings_separators_and_headers_are_recognised() {
    for db in engines(&[IDP]).await {
        let campus = Campus::new(&db);
        let english = format!(
            "Name,NUMBER,id_number,affiliation\r\n\"Li, \"\"Ming\"\"\",s1,{ID_A},student\r\n"
        );
        let files: [(&str, Vec<u8>, FileKind); 6] = [
            ("plain", english.clone().into_bytes(), FileKind::CsvUtf8),
            (
                "bom",
                format!("\u{feff}{english}").into_bytes(),
                FileKind::CsvUtf8,
            ),
            (
                "semicolon",
                english
                    .replace("Li, ", "Li; ")
                    .replace(',', ";")
                    .into_bytes(),
                FileKind::CsvUtf8,
            ),
            (
                "tab",
                english
                    .replace("Li, ", "Li\t")
                    .replace(',', "\t")
                    .replace("Li\t", "Li ")
                    .into_bytes(),
                FileKind::CsvUtf8,
            ),
            (
                "old macintosh",
                english.replace("\r\n", "\r").into_bytes(),
                FileKind::CsvUtf8,
            ),
            (
                "gb18030",
                encoding_rs::GB18030
                    .encode(&format!(
                        "姓名,学号,证件号码,人员类型\n李𠮷明,s1,{ID_A},本科生\n"
                    ))
                    .0
                    .into_owned(),
                FileKind::CsvGb18030,
            ),
        ];
        for (name, content, kind) in files {
            let report = campus
                .import(content)
                .await
                .unwrap_or_else(|e| panic!("{name}: {e}"));
            assert_eq!(report.kind, kind, "{name}");
            assert_eq!(report.counts.lines, 1, "{name}");
        }
        assert_eq!(campus.account("s1").await.unwrap().name, "李𠮷明");
    }
}

#[tokio::test]
async fn a_workbook_is_read_as_it_is_seen() {
    for db in engines(&[IDP]).await {
        let campus = Campus::new(&db);
        let mut workbook = Workbook::new();
        let sheet = workbook.add_worksheet();
        for (column, title) in [
            "学号",
            "姓名",
            "证件号",
            "人员类型",
            "手机号",
            "失效",
            "录取号",
        ]
        .into_iter()
        .enumerate()
        {
            sheet
                .write_string(0, u16::try_from(column).unwrap(), title)
                .unwrap();
        }
        // Row 2 stays blank.
        sheet.write_number(2, 0, 20_230_001).unwrap();
        sheet.write_string(2, 1, "李明").unwrap();
        sheet.write_string(2, 2, ID_A).unwrap();
        sheet.write_string(2, 3, "本科生").unwrap();
        sheet.write_number(2, 4, 13_800_000_001_f64).unwrap();
        let date = Format::new().set_num_format("yyyy-mm-dd");
        let last = ExcelDateTime::from_ymd(2030, 6, 30).unwrap();
        sheet
            .write_datetime_with_format(2, 5, &last, &date)
            .unwrap();
        sheet.write_string(2, 6, "LQ-2026-0001").unwrap();
        workbook
            .add_worksheet()
            .write_string(0, 0, "not read")
            .unwrap();
        let path = campus.file("people.xlsx", workbook.save_to_buffer().unwrap());

        let report = campus.import_file(&path).await.unwrap();
        assert_eq!((report.kind, report.counts.new), (FileKind::Xlsx, 1));
        let li = campus.account("20230001").await.unwrap();
        assert_eq!(li.display_number, "20230001");
        assert_eq!(
            li.valid_until,
            Some("2030-07-01T00:00:00+08:00".parse().unwrap())
        );
        assert_eq!(
            campus.open_phone(li.person, &li.school_phone.unwrap().0),
            "+8613800000001"
        );
        let admission = li.admission_mac.unwrap();
        assert!(AdmissionNumber::matches(
            &campus.keys,
            li.person,
            "lq-2026-0001",
            &admission
        ));
    }
}

#[tokio::test]
async fn what_a_spreadsheet_has_spoilt_is_said_so() {
    for db in engines(&[IDP]).await {
        let campus = Campus::new(&db);
        let mut workbook = Workbook::new();
        let sheet = workbook.add_worksheet();
        for (column, title) in ["number", "name", "id_number", "affiliation"]
            .into_iter()
            .enumerate()
        {
            sheet
                .write_string(0, u16::try_from(column).unwrap(), title)
                .unwrap();
        }
        sheet.write_string(1, 0, "s1").unwrap();
        sheet
            .write_formula(1, 1, Formula::new("=NA()").set_result("#N/A"))
            .unwrap();
        sheet.write_number(1, 2, 1.101_051_949_123_1e17).unwrap();
        sheet.write_string(1, 3, "student").unwrap();
        sheet.write_string(1, 9, "beyond").unwrap();
        let path = campus.file("people.xlsx", workbook.save_to_buffer().unwrap());
        let Err(ImportError::BadLines(report)) = campus.import_file(&path).await else {
            panic!("imported");
        };
        let told: Vec<(u64, Option<Column>)> =
            report.bad.iter().map(|b| (b.line, b.column)).collect();
        assert_eq!(
            told,
            [
                (2, None),
                (2, Some(Column::Name)),
                (2, Some(Column::IdNumber))
            ]
        );
        assert!(
            report.bad[2].reason.contains("format the column as text"),
            "{}",
            report.bad[2]
        );
    }
}
