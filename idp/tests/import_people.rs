//! `yimen import people`, from files to what can be seen afterwards, on both engines.
#![expect(clippy::unwrap_used, reason = "a test stops where its set-up fails")]

#[path = "../examples/synthetic/mod.rs"]
mod synthetic;

use std::cell::Cell;
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use idp::accounts::import::{
    BadLine, Column, Counts, FileError, FileKind, HeaderError, ImportError, ImportOptions,
    ImportReport, Progress, Warning, import_people,
};
use idp_domain::Timestamp;
use idp_domain::accounts::{AdmissionNumber, InitialRule, PhoneNumber, matches_initial};
use idp_domain::ids::PersonId;
use idp_domain::secrets::{Keyring, MasterKey, Use};
use idp_storage::{Db, persons, roles};
use jiff::tz::{Offset, TimeZone};
use migrations::testing::engines;
use migrations::{IDP, run};
use rand::SeedableRng;
use rand::rngs::StdRng;
use rust_xlsxwriter::{ExcelDateTime, Format, Formula, Workbook};
use tempfile::TempDir;

/// The example of GB 11643 and others with a right check digit.
const ID_A: &str = "11010519491231002X";
const ID_B: &str = "440106197701020002";
const ID_C: &str = "420111197801010001";

const HEADER: &str = "学工号,姓名,证件号,人员类型,性别,部门,手机号,邮箱,生效,失效";

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_second(1_790_000_000 + seconds).unwrap()
}

struct Campus<'a> {
    db: &'a Db,
    keys: Keyring,
    folder: TempDir,
    options: ImportOptions,
    now: Timestamp,
    /// Each import draws other ids.
    seed: Cell<u64>,
}

impl<'a> Campus<'a> {
    fn new(db: &'a Db) -> Self {
        let shanghai = TimeZone::fixed(Offset::constant(8));
        Self {
            db,
            keys: Keyring::new(&MasterKey::generate(&mut StdRng::seed_from_u64(1))),
            folder: TempDir::new().unwrap(),
            options: ImportOptions::new(InitialRule::Last6, shanghai),
            now: at(0),
            seed: Cell::new(100),
        }
    }

    /// What is sealed opens in its own person's row and nowhere else.
    fn open_phone(&self, person: PersonId, sealed: &[u8]) -> String {
        let place = [b"roster.phone".as_slice(), person.0.as_bytes()].concat();
        let elsewhere = [b"roster.phone".as_slice(), &[0; 16]].concat();
        assert!(self.keys.open(Use::Phone, &elsewhere, sealed).is_err());
        self.keys.open_text(Use::Phone, &place, sealed).unwrap()
    }

    fn rng(&self) -> StdRng {
        self.seed.set(self.seed.get() + 1);
        StdRng::seed_from_u64(self.seed.get())
    }

    fn file(&self, name: &str, content: impl AsRef<[u8]>) -> PathBuf {
        let path = self.folder.path().join(name);
        fs::write(&path, content).unwrap();
        path
    }

    async fn import_file(&self, path: &Path) -> Result<ImportReport, ImportError> {
        let mut rng = self.rng();
        let clock = || self.now;
        import_people(
            self.db,
            &self.keys,
            path,
            &self.options,
            clock,
            &mut rng,
            &mut |_| {},
        )
        .await
    }

    async fn import(&self, content: impl AsRef<[u8]>) -> Result<ImportReport, ImportError> {
        self.import_file(&self.file("people.csv", content)).await
    }

    /// Lines under [`HEADER`].
    async fn lines(&self, lines: &str) -> Result<ImportReport, ImportError> {
        self.import(format!("{HEADER}\n{lines}")).await
    }

    async fn bad(&self, lines: &str) -> Vec<BadLine> {
        match self.lines(lines).await {
            Err(ImportError::BadLines(report)) => {
                assert_eq!(report.published, None);
                report.bad
            }
            other => panic!("{lines}: {other:?}"),
        }
    }

    async fn account(&self, number: &str) -> Option<persons::SignInAccount> {
        let mut conn = self.db.read().await.unwrap();
        persons::for_sign_in(&mut conn, number).await.unwrap()
    }

    async fn person(&self, number: &str) -> Option<PersonId> {
        self.account(number).await.map(|account| account.person)
    }

    async fn count(&self, sql: &'static str) -> i64 {
        let mut conn = self.db.read().await.unwrap();
        run!(conn, c => sqlx::query_scalar(sql).fetch_one(c)).unwrap()
    }

