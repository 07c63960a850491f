use idp_storage::settings::{self, MASTER_KEY_CHECK};

use crate::in_tx;
use crate::support::{CROWD, databases, race, student, winners};

#[tokio::test(flavor = "multi_thread")]
async fn the_first_value_of_a_name_stays() {
    for db in databases().await {
        let written = race(&db, CROWD, move |db, index| async move {
            let value = index.to_string();
            in_tx!(db, tx => settings::insert(&mut tx, MASTER_KEY_CHECK, &value))
        })
        .await;
        assert_eq!(winners(&written), 1);
        let winner = written.iter().position(|won| *won).map(|i| i.to_string());
        let mut conn = db.read().await.unwrap();
        assert_eq!(
            settings::get(&mut conn, MASTER_KEY_CHECK).await.unwrap(),
            winner
        );
        assert_eq!(settings::get(&mut conn, "nothing").await.unwrap(), None);
    }
}

#[tokio::test] // FLT-11: data without its key must stop the start
async fn sealed_data_is_seen_by_people_or_by_the_check_value() {
    for db in databases().await {
        let mut conn = db.read().await.unwrap();
        assert!(!settings::has_sealed_data(&mut conn).await.unwrap());
        in_tx!(db, tx => settings::insert(&mut tx, "other", "x"));
        assert!(!settings::has_sealed_data(&mut conn).await.unwrap());
        in_tx!(db, tx => settings::insert(&mut tx, MASTER_KEY_CHECK, "x"));
        assert!(settings::has_sealed_data(&mut conn).await.unwrap());
    }
    for db in databases().await {
        student(&db, 1, &["s1"]).await;
        let mut conn = db.read().await.unwrap();
        assert!(settings::has_sealed_data(&mut conn).await.unwrap());
    }
}
