//! What is wrong with a line is said, and nothing of its file is taken.

use std::fs;

use idp::accounts::import::{Column, Counts, ImportError};
use migrations::IDP;
use migrations::testing::engines;

use crate::campus::{Campus, HEADER, ID_A, ID_B, ID_C, counts};
use crate::synthetic;

#[tokio::test]
async fn each_fault_is_told_with_line_column_and_reason() {
    for db in engines(&[IDP]).await.take(1) {
        let campus = Campus::new(&db);
        let good = format!("s1,李明,{ID_A},学生,男,院/系,13800000001,a@b.cn,2026-09-01,2027-09-01");
        let cells: Vec<&str> = good.split(',').collect();
        let cases = [
            (0, "", Column::Number, "is empty"),
            (0, "a", Column::Number, "2 to 64"),
            (0, "аdmin", Column::Number, "letters a to z"),
            (0, "Yimen-Probe", Column::Number, "doctor's probe"),
            (1, "", Column::Name, "is empty"),
            (1, "李\u{1}明", Column::Name, "XML"),
            (2, "", Column::IdNumber, "initial password"),
            (2, "110105194912310021", Column::IdNumber, "check digit"),
            (
                2,
                "11010519490230002X",
                Column::IdNumber,
                "birth date that doesn't exist",
            ),
            (2, "1101051949123100", Column::IdNumber, "18 characters"),
            (2, "12345678", Column::IdNumber, "which document"),
            (2, "110105209912310029", Column::IdNumber, "future"),
            (3, "", Column::Affiliation, "is empty"),
            (3, "管理员", Column::Affiliation, "affiliation"),
            (4, "x", Column::Sex, "男, 女"),
            (5, "院//系", Column::Org, "empty name"),
            (5, "1/2/3/4/5/6/7/8/9/10/11", Column::Org, "10 levels"),
            (6, "12345", Column::Phone, "mainland"),
            (6, "010-62751234", Column::Phone, "mainland"),
            (7, "a@b", Column::Email, "name@example.edu"),
            (8, "2026-02-30", Column::ValidFrom, "date"),
            (8, "9999-12-31", Column::ValidFrom, "1900 and 2199"),
            (9, "2026-08-31", Column::ValidUntil, "before the first day"),
        ];
        for (at, value, column, reason) in cases {
            let mut line = cells.clone();
            line[at] = value;
            let bad = campus.bad(&line.join(",")).await;
            assert_eq!(bad.len(), 1, "{value}: {bad:?}");
            assert_eq!(
                (bad[0].line, bad[0].column),
                (2, Some(column)),
                "{value}: {bad:?}"
            );
            assert!(bad[0].reason.contains(reason), "{value}: {bad:?}");
            let shown = bad[0].to_string();
            assert!(
                shown.starts_with("line 2, ") && shown.contains(column.chinese()),
                "{shown}"
            );
        }
        // All faults of all lines, in order.
        let bad = campus
            .bad(&format!(
                "{good}\ns1,李明,{ID_B},学生,,,,,,\n,,,,,,1,,,\n{good},extra\n"
            ))
            .await;
        let told: Vec<_> = bad.iter().map(|b| (b.line, b.column)).collect();
        assert_eq!(
            told[..2],
            [(3, Some(Column::Number)), (4, Some(Column::Number))]
        );
        assert!(bad[0].reason.contains("line 2"), "{}", bad[0]);
        assert_eq!(told.iter().filter(|(line, _)| *line == 4).count(), 5);
        assert!(told.contains(&(5, None)), "{told:?}");
        assert_eq!(campus.footprint().await, [0; 5]);
    }
}