    /// Rows of every table that an import writes.
    async fn footprint(&self) -> [i64; 5] {
        [
            self.count("SELECT count(*) FROM imports").await,
            self.count("SELECT count(*) FROM persons").await,
            self.count("SELECT count(*) FROM roster").await,
            self.count("SELECT count(*) FROM org_units").await,
            self.count("SELECT count(*) FROM audit_events").await,
        ]
    }
}

/// Whether an error is the one that was meant.
type Expected = fn(&FileError) -> bool;

type Columns = (Vec<u8>, Vec<u8>, Vec<u8>, Vec<u8>, Vec<u8>, Vec<u8>);

fn counts(report: &ImportReport) -> Counts {
    report.counts
}

#[tokio::test]
async fn a_first_import_is_all_there() {
    for db in engines(&[IDP]).await {
        let campus = Campus::new(&db);
        let report = campus
            .lines(&format!(
                "20230001,李明,{ID_A},本科生,男,计算机学院/软件工程系,13800000001,li.ming@Example.edu,2026-09-01,2030-06-30\n\
                 T-0009,王芳,{ID_B},教师,女,计算机学院,,,,\n"
            ))
            .await
            .unwrap();
        assert_eq!(report.kind, FileKind::CsvUtf8);
        assert_eq!(
            counts(&report),
            Counts {
                lines: 2,
                new: 2,
                ..Counts::default()
            }
        );
        assert_eq!(
            (report.published, report.bad.len(), report.warnings.len()),
            (Some(1), 0, 0)
        );

        let li = campus.account("20230001").await.unwrap();
        assert_eq!((li.name.as_str(), li.activated), ("李明", false));
        let initial = li.initial_mac.unwrap();
        assert!(matches_initial(&campus.keys, li.person, "31002x", &initial));
        assert!(!matches_initial(
            &campus.keys,
            li.person,
            "310020",
            &initial
        ));
        let (phone, index) = li.school_phone.unwrap();
        assert_eq!(campus.open_phone(li.person, &phone), "+8613800000001");
        let spelt = PhoneNumber::parse("+86 138-0000-0001").unwrap();
        assert_eq!(spelt.index(&campus.keys), index);
        // Valid through the last day, in the school's zone.
        assert_eq!(
            li.valid_from,
            Some("2026-09-01T00:00:00+08:00".parse().unwrap())
        );
        assert_eq!(
            li.valid_until,
            Some("2030-07-01T00:00:00+08:00".parse().unwrap())
        );

        let wang = campus.account("t-0009").await.unwrap();
        assert_eq!(wang.display_number, "T-0009");
        assert!(wang.school_phone.is_none());
        let mut conn = db.read().await.unwrap();
        let holder = persons::holder(&mut conn, li.person)
            .await
            .unwrap()
            .unwrap();
        assert_eq!(
            holder.numbers[0].org.as_deref(),
            Some("计算机学院/软件工程系")
        );
        assert_eq!(campus.footprint().await, [1, 2, 2, 2, 1]);
        assert_eq!(
            campus
                .count("SELECT count(*) FROM audit_events WHERE event = 'import.people'")
                .await,
            1
        );
    }
}

#[tokio::test] // IMP-07
async fn nothing_identifying_is_in_clear_in_the_database() {
    for db in engines(&[IDP]).await {
        let campus = Campus::new(&db);
        campus
            .lines(&format!(
                "20230001,李明,{ID_A},学生,,,13800000001,li@example.edu,,"
            ))
            .await
            .unwrap();
        let mut conn = db.read().await.unwrap();
        let row: Columns = run!(conn, c => sqlx::query_as(
            "SELECT id_number_enc, id_number_index, phone_enc, email_enc, initial_mac, digest FROM roster"
        ).fetch_one(c)).unwrap();
        for column in [row.0, row.1, row.2, row.3, row.4, row.5] {
            let text = String::from_utf8_lossy(&column).into_owned();
            for secret in ["19491231", "31002X", "13800000001", "li@"] {
                assert!(!text.contains(secret));
            }
        }
    }
}

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

