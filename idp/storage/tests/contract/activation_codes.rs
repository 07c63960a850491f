use idp_storage::{activation_codes, persons};

use crate::in_tx;
use crate::support::{CROWD, at, databases, race, student, tag, winners};

#[tokio::test(flavor = "multi_thread")]
async fn of_many_who_use_a_code_one_does() {
    for db in databases().await {
        let person = student(&db, 1, &["s1"]).await;
        in_tx!(db, tx => activation_codes::set(&mut tx, person, &tag(1), at(0), at(100)));
        let used = race(&db, CROWD, move |db, _| async move {
            in_tx!(db, tx => activation_codes::use_up(&mut tx, person, at(1)))
        })
        .await;
        assert_eq!(winners(&used), 1);
        let mut conn = db.read().await.unwrap();
        let account = persons::for_sign_in(&mut conn, "s1")
            .await
            .unwrap()
            .unwrap();
        assert_eq!(account.activation_code, None);
    }
}

#[tokio::test] // PWD-01
async fn a_code_is_its_persons_for_its_time_until_the_next_one() {
    for db in databases().await {
        let one = student(&db, 1, &["s1"]).await;
        student(&db, 2, &["s2"]).await;
        let live = async |number: &str, second: i64| {
            let mut conn = db.read().await.unwrap();
            let account = persons::for_sign_in(&mut conn, number).await.unwrap();
            account.unwrap().live_code(at(second))
        };
        in_tx!(db, tx => activation_codes::set(&mut tx, one, &tag(1), at(0), at(100)));
        assert_eq!(live("s1", 99).await, Some(tag(1)));
        assert_eq!(live("s1", 100).await, None, "too late");
        assert_eq!(live("s2", 1).await, None, "another person's");
        in_tx!(db, tx => activation_codes::set(&mut tx, one, &tag(3), at(1), at(200)));
        assert_eq!(live("s1", 199).await, Some(tag(3)), "replaced");
        assert!(in_tx!(db, tx => activation_codes::use_up(&mut tx, one, at(2))));
        assert_eq!(live("s1", 3).await, None, "used up");
        // Printed anew after its use, it opens again.
        in_tx!(db, tx => activation_codes::set(&mut tx, one, &tag(4), at(200), at(300)));
        assert_eq!(live("s1", 201).await, Some(tag(4)));
    }
}

#[tokio::test]
async fn who_waits_is_listed_in_pages_by_number() {
    for db in databases().await {
        for (seed, number) in [(1, "s3"), (2, "s1"), (3, "s2"), (4, "s4")] {
            student(&db, seed, &[number]).await;
        }
        let mut conn = db.read().await.unwrap();
        let active = persons::id_of_number(&mut conn, "s2")
            .await
            .unwrap()
            .unwrap();
        assert!(in_tx!(db, tx => persons::activate(&mut tx, active, at(1))));
        let mut page = async |after: &str| {
            let page = activation_codes::waiting(&mut conn, after, "", at(2), 2)
                .await
                .unwrap();
            page.into_iter()
                .map(|w| (w.number, w.display_number))
                .collect::<Vec<_>>()
        };
        let pair = |n: &str| (n.to_owned(), n.to_uppercase());
        assert_eq!(page("").await, [pair("s1"), pair("s3")]);
        assert_eq!(page("s3").await, [pair("s4")]);
        assert!(
            activation_codes::waiting(&mut conn, "", "%", at(2), 9)
                .await
                .unwrap()
                .is_empty()
        );
    }
}
