//! What counts of several imports, and what is swept.

use idp_domain::accounts::OrgPath;
use idp_domain::ids::{OrgUnitId, PersonId};
use idp_storage::imports::{self, Tidied};
use idp_storage::roster::{self, Row};
use idp_storage::{Db, org_units, persons, roles};
use migrations::IDP;
use migrations::testing::engines;
use rand::SeedableRng;
use rand::rngs::StdRng;

use crate::rows::{
    PERSONS, ROWS, at, begin, count, holder, id_tag, import, number, person, publish, row, stage,
    tidy_all, with_id,
};

#[tokio::test]
async fn the_newest_published_row_of_a_number_counts() {
    for db in engines(&[IDP]).await {
        import(
            &db,
            &[person(1)],
            &[with_id(row("s1", person(1)), "A11111")],
            0,
        )
        .await;
        // A second number of the same person.
        import(&db, &[], &[with_id(row("m1", person(1)), "A11111")], 1).await;
        assert_eq!(holder(&db, "m1").await, holder(&db, "s1").await);
        // The first number goes to somebody else.
        import(
            &db,
            &[person(2)],
            &[with_id(row("s1", person(2)), "B22222")],
            2,
        )
        .await;
        assert_eq!(holder(&db, "s1").await, Some(person(2)));
        assert_eq!(holder(&db, "m1").await, Some(person(1)));

        let mut conn = db.read().await.unwrap();
        let by_id = roster::id_holders(&mut conn, &id_tag("A11111"))
            .await
            .unwrap();
        assert_eq!(
            by_id
                .iter()
                .map(roster::IdHolder::person)
                .collect::<Vec<_>>(),
            [person(1)]
        );
        assert!(
            roster::id_holders(&mut conn, &id_tag("C33333"))
                .await
                .unwrap()
                .is_empty()
        );
    }
}

#[tokio::test]
async fn tidying_removes_what_was_replaced_a_few_at_a_time() {
    for db in engines(&[IDP]).await {
        let everybody: Vec<PersonId> = (0..25).map(person).collect();
        let rows: Vec<Row> = (0..25)
            .map(|n| row(&format!("s{n:02}"), person(n)))
            .collect();
        import(&db, &everybody, &rows, 0).await;
        import(&db, &[], &rows, 1).await;
        // Two numbers go to others; of their holders before, one has activated.
        let mut tx = db.write().await.unwrap();
        assert!(persons::activate(&mut tx, person(1), at(2)).await.unwrap());
        tx.commit().await.unwrap();
        let moved = [row("s00", person(90)), row("s01", person(91))];
        import(&db, &[person(90), person(91)], &moved, 3).await;

        assert_eq!(count(&db, ROWS).await, 52);
        assert_eq!(
            tidy_all(&db, 4).await,
            Tidied {
                rows: 27,
                persons: 1,
                done: false
            }
        );
        assert_eq!(count(&db, ROWS).await, 25);
        assert_eq!(count(&db, "SELECT count(*) FROM current_roster").await, 25);
        assert_eq!(count(&db, PERSONS).await, 26);
        assert_eq!(holder(&db, "s00").await, Some(person(90)));
        assert_eq!(holder(&db, "s24").await, Some(person(24)));
        // Nothing is left to do.
        let mut tx = db.write().await.unwrap();
        let again = imports::tidy(&mut tx, at(9000), 4).await.unwrap();
        assert_eq!(
            again,
            Tidied {
                done: true,
                ..Tidied::default()
            }
        );
    }
}

#[tokio::test]
async fn tidying_leaves_an_import_that_is_staging_alone() {
    for db in engines(&[IDP]).await {
        import(&db, &[person(1)], &[row("s1", person(1))], 0).await;
        let staging = begin(&db, at(1)).await;
        assert!(
            stage(
                &db,
                staging,
                &[person(2)],
                &[row("s1", person(2)), row("s2", person(2))],
                at(1)
            )
            .await
        );
        assert_eq!(tidy_all(&db, 10).await, Tidied::default());
        assert!(publish(&db, staging, at(2)).await);
        assert_eq!(holder(&db, "s2").await, Some(person(2)));
        assert_eq!(tidy_all(&db, 10).await.rows, 1);
    }
}

#[tokio::test] // IMP-05
async fn an_import_that_touches_an_administrator_is_seen() {
    for db in engines(&[IDP]).await {
        let rows = [row("s1", person(1)), row("s2", person(2))];
        import(&db, &[person(1), person(2)], &rows, 0).await;
        let harmless = begin(&db, at(1)).await;
        assert!(stage(&db, harmless, &[], &[row("s2", person(2))], at(1)).await);
        let mut tx = db.write().await.unwrap();
        assert!(
            !imports::touches_administrator(&mut tx, harmless)
                .await
                .unwrap()
        );
        assert!(
            roles::grant(&mut tx, person(1), roles::ADMINISTRATOR, at(1))
                .await
                .unwrap()
        );
        assert!(
            !imports::touches_administrator(&mut tx, harmless)
                .await
                .unwrap()
        );
        assert!(
            roles::grant(&mut tx, person(2), roles::ADMINISTRATOR, at(1))
                .await
                .unwrap()
        );
        assert!(
            imports::touches_administrator(&mut tx, harmless)
                .await
                .unwrap()
        );
        imports::abandon(&mut tx, harmless, at(2)).await.unwrap();
        tx.commit().await.unwrap();
        // A number taken from an administrator says nothing of the administrator in its row.
        let taking = begin(&db, at(3)).await;
        assert!(stage(&db, taking, &[person(3)], &[row("s1", person(3))], at(3)).await);
        let mut conn = db.read().await.unwrap();
        assert!(
            imports::touches_administrator(&mut conn, taking)
                .await
                .unwrap()
        );
        let known = roster::known(&mut conn, &number("s1"))
            .await
            .unwrap()
            .unwrap();
        assert!(known.administrator);
    }
}

#[tokio::test]
async fn a_unit_is_made_once_with_those_above_it() {
    for db in engines(&[IDP]).await {
        let mut tasks = tokio::task::JoinSet::new();
        for n in 0..6_u64 {
            let db: Db = (*db).clone();
            tasks.spawn(async move {
                let mut rng = StdRng::seed_from_u64(100 + n);
                let path = OrgPath::parse("计算机学院/软件工程系").unwrap();
                let mut tx = db.write().await.unwrap();
                let id = org_units::ensure(&mut tx, &path, || OrgUnitId::new(at(0), &mut rng))
                    .await
                    .unwrap();
                tx.commit().await.unwrap();
                id
            });
        }
        let ids: std::collections::HashSet<OrgUnitId> =
            tasks.join_all().await.into_iter().collect();
        assert_eq!(ids.len(), 1);
        assert_eq!(count(&db, "SELECT count(*) FROM org_units").await, 2);
        let mut conn = db.read().await.unwrap();
        let parent = OrgPath::parse("计算机学院").unwrap();
        assert!(
            org_units::by_path(&mut conn, &parent)
                .await
                .unwrap()
                .is_some()
        );
        let other = OrgPath::parse("软件工程系").unwrap();
        assert_eq!(org_units::by_path(&mut conn, &other).await.unwrap(), None);
    }
}