#[tokio::test]
async fn a_dry_run_says_what_would_happen_and_writes_nothing() {
    for db in engines(&[IDP]).await {
        let mut campus = Campus::new(&db);
        campus
            .lines(&format!(
                "s1,李明,{ID_A},学生,,,,,,\ns2,王芳,{ID_B},学生,,,,,,\n"
            ))
            .await
            .unwrap();
        let before = campus.footprint().await;
        campus.options.dry_run = true;
        let report = campus
            .lines(&format!(
                "s1,李明,{ID_A},学生,,新学院,,,,\ns2,王芳,{ID_B},学生,,,,,,\nm1,李明,{ID_A},研究生,,,,,,\n\
                 s3,周杰,{ID_C},学生,,,,,,\ns4,坏,1,学生,,,,,,\ns2,王芳,{ID_B},学生,,,,,,\n"
            ))
            .await
            .unwrap();
        let expected = Counts {
            lines: 6,
            new: 1,
            changed: 1,
            unchanged: 1,
            aliases: 1,
            refused: 2,
            reassigned: 0,
        };
        assert_eq!(counts(&report), expected);
        assert_eq!((report.published, report.bad.len()), (None, 2));
        assert_eq!(campus.footprint().await, before);
    }
}

#[tokio::test]
async fn importing_again_changes_only_what_changed() {
    for db in engines(&[IDP]).await {
        let mut campus = Campus::new(&db);
        let file = format!("s1,李明,{ID_A},学生,,院,,,,\ns2,王芳,{ID_B},学生,,院,,,,\n");
        campus.lines(&file).await.unwrap();
        let person = campus.person("s1").await;
        let again = campus.lines(&file).await.unwrap();
        assert_eq!(
            counts(&again),
            Counts {
                lines: 2,
                unchanged: 2,
                ..Counts::default()
            }
        );
        assert_eq!(campus.count("SELECT count(*) FROM roster").await, 2);

        let changed = campus.lines(&file.replace("李明", "李朋")).await.unwrap();
        assert_eq!(
            counts(&changed),
            Counts {
                lines: 2,
                changed: 1,
                unchanged: 1,
                ..Counts::default()
            }
        );
        assert_eq!(campus.account("s1").await.unwrap().name, "李朋");
        assert_eq!(campus.person("s1").await, person);

        // Another rule makes other initial passwords.
        campus.options.rule = InitialRule::Last8;
        let ruled = campus.lines(&file.replace("李明", "李朋")).await.unwrap();
        assert_eq!(ruled.counts.changed, 2);
        let li = campus.account("s1").await.unwrap();
        assert!(matches_initial(
            &campus.keys,
            li.person,
            "1231002X",
            &li.initial_mac.unwrap()
        ));
    }
}

#[tokio::test]
async fn one_id_number_is_one_person_whatever_the_numbers() {
    for db in engines(&[IDP]).await {
        let campus = Campus::new(&db);
        // In one file, however the id number is written.
        let report = campus
            .lines(&format!("s1,李明,{ID_A},学生,,,,,,\nm1,李明,１１０１０５１９４９１２３１００２ｘ,研究生,,,,,,\n"))
            .await
            .unwrap();
        assert_eq!((report.counts.new, report.counts.aliases), (1, 1));
        assert!(report.warnings.is_empty());
        // In a later one.
        let report = campus
            .lines(&format!("d1,李明,{},博士,,,,,,\n", ID_A.to_lowercase()))
            .await
            .unwrap();
        assert_eq!((report.counts.new, report.counts.aliases), (0, 1));
        let person = campus.person("s1").await.unwrap();
        assert_eq!(campus.person("m1").await, Some(person));
        assert_eq!(campus.person("d1").await, Some(person));
        let mut conn = db.read().await.unwrap();
        assert_eq!(
            persons::holder(&mut conn, person)
                .await
                .unwrap()
                .unwrap()
                .numbers
                .len(),
            3
        );
        assert_eq!(campus.count("SELECT count(*) FROM persons").await, 1);
    }
}

#[tokio::test]
async fn a_number_with_another_id_number_is_refused_unless_reassigned() {
    for db in engines(&[IDP]).await {
        let mut campus = Campus::new(&db);
        campus
            .lines(&format!(
                "s1,李明,{ID_A},学生,,,,,,\ns2,王芳,{ID_B},学生,,,,,,\n"
            ))
            .await
            .unwrap();
        let (li, wang) = (campus.person("s1").await, campus.person("s2").await);
        let takeover = format!("s1,周杰,{ID_C},学生,,,,,,\n");
        let bad = campus.bad(&takeover).await;
        assert_eq!((bad.len(), bad[0].column), (1, Some(Column::IdNumber)));
        assert!(bad[0].reason.contains("--reassign"), "{}", bad[0]);
        assert_eq!(campus.person("s1").await, li);

        campus.options.reassign = true;
        let report = campus.lines(&takeover).await.unwrap();
        assert_eq!(
            counts(&report),
            Counts {
                lines: 1,
                reassigned: 1,
                ..Counts::default()
            }
        );
        let zhou = campus.person("s1").await;
        assert!(zhou != li && zhou != wang);
        // And to somebody who is known.
        campus
            .lines(&format!("s1,王芳,{ID_B},学生,,,,,,\n"))
            .await
            .unwrap();
        assert_eq!(campus.person("s1").await, wang);
    }
}

