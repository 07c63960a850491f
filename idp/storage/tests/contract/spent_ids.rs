use idp_domain::oidc::SpendOnce;
use idp_storage::spent_ids;

use crate::in_tx;
use crate::support::{CROWD, at, databases, race, tag, winners};

#[tokio::test(flavor = "multi_thread")] // OID-12
async fn of_sixty_four_who_show_an_assertion_one_is_believed() {
    for db in databases().await {
        for round in 0..5 {
            let spend = SpendOnce {
                id: tag(round),
                until: at(60),
            };
            let got = race(&db, CROWD, move |db, _| async move {
                in_tx!(db, tx => spent_ids::spend(&mut tx, &spend, at(1)))
            })
            .await;
            assert_eq!(winners(&got), 1, "round {round}");
        }
    }
}

#[tokio::test]
async fn an_id_is_free_again_when_its_time_is_over() {
    for db in databases().await {
        let until = |seconds| SpendOnce {
            id: tag(1),
            until: at(seconds),
        };
        assert!(!in_tx!(db, tx => spent_ids::is_spent(&mut tx, &until(60), at(0))));
        assert!(in_tx!(db, tx => spent_ids::spend(&mut tx, &until(60), at(0))));
        assert!(in_tx!(db, tx => spent_ids::is_spent(&mut tx, &until(60), at(59))));
        assert!(!in_tx!(db, tx => spent_ids::is_spent(&mut tx, &until(60), at(60))));
        assert!(!in_tx!(db, tx => spent_ids::spend(&mut tx, &until(90), at(59))));
        assert!(in_tx!(db, tx => spent_ids::spend(&mut tx, &until(120), at(60))));
        assert!(!in_tx!(db, tx => spent_ids::spend(&mut tx, &until(180), at(60))));
    }
}
