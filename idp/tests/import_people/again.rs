//! The next import changes what changed, also beside or after one that died.

use idp::accounts::import::{Column, Counts, ImportError, Progress, import_people};
use idp_domain::accounts::{InitialRule, matches_initial};
use idp_storage::persons;
use migrations::IDP;
use migrations::testing::engines;

use crate::campus::{Campus, HEADER, ID_A, ID_B, ID_C, at, counts};
use crate::synthetic;

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