#[tokio::test] // IMP-05
async fn an_administrator_is_never_overwritten() {
    for db in engines(&[IDP]).await {
        let mut campus = Campus::new(&db);
        campus
            .lines(&format!(
                "a1,管理,{ID_A},职员,,,,,,\ns2,王芳,{ID_B},学生,,,,,,\n"
            ))
            .await
            .unwrap();
        let admin = campus.person("a1").await.unwrap();
        let mut tx = db.write().await.unwrap();
        assert!(
            roles::grant(&mut tx, admin, roles::ADMINISTRATOR, at(1))
                .await
                .unwrap()
        );
        tx.commit().await.unwrap();

        campus.options.reassign = true;
        for attack in [
            format!("a1,管理,{ID_A},职员,,,13900000000,,,\n"), // another phone to activate with
            format!("a1,他人,{ID_B},职员,,,,,,\n"),            // the number to somebody else
            format!("x9,他人,{ID_A},学生,,,,,,\n"),            // a further number
            format!("s2,王芳,{ID_A},学生,,,,,,\n"),            // the number of another to them
        ] {
            let bad = campus.bad(&attack).await;
            assert_eq!(bad.len(), 1, "{attack}");
            assert!(
                bad[0].reason.contains("administrator"),
                "{attack}: {}",
                bad[0]
            );
        }
        // What says nothing new is no attack.
        let same = campus
            .lines(&format!("a1,管理,{ID_A},职员,,,,,,\n"))
            .await
            .unwrap();
        assert_eq!(same.counts.unchanged, 1);
        assert_eq!(campus.person("a1").await, Some(admin));
    }
}

#[tokio::test] // IMP-05
async fn columns_that_would_give_power_are_refused_by_name() {
    for db in engines(&[IDP]).await.take(1) {
        let campus = Campus::new(&db);
        let error = campus
            .import(format!("number,name,id_number,affiliation,role,password_hash,mfa_exempt\ns1,a,{ID_A},student,admin,x,1\n"))
            .await
            .unwrap_err();
        let ImportError::File(FileError::Header(HeaderError::Unknown(names))) = &error else {
            panic!("{error:?}");
        };
        assert_eq!(names, &["\"role\"", "\"password_hash\"", "\"mfa_exempt\""]);
        let missing = campus
            .import("number,姓名\ns1,a\n")
            .await
            .unwrap_err()
            .to_string();
        assert!(
            missing.contains("id_number") && missing.contains("affiliation"),
            "{missing}"
        );
        assert_eq!(campus.footprint().await, [0; 5]);
    }
}

#[tokio::test]
async fn without_initial_passwords_an_id_number_may_be_missing_and_come_later() {
    for db in engines(&[IDP]).await {
        let mut campus = Campus::new(&db);
        campus.options.rule = InitialRule::None;
        campus
            .import("number,name,affiliation\ns1,Ana,student\n")
            .await
            .unwrap();
        let ana = campus.person("s1").await.unwrap();
        assert!(campus.account("s1").await.unwrap().initial_mac.is_none());
        // The second number stands first, yet it is hers.
        let report = campus
            .import(format!(
                "number,name,affiliation,id_number\nm1,Ana,student,{ID_A}\ns1,Ana,student,{ID_A}\n"
            ))
            .await
            .unwrap();
        assert_eq!((report.counts.aliases, report.counts.changed), (1, 1));
        assert_eq!(campus.person("m1").await, Some(ana));
        // And it can't be lost again.
        let error = campus
            .import("number,name,affiliation\ns1,Ana B,student\n")
            .await;
        let Err(ImportError::BadLines(report)) = error else {
            panic!("{error:?}")
        };
        assert!(report.bad[0].reason.contains("known with one"));
    }
}

