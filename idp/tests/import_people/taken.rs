//! What was imported is there, and nobody else can read it.

use idp::accounts::import::{Counts, FileKind, ImportError, Warning};
use idp_domain::accounts::{InitialRule, PhoneNumber, matches_initial};
use idp_storage::persons;
use migrations::testing::engines;
use migrations::{IDP, run};

use crate::campus::{Campus, Columns, ID_A, ID_B, counts};

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
