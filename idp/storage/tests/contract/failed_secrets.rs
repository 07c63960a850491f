use idp_domain::ids::EventId;
use idp_storage::failed_secrets;

use crate::in_tx;
use crate::support::{at, databases, id, tag};

#[tokio::test] // BRU-04, PWD-02
async fn one_secret_on_many_accounts_shows_and_many_on_one_account_do_not() {
    for db in databases().await {
        let mut seed = 0;
        let mut note = async |account: usize, secret: usize, initial: bool, second: i64| {
            seed += 1;
            in_tx!(db, tx => failed_secrets::note(&mut tx, EventId(id(seed)),
                &tag(account), &tag(secret), initial, at(second)));
        };
        let mut conn = db.read().await.unwrap();
        assert_eq!(
            failed_secrets::widest_spread(&mut conn, at(-1))
                .await
                .unwrap(),
            0
        );
        for secret in 100..110 {
            note(1, secret, false, 1).await;
        }
        assert_eq!(
            failed_secrets::widest_spread(&mut conn, at(0))
                .await
                .unwrap(),
            1
        );
        for account in 1..=7 {
            note(account, 500, account % 2 == 0, 5).await;
            note(account, 500, account % 2 == 0, 6).await;
        }
        assert_eq!(
            failed_secrets::widest_spread(&mut conn, at(0))
                .await
                .unwrap(),
            7
        );
        assert_eq!(
            failed_secrets::widest_spread(&mut conn, at(6))
                .await
                .unwrap(),
            0
        );
        assert_eq!(
            failed_secrets::accounts_tried(&mut conn, true, at(0))
                .await
                .unwrap(),
            3
        );
        assert_eq!(
            failed_secrets::accounts_tried(&mut conn, false, at(0))
                .await
                .unwrap(),
            4
        );
        assert_eq!(
            failed_secrets::accounts_tried(&mut conn, false, at(6))
                .await
                .unwrap(),
            0
        );
    }
}
