use idp_storage::devices;

use crate::in_tx;
use crate::support::{at, databases, student, tag};

#[tokio::test] // BRU-03, CAP-06
async fn a_browser_is_known_for_one_account_and_for_its_time() {
    for db in databases().await {
        let (one, two) = (
            student(&db, 1, &["s1"]).await,
            student(&db, 2, &["s2"]).await,
        );
        for (cookie, person) in [(1, one), (2, one), (3, two)] {
            in_tx!(db, tx => devices::remember(&mut tx, &tag(cookie), person, at(0), at(100)));
        }
        let knows = async |cookie: usize, person, second: i64| {
            let mut conn = db.read().await.unwrap();
            devices::knows(&mut conn, &tag(cookie), person, at(second))
                .await
                .unwrap()
        };
        assert!(knows(1, one, 99).await);
        assert!(!knows(1, one, 100).await, "too late");
        assert!(!knows(1, two, 1).await, "another account");
        assert!(!knows(9, one, 1).await, "another browser");
        assert_eq!(in_tx!(db, tx => devices::forget_all(&mut tx, one)), 2);
        assert!(!knows(1, one, 1).await);
        assert!(knows(3, two, 1).await);
    }
}
