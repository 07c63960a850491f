use idp_storage::alarms::{self, SPRAYING};

use crate::in_tx;
use crate::support::{at, databases};

#[tokio::test] // BRU-04
async fn an_alarm_is_raised_once_prolonged_and_raised_again() {
    for db in databases().await {
        let raise = async |now: i64, until: i64| in_tx!(db, tx => alarms::raise(&mut tx, SPRAYING, "30 accounts", at(now), at(until)));
        let mut conn = db.read().await.unwrap();
        assert!(!alarms::is_active(&mut conn, SPRAYING, at(0)).await.unwrap());
        assert!(raise(0, 100).await);
        assert!(!raise(50, 150).await, "prolonged");
        assert!(
            alarms::is_active(&mut conn, SPRAYING, at(149))
                .await
                .unwrap()
        );
        assert!(
            !alarms::is_active(&mut conn, SPRAYING, at(150))
                .await
                .unwrap()
        );
        assert!(!alarms::is_active(&mut conn, "other", at(60)).await.unwrap());
        assert!(raise(150, 250).await, "it had ended");
        assert!(
            alarms::is_active(&mut conn, SPRAYING, at(200))
                .await
                .unwrap()
        );
    }
}