#[tokio::test]
async fn shared_phones_and_other_names_are_worth_a_warning() {
    for db in engines(&[IDP]).await.take(1) {
        let campus = Campus::new(&db);
        let report = campus
            .lines(&format!(
                "s1,李明,{ID_A},学生,,,13800000001,,,\nm1,李朋,{ID_A},学生,,,13800000001,,,\n\
                 s2,王芳,{ID_B},学生,,,+86 138-0000-0001,,,\n"
            ))
            .await
            .unwrap();
        assert_eq!(
            report.warnings,
            [
                Warning::SharedPhone {
                    masked: "138****0001".into(),
                    lines: vec![2, 4, 3]
                },
                Warning::OtherName { line: 3, first: 2 },
            ]
        );
        assert!(report.published.is_some());
    }
}

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

#[tokio::test] // IMP-03: killed between two batches
async fn a_killed_import_leaves_nothing_visible_and_the_next_one_is_whole() {
    for db in engines(&[IDP]).await {
        let mut campus = Campus::new(&db);
        let lines: Vec<String> = synthetic::people(2000, 5)
            .map(|row| row.join(","))
            .collect();
        let content = format!("{}\n{}\n", synthetic::HEADER.join(","), lines.join("\n"));
        let path = campus.file("people.csv", &content);
        {
            let (half_way, reached) = tokio::sync::oneshot::channel();
            let mut half_way = Some(half_way);
            let mut rng = campus.rng();
            let mut progress = |progress: Progress| {
                if let Progress::Writing { done: 900.., .. } = progress
                    && let Some(half_way) = half_way.take()
                {
                    half_way.send(()).unwrap();
                }
            };
            let clock = || campus.now;
            let import = import_people(
                &db,
                &campus.keys,
                &path,
                &campus.options,
                clock,
                &mut rng,
                &mut progress,
            );
            tokio::select! {
                biased;
                _ = reached => {}
                done = import => panic!("{done:?}"),
            }
        }
        assert!(campus.count("SELECT count(*) FROM roster").await >= 900);
        assert_eq!(campus.count("SELECT count(*) FROM current_roster").await, 0);
        let busy = campus.import_file(&path).await;
        assert!(matches!(busy, Err(ImportError::Busy(Some(_)))), "{busy:?}");

        campus.now = at(121);
        let report = campus.import_file(&path).await.unwrap();
        assert_eq!(report.counts.new + report.counts.aliases, 2000);
        assert_eq!(
            campus.count("SELECT count(*) FROM current_roster").await,
            2000
        );
        let again = campus.import_file(&path).await.unwrap();
        assert_eq!(again.counts.unchanged, 2000);
        // Nobody of the dead import stays behind.
        for _ in 0..1000 {
            let mut tx = db.write().await.unwrap();
            let tidied = idp_storage::imports::tidy(&mut tx, at(200), 500)
                .await
                .unwrap();
            tx.commit().await.unwrap();
            if tidied.done {
                break;
            }
        }
        assert_eq!(campus.count("SELECT count(*) FROM roster").await, 2000);
        let persons = i64::try_from(report.counts.new).unwrap();
        assert_eq!(campus.count("SELECT count(*) FROM persons").await, persons);
    }
}

#[tokio::test]
async fn two_imports_at_once_never_mix() {
    for db in engines(&[IDP]).await {
        let campus = Campus::new(&db);
        let one = campus.file(
            "one.csv",
            format!("{HEADER}\ns1,李明,{ID_A},学生,,,,,,\ns2,王芳,{ID_B},学生,,,,,,\n"),
        );
        let other = campus.file(
            "other.csv",
            format!("{HEADER}\ns1,周杰,{ID_C},学生,,,,,,\n"),
        );
        let (first, second) = tokio::join!(campus.import_file(&one), campus.import_file(&other));
        // Which is first is chance; the other one waits, or sees what the first one published.
        let told = format!("{first:?} {second:?}");
        for result in [&first, &second] {
            assert!(
                matches!(
                    result,
                    Ok(_) | Err(ImportError::Busy(_) | ImportError::BadLines(_))
                ),
                "{told}"
            );
        }
        assert_eq!(
            [&first, &second].into_iter().filter(|r| r.is_ok()).count(),
            1,
            "{told}"
        );
        let rows = campus.count("SELECT count(*) FROM current_roster").await;
        assert_eq!(rows, if first.is_ok() { 2 } else { 1 }, "{told}");
    }
}