#[tokio::test] // IMP-03: one bad line changes nothing
async fn a_file_with_one_bad_line_changes_nothing() {
    for db in engines(&[IDP]).await {
        let campus = Campus::new(&db);
        let mut lines: Vec<String> = synthetic::people(700, 3).map(|row| row.join(",")).collect();
        lines[650] = lines[650].replace("居民身份证", "学生证");
        let content = format!("{}\n{}\n", synthetic::HEADER.join(","), lines.join("\n"));
        let Err(ImportError::BadLines(report)) = campus.import(content).await else {
            panic!("imported");
        };
        assert_eq!((report.bad.len(), report.bad[0].line), (1, 652));
        assert_eq!((report.counts.lines, report.counts.refused), (700, 1));
        assert_eq!(campus.footprint().await, [0; 5]);
    }
}

#[tokio::test] // IMP-01, IMP-07
async fn bad_lines_go_to_a_file_masked_and_harmless() {
    for db in engines(&[IDP]).await {
        let mut campus = Campus::new(&db);
        let rejects = campus.folder.path().join("bad.csv");
        campus.options.skip_bad = Some(rejects.clone());
        let report = campus
            .lines(&format!(
                "s1,李明,{ID_A},学生,,,,,,\n\
                 s2,=HYPERLINK(1),{ID_B},学生,,@SUM(A1),12345,,,\n\
                 s3,{ID_C},110105194912310021,学生,,,,,,\n"
            ))
            .await
            .unwrap();
        assert_eq!(
            counts(&report),
            Counts {
                lines: 3,
                new: 1,
                refused: 2,
                ..Counts::default()
            }
        );
        assert!(campus.account("s1").await.is_some() && campus.account("s2").await.is_none());

        let text = fs::read_to_string(&rejects).unwrap();
        let text = text.strip_prefix('\u{feff}').unwrap();
        assert!(
            text.starts_with(&format!("{HEADER},原因 (reason)")),
            "{text}"
        );
        assert!(
            text.contains("'=HYPERLINK(1)") && text.contains("'@SUM(A1)"),
            "{text}"
        );
        assert!(
            text.contains("4401**********0002") && text.contains("1101**********0021"),
            "{text}"
        );
        assert!(
            text.contains("4201**********0001"),
            "an id number in another column: {text}"
        );
        for whole in [ID_A, ID_B, ID_C, "110105194912310021"] {
            assert!(!text.contains(whole), "{text}");
            assert!(!format!("{report:?}").contains(whole));
        }
        assert_eq!(text.lines().count(), 3);
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            assert_eq!(
                fs::metadata(&rejects).unwrap().permissions().mode() & 0o777,
                0o600
            );
        }
        // Our own mark, and nothing else, comes off when a line is imported again.
        campus.options.skip_bad = None;
        let repaired =
            format!("s2,'=HYPERLINK(1),{ID_B},学生,,,,,,\ns3,'quoted',{ID_C},学生,,,,,,\n");
        campus.lines(&repaired).await.unwrap();
        assert_eq!(campus.account("s3").await.unwrap().name, "'quoted'");
        assert_eq!(campus.account("s2").await.unwrap().name, "=HYPERLINK(1)");
    }
}

#[tokio::test]
async fn a_file_of_bad_lines_that_cannot_be_written_stops_the_import() {
    for db in engines(&[IDP]).await.take(1) {
        let mut campus = Campus::new(&db);
        campus.options.skip_bad = Some(campus.folder.path().join("nowhere/bad.csv"));
        let result = campus
            .lines(&format!("s1,李明,{ID_A},学生,,,,,,\ns2,,,,,,,,,\n"))
            .await;
        assert!(
            matches!(result, Err(ImportError::Rejects { .. })),
            "{result:?}"
        );
        // Least of all is the source itself overwritten.
        let source = campus.file("people.csv", format!("{HEADER}\ns2,,,,,,,,,\n"));
        campus.options.skip_bad = Some(source.clone());
        let result = campus.import_file(&source).await;
        assert!(
            matches!(result, Err(ImportError::Rejects { .. })),
            "{result:?}"
        );
        assert!(
            fs::read_to_string(&source)
                .unwrap()
                .ends_with("s2,,,,,,,,,\n")
        );
        assert_eq!(campus.footprint().await, [0; 5]);
    }
}
